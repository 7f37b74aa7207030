"""Compute how long to wait before the next attempt at what has failed."""

from __future__ import annotations

from datetime import timedelta

SHORTEST = timedelta(seconds=2)


def retry_delay(waited: timedelta, maximum: timedelta, draw: float) -> timedelta:
    """Return the pause before the next attempt at what has `waited` since it was first due.

    The pause is half of `waited`, so that pauses grow with the outage, but at least two seconds and at most `maximum`.
    Of that it takes between half and all: `draw`, a random number from 0 to 1, spreads the attempts of what failed
    together.
    """
    delay = min(max(waited / 2, SHORTEST), maximum)
    return delay * (0.5 + draw / 2)
