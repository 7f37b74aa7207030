"""Rate limits: how many requests an account, a user without one, a link or a service user may send to a process."""

from __future__ import annotations

from typing import Literal

from online_orders.clock import now
from online_orders.domain.errors import TooManyRequests
from online_orders.domain.token_buckets import RateLimiter
from online_orders.environment import environment

_limiter = RateLimiter()


def check_rate_limit(kind: Literal["ACCOUNT", "LINK", "TOKEN"], name: str) -> None:
    """Raise TooManyRequests for an account, a user without one, a link, or a service user in want of tokens, that is
    over its rate limit in this process.
    """
    seconds = _limiter.acquire(
        f"{kind}#{name}",
        now().timestamp(),
        per_second=float(environment(f"{kind}_REQUESTS_PER_SECOND")),
        burst=int(environment(f"{kind}_REQUESTS_AT_ONCE")),
    )
    if seconds:
        raise TooManyRequests("These are too many requests at once; nothing was done.", seconds)


def reset() -> None:
    """Fill all buckets again; for tests, where each has its own processes."""
    _limiter.clear()
