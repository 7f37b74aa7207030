"""The figures of the desk, and the certificate of a decision."""

import csv
import io
import json
from pathlib import Path

from playwright.sync_api import Page, expect

from tests import loopback
from tests.local_run import Description
from tests.waiting import until
from tests.web.axe import faults
from tests.web.conftest import Call, OpenPage
from tests.web.steps import MAIL_SECONDS, link_and_code, offered


def approved(site: Description, call: Call) -> str:
    """The id of an order that its contact person has approved."""
    order_id, mail = offered(site, call, "maria", 7)
    link, code = link_and_code(mail)
    form = {"decision": "approve", "name": "Greta Lindqvist", "code": code}
    assert loopback.post(link, data=form).status_code == 200
    until(lambda: call("nadia", "GET", f"/desk/orders/{order_id}")["status"] == "completed", MAIL_SECONDS)
    return order_id


def downloaded(page: Page, button: str, folder: Path) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    download.value.save_as(folder / "file")
    return (folder / "file").read_bytes()


def test_the_figures_are_drawn_with_their_numbers_and_a_decision_has_its_certificate(
    site: Description, call: Call, open_page: OpenPage, tmp_path: Path
) -> None:
    order_id = approved(site, call)
    rows = until(lambda: [row for row in call("nadia", "GET", "/desk/figures")["rows"] if row["won"]], MAIL_SECONDS)
    assert rows
    page = open_page("nadia", "/desk/figures")
    expect(page.get_by_role("img", name="Orders by month", exact=True)).to_be_visible()
    table = page.get_by_role("table", name="Orders by month", exact=True)
    expect(table.get_by_role("row").nth(1).get_by_role("cell").nth(1)).to_have_text(str(rows[-1]["orders"]))
    expect(page.locator(".bar.won")).not_to_have_count(0)
    page.get_by_role("button", name="By kind of item", exact=True).click()
    expect(page.locator(".lying li")).to_contain_text(["IP Addresses"])
    assert page.url.endswith("by=kind")
    assert faults(page, dark=True) == []
    found = list(csv.DictReader(io.StringIO(downloaded(page, "Download CSV", tmp_path).decode("utf-8-sig"))))
    assert [row["key"] for row in found] == ["ip_addresses"] * len(found)
    page.reload()
    expect(page.get_by_role("button", name="By kind of item", exact=True)).to_have_attribute("aria-pressed", "true")
    page.goto(f"{site['site']}/desk/orders/{order_id}")
    body = json.loads(downloaded(page, "Certificate (signed JSON)", tmp_path))
    assert body["certificate"]["decision"]["name"] == "Greta Lindqvist"
    assert downloaded(page, "Certificate (PDF)", tmp_path).startswith(b"%PDF")
