"""Rate limits by token buckets: one per account, user or link, in the memory of a process.

A process of Lambda handles one request at a time. So the requests of one account to each process are limited, and the
rest of the process's time is left to others. An account has as many buckets as there are processes; they begin full
when a process does, and share nothing.
"""

from __future__ import annotations

from math import ceil

MAX_NAMES = 10_000
_ROUNDING = 1e-3
"""Seconds by which sums of fractions may be off: who waits exactly as long as told is allowed."""


class RateLimiter:
    """Limits the rate of requests by name. It stores only the instant at which a name's bucket is full again."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}

    def acquire(self, name: str, at: float, *, per_second: float, burst: int) -> int:
        """Take one token out of the bucket of a name and return 0; return the seconds to wait when there is none.

        `at` is in seconds of any clock; the bucket holds `burst` tokens, and `per_second` are added each second.
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
