"""Watching an order, and choosing which mails come."""

import pytest
from playwright.sync_api import expect

from tests.web.axe import faults, overflows
from tests.web.conftest import Call, OpenPage
from tests.web.steps import placed


@pytest.mark.parametrize(
    ("who", "base", "start", "stop", "locale"),
    [
        ("maria", "/orders", "Watch this order", "Stop watching", "en-US"),
        ("nadia", "/desk/orders", "Bestellung beobachten", "Nicht mehr beobachten", "de-DE"),
    ],
)
def test_an_order_is_watched_and_no_more(
    open_page: OpenPage, call: Call, who: str, base: str, start: str, stop: str, locale: str
) -> None:
    order_id = placed(call, "maria", 2)
    page = open_page(who, f"{base}/{order_id}", width=360, locale=locale)
    page.get_by_role("button", name=start, exact=True).click()
    button = page.get_by_role("button", name=stop, exact=True)
    expect(button).to_be_focused()
    expect(page.locator(".watching")).to_contain_text(f"{who}.")
    assert faults(page, dark=True) == []
    assert overflows(page, 360) == {}
    page.reload()
    page.get_by_role("button", name=stop, exact=True).click()
    expect(page.get_by_role("button", name=start, exact=True)).to_be_visible()
    expect(page.locator(".watching")).not_to_contain_text(f"{who}.")


def test_the_chosen_mails_are_kept(open_page: OpenPage, call: Call) -> None:
    page = open_page("maria", "/notifications", width=360)
    expect(page.locator("legend")).to_have_text(["Orders that you placed", "Orders that you watch"])
    quoted = page.get_by_role("group", name="Orders that you placed").get_by_label("The quote was sent")
    expect(quoted).not_to_be_checked()
    quoted.check()
    assert faults(page, dark=False) == []
    assert overflows(page, 360) == {}
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Your choice was saved.")).to_be_visible()
    page.reload()
    expect(quoted).to_be_checked()
    rows = call("maria", "GET", "/me/notifications")["notifications"]
    assert [row["event"] for row in rows if row["wanted"] is not row["default"]] == ["quoted"]
