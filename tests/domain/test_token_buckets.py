"""Rate limits: how large a burst may be, how buckets fill again, and that names share nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain import token_buckets
from online_orders.domain.token_buckets import RateLimiter
from tests.domain.builders import property_of


def take(shares: RateLimiter, name: str, at: float) -> int:
    return shares.acquire(name, at, per_second=2, burst=5)


def test_one_that_was_quiet_has_its_requests_at_once_and_then_waits() -> None:
    shares = RateLimiter()
    assert [take(shares, "a", 100.0) for _ in range(7)] == [0, 0, 0, 0, 0, 1, 1]


def test_requests_come_back_with_time() -> None:
    shares = RateLimiter()
    for _ in range(5):
        take(shares, "a", 100.0)
    assert take(shares, "a", 100.4) == 1
    assert take(shares, "a", 100.5) == 0
    assert take(shares, "a", 100.5) == 1


def test_a_refusal_takes_nothing() -> None:
    shares = RateLimiter()
    for _ in range(5):
        take(shares, "a", 100.0)
    assert {take(shares, "a", 100.1) for _ in range(1_000)} == {1}
    assert take(shares, "a", 100.5) == 0


def test_nobody_has_more_than_a_full_bucket_however_long_he_was_quiet() -> None:
    shares = RateLimiter()
    take(shares, "a", 100.0)
    assert [take(shares, "a", 10_000.0) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_one_that_floods_takes_nothing_from_another() -> None:
    shares = RateLimiter()
    assert take(shares, "flooding", 100.0) == 0
    for _ in range(1_000):
        take(shares, "flooding", 100.0)
    assert [take(shares, "other", 100.0) for _ in range(5)] == [0] * 5


@property_of
@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.integers(1, 20), st.integers(1, 20))
def test_never_more_than_a_bucket_and_what_came_back_is_given(
    pauses: list[float], per_second: int, at_once: int
) -> None:
    shares, at, given_ = RateLimiter(), 1_800_000_000.0, 0
    begun = at
    for pause in pauses:
        at += pause
        seconds = shares.acquire("a", at, per_second=per_second, burst=at_once)
        given_ += seconds == 0
        assert given_ <= at_once + (at - begun) * per_second + 0.05  # the rounding, at twenty a second
        assert seconds <= 1 + at_once / per_second
        if seconds:
            assert shares.acquire("a", at + seconds, per_second=per_second, burst=at_once) == 0
            return


def test_who_waits_as_long_as_told_is_served() -> None:
    shares = RateLimiter()
    for _ in range(2):
        shares.acquire("a", 100.0, per_second=0.25, burst=2)
    seconds = shares.acquire("a", 101.0, per_second=0.25, burst=2)
    assert seconds == 3
    assert shares.acquire("a", 101.0 + seconds, per_second=0.25, burst=2) == 0


def test_names_that_are_quiet_again_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_buckets, "MAX_NAMES", 100)
    shares = RateLimiter()
    for number in range(1_000):
        take(shares, f"link {number}", 100.0 + number)
        assert len(shares) <= 100


def test_a_name_is_forgotten_at_the_instant_at_which_its_bucket_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_buckets, "MAX_NAMES", 2)
    shares = RateLimiter()
    for name, at, known in (("a", 100.0, 1), ("b", 100.25, 2), ("c", 100.5, 2), ("d", 100.5, 3)):
        take(shares, name, at)
        assert len(shares) == known


def test_a_millisecond_is_not_waited_for() -> None:
    shares = RateLimiter()
    assert [shares.acquire("a", 0.0, per_second=1000, burst=1) for _ in range(3)] == [0, 0, 1]
