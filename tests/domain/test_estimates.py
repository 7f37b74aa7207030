"""When an item will probably start: from counters in buckets, checked against the durations themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from online_orders.domain import order_delivery
from online_orders.domain.estimates import (
    BUCKET_DAYS,
    MIN_ORDERS,
    bucket_of,
    durations,
    estimated_start,
    percentile_days,
)
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change, Order
from online_orders.domain.timeline import Entry, Event
from tests.domain.builders import (
    CLARA,
    CONRAD,
    DAY,
    HOUR,
    KEY_ID,
    NOW,
    TODAY,
    claimed,
    item_of,
    mailed,
    offered,
    place,
    property_of,
    quote_for,
    sending,
)

SECOND = timedelta(seconds=1)
KIND, STATUS = "socket", "submitted"
taken = st.timedeltas(timedelta(0), timedelta(days=365))


def counted(many: Sequence[timedelta]) -> list[int]:
    counts = [0] * len(BUCKET_DAYS)
    for each in many:
        counts[bucket_of(each)] += 1
    return counts


def days_of(each: timedelta) -> int:
    """Whole days, a part of one counting as one."""
    return each.days + (each > timedelta(days=each.days))


@property_of
@given(taken)
def test_a_duration_falls_into_the_bucket_that_just_holds_it(each: timedelta) -> None:
    bucket = bucket_of(each)
    assert days_of(each) <= BUCKET_DAYS[bucket]
    assert bucket == 0 or BUCKET_DAYS[bucket - 1] < days_of(each)


@pytest.mark.parametrize("bucket", range(len(BUCKET_DAYS)))
def test_the_end_of_a_bucket_belongs_to_it_and_a_second_more_to_the_next(bucket: int) -> None:
    end = timedelta(days=BUCKET_DAYS[bucket])
    assert bucket_of(end) == bucket
    assert bucket_of(end + SECOND) == min(bucket + 1, len(BUCKET_DAYS) - 1)


def test_the_buckets_are_fixed_because_stored_counters_name_them() -> None:
    fine, coarse = tuple(range(15)), (17, 19, 21, 24, 27, 30, 35, 40, 45, 50, 60, 75, 90, 120, 150, 180, 270, 365)
    assert fine + coarse == BUCKET_DAYS


def test_what_took_longer_than_a_year_counts_in_the_last_bucket() -> None:
    assert bucket_of(timedelta(days=5_000)) == len(BUCKET_DAYS) - 1


def test_clocks_that_disagree_do_no_harm() -> None:
    assert bucket_of(-SECOND) == bucket_of(timedelta(0)) == 0


def percentile_of(many: Sequence[int]) -> int:
    """The least of the days within which 90 of 100 were done."""
    return next(days for days in sorted(many) if sum(each <= days for each in many) * 100 >= 90 * len(many))


@property_of
@given(st.lists(taken, min_size=1, max_size=200))
def test_the_percentile_is_right_to_within_a_buckets_width(many: list[timedelta]) -> None:
    exact = percentile_of(list(map(days_of, many)))
    estimate = percentile_days(counted(many))
    assert estimate >= exact
    below = [days for days in BUCKET_DAYS if days < estimate]
    assert not below or below[-1] < exact


@pytest.mark.parametrize(
    ("many", "days"),
    [
        ([], 0),
        ([3], 3),
        ([1] * 9 + [30], 1),
        ([1] * 8 + [30] * 2, 30),
        ([1] * 90 + [9] * 10, 1),
        ([1] * 89 + [9] * 11, 9),
        ([1] * 91 + [9] * 11, 9),
    ],
    ids=["none", "one", "9 of 10", "8 of 10", "90 of 100", "89 of 100", "91 of 102"],
)
def test_the_percentile_is_where_ninety_of_a_hundred_were_done(many: list[int], days: int) -> None:
    assert percentile_days(counted([timedelta(days=each) for each in many])) == days


def estimate_from(days: int, orders: int, asked: date) -> tuple[date, str, int]:
    history = {(KIND, STATUS): counted([timedelta(days=days)] * orders)}
    text = estimated_start(KIND, STATUS, asked, None, history, TODAY)
    return text.date, text.basis, text.orders


def test_the_estimate_is_today_and_the_time_that_such_items_have_still_taken() -> None:
    day, basis, orders = estimate_from(10, 20, TODAY + DAY)
    assert (day, orders) == (TODAY + 10 * DAY, 20)
    assert "90 of 100" in basis


def test_the_estimate_is_never_before_the_asked_date() -> None:
    assert estimate_from(10, 20, TODAY + 10 * DAY)[0] == TODAY + 10 * DAY
    assert estimate_from(10, 20, TODAY + 11 * DAY)[0] == TODAY + 11 * DAY


def test_nor_is_it_in_the_past() -> None:
    assert estimate_from(10, 0, TODAY - 30 * DAY)[0] == TODAY
    assert estimated_start(KIND, STATUS, TODAY - DAY, None, {}, TODAY).date == TODAY


@pytest.mark.parametrize("orders", range(12))
def test_below_ten_orders_the_basis_says_that_they_are_too_few(orders: int) -> None:
    _, basis, counted_orders = estimate_from(10, orders, TODAY)
    assert counted_orders == orders
    assert ("too few orders" in basis) is (orders < 10)
    assert basis.startswith("asked start date") is (orders == 0)
    assert MIN_ORDERS == 10


def test_without_history_the_asked_date_stands() -> None:
    text = estimated_start(KIND, STATUS, TODAY + 5 * DAY, None, {}, TODAY)
    assert (text.date, text.orders) == (TODAY + 5 * DAY, 0)
    assert "too few orders" in text.basis


def test_the_history_of_another_kind_or_another_status_says_nothing() -> None:
    history = {("sdp_users", STATUS): counted([30 * DAY] * 20), (KIND, "in_process"): counted([30 * DAY] * 20)}
    assert estimated_start(KIND, STATUS, TODAY, None, history, TODAY).orders == 0


def test_what_customer_success_confirmed_stands_above_asked_date_and_history() -> None:
    history = {(KIND, STATUS): counted([30 * DAY] * 20)}
    for confirmed in (TODAY + DAY, TODAY + 90 * DAY):
        text = estimated_start(KIND, STATUS, TODAY + 7 * DAY, confirmed, history, TODAY)
        assert text._asdict() == {"date": confirmed, "basis": "confirmed by Customer Success", "orders": 0}


def test_a_completed_order_adds_the_time_it_still_took_from_each_status_on() -> None:
    order = mailed(sending(claimed(at=NOW), NOW + 2 * DAY), NOW + 3 * DAY)
    closed = order.approve("Connie", NOW + 10 * DAY + HOUR).order
    assert closed.closed
    assert durations(closed.internals.since, closed.closed.at) == {
        Status.SUBMITTED: 10 * DAY + HOUR,
        Status.IN_PROCESS: 10 * DAY + HOUR,
        Status.PENDING_CONFIRMATION: 7 * DAY + HOUR,
    }


def test_a_status_that_was_entered_again_counts_from_the_last_time() -> None:
    order = offered(at=NOW).request_change("Connie", "less", NOW + DAY).order
    order = mailed(sending(order, NOW + 2 * DAY), NOW + 2 * DAY)
    closed = order.approve("Connie", NOW + 5 * DAY).order
    assert closed.closed
    took = durations(closed.internals.since, closed.closed.at)
    assert (took[Status.IN_PROCESS], took[Status.PENDING_CONFIRMATION]) == (4 * DAY, 3 * DAY)


def entered(entries: Sequence[Entry]) -> tuple[dict[Status, datetime], datetime]:
    """What a timeline, as it is exported, says: when each status was entered last, and when the order was completed."""
    moves = {
        Event.SUBMITTED: Status.SUBMITTED,
        Event.CLAIMED: Status.IN_PROCESS,
        Event.QUOTED: Status.PENDING_CONFIRMATION,
        Event.CHANGE_REQUESTED: Status.IN_PROCESS,
    }
    since: dict[Status, datetime] = {}
    status: Status | None = None
    for entry in entries:
        if (move := moves.get(entry.event)) and move is not status:
            since[move], status = entry.at, move
    return since, entries[-1].at


def life(kinds: Sequence[str], waits: Sequence[timedelta], changes: int) -> tuple[Order, list[Entry]]:
    """A completed order and its timeline; `waits` are taken in turn, `changes` are how many the contact asks for."""
    entries: list[Entry] = []
    at, turns = NOW, iter(waits)

    def take(change: Change) -> Order:
        entries.extend(change.entries)
        return change.order

    def wait() -> datetime:
        nonlocal at
        at += next(turns)
        return at

    order = take(place(*(item_of(kind) for kind in kinds)))
    order = take(order.claim(CLARA, wait()))
    order = take(order.claim(CONRAD, wait()))
    for revision in range(changes + 1):
        quote = quote_for(order, at, valid_until=(order.today(at) + 700 * DAY).isoformat())
        order = take(order.offer(quote, CLARA, wait()))
        order = take(order_delivery.quote_mailed(order, order.internals.quote_link, KEY_ID, at))
        if revision < changes:
            order = take(order.request_change("Connie", "less", wait()))
    return take(order.approve("Connie", wait())), entries


lives = st.builds(
    life,
    st.lists(st.sampled_from(["socket", "ip_addresses", "sdp_users"]), min_size=1, max_size=3),
    st.lists(st.timedeltas(timedelta(0), timedelta(days=40)), min_size=9, max_size=9),
    st.integers(0, 2),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(lives, min_size=1, max_size=25))
def test_replayed_timelines_match_the_counters_within_a_bucket(
    history: list[tuple[Order, list[Entry]]],
) -> None:
    counters: dict[tuple[str, str], list[int]] = {}
    exact: dict[tuple[str, str], list[int]] = {}
    for order, entries in history:
        assert order.closed
        for status, each in durations(order.internals.since, order.closed.at).items():
            for kind in set(order.item_kinds):
                counters.setdefault((kind, status.value), [0] * len(BUCKET_DAYS))[bucket_of(each)] += 1
        since, completed_at = entered(entries)
        for status, entered_at in since.items():
            for kind in set(order.item_kinds):
                exact.setdefault((kind, status.value), []).append(days_of(completed_at - entered_at))
    assert counters.keys() == exact.keys()
    for (kind, name), many in exact.items():
        estimate = estimated_start(kind, name, TODAY, None, counters, TODAY)
        assert estimate.orders == len(many)
        days, true = (estimate.date - TODAY).days, percentile_of(many)
        assert true <= days
        assert days == 0 or max(width for width in (-1, *BUCKET_DAYS) if width < days) < true
