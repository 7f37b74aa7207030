"""After the last retry of a step that crashed: the quote waits for more tries, or its mail is given up for good.

It is given up once it has been tried for a day; Customer Success is told then, and may resend or correct it. An
execution of an earlier release comes here after minutes, and goes on from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from online_orders.aws import workflow
from online_orders.aws.quote_mail import route_after_failure
from online_orders.telemetry import discreet, logger, metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@discreet
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Payload: the order and the execution's `state`; answers like the step that failed."""
    return route_after_failure(workflow.enter(event))
