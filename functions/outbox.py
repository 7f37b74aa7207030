"""The table's stream: everything that must follow from what was stored. At least once, in order per order.

For each new timeline entry: start the workflow or let it go on, publish the event, queue the mails. A record that
fails makes the whole batch come again; every effect may be repeated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from online_orders.announcements import announcements
from online_orders.aws import history, workflow
from online_orders.aws.clients import client, environment
from online_orders.aws.keys import ACCOUNT_SK, ENTRY_PREFIX, REPORT_PREFIX, OrderKey
from online_orders.aws.orders import get_order
from online_orders.events import SOURCE
from online_orders.telemetry import logger, metrics
from online_orders.timeline import PUBLISHED, Event

_AT_ONCE = 10
"""Entries of one PutEvents or SendMessageBatch call."""

Thing = TypeVar("Thing")


class Refused(Exception):
    """A batch call took some of its entries only."""


class NewEntry(NamedTuple):
    """A timeline entry as the stream brings it."""

    at: OrderKey
    sequence: int
    event: Event
    detail: str
    data: dict[str, Any]


def _entry(image: dict[str, Any]) -> NewEntry:
    document = json.loads(image["document"]["S"])
    at = OrderKey(image["account_id"]["S"], image["pk"]["S"].partition("#")[2], image["source"]["S"])
    return NewEntry(at, document["sequence"], Event(image["event"]["S"]), image["detail"]["S"], document["data"])


def _batches(things: list[Thing]) -> Iterator[list[Thing]]:
    rest = iter(things)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch


def _publish(entries: list[NewEntry]) -> None:
    published = [entry for entry in entries if entry.event in PUBLISHED]
    for batch in _batches(published):
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


def _queue(url: str, messages: list[dict[str, Any]]) -> None:
    for batch in _batches(messages):
        said = client("sqs").send_message_batch(
            QueueUrl=environment(url),
            Entries=[{"Id": str(number), "MessageBody": json.dumps(message)} for number, message in enumerate(batch)],
        )
        if said.get("Failed"):
            raise Refused(f"{len(said['Failed'])} messages were not queued")


def _mails_of(entry: NewEntry) -> list[dict[str, Any]]:
    return [
        {**entry.at._asdict(), "sequence": entry.sequence, **due._asdict()}
        for due in announcements(entry.event, entry.data)
    ]


def _report_mail(image: dict[str, Any]) -> dict[str, Any]:
    document = json.loads(image["document"]["S"])
    return {"kind": "contact_report", "account_id": document["account_id"], "report_id": document["report_id"]}


def _contact_change(record: dict[str, Any]) -> dict[str, Any] | None:
    """What the orders of an account must hear, when its contact person is another one than before."""
    image, before = record["NewImage"], record.get("OldImage")
    if image["sk"]["S"] != ACCOUNT_SK or before is None:
        return None
    accounts = [json.loads(each["document"]["S"]) for each in (before, image)]
    old, new = [(account["enrollment"] or {}).get("contact") for account in accounts]
    if new is None or old == new:
        return None
    return {
        "account_id": accounts[1]["account_id"],
        "version": int(image["version"]["N"]),
        "by": image["changed_by"]["S"],
        "old": old,
        "new": new,
    }


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Follow a batch of stream records (the mapping lets through new timeline entries, contact reports, and
    changed accounts)."""
    records = [record["dynamodb"] for record in event["Records"]]
    images = [record["NewImage"] for record in records]
    entries = [_entry(image) for image in images if image["sk"]["S"].startswith(ENTRY_PREFIX)]
    changes = [change for record in records if (change := _contact_change(record))]
    reports = [_report_mail(image) for image in images if image["sk"]["S"].startswith(REPORT_PREFIX)]
    for entry in entries:
        logger.info("follow", extra={"order_id": entry.at.order_id, "sequence": entry.sequence, "event": entry.event})
        if entry.event is Event.SUBMITTED:
            workflow.start(entry.at)
        else:
            workflow.wake(entry.at)
        if entry.event is Event.COMPLETED:
            history.count(get_order(entry.at))
    _publish(entries)
    _queue("MAIL_QUEUE_URL", [*(mail for entry in entries for mail in _mails_of(entry)), *reports])
    _queue("CONTACT_CHANGES_URL", changes)
    metrics.add_metric("EntriesFollowed", MetricUnit.Count, len(entries))
