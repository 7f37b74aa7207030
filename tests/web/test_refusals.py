"""What people see when something is wrong: with their order, their rights, the service, or the network."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.local_run import Description
from tests.web.axe import faults
from tests.web.conftest import (
    Call,
    Complaints,
    OpenPage,
    claims_of,
    send_credentials,
    sign_in,
    user_of,
    with_claims,
)
from tests.web.steps import add_item, in_days, offered, placed, quoted

DRAFT = "online-orders.draft..nordlicht"


def test_every_fault_that_the_api_finds_is_shown_at_its_item_and_field(
    open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected.append("422")
    page = open_page("jonas")
    page.get_by_label("Sprache").select_option("en")
    draft = {
        "key": "one-key",
        "note": None,
        "purchase_order_number": None,
        "items": [
            {"kind": "ip_addresses", "quantity": 2, "start_date": in_days(5)},
            {"kind": "ip_addresses", "quantity": 300, "start_date": in_days(-3)},
            {"kind": "site_bandwidth", "site_id": "gone", "bandwidth_mbps": 200, "start_date": in_days(5)},
        ],
    }
    page.evaluate("([key, value]) => sessionStorage.setItem(key, value)", [DRAFT, json.dumps(draft)])
    page.get_by_role("link", name="New", exact=True).click()
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("3 things need your attention")
    items = page.locator(".draft-items li")
    expect(items.nth(0).locator(".fault")).to_have_count(0)
    expect(items.nth(1)).to_contain_text("This date is in the past.")
    expect(items.nth(2)).to_contain_text("no longer has this site")
    form = page.locator(".item-form")
    expect(form.locator("[name=quantity]")).to_have_attribute("aria-invalid", "true")
    expect(form.locator("[name=start_date]")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Discard").click()


@pytest.mark.parametrize(("field", "value", "said"), [("quantity", "0", "At least 1."), ("start_date", "", "needed")])
def test_what_the_form_itself_can_see_is_said_before_anything_is_sent(
    open_page: OpenPage, field: str, value: str, said: str
) -> None:
    page = open_page("cora", "/orders/new")
    settings = {"quantity": "1", "start_date": in_days(3), field: value}
    add_item(page, "ip_addresses", **settings)
    expect(page.locator(".item-form .fault:visible")).to_contain_text(said)
    expect(page.locator(f".item-form [name={field}]")).to_be_focused()


def test_an_account_that_may_not_order_is_told_so_instead_of_a_form(open_page: OpenPage) -> None:
    page = open_page("lena")
    expect(page.get_by_role("alert")).to_contain_text("suspended")
    expect(page.get_by_role("alert")).to_contain_text("Customer Success")
    page.get_by_role("link", name="New", exact=True).click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("alert")).to_contain_text("suspended")
    expect(panel.get_by_role("button", name="Submit", exact=True)).to_have_count(0)


@pytest.mark.parametrize("path", ["/orders/01M82KKYHCS3Q9853R6093J5PZ", "/nowhere"])
def test_an_address_without_anything_says_so(open_page: OpenPage, complaints: Complaints, path: str) -> None:
    complaints.expected.append("404")
    page = open_page("cora", path)
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


@pytest.mark.parametrize(("who", "path"), [("cora", "/desk"), ("nadia", "/orders")])
def test_nobody_gets_into_the_screens_of_the_others(open_page: OpenPage, who: str, path: str) -> None:
    expect(open_page(who, path).get_by_role("heading", name="Not for this user")).to_be_visible()


def test_a_service_that_fails_is_said_to_and_can_be_tried_again(open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expected.append("500")
    page = open_page("cora")
    page.route("**/api/orders?*", lambda route: route.fulfill(status=500, body="{}"))
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("Something went wrong on our side")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Online Orders")).to_be_visible()


def test_missing_texts_keep_the_language_or_show_a_message(open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expected.append("ERR_FAILED")
    page = open_page("cora")
    page.route("**/locales/*.json", lambda route: route.abort())
    page.get_by_label("Language").select_option("de")
    expect(page.locator(".toast")).to_contain_text("cannot be reached")
    expect(page.get_by_label("Language")).to_have_value("en")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("Der Dienst ist nicht erreichbar.")
    assert faults(page) == []


def test_a_panel_that_is_closed_before_it_is_filled_leads_back_to_the_list(open_page: OpenPage) -> None:
    page = open_page("cora")
    held: list[Route] = []
    page.route("**/api/account?*", lambda route: held.append(route))  # noqa: PLW0108 - a built-in cannot be marked
    page.get_by_role("link", name="New", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("Loading")).to_be_attached()
    page.wait_for_function("document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/orders$"))
    held[0].continue_()
    expect(page.locator("table.orders, .empty")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_offline_is_said_and_passes(open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expected.append("ERR_INTERNET_DISCONNECTED")
    page = open_page("cora")
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline.")).to_be_visible()
    expect(page.get_by_role("heading", name="Online Orders")).to_be_visible()
    page.get_by_role("link", name="New", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.context.set_offline(False)
    expect(page.get_by_text("You are offline.")).to_be_hidden()


def test_an_expired_session_leads_to_signing_in_and_back(
    site: Description, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected.append("401|400")
    page = open_page("sam")
    _let_tokens_expire(page, refresh_token="gone")
    page.goto(f"{site['site']}/orders/new")
    expect(page.get_by_text("You have been signed out.")).to_be_visible()
    sign_in(page, site, "sam")
    expect(page.get_by_role("dialog", name="New order")).to_be_visible()


def _let_tokens_expire(page: Page, refresh_token: str | None = None) -> None:
    page.evaluate(
        """refreshToken => {
          const kept = JSON.parse(sessionStorage.getItem("online-orders.session"));
          kept.claims.exp = 1;
          if (refreshToken) kept.refresh_token = refreshToken;
          sessionStorage.setItem("online-orders.session", JSON.stringify(kept));
        }""",
        refresh_token,
    )


def test_a_session_that_ends_during_input_loses_nothing_typed(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("401|400")
    order_id = placed(call, "cora", 14)
    call("nadia", "POST", f"/desk/orders/{order_id}/claim", {})
    page = open_page("nadia", f"/desk/orders/{order_id}")
    page.get_by_label("Unit price").fill("8.75")
    page.get_by_label("Comment").fill("Checked with sales")
    page.route("**/oauth2/token", lambda route: route.fulfill(status=400, json={"error": "invalid_grant"}))
    page.route("**/api/**", lambda route: route.fulfill(status=401, body="{}"))
    page.get_by_role("button", name="Send comment").click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog.get_by_role("button", name="Sign in")).to_be_focused()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    page.unroute_all()
    with page.context.expect_page() as other:
        dialog.get_by_role("button", name="Sign in").click()
    user = user_of(site, "nadia")
    other.value.fill("#username", user["username"])
    other.value.fill("#password", user["password"])
    with other.value.expect_event("close"):
        other.value.click("button[type=submit]")
    expect(dialog).to_have_count(0)
    expect(page.locator(".timeline")).to_contain_text("Checked with sales")
    expect(page.get_by_label("Unit price")).to_have_value("8.75")
    page.reload()
    expect(page.get_by_label("Unit price")).to_have_value("8.75")
    page.get_by_role("button", name="Begin anew").click()
    expect(page.get_by_label("Unit price")).not_to_have_value("8.75")


def test_a_token_that_has_run_out_is_refreshed_unnoticed(site: Description, open_page: OpenPage) -> None:
    page = open_page("sam", by_form=True)
    before = page.evaluate("JSON.parse(sessionStorage.getItem('online-orders.session'))")
    _let_tokens_expire(page)
    page.goto(f"{site['site']}/orders")
    expect(page.get_by_role("heading", name="Online Orders")).to_be_visible()
    after = page.evaluate("JSON.parse(sessionStorage.getItem('online-orders.session'))")
    assert after["claims"]["exp"] > 1
    assert (after["claims"]["sub"], bool(after["refresh_token"])) == (before["claims"]["sub"], True)


@pytest.mark.parametrize("spoiled", ["nonce", "issuer", "audience"])
def test_an_id_token_for_another_tabs_request_is_refused(site: Description, open_page: OpenPage, spoiled: str) -> None:
    page = open_page(None)

    tokens: list[str] = []

    def spoil(route: Route) -> None:
        response = route.fetch()
        body = response.json()
        claims = claims_of(body["id_token"])
        change = {"nonce": {"nonce": "another"}, "issuer": {"iss": "https://else.example"}, "audience": {"aud": "else"}}
        body["id_token"] = with_claims(body["id_token"], {**claims, **change[spoiled]})
        tokens.append(body["id_token"])
        route.fulfill(response=response, json=body)

    page.route("**/oauth2/token", spoil)
    send_credentials(page, site, "sam")
    expect(page.get_by_text("Signing in did not succeed.")).to_be_visible()
    assert tokens
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize(
    ("locale", "minutes", "said"),
    [
        ("en-US", 61, "about 1 hour ahead"),
        ("de-DE", 61, "ungefähr 1 Stunde vor"),
        ("en-US", 3 * 24 * 60, "3 days ahead"),
    ],
)
def test_a_clock_that_is_off_is_named_as_what_makes_signing_in_fail(
    site: Description, open_page: OpenPage, locale: str, minutes: int, said: str
) -> None:
    page = open_page(None, locale=locale)
    page.add_init_script(f"const now = Date.now; Date.now = () => now() + {minutes} * 60_000;")
    send_credentials(page, site, "sam")
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_role("button", name=re.compile("^(Sign in|Anmelden)$"))).to_be_visible()


def test_who_writes_a_quote_is_told_when_a_colleague_has_sent_one(
    site: Description, open_page: OpenPage, call: Call
) -> None:
    order_id = placed(call, "cora", 15)
    call("nadia", "POST", f"/desk/orders/{order_id}/claim", {})
    page = open_page("tom", f"/desk/orders/{order_id}")
    page.get_by_label("Unit price").fill("5.55")
    quoted(site, call, order_id)
    expect(page.locator(".quoting .notice")).to_contain_text("Revision 1 was written meanwhile.", timeout=60_000)
    expect(page.get_by_label("Unit price")).to_have_value("5.55")


def test_two_at_the_desk_do_not_both_claim_an_order(open_page: OpenPage, call: Call, complaints: Complaints) -> None:
    complaints.expected.append("412")
    order_id = placed(call, "cora", 11)
    first, second = open_page("nadia", f"/desk/orders/{order_id}"), open_page("tom")
    second.get_by_label("Search").fill(order_id)
    second.keyboard.press("Enter")
    second.wait_for_selector(".order-head")
    expect(second.get_by_role("button", name="Claim", exact=True)).to_be_visible()
    second.route("**/api/desk/orders/*/timeline*", lambda route: route.abort())
    first.get_by_role("button", name="Claim", exact=True).click()
    expect(first.locator(".title-row .chip")).to_have_text("In process")
    complaints.expected.append("ERR_FAILED")
    second.get_by_role("button", name="Claim", exact=True).click()
    expect(second.locator(".toast")).to_contain_text("Somebody was faster")


def test_a_quote_whose_mail_was_released_cannot_be_undone(
    site: Description, open_page: OpenPage, complaints: Complaints, call: Call
) -> None:
    """The local run holds no quote, so the page is told of one."""
    complaints.expected.append("409")
    order_id, _ = offered(site, call, "maria", 2)

    def hold(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json={**response.json(), "undo_until": "2027-01-01T10:00:00.000Z"})

    page = open_page("nadia")
    page.route(f"**/api/desk/orders/{order_id}", hold, times=1)
    page.goto(f"{site['site']}/desk/orders/{order_id}")
    expect(page.locator(".notice.warn")).to_contain_text("The mail to the contact person waits until")
    page.get_by_role("button", name="Undo the quote").click()
    expect(page.locator(".toast")).to_be_visible()
