"""Threads that take turns: one runs at a time, only when told to, until it waits or ends.

moto's Step Functions interpreter runs three threads per execution. Under this scheduler they cannot race with each
other or with the test, a wait costs no real time, and "nothing moves any more" is a fact and not a guess.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.lab.clock import Clock

TURN_LIMIT = 60.0
"""Real seconds after which a thread that neither waits nor ends is taken to hang."""


class Waitable:
    """Something that threads of a scheduler wait for."""

    def __init__(self) -> None:
        self.waiters: list[VirtualThread] = []


class VirtualThread(threading.Thread, Waitable):
    def __init__(
        self,
        scheduler: "Scheduler",
        target: Callable[..., object],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        name: str | None,
    ) -> None:
        threading.Thread.__init__(self, name=name, daemon=True)
        Waitable.__init__(self)
        self.target = target
        self.deadline: datetime | None = None
        self.waits_for: Waitable | None = None
        self.ended = False
        self._scheduler = scheduler
        self.work: Callable[[], object] = lambda: target(*args, **kwargs)
        self._turn = threading.Semaphore(0)

    def start(self) -> None:
        super().start()
        self._scheduler.ready.append(self)

    def run(self) -> None:
        self._turn.acquire()
        try:
            self.work()
        except Exception as crash:  # noqa: BLE001 - raised again where the turn was given
            self._scheduler.crashes.append(crash)
        finally:
            self.ended = True
            self._scheduler.wake(list(self.waiters))
            self._scheduler.hand_back()

    def join(self, timeout: float | None = None) -> None:
        if not self.ended and isinstance(threading.current_thread(), VirtualThread):
            self._scheduler.suspend(self, timeout)

    def is_alive(self) -> bool:
        return not self.ended and super().is_alive()

    def take_turn(self) -> None:
        self._turn.release()

    def await_turn(self) -> None:
        self._turn.acquire()


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
        self.crashes: list[Exception] = []
        self.closed = False
        self._sleeping: list[VirtualThread] = []
        self._handed_back = threading.Semaphore(0)
        self._guard = threading.RLock()
        self._turn_giver: int | None = None

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

    def actor(self) -> int:
        """The identity of the real thread on whose behalf the caller runs."""
        if isinstance(threading.current_thread(), VirtualThread) and self._turn_giver is not None:
            return self._turn_giver
        return threading.get_ident()

    def suspend(self, what: Waitable | None, seconds: float | None) -> None:
        """Ends the turn of the calling thread until `what` happens or virtual time has passed."""
        thread = threading.current_thread()
        assert isinstance(thread, VirtualThread), (
            f"{thread.name} waits for virtual time, which only the threads of a workflow can"
        )
        if self.closed:
            return
        with self._guard:
            thread.deadline = None if seconds is None else self.clock.now() + timedelta(seconds=seconds)
            thread.waits_for = what
            if what:
                what.waiters.append(thread)
            self._sleeping.append(thread)
        self.hand_back()
        thread.await_turn()

    def hand_back(self) -> None:
        self._handed_back.release()

    def wake(self, threads: list[VirtualThread]) -> None:
        with self._guard:
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
        assert not isinstance(threading.current_thread(), VirtualThread), "a workflow cannot settle the lab from inside"
        if not self.ready:
            return False
        self._give_turn(self.ready.pop(0))
        if self.crashes:
            raise self.crashes.pop()
        return True

    def _give_turn(self, thread: VirtualThread) -> None:
        giver, self._turn_giver = self._turn_giver, threading.get_ident()
        try:
            thread.take_turn()
            assert self._handed_back.acquire(timeout=TURN_LIMIT), f"{thread.name} ({thread.target}) hangs"
        finally:
            self._turn_giver = giver

    def close(self, limit: int = 10_000) -> list[str]:
        """Lets every wait return at once and the threads run out; returns the names of those that do not end."""
        self.closed = True
        self.wake(list(self._sleeping))
        while self.ready and limit:
            limit -= 1
            self._give_turn(self.ready.pop(0))
        self.crashes.clear()  # a wait cut short may break its thread, which is over all the same
        return [thread.name for thread in self.ready]
