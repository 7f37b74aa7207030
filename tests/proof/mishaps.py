"""What goes wrong in a life of an order: a call, two calls, all calls to a service for a while, records of the stream.

Each strikes at one call of the life, and from then on the life goes on as it may. What is drawn is drawn by a seed.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import Any, Protocol, get_args

from tests.lab import Lab, product
from tests.lab.wire import CONFLICTING, Call, How, Outage, Style
from tests.proof.flows import Walk

Json = dict[str, Any]

HOWS: tuple[How, ...] = get_args(How)
FUNCTIONS_OF_EFFECTS = {"OutboxFunction", "MailerFunction", "AwaitDecisionFunction", "SendQuoteFunction"}
PARAMETERS = frozenset({"ssm", "secretsmanager"})
SERVICES: Mapping[str, frozenset[str] | None] = {
    "DynamoDB": frozenset({"dynamodb"}),
    "S3": frozenset({"s3"}),
    "SES": frozenset({"sesv2"}),
    "Step Functions": frozenset({"stepfunctions"}),
    "SQS": frozenset({"sqs"}),
    "EventBridge": frozenset({"events"}),
    "SSM and Secrets Manager": PARAMETERS,
    "Lambda": frozenset({"lambda"}),
    "everything": None,
}
"""What may be out of order; of Lambda the invocations by the workflow."""
ANY, TRANSACTION, ONWARD = "any", "transaction", "onward"
"""A call of whatever kind, one that may make a record of the stream, and one by which the workflow goes on."""
WINDOWS_IN_SHORT = {
    "approve": ("everything",),
    "cancel_before_the_quote": ("Lambda",),
    "decline": ("SES",),
    "withdraw": ("SQS", "SSM and Secrets Manager"),
    "change_and_quote_anew": ("S3",),
    "resend": ("Step Functions",),
    "ask_and_hand_over": ("SES",),
    "ask_for_a_discount": ("DynamoDB",),
    "expire": ("DynamoDB",),
    "undo": ("EventBridge",),
}
"""What is out of order in the short form of a life."""
SHORTEST, LONGEST = timedelta(seconds=5), timedelta(hours=20)
"""Of a window: less than the day after which a quote is given up, by more than any pause."""
SPAN_IN_SHORT = timedelta(minutes=20), timedelta(hours=2)
CLOSE, FAR = 12, 100
"""Up to so many calls after the first fault, the second is likely to hit the recovery from it, or not."""


@dataclass(frozen=True)
class Point:
    """A call of a life, by its place, and how it goes wrong."""

    place: int
    call: Call
    how: How


@dataclass
class Struck:
    """What has gone wrong in this life by now."""

    points: list[Point] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)


class Mishap(Protocol):
    @property
    def kind(self) -> str:
        """By which the long form is asked for, in the variable PROVE_WAYS."""
        ...

    @property
    def where(self) -> str:
        """At which calls it may strike: those that can go wrong in a way, those to a service, or ANY."""
        ...

    def strike(self, walk: Walk, struck: Struck, call: Call) -> None: ...


def places(call: Call, *, is_first: bool) -> Iterator[str]:
    """The kinds of calls that a call is one of; to die before it is to die after the one before, if there was one."""
    yield ANY
    yield call.service
    if call.operation == "TransactWriteItems":
        yield TRANSACTION
    if call.operation in {"StartExecution", "SendTaskSuccess"}:
        yield ONWARD
    for how in HOWS:
        if (how != "die" or is_first) and (how != "conflict" or call.operation in CONFLICTING):
            yield how
            if call.function in FUNCTIONS_OF_EFFECTS:
                yield of_effects(how)


def of_effects(how: How) -> str:
    """The kind of calls that can go wrong in a way, of functions that nobody waits for."""
    return f"{how} of effects"


def _fail(lab: Lab, struck: Struck, call: Call, how: How) -> None:
    """Let the call that is about to be sent go wrong."""
    struck.points.append(Point(len(lab.wire.calls), call, how))
    lab.wire.fail(how=how)


@dataclass(frozen=True)
class OneCall:
    how: How

    @property
    def kind(self) -> str:
        return self.how

    @property
    def where(self) -> str:
        return self.how

    def strike(self, walk: Walk, struck: Struck, call: Call) -> None:
        _fail(walk.lab, struck, call, self.how)
        walk.goes_wrong()


@dataclass(frozen=True)
class TwoCalls:
    how: How
    then: How
    after: int
    """So many calls later, or at the first write after that where only a write can go wrong so."""
    counted_from_recovery: bool
    """Later than when the first call is made again, which may be by another function."""
    is_of_effects: bool
    """Whether the first is a call of a function that nobody waits for."""
    kind = "pairs"

    @property
    def where(self) -> str:
        return of_effects(self.how) if self.is_of_effects else self.how

    def strike(self, walk: Walk, struck: Struck, call: Call) -> None:
        wire, left, is_counting = walk.lab.wire, self.after, not self.counted_from_recovery
        _fail(walk.lab, struck, call, self.how)
        walk.goes_wrong()

        def meet(later: Call) -> None:
            nonlocal left, is_counting
            is_counting = is_counting or later[1:] == call[1:]
            left -= is_counting
            if left <= 0 and (self.then != "conflict" or later.operation in CONFLICTING):
                wire.watch = None
                _fail(walk.lab, struck, later, self.then)
                walk.goes_wrong()

        wire.watch = meet

    @classmethod
    def draw(cls, chance: random.Random) -> "TwoCalls":
        """Three of four are close together. Most of these meet the recovery, and more than others that from a call that
        has failed: its effects are left to another function, where a process that died begins anew."""
        then = chance.choice(HOWS)
        if chance.random() < 0.25:
            after = chance.randint(CLOSE + 1, FAR)
            return cls(chance.choice(HOWS), then, after, counted_from_recovery=False, is_of_effects=False)
        how = "before" if chance.random() < 0.4 else chance.choice(HOWS)
        is_of_effects, counted_from_recovery = chance.random() < 0.8, chance.random() < 0.7
        after = chance.randint(1, 4 if counted_from_recovery else CLOSE)
        return cls(how, then, after, counted_from_recovery, is_of_effects)


@dataclass(frozen=True)
class Window:
    out_of_order: str
    style: Style
    span: timedelta
    seed: int
    kind = "windows"

    @property
    def where(self) -> str:
        return self.where_of(self.out_of_order)

    @staticmethod
    def where_of(out_of_order: str) -> str:
        """A call to the service. Lambda's are none of a function, and parameters are read at starts alone."""
        services = SERVICES[out_of_order]
        if services is None or services == PARAMETERS:
            return ANY
        (service,) = services
        return ONWARD if service == "lambda" else service

    def strike(self, walk: Walk, struck: Struck, call: Call) -> None:
        lab, until = walk.lab, walk.lab.clock.now() + self.span
        outage = Outage(
            SERVICES[self.out_of_order], lambda: lab.clock.now() >= until, self.style, random.Random(self.seed)
        )
        if SERVICES[self.out_of_order] == PARAMETERS:
            product.reset_caches()
        lab.wire.outages.append(outage)
        struck.outages.append(outage)
        lab.stream.pauses = True
        walk.stays_wrong(until)

    @classmethod
    def draw(
        cls, chance: random.Random, out_of_order: str, shortest: timedelta = SHORTEST, longest: timedelta = LONGEST
    ) -> "Window":
        """A span of any order of magnitude."""
        span = shortest * (longest / shortest) ** chance.random()
        return cls(out_of_order, chance.choice(get_args(Style)), span, chance.getrandbits(32))


@dataclass(frozen=True)
class Loss:
    """Of the stream's records, by their number from now on, or of all that come in a span: they never arrive."""

    numbers: frozenset[int]
    span: timedelta
    hurried: bool = False
    """People act before the reconciler finds what was lost, so that later records come before it."""
    kind = "losses"

    @property
    def where(self) -> str:
        return ANY if self.numbers else TRANSACTION

    def strike(self, walk: Walk, struck: Struck, call: Call) -> None:
        lab, number = walk.lab, 0
        until = lab.clock.now() + self.span
        if self.hurried:
            walk.hurries()
        else:
            walk.stays_wrong()

        def is_lost(record: Json) -> bool:
            nonlocal number
            number += 1
            return number in self.numbers or lab.clock.now() < until

        lab.stream.loses = is_lost

    @classmethod
    def quarter(cls, chance: random.Random, records: int) -> "Loss":
        """Of a life with so many."""
        numbers = chance.sample(range(1, records + 1), ceil(records / 4))
        return cls(frozenset(numbers), timedelta(0), chance.random() < 0.5)

    @classmethod
    def all_for_a_while(cls, chance: random.Random, records: int) -> "Loss":
        return cls(frozenset(), timedelta(minutes=chance.randint(1, 240)), chance.random() < 0.5)


@dataclass(frozen=True)
class LossAndWindow:
    """A quarter of all records is lost, and a window begins at the n-th call that may begin it."""

    loss: Loss
    window: Window
    begins_at: int
    kind = "combined"
    where = ANY

    def strike(self, walk: Walk, struck: Struck, call: Call) -> None:
        wire, seen = walk.lab.wire, 0
        self.loss.strike(walk, struck, call)

        def meet(later: Call) -> None:
            nonlocal seen
            seen += self.window.where in places(later, is_first=False)
            if seen == self.begins_at:
                wire.watch = None
                self.window.strike(walk, struck, later)

        wire.watch = meet

    @classmethod
    def draw(cls, chance: random.Random, calls: Mapping[str, int], records: int) -> "LossAndWindow":
        """Begin early enough that something is left to be done."""
        window = Window.draw(chance, chance.choice([name for name in SERVICES if Window.where_of(name) in calls]))
        return cls(Loss.quarter(chance, records), window, chance.randint(1, ceil(calls[window.where] / 2)))


KINDS = (*HOWS, "pairs", "windows", "losses", "combined")
Drawn = dict[tuple[str, int], list[Mishap]]
"""What strikes at the n-th call of a kind."""
IN_SHORT_FORM = "short"
NOT_ALWAYS_THERE = 4
"""The last calls of a kind that a life may have or not, as the ids fall that are drawn anew in each."""


def drawn(flow: str, kinds: frozenset[str], calls: Mapping[str, int], records: int) -> Drawn:
    """What goes wrong where in a life that has so many calls of each kind and records: the long form of some kinds of
    mishaps, the short form of all where none is named. For what finds no such call there is no place."""
    found: Drawn = {}
    for kind in sorted(kinds) or [IN_SHORT_FORM]:
        chance = random.Random(f"{flow} {kind}")
        for mishap in many(kind, chance, calls, records) if kinds else few(flow, chance, records):
            if mishap.where in calls:
                found.setdefault((mishap.where, _place(mishap, chance, calls)), []).append(mishap)
    return found


def _place(mishap: Mishap, chance: random.Random, calls: Mapping[str, int]) -> int:
    most = calls[mishap.where]
    is_from_start = isinstance(mishap, LossAndWindow) or (isinstance(mishap, Loss) and mishap.numbers)
    return 1 if is_from_start else chance.randint(1, most - min(NOT_ALWAYS_THERE, most // 10))


def few(flow: str, chance: random.Random, records: int) -> Iterator[Mishap]:
    """The short form of a life: each way once, and some of the rest; of the windows all lives together have each."""
    yield from (OneCall(how) for how in HOWS)
    yield from (TwoCalls.draw(chance) for _ in range(2))
    yield from (Window.draw(chance, name, *SPAN_IN_SHORT) for name in WINDOWS_IN_SHORT[flow])
    yield (Loss.quarter, Loss.all_for_a_while)[len(flow) % 2](chance, records)


def many(kind: str, chance: random.Random, calls: Mapping[str, int], records: int) -> Iterator[Mishap]:
    """The long form of a kind, but of single calls, of which it is all."""
    if kind == "pairs":
        yield from (TwoCalls.draw(chance) for _ in range(100))
    elif kind == "windows":
        yield from (Window.draw(chance, name) for _ in range(4) for name in SERVICES)
    elif kind == "losses":
        yield from (draw(chance, records) for _ in range(8) for draw in (Loss.quarter, Loss.all_for_a_while))
    elif kind == "combined":
        yield from (LossAndWindow.draw(chance, calls, records) for _ in range(12))
