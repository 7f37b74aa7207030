"""Publish events again for a consumer that has lost some or is new. Only operators invoke this.

Payload: {"order_id"} or {"account_id", "from"?, "to"?} (days of placing, UTC), with "dry_run"? to count only. Returns
{"orders", "events", "next"}; `next` is the payload of the next call, or null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders.aws.replay import Replay, replay
from online_orders.telemetry import logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish events again; raise an error that says so for an invalid payload, an unknown order or an
    unknown account.
    """
    request = Replay.model_validate(event)
    done = replay(request)
    if not request.dry_run:
        logger.info("replayed", extra={**request.model_dump(mode="json", exclude_none=True), "events": done.events})
        metrics.add_metric("EventsReplayed", MetricUnit.Count, done.events)
    return done._asdict()
