"""An account at the desk: deputies of its contact, and what a suspended enrollment shows."""

from playwright.sync_api import expect

from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import in_days, placed

FOLLOWED_MILLISECONDS = 60_000


def test_a_deputy_is_named_and_open_orders_of_a_suspended_account_are_flagged(
    call: Call, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected.append("422")
    order_id = placed(call, "sam", 3)
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    try:
        staff = open_page("nadia", path)
        staff.get_by_role("button", name="Add a deputy").click()
        staff.get_by_label("Deputy", exact=True).fill("Dora Deputy")
        staff.get_by_label("E-mail of the deputy").fill("dora@tidelinesurf.example")
        staff.get_by_label("From", exact=True).fill(in_days(5))
        staff.get_by_label("Until", exact=True).fill(in_days(3))
        staff.get_by_label("Enrollment").select_option("suspended")
        staff.get_by_role("button", name="Save").click()
        expect(staff.locator(".fault:visible")).to_have_count(1)
        staff.get_by_label("Until", exact=True).fill(in_days(9))
        staff.get_by_role("button", name="Save").click()
        expect(staff.get_by_label("E-mail of the deputy")).to_have_value("dora@tidelinesurf.example")
        stored = call("nadia", "GET", path)["enrollment"]
        deputy = {"name": "Dora Deputy", "email": "dora@tidelinesurf.example", "from": in_days(5), "until": in_days(9)}
        assert (stored["state"], stored["deputies"]) == ("suspended", [deputy])

        queue = open_page("tom", "/desk?account=tideline-surf")
        row = queue.locator("tr", has_text=order_id)
        expect(row).to_contain_text("account suspended", timeout=FOLLOWED_MILLISECONDS)
        order = open_page("tom", f"/desk/orders/{order_id}")
        expect(order.locator(".notice.warn")).to_contain_text("can place no new orders")
    finally:
        call("nadia", "PUT", path, before)
        call("nadia", "POST", f"/desk/orders/{order_id}/decline", {"reason": "The end of the test"})


def test_a_new_account_with_an_id_that_exists_replaces_nothing_and_leads_to_what_is_there(
    call: Call, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected.append("412")
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    staff = open_page("nadia", "/desk/accounts/new")
    staff.get_by_label("Account id", exact=True).fill("tideline-surf")
    staff.get_by_label("Name", exact=True).fill("Tideline again")
    staff.get_by_role("button", name="Save").click()
    expect(staff.locator("main [role=alert]")).to_contain_text("There is an account tideline-surf already.")
    expect(staff.get_by_label("Account id", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(staff.get_by_label("Name", exact=True)).to_have_value("Tideline again")
    assert staff.get_by_role("link", name="See it as it is now").get_attribute("href") == path
    assert call("nadia", "GET", path) == before


def test_who_edits_an_account_that_was_changed_meanwhile_is_shown_the_newer(
    call: Call, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected.append("412")
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    staff = open_page("nadia", path)
    staff.get_by_label("Name", exact=True).first.fill("Mine")
    try:
        call("tom", "PUT", path, {**before, "name": "Theirs"})
        staff.get_by_role("button", name="Save").click()
        expect(staff.locator("main [role=alert]")).to_contain_text("changed this account meanwhile")
        assert call("nadia", "GET", path)["name"] == "Theirs"
        staff.get_by_role("button", name="Begin anew").click()
        expect(staff.get_by_label("Name", exact=True).first).to_have_value("Theirs")
    finally:
        call("nadia", "PUT", path, before)
