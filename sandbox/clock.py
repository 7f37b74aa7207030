"""The functions' clock, which a person can put forward to see at once what takes days on AWS.

It is the time that the product's own rules go by: reminders, the end of a quote, grace. Tokens, queues, schedules and
the engine keep real time. The product has no part in it, so there is nothing to switch off where it is deployed.
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
    """Of real time."""

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def put_forward(self, by: timedelta) -> None:
        """It never goes back: what has happened stays in the past. ValueError for too far, or for nowhere."""
        if not timedelta(0) < by <= MAX_DATE - self.ahead:
            raise ValueError(f"the clock can be put forward only, and by {MAX_DATE.days} days in all at most")
        self.ahead += by


def _asked(form: str) -> timedelta:
    """ValueError for anything but whole numbers of known units."""
    fields = {name: int(values[0]) for name, values in parse_qs(form, strict_parsing=True).items()}
    if unknown := fields.keys() - UNITS:
        raise ValueError(f"there is no {', '.join(sorted(unknown))} here, but {', '.join(sorted(UNITS))}")
    return timedelta(**{name: min(value, 10**9) for name, value in fields.items()})


def clock_routes(clock: Clock, end_waits: Callable[[], Awaitable[int]]) -> list[Route]:
    """`end_waits` lets every wait of the workflow end as its tick would, and answers how many there were."""

    def told(**more: int) -> Response:
        now = clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
        return JSONResponse({"now": now, **more}, headers={"Cache-Control": "no-store"})

    async def show(request: Request) -> Response:
        return told()

    async def put_forward(request: Request) -> Response:
        try:
            clock.put_forward(_asked((await request.body()).decode("ascii", "replace")))
        except (ValueError, OverflowError) as fault:
            return JSONResponse({"detail": str(fault)}, 422)
        return told(waits_ended=await end_waits())

    return [
        Route("/sandbox/clock", show, methods=["GET"]),
        Route("/sandbox/clock", put_forward, methods=["POST"]),
    ]
