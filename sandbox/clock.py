"""The functions' clock, which a person can put forward to see at once what takes days on AWS.

The product's own rules use it: reminders, the end of a quote, grace. Tokens, queues, schedules and the engine keep real
time. The product has no code for it, so there is nothing to switch off where it is deployed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MAX_DATE = timedelta(days=3_650)
UNITS = {"days", "hours", "minutes"}


@dataclass
class Clock:
    ahead: timedelta = timedelta(0)
    """How far ahead of real time."""

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def put_forward(self, by: timedelta) -> None:
        """Put the clock forward; it never goes back. Raise ValueError for no time or too much."""
        if not timedelta(0) < by <= MAX_DATE - self.ahead:
            raise ValueError(f"the clock can be put forward only, and by {MAX_DATE.days} days in all at most")
        self.ahead += by


def _asked(form: str) -> timedelta:
    """Return the time that a form asks for; raise ValueError for anything but whole numbers of known units."""
    fields = {name: int(values[0]) for name, values in parse_qs(form, strict_parsing=True).items()}
    if unknown := fields.keys() - UNITS:
        raise ValueError(f"there is no {', '.join(sorted(unknown))} here, but {', '.join(sorted(UNITS))}")
    return timedelta(**{name: min(value, 10**9) for name, value in fields.items()})


def clock_routes(clock: Clock, end_waits: Callable[[], Awaitable[int]]) -> list[Route]:
    """Return the routes of the clock; `end_waits` ends every wait of the workflow as its tick would, and returns how
    many.
    """

    def clock_response(**more: int) -> Response:
        now = clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
        return JSONResponse({"now": now, **more}, headers={"Cache-Control": "no-store"})

    async def show(request: Request) -> Response:
        return clock_response()

    async def put_forward(request: Request) -> Response:
        try:
            clock.put_forward(_asked((await request.body()).decode("ascii", "replace")))
        except (ValueError, OverflowError) as fault:
            return JSONResponse({"detail": str(fault)}, 422)
        return clock_response(waits_ended=await end_waits())

    return [
        Route("/sandbox/clock", show, methods=["GET"]),
        Route("/sandbox/clock", put_forward, methods=["POST"]),
    ]
