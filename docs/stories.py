"""Three stories of a quote, walked against the local run as people would: a change, a bounce, an expiry.

Run `make run`, then in another terminal `python3 docs/stories.py`. The third puts the local run's clock forward by
three weeks; what is done there afterwards happens then.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from uuid import uuid4

from first_order import WHERE, call, mail_with_link, opened, sign_in

API, CLOCK = WHERE["api"], f"{WHERE['site']}/sandbox/clock"
CUSTOMER, STAFF = sign_in("customer"), sign_in("customer-success")


class Link(NamedTuple):
    url: str
    code: str
    name: str
    """Of the contact person."""

    def decide(self, decision: str, reason: str = "") -> int:
        """The status of the page that answers."""
        form = {"decision": decision, "name": self.name, "code": self.code, "reason": reason}
        try:
            with opened(self.url, urlencode(form).encode()) as page:
                return int(page.status)
        except HTTPError as refusal:
            return refusal.code


class Story:
    """One order, claimed by Customer Success."""

    def __init__(self, title: str) -> None:
        print(f"\n{title}")
        start = (self.now() + timedelta(days=90)).date().isoformat()
        body = {"items": [{"kind": "ip_addresses", "quantity": 4, "start_date": start}]}
        order = call("POST", f"{API}/orders", body, **CUSTOMER, **{"Idempotency-Key": str(uuid4())})
        self.order_id, self.contact = order["order_id"], order["contact"]
        self.desk("claim")
        self.tell()

    def now(self) -> datetime:
        """Of the local run."""
        return datetime.fromisoformat(call("GET", CLOCK)["now"])

    def desk(self, action: str, body: Any = None) -> None:
        call("POST", f"{API}/desk/orders/{self.order_id}/{action}", body or {}, **STAFF)

    def order(self) -> Any:
        return call("GET", f"{API}/desk/orders/{self.order_id}", **STAFF)

    def happened(self) -> list[str]:
        entries = call("GET", f"{API}/desk/orders/{self.order_id}/timeline?limit=100", **STAFF)["items"]
        return [entry["event"] for entry in entries]

    def tell(self) -> None:
        order = self.order()
        quote = order["quote"]
        print(f"  {order['order_id']}: {order['status']}" + (f", quote {quote['state']}" if quote else ""))

    def wait(self, what: str, until: Callable[[], Any]) -> None:
        for _ in range(120):
            if until():
                self.tell()
                return
            time.sleep(0.5)
        sys.exit(f"  {self.order_id}: not so within a minute: {what}")

    def quote(self, days: int = 30, price: str = "10") -> Link:
        """Link and code of the mail that offers the next revision."""
        line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": price, "recurrence": "monthly"}
        before = (self.order()["quote"] or {"revision": 0})["revision"]
        self.desk("quote", {"valid_until": (self.now() + timedelta(days=days)).date().isoformat(), "lines": [line]})
        self.wait("a quote on offer", lambda: self.is_quote(before + 1, "offered"))
        return self.newest_link()

    def newest_link(self) -> Link:
        """Of the newest mail that the contact person of the order has got."""
        url, code = mail_with_link(self.contact["email"], self.order_id, attachments=1)
        return Link(url, code, self.contact["name"])

    def is_quote(self, revision: int, state: str) -> bool:
        quote = self.order()["quote"]
        return (quote["revision"], quote["state"]) == (revision, state)

    def resend(self, email: str) -> None:
        self.desk("resend", {"contact": {"name": self.contact["name"], "email": email}})

    def put_clock_forward(self, days: int) -> None:
        """Every order that waits is then looked at, once."""
        with opened(CLOCK, urlencode({"days": days}).encode()) as response:
            print(f"  {days} days later: {json.load(response)['now']}")


def change() -> None:
    story = Story("The contact person asks for a change, and approves the next revision.")
    first = story.quote(price="12")
    print(f"  asks for a change: {first.decide('request_change', 'Ten, as agreed.')}")
    story.wait("back at the desk", lambda: story.order()["status"] == "in_process")
    second = story.quote(price="10")
    print(f"  the older link: {first.decide('approve')}")
    print(f"  the newer link: {second.decide('approve')}")
    story.wait("completed", lambda: story.order()["status"] == "completed")


def bounce() -> None:
    story = Story("A quote goes to a wrong address, comes back, and goes to the right one.")
    first = story.quote()
    story.resend("bounce+typo@simulator.amazonses.com")
    story.wait("undeliverable", lambda: story.is_quote(1, "undeliverable"))
    print(f"  the link of the first mail, which was replaced: {first.decide('approve')}")
    delivered = story.happened().count("quote.delivered")
    story.resend(story.contact["email"])
    story.wait("delivered", lambda: story.happened().count("quote.delivered") > delivered)
    print(f"  the link of the newest: {story.newest_link().decide('approve')}")
    story.wait("completed", lambda: story.order()["status"] == "completed")


def expiry() -> None:
    story = Story("Nobody answers: a reminder, the end of the quote, and of the order.")
    link = story.quote(days=5)
    story.put_clock_forward(4)
    story.wait("reminded", lambda: "quote.reminded" in story.happened())
    story.put_clock_forward(2)
    story.wait("expired", lambda: "quote.expired" in story.happened())
    print(f"  approves too late: {link.decide('approve')}")
    print(f"  asks for a fresh quote: {link.decide('request_quote')}")
    story.put_clock_forward(15)
    story.wait("canceled", lambda: story.order()["status"] == "canceled")
    print(f"  closed by {story.order()['closed']['by']}")


if __name__ == "__main__":
    change()
    bounce()
    expiry()
