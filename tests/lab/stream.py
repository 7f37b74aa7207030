"""The Lambda service's poller of a table's stream."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from moto.events.models import EventPattern

from tests.lab.bridge import Functions
from tests.lab.clock import Clock
from tests.lab.dynamodb import DynamoDB

Json = dict[str, Any]

RETRIES_WITHOUT_LIMIT = 100
"""How often the lab tries a batch whose mapping never gives up, before it calls the stream blocked."""


FIRST_PAUSE, MAX_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
"""Before a batch that failed comes again, where the poller pauses. AWS says that it backs off, and not how."""


class _Flat:
    """What moto's patterns ask of an event, by dotted names; moto writes the whole event out for each pattern."""

    def __init__(self, event: Json) -> None:
        self._event = event

    def get(self, name: str, default: Any) -> Any:
        """The value at `name`, unless that is an object with members of its own."""
        value: Any = self._event
        for part in name.split("."):
            if not isinstance(value, dict) or part not in value:
                return default
            value = value[part]
        return default if isinstance(value, dict) and value else value


@dataclass
class Mapping:
    function: str
    table: str
    properties: Json
    uuid: str = ""
    enabled: bool = True
    position: int = 0
    pending: list[tuple[list[Json], int]] = field(default_factory=list)
    """What has failed of a batch, each part with its tries; the shard waits for them."""
    due: datetime | None = None
    """When the first of them comes again."""

    def __post_init__(self) -> None:
        filters = self.properties.get("FilterCriteria", {}).get("Filters", [])
        self.patterns = [EventPattern.load(one["Pattern"]) for one in filters]

    def wants(self, record: Json) -> bool:
        flat = cast(Any, _Flat(record))
        return not self.patterns or any(
            pattern._does_event_match(flat, pattern.get_pattern()) for pattern in self.patterns
        )

    @property
    def reports_failures(self) -> bool:
        return "ReportBatchItemFailures" in self.properties.get("FunctionResponseTypes", [])

    @property
    def batch_size(self) -> int:
        return int(self.properties.get("BatchSize", 100))

    @property
    def retries(self) -> int:
        """-1: without end, which is the service's default."""
        return int(self.properties.get("MaximumRetryAttempts", -1))

    @property
    def dead_letters(self) -> str | None:
        """The ARN of the queue that gets word of batches that were given up."""
        destination = self.properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        return str(destination) if destination else None


@dataclass
class StreamPoller:
    """Delivers committed records in order, in batches, at least once."""

    functions: Functions
    dynamodb: DynamoDB
    clock: Clock
    send: Callable[[str, Json], None]
    """Puts a message on the queue of an ARN."""
    paused: bool = False
    duplicate: bool = False
    """Every batch comes twice, as after a poller that died before it noted its progress."""
    pauses: bool = False
    """Time passes before a batch comes again that failed; else it comes at once."""
    batch_size: int | None = None
    """Instead of the mapping's."""
    loses: Callable[[Json], bool] | None = None
    """Whether a record never arrives, though its mapping wants it."""
    lost: int = 0
    mappings: list[Mapping] = field(default_factory=list)
    discarded: list[list[Json]] = field(default_factory=list)
    """The batches that were given up, oldest first."""
    _random: random.Random | None = None

    def shuffle(self, generator: random.Random) -> None:
        """From now on as unkind as the service may be: batches of any size, some twice, partition keys mixed."""
        self._random = generator

    def replay(self, last: int | None = None) -> None:
        """The last records, or all there ever were, will be delivered again."""
        for mapping in self.mappings:
            end = len(self.dynamodb.records(mapping.table))
            mapping.position = 0 if last is None else max(0, end - last)

    def step(self) -> bool:
        """Delivers one batch; False when there is none."""
        return not self.paused and any(self._poll(mapping) for mapping in self.mappings if mapping.enabled)

    def next_due(self) -> datetime | None:
        """When the next batch that has failed comes again."""
        dues = [mapping.due for mapping in self.mappings if mapping.enabled and mapping.due]
        return None if self.paused else min(dues, default=None)

    def _poll(self, mapping: Mapping) -> bool:
        if mapping.pending:
            return self._retry(mapping)
        records = self.dynamodb.records(mapping.table, mapping.position)
        if not records:
            return False
        size = self.batch_size or mapping.batch_size
        if self._random:
            size = self._random.randint(1, size)
        batch: list[Json] = []
        for record in records:
            if len(batch) == size:
                break
            mapping.position += 1
            if mapping.wants(record) and not self._is_lost(record):
                batch.append(record)
        if batch:
            batch = self._mix(batch)
            self._deliver(mapping, batch)
            if self.duplicate or (self._random and self._random.random() < 0.3):
                self._deliver(mapping, batch)
        return True

    def _is_lost(self, record: Json) -> bool:
        is_lost = self.loses is not None and self.loses(record)
        self.lost += is_lost
        return is_lost

    def _mix(self, batch: list[Json]) -> list[Json]:
        """Another order that keeps that of each partition key."""
        if not self._random:
            return batch
        lanes: dict[str, list[Json]] = {}
        for record in batch:
            lanes.setdefault(str(record["dynamodb"]["Keys"]["pk"]), []).append(record)
        order = [key for key, lane in lanes.items() for _ in lane]
        self._random.shuffle(order)
        return [lanes[key].pop(0) for key in order]

    def _deliver(self, mapping: Mapping, batch: list[Json]) -> None:
        """One batch until it is done or given up: the shard waits for it."""
        mapping.pending.append((batch, 0))
        while mapping.pending and mapping.due is None:
            self._try(mapping)

    def _retry(self, mapping: Mapping) -> bool:
        """Go on with a batch that has failed, if its pause is over."""
        if mapping.due and self.clock.now() < mapping.due:
            return False
        mapping.due = None
        self._try(mapping)
        return True

    def _try(self, mapping: Mapping) -> None:
        records, tries = mapping.pending.pop(0)
        invocation = self.functions.invoke(mapping.function, {"Records": records})
        rest = records if invocation.failure else self._unfinished(mapping, records, invocation.payload)
        if not rest:
            return
        if len(rest) < len(records):
            mapping.pending.insert(0, (rest, 0))
        elif len(rest) > 1 and mapping.properties.get("BisectBatchOnFunctionError"):
            middle = len(rest) // 2
            mapping.pending[:0] = [(rest[:middle], tries), (rest[middle:], tries)]
        elif mapping.retries == -1:
            assert tries < RETRIES_WITHOUT_LIMIT, (
                f"{mapping.function} blocks its stream: {invocation.failure or invocation.payload}"
            )
            mapping.pending.insert(0, (rest, tries + 1))
        elif tries < mapping.retries:
            mapping.pending.insert(0, (rest, tries + 1))
        else:
            self._give_up(mapping, rest, tries + 1, failed=invocation.failure is not None)
            return
        if self.pauses:
            mapping.due = self.clock.now() + min(FIRST_PAUSE * 2 ** min(tries, 10), MAX_PAUSE)

    @staticmethod
    def _unfinished(mapping: Mapping, records: list[Json], answer: Any) -> list[Json]:
        """From the first record on that the function reported; all of them when it reported one that was not sent."""
        failures = (answer or {}).get("batchItemFailures") or [] if mapping.reports_failures else []
        if not failures:
            return []
        sequence_numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        reported = [failure["itemIdentifier"] for failure in failures]
        if not set(reported) <= set(sequence_numbers):
            return records
        return records[min(map(sequence_numbers.index, reported)) :]

    def _give_up(self, mapping: Mapping, records: list[Json], tries: int, *, failed: bool) -> None:
        self.discarded.append(records)
        if not mapping.dead_letters:
            return
        first, last = records[0]["dynamodb"], records[-1]["dynamodb"]
        self.send(
            mapping.dead_letters,
            {
                "requestContext": {
                    "requestId": str(uuid.uuid4()),
                    "functionArn": self.functions[mapping.function].arn,
                    "condition": "RetryAttemptsExhausted",
                    "approximateInvokeCount": tries,
                },
                "responseContext": {
                    "statusCode": 200,
                    "executedVersion": "$LATEST",
                    "functionError": "Unhandled" if failed else None,
                },
                "version": "1.0",
                "timestamp": self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "DDBStreamBatchInfo": {
                    "shardId": "shardId-00000001541626099285-f35f62ef",
                    "startSequenceNumber": first["SequenceNumber"],
                    "endSequenceNumber": last["SequenceNumber"],
                    "approximateArrivalOfFirstRecord": self.clock.now()
                    .isoformat(timespec="milliseconds")
                    .replace("+00:00", "Z"),
                    "approximateArrivalOfLastRecord": self.clock.now()
                    .isoformat(timespec="milliseconds")
                    .replace("+00:00", "Z"),
                    "batchSize": len(records),
                    "streamArn": records[0]["eventSourceARN"],
                },
            },
        )
