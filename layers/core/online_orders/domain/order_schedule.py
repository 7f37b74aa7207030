"""What time alone brings to an order: reminders, the end of a quote, the end of the order, a word to the desk.

Each function takes the order as it was and returns a Change, as the actions of `orders` do.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from online_orders.domain.order_status import AT_DESK, Status
from online_orders.domain.orders import Change, Order, reason_data
from online_orders.domain.quotes import DECIDABLE, Quote, QuoteState
from online_orders.domain.system_reasons import SystemReason
from online_orders.domain.timeline import SYSTEM, Event
from online_orders.domain.values import instant_text


class Policy(NamedTuple):
    """The installation's patience."""

    remind_after_days: int = 3
    remind_before_end_days: int = 2
    grace_days: int = 14
    unclaimed_hours: int = 24
    unquoted_hours: int = 72

    def hours_at_desk(self, status: Status) -> int:
        """Return how many hours an order may wait in a status for Customer Success."""
        return self.unclaimed_hours if status is Status.SUBMITTED else self.unquoted_hours

    def reminder_days(self, offered_on: date, valid_until: date) -> tuple[date, date]:
        return (
            offered_on + timedelta(days=self.remind_after_days),
            valid_until - timedelta(days=self.remind_before_end_days),
        )


def tick(order: Order, policy: Policy, at: datetime) -> Change:
    """Apply what time alone brings: a follow-up, a reminder, the end of the quote or of the order; mostly nothing.

    Of a quote with a mail that is still to go, see `expire_unmailed`; one that waits for a contact runs out here.
    """
    return _follow_up(order, at).then(lambda order: _move_on(order, policy, at))


def _follow_up(order: Order, at: datetime) -> Change:
    """Tell Customer Success, once, that the day has come on which it wants to look at the order again."""
    if order.handling is None or not order.is_follow_up_due(at):
        return Change(order, ())
    day = order.handling.follow_up_on
    if day is None or order.internals.follow_up_told == day:
        return Change(order, ())
    data, internals = {"follow_up_on": day.isoformat()}, {"follow_up_told": day}
    return order.with_entry(at, SYSTEM, Event.FOLLOW_UP_DUE, data, internal=True, decision=False, internals=internals)


def _move_on(order: Order, policy: Policy, at: datetime) -> Change:
    if order.is_contact_removed and order.quote and order.quote.state is QuoteState.SENDING and order.is_quote_past(at):
        return _expire_unsent(order, at)
    if order.status in AT_DESK and not order.mail_is_pending:
        return _tick_at_desk(order, policy, at)
    quote = order.quote
    if order.status is not Status.PENDING_CONFIRMATION or quote is None or order.mail_is_pending:
        return Change(order, ())
    grace_ends = quote.valid_until + timedelta(days=policy.grace_days)
    if quote.state is QuoteState.EXPIRED and order.quote_day(at) > grace_ends:
        return order.canceled(at, SYSTEM, "expiry", None)
    if quote.state in DECIDABLE and order.is_quote_past(at):
        return _expire(order, quote, policy.grace_days, at)
    waits_since = order.contact_waits_since
    return _tick_asked(order, policy, waits_since, at) if waits_since else _remind(order, policy, quote, at)


def _remind(order: Order, policy: Policy, quote: Quote, at: datetime) -> Change:
    if quote.state is not QuoteState.OFFERED or order.lacks_contact or not _is_reminder_due(order, policy, quote, at):
        return Change(order, ())
    if any(each.answered_at and order.today(each.answered_at) == order.today(at) for each in order.requests.questions):
        return Change(order, ())  # The answer has brought link and code today.
    internals = {"last_reminder_on": order.today(at)}
    return order.with_entry(at, SYSTEM, Event.REMINDED, order.revision_data(), decision=False, internals=internals)


def expire_unmailed(order: Order, grace_days: int, at: datetime) -> Change:
    """Expire a quote whose last day is over while a mail with it is still to go: it goes no more.

    A revision of which no mail has gone out is the desk's affair alone: the order is there again, to be quoted
    anew. One that the contact has seen expires as any other. Nothing without such a mail, while the quote can be
    undone, or before its end.
    """
    quote = order.quote
    is_held = order.undo_until is not None and at < order.undo_until
    if quote is None or not order.mail_is_pending or is_held or not order.is_quote_past(at):
        return Change(order, ())
    return _expire(order, quote, grace_days, at) if quote.offered_at is not None else _expire_unsent(order, at)


def _expire_unsent(order: Order, at: datetime) -> Change:
    return order.with_entry(
        at,
        SYSTEM,
        Event.EXPIRED,
        {**order.revision_data(), **reason_data(SystemReason.NOT_MAILED_IN_TIME)},
        decision=order.status is not Status.IN_PROCESS,
        status=Status.IN_PROCESS,
        quote=order.quote_in(QuoteState.EXPIRED),
        internals={"quote_held_until": None},
    )


def _expire(order: Order, quote: Quote, grace_days: int, at: datetime) -> Change:
    open_until = quote.valid_until + timedelta(days=grace_days)
    data = {**order.revision_data(), "open_until": open_until.isoformat()}
    expired = order.quote_in(QuoteState.EXPIRED)
    return order.with_entry(at, SYSTEM, Event.EXPIRED, data, quote=expired, decision=False)


def late_after(order: Order, policy: Policy) -> datetime | None:
    """Return from when on the order has waited too long at the desk; None while it does not wait there.

    It waits there also while its contact person waits for an answer, or for the desk to agree to a hand-over.
    """
    if waits_since := order.contact_waits_since:
        return waits_since + timedelta(hours=policy.unclaimed_hours)
    if order.status not in AT_DESK or order.mail_is_pending:
        return None
    return order.internals.since[order.status] + timedelta(hours=policy.hours_at_desk(order.status))


def _tick_at_desk(order: Order, policy: Policy, at: datetime) -> Change:
    """Tell Customer Success, once, of an order that nobody claims or quotes."""
    since, due_at = order.internals.since[order.status], late_after(order, policy)
    if due_at is None or at < due_at or order.internals.stale_since == since:
        return Change(order, ())
    internals = {"stale_since": since}
    data = {"hours": policy.hours_at_desk(order.status)}
    return order.with_entry(at, SYSTEM, Event.STALE, data, internal=True, decision=False, internals=internals)


def _tick_asked(order: Order, policy: Policy, since: datetime, at: datetime) -> Change:
    """Tell Customer Success, once, that the contact person waits for an answer or a hand-over."""
    if at < since + timedelta(hours=policy.unclaimed_hours) or order.internals.stale_since == since:
        return Change(order, ())
    internals = {"stale_since": since}
    data = {"hours": policy.unclaimed_hours, "asked_since": instant_text(since)}
    return order.with_entry(at, SYSTEM, Event.STALE, data, internal=True, decision=False, internals=internals)


def _is_reminder_due(order: Order, policy: Policy, quote: Quote, at: datetime) -> bool:
    """Return whether a reminder's day has come since the last; days that were missed make one reminder."""
    if quote.offered_at is None:
        return False
    today, offered_on = order.today(at), order.today(quote.offered_at)
    reminded_on = order.internals.last_reminder_on or offered_on
    return any(reminded_on < day <= today for day in policy.reminder_days(offered_on, quote.valid_until))
