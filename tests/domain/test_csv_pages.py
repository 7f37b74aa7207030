"""Orders as CSV: one row an item, as they are, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.catalog import RESERVED
from online_orders.domain.csv_pages import (
    COLUMNS,
    PLAIN,
    SPREADSHEETS,
    Dialect,
    csv_page,
    csv_text,
    decode_utf8,
    delimiter_of,
    dialect_for,
    read_cell,
    read_rows,
    safe_cell,
)
from online_orders.domain.errors import BadRequest
from online_orders.domain.orders import Order
from online_orders.domain.representations import order_body
from tests.domain.builders import ANNA, LATER, NOW, ORDER_ID, Json, item_of, offered, place, property_of, sending


def body_of(order: Order, **changes: object) -> Json:
    return order_body(order, {}, NOW) | changes


def rows_of(*orders: Json) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(csv_page(orders), newline="")))


def test_a_page_without_orders_has_its_header_row() -> None:
    assert csv_page([]) == ",".join(COLUMNS) + "\r\n"


def test_every_item_is_a_row_with_what_its_order_says() -> None:
    order = place(
        item_of("site_bandwidth"),
        item_of("accessory"),
        item_of("sdp_users"),
        body={"purchase_order_number": "PO-7", "note": "Soon"},
    ).order
    rows = rows_of(body_of(order), body_of(order))
    assert [row["item_id"] for row in rows] == ["1", "2", "3"] * 2
    assert {(row["order_id"], row["purchase_order_number"], row["note"]) for row in rows} == {
        (ORDER_ID, "PO-7", "Soon")
    }
    assert {row["placed_by"] for row in rows} == {ANNA.email}
    assert {(row["status"], row["account_id"], row["placed_at"]) for row in rows} == {
        ("submitted", "acme", "2026-11-22T10:00:00.000Z")
    }
    assert [row["kind"] for row in rows[:3]] == ["site_bandwidth", "accessory", "sdp_users"]
    bandwidth, card, users = rows[:3]
    assert (bandwidth["site_id"], bandwidth["bandwidth_mbps"], bandwidth["quantity"]) == ("office", "200", "")
    assert (card["accessory_type"], card["quantity"], card["region"]) == ("network_card", "1", "")
    assert (users["region"], users["quantity"], users["start_date"]) == ("europe", "100", "2027-01-05")


def test_a_socket_has_its_model() -> None:
    (row,) = rows_of(body_of(place(item_of("socket", model="X1700")).order))
    assert (row["model"], row["site_id"], row["quantity"]) == ("X1700", "store", "2")


def test_settings_without_a_column_stand_in_one_of_their_own() -> None:
    (body,) = [body_of(place(item_of("ip_addresses")).order)]
    other = {**body["items"][0], "tier": "gold", "term_months": 36, "labels": {}, "fulfilment": None}
    first, second = rows_of({**body, "items": [body["items"][0], other]})
    assert COLUMNS[-2:] == ("settings", "number")
    assert first["number"] == second["number"] == body["number"]
    assert first["settings"] == ""
    assert second["settings"] == '{"tier": "gold", "term_months": 36}'
    assert second["quantity"] == "4"


def test_settings_that_are_called_like_other_columns_do_not_take_their_places() -> None:
    plain = body_of(place(item_of("socket")).order, note="Ring twice")
    others = [name for name in COLUMNS if name not in RESERVED and name not in plain["items"][0]]
    own = {name: f"own {name}" for name in others if name not in ("bandwidth_mbps", "accessory_type", "region")}
    assert {"order_id", "note", "settings", "site_name", "estimated_start_date"} <= own.keys()
    (row,) = rows_of({**plain, "items": [{**plain["items"][0], **own}]})
    (as_before,) = rows_of(plain)
    assert row == {**as_before, "settings": json.dumps(own)}


def test_a_row_shows_the_site_as_ordered_and_a_passed_start() -> None:
    body = body_of(place(item_of("socket"), item_of("ip_addresses")).order)
    body["items"][1]["start_passed"] = True
    socket, addresses = rows_of(body)
    assert (socket["site_name"], socket["site_address"], socket["start_passed"]) == ("Store", "2 Side St", "no")
    assert (addresses["site_name"], addresses["site_address"], addresses["start_passed"]) == ("", "", "yes")


def test_what_is_not_known_yet_is_an_empty_cell() -> None:
    (row,) = rows_of(body_of(place().order))
    assert {row[name] for name in ("closed_by", "closed_reason", "confirmed_start_date", "note")} == {""}


def test_a_row_tells_who_closed_the_order_and_why() -> None:
    (row,) = rows_of(body_of(place().order.withdraw(ANNA, "a mistake", LATER).order))
    assert (row["status"], row["closed_by"], row["closed_reason"]) == ("canceled", "customer", "a mistake")


def test_a_row_has_the_confirmed_and_the_estimated_start() -> None:
    (row,) = rows_of(body_of(sending(confirmed_start_dates={"1": "2027-01-07"})))
    assert (row["confirmed_start_date"], row["estimated_start_date"]) == ("2027-01-07", "2027-01-07")
    (row,) = rows_of(body_of(offered()))
    assert (row["confirmed_start_date"], row["estimated_start_date"]) == ("", "2027-01-05")


STARTS = [
    "=",
    "+",
    "-",
    "@",
    " =",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
    "\ufe62",
    "\u3000\uff1d",
    "\ufeff=",
    "\u200b=",
]


@pytest.mark.parametrize("start", [*STARTS, "\tx", "\rx", "\nx"])
def test_a_text_that_a_spreadsheet_would_run_is_shown_instead(start: str) -> None:
    text = f'{start}HYPERLINK("http://evil.example" & "x")'
    (row,) = rows_of(body_of(place().order, note=text, purchase_order_number=text))
    assert (row["note"], row["purchase_order_number"]) == ("'" + text, "'" + text)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("between", [*",;|\t\r\n\v\f\x85\u2028\u2029", "\r\n", ";;", "\n\t"])
def test_so_is_what_begins_after_a_delimiter_or_on_a_new_line(start: str, between: str) -> None:
    (row,) = rows_of(body_of(place().order, note=f"x{between}{start}1+2;y"))
    assert row["note"] == f"x{between}'{start}1+2;y"


def test_quotes_before_a_formula_do_not_hide_it() -> None:
    (row,) = rows_of(body_of(place().order, note='x;"=1+2"\n" ""=3'))
    assert row["note"] == 'x;\'"=1+2"\n\'" ""=3'


@pytest.mark.parametrize("text", ["a=b", "1+1", "x@y", "'quoted'", '"=1"', "ok", "X=1", "a,X=1"])
def test_any_other_text_is_left_as_it_is(text: str) -> None:
    (row,) = rows_of(body_of(place().order, note=text))
    assert row["note"] == text


@pytest.mark.parametrize(
    "text", ['say "hi"', "a,b;c", "two\nlines", "two\r\nlines", "Grüße 😀 価格", "tab\there", "back\\slash"]
)
def test_a_text_comes_back_as_it_was_whatever_is_in_it(text: str) -> None:
    (row,) = rows_of(body_of(place().order, note=text))
    assert row["note"] == text


HOSTILE = st.text(st.sampled_from(" ,;|\t\r\n\"'=+-@x1\uff1d\u2028\ufeff"), max_size=12)
DIALECTS = [PLAIN, *SPREADSHEETS.values()]


def read_by_a_stranger(text: str, delimiter: str, *, by_line: bool) -> list[str]:
    """The cells as a spreadsheet finds them that takes another delimiter, or each line for a row."""
    lines = re.split("[\r\n\v\f\x85\u2028\u2029]", text) if by_line else [text]
    return [
        cell for line in lines for row in csv.reader(StringIO(line, newline=""), delimiter=delimiter) for cell in row
    ]


@property_of
@given(st.lists(st.lists(HOSTILE, min_size=3, max_size=3), min_size=1, max_size=3), st.sampled_from(DIALECTS))
def test_no_cell_begins_a_formula_for_any_spreadsheet(rows: list[list[str]], dialect: Dialect) -> None:
    text = csv_text(["a", "b", "c"], rows, dialect)
    for delimiter in ",;|\t":
        for by_line in (False, True):
            for cell in read_by_a_stranger(text, delimiter, by_line=by_line):
                assert not normalize("NFKC", cell.strip().lstrip("\ufeff").strip()).startswith(("=", "+", "-", "@")), (
                    text
                )


@property_of
@given(HOSTILE | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60))
def test_a_cell_is_read_back_as_it_was(text: str) -> None:
    assert read_cell(safe_cell(text)) == text


@property_of
@given(st.lists(st.lists(HOSTILE, min_size=2, max_size=2), max_size=3), st.sampled_from(DIALECTS))
def test_a_table_is_read_back_whoever_it_was_written_for(rows: list[list[str]], dialect: Dialect) -> None:
    read = [row for _, row in read_rows(csv_text(["a", "b"], rows, dialect))]
    assert [[read_cell(cell) for cell in row] for row in read] == [["a", "b"], *rows]


def test_whoever_names_no_language_is_a_program() -> None:
    assert dialect_for(None) is PLAIN
    assert [dialect_for(locale) for locale in SPREADSHEETS] == list(SPREADSHEETS.values())


def test_programs_get_plain_csv_and_spreadsheets_their_locales_dialect() -> None:
    order = body_of(place(item_of("socket")).order, note="Grüße; bis bald")
    header, row = csv_page([order]).splitlines()
    assert header == ",".join(COLUMNS)
    assert (row.split(",")[0], row.count(";")) == (ORDER_ID, 1)
    for locale, delimiter in (("en", ","), ("de", ";")):
        opened = csv_page([order], dialect_for(locale)).encode()
        assert opened.startswith(b"\xef\xbb\xbforder_id" + delimiter.encode())
        (again,) = csv.DictReader(StringIO(opened.decode("utf-8-sig"), newline=""), delimiter=delimiter)
        assert (again["order_id"], again["note"]) == (ORDER_ID, "Grüße; bis bald")


@pytest.mark.parametrize(
    "text", ["a;b\n1;2\n", "\ufeffa;b\r\n1;2\r\n", "\n;\na;b\n1;2", "SEP=;\na;b\n1;2", '"sep=;"\r\na;b\n1;2']
)
def test_a_table_is_read_as_spreadsheets_save_it(text: str) -> None:
    rows = [(line, row) for line, row in read_rows(text) if any(row)]
    assert [row for _, row in rows] == [["a", "b"], ["1", "2"]]
    assert [line for line, _ in rows] == [text.count("\n", 0, text.index(each)) + 1 for each in ("a;", "1;")]


def test_what_parts_the_cells_is_told_without_reading_them() -> None:
    assert [delimiter_of(text) for text in ("", "a;b,c;d", "\ufeffsep=|\na,b", "a\tb")] == [",", ";", "|", "\t"]


def test_no_line_of_a_table_is_taken_for_that_of_its_delimiter() -> None:
    assert list(read_rows("XXXX,a\n")) == [(1, ["XXXX", "a"])]
    assert [row for _, row in read_rows("sep=;\na;b\nsep=;c\n")] == [[], ["a", "b"], ["sep=", "c"]]


def test_a_file_in_another_encoding_is_refused_by_its_line() -> None:
    assert decode_utf8("Müller\n".encode("utf-8-sig")) == "Müller\n"
    for data, line in (
        (b"a\nM\xfcller\n", 2),
        (b"\xef\xbb\xbfa\n\nM\xfcller", 3),
        ("a\n".encode("utf-16"), 1),
        ("a\n\ufffd".encode(), 2),
        (b"\na\n\xfc\n\xfc", 3),
    ):
        with pytest.raises(BadRequest, match=f"Line {line} is not UTF-8") as refusal:
            decode_utf8(data)
        assert refusal.value.code == "invalid_csv"


@property_of
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60))
def test_no_text_can_break_out_of_its_cell_or_begin_a_formula(text: str) -> None:
    order = body_of(place(item_of("socket"), item_of("ip_addresses")).order, note=text, purchase_order_number="PO-7")
    rows = list(csv.reader(StringIO(csv_page([order]), newline="")))
    assert [len(row) for row in rows] == [len(COLUMNS)] * 3
    for row in rows[1:]:
        note = row[COLUMNS.index("note")]
        assert read_cell(note) == text
        assert not note.lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
        assert not note.startswith(("\t", "\r", "\n"))
        assert row[COLUMNS.index("purchase_order_number")] == "PO-7"
