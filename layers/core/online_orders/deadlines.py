"""Keep the deadline of a request, which all its calls share.

A write that conflicts is retried for seconds, and each call to AWS may take seconds with all its attempts. Together
they could outlast the function, and a function that Lambda ends can neither respond nor log why. So no attempt of a
call begins that may last longer than the request. Outside of requests there is no deadline.
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
"""The deadline of the request, by `time.monotonic`; infinity outside of one."""


@contextmanager
def request_deadline(seconds: float) -> Iterator[None]:
    """Let no attempt of a call begin that may end later than `seconds` from now, however many calls there are."""
    before = _end.set(monotonic() + seconds)
    try:
        yield
    finally:
        _end.reset(before)


def require_seconds(seconds: float) -> None:
    """Raise Unavailable when the request has less time left than this."""
    if monotonic() + seconds > _end.get():
        raise Unavailable("There was no time left for all of it. Repeat the request.")
