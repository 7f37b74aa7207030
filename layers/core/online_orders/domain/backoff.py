"""How long to wait before something that failed is tried again."""

from __future__ import annotations

from datetime import timedelta

SHORTEST = timedelta(seconds=2)


def retry_delay(waited: timedelta, maximum: timedelta, draw: float) -> timedelta:
    """Return the pause before the next try of what has `waited` since it was first due.

    It is half of what was waited, so that pauses grow with the outage, within two seconds and `maximum`, and of that
    between a half and the whole: `draw`, a random number from 0 to 1, keeps what failed together from coming back
    together.
    """
    delay = min(max(waited / 2, SHORTEST), maximum)
    return delay * (0.5 + draw / 2)
