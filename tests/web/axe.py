"""What is wrong with a page for some of those who read it."""

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

CONTEXT = {"exclude": [["option"]]}
"""The browser draws these itself; lists of time zones and currencies have hundreds."""


def faults(page: Page, *, dark: bool = True) -> list[str]:
    """What axe finds on the page as it is now: all in the light theme and, if asked for, contrast in the dark one."""
    found = Axe().run(page, CONTEXT).response["violations"]
    if dark:
        page.emulate_media(color_scheme="dark")
        found += Axe().run(page, CONTEXT, {"runOnly": ["color-contrast"]}).response["violations"]
        page.emulate_media(color_scheme="light")
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


TABLETS = (1024, 912, 768, 640)


def overflows(page: Page, width: int) -> dict[int, list[str]]:
    """What stands out to the side and makes a reader scroll, at a width and at those of the tablets below it."""
    found: dict[int, list[str]] = {}
    for each in (width, *(tablet for tablet in TABLETS if tablet < width)):
        page.set_viewport_size({"width": each, "height": 800})
        if not fits(page):
            found[each] = page.evaluate(_OUTSTANDING)
    page.set_viewport_size({"width": width, "height": 800})
    return found


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


_OUTSTANDING = """() => [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth)
    .map((element) => element.outerHTML.slice(0, 300))"""
