"""A quote: what is asked of Customer Success, what the server computes, and what its hash covers."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain import order_delivery
from online_orders.domain.errors import Invalid
from online_orders.domain.quotes import DECIDABLE, Quote, QuoteState
from tests.domain.builders import (
    CLARA,
    CONNIE,
    DAY,
    LATER,
    NOW,
    ORDER_ID,
    TERMS,
    TODAY,
    Json,
    account_of,
    judge_quote,
    line_of,
    named,
    offered,
    place,
    property_of,
    quote_body,
    quote_for,
    refused,
)

EXTRA = line_of(None, description="Delivery", recurrence="once", quantity=1)


def field_errors_of(body: Any, **context: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        judge_quote(body, **context)
    assert (refusal.value.status, refusal.value.code) == (422, "invalid")
    assert len(refusal.value.errors) == len(set(refusal.value.errors))
    return refused(refusal)


def price_faults(unit_price: Any, currency: str = "EUR") -> list[tuple[str, str]]:
    return field_errors_of(quote_body(line_of(unit_price=unit_price)), currency=currency)


# What the server computes.


@pytest.mark.parametrize(
    ("currency", "price", "shown", "amount"),
    [
        ("JPY", "1200", "1200", "4800"),
        ("EUR", "10", "10.00", "40.00"),
        ("EUR", "10.5", "10.50", "42.00"),
        ("EUR", "0.01", "0.01", "0.04"),
        ("EUR", "0", "0.00", "0.00"),
        ("BHD", "1.005", "1.005", "4.020"),
        ("BHD", "7", "7.000", "28.000"),
    ],
)
def test_prices_and_amounts_have_exactly_the_currencys_decimals(
    currency: str, price: str, shown: str, amount: str
) -> None:
    quote = judge_quote(quote_body(line_of(unit_price=price)), currency=currency)
    (line,) = quote.model_dump(mode="json")["lines"]
    assert (line["unit_price"], line["amount"], quote.currency) == (shown, amount, currency)


def test_the_totals_are_by_recurrence() -> None:
    quote = judge_quote(
        quote_body(
            line_of(unit_price="10", recurrence="monthly"),
            line_of(unit_price="1.25", recurrence="monthly", quantity=3),
            line_of(unit_price="99.99", recurrence="yearly", quantity=2),
            line_of(None, unit_price="5", recurrence="once", quantity=1),
            line_of(None, unit_price="-1.50", recurrence="once", quantity=2),
        )
    )
    assert quote.totals.model_dump(mode="json") == {"once": "2.00", "monthly": "43.75", "yearly": "199.98"}


_prices = st.integers(0, 10**13).map(lambda cents: f"{cents // 100}.{cents % 100:02}")
_lines = st.lists(
    st.builds(
        lambda price, quantity, recurrence: line_of(unit_price=price, quantity=quantity, recurrence=recurrence),
        _prices,
        st.integers(1, 1_000_000),
        st.sampled_from(["once", "monthly", "yearly"]),
    ),
    min_size=1,
    max_size=20,
)


@property_of
@given(_lines)
def test_amounts_and_totals_are_exact_whatever_their_size(lines: list[Json]) -> None:
    quote = judge_quote(quote_body(*lines))
    totals = {"once": Fraction(0), "monthly": Fraction(0), "yearly": Fraction(0)}
    for requested, line in zip(lines, quote.lines, strict=True):
        assert Fraction(line.amount) == Fraction(requested["unit_price"]) * requested["quantity"]
        totals[requested["recurrence"]] += Fraction(line.amount)
    assert {name: Fraction(total) for name, total in quote.totals} == totals


def test_lines_keep_the_order_of_the_request() -> None:
    lines = [EXTRA, line_of("2", description="b"), line_of("1", description="a"), line_of("2", description="c")]
    quote = judge_quote(quote_body(*lines), items=2)
    assert [(line.item_id, line.description) for line in quote.lines] == [
        (None, "Delivery"),
        ("2", "b"),
        ("1", "a"),
        ("2", "c"),
    ]


def test_a_new_quote_is_sending_and_undecided_and_has_the_installations_terms() -> None:
    quote = judge_quote(quote_body(), revision=3)
    assert (quote.revision, quote.state, quote.offered_at, quote.decided_at) == (3, QuoteState.SENDING, None, None)
    assert (quote.terms, quote.message, quote.confirmed_start_dates) == (TERMS, None, {})
    assert quote.valid_until == date(2027, 1, 1)


def test_message_terms_currency_and_confirmed_dates_are_taken_as_they_were_sent() -> None:
    body = quote_body(
        message="Dear all,\nhere it is.",
        terms="Net 30.",
        currency="USD",
        confirmed_start_dates={"1": "2027-01-07"},
    )
    quote = judge_quote(body)
    assert (quote.message, quote.terms, quote.currency) == ("Dear all,\nhere it is.", "Net 30.", "USD")
    assert quote.confirmed_start_dates == {"1": date(2027, 1, 7)}


@pytest.mark.parametrize("member", ["message", "terms"])
@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_a_blank_text_was_not_sent(member: str, blank: str | None) -> None:
    assert judge_quote(quote_body(**{member: blank})) == judge_quote(quote_body())


# Prices.


@pytest.mark.parametrize(
    ("currency", "prices"),
    [("JPY", ["0.1", "1.0", "1.00"]), ("EUR", ["0.001", "10.000", "10.005"]), ("BHD", ["1.0000", "0.0001"])],
)
def test_too_many_decimals_are_a_fault_even_when_they_are_zeros(currency: str, prices: list[str]) -> None:
    for price in prices:
        assert price_faults(price, currency) == [("/lines/0/unit_price", "too_many_decimals")]
        assert price_faults(Decimal(price), currency) == [("/lines/0/unit_price", "too_many_decimals")]


def test_the_decimals_are_those_of_the_quotes_own_currency() -> None:
    body = quote_body(line_of(unit_price="1.005"), currency="BHD")
    assert judge_quote(body, currency="JPY").lines[0].amount == Decimal("4.020")
    assert field_errors_of(quote_body(line_of(unit_price="1.5"), currency="JPY"), currency="EUR") == [
        ("/lines/0/unit_price", "too_many_decimals")
    ]


NO_PRICE = ("", " ", "ten", "1e2", "1E-2", " 10", "10 ", "\n10", "1_000", "1,000.00", "10,5", "+5", ".5", "5.", "--5")
NO_FINITE_PRICE = ("NaN", "sNaN", "Infinity", "-Infinity", "inf")
ODD_PRICE = ("0x10", "\u0661\u0660", "\uff11\uff10", "€10", "10 EUR", "\ud800", "1" * 5_000)


@pytest.mark.parametrize("price", NO_PRICE + NO_FINITE_PRICE + ODD_PRICE, ids=named)
def test_a_price_is_written_in_digits_with_a_point_before_its_decimals(price: str) -> None:
    assert price_faults(price) == [("/lines/0/unit_price", "malformed")]


@pytest.mark.parametrize("price", [None, True, False, 10.5, 10.0, [], {}, ["10"]])
def test_a_price_is_neither_binary_floating_point_nor_another_type(price: Any) -> None:
    assert price_faults(price) == [("/lines/0/unit_price", "wrong_type")]


@pytest.mark.parametrize("price", [10, Decimal(10), Decimal("10.0"), Decimal("1E+1"), "10", "010.00"], ids=named)
def test_a_price_may_be_a_number_that_was_read_exactly(price: Any) -> None:
    assert str(judge_quote(quote_body(line_of(unit_price=price))).lines[0].unit_price) == "10.00"


def test_a_price_stays_below_a_million_million() -> None:
    largest = "999999999999.99"
    quote = judge_quote(quote_body(line_of(unit_price=largest, quantity=1_000_000)))
    assert str(quote.lines[0].amount) == "999999999999990000.00"
    for price in ("1000000000000", 10**12, 10**400, Decimal("1E+999999")):
        assert price_faults(price) == [("/lines/0/unit_price", "too_large")]
    for price in ("-1000000000000", -(10**400)):
        assert ("/lines/0/unit_price", "too_small") in price_faults(price)


@pytest.mark.parametrize("zero", ["-0", "-0.00"])
def test_minus_zero_is_zero(zero: str) -> None:
    line = judge_quote(quote_body(line_of(unit_price=zero))).lines[0]
    assert (str(line.unit_price), str(line.amount)) == ("0.00", "0.00")


def test_a_discount_is_an_extra_line() -> None:
    discount = line_of(None, unit_price="-0.50", quantity=4)
    assert str(judge_quote(quote_body(line_of(), discount)).totals.monthly) == "38.00"
    assert ("/lines/1/unit_price", "negative_price") in field_errors_of(
        quote_body(line_of(), line_of(unit_price="-0.50"))
    )


@pytest.mark.parametrize("recurrence", ["once", "monthly", "yearly"])
def test_no_total_is_below_zero(recurrence: str) -> None:
    item = line_of(unit_price="5", quantity=1, recurrence=recurrence)
    free = line_of(None, unit_price="-5.00", quantity=1, recurrence=recurrence)
    assert getattr(judge_quote(quote_body(item, free)).totals, recurrence) == 0
    too_much = line_of(None, unit_price="-5.01", quantity=1, recurrence=recurrence)
    assert field_errors_of(quote_body(item, too_much)) == [("/lines", "total_below_zero")]


def test_a_discount_on_one_recurrence_does_not_lower_another() -> None:
    discount = line_of(None, unit_price="-1", quantity=1, recurrence="once")
    assert field_errors_of(quote_body(line_of(recurrence="monthly"), discount)) == [("/lines", "total_below_zero")]


def test_a_total_below_zero_is_told_along_with_faults_of_other_members() -> None:
    body = quote_body(line_of(unit_price="1"), line_of(None, unit_price="-5"), valid_until="2026-11-21")
    assert sorted(field_errors_of(body)) == [("/lines", "total_below_zero"), ("/valid_until", "date_in_past")]


# Lines.


@pytest.mark.parametrize("member", ["description", "quantity", "unit_price", "recurrence"])
def test_no_member_of_a_line_may_be_missing(member: str) -> None:
    line = {name: value for name, value in line_of().items() if name != member}
    assert field_errors_of(quote_body(line)) == [(f"/lines/0/{member}", "required")]


def test_a_line_without_an_item_is_an_extra_line() -> None:
    extra = {name: value for name, value in EXTRA.items() if name != "item_id"}
    assert judge_quote(quote_body(line_of(), extra)).lines[1].item_id is None


@pytest.mark.parametrize("member", ["amount", "total", "item", "currency"])
def test_what_the_server_computes_or_does_not_know_cannot_be_sent(member: str) -> None:
    assert field_errors_of(quote_body(line_of(**{member: "40.00"}))) == [(f"/lines/0/{member}", "unknown_field")]


@pytest.mark.parametrize("member", ["totals", "revision", "state", "sha256", "offered_at", "order_id"])
def test_nor_can_what_only_the_server_says_of_a_revision(member: str) -> None:
    assert field_errors_of(quote_body(**{member: None})) == [(f"/{member}", "unknown_field")]


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("quantity", 0, "too_small"),
        ("quantity", -1, "too_small"),
        ("quantity", 1_000_001, "too_large"),
        ("quantity", 10**400, "too_large"),
        ("quantity", True, "wrong_type"),
        ("quantity", 4.0, "wrong_type"),
        ("quantity", "4", "wrong_type"),
        ("quantity", Decimal(4), "wrong_type"),
        ("quantity", None, "wrong_type"),
        ("recurrence", "weekly", "not_allowed"),
        ("recurrence", None, "not_allowed"),
        ("recurrence", [], "not_allowed"),
        ("description", "", "too_short"),
        ("description", "  ", "too_short"),
        ("description", "x" * 201, "too_long"),
        ("description", "two\nlines", "malformed"),
        ("description", "\x00", "malformed"),
        ("description", "\ud800", "malformed"),
        ("description", 7, "wrong_type"),
        ("description", None, "wrong_type"),
        ("item_id", 1, "wrong_type"),
        ("item_id", True, "wrong_type"),
        ("item_id", ["1"], "wrong_type"),
    ],
    ids=named,
)
def test_an_unsound_member_of_a_line_is_the_one_fault_that_is_told(member: str, value: Any, code: str) -> None:
    assert field_errors_of(quote_body(line_of(), line_of(**{member: value}))) == [(f"/lines/1/{member}", code)]


@pytest.mark.parametrize("item_id", ["0", "3", "01", "1 ", "", "one", "-1", "1.0", "\u0661"])
def test_a_line_names_an_item_of_the_order(item_id: str) -> None:
    found = field_errors_of(quote_body(line_of("1"), line_of("2"), line_of(item_id)), items=2)
    assert found == [("/lines/2/item_id", "unknown_item")]


def test_every_item_has_a_line() -> None:
    body = quote_body(line_of("2"), EXTRA)
    assert field_errors_of(body, items=3) == [("/lines", "item_without_line")] * 2
    with pytest.raises(Invalid) as refusal:
        judge_quote(body, items=12)
    assert [fault.detail.split()[1] for fault in refusal.value.errors] == ["1", *map(str, range(3, 13))]


def test_an_item_may_have_several_lines() -> None:
    quote = judge_quote(quote_body(line_of(recurrence="once"), line_of(recurrence="monthly")))
    assert [line.item_id for line in quote.lines] == ["1", "1"]


@pytest.mark.parametrize("lines", [None, {}, "none", 7])
def test_the_lines_are_a_list(lines: Any) -> None:
    assert field_errors_of({"valid_until": "2027-01-01", "lines": lines}) == [("/lines", "wrong_type")]


def test_a_quote_has_lines() -> None:
    assert field_errors_of({"valid_until": "2027-01-01"}) == [("/lines", "required")]
    assert ("/lines", "too_few") in field_errors_of({"valid_until": "2027-01-01", "lines": []})


@pytest.mark.parametrize("line", [None, 7, "line", []])
def test_a_line_is_an_object(line: Any) -> None:
    assert field_errors_of(quote_body(line_of(), line)) == [("/lines/1", "wrong_type")]


def test_a_hundred_lines_are_the_most() -> None:
    assert len(judge_quote(quote_body(*[line_of()] * 100)).lines) == 100
    assert field_errors_of(quote_body(*[line_of()] * 201)) == [("/lines", "too_many")]
    assert ("/lines", "too_many") in field_errors_of(quote_body(*[line_of(unit_price="x")] * 201))


# Dates.


@pytest.mark.parametrize("body", [None, [], "quote", 7])
def test_a_body_is_an_object(body: Any) -> None:
    assert field_errors_of(body) == [("", "wrong_type")]


@pytest.mark.parametrize("day", [TODAY, TODAY + DAY, date(2028, 11, 22)])
def test_a_quote_is_valid_until_today_at_least(day: date) -> None:
    assert judge_quote(quote_body(valid_until=day.isoformat())).valid_until == day


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2026-11-21", "date_in_past"),
        ("0001-01-01", "date_in_past"),
        ("2028-11-23", "date_too_late"),
        ("9999-12-31", "date_too_late"),
        ("2027-02-29", "invalid_date"),
        ("2027-1-1", "invalid_date"),
        ("20270101", "invalid_date"),
        ("2027-01-01T00:00:00Z", "invalid_date"),
        ("2027-W01-1", "invalid_date"),
        ("", "invalid_date"),
        ("\ud800", "invalid_date"),
        (None, "invalid_date"),
        (20270101, "invalid_date"),
        (True, "invalid_date"),
        ([], "invalid_date"),
    ],
    ids=named,
)
def test_a_last_day_that_cannot_be_is_a_fault(day: Any, code: str) -> None:
    assert field_errors_of(quote_body(valid_until=day)) == [("/valid_until", code)]


def test_a_last_day_is_needed() -> None:
    assert field_errors_of({"lines": [line_of()]}) == [("/valid_until", "required")]


@pytest.mark.parametrize(
    ("zone", "hour", "today"),
    [
        ("Pacific/Kiritimati", 9, date(2026, 11, 22)),
        ("Pacific/Kiritimati", 10, date(2026, 11, 23)),
        ("Pacific/Pago_Pago", 10, date(2026, 11, 21)),
        ("Pacific/Pago_Pago", 11, date(2026, 11, 22)),
    ],
)
def test_the_last_day_is_judged_by_the_accounts_day(zone: str, hour: int, today: date) -> None:
    at = datetime(2026, 11, 22, hour, tzinfo=UTC)
    order = place(account=account_of(time_zone=zone), at=at - timedelta(days=3)).order
    assert quote_for(order, at, valid_until=today.isoformat()).valid_until == today
    with pytest.raises(Invalid) as refusal:
        quote_for(order, at, valid_until=(today - DAY).isoformat())
    assert refused(refusal) == [("/valid_until", "date_in_past")]


def test_a_quote_is_past_once_its_last_day_is_over() -> None:
    quote = judge_quote(quote_body(valid_until="2027-01-01"))
    assert not quote.is_past(date(2027, 1, 1))
    assert quote.is_past(date(2027, 1, 2))


@pytest.mark.parametrize("day", [TODAY, TODAY + DAY, date(2031, 11, 22)])
def test_a_start_is_confirmed_for_today_or_within_five_years(day: date) -> None:
    quote = judge_quote(quote_body(confirmed_start_dates={"1": day.isoformat()}))
    assert quote.confirmed_start_dates == {"1": day}


@pytest.mark.parametrize(
    ("item_id", "day", "codes"),
    [
        ("1", "2026-11-21", ["date_in_past"]),
        ("1", "2031-11-23", ["date_too_late"]),
        ("1", "9999-12-31", ["date_too_late"]),
        ("1", "soon", ["invalid_date"]),
        ("1", None, ["invalid_date"]),
        ("1", 7, ["invalid_date"]),
        ("2", "2027-01-07", ["unknown_item"]),
        ("01", "2027-01-07", ["unknown_item"]),
        ("", "2027-01-07", ["unknown_item"]),
        ("2", "2026-11-21", ["date_in_past", "unknown_item"]),
        ("2", "soon", ["invalid_date", "unknown_item"]),
    ],
)
def test_an_unsound_confirmation_is_a_fault_at_its_item(item_id: str, day: Any, codes: list[str]) -> None:
    found = field_errors_of(quote_body(confirmed_start_dates={item_id: day}))
    assert sorted(found) == [(f"/confirmed_start_dates/{item_id}", code) for code in codes]


def test_no_more_starts_are_confirmed_than_an_order_can_have_items() -> None:
    confirmed = {str(number): "2027-01-07" for number in range(1, 52)}
    assert ("/confirmed_start_dates", "too_many") in field_errors_of(quote_body(confirmed_start_dates=confirmed))


@pytest.mark.parametrize("confirmed", [None, {}])
def test_no_start_need_be_confirmed(confirmed: Json | None) -> None:
    assert judge_quote(quote_body(confirmed_start_dates=confirmed)).confirmed_start_dates == {}


def test_the_pointer_to_a_strange_name_is_escaped_and_can_be_written_in_utf_8() -> None:
    found = field_errors_of(quote_body(confirmed_start_dates={"a/b~c": "2027-01-07", "\ud800": "2027-01-07"}))
    assert ("/confirmed_start_dates/a~1b~0c", "unknown_item") in found
    assert all(pointer.encode() for pointer, _ in found)


@pytest.mark.parametrize("confirmed", [[], "1", 7])
def test_confirmed_starts_are_an_object(confirmed: Any) -> None:
    assert field_errors_of(quote_body(confirmed_start_dates=confirmed)) == [("/confirmed_start_dates", "wrong_type")]


# The rest.


@pytest.mark.parametrize("currency", ["EURO", "eur", "XXX", "", "\ud800"])
def test_a_quotes_currency_is_one_of_iso_4217(currency: str) -> None:
    ((pointer, code),) = field_errors_of(quote_body(currency=currency))
    assert pointer == "/currency"
    assert code in {"unknown_currency", "malformed"}


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("message", "x" * 2_001, "too_long"),
        ("message", "bell\x07", "malformed"),
        ("message", "\ud800", "malformed"),
        ("message", 7, "wrong_type"),
        ("terms", "x" * 10_001, "too_long"),
        ("terms", [], "wrong_type"),
        ("currency", 978, "wrong_type"),
        ("rebate", "5", "unknown_field"),
    ],
    ids=named,
)
def test_an_unsound_member_of_a_quote_is_the_one_fault_that_is_told(member: str, value: Any, code: str) -> None:
    assert field_errors_of(quote_body(**{member: value})) == [(f"/{member}", code)]


def test_all_faults_of_a_quote_are_told_at_once() -> None:
    body = {
        "valid_until": "2026-11-21",
        "lines": [
            line_of(unit_price="10.001"),
            line_of("9", quantity=0),
            line_of("1", unit_price="-1.234", amount="1"),
            {},
        ],
        "currency": "EURO",
        "message": 7,
        "confirmed_start_dates": {"1": "2020-01-01", "9": "x"},
        "color": "red",
    }
    assert sorted(field_errors_of(body, items=2)) == [
        ("/color", "unknown_field"),
        ("/confirmed_start_dates/1", "date_in_past"),
        ("/confirmed_start_dates/9", "invalid_date"),
        ("/confirmed_start_dates/9", "unknown_item"),
        ("/currency", "unknown_currency"),
        ("/lines", "item_without_line"),
        ("/lines/0/unit_price", "too_many_decimals"),
        ("/lines/1/item_id", "unknown_item"),
        ("/lines/1/quantity", "too_small"),
        ("/lines/2/amount", "unknown_field"),
        ("/lines/2/unit_price", "negative_price"),
        ("/lines/2/unit_price", "too_many_decimals"),
        ("/lines/3/description", "required"),
        ("/lines/3/quantity", "required"),
        ("/lines/3/recurrence", "required"),
        ("/lines/3/unit_price", "required"),
        ("/message", "wrong_type"),
        ("/valid_until", "date_in_past"),
    ]


def test_no_text_of_a_quote_turns_the_direction_of_its_text() -> None:
    body = quote_body(line_of(description="x\u202d"), message="\u2068Thanks", terms="30 days\u202c")
    assert sorted(field_errors_of(body)) == [
        ("/lines/0/description", "malformed"),
        ("/message", "malformed"),
        ("/terms", "malformed"),
    ]


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(st.characters(), max_size=4)
    | st.sampled_from(["1", "10.00", "monthly", "2027-01-01", "EUR"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*quote_body(), *line_of(), "currency", "confirmed_start_dates", "1", "\ud800"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)


@property_of
@given(_json | st.fixed_dictionaries({"lines": st.lists(_json, max_size=4), "confirmed_start_dates": _json}))
def test_whatever_json_comes_as_a_quote_is_judged_and_never_breaks(body: Any) -> None:
    try:
        judge_quote(body)
    except Invalid as refusal:
        text = refusal.errors
    else:
        return
    assert text
    assert "".join(fault.pointer + fault.code + fault.detail for fault in text).encode()


# The hash.


FULL = quote_body(
    line_of(),
    line_of(None, "-1.50", description='Früh "bestellt" \\ 😀', quantity=2),
    message="Zeile\n\tzwei — 価格 / ~",
    terms="Netto.",
    confirmed_start_dates={"1": "2027-01-07"},
)


COVERED = {
    "order_id",
    "revision",
    "account_id",
    "currency",
    "lines",
    "totals",
    "valid_until",
    "message",
    "terms",
    "confirmed_start_dates",
}


def independent_hash(quote: Quote, order_id: str = ORDER_ID, account_id: str = "acme") -> str:
    """RFC 8785 for the values that occur here: strings, whole numbers and null under names in ASCII."""
    shown = json.loads(quote.model_dump_json())
    for name in ("state", "sha256", "offered_at", "decided_at"):
        del shown[name]
    covered = {"order_id": order_id, "account_id": account_id, **shown}
    assert covered.keys() == COVERED
    text = json.dumps(covered, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_hash_can_be_computed_from_what_the_api_shows() -> None:
    quote = judge_quote(FULL)
    assert quote.sha256 == independent_hash(quote)


@property_of
@given(st.text(max_size=30), st.text(max_size=30), st.integers(1, 10**6), st.sampled_from(["EUR", "JPY", "BHD"]))
def test_the_hash_can_be_computed_whatever_the_texts_say(
    message: str, description: str, quantity: int, currency: str
) -> None:
    body = quote_body(
        line_of(unit_price="7", quantity=quantity, description=f"x{description}"), message=message, currency=currency
    )
    try:
        quote = judge_quote(body)
    except Invalid:
        return
    assert quote.sha256 == independent_hash(quote)


CHANGED = {
    "order id": judge_quote(FULL, order_id="01KAND6R0000000000000000AC"),
    "account id": judge_quote(FULL, account_id="bolt"),
    "revision": judge_quote(FULL, revision=2),
    "currency": judge_quote(FULL | {"currency": "USD"}),
    "valid until": judge_quote(FULL | {"valid_until": "2027-01-02"}),
    "message": judge_quote(FULL | {"message": None}),
    "terms": judge_quote(FULL | {"terms": "Brutto."}),
    "confirmed dates": judge_quote(FULL | {"confirmed_start_dates": {"1": "2027-01-08"}}),
    "no confirmed dates": judge_quote(FULL | {"confirmed_start_dates": {}}),
    "price": judge_quote(FULL | {"lines": [line_of(unit_price="10.01"), FULL["lines"][1]]}),
    "quantity": judge_quote(FULL | {"lines": [line_of(quantity=5), FULL["lines"][1]]}),
    "description": judge_quote(FULL | {"lines": [line_of(description="IPv4"), FULL["lines"][1]]}),
    "order of the lines": judge_quote(FULL | {"lines": FULL["lines"][::-1]}),
}


@pytest.mark.parametrize("member", CHANGED)
def test_the_hash_covers_each_thing_that_was_offered(member: str) -> None:
    assert CHANGED[member].sha256 != judge_quote(FULL).sha256


def test_the_hash_outlives_every_decision() -> None:
    order = offered()
    assert order.quote
    for after in (
        order.approve("Connie", LATER).order,
        order.cancel("Connie", None, LATER).order,
        order.request_change("Connie", "less", LATER).order,
        order.resend(CLARA, None, LATER).order,
        order_delivery.quote_bounced(order, 1, "key-1", "full", LATER).order,
    ):
        assert after.quote
        assert after.quote.content_hash(after.account_id, after.order_id) == after.quote.sha256 == order.quote.sha256


def test_no_person_is_in_a_quote_so_that_erasing_one_breaks_no_hash() -> None:
    order = offered().approve(CONNIE.name, NOW).order
    assert order.quote
    shown = order.quote.model_dump_json()
    people = (order.contact, order.placed_by, order.assignee)
    for person in people:
        assert person
        assert not any(str(value) in shown for value in person.model_dump().values())


def test_a_revision_that_bounced_can_still_be_decided() -> None:
    assert {state.value for state in DECIDABLE} == {"offered", "undeliverable"}


def test_the_states_of_a_revision_are_the_contracts() -> None:
    assert {state.value for state in QuoteState} == {
        "sending",
        "offered",
        "approved",
        "declined",
        "change_requested",
        "superseded",
        "expired",
        "undeliverable",
    }


def test_the_longest_quote_is_judged_by_its_totals_too() -> None:
    discounts = [line_of(None, "-1.00", quantity=1) for _ in range(199)]
    assert field_errors_of(quote_body(line_of(quantity=1), *discounts)) == [("/lines", "total_below_zero")]


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("EUR", 2), ("BHD", 3)])
def test_a_price_with_too_many_decimals_is_told_how_many_there_may_be(currency: str, digits: int) -> None:
    with pytest.raises(Invalid) as refusal:
        judge_quote(quote_body(line_of(unit_price="1.0001")), currency=currency)
    (fault,) = refusal.value.errors
    assert fault.detail == f"Amounts in {currency} have {digits} decimals at most."
