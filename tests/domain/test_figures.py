"""The figures: a fold over timelines, counted by differences, against plain sums over whole timelines."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.events import EventDetail, detail_of
from online_orders.domain.figures import (
    BUCKET_HOURS,
    COLUMNS,
    COUNTED_EVENTS,
    Dimension,
    Facts,
    Figures,
    Occurrence,
    Outcome,
    bucket_of,
    cell,
    contribution,
    difference,
    figures_row,
    figures_table,
    months_between,
    percentile_hours,
    summed,
    with_occurrences,
)
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change
from online_orders.domain.quotes import Totals
from online_orders.domain.timeline import Event
from tests.domain.builders import CLARA, CONRAD, HOUR, NOW, item_of, offered, place, property_of

Json = dict[str, Any]
Life = list[Occurrence]


def occurrence(
    event: Event, hours: float, totals: Totals | None = None, currency: str = "EUR", **data: Any
) -> Occurrence:
    detail = EventDetail(
        event_id="",
        order_id="O",
        account_id="acme",
        status=Status.SUBMITTED,
        version=1,
        sequence=1,
        at=NOW + timedelta(hours=hours),
        item_kinds=(),
        revision=None,
        currency=currency if totals else None,
        totals=totals,
    )
    return Occurrence(event, data, detail)


def totals_of(once: str = "0.00", monthly: str = "0.00", yearly: str = "0.00") -> Totals:
    return Totals(once=Decimal(once), monthly=Decimal(monthly), yearly=Decimal(yearly))


def start(month: str = "2026-11", kinds: tuple[str, ...] = ("socket",), groups: tuple[str, ...] = ()) -> Facts:
    return Facts(month=month, kinds=kinds, groups=groups, placed_at=NOW)


# -- the real thing -----------------------------------------------------------------------------------------------


def lived(*changes: Change) -> Facts:
    """The facts after these changes, in this order."""
    occurrences = [
        Occurrence(entry.event, entry.data, detail_of(order, entry))
        for change in changes
        for order, entry in change.steps
    ]
    return with_occurrences(start(), occurrences)


def test_a_life_from_placing_to_approval_gives_the_facts() -> None:
    placed = place(item_of("ip_addresses"))
    claimed = placed.order.claim(CLARA, NOW + HOUR)
    taken_over = claimed.order.claim(CONRAD, NOW + 2 * HOUR)
    on_offer = offered(taken_over.order, NOW + 5 * HOUR)
    approved = on_offer.approve("Connie", NOW + 30 * HOUR)
    quoted = Occurrence(
        Event.QUOTED, {}, detail_of(on_offer, claimed.entries[0].model_copy(update={"at": NOW + 5 * HOUR}))
    )
    facts = with_occurrences(lived(placed, claimed, taken_over), [quoted])
    assert (facts.outcome, facts.person, facts.claimed_at) == (Outcome.OPEN, "conrad", NOW + HOUR)
    done = Occurrence(Event.COMPLETED, approved.entries[0].data, detail_of(approved.order, approved.entries[0]))
    facts = with_occurrences(facts, [done])
    assert (facts.outcome, facts.quoted_at, facts.answered_at) == (Outcome.WON, NOW + 5 * HOUR, NOW + 30 * HOUR)
    assert on_offer.quote
    assert (facts.currency, facts.totals) == (on_offer.quote.currency, on_offer.quote.totals)


@pytest.mark.parametrize(
    ("by", "outcome"),
    [
        ("contact", Outcome.LOST),
        ("customer_success", Outcome.LOST),
        ("expiry", Outcome.EXPIRED),
        ("customer", Outcome.WITHDRAWN),
    ],
)
def test_an_order_ends_as_whoever_canceled_it(by: str, outcome: Outcome) -> None:
    facts = with_occurrences(
        start(), [occurrence(Event.QUOTED, 1), occurrence(Event.CANCELED, 2, totals_of("1"), by=by)]
    )
    assert facts.outcome is outcome
    assert (facts.answered_at is not None) == (by == "contact")
    assert facts.totals is None


def test_the_answer_is_the_first_one_and_counts_from_the_newest_offer_before_it() -> None:
    life = [
        occurrence(Event.QUOTED, 1),
        occurrence(Event.QUOTED, 10),
        occurrence(Event.CHANGE_REQUESTED, 14),
        occurrence(Event.QUOTED, 20),
        occurrence(Event.COMPLETED, 90, totals_of(monthly="40.00")),
    ]
    counts = contribution(with_occurrences(start(), life))[cell(Dimension.ALL)]
    assert counts == {
        "orders": 1,
        "won": 1,
        f"quote#{bucket_of(1)}": 1,
        f"answer#{bucket_of(4)}": 1,
        "EUR#monthly": 4000,
    }


def test_what_the_contact_says_before_an_offer_is_no_answer() -> None:
    facts = with_occurrences(start(), [occurrence(Event.CANCELED, 3, by="contact")])
    assert (facts.outcome, facts.answered_at) == (Outcome.LOST, None)


def test_a_released_order_is_nobodys_and_keeps_the_first_claim() -> None:
    life = [occurrence(Event.CLAIMED, 1, assignee="clara"), occurrence(Event.RELEASED, 2)]
    facts = with_occurrences(start(), life)
    assert (facts.person, facts.claimed_at) == ("", NOW + HOUR)
    assert contribution(facts)["person#"] == {"orders": 1, "open": 1, f"claim#{bucket_of(1)}": 1}


@pytest.mark.parametrize("event", [each for each in Event if each not in COUNTED_EVENTS or each is Event.SUBMITTED])
def test_other_events_change_no_fact(event: Event) -> None:
    assert with_occurrences(start(), [occurrence(event, 5, totals_of("1"), by="contact")]) == start()


def test_an_order_of_two_kinds_and_groups_counts_for_each() -> None:
    facts = start(kinds=("socket", "ip_addresses", "socket"), groups=("gold", "base"))
    assert list(contribution(facts)) == [
        "all#",
        "person#",
        "kind#ip_addresses",
        "kind#socket",
        "group#base",
        "group#gold",
    ]


def test_money_is_counted_in_the_currencys_smallest_unit() -> None:
    for currency, amount, units in (("JPY", "40", 40), ("BHD", "1.250", 1250), ("EUR", "-2.50", -250)):
        life = [occurrence(Event.COMPLETED, 1, totals_of(once=amount), currency=currency)]
        counts = contribution(with_occurrences(start(), life))["all#"]
        assert counts[f"{currency}#once"] == units
        (value,) = figures_row("2026-11", "", None, counts).value
        assert (str(value.once), value.monthly) == (amount, Decimal(0))


# -- counting by differences --------------------------------------------------------------------------------------

instants = st.integers(0, 3000).map(lambda tenths: tenths / 10)
people = st.sampled_from(["clara", "conrad", "carol"])
amounts = st.integers(0, 9999).map(lambda cents: Decimal(cents).scaleb(-2))
events = st.sampled_from([Event.CLAIMED, Event.RELEASED, Event.QUOTED, Event.CHANGE_REQUESTED, Event.COMMENTED])
ends = st.sampled_from(["", "approved", "contact", "customer", "customer_success", "expiry"])


@st.composite
def lives(draw: st.DrawFn) -> tuple[Facts, Life]:
    """An order's month, kinds and groups, and a timeline of it."""
    facts = start(
        draw(st.sampled_from(["2026-10", "2026-11"])),
        tuple(draw(st.lists(st.sampled_from(["socket", "terms", "seats"]), min_size=1, max_size=3))),
        tuple(draw(st.lists(st.sampled_from(["gold", "base"]), max_size=2, unique=True))),
    )
    times = sorted(draw(st.lists(instants, max_size=6)))
    life: Life = [occurrence(Event.SUBMITTED, 0)]
    for hours in times:
        event = draw(
            st.sampled_from([Event.CLAIMED, Event.RELEASED, Event.QUOTED, Event.CHANGE_REQUESTED, Event.COMMENTED])
        )
        data: Json = {"assignee": draw(people)} if event is Event.CLAIMED else {}
        life.append(occurrence(event, hours, **data))
    end = draw(ends)
    at = (times[-1] if times else 0) + draw(instants)
    if end == "approved":
        totals = Totals(once=draw(amounts), monthly=draw(amounts), yearly=Decimal(0))
        life.append(occurrence(Event.COMPLETED, at, totals, draw(st.sampled_from(["EUR", "USD"]))))
    elif end:
        life.append(occurrence(Event.CANCELED, at, by=end))
    return facts, life


def hours_of(life: Life, *events: Event) -> list[float]:
    return [(each.detail.at - NOW).total_seconds() / 3600 for each in life if each.event in events]


def plain_counts(life: Life) -> Counter[str]:
    """What a whole timeline counts for, without a fold."""
    counts = Counter({"orders": 1})
    closing = {"contact": "lost", "customer_success": "lost", "expiry": "expired", "customer": "withdrawn"}
    last = life[-1]
    if last.event is Event.COMPLETED:
        counts["won"] = 1
        assert last.detail.totals
        for name, amount in (("once", last.detail.totals.once), ("monthly", last.detail.totals.monthly)):
            if amount:
                counts[f"{last.detail.currency}#{name}"] = round(amount * 100)
    elif last.event is Event.CANCELED:
        counts[closing[last.data["by"]]] = 1
    else:
        counts["open"] = 1
    for step, event in (("claim", Event.CLAIMED), ("quote", Event.QUOTED)):
        if found := hours_of(life, event):
            counts[f"{step}#{plain_bucket(found[0])}"] = 1
    for index, each in enumerate(life):
        is_answer = each.event in {Event.CHANGE_REQUESTED, Event.COMPLETED} or each.data.get("by") == "contact"
        offers = hours_of(life[:index], Event.QUOTED)
        if is_answer and offers:
            counts[f"answer#{plain_bucket(hours_of([each], each.event)[0] - offers[-1])}"] = 1
            break
    return counts


def plain_bucket(hours: float) -> int:
    return next((index for index, end in enumerate(BUCKET_HOURS) if round(hours, 6) <= end), len(BUCKET_HOURS) - 1)


def plain_person(life: Life) -> str:
    for each in reversed(life):
        if each.event is Event.CLAIMED:
            return str(each.data["assignee"])
        if each.event is Event.RELEASED:
            return ""
    return ""


@property_of
@given(st.lists(lives(), max_size=3), st.randoms(use_true_random=False))
def test_counters_that_entries_change_one_by_one_are_the_sums_over_whole_timelines(
    orders: list[tuple[Facts, Life]], chance: Any
) -> None:
    counters: dict[tuple[str, str], Counter[str]] = {}
    present: list[tuple[Facts, dict[str, dict[str, int]]]] = [(facts, {}) for facts, _ in orders]
    due = [(index, entry) for index, (_, life) in enumerate(orders) for entry in life]
    chance.shuffle(due)
    due.sort(key=lambda each: hours_of([each[1]], each[1].event))  # as they happened, of all orders
    left = {index: list(life) for index, (_, life) in enumerate(orders)}
    for index, _ in due:
        facts, counted = present[index]
        facts = with_occurrences(facts, [left[index].pop(0)])
        now_counted = contribution(facts)
        for where, deltas in difference(counted, now_counted).items():
            counters.setdefault((facts.month, where), Counter()).update(deltas)
        present[index] = facts, now_counted
    expected: dict[tuple[str, str], Counter[str]] = {}
    for facts, life in orders:
        keys = {"all#", f"person#{plain_person(life)}", *(f"kind#{each}" for each in facts.kinds)}
        for key in keys | {f"group#{each}" for each in facts.groups}:
            expected.setdefault((facts.month, key), Counter()).update(plain_counts(life))
    assert {where: summed([counts]) for where, counts in counters.items() if summed([counts])} == expected


@property_of
@given(lives(), st.integers(0, 10))
def test_a_timeline_may_be_read_in_two_parts(life: tuple[Facts, Life], cut: int) -> None:
    facts, occurrences = life
    whole = with_occurrences(facts, occurrences)
    assert with_occurrences(with_occurrences(facts, occurrences[:cut]), occurrences[cut:]) == whole
    assert Facts.model_validate_json(whole.model_dump_json()) == whole
    assert difference(contribution(whole), contribution(whole)) == {}


# -- reading ------------------------------------------------------------------------------------------------------


def test_buckets_grow_and_take_their_upper_end() -> None:
    assert all(low < high for low, high in pairwise(BUCKET_HOURS))
    assert [bucket_of(hours) for hours in (0, 0.25, 0.26, 24, 2160, 99_999)] == [0, 0, 1, 11, 24, 24]


@property_of
@given(st.lists(st.floats(0, 2160), min_size=1, max_size=40), st.sampled_from([50, 90]))
def test_a_percentile_is_in_the_bucket_of_the_true_one(hours: list[float], percent: int) -> None:
    counts = [0] * len(BUCKET_HOURS)
    for each in hours:
        counts[bucket_of(each)] += 1
    true = sorted(hours)[ceil(len(hours) * percent / 100) - 1]
    found = percentile_hours(counts, percent)
    index = bucket_of(true)
    lower = BUCKET_HOURS[index - 1] if index else 0
    assert found is not None
    assert lower - 0.05 <= found <= BUCKET_HOURS[index] + 0.05


def test_percentiles_are_interpolated_and_none_without_orders() -> None:
    assert percentile_hours([0] * len(BUCKET_HOURS), 50) is None
    counts = [0] * len(BUCKET_HOURS)
    counts[bucket_of(24)] = 4
    assert (percentile_hours(counts, 50), percentile_hours(counts, 90)) == (22.0, 23.6)


def test_a_row_has_every_number_and_the_currencies_in_order() -> None:
    row = figures_row(
        "2026-11", "gold", "Gold", {"orders": 4, "won": 2, "lost": 1, "withdrawn": 1, "USD#once": 5, "EUR#yearly": 7}
    )
    assert row.model_dump(mode="json") == {
        "month": "2026-11",
        "key": "gold",
        "label": "Gold",
        "orders": 4,
        "won": 2,
        "lost": 1,
        "expired": 0,
        "open": 0,
        **{f"hours_to_{step}": {"median": None, "p90": None, "count": 0} for step in ("claim", "quote", "answer")},
        "value": [
            {"currency": "EUR", "once": "0.00", "monthly": "0.00", "yearly": "0.07"},
            {"currency": "USD", "once": "0.05", "monthly": "0.00", "yearly": "0.00"},
        ],
    }


def test_a_table_has_the_same_numbers() -> None:
    rows = (
        figures_row("2026-10", "", None, {"orders": 1, "open": 1, "claim#3": 1}),
        figures_row("2026-11", "", None, {"orders": 1, "won": 1, "EUR#monthly": 4050}),
    )
    header, cells = figures_table(Figures(months=("2026-10", "2026-11"), by=Dimension.ALL, rows=rows), ",")
    assert header == [*COLUMNS, "value_EUR_once", "value_EUR_monthly", "value_EUR_yearly"]
    first, second = (dict(zip(header, row, strict=True)) for row in cells)
    assert (first["month"], first["open"], first["hours_to_claim_median"]) == ("2026-10", 1, "1,5")
    assert (first["hours_to_quote_p90"], first["value_EUR_monthly"]) == (None, None)
    assert (second["won"], second["value_EUR_monthly"], second["hours_to_claim_count"]) == (1, "40,50", "0")


def test_months_are_listed_over_the_ends_of_years() -> None:
    assert months_between("2026-11", "2027-02") == ("2026-11", "2026-12", "2027-01", "2027-02")
    assert months_between("2026-11", "2026-11") == ("2026-11",)
    assert months_between("2026-12", "2026-11") == ()
