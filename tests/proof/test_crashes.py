"""Whatever call to AWS fails, takes effect unheard, or is the last that a process makes: the order ends as it would.

So it does when a write to the table finds somebody else's transaction at its item for as long as it is tried, when two
calls of one life go wrong, when a service or everything is out of order for hours, and when records of the table's
stream never arrive. Indexes lag behind the table all the while.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import astuple, dataclass, field, replace
from datetime import timedelta
from operator import add
from pathlib import Path
from unittest.mock import patch

import pytest

import reconcile
from online_orders.aws import keys
from tests.lab import Lab
from tests.lab.wire import Call
from tests.proof.branches import Branches
from tests.proof.flows import (
    CONTACT,
    FLOWS,
    SETTLED_AFTER_OUTAGE,
    SETTLED_WITHIN,
    UNDO_SECONDS,
    End,
    Walk,
    end_of,
    left_undone,
    quote_twice,
)
from tests.proof.mishaps import (
    HOWS,
    KINDS,
    Drawn,
    Loss,
    LossAndWindow,
    Mishap,
    OneCall,
    Point,
    Struck,
    TwoCalls,
    Window,
    drawn,
    places,
)
from tests.proof.records import CONTACT as CONTACT_ROLE
from tests.proof.records import DESK as DESK_ROLE
from tests.proof.records import ExpectedMail, Records, disagreements, records_of

IN_FULL = "PROVE_WAYS"
"""Set in the environment, as in `before,windows`: these kinds are tried in their long form, and no others."""
LIVES = {**FLOWS, quote_twice.__name__: quote_twice}
A_WAIT_AND_MORE = timedelta(hours=7)
"""The mark of a workflow that is done stands until its wait would have come back."""
ALIKE = 3
DESK = "customer-success@example.com"
SHARDS = 2
"""Of the index of marks. With the eight of the product, an idle reconciler would be most of what a life costs."""


@dataclass(frozen=True)
class Run:
    end: End
    undone: list[str]
    calls: list[Call]
    records: Records
    struck: list[Point] = field(default_factory=list)
    hits: int = 0
    """Attempts of calls that an outage has met."""
    lost: int = 0
    """Records of the stream."""
    batches_given_up: int = 0
    """Of the stream, with a dead letter each."""
    undone_too_late: bool = False
    untold: Counter[ExpectedMail] = field(default_factory=Counter)


@dataclass
class Course:
    """A life from beginning to end, and where others part from it because something goes wrong."""

    flow: str
    branches: Branches
    drawn: Drawn = field(default_factory=dict)
    in_full: frozenset[str] = frozenset()
    """The ways in which every call goes wrong."""
    calls_tried: int = 0
    found: Counter[str] = field(default_factory=Counter)
    """How many calls there are of each kind of `places`."""
    _struck: Struck = field(default_factory=Struck)

    def run(self) -> Run:
        with (
            Lab.started(GraceDays="3", QuoteUndoSeconds=UNDO_SECONDS.get(self.flow, "0")) as lab,
            Path(os.devnull).open("w") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
            patch.object(keys, "PENDING_SHARDS", SHARDS),
            patch.object(reconcile, "PENDING_SHARDS", SHARDS),
        ):
            lab.account("acme")
            lab.settle()
            lab.lag()
            lab.wire.calls.clear()
            lab.schedules.start()
            lab.stepfunctions.delay_reports(seed=list(LIVES).index(self.flow))
            walk = Walk(lab)
            self._watch(walk)
            LIVES[self.flow](walk)
            undone = list(self._outlast(walk))
            walk.sleep(A_WAIT_AND_MORE)
            lab.wire.heal()
            lab.wire.watch = None
            walk.sleep(SETTLED_WITHIN)  # the reconciler's next run, should it have been the one that failed
            batches_given_up = len(lab.stream.discarded)
            return Run(
                end_of(walk),
                [*undone, *left_undone(walk, batches_given_up=batches_given_up)],
                list(lab.wire.calls),
                records_of(lab, walk.order_id),
                self._struck.points,
                sum(outage.hits for outage in self._struck.outages),
                lab.stream.lost,
                batches_given_up,
                walk.undone_too_late,
                walk.untold,
            )

    @staticmethod
    def _outlast(walk: Walk) -> Iterator[str]:
        """Lets an outage and its consequences pass; then nothing is marked but the workflow, which may still wait."""
        if walk.is_hurried:
            walk.hurries(is_hurried=False)
            walk.rest()
        if walk.outage_until:
            walk.rest(walk.outage_until + SETTLED_AFTER_OUTAGE - walk.lab.clock.now())
            yield from (
                f"not settled after the outage: {item['pk']} {item['sk']}"
                for item in walk.lab.items
                if "outstanding" in item and item["sk"] != keys.WORKFLOW_SK
            )

    def _watch(self, walk: Walk) -> None:
        """Parts at every call, but of those that the same call precedes and that find the table unchanged at the
        first three only: an idle reconciler, and a wait that ticks for weeks, count a few times and not hundreds.

        To die before a call is to die after the one before it, if the process has made one; that is run once.
        """
        wire, invocations = walk.lab.wire, walk.lab.functions.invocations
        alike: Counter[tuple[int, Call | None, Call]] = Counter()
        changes, before, parted_in = 0, None, -1

        def meet(call: Call) -> None:
            nonlocal changes, before, parted_in
            alike[changes, before, call] += 1
            is_new = alike[changes, before, call] <= ALIKE
            is_first = parted_in != len(invocations)
            changes += call.operation == "TransactWriteItems"
            before, parted_in = call, len(invocations) if is_new else -1
            self.calls_tried += is_new
            for kind in places(call, is_first=is_first) if is_new else ():
                self.found[kind] += 1
                for mishap in self._mishaps_at(kind):
                    if self.branches.part((len(wire.calls), call, mishap)):
                        wire.watch = None
                        mishap.strike(walk, self._struck, call)
                        return

        wire.watch = meet

    def _mishaps_at(self, kind: str) -> Iterator[Mishap]:
        """What strikes at the next call of a kind."""
        for how in HOWS:
            if kind == how and how in self.in_full:
                yield OneCall(how)
        yield from self.drawn.get((kind, self.found[kind]), ())


def may_repeat_a_mail(point: Point, run: Run) -> bool:
    """Whether SES took a mail whose sender could not know, or did not live to note it: the documented case."""
    if point.call.operation == "SendEmail":
        return point.how in {"after", "die-after"}
    without_effect = {other.place for other in run.struck if other.how not in {"after", "die-after"}} - {point.place}
    of_process = [
        Call(*call[:2], "refused") if index in without_effect else call
        for index, call in enumerate(run.calls[: point.place - 1], start=1)
        if call.function == point.call.function
    ]
    sent = [index for index, call in enumerate(of_process) if call.operation == "SendEmail"]
    if not sent or not point.how.startswith("die"):
        return False
    since = [call.operation for call in of_process[sent[-1] + 1 :]]
    return not set(since) & {"UpdateItem", "TransactWriteItems"} and (
        point.how == "die" or point.call.operation not in {"UpdateItem", "TransactWriteItems"}
    )


def is_note_lost(point: Point, run: Run) -> bool:
    """Whether it could not be noted that SES took a mail, and the process died before its message was done."""
    if point.how not in {"before", "conflict"} or point.call.operation not in {"UpdateItem", "TransactWriteItems"}:
        return False
    before = [call.operation for call in run.calls[: point.place - 1] if call.function == point.call.function]
    return before[-1:] == ["SendEmail"] and any(other.how.startswith("die") for other in run.struck)


def differences(run: Run, wanted: Run) -> Iterator[str]:
    """Between two ends, and in how it came to them. As many mails may come twice as points allow one each."""
    yield from run.undone
    for name in ("status", "version", "quote", "closed_by", "timeline", "events"):
        have, want = getattr(run.end, name), getattr(wanted.end, name)
        if have != want:
            yield f"{name}: {have} instead of {want}"
    missing = wanted.end.mail_counts - run.end.mail_counts - mails_untold(run)
    more = run.end.mail_counts - wanted.end.mail_counts
    if missing:
        yield f"mails that never came: {dict(missing)}"
    if more.total() > sum(may_repeat_a_mail(point, run) or is_note_lost(point, run) for point in run.struck):
        yield f"mails that came twice: {dict(more)}"
    records = with_events_once(run.records)
    sequence = [detail["sequence"] for _, detail in records.events]
    if sequence != sorted(sequence):
        yield f"events out of order: {sequence}"
    if not run.struck:
        yield from disagreements(records, run.untold)


def mails_untold(run: Run) -> Counter[tuple[str, str]]:
    """By recipient and subject, as `End` has them."""
    return Counter(
        {
            (CONTACT, "Order … from Acme Ltd received"): run.untold["received", CONTACT_ROLE],
            (DESK, "Discount to approve: order … of Acme Ltd"): run.untold["discount to approve", DESK_ROLE],
        }
    )


def with_events_once(records: Records) -> Records:
    """Each event as it came first: they come at least once."""
    once = {detail["event_id"]: (name, detail) for name, detail in reversed(records.events)}
    assert all(event in once.values() for event in records.events), "an event came once more, and otherwise"
    return replace(records, events=list(reversed(once.values())))


def wrong_in(mishap: Mishap, run: Run, wanted: Run) -> Iterator[str]:
    """What a mishap may not have led to.

    An outage of less than a day may do this and no more. Requests are answered 5xx, and made again. A quote is not
    taken back, since the time for that was over before anybody could. Of an order that is closed before its first mails
    could go, the contact gets no link to cancel it; nor does he where records were lost. And batches of the stream are
    given up, each with a dead letter, while the function that takes them cannot read the table. No deadline of the
    domain is that short: Customer Success is told of what waits after one day or three, the contact is reminded after
    days, and the mail of a quote is given up after a day.
    """
    window = mishap if isinstance(mishap, Window) else mishap.window if isinstance(mishap, LossAndWindow) else None
    yield from differences(run, wanted)
    if run.batches_given_up and not (window and window.out_of_order in {"DynamoDB", "everything"}):
        yield f"batches of the stream that were given up: {run.batches_given_up}"


@dataclass
class Tally:
    tried: int = 0
    in_vain: int = 0
    """In how many one call went wrong and no second, an outage met no call, or no record was lost."""
    wrong: int = 0
    repeated: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*map(add, astuple(self), astuple(other)))

    def __str__(self) -> str:
        vain = f", {self.in_vain} of them in vain" if self.in_vain else ""
        twice = f", {self.repeated} mails came twice as documented" if self.repeated else ""
        return f"{self.tried} tried{vain}, {self.wrong} ended otherwise{twice}"


def is_in_vain(mishap: Mishap, run: Run) -> bool:
    return (
        (isinstance(mishap, TwoCalls) and len(run.struck) < 2)
        or (isinstance(mishap, Window | LossAndWindow) and not run.hits)
        or (isinstance(mishap, Loss | LossAndWindow) and not run.lost)
    )


def kinds_in_full(long: bool) -> frozenset[str]:
    requested = os.environ.get(IN_FULL)
    kinds = frozenset(requested.split(",")) if requested else frozenset(KINDS if long else ())
    assert kinds <= set(KINDS), f"{IN_FULL} names none of {KINDS}"
    return kinds


def undisturbed(flow: str) -> tuple[Run, Course]:
    course = Course(flow, Branches())
    run = course.run()
    assert list(differences(run, run)) == []
    return run, course


@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("flow", FLOWS)
def test_an_order_ends_the_same_whatever_goes_wrong(flow: str, long: bool, report: Callable[[str], None]) -> None:
    requested, course = undisturbed(flow)
    in_full, branches = kinds_in_full(long), Branches()
    plan = drawn(flow, in_full, course.found, records=len(requested.end.timeline))
    parting = Course(flow, branches, plan, in_full)
    branches.run(parting.run)
    too_late: Run | None = None
    tallies, wrong = {kind: Tally() for kind in KINDS}, {}
    for (place, call, mishap), run in branches.reports.items():
        tally = tallies[mishap.kind]
        tally.tried += 1
        if isinstance(run, Run):
            if run.undone_too_late and too_late is None:
                too_late, _ = undisturbed(quote_twice.__name__)
            expected = too_late if run.undone_too_late and too_late else requested
            found = list(wrong_in(mishap, run, expected))
            tally.in_vain += is_in_vain(mishap, run)
            tally.repeated += (run.end.mail_counts - expected.end.mail_counts).total()
        else:
            found = [str(run)]
        if found:
            tally.wrong += 1
            wrong[f"{place} {call} {mishap}"] = found
    ways, single = sum(course.found[how] for how in HOWS), sum((tallies[how] for how in HOWS), Tally())
    shown = {f"of {ways} ways to go wrong": single, **{kind: tallies[kind] for kind in KINDS if kind not in HOWS}}
    texts = "; ".join(f"{kind}: {tally}" for kind, tally in shown.items() if tally.tried)
    report(f"{flow}: {course.calls_tried} calls; {texts}")
    assert not wrong
    assert {kind for kind, tally in tallies.items() if tally.tried} >= (in_full or {*HOWS, "pairs", "losses"})
    assert all(tallies[how].tried == parting.found[how] for how in in_full & set(HOWS))
