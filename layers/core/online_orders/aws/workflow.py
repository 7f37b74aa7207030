"""The workflow's side of an order: which execution carries it, what it waits for, and how it is told to go on.

A wait stores its token first and reads the order after; a decision stores the order first and reads the token after.
So at least one of the two sees both, and whoever does answers the token. Answering twice does no harm.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from online_orders.aws.clients import client, environment
from online_orders.aws.dynamodb import get_all, put, text
from online_orders.aws.keys import OrderKey, order_key, workflow_key
from online_orders.aws.orders import order_in
from online_orders.orders import Order, Status

_TOKEN_IS_OVER = {"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"}


class Step(StrEnum):
    """Where the workflow goes next: the values of `$.next` in the state machine."""

    REVIEW = "await_review"
    QUOTE = "send_quote"
    CONTACT = "await_contact"
    NOTE = "note_quote_mailed"
    DONE = "done"


class Waiting(NamedTuple):
    """A wait of an execution, by its state, and the token that ends it."""

    step: Step
    token: str


def next_step(order: Order) -> Step:
    """What the order needs now; the only routing rule there is."""
    if not order.is_open:
        return Step.DONE
    if order.mail_is_outstanding:
        return Step.QUOTE
    return Step.CONTACT if order.status is Status.PENDING_CONFIRMATION else Step.REVIEW


def start(at: OrderKey) -> None:
    """Start the order's first execution; one that was started before is left alone."""
    name = f"{at.order_id}-1"
    payload = {"account_id": at.account_id, "order_id": at.order_id, "source": at.source}
    try:
        client("stepfunctions").start_execution(
            stateMachineArn=environment("STATE_MACHINE_ARN"), name=name, input=json.dumps(payload)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise


def park_token(order_id: str, waiting: Waiting) -> None:
    """Store the token of a wait; the one before it is over."""
    put({**workflow_key(order_id), "waiting_for": text(waiting.step), "token": text(waiting.token)})


def answer_token(waiting: Waiting, step: Step) -> None:
    """End a wait; a token that is already over is no fault: somebody else has answered it, or its time was up."""
    try:
        client("stepfunctions").send_task_success(taskToken=waiting.token, output=json.dumps({"next": step}))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TOKEN_IS_OVER:
            raise


def wake(at: OrderKey) -> None:
    """Let the workflow go on, if the order needs something else by now than what it waits for."""
    found = get_all([order_key(at), workflow_key(at.order_id)])
    item, parked = found.under(order_key(at)), found.under(workflow_key(at.order_id))
    if item is None or parked is None:
        return
    waiting = Waiting(Step(parked["waiting_for"]["S"]), parked["token"]["S"])
    step = next_step(order_in(item))
    if step is not waiting.step:
        answer_token(waiting, step)


def order_of(payload: dict[str, Any]) -> OrderKey:
    """The order that an execution's input names."""
    return OrderKey(payload["account_id"], payload["order_id"], payload["source"])
