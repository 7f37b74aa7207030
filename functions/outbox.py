"""The table's stream: everything that must follow from what was stored. At least once, in order per order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders.aws.following import StoredEntry, enqueue, follow_or_park, order_id_in, park, parked_among
from online_orders.aws.keys import ACCOUNT_SK, ENTRY_PREFIX, REPORT_PREFIX
from online_orders.telemetry import discreet, logger, metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def _report_mail(image: dict[str, Any]) -> dict[str, Any]:
    document = json.loads(image["document"]["S"])
    return {"kind": "contact_report", "account_id": document["account_id"], "report_id": document["report_id"]}


def _account_changes(record: dict[str, Any]) -> list[dict[str, Any]]:
    """What the orders of an account must follow: another enrollment, language or time zone, another reseller."""
    image, before = record["NewImage"], record.get("OldImage")
    if image["sk"]["S"] != ACCOUNT_SK or before is None:
        return []
    old, new = [json.loads(each["document"]["S"]) for each in (before, image)]
    about = {
        "account_id": new["account_id"],
        "version": int(image["version"]["N"]),
        "by": image["changed_by"]["S"],
    }
    changes = []
    if old["enrollment"] != new["enrollment"]:
        contacts = [(account["enrollment"] or {}).get("contact") for account in (old, new)]
        changes.append({**about, "kind": "enrollment", "old": contacts[0], "new": contacts[1]})
    elif any(old[name] != new[name] for name in ("locale", "time_zone")):
        changes.append({**about, "kind": "settings"})
    if old["parent_account_id"] != new["parent_account_id"]:
        changes.append({**about, "kind": "parent"})
    return changes


def _by_order(images: list[dict[str, Any]]) -> dict[str, list[StoredEntry]]:
    """New entries by order, in sequence; an order with one that cannot be read is parked and left out."""
    found: dict[str, list[StoredEntry]] = {}
    unreadable: set[str] = set()
    for image in images:
        order_id = order_id_in(image)
        try:
            found.setdefault(order_id, []).append(StoredEntry.of(image))
        except (KeyError, ValueError) as fault:
            park(order_id, fault)
            unreadable.add(order_id)
    return {order_id: entries for order_id, entries in found.items() if order_id not in unreadable}


@discreet
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Follow a batch of stream records (the mapping lets through new timeline entries, contact reports, and
    changed accounts). What cannot be followed or parked makes the batch come again."""
    records = [record["dynamodb"] for record in event["Records"]]
    images = [record["NewImage"] for record in records]
    # One that comes without its mark was followed before: a backup that is put back brings it again.
    entries = _by_order([each for each in images if each["sk"]["S"].startswith(ENTRY_PREFIX) and "outstanding" in each])
    waiting = parked_among(entries)
    for order_id, of_order in entries.items():
        if order_id not in waiting:
            for entry in of_order:
                said = {"order_id": order_id, "sequence": entry.sequence, "event": entry.event.value}
                logger.info("follow", extra={**said, "correlation_id": entry.correlation_id})
            follow_or_park(of_order)
    enqueue("MAIL_QUEUE_URL", [_report_mail(image) for image in images if image["sk"]["S"].startswith(REPORT_PREFIX)])
    enqueue("ACCOUNT_CHANGES_URL", [change for record in records for change in _account_changes(record)])
    metrics.add_metric("EntriesFollowed", MetricUnit.Count, sum(map(len, entries.values())))
