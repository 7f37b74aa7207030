"""A quote whose mail is still to go when its last day is over: it is not sent, and the desk is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from online_orders.domain import order_delivery, order_schedule
from online_orders.domain.errors import Conflict
from online_orders.domain.notifications import notifications
from online_orders.domain.orders import Order
from online_orders.domain.quotes import QuoteState
from online_orders.domain.representations import flags_of, order_body
from online_orders.domain.timeline import Event
from tests.domain.builders import (
    CLARA,
    DAY,
    HOLD,
    KEY_ID,
    NOW,
    account_of,
    assert_well_kept,
    claimed,
    mailed,
    offered,
    place,
    quote_for,
    sending,
)

LAST_INSTANT = datetime(2027, 1, 1, 23, 59, 59, tzinfo=UTC)
PAST = LAST_INSTANT + timedelta(seconds=1)
GRACE = 14


def _state(order: Order) -> str:
    assert order.quote
    return order.quote.state.value


def test_a_first_revision_past_before_mailing_returns_to_the_desk() -> None:
    before = sending()
    assert order_schedule.expire_unmailed(before, GRACE, LAST_INSTANT).entries == ()
    change = order_schedule.expire_unmailed(before, GRACE, PAST)
    assert_well_kept(before, change)
    (entry,) = change.entries
    assert entry.event is Event.EXPIRED
    assert entry.data == {
        "revision": 1,
        "reason": "The quote's last day was over before its mail could go.",
        "code": "not_mailed_in_time",
    }
    after = change.order
    assert (after.status, _state(after), after.mail_is_pending) == ("in_process", "expired", False)
    assert after.internals.quote_held_until is None
    assert after.version == before.version
    due = notifications(entry.event, entry.data, by=entry.actor, internal=entry.internal, source="online")
    assert [each.role for each in due] == ["customer_success"]
    assert mailed(after.offer(quote_for(after, PAST, valid_until="2027-02-01"), CLARA, PAST).order).is_open


def test_a_later_revision_past_before_mailing_waits_for_no_contact() -> None:
    before = sending(offered())
    change = order_schedule.expire_unmailed(before, GRACE, PAST)
    assert_well_kept(before, change)
    assert (change.order.status, _state(change.order)) == ("in_process", "expired")
    assert change.order.version == before.version + 1, "the status has moved"


def test_a_fresh_mail_of_an_expired_offer_is_not_sent_and_the_quote_expires() -> None:
    for before in (
        offered().resend(CLARA, None, NOW).order,
        offered().ask_for_fresh_mail("quote", NOW).order,
    ):
        assert before.mail_is_pending
        change = order_schedule.expire_unmailed(before, GRACE, PAST)
        assert_well_kept(before, change)
        (entry,) = change.entries
        assert (entry.event, entry.data) == (Event.EXPIRED, {"revision": 1, "open_until": "2027-01-15"})
        assert (change.order.status, _state(change.order)) == ("pending_confirmation", "expired")
        assert not change.order.mail_is_pending


def test_a_refused_first_revision_that_was_resent_and_is_past_is_the_desks() -> None:
    resent = order_delivery.quote_refused(sending(), 1, "refused", NOW).order.resend(CLARA, None, NOW).order
    assert resent.mail_is_pending
    after = order_schedule.expire_unmailed(resent, GRACE, PAST).order
    assert (after.status, _state(after)) == ("in_process", "expired")


def test_the_day_is_the_accounts() -> None:
    order = sending(claimed(place(account=account_of(time_zone="Pacific/Kiritimati")).order))
    assert order_schedule.expire_unmailed(order, GRACE, LAST_INSTANT - timedelta(hours=14)).entries == ()
    assert order_schedule.expire_unmailed(order, GRACE, PAST - timedelta(hours=14)).entries


def test_a_quote_that_can_still_be_undone_over_midnight_is_not_expired_before() -> None:
    order = claimed(at=LAST_INSTANT)
    revision = quote_for(order, LAST_INSTANT, valid_until="2027-01-01")
    held = order.offer(revision, CLARA, LAST_INSTANT, HOLD).order
    assert order_schedule.expire_unmailed(held, GRACE, PAST).entries == ()
    after = order_schedule.expire_unmailed(held, GRACE, LAST_INSTANT + HOLD).order
    assert (_state(after), after.undo_until) == ("expired", None)


def test_what_has_no_mail_to_go_is_left_alone() -> None:
    for order in (place().order, claimed(), offered(), sending().decline(CLARA, "sold out", NOW).order):
        assert order_schedule.expire_unmailed(order, GRACE, PAST).entries == ()


def test_a_past_quote_is_not_resent_and_the_refusal_says_so() -> None:
    for order in (offered(), order_delivery.quote_refused(sending(), 1, "refused", NOW).order):
        with pytest.raises(Conflict, match="last day is over"):
            order.resend(CLARA, None, PAST)
        assert order.resend(CLARA, None, LAST_INSTANT).entries


def test_a_past_quote_gets_no_fresh_mail() -> None:
    with pytest.raises(Conflict):
        offered().ask_for_fresh_mail("quote", PAST)


def test_a_contact_with_an_unrecorded_mail_can_ask_for_a_fresh_quote() -> None:
    """SES had taken it, and its answer was lost."""
    after = order_schedule.expire_unmailed(sending(), GRACE, PAST).order
    requested = after.ask_for_fresh_quote(PAST).order
    assert flags_of(requested, requested.updated_at) == ["fresh_quote_asked"]
    assert order_delivery.quote_mailed(after, 1, KEY_ID, PAST).entries == ()
    body = order_body(after, {}, PAST + DAY)
    assert (body["status"], body["quote"]["state"]) == ("in_process", QuoteState.EXPIRED)


def test_a_quote_anew_and_a_resend_begin_the_days_fresh_mails_anew() -> None:
    used = offered().ask_for_fresh_mail("quote", NOW).order.ask_for_fresh_mail("quote", NOW).order
    assert used.internals.fresh_mails_at == (NOW, NOW)
    assert used.resend(CLARA, None, NOW).order.internals.fresh_mails_at == ()
    assert used.offer(quote_for(used), CLARA, NOW).order.internals.fresh_mails_at == ()
