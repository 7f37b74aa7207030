"""Measure what no single event shows: how many orders wait, for how long, and what is overdue. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders.aws import mail_pause, message_store, metrics_snapshot
from online_orders.clock import now
from online_orders.domain.order_status import Status
from online_orders.telemetry import logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_OPEN = {
    Status.SUBMITTED: "OrdersSubmitted",
    Status.IN_PROCESS: "OrdersInProcess",
    Status.PENDING_CONFIRMATION: "OrdersPendingConfirmation",
}


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Emit every figure as a metric, also when it is 0; a schedule invokes this."""
    at = now()
    for status, name in _OPEN.items():
        metrics.add_metric(name, MetricUnit.Count, metrics_snapshot.count_orders(status))
    oldest = metrics_snapshot.oldest_placed_at(Status.SUBMITTED)
    metrics.add_metric("QueueAgeHours", MetricUnit.NoUnit, (at - oldest).total_seconds() / 3600 if oldest else 0)
    metrics.add_metric("OverdueMinutes", MetricUnit.NoUnit, metrics_snapshot.max_overdue(at).total_seconds() / 60)
    pause = mail_pause.current_pause()
    metrics.add_metric("MailPausedHours", MetricUnit.NoUnit, (at - pause.since).total_seconds() / 3600 if pause else 0)
    waiting_since = message_store.oldest_open_at()
    age = (at - waiting_since).total_seconds() / 3600 if waiting_since else 0
    metrics.add_metric("MessageAgeHours", MetricUnit.NoUnit, age)
