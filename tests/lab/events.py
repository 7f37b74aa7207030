"""EventBridge: what was put on a bus, and the rules of the template that hand events to functions and queues."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from unittest.mock import patch

from moto.events.models import EventPattern, EventsBackend

from emulation.default_bus import envelope
from tests.lab.bridge import Functions, Invocation
from tests.lab.clock import Clock

Json = dict[str, Any]

THROTTLED_PAUSE = timedelta(minutes=5)
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=2))
"""How long the Lambda service waits before it tries an asynchronous invocation a second and a third time."""


def _sends_nothing(arn: str, message: Json) -> None:
    raise AssertionError(f"no queue is known for {arn}")


@dataclass(frozen=True)
class Event:
    bus: str
    source: str
    detail_type: str
    detail: Json


@dataclass(frozen=True)
class Rule:
    bus: str
    pattern: Json
    functions: tuple[str, ...]
    queues: tuple[str, ...] = ()
    """ARNs."""

    def matches(self, bus: str, event: Json) -> bool:
        return bus == self.bus and bool(EventPattern.load(json.dumps(self.pattern)).matches_event(cast(Any, event)))


@dataclass
class Pending:
    """An asynchronous invocation."""

    function: str
    event: Json
    due: datetime
    tries: int = 0


@dataclass
class EventBridge:
    functions: Functions
    clock: Clock
    account: str
    region: str
    rules: list[Rule] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    """Everything that was put on a bus, in the order in which it was put."""
    discarded: list[Pending] = field(default_factory=list)
    """Invocations that failed to the last try."""
    invoke_configs: dict[str, Json] = field(default_factory=dict)
    """What the template says of a function's asynchronous invocations."""
    send: Callable[[str, Json], None] = _sends_nothing
    """Puts a message on the queue of an ARN."""
    _pending: list[Pending] = field(default_factory=list)

    def publish(self, bus: str, source: str, detail_type: str, detail: Json, resources: list[str]) -> int:
        """Hands an event to the rules of a bus; the functions run when the lab settles. Returns how many take it."""
        event = self._event(source, detail_type, detail, resources)
        matching = [rule for rule in self.rules if rule.matches(bus, event)]
        takers = [function for rule in matching for function in rule.functions]
        self._pending += [Pending(function, event, self.clock.now()) for function in takers]
        queues = [queue for rule in matching for queue in rule.queues]
        for queue in queues:
            self.send(queue, event)
        return len(takers) + len(queues)

    def invoke(self, function: str, source: str, detail_type: str, detail: Json, resources: list[str]) -> None:
        """Hands an event to one function, past the rules."""
        event = self._event(source, detail_type, detail, resources)
        self._pending.append(Pending(function, event, self.clock.now()))

    def _event(self, source: str, detail_type: str, detail: Json, resources: list[str]) -> Json:
        where = {"account": self.account, "region": self.region}
        return envelope(source, detail_type, detail, **where, at=self.clock.now(), resources=resources)

    def step(self) -> bool:
        """Runs one asynchronous invocation; False when none is due."""
        pending = next((one for one in self._pending if one.due <= self.clock.now()), None)
        if pending is None:
            return False
        self._pending.remove(pending)
        invocation = self.functions.invoke(pending.function, pending.event)
        if invocation.is_throttled:  # Lambda keeps it, for up to six hours, and counts no try
            pending.due = self.clock.now() + THROTTLED_PAUSE
            self._pending.append(pending)
        elif invocation.failure:
            config = self.invoke_configs.get(pending.function, {})
            if pending.tries < config.get("MaximumRetryAttempts", len(RETRY_AFTER)):
                pending.due = self.clock.now() + RETRY_AFTER[pending.tries]
                pending.tries += 1
                self._pending.append(pending)
            else:
                self._give_up(pending, invocation, config.get("DestinationConfig", {}).get("OnFailure", {}))
        return True

    def _give_up(self, pending: Pending, invocation: Invocation, destination: Json) -> None:
        self.discarded.append(pending)
        if destination:
            self.send(
                destination["Destination"],
                {
                    "version": "1.0",
                    "timestamp": self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                    "requestContext": {
                        "requestId": invocation.request_id,
                        "functionArn": f"{self.functions[pending.function].arn}:$LATEST",
                        "condition": "RetriesExhausted",
                        "approximateInvokeCount": pending.tries + 1,
                    },
                    "requestPayload": pending.event,
                    "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
                    "responsePayload": invocation.payload,
                },
            )

    def next_due(self) -> datetime | None:
        return min((one.due for one in self._pending), default=None)

    @contextmanager
    def attached(self) -> Iterator[None]:
        put_events = EventsBackend.put_events

        def put_and_note(backend: EventsBackend, entries: list[Json]) -> list[Json]:
            responses: list[Json] = put_events(backend, entries)
            for entry, response in zip(entries, responses, strict=True):
                if "EventId" in response:
                    bus = entry.get("EventBusName", "default").rpartition("/")[2]
                    event = Event(bus, entry["Source"], entry["DetailType"], json.loads(entry["Detail"]))
                    self.events.append(event)
                    self.publish(bus, event.source, event.detail_type, event.detail, entry.get("Resources", []))
            return responses

        with patch.object(EventsBackend, "put_events", put_and_note):
            yield
