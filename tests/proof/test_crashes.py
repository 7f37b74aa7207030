"""Whatever call to AWS fails, takes effect unheard, or is the last that a process makes: the order ends as it would.

So it does when a write to the table finds somebody else's transaction at its item for as long as it is tried. Indexes
lag behind the table all the while.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

import reconcile
from online_orders.aws import keys
from tests.lab import Lab
from tests.lab.wire import CONFLICTING, Call, How
from tests.proof.branches import Branches
from tests.proof.flows import FLOWS, SETTLED_WITHIN, UNDO_SECONDS, End, Walk, end_of, left_undone

HOWS: tuple[How, ...] = ("before", "after", "die", "die-after", "conflict")
IN_FULL = "PROVE_WAYS"
"""Set in the environment, as in `before,conflict`: these ways are tried of every call, also in the short form."""
SAMPLE = 200
"""The short form lets every so manieth call go wrong, each way from another one on, so that every life meets all."""
SHORT_LIVES = {"cancel_before_the_quote", "withdraw"}
CALLS: dict[How, tuple[int, int]] = {
    "before": (70, 160),
    "after": (70, 160),
    "die": (28, 50),
    "die-after": (70, 160),
    "conflict": (20, 28),
}
"""That can go wrong in each way, in a short life and in another: all, the first of a process, writes to the table."""
A_WAIT_AND_MORE = timedelta(hours=7)
"""The mark of a workflow that is done stands until its wait would have come back."""
ALIKE = 3
SHARDS = 2
"""Of the index of marks. With the eight of the product, an idle reconciler would be most of what a life costs."""


@dataclass(frozen=True)
class Point:
    """A call of a life, by its place, and how it goes wrong."""

    place: int
    call: Call
    how: How


@dataclass(frozen=True)
class Run:
    end: End
    undone: list[str]
    calls: list[Call]


@dataclass
class Course:
    """A life from beginning to end, and where others part from it because a call goes wrong."""

    flow: str
    takes: Callable[[How, int], bool]
    """Whether the life is run in which the n-th call that can go wrong in this way does."""
    branches: Branches
    calls_tried: int = 0
    found: Counter[How] = field(default_factory=Counter)
    """How many calls can go wrong in each way."""

    def run(self) -> Run:
        with (
            Lab.started(GraceDays="3", QuoteUndoSeconds=UNDO_SECONDS.get(self.flow, "0")) as lab,
            Path(os.devnull).open("w") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
            patch.object(keys, "OUTSTANDING_SHARDS", SHARDS),
            patch.object(reconcile, "OUTSTANDING_SHARDS", SHARDS),
        ):
            lab.account("acme")
            lab.settle()
            lab.lag()
            lab.wire.calls.clear()
            lab.schedules.start()
            lab.stepfunctions.tell_late(seed=list(FLOWS).index(self.flow))
            walk = Walk(lab)
            self._watch(walk)
            FLOWS[self.flow](walk)
            walk.sleep(A_WAIT_AND_MORE)
            lab.wire.heal()
            lab.wire.watch = None
            walk.sleep(SETTLED_WITHIN)  # the reconciler's next run, should it have been the one that failed
            return Run(end_of(walk), list(left_undone(walk)), list(lab.wire.calls))

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
            for how in HOWS if is_new else ():
                if (how == "die" and not is_first) or (how == "conflict" and call.operation not in CONFLICTING):
                    continue
                self.found[how] += 1
                if self.takes(how, self.found[how]) and self.branches.part(Point(len(wire.calls), call, how)):
                    wire.watch = None
                    wire.fail(how=how)
                    walk.goes_wrong()
                    return

        wire.watch = meet


def may_repeat_a_mail(point: Point, calls: list[Call]) -> bool:
    """Whether SES took a mail whose sender could not know, or did not live to note it: the documented case."""
    if point.call.operation == "SendEmail":
        return point.how in {"after", "die-after"}
    of_process = [call for call in calls[: point.place - 1] if call.function == point.call.function]
    sent = [place for place, call in enumerate(of_process) if call.operation == "SendEmail"]
    if not sent or not point.how.startswith("die"):
        return False
    since = [call.operation for call in of_process[sent[-1] + 1 :]]
    return not set(since) & {"UpdateItem", "TransactWriteItems"} and (
        point.how == "die" or point.call.operation not in {"UpdateItem", "TransactWriteItems"}
    )


def differences(point: Point, run: Run, wanted: Run) -> Iterator[str]:
    yield from run.undone
    for name in ("status", "version", "quote", "closed_by", "timeline", "events"):
        have, want = getattr(run.end, name), getattr(wanted.end, name)
        if have != want:
            yield f"{name}: {have} instead of {want}"
    missing = wanted.end.mail_counts - run.end.mail_counts
    more = run.end.mail_counts - wanted.end.mail_counts
    if missing:
        yield f"mails that never came: {dict(missing)}"
    if more and not (may_repeat_a_mail(point, run.calls) and more.total() == 1):
        yield f"mails that came twice: {dict(more)}"


def is_sampled(flow: str, how: How, n: int) -> bool:
    """Of each way one call of a life, another one of each. `CALLS` are what the lives have at least."""
    chance = 29 * list(FLOWS).index(flow) + 53 * HOWS.index(how)
    return n % SAMPLE == 1 + chance % CALLS[how][flow not in SHORT_LIVES]


@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("flow", FLOWS)
def test_an_order_ends_the_same_whichever_call_goes_wrong(flow: str, long: bool, report: Callable[[str], None]) -> None:
    branches = Branches()
    every = HOWS if long else os.environ.get(IN_FULL, "").split(",")
    course = Course(flow, lambda how, n: how in every or is_sampled(flow, how, n), branches)
    wanted = branches.run(course.run)
    assert wanted.undone == []
    wrong: dict[str, list[str]] = {}
    repeated = 0
    for point, run in branches.reports.items():
        if isinstance(run, Run):
            found = list(differences(point, run, wanted))
            repeated += (run.end.mail_counts - wanted.end.mail_counts).total()
        else:
            found = [str(run)]
        if found:
            wrong[str(point)] = found
    report(
        f"{flow}: {course.calls_tried} calls, {len(branches.reports)} of {course.found.total()} ways to go wrong tried,"
        f" {len(wrong)} ended otherwise, {repeated} mails came twice as documented"
    )
    assert {point.how for point in branches.reports} == set(HOWS)
    assert not wrong
