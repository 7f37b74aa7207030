"""Calls to the table that conflict with others: retried where that helps, and distinguished where it does not."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from online_orders.aws import table
from online_orders.aws.keys import key
from online_orders.aws.table import (
    IF_NOT_EXISTS,
    MAX_ATTEMPTS,
    WriteConflict,
    call,
    get_all,
    max_pause,
    put,
    transact,
    update,
)
from online_orders.domain.errors import InProgress, OnlineOrdersError, Unavailable
from online_orders.http.problems import to_api_error
from tests.lab import Lab

Json = dict[str, Any]

THIS = key("this", "X")
CONDITION = {"Put": {"Item": THIS, **IF_NOT_EXISTS}}
WRITES: dict[str, Callable[[], object]] = {
    "PutItem": lambda: put({**THIS, "n": {"N": "1"}}, **IF_NOT_EXISTS),
    "UpdateItem": lambda: update(THIS, "SET n = :one", {":one": {"N": "1"}}, **IF_NOT_EXISTS),
    "DeleteItem": lambda: call("delete_item", Key=THIS),
}


class Process:
    """A function that does one thing to the table."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        lab.wire.permissions = None

    def does(self, action: Callable[[], object]) -> Any:
        """Return what the action answers; raises what it raises."""
        responses: list[object] = []
        self.lab.functions.replace("GiveUpQuoteFunction", lambda event, context: responses.append(action()))
        failure = self.lab.functions.invoke("GiveUpQuoteFunction", {}).failure
        self.lab.errors.take()
        if failure:
            assert failure.exception
            raise failure.exception
        return responses[0]

    @property
    def stored(self) -> list[str]:
        return [item["pk"] for item in self.lab.items]


@pytest.fixture
def process(lab: Lab) -> Process:
    return Process(lab)


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_is_tried_again_while_a_transaction_is_at_its_item(process: Process, operation: str) -> None:
    fault = process.lab.wire.fail(operation=operation, how="conflict", attempts=MAX_ATTEMPTS - 1)
    process.does(WRITES[operation])
    assert fault.hits == MAX_ATTEMPTS - 1
    assert process.stored == ([] if operation == "DeleteItem" else ["this"])


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_that_never_gets_its_turn_is_in_progress(process: Process, operation: str) -> None:
    fault = process.lab.wire.fail(operation=operation, how="conflict")
    with pytest.raises(InProgress):
        process.does(WRITES[operation])
    assert fault.hits == MAX_ATTEMPTS
    assert process.stored == []


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
def test_what_the_transaction_wrote_decides_about_the_condition(process: Process, operation: str) -> None:
    process.lab.wire.fail(operation=operation, how="conflict", attempts=1)
    process.lab.wire.meanwhile(lambda: transact([CONDITION]), operation=operation)
    assert process.does(WRITES[operation]) is False


def test_the_pauses_grow_to_a_second_and_fit_a_request() -> None:
    pauses = [max_pause(attempt) for attempt in range(1, MAX_ATTEMPTS)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 1.0
    assert sum(pauses) < 5


def test_a_transaction_that_lost_a_race_is_told_so_at_once(process: Process) -> None:
    fault = process.lab.wire.fail(error="TransactionConflict")
    with pytest.raises(WriteConflict):
        process.does(lambda: transact([CONDITION]))
    assert fault.hits == 1


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_is_tried_again_under_another_token(process: Process, reason: str) -> None:
    for n in (1, 2):
        process.lab.wire.fail(n, error=reason)
    process.does(lambda: transact([CONDITION]))
    assert process.stored == ["this"]
    assert process.lab.wire.count(operation="TransactWriteItems") == 3


def test_a_table_that_goes_on_throttling_is_unavailable(process: Process) -> None:
    for n in range(1, 100):
        process.lab.wire.fail(n, error="ThrottlingError")
    before = process.lab.clock.now()
    with pytest.raises(Unavailable):
        process.does(lambda: transact([CONDITION]))
    assert 6 <= (process.lab.clock.now() - before).total_seconds() < 8


def test_a_transaction_that_cannot_be_made_is_a_fault_of_ours(process: Process) -> None:
    process.lab.wire.fail(error="ValidationError")
    with pytest.raises(ClientError) as raised:
        process.does(lambda: transact([CONDITION]))
    refusal: OnlineOrdersError = to_api_error(raised.value)
    assert (refusal.status, refusal.code) == (500, "internal_error")


def test_a_transaction_still_at_work_is_asked_for_under_its_token(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens: list[str] = []
    ask = table._call_with_retries

    def asked(method: str, **parameters: Any) -> Any:
        tokens.append(parameters["ClientRequestToken"])
        return ask(method, **parameters)

    monkeypatch.setattr(table, "_call_with_retries", asked)
    process.lab.wire.fail(error="TransactionInProgressException")
    process.does(lambda: transact([CONDITION]))
    assert process.stored == ["this"]
    assert len(tokens) == 2
    assert len(set(tokens)) == 1


def test_nobody_is_told_the_outcome_of_a_transaction_that_nobody_knows(process: Process) -> None:
    for n in range(1, 100):
        process.lab.wire.fail(n, error="TransactionInProgressException")
    with pytest.raises(Unavailable):
        process.does(lambda: transact([CONDITION]))


def test_keys_that_were_left_unprocessed_are_asked_for_again(process: Process) -> None:
    keys = [key(str(number), "X") for number in range(40)]
    for one in keys:
        process.lab.client("dynamodb").put_item(TableName="Table", Item=one)
    process.lab.lag()
    for _ in range(30):
        assert len(process.does(lambda: get_all(keys))) == len(keys)
    assert process.lab.wire.count(operation="BatchGetItem") > 30
