"""What an order knows of its own: whom it asks while its account changes, its words, its size, its comments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from online_orders.domain import order_delivery, order_schedule, orders
from online_orders.domain.accounts import Account, Contact, EnrollmentState
from online_orders.domain.catalog import Item
from online_orders.domain.duplicates import Duplicate
from online_orders.domain.erasure import ERASED_CONTACT
from online_orders.domain.errors import Conflict, TooLarge, TooManyRequests
from online_orders.domain.mail_delivery import MailEvent, MailStatus, mail_status
from online_orders.domain.order_parts import HourlyComments
from online_orders.domain.order_schedule import Policy
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change, Order
from online_orders.domain.quote_parts import TermsVersion
from online_orders.domain.quote_requests import QuoteFrame
from online_orders.domain.quotes import QuoteState
from online_orders.domain.timeline import SYSTEM, Actor, Event
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
    ORDER_ID,
    TERMS,
    Json,
    account_of,
    assert_well_kept,
    claimed,
    expired,
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


PARTED = place().order.sync_contact(None, CLARA.email, NOW).order
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
    assert order.has_stale_contact(account) is outlives


@pytest.mark.parametrize("by", [CONRAD.email, None], ids=["by staff", "by time"])
@pytest.mark.parametrize("status", ["submitted", "in_process", "pending_confirmation"])
def test_a_contact_who_is_only_written_otherwise_keeps_the_links(status: str, by: str | None) -> None:
    before = standing(status)
    change = before.sync_contact(SHOUTED, by, LATER)
    assert_well_kept(before, change)
    (entry,) = change.entries
    actor = Actor(kind="customer_success", name=by) if by else SYSTEM
    assert (entry.event, entry.at, entry.actor, entry.data) == (Event.CONTACT_CORRECTED, LATER, actor, {})
    assert entry.internal
    kept = {"sequence": before.internals.sequence + 1, "last_entry_at": LATER}
    assert change.order.internals == before.internals.model_copy(update=kept)
    assert (change.order.contact, change.order.version) == (SHOUTED, before.version)


def test_a_revision_takes_the_next_number_and_its_orders_data() -> None:
    order = claimed()
    first = order.next_revision(quote_body(), "EUR", TERMS, NOW)
    assert (first.revision, first.currency, first.terms) == (1, "EUR", TERMS)
    assert first.sha256 == first.content_hash("acme", ORDER_ID)
    second = sending(order).next_revision(quote_body(), "USD", "Others.", NOW)
    assert (second.revision, second.currency, second.terms) == (2, "USD", "Others.")


def test_a_revision_with_the_terms_of_the_one_before_has_their_version_too() -> None:
    old, new = (TermsVersion(locale="en", version=version) for version in (1, 2))
    first = claimed().next_revision(quote_body(), "EUR", "Old.", NOW, QuoteFrame(terms_version=old))
    order = claimed().offer(first, CLARA, NOW).order

    def version_of(current: str, frame: QuoteFrame | None, **body: str) -> TermsVersion | None:
        return order.next_revision(quote_body(**body), "EUR", current, NOW, frame).terms_version

    renewed = QuoteFrame(terms_version=new)
    assert version_of("New.", renewed) == version_of("New.", renewed, terms="New.") == new
    assert version_of("New.", renewed, terms="Old.") == old
    assert version_of("New.", None, terms="Old.") == old, "the new ones are the product's"
    assert version_of("New.", renewed, terms="Others.") is None
    assert version_of("Old.", QuoteFrame(terms_version=new), terms="Old.") == new, "they hold again"
    own = claimed().next_revision(quote_body(terms="Own."), "EUR", "Old.", NOW, QuoteFrame(terms_version=old))
    again = claimed().offer(own, CLARA, NOW).order.next_revision(quote_body(terms="Own."), "EUR", "Old.", NOW)
    assert again.terms_version is None


@pytest.mark.parametrize("hour", [0, 1, 25])
def test_an_hour_of_the_clock_takes_so_many_comments_and_the_next_as_many_again(hour: int) -> None:
    at = NOW.replace(minute=59, second=58, microsecond=500_000) + hour * HOUR
    begins = at.replace(minute=0, second=0, microsecond=0)
    order = place().order.comment(BY_ANNA, "Earlier.", NOW - HOUR, max_per_hour=2).order
    for count in (1, 2):
        order = order.comment(BY_ANNA, "Now.", at, max_per_hour=2).order
        assert order.internals.comments == HourlyComments(hour=begins, count=count)
    with pytest.raises(TooManyRequests) as refusal:
        order.comment(BY_ANNA, "Too much.", at, max_per_hour=2)
    assert (refusal.value.seconds, refusal.value.detail) == (2, "The order has its comments of this hour.")
    with pytest.raises(TooManyRequests) as refusal:
        order.comment(BY_ANNA, "Too much.", begins, max_per_hour=2)
    assert refusal.value.seconds == 3_600
    after = order.comment(BY_ANNA, "Next.", begins + HOUR, max_per_hour=2).order
    assert after.internals.comments == HourlyComments(hour=begins + HOUR, count=1)


def test_comments_that_nobody_limits_are_not_counted() -> None:
    order = place().order
    for _ in range(3):
        order = order.comment(Actor(kind="customer_success", name=CLARA.email), "Ours.", NOW).order
    assert order.internals.comments is None


@pytest.mark.parametrize("purpose", ["order", "quote"])
def test_a_locked_link_is_told_to_customer_success_and_makes_no_version(purpose: str) -> None:
    before = offered()
    change = before.link_locked("order" if purpose == "order" else "quote", LATER)
    (entry,) = change.entries
    assert (entry.event, entry.data, entry.internal, entry.actor) == (
        Event.LINK_LOCKED,
        {"purpose": purpose, "recipient": CONNIE.email, "recipient_name": CONNIE.name},
        True,
        SYSTEM,
    )
    assert (change.order.version, change.order.updated_at) == (before.version, before.updated_at)


def test_the_steps_of_a_change_are_its_entries_each_with_the_order_that_it_left() -> None:
    before = claimed()
    assert Change(before, ()).steps == ()
    change = before.comment(BY_ANNA, "One.", NOW).then(lambda order: order.release(CLARA, NOW))
    assert [(order.internals.sequence, entry.event) for order, entry in change.steps] == [
        (before.internals.sequence + 1, Event.COMMENTED),
        (before.internals.sequence + 2, Event.RELEASED),
    ]
    assert change.steps[-1][0] == change.order
    assert change.order.status is Status.IN_PROCESS
    with pytest.raises(ValueError, match="zip"):
        _ = change._replace(between=()).steps


@pytest.mark.parametrize("newest", ["a comment", "a claim", "placing"])
def test_an_entry_of_a_host_whose_clock_is_behind_is_not_earlier_than_the_one_before(newest: str) -> None:
    order, at = standing("submitted"), LATER
    if newest == "a comment":
        order = order.comment(BY_ANNA, "Hello?", at).order
    elif newest == "a claim":
        order = order.claim(CLARA, at).order
    else:
        at = order.placed_at
    for late in (at - timedelta(microseconds=1), at - 3 * DAY):
        claim = order.claim(CONRAD, late)
        assert_well_kept(order, claim)
        decline = claim.order.decline(CLARA, "Sold out.", late)
        assert_well_kept(claim.order, decline)
        assert [entry.at for entry in (*claim.entries, *decline.entries)] == [at, at]
        assert (decline.order.updated_at, decline.order.internals.since[Status.CANCELED]) == (at, at)
    assert order.claim(CONRAD, at + DAY).entries[0].at == at + DAY


def test_only_a_day_of_fresh_mails_is_remembered() -> None:
    order, day = offered(), timedelta(days=1)
    order = order.ask_for_fresh_mail("quote", NOW).order
    order = order.ask_for_fresh_mail("quote", NOW + HOUR).order
    assert order.internals.fresh_mails_at == (NOW, NOW + HOUR)
    order = order.ask_for_fresh_mail("quote", NOW + day).order
    assert order.internals.fresh_mails_at == (NOW + HOUR, NOW + day)


@pytest.mark.parametrize(
    ("before", "at", "detail"),
    [
        (
            offered().sync_contact(None, CLARA.email, NOW).order,
            LATER,
            "The contact person was removed; name another.",
        ),
        (
            offered().erased({"contact": ERASED_CONTACT}, NOW).order,
            LATER,
            "The contact person was erased; name another.",
        ),
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


@pytest.mark.parametrize(("changes", "own"), [({"note": None}, True), ({"contact": ERASED_CONTACT}, False)])
def test_a_contact_of_its_own_stays_unless_that_person_is_erased(changes: dict[str, object], own: bool) -> None:
    assert OWN.internals.has_own_contact
    change = OWN.erased(changes, LATER)
    assert change.order.internals.has_own_contact is own
    assert (change.order.version, change.entries[0].internal) == (OWN.version, True)


def test_an_order_of_the_maximum_size_is_offered_and_a_larger_one_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = claimed()
    size = len(sending(before).model_dump_json().encode())
    monkeypatch.setattr(orders, "MAX_STORED_BYTES", size)
    assert sending(before).quote
    monkeypatch.setattr(orders, "MAX_STORED_BYTES", size - 1)
    with pytest.raises(TooLarge):
        sending(before)


def test_an_order_has_the_labels_of_its_day_and_no_others() -> None:
    order = place(item_of("sdp_users")).order
    assert order.snapshot
    (item,) = order.items
    (key,) = (key for key in order.snapshot.words["de"] if key.startswith("sdp_users.region."))
    german, english = (order.ordered_words(item, language)["region"] for language in ("de", "en"))
    assert german == order.snapshot.words["de"][key] != english
    assert order.ordered_words(item, "fr") == {}
    assert order.ordered_words(Item.model_validate(item_of("sdp_users", region="nowhere")), "de").keys() == {
        "kind",
        "summary",
    }
    assert without_snapshot(order).ordered_words(item, "de") == {}


def test_a_held_quote_cannot_be_undone_once_its_contact_is_gone() -> None:
    """No mail of it is to go, so nothing is held."""
    assert held().undo_until == NOW + HOLD
    assert held().sync_contact(None, CLARA.email, NOW).order.undo_until is None


LEFT = account_with(CARLA).model_copy(update={"locale": "de", "time_zone": "Asia/Tokyo"})
SUSPENDED = LEFT.model_copy(
    update={"enrollment": LEFT.enrollment and LEFT.enrollment.model_copy(update={"state": EnrollmentState.SUSPENDED})}
)


@pytest.mark.parametrize("by", [CONRAD.email, None], ids=["by staff", "by time"])
def test_all_that_an_order_follows_of_its_account_names_who_changed_it(by: str | None) -> None:
    change = place().order.sync_with_account(SUSPENDED, by, LATER)
    actor = Actor(kind="customer_success", name=by) if by else SYSTEM
    assert [(entry.event, entry.actor, entry.at) for entry in change.entries] == [
        (Event.CONTACT_CHANGED, actor, LATER),
        (Event.ENROLLMENT_SUSPENDED, actor, LATER),
        (Event.SETTINGS_CHANGED, actor, LATER),
    ]
    internals = change.order.internals
    assert (internals.locale, internals.time_zone, internals.placed_time_zone) == ("de", "Asia/Tokyo", "UTC")
    assert internals.quote_time_zone is None, "there is no quote whose days it could be of"
    assert change.order.sync_with_account(SUSPENDED, by, LATER) == Change(change.order, ())


REMOVED = offered().sync_contact(None, CLARA.email, NOW).order
NAMED_ANEW = {
    "unquoted": (place().order, None, None),
    "unquoted, after nobody": (PARTED, None, None),
    "sending": (sending(), None, LATER),
    "sending, after nobody": (sending().sync_contact(None, CLARA.email, NOW).order, None, LATER),
    "offered": (offered(), LATER.date(), LATER),
    "offered, after nobody": (REMOVED, LATER.date(), LATER),
}


@pytest.mark.parametrize("what", NAMED_ANEW)
def test_a_new_contacts_quote_mail_replaces_missed_reminders(what: str) -> None:
    before, reminded, due = NAMED_ANEW[what]
    internals = before.sync_contact(CARLA, CLARA.email, LATER).order.internals
    assert (internals.last_reminder_on, internals.quote_mail_due_at) == (reminded, due)


def test_an_approval_says_of_whom_it_was_asked() -> None:
    (entry,) = offered().approve("Somebody", LATER).entries
    assert (entry.event, entry.actor) == (Event.COMPLETED, Actor(kind="contact", name="Somebody"))
    assert entry.data == {"revision": 1, "asked_name": CONNIE.name, "asked_email": CONNIE.email}


@pytest.mark.parametrize(
    ("before", "purpose", "data"),
    [
        (place().order, "order", {"purpose": "order"}),
        (offered(), "quote", {"purpose": "quote"}),
        (expired(), "quote", {"purpose": "quote", "expired_revision": 1}),
    ],
    ids=["order", "quote", "expired quote"],
)
def test_a_fresh_mail_says_what_its_link_is_good_for(before: Order, purpose: str, data: dict[str, object]) -> None:
    at = NOW + 60 * DAY
    is_quote = purpose == "quote"
    change = before.ask_for_fresh_mail("quote" if is_quote else "order", at if "expired_revision" in data else LATER)
    (entry,) = change.entries
    assert (entry.event, entry.data, entry.internal) == (Event.FRESH_MAIL_ASKED, data, True)
    due, links = (
        change.order.internals.quote_mail_due_at,
        (change.order.internals.order_link, change.order.internals.quote_link),
    )
    assert due == (entry.at if is_quote else before.internals.quote_mail_due_at)
    assert links == (before.internals.order_link + (not is_quote), before.internals.quote_link + is_quote)


def test_an_order_returned_with_an_expired_quote_offers_only_canceling() -> None:
    before = order_schedule.expire_unmailed(
        order_schedule.tick(sending(), Policy(), NOW).order, 14, NOW + 60 * DAY
    ).order
    (entry,) = before.ask_for_fresh_mail("order", NOW + 60 * DAY).entries
    assert entry.data == {"purpose": "order"}


def test_a_fresh_mail_of_a_quote_past_its_day_is_refused_until_it_has_expired() -> None:
    with pytest.raises(Conflict) as refusal:
        offered().ask_for_fresh_mail("quote", NOW + 60 * DAY)
    assert refusal.value.order_status == "pending_confirmation"


@pytest.mark.parametrize("order", [held(), sending(), offered()], ids=["held still", "not held", "gone"])
def test_a_mail_that_is_held_still_or_not_at_all_is_not_let_go(order: Order) -> None:
    assert order_delivery.release_mail(order, NOW) == Change(order, ())


UNDELIVERABLE = order_delivery.quote_refused(sending(), 1, "Full.", NOW).order


def test_a_given_up_first_quote_is_offered_when_its_mail_was_sent_after_all() -> None:
    assert UNDELIVERABLE.status is Status.IN_PROCESS
    change = order_delivery.quote_mailed(UNDELIVERABLE, 1, KEY_ID, LATER)
    assert [entry.event for entry in change.entries] == [Event.QUOTED]
    assert (change.order.status, change.order.internals.quote_link_key_id) == (Status.PENDING_CONFIRMATION, KEY_ID)
    bounced = order_delivery.quote_bounced(offered(), 1, KEY_ID, "Full.", NOW).order
    assert order_delivery.quote_mailed(bounced, 1, KEY_ID, LATER) == Change(bounced, ()), (
        "a later one was offered before"
    )
    with pytest.raises(Conflict):
        claimed().resend(CLARA, None, LATER)


SAID = NOW + timedelta(minutes=5)
PAST = NOW + 60 * DAY
RESENT = order_delivery.quote_bounced(offered(), 1, KEY_ID, "Full.", NOW).order.resend(CLARA, None, NOW).order


def about(**more: object) -> Json:
    return {"revision": 1, **more}


def to_connie(delivery: str, **more: object) -> Json:
    """What is told of a mail to her; with her name where Customer Success is written to about it."""
    named = {"recipient_name": CONNIE.name} if "reason" in more else {}
    return about(delivery=delivery, recipient=CONNIE.email, **named, **more)


def heard(link: int, word: MailEvent, said_at: datetime | None = None) -> MailStatus:
    return mail_status(link, word, LATER, said_at)


Told = tuple[Order, Callable[[Order], Change], Event, Json, bool, str, Json]
TOLD: dict[str, Told] = {
    "let go": (
        held(),
        lambda order: order_delivery.release_mail(order, NOW + HOLD),
        Event.QUOTE_MAILING,
        about(),
        True,
        "sending",
        {"quote_held_until": None},
    ),
    "mailed": (
        sending(),
        lambda order: order_delivery.quote_mailed(order, 1, KEY_ID, LATER),
        Event.QUOTED,
        about(),
        False,
        "offered",
        {"quote_link_mailed": 1, "quote_link_key_id": KEY_ID, "quote_mail": heard(1, MailEvent.SENT)},
    ),
    "mailed again": (
        RESENT,
        lambda order: order_delivery.quote_mailed(order, 2, "key-2", LATER),
        Event.QUOTE_MAILED,
        about(),
        True,
        "offered",
        {"quote_link_mailed": 2, "quote_link_key_id": "key-2", "quote_mail": heard(2, MailEvent.SENT)},
    ),
    "refused": (
        sending(),
        lambda order: order_delivery.quote_refused(order, 1, "Full.", LATER),
        Event.UNDELIVERABLE,
        to_connie("rejected", reason="Full."),
        False,
        "undeliverable",
        {"quote_link_mailed": 1, "quote_mail": heard(1, MailEvent.REFUSED)},
    ),
    "bounced": (
        offered(),
        lambda order: order_delivery.quote_bounced(order, 1, KEY_ID, "Full.", LATER, said_at=SAID),
        Event.UNDELIVERABLE,
        to_connie("bounced", reason="Full."),
        False,
        "undeliverable",
        {"bounced_link": 1, "quote_mail": heard(1, MailEvent.HARD_BOUNCE, SAID)},
    ),
    "delivered": (
        offered(),
        lambda order: order_delivery.quote_delivered(order, 1, KEY_ID, LATER, SAID),
        Event.DELIVERED,
        to_connie("delivered"),
        False,
        "offered",
        {"delivered_link": 1, "quote_mail": heard(1, MailEvent.DELIVERED, SAID)},
    ),
    "complained": (
        offered(),
        lambda order: order_delivery.quote_complained(order, 1, LATER, SAID),
        Event.COMPLAINED,
        to_connie("complained"),
        True,
        "offered",
        {"complained_link": 1, "quote_mail": heard(1, MailEvent.COMPLAINED, SAID)},
    ),
    "complained, and so arrived": (
        order_delivery.quote_bounced(offered(), 1, KEY_ID, "Full.", NOW, MailEvent.SOFT_BOUNCE).order,
        lambda order: order_delivery.quote_complained(order, 1, LATER, LATER),
        Event.COMPLAINED,
        to_connie("complained"),
        True,
        "offered",
        {"complained_link": 1, "quote_mail": heard(1, MailEvent.COMPLAINED, LATER)},
    ),
    "reminded": (
        offered(),
        lambda order: order_schedule.tick(order, Policy(), NOW + 3 * DAY),
        Event.REMINDED,
        about(),
        False,
        "offered",
        {"last_reminder_on": (NOW + 3 * DAY).date()},
    ),
    "expired": (
        offered(),
        lambda order: order_schedule.tick(order, Policy(), PAST),
        Event.EXPIRED,
        about(open_until="2027-01-15"),
        False,
        "expired",
        {},
    ),
    "expired unsent": (
        held(),
        lambda order: order_schedule.expire_unmailed(order, 14, PAST),
        Event.EXPIRED,
        about(reason="The quote's last day was over before its mail could go.", code="not_mailed_in_time"),
        False,
        "expired",
        {"quote_held_until": None},
    ),
    "expired while nobody could be asked": (
        sending().sync_contact(None, CLARA.email, NOW).order,
        lambda order: order_schedule.tick(order, Policy(), PAST),
        Event.EXPIRED,
        about(reason="The quote's last day was over before its mail could go.", code="not_mailed_in_time"),
        False,
        "expired",
        {},
    ),
}


@pytest.mark.parametrize("what", TOLD)
def test_system_entries_have_the_expected_events_and_data(what: str) -> None:
    before, act, event, data, internal, state, marked = TOLD[what]
    change = act(before)
    assert_well_kept(before, change)
    (entry,) = change.entries
    assert (entry.event, entry.data, entry.internal, entry.actor) == (event, data, internal, SYSTEM)
    assert change.order.quote
    assert change.order.quote.state.value == state
    old, new = vars(before.internals), vars(change.order.internals)
    by_every_entry = {"sequence", "last_entry_at", "since"}
    changed = {name: value for name, value in new.items() if value != old[name] and name not in by_every_entry}
    assert changed == marked
    assert event not in [entry.event for entry in act(change.order).entries], "once"


def test_news_of_a_mail_that_nobody_noted_say_with_which_key_its_link_was_made() -> None:
    for change in (
        order_delivery.quote_bounced(sending(), 1, "key-2", "Full.", LATER),
        order_delivery.quote_delivered(sending(), 1, "key-2", LATER),
    ):
        assert change.entries[0].event is Event.QUOTED
        assert change.order.internals.quote_link_key_id == "key-2"


def test_a_delivery_that_comes_after_a_complaint_is_told_once() -> None:
    order = order_delivery.quote_complained(offered(), 1, NOW).order
    change = order_delivery.quote_delivered(order, 1, KEY_ID, LATER)
    assert [entry.event for entry in change.entries] == [Event.DELIVERED]
    assert change.order.internals.quote_mail == order.internals.quote_mail, "it arrived, and is a complaint still"
    assert order_delivery.quote_delivered(change.order, 1, KEY_ID, LATER) == Change(change.order, ())


def test_nothing_expires_early_and_unoffered_quotes_get_no_reminder() -> None:
    for order in (sending(), held(), claimed(), offered()):
        assert order_schedule.expire_unmailed(order, 14, NOW) == Change(order, ())
    given_up = order_delivery.quote_refused(sending(), 1, "Full.", NOW).order
    assert given_up.quote
    unoffered = offered().model_copy(update={"quote": given_up.quote.model_copy(update={"state": QuoteState.OFFERED})})
    assert order_schedule.tick(unoffered, Policy(), NOW + 3 * DAY) == Change(unoffered, ())


def test_news_of_a_revision_that_is_over_leave_it_as_it_is() -> None:
    before = expired()
    for change in (
        order_delivery.quote_delivered(before, 1, KEY_ID, PAST),
        order_delivery.quote_complained(before, 1, PAST, PAST),
    ):
        assert len(change.entries) == 1
        assert change.order.quote == before.quote


def test_a_complaint_of_a_mail_that_was_not_noted_yet_is_flagged_all_the_same() -> None:
    change = order_delivery.quote_complained(sending(), 1, LATER)
    assert [entry.event for entry in change.entries] == [Event.COMPLAINED]
    assert change.order.internals.quote_mail == heard(1, MailEvent.COMPLAINED)


def test_that_a_mail_was_sent_says_less_than_what_is_known_of_it() -> None:
    assert UNDELIVERABLE.internals.quote_mail
    after = order_delivery.quote_mailed(UNDELIVERABLE, 1, KEY_ID, LATER).order
    assert after.internals.quote_mail == max(
        (UNDELIVERABLE.internals.quote_mail, heard(1, MailEvent.SENT)), key=lambda news: news.rank
    )


def test_an_order_of_a_deputys_day_is_the_deputys() -> None:
    days = {**DORA, "from": NOW.date().isoformat(), "until": NOW.date().isoformat()}
    assert place(account=account_with(CONNIE, days)).order.contact == Contact(name="Dora", email=DORA["email"])
    assert place(account=account_with(CONNIE, days), at=NOW + DAY).order.contact == CONNIE


def test_an_order_has_the_account_name_of_its_day_where_that_was_kept() -> None:
    order = place().order
    assert order.account_name("Acme Group") == "Acme Ltd"
    assert without_snapshot(order).account_name("Acme Group") == "Acme Group"
    assert order.snapshot
    nameless = order.model_copy(update={"snapshot": order.snapshot.model_copy(update={"account_name": None})})
    assert nameless.account_name("Acme Group") == "Acme Group"


@pytest.mark.parametrize("status", Status)
def test_of_an_earlier_day_an_order_has_the_status_and_the_revision(status: Status) -> None:
    order, earlier = standing("canceled"), offered().quote
    then = order.with_earlier_state(status, earlier)
    is_closed = status in {Status.COMPLETED, Status.CANCELED}
    assert (then.status, then.quote, then.closed) == (status, earlier, order.closed if is_closed else None)
    assert order.closed


def test_the_newest_decision_by_link_is_remembered_by_its_entry() -> None:
    before = offered()
    for decided in (
        before.approve("Connie", LATER),
        before.cancel("Connie", None, LATER),
        before.request_change("Connie", "Less", LATER),
    ):
        assert decided.order.internals.decision_sequence == decided.entries[0].sequence
    returned = before.request_change("Connie", "Less", LATER).order
    later = returned.comment(BY_ANNA, "Well?", LATER).order.decline(CLARA, "Over.", LATER).order
    assert later.internals.decision_sequence == returned.internals.sequence
    assert before.decline(CLARA, "Over.", LATER).order.internals.decision_sequence is None
    assert before.ask_for_fresh_mail("quote", LATER).order.internals.decision_sequence is None


def test_claiming_an_order_keeps_its_duplicates_unless_it_was_looked_for_them_again() -> None:
    found = tuple(
        Duplicate(item_id=item_id, code="already_ordered", order_id=ORDER_ID, source="online", placed_at=NOW)
        for item_id in "12"
    )
    order = place().order.model_copy(update={"duplicates": found[:1]})
    assert order.claim(CLARA, LATER).order.duplicates == found[:1]
    assert order.claim(CLARA, LATER, found[1:]).order.duplicates == found[1:]
    assert order.claim(CLARA, LATER, ()).order.duplicates == ()


def test_mails_that_are_asked_for_with_the_code_are_counted_apart_until_the_desk_sends_another() -> None:
    order = offered().ask_for_fresh_mail("quote", NOW, with_code=True).order
    order = order.ask_for_fresh_mail("quote", NOW + HOUR).order
    order = order.ask_for_fresh_mail("quote", NOW + DAY, with_code=True).order
    order = order.ask_for_fresh_mail("quote", NOW + DAY + HOUR, with_code=True).order
    assert order.internals.coded_mails_at == (NOW + DAY, NOW + DAY + HOUR)
    assert order.internals.fresh_mails_at == (NOW + HOUR,)
    assert order.fresh_mails_of_day(NOW + 2 * DAY, with_code=True) == (NOW + DAY + HOUR,)
    assert order.fresh_mails_of_day(NOW + DAY, with_code=False) == (NOW + HOUR,)
    for sent_anew in (order.resend(CLARA, None, NOW + 2 * DAY).order, sending(order, NOW + 2 * DAY)):
        assert (sent_anew.internals.coded_mails_at, sent_anew.internals.fresh_mails_at) == ((), ())
