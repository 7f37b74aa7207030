"""Faults hit the call that they are meant for, and look as on AWS."""

import random
import threading
from datetime import timedelta
from typing import Any, get_args
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from online_orders.aws.clients import client
from tests.lab import Lab
from tests.lab.wire import Call, Outage, Style

Json = dict[str, Any]
CONFLICT = "TransactionConflictException"
SOME_KEY = {"pk": {"S": "x"}, "sk": {"S": "x"}}


def put_two(event: Json, context: Any) -> Json:
    """Two transactions; answers which were refused because they had been there."""
    rejected = []
    for name in ("one", "two"):
        put = {
            "TableName": "Table",
            "Item": {"pk": {"S": name}, "sk": {"S": "X"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        try:
            client("dynamodb").transact_write_items(TransactItems=[{"Put": put}], ClientRequestToken=str(uuid4()))
        except ClientError as error:
            rejected.append(error.response["Error"]["Code"])
    return {"refused": rejected}


@pytest.fixture
def writing(lab: Lab) -> Lab:
    lab.functions.replace("GiveUpQuoteFunction", put_two)
    return lab


def stored(lab: Lab) -> list[str]:
    return [item["pk"] for item in lab.items]


def test_calls_of_functions_are_noted_and_no_others(writing: Lab) -> None:
    writing.client("dynamodb").list_tables()
    writing.functions.invoke("GiveUpQuoteFunction", {})
    assert writing.wire.calls == [Call("GiveUpQuoteFunction", "dynamodb", "TransactWriteItems")] * 2
    assert writing.wire.count(service="dynamodb") == 2


def test_a_function_that_reads_the_table_as_it_was_has_failed(lab: Lab) -> None:
    def read(event: Json, context: Any) -> Any:
        return client("dynamodb").get_item(TableName="Table", Key=SOME_KEY, **event)

    lab.functions.replace("GiveUpQuoteFunction", read)
    for is_consistent in (True, False):
        failure = lab.functions.invoke("GiveUpQuoteFunction", {"ConsistentRead": is_consistent}).failure
        assert (failure is None) is is_consistent
    (failure,) = lab.errors.take()
    assert isinstance(failure.exception, AssertionError)


def test_a_call_fails_before_it_takes_effect(writing: Lab) -> None:
    fault = writing.wire.fail(n=2, service="dynamodb")
    failure = writing.functions.invoke("GiveUpQuoteFunction", {}).failure
    assert failure
    assert isinstance(failure.exception, EndpointConnectionError)
    assert fault.fired
    assert stored(writing) == ["one"]
    assert len(writing.wire.calls) == 2
    assert writing.errors.take() == [failure]


def test_a_call_is_refused_by_the_service(writing: Lab) -> None:
    writing.wire.fail(n=1, operation="TransactWriteItems", error="TransactionConflict")
    assert writing.functions.invoke("GiveUpQuoteFunction", {}).payload == {"refused": ["TransactionCanceledException"]}
    assert stored(writing) == ["two"]


def put_as_often_as_it_takes(event: Json, context: Any) -> Json:
    """Writes three single items, each as often as it takes, up to five times; answers the errors."""
    tries = []
    for name in ("one", "two", "two"):
        put = {"TableName": "Table", "Item": {"pk": {"S": name}, "sk": {"S": "X"}}}
        errors: list[str] = []
        while len(errors) < 5:
            try:
                client("dynamodb").put_item(**put)
            except ClientError as error:
                errors.append(error.response["Error"]["Code"])
            else:
                break
        tries.append(errors)
        client("dynamodb").get_item(TableName="Table", Key=SOME_KEY, ConsistentRead=True)
    return {"tries": tries}


def test_a_transaction_in_flight_refuses_a_write_for_as_long_as_it_is_tried(writing: Lab) -> None:
    writing.functions.replace("GiveUpQuoteFunction", put_as_often_as_it_takes)
    fault = writing.wire.fail(operation="PutItem", how="conflict")
    assert writing.functions.invoke("GiveUpQuoteFunction", {}).payload == {"tries": [[CONFLICT] * 5, [], []]}
    assert fault.hits == 5
    assert stored(writing) == ["two"]
    writing.wire.fail(n=2, operation="PutItem", how="conflict", attempts=2)
    assert writing.functions.invoke("GiveUpQuoteFunction", {}).payload == {"tries": [[], [CONFLICT] * 2, []]}
    assert stored(writing) == ["one", "two"]


def test_a_transaction_in_flight_cancels_another_and_refuses_no_read(writing: Lab) -> None:
    writing.wire.fail(how="conflict")
    assert writing.functions.invoke("GiveUpQuoteFunction", {}).payload == {"refused": ["TransactionCanceledException"]}
    writing.functions.replace("GiveUpQuoteFunction", put_as_often_as_it_takes)
    writing.wire.fail(operation="GetItem", how="conflict")
    failure = writing.functions.invoke("GiveUpQuoteFunction", {}).failure
    assert failure
    assert failure.message == "no transaction refuses GetItem"
    writing.errors.take()


def test_the_sdk_tries_again_when_one_attempt_fails(writing: Lab) -> None:
    writing.wire.fail(n=1, attempts=1)
    assert writing.functions.invoke("GiveUpQuoteFunction", {}).payload == {"refused": []}
    assert stored(writing) == ["one", "two"]


def test_a_lost_answer_leaves_the_effect_and_the_next_attempt_does_no_harm(writing: Lab) -> None:
    fault = writing.wire.fail(n=1, how="after")
    assert writing.functions.invoke("GiveUpQuoteFunction", {}).payload == {"refused": []}
    assert fault.hits == 1
    assert stored(writing) == ["one", "two"]


@pytest.mark.parametrize(("how", "left"), [("die", ["one"]), ("die-after", ["one", "two"])])
def test_a_process_dies_at_a_call(writing: Lab, how: Any, left: list[str]) -> None:
    writing.wire.fail(n=2, how=how)
    failure = writing.functions.invoke("GiveUpQuoteFunction", {}).failure
    assert failure
    assert failure.type == "Runtime.ExitError"
    assert stored(writing) == left
    writing.errors.take()


def test_another_process_comes_in_between(writing: Lab) -> None:
    writing.wire.meanwhile(lambda: writing.functions.invoke("GiveUpQuoteFunction", {}), n=2)
    outer = writing.functions.invoke("GiveUpQuoteFunction", {})
    inner = writing.functions.invocations[0]
    assert inner.payload == {"refused": ["TransactionCanceledException"]}
    assert outer.payload == {"refused": ["TransactionCanceledException"]}
    assert stored(writing) == ["one", "two"]


@pytest.mark.parametrize("style", get_args(Style))
def test_no_call_to_a_service_that_is_out_of_order_has_an_effect(writing: Lab, style: Style) -> None:
    until = writing.clock.now() + timedelta(hours=1)
    outage = Outage(frozenset({"dynamodb"}), lambda: writing.clock.now() >= until, style, random.Random(0))
    writing.wire.outages.append(outage)
    writing.functions.invoke("GiveUpQuoteFunction", {})
    assert stored(writing) == []
    hits = outage.hits
    assert hits >= 2
    writing.advance(hours=1)
    assert writing.functions.invoke("GiveUpQuoteFunction", {}).payload == {"refused": []}
    assert stored(writing) == ["one", "two"]
    assert outage.hits == hits
    writing.errors.take()


def test_what_is_out_of_order_leaves_other_services_alone(writing: Lab) -> None:
    writing.wire.outages.append(Outage(frozenset({"s3"}), lambda: False, "faulty", random.Random(0)))
    assert writing.functions.invoke("GiveUpQuoteFunction", {}).payload == {"refused": []}
    writing.wire.heal()
    writing.wire.outages.append(Outage(None, lambda: False, "faulty", random.Random(0)))
    assert len(writing.functions.invoke("GiveUpQuoteFunction", {}).payload["refused"]) == 2


def test_of_two_faults_at_one_try_the_later_one_hits(writing: Lab) -> None:
    writing.functions.replace("GiveUpQuoteFunction", put_as_often_as_it_takes)
    writing.wire.fail(operation="PutItem", how="conflict")
    writing.wire.fail(n=2, operation="PutItem", how="die")
    failure = writing.functions.invoke("GiveUpQuoteFunction", {}).failure
    assert failure
    assert failure.type == "Runtime.ExitError"
    assert writing.wire.count(operation="PutItem") == 2
    writing.errors.take()


def test_a_fault_that_finds_no_call_has_not_fired(writing: Lab) -> None:
    fault = writing.wire.fail(n=3)
    writing.functions.invoke("GiveUpQuoteFunction", {})
    assert not fault.fired
    writing.wire.heal()


def test_a_function_has_its_own_environment_and_no_more(lab: Lab) -> None:
    def read(event: Json, context: Any) -> list[str]:
        import os

        return [os.environ["TABLE_NAME"], os.environ.get("MAIL_QUEUE_URL", "not given")]

    lab.functions.replace("GiveUpQuoteFunction", read)
    assert lab.functions.invoke("GiveUpQuoteFunction", {}).payload == ["Table", "not given"]


def test_requests_of_several_threads_are_served_one_at_a_time(lab: Lab) -> None:
    inside: list[int] = []
    most: list[int] = []

    def handler(event: Json, context: Any) -> Json:
        inside.append(1)
        client("dynamodb").get_item(TableName="Table", Key=SOME_KEY, ConsistentRead=True)
        most.append(len(inside))
        inside.pop()
        return {"statusCode": 200}

    lab.functions.replace("ConfirmPageFunction", handler)
    threads = [threading.Thread(target=lab.http, args=("GET", "/confirm/t")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


def test_a_request_in_between_leaves_the_outer_one_its_own_event(lab: Lab) -> None:
    lab.account("acme")
    lab.account("bolt")
    lab.wire.meanwhile(lambda: lab.http("GET", "/api/account", user=lab.users.other_customer), service="dynamodb")
    response = lab.http("GET", "/api/account", user=lab.users.customer)
    assert response.json()["account_id"] == "acme"
    inner, outer = lab.functions.invocations[-2:]
    assert "bolt" in inner.payload["body"]
    assert "acme" in outer.payload["body"]
