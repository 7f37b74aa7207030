"""Publish past events again; the event's detail is stored with its timeline entry.

So a replayed event has the status, version and totals of its time, and the `event_id` by which consumers recognize it.
"""

import re
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StringConstraints, model_validator

from online_orders.aws import account_store, order_queries, order_store
from online_orders.aws.keys import ENTRY_PREFIX, PREFIX_END, entry_key, order_pk
from online_orders.aws.outbox import StoredEntry, publish
from online_orders.aws.table import query_range
from online_orders.domain.order_ids import ORDER_ID
from online_orders.domain.values import Day, Identifier, Request

ENTRIES_BATCH_SIZE = 500
"""Timeline entries that one call examines, published or not."""
ORDERS_BATCH_SIZE = 25
_POSITION = re.compile(rf"^({ORDER_ID.strip('^$')})(?:-(\d{{1,9}}))?$")


class Replay(Request):
    """Which events to publish again: those of one order, or of the orders that an account placed on some days."""

    order_id: str | None = None
    account_id: Identifier | None = None
    first_day: Annotated[Day | None, Field(alias="from")] = None
    """Of placing, in UTC, like the next; None: from the first order, to the last."""
    last_day: Annotated[Day | None, Field(alias="to")] = None
    after: Annotated[str | None, StringConstraints(pattern=_POSITION.pattern)] = None
    """An `event_id`, or an order's id: the replay continues after it, oldest order first."""
    dry_run: bool = False

    @model_validator(mode="after")
    def _names_one(self) -> "Replay":
        if (self.order_id is None) == (self.account_id is None):
            raise ValueError("name an order_id or an account_id")
        if self.order_id is not None and (self.first_day or self.last_day):
            raise ValueError("from and to are for an account_id")
        return self

    def next_payload(self, after: str) -> dict[str, Any]:
        """Return the payload of the next call."""
        requested = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {**requested, "after": after}


class Replayed(NamedTuple):
    """What one call did, and the payload of the next call (None: that was all)."""

    orders: int
    events: int
    next: dict[str, Any] | None


class _EntryPage(NamedTuple):
    """Entries of an order, and the `event_id` at which the page ended before the order did."""

    entries: list[StoredEntry]
    stopped_at: str | None


def replay(request: Replay) -> Replayed:
    """Publish the next of the events that are asked for; raise NotFound for an unknown order or account."""
    begun, done = _position(request)
    order_ids, later = _order_ids(request, begun)
    found: dict[str, list[StoredEntry]] = {}
    left = ENTRIES_BATCH_SIZE
    for order_id in order_ids:
        entries, stopped_at = _entries(order_id, done if order_id == begun else 0, left)
        found[order_id] = [entry for entry in entries if entry.is_published]
        left -= len(entries)
        if stopped_at or (not left and order_id != order_ids[-1]):
            later = stopped_at or order_id
            break
    if not request.dry_run:
        publish(entry for entries in found.values() for entry in entries)
    events = sum(map(len, found.values()))
    return Replayed(sum(map(bool, found.values())), events, request.next_payload(later) if later else None)


def _position(request: Replay) -> tuple[str | None, int]:
    """Return the order that was begun, with the sequence number up to which it is done; None and 0 where none was
    begun.
    """
    match = _POSITION.match(request.after or "")
    if not match or match[2] is None:
        return None, 0
    return match[1], int(match[2])


def _order_ids(request: Replay, begun: str | None) -> tuple[list[str], str | None]:
    """Return the ids of the next orders, and the last of them if there are more."""
    if request.order_id is not None:
        return [order_store.locate_order(request.order_id).order_id], None
    account = account_store.get_account(str(request.account_id))
    order_filter = order_queries.OrderFilter(
        account_id=account.account_id, first_day=request.first_day, last_day=request.last_day
    )
    page = order_queries.list_desk_orders(order_filter, ORDERS_BATCH_SIZE, begun or request.after)
    rest = [begun] if begun else []
    return [*rest, *(order.order_id for order in page.orders)], page.position


def _entries(order_id: str, after: int, limit: int) -> _EntryPage:
    first = entry_key(order_id, after + 1)["sk"]["S"]
    response = query_range(order_pk(order_id), first, ENTRY_PREFIX + PREFIX_END, Limit=limit)
    entries = [StoredEntry.from_item(item) for item in response["Items"]]
    has_more = "LastEvaluatedKey" in response
    return _EntryPage(entries, f"{order_id}-{entries[-1].sequence}" if has_more and entries else None)
