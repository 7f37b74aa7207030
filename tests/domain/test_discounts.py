"""What a discount comes to over the first year, and which thresholds of the desk's policy it passes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from online_orders.domain.errors import Invalid
from online_orders.domain.proposals import Reason, parse_policy
from tests.domain.builders import Json, judge_quote, judged, line_of, quote_body, refused

TIMES = {"once": 1, "monthly": 12, "yearly": 1}
DIGITS = {"JPY": 0, "EUR": 2, "KWD": 3}


def reasons_of(*lines: Json, policy: Json, **changes: Any) -> tuple[Reason, ...]:
    body = quote_body(*lines, **changes)
    return judged(judge_quote(body), body, **policy).reasons


def figures_of(*lines: Json, **changes: Any) -> Json:
    body = quote_body(*lines, **changes)
    figures: Json = judged(judge_quote(body), body).figures.model_dump(mode="json")
    return figures


def test_a_quote_without_a_discount_has_none() -> None:
    assert figures_of(line_of()) == {
        "currency": "EUR",
        "list_total": "480.00",
        "net_total": "480.00",
        "discount": "0.00",
        "percent": "0.00",
    }
    assert reasons_of(line_of(), policy={"percent": "0", "amounts": {"EUR": "0"}}) == ()


def test_discounts_of_lines_of_the_whole_and_lines_below_zero_count_together() -> None:
    lines = (
        line_of("1", "100", quantity=1, recurrence="once", discount={"percent": "10"}),
        line_of(None, "-5", quantity=1, recurrence="once"),
    )
    whole = {"discount": {"amount": "10", "recurrence": "once"}}
    figures = figures_of(*lines, **whole)
    assert (figures["list_total"], figures["net_total"], figures["discount"]) == ("100.00", "75.00", "25.00")
    assert figures["percent"] == "25.00"
    assert reasons_of(*lines, policy={"percent": "25"}, **whole) == ()
    assert reasons_of(*lines, policy={"percent": "24.9"}, **whole) == ("percent",)
    assert reasons_of(*lines, policy={"amounts": {"EUR": "25"}}, **whole) == ()
    assert reasons_of(*lines, policy={"amounts": {"EUR": "24.99"}}, **whole) == ("amount",)
    assert reasons_of(*lines, policy={"amounts": {"USD": "1"}}, **whole) == ()


def test_a_year_of_months_counts_and_a_part_of_a_period_is_charged_once() -> None:
    monthly = line_of("1", "100", quantity=1, discount={"amount": "10"})
    assert figures_of(monthly)["discount"] == "120.00"
    part = {"prorate": True, "starts_on": "2027-01-01", "ends_on": "2027-02-28"}
    assert figures_of(monthly | part)["list_total"] == "200.00"
    assert figures_of(monthly | part)["discount"] == "10.00"


def test_an_option_at_its_full_price_hides_no_discount_on_the_rest() -> None:
    lines = (
        line_of("1", "100", quantity=1, discount={"percent": "50"}),
        line_of(None, "10000", quantity=1, optional=True, selected=True),
    )
    assert figures_of(*lines)["percent"] == "50.00"
    assert figures_of(*lines)["list_total"] == "121200.00"
    assert reasons_of(*lines, policy={"percent": "20"}) == ("percent",)


def test_an_option_that_may_be_chosen_alone_is_judged_alone() -> None:
    lines = (
        line_of("1", "100", quantity=1),
        line_of(None, "100", quantity=1, optional=True, option_group="a", discount={"percent": "90"}),
        line_of(None, "1000", quantity=1, optional=True, option_group="a", discount={"percent": "20"}),
    )
    assert figures_of(*lines)["percent"] == "45.00"
    assert figures_of(*lines)["discount"] == "2400.00"


@pytest.mark.parametrize("percent", ["20", "33.3333", "0.0001", "99"])
@pytest.mark.parametrize("price", ["0.01", "0.99", "33.33"])
def test_rounding_alone_passes_no_threshold(percent: str, price: str) -> None:
    line, policy = line_of("1", price, quantity=1), {"percent": percent}
    assert reasons_of(line | {"discount": {"percent": percent}}, policy=policy) == ()
    assert reasons_of(line, policy=policy, discount={"percent": percent}) == ()


def test_rounding_is_allowed_for_only_where_something_is_charged() -> None:
    whole, policy = {"discount": {"percent": "15"}}, {"percent": "10"}
    assert reasons_of(line_of("1", "1.00", quantity=1, recurrence="yearly"), policy=policy, **whole) == ("percent",)
    assert reasons_of(line_of("1", "0.30", quantity=1, recurrence="once"), policy=policy, **whole) == ("percent",)
    yen = line_of("1", "10", quantity=1, recurrence="once")
    assert reasons_of(yen, policy=policy, currency="JPY", discount={"percent": "25"}) == ("percent",)
    part = {"prorate": True, "starts_on": "2027-01-01", "ends_on": "2027-01-31"}
    assert reasons_of(line_of("1", "1.00", quantity=1, **part), policy=policy, **whole) == ("percent",)


def test_there_is_a_margin_where_each_line_has_a_cost_that_is_not_a_discount_itself() -> None:
    lines = (
        line_of("1", "100", quantity=1, unit_cost="80"),
        line_of(None, "-5", quantity=1),
    )
    figures = figures_of(*lines)
    assert (figures["cost_total"], figures["net_total"]) == ("960.00", "1140.00")
    assert figures["margin_percent"] == "15.79"
    assert reasons_of(*lines, policy={"margin_percent": "15"}) == ()
    assert reasons_of(*lines, policy={"margin_percent": "16"}) == ("margin",)
    assert reasons_of(*lines, line_of(None, "1"), policy={"margin_percent": "16"}) == ()
    assert "margin_percent" not in figures_of(*lines, line_of(None, "1"))


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD"])
def test_the_greatest_costs_beside_the_least_price_are_judged(currency: str) -> None:
    least = str(Decimal(1).scaleb(-DIGITS[currency]))
    dear = {"quantity": 1_000_000, "unit_cost": "999999999999"}
    part = {"prorate": True, "starts_on": "2027-01-01", "ends_on": "2041-11-22"}
    lines = [line_of("1", least, quantity=1, recurrence="once", unit_cost="0")]
    lines += [line_of(None, "0", **dear, **part) for _ in range(199)]
    body = quote_body(*lines, currency=currency)
    found = judged(judge_quote(body), body, margin_percent="10")
    assert found.reasons == ("margin",)
    figures = found.figures
    assert figures.cost_total
    assert figures.margin_percent
    assert figures.cost_total > 10**22
    assert Fraction(figures.margin_percent) == 100 - 100 * Fraction(figures.cost_total) / Fraction(least)
    assert type(figures).model_validate_json(figures.model_dump_json()) == figures


def test_what_is_given_away_has_no_margin_and_passes_any() -> None:
    free = line_of("1", "10", quantity=1, unit_cost="1", discount={"percent": "100"})
    assert reasons_of(free, policy={"margin_percent": "0"}) == ("margin",)
    assert "margin_percent" not in figures_of(free)
    assert figures_of(free)["percent"] == "100.00"
    assert reasons_of(free | {"unit_cost": "0"}, policy={"margin_percent": "100"}) == ()


def test_a_margin_is_that_of_the_worst_choice() -> None:
    lines = (
        line_of("1", "100", quantity=1, recurrence="once", unit_cost="50"),
        line_of(None, "100", quantity=1, recurrence="once", unit_cost="10", optional=True),
        line_of(None, "100", quantity=1, recurrence="once", unit_cost="90", optional=True),
    )
    assert figures_of(*lines)["margin_percent"] == "30.00"
    assert reasons_of(*lines, policy={"percent": "0", "margin_percent": "30.1"}) == ("margin",)


# Against a computation of its own: every choice that there is, in whole units.


def units(amount: Any, currency: str) -> int:
    return int(Decimal(str(amount)).scaleb(DIGITS[currency]))


def half_up(number: Fraction) -> int:
    return int(number + Fraction(1, 2)) if number >= 0 else -int(-number + Fraction(1, 2))


def line_units(line: Json, currency: str) -> tuple[int, int]:
    """What a line comes to before and after its own discount."""
    listed = units(line["unit_price"], currency) * line["quantity"]
    discount = line.get("discount", {})
    if "percent" in discount:
        return listed, listed - half_up(Fraction(listed) * Fraction(discount["percent"]) / 100)
    return listed, listed - units(discount.get("amount", 0), currency)


def choices_of(lines: list[Json]) -> list[list[Json]]:
    """Every choice that a contact person has."""
    found = []
    for taken in product([False, True], repeat=len(lines)):
        chosen = [line for line, is_taken in zip(lines, taken, strict=True) if is_taken]
        groups = [line["option_group"] for line in chosen if "option_group" in line]
        if all(line in chosen for line in lines if not line.get("optional")) and len(set(groups)) == len(groups):
            found.append(chosen)
    return found


def year_of(chosen: list[Json], whole: Json | None, currency: str) -> tuple[int, int, Fraction]:
    """List, net and cost of a choice over the first year."""
    listed, net, cost = 0, 0, Fraction(0)
    for recurrence, times in TIMES.items():
        mine = [(line, *line_units(line, currency)) for line in chosen if line["recurrence"] == recurrence]
        total = sum(after for _, _, after in mine)
        if whole and "percent" in whole:
            total -= half_up(Fraction(total) * Fraction(whole["percent"]) / 100)
        listed += times * sum(before for _, before, _ in mine)
        net += times * total
        scale = 10 ** DIGITS[currency]
        cost += sum(
            (times * scale * line["quantity"] * Fraction(line["unit_cost"]) for line, _, _ in mine), Fraction(0)
        )
    return listed, net, cost


prices = st.integers(1, 100_000)
percents = st.sampled_from(["0.5", "10", "20", "33.3333", "50", "100"])


@st.composite
def quotes(draw: st.DrawFn) -> tuple[list[Json], Json | None, str]:
    currency = draw(st.sampled_from(sorted(DIGITS)))
    lines = []
    for number in range(draw(st.integers(1, 6))):
        price = str(Decimal(draw(prices)).scaleb(-DIGITS[currency]))
        line = line_of("1" if number == 0 else None, price)
        line |= {"quantity": draw(st.integers(1, 3)), "recurrence": draw(st.sampled_from(sorted(TIMES)))}
        line["unit_cost"] = str(draw(st.integers(0, 50)))
        if draw(st.booleans()):
            line["discount"] = {"percent": draw(percents)}
        if number and draw(st.booleans()):
            line |= {"optional": True} | ({"option_group": draw(st.sampled_from("ab"))} if draw(st.booleans()) else {})
        lines.append(line)
    return lines, {"percent": draw(percents)} if draw(st.booleans()) else None, currency


@settings(max_examples=150, deadline=None)
@given(quotes())
def test_no_choice_has_a_greater_discount_or_a_lesser_margin_than_is_said(
    quote: tuple[list[Json], Json | None, str],
) -> None:
    lines, whole, currency = quote
    figures = figures_of(*lines, currency=currency, **({"discount": whole} if whole else {}))
    years = [year_of(chosen, whole, currency) for chosen in choices_of(lines)]
    slack = Fraction(13 * 7, 2)  # what rounding may be wrong by in choosing
    most = max(Fraction(100 * (listed - net), listed) for listed, net, _ in years)
    least_list = min(listed for listed, _, _ in years)
    assert abs(Fraction(figures["percent"]) - most) <= Fraction(1, 200) + 100 * slack / least_list
    most_off = max(listed - net for listed, net, _ in years)
    assert abs(units(figures["discount"], currency) - most_off) <= slack
    everything = year_of(lines, whole, currency)
    assert (units(figures["list_total"], currency), units(figures["net_total"], currency)) == everything[:2]
    if all(net > 1000 for _, net, _ in years) and "margin_percent" in figures:
        least = min(100 * (net - cost) / net for _, net, cost in years)
        dearest = max(cost / net for _, net, cost in years)
        lowest = min(net for _, net, _ in years)
        assert Fraction(figures["margin_percent"]) - least <= Fraction(1, 200) + 100 * slack * (dearest + 1) / lowest
        assert least - Fraction(figures["margin_percent"]) <= Fraction(1, 200)


# The policy.


def test_a_policy_is_kept_in_the_digits_of_its_currencies() -> None:
    policy = parse_policy({"percent": "20.0", "amounts": {"JPY": 5000, "EUR": "100", "KWD": "1.5"}})
    assert policy == {
        "percent": "20",
        "amounts": {"EUR": "100.00", "JPY": "5000", "KWD": "1.500"},
        "margin_percent": None,
    }
    assert parse_policy({}) == {"percent": None, "amounts": {}, "margin_percent": None}


def test_every_fault_of_a_policy_is_told_at_once() -> None:
    body = {
        "percent": "101",
        "amounts": {"EUR": "1.234", "JPY": "0.5", "XXX": "1", "USD": "-1", "CHF": "much"},
        "margin_percent": "0.00001",
        "who": "me",
    }
    with pytest.raises(Invalid) as refusal:
        parse_policy(body)
    assert {pointer for pointer, _ in refused(refusal)} == {
        "/percent",
        "/amounts/EUR",
        "/amounts/JPY",
        "/amounts/XXX",
        "/amounts/USD",
        "/amounts/CHF",
        "/margin_percent",
        "/who",
    }


@pytest.mark.parametrize("body", [None, [], "off", {"amounts": []}, {"amounts": None}, {"percent": 0.5}])
def test_a_body_that_is_no_policy_is_refused(body: Any) -> None:
    with pytest.raises(Invalid):
        parse_policy(body)
