"""What somebody may choose of the mails about orders, and what holds without a choice."""

import pytest

from online_orders.domain.errors import Invalid
from online_orders.domain.field_errors import validate
from online_orders.domain.mail_kinds import MAILS, MailKind, Role
from online_orders.domain.mail_preferences import (
    NotificationsRequest,
    is_wanted,
    notifications_body,
    offers,
    parse_choices,
    with_choices,
)
from online_orders.domain.roles import Group


def request_of(*choices: tuple[str, str, bool]) -> NotificationsRequest:
    body = [{"event": event, "as": as_, "wanted": wanted} for event, as_, wanted in choices]
    return validate(NotificationsRequest, {"notifications": body})


def defaults(side: Group, as_: str) -> dict[str, bool]:
    return {each.event: each.default for each in offers(side) if each.as_ == as_}


def test_whoever_placed_an_order_gets_without_a_choice_what_came_before_there_was_one() -> None:
    assert defaults("customers", "placed_by") == {
        "order_received": True,
        "approved": True,
        "canceled": True,
        "change_requested": False,
        "quote_undeliverable": False,
        "expired": False,
        "comment": True,
        "quoted": False,
        "expires_soon": False,
    }


def test_a_watcher_gets_everything_and_an_assignee_what_asks_for_work() -> None:
    kinds = ["approved", "canceled", "change_requested", "quote_undeliverable", "expired", "comment"]
    assert defaults("customers", "watcher") == dict.fromkeys([*kinds, "quoted", "expires_soon"], True)
    of_desk = [*kinds[:5], "fresh_quote_asked", "comment", "quoted", "expires_soon", "question", "hand_over_asked"]
    discounts = ["discount_asked", "discount_approved", "discount_refused"]
    assert defaults("customer-success", "watcher") == dict.fromkeys([*of_desk, *discounts], True)
    wanted = {name for name, default in defaults("customer-success", "assignee").items() if default}
    asking = {"change_requested", "fresh_quote_asked", "question", "hand_over_asked", "assigned", "follow_up"}
    assert wanted == {*asking, *discounts, "quote_undeliverable", "expired", "comment"}
    assert defaults("customers", "assignee") == {}


@pytest.mark.parametrize("side", ["customers", "customer-success"])
def test_each_choice_is_offered_once(side: Group) -> None:
    choices = [each.choice for each in offers(side)]
    assert len(choices) == len(set(choices))


def test_an_entry_causes_one_kind_of_mail_for_followers_at_most() -> None:
    events = [spec.event for spec in MAILS.values() if spec.followers]
    assert len(events) == len(set(events))
    for kind, spec in MAILS.items():
        assert not set(spec.followers) & set(spec.audience), kind


def test_who_needs_a_mail_to_decide_has_no_choice() -> None:
    off = {(kind.value, as_): False for kind in MailKind for as_ in ("placed_by", "assignee", "watcher")}
    for role in (Role.CONTACT, Role.CUSTOMER_SUCCESS, Role.ACCOUNT_CONTACT, Role.FORMER_CONTACT):
        assert is_wanted(MailKind.REMINDER, role, off)
    assert not is_wanted(MailKind.COMMENT, Role.PLACED_BY, off)
    assert is_wanted(MailKind.QUOTED, Role.PLACED_BY, {("quoted", "placed_by"): True})


def test_a_choice_is_kept_while_it_differs_from_the_default() -> None:
    chosen = with_choices({}, request_of(("quoted", "watcher", False), ("approved", "watcher", True)), "customers")
    assert chosen == {("quoted", "watcher"): False}
    more = with_choices(chosen, request_of(("quoted", "placed_by", True)), "customers")
    assert more == {("quoted", "placed_by"): True, ("quoted", "watcher"): False}
    assert with_choices(more, request_of(("quoted", "watcher", True)), "customers") == {("quoted", "placed_by"): True}


def test_what_no_release_offers_any_more_is_dropped_with_the_next_choice() -> None:
    stored = {("gone", "watcher"): False, ("quoted", "watcher"): False}
    assert with_choices(stored, request_of(), "customers") == {("quoted", "watcher"): False}


def test_all_faults_of_choices_come_at_once() -> None:
    rows: list[object] = [
        {"event": "quoted", "as": "watcher", "wanted": True},
        {"event": "comment", "as": "assignee", "wanted": True},
        {"event": "reminder", "as": "watcher", "wanted": "no"},
        {"event": "quoted", "as": "watcher", "wanted": False},
        {"event": 1, "as": "boss"},
        {"event": "quoted", "as": ["watcher"], "wanted": True},
        "quoted",
    ]
    with pytest.raises(Invalid) as refused:
        parse_choices({"notifications": rows}, "customers")
    found = [(error.pointer.removeprefix("/notifications/"), error.code) for error in refused.value.errors]
    assert {("1/event", "unknown_event"), ("2/event", "unknown_event"), ("3/event", "duplicate_event")} <= set(found)
    of_form = {"2/wanted", "4/event", "4/as", "4/wanted", "5/as", "6"}
    assert {pointer for pointer, _ in found} == {"1/event", "2/event", "3/event", *of_form}
    bodies: tuple[object, ...] = ([], {"notifications": 1}, {})
    for body in bodies:
        with pytest.raises(Invalid):
            parse_choices(body, "customers")


def test_the_body_can_be_sent_back() -> None:
    body = notifications_body({("quoted", "watcher"): False}, "customers")
    rows = {(row["event"], row["as"]): row for row in body["notifications"]}
    assert rows["quoted", "watcher"] == {"event": "quoted", "as": "watcher", "default": True, "wanted": False}
    assert rows["quoted", "placed_by"]["wanted"] is False
    again = validate(NotificationsRequest, body)
    assert with_choices({}, again, "customers") == {("quoted", "watcher"): False}
