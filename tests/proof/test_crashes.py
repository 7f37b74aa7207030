"""Whatever call to AWS fails, takes effect unheard, or is the last that a process makes: the order ends as it would."""

import functools
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.lab.wire import Call, Fault, How
from tests.proof.flows import FLOWS, UNDO_SECONDS, End, Walk, end_of, left_undone

HOWS: tuple[How, ...] = ("before", "after", "die", "die-after")
SAMPLE = 40
"""The short form tries every so manieth point, each flow and fault from another one on."""
A_WAIT_AND_MORE = timedelta(hours=7)
"""The mark of a workflow that is done stands until its wait would have come back."""


@dataclass(frozen=True)
class Run:
    end: End
    undone: list[str]
    calls: list[Call]
    fault: Fault | None

    @property
    def may_repeat_a_mail(self) -> bool:
        """Whether SES took a mail whose sender could not know, or did not live to note it: the documented case."""
        fault = self.fault
        if fault is None or fault.call is None:
            return False
        if fault.call.operation == "SendEmail":
            return fault.how in {"after", "die-after"}
        before = self.calls[: fault.selection.n - 1]
        of_process = [call for call in before if call.function == fault.call.function]
        sent = [place for place, call in enumerate(of_process) if call.operation == "SendEmail"]
        if not sent or not fault.how.startswith("die"):
            return False
        since = [call.operation for call in of_process[sent[-1] + 1 :]]
        return not set(since) & {"UpdateItem", "TransactWriteItems"} and (
            fault.how == "die" or fault.call.operation not in {"UpdateItem", "TransactWriteItems"}
        )


def walked(flow: str, n: int = 0, how: How = "before") -> Run:
    """A flow whose n-th call goes wrong (0: none does), until nothing moves any more."""
    with (
        Lab.started(QuoteUndoSeconds=UNDO_SECONDS.get(flow, "0")) as lab,
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
    ):
        lab.account("acme")
        lab.settle()
        lab.wire.calls.clear()
        lab.schedules.start()
        fault = lab.wire.fail(n=n, how=how) if n else None
        walk = Walk(lab)
        FLOWS[flow](walk)
        walk.sleep(A_WAIT_AND_MORE)
        calls = list(lab.wire.calls)
        lab.wire.heal()
        walk.rest()  # the reconciler's next run, should it have been the one that failed
        return Run(end_of(walk), list(left_undone(walk)), calls, fault)


ALIKE = 3


def points_of(calls: list[Call]) -> list[int]:
    """All calls, but of those that the same call precedes and that find the table unchanged the first three only.

    So an idle reconciler that looks every few minutes, and a wait that ticks for weeks, count a few times and not
    hundreds of times.
    """
    found: list[int] = []
    alike: Counter[tuple[int, Call | None, Call]] = Counter()
    changes, before = 0, None
    for n, call in enumerate(calls, 1):
        alike[changes, before, call] += 1
        if alike[changes, before, call] <= ALIKE:
            found.append(n)
        changes += call.operation == "TransactWriteItems"
        before = call
    return found


@functools.cache
def undisturbed(flow: str) -> Run:
    return walked(flow)


def differences(run: Run, wanted: Run) -> Iterator[str]:
    yield from run.undone
    for name in ("status", "version", "quote", "closed_by", "timeline", "events"):
        have, want = getattr(run.end, name), getattr(wanted.end, name)
        if have != want:
            yield f"{name}: {have} instead of {want}"
    missing = wanted.end.mail_counts - run.end.mail_counts
    more = run.end.mail_counts - wanted.end.mail_counts
    if missing:
        yield f"mails that never came: {dict(missing)}"
    if more and not (run.may_repeat_a_mail and more.total() == 1):
        yield f"mails that came twice: {dict(more)}"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("flow", FLOWS)
def test_an_order_ends_the_same_whichever_call_goes_wrong(
    flow: str, how: How, long: bool, report: Callable[[str], None]
) -> None:
    wanted = undisturbed(flow)
    assert wanted.undone == []
    everywhere = points_of(wanted.calls)
    first = (list(FLOWS).index(flow) * len(HOWS) + HOWS.index(how)) * 5 % SAMPLE
    points = everywhere if long else everywhere[first::SAMPLE]
    wrong: dict[str, list[str]] = {}
    repeated = 0
    for n in points:
        run = walked(flow, n, how)
        assert run.fault
        assert run.fault.fired, f"there was no call {n}"
        found = list(differences(run, wanted))
        if found:
            wrong[f"{how} call {n}, {run.fault.call}"] = found
        repeated += (run.end.mail_counts - wanted.end.mail_counts).total()
    report(f"{flow}, {how}: {len(points)} of {len(everywhere)} points, {repeated} mails came twice as documented")
    assert not wrong
