"""The kinds of value that bodies are made of: what is taken, what is refused, and how their schemas say it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from online_orders.domain.values import (
    FROM_REQUEST,
    BlankIsAbsent,
    Count,
    Day,
    Email,
    Identifier,
    Instant,
    Length,
    Line,
    Name,
    RecentDay,
    Text,
    instant_text,
)
from tests.domain.builders import named


def words_about(kind: Any, value: Any, context: Any = None) -> str:
    """What is said of a value that is refused."""
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(kind).validate_python(value, context=context)
    (error,) = refusal.value.errors()
    return error["msg"]


def taken(kind: Any, value: Any, context: Any = None) -> Any:
    """What a value is read as, or the code of its refusal."""
    try:
        return TypeAdapter(kind).validate_python(value, context=context)
    except ValidationError as refusal:
        (error,) = refusal.errors()
        return error["type"]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2026-03-05", date(2026, 3, 5)),
        (date(2026, 3, 5), date(2026, 3, 5)),
        ("2026-02-30", "date_from_datetime_parsing"),
        ("2026-3-5", "invalid_date"),
        ("x2026-03-05", "invalid_date"),
        ("2026-03-05T00:00:00", "invalid_date"),
        (datetime(2026, 3, 5, tzinfo=UTC), "invalid_date"),
        (20260305, "invalid_date"),
        (None, "invalid_date"),
    ],
    ids=named,
)
def test_a_day_is_written_as_a_day_and_nothing_else(value: Any, read: Any) -> None:
    assert taken(Day, value) == read


def test_what_is_wrong_with_a_day_is_said_in_words() -> None:
    for value in ("5.3.2026", datetime(2026, 3, 5, tzinfo=UTC)):
        assert words_about(Day, value) == "a date is written YYYY-MM-DD"
    assert TypeAdapter(Day).json_schema() == {"type": "string", "format": "date"}


@pytest.mark.parametrize(
    ("year", "context", "is_taken"),
    [(2000, FROM_REQUEST, True), (1999, FROM_REQUEST, False), (26, FROM_REQUEST, False), (26, None, True)],
)
def test_a_day_of_two_digits_is_meant_otherwise_where_it_is_sent(year: int, context: Any, is_taken: bool) -> None:
    day = date(year, 3, 5)
    assert taken(RecentDay, day, context) == (day if is_taken else "date_too_early")
    if not is_taken:
        assert words_about(RecentDay, day, context) == "the date is before the year 2000"


def test_an_instant_is_told_in_utc_to_the_millisecond() -> None:
    at = datetime(2026, 3, 5, 7, 30, 1, 987_654, tzinfo=UTC)
    assert instant_text(at) == "2026-03-05T07:30:01.987Z"
    assert instant_text(at.replace(microsecond=0)) == "2026-03-05T07:30:01.000Z"
    assert TypeAdapter(Instant).dump_json(at) == b'"2026-03-05T07:30:01.987Z"'
    assert TypeAdapter(Instant).dump_python(at) == at
    assert instant_text(at) == "2026-03-05T07:30:01.987Z"
    assert instant_text(at.astimezone(timezone(timedelta(hours=1)))) == "2026-03-05T08:30:01.987+01:00"


Pair = Annotated[list[int], Length(1, 2)]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ([], "too_few"),
        ((), "too_few"),
        ([1], [1]),
        ((1, 2), [1, 2]),
        ([1, 2, 3], "too_many"),
        (["a", "b", "c"], "too_many"),
        ((1, 2, 3), "too_many"),
        ("abc", "list_type"),
    ],
    ids=named,
)
def test_a_list_is_judged_by_its_length_before_its_elements(value: Any, read: Any) -> None:
    assert taken(Pair, value) == read


def test_the_length_of_a_list_is_said_in_words_and_in_the_schema() -> None:
    for value, words in (([], "the list has 1 at least"), ([1, 2, 3], "the list has 2 at most")):
        assert words_about(Pair, value) == words
    assert TypeAdapter(Pair).json_schema() == {
        "type": "array",
        "items": {"type": "integer"},
        "minItems": 1,
        "maxItems": 2,
    }


@pytest.mark.parametrize(("value", "read"), [(1, 1), (0, "greater_than_equal"), ("1", "int_type"), (1.0, "int_type")])
def test_a_count_is_a_whole_number_from_one(value: Any, read: Any) -> None:
    assert taken(Count, value) == read


@pytest.mark.parametrize("text", ["a", "A-1_b.c", "9" * 64])
def test_an_id_is_made_of_letters_digits_and_three_signs(text: str) -> None:
    assert taken(Identifier, text) == text


@pytest.mark.parametrize("text", ["", "9" * 65, "-a", ".a", "_a", "a b", "ä", "a\n", "a/b"])
def test_any_other_text_is_no_id(text: str) -> None:
    assert taken(Identifier, text) == "string_pattern_mismatch"


@pytest.mark.parametrize("control", ["\n", "\r", "\t", "\x00", "\x1f", "\x7f", "\x9f", "\u2028", "\u2029"])
def test_a_line_has_no_line_end_and_no_control_character(control: str) -> None:
    for kind in (Line, Name):
        assert taken(kind, f"a{control}b") == "string_pattern_mismatch"
        assert taken(kind, " a b ") == "a b"
        assert taken(kind, "  ") == "string_too_short"
    expected: str = f"a{control}b" if control in "\n\r\t\u2028\u2029" else "string_pattern_mismatch"
    assert taken(Text, f"a{control}b") == expected


def test_a_name_has_two_hundred_characters_at_most() -> None:
    assert taken(Name, "a" * 200) == "a" * 200
    assert taken(Name, "a" * 201) == "string_too_long"


@pytest.mark.parametrize("text", ["a@b.cd", "o'neil+x@sub.example-site.com", " a@b.cd "])
def test_an_address_is_a_name_at_a_domain(text: str) -> None:
    assert taken(Email, text) == text.strip()


@pytest.mark.parametrize(
    "text", ["a", "a@b", "a@b.c", "a@-b.cd", "a@b-.cd", "a b@c.de", "a@b..cd", f"{'a' * 65}@b.cd", ""]
)
def test_any_other_text_is_no_address(text: str) -> None:
    assert taken(Email, text) == "string_pattern_mismatch"


@pytest.mark.parametrize(("value", "read"), [("", None), (" \t\n", None), (" a ", " a "), (None, None), (0, 0)])
def test_an_optional_text_of_white_space_was_not_sent(value: Any, read: Any) -> None:
    assert TypeAdapter(Annotated[Any, BlankIsAbsent]).validate_python(value) == read
