"""The outbox: process what follows from a timeline entry, which stays pending until that is done.

An entry is stored as pending (`outstanding`) until its effects are done: the workflow started or resumed, the event
published, the mails queued. An entry that the stream loses stays pending, and the reconciler finds it by that index. An
order whose effects fail is parked: its entries wait, in sequence, for the reconciler, and other orders go on. Every
effect may be repeated.

Statistics, search, figures and quotas come last and delay nothing (see `later_effects`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError

from online_orders.aws import later_effects, quotas, workflow
from online_orders.aws.clients import client, error_code
from online_orders.aws.keys import (
    ENTRY_PREFIX,
    PREFIX_END,
    Item,
    Key,
    OrderKey,
    entry_key,
    order_pk,
    parked_key,
    pending_shard,
)
from online_orders.aws.table import TABLE_ERRORS, call, get, get_all, number, put, query_pages, text, update
from online_orders.clock import now
from online_orders.domain.events import SOURCE
from online_orders.domain.notifications import follower_notifications, notifications
from online_orders.domain.timeline import PUBLISHED, Actor, Event
from online_orders.environment import environment
from online_orders.telemetry import logger, metrics

FIRST_PAUSE, MAX_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_BATCH_SIZE = 10
"""Entries of one PutEvents or SendMessageBatch call."""

T = TypeVar("T")


class BatchRejected(Exception):
    """A batch call accepted only some of its entries."""


class StoredEntry(NamedTuple):
    """A timeline entry as stored in the table and its stream."""

    key: OrderKey
    sequence: int
    event: Event
    detail: str
    data: dict[str, Any]
    actor: Actor
    correlation_id: str | None
    """The correlation id of the request that caused it, directly or through the workflow; None where there was none."""
    internal: bool

    @property
    def is_published(self) -> bool:
        """Return whether the entry goes to the event bus: no internal entry does."""
        return self.event in PUBLISHED and not self.internal

    @classmethod
    def from_item(cls, item: Item) -> "StoredEntry":
        document = json.loads(item["document"]["S"])
        key = OrderKey(item["account_id"]["S"], order_id_from_item(item), item["source"]["S"])
        event = Event(item["event"]["S"])
        correlation_id = item["correlation_id"]["S"] if "correlation_id" in item else None
        detail, data, actor = item["detail"]["S"], document["data"], Actor.model_validate(document["actor"])
        return cls(key, document["sequence"], event, detail, data, actor, correlation_id, document["internal"])


def order_id_from_item(item: Item) -> str:
    """Return the id of the order that an item under ORDER# belongs to."""
    return str(item["pk"]["S"].partition("#")[2])


def in_batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH_SIZE)):
        yield batch


# -- the effects --------------------------------------------------------------------------------------------------


def process_entries(entries: Sequence[StoredEntry]) -> None:
    """Process entries of one order, given in sequence: cause their effects, and clear their pending flags.

    The workflow goes on under the correlation id of the last of them.
    """
    key = entries[0].key
    with logger.append_context_keys(order_id=key.order_id, correlation_id=entries[-1].correlation_id):
        _process_entries(key, entries)


def _process_entries(key: OrderKey, entries: Sequence[StoredEntry]) -> None:
    events = {entry.event for entry in entries}
    if Event.SUBMITTED in events:
        workflow.start(key)
    if events != {Event.SUBMITTED}:
        workflow.resume(key)
    publish(entries)
    enqueue("MAIL_QUEUE_URL", (mail for entry in entries for mail in _mail_messages(entry)))
    _keep_attachments(entries)
    later_effects.run_due(key, events)
    if any(entry.event is Event.COMPLETED and "purchase_order_number" in entry.data for entry in entries):
        later_effects.index_numbered(key)
    first = [entry.event for entry in entries if _clear_pending(key, entry)]
    if Event.SUBMITTED in first and key.source == "online":
        _count_towards_quota(key)


def _clear_pending(key: OrderKey, entry: StoredEntry) -> bool:
    """Clear the pending flag of an entry; return whether it was still set."""
    return update(
        entry_key(key.order_id, entry.sequence),
        "REMOVE outstanding, check_at",
        ConditionExpression="attribute_exists(outstanding)",
    )


def _count_towards_quota(key: OrderKey) -> None:
    """Count an order at most once: counting has no pending flag, so an error only lets the account place one more."""
    try:
        quotas.count_order(key.account_id, now())
    except TABLE_ERRORS:
        logger.exception("an order was not counted towards its account's quota")


def _keep_attachments(entries: Iterable[StoredEntry]) -> None:
    """Keep the files that came with decisions, which the bucket would remove in a week."""
    for entry in entries:
        if entry.event is Event.COMPLETED and (sha256 := entry.data.get("attachment")):
            from online_orders.aws import attachment_store  # which few entries need

            attachment_store.keep_upload(entry.key.order_id, sha256)


def publish(entries: Iterable[StoredEntry]) -> None:
    """Put the published entries on the event bus, with the details that were stored with them; raise BatchRejected."""
    for batch in in_batches(entry for entry in entries if entry.is_published):
        response = client("events").put_events(
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
        if response.get("FailedEntryCount"):
            raise BatchRejected(f"{response['FailedEntryCount']} events were not taken")


def enqueue(url: str, messages: Iterable[dict[str, Any]]) -> None:
    """Put messages on the queue whose URL is in the environment variable `url`; raise BatchRejected."""
    for batch in in_batches(messages):
        response = client("sqs").send_message_batch(
            QueueUrl=environment(url),
            Entries=[{"Id": str(index), "MessageBody": json.dumps(message)} for index, message in enumerate(batch)],
        )
        if response.get("Failed"):
            raise BatchRejected(f"{len(response['Failed'])} messages were not queued")


def _mail_messages(entry: StoredEntry) -> list[dict[str, Any]]:
    return [
        {
            **entry.key._asdict(),
            "sequence": entry.sequence,
            "correlation_id": entry.correlation_id,
            **due._asdict(),
        }
        for due in (
            *notifications(entry.event, entry.data, by=entry.actor, internal=entry.internal, source=entry.key.source),
            *follower_notifications(entry.event),
        )
    ]


# -- parking ------------------------------------------------------------------------------------------------------


class BlockedOrders(NamedTuple):
    """Orders whose new entries must not be processed as they come."""

    parked: set[str]
    behind: set[str]
    """Orders with earlier entries that are still pending: the stream has lost a record."""


def find_blocked(entries: Mapping[str, StoredEntry]) -> BlockedOrders:
    """Return which of up to 50 orders are blocked; `entries` has the first new entry of each.

    Only the entry before it is read: entries are processed in sequence, so it tells about all earlier ones.
    """
    parked = {order_id: parked_key(order_id) for order_id in entries}
    last = {id_: entry_key(id_, entry.sequence - 1) for id_, entry in entries.items() if entry.sequence > 1}
    found = get_all([*parked.values(), *last.values()])
    pending = {order_id for order_id, key in last.items() if "outstanding" in (found.get(key) or {})}
    return BlockedOrders({order_id for order_id, key in parked.items() if found.get(key)}, pending)


def park(order_id: str, error: Exception, correlation_id: str | None = None) -> datetime:
    """Let an order wait for the reconciler, longer after each failure; return until when."""
    existing = get(parked_key(order_id))
    tries = int(existing["tries"]["N"]) + 1 if existing else 1
    until: datetime = now() + min(MAX_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 10))
    code = error_code(error) if isinstance(error, ClientError) else type(error).__name__
    put(
        {
            **parked_key(order_id),
            "fault": text(code),
            "tries": number(tries),
            "outstanding": text(pending_shard(order_id)),
            "check_at": number(int(until.timestamp())),
        }
    )
    about = {"order_id": order_id, "correlation_id": correlation_id, "tries": tries}
    logger.error("parked", exc_info=error, extra=about)
    metrics.add_metric("OrdersParked", MetricUnit.Count, 1)
    return until


def process_or_park(entries: Sequence[StoredEntry]) -> None:
    """Process entries of one order, or park it: an error with one order must not delay the others."""
    try:
        process_entries(entries)
    except Exception as error:  # noqa: BLE001 - logged, stored in the table, counted
        park(entries[0].key.order_id, error, entries[-1].correlation_id)


# -- repairing ------------------------------------------------------------------------------------------------------


def pending_entries(order_id: str) -> list[Item]:
    """Return the pending entries of an order, in sequence."""
    pages = query_pages(
        order_pk(order_id), ENTRY_PREFIX, ENTRY_PREFIX + PREFIX_END, FilterExpression="attribute_exists(outstanding)"
    )
    return [item for page in pages for item in page]


def repair_entries(order_id: str) -> int:
    """Process the pending entries of an order and unpark it; return how many there were. Park it again on an error."""
    items = pending_entries(order_id)
    try:
        if items:
            process_entries([StoredEntry.from_item(item) for item in items])
        call("delete_item", Key=parked_key(order_id))
    except Exception as error:  # noqa: BLE001 - as when it was parked first
        until = park(order_id, error)
        for item in items:
            key = {"pk": item["pk"], "sk": item["sk"]}
            update(key, "SET check_at = :until", {":until": number(int(until.timestamp()))})
        return 0
    metrics.add_metric("EntriesRepaired", MetricUnit.Count, len(items))
    return len(items)


def due_items(shard: str, at: datetime, limit: int) -> list[Item]:
    """Return the keys of what was due before `at`, the longest overdue first."""
    response = call(
        "query",
        IndexName="outstanding",
        KeyConditionExpression="outstanding = :shard AND check_at <= :now",
        ExpressionAttributeValues={":shard": text(shard), ":now": number(int(at.timestamp()))},
        Limit=limit,
    )
    items: list[Item] = response["Items"]
    return items


def newest_pending_items(shard: str, limit: int, after: Key | None) -> tuple[list[Item], Key | None]:
    """Return the keys of what is pending, the latest due first, and where the next page begins (None: the last).

    A repaired item gets a later date or is no longer pending, so it does not come again on a further page.
    """
    response = call(
        "query",
        IndexName="outstanding",
        KeyConditionExpression="outstanding = :shard",
        ExpressionAttributeValues={":shard": text(shard)},
        ScanIndexForward=False,
        Limit=limit,
        **({"ExclusiveStartKey": after} if after else {}),
    )
    return response["Items"], response.get("LastEvaluatedKey")
