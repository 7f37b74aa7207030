"""Accounts whose ids are legal and odd: their pages open, reload, and lead to the same."""

from typing import Any

from playwright.sync_api import expect

from tests.local_run import Description
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import in_days, link_and_code, wait_for_mail

FOLLOWED_MILLISECONDS = 60_000


def enrolled(call: Call, account_id: str, parent_account_id: str | None = None) -> dict[str, Any]:
    contact = {"name": "Noor Contact", "email": f"noor@{account_id}.example"}
    enrollment = {"letter_received_on": in_days(-9), "contact": contact, "state": "active"}
    changes = {"account_id": account_id, "name": f"Account {account_id}", "enrollment": enrollment}
    model = call("nadia", "GET", "/desk/accounts/larkspur")
    account = {**model, **changes, "parent_account_id": parent_account_id}
    return call("nadia", "PUT", f"/desk/accounts/{account_id}", account)


def test_an_account_with_a_dot_goes_the_whole_way_on_the_screens(
    site: Description, open_page: OpenPage, call: Call
) -> None:
    enrolled(call, "acme.de")
    staff = open_page("nadia", "/desk/accounts/acme.de")
    staff.reload()
    expect(staff.get_by_role("heading", level=1)).to_have_text("Account acme.de")
    staff.get_by_label("Contact person").fill("Noor Newname")
    staff.get_by_role("button", name="Save").click()
    expect(staff.locator(".toast")).to_contain_text("saved")
    expect(staff).to_have_url(f"{site['site']}/desk/accounts/acme.de")
    assert call("nadia", "GET", "/desk/accounts/acme.de")["enrollment"]["contact"]["name"] == "Noor Newname"

    item = {"kind": "ip_addresses", "quantity": 3, "start_date": in_days(20)}
    order_id = call("nadia", "POST", "/desk/orders", {"account_id": "acme.de", "items": [item]})["order_id"]
    staff.goto(f"{site['site']}/desk/orders/{order_id}")
    staff.get_by_role("button", name="Claim").click()
    staff.get_by_role("button", name="Send quote").click()
    expect(staff.locator(".title-row .chip")).to_have_text("Pending confirmation", timeout=FOLLOWED_MILLISECONDS)
    expect(staff.get_by_text("Quote delivered")).to_be_visible(timeout=FOLLOWED_MILLISECONDS)
    mail = wait_for_mail(site, "noor@acme.de.example", order_id, "Code:", with_paper=True)
    link, code = link_and_code(mail)
    contact = open_page(None, link.removeprefix(site["site"]), scripts=False)
    contact.locator("[name=decision][value=approve]").check()
    contact.locator("[name=name]").fill("Noor Newname")
    contact.locator("[name=code]").fill(code)
    contact.locator("form button").first.click()
    expect(staff.locator(".title-row .chip")).to_have_text("Completed", timeout=FOLLOWED_MILLISECONDS)
    staff.get_by_role("link", name="Account and enrollment").click()
    expect(staff).to_have_url(f"{site['site']}/desk/accounts/acme.de")
    expect(staff.get_by_role("heading", level=1)).to_have_text("Account acme.de")


def test_an_id_is_itself_however_its_address_is_written(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("404")
    enrolled(call, "acme.de")
    staff = open_page("nadia", "/desk/accounts/acme%2Ede")
    staff.get_by_label("Contact person").fill("Noor Once More")
    staff.get_by_role("button", name="Save").click()
    expect(staff.locator(".toast")).to_contain_text("saved")
    assert call("nadia", "GET", "/desk/accounts/acme.de")["enrollment"]["contact"]["name"] == "Noor Once More"
    for nothing in ("/desk/accounts/%zz", "/desk/accounts/..%2Fprice-lists", "/desk/accounts/acme.de/"):
        staff.goto(site["site"] + nothing)
        expect(staff.get_by_role("heading", level=1)).to_have_text("Not found")


def test_an_account_may_be_called_new_and_another_one_all(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("412")
    enrolled(call, "new")
    staff = open_page("nadia", "/desk/accounts")
    staff.get_by_role("link", name="Account new").click()
    for _ in ("opened", "reloaded"):
        expect(staff.get_by_role("heading", level=1)).to_have_text("Account new")
        staff.reload()
    staff.goto(f"{site['site']}/desk/accounts/new")
    expect(staff.get_by_role("heading", level=1)).to_have_text("New account")
    staff.get_by_label("Account id", exact=True).fill("new")
    staff.get_by_label("Name", exact=True).fill("Account new again")
    staff.get_by_role("button", name="Save").click()
    there = staff.get_by_role("link", name="See it as it is now")
    expect(there).to_have_attribute("href", "/desk/accounts/%6Eew")

    enrolled(call, "all", "brightwater")
    try:
        reseller = open_page("rory", "/orders")
        choice = reseller.locator(".account-choice select")
        choice.select_option("all")
        choice.select_option("")
        reseller.reload()
        expect(choice).to_have_value("")
    finally:
        enrolled(call, "all")
