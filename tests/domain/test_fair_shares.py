"""Fair shares: what one may take at once, what comes back with time, and that nobody takes another's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders import fair_shares
from online_orders.fair_shares import Shares
from tests.domain.builders import property_of


def take(shares: Shares, name: str, at: float) -> int:
    return shares.take(name, at, a_second=2, at_once=5)


def test_one_that_was_quiet_has_its_requests_at_once_and_then_waits() -> None:
    shares = Shares()
    assert [take(shares, "a", 100.0) for _ in range(7)] == [0, 0, 0, 0, 0, 1, 1]


def test_requests_come_back_with_time() -> None:
    shares = Shares()
    for _ in range(5):
        take(shares, "a", 100.0)
    assert take(shares, "a", 100.4) == 1
    assert take(shares, "a", 100.5) == 0
    assert take(shares, "a", 100.5) == 1


def test_a_refusal_takes_nothing() -> None:
    shares = Shares()
    for _ in range(5):
        take(shares, "a", 100.0)
    assert {take(shares, "a", 100.1) for _ in range(1_000)} == {1}
    assert take(shares, "a", 100.5) == 0


def test_nobody_has_more_than_a_full_bucket_however_long_he_was_quiet() -> None:
    shares = Shares()
    take(shares, "a", 100.0)
    assert [take(shares, "a", 10_000.0) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_one_that_floods_takes_nothing_from_another() -> None:
    shares = Shares()
    assert take(shares, "flooding", 100.0) == 0
    for _ in range(1_000):
        take(shares, "flooding", 100.0)
    assert [take(shares, "other", 100.0) for _ in range(5)] == [0] * 5


@property_of
@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.integers(1, 20), st.integers(1, 20))
def test_never_more_than_a_bucket_and_what_came_back_is_given(pauses: list[float], a_second: int, at_once: int) -> None:
    shares, at, given_ = Shares(), 1_800_000_000.0, 0
    begun = at
    for pause in pauses:
        at += pause
        seconds = shares.take("a", at, a_second=a_second, at_once=at_once)
        given_ += seconds == 0
        assert given_ <= at_once + (at - begun) * a_second + 0.05  # the rounding, at twenty a second
        assert seconds <= 1 + at_once / a_second
        if seconds:
            assert shares.take("a", at + seconds, a_second=a_second, at_once=at_once) == 0
            return


def test_who_waits_as_long_as_told_is_served() -> None:
    shares = Shares()
    for _ in range(2):
        shares.take("a", 100.0, a_second=0.25, at_once=2)
    seconds = shares.take("a", 101.0, a_second=0.25, at_once=2)
    assert seconds == 3
    assert shares.take("a", 101.0 + seconds, a_second=0.25, at_once=2) == 0


def test_names_that_are_quiet_again_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_shares, "MOST_NAMES", 100)
    shares = Shares()
    for number in range(1_000):
        take(shares, f"link {number}", 100.0 + number)
        assert len(shares) <= 100


def test_a_name_is_forgotten_at_the_instant_at_which_its_bucket_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_shares, "MOST_NAMES", 2)
    shares = Shares()
    for name, at, known in (("a", 100.0, 1), ("b", 100.25, 2), ("c", 100.5, 2), ("d", 100.5, 3)):
        take(shares, name, at)
        assert len(shares) == known


def test_a_millisecond_is_not_waited_for() -> None:
    shares = Shares()
    assert [shares.take("a", 0.0, a_second=1000, at_once=1) for _ in range(3)] == [0, 0, 1]
