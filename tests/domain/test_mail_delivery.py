"""What SES tells of a quote's mail: taken, refused, arrived, bounced, complained of; once, twice, late, or never."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import permutations

import pytest

from online_orders.domain import order_delivery, order_schedule
from online_orders.domain.mail_delivery import CREDIBILITY, SHOWN_AS, MailEvent, MailStatus, classify_bounce
from online_orders.domain.order_schedule import Policy
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change, Order
from online_orders.domain.quotes import QuoteState
from online_orders.domain.representations import desk_row, entry_body, order_body
from online_orders.domain.system_reasons import SystemReason
from online_orders.domain.timeline import Actor, Event
from online_orders.domain.values import instant_text
from tests.domain.builders import (
    CARLA,
    CLARA,
    CONNIE,
    DAY,
    HOUR,
    KEY_ID,
    LATER,
    NOW,
    assert_well_kept,
    claimed,
    mailed,
    offered,
    place,
    quote_for,
    sending,
    standing,
)

SYSTEM = Actor(kind="system")
REASON = "no such mailbox"

News = Callable[[Order, int], Change]
NEWS: dict[str, News] = {
    "delivered": lambda order, number: order_delivery.quote_delivered(order, number, KEY_ID, LATER),
    "bounced": lambda order, number: order_delivery.quote_bounced(order, number, KEY_ID, REASON, LATER),
    "refused": lambda order, number: order_delivery.quote_refused(order, number, REASON, LATER),
    "complained": lambda order, number: order_delivery.quote_complained(order, number, LATER),
}


def _events(change: Change) -> list[str]:
    return [entry.event.value for entry in change.entries]


def _state(order: Order) -> str:
    assert order.quote
    return order.quote.state.value


def test_a_delivery_is_told_to_the_customer_and_raises_no_version() -> None:
    before = offered()
    change = NEWS["delivered"](before, 1)
    assert_well_kept(before, change)
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal) == (Event.DELIVERED, SYSTEM, False)
    assert entry.data == {"revision": 1, "delivery": "delivered", "recipient": CONNIE.email}
    assert change.order.version == before.version
    assert change.order.quote == before.quote


def test_a_bounce_makes_the_revision_undeliverable_and_leaves_the_order_pending() -> None:
    before = offered()
    change = NEWS["bounced"](before, 1)
    assert_well_kept(before, change)
    (entry,) = change.entries
    assert (entry.event, entry.actor) == (Event.UNDELIVERABLE, SYSTEM)
    result = {"recipient": CONNIE.email, "recipient_name": CONNIE.name, "reason": REASON}
    assert entry.data == {"revision": 1, "delivery": "bounced", **result}
    assert (_state(change.order), change.order.status) == ("undeliverable", Status.PENDING_CONFIRMATION)
    assert change.order.version == before.version


def test_a_refusal_of_an_older_mail_leaves_the_one_that_is_still_to_go() -> None:
    before = offered().resend(CLARA, CARLA, NOW).order
    for number in (0, 1, 3):
        assert NEWS["refused"](before, number) == Change(before, ()), number
    change = NEWS["refused"](before, 2)
    assert (_events(change), change.order.mail_is_pending) == (["quote.undeliverable"], False)


def test_a_given_up_mail_makes_the_revision_undeliverable_like_a_bounce() -> None:
    before = offered()
    given_up, bounced = (
        order_delivery.quote_bounced(before, 1, KEY_ID, REASON, LATER, MailEvent.SOFT_BOUNCE),
        NEWS["bounced"](before, 1),
    )
    assert given_up.entries == bounced.entries
    assert given_up.order.delivery == bounced.order.delivery
    assert given_up.order.quote == bounced.order.quote


def test_an_automatic_reply_to_a_mail_that_arrived_changes_nothing() -> None:
    arrived = NEWS["delivered"](offered(), 1).order
    assert order_delivery.quote_bounced(arrived, 1, KEY_ID, REASON, LATER, MailEvent.SOFT_BOUNCE) == Change(arrived, ())


NEWEST = [
    ([], "sent"),
    (["delivered"], "delivered"),
    (["bounced"], "bounced"),
    (["complained"], "complained"),
    (["delivered", "complained"], "complained"),
    (["complained", "delivered"], "complained"),
    (["delivered", "bounced"], "bounced"),
]


@pytest.mark.parametrize(
    ("kinds", "state"), NEWEST, ids=lambda value: "-".join(value) if isinstance(value, list) else ""
)
def test_the_desk_sees_what_became_of_the_newest_mail_and_to_whom_it_went(kinds: list[str], state: str) -> None:
    order = offered()
    for kind in kinds:
        order = NEWS[kind](order, 1).order
    at = LATER if kinds else NOW
    shown = desk_row(order, {}, LATER)["delivery"]
    assert (shown["state"], shown["recipient"]) == (state, CONNIE.email)
    assert shown["at"] in {instant_text(at), instant_text(LATER)}
    resent = order.resend(CLARA, CARLA, LATER).order
    assert desk_row(resent, {}, LATER)["delivery"] is None
    shown = desk_row(mailed(resent, LATER), {}, LATER)["delivery"]
    assert (shown["state"], shown["recipient"]) == ("sent", CARLA.email)


def test_a_mail_that_ses_refused_or_that_was_given_up_is_rejected() -> None:
    refused = NEWS["refused"](sending(), 1)
    assert refused.entries[0].data["delivery"] == "rejected"
    assert refused.order.delivery
    assert refused.order.delivery.state == "rejected"
    rejected = order_delivery.quote_bounced(offered(), 1, KEY_ID, REASON, LATER, MailEvent.REJECTED)
    assert rejected.entries[0].data["delivery"] == "rejected"


def test_customers_see_nothing_of_the_mails_delivery() -> None:
    before = offered()
    after = NEWS["delivered"](before, 1).order
    assert order_body(after, {}, LATER) == order_body(before, {}, LATER)


def test_the_link_of_a_mail_that_bounced_at_one_address_goes_on_working() -> None:
    order = NEWS["bounced"](offered(), 1).order
    assert order.approve("Connie", LATER).order.status is Status.COMPLETED


def test_a_complaint_is_a_flag_for_the_desk_and_the_quote_stands() -> None:
    before = offered()
    change = NEWS["complained"](before, 1)
    assert_well_kept(before, change)
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.internal) == (Event.COMPLAINED, SYSTEM, True)
    assert change.order.quote == before.quote
    assert change.order.version == before.version


@pytest.mark.parametrize("kind", ["delivered", "bounced", "complained"])
def test_the_same_news_again_changes_nothing(kind: str) -> None:
    order = NEWS[kind](offered(), 1).order
    change = NEWS[kind](order, 1)
    assert (change.order, change.entries) == (order, ())


def test_a_mail_that_bounces_after_a_relay_has_taken_it_is_undeliverable() -> None:
    change = NEWS["bounced"](NEWS["delivered"](offered(), 1).order, 1)
    assert _events(change) == ["quote.undeliverable"]
    assert _state(change.order) == "undeliverable"


def test_a_delivery_does_not_undo_the_bounce_of_the_same_mail() -> None:
    order = NEWS["bounced"](offered(), 1).order
    change = NEWS["delivered"](order, 1)
    assert (change.order, change.entries) == (order, ())


def test_a_complaint_does_not_hide_the_bounce_nor_the_delivery_that_comes_later() -> None:
    order = NEWS["complained"](offered(), 1).order
    assert _events(NEWS["delivered"](order, 1)) == ["quote.delivered"]
    assert _events(NEWS["bounced"](order, 1)) == ["quote.undeliverable"]


@pytest.mark.parametrize("kind", list(NEWS))
@pytest.mark.parametrize("number", [0, 1, 3])
def test_news_of_another_mail_than_the_newest_changes_nothing(kind: str, number: int) -> None:
    order = mailed(offered().resend(CLARA, None, NOW).order)
    assert order.internals.quote_link == 2
    change = NEWS[kind](order, number)
    assert (change.order, change.entries) == (order, ())


@pytest.mark.parametrize("kind", list(NEWS))
@pytest.mark.parametrize("status", ["completed", "canceled"])
def test_a_closed_order_is_beyond_all_news(kind: str, status: str) -> None:
    order = standing(status)
    for number in (0, 1):
        change = NEWS[kind](order, number)
        assert (change.order, change.entries) == (order, ())


@pytest.mark.parametrize("kind", list(NEWS))
@pytest.mark.parametrize("before", [place().order, claimed()], ids=["submitted", "in_process"])
def test_there_is_no_news_of_a_quote_that_nobody_has_made(kind: str, before: Order) -> None:
    assert NEWS[kind](before, 0).entries == ()


def test_news_of_the_mail_proves_that_ses_took_it_when_its_answer_was_lost() -> None:
    before = sending()
    change = NEWS["delivered"](before, 1)
    assert_well_kept(before, change)
    assert _events(change) == ["order.quoted", "quote.delivered"]
    assert (_state(change.order), change.order.status) == ("offered", Status.PENDING_CONFIRMATION)
    assert change.order.version == before.version + 1
    assert change.order.internals.quote_link_key_id == KEY_ID
    assert not change.order.mail_is_pending


def test_even_a_bounce_proves_that_the_mail_went_out() -> None:
    before = sending()
    change = NEWS["bounced"](before, 1)
    assert_well_kept(before, change)
    assert _events(change) == ["order.quoted", "quote.undeliverable"]
    assert (_state(change.order), change.order.status) == ("undeliverable", Status.PENDING_CONFIRMATION)


def test_a_mail_that_was_proven_to_have_gone_out_does_not_go_again() -> None:
    order = NEWS["delivered"](sending(), 1).order
    assert order_delivery.quote_mailed(order, 1, KEY_ID, LATER).entries == ()


def test_a_mail_refused_for_good_makes_the_revision_undeliverable() -> None:
    before = sending()
    change = NEWS["refused"](before, 1)
    assert_well_kept(before, change)
    assert _events(change) == ["quote.undeliverable"]
    assert (_state(change.order), change.order.status) == ("undeliverable", Status.IN_PROCESS)
    assert not change.order.mail_is_pending


def test_a_mail_is_refused_once() -> None:
    order = NEWS["refused"](sending(), 1).order
    assert NEWS["refused"](order, 1).entries == ()


def test_a_mail_that_went_out_cannot_be_given_up() -> None:
    assert NEWS["refused"](offered(), 1).entries == ()


@pytest.mark.parametrize("kind", ["delivered", "bounced"])
def test_a_mail_that_was_given_up_and_did_go_out_after_all_is_the_offer(kind: str) -> None:
    given_up = NEWS["refused"](sending(), 1).order
    change = NEWS[kind](given_up, 1)
    assert_well_kept(given_up, change)
    assert _events(change)[0] == "order.quoted"
    assert change.order.status is Status.PENDING_CONFIRMATION
    assert change.order.approve("Connie", LATER).order.status is Status.COMPLETED


def test_a_new_revision_in_place_of_one_that_was_given_up_is_sent_as_any_other() -> None:
    given_up = NEWS["refused"](sending(), 1).order
    change = given_up.offer(quote_for(given_up), CLARA, LATER)
    assert change.replaced
    assert change.replaced.state is QuoteState.SUPERSEDED
    assert change.order.mail_is_pending
    assert mailed(change.order).status is Status.PENDING_CONFIRMATION


def test_a_refused_fresh_mail_leaves_a_pending_order_pending() -> None:
    before = offered().resend(CLARA, CARLA, NOW).order
    change = NEWS["refused"](before, 2)
    assert (_state(change.order), change.order.status) == ("undeliverable", Status.PENDING_CONFIRMATION)
    assert not change.order.mail_is_pending


def test_news_of_a_fresh_mail_is_heard_as_that_of_the_first_was() -> None:
    order = NEWS["delivered"](offered(), 1).order
    order = mailed(order.resend(CLARA, None, NOW).order)
    assert _events(NEWS["delivered"](order, 2)) == ["quote.delivered"]
    assert _events(NEWS["bounced"](order, 2)) == ["quote.undeliverable"]
    assert _events(NEWS["complained"](order, 2)) == ["quote.complained"]


def test_a_late_bounce_does_not_undo_the_contacts_request_for_a_change() -> None:
    order = offered().request_change("Connie", "less", NOW).order
    assert _state(NEWS["bounced"](order, 1).order) == "change_requested"


def test_a_revision_that_was_decided_is_not_mailed_again() -> None:
    resent = offered().resend(CLARA, None, NOW).order
    assert resent.mail_is_pending
    assert not resent.request_change("Connie", "less", NOW + HOUR).order.mail_is_pending


# Several words of one mail, in whichever order they come.


EARLY, LATE, HEARD = NOW + HOUR, NOW + 2 * HOUR, NOW + 5 * HOUR
ARRIVED, FAILED = ("delivered", QuoteState.OFFERED), ("bounced", QuoteState.UNDELIVERABLE)
SPAM = ("complained", QuoteState.OFFERED)
OUTCOMES: dict[tuple[MailEvent, MailEvent], tuple[str, QuoteState]] = {
    # The first was said before the second.
    (MailEvent.SOFT_BOUNCE, MailEvent.DELIVERED): ARRIVED,
    (MailEvent.DELIVERED, MailEvent.SOFT_BOUNCE): ARRIVED,
    (MailEvent.FAILED, MailEvent.DELIVERED): ARRIVED,
    (MailEvent.DELIVERED, MailEvent.FAILED): FAILED,
    (MailEvent.HARD_BOUNCE, MailEvent.DELIVERED): FAILED,
    (MailEvent.DELIVERED, MailEvent.HARD_BOUNCE): FAILED,
    (MailEvent.REJECTED, MailEvent.DELIVERED): ("rejected", QuoteState.UNDELIVERABLE),
    (MailEvent.DELIVERED, MailEvent.REJECTED): ("rejected", QuoteState.UNDELIVERABLE),
    (MailEvent.COMPLAINED, MailEvent.DELIVERED): SPAM,
    (MailEvent.DELIVERED, MailEvent.COMPLAINED): SPAM,
    (MailEvent.COMPLAINED, MailEvent.SOFT_BOUNCE): SPAM,
    (MailEvent.SOFT_BOUNCE, MailEvent.COMPLAINED): SPAM,
    (MailEvent.COMPLAINED, MailEvent.FAILED): SPAM,
    (MailEvent.FAILED, MailEvent.COMPLAINED): SPAM,
    (MailEvent.COMPLAINED, MailEvent.HARD_BOUNCE): FAILED,
    (MailEvent.HARD_BOUNCE, MailEvent.COMPLAINED): FAILED,
    (MailEvent.SOFT_BOUNCE, MailEvent.FAILED): FAILED,
    (MailEvent.FAILED, MailEvent.SOFT_BOUNCE): FAILED,
    (MailEvent.SOFT_BOUNCE, MailEvent.HARD_BOUNCE): FAILED,
    (MailEvent.HARD_BOUNCE, MailEvent.SOFT_BOUNCE): FAILED,
    (MailEvent.FAILED, MailEvent.HARD_BOUNCE): FAILED,
    (MailEvent.HARD_BOUNCE, MailEvent.FAILED): FAILED,
    (MailEvent.COMPLAINED, MailEvent.REJECTED): ("rejected", QuoteState.UNDELIVERABLE),
    (MailEvent.REJECTED, MailEvent.COMPLAINED): ("rejected", QuoteState.UNDELIVERABLE),
    (MailEvent.SOFT_BOUNCE, MailEvent.REJECTED): ("rejected", QuoteState.UNDELIVERABLE),
    (MailEvent.REJECTED, MailEvent.SOFT_BOUNCE): ("rejected", QuoteState.UNDELIVERABLE),
    (MailEvent.FAILED, MailEvent.REJECTED): ("rejected", QuoteState.UNDELIVERABLE),
    (MailEvent.REJECTED, MailEvent.FAILED): ("rejected", QuoteState.UNDELIVERABLE),
    (MailEvent.HARD_BOUNCE, MailEvent.REJECTED): ("rejected", QuoteState.UNDELIVERABLE),
    (MailEvent.REJECTED, MailEvent.HARD_BOUNCE): FAILED,
}
HEARABLE = [word for word in MailEvent if word not in {MailEvent.SENT, MailEvent.REFUSED}]


def _hear(order: Order, word: MailEvent, said_at: datetime, at: datetime = HEARD) -> Change:
    if word is MailEvent.DELIVERED:
        return order_delivery.quote_delivered(order, 1, KEY_ID, at, said_at)
    if word is MailEvent.COMPLAINED:
        return order_delivery.quote_complained(order, 1, at, said_at)
    return order_delivery.quote_bounced(order, 1, KEY_ID, SystemReason.ADDRESS_DOES_NOT_WORK, at, word, said_at)


def test_every_pair_of_words_has_an_outcome_and_every_word_a_level() -> None:
    assert set(OUTCOMES) == set(permutations(HEARABLE, 2))
    assert set(CREDIBILITY) == set(SHOWN_AS) == set(MailEvent)


@pytest.mark.parametrize("is_reordered", [False, True], ids=["in order", "reordered"])
@pytest.mark.parametrize("words", OUTCOMES, ids="-".join)
def test_the_newest_credible_word_counts_whatever_the_order_of_arrival(
    words: tuple[MailEvent, MailEvent], is_reordered: bool
) -> None:
    state, quote_state = OUTCOMES[words]
    order = offered()
    text = list(zip(words, (EARLY, LATE), strict=True))
    for word, said_at in reversed(text) if is_reordered else text:
        change = _hear(order, word, said_at)
        assert_well_kept(order, change)
        order = change.order
    assert order.quote
    assert order.delivery
    assert (order.delivery.state, order.quote.state) == (state, quote_state)
    for word, said_at in text:
        assert _hear(order, word, said_at).order.quote == order.quote, "the same again changes nothing"


@pytest.mark.parametrize(
    "words", list(permutations((MailEvent.SOFT_BOUNCE, MailEvent.FAILED, MailEvent.DELIVERED))), ids="-".join
)
def test_three_words_come_to_the_same_in_every_order(words: tuple[MailEvent, ...]) -> None:
    text = {MailEvent.SOFT_BOUNCE: EARLY, MailEvent.FAILED: EARLY + HOUR / 2, MailEvent.DELIVERED: LATE}
    order = offered()
    for word in words:
        order = _hear(order, word, text[word]).order
    assert (_state(order), order.delivery and order.delivery.state) == ("offered", "delivered")


def test_of_a_delivery_and_a_failure_of_one_instant_the_failure_counts() -> None:
    for words in permutations((MailEvent.DELIVERED, MailEvent.FAILED)):
        order = offered()
        for word in words:
            order = _hear(order, word, EARLY).order
        assert _state(order) == "undeliverable"


def test_reminders_go_on_after_a_soft_bounce_that_a_delivery_followed() -> None:
    order = _hear(_hear(offered(), MailEvent.SOFT_BOUNCE, EARLY).order, MailEvent.DELIVERED, LATE).order
    assert _events(order_schedule.tick(order, Policy(), NOW + 3 * DAY)) == ["quote.reminded"]
    order = _hear(_hear(offered(), MailEvent.DELIVERED, EARLY).order, MailEvent.FAILED, LATE).order
    assert order_schedule.tick(order, Policy(), NOW + 3 * DAY).entries == ()


def test_a_second_revision_that_was_given_up_and_did_arrive_is_on_offer() -> None:
    given_up = NEWS["refused"](sending(offered()), 2).order
    assert _state(given_up) == "undeliverable"
    order = order_delivery.quote_delivered(given_up, 2, KEY_ID, LATER).order
    assert order.quote
    assert (order.quote.state, order.quote.offered_at) == (QuoteState.OFFERED, LATER)


@pytest.mark.parametrize(
    ("bounce_type", "status", "diagnostic", "word"),
    [
        ("Permanent", None, None, MailEvent.HARD_BOUNCE),
        ("Permanent", "4.2.2", None, MailEvent.HARD_BOUNCE),
        ("Transient", "5.1.1", "smtp; 550 5.1.1 user unknown", MailEvent.FAILED),
        ("Transient", None, "smtp; 550 5.1.1 user unknown", MailEvent.FAILED),
        ("Transient", None, "550-5.1.1 no such user", MailEvent.FAILED),
        ("Undetermined", "5.4.4", None, MailEvent.FAILED),
        ("Transient", None, None, MailEvent.SOFT_BOUNCE),
        ("Transient", "4.2.2", "smtp; 452 4.2.2 mailbox full", MailEvent.SOFT_BOUNCE),
        ("Transient", "", "I am away until 5.1.2027, call 550", MailEvent.SOFT_BOUNCE),
        ("Undetermined", None, None, MailEvent.SOFT_BOUNCE),
    ],
)
def test_a_bounce_is_judged_by_its_type_and_by_the_code_that_the_receiver_gave(
    bounce_type: str, status: str | None, diagnostic: str | None, word: MailEvent
) -> None:
    assert classify_bounce(bounce_type, status, diagnostic) is word


def test_a_word_that_an_earlier_release_stored_is_weighed_by_when_it_was_heard() -> None:
    bounced = offered()
    old = MailStatus.model_validate({"link": 1, "state": "bounced", "at": instant_text(LATE)})
    assert MailStatus.model_validate_json(old.model_dump_json()) == old
    bounced = bounced.model_copy(update={"internals": bounced.internals.model_copy(update={"quote_mail": old})})
    assert _hear(bounced, MailEvent.DELIVERED, EARLY).entries == ()
    assert _events(_hear(bounced, MailEvent.DELIVERED, HEARD)) == ["quote.delivered"]


def test_a_reason_of_the_systems_own_has_a_code_and_another_has_none() -> None:
    (entry,) = _hear(offered(), MailEvent.HARD_BOUNCE, EARLY).entries
    assert entry.data["code"] == "address_does_not_work"
    assert entry.data["reason"] == "The mail was returned: the address does not work."
    (entry,) = NEWS["bounced"](offered(), 1).entries
    assert "code" not in entry.data


def test_an_entry_that_an_earlier_release_stored_is_shown_with_its_code() -> None:
    (entry,) = _hear(offered(), MailEvent.HARD_BOUNCE, EARLY).entries
    old = entry.model_copy(update={"data": {name: value for name, value in entry.data.items() if name != "code"}})
    assert entry_body(old) == entry_body(entry)
    person = Actor(kind="contact", name="Connie")
    assert "code" not in entry_body(old.model_copy(update={"actor": person}))["data"]
