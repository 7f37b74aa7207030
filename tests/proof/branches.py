"""Runs that part from one another: a process forks where something may go wrong, and each child goes on in its way.

So what comes before is done once, and every child has all of it: nothing is set up again, and nothing is only alike.
A child reports one value and ends there; it runs none of what its parent would do at its end.
"""

import gc
import os
import pickle
import select
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class BranchFailed(AssertionError):
    """A child raised; says its traceback."""


@dataclass
class Branches:
    """`label`s tell the children apart. At most `at_once` of them run at the same time."""

    at_once: int = field(default_factory=lambda: os.cpu_count() or 1)
    reports: dict[Any, Any] = field(default_factory=dict)
    """What the children reported, by label; an exception for those that raised."""
    _running: dict[int, tuple[int, Any, bytearray]] = field(default_factory=dict)
    """By the reading end of the child's pipe: its process, its label, and what it has written so far."""
    _writing: int | None = None
    """The writing end; None in the parent."""

    @property
    def is_child(self) -> bool:
        return self._writing is not None

    def part(self, label: Any) -> bool:
        """Forks; True in the child."""
        while len(self._running) >= self.at_once:
            self._read_some()
        reading, writing = os.pipe()
        process = os.fork()
        if process:
            os.close(writing)
            self._running[reading] = process, label, bytearray()
            return False
        self._writing = writing
        gc.disable()  # it would touch, and so copy, all that there was before; and a child ends soon
        return True

    def run(self, work: Callable[[], Any]) -> Any:
        """Does the work in which the branches part. The parent gets its value when all children have reported."""
        try:
            value = work()
        except BaseException as fault:
            if not self.is_child:
                raise
            value = BranchFailed("".join(traceback.format_exception(fault)))
        if self._writing is not None:
            with os.fdopen(self._writing, "wb") as pipe:
                pickle.dump(value, pipe)
            os._exit(0)
        while self._running:
            self._read_some()
        return value

    def _read_some(self) -> None:
        ready, _, _ = select.select(list(self._running), [], [])
        for reading in ready:
            process, label, written = self._running[reading]
            part = os.read(reading, 1 << 16)
            written += part
            if not part:
                del self._running[reading]
                os.close(reading)
                _, status = os.waitpid(process, 0)
                self.reports[label] = (
                    pickle.loads(bytes(written)) if written else BranchFailed(f"ended with status {status}")  # noqa: S301 - of our own child
                )
