"""After the last retry of a step that crashed: the quote waits for more tries, or its mail is given up for good.

It is given up once it has been tried for a day; Customer Success is told then, and may resend or correct it. An
execution of an earlier release comes here after minutes, and goes on from here.
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
    """Return the next route, as the step that failed would. Payload: the order and the execution's `state`."""
    return route_after_failure(workflow.order_key_from_step(event))
