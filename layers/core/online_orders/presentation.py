"""What the outside sees of an order."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Literal

from online_orders.estimates import History, estimated_start
from online_orders.orders import Order, Policy
from online_orders.quotes import DECIDABLE, Quote, QuoteState
from online_orders.timeline import Entry
from online_orders.values import instant_text

USUAL = Policy()
Flag = Literal["enrollment_suspended", "contact_complained", "fresh_quote_asked"]


def quote_body(quote: Quote, today: date) -> dict[str, Any]:
    """A revision as it is now: one that is past its last day is expired, whether or not the workflow has noticed."""
    return _quote_on(quote.model_dump(mode="json"), quote, today)


def _quote_on(body: dict[str, Any], quote: Quote, today: date) -> dict[str, Any]:
    if quote.state in DECIDABLE and quote.is_past(today):
        body["state"] = QuoteState.EXPIRED.value
    return body


def order_body(order: Order, history: History, at: datetime) -> dict[str, Any]:
    # In one go: to dump a part of its own takes a serializer of its own, which a cold start would have to build.
    body = order.model_dump(mode="json", exclude={"marks"})
    items, quote = body.pop("items"), body.pop("quote")
    today, confirmed = order.today(at), order.confirmed_start_dates
    body["items"] = []
    for number, (item, asked) in enumerate(zip(order.items, items, strict=True), start=1):
        item_id = str(number)
        day = confirmed.get(item_id)
        estimate = estimated_start(item.kind, order.status, item.start_date, day, history, today)
        body["items"].append(
            {
                "item_id": item_id,
                **asked,
                "status": order.status.value,
                "confirmed_start_date": day.isoformat() if day else None,
                "estimated_start": {**estimate._asdict(), "date": estimate.date.isoformat()},
            }
        )
    body["quote"] = _quote_on(quote, order.quote, today) if order.quote else None
    return body


def flags_of(order: Order) -> list[Flag]:
    """What Customer Success should know before it does anything about an open order."""
    marks = order.marks
    raised: dict[Flag, bool] = {
        "enrollment_suspended": marks.suspended_since is not None,
        "contact_complained": 0 < marks.quote_link == marks.complained_link,
        "fresh_quote_asked": order.is_fresh_quote_asked,
    }
    return [flag for flag, is_raised in raised.items() if is_raised] if order.is_open else []


def desk_row(order: Order, history: History, at: datetime, policy: Policy = USUAL) -> dict[str, Any]:
    """As the customer sees it, how long it has been there, and what is to be known of it."""
    late_after = order.late_after(policy)
    return {
        **order_body(order, history, at),
        "age_seconds": max(0, int((at - order.placed_at).total_seconds())),
        "late_after": instant_text(late_after) if late_after else None,
        "flags": flags_of(order),
        "delivery": order.delivery.model_dump(mode="json") if order.delivery else None,
        "undo_until": instant_text(order.undo_until) if order.undo_until else None,
    }


def entry_body(entry: Entry) -> dict[str, Any]:
    return entry.model_dump(mode="json")


def as_json(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
