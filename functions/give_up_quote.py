"""After the last try: the quote could not be mailed; Customer Success is told, and may resend or correct it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders import clock
from online_orders.aws import orders, workflow
from online_orders.telemetry import discreet, logger, metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_REASON = "The mail could not be handed over in several tries."


@discreet
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Payload: the order and the execution's `state`; answers like the step that was given up."""
    at = workflow.enter(event)
    metrics.add_metric("QuotesGivenUp", MetricUnit.Count, 1)
    order = orders.decide(
        lambda: orders.get_order(at),
        lambda order: order.quote_refused(order.marks.quote_link, _REASON, clock.now()),
    )
    return {**workflow.routing(order, clock.now()), "link_number": None, "key_id": None}
