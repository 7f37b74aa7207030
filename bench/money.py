"""What one straight order costs: counted in the lab from placing to approval, at list prices."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from os import devnull
from pathlib import Path
from typing import Any

from typing_extensions import override

from bench.units import PartitionedCapacity
from tests.lab import Lab
from tests.proof.flows import SETTLED_WITHIN, Walk

PRICES: dict[str, Any] = json.loads((Path(__file__).parent / "prices.json").read_text("utf-8"))
BUDGET = 0.0011
"""Dollars per straight order."""
TRANSITIONS_AT_MOST = 8
MILLISECONDS: float = PRICES["billed_milliseconds"]
STEPS = ("place", "claim", "quote", "approve")


def dollars_of(megabytes: int, milliseconds: float = MILLISECONDS) -> float:
    """Return what an invocation costs beside its request, by the memory of its function and how long it takes."""
    return megabytes / 1024 * milliseconds / 1000 * float(PRICES["GB second"])


@dataclass(frozen=True)
class Counted:
    """What one order took, from POST to the last mail about its approval."""

    amounts: Mapping[str, float]
    """By the names of the price list."""
    gigabyte_seconds: float
    units: Mapping[str, Mapping[str, float]]
    """Write units by step, and by table or index."""
    partitions: Mapping[tuple[str, str], int]
    """Write units by index (or `table`) and the value of the partition key."""

    @property
    def dollars(self) -> dict[str, float]:
        prices = PRICES["per_million"]
        found = {name: amount * prices[name] / 1e6 for name, amount in self.amounts.items()}
        return found | {"GB second": self.gigabyte_seconds * PRICES["GB second"]}

    @property
    def total(self) -> float:
        return sum(self.dollars.values())

    @property
    def dominating(self) -> str:
        return max(self.dollars, key=self.dollars.__getitem__)


class QuickWalk(Walk):
    """In no time, so that the reconciler has no part in it."""

    @override
    def rest(self, time: timedelta = SETTLED_WITHIN) -> None:
        self.lab.settle()


def count() -> Counted:
    with Lab.started() as lab, Path(devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        lab.account("acme")
        lab.settle()
        lab.wire.calls.clear()
        lab.functions.invocations.clear()
        lab.log.lines.clear()
        capacity, walk, units = PartitionedCapacity(lab.dynamodb), QuickWalk(lab), {}
        walk_steps: dict[str, Callable[[], None]] = {
            "place": lambda: _place(walk),
            "claim": walk.claim,
            "quote": walk.quote,
            "approve": lambda: walk.decide("approve", walk.mail(quote=True)),
        }
        before: Counter[str] = Counter()
        with capacity.measured():
            for step in STEPS:
                walk_steps[step]()
                units[step] = dict(capacity.written - before)
                before = Counter(capacity.written)
        (execution,) = lab.executions
        calls = Counter((call.service, call.operation) for call in lab.wire.calls)
        invocations = [lab.functions[one.function] for one in lab.functions.invocations]
        requests = sum(isinstance(one.event, dict) and "rawPath" in one.event for one in lab.functions.invocations)
        amounts = {
            "HTTP request": requests,
            "invocation": len(invocations),
            "write unit": sum(capacity.written.values()),
            "read unit": sum(capacity.read.values()),
            "state transition": len(execution.states),
            "mail": len(lab.mails),
            "event": len(lab.events),
            # Sent, received and deleted; a receive takes up to ten messages.
            "queue request": 3 * calls["sqs", "SendMessageBatch"],
            "stored document": calls["s3", "PutObject"],
            "read document": calls["s3", "GetObject"],
            "log KB": sum(len(line.encode()) for line in lab.log.lines) / 1024,
        }
        seconds = PRICES["billed_milliseconds"] / 1000
        return Counted(
            amounts, sum(one.memory / 1024 * seconds for one in invocations), units, dict(capacity.by_partition)
        )


def _place(walk: Walk) -> None:
    item = {"kind": "ip_addresses", "quantity": 4, "start_date": "2027-03-05"}
    user, key = walk.lab.users.customer, {"Idempotency-Key": "one"}
    response = walk.lab.http("POST", "/api/orders", json={"items": [item]}, headers=key, user=user)
    assert response.status == 201, response
    walk.order_id = response.json()["order_id"]
    walk.lab.settle()
