"""The lab as a whole: it settles, is deterministic, keeps the product's time, and notes what was put on the bus."""

import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_socket import SocketConnectBlockedError

from online_orders import clock
from tests.lab import START, Lab, UnsettledError
from tests.lab.stack import Stack

Json = dict[str, Any]


def test_the_product_reads_the_time_of_the_lab(lab: Lab) -> None:
    assert clock.now() == START
    lab.advance(days=1)
    assert clock.now() == START + timedelta(days=1)


def test_the_product_reads_real_time_without_a_lab() -> None:
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_nothing_of_an_earlier_lab_is_in_a_later_one() -> None:
    found = []
    for _ in range(3):
        with Lab.started() as lab:
            tables, buckets = lab.client("dynamodb").list_tables(), lab.client("s3").list_buckets()["Buckets"]
            queues, machines = lab.client("sqs").list_queues(), lab.client("stepfunctions").list_state_machines()
            found.append(
                (
                    tables["TableNames"],
                    [bucket["Name"] for bucket in buckets],
                    queues["QueueUrls"],
                    [machine["stateMachineArn"] for machine in machines["stateMachines"]],
                    lab.outputs,
                    lab.items,
                    lab.executions,
                    lab.dynamodb.records(lab.outputs["TableName"]),
                )
            )
            lab.account()
            lab.client("sqs").create_queue(QueueName="later")
            lab.client("s3").put_object(Bucket=lab.stack.ref("Documents"), Key="later", Body=b"later")
            lab.stack.roles.clear()
            assert lab.items
    assert found == [found[0]] * 3
    assert all(found[0][:5])
    assert not any(found[0][5:])


def test_every_invocation_is_a_moment_later_than_the_one_before(lab: Lab) -> None:
    lab.functions.replace("ConfirmPageFunction", lambda event, context: {"statusCode": 200, "body": str(clock.now())})
    assert lab.http("GET", "/confirm/t").text < lab.http("GET", "/confirm/t").text


def test_what_never_comes_to_rest_is_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.lab.lab.STEP_LIMIT", 50)

    def put_another(event: Json, context: Any) -> None:
        entry = {"pk": {"S": "ORDER#a"}, "sk": {"S": f"ENTRY#{len(lab.items)}"}}
        lab.client("dynamodb").put_item(TableName=lab.outputs["TableName"], Item=entry)

    lab.functions.replace("OutboxFunction", put_another)
    put_another({}, None)
    with pytest.raises(UnsettledError, match="OutboxFunction"):
        lab.settle()


def test_a_schedule_runs_when_it_was_started_and_its_time_has_come(lab: Lab) -> None:
    lab.schedules.add("GiveUpQuoteFunction", "rate(2 hours)")
    runs: list[Json] = []
    lab.functions.replace("GiveUpQuoteFunction", lambda event, context: runs.append(event))
    lab.advance(days=1)
    assert runs == []
    lab.schedules.start()
    lab.settle()
    assert [event["source"] for event in runs] == ["aws.scheduler"]
    lab.advance(minutes=119)
    assert len(runs) == 1
    lab.advance(minutes=2)
    assert len(runs) == 2


def test_settling_again_changes_nothing(lab: Lab) -> None:
    lab.settle()
    invocations = len(lab.functions.invocations)
    lab.settle()
    assert len(lab.functions.invocations) == invocations


def test_events_on_the_bus_are_kept_in_order(lab: Lab) -> None:
    entry = {"EventBusName": lab.outputs["EventBusName"], "Source": "test"}
    entries = [entry | {"DetailType": name, "Detail": json.dumps({"name": name})} for name in ("b", "a")]
    lab.client("events").put_events(Entries=[*entries, entries[0] | {"EventBusName": "default"}])
    assert [event.detail_type for event in lab.events] == ["b", "a"]
    assert lab.events[0].detail == {"name": "b"}


def test_what_functions_print_is_in_the_log(lab: Lab) -> None:
    lab.functions.replace("GiveUpQuoteFunction", lambda event, context: print('{"level": "INFO", "x": 1}'))  # noqa: T201
    lab.functions.invoke("GiveUpQuoteFunction", {})
    assert lab.log.entries(x=1) == [{"level": "INFO", "x": 1}]


def test_nothing_leaves_this_machine() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram, pytest.raises(SocketConnectBlockedError):
        datagram.connect(("192.0.2.1", 9))  # would send nothing even if it were let through


def test_a_resource_of_an_unknown_type_stops_the_deployment() -> None:
    template = {"Resources": {"New": {"Type": "AWS::New::Thing"}}}
    with pytest.raises(AssertionError, match="does not know AWS::New::Thing"):
        Stack(template, {}, lambda service: None).deploy()


def test_functions_may_not_differ_in_a_variable(lab: Lab) -> None:
    properties = {"Handler": "give_up_quote.handler", "Environment": {"Variables": {"TABLE_NAME": "another"}}}
    with pytest.raises(AssertionError, match="TABLE_NAME"):
        lab.functions.declare("AnotherFunction", "arn:aws:lambda:eu-central-1:123456789012:function:x", properties)
