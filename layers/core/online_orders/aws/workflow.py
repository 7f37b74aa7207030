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
from online_orders.aws.dynamodb import get, get_all, number, put, text, update
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


class State(Enum):
    """What Step Functions tells of an execution: late, but what has ended does not run again."""

    UNKNOWN = auto()
    """It was not started, or was so just now, or ended so long ago (90 days) that AWS has forgotten it."""
    RUNNING = auto()
    """Or has ended just now."""
    ENDED = auto()


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


def start(at: OrderKey, place: int = 1) -> bool:
    """Start the order's n-th execution, unless a later one is known; any number of callers may, again and again.

    Return whether Step Functions took the name: because it was free, or because that execution runs with this input.
    """
    if not _claim(at, place):
        return False
    payload = {**at._asdict(), "correlation_id": logger.get_correlation_id()}
    try:
        client("stepfunctions").start_execution(
            stateMachineArn=environment("STATE_MACHINE_ARN"), name=f"{at.order_id}-{place}", input=json.dumps(payload)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
        return False
    return True


def _claim(at: OrderKey, place: int) -> bool:
    """Make the n-th execution the newest in the table; False when a later one is there.

    One that is the newest already may be started again: whoever claimed it may not have lived to do so.
    """
    is_first = put(
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
    if is_first:
        return True
    standing = get(workflow_key(at.order_id))
    return standing is None or int(standing["executions"]["N"]) <= place


def park_token(at: OrderKey, waiting: Waiting, execution: str) -> bool:
    """Store the token of a wait; the one before it is over. Return False, and store nothing, when a later execution is
    known."""
    place = number(int(execution.rpartition("-")[2]))
    return put(
        {
            **workflow_key(at.order_id),
            **_owner(at),
            "executions": place,
            "waiting_for": text(waiting.step),
            "token": text(waiting.token),
            **_look_again(at, TICK + LATE),
            **correlation(),
        },
        ConditionExpression="attribute_not_exists(pk) OR executions <= :place",
        ExpressionAttributeValues={":place": place},
    )


def end(waiting: Waiting) -> None:
    """End an execution by the token of its wait."""
    answer_token(waiting, {"next": Step.DONE})


def hand_over(at: OrderKey, waiting: Waiting) -> None:
    """End an execution that has grown old, and have the reconciler start the next: AWS ends them after a year."""
    due = number(int(now().timestamp()))
    update(workflow_key(at.order_id), "SET check_at = :due", {":due": due})
    end(waiting)


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

    An open order whose newest execution has ended gets the next one; one whose newest is not known has it started,
    again if need be; a running one is woken; the mark of a closed order whose execution has ended is taken away.
    """
    found = get_all([order_key(at), workflow_key(at.order_id)])
    item, known = found.under(order_key(at)), found.under(workflow_key(at.order_id))
    if item is None:
        return False
    correlation_id = known["correlation_id"]["S"] if known and "correlation_id" in known else None
    with logger.append_context_keys(order_id=at.order_id, correlation_id=correlation_id):
        return _see_to_open(at, known) if order_in(item).is_open else _see_to_closed(at, known)


def _see_to_closed(at: OrderKey, known: Item | None) -> bool:
    """One that is not known never began, or ended so long ago that AWS has forgotten it; one that does begin after all
    finds the order closed, and ends."""
    if known is None:
        return False
    if _newest(at, known) is not State.RUNNING:
        update(workflow_key(at.order_id), "REMOVE outstanding, check_at")
        return False
    wake(at)
    look_later(at.order_id)
    return True


def _see_to_open(at: OrderKey, known: Item | None) -> bool:
    if known is None and start(at):
        return True
    place = int(known["executions"]["N"]) if known else 1
    state = _newest(at, known) if known else _state(at, place)
    if state is State.UNKNOWN and start(at, place):
        look_later(at.order_id)
        return known is None or _is_due(known)  # before that it most likely runs, and Step Functions tells of it late
    while state is State.ENDED:  # more than once where the table was restored, and knows fewer than there were
        place += 1
        if start(at, place):
            return True
        state = _state(at, place)
    wake(at)
    look_later(at.order_id)
    return False


def look_later(order_id: str) -> None:
    """Put off the next look at a workflow, so that it does not stand before those of other orders."""
    later = number(int((now() + STARTED_WITHIN).timestamp()))
    update(
        workflow_key(order_id), "SET check_at = :later", {":later": later}, ConditionExpression="attribute_exists(pk)"
    )


def _newest(at: OrderKey, known: Item) -> State:
    """What the newest execution does; one that has stored the token of a wait whose time is not over has started."""
    state = _state(at, int(known["executions"]["N"]))
    if state is State.UNKNOWN and "token" in known and not _is_due(known):
        return State.RUNNING
    return state


def _is_due(known: Item) -> bool:
    """Whether the time is over by which the workflow should have come back; a closed order's has none."""
    return "check_at" not in known or int(known["check_at"]["N"]) <= now().timestamp()


def _state(at: OrderKey, place: int) -> State:
    machine = environment("STATE_MACHINE_ARN")
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{at.order_id}-{place}"
    try:
        status = client("stepfunctions").describe_execution(executionArn=arn)["status"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return State.UNKNOWN
        raise
    return State.RUNNING if status in {"RUNNING", "PENDING_REDRIVE"} else State.ENDED
