"""A quote that is taken back while its mail waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from online_orders.domain import order_delivery
from online_orders.domain.errors import Conflict
from online_orders.domain.orders import Order
from online_orders.domain.quotes import QuoteState
from online_orders.domain.representations import order_body
from online_orders.domain.timeline import Actor, Event
from tests.domain.builders import (
    CARLA,
    CLARA,
    CONRAD,
    HOLD,
    KEY_ID,
    NOW,
    assert_well_kept,
    claimed,
    expired,
    held,
    mailed,
    offered,
    quote_for,
    sending,
    standing,
)

SECOND = timedelta(seconds=1)


def test_any_staff_member_can_undo_a_held_quote() -> None:
    before = held()
    change = before.undo_quote(CONRAD, NOW + SECOND)
    assert_well_kept(before, change)
    after = change.order
    assert after.quote
    assert (after.status, after.quote.revision, after.quote.state) == ("in_process", 1, QuoteState.SUPERSEDED)
    assert (after.version, after.mail_is_pending, after.undo_until) == (before.version + 1, False, None)
    assert after.internals.quote_held_until is None
    (entry,) = change.entries
    assert (entry.event, entry.data, entry.internal) == (Event.QUOTE_UNDONE, {"revision": 1}, True)
    assert entry.actor == Actor(kind="customer_success", name=CONRAD.email)


@pytest.mark.parametrize("hold", [timedelta(0), HOLD])
def test_a_mail_is_held_for_as_long_as_it_is_asked_to_be_and_due_then(hold: timedelta) -> None:
    before = claimed()
    change = before.offer(quote_for(before), CLARA, NOW, hold)
    (entry,) = change.entries
    assert (entry.event, entry.data, entry.internal) == (Event.QUOTE_PREPARED, {"revision": 1}, True)
    assert change.order.internals.quote_held_until == (NOW + HOLD if hold else None)
    assert change.order.undo_until == change.order.internals.quote_held_until
    assert change.order.internals.quote_mail_due_at == NOW + hold


def test_an_order_with_an_undone_revision_waits_for_a_quote() -> None:
    first = offered()
    change = first.offer(quote_for(first), CLARA, NOW, HOLD)
    assert change.order.status == "pending_confirmation"
    assert change.replaced
    assert change.replaced.state is QuoteState.SUPERSEDED
    after = change.order.undo_quote(CLARA, NOW).order
    assert after.quote
    assert (after.status, after.quote.revision, after.quote.state) == ("in_process", 2, QuoteState.SUPERSEDED)
    with pytest.raises(Conflict):
        after.approve("Connie", NOW)
    with pytest.raises(Conflict):
        after.resend(CLARA, None, NOW)


def test_after_an_undo_the_next_number_is_used_and_the_undone_one_kept() -> None:
    undone = held().undo_quote(CLARA, NOW).order
    change = undone.offer(quote_for(undone), CLARA, NOW, HOLD)
    assert change.order.quote
    assert change.replaced == undone.quote
    assert (change.order.quote.revision, change.order.quote.state) == (2, QuoteState.SENDING)
    assert change.order.undo_until == NOW + HOLD
    assert mailed(order_delivery.release_mail(change.order, NOW + HOLD).order).status == "pending_confirmation"


def test_a_quote_is_either_undone_or_mailed() -> None:
    gone = order_delivery.release_mail(held(), NOW + HOLD).order
    with pytest.raises(Conflict):
        gone.undo_quote(CLARA, NOW + HOLD)
    undone = held().undo_quote(CLARA, NOW).order
    assert order_delivery.release_mail(undone, NOW + HOLD).entries == ()
    assert order_delivery.quote_mailed(undone, undone.internals.quote_link, KEY_ID, NOW + HOLD).entries == ()


def test_a_held_mail_goes_once_its_time_is_over_and_the_timeline_says_so_inside() -> None:
    before = held()
    assert order_delivery.release_mail(before, NOW + HOLD - SECOND).entries == ()
    change = order_delivery.release_mail(before, NOW + HOLD)
    assert_well_kept(before, change)
    (entry,) = change.entries
    assert (entry.event, entry.data, entry.internal) == (Event.QUOTE_MAILING, {"revision": 1}, True)
    assert (change.order.version, change.order.mail_is_pending) == (before.version, True)
    assert order_delivery.release_mail(change.order, NOW + HOLD).entries == ()


def test_what_is_not_yet_let_go_can_be_undone_also_after_its_time() -> None:
    assert held().undo_quote(CLARA, NOW + 2 * HOLD).order.status == "in_process"


def test_another_contact_or_a_new_revision_does_not_shorten_the_time() -> None:
    assert held().sync_contact(CARLA, CLARA.email, NOW).order.undo_until == NOW + HOLD
    first = held()
    second = first.offer(quote_for(first), CLARA, NOW + SECOND, HOLD).order
    assert second.undo_until == NOW + SECOND + HOLD
    assert order_delivery.release_mail(second, NOW + HOLD).entries == ()


@pytest.mark.parametrize(
    "order",
    [
        sending(),
        offered(),
        expired(),
        held().undo_quote(CLARA, NOW).order,
        order_delivery.quote_refused(held(), 1, "gone", NOW).order,
        held().decline(CLARA, "sold out", NOW).order,
        *map(standing, ("submitted", "in_process", "completed", "canceled")),
    ],
    ids=["at once", "offered", "expired", "undone", "given up", "declined", "new", "claimed", "approved", "withdrawn"],
)
def test_what_is_not_held_cannot_be_undone(order: Order) -> None:
    assert order.undo_until is None
    with pytest.raises(Conflict) as refusal:
        order.undo_quote(CLARA, NOW)
    assert refusal.value.members() == {"status": order.status}


def test_an_undone_quote_has_confirmed_no_date() -> None:
    order = claimed()
    dates = {"1": "2027-02-01"}
    existing = order.offer(quote_for(order, confirmed_start_dates=dates), CLARA, NOW, HOLD).order
    assert order_body(existing, {}, NOW)["items"][0]["confirmed_start_date"] == dates["1"]
    (item,) = order_body(existing.undo_quote(CLARA, NOW).order, {}, NOW)["items"]
    assert item["confirmed_start_date"] is None
    assert item["estimated_start"]["basis"] != "confirmed by Customer Success"
