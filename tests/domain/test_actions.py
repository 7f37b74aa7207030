"""The action table: who may do what from which status, what it does, and what the timeline says of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from online_orders.domain import hand_over, handling, order_delivery, order_schedule, proposals, questions
from online_orders.domain.accounts import Account, Contact
from online_orders.domain.errors import Conflict, Invalid, TooLarge, VersionMismatch
from online_orders.domain.order_parts import User
from online_orders.domain.order_schedule import Policy
from online_orders.domain.order_status import (
    ALLOWED_STATUSES,
    CUSTOMER_ACTIONS,
    DESK_ACTIONS,
    OPEN_STATUSES,
    STATUS_LABELS,
    Status,
)
from online_orders.domain.orders import Change, Order
from online_orders.domain.quotes import Quote, QuoteState
from online_orders.domain.timeline import Actor, Event
from tests.domain.builders import (
    ANNA,
    CARLA,
    CLARA,
    CONNIE,
    CONRAD,
    DAY,
    HOLD,
    HOUR,
    KEY_ID,
    LATER,
    NOW,
    STATUSES,
    TERMS,
    TODAY,
    Json,
    account_of,
    asked,
    assert_well_kept,
    claimed,
    expired,
    held,
    item_of,
    judge_quote,
    line_of,
    mailed,
    offered,
    place,
    proposed,
    quote_body,
    quote_for,
    sending,
    site_body,
    standing,
    waiting_for_hand_over,
)

CONTACT = Actor(kind="contact", name="Connie")
CUSTOMER = Actor(kind="customer", name=ANNA.email)
STAFF = Actor(kind="customer_success", name=CONRAD.email)
DORA = User(user_id="dora", email="dora@vendor.example")
SYSTEM = Actor(kind="system")


class Action(NamedTuple):
    """A row of the contract's table."""

    take: Callable[[Order, datetime], Change]
    allowed_from: tuple[str, ...]
    to: str | None
    """None: where it was."""
    event: Event
    actor: Actor
    version_rises: bool = True
    internal: bool = False


TO_CONNIE = {"recipient": CONNIE.email, "recipient_name": CONNIE.name}
TO_CARLA = {"recipient": CARLA.email, "recipient_name": CARLA.name}


def _offer(order: Order, at: datetime) -> Change:
    return order.offer(quote_for(order, at), CONRAD, at)


ACTIONS = {
    "claim": Action(
        lambda order, at: order.claim(CONRAD, at), ("submitted", "in_process"), "in_process", Event.CLAIMED, STAFF
    ),
    "release": Action(
        lambda order, at: order.release(CONRAD, at), ("in_process",), None, Event.RELEASED, STAFF, internal=True
    ),
    "quote": Action(_offer, ("in_process", "pending_confirmation"), None, Event.QUOTE_PREPARED, STAFF, internal=True),
    "assign": Action(
        lambda order, at: handling.assign(order, DORA, CONRAD, at),
        ("submitted", "in_process"),
        "in_process",
        Event.CLAIMED,
        STAFF,
    ),
    "handling": Action(
        lambda order, at: handling.change_handling(order, {"priority": "high"}, (), CONRAD, at),
        ("submitted", "in_process", "pending_confirmation"),
        None,
        Event.HANDLING_CHANGED,
        STAFF,
        version_rises=False,
        internal=True,
    ),
    "decline": Action(
        lambda order, at: order.decline(CONRAD, "sold out", at),
        ("submitted", "in_process", "pending_confirmation"),
        "canceled",
        Event.CANCELED,
        STAFF,
    ),
    "withdraw": Action(
        lambda order, at: order.withdraw(ANNA, "a mistake", at), ("submitted",), "canceled", Event.CANCELED, CUSTOMER
    ),
    "cancel by link": Action(
        lambda order, at: order.cancel("Connie", "too dear", at),
        ("submitted", "in_process", "pending_confirmation"),
        "canceled",
        Event.CANCELED,
        CONTACT,
    ),
    "approve": Action(
        lambda order, at: order.approve("Connie", at),
        ("pending_confirmation",),
        "completed",
        Event.COMPLETED,
        CONTACT,
    ),
    "request a change": Action(
        lambda order, at: order.request_change("Connie", "two less", at),
        ("pending_confirmation",),
        "in_process",
        Event.CHANGE_REQUESTED,
        CONTACT,
    ),
    "resend": Action(
        lambda order, at: order.resend(CONRAD, None, at),
        ("pending_confirmation",),
        None,
        Event.QUOTE_RESENT,
        STAFF,
    ),
    "comment": Action(
        lambda order, at: order.comment(CUSTOMER, "When?", at),
        ("submitted", "in_process", "pending_confirmation"),
        None,
        Event.COMMENTED,
        CUSTOMER,
        version_rises=False,
    ),
}
BY_API = {
    "undo_quote": lambda order, at: order.undo_quote(CONRAD, at),
    # A removed contact person is no reason to refuse it: another one can be named.
    "resend": lambda order, at: order.resend(CONRAD, CARLA, at),
    "quote": lambda order, at: order.offer(quote_for(order, NOW), CONRAD, at),
    "answer": lambda order, at: questions.answer(order, CONRAD, "Yes.", at),
    "hand_over": lambda order, at: hand_over.refuse_hand_over(order, CONRAD, None, at),
    "approve_discount": lambda order, at: proposals.approve(order, quote_for(order, NOW), CLARA, at),
    "refuse_discount": lambda order, at: proposals.refuse(order, "Too much", CLARA, at),
    **{
        name: ACTIONS[name].take
        for name in ("claim", "release", "decline", "withdraw", "comment", "assign", "handling")
    },
}
CASES = [(name, status) for name in ACTIONS for status in STATUSES]
ALLOWED_CASES = [(name, status) for name, status in CASES if status in ACTIONS[name].allowed_from]
REFUSED_CASES = [(name, status) for name, status in CASES if status not in ACTIONS[name].allowed_from]


@pytest.mark.parametrize("at", [NOW, NOW + 60 * DAY], ids=["in time", "after the quote's last day"])
@pytest.mark.parametrize(
    "order",
    [
        *map(standing, STATUSES),
        held(),
        expired(),
        sending(),
        order_delivery.quote_refused(sending(), 1, "no such domain", NOW).order,
        sending().sync_contact(None, None, NOW).order,
        offered().sync_contact(None, None, NOW).order,
        order_delivery.quote_bounced(offered(), 1, KEY_ID, "gone", NOW).order,
        offered().request_change("Connie", "less", NOW).order,
        offered().resend(CONRAD, None, NOW).order,
        asked(),
        asked(asked(), "And when?"),
        questions.answer(asked(), CONRAD, "Yes.", NOW).order,
        waiting_for_hand_over(),
        expired(order=waiting_for_hand_over(asked())),
        asked().approve("Connie", NOW).order,
        proposed(),
        proposed(offered()),
        proposed(offered()).approve("Connie", NOW).order,
        proposals.refuse(proposed(), "Too much", CLARA, NOW).order,
        sending(proposed()),
    ],
    ids=[
        *(*STATUSES, "held", "expired", "sending", "refused", "waiting", "removed", "bounced", "change", "resent"),
        *("asked", "asked twice", "answered", "to be handed over", "asked of expired", "asked and approved"),
        *("proposed", "proposed anew", "proposed and approved", "proposal refused", "quoted instead"),
    ],
)
def test_an_order_names_the_actions_that_are_not_refused_and_no_others(order: Order, at: datetime) -> None:
    assert {*DESK_ACTIONS, *CUSTOMER_ACTIONS} == BY_API.keys()
    allowed = {name for name, take in BY_API.items() if not _is_refused(take, order, at)}
    assert set(order.actions(at, at_desk=True)) == allowed & DESK_ACTIONS.keys()
    assert set(order.actions(at, at_desk=False)) == allowed & CUSTOMER_ACTIONS.keys()


def _is_refused(take: Callable[[Order, datetime], Change], order: Order, at: datetime) -> bool:
    try:
        take(order, at)
    except Conflict:
        return True
    return False


@pytest.mark.parametrize(
    ("order", "desk", "customer"),
    [
        (place().order, ["claim", "decline", "comment", "assign", "handling"], ["withdraw", "comment"]),
        (claimed(), ["claim", "release", "quote", "decline", "comment", "assign", "handling"], ["comment"]),
        (
            held(),
            ["claim", "release", "quote", "undo_quote", "decline", "comment", "assign", "handling"],
            ["comment"],
        ),
        (offered(), ["quote", "decline", "resend", "comment", "handling"], ["comment"]),
        (
            waiting_for_hand_over(asked()),
            ["quote", "decline", "resend", "comment", "answer", "hand_over", "handling"],
            ["comment"],
        ),
        (
            proposed(offered()),
            ["quote", "decline", "resend", "comment", "handling", "approve_discount", "refuse_discount"],
            ["comment"],
        ),
        (expired(), ["quote", "decline", "comment", "handling"], ["comment"]),
        (standing("completed"), [], []),
    ],
    ids=["submitted", "in process", "held", "offered", "asked", "proposed", "expired", "completed"],
)
def test_an_order_says_what_the_desk_and_its_customer_may_do(
    order: Order, desk: list[str], customer: list[str]
) -> None:
    assert order.actions(NOW, at_desk=True) == desk
    assert order.actions(NOW, at_desk=False) == customer


@pytest.mark.parametrize(("name", "status"), ALLOWED_CASES)
def test_an_allowed_action_leads_where_the_table_says_and_says_so_in_one_entry(name: str, status: str) -> None:
    action, before = ACTIONS[name], standing(status)
    change = action.take(before, LATER)
    assert_well_kept(before, change)
    assert change.order.status == (action.to or status)
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal, entry.at) == (
        action.event,
        action.actor,
        action.internal,
        LATER,
    )


@pytest.mark.parametrize(("name", "status"), ALLOWED_CASES)
def test_the_version_rises_by_one_with_a_decision_and_not_at_all_with_a_comment(name: str, status: str) -> None:
    action, before = ACTIONS[name], standing(status)
    assert action.take(before, LATER).order.version == before.version + action.version_rises


@pytest.mark.parametrize(("name", "status"), ALLOWED_CASES)
def test_an_order_was_updated_when_something_that_it_shows_was(name: str, status: str) -> None:
    action, before = ACTIONS[name], standing(status)
    assert action.take(before, LATER).order.updated_at == (LATER if action.version_rises else before.updated_at)


@pytest.mark.parametrize(("name", "status"), REFUSED_CASES)
def test_any_other_action_is_a_conflict_that_tells_the_status(name: str, status: str) -> None:
    with pytest.raises(Conflict) as refusal:
        ACTIONS[name].take(standing(status), LATER)
    assert refusal.value.members() == {"status": status}
    assert (refusal.value.status, refusal.value.code) == (409, "conflict")
    assert STATUS_LABELS[Status(status)].lower() in refusal.value.detail


@pytest.mark.parametrize(("name", "status"), ALLOWED_CASES)
def test_the_order_remembers_since_when_it_has_been_in_a_status(name: str, status: str) -> None:
    action, before = ACTIONS[name], standing(status)
    after = action.take(before, LATER).order
    moved = {after.status: LATER} if after.status != before.status else {}
    assert after.internals.since == {**before.internals.since, **moved}


@pytest.mark.parametrize(("name", "status"), ALLOWED_CASES)
def test_an_order_has_closed_exactly_when_its_status_is_a_closing_one(name: str, status: str) -> None:
    after = ACTIONS[name].take(standing(status), LATER).order
    assert after.is_open is (after.closed is None) is (after.status in OPEN_STATUSES)


def test_every_action_of_the_code_is_in_the_table_of_these_tests() -> None:
    elsewhere = {
        "ask for a fresh quote of",
        "ask for a fresh order mail of",
        "ask for a fresh quote mail of",
        "undo the quote of",
        "lock a link of",
        "ask a question about",
        "answer a question about",
        "hand over",
        "decide on the hand-over of",
        "decide on the discount of",
    }
    assert len(ALLOWED_STATUSES) - len(elsewhere) == len(ACTIONS)
    assert elsewhere < ALLOWED_STATUSES.keys()


def test_the_labels_are_the_articles() -> None:
    assert {status.value: label for status, label in STATUS_LABELS.items()} == {
        "submitted": "Submitted",
        "in_process": "In process",
        "pending_confirmation": "Pending confirmation",
        "completed": "Completed",
        "canceled": "Canceled",
    }


# Claiming and releasing.


def test_claiming_names_the_assignee_in_the_order_and_in_the_entry() -> None:
    change = place().order.claim(CLARA, LATER)
    assert change.order.assignee == CLARA
    assert change.entries[0].data == {"assignee": "clara"}


def test_claiming_ones_own_order_again_changes_nothing() -> None:
    order = claimed()
    change = order.claim(CLARA, LATER)
    assert (change.order, change.entries) == (order, ())


def test_a_colleague_takes_an_order_over() -> None:
    change = claimed().claim(CONRAD, LATER)
    assert change.order.assignee == CONRAD
    assert change.order.status is Status.IN_PROCESS


def test_a_released_order_stays_in_process_and_is_nobodys() -> None:
    order = claimed().release(CLARA, LATER).order
    assert (order.status, order.assignee) == (Status.IN_PROCESS, None)


def test_releasing_an_order_that_is_nobodys_changes_nothing() -> None:
    order = claimed().release(CLARA, NOW).order
    change = order.release(CONRAD, LATER)
    assert (change.order, change.entries) == (order, ())


def test_a_released_order_can_be_claimed_by_whoever_had_it() -> None:
    order = claimed().release(CLARA, NOW).order
    change = order.claim(CLARA, LATER)
    assert change.order.assignee == CLARA
    assert change.order.version == order.version + 1


# Quoting.


def test_a_quote_is_sending_and_its_order_in_process_until_mailed() -> None:
    order = sending()
    assert order.quote
    assert (order.quote.state, order.status) == (QuoteState.SENDING, Status.IN_PROCESS)
    assert order.mail_is_pending


def test_the_mail_makes_the_offer() -> None:
    before = sending()
    change = order_delivery.quote_mailed(before, 1, KEY_ID, LATER)
    assert_well_kept(before, change)
    assert change.order.quote
    assert change.order.quote.state is QuoteState.OFFERED
    assert change.order.quote.offered_at == LATER
    assert change.order.status is Status.PENDING_CONFIRMATION
    assert change.order.version == before.version + 1
    assert change.order.internals.quote_link_key_id == KEY_ID
    assert change.order.internals.since[Status.PENDING_CONFIRMATION] == LATER
    assert not change.order.mail_is_pending
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal, entry.data) == (Event.QUOTED, SYSTEM, False, {"revision": 1})


def test_a_mail_is_noted_once() -> None:
    order = offered()
    change = order_delivery.quote_mailed(order, 1, KEY_ID, LATER)
    assert (change.order, change.entries) == (order, ())


def test_a_mail_with_a_link_that_is_dead_by_now_makes_no_offer() -> None:
    order = sending(sending())
    change = order_delivery.quote_mailed(order, 1, KEY_ID, LATER)
    assert (change.order, change.entries) == (order, ())
    assert order.mail_is_pending


@pytest.mark.parametrize("status", STATUSES)
def test_a_mail_that_no_order_waits_for_changes_nothing(status: str) -> None:
    order = standing(status)
    for number in (0, 1, 2):
        assert order_delivery.quote_mailed(order, number, KEY_ID, LATER).order == order


@pytest.mark.parametrize("before", [sending(), offered()], ids=["sending", "offered"])
def test_a_new_revision_supersedes_the_one_before_and_kills_its_link_at_once(before: Order) -> None:
    change = before.offer(quote_for(before), CLARA, LATER)
    assert change.replaced
    assert (change.replaced.revision, change.replaced.state) == (1, QuoteState.SUPERSEDED)
    assert change.order.quote
    assert (change.order.quote.revision, change.order.quote.state) == (2, QuoteState.SENDING)
    assert change.order.internals.quote_link == before.internals.quote_link + 1
    assert change.order.mail_is_pending


def test_the_first_revision_replaces_none() -> None:
    assert claimed().offer(quote_for(claimed()), CLARA, LATER).replaced is None


@pytest.mark.parametrize(
    ("before", "state"),
    [(offered().request_change("Connie", "less", NOW).order, "change_requested"), (expired(), "expired")],
    ids=["change_requested", "expired"],
)
def test_a_revision_that_was_over_keeps_its_last_state_when_it_is_replaced(before: Order, state: str) -> None:
    replaced = before.offer(quote_for(before), CLARA, LATER).replaced
    assert replaced
    assert replaced.state == state


def test_a_new_revision_keeps_a_pending_order_pending() -> None:
    order = sending(offered())
    assert order.status is Status.PENDING_CONFIRMATION
    change = order_delivery.quote_mailed(order, 2, KEY_ID, LATER)
    assert change.order.status is Status.PENDING_CONFIRMATION
    assert change.order.internals.since == order.internals.since
    assert [entry.event for entry in change.entries] == [Event.QUOTED]
    assert change.order.quote
    assert change.order.quote.state is QuoteState.OFFERED


def test_a_new_revision_is_reminded_of_anew() -> None:
    reminded = offered()
    reminded = reminded.model_copy(
        update={"internals": reminded.internals.model_copy(update={"last_reminder_on": NOW.date()})}
    )
    assert sending(reminded).internals.last_reminder_on is None


# Deciding.


def _in_quote_state(state: QuoteState) -> Order:
    order = offered()
    assert order.quote
    return order.model_copy(update={"quote": order.quote.model_copy(update={"state": state})})


@pytest.mark.parametrize("state", [QuoteState.OFFERED, QuoteState.UNDELIVERABLE])
def test_a_revision_on_offer_can_be_approved_even_when_a_mail_of_it_has_bounced(state: QuoteState) -> None:
    order = _in_quote_state(state).approve("Connie", LATER).order
    assert order.quote
    assert (order.quote.state, order.quote.decided_at) == (QuoteState.APPROVED, LATER)
    assert order.closed
    assert order.closed.model_dump() == {"by": "contact", "reason": None, "at": LATER}


@pytest.mark.parametrize("state", sorted(set(QuoteState) - {QuoteState.OFFERED, QuoteState.UNDELIVERABLE}))
def test_a_revision_in_any_other_state_cannot_be_approved(state: QuoteState) -> None:
    with pytest.raises(Conflict) as refusal:
        _in_quote_state(state).approve("Connie", LATER)
    assert refusal.value.members() == {"status": "pending_confirmation"}


def test_a_change_request_keeps_its_reason_and_the_assignee() -> None:
    change = offered().request_change("Connie", "two less", LATER)
    assert change.order.quote
    assert (change.order.quote.state, change.order.quote.decided_at) == (QuoteState.CHANGE_REQUESTED, LATER)
    assert change.order.assignee == CLARA
    assert change.order.closed is None
    requested = {"asked_name": CONNIE.name, "asked_email": CONNIE.email}
    assert change.entries[0].data == {"revision": 1, "reason": "two less", **requested}


@pytest.mark.parametrize(
    ("name", "by", "reason"),
    [
        ("decline", "customer_success", "sold out"),
        ("withdraw", "customer", "a mistake"),
        ("cancel by link", "contact", "too dear"),
    ],
)
def test_a_canceled_order_tells_who_canceled_it_why_and_when(name: str, by: str, reason: str) -> None:
    change = ACTIONS[name].take(standing("submitted"), LATER)
    assert change.order.closed
    assert change.order.closed.model_dump() == {"by": by, "reason": reason, "at": LATER}
    requested = {"asked_name": CONNIE.name, "asked_email": CONNIE.email} if by == "contact" else {}
    assert change.entries[0].data == {"by": by, "reason": reason, **requested}


def test_a_reason_is_needed_neither_to_withdraw_nor_to_cancel_by_link() -> None:
    for change in (place().order.withdraw(ANNA, None, LATER), place().order.cancel("Connie", None, LATER)):
        assert change.order.closed
        assert change.order.closed.reason is None


@pytest.mark.parametrize(
    ("before", "state", "decided_at"),
    [
        (sending(), "declined", LATER),
        (offered(), "declined", LATER),
        (_in_quote_state(QuoteState.UNDELIVERABLE), "declined", LATER),
        (expired(), "expired", None),
        (offered().request_change("Connie", "less", NOW).order, "change_requested", NOW),
    ],
    ids=["sending", "offered", "undeliverable", "expired", "change_requested"],
)
def test_canceling_an_order_declines_a_revision_that_is_undecided(
    before: Order, state: str, decided_at: datetime | None
) -> None:
    quote = before.decline(CLARA, "sold out", LATER).order.quote
    assert quote
    assert (quote.state, quote.decided_at) == (state, decided_at)


def test_a_canceled_order_has_no_mail_outstanding() -> None:
    order = sending().decline(CLARA, "sold out", LATER).order
    assert not order.mail_is_pending
    assert order_delivery.quote_mailed(order, 1, KEY_ID, LATER).entries == ()


# Links.


def test_resending_makes_a_fresh_link_to_the_same_revision() -> None:
    before = offered()
    change = before.resend(CLARA, None, LATER)
    assert change.order.quote == before.quote
    assert change.order.internals.quote_link == before.internals.quote_link + 1
    assert change.order.internals.order_link == before.internals.order_link
    assert change.order.contact == CONNIE
    assert change.order.mail_is_pending
    assert change.entries[0].data == {"contact_changed": False, **TO_CONNIE}


def test_a_contact_given_on_resend_stays_with_the_order_and_old_links_die() -> None:
    before = offered()
    change = before.resend(CLARA, CARLA, LATER)
    assert change.order.contact == CARLA
    assert change.order.internals.order_link == before.internals.order_link + 1
    assert change.order.internals.quote_link == before.internals.quote_link + 1
    assert change.entries[0].data == {"contact_changed": True, **TO_CARLA, "former_recipient": CONNIE.email}


def test_giving_the_present_contact_again_is_no_change_of_contact() -> None:
    assert offered().resend(CLARA, CONNIE, LATER).entries[0].data == {"contact_changed": False, **TO_CONNIE}


def test_a_resent_mail_is_noted_without_a_new_offer() -> None:
    before = offered().resend(CLARA, None, NOW).order
    change = order_delivery.quote_mailed(before, 2, KEY_ID, LATER)
    assert_well_kept(before, change)
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal) == (Event.QUOTE_MAILED, SYSTEM, True)
    assert change.order.version == before.version
    assert change.order.quote == before.quote
    assert not change.order.mail_is_pending


@pytest.mark.parametrize("state", ["expired", "change_requested", "declined", "superseded"])
def test_a_revision_that_is_over_is_quoted_anew_and_not_resent(state: str) -> None:
    with pytest.raises(Conflict) as refusal:
        _in_quote_state(QuoteState(state)).resend(CLARA, None, LATER)
    assert refusal.value.members() == {"status": "pending_confirmation"}


def test_resending_an_undeliverable_revision_offers_it_again() -> None:
    bounced = order_delivery.quote_bounced(offered(), 1, KEY_ID, "no such mailbox", NOW).order
    order = mailed(bounced.resend(CLARA, CARLA, NOW).order, LATER)
    assert order.quote
    assert order.quote.state is QuoteState.OFFERED
    assert order.quote.offered_at == NOW


@pytest.mark.parametrize("contact", [None, CARLA], ids=["the same contact", "another"])
def test_a_first_quote_that_was_not_sent_is_offered_by_the_resent_mail(contact: Contact | None) -> None:
    before = order_delivery.quote_refused(sending(), 1, "no such mailbox", NOW).order
    assert (before.status, before.mail_is_pending) == (Status.IN_PROCESS, False)
    change = before.resend(CLARA, contact, LATER)
    assert_well_kept(before, change)
    assert change.entries[0].event is Event.QUOTE_RESENT
    assert change.order.mail_is_pending
    assert (change.order.status, change.order.contact) == (Status.IN_PROCESS, contact or before.contact)
    order = mailed(change.order, LATER)
    assert order.quote
    assert (order.status, order.quote.state, order.quote.offered_at) == (
        Status.PENDING_CONFIRMATION,
        QuoteState.OFFERED,
        LATER,
    )
    assert order.approve("Connie", LATER).order.status is Status.COMPLETED


@pytest.mark.parametrize(
    "order",
    [
        claimed(),
        sending(),
        offered().request_change("Connie", "less", NOW).order,
    ],
    ids=["unquoted", "being sent", "change requested"],
)
def test_an_order_in_process_has_nothing_else_to_resend(order: Order) -> None:
    with pytest.raises(Conflict) as refusal:
        order.resend(CLARA, None, LATER)
    assert refusal.value.members() == {"status": "in_process"}


DUE_AT: dict[str, tuple[Callable[[], Order], datetime]] = {
    "quoted": (sending, NOW),
    "held for undoing": (held, NOW + HOLD),
    "resent": (lambda: offered().resend(CLARA, None, LATER).order, LATER),
    "asked for by the contact": (lambda: offered().ask_for_fresh_mail("quote", LATER).order, LATER),
    "moved to another contact": (lambda: offered().sync_contact(CARLA, None, LATER).order, LATER),
}


@pytest.mark.parametrize("case", DUE_AT)
def test_a_quotes_mail_is_tried_for_a_day_from_when_it_was_to_go(case: str) -> None:
    make, due_at = DUE_AT[case]
    order = make()
    assert order.mail_is_pending
    assert order.quote_mail_waiting_time(due_at, None) == timedelta(0)
    assert order.quote_mail_waiting_time(due_at - HOUR, None) == timedelta(0)
    assert order.quote_mail_waiting_time(due_at + HOUR, None) == HOUR
    assert not order.is_quote_mail_overdue(due_at + DAY - timedelta(seconds=1), None)
    assert order.is_quote_mail_overdue(due_at + DAY, None)


def test_the_days_of_a_mail_pause_do_not_count() -> None:
    order = sending()
    released_at = NOW + 3 * DAY
    assert order.quote_mail_waiting_time(released_at + HOUR, released_at) == HOUR
    assert not order.is_quote_mail_overdue(released_at + 23 * HOUR, released_at)
    assert order.is_quote_mail_overdue(released_at + DAY, released_at)
    assert order.quote_mail_waiting_time(NOW + HOUR, NOW - DAY) == HOUR


def test_an_order_that_an_earlier_release_stored_counts_from_its_last_change() -> None:
    order = sending()
    stored = order.model_copy(update={"internals": order.internals.model_copy(update={"quote_mail_due_at": None})})
    assert "quote_mail_due_at" not in stored.model_dump_json()
    assert stored.quote_mail_waiting_time(stored.updated_at + HOUR, None) == HOUR


def test_a_mail_that_has_gone_or_was_given_up_is_never_overdue() -> None:
    for order in (offered(), order_delivery.quote_refused(sending(), 1, "refused", NOW).order):
        assert not order.is_quote_mail_overdue(NOW + 9 * DAY, None)


@pytest.mark.parametrize("status", ["submitted", "in_process", "pending_confirmation"])
def test_an_open_order_is_synced_to_a_new_contact_and_old_links_die(status: str) -> None:
    before = standing(status)
    change = before.sync_contact(CARLA, CONRAD.email, LATER)
    assert_well_kept(before, change)
    assert change.order.contact == CARLA
    assert change.order.internals.order_link == before.internals.order_link + 1
    assert change.order.internals.quote_link == before.internals.quote_link + (before.quote is not None)
    assert (change.order.status, change.order.version) == (before.status, before.version)
    assert change.order.quote == before.quote
    assert change.order.mail_is_pending is (status == "pending_confirmation")
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal) == (Event.CONTACT_CHANGED, STAFF, False)


@pytest.mark.parametrize(
    "order",
    [standing("completed"), standing("canceled"), mailed(offered().resend(CLARA, CONNIE, NOW).order)],
    ids=["completed", "canceled", "a contact of its own"],
)
def test_an_order_that_is_closed_or_has_a_contact_of_its_own_follows_nobody(order: Order) -> None:
    change = order.sync_contact(CARLA, CONRAD.email, LATER)
    assert (change.order, change.entries) == (order, ())


def test_following_the_present_contact_changes_nothing() -> None:
    assert place().order.sync_contact(CONNIE, CONRAD.email, LATER).entries == ()


@pytest.mark.parametrize(
    "before", [expired(), offered().request_change("Connie", "less", NOW).order], ids=["expired", "change requested"]
)
def test_a_new_contact_gets_no_mail_of_a_quote_that_is_over(before: Order) -> None:
    assert not before.sync_contact(CARLA, CONRAD.email, LATER).order.mail_is_pending


def test_a_quote_that_was_given_up_goes_to_the_new_contact() -> None:
    order = order_delivery.quote_refused(sending(), 1, "no such mailbox", NOW).order
    order = order.sync_contact(CARLA, CONRAD.email, LATER).order
    assert order.mail_is_pending
    assert mailed(order, LATER).status is Status.PENDING_CONFIRMATION


LAPSED = [
    pytest.param({"state": "suspended"}, id="suspended"),
    pytest.param(None, id="no longer enrolled"),
]


def account_with(enrollment: Json | None) -> Account:
    """An account like any other, its enrollment changed, or none at all."""
    present = account_of().model_dump(mode="json")["enrollment"]
    return account_of(enrollment=None if enrollment is None else present | enrollment)


@pytest.mark.parametrize("enrollment", LAPSED)
@pytest.mark.parametrize("status", ["submitted", "in_process", "pending_confirmation"])
def test_an_open_order_is_marked_while_its_account_may_not_order(status: str, enrollment: Json | None) -> None:
    before = standing(status)
    change = before.sync_with_account(account_with(enrollment), CONRAD.email, LATER)
    assert_well_kept(before, change)
    *parting, entry = change.entries
    assert [each.event for each in parting] == ([] if enrollment else [Event.CONTACT_REMOVED])
    assert (entry.event, entry.actor, entry.internal) == (Event.ENROLLMENT_SUSPENDED, STAFF, True)
    assert (change.order.version, change.order.updated_at) == (before.version, before.updated_at)
    assert change.order.sync_with_account(account_with(enrollment), CONRAD.email, LATER).entries == ()
    resumed = change.order.sync_with_account(account_of(), None, LATER)
    *return_of_contact, entry = resumed.entries
    assert [each.event for each in return_of_contact] == ([] if enrollment else [Event.CONTACT_CHANGED])
    assert (entry.event, entry.actor, entry.internal) == (Event.ENROLLMENT_RESUMED, Actor(kind="system"), True)
    assert resumed.order.internals.suspended_since is None


@pytest.mark.parametrize("status", ["completed", "canceled"])
def test_a_closed_order_follows_its_account_nowhere(status: str) -> None:
    order = standing(status)
    elsewhere = account_with({"state": "suspended", "contact": CARLA.model_dump()})
    assert order.sync_with_account(elsewhere, None, LATER).entries == ()


def test_an_order_follows_contact_and_enrollment_at_once() -> None:
    before = offered()
    change = before.sync_with_account(
        account_with({"state": "suspended", "contact": CARLA.model_dump()}), CONRAD.email, LATER
    )
    assert_well_kept(before, change)
    assert [entry.event for entry in change.entries] == [Event.CONTACT_CHANGED, Event.ENROLLMENT_SUSPENDED]
    assert [order.contact for order, _ in change.steps] == [CARLA, CARLA]
    assert [order.internals.suspended_since for order, _ in change.steps] == [None, LATER]


NOBODY_NAMED: list[dict[str, Any] | None] = [None, {"contact": None}]


@pytest.mark.parametrize("enrollment", NOBODY_NAMED, ids=["no enrollment", "no contact"])
@pytest.mark.parametrize("status", ["submitted", "in_process", "pending_confirmation"])
def test_an_open_order_parts_with_its_contact_when_the_account_names_nobody(
    status: str, enrollment: dict[str, Any] | None
) -> None:
    before = standing(status)
    change = before.sync_with_account(account_with(enrollment), CONRAD.email, LATER)
    assert_well_kept(before, change)
    first = change.entries[0]
    assert (first.event, first.actor, first.internal) == (Event.CONTACT_REMOVED, STAFF, True)
    order = change.order
    assert (order.lacks_contact, order.internals.contact_removed_since) == (True, LATER)
    assert order.internals.order_link == before.internals.order_link + 1
    assert order.internals.quote_link == before.internals.quote_link + (before.quote is not None)
    assert (order.status, order.version, order.quote) == (before.status, before.version, before.quote)
    assert not order.mail_is_pending
    assert order.sync_with_account(account_with(enrollment), None, LATER + HOUR).entries == ()


@pytest.mark.parametrize("enrollment", NOBODY_NAMED, ids=["no enrollment", "no contact"])
def test_an_order_that_is_closed_or_has_a_contact_of_its_own_parts_with_nobody(
    enrollment: dict[str, Any] | None,
) -> None:
    own = mailed(offered().resend(CLARA, CARLA, NOW).order)
    for order in (standing("completed"), standing("canceled"), own):
        after = order.sync_with_account(account_with(enrollment), None, LATER).order
        assert (after.contact, after.is_contact_removed, after.lacks_contact) == (order.contact, False, False)


@pytest.mark.parametrize("contact", [CONNIE, CARLA], ids=["the same", "another"])
@pytest.mark.parametrize("status", ["submitted", "in_process", "pending_confirmation"])
def test_an_order_without_a_contact_goes_on_by_fresh_links_with_the_next(status: str, contact: Contact) -> None:
    parted = standing(status).sync_contact(None, CONRAD.email, LATER).order
    change = parted.sync_contact(contact, CONRAD.email, LATER)
    assert [entry.event for entry in change.entries] == [Event.CONTACT_CHANGED]
    order = change.order
    assert (order.contact, order.lacks_contact, order.is_contact_removed) == (contact, False, False)
    assert order.internals.order_link == parted.internals.order_link + 1
    assert order.mail_is_pending is (status == "pending_confirmation")
    assert order.sync_contact(contact, None, LATER + HOUR).entries == ()


def test_a_quote_for_an_order_without_a_contact_waits_for_one() -> None:
    parted = claimed().sync_contact(None, None, NOW).order
    order = sending(parted)
    assert order.quote
    assert (order.quote.state, order.mail_is_pending, order.undo_until) == (QuoteState.SENDING, False, None)
    with pytest.raises(Conflict, match="removed; name another"):
        order.resend(CLARA, None, LATER)
    for after in (order.sync_contact(CONNIE, None, LATER).order, order.resend(CLARA, CARLA, LATER).order):
        assert after.mail_is_pending
        assert mailed(after, LATER).status is Status.PENDING_CONFIRMATION


def test_a_resend_gives_an_order_without_a_contact_one_of_its_own() -> None:
    parted = offered().sync_contact(None, None, NOW).order
    with pytest.raises(Conflict, match="removed; name another") as refusal:
        parted.resend(CLARA, None, LATER)
    assert refusal.value.members() == {"status": "pending_confirmation"}
    change = parted.resend(CLARA, CARLA, LATER)
    assert change.entries[0].data == {"contact_changed": True, **TO_CARLA}  # whoever was parted with has been told
    assert (change.order.contact, change.order.lacks_contact) == (CARLA, False)
    assert change.order.mail_is_pending
    assert change.order.sync_contact(None, None, LATER).entries == ()


def test_an_order_without_a_contact_reminds_nobody_and_still_runs_out() -> None:
    parted = offered().sync_contact(None, None, NOW).order
    for day in range(1, 40):
        assert order_schedule.tick(parted, Policy(), NOW + day * DAY).entries == ()
    expired_order = order_schedule.tick(parted, Policy(), NOW + 60 * DAY).order
    assert expired_order.quote
    assert expired_order.quote.state is QuoteState.EXPIRED
    assert order_schedule.tick(expired_order, Policy(), NOW + 90 * DAY).order.status is Status.CANCELED


def test_reminders_that_were_due_while_there_was_nobody_are_not_made_up_for() -> None:
    parted = offered().sync_contact(None, None, NOW).order
    back = mailed(parted.sync_contact(CONNIE, None, NOW + 5 * DAY).order, NOW + 5 * DAY)
    assert order_schedule.tick(back, Policy(), NOW + 6 * DAY).entries == ()
    assert [entry.event for entry in order_schedule.tick(back, Policy(), NOW + 39 * DAY).entries] == [Event.REMINDED]


def test_who_is_sent_a_quote_that_stands_is_not_reminded_of_it_the_same_day() -> None:
    at = NOW + 3 * DAY
    fresh = [offered().sync_contact(CARLA, None, at), offered().resend(CLARA, None, at)]
    for order in (mailed(change.order, at) for change in fresh):
        assert order_schedule.tick(order, Policy(), at).entries == ()
        assert [entry.event for entry in order_schedule.tick(order, Policy(), NOW + 39 * DAY).entries] == [
            Event.REMINDED
        ]
    assert [entry.event for entry in order_schedule.tick(offered(), Policy(), at).entries] == [Event.REMINDED]


@pytest.mark.parametrize("enrollment", NOBODY_NAMED, ids=["no enrollment", "no contact"])
def test_a_contact_is_outlived_from_the_moment_that_the_account_names_nobody(
    enrollment: dict[str, Any] | None,
) -> None:
    nobody = account_with(enrollment)
    assert offered().has_stale_contact(nobody)
    own = offered().resend(CLARA, CARLA, NOW).order
    followed = offered().sync_with_account(nobody, None, NOW).order
    for order in (own, followed, standing("completed")):
        assert not order.has_stale_contact(nobody)


def test_where_there_is_no_contact_person_nobody_stands_in() -> None:
    deputy = {"name": "Dora", "email": "dora@acme.example", "from": "2026-11-01", "until": "2026-12-31"}
    account = account_with({"contact": None, "deputies": [deputy]})
    assert account.contact_on(TODAY) is None
    change = offered().sync_with_account(account, None, LATER)
    assert [entry.event for entry in change.entries] == [Event.CONTACT_REMOVED]


def test_an_order_that_never_lost_a_contact_is_stored_as_before() -> None:
    assert "contact_removed_since" not in offered().model_dump_json()
    parted = offered().sync_contact(None, None, NOW).order
    assert Order.model_validate_json(parted.model_dump_json()) == parted


DEPUTY = {"name": "Dora", "email": "dora@acme.example", "from": "2026-12-01", "until": "2026-12-10"}


@pytest.mark.parametrize(
    ("zone", "at", "asked"),
    [
        ("Europe/Berlin", "2026-11-30T22:59:59.999+00:00", "connie@acme.example"),
        ("Europe/Berlin", "2026-11-30T23:00:00+00:00", "dora@acme.example"),
        ("Europe/Berlin", "2026-12-10T22:59:59.999+00:00", "dora@acme.example"),
        ("Europe/Berlin", "2026-12-10T23:00:00+00:00", "connie@acme.example"),
        ("Pacific/Apia", "2026-11-30T11:00:00+00:00", "dora@acme.example"),
        ("Asia/Kathmandu", "2026-11-30T18:14:59+00:00", "connie@acme.example"),
        ("Asia/Kathmandu", "2026-11-30T18:15:00+00:00", "dora@acme.example"),
    ],
)
def test_a_deputy_is_asked_on_the_days_of_the_accounts_time_zone(zone: str, at: str, asked: str) -> None:
    present = account_of().model_dump(mode="json")["enrollment"]
    account = account_of(time_zone=zone, enrollment=present | {"deputies": [DEPUTY]})
    instant = datetime.fromisoformat(at)
    assert place(account=account, at=instant).order.contact.email == asked
    assert offered().sync_with_account(account, None, instant).order.contact.email == asked


@pytest.mark.parametrize("status", ["submitted", "in_process"])
def test_a_fresh_order_mail_replaces_the_link_and_is_internal(status: str) -> None:
    before = standing(status)
    change = before.ask_for_fresh_mail("order", LATER)
    assert_well_kept(before, change)
    assert change.order.internals.order_link == before.internals.order_link + 1
    assert change.order.internals.quote_link == before.internals.quote_link
    assert change.order.version == before.version
    assert change.order.internals.fresh_mails_at == (LATER,)
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal) == (Event.FRESH_MAIL_ASKED, Actor(kind="contact"), True)
    assert entry.data == {"purpose": "order"}


def test_a_fresh_mail_of_the_quote_is_outstanding_under_a_new_link() -> None:
    before = offered()
    order = before.ask_for_fresh_mail("quote", LATER).order
    assert order.internals.quote_link == before.internals.quote_link + 1
    assert order.internals.order_link == before.internals.order_link
    assert order.mail_is_pending
    assert order.quote == before.quote


@pytest.mark.parametrize(
    ("purpose", "status"),
    [
        ("order", "pending_confirmation"),
        ("order", "completed"),
        ("order", "canceled"),
        ("quote", "submitted"),
        ("quote", "in_process"),
        ("quote", "completed"),
        ("quote", "canceled"),
    ],
)
def test_no_fresh_mail_with_a_link_that_the_status_has_no_use_for(purpose: Any, status: str) -> None:
    with pytest.raises(Conflict) as refusal:
        standing(status).ask_for_fresh_mail(purpose, LATER)
    assert refusal.value.members() == {"status": status}


def test_fresh_mails_are_remembered_for_a_day() -> None:
    order = place().order
    for at in (NOW, NOW + HOUR, NOW + DAY):
        order = order.ask_for_fresh_mail("order", at).order
    assert order.internals.fresh_mails_at == (NOW + HOUR, NOW + DAY)


@pytest.mark.parametrize("purpose", ["order", "quote"])
def test_a_locked_link_is_reported_to_staff_only_and_changes_nothing_else(purpose: Any) -> None:
    before = offered()
    change = before.link_locked(purpose, LATER)
    assert_well_kept(before, change)
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal, entry.data) == (
        Event.LINK_LOCKED,
        SYSTEM,
        True,
        {"purpose": purpose, **TO_CONNIE},
    )
    assert change.order.version == before.version
    assert (change.order.internals.order_link, change.order.internals.quote_link) == (1, 1)


@pytest.mark.parametrize("status", sorted(set(Status) - OPEN_STATUSES))
def test_a_link_to_a_closed_order_is_not_locked_any_more(status: Status) -> None:
    with pytest.raises(Conflict) as refusal:
        standing(status).link_locked("quote", LATER)
    assert refusal.value.members() == {"status": status}


def test_a_mail_that_is_sent_again_leaves_the_time_of_the_last_update() -> None:
    resent = offered().resend(CLARA, None, NOW + HOUR).order
    mailed = order_delivery.quote_mailed(resent, 2, KEY_ID, NOW + 2 * HOUR).order
    assert mailed.updated_at == resent.updated_at == NOW + HOUR
    bounced = order_delivery.quote_bounced(mailed, 2, KEY_ID, "Gone.", NOW + 3 * HOUR).order
    assert bounced.updated_at == NOW + 3 * HOUR


def test_the_contact_asks_for_a_fresh_quote_once_the_old_one_has_expired() -> None:
    before = expired()
    change = before.ask_for_fresh_quote(NOW + 60 * DAY)
    assert_well_kept(before, change)
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal) == (Event.FRESH_QUOTE_ASKED, Actor(kind="contact"), False)
    assert entry.data == {"revision": 1, **TO_CONNIE}
    assert (change.order.status, change.order.version) == (before.status, before.version)


def test_asking_for_a_fresh_quote_again_changes_nothing() -> None:
    order = expired().ask_for_fresh_quote(NOW + 60 * DAY).order
    change = order.ask_for_fresh_quote(NOW + 61 * DAY)
    assert (change.order, change.entries) == (order, ())


def test_a_fresh_quote_can_be_asked_for_again_once_that_one_has_expired_too() -> None:
    order = expired().ask_for_fresh_quote(NOW + 60 * DAY).order
    later = NOW + 61 * DAY
    order = mailed(sending(order, later, valid_until="2027-02-01"), later)
    assert len(order.ask_for_fresh_quote(NOW + 90 * DAY).entries) == 1


def test_a_past_quote_has_expired_before_the_workflow_notices() -> None:
    assert len(offered().ask_for_fresh_quote(NOW + 41 * DAY).entries) == 1


def test_no_fresh_quote_in_place_of_one_that_is_valid_still() -> None:
    with pytest.raises(Conflict) as refusal:
        offered().ask_for_fresh_quote(LATER)
    assert refusal.value.members() == {"status": "pending_confirmation"}


@pytest.mark.parametrize("status", ["submitted", "in_process", "completed", "canceled"])
def test_no_fresh_quote_of_an_order_that_waits_for_no_decision(status: str) -> None:
    with pytest.raises(Conflict) as refusal:
        standing(status).ask_for_fresh_quote(LATER)
    assert refusal.value.members() == {"status": status}


# Comments.


@pytest.mark.parametrize("internal", [True, False])
def test_a_comment_keeps_its_text_its_author_and_who_may_read_it(internal: bool) -> None:
    (entry,) = claimed().comment(STAFF, "Is it urgent?\nYes.", LATER, internal=internal).entries
    assert (entry.data, entry.actor, entry.internal) == ({"text": "Is it urgent?\nYes."}, STAFF, internal)


# Versions.


def test_any_version_will_do_without_an_expectation() -> None:
    place().order.check_version(None)


def test_the_expected_version_is_any_that_the_caller_names() -> None:
    place().order.check_version(frozenset({1, 7}))


@pytest.mark.parametrize("named", [frozenset(), frozenset({2}), frozenset({0, 2, 3})], ids=["none", "next", "others"])
def test_another_version_than_the_expected_is_a_mismatch(named: frozenset[int]) -> None:
    with pytest.raises(VersionMismatch) as refusal:
        place().order.check_version(named)
    assert (refusal.value.status, refusal.value.code) == (412, "version_mismatch")


def test_an_order_and_its_quote_cannot_be_changed_in_place() -> None:
    order = offered()
    frozen: list[tuple[Order | Quote | None, str, object]] = [
        (order, "status", Status.COMPLETED),
        (order.quote, "state", QuoteState.APPROVED),
    ]
    for entity, name, value in frozen:
        with pytest.raises(ValueError, match="frozen"):
            setattr(entity, name, value)


def test_one_change_after_another_is_told_as_one() -> None:
    before = offered()
    change = before.offer(quote_for(before), CLARA, LATER).then(lambda order: order.comment(STAFF, "Sent.", LATER))
    assert_well_kept(before, change)
    assert [entry.event for entry in change.entries] == [Event.QUOTE_PREPARED, Event.COMMENTED]
    assert change.replaced
    assert change.replaced.revision == 1


# Language and time zone.


@pytest.mark.parametrize("status", ["submitted", "in_process", "pending_confirmation"])
def test_an_open_order_follows_its_accounts_language_and_time_zone(status: str) -> None:
    before = standing(status)
    change = before.sync_with_account(account_of(locale="de", time_zone="Asia/Tokyo"), CLARA.email, LATER)
    assert_well_kept(before, change)
    (entry,) = change.entries
    assert (entry.event, entry.internal) == (Event.SETTINGS_CHANGED, True)
    assert entry.data == {"locale": "de", "time_zone": "Asia/Tokyo"}
    internals = change.order.internals
    assert (internals.locale, internals.time_zone, change.order.version) == ("de", "Asia/Tokyo", before.version)
    again = change.order.sync_with_account(account_of(locale="de", time_zone="Asia/Tokyo"), CLARA.email, LATER)
    assert again.entries == ()


@pytest.mark.parametrize("status", ["completed", "canceled"])
def test_a_closed_order_stays_in_its_language_and_time_zone(status: str) -> None:
    before = standing(status)
    assert before.sync_settings("de", "Asia/Tokyo", None, LATER) == Change(before, ())


EVENING = datetime(2026, 11, 22, 20, tzinfo=UTC)
"""The next day in Tokyo already."""


def test_the_day_of_placing_stays_the_one_in_the_zone_of_then() -> None:
    order = place(at=EVENING).order
    for zone in ("Asia/Tokyo", "Pacific/Honolulu", "UTC"):
        order = order.sync_settings("en", zone, None, EVENING).order
        assert order.placed_on == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("zone", "end"),
    [("Asia/Tokyo", "2027-01-02T00:00:00Z"), ("Pacific/Honolulu", "2027-01-02T00:00:00Z")],
)
def test_a_quote_lasts_to_the_end_of_its_last_day_where_it_was_offered(zone: str, end: str) -> None:
    """Valid until 2027-01-01 in UTC, whether the account has moved to where that ends earlier or later."""
    order = offered().sync_settings("en", zone, None, LATER).order
    over = datetime.fromisoformat(end)
    last = over - timedelta(milliseconds=1)
    assert order.approve("Connie", last).order.status == "completed"
    assert order_schedule.tick(order, Policy(), last).order.quote == order.quote
    with pytest.raises(Conflict):
        order.approve("Connie", over)
    (entry,) = order_schedule.tick(order, Policy(), over).entries
    assert entry.event is Event.EXPIRED
    assert order.ask_for_fresh_quote(over).entries


def test_the_next_revision_is_judged_in_the_zone_of_its_own_day() -> None:
    order = offered().sync_settings("en", "Asia/Tokyo", None, LATER).order
    assert order.today(EVENING) == date(2026, 11, 23)
    with pytest.raises(Invalid):
        order.next_revision(quote_body(valid_until="2026-11-22"), "EUR", TERMS, EVENING)
    again = mailed(order.offer(quote_for(order, EVENING), CLARA, EVENING).order, EVENING)
    assert again.internals.quote_time_zone is None
    assert again.is_quote_past(datetime(2027, 1, 1, 15, tzinfo=UTC))


# What was ordered for a day that has passed by now.


def test_an_approval_after_the_start_day_is_taken_and_the_item_says_so() -> None:
    items = [item_of("ip_addresses"), item_of("sdp_users"), item_of("ip_addresses", start_date="2026-12-24")]
    order = offered(claimed(place(*items).order), confirmed_start_dates={"1": "2026-12-24", "2": "2027-01-10"})
    eve, after = datetime(2026, 12, 24, 23, tzinfo=UTC), datetime(2026, 12, 25, 0, tzinfo=UTC)
    assert order.passed_starts(eve) == set()
    assert order.passed_starts(after) == {"1", "3"}
    in_time, late = (order.approve("Connie", at).order for at in (eve, after))
    assert in_time.passed_starts(after + 9 * DAY) == set()
    assert late.passed_starts(after + 9 * DAY) == {"1", "3"}
    assert order.cancel("Connie", None, after).order.passed_starts(after) == set()


def test_whether_a_start_day_is_over_is_judged_in_the_accounts_zone() -> None:
    order = place(item_of("ip_addresses", start_date="2026-11-24"), account=account_of(time_zone="Asia/Tokyo")).order
    assert order.passed_starts(datetime(2026, 11, 24, 14, 59, tzinfo=UTC)) == set()
    assert order.passed_starts(datetime(2026, 11, 24, 15, tzinfo=UTC)) == {"1"}


# What an item of the table holds.


def test_a_quote_with_which_the_order_could_not_be_stored_is_refused() -> None:
    """Fifty sites, two hundred lines, and every text and number as long as each may be by itself."""
    wide = "\N{GRINNING FACE}"
    sites = [site_body(f"{index:064}", name=wide * 200, address=wide * 500) for index in range(50)]
    items = [item_of("socket", site_id=f"{index:064}") for index in range(50)]
    order = claimed(place(*items, account=account_of(sites=sites), body={"note": wide * 2_000}).order)
    lines = [
        line_of(str(number % 50 + 1), "999999999999.99", quantity=1_000_000, description=wide * 200)
        for number in range(200)
    ]
    longest = judge_quote(quote_body(*lines, message=wide * 2_000, terms=wide * 10_000), items=50)
    with pytest.raises(TooLarge):
        order.offer(longest, CLARA, NOW)
    shorter = judge_quote(quote_body(*lines, message=wide * 2_000, terms="Net."), items=50)
    stored = order.offer(shorter, CLARA, NOW).order.model_dump_json().encode()
    assert 340 * 1024 < len(stored) < 380 * 1024
