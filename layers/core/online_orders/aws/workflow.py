"""The workflow of an order: which execution runs for it, what that waits for, and how it is resumed.

A wait stores its token first and reads the order after; a decision stores the order first and reads the token after. So
at least one of the two sees both, and completes the task. Completing it twice does no harm.

At most one execution runs for an order. The table has the number of the newest, the n-th; a start is claimed there
first, and only the newest is started. Step Functions accepts a name only once, but `DescribeExecution` is eventually
consistent, so an unknown execution may run: it is started again under the same name, which does nothing to a running
one. The next execution starts only after Step Functions reports that the newest has ended. An execution that is not the
newest cannot store a token, and ends.
"""

import json
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from math import ceil
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from online_orders.aws.clients import client, error_code
from online_orders.aws.keys import Item, OrderKey, order_key, pending_shard, workflow_key
from online_orders.aws.order_store import correlation_attribute, order_from_item
from online_orders.aws.table import get, get_all, number, put, text, update
from online_orders.clock import now
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.environment import environment
from online_orders.telemetry import logger

TICK = timedelta(hours=6)
"""The timeout of the waits in the state machine."""
MAX_EXECUTION_AGE = timedelta(days=300)
CHECK_GRACE = timedelta(minutes=15)
START_DEADLINE = timedelta(minutes=15)
_TOKEN_EXPIRED = {"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"}


class Step(StrEnum):
    """Where the workflow goes next: the values of `$.next` in the state machine."""

    REVIEW = "await_review"
    QUOTE = "send_quote"
    CONTACT = "await_contact"
    UNDO_WINDOW = "mail_held"
    MAIL_PAUSED = "mail_held"
    """Another name of the same value: the state machine waits in one state for both."""
    NOTE = "note_quote_mailed"
    DONE = "done"


class ExecutionState(Enum):
    """The state of an execution as Step Functions reports it, with a delay; an ended one never runs again."""

    UNKNOWN = auto()
    """Not started, or started just now, or forgotten by AWS, which keeps ended ones for 90 days."""
    RUNNING = auto()
    """Or ended just now."""
    ENDED = auto()


class PendingTask(NamedTuple):
    """A wait of an execution: its state, and the token that ends it."""

    step: Step
    token: str


def next_step(order: Order, at: datetime) -> Step:
    """Return the step that the order needs now; this is the only routing rule."""
    if not order.is_open:
        return Step.DONE
    if order.undo_until and at < order.undo_until:
        return Step.UNDO_WINDOW
    if order.mail_is_pending:
        return Step.QUOTE
    return Step.CONTACT if order.status is Status.PENDING_CONFIRMATION else Step.REVIEW


def routing(order: Order, at: datetime) -> dict[str, Any]:
    """Return the output of a workflow step: the next step, and the seconds that a quote's mail still waits."""
    left = order.undo_until - at if order.undo_until else timedelta(0)
    return {
        "next": next_step(order, at),
        "pause": max(1, ceil(left.total_seconds())),
        "correlation_id": logger.get_correlation_id(),
    }


def order_key_from_step(payload: dict[str, Any]) -> OrderKey:
    """Return the order that a step of the workflow is about; logs, entries and mails get the request's correlation id.

    That is the request whose decision ended the last wait, else the one that placed the order. An execution that an
    earlier release started has none.
    """
    key = OrderKey(payload["account_id"], payload["order_id"], payload["source"])
    state = payload.get("state", {})
    logger.append_keys(order_id=key.order_id)
    logger.set_correlation_id(state.get("step", {}).get("correlation_id") or state.get("correlation_id"))
    return key


def start(key: OrderKey, execution_number: int = 1) -> bool:
    """Start the order's n-th execution, unless a later one is known; concurrent and repeated calls are safe.

    Return whether Step Functions accepted the name: because it was free, or because that execution runs with this
    input.
    """
    if not _claim(key, execution_number):
        return False
    payload = {**key._asdict(), "correlation_id": logger.get_correlation_id()}
    try:
        client("stepfunctions").start_execution(
            stateMachineArn=environment("STATE_MACHINE_ARN"),
            name=f"{key.order_id}-{execution_number}",
            input=json.dumps(payload),
        )
    except ClientError as error:
        if error_code(error) != "ExecutionAlreadyExists":
            raise
        return False
    return True


def _claim(key: OrderKey, execution_number: int) -> bool:
    """Make the n-th execution the newest in the table; return False when a later one is there.

    The newest one may be claimed again, because its first claimant may have crashed before the start.
    """
    is_first = put(
        {
            **workflow_key(key.order_id),
            **_owner(key),
            "executions": number(execution_number),
            **_next_check(key, START_DEADLINE),
            **correlation_attribute(),
        },
        ConditionExpression="attribute_not_exists(pk) OR executions < :number",
        ExpressionAttributeValues={":number": number(execution_number)},
    )
    if is_first:
        return True
    existing = get(workflow_key(key.order_id))
    return existing is None or int(existing["executions"]["N"]) <= execution_number


def store_task_token(key: OrderKey, task: PendingTask, execution: str) -> bool:
    """Store the token of a wait in place of the one before; return False, and store nothing, when a later execution is
    known.
    """
    execution_number = number(int(execution.rpartition("-")[2]))
    return put(
        {
            **workflow_key(key.order_id),
            **_owner(key),
            "executions": execution_number,
            "waiting_for": text(task.step),
            "token": text(task.token),
            **_next_check(key, TICK + CHECK_GRACE),
            **correlation_attribute(),
        },
        ConditionExpression="attribute_not_exists(pk) OR executions <= :number",
        ExpressionAttributeValues={":number": execution_number},
    )


def end_execution(task: PendingTask) -> None:
    """End an execution by the token of its wait."""
    complete_task(task, {"next": Step.DONE})


def continue_as_new_execution(key: OrderKey, task: PendingTask) -> None:
    """End an old execution, and let the reconciler start the next one: AWS ends executions after a year."""
    due = number(int(now().timestamp()))
    update(workflow_key(key.order_id), "SET check_at = :due", {":due": due})
    end_execution(task)


def _owner(key: OrderKey) -> Item:
    return {"account_id": text(key.account_id), "source": text(key.source)}


def _next_check(key: OrderKey, after: timedelta) -> Item:
    """Return the pending flag by which the reconciler finds a workflow that does not come back from its wait."""
    return {
        "outstanding": text(pending_shard(key.order_id)),
        "check_at": number(int((now() + after).timestamp())),
    }


def complete_task(task: PendingTask, route: dict[str, Any]) -> None:
    """End a wait with the output of `routing`.

    A token that is no longer valid is no error: the task was completed already, or its time was up.
    """
    try:
        client("stepfunctions").send_task_success(taskToken=task.token, output=json.dumps(route))
    except ClientError as error:
        if error_code(error) not in _TOKEN_EXPIRED:
            raise


def resume(key: OrderKey) -> None:
    """Let the workflow go on if the order needs another step than the one that it waits for."""
    found = get_all([order_key(key), workflow_key(key.order_id)])
    item, workflow_item = found.get(order_key(key)), found.get(workflow_key(key.order_id))
    if item is None or workflow_item is None:
        return
    route = routing(order_from_item(item), now())
    if "token" in workflow_item:
        task = PendingTask(Step(workflow_item["waiting_for"]["S"]), workflow_item["token"]["S"])
        if route["next"] is not task.step:
            complete_task(task, route)


def repair(key: OrderKey) -> bool:
    """Repair a workflow that has not come back in time; return whether anything had to be repaired.

    An open order whose newest execution has ended gets the next one. An unknown newest execution is started, again if
    need be. A running one is resumed. The pending flag of a closed order whose execution has ended is cleared.
    """
    found = get_all([order_key(key), workflow_key(key.order_id)])
    item, workflow_item = found.get(order_key(key)), found.get(workflow_key(key.order_id))
    if item is None:
        return False
    correlation_id = (
        workflow_item["correlation_id"]["S"] if workflow_item and "correlation_id" in workflow_item else None
    )
    with logger.append_context_keys(order_id=key.order_id, correlation_id=correlation_id):
        return _repair_open(key, workflow_item) if order_from_item(item).is_open else _repair_closed(key, workflow_item)


def _repair_closed(key: OrderKey, workflow_item: Item | None) -> bool:
    """Clear the pending flag of a closed order's workflow, or resume one that still runs; return whether it had to be.

    An unknown execution never began, or ended so long ago that AWS has forgotten it. If it begins after all, it finds
    the order closed and ends.
    """
    if workflow_item is None:
        return False
    if _newest_state(key, workflow_item) is not ExecutionState.RUNNING:
        update(workflow_key(key.order_id), "REMOVE outstanding, check_at")
        return False
    resume(key)
    postpone_check(key.order_id)
    return True


def _repair_open(key: OrderKey, workflow_item: Item | None) -> bool:
    if workflow_item is None and start(key):
        return True
    execution_number = int(workflow_item["executions"]["N"]) if workflow_item else 1
    state = _newest_state(key, workflow_item) if workflow_item else _execution_state(key, execution_number)
    if state is ExecutionState.UNKNOWN and start(key, execution_number):
        postpone_check(key.order_id)
        # Before it is due it most likely runs, and Step Functions reports it late.
        return workflow_item is None or _is_due(workflow_item)
    while state is ExecutionState.ENDED:  # more than once after a restored backup with an older number
        execution_number += 1
        if start(key, execution_number):
            return True
        state = _execution_state(key, execution_number)
    resume(key)
    postpone_check(key.order_id)
    return False


def postpone_check(order_id: str) -> None:
    """Postpone the next check of a workflow, so that it does not come before those of other orders."""
    later = number(int((now() + START_DEADLINE).timestamp()))
    update(
        workflow_key(order_id), "SET check_at = :later", {":later": later}, ConditionExpression="attribute_exists(pk)"
    )


def _newest_state(key: OrderKey, workflow_item: Item) -> ExecutionState:
    """Return the state of the newest execution; one that has stored the token of a wait that is not over
    has started.
    """
    state = _execution_state(key, int(workflow_item["executions"]["N"]))
    if state is ExecutionState.UNKNOWN and "token" in workflow_item and not _is_due(workflow_item):
        return ExecutionState.RUNNING
    return state


def _is_due(workflow_item: Item) -> bool:
    """Return whether the workflow should have come back by now; also where there is no check, as for a closed order."""
    return "check_at" not in workflow_item or int(workflow_item["check_at"]["N"]) <= now().timestamp()


def _execution_state(key: OrderKey, execution_number: int) -> ExecutionState:
    machine = environment("STATE_MACHINE_ARN")
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{key.order_id}-{execution_number}"
    try:
        status = client("stepfunctions").describe_execution(executionArn=arn)["status"]
    except ClientError as error:
        if error_code(error) == "ExecutionDoesNotExist":
            return ExecutionState.UNKNOWN
        raise
    return ExecutionState.RUNNING if status in {"RUNNING", "PENDING_REDRIVE"} else ExecutionState.ENDED
