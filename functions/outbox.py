"""The table's stream: everything that must follow from what was stored. At least once, in order per order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders.aws import account_outbox
from online_orders.aws.following import StoredEntry, follow_or_park, mend, order_id_in, park, waiting_among
from online_orders.aws.keys import ENTRY_PREFIX
from online_orders.telemetry import discreet, logger, metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


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
    return {
        order_id: sorted(entries, key=lambda entry: entry.sequence)
        for order_id, entries in found.items()
        if order_id not in unreadable
    }


def _follow(order_id: str, entries: list[StoredEntry], *, is_behind: bool) -> None:
    for entry in entries:
        said = {"order_id": order_id, "sequence": entry.sequence, "event": entry.event.value}
        logger.info("follow", extra={**said, "correlation_id": entry.correlation_id})
    if is_behind:
        logger.warning("an earlier entry was lost, and is followed first", extra={"order_id": order_id})
        mend(order_id)
    else:
        follow_or_park(entries)


@discreet
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Follow a batch of stream records: new timeline entries, contact reports, and changes of accounts.

    The mapping lets through no others. What cannot be followed or parked makes the batch come again.
    """
    images = [record["dynamodb"]["NewImage"] for record in event["Records"]]
    # One that comes without its mark was followed before: a backup that is put back brings it again.
    entries = _by_order([each for each in images if each["sk"]["S"].startswith(ENTRY_PREFIX) and "outstanding" in each])
    waiting = waiting_among({order_id: of_order[0] for order_id, of_order in entries.items()})
    for order_id, of_order in entries.items():
        if order_id not in waiting.parked:
            _follow(order_id, of_order, is_behind=order_id in waiting.behind)
    for image in images:
        if account_outbox.is_pending(image):
            account_outbox.process_or_leave(image)
    metrics.add_metric("EntriesFollowed", MetricUnit.Count, sum(map(len, entries.values())))
