"""The workflow's side of an order: which execution carries it, what it waits for, and how it is told to go on.

A wait stores its token first and reads the order after; a decision stores the order first and reads the token after.
So at least one of the two sees both, and whoever does answers the token. Answering twice does no harm.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from online_orders.aws.clients import client
from online_orders.aws.dynamodb import get_all, number, put, text, update
from online_orders.aws.environment import environment
from online_orders.aws.keys import Item, OrderKey, order_key, outstanding_shard, workflow_key
from online_orders.aws.orders import correlation, order_in
from online_orders.clock import now
from online_orders.orders import Order, Status
from online_orders.telemetry import logger

TICK = timedelta(hours=6)
"""The timeout of the waits in the state machine."""
LONGEST_EXECUTION = timedelta(days=300)
LATE = timedelta(minutes=15)
STARTED_WITHIN = timedelta(minutes=15)
_TOKEN_IS_OVER = {"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"}


class Step(StrEnum):
    """Where the workflow goes next: the values of `$.next` in the state machine."""

    REVIEW = "await_review"
    QUOTE = "send_quote"
    CONTACT = "await_contact"
    HELD = "mail_held"
    NOTE = "note_quote_mailed"
    DONE = "done"


class Waiting(NamedTuple):
    """A wait of an execution, by its state, and the token that ends it."""

    step: Step
    token: str


def next_step(order: Order, at: datetime) -> Step:
    """What the order needs now; the only routing rule there is."""
    if not order.is_open:
        return Step.DONE
    if order.undo_until and at < order.undo_until:
        return Step.HELD
    if order.mail_is_outstanding:
        return Step.QUOTE
    return Step.CONTACT if order.status is Status.PENDING_CONFIRMATION else Step.REVIEW


def routing(order: Order, at: datetime) -> dict[str, Any]:
    """What a step of the workflow says when it is over: the next one, and the seconds that a quote is still held."""
    left = order.undo_until - at if order.undo_until else timedelta(0)
    return {
        "next": next_step(order, at),
        "pause": max(1, ceil(left.total_seconds())),
        "correlation_id": logger.get_correlation_id(),
    }


def enter(payload: dict[str, Any]) -> OrderKey:
    """The order that a step of the workflow is about; log, entries and mails name the request that led there.

    That is the one whose decision ended the last wait, else the one that placed the order. An execution that an earlier
    release started names none.
    """
    at = OrderKey(payload["account_id"], payload["order_id"], payload["source"])
    state = payload.get("state", {})
    logger.append_keys(order_id=at.order_id)
    logger.set_correlation_id(state.get("step", {}).get("correlation_id") or state.get("correlation_id"))
    return at


def start(at: OrderKey, place: int = 1) -> None:
    """Start the order's n-th execution, known to the table beforehand; one that was started before is left alone."""
    name = f"{at.order_id}-{place}"
    put(
        {
            **workflow_key(at.order_id),
            **_owner(at),
            "executions": number(place),
            **_look_again(at, STARTED_WITHIN),
            **correlation(),
        },
        ConditionExpression="attribute_not_exists(pk) OR executions < :place",
        ExpressionAttributeValues={":place": number(place)},
    )
    payload = {**at._asdict(), "correlation_id": logger.get_correlation_id()}
    try:
        client("stepfunctions").start_execution(
            stateMachineArn=environment("STATE_MACHINE_ARN"), name=name, input=json.dumps(payload)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise


def park_token(at: OrderKey, waiting: Waiting, execution: str) -> None:
    """Store the token of a wait; the one before it is over."""
    put(
        {
            **workflow_key(at.order_id),
            **_owner(at),
            "executions": number(int(execution.rpartition("-")[2])),
            "waiting_for": text(waiting.step),
            "token": text(waiting.token),
            **_look_again(at, TICK + LATE),
            **correlation(),
        }
    )


def hand_over(at: OrderKey, waiting: Waiting) -> None:
    """End an execution that has grown old, and have the reconciler start the next: AWS ends them after a year."""
    due = number(int(now().timestamp()))
    update(workflow_key(at.order_id), "SET check_at = :due", {":due": due})
    answer_token(waiting, {"next": Step.DONE})


def _owner(at: OrderKey) -> Item:
    return {"account_id": text(at.account_id), "source": text(at.source)}


def _look_again(at: OrderKey, after: timedelta) -> Item:
    """The mark by which the reconciler finds a workflow that does not come back from its wait."""
    return {
        "outstanding": text(outstanding_shard(at.order_id)),
        "check_at": number(int((now() + after).timestamp())),
    }


def answer_token(waiting: Waiting, route: dict[str, Any]) -> None:
    """End a wait, with what `routing` says.

    A token that is already over is no fault: somebody else has answered it, or its time was up.
    """
    try:
        client("stepfunctions").send_task_success(taskToken=waiting.token, output=json.dumps(route))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TOKEN_IS_OVER:
            raise


def wake(at: OrderKey) -> None:
    """Let the workflow go on, if the order needs something else by now than what it waits for."""
    found = get_all([order_key(at), workflow_key(at.order_id)])
    item, parked = found.under(order_key(at)), found.under(workflow_key(at.order_id))
    if item is None or parked is None:
        return
    route = routing(order_in(item), now())
    if "token" in parked:
        waiting = Waiting(Step(parked["waiting_for"]["S"]), parked["token"]["S"])
        if route["next"] is not waiting.step:
            answer_token(waiting, route)


def look_after(at: OrderKey) -> bool:
    """See to a workflow that has not come back in time; answers whether anything had to be mended.

    An open order without a running execution gets the next one; a running one is woken; the mark of an order that is
    closed, and whose execution has ended, is taken away.
    """
    found = get_all([order_key(at), workflow_key(at.order_id)])
    item, known = found.under(order_key(at)), found.under(workflow_key(at.order_id))
    if item is None:
        return False
    correlation_id = known["correlation_id"]["S"] if known and "correlation_id" in known else None
    with logger.append_context_keys(order_id=at.order_id, correlation_id=correlation_id):
        return _look_after(at, order_in(item).is_open, known)


def _look_after(at: OrderKey, is_open: bool, known: Item | None) -> bool:
    executions = int(known["executions"]["N"]) if known else 1
    if known is None:
        if not is_open:
            return False
        start(at)
    is_running = _is_running(f"{at.order_id}-{executions}")
    if not is_open and not is_running:
        update(workflow_key(at.order_id), "REMOVE outstanding, check_at", {})
        return False
    if is_open and not is_running:
        start(at, executions + 1)
        return True
    if known is None:
        return True
    wake(at)
    look_later(at.order_id)
    return not is_open


def look_later(order_id: str) -> None:
    """Put off the next look at a workflow, so that it does not stand before those of other orders."""
    later = number(int((now() + STARTED_WITHIN).timestamp()))
    update(
        workflow_key(order_id), "SET check_at = :later", {":later": later}, ConditionExpression="attribute_exists(pk)"
    )


def _is_running(execution: str) -> bool:
    """False as well for one that never started, or that AWS has forgotten after 90 days."""
    machine = environment("STATE_MACHINE_ARN")
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{execution}"
    try:
        status = client("stepfunctions").describe_execution(executionArn=arn)["status"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return False
        raise
    return bool(status == "RUNNING")
