"""What a quote with periods, discounts, options and taxes may not say: every fault at once, each at its place."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.errors import Invalid
from online_orders.domain.quote_requests import MAX_TAXES, NewQuote, QuoteFrame
from online_orders.domain.taxes import Tax
from tests.domain.builders import Json, judge_quote, line_of, property_of, quote_body, refused

VAT: Json = {"treatment": "rate", "label": "VAT", "rate": "19"}
PART: Json = {"starts_on": "2027-02-10", "ends_on": "2027-12-31", "prorate": True}


def spelled(value: object) -> str:
    """A value as the id of a test, as far as values of this file are alike at their beginning."""
    return f"{value!r:.90}"


def faults_of(body: Any, **context: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        judge_quote(body, **context)
    found = refused(refusal)
    assert len(found) == len(set(found))
    return found


def line(**changes: Any) -> Json:
    return line_of(quantity=1, **changes)


def faults_of_line(**changes: Any) -> list[tuple[str, str]]:
    """The faults of a second line with these members."""
    return [
        (pointer.removeprefix("/lines/1"), code) for pointer, code in faults_of(quote_body(line(), line(**changes)))
    ]


# Periods.


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"ends_on": "2027-12-31"}, [("/starts_on", "start_missing")]),
        ({"ends_on": "2027-12-31", "term_months": 12}, [("/starts_on", "start_missing")]),
        ({"starts_on": "2027-02-10", "ends_on": "2027-02-09"}, [("/ends_on", "ends_before_start")]),
        (
            {"starts_on": "2027-02-10", "ends_on": "2027-02-09", "term_months": 1},
            [("/ends_on", "ends_before_start")],
        ),
        (
            {"starts_on": "2027-02-10", "ends_on": "2028-02-10", "term_months": 12},
            [("/term_months", "term_mismatch")],
        ),
        ({"prorate": True}, [("/starts_on", "start_missing"), ("/ends_on", "end_missing")]),
        ({"prorate": True, "starts_on": "2027-02-10"}, [("/ends_on", "end_missing")]),
        ({"prorate": True, "term_months": 6}, [("/starts_on", "start_missing")]),
        ({**PART, "recurrence": "once"}, [("/prorate", "not_recurring")]),
        ({"starts_on": "2031-11-23"}, [("/starts_on", "date_too_late")]),
        ({"starts_on": "1999-12-31"}, [("/starts_on", "date_too_early")]),
        ({"starts_on": "2031-11-22", "ends_on": "2041-11-23"}, [("/ends_on", "date_too_late")]),
        ({"starts_on": "9999-12-31", "term_months": 120}, [("/starts_on", "date_too_late")]),
        ({"starts_on": "2027-01-01", "ends_on": "9999-12-31", "prorate": True}, [("/ends_on", "date_too_late")]),
        ({"starts_on": "20270101", "prorate": True, "ends_on": "2027-12-31"}, [("/starts_on", "invalid_date")]),
        ({**PART, "ends_on": "soon"}, [("/ends_on", "invalid_date")]),
        ({**PART, "prorate": "yes"}, [("/prorate", "wrong_type")]),
        ({"starts_on": "2027-01-01", "term_months": 0}, [("/term_months", "too_small")]),
        ({"starts_on": "2027-01-01", "term_months": 121}, [("/term_months", "too_large")]),
        ({"starts_on": "2027-01-01", "term_months": True}, [("/term_months", "wrong_type")]),
        ({"starts_on": "2027-01-01", "term_months": 10**400}, [("/term_months", "too_large")]),
    ],
    ids=spelled,
)
def test_a_period_that_cannot_be_is_a_fault_of_its_member(changes: Json, faults: list[tuple[str, str]]) -> None:
    assert faults_of_line(**changes) == faults


@pytest.mark.parametrize(
    "changes",
    [
        {"starts_on": "2000-01-01"},
        {"starts_on": "2031-11-22", "ends_on": "2041-11-22"},
        {"starts_on": "2031-11-22", "term_months": 120},
        {"starts_on": "2027-02-10", "ends_on": "2027-02-10", "prorate": True},
        {"starts_on": "2027-02-10", "ends_on": "2028-02-09", "term_months": 12},
        {"term_months": 120},
    ],
    ids=spelled,
)
def test_a_period_that_can_be_is_none(changes: Json) -> None:
    judge_quote(quote_body(line(), line(**changes)))


def test_a_common_end_is_within_fifteen_years_and_after_the_lines_start() -> None:
    part = line(starts_on="2027-02-10", prorate=True)
    assert faults_of(quote_body(part, common_end_on="2027-02-09")) == [("/lines/0/ends_on", "ends_before_start")]
    assert faults_of(quote_body(line(), common_end_on="2041-11-23")) == [("/common_end_on", "date_too_late")]
    assert faults_of(quote_body(line(), common_end_on="1999-11-23")) == [("/common_end_on", "date_too_early")]
    assert faults_of(quote_body(line(), common_end_on=7)) == [("/common_end_on", "invalid_date")]
    judge_quote(quote_body(line(), common_end_on="2041-11-22"))


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("9999-12-31", "date_too_late"),
        ("2041-11-23", "date_too_late"),
        ("0001-01-01", "date_too_early"),
        ("20271231", "invalid_date"),
        ("soon", "invalid_date"),
        (7, "invalid_date"),
    ],
)
@pytest.mark.parametrize("changes", [{}, {"discount": {"amount": "1"}}, {"unit_price": "-1", "item_id": None}])
def test_a_common_end_that_cannot_be_is_the_one_fault_of_lines_through_it(end: Any, code: str, changes: Json) -> None:
    through_end = line(**{"starts_on": "2027-01-01", "prorate": True, **changes})
    assert faults_of(quote_body(line(), through_end, common_end_on=end)) == [("/common_end_on", code)]


def test_beside_a_common_end_that_cannot_be_other_faults_are_told() -> None:
    own_end = line(**PART, discount={"amount": "1000"})
    below_zero = line_of(None, "-999", quantity=1, recurrence="once")
    assert sorted(faults_of(quote_body(own_end, common_end_on="9999-12-31"))) == [
        ("/common_end_on", "date_too_late"),
        ("/lines/0/discount/amount", "discount_too_large"),
    ]
    assert sorted(faults_of(quote_body(line(), below_zero, common_end_on="9999-12-31"))) == [
        ("/common_end_on", "date_too_late"),
        ("/lines", "total_below_zero"),
    ]


# Discounts.


@pytest.mark.parametrize(
    ("discount", "faults"),
    [
        ({}, [("", "percent_or_amount")]),
        ({"percent": None, "amount": None}, [("", "percent_or_amount")]),
        ({"percent": "5", "amount": "1"}, [("", "percent_or_amount")]),
        ({"percent": "0"}, [("/percent", "too_small")]),
        ({"percent": "100.0001"}, [("/percent", "too_large")]),
        ({"percent": "0.00001"}, [("/percent", "too_many_decimals")]),
        ({"percent": "five"}, [("/percent", "malformed")]),
        ({"percent": 5.5}, [("/percent", "wrong_type")]),
        ({"amount": "0"}, [("/amount", "too_small")]),
        ({"amount": "10.01"}, [("/amount", "discount_too_large")]),
        ({"amount": "0.001"}, [("/amount", "too_many_decimals")]),
        ({"amount": "1", "recurrence": "once"}, [("/recurrence", "unknown_field")]),
        ({"amount": "1", "reason": "x"}, [("/reason", "unknown_field")]),
        ("5", [("", "wrong_type")]),
    ],
    ids=spelled,
)
def test_a_discount_of_a_line_that_cannot_be_is_a_fault(discount: Any, faults: list[tuple[str, str]]) -> None:
    assert faults_of_line(discount=discount) == [(f"/discount{pointer}", code) for pointer, code in faults]


def test_a_discount_is_no_larger_than_what_its_line_comes_to_for_its_period() -> None:
    part = {**PART, "unit_price": "31.00"}
    judge_quote(quote_body(line(), line(**part, discount={"amount": "332.00"})))
    found = [("/discount/amount", "discount_too_large")]
    assert faults_of_line(**part, discount={"amount": "332.01"}) == found


def test_a_line_below_zero_has_no_discount_of_its_own() -> None:
    body = quote_body(line(), line_of(None, "-1", quantity=1, discount={"percent": "5"}))
    assert faults_of(body) == [("/lines/1/discount", "discount_too_large")]


@pytest.mark.parametrize(
    ("discount", "faults"),
    [
        ({}, [("", "percent_or_amount")]),
        ({"percent": "5", "amount": "1"}, [("", "percent_or_amount"), ("/recurrence", "required")]),
        ({"amount": "1"}, [("/recurrence", "required")]),
        ({"percent": "5", "recurrence": "once"}, [("/recurrence", "not_allowed")]),
        ({"amount": "1", "recurrence": "weekly"}, [("/recurrence", "not_allowed")]),
        ({"amount": "10.01", "recurrence": "monthly"}, [("", "total_below_zero")]),
        ({"amount": "0.01", "recurrence": "once"}, [("", "total_below_zero")]),
        ({"amount": "1.001", "recurrence": "monthly"}, [("/amount", "too_many_decimals")]),
        ({"percent": "101"}, [("/percent", "too_large")]),
    ],
    ids=spelled,
)
def test_a_discount_of_a_quote_that_cannot_be_is_a_fault(discount: Any, faults: list[tuple[str, str]]) -> None:
    body = quote_body(line(), line(optional=True, selected=True), discount=discount)
    assert sorted(faults_of(body)) == [(f"/discount{pointer}", code) for pointer, code in faults]


def test_a_discount_may_take_off_everything_that_is_not_optional() -> None:
    body = quote_body(line(), discount={"amount": "10.00", "recurrence": "monthly"})
    assert judge_quote(body).totals.monthly == 0
    assert judge_quote(quote_body(line(discount={"percent": "100"}), discount={"percent": "100"})).totals.monthly == 0


# Options.


def test_only_an_optional_line_has_a_group_or_is_chosen() -> None:
    found = [("/option_group", "only_optional"), ("/selected", "only_optional")]
    assert faults_of_line(option_group="a", selected=True) == found
    judge_quote(quote_body(line(), line(optional=False, selected=False, option_group=None)))


def test_no_option_is_below_zero_and_no_item_has_options_alone() -> None:
    body = quote_body(line(optional=True), line_of(None, "-1", quantity=1, optional=True))
    assert faults_of(body) == [("/lines/1/unit_price", "negative_price"), ("/lines", "item_without_line")]


def test_of_one_group_one_line_is_offered_as_chosen() -> None:
    option = line(optional=True, option_group="a", selected=True)
    body = quote_body(line(), option, {**option, "option_group": "b"}, option, {**option, "selected": False}, option)
    found = "options_exclude_each_other"
    assert faults_of(body) == [("/lines/3/selected", found), ("/lines/5/selected", found)]


def test_the_totals_without_options_are_not_below_zero() -> None:
    body = quote_body(line(), line(unit_price="5", optional=True, selected=True), line_of(None, "-11", quantity=1))
    assert faults_of(body) == [("/lines", "total_below_zero")]


# Taxes.


@pytest.mark.parametrize(
    ("tax", "faults"),
    [
        ({**VAT, "rate": "100.001"}, [("/rate", "tax_rate_out_of_range")]),
        ({**VAT, "rate": "-1"}, [("/rate", "tax_rate_out_of_range")]),
        ({**VAT, "rate": "1.0001"}, [("/rate", "tax_rate_out_of_range")]),
        ({**VAT, "rate": 10**400}, [("/rate", "tax_rate_out_of_range")]),
        ({**VAT, "rate": "many"}, [("/rate", "malformed")]),
        ({**VAT, "rate": 7.5}, [("/rate", "wrong_type")]),
        ({"treatment": "rate", "label": "VAT"}, [("/rate", "required")]),
        ({"treatment": "exempt", "label": "VAT", "rate": "0"}, [("/rate", "not_allowed")]),
        ({"treatment": "free", "label": ""}, [("/treatment", "not_allowed"), ("/label", "too_short")]),
        ({"treatment": "exempt", "label": "x" * 41}, [("/label", "too_long")]),
        ({"treatment": "exempt", "label": "x", "sentence": "x" * 301}, [("/sentence", "too_long")]),
        ({"treatment": "exempt", "label": "x", "sentence": "a\nb"}, [("/sentence", "malformed")]),
        ({}, [("/treatment", "required"), ("/label", "required")]),
    ],
    ids=spelled,
)
def test_a_tax_that_cannot_be_is_a_fault_of_the_line_or_the_quote(tax: Json, faults: list[tuple[str, str]]) -> None:
    assert faults_of_line(tax=tax) == [(f"/tax{pointer}", code) for pointer, code in faults]
    assert faults_of(quote_body(tax=tax)) == [(f"/tax{pointer}", code) for pointer, code in faults]


@pytest.mark.parametrize("rate", ["0", "100", "19.000", "7.125", 19])
def test_a_rate_is_a_percentage(rate: Any) -> None:
    assert 0 <= (Tax(**{**VAT, "rate": rate}).rate or 0) <= 100


def test_the_same_rate_is_written_in_one_way() -> None:
    assert {Tax(**{**VAT, "rate": rate}).model_dump_json() for rate in ("19", "19.0", "19.000", "019", 19)} == {
        '{"treatment":"rate","label":"VAT","rate":"19"}'
    }
    assert Tax(**{**VAT, "rate": "100.0"}).model_dump(mode="json")["rate"] == "100"


def test_a_quote_has_ten_taxes_at_most() -> None:
    lines = [line(tax={**VAT, "rate": str(number)}) for number in range(MAX_TAXES + 1)]
    assert faults_of(quote_body(*lines)) == [("/lines", "too_many_taxes")]
    assert len(judge_quote(quote_body(*lines[1:])).taxes) == MAX_TAXES == 10


def test_no_total_with_taxes_is_below_zero() -> None:
    """Where a line with a tax lowers what has none."""
    body = quote_body(line(unit_price="10"), line_of(None, "-9", quantity=1, tax=VAT))
    assert faults_of(body) == [("/lines", "total_below_zero")]
    assert faults_of(body, frame=QuoteFrame(tax=Tax(treatment="exempt", label="None"))) == [  # type: ignore[arg-type]
        ("/lines", "total_below_zero")
    ]


@pytest.mark.parametrize("selected", [False, True])
def test_no_choice_has_a_total_with_taxes_below_zero(selected: bool) -> None:
    """A discount of all that is not optional hides the sign of the rest, until an option is chosen."""
    lines = [
        line(unit_price="1100"),
        line_of(None, "-1000", quantity=1, tax=VAT),
        line_of(None, "50", quantity=1, optional=True, selected=selected),
    ]
    for discount in ({"amount": "100", "recurrence": "monthly"}, {"percent": "100"}, None):
        assert faults_of(quote_body(*lines, discount=discount)) == [("/lines", "total_below_zero")]
    lines[1] |= {"unit_price": "-500"}
    whole = judge_quote(quote_body(*lines, discount={"amount": "600", "recurrence": "monthly"}))
    assert whole.gross_totals
    assert whole.gross_totals.monthly >= 0
    chosen = whole.priced_with({"3"}).gross_totals
    assert chosen
    assert chosen.monthly > 0


@property_of
@given(
    st.lists(
        st.tuples(st.integers(-5_000, 5_000), st.sampled_from([None, "0", "7", "19", "100"]), st.booleans()),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([{"percent": "33.3"}, {"percent": "99.99"}, {"percent": "100"}, None]) | st.integers(1, 9_000),
)
def test_a_quote_that_is_taken_is_below_zero_with_no_choice(
    parts: list[tuple[int, str | None, bool]], discount: Any
) -> None:
    lines = [
        line_of(
            None,
            str(Decimal(abs(units) if optional else units).scaleb(-2)),
            quantity=1,
            optional=optional,
            **({"tax": {**VAT, "rate": rate}} if rate else {}),
        )
        for units, rate, optional in parts
    ]
    if isinstance(discount, int):
        discount = {"amount": str(Decimal(discount).scaleb(-2)), "recurrence": "monthly"}
    try:
        quote = judge_quote(quote_body(line(), *lines, discount=discount))
    except Invalid:
        return
    rounding = Decimal(-len(parts)).scaleb(-2)
    for size in range(len(quote.options) + 1):
        for options in combinations(quote.options, size):
            priced = quote.priced_with(options)
            assert priced.totals.monthly >= 0
            assert (priced.gross_totals or priced.totals).monthly >= rounding


# The rest.


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("optional", "yes", "wrong_type"),
        ("optional", 1, "wrong_type"),
        ("message", "x" * 501, "too_long"),
        ("message", "\x07", "malformed"),
        ("unit_cost", "-0.01", "too_small"),
        ("unit_cost", "0.001", "too_many_decimals"),
        ("unit_cost", "cheap", "malformed"),
        ("list_amount", "1", "unknown_field"),
        ("proration", {}, "unknown_field"),
    ],
    ids=spelled,
)
def test_an_unsound_member_of_a_line_is_the_one_fault(member: str, value: Any, code: str) -> None:
    assert faults_of_line(**{member: value}) == [(f"/{member}", code)]


@pytest.mark.parametrize("group", ["", "a b", "-a", "x" * 65])
def test_a_group_is_an_identifier(group: str) -> None:
    assert faults_of_line(optional=True, option_group=group)[0][0] == "/option_group"


def test_all_faults_of_these_members_are_told_at_once() -> None:
    body = {
        "valid_until": "2026-11-21",
        "lines": [
            line(optional=True, option_group="a", selected=True, ends_on="2027-01-01"),
            line(optional=True, option_group="a", selected=True, discount={"percent": "0"}),
            line_of(None, "-1", quantity=0, tax={**VAT, "rate": "101"}, selected=True),
            line(prorate=True, starts_on="x", discount={"amount": "0.001"}),
        ],
        "discount": {"amount": "1.001"},
        "common_end_on": "9999-12-31",
        "tax": {"treatment": "rate", "label": "VAT"},
    }
    assert sorted(faults_of(body)) == [
        ("/common_end_on", "date_too_late"),
        ("/discount/amount", "too_many_decimals"),
        ("/discount/recurrence", "required"),
        ("/lines/0/starts_on", "start_missing"),
        ("/lines/1/discount/percent", "too_small"),
        ("/lines/1/selected", "options_exclude_each_other"),
        ("/lines/2/quantity", "too_small"),
        ("/lines/2/selected", "only_optional"),
        ("/lines/2/tax/rate", "tax_rate_out_of_range"),
        ("/lines/3/discount/amount", "too_many_decimals"),
        ("/lines/3/starts_on", "invalid_date"),
        ("/tax/rate", "required"),
        ("/valid_until", "date_in_past"),
    ]


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.sampled_from(
        ["1", "10.00", "monthly", "yearly", "2027-01-01", "2031-12-31", "9999-12-31", "rate", "EUR", "a"]
    ),
    lambda inner: st.dictionaries(
        st.sampled_from(["percent", "amount", "recurrence", "treatment", "label", "rate", "sentence"]),
        inner,
        max_size=4,
    ),
    max_leaves=6,
)
_members = [name for name in NewQuote.model_fields if name not in {"lines", "valid_until"}]
_line_members = ["starts_on", "ends_on", "term_months", "prorate", "discount", "optional", "option_group", "selected"]


@property_of
@given(
    st.dictionaries(st.sampled_from(_members), _json, max_size=4),
    st.lists(
        st.dictionaries(
            st.sampled_from([*_line_members, "tax", "quantity", "unit_price", "recurrence", "unit_cost"]),
            _json,
            max_size=6,
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_whatever_comes_in_these_members_is_judged_and_never_breaks(members: Json, lines: list[Json]) -> None:
    for requested in ([{**line(), **changes} for changes in lines], [{**changes, **line()} for changes in lines]):
        try:
            judge_quote(quote_body(line(), *requested, **members))
        except Invalid as refusal:
            text = "".join(fault.pointer + fault.code + fault.detail for fault in refusal.errors)
        else:
            text = "sound"
        assert text.encode()
