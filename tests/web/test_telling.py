"""What the screens say of decisions, of days, and of the contact person of a sub-account."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests import loopback
from tests.local_run import Description
from tests.web.axe import faults
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import link_and_code, offered, placed, wait_for_mail

TYPED = "Max <i>Finance</i>"


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en-US", ("Mails", "Quote to confirm", "Order received", "Sent")),
        ("de-DE", ("E-Mails", "Angebot zur Bestätigung", "Bestellung eingegangen", "Gesendet")),
    ],
)
def test_the_desk_shows_to_whom_each_mail_went(
    site: Description,
    open_page: OpenPage,
    call: Call,
    complaints: Complaints,
    locale: str,
    words: tuple[str, ...],
) -> None:
    complaints.expected.append("503")
    order_id, mail = offered(site, call, "cora", 3)
    staff = open_page("nadia", f"/desk/orders/{order_id}", locale=locale)
    title, *texts = words
    mails = staff.locator(".mails")
    refused = "**/mails?*"
    staff.route(refused, lambda route: route.fulfill(status=503, body="{}"))
    mails.get_by_role("heading", name=title).click()
    expect(mails.get_by_role("alert")).to_be_visible()
    staff.unroute(refused)
    mails.get_by_role("button").click()
    expect(mails.get_by_role("alert")).to_have_count(0)
    for text in (*texts, mail["to"][0]):
        expect(mails).to_contain_text(text)
    assert faults(staff) == []
    staff.route(refused, lambda route: route.fulfill(json={"items": [], "next_cursor": None}))
    mails.get_by_role("heading", name=title).click()
    mails.get_by_role("heading", name=title).click()
    expect(mails.locator("li")).to_have_count(0)
    expect(mails.locator("p").last).to_be_visible()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("English", ["Evidence of the decisions", "Link and code went to", "Name typed", "Approved", "Browser"]),
        ("Deutsch", ["Nachweis der Entscheidungen", "Link und Code gingen an", "Eingegebener Name", "Angenommen"]),
    ],
)
def test_the_desk_shows_who_was_asked_and_what_a_decision_rests_on(
    site: Description, open_page: OpenPage, call: Call, language: str, words: list[str]
) -> None:
    order_id, mail = offered(site, call, "cora", 3)
    staff = open_page("nadia", f"/desk/orders/{order_id}")
    expect(staff.locator(".order-head")).to_be_visible()
    expect(staff.locator(".evidence")).to_have_count(0)
    link, code = link_and_code(mail)
    form = {"decision": "approve", "name": TYPED, "code": code}
    assert loopback.post(link, data=form, headers={"User-Agent": "Browser <b>9</b>"}).status_code == 200
    evidence = staff.locator(".evidence")
    expect(evidence).to_contain_text(TYPED, timeout=60_000)
    _speak(staff, language)
    order = call("nadia", "GET", f"/desk/orders/{order_id}")
    for text in (*words, TYPED, mail["to"][0], "Browser <b>9</b>", order["quote"]["sha256"]):
        expect(evidence).to_contain_text(text)
    expect(evidence.locator("i, b")).to_have_count(0)
    requested = f"{order['contact']['name']}, {order['contact']['email']}"
    expect(staff.locator(".timeline")).to_contain_text(requested)
    expect(staff.locator(".order-head .notice")).to_contain_text(TYPED)

    customer = open_page("cora", f"/orders/{order_id}")
    expect(customer.locator(".mails")).to_have_count(0)
    expect(customer.locator(".notice.good")).to_contain_text(f"Name given: {TYPED}")
    expect(customer.locator(".timeline")).to_contain_text(requested)
    expect(customer.locator(".evidence")).to_have_count(0)


def _speak(page: Page, language: str) -> None:
    if language != "English":
        page.locator("header select").select_option(label=language)


def test_the_days_of_the_filter_are_those_of_the_table(site: Description, open_page: OpenPage, call: Call) -> None:
    """In a zone in which the order was placed on another day than in UTC."""
    path = "/desk/accounts/tideline-surf"
    order_id = placed(call, "sam", 2)
    at = datetime.fromisoformat(call("nadia", "GET", f"/desk/orders/{order_id}")["placed_at"])
    zone = "Pacific/Kiritimati" if at.hour >= 10 else "Pacific/Pago_Pago"
    before = call("nadia", "GET", path)
    call("nadia", "PUT", path, {**before, "time_zone": zone})
    try:
        day = at.astimezone(ZoneInfo(zone)).date()
        assert day != at.date()
        page = open_page("sam", f"/orders?from={day}&to={day}")
        expect(page.locator(f"tr:has([href='/orders/{order_id}'])")).to_contain_text(f"{day:%b} {day.day}, {day.year}")
        page.goto(f"{site['site']}/orders?from={at.date()}&to={at.date()}")
        expect(page.locator(".filters")).to_be_visible()
        expect(page.locator(f"[href='/orders/{order_id}']")).to_have_count(0)
    finally:
        call("nadia", "PUT", path, before)


def test_a_resellers_report_names_the_sub_account(site: Description, open_page: OpenPage, call: Call) -> None:
    sub = call("rory", "GET", "/accounts")["items"][0]
    page = open_page("rory", f"/orders/new?account_id={sub['account_id']}")
    page.get_by_role("button", name="This is out of date").click()
    page.locator("dialog [name=text]").last.fill("Gone since Monday.")
    page.get_by_role("button", name="Tell Customer Success").click()
    mail = wait_for_mail(site, site["cs_mailbox"], sub["account_id"], "Gone since Monday.")
    assert sub["name"] in mail["subject"]
    assert sub["enrollment"]["contact"]["email"] in mail["text"]
