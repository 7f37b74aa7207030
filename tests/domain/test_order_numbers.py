"""Order numbers: short, the same for the same order, and read in whatever way a person writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.order_ids import new_order_id
from online_orders.domain.order_numbers import ALPHABET, NUMBER_AS_WRITTEN, ORDER_NUMBER, number_of, parse_number
from tests.domain.builders import NOW, property_of

ids = st.integers(0, 2**47).map(lambda seconds: new_order_id(datetime.fromtimestamp(seconds // 1000, UTC)))


def test_a_number_is_derived_so_that_every_order_has_always_had_one() -> None:
    assert number_of("01KAND6R0000000000000000AB") == "TN4-YGC-HHK"
    assert number_of("01KB8A5Q3W9T6Z4M2N7R1S8V0X") != number_of("01KB8A5Q3W9T6Z4M2N7R1S8V0Y")


def test_no_two_characters_look_alike_and_none_is_a_vowel() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 21
    for alike in ("0O", "1IL", "2Z", "5S", "8B", "UV", "AEIOU"):
        assert not set(alike) & set(ALPHABET)


@property_of
@given(st.lists(ids, min_size=2, max_size=50, unique=True))
def test_numbers_of_some_orders_differ(order_ids: list[str]) -> None:
    numbers = {number_of(order_id) for order_id in order_ids}
    assert len(numbers) == len(order_ids)
    assert all(re.fullmatch(ORDER_NUMBER, number) for number in numbers)


@property_of
@given(ids, st.data())
def test_a_number_is_read_in_any_case_with_blanks_and_hyphens_anywhere(order_id: str, data: st.DataObject) -> None:
    number = number_of(order_id)
    written = data.draw(st.sampled_from(["", " "]))
    for character in number.replace("-", ""):
        cased = data.draw(st.sampled_from([character, character.lower()]))
        written += cased + data.draw(st.sampled_from(["", "-", " ", " - "]))
    assert parse_number(written) == number
    assert re.fullmatch(NUMBER_AS_WRITTEN, written.strip())


def test_hyphens_of_other_kinds_are_read_too() -> None:
    assert parse_number("k7m\u2011439\u2013qxr\u00a0") == "K7M-439-QXR"


def test_other_texts_are_no_numbers() -> None:
    for text in ("", "K7M-439-QX", "K7M-439-QXRC", "K7M-439-QX0", "K7M_439_QXR", new_order_id(NOW)):
        assert parse_number(text) is None
    assert not re.fullmatch(NUMBER_AS_WRITTEN, "K7M-439-QX0")
