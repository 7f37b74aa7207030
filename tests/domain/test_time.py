"""What time alone brings to an order: reminders, the end of its quote, and at last its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.clock import day_in, now
from online_orders.domain import order_delivery, order_schedule
from online_orders.domain.accounts import Account
from online_orders.domain.errors import Conflict
from online_orders.domain.order_schedule import Policy
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.domain.representations import order_body
from online_orders.domain.timeline import Actor, Event
from tests.domain.builders import (
    CLARA,
    CONRAD,
    DAY,
    HOUR,
    KEY_ID,
    LATER,
    NOW,
    account_of,
    assert_well_kept,
    claimed,
    item_of,
    mailed,
    offered,
    place,
    property_of,
    sending,
    standing,
)

POLICY = Policy(remind_after_days=3, remind_before_end_days=2, grace_days=14, unclaimed_hours=24, unquoted_hours=72)
MILLISECOND = timedelta(milliseconds=1)
OFFERED_ON = NOW.date()
VALID_UNTIL = date(2026, 12, 10)
FIRST, SECOND = date(2026, 11, 25), date(2026, 12, 8)
"""The days of the two reminders."""


def quoted(valid_until: date = VALID_UNTIL, at: datetime = NOW, account: Account | None = None) -> Order:
    order = place(account=account or account_of(), at=at).order
    return offered(claimed(order, at), at, valid_until=valid_until.isoformat())


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def ticked(order: Order, *days: date, policy: Policy = POLICY) -> tuple[Order, list[tuple[str, date]]]:
    """The order after a tick at noon of each day, and what was told on which."""
    recorded = []
    for day in days:
        change = order_schedule.tick(order, policy, noon(day))
        assert_well_kept(order, change)
        recorded += [(entry.event.value, day) for entry in change.entries]
        order = change.order
    return order, recorded


def days(first: date, last: date) -> list[date]:
    return [first + ahead * DAY for ahead in range((last - first).days + 1)]


def test_an_unanswered_quote_is_reminded_twice_expires_and_is_canceled() -> None:
    _, texts = ticked(quoted(), *days(OFFERED_ON, date(2027, 1, 31)))
    assert texts == [
        ("quote.reminded", FIRST),
        ("quote.reminded", SECOND),
        ("quote.expired", VALID_UNTIL + DAY),
        ("order.canceled", VALID_UNTIL + 15 * DAY),
    ]


# Reminders.


def test_a_reminder_is_the_systems_shown_to_the_customer_and_no_decision() -> None:
    before = quoted()
    change = order_schedule.tick(before, POLICY, noon(FIRST))
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal) == (Event.REMINDED, Actor(kind="system"), False)
    assert entry.data == {"revision": 1}
    assert (change.order.version, change.order.status) == (before.version, before.status)
    assert change.order.quote == before.quote
    assert change.order.internals.quote_link == before.internals.quote_link


def test_a_reminder_goes_once_a_day_however_often_the_clock_ticks() -> None:
    order = order_schedule.tick(quoted(), POLICY, noon(FIRST)).order
    for hours in range(1, 11):
        assert order_schedule.tick(order, POLICY, noon(FIRST) + hours * HOUR).entries == ()


@pytest.mark.parametrize("day", [FIRST + DAY, FIRST + 5 * DAY, SECOND, SECOND + DAY, VALID_UNTIL])
def test_reminders_that_were_missed_make_one(day: date) -> None:
    order, texts = ticked(quoted(), day)
    assert texts == [("quote.reminded", day)]
    _, texts = ticked(order, *days(day, VALID_UNTIL))
    assert texts == ([("quote.reminded", SECOND)] if day < SECOND else [])


@pytest.mark.parametrize("ahead", range(8))
def test_reminders_go_neither_on_the_offer_day_nor_too_early(ahead: int) -> None:
    end = OFFERED_ON + ahead * DAY
    _, texts = ticked(quoted(end), *days(OFFERED_ON, end))
    due = {OFFERED_ON + 3 * DAY, end - 2 * DAY}
    assert [day for _, day in texts] == sorted(day for day in due if OFFERED_ON < day <= end)


def test_no_reminder_goes_once_the_last_day_is_over() -> None:
    _, texts = ticked(quoted(), VALID_UNTIL + DAY)
    assert texts == [("quote.expired", VALID_UNTIL + DAY)]


@pytest.mark.parametrize(
    "decided",
    [
        quoted().approve("Connie", LATER).order,
        quoted().cancel("Connie", None, LATER).order,
        quoted().decline(CLARA, "sold out", LATER).order,
    ],
    ids=["approved", "canceled", "declined"],
)
def test_nothing_comes_of_time_once_a_decision_was_made(decided: Order) -> None:
    after, texts = ticked(decided, *days(OFFERED_ON, date(2027, 3, 1)))
    assert (after, texts) == (decided, [])


def test_an_undeliverable_quote_is_not_reminded_of_and_expires_all_the_same() -> None:
    order = order_delivery.quote_bounced(quoted(), 1, KEY_ID, "full", LATER).order
    _, texts = ticked(order, *days(OFFERED_ON, VALID_UNTIL + DAY))
    assert texts == [("quote.expired", VALID_UNTIL + DAY)]


def test_a_new_revision_has_its_own_reminders() -> None:
    order, _ = ticked(quoted(), FIRST)
    order = offered(order, noon(FIRST), valid_until="2027-01-10")
    _, texts = ticked(order, *days(FIRST, date(2027, 1, 10)))
    assert texts == [("quote.reminded", FIRST + 3 * DAY), ("quote.reminded", date(2027, 1, 8))]


def test_a_resent_quote_is_not_reminded_of_anew() -> None:
    order, _ = ticked(quoted(), FIRST)
    order = mailed(order.resend(CLARA, None, noon(FIRST)).order, noon(FIRST))
    _, texts = ticked(order, *days(FIRST, SECOND))
    assert texts == [("quote.reminded", SECOND)]


def test_a_quote_with_a_requested_change_gets_no_reminder_and_no_expiry() -> None:
    order = quoted().request_change("Connie", "less", LATER).order
    _, texts = ticked(order, *days(OFFERED_ON, date(2027, 3, 1)))
    assert [event for event, _ in texts] == ["order.stale"]


@pytest.mark.parametrize("status", ["completed", "canceled"])
def test_time_changes_no_closed_order(status: str) -> None:
    order = standing(status)
    for at in (NOW, NOW + 30 * DAY, NOW + 3_000 * DAY):
        change = order_schedule.tick(order, POLICY, at)
        assert (change.order, change.entries) == (order, ())


# Orders that stand still at the desk.


@pytest.mark.parametrize(("order", "hours"), [(place().order, 24), (claimed(), 72)], ids=["unclaimed", "unquoted"])
def test_customer_success_is_told_once_of_an_order_that_nobody_moves(order: Order, hours: int) -> None:
    end = NOW + hours * HOUR
    assert order_schedule.tick(order, POLICY, end - MILLISECOND).entries == ()
    change = order_schedule.tick(order, POLICY, end)
    assert_well_kept(order, change)
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal) == (Event.STALE, Actor(kind="system"), True)
    assert entry.data == {"hours": hours}
    assert (change.order.version, change.order.updated_at) == (order.version, order.updated_at)
    for at in (end, end + HOUR, end + 3_000 * DAY):
        assert order_schedule.tick(change.order, POLICY, at).entries == ()


def test_an_order_that_came_back_to_the_desk_may_stand_still_anew() -> None:
    order = order_schedule.tick(claimed(), POLICY, NOW + 3 * DAY).order
    order = offered(order, NOW + 4 * DAY).request_change("Connie", "less", NOW + 5 * DAY).order
    assert order_schedule.tick(order, POLICY, NOW + 8 * DAY - MILLISECOND).entries == ()
    assert [entry.event for entry in order_schedule.tick(order, POLICY, NOW + 8 * DAY).entries] == [Event.STALE]


def test_taking_an_order_over_does_not_start_its_time_anew() -> None:
    order = claimed().claim(CONRAD, NOW + 2 * DAY).order
    assert [entry.event for entry in order_schedule.tick(order, POLICY, NOW + 3 * DAY).entries] == [Event.STALE]


def test_an_order_whose_quote_is_on_its_way_does_not_stand_still() -> None:
    assert order_schedule.tick(sending(), POLICY, NOW + 30 * DAY).entries == ()


@pytest.mark.parametrize(
    "waiting",
    [sending(quoted()), quoted().resend(CLARA, None, LATER).order],
    ids=["a new revision", "a fresh link"],
)
def test_while_a_mail_is_outstanding_time_stands_still(waiting: Order) -> None:
    for at in (noon(FIRST), noon(VALID_UNTIL + DAY), noon(VALID_UNTIL + 30 * DAY)):
        assert order_schedule.tick(waiting, POLICY, at).entries == ()


# The end of a quote.


def test_an_expired_revision_leaves_the_order_pending_and_its_version_as_it_was() -> None:
    before = quoted()
    change = order_schedule.tick(before, POLICY, noon(VALID_UNTIL + DAY))
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal) == (Event.EXPIRED, Actor(kind="system"), False)
    assert change.order.quote
    assert (change.order.quote.state, change.order.quote.decided_at) == ("expired", None)
    assert (change.order.status, change.order.version) == (Status.PENDING_CONFIRMATION, before.version)


ENDS = [
    ("UTC", date(2026, 12, 10)),
    ("Pacific/Kiritimati", date(2026, 12, 10)),
    ("Pacific/Pago_Pago", date(2026, 12, 10)),
    ("Asia/Kathmandu", date(2026, 12, 31)),
    ("America/New_York", date(2027, 3, 14)),
    ("Europe/Berlin", date(2027, 3, 28)),
    ("Europe/Berlin", date(2027, 10, 31)),
    ("Africa/Cairo", date(2027, 4, 29)),
    ("Africa/Cairo", date(2027, 4, 30)),
    ("America/Santiago", date(2027, 9, 4)),
    ("Europe/Berlin", date(2028, 2, 29)),
]


@pytest.mark.parametrize(("zone", "last"), ENDS)
def test_a_quote_is_valid_through_its_last_day_in_the_accounts_time_zone(zone: str, last: date) -> None:
    order = quoted(last, account=account_of(time_zone=zone))
    end = datetime.combine(last + DAY, time(), ZoneInfo(zone)).astimezone(UTC)
    assert order.today(end - MILLISECOND) == last
    assert order.approve("Connie", end - MILLISECOND).order.status is Status.COMPLETED
    assert [entry.event for entry in order_schedule.tick(order, POLICY, end - MILLISECOND).entries] in (
        [],
        [Event.REMINDED],
    )
    assert [entry.event for entry in order_schedule.tick(order, POLICY, end).entries] == [Event.EXPIRED]


CLOCKS_CHANGE = [
    pytest.param("Europe/Berlin", date(2027, 3, 28), "2027-03-28T22:00:00Z", id="a day of 23 hours"),
    pytest.param("Europe/Berlin", date(2027, 10, 31), "2027-10-31T23:00:00Z", id="a day of 25 hours"),
    pytest.param("America/Sao_Paulo", date(2018, 11, 3), "2018-11-04T03:00:00Z", id="no midnight after it"),
    pytest.param("America/Sao_Paulo", date(2018, 11, 4), "2018-11-05T02:00:00Z", id="no midnight before it"),
    pytest.param("America/Sao_Paulo", date(2019, 2, 16), "2019-02-17T03:00:00Z", id="an hour before midnight twice"),
    pytest.param("Pacific/Apia", date(2011, 12, 29), "2011-12-30T10:00:00Z", id="the day after is left out"),
    pytest.param("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00:00Z", id="a day that never was"),
    pytest.param("Asia/Kathmandu", date(2027, 2, 28), "2027-02-28T18:15:00Z", id="quarters of an hour"),
]


def quoted_in(zone: str, last: date, days_before: int) -> Order:
    """Placed, claimed and quoted so many days before the last, in some years long past."""
    at = datetime.combine(last - days_before * DAY, time(9), ZoneInfo(zone)).astimezone(UTC)
    item = item_of("ip_addresses", start_date=(last + 60 * DAY).isoformat())
    order = claimed(place(item, account=account_of(time_zone=zone), at=at).order, at)
    return offered(order, at, valid_until=last.isoformat())


@pytest.mark.parametrize(("zone", "last", "end"), CLOCKS_CHANGE)
def test_the_last_day_ends_where_clocks_change_as_the_people_there_would_say(zone: str, last: date, end: str) -> None:
    order, over = quoted_in(zone, last, 2), datetime.fromisoformat(end)
    for at, state in ((over - MILLISECOND, "offered"), (over, "expired")):
        shown = order_body(order, {}, at)["quote"]
        assert shown["state"] == state
    assert order.approve("Connie", over - MILLISECOND).order.status is Status.COMPLETED
    with pytest.raises(Conflict):
        order.approve("Connie", over)
    assert order_schedule.tick(order, POLICY, over - MILLISECOND).order.is_open
    reminded = order_schedule.tick(order, POLICY, over - MILLISECOND).order
    assert [entry.event for entry in order_schedule.tick(reminded, POLICY, over).entries] == [Event.EXPIRED]


@pytest.mark.parametrize(("zone", "last", "end"), CLOCKS_CHANGE)
def test_six_hourly_ticks_do_each_thing_once_where_clocks_change(zone: str, last: date, end: str) -> None:
    order = quoted_in(zone, last, 8)
    assert order.quote
    assert order.quote.offered_at
    at, recorded = order.quote.offered_at, []
    while order.is_open:
        at += 6 * HOUR
        change = order_schedule.tick(order, POLICY, at)
        recorded += [(entry.event.value, order.today(at)) for entry in change.entries]
        order = change.order
    first, second, expired_on, canceled_on = (day for _, day in recorded)
    assert [event for event, _ in recorded] == ["quote.reminded", "quote.reminded", "quote.expired", "order.canceled"]
    assert (first, second) == (last - 5 * DAY, last - 2 * DAY)
    after = day_in(zone, datetime.fromisoformat(end))
    assert (expired_on, canceled_on) == (after, last + 15 * DAY)


# The end of the order.


@pytest.mark.parametrize("grace", [0, 1, 14])
def test_the_order_is_canceled_once_the_days_of_grace_are_over(grace: int) -> None:
    policy = Policy(grace_days=grace)
    order, _ = ticked(quoted(), VALID_UNTIL + DAY, policy=policy)
    last = VALID_UNTIL + grace * DAY
    for day in days(VALID_UNTIL + DAY, last):
        assert order_schedule.tick(order, policy, noon(day)).entries == ()
    change = order_schedule.tick(order, policy, noon(last + DAY))
    assert_well_kept(order, change)
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.data) == (
        Event.CANCELED,
        Actor(kind="system"),
        {"by": "expiry", "reason": None},
    )
    assert change.order.closed
    assert change.order.closed.model_dump() == {"by": "expiry", "reason": None, "at": noon(last + DAY)}
    assert change.order.version == order.version + 1
    assert change.order.quote
    assert change.order.quote.state == "expired"


def test_an_order_ignored_for_a_year_expires_first_and_is_canceled_next() -> None:
    late = VALID_UNTIL + 365 * DAY
    _, texts = ticked(quoted(), late, late, late)
    assert texts == [("quote.expired", late), ("order.canceled", late)]


def test_a_fresh_quote_in_the_days_of_grace_saves_the_order() -> None:
    order, _ = ticked(quoted(), VALID_UNTIL + DAY)
    again = noon(VALID_UNTIL + 2 * DAY)
    order = offered(order, again, valid_until="2027-02-01")
    order, texts = ticked(order, VALID_UNTIL + 20 * DAY)
    assert texts == [("quote.reminded", VALID_UNTIL + 20 * DAY)]
    assert order.status is Status.PENDING_CONFIRMATION


@property_of
@given(
    st.integers(0, 40),
    st.lists(st.integers(0, 90), max_size=40),
    st.builds(Policy, st.integers(1, 20), st.integers(0, 20), st.integers(0, 30)),
)
def test_irregular_ticks_do_each_thing_once_and_in_time(validity: int, ticks: list[int], policy: Policy) -> None:
    end = OFFERED_ON + validity * DAY
    order, texts = ticked(quoted(end), *(OFFERED_ON + ahead * DAY for ahead in sorted(ticks)), policy=policy)
    events = [event for event, _ in texts]
    reminded = [day for event, day in texts if event == "quote.reminded"]
    assert len(reminded) <= 2
    assert len(reminded) == len(set(reminded))
    assert all(OFFERED_ON < day <= end for day in reminded)
    assert events.count("quote.expired") == any(OFFERED_ON + ahead * DAY > end for ahead in ticks)
    assert events.count("order.canceled") <= 1
    assert [event for event in events if event != "quote.reminded"] == events[len(reminded) :]
    assert order.is_open is ("order.canceled" not in events)


# The clock.


def test_now_is_in_utc_and_to_the_millisecond() -> None:
    instant = now()
    assert instant.utcoffset() == timedelta(0)
    assert instant.microsecond % 1_000 == 0
    assert abs(datetime.now(UTC) - instant) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("UTC", "2026-11-22T23:59:59.999+00:00", date(2026, 11, 22)),
        ("Pacific/Kiritimati", "2026-11-22T10:00:00+00:00", date(2026, 11, 23)),
        ("Pacific/Kiritimati", "2026-11-22T09:59:59.999+00:00", date(2026, 11, 22)),
        ("Pacific/Pago_Pago", "2026-11-22T10:59:59.999+00:00", date(2026, 11, 21)),
        ("Pacific/Pago_Pago", "2026-11-22T11:00:00+00:00", date(2026, 11, 22)),
        ("Asia/Kathmandu", "2026-11-22T18:15:00+00:00", date(2026, 11, 23)),
        ("Europe/Berlin", "2026-07-01T22:00:00+00:00", date(2026, 7, 2)),
        ("Europe/Berlin", "2026-12-01T22:59:59+00:00", date(2026, 12, 1)),
    ],
)
def test_a_day_begins_at_its_zones_midnight(zone: str, instant: str, day: date) -> None:
    assert day_in(zone, datetime.fromisoformat(instant)) == day
