"""The local run's clock: put forward by a person, read by the functions, and felt by every order that waits."""

from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette

from sandbox.clock import Clock, clock_routes
from tests import loopback
from tests.sandbox.serving import serving


async def end_waits() -> int:
    return 3


def test_the_clock_is_shown_and_put_forward_and_the_waits_end() -> None:
    clock = Clock()
    with serving(Starlette(routes=clock_routes(clock, end_waits))) as address, loopback.client() as http:
        first = http.get(f"{address}/sandbox/clock").json()
        response = http.post(f"{address}/sandbox/clock", data={"days": "2", "hours": "3"}).json()
        again = http.get(f"{address}/sandbox/clock").json()
    assert clock.ahead == timedelta(days=2, hours=3)
    assert response["waits_ended"] == 3
    shown = [datetime.fromisoformat(each["now"]) for each in (first, response, again)]
    assert shown[2] - shown[0] >= timedelta(days=2, hours=3)
    assert abs(shown[2] - datetime.now(UTC) - clock.ahead) < timedelta(seconds=10)


@pytest.mark.parametrize(
    "form", ["", "days=0", "days=-1", "days=soon", "weeks=1", "days=99999", "days=3000&hours=20000", "days=1e9"]
)
def test_the_clock_goes_forward_only_and_not_for_ever(form: str) -> None:
    clock = Clock()
    with serving(Starlette(routes=clock_routes(clock, end_waits))) as address:
        response = loopback.post(f"{address}/sandbox/clock", content=form)
    assert (response.status_code, clock.ahead) == (422, timedelta(0))
    assert response.json()["detail"]
