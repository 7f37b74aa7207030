"""The executions of an order: the calls to the table and to Step Functions, one by one."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from online_orders.aws import workflow
from online_orders.aws.keys import OrderKey, order_key, workflow_key
from online_orders.aws.workflow import ExecutionState, PendingTask, Step
from online_orders.domain.orders import Order
from online_orders.telemetry import logger
from tests.aws.service import Service, error_of
from tests.domain.builders import NOW, ORDER_ID, held, offered, sending, standing

Json = dict[str, Any]

SECONDS = int(NOW.timestamp())
AT = OrderKey("acme", ORDER_ID, "online")
MACHINE = "arn:aws:states:eu-central-1:1:stateMachine:Orders"
EXECUTION = MACHINE.replace("stateMachine", "execution")
TAKEN: Json = {}
REFUSED = error_of("ConditionalCheckFailedException")
UNKNOWN = error_of("ExecutionDoesNotExist")
EXISTS = error_of("ExecutionAlreadyExists")
RUNNING = {"status": "RUNNING"}
CLAIM = ("put_item", 1)


@pytest.fixture
def service(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(workflow, "now", lambda: NOW)
    monkeypatch.setenv("STATE_MACHINE_ARN", MACHINE)
    logger.set_correlation_id("c")
    yield service
    logger.set_correlation_id(None)
    logger.clear_state()


def item_of(order: Order) -> Json:
    return {**order_key(AT), "document": {"S": order.model_dump_json()}}


def known(place: int = 1, *, due_in: int | None = 60, token: str | None = None, step: Step = Step.REVIEW) -> Json:
    """The workflow's item of the order."""
    item: Json = {**workflow_key(ORDER_ID), "executions": {"N": str(place)}, "correlation_id": {"S": "c"}}
    if due_in is not None:
        item["check_at"] = {"N": str(SECONDS + due_in)}
    if token:
        item |= {"token": {"S": token}, "waiting_for": {"S": step.value}}
    return item


def found(*items: Json) -> Json:
    return {"Responses": {"Table": list(items)}}


# -- where an order goes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "step"),
    [
        (standing("submitted"), Step.REVIEW),
        (standing("in_process"), Step.REVIEW),
        (sending(), Step.QUOTE),
        (offered(), Step.CONTACT),
        (standing("completed"), Step.DONE),
        (standing("canceled"), Step.DONE),
    ],
    ids=lambda value: value.status if isinstance(value, Order) else value,
)
def test_an_order_goes_where_its_status_leads(order: Order, step: Step) -> None:
    assert workflow.next_step(order, NOW) is step
    assert workflow.routing(order, NOW) == {"next": step, "pause": 1, "correlation_id": None}


@pytest.mark.parametrize(
    ("left", "step", "pause"),
    [
        (60.0, Step.MAIL_PAUSED, 60),
        (59.2, Step.MAIL_PAUSED, 60),
        (0.5, Step.MAIL_PAUSED, 1),
        (0.0, Step.QUOTE, 1),
        (-5.0, Step.QUOTE, 1),
    ],
)
def test_a_quote_that_can_be_undone_is_held_to_its_last_instant(left: float, step: Step, pause: int) -> None:
    order = held()
    assert order.undo_until
    at = order.undo_until - timedelta(seconds=left)
    assert workflow.next_step(order, at) is step
    assert workflow.routing(order, at) == {"next": step, "pause": pause, "correlation_id": None}


@pytest.mark.parametrize(
    ("state", "correlation_id"),
    [
        ({"step": {"correlation_id": "of the wait"}, "correlation_id": "of the order"}, "of the wait"),
        ({"step": {"correlation_id": None}, "correlation_id": "of the order"}, "of the order"),
        ({"step": {}, "correlation_id": "of the order"}, "of the order"),
        ({"correlation_id": "of the order"}, "of the order"),
        ({}, None),
        (None, None),
    ],
)
def test_a_step_is_about_an_order_and_names_what_led_to_it(
    service: Service, state: Json | None, correlation_id: str | None
) -> None:
    payload = {**AT._asdict(), **({} if state is None else {"state": state})}
    assert workflow.order_key_from_step(payload) == AT
    assert logger.get_correlation_id() == correlation_id
    assert logger.get_current_keys()["order_id"] == ORDER_ID


# -- starting -----------------------------------------------------------------------------------------------------


def start_call(place: int, correlation_id: str | None = "c") -> tuple[str, Json]:
    payload = {"account_id": "acme", "order_id": ORDER_ID, "source": "online", "correlation_id": correlation_id}
    return (
        "start_execution",
        {"stateMachineArn": MACHINE, "name": f"{ORDER_ID}-{place}", "input": json.dumps(payload)},
    )


def claim_call(place: int, correlation_id: str | None = "c") -> tuple[str, Json]:
    return (
        "put_item",
        {
            "TableName": "Table",
            "Item": {
                **workflow_key(ORDER_ID),
                "account_id": {"S": "acme"},
                "source": {"S": "online"},
                "executions": {"N": str(place)},
                "outstanding": {"S": "2"},
                "check_at": {"N": str(SECONDS + 15 * 60)},
                **({"correlation_id": {"S": correlation_id}} if correlation_id else {}),
            },
            "ConditionExpression": "attribute_not_exists(pk) OR executions < :number",
            "ExpressionAttributeValues": {":number": {"N": str(place)}},
        },
    )


GET_KNOWN = ("get_item", {"TableName": "Table", "Key": workflow_key(ORDER_ID), "ConsistentRead": True})


def test_an_execution_is_claimed_in_the_table_before_it_is_started(service: Service) -> None:
    assert workflow.start(AT) is True
    assert service.asked == [claim_call(1), start_call(1)]
    service.asked.clear()
    assert workflow.start(AT, 3) is True
    assert service.asked == [claim_call(3), start_call(3)]


@pytest.mark.parametrize(
    ("standing", "is_started"), [(known(2), True), (known(1), True), ({}, True), (known(3), False)]
)
def test_what_is_claimed_already_is_started_again_unless_a_later_one_is_known(
    service: Service, standing: Json, is_started: bool
) -> None:
    service.answers = [REFUSED, {"Item": standing} if standing else {}, TAKEN]
    assert workflow.start(AT, 2) is is_started
    assert service.asked == [claim_call(2), GET_KNOWN, *([start_call(2)] if is_started else [])]


def test_a_name_that_is_taken_is_no_fault_and_all_else_is(service: Service) -> None:
    service.answers = [TAKEN, error_of("ExecutionAlreadyExists")]
    assert workflow.start(AT) is False
    service.answers = [TAKEN, error_of("StateMachineDoesNotExist")]
    with pytest.raises(ClientError):
        workflow.start(AT)


# -- waiting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [TAKEN, REFUSED], ids=["stored", "of an earlier execution"])
def test_a_wait_stores_its_token_unless_a_later_execution_is_known(service: Service, answer: Any) -> None:
    service.answers = [answer]
    assert workflow.store_task_token(AT, PendingTask(Step.CONTACT, "token"), f"{ORDER_ID}-4") is (answer is TAKEN)
    assert service.asked == [
        (
            "put_item",
            {
                "TableName": "Table",
                "Item": {
                    **workflow_key(ORDER_ID),
                    "account_id": {"S": "acme"},
                    "source": {"S": "online"},
                    "executions": {"N": "4"},
                    "waiting_for": {"S": "await_contact"},
                    "token": {"S": "token"},
                    "outstanding": {"S": "2"},
                    "check_at": {"N": str(SECONDS + 6 * 3600 + 15 * 60)},
                    "correlation_id": {"S": "c"},
                },
                "ConditionExpression": "attribute_not_exists(pk) OR executions <= :number",
                "ExpressionAttributeValues": {":number": {"N": "4"}},
            },
        )
    ]


def end_call(**route: Any) -> tuple[str, Json]:
    return ("send_task_success", {"taskToken": "token", "output": json.dumps(route)})


def test_an_execution_ends_by_the_token_of_its_wait(service: Service) -> None:
    workflow.end_execution(PendingTask(Step.REVIEW, "token"))
    assert service.asked == [end_call(next="done")]


def look_call(seconds: int, **condition: str) -> tuple[str, Json]:
    name = ":later" if condition else ":due"
    return (
        "update_item",
        {
            "TableName": "Table",
            "Key": workflow_key(ORDER_ID),
            "UpdateExpression": f"SET check_at = {name}",
            "ExpressionAttributeValues": {name: {"N": str(SECONDS + seconds)}},
            **condition,
        },
    )


LATER = look_call(15 * 60, ConditionExpression="attribute_exists(pk)")


def test_an_execution_that_has_grown_old_is_due_at_once_and_ends(service: Service) -> None:
    workflow.continue_as_new_execution(AT, PendingTask(Step.REVIEW, "token"))
    assert service.asked == [look_call(0), end_call(next="done")]


@pytest.mark.parametrize("code", ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"])
def test_a_token_that_is_over_is_no_fault_and_all_else_is(service: Service, code: str) -> None:
    service.answers = [error_of(code), error_of("InvalidOutput")]
    workflow.complete_task(PendingTask(Step.REVIEW, "token"), {})
    with pytest.raises(ClientError):
        workflow.complete_task(PendingTask(Step.REVIEW, "token"), {})


BOTH = (
    "batch_get_item",
    {"RequestItems": {"Table": {"Keys": [order_key(AT), workflow_key(ORDER_ID)], "ConsistentRead": True}}},
)
ROUTE = {"pause": 1, "correlation_id": "c"}


@pytest.mark.parametrize(
    ("items", "answered"),
    [
        ([item_of(standing("in_process")), known(token="token", step=Step.CONTACT)], Step.REVIEW),
        ([item_of(standing("in_process")), known(token="token", step=Step.REVIEW)], None),
        ([item_of(offered()), known(token="token", step=Step.REVIEW)], Step.CONTACT),
        ([item_of(held()), known(token="token", step=Step.REVIEW)], Step.MAIL_PAUSED),
        ([item_of(offered()), known()], None),
        ([item_of(offered())], None),
        ([known(token="token")], None),
        ([], None),
    ],
    ids=["goes on", "waits on", "to the contact", "held", "no token", "no workflow", "no order", "nothing"],
)
def test_a_wait_is_ended_when_the_order_needs_something_else(
    service: Service, items: list[Json], answered: Step | None
) -> None:
    service.answers = [found(*items), {}]
    workflow.resume(AT)
    route = ROUTE | ({"pause": 60} if answered is Step.MAIL_PAUSED else {})
    assert service.asked == [BOTH, *([end_call(next=answered, **route)] if answered else [])]


# -- looking after ------------------------------------------------------------------------------------------------


def describe_call(place: int) -> tuple[str, Json]:
    return ("describe_execution", {"executionArn": f"{EXECUTION}:{ORDER_ID}-{place}"})


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (RUNNING, ExecutionState.RUNNING),
        ({"status": "PENDING_REDRIVE"}, ExecutionState.RUNNING),
        ({"status": "SUCCEEDED"}, ExecutionState.ENDED),
        ({"status": "FAILED"}, ExecutionState.ENDED),
        ({"status": "TIMED_OUT"}, ExecutionState.ENDED),
        ({"status": "ABORTED"}, ExecutionState.ENDED),
        (UNKNOWN, ExecutionState.UNKNOWN),
    ],
)
def test_an_execution_runs_has_ended_or_is_not_known(service: Service, answer: Any, state: ExecutionState) -> None:
    service.answers = [answer]
    assert workflow._execution_state(AT, 7) is state
    assert service.asked == [describe_call(7)]


def test_an_execution_that_cannot_be_looked_at_is_a_fault(service: Service) -> None:
    service.answers = [error_of("InvalidArn")]
    with pytest.raises(ClientError):
        workflow._execution_state(AT, 1)


@pytest.mark.parametrize(
    ("item", "state"),
    [
        (known(token="token"), ExecutionState.RUNNING),
        (known(token="token", due_in=0), ExecutionState.UNKNOWN),
        (known(token="token", due_in=1), ExecutionState.RUNNING),
        (known(token="token", due_in=None), ExecutionState.UNKNOWN),
        (known(), ExecutionState.UNKNOWN),
    ],
    ids=["waits", "is due", "is due in a second", "has no time", "has no token"],
)
def test_an_execution_that_waits_runs_though_step_functions_has_not_told_of_it(
    service: Service, item: Json, state: ExecutionState
) -> None:
    service.answers = [UNKNOWN]
    assert workflow._newest_state(AT, item) is state
    service.answers = [{"status": "ABORTED"}]
    assert workflow._newest_state(AT, item) is ExecutionState.ENDED


BEGUN = [claim_call(1, None), start_call(1, None)]
OPEN, CLOSED = item_of(standing("in_process")), item_of(standing("completed"))


@pytest.mark.parametrize(
    ("items", "answers", "calls", "is_mended"),
    [
        ([], [], [], False),
        # An open order without a workflow has one started; nobody knows by now what led to it.
        ([OPEN], [TAKEN, TAKEN], BEGUN, True),
        # The first one may be there though the table does not say so: it runs, is not told of yet, or has ended.
        (
            [OPEN],
            [TAKEN, EXISTS, RUNNING, found(), {}],
            [*BEGUN, describe_call(1), BOTH, LATER],
            False,
        ),
        (
            [OPEN],
            [TAKEN, EXISTS, UNKNOWN, TAKEN, TAKEN, {}],
            [*BEGUN, describe_call(1), *BEGUN, LATER],
            True,
        ),
        (
            [OPEN],
            [TAKEN, EXISTS, {"status": "ABORTED"}, TAKEN, TAKEN],
            [*BEGUN, describe_call(1), claim_call(2, None), start_call(2, None)],
            True,
        ),
        # One whose newest execution is not known has it started again: mended, if it should have come back by now.
        (
            [OPEN, known(2, due_in=0)],
            [UNKNOWN, REFUSED, {"Item": known(2)}, TAKEN, TAKEN],
            [describe_call(2), claim_call(2), GET_KNOWN, start_call(2), LATER],
            True,
        ),
        (
            [OPEN, known(2)],
            [UNKNOWN, REFUSED, {"Item": known(2)}, TAKEN, TAKEN],
            [describe_call(2), claim_call(2), GET_KNOWN, start_call(2), LATER],
            False,
        ),
        # One whose newest has ended gets the next one, or the one after that where those were more than is known.
        (
            [OPEN, known(2)],
            [{"status": "FAILED"}, TAKEN, TAKEN],
            [describe_call(2), claim_call(3), start_call(3)],
            True,
        ),
        (
            [OPEN, known(2)],
            [
                {"status": "FAILED"},
                TAKEN,
                EXISTS,
                {"status": "ABORTED"},
                TAKEN,
                TAKEN,
            ],
            [describe_call(2), claim_call(3), start_call(3), describe_call(3), claim_call(4), start_call(4)],
            True,
        ),
        # One that runs is woken and looked at later.
        ([OPEN, known(2, token="token")], [RUNNING, found(OPEN, known(2)), {}], [describe_call(2), BOTH, LATER], False),
        # So is one that waits, though Step Functions has not told of it yet.
        ([OPEN, known(2, token="token")], [UNKNOWN, found(OPEN, known(2)), {}], [describe_call(2), BOTH, LATER], False),
        # The mark of a closed order stays for as long as its execution may run.
        ([CLOSED], [], [], False),
        (
            [CLOSED, known(2, token="token")],
            [RUNNING, found(CLOSED, known(2, token="token")), {}, {}],
            [describe_call(2), BOTH, end_call(next="done", **ROUTE), LATER],
            True,
        ),
        (
            [CLOSED, known(2)],
            [{"status": "SUCCEEDED"}, {}],
            [
                describe_call(2),
                (
                    "update_item",
                    {
                        "TableName": "Table",
                        "Key": workflow_key(ORDER_ID),
                        "UpdateExpression": "REMOVE outstanding, check_at",
                    },
                ),
            ],
            False,
        ),
    ],
    ids=[
        "no order",
        "never begun",
        "begun and running",
        "begun and not told of",
        "begun and ended",
        "unknown and due",
        "unknown and not due",
        "ended",
        "ended twice",
        "running",
        "waiting and not told of",
        "closed, never begun",
        "closed and running",
        "closed and ended",
    ],
)
def test_a_workflow_is_seen_to_by_what_its_newest_execution_does(
    service: Service, items: list[Json], answers: list[Any], calls: list[tuple[str, Json]], is_mended: bool
) -> None:
    service.answers = [found(*items), *answers, {}]
    logger.set_correlation_id("of whoever looks")
    assert workflow.repair(AT) is is_mended
    assert service.asked == [BOTH, *calls]
