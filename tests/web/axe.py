"""What is wrong with a page for some of those who read it."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Page

CONTEXT = {"exclude": [["option"]]}
"""The browser draws these itself; lists of time zones and currencies have hundreds."""
OPTIONS: dict[str, Any] = {"resultTypes": ["violations"]}


def faults(page: Page, *, dark: bool = True) -> list[str]:
    """What axe finds on the page as it is now: all in the light theme and, if asked for, contrast in the dark one."""
    found = _violations(page, OPTIONS)
    if dark:
        page.emulate_media(color_scheme="dark")
        found += _violations(page, OPTIONS | {"runOnly": ["color-contrast"]})
        page.emulate_media(color_scheme="light")
    return found


def _violations(page: Page, options: dict[str, Any]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_RUN, [CONTEXT, options])
    return found


# Of what axe says only this leaves the browser: that all is well with some part is said at length, too.
_RUN = """async ([context, options]) => (await axe.run(context, options)).violations
    .flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.html}`))"""


NARROWER = (1152, 1024, 912, 768, 640, 320)
"""Tablets, and what WCAG 2.2 wants a page to be read at without scrolling to the side (1.4.10)."""


def overflows(page: Page, width: int) -> dict[int, list[str]]:
    """What stands out to the side and makes a reader scroll, at a width and at the narrower ones."""
    found: dict[int, list[str]] = {}
    for each in (width, *(narrow for narrow in NARROWER if narrow < width)):
        page.set_viewport_size({"width": each, "height": 800})
        if page.evaluate(_SCROLLS):
            found[each] = page.evaluate(_OUTSTANDING)
    page.set_viewport_size({"width": width, "height": 800})
    return found


_SCROLLS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
_OUTSTANDING = """() => [...document.querySelectorAll("body *")]
    .filter((element) => !element.firstElementChild)
    .map((element) => [element.getBoundingClientRect().right - document.documentElement.clientWidth, element])
    .filter(([pixels]) => pixels > 0)
    .map(([pixels, element]) => `${Math.ceil(pixels)} px: ${element.outerHTML.slice(0, 200)}`)"""


def broken_words(page: Page, within: str) -> list[str]:
    """Words that begin on one line and end on another, without a hyphen of their own."""
    found: list[str] = page.evaluate(_BROKEN, within)
    return found


_BROKEN = r"""(within) => {
    const found = [];
    for (const part of document.querySelectorAll(within)) {
        const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const range = document.createRange();
            for (const { 0: word, index } of texts.currentNode.data.matchAll(/[^\s\-/]+/g)) {
                range.setStart(texts.currentNode, index);
                range.setEnd(texts.currentNode, index + word.length);
                if (new Set([...range.getClientRects()].map((each) => each.top)).size > 1) found.push(word);
            }
        }
    }
    return found;
}"""
