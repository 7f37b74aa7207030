"""Retry failed invocations as AWS does, where the engine would drop them.

A stream's batch is retried from its first failed record on, until the mapping's attempts are used up; then the failed
records are reported to the mapping's destination. A task that waits for a token fails with the function that was to
take the token. The engine does all else itself (queue, asynchronous invocation, HTTP).
"""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sandbox.functions import Invocation, Pool, Result

FIRST_PAUSE_SECONDS = 0.25
MAX_PAUSE_SECONDS = 5.0
SPARE_SECONDS = 60.0
NO_DEADLINE = {"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"}

Record = dict[str, Any]


@dataclass(frozen=True)
class StreamMapping:
    """The settings of an event source mapping. `attempts`: how often a batch is retried, None for ever."""

    stream_arn: str
    attempts: int | None
    bisect: bool
    partial: bool
    destination: str | None

    @classmethod
    def of(cls, mapping: dict[str, Any]) -> "StreamMapping":
        """Return the settings from a mapping of ListEventSourceMappings."""
        attempts = int(mapping.get("MaximumRetryAttempts", -1))
        return cls(
            stream_arn=mapping["EventSourceArn"],
            attempts=None if attempts < 0 else attempts,
            bisect=bool(mapping.get("BisectBatchOnFunctionError")),
            partial="ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", []),
            destination=mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
        )


@dataclass(frozen=True)
class Shard:
    """Delivers a stream's batches to a function; `give_up` gets the records, the last result and the number
    of tries.
    """

    mapping: StreamMapping
    run: Callable[[list[Record]], Awaitable[Result]]
    give_up: Callable[[list[Record], Result, int], Awaitable[None]]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def deliver(self, records: list[Record], deadline: float) -> Result:
        """Deliver the records; return a failure only near the deadline (a Unix time), and the engine then sends the
        batch again.
        """
        size, tries = len(records), 0
        while records:
            response = await self.run(records[:size])
            failed = _first_failed(response, records[:size], self.mapping.partial)
            if failed is None:
                records, size, tries = records[size:], len(records) - size, 0
                continue
            records, size = records[failed:], size - failed
            tries += 1
            if self.mapping.bisect and size > 1:
                size, tries = (size + 1) // 2, 0  # a split uses up no attempt
            elif self.mapping.attempts is not None and tries > self.mapping.attempts:
                await self.give_up(records[:size], response, tries)
                records, size, tries = records[size:], len(records) - size, 0
                continue
            if time.time() > deadline - SPARE_SECONDS:
                message = f"{len(records)} records of the batch are left"
                return Result({"errorType": "Sandbox.BatchNotDone", "errorMessage": message, "stackTrace": []})
            await self.pause(min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**tries))
        return Result(None, b'{"batchItemFailures": []}')


def _first_failed(response: Result, records: list[Record], partial: bool) -> int | None:
    """Return the index of the first failed record; 0 where the response names a record that was not sent, as on AWS."""
    if response.failure:
        return 0
    failures = (json.loads(response.result) or {}).get("batchItemFailures") if partial else None
    if not failures:
        return None
    positions = {record["dynamodb"]["SequenceNumber"]: index for index, record in enumerate(records)}
    return min(positions.get(failure.get("itemIdentifier"), 0) for failure in failures)


class Retries:
    """Retries invocations and fails tasks; `mappings` is by function name."""

    def __init__(
        self, *, sqs: Any, stepfunctions: Any, mappings: dict[str, StreamMapping], token_fields: frozenset[str]
    ) -> None:
        self._sqs = sqs
        self._stepfunctions = stepfunctions
        self._mappings = mappings
        self._token_fields = token_fields
        self._tokens: set[str] = set()
        """Of tasks that may still wait."""

    async def deliver(self, pool: Pool, invocation: Invocation, deadline: float) -> Result:
        """Run the invocation, as often as its source would."""
        if pool.function.name in self._mappings:
            event = json.loads(invocation.event)
            if isinstance(event, dict) and event.get("Records"):
                return await self._shard(pool).deliver(event["Records"], deadline)
        response = await pool.run(invocation)
        if token := self._token(invocation.event):
            if response.failure:
                failure = {"error": response.failure["errorType"], "cause": json.dumps(response.failure)}
                await asyncio.to_thread(self._fail_task, token, failure)
            else:
                self._tokens.add(token)
        return response

    async def end_waits(self) -> int:
        """Let every wait run into its timeout now; return how many did."""
        tokens, self._tokens = self._tokens, set()
        timeout = {"error": "States.Timeout", "cause": "The clock was put forward."}
        ended = [await asyncio.to_thread(self._fail_task, token, timeout) for token in tokens]
        return sum(ended)

    def _shard(self, pool: Pool) -> Shard:
        mapping = self._mappings[pool.function.name]

        async def run(batch: list[Record]) -> Result:
            return await pool.run(Invocation(json.dumps({"Records": batch}).encode()))

        async def give_up(batch: list[Record], response: Result, tries: int) -> None:
            if mapping.destination:
                report = _report(batch, mapping.stream_arn, pool.function.arn, response, tries)
                await asyncio.to_thread(self._send, mapping.destination, json.dumps(report))

        return Shard(mapping, run, give_up)

    def _send(self, queue_arn: str, body: str) -> None:
        url = self._sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
        self._sqs.send_message(QueueUrl=url, MessageBody=body)

    def _token(self, event: bytes) -> str | None:
        loaded = json.loads(event) if self._token_fields else None
        found = [loaded[name] for name in self._token_fields if name in loaded] if isinstance(loaded, dict) else []
        return found[0] if found else None

    def _fail_task(self, token: str, failure: dict[str, str]) -> bool:
        """Fail a task; return whether it still waited."""
        try:
            self._stepfunctions.send_task_failure(taskToken=token, **failure)
        except ClientError as error:
            if error.response["Error"]["Code"] not in NO_DEADLINE:
                raise
            return False
        return True


def _report(batch: list[Record], stream_arn: str, function_arn: str, response: Result, tries: int) -> dict[str, Any]:
    """Return the report of a batch that is given up, as Lambda sends it: where the records are in the stream, not their
    content.
    """

    def at(record: Record) -> str:
        created = datetime.fromtimestamp(float(record["dynamodb"].get("ApproximateCreationDateTime", time.time())), UTC)
        return created.strftime("%Y-%m-%dT%H:%M:%SZ")

    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": function_arn,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": tries,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled" if response.failure else None,
        },
        "version": "1.0",
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000000000000000000-00000000",
            "startSequenceNumber": batch[0]["dynamodb"]["SequenceNumber"],
            "endSequenceNumber": batch[-1]["dynamodb"]["SequenceNumber"],
            "approximateArrivalOfFirstRecord": at(batch[0]),
            "approximateArrivalOfLastRecord": at(batch[-1]),
            "batchSize": len(batch),
            "streamArn": stream_arn,
        },
    }
