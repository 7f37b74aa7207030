"""The page of the API's reference, by Redoc under the site's own policy."""

import json
import re
from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from tests.local_run import Description
from tests.web.conftest import WAIT_MILLISECONDS
from tools.compatibility import PRESENT

DOCUMENT = json.loads(PRESENT.read_text("utf-8"))
REFUSED_BY_POLICY = re.compile(
    r"https://cdn\.redoc\.ly/redoc/logo|'sha256-QMIg\+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
)
"""Redoc's logo, beside the link to itself, and the style of scrollbars that are not used; the page does without."""


def test_every_operation_is_described_and_nothing_comes_from_elsewhere(browser: Browser, site: Description) -> None:
    page = browser.new_page()
    loaded: list[str] = []
    faults: list[str] = []
    page.on("response", lambda response: loaded.append(response.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda text: faults.append(text.text))
    page.goto(f"{site['site']}/reference")
    operations = [each for item in DOCUMENT["paths"].values() for each in item.values() if "operationId" in each]
    assert len(operations) > 20
    for each in operations:
        section = page.locator(f'[id$="{each["operationId"]}"]').first
        expect(section).to_be_attached(timeout=WAIT_MILLISECONDS)
    heading = page.get_by_role("heading", name=re.compile(re.escape(DOCUMENT["info"]["title"]))).first
    assert "system-ui" in str(heading.evaluate("node => getComputedStyle(node).fontFamily")), "its styles were refused"
    assert {urlsplit(url).netloc for url in loaded if not url.startswith("data:")} == {urlsplit(site["site"]).netloc}
    assert [fault for fault in faults if not REFUSED_BY_POLICY.search(fault)] == []
    page.close()
