"""Fair shares of a process: a bucket of requests per account, user or link, kept in memory alone.

A process of Lambda answers one request at a time. So what one account may take of each process is bounded, and the rest
of the process's time is the others'. There are as many buckets of an account as there are processes; they begin full
when a process does, and none knows of the others.
"""

from __future__ import annotations

from math import ceil

MAX_NAMES = 10_000
_ROUNDING = 1e-3
"""Seconds by which sums of fractions may be off: who waits as long as told is served."""


class RateLimiter:
    """Who may have a request when. Of each name it knows only the instant at which its bucket is full again."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}

    def acquire(self, name: str, at: float, *, per_second: float, burst: int) -> int:
        """Take one request out of the bucket of a name; the seconds to wait when there is none, else 0.

        `at` is in seconds of any clock; the bucket holds `at_once` requests, and `per_second` come back each second.
        """
        full_at = max(at, self._full_at.get(name, at)) + 1 / per_second
        empty_for = full_at - at - burst / per_second
        if empty_for > _ROUNDING:
            return ceil(empty_for)
        if len(self._full_at) >= MAX_NAMES and name not in self._full_at:
            self._full_at = {known: full for known, full in self._full_at.items() if full > at}
        self._full_at[name] = full_at
        return 0

    def clear(self) -> None:
        self._full_at.clear()

    def __len__(self) -> int:
        return len(self._full_at)
