"""How the desk shares its work: to whom an order may be given, and what is kept of its handling."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from online_orders.domain import order_schedule
from online_orders.domain.duplicates import Duplicate
from online_orders.domain.errors import Conflict, Invalid
from online_orders.domain.handling import Assignment, assign, change_handling, colleague
from online_orders.domain.later_parts import Handling
from online_orders.domain.mail_kinds import MailKind, Role
from online_orders.domain.notifications import Notification, address_of, is_still_due
from online_orders.domain.order_parts import User
from online_orders.domain.order_schedule import Policy
from online_orders.domain.orders import Order
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.representations import desk_row, flags_of, order_body
from online_orders.domain.roles import DESK
from online_orders.domain.roles import Role as StaffRole
from online_orders.domain.timeline import SYSTEM, Event
from tests.domain.builders import CLARA, CONRAD, DAY, LATER, NOW, account_of, claimed, offered, place

IN_BERLIN = account_of(time_zone="Europe/Berlin")
TODAY = "2026-11-22"


def handled(order: Order | None = None, at: datetime = NOW, **body: Any) -> Order:
    return change_handling(order or place().order, body, {"north"}, CLARA, at).order


def person(role: StaffRole = StaffRole.AGENT, state: PersonState = PersonState.ACTIVE, team: str = DESK) -> Person:
    membership = Membership(role=role, state=state)
    return Person(
        user_id="conrad", email=CONRAD.email, name="Conrad", group="customer-success", memberships={team: membership}
    )


def faults(body: Any, order: Order | None = None, at: datetime = NOW) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        change_handling(order or place().order, body, {"north"}, CLARA, at)
    return {error.pointer: error.code for error in caught.value.errors}


# -- assigning ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [StaffRole.AGENT, StaffRole.LEAD])
def test_an_order_may_be_given_to_an_active_agent_or_lead(role: StaffRole) -> None:
    assert colleague(person(role)) == User(user_id="conrad", email=CONRAD.email)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (None, "unknown_user"),
        (person(team="acme"), "unknown_user"),
        (person(state=PersonState.DEACTIVATED), "unknown_user"),
        (person(state=PersonState.INVITED), "unknown_user"),
        (person(StaffRole.AUDITOR), "not_allowed"),
    ],
    ids=["nobody", "a customer", "deactivated", "invited", "an auditor"],
)
def test_it_may_be_given_to_nobody_else(found: Person | None, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        colleague(found)
    assert [(error.pointer, error.code) for error in caught.value.errors] == [("/assignee", code)]


def test_assigning_says_who_gave_the_order_to_whom() -> None:
    found = (Duplicate(item_id="1", code="already_ordered", order_id="1", source="online", placed_at=NOW),)
    change = assign(place().order, CONRAD, CLARA, LATER, found)
    (entry,) = change.entries
    assert (entry.event, entry.internal, entry.actor.name) == (Event.CLAIMED, False, CLARA.email)
    assert entry.data == {"assignee": "conrad", "assignee_email": CONRAD.email}
    order = change.order
    assert (order.status, order.assignee, order.version, order.duplicates) == ("in_process", CONRAD, 2, found)


def test_assigning_in_place_of_somebody_keeps_the_duplicates() -> None:
    found = (Duplicate(item_id="1", code="already_ordered", order_id="1", source="online", placed_at=NOW),)
    order = place().order.claim(CLARA, NOW, found).order
    assert assign(order, CONRAD, CLARA, LATER).order.duplicates == found


def test_an_order_that_is_the_colleagues_already_does_not_change() -> None:
    order = assign(place().order, CONRAD, CLARA, LATER).order
    assert assign(order, CONRAD, CLARA, LATER) == (order, (), None, ())


def test_assigning_to_oneself_is_claiming() -> None:
    assert assign(place().order, CLARA, CLARA, LATER) == place().order.claim(CLARA, LATER)
    assert assign(claimed(), CLARA, CLARA, LATER).entries == ()


def test_a_quoted_order_is_assigned_to_nobody() -> None:
    with pytest.raises(Conflict):
        assign(offered(), CONRAD, CLARA, LATER)


def test_whose_order_it_no_longer_is_gets_no_mail() -> None:
    due = Notification(MailKind.ASSIGNED, Role.ASSIGNEE)
    change = assign(place().order, CONRAD, CLARA, LATER)
    (entry,) = change.entries
    assert is_still_due(due, change.order, entry, LATER)
    taken_over, released = change.order.claim(CLARA, LATER).order, change.order.release(CONRAD, LATER).order
    assert [is_still_due(due, order, entry, LATER) for order in (taken_over, released)] == [False, False]
    assert address_of(due, released, account_of(), entry, "desk@vendor.example") is None
    declined = change.order.decline(CLARA, "sold out", LATER).order
    assert not is_still_due(due, declined, entry, LATER)


def test_an_assignment_names_one_user() -> None:
    assert Assignment(assignee=" conrad ").assignee == "conrad"


# -- handling -----------------------------------------------------------------------------------------------------


def test_what_is_named_changes_and_the_rest_stays() -> None:
    order = handled(team="north", priority="high", follow_up_on="2026-12-01", note=" Calls back. ")
    assert order.handling == Handling(team="north", priority="high", follow_up_on=date(2026, 12, 1), note="Calls back.")
    later = handled(order, follow_up_on=None, priority="low")
    assert later.handling == Handling(team="north", priority="low", note="Calls back.")
    assert handled(later, team=None, note="  ", priority="normal").handling is None


def test_the_entry_is_internal_says_what_changed_and_makes_no_version() -> None:
    before = handled(team="north")
    change = change_handling(before, {"team": "north", "follow_up_on": "2026-12-01"}, {"north"}, CLARA, LATER)
    (entry,) = change.entries
    assert (entry.event, entry.internal, entry.actor.name) == (Event.HANDLING_CHANGED, True, CLARA.email)
    assert entry.data == {"follow_up_on": "2026-12-01"}
    assert change.order.version == before.version


@pytest.mark.parametrize("body", [{}, {"priority": "normal"}, {"team": None, "note": ""}])
def test_what_is_so_already_changes_nothing(body: dict[str, Any]) -> None:
    order = place().order
    assert change_handling(order, body, (), CLARA, LATER) == (order, (), None, ())


def test_every_fault_is_told_at_once() -> None:
    body = {"team": "south", "priority": "urgent", "follow_up_on": "2026-11-21", "note": "x" * 2_001, "other": 1}
    assert faults(body) == {
        "/team": "unknown_team",
        "/priority": "not_allowed",
        "/follow_up_on": "date_in_past",
        "/note": "too_long",
        "/other": "unknown_field",
    }


@pytest.mark.parametrize(("day", "code"), [("2028-11-23", "date_too_late"), ("2026-11-21", "date_in_past")])
def test_the_day_to_follow_up_is_within_two_years(day: str, code: str) -> None:
    assert faults({"follow_up_on": day}) == {"/follow_up_on": code}


@pytest.mark.parametrize("day", [TODAY, "2028-11-22"])
def test_today_and_the_same_day_in_two_years_will_do(day: str) -> None:
    handling = handled(follow_up_on=day).handling
    assert handling
    assert handling.follow_up_on == date.fromisoformat(day)


def test_the_day_is_judged_in_the_accounts_time_zone() -> None:
    order = place(account=IN_BERLIN).order
    late = datetime.fromisoformat("2026-11-22T23:30:00Z")
    assert faults({"follow_up_on": TODAY}, order, late) == {"/follow_up_on": "date_in_past"}


def test_what_is_so_already_may_be_sent_again_when_it_is_gone_or_past() -> None:
    order = handled(team="north", follow_up_on=TODAY)
    change = change_handling(
        order, {"team": "north", "follow_up_on": TODAY, "priority": "low"}, (), CLARA, NOW + 2 * DAY
    )
    assert change.entries[0].data == {"priority": "low"}


def test_a_closed_order_is_not_handled() -> None:
    with pytest.raises(Conflict):
        handled(claimed().decline(CLARA, "sold out", NOW).order, priority="high")


def test_the_desk_sees_the_handling_and_the_customer_does_not() -> None:
    default = {"team": None, "priority": "normal", "follow_up_on": None, "note": None}
    assert desk_row(place().order, {}, NOW)["handling"] == default
    order = handled(team="north", priority="high", follow_up_on="2026-12-01", note="Calls back.")
    kept = {"team": "north", "priority": "high", "follow_up_on": "2026-12-01", "note": "Calls back."}
    assert desk_row(order, {}, NOW)["handling"] == kept
    assert desk_row(handled(note="Hm."), {}, NOW)["handling"] == {**default, "note": "Hm."}
    assert "handling" not in order_body(order, {}, NOW)


# -- following up -------------------------------------------------------------------------------------------------


def ticked(order: Order, at: datetime) -> list[str]:
    return [entry.event for entry in order_schedule.tick(order, Policy(), at).entries]


def test_the_desk_is_told_once_on_the_day() -> None:
    order = handled(claimed(), follow_up_on="2026-11-23")
    assert (ticked(order, NOW), flags_of(order, NOW)) == ([], [])
    change = order_schedule.tick(order, Policy(), NOW + DAY)
    (entry,) = change.entries
    assert (entry.event, entry.internal, entry.actor) == (Event.FOLLOW_UP_DUE, True, SYSTEM)
    assert entry.data == {"follow_up_on": "2026-11-23"}
    assert change.order.version == order.version
    assert flags_of(change.order, NOW + DAY) == ["follow_up_due"]
    assert ticked(change.order, NOW + 2 * DAY) == []


def test_the_desk_is_told_again_of_another_day_and_of_the_same_one_set_anew() -> None:
    told = order_schedule.tick(handled(claimed(), follow_up_on=TODAY), Policy(), NOW).order
    later = handled(told, follow_up_on="2026-11-23")
    assert ticked(later, NOW + DAY) == ["order.follow_up_due"]
    again = handled(handled(told, follow_up_on=None), follow_up_on=TODAY)
    assert ticked(again, NOW) == ["order.follow_up_due"]
    assert ticked(handled(told, priority="high"), NOW) == []


def test_it_is_told_together_with_what_else_time_brings() -> None:
    order = handled(offered(), follow_up_on="2026-11-24")
    assert ticked(order, NOW + 60 * DAY) == ["order.follow_up_due", "quote.expired"]


def test_a_closed_order_is_not_followed_up() -> None:
    order = handled(claimed(), follow_up_on=TODAY).decline(CLARA, "sold out", NOW).order
    assert (ticked(order, NOW + DAY), flags_of(order, NOW + DAY)) == ([], [])


def test_the_mail_stays_away_when_the_day_was_moved() -> None:
    change = order_schedule.tick(handled(claimed(), follow_up_on=TODAY), Policy(), NOW)
    (entry,) = change.entries
    due = Notification(MailKind.FOLLOW_UP, Role.CUSTOMER_SUCCESS)
    assert is_still_due(due, change.order, entry, NOW)
    assert not is_still_due(due, handled(change.order, follow_up_on="2026-12-01"), entry, NOW)


def test_the_day_comes_in_the_accounts_time_zone() -> None:
    order = handled(place(account=IN_BERLIN).order, follow_up_on="2026-11-23")
    midnight = datetime.fromisoformat("2026-11-22T23:00:00Z")
    assert not order.is_follow_up_due(midnight - timedelta(seconds=1))
    assert order.is_follow_up_due(midnight)
