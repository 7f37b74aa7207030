"""What an order knows of its own: whom it asks while its account changes, its words, its size, its comments."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from online_orders import orders
from online_orders.accounts import Account, Contact
from online_orders.erasing import NOBODY
from online_orders.errors import Conflict, TooLarge, TooManyRequests
from online_orders.orders import Change, CommentsOfHour, Order, Status
from online_orders.timeline import SYSTEM, Actor, Event
from tests.domain.builders import (
    ANNA,
    CARLA,
    CLARA,
    CONNIE,
    CONRAD,
    DAY,
    HOLD,
    HOUR,
    LATER,
    NOW,
    ORDER_ID,
    TERMS,
    Json,
    account_of,
    assert_well_kept,
    claimed,
    held,
    item_of,
    offered,
    place,
    quote_body,
    sending,
    standing,
    without_snapshot,
)

DORA: Json = {"name": "Dora", "email": "dora@acme.example", "from": "2026-12-01", "until": "2026-12-10"}
SHOUTED = Contact(name="Connie Contact", email=CONNIE.email.upper())
BY_ANNA = Actor(kind="customer", name=ANNA.email)


def account_with(contact: Contact | None, *deputies: Json) -> Account:
    enrollment = account_of().model_dump(mode="json")["enrollment"]
    return account_of(enrollment={**enrollment, "contact": contact and contact.model_dump(), "deputies": deputies})


def asking(contact: Contact) -> Order:
    return place().order.model_copy(update={"contact": contact})


PARTED = place().order.follow_contact(None, CLARA.email, NOW).order
OWN = offered().resend(CLARA, CARLA, NOW).order
OUTLIVES = {
    "the same": (asking(CONNIE), account_with(CONNIE), False),
    "the same in other letters": (asking(SHOUTED), account_with(CONNIE), False),
    "another": (asking(CONNIE), account_with(CARLA), True),
    "a deputy of other days": (asking(Contact(name="D", email=DORA["email"])), account_with(CONNIE, DORA), False),
    "a deputy of nobody": (asking(Contact(name="D", email=DORA["email"])), account_with(None, DORA), True),
    "nobody": (asking(CONNIE), account_with(None), True),
    "no enrollment": (asking(CONNIE), account_of(enrollment=None), True),
    "nobody, and followed": (PARTED, account_with(None), False),
    "no enrollment, and followed": (PARTED, account_of(enrollment=None), False),
    "a contact of its own": (OWN, account_with(CONNIE), False),
    "a contact of its own, and nobody": (OWN, account_with(None), False),
    "closed": (standing("completed"), account_with(CARLA), False),
}


@pytest.mark.parametrize("what", OUTLIVES)
def test_an_order_outlives_its_contact_until_it_has_followed_its_account(what: str) -> None:
    order, account, outlives = OUTLIVES[what]
    assert order.outlives_contact(account) is outlives


@pytest.mark.parametrize("by", [CONRAD.email, None], ids=["by staff", "by time"])
@pytest.mark.parametrize("status", ["submitted", "in_process", "pending_confirmation"])
def test_a_contact_who_is_only_written_otherwise_keeps_the_links(status: str, by: str | None) -> None:
    before = standing(status)
    change = before.follow_contact(SHOUTED, by, LATER)
    assert_well_kept(before, change)
    (entry,) = change.entries
    actor = Actor(kind="customer_success", name=by) if by else SYSTEM
    assert (entry.event, entry.at, entry.actor, entry.data) == (Event.CONTACT_CORRECTED, LATER, actor, {})
    assert entry.internal
    sequence = before.marks.sequence + 1
    assert change.order.marks == before.marks.model_copy(update={"sequence": sequence})
    assert (change.order.contact, change.order.version) == (SHOUTED, before.version)


def test_a_revision_has_the_number_after_the_last_and_what_its_order_and_account_say() -> None:
    order = claimed()
    first = order.next_revision(quote_body(), "EUR", TERMS, NOW)
    assert (first.revision, first.currency, first.terms) == (1, "EUR", TERMS)
    assert first.sha256 == first.content_hash("acme", ORDER_ID)
    second = sending(order).next_revision(quote_body(), "USD", "Others.", NOW)
    assert (second.revision, second.currency, second.terms) == (2, "USD", "Others.")


@pytest.mark.parametrize("hour", [0, 1, 25])
def test_an_hour_of_the_clock_takes_so_many_comments_and_the_next_as_many_again(hour: int) -> None:
    at = NOW.replace(minute=59, second=58, microsecond=500_000) + hour * HOUR
    begins = at.replace(minute=0, second=0, microsecond=0)
    order = place().order.comment(BY_ANNA, "Earlier.", NOW - HOUR, most_an_hour=2).order
    for count in (1, 2):
        order = order.comment(BY_ANNA, "Now.", at, most_an_hour=2).order
        assert order.marks.comments == CommentsOfHour(hour=begins, count=count)
    with pytest.raises(TooManyRequests) as refusal:
        order.comment(BY_ANNA, "Too much.", at, most_an_hour=2)
    assert (refusal.value.seconds, refusal.value.detail) == (2, "The order has its comments of this hour.")
    with pytest.raises(TooManyRequests) as refusal:
        order.comment(BY_ANNA, "Too much.", begins, most_an_hour=2)
    assert refusal.value.seconds == 3_600
    after = order.comment(BY_ANNA, "Next.", begins + HOUR, most_an_hour=2).order
    assert after.marks.comments == CommentsOfHour(hour=begins + HOUR, count=1)


def test_comments_that_nobody_limits_are_not_counted() -> None:
    order = place().order
    for _ in range(3):
        order = order.comment(Actor(kind="customer_success", name=CLARA.email), "Ours.", NOW).order
    assert order.marks.comments is None


@pytest.mark.parametrize("purpose", ["order", "quote"])
def test_a_locked_link_is_told_to_customer_success_and_makes_no_version(purpose: str) -> None:
    before = offered()
    change = before.link_locked("order" if purpose == "order" else "quote", LATER)
    (entry,) = change.entries
    assert (entry.event, entry.data, entry.internal, entry.actor) == (
        Event.LINK_LOCKED,
        {"purpose": purpose},
        True,
        SYSTEM,
    )
    assert (change.order.version, change.order.updated_at) == (before.version, before.updated_at)


def test_the_steps_of_a_change_are_its_entries_each_with_the_order_that_it_left() -> None:
    before = claimed()
    assert Change(before, ()).steps == ()
    change = before.comment(BY_ANNA, "One.", NOW).then(lambda order: order.release(CLARA, NOW))
    assert [(order.marks.sequence, entry.event) for order, entry in change.steps] == [
        (before.marks.sequence + 1, Event.COMMENTED),
        (before.marks.sequence + 2, Event.RELEASED),
    ]
    assert change.steps[-1][0] == change.order
    assert change.order.status is Status.IN_PROCESS
    with pytest.raises(ValueError, match="zip"):
        _ = change._replace(between=()).steps


def test_only_a_day_of_fresh_mails_is_remembered() -> None:
    order, day = offered(), timedelta(days=1)
    order = order.ask_for_fresh_mail("quote", NOW).order
    order = order.ask_for_fresh_mail("quote", NOW + HOUR).order
    assert order.marks.fresh_mails_at == (NOW, NOW + HOUR)
    order = order.ask_for_fresh_mail("quote", NOW + day).order
    assert order.marks.fresh_mails_at == (NOW + HOUR, NOW + day)


@pytest.mark.parametrize(
    ("before", "at", "detail"),
    [
        (
            offered().follow_contact(None, CLARA.email, NOW).order,
            LATER,
            "The contact person was removed; name another.",
        ),
        (offered().erased({"contact": NOBODY}, NOW).order, LATER, "The contact person was erased; name another."),
        (offered(), NOW + 60 * DAY, "The quote's last day is over; quote anew."),
    ],
    ids=["removed", "erased", "past"],
)
def test_a_quote_that_nobody_can_be_sent_says_why_and_where_the_order_stands(
    before: Order, at: datetime, detail: str
) -> None:
    with pytest.raises(Conflict) as refusal:
        before.resend(CLARA, None, at)
    assert (refusal.value.detail, refusal.value.order_status) == (detail, "pending_confirmation")


@pytest.mark.parametrize(("changes", "own"), [({"note": None}, True), ({"contact": NOBODY}, False)])
def test_a_contact_of_its_own_stays_unless_that_person_is_erased(changes: dict[str, object], own: bool) -> None:
    assert OWN.marks.has_own_contact
    change = OWN.erased(changes, LATER)
    assert change.order.marks.has_own_contact is own
    assert (change.order.version, change.entries[0].internal) == (OWN.version, True)


def test_an_order_as_large_as_the_table_takes_is_offered_and_one_byte_more_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = claimed()
    size = len(sending(before).model_dump_json().encode())
    monkeypatch.setattr(orders, "LARGEST_STORED", size)
    assert sending(before).quote
    monkeypatch.setattr(orders, "LARGEST_STORED", size - 1)
    with pytest.raises(TooLarge):
        sending(before)


def test_an_order_has_the_words_of_its_day_and_none_of_languages_or_keys_that_it_lacks() -> None:
    order = place(item_of("sdp_users")).order
    assert order.snapshot
    (key,) = (key for key in order.snapshot.words["de"] if key.startswith("region."))
    assert order.word("de", key) == order.snapshot.words["de"][key] != order.word("en", key)
    assert order.word("fr", key) is None
    assert order.word("de", "region.nowhere") is None
    assert without_snapshot(order).word("de", key) is None


def test_a_held_quote_cannot_be_undone_once_its_contact_is_gone() -> None:
    """No mail of it is to go, so nothing is held."""
    assert held().undo_until == NOW + HOLD
    assert held().follow_contact(None, CLARA.email, NOW).order.undo_until is None
