"""Read the table's stream and process what follows from each stored entry: at least once, in sequence per order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders.aws import account_outbox
from online_orders.aws.keys import ENTRY_PREFIX
from online_orders.aws.outbox import (
    StoredEntry,
    find_blocked,
    order_id_from_item,
    park,
    process_or_park,
    repair_entries,
)
from online_orders.telemetry import logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def _by_order(images: list[dict[str, Any]]) -> dict[str, list[StoredEntry]]:
    """Return new entries by order, in sequence; park and leave out an order with an entry that cannot be parsed."""
    found: dict[str, list[StoredEntry]] = {}
    unreadable: set[str] = set()
    for image in images:
        order_id = order_id_from_item(image)
        try:
            found.setdefault(order_id, []).append(StoredEntry.from_item(image))
        except (KeyError, ValueError) as error:
            park(order_id, error)
            unreadable.add(order_id)
    return {
        order_id: sorted(entries, key=lambda entry: entry.sequence)
        for order_id, entries in found.items()
        if order_id not in unreadable
    }


def _process(order_id: str, entries: list[StoredEntry], *, is_behind: bool) -> None:
    for entry in entries:
        fields = {"order_id": order_id, "sequence": entry.sequence, "event": entry.event.value}
        logger.info("processing an entry", extra={**fields, "correlation_id": entry.correlation_id})
    if is_behind:
        logger.warning("an earlier entry was lost and is processed first", extra={"order_id": order_id})
        repair_entries(order_id)
    else:
        process_or_park(entries)


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Process a batch of stream records: new timeline entries, contact reports, and changes of accounts and people.

    The event source mapping filters out all others. If an item can be neither processed nor parked, the batch is
    retried.
    """
    images = [record["dynamodb"]["NewImage"] for record in event["Records"]]
    # An entry that is not pending was processed before: restoring a backup writes it again.
    entries = _by_order([each for each in images if each["sk"]["S"].startswith(ENTRY_PREFIX) and "outstanding" in each])
    blocked = find_blocked({order_id: of_order[0] for order_id, of_order in entries.items()})
    for order_id, of_order in entries.items():
        if order_id not in blocked.parked:
            _process(order_id, of_order, is_behind=order_id in blocked.behind)
    for image in images:
        if account_outbox.is_pending(image):
            account_outbox.process_or_leave(image)
    metrics.add_metric("EntriesProcessed", MetricUnit.Count, sum(map(len, entries.values())))
