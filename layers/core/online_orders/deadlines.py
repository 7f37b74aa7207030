"""The time that a request has, which all that it waits for shares.

A write that meets others is tried again for seconds, and each call to AWS may take seconds with all its attempts.
Together they would outlast the function, and one that Lambda ends can neither answer nor say why. So no attempt of a
call begins that may last longer than the request. Where nobody waits for an answer there is no such end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from time import monotonic

from online_orders.domain.errors import Unavailable

MAX_REQUEST_SECONDS = 18.0
"""With all calls; the functions behind the API have 20."""
_end: ContextVar[float] = ContextVar("end", default=inf)
"""When the request has to be answered, by `time.monotonic`; infinity where it is none."""


@contextmanager
def request_deadline(seconds: float) -> Iterator[None]:
    """Let no attempt of a call begin that may last longer than these seconds from now, however many calls there are."""
    before = _end.set(monotonic() + seconds)
    try:
        yield
    finally:
        _end.reset(before)


def require_seconds(seconds: float) -> None:
    """Raise Unavailable when the request has less time left than this."""
    if monotonic() + seconds > _end.get():
        raise Unavailable("There was no time left for all of it. Repeat the request.")
