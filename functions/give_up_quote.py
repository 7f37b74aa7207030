"""Decide after the last retry of a step that crashed: the quote's mail is tried again after a pause, or given up.

It is given up after a day of tries; Customer Success gets a mail then, and may resend or correct the quote. An
execution of an earlier release comes here after minutes and continues from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from online_orders.aws import workflow
from online_orders.aws.quote_mail import route_after_failure
from online_orders.telemetry import logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the workflow's next route, like the step that failed. Payload: the order and the execution's `state`."""
    return route_after_failure(workflow.order_key_from_step(event))
