"""The people, accounts, orders and quotes that the tests of the domain talk about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import settings

from online_orders.domain import hand_over, order_delivery, order_schedule, proposals, questions
from online_orders.domain.accounts import Account, Contact, parse_account
from online_orders.domain.callers import Caller
from online_orders.domain.discounts import Judged, costs_of, judge
from online_orders.domain.errors import Invalid
from online_orders.domain.order_parts import User
from online_orders.domain.order_requests import parse_order
from online_orders.domain.order_schedule import Policy
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change, Order
from online_orders.domain.proposals import DiscountPolicy
from online_orders.domain.quote_requests import QuoteFrame, parse_quote
from online_orders.domain.quotes import Quote
from online_orders.domain.roles import PERMISSIONS, Permission, Role
from tests.shipped_catalog import CATALOG

Json = dict[str, Any]

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
TODAY = date(2026, 11, 22)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LATER = NOW + HOUR
HOLD = timedelta(minutes=1)

ANNA = User(user_id="anna", email="anna@acme.example")
CLARA = User(user_id="clara", email="clara@vendor.example")
CONRAD = User(user_id="conrad", email="conrad@vendor.example")
CALLER = Caller(
    ANNA,
    "customers",
    "acme",
    Role.ADMIN,
    PERMISSIONS[Role.ADMIN],
    {"acme": Role.ADMIN},
    required=Permission.WRITE_ORDERS,
)
"""Anna, about to change something of her account."""
STAFF_CALLER = Caller(
    CLARA, "customer-success", None, Role.LEAD, PERMISSIONS[Role.LEAD], {}, required=Permission.WORK_ON_ORDERS
)
"""Clara, about to change an order."""
CONNIE = Contact(name="Connie", email="connie@acme.example")
CARLA = Contact(name="Carla", email="carla@acme.example")
KEY_ID = "key-1"
TERMS = "Prices are net of taxes."
"""The installation's, for quotes that come without."""
ORDER_ID = "01KAND6R0000000000000000AB"

KINDS = ("site_bandwidth", "site_early_activation", "socket", "ip_addresses", "sdp_users", "accessory")
STATUSES = ("submitted", "in_process", "pending_confirmation", "completed", "canceled")

property_of = settings(deadline=None, max_examples=settings().max_examples * 3 // 2)
"""For properties: the machine that runs them may be busy."""


def named(value: object) -> str:
    """A value as the id of a test."""
    return f"{value!r:.24}".encode("ascii", "backslashreplace").decode()


def site_body(site_id: str, /, **changes: Any) -> Json:
    """A site with neither license nor address nor sockets."""
    return {"site_id": site_id, "name": site_id.title(), "country": "DE", "address": None, "license": None} | changes


def account_body(**changes: Any) -> Json:
    """An enrolled account. Its sites: `office` (license of 100 Mbps begun, address), `branch` (license of 100 Mbps
    from 2027-06-01), `store` (address alone), `lab` (address and an X1700), `shell` (nothing)."""
    return {
        "name": "Acme Ltd",
        "currency": "EUR",
        "time_zone": "UTC",
        "enrollment": {"letter_received_on": "2026-01-15", "contact": CONNIE.model_dump(), "state": "active"},
        "sites": [
            site_body("office", address="1 Main St", license={"bandwidth_mbps": 100, "starts_on": "2026-01-01"}),
            site_body("branch", license={"bandwidth_mbps": 100, "starts_on": "2027-06-01"}),
            site_body("store", address="2 Side St"),
            site_body("lab", address="3 Back St", sockets=[{"model": "X1700", "quantity": 1}]),
            site_body("shell"),
        ],
    } | changes


def account_of(**changes: Any) -> Account:
    return parse_account("acme", account_body(**changes))


def item_of(kind: str, **changes: Any) -> Json:
    """A sound item; changed members replace its own."""
    settings_of: dict[str, Json] = {
        "site_bandwidth": {"site_id": "office", "bandwidth_mbps": 200},
        "site_early_activation": {"site_id": "branch"},
        "socket": {"site_id": "store", "model": "X1500", "quantity": 2},
        "ip_addresses": {"quantity": 4},
        "sdp_users": {"region": "europe", "quantity": 100},
        "accessory": {"site_id": "lab", "accessory_type": "network_card", "quantity": 1},
    }
    return {"kind": kind, **settings_of[kind], "start_date": "2027-01-05"} | changes


def place(
    *items: Json,
    account: Account | None = None,
    at: datetime = NOW,
    source: Literal["online", "direct"] = "online",
    by: User = ANNA,
    body: Json | None = None,
) -> Change:
    """Place an order for the items, or for one of IP addresses; `body` are the members beside them."""
    requested = {"items": list(items) or [item_of("ip_addresses")], **(body or {})}
    return parse_order(
        requested, order_id=ORDER_ID, account=account or account_of(), catalog=CATALOG, source=source, by=by, at=at
    )


def claimed(order: Order | None = None, at: datetime = NOW) -> Order:
    return (order or place(at=at).order).claim(CLARA, at).order


def without_snapshot(order: Order) -> Order:
    """As one that was placed before snapshots were kept."""
    return order.model_copy(update={"snapshot": None})


def line_of(item_id: str | None = "1", unit_price: Any = "10.00", **changes: Any) -> Json:
    return {
        "item_id": item_id,
        "description": "Public IPv4",
        "quantity": 4,
        "unit_price": unit_price,
        "recurrence": "monthly",
    } | changes


def quote_body(*lines: Json, **changes: Any) -> Json:
    return {"valid_until": "2027-01-01", "lines": list(lines) or [line_of()]} | changes


def judge_quote(
    body: Any,
    *,
    order_id: str = ORDER_ID,
    account_id: str = "acme",
    revision: int = 1,
    items: int = 1,
    currency: str = "EUR",
    today: date = TODAY,
    frame: QuoteFrame | None = None,
) -> Quote:
    return parse_quote(
        body,
        order_id=order_id,
        account_id=account_id,
        revision=revision,
        items=items,
        currency=currency,
        terms=TERMS,
        today=today,
        frame=frame,
    )


def quote_for(order: Order, at: datetime = NOW, **changes: Any) -> Quote:
    """The next revision for an order, each item at one line."""
    lines = [line_of(str(number)) for number in range(1, len(order.items) + 1)]
    return judge_quote(
        quote_body(*lines, **changes),
        order_id=order.order_id,
        account_id=order.account_id,
        revision=order.quote.revision + 1 if order.quote else 1,
        items=len(order.items),
        today=order.today(at),
    )


def sending(order: Order | None = None, at: datetime = NOW, **changes: Any) -> Order:
    """With a new revision whose mail is still to go out."""
    order = order or claimed(at=at)
    return order.offer(quote_for(order, at, **changes), CLARA, at).order


def held(order: Order | None = None) -> Order:
    """With a new revision that can be undone for a minute."""
    order = order or claimed()
    return order.offer(quote_for(order), CLARA, NOW, HOLD).order


def mailed(order: Order, at: datetime = NOW) -> Order:
    return order_delivery.quote_mailed(order, order.internals.quote_link, KEY_ID, at).order


def offered(order: Order | None = None, at: datetime = NOW, **changes: Any) -> Order:
    """Pending confirmation, the quote's mail gone out."""
    return mailed(sending(order, at, **changes), at)


def asked(order: Order | None = None, text: str = "How soon?", at: datetime = NOW) -> Order:
    """With a quote on offer, and a question about it."""
    return questions.ask(order or offered(), "Connie", text, (), at).order


def waiting_for_hand_over(order: Order | None = None, at: datetime = NOW) -> Order:
    """With a quote on offer, and the wish that Carla decides, which waits for the desk."""
    return hand_over.hand_over(order or offered(), account_of(), CARLA, "Connie", None, at).order


def judged(quote: Quote, body: Json, **policy: Any) -> Judged:
    """What a policy says of the quote that a request has become."""
    return judge(quote, costs_of(body), DiscountPolicy.model_validate(policy))


def proposed(order: Order | None = None, at: datetime = NOW, by: User = CONRAD, **changes: Any) -> Order:
    """With a quote whose discount of half waits for approval, asked for by Conrad."""
    order = order or claimed(at=at)
    lines = [line_of(str(number), discount={"percent": "50"}) for number in range(1, len(order.items) + 1)]
    body = quote_body(*lines, **changes)
    quote = judge_quote(body, revision=order.quote.revision + 1 if order.quote else 1, items=len(order.items))
    figures, reasons = judged(quote, body, percent="20")
    return proposals.propose(order, quote, body, reasons, figures, by, at).order


def expired(at: datetime = NOW, order: Order | None = None) -> Order:
    """Pending confirmation, a day after the last of its quote."""
    order = order or offered(at=at)
    assert order.quote
    end = datetime.combine(order.quote.valid_until + DAY, datetime.min.time(), UTC)
    return order_schedule.tick(order, Policy(), end).order


def standing(status: str) -> Order:
    """An order in the status, by the straightest way."""
    ways: dict[str, Callable[[], Order]] = {
        "submitted": lambda: place().order,
        "in_process": claimed,
        "pending_confirmation": offered,
        "completed": lambda: offered().approve("Connie", NOW).order,
        "canceled": lambda: place().order.withdraw(ANNA, None, NOW).order,
    }
    order = ways[status]()
    assert order.status is Status(status)
    return order


def refused(refusal: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    """The faults by pointer and code, in order."""
    return [(fault.pointer, fault.code) for fault in refusal.value.errors]


def assert_well_kept(before: Order, change: Change) -> None:
    """What holds of every change: its entries go on in sequence, and without one nothing has changed."""
    after, first = change.order, before.internals.sequence + 1
    assert [entry.sequence for entry in change.entries] == list(range(first, first + len(change.entries)))
    assert after.internals.sequence == before.internals.sequence + len(change.entries)
    times = [before.internals.last_entry_at or before.updated_at, *(entry.at for entry in change.entries)]
    assert times == sorted(times)
    assert not change.entries or after.internals.last_entry_at == times[-1]
    assert 0 <= after.version - before.version <= len(change.entries)
    changed = {name for name in Order.model_fields if getattr(before, name) != getattr(after, name)}
    assert not changed & {"order_id", "account_id", "source", "placed_at", "placed_by", "items", "note"}
    if not change.entries:
        assert not changed
    elif changed - {"internals", "handling"}:  # which only the desk sees
        assert after.updated_at == change.entries[-1].at
