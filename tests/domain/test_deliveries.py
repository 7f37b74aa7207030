"""What SES tells of a quote's mail: taken, refused, arrived, bounced, complained of; once, twice, late, or never."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from online_orders.orders import Change, Order, Status
from online_orders.presentation import desk_row, order_body
from online_orders.quotes import QuoteState
from online_orders.timeline import Actor, Event
from online_orders.values import instant_text
from tests.domain.builders import (
    CARLA,
    CLARA,
    CONNIE,
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
    "delivered": lambda order, number: order.quote_delivered(number, KEY_ID, LATER),
    "bounced": lambda order, number: order.quote_bounced(number, KEY_ID, REASON, LATER),
    "refused": lambda order, number: order.quote_refused(number, REASON, LATER),
    "complained": lambda order, number: order.quote_complained(number, LATER),
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
    assert entry.data == {"revision": 1, "delivery": "bounced", "recipient": CONNIE.email, "reason": REASON}
    assert (_state(change.order), change.order.status) == ("undeliverable", Status.PENDING_CONFIRMATION)
    assert change.order.version == before.version


def test_a_mail_that_was_given_up_makes_the_revision_undeliverable_as_a_bounce_does() -> None:
    before = offered()
    assert before.quote_given_up(1, KEY_ID, REASON, LATER) == NEWS["bounced"](before, 1)


def test_an_automatic_reply_to_a_mail_that_arrived_changes_nothing() -> None:
    arrived = NEWS["delivered"](offered(), 1).order
    assert arrived.quote_given_up(1, KEY_ID, REASON, LATER) == Change(arrived, ())


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
    rejected = offered().quote_bounced(1, KEY_ID, REASON, LATER, "rejected")
    assert rejected.entries[0].data["delivery"] == "rejected"


def test_what_customers_read_of_an_order_says_nothing_of_a_delivery_that_comes_when_it_comes() -> None:
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
    assert order.marks.quote_link == 2
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
    assert change.order.marks.quote_link_key_id == KEY_ID
    assert not change.order.mail_is_outstanding


def test_even_a_bounce_proves_that_the_mail_went_out() -> None:
    before = sending()
    change = NEWS["bounced"](before, 1)
    assert_well_kept(before, change)
    assert _events(change) == ["order.quoted", "quote.undeliverable"]
    assert (_state(change.order), change.order.status) == ("undeliverable", Status.PENDING_CONFIRMATION)


def test_a_mail_that_was_proven_to_have_gone_out_does_not_go_again() -> None:
    order = NEWS["delivered"](sending(), 1).order
    assert order.quote_mailed(1, KEY_ID, LATER).entries == ()


def test_a_mail_that_ses_refuses_for_good_makes_the_revision_undeliverable_at_the_desk() -> None:
    before = sending()
    change = NEWS["refused"](before, 1)
    assert_well_kept(before, change)
    assert _events(change) == ["quote.undeliverable"]
    assert (_state(change.order), change.order.status) == ("undeliverable", Status.IN_PROCESS)
    assert not change.order.mail_is_outstanding


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
    assert change.order.mail_is_outstanding
    assert mailed(change.order).status is Status.PENDING_CONFIRMATION


def test_a_refused_fresh_mail_leaves_a_pending_order_pending_and_its_revision_undeliverable() -> None:
    before = offered().resend(CLARA, CARLA, NOW).order
    change = NEWS["refused"](before, 2)
    assert (_state(change.order), change.order.status) == ("undeliverable", Status.PENDING_CONFIRMATION)
    assert not change.order.mail_is_outstanding


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
    assert resent.mail_is_outstanding
    assert not resent.request_change("Connie", "less", NOW + HOUR).order.mail_is_outstanding
