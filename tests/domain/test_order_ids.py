"""Order ids: they sort as the orders were placed, and a day is a range of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.order_ids import first_id_of, is_order_id, new_order_id, placed_at
from tests.domain.builders import DAY, NOW, property_of

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
ZEROS = "0" * 26

instants = st.integers(0, 2**48 // 2).map(lambda count: EPOCH + count * MILLISECOND)
days = st.dates(date(1970, 1, 1), date(9999, 12, 30))


def test_an_id_is_twenty_six_characters_that_are_not_taken_for_one_another() -> None:
    for _ in range(200):
        order_id = new_order_id(NOW)
        assert len(order_id) == 26
        assert set(order_id) <= set(ALPHABET)
        assert is_order_id(order_id)


def test_two_orders_of_one_millisecond_have_two_ids() -> None:
    assert len({new_order_id(NOW) for _ in range(2_000)}) == 2_000


@property_of
@given(instants, instants)
def test_ids_sort_as_the_orders_were_placed(one: datetime, other: datetime) -> None:
    if one != other:
        assert (new_order_id(one) < new_order_id(other)) is (one < other)


@property_of
@given(instants)
def test_an_id_holds_the_millisecond_of_its_placing(at: datetime) -> None:
    milliseconds, order_id = 0, new_order_id(at)
    for character in order_id[:10]:
        milliseconds = milliseconds * 32 + ALPHABET.index(character)
    assert EPOCH + milliseconds * MILLISECOND == at == placed_at(order_id)


@property_of
@given(days, st.times())
def test_a_day_is_the_range_from_its_first_id_to_the_next_days(day: date, moment: time) -> None:
    at = datetime.combine(day, moment.replace(microsecond=moment.microsecond // 1000 * 1000), UTC)
    assert first_id_of(day) <= new_order_id(at) < first_id_of(day + DAY)


def test_the_first_and_the_last_millisecond_of_a_day_belong_to_it() -> None:
    day = date(2026, 11, 22)
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    assert new_order_id(midnight - MILLISECOND) < first_id_of(day) < new_order_id(midnight)
    assert new_order_id(midnight + DAY - MILLISECOND) < first_id_of(day + DAY)


@pytest.mark.parametrize("day", [date.min, date(1900, 1, 1), date(1969, 12, 31), date(1970, 1, 1)])
def test_a_day_before_there_were_computers_comes_before_every_order(day: date) -> None:
    assert first_id_of(day) <= new_order_id(EPOCH)
    assert first_id_of(day) < new_order_id(NOW)


def test_the_last_day_there_is_comes_after_every_order_of_these_days() -> None:
    assert first_id_of(date.max) > new_order_id(NOW)


@pytest.mark.parametrize(
    "text",
    ["", ZEROS[1:], ZEROS + "0", "8" + ZEROS[1:], ZEROS + "\n", *(ZEROS[1:] + odd for odd in "UILlo-\u0660")],
    ids=ascii,
)
def test_what_can_be_no_id_is_told_apart(text: str) -> None:
    assert not is_order_id(text)


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("UTC", "2026-11-22", "2026-11-22T00:00:00Z"),
        ("Europe/Berlin", "2026-11-22", "2026-11-21T23:00:00Z"),
        ("Asia/Tokyo", "2026-11-22", "2026-11-21T15:00:00Z"),
        ("Pacific/Kiritimati", "2026-11-22", "2026-11-21T10:00:00Z"),
        ("America/Los_Angeles", "2026-11-22", "2026-11-22T08:00:00Z"),
        ("America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z"),  # has no midnight: clocks go from 0 to 1
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),  # has two: clocks go from 1 to 0
        ("Asia/Tokyo", "0001-01-01", "1970-01-01T00:00:00Z"),
    ],
)
def test_a_day_begins_where_it_begins_in_a_zone(zone: str, day: str, begins: str) -> None:
    first, instant = first_id_of(date.fromisoformat(day), ZoneInfo(zone)), datetime.fromisoformat(begins)
    assert first <= new_order_id(instant)
    assert instant.year == 1970 or first > new_order_id(instant - timedelta(milliseconds=1))
