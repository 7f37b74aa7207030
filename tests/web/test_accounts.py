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
