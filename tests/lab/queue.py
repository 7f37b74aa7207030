"""SQS in virtual time, and the Lambda service's poller of a queue."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from moto.sqs import models
from moto.sqs.models import Queue, sqs_backends

from tests.lab.bridge import Functions
from tests.lab.clock import Clock

Json = dict[str, Any]

VISIBILITY_TIMES_FUNCTION = 6
MIN_CONCURRENCY = 2


@dataclass
class Mapping:
    function: str
    queue_arn: str
    properties: Json
    uuid: str = ""
    enabled: bool = True

    @property
    def batch_size(self) -> int:
        return int(self.properties.get("BatchSize", 10))

    @property
    def reports_failures(self) -> bool:
        return "ReportBatchItemFailures" in self.properties.get("FunctionResponseTypes", [])


@dataclass
class QueuePoller:
    """A message whose function failed is seen again when its visibility timeout has passed in virtual time."""

    functions: Functions
    clock: Clock
    client: Any
    account: str
    region: str
    paused: bool = False
    throttled: set[str] = field(default_factory=set)
    """Functions that Lambda turns away, for want of concurrency: each try of the poller is a receive all the same."""
    duplicate: bool = False
    """Every batch comes twice: SQS delivers at least once."""
    mappings: list[Mapping] = field(default_factory=list)
    _short_polls: int = 0

    def add(self, mapping: Mapping, function_timeout: int) -> None:
        """Takes on a mapping, if the queue's visibility timeout is six times that of the function, as AWS advises.

        AWS refuses only one that is below the function's, and lets the others hand out messages that are being handled.
        """
        visibility = int(getattr(self._queue(mapping.queue_arn), "visibility_timeout"))  # noqa: B009 - set by name
        least = VISIBILITY_TIMES_FUNCTION * function_timeout
        assert visibility >= least, f"{mapping.function}: visibility {visibility} s < {least} s"
        at_once = mapping.properties.get("ScalingConfig", {}).get("MaximumConcurrency", MIN_CONCURRENCY)
        assert MIN_CONCURRENCY <= at_once <= 1000, f"{mapping.function}: AWS refuses a concurrency of {at_once}"
        self.mappings.append(mapping)

    @property
    def is_empty(self) -> bool:
        """Whether no queue holds a message, seen or not."""
        return not any(queue._messages for queue in sqs_backends[self.account][self.region].queues.values())

    def bodies(self, arn: str) -> list[Any]:
        """The JSON messages on a queue, seen or not, oldest first."""
        return [json.loads(message.body) for message in self._queue(arn)._messages]

    def send(self, arn: str, body: Json) -> None:
        self.client.send_message(QueueUrl=self.url(arn), MessageBody=json.dumps(body))

    def step(self) -> bool:
        """Delivers one batch; False when no message can be seen."""
        return not self.paused and any(self._poll(mapping) for mapping in self.mappings if mapping.enabled)

    def next_due(self) -> datetime | None:
        """When the next message can be seen that now cannot."""
        instants = [
            instant
            for mapping in self.mappings
            if mapping.enabled
            for message in self._queue(mapping.queue_arn)._messages
            for instant in (message.visible_at, message.delayed_until)
            if instant >= self.clock.milliseconds()
        ]
        # moto shows a message only after its instant.
        return datetime.fromtimestamp(min(instants) / 1000, UTC) + timedelta(milliseconds=1) if instants else None

    def _poll(self, mapping: Mapping) -> bool:
        if not any(message.visible and not message.delayed for message in self._queue(mapping.queue_arn)._messages):
            return False
        url = self.url(mapping.queue_arn)
        response = self.client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(mapping.batch_size, 10),
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = response.get("Messages", [])
        if (
            messages and mapping.function not in self.throttled
        ):  # none: those that could be seen went to the dead-letter queue
            event = {"Records": [self._record(mapping, message) for message in messages]}
            done = self._deliver(mapping, event)
            if self.duplicate:
                done &= self._deliver(mapping, event)
            for message in messages:
                if message["MessageId"] in done:
                    self.client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return True

    def _deliver(self, mapping: Mapping, event: Json) -> set[str]:
        """The ids of the messages that are done."""
        sent = {record["messageId"] for record in event["Records"]}
        invocation = self.functions.invoke(mapping.function, event)
        if invocation.failure:
            return set()
        failures = (invocation.payload or {}).get("batchItemFailures") or [] if mapping.reports_failures else []
        failed = {failure["itemIdentifier"] for failure in failures}
        return sent - failed if failed <= sent else set()

    def _record(self, mapping: Mapping, message: Json) -> Json:
        attributes = {
            name: {
                "stringValue": value.get("StringValue"),
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": value["DataType"],
            }
            for name, value in message.get("MessageAttributes", {}).items()
        }
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": {name: str(value) for name, value in message["Attributes"].items()},
            "messageAttributes": attributes,
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": mapping.queue_arn,
            "awsRegion": self.region,
        }

    def _queue(self, arn: str) -> Queue:
        return sqs_backends[self.account][self.region].queues[arn.rpartition(":")[2]]

    def url(self, arn: str) -> str:
        return f"https://sqs.{self.region}.amazonaws.com/{self.account}/{arn.rpartition(':')[2]}"

    @contextmanager
    def attached(self) -> Iterator[None]:
        receive: Callable[..., Any] = models.SQSBackend.receive_message

        def receive_in_no_time(backend: Any, queue: str, count: int, wait: int, *others: Any, **options: Any) -> Any:
            """A long poll does not wait here. A short one asks some of a queue's servers: every other finds nothing."""
            self._short_polls += not wait
            if not wait and self._short_polls % 2:
                return []
            return receive(backend, queue, count, 0, *others, **options)

        with (
            patch.object(models.SQSBackend, "receive_message", receive_in_no_time),
            patch.object(models, "unix_time_millis", self.clock.milliseconds),
            patch.object(models, "unix_time", self.clock.timestamp),
        ):
            yield
