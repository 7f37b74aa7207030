"""Let the workflow wait for Customer Success or for the contact person.

The token is stored before the order is read, so a decision that came before the token ends the wait at once. The
timeout of the state brings the workflow back here. This is the tick: the check for changes that time alone causes.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from online_orders import clock
from online_orders.aws import order_store, workflow
from online_orders.domain import order_schedule
from online_orders.domain.accounts import Account
from online_orders.domain.order_schedule import Policy
from online_orders.domain.orders import Change, Order
from online_orders.environment import environment
from online_orders.telemetry import logger, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def _policy() -> Policy:
    return Policy(
        remind_after_days=int(environment("REMIND_AFTER_DAYS")),
        remind_before_end_days=int(environment("REMIND_BEFORE_END_DAYS")),
        unclaimed_hours=int(environment("ALARM_UNCLAIMED_HOURS")),
        unquoted_hours=int(environment("ALARM_UNQUOTED_HOURS")),
        grace_days=int(environment("GRACE_DAYS")),
    )


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Store the task token, and complete the task if the order needs another step.

    Payload: the order (`account_id`, `order_id`, `source`), `state` (all that the execution knows), `waiting_for` (a
    Step), `token`, `execution` (its name) and `started_at` (RFC 3339).
    """
    key = workflow.order_key_from_step(event)
    logger.info("waiting", extra={"waiting_for": event["waiting_for"], "execution": event["execution"]})
    task = workflow.PendingTask(workflow.Step(event["waiting_for"]), event["token"])
    if not workflow.store_task_token(key, task, event["execution"]):
        logger.warning("ended, since a later execution carries the order", extra={"execution": event["execution"]})
        workflow.end_execution(task)
        return
    policy = _policy()

    def sync_and_tick(order: Order, account: Account) -> Change:
        """Sync with the account first: what time causes may depend on who is asked now."""
        now = clock.now()
        return order.sync_with_account(account, None, now).then(lambda order: order_schedule.tick(order, policy, now))

    order = order_store.update_order_with_account(key, sync_and_tick)
    route = workflow.routing(order, clock.now())
    if route["next"] is not task.step:
        workflow.complete_task(task, route)
    elif clock.now() - datetime.fromisoformat(event["started_at"]) > workflow.MAX_EXECUTION_AGE:
        workflow.continue_as_new_execution(key, task)
