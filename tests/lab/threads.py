"""Threads that take turns: one runs at a time, only when told to, until it waits or ends.

moto's Step Functions interpreter runs three threads per execution. Under this scheduler they cannot race with each
other or with the test, a wait costs no real time, and "nothing moves any more" is a fact and not a guess. They are
greenlets: all of a lab is in one thread of the system, so a process that forks takes the waiting ones along.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from greenlet import getcurrent, greenlet

from tests.lab.clock import Clock


class Waitable:
    """Something that threads of a scheduler wait for."""

    def __init__(self) -> None:
        self.waiters: list[VirtualThread] = []


class VirtualThread(Waitable):
    """`threading.Thread`, as far as moto's interpreter uses it."""

    def __init__(
        self,
        scheduler: "Scheduler",
        target: Callable[..., object],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        name: str | None,
    ) -> None:
        super().__init__()
        self.name = name or repr(target)
        self.daemon = True
        self.target = target
        self.deadline: datetime | None = None
        self.waits_for: Waitable | None = None
        self.started = self.ended = False
        self.work: Callable[[], object] = lambda: target(*args, **kwargs)
        self._scheduler = scheduler
        self._course: greenlet | None = None

    def start(self) -> None:
        self.started = True
        self._scheduler.ready.append(self)

    def join(self, timeout: float | None = None) -> None:
        if not self.ended and self._scheduler.current:
            self._scheduler.suspend(self, timeout)

    def is_alive(self) -> bool:
        return self.started and not self.ended

    def take_turn(self) -> None:
        """Runs until the thread waits or ends; what it raises is raised here."""
        if self._course is None:
            self._course = greenlet(self._run)
        self._course.parent = getcurrent()
        self._course.switch()

    def hand_back(self) -> None:
        assert self._course
        assert self._course.parent
        self._course.parent.switch()

    def _run(self) -> None:
        try:
            self.work()
        finally:
            self.ended = True
            self._scheduler.wake(list(self.waiters))


class VirtualEvent(Waitable):
    """`threading.Event` for threads of a scheduler."""

    def __init__(self, scheduler: "Scheduler") -> None:
        super().__init__()
        self._scheduler = scheduler
        self._flag = False

    def is_set(self) -> bool:
        return self._flag

    def set(self) -> None:
        self._flag = True
        self._scheduler.wake(list(self.waiters))

    def clear(self) -> None:
        self._flag = False

    def wait(self, timeout: float | None = None) -> bool:
        if not self._flag:
            self._scheduler.suspend(self, timeout)
        return self._flag or self._scheduler.closed


class Scheduler:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ready: list[VirtualThread] = []
        self.closed = False
        self.current: VirtualThread | None = None
        """Whose turn it is."""
        self._sleeping: list[VirtualThread] = []

    def thread(
        self,
        group: None = None,
        target: Callable[..., object] = lambda: None,
        name: str | None = None,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        daemon: bool | None = None,
    ) -> VirtualThread:
        """Stands in for `threading.Thread`."""
        return VirtualThread(self, target, args, kwargs or {}, name)

    def event(self) -> VirtualEvent:
        """Stands in for `threading.Event`."""
        return VirtualEvent(self)

    def sleep(self, seconds: float) -> None:
        self.suspend(None, seconds)

    def suspend(self, what: Waitable | None, seconds: float | None) -> None:
        """Ends the turn of the thread at hand until `what` happens or virtual time has passed."""
        thread = self.current
        assert thread, "only the threads of a workflow can wait for virtual time"
        if self.closed:
            return
        thread.deadline = None if seconds is None else self.clock.now() + timedelta(seconds=seconds)
        thread.waits_for = what
        if what:
            what.waiters.append(thread)
        self._sleeping.append(thread)
        thread.hand_back()

    def wake(self, threads: list[VirtualThread]) -> None:
        for thread in threads:
            if thread in self._sleeping:
                self._sleeping.remove(thread)
                if thread.waits_for:
                    thread.waits_for.waiters.remove(thread)
                self.ready.append(thread)

    def wake_due(self) -> None:
        """Wakes the threads whose time has come, the earliest deadline first."""
        due = [
            (thread.deadline, thread)
            for thread in self._sleeping
            if thread.deadline and thread.deadline <= self.clock.now()
        ]
        self.wake([thread for _, thread in sorted(due, key=lambda pair: pair[0])])

    def next_due(self) -> datetime | None:
        return min((thread.deadline for thread in self._sleeping if thread.deadline), default=None)

    def cancel(self, thread: VirtualThread) -> None:
        """A thread that has not had a turn yet will use it for nothing."""
        thread.work = lambda: None

    def step(self) -> bool:
        """Gives one thread its turn; False when none is ready."""
        assert not self.current, "a workflow cannot settle the lab from inside"
        if not self.ready:
            return False
        self._give_turn(self.ready.pop(0))
        return True

    def _give_turn(self, thread: VirtualThread) -> None:
        self.current = thread
        try:
            thread.take_turn()
        finally:
            self.current = None

    def close(self, limit: int = 10_000) -> list[str]:
        """Lets every wait return at once and the threads run out; returns the names of those that do not end."""
        self.closed = True
        self.wake(list(self._sleeping))
        while self.ready and limit:
            limit -= 1
            with suppress(Exception):  # a wait cut short may break its thread, which is over all the same
                self._give_turn(self.ready.pop(0))
        return [thread.name for thread in self.ready]
