"""Which mail goes to whom for which entry: none too few, and none twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from online_orders.domain import hand_over, handling, order_delivery, order_schedule, proposals, questions
from online_orders.domain.accounts import Account, Contact
from online_orders.domain.erasure import ERASED_CONTACT, ERASED_USER, Person, erase_from_entry
from online_orders.domain.mail_delivery import MailEvent
from online_orders.domain.mail_kinds import MailKind, Role
from online_orders.domain.notifications import Notification, address_of, is_still_due, notifications
from online_orders.domain.order_parts import User
from online_orders.domain.order_schedule import Policy
from online_orders.domain.orders import Change, Order
from online_orders.domain.timeline import SYSTEM, Actor, Entry, Event
from tests.domain.builders import (
    ANNA,
    CARLA,
    CLARA,
    CONNIE,
    CONRAD,
    DAY,
    KEY_ID,
    LATER,
    NOW,
    account_of,
    asked,
    claimed,
    expired,
    held,
    mailed,
    offered,
    place,
    proposed,
    quote_for,
    sending,
    waiting_for_hand_over,
)

DESK = "orders@vendor.example"
CONSTANCE = Contact(name="Constance", email=CONNIE.email.upper())
"""Connie, written otherwise."""
CUSTOMER, STAFF = Actor(kind="customer", name=ANNA.email), Actor(kind="customer_success", name=CLARA.email)
TO_CONTACT, TO_CUSTOMER = CONNIE.email, ANNA.email
TO_FORMER = Notification(MailKind.CONTACT_REPLACED, Role.FORMER_CONTACT)


def due_of(entry: Entry, source: Literal["online", "direct"] = "online") -> tuple[Notification, ...]:
    return notifications(entry.event, entry.data, by=entry.actor, internal=entry.internal, source=source)


def mails_of(change: Change, account: Account | None = None) -> list[tuple[str, str]]:
    """The mails that a change calls for, as (kind, address)."""
    return [
        (due.kind, address)
        for entry in change.entries
        for due in due_of(entry, change.order.source)
        if (address := address_of(due, change.order, account or account_of(), entry, DESK))
    ]


def to_all(kind: str) -> list[tuple[str, str]]:
    return [(kind, TO_CONTACT), (kind, TO_CUSTOMER), (kind, DESK)]


def suspended() -> Order:
    return place().order.sync_enrollment(False, CLARA.email, NOW).order


def to_follow_up_on(at: datetime) -> Order:
    return handling.change_handling(claimed(), {"follow_up_on": at.date().isoformat()}, (), CLARA, NOW).order


def discount_asked() -> Change:
    waiting = proposed().proposal
    assert waiting
    parts = waiting.reasons, waiting.figures
    return proposals.propose(claimed(), waiting.quote, waiting.request, *parts, CONRAD, LATER)


MAILS: dict[str, tuple[Change, list[tuple[str, str]]]] = {
    "placed": (place(), [("order_received", TO_CONTACT), ("order_received", TO_CUSTOMER), ("new_order", DESK)]),
    "not claimed for long": (order_schedule.tick(place().order, Policy(), NOW + 5 * DAY), [("stale_order", DESK)]),
    "claimed": (place().order.claim(CLARA, LATER), []),
    "assigned": (handling.assign(place().order, CONRAD, CLARA, LATER), [("assigned", CONRAD.email)]),
    "assigned to oneself": (handling.assign(place().order, CLARA, CLARA, LATER), []),
    "handled": (handling.change_handling(place().order, {"note": "Call them."}, (), CLARA, LATER), []),
    "to follow up on": (order_schedule.tick(to_follow_up_on(NOW), Policy(), LATER), [("follow_up", DESK)]),
    "released": (claimed().release(CLARA, LATER), []),
    "quoted": (claimed().offer(quote_for(claimed()), CLARA, LATER), []),
    "undone": (held().undo_quote(CLARA, LATER), []),
    "let go": (order_delivery.release_mail(held(), LATER), []),
    "quote mailed": (order_delivery.quote_mailed(sending(), 1, KEY_ID, LATER), []),
    "resent": (offered().resend(CLARA, None, LATER), []),
    "mailed again": (order_delivery.quote_mailed(offered().resend(CLARA, None, NOW).order, 2, KEY_ID, LATER), []),
    "contact changed": (place().order.sync_contact(CARLA, CLARA.email, LATER), [("order_received", CARLA.email)]),
    "contact removed": (place().order.sync_contact(None, CLARA.email, LATER), [("contact_removed", DESK)]),
    "enrollment suspended": (place().order.sync_enrollment(False, CLARA.email, LATER), []),
    "enrollment resumed": (suspended().sync_enrollment(True, CLARA.email, LATER), []),
    "settings changed": (place().order.sync_settings("de", "Europe/Berlin", CLARA.email, LATER), []),
    "delivered": (order_delivery.quote_delivered(offered(), 1, KEY_ID, LATER), []),
    "bounced": (order_delivery.quote_bounced(offered(), 1, KEY_ID, "full", LATER), [("quote_undeliverable", DESK)]),
    "refused": (order_delivery.quote_refused(sending(), 1, "refused", LATER), [("quote_undeliverable", DESK)]),
    "complained": (order_delivery.quote_complained(offered(), 1, LATER), []),
    "reminded": (order_schedule.tick(offered(), Policy(), NOW + 3 * DAY), [("reminder", TO_CONTACT)]),
    "expired": (order_schedule.tick(offered(), Policy(), NOW + 60 * DAY), [("expired", TO_CONTACT), ("expired", DESK)]),
    "expired before its mail": (order_schedule.expire_unmailed(sending(), 14, NOW + 60 * DAY), [("expired", DESK)]),
    "contact written otherwise": (offered().sync_contact(CONSTANCE, CLARA.email, LATER), []),
    "fresh quote asked": (expired().ask_for_fresh_quote(NOW + 60 * DAY), [("fresh_quote_asked", DESK)]),
    "change requested": (offered().request_change("Connie", "less", LATER), [("change_requested", DESK)]),
    "asked": (questions.ask(offered(), "Connie", "How soon?", (), LATER), [("question", DESK)]),
    "question answered": (questions.answer(asked(), CLARA, "Soon.", LATER), [("answer", TO_CONTACT)]),
    "question not answered for long": (order_schedule.tick(asked(), Policy(), NOW + 1 * DAY), [("stale_order", DESK)]),
    "hand-over asked": (
        hand_over.hand_over(offered(), account_of(), CARLA, "Connie", None, LATER),
        [("hand_over_asked", DESK)],
    ),
    "hand-over refused": (
        hand_over.refuse_hand_over(waiting_for_hand_over(), CLARA, None, LATER),
        [("hand_over_refused", TO_CONTACT)],
    ),
    "handed over": (
        hand_over.approve_hand_over(waiting_for_hand_over(), CLARA, LATER),
        [("handed_over", TO_CONTACT)],
    ),
    "discount asked for": (
        discount_asked(),
        [("discount_asked", DESK)],
    ),
    "discount approved": (
        proposals.approve(proposed(), quote_for(claimed()), CLARA, LATER),
        [("discount_approved", CONRAD.email)],
    ),
    "discount refused": (
        proposals.refuse(proposed(), "Too much", CLARA, LATER),
        [("discount_refused", CONRAD.email)],
    ),
    "discount of one's own approved": (proposals.approve(proposed(by=CLARA), quote_for(claimed()), CLARA, LATER), []),
    "approved": (offered().approve("Connie", LATER), to_all("approved")),
    "canceled by the contact": (offered().cancel("Connie", None, LATER), to_all("canceled")),
    "withdrawn": (place().order.withdraw(ANNA, None, LATER), to_all("canceled")),
    "declined": (claimed().decline(CLARA, "sold out", LATER), to_all("canceled")),
    "canceled by expiry": (order_schedule.tick(expired(), Policy(), NOW + 90 * DAY), to_all("canceled")),
    "commented": (claimed().comment(CUSTOMER, "When?", LATER), [("comment", DESK)]),
    "answered": (claimed().comment(STAFF, "Soon.", LATER), [("comment", TO_CUSTOMER)]),
    "noted": (claimed().comment(STAFF, "Call them.", LATER, internal=True), []),
    "link locked": (offered().link_locked("quote", LATER), [("link_locked", DESK)]),
    "fresh mail of the order": (place().order.ask_for_fresh_mail("order", LATER), [("order_received", TO_CONTACT)]),
    "contact changed after the quote has expired": (
        expired().sync_contact(CARLA, CLARA.email, NOW + 60 * DAY),
        [("expired", CARLA.email)],
    ),
    "fresh mail of an expired quote": (
        expired().ask_for_fresh_mail("quote", NOW + 60 * DAY),
        [("expired", TO_CONTACT)],
    ),
    "fresh mail of the quote": (offered().ask_for_fresh_mail("quote", LATER), []),
    "person erased": (offered().erased({"contact": ERASED_CONTACT}, LATER), []),
}


@pytest.mark.parametrize("what", MAILS)
def test_each_event_has_its_mails(what: str) -> None:
    change, expected = MAILS[what]
    assert change.entries
    assert mails_of(change) == expected


def test_every_event_there_is_is_in_the_table_of_these_tests() -> None:
    assert {entry.event for change, _ in MAILS.values() for entry in change.entries} == set(Event)


def test_who_was_erased_gets_no_mail() -> None:
    order = offered().model_copy(update={"contact": ERASED_CONTACT, "placed_by": ERASED_USER})
    assert mails_of(order.decline(CLARA, "sold out", LATER)) == [("canceled", DESK)]


def test_no_mail_goes_twice_to_one_address_for_one_event() -> None:
    for change, _ in MAILS.values():
        mails = mails_of(change)
        assert len(mails) == len(set(mails))


def with_contact(email: str, by: User = ANNA) -> Order:
    contact = Contact(name="Connie", email=email)
    enrollment = {"letter_received_on": "2026-01-15", "contact": contact.model_dump()}
    return place(account=account_of(enrollment=enrollment), by=by).order


@pytest.mark.parametrize("email", ["anna@acme.example", "Anna@Acme.Example", "ANNA@ACME.EXAMPLE"])
def test_a_contact_who_placed_the_order_gets_one_mail_the_one_with_the_link(email: str) -> None:
    order = with_contact(email)
    for change in (order.withdraw(ANNA, None, LATER), offered(claimed(order)).approve("Anna", LATER)):
        assert [address for _, address in mails_of(change)] == [email, DESK]
    (entry,) = order.withdraw(ANNA, None, LATER).entries
    assert address_of(Notification(MailKind.CANCELED, Role.CONTACT), order, account_of(), entry, DESK) == email
    assert address_of(Notification(MailKind.CANCELED, Role.PLACED_BY), order, account_of(), entry, DESK) is None


def test_a_contact_given_later_gets_the_later_mails() -> None:
    order = mailed(offered().resend(CLARA, CARLA, NOW).order)
    assert mails_of(order.approve("Carla", LATER)) == [
        ("approved", CARLA.email),
        ("approved", ANNA.email),
        ("approved", DESK),
    ]


# Comments.


@pytest.mark.parametrize("email", ["anna@acme.example", "Anna@Acme.Example"])
def test_who_placed_an_order_hears_of_comments_also_as_its_contact_person(email: str) -> None:
    assert mails_of(with_contact(email).comment(STAFF, "Soon.", LATER)) == [("comment", ANNA.email)]


@pytest.mark.parametrize(("placed_by", "due"), [(CLARA, False), (ANNA, True)])
def test_nobody_is_mailed_a_comment_of_his_own(placed_by: User, due: bool) -> None:
    change = place(by=placed_by).order.comment(STAFF, "Soon.", LATER)
    (entry,) = change.entries
    (announcement,) = due_of(entry)
    assert is_still_due(announcement, change.order, entry, LATER) is due


def test_a_comment_is_told_of_after_its_order_was_closed() -> None:
    change = claimed().comment(CUSTOMER, "When?", LATER)
    (entry,) = change.entries
    (announcement,) = due_of(entry)
    assert is_still_due(announcement, change.order.decline(CLARA, "sold out", LATER).order, entry, LATER)


def test_nobody_is_written_to_who_was_erased() -> None:
    order = claimed().model_copy(update={"placed_by": ERASED_USER})
    assert mails_of(order.comment(STAFF, "Soon.", LATER)) == []


# Those who are not asked, and should know.


DORA = {"name": "Dora", "email": "dora@acme.example", "from": "2026-11-01", "until": "2026-12-31"}


def with_deputy() -> Account:
    enrollment = {"letter_received_on": "2026-01-15", "contact": CONNIE.model_dump(), "deputies": [DORA]}
    return account_of(enrollment=enrollment)


def test_the_account_contact_hears_of_a_direct_order_to_a_deputy() -> None:
    account = with_deputy()
    placed = place(account=account, source="direct", by=CLARA)
    assert mails_of(placed, account) == [
        ("order_received", DORA["email"]),
        ("order_received", CLARA.email),
        ("order_received", CONNIE.email),
        ("new_order", DESK),
    ]
    waiting = offered(claimed(placed.order))
    for change, kind in (
        (waiting.approve("Dora", LATER), "approved"),
        (waiting.cancel("Dora", None, LATER), "canceled"),
        (waiting.decline(CLARA, "sold out", LATER), "canceled"),
    ):
        assert (kind, CONNIE.email) in mails_of(change, account)


def test_the_contact_of_a_direct_order_is_told_once() -> None:
    placed = place(source="direct", by=CLARA)
    assert [address for _, address in mails_of(placed)] == [CONNIE.email, CLARA.email, DESK]


def test_the_buyer_hears_of_an_online_order_and_the_account_contact_does_not() -> None:
    account = with_deputy()
    placed = place(account=account)
    approved = offered(claimed(placed.order)).approve("Dora", LATER)
    assert CONNIE.email not in {address for change in (placed, approved) for _, address in mails_of(change, account)}
    assert ("approved", ANNA.email) in mails_of(approved, account)


def test_a_resend_tells_the_replaced_and_the_account_contact() -> None:
    first = offered().resend(CLARA, CARLA, LATER)
    assert mails_of(first) == [("contact_replaced", CONNIE.email)]
    cleo = Contact(name="Cleo", email="cleo@elsewhere.example")
    second = mailed(first.order).resend(CLARA, cleo, LATER)
    assert mails_of(second) == [("contact_replaced", CARLA.email), ("contact_replaced", CONNIE.email)]
    back = mailed(second.order).resend(CLARA, CONNIE, LATER)
    assert mails_of(back) == [("contact_replaced", cleo.email)]


def test_nobody_is_written_to_whose_token_has_no_address() -> None:
    change = place(by=User(user_id="u-1", email="")).order.comment(STAFF, "Soon.", LATER)
    assert (
        address_of(Notification(MailKind.COMMENT, Role.PLACED_BY), change.order, account_of(), change.entries[0], DESK)
        is None
    )


def test_a_resend_to_the_same_mailbox_or_from_one_who_was_erased_tells_nobody() -> None:
    renamed = offered().resend(CLARA, Contact(name="Connie Contact", email="Connie@Acme.example"), LATER)
    assert mails_of(renamed) == []
    (entry,) = offered().resend(CLARA, CARLA, LATER).entries
    erased = erase_from_entry(entry, Person.from_email(CONNIE.email), own=False)
    assert address_of(TO_FORMER, offered(), account_of(), erased, DESK) is None


def test_who_is_the_contact_again_is_not_told_to_have_been_replaced() -> None:
    order = offered()
    (entry,) = order.resend(CLARA, CARLA, LATER).entries
    assert entry.data["former_recipient"] == CONNIE.email
    assert address_of(TO_FORMER, order, account_of(), entry, DESK) is None
    renamed = order.model_copy(update={"contact": CONSTANCE})
    assert address_of(TO_FORMER, renamed, account_of(), entry, DESK) is None
    replaced = order.model_copy(update={"contact": CARLA})
    assert address_of(TO_FORMER, replaced, account_of(), entry, DESK) == CONNIE.email


def test_to_a_contact_that_was_removed_nothing_is_sent_any_more() -> None:
    nobody = account_of(enrollment=None)
    parted = offered().sync_contact(None, CLARA.email, LATER).order
    for change in (
        order_schedule.tick(parted, Policy(), NOW + 60 * DAY),
        parted.decline(CLARA, "sold out", LATER),
        parted.resend(CLARA, CARLA, LATER),
        place().order.sync_contact(None, None, NOW).order.withdraw(ANNA, None, LATER),
    ):
        assert CONNIE.email not in {address for _, address in mails_of(change, nobody)}


def test_customer_success_is_asked_for_a_contact_while_there_is_none() -> None:
    change = offered().sync_contact(None, CLARA.email, LATER)
    (due,) = due_of(change.entries[0])
    assert is_still_due(due, change.order, change.entries[0], LATER)
    for later in (
        change.order.sync_contact(CONNIE, CLARA.email, LATER),
        change.order.decline(CLARA, "sold out", LATER),
        change.order.resend(CLARA, CARLA, LATER),
    ):
        assert not is_still_due(due, later.order, change.entries[0], LATER)


def test_the_desk_is_asked_for_a_discount_while_that_very_one_waits() -> None:
    change, _ = MAILS["discount asked for"]
    (entry,) = change.entries
    (due,) = due_of(entry)
    assert is_still_due(due, change.order, entry, LATER)
    for later in (
        proposals.refuse(change.order, "Too much", CLARA, LATER).order,
        change.order.decline(CLARA, "sold out", LATER).order,
        sending(change.order, LATER),
        proposed(change.order, LATER + DAY),
    ):
        assert not is_still_due(due, later, entry, LATER)


def test_an_asker_who_was_erased_or_has_no_mailbox_is_not_written_to() -> None:
    service = User(user_id="crm", email="", name="CRM")
    for order in (proposed(by=service), proposed(by=ERASED_USER)):
        assert mails_of(proposals.refuse(order, "Too much", CLARA, LATER)) == []


# Reminders that have waited in the queue.


REMINDED = order_schedule.tick(offered(), Policy(), NOW + 3 * DAY)
REMINDER = Notification(MailKind.REMINDER, Role.CONTACT)


def _due(order: Order, entry: Entry = REMINDED.entries[0], at: datetime = NOW + 3 * DAY) -> bool:
    return is_still_due(REMINDER, order, entry, at)


def test_a_reminder_of_a_quote_on_offer_is_due() -> None:
    assert _due(REMINDED.order)


@pytest.mark.parametrize(
    "order",
    [
        REMINDED.order.approve("Connie", NOW + 3 * DAY).order,
        REMINDED.order.cancel("Connie", None, NOW + 3 * DAY).order,
        REMINDED.order.request_change("Connie", "less", NOW + 3 * DAY).order,
        REMINDED.order.decline(CLARA, "sold out", NOW + 3 * DAY).order,
        order_schedule.tick(REMINDED.order, Policy(), NOW + 60 * DAY).order,
        sending(REMINDED.order, NOW + 3 * DAY),
        offered(REMINDED.order, NOW + 3 * DAY),
    ],
    ids=["approved", "canceled", "change requested", "declined", "expired", "quoted anew", "offered anew"],
)
def test_a_reminder_that_was_overtaken_is_not_sent(order: Order) -> None:
    assert not _due(order)


def test_the_mail_of_a_placed_order_goes_even_when_a_quote_was_faster() -> None:
    (entry,) = place().entries
    (announcement,) = (due for due in due_of(entry) if due.role == "contact")
    assert announcement.kind == "order_received"
    assert is_still_due(announcement, offered(), entry, LATER)
    assert not is_still_due(announcement, offered().decline(CLARA, "sold out", LATER).order, entry, LATER)


@pytest.mark.parametrize(
    ("before", "due"),
    [(place().order, True), (claimed(), True), (sending(), True), (offered(), False)],
    ids=["submitted", "in process", "sending", "offered"],
)
def test_a_new_contact_gets_the_link_of_the_order_while_it_has_a_use(before: Order, due: bool) -> None:
    change = before.sync_contact(CARLA, CLARA.email, LATER)
    (entry,) = change.entries
    (announcement,) = due_of(entry)
    assert is_still_due(announcement, change.order, entry, LATER) is due
    assert not is_still_due(announcement, change.order.decline(CLARA, "sold out", LATER).order, entry, LATER)


def test_a_new_contact_gets_the_link_to_an_expired_quote_until_replaced() -> None:
    at = NOW + 60 * DAY
    before = expired()
    change = before.sync_contact(CARLA, CLARA.email, at)
    (entry,) = change.entries
    (due,) = due_of(entry)
    assert due == Notification(MailKind.EXPIRED, Role.CONTACT)
    assert is_still_due(due, change.order, entry, at)
    assert not is_still_due(due, change.order.ask_for_fresh_quote(at).order, entry, at)
    assert not is_still_due(due, change.order.decline(CLARA, "No", at).order, entry, at)
    assert not is_still_due(due, change.order.offer(quote_for(change.order), CLARA, at).order, entry, at)


ASKING = {
    "reminded",
    "contact changed",
    "contact removed",
    "contact changed after the quote has expired",
    "fresh mail of an expired quote",
    "assigned",
    "to follow up on",
    "discount asked for",
}
"""Their mails are due only while what they ask for can be done."""
TELLING = [name for name, (_, mails) in MAILS.items() if mails and name not in ASKING]


@pytest.mark.parametrize("what", TELLING)
def test_every_other_mail_tells_what_did_happen_and_stays_due(what: str) -> None:
    change, _ = MAILS[what]
    closed = change.order.decline(CLARA, "sold out", LATER).order if change.order.is_open else change.order
    for entry in change.entries:
        for due in due_of(entry):
            is_asking = due.role == "contact" and due.kind in {"order_received", "expired"}
            assert is_still_due(due, closed, entry, LATER) is (not is_asking)


def test_a_reminder_that_waited_past_the_last_day_of_the_quote_is_not_sent() -> None:
    last_day = datetime(2027, 1, 1, 23, tzinfo=UTC)
    assert _due(REMINDED.order, at=last_day)
    assert not _due(REMINDED.order, at=last_day + DAY)


@pytest.mark.parametrize("what", ["bounced", "expired", "fresh quote asked"])
def test_a_mail_of_a_revision_is_not_sent_once_its_words_would_be_of_the_next(what: str) -> None:
    change, _ = MAILS[what]
    entry = change.entries[-1]
    after = sending(change.order, LATER)
    for due in due_of(entry):
        assert is_still_due(due, change.order, entry, LATER)
        assert not is_still_due(due, after, entry, LATER)


def test_customer_success_is_not_told_of_a_bounce_that_a_delivery_has_overtaken() -> None:
    bounced = order_delivery.quote_bounced(offered(), 1, KEY_ID, "full", NOW, MailEvent.SOFT_BOUNCE)
    (entry,) = bounced.entries
    (due,) = due_of(entry)
    assert is_still_due(due, bounced.order, entry, LATER)
    assert not is_still_due(due, order_delivery.quote_delivered(bounced.order, 1, KEY_ID, LATER).order, entry, LATER)


@pytest.mark.parametrize("data", [{}, {"purpose": None}, {"purpose": "quote"}], ids=["none", "null", "quote"])
def test_the_quotes_own_mail_is_the_workflows(data: dict[str, Any]) -> None:
    assert notifications(Event.FRESH_MAIL_ASKED, data, by=SYSTEM, internal=False, source="online") == ()


@pytest.mark.parametrize(
    ("event", "data", "by", "source", "due"),
    [
        (Event.COMMENTED, {}, SYSTEM, "online", ()),
        (Event.QUOTE_RESENT, {}, STAFF, "online", ()),
        (Event.QUOTE_RESENT, {"contact_changed": False}, STAFF, "direct", ()),
        (Event.CLAIMED, {}, STAFF, "direct", ()),
        (Event.REMINDED, {}, SYSTEM, "direct", (Notification(MailKind.REMINDER, Role.CONTACT),)),
    ],
)
def test_an_entry_calls_for_no_more_mails_than_its_own(
    event: Event, data: dict[str, Any], by: Actor, source: Literal["online", "direct"], due: tuple[Notification, ...]
) -> None:
    assert notifications(event, data, by=by, internal=False, source=source) == due
