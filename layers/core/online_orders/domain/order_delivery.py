"""What becomes of a quote's mail: released, accepted by SES, refused, delivered, bounced, complained of.

Each function takes the order as it was and returns a Change, as the actions of `orders` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from online_orders.domain.mail_delivery import MailEvent, MailState, MailStatus, mail_status
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change, Decision, Order, reason_data, recipient_data
from online_orders.domain.quotes import DECIDABLE, Quote, QuoteState
from online_orders.domain.timeline import SYSTEM, Event


def release_mail(order: Order, at: datetime) -> Change:
    """End the undo window; no change before its end, or when no mail is held."""
    if order.undo_until is None or at < order.undo_until:
        return Change(order, ())
    return order.with_entry(
        at,
        SYSTEM,
        Event.QUOTE_MAILING,
        order.revision_data(),
        internal=True,
        decision=False,
        internals={"quote_held_until": None},
    )


def quote_mailed(order: Order, link_number: int, key_id: str, at: datetime) -> Change:
    """Record that SES accepted the mail with this link; the first such mail of a revision is the offer itself."""
    if not order.is_open or link_number != order.internals.quote_link or order.quote is None:
        return Change(order, ())
    was_given_up = order.is_first_quote_undeliverable
    if not (order.mail_is_pending or was_given_up):
        return Change(order, ())
    internals = {
        "quote_link_mailed": link_number,
        "quote_link_key_id": key_id,
        **_mail(order, mail_status(link_number, MailEvent.SENT, at)),
    }
    if order.quote.state is not QuoteState.SENDING and not was_given_up:
        return order.with_entry(
            at,
            SYSTEM,
            Event.QUOTE_MAILED,
            order.revision_data(),
            internal=True,
            decision=False,
            internals=internals,
            quote=order.quote_in(QuoteState.OFFERED),
        )
    return order.with_entry(
        at,
        SYSTEM,
        Event.QUOTED,
        order.revision_data(),
        status=Status.PENDING_CONFIRMATION,
        quote=order.quote.model_copy(update={"state": QuoteState.OFFERED, "offered_at": at}),
        internals=internals,
    )


def quote_refused(order: Order, link_number: int, reason: str, at: datetime) -> Change:
    """Record that SES refused the mail for good, or that it was given up."""
    if not order.mail_is_pending or link_number != order.internals.quote_link:
        return Change(order, ())
    news = mail_status(link_number, MailEvent.REFUSED, at)
    return _undeliverable(order, news, reason, {"quote_link_mailed": link_number})


def quote_bounced(
    order: Order,
    link_number: int,
    key_id: str,
    reason: str,
    at: datetime,
    word: MailEvent = MailEvent.HARD_BOUNCE,
    said_at: datetime | None = None,
) -> Change:
    """Record that the mail with this link came back, or SES gave it up; what is said of an older mail, or again,
    changes nothing, and neither does what counts less than what is known (see `mail_delivery`).

    `said_at` is the event's own time, if known; likewise of the next two.
    """
    news = mail_status(link_number, word, at, said_at)

    def bounced(order: Order) -> Change:
        if not news.supersedes(_known_mail_status(order, link_number)):
            return Change(order, ())
        return _undeliverable(order, news, reason, {"bounced_link": link_number})

    return _apply_mail_status(order, link_number, key_id, at, bounced)


def quote_delivered(
    order: Order, link_number: int, key_id: str, at: datetime, said_at: datetime | None = None
) -> Change:
    """Record that the mail with this link arrived; a revision that was taken for undeliverable is on offer
    again.
    """
    news = mail_status(link_number, MailEvent.DELIVERED, at, said_at)

    def delivered(order: Order) -> Change:
        known = _known_mail_status(order, link_number)
        is_first = (
            known is not None and known.event is MailEvent.COMPLAINED and link_number > order.internals.delivered_link
        )
        if not is_first and not news.supersedes(known):
            return Change(order, ())
        internals = {"delivered_link": link_number, **_mail(order, news)}
        data = _delivered(order, "delivered")
        return order.with_entry(
            at,
            SYSTEM,
            Event.DELIVERED,
            data,
            decision=False,
            internals=internals,
            quote=_quote_that_arrived(order, at),
        )

    return _apply_mail_status(order, link_number, key_id, at, delivered)


def quote_complained(order: Order, link_number: int, at: datetime, said_at: datetime | None = None) -> Change:
    """Record that the contact marked the mail as spam: a flag for CS, the quote stands."""
    if not order.is_open or link_number <= order.internals.complained_link or link_number != order.internals.quote_link:
        return Change(order, ())
    news = mail_status(link_number, MailEvent.COMPLAINED, at, said_at)
    has_arrived = news.supersedes(_known_mail_status(order, link_number))
    return order.with_entry(
        at,
        SYSTEM,
        Event.COMPLAINED,
        _delivered(order, "complained"),
        internal=True,
        decision=False,
        internals={"complained_link": link_number, **_mail(order, news)},
        quote=_quote_that_arrived(order, at) if has_arrived else order.quote,
    )


def _apply_mail_status(order: Order, link_number: int, key_id: str, at: datetime, then: Decision) -> Change:
    """Apply what became of a mail. News of it proves that SES took it, even where SES's own answer was lost."""
    mailed = quote_mailed(order, link_number, key_id, at)
    order = mailed.order
    if link_number != order.internals.quote_link or not order.is_open or order.quote is None:
        return mailed
    return mailed.then(then)


def _known_mail_status(order: Order, link_number: int) -> MailStatus | None:
    known = order.internals.quote_mail
    return known if known and known.link == link_number else None


def _mail(order: Order, news: MailStatus) -> dict[str, Any]:
    """Return the internals for what is known of a quote's mail, with the event that counts."""
    return {"quote_mail": news} if news.supersedes(order.internals.quote_mail) else {}


def _quote_that_arrived(order: Order, at: datetime) -> Quote | None:
    """Return the quote after its mail has arrived: one that was taken for undeliverable is on offer again."""
    quote, is_pending = order.quote, order.status is Status.PENDING_CONFIRMATION
    if quote is None or quote.state is not QuoteState.UNDELIVERABLE or not is_pending:
        return quote
    return quote.model_copy(update={"state": QuoteState.OFFERED, "offered_at": quote.offered_at or at})


def _undeliverable(order: Order, news: MailStatus, reason: str, internals: Mapping[str, Any]) -> Change:
    state = order.quote.state if order.quote else None
    reachable = state in DECIDABLE | {QuoteState.SENDING}
    return order.with_entry(
        news.at,
        SYSTEM,
        Event.UNDELIVERABLE,
        {**_delivered(order, news.state), **recipient_data(order.contact), **reason_data(reason)},
        decision=False,
        quote=order.quote_in(QuoteState.UNDELIVERABLE) if reachable else order.quote,
        internals={**internals, **_mail(order, news)},
    )


def _delivered(order: Order, delivery: MailState) -> dict[str, Any]:
    return {**order.revision_data(), "delivery": delivery, "recipient": order.contact.email}
