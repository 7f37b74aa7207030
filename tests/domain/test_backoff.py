"""Backoff: pauses between attempts grow with the outage, up to a maximum, and differ from one to the next."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.backoff import SHORTEST, retry_delay
from tests.domain.builders import property_of

MAXIMUM = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("waited", "draw", "delay"),
    [
        (0, 1, 2),
        (0, 0, 1),
        (4, 1, 2),
        (60, 1, 30),
        (60, 0, 15),
        (600, 1, 300),
        (1_800, 1, 900),
        (86_400, 1, 900),
        (86_400, 0, 450),
    ],
)
def test_a_retry_delay_is_at_most_half_the_waiting_time_within_bounds(waited: int, draw: float, delay: float) -> None:
    assert retry_delay(timedelta(seconds=waited), MAXIMUM, draw).total_seconds() == delay


@property_of
@given(st.timedeltas(timedelta(0), timedelta(days=30)), st.floats(0, 1), st.timedeltas(SHORTEST, timedelta(hours=1)))
def test_no_pause_is_nothing_or_beyond_the_maximum(waited: timedelta, draw: float, maximum: timedelta) -> None:
    assert SHORTEST / 2 <= retry_delay(waited, maximum, draw) <= maximum
