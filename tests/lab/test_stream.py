"""The poller of the table's stream does as the Lambda service does."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.lab import Lab

Json = dict[str, Any]


def put_entries(lab: Lab, *names: str) -> None:
    for name in names:
        order, _, number = name.partition(".")
        item = {"pk": {"S": f"ORDER#{order}"}, "sk": {"S": f"ENTRY#{number}"}}
        lab.client("dynamodb").put_item(TableName=lab.outputs["TableName"], Item=item)


def names_in(event: Json) -> list[str]:
    keys = [record["dynamodb"]["Keys"] for record in event["Records"]]
    return [f"{key['pk']['S'].removeprefix('ORDER#')}.{key['sk']['S'].removeprefix('ENTRY#')}" for key in keys]


def consumer(lab: Lab, fail: Callable[[list[str]], bool] = lambda names: False) -> list[list[str]]:
    """Replaces the outbox; returns the batches that it will have got."""
    batches: list[list[str]] = []

    def handler(event: Json, context: Any) -> None:
        batches.append(names_in(event))
        if fail(batches[-1]):
            raise RuntimeError("poison")

    lab.functions.replace("OutboxFunction", handler)
    return batches


def test_new_entries_come_in_order_and_nothing_else_does(lab: Lab) -> None:
    batches = consumer(lab)
    put_entries(lab, "a.1", "a.2", "b.1")
    item = {"pk": {"S": "ORDER#a"}, "sk": {"S": "ORDER"}}
    lab.client("dynamodb").put_item(TableName=lab.outputs["TableName"], Item=item)
    lab.settle()
    lab.settle()
    assert batches == [["a.1", "a.2", "b.1"]]


def test_a_poison_record_is_retried_and_then_reported_while_the_others_are_done(lab: Lab) -> None:
    batches = consumer(lab, fail=lambda names: "b.1" in names)
    put_entries(lab, "a.1", "b.1", "c.1", "c.2")
    lab.settle()
    put_entries(lab, "d.1")
    lab.settle()
    retries = lab.stream.mappings[0].retries
    assert batches.count(["b.1"]) == retries + 1
    assert [names for names in batches if "b.1" not in names] == [["a.1"], ["c.1", "c.2"], ["d.1"]]
    (letter,) = lab.messages("StreamDeadLetters")
    assert letter["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert letter["DDBStreamBatchInfo"]["batchSize"] == 1
    assert {failure.type for failure in lab.errors.take("OutboxFunction")} == {"RuntimeError"}


def test_a_function_that_reports_failures_gets_the_rest_again(lab: Lab) -> None:
    lab.stream.mappings[0].properties["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
    batches: list[list[str]] = []

    def handler(event: Json, context: Any) -> Json:
        batches.append(names_in(event))
        failed = [one["dynamodb"]["SequenceNumber"] for one in event["Records"][2:3]] if len(batches) == 1 else []
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}

    lab.functions.replace("OutboxFunction", handler)
    put_entries(lab, "a.1", "a.2", "a.3", "a.4")
    lab.settle()
    assert batches == [["a.1", "a.2", "a.3", "a.4"], ["a.3", "a.4"]]
    lab.errors.take("OutboxFunction")


def test_records_may_come_twice_and_again(lab: Lab) -> None:
    batches = consumer(lab)
    lab.stream.duplicate = True
    put_entries(lab, "a.1")
    lab.settle()
    lab.stream.duplicate = False
    lab.stream.replay()
    lab.settle()
    assert batches == [["a.1"]] * 3


def test_nothing_comes_while_the_stream_is_paused(lab: Lab) -> None:
    batches = consumer(lab)
    lab.stream.paused = True
    put_entries(lab, "a.1")
    lab.settle()
    assert batches == []
    lab.stream.paused = False
    lab.settle()
    assert batches == [["a.1"]]


@pytest.mark.parametrize("seed", range(5))
def test_a_shuffled_stream_keeps_the_order_of_each_order(lab: Lab, seed: int) -> None:
    batches = consumer(lab)
    lab.stream.shuffle(random.Random(seed))
    expected = [f"{order}.{number}" for number in range(1, 9) for order in "abc"]
    put_entries(lab, *expected)
    lab.settle()
    for order in "abc":
        came = [name for batch in batches for name in batch if name.startswith(order)]
        assert list(dict.fromkeys(came)) == [name for name in expected if name.startswith(order)]


def test_records_that_are_lost_never_come_and_the_others_do(lab: Lab) -> None:
    batches = consumer(lab)
    lab.stream.loses = lambda record: record["dynamodb"]["Keys"]["sk"]["S"] == "ENTRY#2"
    put_entries(lab, "a.1", "a.2", "a.3")
    lab.settle()
    lab.stream.loses = None
    put_entries(lab, "a.4")
    lab.settle()
    assert batches == [["a.1", "a.3"], ["a.4"]]
    assert lab.stream.lost == 1


def test_time_passes_before_a_batch_comes_again_and_the_shard_waits_for_it(lab: Lab) -> None:
    until = lab.clock.now() + timedelta(minutes=10)
    batches = consumer(lab, fail=lambda names: lab.clock.now() < until)
    lab.stream.pauses = True
    put_entries(lab, "a.1")
    lab.settle()
    put_entries(lab, "b.1")
    lab.settle()
    assert batches == [["a.1"]]
    lab.advance(minutes=9)
    tries = len(batches)
    assert 9 <= tries <= 20
    lab.advance(minutes=2)
    assert batches == [["a.1"]] * (len(batches) - 1) + [["b.1"]]
    assert not lab.messages("StreamDeadLetters")
    lab.errors.take("OutboxFunction")
