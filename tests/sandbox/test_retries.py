import asyncio
import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.functions import Invocation, Result
from sandbox.retries import Record, Retries, Shard, StreamMapping

FAILURE: Any = {"errorType": "KeyError", "errorMessage": "'quote'", "stackTrace": []}
STREAM = "arn:aws:dynamodb:eu-central-1:000000000000:table/orders/stream/1"
QUEUE = "arn:aws:sqs:eu-central-1:000000000000:dead-letters"
FUNCTION = "arn:aws:lambda:eu-central-1:000000000000:function:outbox"


def records(*sequence_numbers: str) -> list[Record]:
    return [
        {"dynamodb": {"SequenceNumber": number, "ApproximateCreationDateTime": 1_795_334_400.0}}
        for number in sequence_numbers
    ]


def numbers(batch: list[Record]) -> str:
    return "".join(record["dynamodb"]["SequenceNumber"] for record in batch)


class Outbox:
    """A function that fails for some records, so and so often."""

    def __init__(self, failures: dict[str, int], *, partial: bool = False) -> None:
        self.failures = dict(failures)
        self.partial = partial
        self.runs: list[str] = []
        self.given_up: list[tuple[str, int]] = []
        self.pauses: list[float] = []

    async def run(self, batch: list[Record]) -> Result:
        self.runs.append(numbers(batch))
        for record in batch:
            number = record["dynamodb"]["SequenceNumber"]
            if self.failures.get(number, 0):
                self.failures[number] -= 1
                if not self.partial:
                    return Result(FAILURE)
                return Result(None, json.dumps({"batchItemFailures": [{"itemIdentifier": number}]}).encode())
        return Result(None)

    async def give_up(self, batch: list[Record], answer: Result, tries: int) -> None:
        self.given_up.append((numbers(batch), tries))

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def deliver(
        self, letters: str, *, attempts: int | None = 2, bisect: bool = False, deadline: float = 1e12
    ) -> Result:
        mapping = StreamMapping(STREAM, attempts, bisect, self.partial, QUEUE)
        return asyncio.run(Shard(mapping, self.run, self.give_up, self.pause).deliver(records(*letters), deadline))


def test_a_batch_that_succeeds_is_run_once() -> None:
    outbox = Outbox({})
    assert outbox.deliver("abc") == Result(None, b'{"batchItemFailures": []}')
    assert (outbox.runs, outbox.pauses) == (["abc"], [])


def test_a_batch_that_fails_comes_again_with_growing_pauses() -> None:
    outbox = Outbox({"b": 2})
    outbox.deliver("abc")
    assert outbox.runs == ["abc", "abc", "abc"]
    assert outbox.pauses == [0.5, 1.0]


def test_a_partial_failure_comes_again_from_the_failed_record_on() -> None:
    outbox = Outbox({"b": 1}, partial=True)
    outbox.deliver("abc")
    assert (outbox.runs, outbox.given_up) == (["abc", "bc"], [])


def test_when_the_attempts_are_used_up_the_records_are_given_up() -> None:
    outbox = Outbox({"b": 99}, partial=True)
    assert outbox.deliver("abc").failure is None
    assert outbox.runs == ["abc", "bc", "bc"]
    assert outbox.given_up == [("bc", 3)]


def test_a_batch_that_is_split_loses_the_one_bad_record_only() -> None:
    outbox = Outbox({"c": 99})
    outbox.deliver("abcd", bisect=True)
    assert outbox.given_up == [("c", 3)]
    assert outbox.runs[-1] == "d"
    assert outbox.runs[:3] == ["abcd", "ab", "cd"]


def test_without_a_limit_a_batch_comes_again_until_it_succeeds() -> None:
    outbox = Outbox({"a": 50})
    outbox.deliver("a", attempts=None)
    assert len(outbox.runs) == 51
    assert max(outbox.pauses) == 5.0


def test_near_the_deadline_the_engine_is_to_send_the_rest_anew() -> None:
    outbox = Outbox({"b": 99})
    response = outbox.deliver("ab", attempts=None, deadline=time.time() + 1)
    assert response.failure
    assert response.failure["errorType"] == "Sandbox.BatchNotDone"


def test_an_answer_that_names_no_record_of_the_batch_fails_all_of_it() -> None:
    outbox = Outbox({})
    responses = [Result(None, b'{"batchItemFailures": [{"itemIdentifier": "z"}]}'), Result(None, b"null")]

    async def run(batch: list[Record]) -> Result:
        outbox.runs.append(numbers(batch))
        return responses.pop(0)

    mapping = StreamMapping(STREAM, 2, bisect=False, partial=True, destination=None)
    asyncio.run(Shard(mapping, run, outbox.give_up, outbox.pause).deliver(records("a", "b"), 1e12))
    assert outbox.runs == ["ab", "ab"]


def test_the_settings_of_a_mapping_are_read() -> None:
    mapping = StreamMapping.of(
        {
            "EventSourceArn": STREAM,
            "MaximumRetryAttempts": 40,
            "BisectBatchOnFunctionError": True,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
        }
    )
    assert mapping == StreamMapping(STREAM, 40, bisect=True, partial=True, destination=QUEUE)
    assert StreamMapping.of({"EventSourceArn": STREAM}) == StreamMapping(STREAM, None, False, False, None)


class Engine:
    """The two services that a failed invocation may lead to."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.failed_tasks: list[dict[str, str]] = []
        self.over: set[str] = set()

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803
        return {"QueueUrl": f"http://127.0.0.1/{QueueName}"}

    def send_message(self, **message: Any) -> None:
        self.sent.append(message)

    def send_task_failure(self, **failure: str) -> None:
        if failure["taskToken"] in self.over:
            raise ClientError({"Error": {"Code": "TaskDoesNotExist"}}, "SendTaskFailure")
        self.failed_tasks.append(failure)


class Pool:
    """A function that answers the same to all."""

    def __init__(self, answer: Result) -> None:
        self.answer = answer
        self.function = type("Function", (), {"name": "outbox", "arn": FUNCTION})

    async def run(self, invocation: Invocation) -> Result:
        return self.answer


@pytest.fixture
def engine() -> Engine:
    return Engine()


def deliver(engine: Engine, event: Any, answer: Result, mapping: StreamMapping | None = None) -> Result:
    deliveries = Retries(
        sqs=engine,
        stepfunctions=engine,
        mappings={"outbox": mapping} if mapping else {},
        token_fields=frozenset({"token"}),
    )
    pool: Any = Pool(answer)
    return asyncio.run(deliveries.deliver(pool, Invocation(json.dumps(event).encode()), 1e12))


def test_records_that_are_given_up_are_reported_as_lambda_does(engine: Engine) -> None:
    mapping = StreamMapping(STREAM, 0, bisect=False, partial=False, destination=QUEUE)
    deliver(engine, {"Records": records("1", "2")}, Result(FAILURE), mapping)
    (message,) = engine.sent
    report = json.loads(message["MessageBody"])

    assert message["QueueUrl"] == "http://127.0.0.1/dead-letters"
    assert report["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert report["requestContext"]["functionArn"] == FUNCTION
    assert report["DDBStreamBatchInfo"] == {
        "shardId": "shardId-00000000000000000000-00000000",
        "startSequenceNumber": "1",
        "endSequenceNumber": "2",
        "approximateArrivalOfFirstRecord": "2026-11-22T08:00:00Z",
        "approximateArrivalOfLastRecord": "2026-11-22T08:00:00Z",
        "batchSize": 2,
        "streamArn": STREAM,
    }


def test_a_task_whose_function_failed_fails_with_it(engine: Engine) -> None:
    deliver(engine, {"token": "t1"}, Result(FAILURE))
    assert engine.failed_tasks == [{"taskToken": "t1", "error": "KeyError", "cause": json.dumps(FAILURE)}]


@pytest.mark.parametrize(
    ("event", "answer"), [({"token": "t1"}, Result(None)), ({}, Result(FAILURE)), ([], Result(FAILURE))]
)
def test_else_no_task_fails(engine: Engine, event: Any, answer: Result) -> None:
    assert deliver(engine, event, answer) == answer
    assert engine.failed_tasks == []


def test_ended_waits_run_into_their_timeout_exactly_once(engine: Engine) -> None:
    deliveries = Retries(sqs=engine, stepfunctions=engine, mappings={}, token_fields=frozenset({"token"}))
    pool: Any = Pool(Result(None))

    async def go() -> list[int]:
        for token in ("one", "two", "three"):
            await deliveries.deliver(pool, Invocation(json.dumps({"token": token}).encode()), 1e12)
        await deliveries.deliver(pool, Invocation(b'{"no": "token"}'), 1e12)
        engine.over = {"two"}
        return [await deliveries.end_waits(), await deliveries.end_waits()]

    assert asyncio.run(go()) == [2, 0]
    assert {failure["taskToken"] for failure in engine.failed_tasks} == {"one", "three"}
    assert {failure["error"] for failure in engine.failed_tasks} == {"States.Timeout"}
