"""Workflows under virtual time, with tokens as strict as those of AWS."""

import json
import random
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab import START, Lab
from tests.lab.lab import SEED

Json = dict[str, Any]

DAY = 86_400


def wait_state(**more: Any) -> Json:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "AwaitDecisionFunction", "Payload": {"token.$": "$$.Task.Token"}},
        "TimeoutSeconds": DAY,
        "End": True,
    } | more


class Machine:
    """A machine of one wait, whose function keeps the tokens."""

    def __init__(self, lab: Lab, states: Json) -> None:
        self.tokens: list[str] = []
        self.tried_at: list[datetime] = []
        self.failing = 0
        self._lab = lab
        self._client = lab.client("stepfunctions")
        self.arn = self._client.create_state_machine(
            name="machine",
            definition=json.dumps({"StartAt": next(iter(states)), "States": states}),
            roleArn="arn:aws:iam::123456789012:role/machine",
        )["stateMachineArn"]
        lab.functions.replace("AwaitDecisionFunction", self._keep)

    def _keep(self, event: Json, context: Any) -> None:
        self.tried_at.append(self._lab.clock.now())
        if self.failing:
            self.failing -= 1
            raise RuntimeError("try again")
        self.tokens.append(event["token"])

    def start(self, name: str = "one") -> str:
        return str(self._client.start_execution(stateMachineArn=self.arn, name=name, input="{}")["executionArn"])

    def answer(self, token: str, output: str = '"done"') -> None:
        self._client.send_task_success(taskToken=token, output=output)

    def refused(self, token: str, output: str = '"done"') -> str:
        with pytest.raises(ClientError) as refusal:
            self.answer(token, output)
        return str(refusal.value.response["Error"]["Code"])


def test_a_workflow_moves_only_when_the_lab_settles(lab: Lab) -> None:
    machine = Machine(lab, {"Wait": wait_state()})
    machine.start()
    assert machine.tokens == []
    lab.settle()
    assert len(machine.tokens) == 1
    machine.answer(machine.tokens[0])
    assert lab.executions[0].status == "RUNNING"
    lab.settle()
    assert (lab.executions[0].status, lab.executions[0].output) == ("SUCCEEDED", "done")


def test_a_timeout_that_leads_back_to_its_own_state_ticks(lab: Lab) -> None:
    again = {"ErrorEquals": ["States.Timeout"], "ResultPath": None, "Next": "Wait"}
    machine = Machine(lab, {"Wait": wait_state(Catch=[again])})
    machine.start()
    lab.advance(seconds=DAY - 1)
    assert len(machine.tokens) == 1
    lab.advance(days=3)
    assert len(machine.tokens) == 4
    assert lab.executions[0].states == ["Wait"] * 4
    machine.answer(machine.tokens[-1])
    lab.settle()
    assert lab.executions[0].status == "SUCCEEDED"


def test_timeouts_fall_due_in_their_order_and_at_their_time(lab: Lab) -> None:
    machine = Machine(lab, {"Wait": wait_state()})
    for number in range(3):
        machine.start(f"execution{number}")
        lab.advance(hours=1)
    lab.advance(days=2)
    ends = [execution.history[-1]["timestamp"] for execution in lab.executions]
    assert ends == [f"2026-11-24T{9 + number:02}:00:00.000Z" for number in range(3)]
    assert lab.clock.now() - START == timedelta(days=2, hours=3)


def test_a_token_is_good_for_one_answer(lab: Lab) -> None:
    machine = Machine(lab, {"Wait": wait_state()})
    machine.start()
    lab.settle()
    (token,) = machine.tokens
    assert machine.refused("no token") == "InvalidToken"
    assert machine.refused(token, "no JSON") == "InvalidOutput"
    machine.answer(token)
    assert machine.refused(token) == "TaskTimedOut"
    lab.settle()
    assert machine.refused(token) == "TaskTimedOut"


def test_a_token_ends_with_the_time_of_its_task(lab: Lab) -> None:
    again = {"ErrorEquals": ["States.Timeout"], "ResultPath": None, "Next": "Wait"}
    machine = Machine(lab, {"Wait": wait_state(Catch=[again])})
    machine.start()
    lab.advance(days=1, seconds=1)
    assert machine.refused(machine.tokens[0]) == "TaskTimedOut"
    machine.answer(machine.tokens[1])


def test_a_retried_task_has_a_token_of_its_own(lab: Lab) -> None:
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 2, "JitterStrategy": "FULL"}
    machine = Machine(lab, {"Wait": wait_state(Retry=[retry], TimeoutSeconds=60)})
    machine.start()
    lab.advance(seconds=70)
    first, second = machine.tokens
    assert first != second
    assert machine.refused(first) == "TaskTimedOut"
    machine.answer(second)
    lab.settle()
    assert lab.executions[0].status == "SUCCEEDED"


def waits_between_tries(lab: Lab, failures: int, jitter: str) -> list[float]:
    """The seconds before each further try of a task that fails so often and then waits."""
    retry = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 10,
        "BackoffRate": 3,
        "MaxAttempts": failures,
        "MaxDelaySeconds": 60,
        "JitterStrategy": jitter,
    }
    machine = Machine(lab, {"Wait": wait_state(Retry=[retry])})
    machine.failing = failures
    machine.start()
    lab.advance(minutes=failures + 1)
    assert len(machine.tokens) == 1
    assert len(lab.errors.take("AwaitDecisionFunction")) == failures
    return [(after - before).total_seconds() for before, after in pairwise(machine.tried_at)]


def test_retries_back_off_in_virtual_time_up_to_their_longest_delay(lab: Lab) -> None:
    assert waits_between_tries(lab, 5, "NONE") == pytest.approx([10, 30, 60, 60, 60], abs=0.1)


def test_full_jitter_draws_from_the_whole_interval_and_by_a_seed(lab: Lab) -> None:
    waits = waits_between_tries(lab, 100, "FULL")
    assert all(0 <= wait <= limit + 0.1 for wait, limit in zip(waits, [10, 30, *[60] * 98], strict=True))
    longest = waits[2:]
    assert 25 < sum(longest) / len(longest) < 35, "half of the interval, in the mean"
    assert min(longest) < 5
    assert max(longest) > 55
    generator = random.Random(SEED)
    assert waits == pytest.approx([generator.uniform(0, limit) for limit in (10, 30, *[60] * 98)], abs=0.1)


def test_a_failure_of_the_lambda_service_is_an_error_of_its_own_name(lab: Lab) -> None:
    retry = {"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 1}
    machine = Machine(lab, {"Wait": wait_state(Retry=[retry])})
    fault = lab.wire.fail(service="lambda", operation="Invoke", error="TooManyRequestsException")
    machine.start()
    lab.advance(seconds=2)
    assert fault.fired
    assert len(machine.tokens) == 1


def test_an_execution_that_waits_can_be_stopped(lab: Lab) -> None:
    machine = Machine(lab, {"Wait": wait_state()})
    waiting, fresh = machine.start("waiting"), machine.start("fresh")
    lab.client("stepfunctions").stop_execution(executionArn=fresh)
    lab.settle()
    lab.client("stepfunctions").stop_execution(executionArn=waiting)
    lab.settle()
    assert [execution.status for execution in lab.executions] == ["ABORTED", "ABORTED"]
    assert len(machine.tokens) == 1
    assert machine.refused(machine.tokens[0]) == "TaskTimedOut"


def test_an_execution_is_started_once_by_its_name(lab: Lab) -> None:
    machine = Machine(lab, {"Wait": wait_state()})
    assert machine.start() == machine.start()
    lab.advance(days=2)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machine.start()
    with pytest.raises(ClientError, match="InvalidName"):
        machine.start("no good name")


def test_starts_and_ends_are_told_of_late_when_the_lab_is_asked_to(lab: Lab) -> None:
    machine = Machine(lab, {"Wait": wait_state()})
    lab.stepfunctions.delay_reports(seed=1, at_most=timedelta(minutes=10))
    arn = machine.start()

    def told() -> tuple[str | None, list[str]]:
        client = lab.client("stepfunctions")
        listed = client.list_executions(stateMachineArn=machine.arn)["executions"]
        try:
            return client.describe_execution(executionArn=arn)["status"], [one["status"] for one in listed]
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ExecutionDoesNotExist"  # noqa: PT017 - the other case is good
            return None, [one["status"] for one in listed]

    lab.settle()
    assert told() == (None, [])
    assert machine.start() == arn, "the name is taken all the same"
    lab.advance(minutes=10)
    assert told() == ("RUNNING", ["RUNNING"])
    machine.answer(machine.tokens[0])
    lab.settle()
    assert lab.executions[0].status == "SUCCEEDED"
    assert told() == ("RUNNING", ["RUNNING"])
    lab.advance(minutes=10)
    assert told() == ("SUCCEEDED", ["SUCCEEDED"])


@pytest.mark.parametrize("_", range(3))
def test_executions_of_one_test_are_gone_in_the_next(lab: Lab, _: int) -> None:
    assert lab.executions == []
    machine = Machine(lab, {"Wait": wait_state()})
    machine.start()
    lab.settle()
