"""The contact person chooses options, names a purchase order and attaches the signed order; the desk gets it."""

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.contract.uploads import ENCRYPTED, PDF
from tests.local_run import Description
from tests.web.axe import faults, overflows
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import link_and_code, offered

NAME = "Order signed.pdf"


def lines() -> list[dict[str, Any]]:
    """A line for the order's item and two that may be chosen, of which one is."""
    vat = {"treatment": "rate", "label": "VAT", "rate": "19"}
    line = {"quantity": 1, "recurrence": "monthly", "tax": vat}
    return [
        {**line, "item_id": "1", "description": "Public IPv4", "unit_price": "100"},
        {**line, "item_id": None, "description": "Support", "unit_price": "10", "optional": True, "selected": True},
        {**line, "item_id": None, "description": "Monitoring", "unit_price": "20", "optional": True},
    ]


def test_options_are_computed_anew_and_a_signed_order_is_attached_without_scripts(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints, tmp_path: Path
) -> None:
    complaints.expected.append("400")
    order_id, mail = offered(site, call, "cora", 4, lines=lines())
    link, code = link_and_code(mail)
    contact = open_page(None, link.removeprefix(site["site"]), width=360, scripts=False)
    expect(contact.locator(".total")).to_contain_text("130.90")
    contact.get_by_label("Monitoring").check()
    contact.get_by_label("Support").uncheck()
    contact.get_by_label("Your name").fill("Greta Lindqvist")
    contact.get_by_label("Purchase order number").fill("PO-4711")
    contact.get_by_role("button", name="Recalculate").click()
    expect(contact.get_by_role("status")).to_contain_text("142.80")
    expect(contact.get_by_label("Monitoring")).to_be_checked()
    expect(contact.get_by_label("Support")).not_to_be_checked()
    expect(contact.get_by_label("Your name")).to_have_value("Greta Lindqvist")
    expect(contact.get_by_label("Purchase order number")).to_have_value("PO-4711")
    contact.get_by_label("Monitoring").uncheck()
    contact.locator("[name=decision][value=approve]").check()
    contact.get_by_label("Code from the mail").fill(code)
    contact.get_by_role("button", name="Send decision").click()
    expect(contact.get_by_role("status")).to_contain_text("The totals have changed with your choice")
    expect(contact.get_by_role("status")).to_contain_text("119.00")
    expect(contact.get_by_label("Your name")).to_have_value("Greta Lindqvist")
    expect(contact.get_by_label("Code from the mail")).to_have_value("")
    contact.get_by_label("Monitoring").check()
    contact.get_by_role("button", name="Recalculate").click()
    expect(contact.get_by_role("status")).to_contain_text("142.80")

    encrypted, signed = tmp_path / "locked.pdf", tmp_path / NAME
    encrypted.write_bytes(ENCRYPTED)
    signed.write_bytes(PDF)
    for file in (encrypted, signed):
        contact.locator("[name=decision][value=approve]").check()
        contact.get_by_label("Signed order").set_input_files(file)
        contact.get_by_label("Code from the mail").fill(code)
        if file is encrypted:
            contact.get_by_role("button", name="Send decision").click()
            expect(contact.get_by_role("alert")).to_contain_text("protected by a password")
            expect(contact.locator("#signed_order-hint")).to_contain_text("Please choose it again")
            expect(contact.get_by_label("Monitoring")).to_be_checked()
    contact.get_by_label("Code from the mail").press("Enter")  # which decides, and does not recalculate
    expect(contact.get_by_role("heading", level=1)).to_contain_text("confirmed")
    expect(contact.locator("main")).to_contain_text("142.80")
    expect(contact.locator("main")).to_contain_text("PO-4711")

    staff = open_page("nadia", f"/desk/orders/{order_id}")
    panel = staff.locator(".attachments")
    expect(panel).to_contain_text(NAME, timeout=60_000)
    expect(panel).to_contain_text("Not scanned")
    with staff.expect_download() as download:
        panel.get_by_role("button", name="Save the file").click()
    assert Path(download.value.path()).read_bytes() == PDF
    assert download.value.suggested_filename.startswith(f"signed-order-{order_id}-")
    assert (faults(staff), overflows(staff, 1280)) == ([], {})
