"""A discount that an agent may not give alone: it waits at the desk, and a lead decides."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.web.axe import faults, overflows
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import in_days, placed
from tests.web.test_day import AGENT, LEAD, at

OFF: dict[str, Any] = {"percent": None, "amounts": {}, "margin_percent": None}


def waiting(call: Call) -> str:
    """An order with a quote of Amir's at half price."""
    order = placed(call, "maria", 1)
    call(LEAD, "POST", f"/desk/orders/{order}/claim", {})
    line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
    quote = {"valid_until": in_days(30), "lines": [line | {"unit_cost": "2"}], "discount": {"percent": "50"}}
    assert call(AGENT, "POST", f"/desk/orders/{order}/quote", quote)["proposal"]
    return order


def expect_sound(page: Page) -> None:
    assert faults(page) == []
    assert overflows(page, 1280) == {}


def test_a_lead_limits_discounts_and_decides_on_those_beyond(
    call: Call, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected += ["422"]
    lead = open_page(LEAD, "/desk/discount-policy")
    percent = lead.get_by_label("Greatest discount in percent")
    percent.fill("200")
    lead.get_by_role("button", name="Save").click()
    expect(lead.locator(".fault:visible")).to_have_count(1)
    percent.fill("20")
    lead.get_by_role("button", name="Add a limit in a currency").click()
    dialog = lead.get_by_role("dialog")
    dialog.get_by_label("Currency").select_option("EUR")
    dialog.get_by_role("button", name="Add", exact=True).click()
    lead.get_by_label("Greatest discount in money, Euro").fill("5000")
    expect_sound(lead)
    lead.get_by_role("button", name="Save").click()
    expect(lead.locator(".toast")).to_contain_text("Saved.")
    try:
        approved, refused = waiting(call), waiting(call)
        agent = open_page(AGENT, "/desk/discount-policy")
        expect(agent.get_by_text("20 %")).to_be_visible()
        expect_sound(agent)
        at(agent, f"/orders/{approved}")
        expect(agent.get_by_role("heading", name="A discount waits for approval")).to_be_visible()
        expect(agent.get_by_role("button", name="Approve")).to_have_count(0)
        at(lead, "")
        expect(lead.get_by_text("discount to approve").first).to_be_visible()
        at(lead, f"/orders/{approved}")
        expect(lead.get_by_text("Nothing has gone to the customer yet.")).to_be_visible()
        expect(lead.locator(".side-column").get_by_text("50.00 %").first).to_be_visible()
        expect_sound(lead)
        lead.get_by_role("button", name="Approve").click()
        dialog.get_by_role("button", name="Approve").click()
        expect(lead.get_by_role("heading", name="A discount waits for approval")).to_have_count(0)
        expect(lead.get_by_text("Discount approved").first).to_be_visible()

        at(lead, f"/orders/{refused}")
        lead.get_by_role("button", name="Refuse").click()
        dialog.get_by_label("Reason").fill("Not this quarter.")
        expect_sound(lead)
        dialog.get_by_role("button", name="Refuse").click()
        expect(lead.get_by_text("Not this quarter.")).to_be_visible()
    finally:
        call(LEAD, "PUT", "/desk/discount-policy", OFF)
