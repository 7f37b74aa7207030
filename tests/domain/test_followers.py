"""Who of those who follow an order is told of an entry: nobody who left, nobody twice, and not the writer."""

from collections.abc import Mapping
from typing import Any

import pytest

from online_orders.domain import order_schedule
from online_orders.domain.accounts import Account
from online_orders.domain.followers import (
    Follower,
    candidates,
    followers,
    is_writer,
    mail_name,
    may_follow,
    watcher_row,
)
from online_orders.domain.mail_kinds import MailKind, Role
from online_orders.domain.mail_preferences import Chosen
from online_orders.domain.notifications import Notification, follower_notifications, is_still_due
from online_orders.domain.order_parts import User
from online_orders.domain.order_schedule import Policy
from online_orders.domain.orders import Change
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.roles import DESK
from online_orders.domain.roles import Role as PersonRole
from online_orders.domain.timeline import Actor, Event
from tests.domain.builders import (
    ANNA,
    CLARA,
    CONNIE,
    CONRAD,
    DAY,
    LATER,
    NOW,
    account_of,
    claimed,
    offered,
    place,
    sending,
)

STAFF = Actor(kind="customer_success", name=CLARA.email)
CUSTOMER = Actor(kind="customer", name=ANNA.email)


def person(user: User, *teams: str, state: PersonState = PersonState.ACTIVE, **changes: Any) -> Person:
    is_staff = DESK in teams
    role = PersonRole.AGENT if is_staff else PersonRole.VIEWER
    members: dict[str, Any] = {
        "user_id": user.user_id,
        "email": user.email,
        "name": user.user_id.title(),
        "group": "customer-success" if is_staff else "customers",
        "memberships": {team: Membership(role=role, state=state) for team in teams},
    }
    return Person(**members | changes)


WANDA = User(user_id="wanda", email="wanda@acme.example")
PEOPLE = [person(ANNA, "acme"), person(WANDA, "acme"), person(CLARA, DESK), person(CONRAD, DESK)]


def told_of(
    change: Change,
    kind: MailKind,
    *watchers: User,
    people: list[Person] | None = None,
    account: Account | None = None,
    chosen: Mapping[str, Chosen] | None = None,
    told: tuple[str, ...] = (),
) -> list[tuple[Role, str]]:
    entry = change.entries[-1]
    ids = [each.user_id for each in watchers]
    by_id = {each.user_id: each for each in (PEOPLE if people is None else people)}
    found = followers(kind, change.order, account or account_of(), entry, ids, by_id, chosen or {}, told)
    assert {each.user_id for each in found} <= set(candidates(kind, change.order, ids))
    return [(each.role, each.address) for each in found]


COMMENTED = claimed().comment(CUSTOMER, "When?", LATER)
ANSWERED = claimed().comment(STAFF, "Soon.", LATER)
APPROVED = offered().approve("Connie", LATER)


def test_a_comment_is_told_to_the_assignee_and_to_the_watchers_of_both_sides() -> None:
    assert told_of(COMMENTED, MailKind.COMMENT, WANDA, CONRAD) == [
        (Role.ASSIGNEE, CLARA.email),
        (Role.WATCHER, WANDA.email),
        (Role.DESK_WATCHER, CONRAD.email),
    ]


def test_the_writer_is_not_told() -> None:
    assert told_of(ANSWERED, MailKind.COMMENT, CLARA, WANDA) == [(Role.WATCHER, WANDA.email)]
    assert told_of(COMMENTED, MailKind.COMMENT, ANNA) == [(Role.ASSIGNEE, CLARA.email)]


def test_the_name_that_a_contact_person_types_keeps_a_mail_from_nobody() -> None:
    change = offered().request_change(CLARA.email, "less", LATER)
    assert told_of(change, MailKind.CHANGE_REQUESTED) == [(Role.ASSIGNEE, CLARA.email)]
    assert not is_writer(change.entries[-1], CLARA.email)
    assert is_writer(ANSWERED.entries[-1], CLARA.email.upper())


def test_an_internal_comment_is_told_to_staff_alone() -> None:
    note = claimed().comment(Actor(kind="customer_success", name=CONRAD.email), "Call.", LATER, internal=True)
    assert told_of(note, MailKind.COMMENT, WANDA, CONRAD) == [(Role.ASSIGNEE, CLARA.email)]


def test_an_unseen_quote_that_ended_is_told_to_staff_alone() -> None:
    unseen = order_schedule.expire_unmailed(sending(), 14, NOW + 60 * DAY)
    everything = {ANNA.user_id: {("expired", "placed_by"): True}}
    assert told_of(unseen, MailKind.EXPIRED, WANDA, chosen=everything) == [(Role.ASSIGNEE, CLARA.email)]
    seen = order_schedule.tick(offered(), Policy(), NOW + 60 * DAY)
    assert told_of(seen, MailKind.EXPIRED, WANDA, chosen=everything) == [
        (Role.PLACED_BY, ANNA.email),
        (Role.ASSIGNEE, CLARA.email),
        (Role.WATCHER, WANDA.email),
    ]


def test_one_address_gets_one_mail_in_the_role_that_comes_first() -> None:
    assert told_of(COMMENTED, MailKind.COMMENT, CLARA, CONRAD) == [
        (Role.ASSIGNEE, CLARA.email),
        (Role.DESK_WATCHER, CONRAD.email),
    ]
    assert told_of(APPROVED, MailKind.APPROVED, ANNA, WANDA, told=(ANNA.email.upper(),)) == [
        (Role.WATCHER, WANDA.email)
    ]
    twins = [person(WANDA, "acme"), person(ANNA, "acme", email="Wanda@Acme.Example")]
    assert told_of(APPROVED, MailKind.APPROVED, WANDA, ANNA, people=twins) == [(Role.WATCHER, WANDA.email)]


def test_what_is_not_wanted_in_one_role_may_come_in_another() -> None:
    chosen = {CLARA.user_id: {("comment", "assignee"): False}}
    assert told_of(COMMENTED, MailKind.COMMENT, chosen=chosen) == []
    assert told_of(COMMENTED, MailKind.COMMENT, CLARA, chosen=chosen) == [(Role.DESK_WATCHER, CLARA.email)]


def test_whoever_placed_the_order_is_told_more_only_by_choice() -> None:
    quoted = offered().with_entry(LATER, STAFF, Event.QUOTED, {"revision": 1})
    assert told_of(quoted, MailKind.QUOTED) == []
    chosen = {ANNA.user_id: {("quoted", "placed_by"): True}}
    assert told_of(quoted, MailKind.QUOTED, ANNA, chosen=chosen) == [(Role.PLACED_BY, ANNA.email)]


def test_who_left_or_was_never_stored_is_told_nothing() -> None:
    left = [
        person(WANDA, "acme", state=PersonState.DEACTIVATED),
        person(CLARA, DESK, state=PersonState.DEACTIVATED),
        person(CONRAD, "elsewhere"),
    ]
    assert told_of(COMMENTED, MailKind.COMMENT, WANDA, CONRAD, people=left) == []
    assert told_of(COMMENTED, MailKind.COMMENT, WANDA, CONRAD, people=[]) == []
    assert told_of(APPROVED, MailKind.APPROVED, WANDA, people=[person(WANDA)]) == []


def test_a_reseller_follows_the_orders_of_its_sub_accounts_and_nobody_outside_a_direct_one() -> None:
    order, of_reseller = place().order, person(WANDA, "relay")
    assert may_follow(of_reseller, order, account_of(parent_account_id="relay"))
    assert not may_follow(of_reseller, order, account_of())
    direct = place(source="direct", by=CLARA).order
    assert not may_follow(person(WANDA, "acme"), direct, account_of())
    assert may_follow(person(CLARA, DESK), direct, account_of())
    change = direct.comment(CUSTOMER, "When?", LATER)
    assert told_of(change, MailKind.COMMENT, WANDA, CONRAD) == [(Role.DESK_WATCHER, CONRAD.email)]


def test_a_service_user_who_placed_the_order_is_written_to_in_no_role() -> None:
    order = offered(claimed(place(by=User(user_id="erp", email="", name="ERP")).order))
    change = order.request_change("Connie", "less", LATER)
    assert "erp" not in candidates(MailKind.CHANGE_REQUESTED, change.order, [])


@pytest.mark.parametrize(("days", "is_soon"), [(2, True), (3, False)])
def test_a_quote_expires_soon_as_many_days_before_its_end_as_the_installation_says(days: int, is_soon: bool) -> None:
    order = offered()
    assert order.quote
    before_end = (order.quote.valid_until - NOW.date()).days
    reminded = order.with_entry(NOW + (before_end - days) * DAY, STAFF, Event.REMINDED, {"revision": 1})
    due = Notification(MailKind.EXPIRES_SOON, Role.FOLLOWER)
    entry = reminded.entries[-1]
    assert is_still_due(due, reminded.order, entry, entry.at) is is_soon
    assert is_still_due(due, reminded.order, entry, entry.at, soon_days=3)
    assert not is_still_due(due, reminded.order, entry, NOW + 300 * DAY, soon_days=3)


def test_the_messages_of_an_entry_for_followers() -> None:
    assert follower_notifications(Event.REMINDED) == (Notification(MailKind.EXPIRES_SOON, Role.FOLLOWER),)
    assert follower_notifications(Event.COMMENTED) == (Notification(MailKind.COMMENT, Role.FOLLOWER),)
    assert follower_notifications(Event.DELIVERED) == follower_notifications(Event.SUBMITTED) == ()


def test_the_name_of_a_mail_tells_nobody() -> None:
    name = mail_name(MailKind.COMMENT, WANDA.user_id)
    assert name.startswith("comment#follower#")
    assert WANDA.user_id not in name
    assert name != mail_name(MailKind.COMMENT, ANNA.user_id)
    assert CONNIE.email not in name


def test_the_row_of_a_watcher() -> None:
    assert watcher_row(PEOPLE[1]) == {"user_id": "wanda", "email": WANDA.email, "side": "account"}
    assert watcher_row(PEOPLE[3])["side"] == "desk"
    assert Follower(Role.WATCHER, "wanda", WANDA.email)[:2] == (Role.WATCHER, "wanda")
