"""What people do on the screens."""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page

from tests import loopback
from tests.local_run import Description
from tests.waiting import until
from tests.web.conftest import Call

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


def placed(call: Call, who: str, quantity: int, number: str | None = None) -> str:
    """The id of an order of IP addresses that was placed without a browser, as a test begins."""
    item = {"kind": "ip_addresses", "quantity": quantity, "start_date": in_days(20)}
    return str(call(who, "POST", "/orders", {"items": [item], "purchase_order_number": number})["order_id"])


def offered(site: Description, call: Call, who: str, quantity: int, **quote: Any) -> tuple[str, dict[str, Any]]:
    """An order whose quote is on offer, and the mail that asks the contact."""
    order_id = placed(call, who, quantity)
    call("nadia", "POST", f"/desk/orders/{order_id}/claim", {})
    return order_id, quoted(site, call, order_id, **quote)


def quoted(site: Description, call: Call, order_id: str, **changes: Any) -> dict[str, Any]:
    """Sends a quote as it is drafted; the mail that offers it."""
    draft = call("nadia", "GET", f"/desk/orders/{order_id}/quote-draft")
    del draft["unpriced"]
    order = call("nadia", "POST", f"/desk/orders/{order_id}/quote", {**draft, **changes})
    revision = order["quote"]["revision"]
    until(lambda: call("nadia", "GET", f"/desk/orders/{order_id}")["quote"]["state"] != "sending", MAIL_SECONDS)
    return wait_for_mail(site, order["contact"]["email"], order_id, f"{revision}", with_paper=True)


def wait_for_mail(
    site: Description, address: str, order_id: str, containing: str, *, with_paper: bool = False
) -> dict[str, Any]:
    """The newest mail to an address that names the order and holds some text."""

    def newest() -> dict[str, Any] | None:
        query = {"to": address, "about": order_id}
        response = loopback.get(site["mailbox"], params=query, headers={"Accept": "application/json"})
        for mail in reversed(response.json()["messages"]):
            is_it = address in mail["to"] and order_id in mail["text"] and containing in mail["text"]
            if is_it and (mail["attachments"] or not with_paper):
                found: dict[str, Any] = mail
                return found
        return None

    found = until(newest, MAIL_SECONDS)
    assert found
    return found


def link_and_code(mail: dict[str, Any]) -> tuple[str, str]:
    link = re.search(r"https?://\S+/confirm/\S+", mail["text"])
    code = re.search(r"^Code: (\d{6})$", mail["text"], re.MULTILINE)
    assert link
    assert code
    return link[0], code[1]
