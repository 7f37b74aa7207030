"""What people do on the screens."""

import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from playwright.sync_api import Page

from tests.local_run import Description

MAIL_SECONDS = 60


def fresh_number() -> str:
    """A purchase order number that no other order has."""
    return f"PO-{secrets.token_hex(4)}"


def in_days(number: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=number)).isoformat()


def add_item(page: Page, kind: str, **settings: str) -> None:
    """New, choose the kind, set it, Add."""
    page.get_by_role("button", name="New", exact=True).click()
    page.click(f"[data-kind={kind}]")
    for name, value in settings.items():
        control = page.locator(f".item-form [name={name}]")
        if control.evaluate("element => element.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    page.get_by_role("button", name="Add", exact=True).click()


def submit(page: Page) -> str:
    """Submits the panel; answers the order's id."""
    page.get_by_role("button", name="Submit", exact=True).click()
    page.wait_for_selector("tr.highlighted")
    return page.url.partition("placed=")[2]


def place_ip_addresses(page: Page, quantity: int = 2, number: str | None = None) -> str:
    page.get_by_role("link", name="New", exact=True).click()
    add_item(page, "ip_addresses", quantity=str(quantity), start_date=in_days(20))
    if number:
        page.get_by_label("Purchase order number").fill(number)
    return submit(page)


def wait_for_mail(site: Description, address: str, order_id: str, containing: str) -> dict[str, Any]:
    """The newest mail to an address that names the order and holds some text."""
    end = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < end:
        answer = httpx.get(site["mailbox"], headers={"Accept": "application/json"}, trust_env=False)
        for mail in reversed(answer.json()["messages"]):
            if address in mail["to"] and order_id in mail["text"] and containing in mail["text"]:
                found: dict[str, Any] = mail
                return found
        time.sleep(0.5)
    raise AssertionError(f"no mail to {address} names {order_id} and says {containing!r}")


def link_and_code(mail: dict[str, Any]) -> tuple[str, str]:
    link = re.search(r"https?://\S+/confirm/\S+", mail["text"])
    code = re.search(r"^Code: (\d{6})$", mail["text"], re.MULTILINE)
    assert link
    assert code
    return link[0], code[1]
