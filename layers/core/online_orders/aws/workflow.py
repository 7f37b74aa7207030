"""The workflow's side of an order: which execution carries it, what it waits for, and how it is told to go on.

A wait stores its token first and reads the order after; a decision stores the order first and reads the token after.
So at least one of the two sees both, and whoever does answers the token. Answering twice does no harm.

At most one execution runs per order. The table says which is the newest, the n-th; a start is claimed there first, and
only the newest is started. Step Functions takes a name once, but tells of it late: `DescribeExecution` is eventually
consistent. So that an execution is not known says nothing: it is started again under the same name, which does nothing
to one that runs. The next one follows on nothing but the word that the newest has ended. An execution that is not the
newest gets no token stored, and ends.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from math import ceil
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from online_orders.aws.clients import client
from online_orders.aws.keys import Item, OrderKey, order_key, pending_shard, workflow_key
from online_orders.aws.order_store import correlation_attribute, order_from_item
from online_orders.aws.table import get, get_all, number, put, text, update
from online_orders.clock import now
from online_orders.domain.orders import Order, Status
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
    """What Step Functions tells of an execution: late, but what has ended does not run again."""

    UNKNOWN = auto()
    """It was not started, or was so just now, or ended so long ago (90 days) that AWS has forgotten it."""
    RUNNING = auto()
    """Or has ended just now."""
    ENDED = auto()


class PendingTask(NamedTuple):
    """A wait of an execution, by its state, and the token that ends it."""

    step: Step
    token: str


def next_step(order: Order, at: datetime) -> Step:
    """Return what the order needs now; the only routing rule there is."""
    if not order.is_open:
        return Step.DONE
    if order.undo_until and at < order.undo_until:
        return Step.UNDO_WINDOW
    if order.mail_is_pending:
        return Step.QUOTE
    return Step.CONTACT if order.status is Status.PENDING_CONFIRMATION else Step.REVIEW


def routing(order: Order, at: datetime) -> dict[str, Any]:
    """Return what a step of the workflow returns: the next one, and the seconds that a quote is still held."""
    left = order.undo_until - at if order.undo_until else timedelta(0)
    return {
        "next": next_step(order, at),
        "pause": max(1, ceil(left.total_seconds())),
        "correlation_id": logger.get_correlation_id(),
    }


def order_key_from_step(payload: dict[str, Any]) -> OrderKey:
    """Return the order that a step of the workflow is about; log, entries and mails name the request that led there.

    That is the one whose decision ended the last wait, else the one that placed the order. An execution that an earlier
    release started names none.
    """
    key = OrderKey(payload["account_id"], payload["order_id"], payload["source"])
    state = payload.get("state", {})
    logger.append_keys(order_id=key.order_id)
    logger.set_correlation_id(state.get("step", {}).get("correlation_id") or state.get("correlation_id"))
    return key


def start(key: OrderKey, execution_number: int = 1) -> bool:
    """Start the order's n-th execution, unless a later one is known; any number of callers may, again and again.

    Return whether Step Functions took the name: because it was free, or because that execution runs with this input.
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
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
        return False
    return True


def _claim(key: OrderKey, execution_number: int) -> bool:
    """Make the n-th execution the newest in the table; False when a later one is there.

    One that is the newest already may be started again: whoever claimed it may not have lived to do so.
    """
    is_first = put(
        {
            **workflow_key(key.order_id),
            **_owner(key),
            "executions": number(execution_number),
            **_next_check(key, START_DEADLINE),
            **correlation_attribute(),
        },
        ConditionExpression="attribute_not_exists(pk) OR executions < :place",
        ExpressionAttributeValues={":place": number(execution_number)},
    )
    if is_first:
        return True
    existing = get(workflow_key(key.order_id))
    return existing is None or int(existing["executions"]["N"]) <= execution_number


def store_task_token(key: OrderKey, task: PendingTask, execution: str) -> bool:
    """Store the token of a wait; the one before it is over. Return False, and store nothing, when a later execution is
    known."""
    location = number(int(execution.rpartition("-")[2]))
    return put(
        {
            **workflow_key(key.order_id),
            **_owner(key),
            "executions": location,
            "waiting_for": text(task.step),
            "token": text(task.token),
            **_next_check(key, TICK + CHECK_GRACE),
            **correlation_attribute(),
        },
        ConditionExpression="attribute_not_exists(pk) OR executions <= :place",
        ExpressionAttributeValues={":place": location},
    )


def end_execution(task: PendingTask) -> None:
    """End an execution by the token of its wait."""
    complete_task(task, {"next": Step.DONE})


def continue_as_new_execution(key: OrderKey, task: PendingTask) -> None:
    """End an execution that has grown old, and have the reconciler start the next: AWS ends them after a year."""
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
    """End a wait, with what `routing` says.

    A token that is already over is no fault: somebody else has answered it, or its time was up.
    """
    try:
        client("stepfunctions").send_task_success(taskToken=task.token, output=json.dumps(route))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TOKEN_EXPIRED:
            raise


def resume(key: OrderKey) -> None:
    """Let the workflow go on, if the order needs something else by now than what it waits for."""
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

    An open order whose newest execution has ended gets the next one; one whose newest is not known has it started,
    again if need be; a running one is resumed; the pending flag of a closed order whose execution has ended is cleared.
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
    """One that is not known never began, or ended so long ago that AWS has forgotten it; one that does begin after all
    finds the order closed, and ends."""
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
        return workflow_item is None or _is_due(
            workflow_item
        )  # before that it most likely runs, and Step Functions tells of it late
    while state is ExecutionState.ENDED:  # more than once where the table was restored, and knows fewer than there were
        execution_number += 1
        if start(key, execution_number):
            return True
        state = _execution_state(key, execution_number)
    resume(key)
    postpone_check(key.order_id)
    return False


def postpone_check(order_id: str) -> None:
    """Put off the next look at a workflow, so that it does not stand before those of other orders."""
    later = number(int((now() + START_DEADLINE).timestamp()))
    update(
        workflow_key(order_id), "SET check_at = :later", {":later": later}, ConditionExpression="attribute_exists(pk)"
    )


def _newest_state(key: OrderKey, workflow_item: Item) -> ExecutionState:
    """Return what the newest execution does; one that has stored the token of a wait whose time is not over has
    started.
    """
    state = _execution_state(key, int(workflow_item["executions"]["N"]))
    if state is ExecutionState.UNKNOWN and "token" in workflow_item and not _is_due(workflow_item):
        return ExecutionState.RUNNING
    return state


def _is_due(workflow_item: Item) -> bool:
    """Return whether the time is over by which the workflow should have come back; a closed order's has none."""
    return "check_at" not in workflow_item or int(workflow_item["check_at"]["N"]) <= now().timestamp()


def _execution_state(key: OrderKey, execution_number: int) -> ExecutionState:
    machine = environment("STATE_MACHINE_ARN")
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{key.order_id}-{execution_number}"
    try:
        status = client("stepfunctions").describe_execution(executionArn=arn)["status"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return ExecutionState.UNKNOWN
        raise
    return ExecutionState.RUNNING if status in {"RUNNING", "PENDING_REDRIVE"} else ExecutionState.ENDED
