"""Convert an order and its parts to the bodies of the API."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from online_orders.domain import order_schedule
from online_orders.domain.catalog import QUANTITY, Item, shipped_words, word_keys, words_among
from online_orders.domain.duplicates import Code, Duplicate
from online_orders.domain.estimates import History, estimated_start
from online_orders.domain.order_numbers import number_of
from online_orders.domain.order_schedule import Policy
from online_orders.domain.order_status import DISCOUNT_ACTIONS
from online_orders.domain.orders import Order
from online_orders.domain.quotes import DECIDABLE, Quote, QuoteState
from online_orders.domain.system_reasons import system_reason
from online_orders.domain.timeline import Entry
from online_orders.domain.values import instant_text

if TYPE_CHECKING:
    from online_orders.domain.later_parts import Handling
    from online_orders.domain.proposals import Proposal

DEFAULT_POLICY = Policy()
Flag = Literal[
    "enrollment_suspended",
    "contact_complained",
    "fresh_quote_asked",
    "question_open",
    "hand_over_asked",
    "follow_up_due",
    "discount_asked",
]


def quote_body(quote: Quote, day: date) -> dict[str, Any]:
    """Return a revision as it is now: past its last day it is expired, whether or not the workflow has recorded that.

    `day` is the order's `quote_day`.
    """
    return _quote_on(quote.model_dump(mode="json"), quote, day)


def _quote_on(body: dict[str, Any], quote: Quote, day: date) -> dict[str, Any]:
    if quote.state in DECIDABLE and quote.is_past(day):
        body["state"] = QuoteState.EXPIRED.value
    return body


def order_body(
    order: Order, history: History, at: datetime, *, at_desk: bool = False, may_act: bool = True
) -> dict[str, Any]:
    """Return the order as customers see it or, `at_desk`, as Customer Success does, which sees direct orders too.

    Its actions are none unless the caller `may_act`.
    """
    # In one go: dumping a part by itself takes a serializer of its own, which a cold start would have to build.
    body = {
        "order_id": order.order_id,
        "number": number_of(order.order_id),
        **order.model_dump(mode="json", exclude={"internals", "snapshot", "duplicates", "handling"}),
    }
    items, quote = body.pop("items"), body.pop("quote")
    today, confirmed, passed = order.today(at), order.confirmed_start_dates, order.passed_starts(at)
    body["items"] = []
    for number, (item, requested) in enumerate(zip(order.items, items, strict=True), start=1):
        item_id = str(number)
        requested["start_date"] = requested.pop("start_date")  # after the settings, as in the catalog's schemas
        day = confirmed.get(item_id)
        estimate = estimated_start(item.kind, order.status, item.start_date, day, history, today)
        body["items"].append(
            {
                "item_id": item_id,
                **requested,
                "status": order.status.value,
                **_as_ordered(order, item),
                "confirmed_start_date": day.isoformat() if day else None,
                **({"start_passed": True} if item_id in passed else {}),
                "estimated_start": {**estimate._asdict(), "date": estimate.date.isoformat()},
            }
        )
    body["quote"] = _quote_on(quote, order.quote, order.quote_day(at)) if order.quote else None
    body["actions"] = order.actions(at, at_desk=at_desk) if may_act else []
    if order.duplicates:
        body["warnings"] = [warning_body(each, at_desk=at_desk) for each in order.duplicates]
    return body


_WARNINGS: dict[Code, str] = {
    "already_ordered": "Another order of the account asks for this already and is open.",
    "recently_completed": "Another order for this was approved lately; the site's license does not show it yet.",
}


def warning_body(duplicate: Duplicate, *, at_desk: bool) -> dict[str, Any]:
    """Return the warning of a duplicate; customers do not get the id of one that reached Customer Success directly."""
    return {
        "pointer": f"/items/{int(duplicate.item_id) - 1}",
        "code": duplicate.code,
        "detail": _WARNINGS[duplicate.code],
        "order_id": duplicate.order_id if at_desk or duplicate.source == "online" else None,
        "placed_at": instant_text(duplicate.placed_at),
    }


_OWN_LABELS = {"summary", QUANTITY}
"""Labels that are shown only where they differ themselves."""


def _as_ordered(order: Order, item: Item) -> dict[str, Any]:
    """Return the snapshot's part of an item: `site`, and as `labels` the words of a catalog that differ from those of
    the one that ships.

    Both are omitted where there is nothing to show: in an order from before snapshots, without a site, and while the
    words are those that ship. Labels are by language and by `kind`, `summary`, and the names of settings; `quantity`
    has its unit.
    """
    kept: dict[str, Any] = {}
    if site := order.site_of(item):
        kept["site"] = {"name": site.name, "address": site.address}
    labels, keys = {}, word_keys(item)
    for language, of_order in (order.snapshot.words if order.snapshot else {}).items():
        words, present = words_among(of_order, keys), shipped_words(item, language)
        if not words.items() <= present.items():
            labels[language] = {
                name: word for name, word in words.items() if name not in _OWN_LABELS or word != present.get(name)
            }
    return {**kept, "labels": labels} if labels else kept


def flags_of(order: Order, at: datetime) -> list[Flag]:
    """Return what Customer Success is to know about an open order."""
    internals = order.internals
    raised: dict[Flag, bool] = {
        "enrollment_suspended": internals.suspended_since is not None,
        "contact_complained": 0 < internals.quote_link == internals.complained_link,
        "fresh_quote_asked": order.is_fresh_quote_asked,
        "question_open": bool(order.open_questions),
        "hand_over_asked": order.pending_hand_over is not None,
        "follow_up_due": order.is_follow_up_due(at),
        "discount_asked": order.proposal is not None,
    }
    return [flag for flag, is_raised in raised.items() if is_raised] if order.is_open else []


def desk_row(
    order: Order,
    history: History,
    at: datetime,
    policy: Policy = DEFAULT_POLICY,
    *,
    may_act: bool = True,
    may_approve: bool = False,
) -> dict[str, Any]:
    """Return the order as the customer sees it, with its age and what the desk needs to know about it.

    `may_approve`: the caller may decide on discounts, too.
    """
    late_after = order_schedule.late_after(order, policy)
    body = order_body(order, history, at, at_desk=True, may_act=may_act)
    if not may_approve:
        body["actions"] = [action for action in body["actions"] if action not in DISCOUNT_ACTIONS]
    named, hand_over = order.snapshot and order.snapshot.account_name, order.pending_hand_over
    return {
        **body,
        **({"account_name": named} if named else {}),
        "age_seconds": max(0, int((at - order.placed_at).total_seconds())),
        "late_after": instant_text(late_after) if late_after else None,
        "flags": flags_of(order, at),
        "waits_for_contact": order.lacks_contact,
        "delivery": order.delivery.model_dump(mode="json") if order.delivery else None,
        "undo_until": instant_text(order.undo_until) if order.undo_until else None,
        **({"hand_over": hand_over.model_dump(mode="json")} if hand_over else {}),
        **({"proposal": _proposal_body(order.proposal)} if order.proposal else {}),
        "handling": _handling_body(order.handling),
    }


def _proposal_body(proposal: Proposal) -> dict[str, Any]:
    return proposal.model_dump(mode="json", exclude={"request"})


def _handling_body(handling: Handling | None) -> dict[str, Any]:
    if handling is None:
        return {"team": None, "priority": "normal", "follow_up_on": None, "note": None}
    day = handling.follow_up_on
    return {
        "team": handling.team,
        "priority": handling.priority,
        "follow_up_on": day.isoformat() if day else None,
        "note": handling.note,
    }


def entry_body(entry: Entry) -> dict[str, Any]:
    """Return the entry; a reason of the system's own has its code, also where an earlier release stored
    only the text.
    """
    body = entry.model_dump(mode="json")
    if entry.actor.kind == "system" and (reason := system_reason(entry.data.get("reason"))):
        body["data"]["code"] = reason.code
    return body


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # `json.dumps` makes one for each text


def to_json(body: Any) -> str:
    return _encoder.encode(body)
