"""Read the time; nothing else does, so that a test can move it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return this instant, aware, in UTC, to the millisecond: what is stored and shown is what was compared."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def day_in(time_zone: str, instant: datetime) -> date:
    """Return the calendar day of `instant` in an IANA time zone."""
    return instant.astimezone(ZoneInfo(time_zone)).date()
