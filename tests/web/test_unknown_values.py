"""Values that a list of the browser or of the screens does not have: they stay, and are shown."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.local_run import Description
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import in_days, placed

UNHEARD_OF = "Mars/Olympus_Mons"


def _changed(page: Page, pattern: str, change: Any) -> None:
    """Lets the API answer with something else than it would."""

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=change(response.json()))

    page.route(pattern, answer)


@pytest.mark.parametrize("currency", ["SLE", "XCG"])
def test_an_account_keeps_a_currency_that_the_browser_does_not_have(
    open_page: OpenPage, call: Call, currency: str
) -> None:
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    call("nadia", "PUT", path, {**before, "currency": currency, "time_zone": "America/Coyhaique"})
    try:
        page = open_page("nadia", path)
        page.get_by_label("Name", exact=True).first.fill("Tideline Renamed")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Tideline Renamed")).to_be_visible()
        stored = call("nadia", "GET", path)
        assert stored == {**before, "name": "Tideline Renamed", "currency": currency, "time_zone": "America/Coyhaique"}
    finally:
        call("nadia", "PUT", path, before)


def test_whatever_an_account_has_is_shown_and_stays(site: Description, open_page: OpenPage) -> None:
    """Also what a later version of the service may have, and this one's screens have no field for."""
    page = open_page("nadia")
    sent: list[dict[str, Any]] = []

    def of_tomorrow(route: Route) -> None:
        if route.request.method == "PUT":
            sent.append(json.loads(route.request.post_data or ""))
            route.fulfill(json=sent[-1])
            return
        response = route.fetch()
        route.fulfill(response=response, json=later(response.json()))

    def later(account: dict[str, Any]) -> dict[str, Any]:
        account |= {"locale": "fr", "currency": "XYZ", "time_zone": UNHEARD_OF, "tax_id": "DE1"}
        account["enrollment"] |= {"state": "paused", "signed_by": "Tess"}
        account["sites"][0] |= {"floor": 3, "sockets": [{"model": "X9000", "quantity": 2}]}
        return account

    page.route("**/api/desk/accounts/tideline-surf", of_tomorrow)
    page.goto(f"{site['site']}/desk/accounts/tideline-surf")
    for label, value in [
        ("Language of mails", "fr"),
        ("Currency", "XYZ"),
        ("Time zone", UNHEARD_OF),
        ("Enrollment", "paused"),
    ]:
        expect(page.get_by_label(label, exact=True)).to_have_value(value)
    page.locator("details.site summary").first.click()
    expect(page.get_by_label("X9000 Sockets")).to_have_value("2")
    page.get_by_label("Name", exact=True).first.fill("Renamed")
    with page.expect_request(lambda request: request.method == "PUT"):
        page.get_by_role("button", name="Save").click()
    (account,) = sent
    assert account["name"] == "Renamed"
    assert (account["locale"], account["currency"], account["time_zone"], account["tax_id"]) == (
        "fr",
        "XYZ",
        UNHEARD_OF,
        "DE1",
    )
    assert (account["enrollment"]["state"], account["enrollment"]["signed_by"]) == ("paused", "Tess")
    assert (account["sites"][0]["floor"], account["sites"][0]["sockets"]) == (3, [{"model": "X9000", "quantity": 2}])


@pytest.mark.parametrize("currency", ["SLE", "VED", "XAD", "XCG", "ZWG"])
def test_a_price_list_can_be_begun_in_every_currency(
    open_page: OpenPage, complaints: Complaints, currency: str
) -> None:
    complaints.expected.append("404")
    page = open_page("nadia", f"/desk/price-lists/{currency}")
    expect(page.get_by_text("There are no prices in this list yet.")).to_be_visible()
    page.get_by_role("link", name="Price lists").last.click()
    page.get_by_role("button", name="New price list").click()
    choice = page.get_by_role("dialog").get_by_label("Currency")
    choice.select_option(currency)
    expect(choice).to_have_value(currency)


def test_a_price_list_in_no_currency_is_not_found(open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expected.append("404")
    page = open_page("nadia", "/desk/price-lists/QQQ")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


def test_unknown_time_zones_are_shown_in_the_browsers_zone_by_name(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("422")  # the preview says which item cannot be ordered
    order_id = placed(call, "maria", 2)
    page = open_page("maria")
    _changed(page, "**/api/account", lambda account: {**account, "time_zone": UNHEARD_OF})
    _changed(page, "**/api/account?*", lambda account: {**account, "time_zone": UNHEARD_OF})
    page.goto(f"{site['site']}/orders/{order_id}")
    expect(page.locator(".timeline time").first).to_contain_text("UTC")
    page.goto(f"{site['site']}/orders")
    expect(page.locator("table.orders tbody tr").first).to_contain_text("UTC")
    page.get_by_role("link", name="New", exact=True).click()
    page.get_by_role("button", name="New", exact=True).click()
    page.click("[data-kind=ip_addresses]")
    expect(page.locator(".item-form [name=start_date]")).to_have_attribute("min", in_days(0))


def test_an_item_of_a_discontinued_kind_can_be_shown_and_removed(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("422")  # the preview says which item cannot be ordered
    order_id = placed(call, "maria", 2)
    page = open_page("maria")

    def retired(order: dict[str, Any]) -> dict[str, Any]:
        return {**order, "status": "parked", "items": [{**order["items"][0], "kind": "fax_lines", "status": "parked"}]}

    _changed(page, f"**/api/orders/{order_id}", retired)
    page.goto(f"{site['site']}/orders/{order_id}")
    expect(page.locator(".items")).to_contain_text("fax_lines")
    expect(page.locator(".title-row .chip")).to_have_text("parked")
    page.get_by_role("link", name="Order again").click()
    page.get_by_role("button", name="Edit fax_lines").click()
    expect(page.get_by_role("alert")).to_contain_text("no longer on offer")
    page.get_by_role("button", name="Remove fax_lines").click()
    expect(page.get_by_text("Nothing chosen yet.")).to_be_visible()
