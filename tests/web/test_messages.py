"""Received mails that became no comment by themselves: the desk reads, accepts and dismisses them."""

from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests import loopback
from tests.local_run import Description
from tests.waiting import until
from tests.web.axe import faults, overflows
from tests.web.conftest import Call, OpenPage
from tests.web.steps import MAIL_SECONDS, fresh_number, offered
from tests.web.test_day import LEAD, at

EMPTY = '{"items": [], "next_cursor": null}'


def received(site: Description, call: Call, mail: dict[str, Any], text: str, sender: str) -> None:
    """A reply to a mail, of which nobody knows who wrote it."""
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Subject"] = sender, mail["reply_to"][0], f"Re: {text}"
    reply["Date"] = format_datetime(localtime())
    reply.set_content(f"<b>{text}</b>, please.")
    url = f"{site['mailbox'].rpartition('/mailbox')[0]}/inbound?dmarc=FAIL"
    assert loopback.post(url, content=reply.as_bytes()).status_code == 202
    until(lambda: text in str(call(LEAD, "GET", "/desk/messages")), MAIL_SECONDS)


def card(page: Page, text: str) -> Locator:
    return page.locator(".card").filter(has_text=text)


def expect_sound(page: Page) -> None:
    assert faults(page) == []
    assert overflows(page, 360) == {}
    assert faults(page) == []
    page.set_viewport_size({"width": 1280, "height": 800})


def test_messages_are_read_accepted_and_dismissed(site: Description, call: Call, open_page: OpenPage) -> None:
    order_id, mail = offered(site, call, "maria", 3)
    number = call(LEAD, "GET", f"/desk/orders/{order_id}")["number"]
    mine, other = fresh_number(), fresh_number()
    received(site, call, mail, mine, "Connie <connie@elsewhere.example>")
    received(site, call, mail, other, "Eve <eve@elsewhere.example>")
    page = open_page(LEAD, "/desk")
    page.get_by_role("link", name="Messages").first.click()
    expect(page.get_by_role("heading", name="Messages", exact=True)).to_be_visible()
    expect(card(page, mine)).to_contain_text(f"<b>{mine}</b>, please.")
    expect(card(page, mine)).to_contain_text("It is not proved who sent it.")
    expect(card(page, mine)).to_contain_text("connie@elsewhere.example")
    expect(card(page, mine).get_by_role("link", name=number)).to_have_attribute("href", f"/desk/orders/{order_id}")
    expect_sound(page)
    card(page, mine).get_by_role("button", name="Accept as a comment").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Order")).to_have_value(number)
    expect(dialog.get_by_label("For Customer Success only")).to_be_checked()
    expect_sound(page)
    dialog.get_by_role("button", name="Accept as a comment").click()
    expect(page.locator(".toast")).to_contain_text("It is a comment now.")
    expect(card(page, mine)).to_contain_text("Accepted by")
    card(page, other).get_by_role("button", name="Dismiss").click()
    page.get_by_role("dialog").get_by_role("button", name="Dismiss").click()
    expect(card(page, other)).to_contain_text("Dismissed by")
    expect(card(page, other).get_by_role("button")).to_have_count(0)
    at(page, f"/orders/{order_id}")
    expect(page.get_by_text(f"<b>{mine}</b>, please.").first).to_be_visible()
    expect(page.get_by_text(f"<b>{other}</b>, please.")).to_have_count(0)


def test_a_desk_without_messages_says_so(open_page: OpenPage) -> None:
    page = open_page(LEAD, "/desk")
    page.route("**/api/desk/messages*", lambda route: route.fulfill(body=EMPTY, content_type="application/json"))
    at(page, "/messages")
    expect(page.get_by_text("No messages")).to_be_visible()
    expect_sound(page)
