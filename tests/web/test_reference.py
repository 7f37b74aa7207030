"""The page of the API's reference, by Redoc under the site's own policy."""

import json
import re
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.local_run import Description
from tools.compatibility import PRESENT

DOCUMENT = json.loads(PRESENT.read_text("utf-8"))
REFUSED_BY_POLICY = re.compile(
    r"https://cdn\.redoc\.ly/redoc/logo|'sha256-QMIg\+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
)
"""Redoc's logo, beside the link to itself, and the style of scrollbars that are not used; the page does without."""


READY_MILLISECONDS = 60_000
"""Redoc keeps a processor busy until a section is there; on a busy machine many others want it, too."""


def test_every_operation_is_described_and_nothing_comes_from_elsewhere(browser: Browser, site: Description) -> None:
    page = browser.new_page()
    loaded: list[str] = []
    faults: list[str] = []
    page.on("response", lambda response: loaded.append(response.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda text: faults.append(text.text))
    operations = [each for item in DOCUMENT["paths"].values() for each in item.values() if "operationId" in each]
    assert len(operations) > 20
    for tag in DOCUMENT["tags"]:
        page.goto("about:blank")
        page.goto(f"{site['site']}/reference#tag/{tag['name'].replace(' ', '-')}")
        await_section(page)
        expect(page.get_by_role("navigation", name="Sections").locator("[aria-current]")).to_have_text(tag["name"])
        described = "nodes => nodes.map(node => node.id.split('/').at(-1))"
        found = page.locator('#reference [id*="/operation/"]').evaluate_all(described)
        assert set(found) == {each["operationId"] for each in operations if tag["name"] in each["tags"]}
    heading = page.get_by_role("heading", name=re.compile(re.escape(DOCUMENT["info"]["title"]))).first
    assert "system-ui" in str(heading.evaluate("node => getComputedStyle(node).fontFamily")), "its styles were refused"
    assert {urlsplit(url).netloc for url in loaded if not url.startswith("data:")} == {urlsplit(site["site"]).netloc}
    assert [fault for fault in faults if not REFUSED_BY_POLICY.search(fault)] == []
    assert {name for each in operations for name in each["tags"]} == {tag["name"] for tag in DOCUMENT["tags"]}
    page.close()


def test_a_link_leads_to_its_section_and_back_to_the_one_before(browser: Browser, site: Description) -> None:
    page = browser.new_page()
    page.goto(f"{site['site']}/reference")
    await_section(page)
    sections = page.get_by_role("navigation", name="Sections")
    expect(sections.get_by_role("link")).to_have_text([tag["name"] for tag in DOCUMENT["tags"]])
    expect(sections.locator("[aria-current]")).to_have_text("Catalog")
    expect(page.get_by_role("link", name="Download")).to_have_attribute("href", "/api/openapi.json")
    sections.get_by_role("link", name="Price lists").click()
    expect(sections.locator("[aria-current]")).to_have_text("Price lists", timeout=READY_MILLISECONDS)
    await_section(page)
    page.go_back()
    expect(sections.locator("[aria-current]")).to_have_text("Catalog", timeout=READY_MILLISECONDS)
    page.close()


def test_without_its_document_the_page_says_so(browser: Browser, site: Description) -> None:
    page = browser.new_page()
    page.route("**/api/openapi.json", lambda route: route.fulfill(status=503, body="{}"))
    page.goto(f"{site['site']}/reference")
    await_section(page)
    expect(page.locator("#reference")).to_contain_text("could not be loaded")
    page.close()


def await_section(page: Page) -> None:
    page.locator('#reference[aria-busy="false"]').wait_for(timeout=READY_MILLISECONDS)
