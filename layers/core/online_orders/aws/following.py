"""What must follow from a timeline entry, and the marks by which none is forgotten.

An entry is stored with a mark, `outstanding`, that is taken away once everything that follows from it was done: the
workflow started or woken, the event published, the mails queued. What the stream loses keeps its mark, and the
reconciler finds it by the index of marks. An order whose effects fail is parked: its entries wait, in their order,
for the reconciler, and the others go on. Every effect may be repeated.

Statistics and quotas come last and hold up nothing: an order that cannot be counted now gets a mark of its own for
that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError

from online_orders.announcements import announcements
from online_orders.aws import history, pace, workflow
from online_orders.aws.clients import client
from online_orders.aws.dynamodb import TABLE_ERRORS, call, get, get_all, number, put, text, update
from online_orders.aws.environment import environment
from online_orders.aws.keys import (
    BEYOND,
    ENTRY_PREFIX,
    Item,
    Key,
    OrderKey,
    entry_key,
    order_pk,
    outstanding_shard,
    parked_key,
    statistics_key,
)
from online_orders.aws.marks import done_or_left
from online_orders.aws.orders import get_any_order, get_order
from online_orders.clock import now
from online_orders.events import SOURCE
from online_orders.orders import Order
from online_orders.telemetry import logger, metrics
from online_orders.timeline import PUBLISHED, Actor, Event

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
COUNTED_LATER = timedelta(minutes=15)
_AT_ONCE = 10
"""Entries of one PutEvents or SendMessageBatch call."""

Thing = TypeVar("Thing")


class Refused(Exception):
    """A batch call took some of its entries only."""


class StoredEntry(NamedTuple):
    """A timeline entry as the table and its stream have it."""

    at: OrderKey
    sequence: int
    event: Event
    detail: str
    data: dict[str, Any]
    actor: Actor
    correlation_id: str | None
    """Of the request that it came from, or that led there; None where the system knew of none."""
    internal: bool

    @property
    def is_published(self) -> bool:
        """Whether the bus hears of it: of no internal entry."""
        return self.event in PUBLISHED and not self.internal

    @classmethod
    def of(cls, item: Item) -> StoredEntry:
        document = json.loads(item["document"]["S"])
        at = OrderKey(item["account_id"]["S"], order_id_in(item), item["source"]["S"])
        event = Event(item["event"]["S"])
        correlation_id = item["correlation_id"]["S"] if "correlation_id" in item else None
        detail, data, actor = item["detail"]["S"], document["data"], Actor.model_validate(document["actor"])
        return cls(at, document["sequence"], event, detail, data, actor, correlation_id, document["internal"])


def order_id_in(item: Item) -> str:
    """The order that an item under ORDER# belongs to."""
    return str(item["pk"]["S"].partition("#")[2])


def in_batches(things: Iterable[Thing]) -> Iterator[list[Thing]]:
    rest = iter(things)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch


# -- the effects --------------------------------------------------------------------------------------------------


def follow(entries: Sequence[StoredEntry]) -> None:
    """Do what follows from entries of one order, given in sequence, and take their marks away.

    What the workflow does then carries the correlation id of the last of them.
    """
    at = entries[0].at
    with logger.append_context_keys(order_id=at.order_id, correlation_id=entries[-1].correlation_id):
        _follow(at, entries)


def _follow(at: OrderKey, entries: Sequence[StoredEntry]) -> None:
    events = {entry.event for entry in entries}
    if Event.SUBMITTED in events:
        workflow.start(at)
    if events != {Event.SUBMITTED}:
        workflow.wake(at)
    publish(entries)
    enqueue("MAIL_QUEUE_URL", (mail for entry in entries for mail in _mails_of(entry)))
    if Event.COMPLETED in events:
        _count_or_postpone(at.order_id, partial(get_order, at))
    first = [entry.event for entry in entries if _take_mark_away(at, entry)]
    if Event.SUBMITTED in first and at.source == "online":
        _count_towards_quota(at)


def _take_mark_away(at: OrderKey, entry: StoredEntry) -> bool:
    """Whether the entry still had its mark."""
    return update(
        entry_key(at.order_id, entry.sequence),
        "REMOVE outstanding, check_at",
        ConditionExpression="attribute_exists(outstanding)",
    )


def _count_towards_quota(at: OrderKey) -> None:
    """Once at most, for counting has no mark: what fails here is in the account's favor."""
    try:
        pace.count(at.account_id, now())
    except TABLE_ERRORS:
        logger.exception("an order was not counted towards its account's hour")


def _count_or_postpone(order_id: str, load: Callable[[], Order]) -> bool:
    """Count a completed order in the history behind the estimates, or have the reconciler do so later: False."""
    is_counted = done_or_left(
        lambda: history.count(load()), "an order is to be counted later", "OrdersCountedLater", order_id=order_id
    )
    if not is_counted:
        history.postpone(order_id, now() + COUNTED_LATER)
    return is_counted


def publish(entries: Iterable[StoredEntry]) -> None:
    """Put what is for the outside on the bus, as it stood when the entry was stored."""
    for batch in in_batches(entry for entry in entries if entry.is_published):
        said = client("events").put_events(
            Entries=[
                {
                    "EventBusName": environment("EVENT_BUS_NAME"),
                    "Source": SOURCE,
                    "DetailType": entry.event.value,
                    "Detail": entry.detail,
                }
                for entry in batch
            ]
        )
        if said.get("FailedEntryCount"):
            raise Refused(f"{said['FailedEntryCount']} events were not taken")


def enqueue(url: str, messages: Iterable[dict[str, Any]]) -> None:
    """Put messages on the queue whose address stands in the variable `url`."""
    for batch in in_batches(messages):
        said = client("sqs").send_message_batch(
            QueueUrl=environment(url),
            Entries=[{"Id": str(place), "MessageBody": json.dumps(message)} for place, message in enumerate(batch)],
        )
        if said.get("Failed"):
            raise Refused(f"{len(said['Failed'])} messages were not queued")


def _mails_of(entry: StoredEntry) -> list[dict[str, Any]]:
    return [
        {
            **entry.at._asdict(),
            "sequence": entry.sequence,
            "correlation_id": entry.correlation_id,
            **due._asdict(),
        }
        for due in announcements(
            entry.event, entry.data, by=entry.actor, internal=entry.internal, source=entry.at.source
        )
    ]


# -- parking ------------------------------------------------------------------------------------------------------


class Waiting(NamedTuple):
    """Orders whose new entries must not be followed by themselves."""

    parked: set[str]
    behind: set[str]
    """Those of whose earlier entries something is still to follow: the stream has lost a record."""


def waiting_among(entries: Mapping[str, StoredEntry]) -> Waiting:
    """Return which of up to 50 orders wait, each given with the first of its entries that have come.

    Of the earlier ones the last is looked at: entries are followed in sequence, so it tells of all.
    """
    parked = {order_id: parked_key(order_id) for order_id in entries}
    last = {id_: entry_key(id_, entry.sequence - 1) for id_, entry in entries.items() if entry.sequence > 1}
    found = get_all([*parked.values(), *last.values()])
    pending = {order_id for order_id, key in last.items() if "outstanding" in (found.under(key) or {})}
    return Waiting({order_id for order_id, key in parked.items() if found.under(key)}, pending)


def park(order_id: str, fault: Exception, correlation_id: str | None = None) -> datetime:
    """Let an order wait for the reconciler; answers until when. A further failure makes it wait longer."""
    standing = get(parked_key(order_id))
    tries = int(standing["tries"]["N"]) + 1 if standing else 1
    until: datetime = now() + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 10))
    code = fault.response["Error"]["Code"] if isinstance(fault, ClientError) else type(fault).__name__
    put(
        {
            **parked_key(order_id),
            "fault": text(code),
            "tries": number(tries),
            "outstanding": text(outstanding_shard(order_id)),
            "check_at": number(int(until.timestamp())),
        }
    )
    about = {"order_id": order_id, "correlation_id": correlation_id, "tries": tries}
    logger.error("parked", exc_info=fault, extra=about)
    metrics.add_metric("OrdersParked", MetricUnit.Count, 1)
    return until


def follow_or_park(entries: Sequence[StoredEntry]) -> None:
    """Follow entries of one order; whatever is wrong with it must not hold up the others."""
    try:
        follow(entries)
    except Exception as fault:  # noqa: BLE001 - told of in the log, kept in the table, counted
        park(entries[0].at.order_id, fault, entries[-1].correlation_id)


# -- mending ------------------------------------------------------------------------------------------------------


def outstanding_entries(order_id: str) -> list[Item]:
    """The entries of an order that still have their mark, in sequence."""
    found: list[Item] = []
    start: dict[str, Key] = {}
    while True:
        answer = call(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            FilterExpression="attribute_exists(outstanding)",
            ExpressionAttributeValues={
                ":pk": text(order_pk(order_id)),
                ":first": text(ENTRY_PREFIX),
                ":last": text(ENTRY_PREFIX + BEYOND),
            },
            ConsistentRead=True,
            **start,
        )
        found += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return found
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def mend(order_id: str) -> int:
    """Follow what is outstanding of an order, and unpark it; answers how many entries. Parks it again on a fault."""
    items = outstanding_entries(order_id)
    try:
        if items:
            follow([StoredEntry.of(item) for item in items])
        call("delete_item", Key=parked_key(order_id))
    except Exception as fault:  # noqa: BLE001 - as when it was parked first
        until = park(order_id, fault)
        for item in items:
            key = {"pk": item["pk"], "sk": item["sk"]}
            update(key, "SET check_at = :until", {":until": number(int(until.timestamp()))})
        return 0
    metrics.add_metric("EntriesMended", MetricUnit.Count, len(items))
    return len(items)


def count_postponed(order_id: str) -> None:
    """Count an order whose counting was put off, if it still is; puts it off again on a fault."""
    if get(statistics_key(order_id)) and _count_or_postpone(order_id, partial(get_any_order, order_id)):
        call("delete_item", Key=statistics_key(order_id))


def due_marks(shard: str, at: datetime, limit: int) -> list[Item]:
    """Keys of what should have been done by `at`, the longest overdue first."""
    answer = call(
        "query",
        IndexName="outstanding",
        KeyConditionExpression="outstanding = :shard AND check_at <= :now",
        ExpressionAttributeValues={":shard": text(shard), ":now": number(int(at.timestamp()))},
        Limit=limit,
    )
    items: list[Item] = answer["Items"]
    return items


def newest_marks(shard: str, limit: int, after: Key | None) -> tuple[list[Item], Key | None]:
    """Keys of what is marked, due or not, the latest due first, and where the next page begins (None: the last).

    What is looked after on the way gets a later mark or none, so it lies behind and does not come again.
    """
    answer = call(
        "query",
        IndexName="outstanding",
        KeyConditionExpression="outstanding = :shard",
        ExpressionAttributeValues={":shard": text(shard)},
        ScanIndexForward=False,
        Limit=limit,
        **({"ExclusiveStartKey": after} if after else {}),
    )
    return answer["Items"], answer.get("LastEvaluatedKey")
