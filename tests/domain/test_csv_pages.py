"""Orders as CSV: one row an item, as they are, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.csv_pages import COLUMNS, csv_page
from online_orders.orders import Order
from online_orders.presentation import order_body
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


@pytest.mark.parametrize(
    "start",
    ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe62", "\u3000\uff1d"],
)
def test_a_text_that_a_spreadsheet_would_run_is_shown_instead(start: str) -> None:
    text = f'{start}HYPERLINK("http://evil.example","x")'
    (row,) = rows_of(body_of(place().order, note=text, purchase_order_number=text))
    assert (row["note"], row["purchase_order_number"]) == ("'" + text, "'" + text)


@pytest.mark.parametrize("text", ["a=b", "1+1", "x@y", "'quoted'", '"=1"', "ok"])
def test_any_other_text_is_left_as_it_is(text: str) -> None:
    (row,) = rows_of(body_of(place().order, note=text))
    assert row["note"] == text


@pytest.mark.parametrize(
    "text", ['say "hi"', "a,b;c", "two\nlines", "two\r\nlines", "Grüße 😀 価格", "tab\there", "back\\slash"]
)
def test_a_text_comes_back_as_it_was_whatever_is_in_it(text: str) -> None:
    (row,) = rows_of(body_of(place().order, note=text))
    assert row["note"] == text


@property_of
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60))
def test_no_text_can_break_out_of_its_cell_or_begin_a_formula(text: str) -> None:
    order = body_of(place(item_of("socket"), item_of("ip_addresses")).order, note=text, purchase_order_number="PO-7")
    rows = list(csv.reader(StringIO(csv_page([order]), newline="")))
    assert [len(row) for row in rows] == [len(COLUMNS)] * 3
    for row in rows[1:]:
        note = row[COLUMNS.index("note")]
        assert note.removeprefix("'") == text.removeprefix("'") or note == text
        assert not note.lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
        assert not note.startswith(("\t", "\r", "\n"))
        assert row[COLUMNS.index("purchase_order_number")] == "PO-7"
