"""Virtual time: what the product reads as now, and what every wait of the lab ends by."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""A Monday; every lab begins here, so that a test may name dates."""

TICK = timedelta(milliseconds=1)


class Clock:
    """Stands still until it is moved: by the lab's `advance`, and by a millisecond before each invocation."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def timestamp(self) -> float:
        """Seconds since 1970, for stand-ins of `time.time`."""
        return self._now.timestamp()

    def milliseconds(self) -> float:
        return self._now.timestamp() * 1000

    def tick(self) -> None:
        self._now += TICK

    def move_to(self, instant: datetime) -> None:
        assert instant >= self._now, f"time does not run backwards: {self._now} to {instant}"
        self._now = instant
