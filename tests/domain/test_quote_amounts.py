"""What a quote comes to, computed a second time here: in whole minor units and fractions, from the rules as they are
told in docs/quotes.md, and with nothing of the code that is tested.
"""

from __future__ import annotations

import calendar
import json
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from online_orders.domain.errors import Invalid
from online_orders.domain.prices import draft_from_revision
from online_orders.domain.quote_amounts import OptionsExcludeError, UnknownOptionError, last_day, months_after
from online_orders.domain.quote_parts import Buyer, TermsVersion
from online_orders.domain.quote_requests import QuoteFrame
from online_orders.domain.quotes import Quote
from online_orders.domain.taxes import Tax
from tests.domain.builders import TERMS, TODAY, Json, judge_quote, line_of, property_of, quote_body

DIGITS = {"JPY": 0, "EUR": 2, "KWD": 3}
RECURRENCES = ("once", "monthly", "yearly")
VAT: Json = {"treatment": "rate", "label": "VAT", "rate": "19"}
REDUCED: Json = {"treatment": "rate", "label": "VAT", "rate": "7.5"}
REVERSE: Json = {"treatment": "reverse_charge", "label": "VAT", "sentence": "The buyer owes the tax."}
EXEMPT: Json = {"treatment": "exempt", "label": "Export"}


# -- the second computation ---------------------------------------------------------------------------------------


def half_up(number: Fraction) -> int:
    """The nearest whole number, the larger in size of two that are as near."""
    doubled = abs(number) * 2
    size = (doubled.numerator + doubled.denominator) // (2 * doubled.denominator)
    return size if number >= 0 else -size


def later(day: date, months: int) -> date:
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def part_of(starts_on: date, ends_on: date) -> tuple[int, int, int]:
    """Whole months, the days that are left, and how many days the month has that they are of; day by day."""
    beyond, months = ends_on + timedelta(days=1), 0
    while later(starts_on, months + 1) <= beyond:
        months += 1
    begun = later(starts_on, months)
    days, length = 0, 0
    while begun + timedelta(days=days) < beyond:
        days += 1
    while begun + timedelta(days=length) < later(starts_on, months + 1):
        length += 1
    return months, days, length


def units_of(text: str, digits: int) -> Fraction:
    return Fraction(text) * Fraction(10**digits)


def end_of(line: Json, body: Json) -> date | None:
    if line.get("ends_on"):
        return date.fromisoformat(line["ends_on"])
    if line.get("term_months") and line.get("starts_on"):
        return later(date.fromisoformat(line["starts_on"]), line["term_months"]) - timedelta(days=1)
    common = body.get("common_end_on")
    return date.fromisoformat(common) if line.get("prorate") and common else None


def list_units(line: Json, body: Json, digits: int) -> int:
    periods = Fraction(1)
    end = end_of(line, body)
    if line.get("prorate") and end:
        months, days, length = part_of(date.fromisoformat(line["starts_on"]), end)
        periods = months + Fraction(days, length)
        if line["recurrence"] == "yearly":
            periods /= 12
    return half_up(units_of(line["unit_price"], digits) * line["quantity"] * periods)


def off_units(discount: Json | None, units: int, digits: int) -> int:
    if not discount:
        return 0
    if "percent" in discount:
        return half_up(units * Fraction(discount["percent"]) / 100)
    return half_up(units_of(discount["amount"], digits))


def net_units(line: Json, body: Json, digits: int) -> int:
    listed = list_units(line, body, digits)
    return listed - off_units(line.get("discount"), listed, digits)


def tax_of(line: Json, body: Json, account_tax: Json | None) -> tuple[str, str, Fraction] | None:
    tax = line.get("tax") or body.get("tax") or account_tax
    return (tax["treatment"], tax["label"], Fraction(tax.get("rate", "0"))) if tax else None


def shared(units: int, parts: list[int]) -> list[int]:
    """Largest remainders, found by giving unit after unit to whoever lacks most."""
    if not sum(parts) or not units:
        return [0] * len(parts)
    exact = [Fraction(units) * part / sum(parts) for part in parts]
    given = [each.numerator // each.denominator for each in exact]
    rest = [one - other for one, other in zip(exact, given, strict=True)]
    for _ in range(units - sum(given)):
        first = rest.index(max(rest))
        given[first] += 1
        rest[first] = Fraction(-1)
    return given


def computed(body: Json, currency: str, options: frozenset[str], account_tax: Json | None = None) -> Json:
    """Totals, discount, taxes and gross totals as whole minor units."""
    digits = DIGITS[currency]
    lines = [
        line for number, line in enumerate(body["lines"], start=1) if not line.get("optional") or str(number) in options
    ]
    found: Json = {"totals": {}, "discount_amounts": {}, "taxes": [], "gross_totals": {}}
    for recurrence in RECURRENCES:
        bases: list[tuple[Any, int]] = []
        for line in lines:
            if ("once" if line.get("prorate") else line["recurrence"]) != recurrence:
                continue
            key, units = tax_of(line, body, account_tax), net_units(line, body, digits)
            known = [index for index, (other, _) in enumerate(bases) if other == key]
            if known:
                bases[known[0]] = (key, bases[known[0]][1] + units)
            else:
                bases.append((key, units))
        whole = sum(units for _, units in bases)
        discount = body.get("discount")
        off = 0
        if discount and ("percent" in discount or discount["recurrence"] == recurrence):
            off = off_units(discount, whole, digits)
        found["totals"][recurrence] = whole - off
        found["discount_amounts"][recurrence] = off
        taxed = 0
        for (key, units), less in zip(bases, shared(off, [units for _, units in bases]), strict=True):
            if key is not None:
                due = half_up((units - less) * key[2] / 100)
                taxed += due
                found["taxes"].append((key[0], key[1], key[2], recurrence, units - less, due))
        found["gross_totals"][recurrence] = whole - off + taxed
    if not body.get("discount"):
        found["discount_amounts"] = None
    if not any(tax_of(line, body, account_tax) for line in body["lines"]):
        found["gross_totals"] = None
    return found


def shown(priced: Any, currency: str) -> Json:
    """The same of what the code has computed, from its JSON, each amount with all its digits."""
    digits = DIGITS[currency]

    def units(text: str) -> int:
        assert len(text.partition(".")[2]) == digits
        return int(text.replace(".", ""))

    def all_units(totals: Any) -> Json | None:
        return {name: units(text) for name, text in totals.model_dump(mode="json").items()} if totals else None

    taxes = [tax.model_dump(mode="json") for tax in priced.taxes]
    return {
        "totals": all_units(priced.totals),
        "discount_amounts": all_units(priced.discount_amounts),
        "taxes": [
            (
                tax.get("treatment", "rate"),
                tax["label"],
                Fraction(tax["rate"]),
                tax["recurrence"],
                units(tax["net"]),
                units(tax["amount"]),
            )
            for tax in taxes
        ],
        "gross_totals": all_units(priced.gross_totals),
    }


# -- requests of all kinds ----------------------------------------------------------------------------------------

starts = st.dates(date(2026, 1, 1), date(2028, 12, 31))
taxes = st.sampled_from([None, VAT, REDUCED, REVERSE, EXEMPT, {**VAT, "sentence": "As agreed."}, {**VAT, "rate": "0"}])
percents = st.sampled_from(["100", "50", "33.3333", "0.0001"]) | st.integers(1, 1_000_000).map(
    lambda parts: f"{Decimal(parts) / 10_000:f}"
)


@st.composite
def periods(draw: st.DrawFn, recurrence: str) -> Json:
    """The members of a line that say when it starts and ends, in each of the ways in which that can be said."""
    start, way = draw(starts), draw(st.sampled_from(["end", "term", "both", "common", "none"]))
    found: Json = {"starts_on": start.isoformat()}
    if way in ("term", "both"):
        found["term_months"] = draw(st.integers(1, 120))
    if way == "both":
        found["ends_on"] = (later(start, found["term_months"]) - timedelta(days=1)).isoformat()
    if way == "end":
        found["ends_on"] = (start + timedelta(days=draw(st.integers(0, 1_200)))).isoformat()
    if way != "none" and recurrence != "once":
        found["prorate"] = draw(st.booleans())
    return found


@st.composite
def request_lines(draw: st.DrawFn, currency: str, number: int) -> Json:
    digits = DIGITS[currency]

    def amount(most: int) -> str:
        units = draw(st.integers(0, most))
        return f"{Decimal(units).scaleb(-digits):.{digits}f}"

    line = line_of("1" if number == 0 else draw(st.sampled_from(["1", None])), amount(10**7))
    line |= {"quantity": draw(st.integers(1, 50)), "recurrence": draw(st.sampled_from(RECURRENCES))}
    if draw(st.booleans()):
        line |= draw(periods(line["recurrence"]))
    if number > 0 and draw(st.booleans()):
        line |= {"optional": True, "selected": draw(st.booleans())}
        if draw(st.booleans()):
            line["option_group"] = draw(st.sampled_from(["a", "b"]))
    if (tax := draw(taxes)) and draw(st.booleans()):
        line["tax"] = tax
    if draw(st.integers(0, 3)) == 0:
        line["discount"] = {"percent": draw(percents)}
    return line


@st.composite
def requests(draw: st.DrawFn) -> tuple[Json, str, Json | None]:
    """A sound request, its currency, and the account's tax."""
    currency = draw(st.sampled_from([*DIGITS]))
    digits = DIGITS[currency]
    lines = [draw(request_lines(currency, number)) for number in range(draw(st.integers(1, 6)))]
    chosen: set[str] = set()
    for line in lines:
        group = line.get("option_group")
        if group and line.get("selected"):
            line["selected"] = group not in chosen
            chosen.add(group)
    body = quote_body(*lines, common_end_on="2029-03-31", currency=currency)
    for line in lines:
        if draw(st.integers(0, 3)) == 0 and "discount" not in line and (most := list_units(line, body, digits)) > 0:
            units = draw(st.integers(1, most))
            line["discount"] = {"amount": f"{Decimal(units).scaleb(-digits):.{digits}f}"}
    if (tax := draw(taxes)) and draw(st.booleans()):
        body["tax"] = tax
    if draw(st.booleans()):
        body["discount"] = {"percent": draw(percents)}
    elif draw(st.booleans()):
        recurrence = draw(st.sampled_from(RECURRENCES))
        fixed = {**body, "lines": [line for line in lines if not line.get("optional")]}
        if most := computed(fixed, currency, frozenset())["totals"][recurrence]:
            units = draw(st.integers(1, most))
            body["discount"] = {"amount": f"{Decimal(units).scaleb(-digits):.{digits}f}", "recurrence": recurrence}
    return body, currency, draw(taxes)


def judged(body: Json, account_tax: Json | None = None) -> Quote:
    return judge_quote(body, frame=QuoteFrame(tax=Tax(**account_tax) if account_tax else None))


@property_of
@given(requests())
def test_a_quote_comes_to_what_a_second_computation_finds(request: tuple[Json, str, Json | None]) -> None:
    body, currency, account_tax = request
    quote = judged(body, account_tax)
    selected = frozenset(quote.offered_options)
    assert shown(quote, currency) == computed(body, currency, selected, account_tax)
    for requested, line in zip(body["lines"], quote.lines, strict=True):
        digits = DIGITS[currency]
        assert line.amount == Decimal(net_units(requested, body, digits)).scaleb(-digits)
        listed = Decimal(list_units(requested, body, digits)).scaleb(-digits)
        assert line.list_amount == (listed if "discount" in requested else None)
        assert line.ends_on == end_of(requested, body)


@property_of
@given(requests())
def test_whatever_is_chosen_is_priced_by_the_same_rules(request: tuple[Json, str, Json | None]) -> None:
    body, currency, account_tax = request
    quote = judged(body, account_tax)
    offered = [*quote.options]
    for options in (each for count in range(len(offered) + 1) for each in combinations(offered, count)):
        groups = [group for each in options if (group := quote.options[each].option_group)]
        if len(groups) > len(set(groups)):
            with pytest.raises(OptionsExcludeError):
                quote.priced_with(options)
        else:
            assert shown(quote.priced_with(options), currency) == computed(
                body, currency, frozenset(options), account_tax
            )


@property_of
@given(requests())
def test_a_draft_that_is_sent_unchanged_makes_the_same_offer(request: tuple[Json, str, Json | None]) -> None:
    body, _, account_tax = request
    quote = judged(body, account_tax)
    draft = draft_from_revision(quote, today=TODAY, valid_until=date(2027, 1, 1)).model_dump(mode="json")
    again = judged(draft, account_tax)
    assert again.model_dump_json() == quote.model_dump_json()
    assert again.sha256 == quote.sha256


@property_of
@given(requests())
def test_whatever_a_quote_has_it_comes_back_from_the_table(request: tuple[Json, str, Json | None]) -> None:
    body, _, account_tax = request
    quote = judged(body, account_tax).accepted_with(None, "PO-1", "acme", "one")
    stored = quote.model_dump_json()
    again = Quote.model_validate_json(stored)
    assert again == quote
    assert again.model_dump_json() == stored
    assert again.content_hash("acme", "one") == quote.content_hash("acme", "one")
    assert again.accepted
    assert again.accepted.content_hash("one", "acme", 1, quote.sha256) == again.accepted.sha256


@property_of
@given(requests())
def test_taxes_and_nets_add_up_to_the_gross_totals(request: tuple[Json, str, Json | None]) -> None:
    body, _, account_tax = request
    quote = judged(body, account_tax)
    assume(quote.gross_totals)
    for name, gross in quote.gross_totals or ():
        due = sum((tax.amount for tax in quote.taxes if tax.recurrence == name), Decimal(0))
        assert gross == getattr(quote.totals, name) + due


# -- by hand ------------------------------------------------------------------------------------------------------


def line(**changes: Any) -> Json:
    return line_of(quantity=1, **changes)


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "months", "days", "of"),
    [
        ("2027-01-01", "2027-01-31", 1, 0, 28),
        ("2027-01-15", "2027-02-14", 1, 0, 28),
        ("2027-01-15", "2027-01-15", 0, 1, 31),
        ("2027-01-15", "2027-02-15", 1, 1, 28),
        ("2027-01-31", "2027-02-27", 1, 0, 31),
        ("2027-01-31", "2027-03-31", 2, 1, 30),
        ("2028-02-29", "2029-02-27", 12, 0, 29),
        ("2027-02-10", "2027-12-31", 10, 22, 31),
    ],
)
def test_months_are_counted_from_the_first_day_and_days_of_the_month_after_them(
    starts_on: str, ends_on: str, months: int, days: int, of: int
) -> None:
    body = quote_body(line(starts_on=starts_on, ends_on=ends_on, prorate=True))
    found = judge_quote(body).lines[0].proration
    assert found
    assert (found.months, found.days, found.days_in_month) == (months, days, of)


def test_a_part_of_a_period_is_charged_once() -> None:
    part = {"starts_on": "2027-02-10", "ends_on": "2027-12-31", "prorate": True}
    monthly, yearly = line(unit_price="31.00", **part), line(unit_price="372.00", recurrence="yearly", **part)
    quote = judge_quote(quote_body(monthly, yearly))
    assert [str(each.amount) for each in quote.lines] == ["332.00", "332.00"]
    assert quote.totals.model_dump(mode="json") == {"once": "664.00", "monthly": "0.00", "yearly": "0.00"}
    assert quote.model_dump(mode="json")["lines"][0] | part == quote.model_dump(mode="json")["lines"][0]


def test_a_common_end_is_that_of_the_lines_that_are_charged_for_a_part() -> None:
    part = line(starts_on="2027-02-01", prorate=True)
    own, free = {**part, "ends_on": "2027-02-28"}, line(starts_on="2027-02-01")
    quote = judge_quote(quote_body(part, own, free, common_end_on="2027-12-31"))
    assert [each.ends_on for each in quote.lines] == [date(2027, 12, 31), date(2027, 2, 28), None]
    draft = draft_from_revision(quote, today=TODAY, valid_until=date(2027, 1, 1))
    assert [each.ends_on for each in draft.lines] == [None, date(2027, 2, 28), None]
    assert draft.common_end_on == date(2027, 12, 31)


def test_a_term_says_when_a_line_ends() -> None:
    quote = judge_quote(quote_body(line(starts_on="2027-01-31", term_months=13), line(term_months=12)))
    assert [each.ends_on for each in quote.lines] == [date(2028, 2, 28), None]
    assert [each.term_months for each in quote.lines] == [13, 12]
    assert last_day(date(2027, 1, 1), 120) == date(2036, 12, 31)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 200))
def test_a_month_later_is_the_same_day_or_the_last_one(day: date, months: int) -> None:
    assert months_after(day, months) == later(day, months)


def test_discounts_go_off_lines_first_and_then_off_the_whole() -> None:
    first = line(unit_price="33.33", discount={"percent": "10"})
    second = line(unit_price="20", discount={"amount": "5"})
    quote = judge_quote(quote_body(first, second, discount={"percent": "2.5"}))
    assert [str(each.list_amount) for each in quote.lines] == ["33.33", "20.00"]
    assert [str(each.amount) for each in quote.lines] == ["30.00", "15.00"]
    assert quote.model_dump(mode="json")["discount_amounts"] == {"once": "0.00", "monthly": "1.13", "yearly": "0.00"}
    assert quote.model_dump(mode="json")["totals"] == {"once": "0.00", "monthly": "43.87", "yearly": "0.00"}
    assert json.loads(quote.model_dump_json())["discount"] == {"percent": "2.5"}
    assert [each["discount"] for each in quote.model_dump(mode="json")["lines"]] == [
        {"percent": "10"},
        {"amount": "5.00"},
    ]


def test_an_amount_goes_off_one_total_alone() -> None:
    body = quote_body(line(), line(recurrence="yearly"), discount={"amount": "4", "recurrence": "yearly"})
    quote = judge_quote(body)
    assert quote.model_dump(mode="json")["totals"] == {"once": "0.00", "monthly": "10.00", "yearly": "6.00"}
    assert quote.model_dump(mode="json")["discount"] == {"amount": "4.00", "recurrence": "yearly"}


def test_a_discount_on_the_whole_is_borne_by_each_tax_in_proportion() -> None:
    """A cent that is left goes to the first of those that are equal."""
    lines = [line(unit_price="1", tax=tax) for tax in (VAT, REDUCED, EXEMPT)]
    quote = judge_quote(quote_body(*lines, discount={"amount": "0.01", "recurrence": "monthly"}))
    assert [str(tax.net) for tax in quote.taxes] == ["0.99", "1.00", "1.00"]
    quote = judge_quote(quote_body(*lines, discount={"amount": "0.02", "recurrence": "monthly"}))
    assert [str(tax.net) for tax in quote.taxes] == ["0.99", "0.99", "1.00"]


def test_each_tax_is_told_by_label_and_rate_and_recurrence() -> None:
    lines = [line(tax=VAT), line(recurrence="once", tax=REVERSE), line(tax={**VAT, "sentence": "x"}), line(tax=EXEMPT)]
    quote = judge_quote(quote_body(*lines))
    assert [tax.model_dump(mode="json") for tax in quote.taxes] == [
        {
            "label": "VAT",
            "treatment": "reverse_charge",
            "rate": "0",
            "recurrence": "once",
            "net": "10.00",
            "amount": "0.00",
        },
        {"label": "VAT", "rate": "19", "recurrence": "monthly", "net": "20.00", "amount": "3.80"},
        {
            "label": "Export",
            "treatment": "exempt",
            "rate": "0",
            "recurrence": "monthly",
            "net": "10.00",
            "amount": "0.00",
        },
    ]
    assert quote.tax_sentences == ("The buyer owes the tax.", "x")
    assert quote.gross_totals
    assert quote.gross_totals.model_dump(mode="json") == {"once": "10.00", "monthly": "33.80", "yearly": "0.00"}


def test_the_tax_of_a_line_goes_before_the_quotes_and_that_before_the_accounts() -> None:
    body = quote_body(line(tax=EXEMPT), line(), tax=REDUCED)
    assert [each.tax and each.tax.label for each in judged(body, VAT).lines] == ["Export", "VAT"]
    assert [str(tax.rate) for tax in judged(body, VAT).taxes] == ["0", "7.5"]
    assert [str(tax.rate) for tax in judged(quote_body(line()), VAT).taxes] == ["19"]
    untaxed = judge_quote(quote_body(line())).model_dump(mode="json")
    assert not untaxed.keys() & {"taxes", "gross_totals", "tax_sentences"}


def test_a_tax_that_all_lines_have_is_in_a_draft_once() -> None:
    draft = draft_from_revision(
        judged(quote_body(line(), line()), REVERSE), today=TODAY, valid_until=date(2027, 1, 1)
    ).model_dump(mode="json")
    assert draft["tax"] == REVERSE
    assert not any("tax" in each for each in draft["lines"])


def test_options_that_are_not_chosen_do_not_count() -> None:
    chosen = line(optional=True, selected=True, tax=VAT)
    quote = judge_quote(quote_body(line(), chosen, line(optional=True, unit_price="5")))
    assert quote.model_dump(mode="json")["totals"]["monthly"] == "20.00"
    assert (quote.offered_options, [*quote.options]) == (("2",), ["2", "3"])
    none = quote.priced_with(())
    assert (str(none.totals.monthly), none.taxes) == ("10.00", ())
    assert none.gross_totals == none.totals
    for options in ({"1"}, {"4"}, {"02"}, {""}, {"2", "x"}):
        with pytest.raises(UnknownOptionError):
            quote.priced_with(options)


def test_a_quote_without_any_of_this_has_none_of_its_members() -> None:
    quote = judge_quote(quote_body())
    assert [*json.loads(quote.model_dump_json())] == [
        "revision",
        "state",
        "currency",
        "valid_until",
        "message",
        "terms",
        "sha256",
        "lines",
        "totals",
        "confirmed_start_dates",
        "offered_at",
        "decided_at",
    ]
    assert [*json.loads(quote.lines[0].model_dump_json())] == [
        "item_id",
        "description",
        "quantity",
        "unit_price",
        "recurrence",
        "amount",
    ]


FRAME = QuoteFrame(
    buyer=Buyer(billing_address="1 Main St\nTown", tax_number="DE1"),
    terms_version=TermsVersion(locale="en", version=3),
    letterhead_version=7,
)


def test_a_revision_keeps_what_its_account_and_the_installation_say() -> None:
    quote = judge_quote(quote_body(), frame=FRAME)
    assert (quote.buyer, quote.terms_version, quote.letterhead_version) == FRAME[1:]
    assert quote.sha256 != judge_quote(quote_body()).sha256


def test_terms_have_the_version_of_the_installations_as_long_as_they_are_the_same() -> None:
    assert judge_quote(quote_body(terms=TERMS), frame=FRAME).terms_version == FRAME.terms_version
    assert judge_quote(quote_body(terms="Net 30."), frame=FRAME).terms_version is None


@pytest.mark.parametrize(
    "changes",
    [
        {"common_end_on": "2027-12-31"},
        {"discount": {"percent": "5"}},
        {"tax": VAT},
        {"lines": [line(message="As in the other building.")]},
        {"lines": [line(term_months=12)]},
        {"lines": [line(starts_on="2027-01-01")]},
        {"lines": [line(), line(optional=True)]},
    ],
)
def test_the_hash_covers_what_is_offered_besides(changes: Json) -> None:
    assert judge_quote(quote_body(**changes)).sha256 != judge_quote(quote_body(line())).sha256


def test_what_the_seller_pays_is_in_no_quote() -> None:
    quote = judge_quote(quote_body(line(unit_cost="3.21")))
    assert "3.21" not in quote.model_dump_json()
    assert quote == judge_quote(quote_body(line()))


def test_a_quote_that_is_refused_is_refused_whatever_its_options() -> None:
    with pytest.raises(Invalid):
        judge_quote(quote_body(line(optional=True)))
