"""Which mails an entry of the timeline calls for, and to whom. The quote's own mail is the workflow's."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from online_orders.accounts import ERASED, ERASED_EMAIL, Account
from online_orders.orders import Order, Status
from online_orders.quotes import DECIDABLE, QuoteState
from online_orders.system_reasons import SystemReason
from online_orders.timeline import Actor, Entry, Event

Role = Literal["contact", "placed_by", "customer_success", "account_contact", "former_contact"]
"""`account_contact` is the account's contact person where another one is the order's, `former_contact` whoever was the
order's before."""
Source = Literal["online", "direct"]


class Announcement(NamedTuple):
    """A mail that is due: its kind, as the templates are named, and to whom."""

    kind: str
    role: Role


_EVERYBODY: tuple[Role, ...] = ("contact", "placed_by", "customer_success")
_MAILS: dict[Event, tuple[Announcement, ...]] = {
    Event.SUBMITTED: (
        Announcement("order_received", "contact"),
        Announcement("order_received", "placed_by"),
        Announcement("new_order", "customer_success"),
    ),
    Event.STALE: (Announcement("stale_order", "customer_success"),),
    Event.REMINDED: (Announcement("reminder", "contact"),),
    Event.COMPLETED: tuple(Announcement("approved", role) for role in _EVERYBODY),
    Event.CANCELED: tuple(Announcement("canceled", role) for role in _EVERYBODY),
    Event.CHANGE_REQUESTED: (Announcement("change_requested", "customer_success"),),
    Event.UNDELIVERABLE: (Announcement("quote_undeliverable", "customer_success"),),
    Event.CONTACT_CHANGED: (Announcement("order_received", "contact"),),
    Event.CONTACT_REMOVED: (Announcement("contact_removed", "customer_success"),),
    Event.LINK_LOCKED: (Announcement("link_locked", "customer_success"),),
    Event.EXPIRED: (Announcement("expired", "contact"), Announcement("expired", "customer_success")),
    Event.FRESH_QUOTE_ASKED: (Announcement("fresh_quote_asked", "customer_success"),),
}
_NOT_MAILED_IN_TIME = (Announcement("expired", "customer_success"),)
"""Nobody is told of the end of a quote that he has never seen."""
_FRESH_ORDER_LINK = (Announcement("order_received", "contact"),)
_FRESH_LINK_TO_EXPIRED = (Announcement("expired", "contact"),)
_COMMENTS: dict[str, tuple[Announcement, ...]] = {
    "customer": (Announcement("comment", "customer_success"),),
    "customer_success": (Announcement("comment", "placed_by"),),
}
"""To the other side, by who wrote."""
NOT_FOR_CONTACTS = frozenset({"comment"})
"""Kinds of mails that no contact person gets."""
_CONTACT_REPLACED: tuple[Announcement, ...] = (
    Announcement("contact_replaced", "former_contact"),
    Announcement("contact_replaced", "account_contact"),
)
_OF_DIRECT_ORDERS: dict[Event, tuple[Announcement, ...]] = {
    Event.SUBMITTED: (Announcement("order_received", "account_contact"),),
    Event.COMPLETED: (Announcement("approved", "account_contact"),),
    Event.CANCELED: (Announcement("canceled", "account_contact"),),
}
"""Besides, of an order that no user of the customer's placed: else a deputy could have it placed and approve alone."""


def announcements(
    event: Event, data: dict[str, object], *, by: Actor, internal: bool, source: Source
) -> tuple[Announcement, ...]:
    """The mails of an entry; a fresh link to a quote that stands is not among them, since the workflow sends it."""
    if "expired_revision" in data:
        return _FRESH_LINK_TO_EXPIRED
    if event is Event.COMMENTED:
        return () if internal else _COMMENTS.get(by.kind, ())
    if event is Event.FRESH_MAIL_ASKED:
        return _FRESH_ORDER_LINK if data.get("purpose") == "order" else ()
    if event is Event.QUOTE_RESENT:
        return _CONTACT_REPLACED if data.get("contact_changed") else ()
    if event is Event.EXPIRED and data.get("code") == SystemReason.NOT_MAILED_IN_TIME.code:
        return _NOT_MAILED_IN_TIME
    return _MAILS.get(event, ()) + (_OF_DIRECT_ORDERS.get(event, ()) if source == "direct" else ())


def address_of(
    role: Role, order: Order, account: Account, entry: Entry, customer_success: str, *, contact_is_told: bool = True
) -> str | None:
    """Where the mail goes; None for who was erased or parted with, and when the same person gets the same news anyway.

    `account` is the order's as it stands now, `contact_is_told` whether the contact person gets such news.
    """
    contact, former = order.contact.email, _former_recipient(entry)
    if role == "customer_success":
        return customer_success
    if role == "contact":
        return None if order.contact_is_removed else _unless_told(contact)
    if role == "placed_by":
        return _unless_told(order.placed_by.email, contact if contact_is_told else None)
    if role == "former_contact":
        return _unless_told(former, contact)
    return _unless_told(account.contact.email if account.contact else None, contact, former)


def _former_recipient(entry: Entry) -> str | None:
    """Whom the order's mails went to before this entry; None where that did not change, or the person was erased."""
    former = entry.data.get("former_recipient")
    return former if isinstance(former, str) and former != ERASED else None


def _unless_told(address: str | None, *told: str | None) -> str | None:
    if not address or address == ERASED_EMAIL:
        return None  # also of a user whose token has no address
    return None if address.casefold() in {each.casefold() for each in told if each} else address


def is_still_due(announcement: Announcement, order: Order, entry: Entry, at: datetime) -> bool:
    """Return whether a mail that may have waited is still to go at `at`.

    What asks for something is not sent once it cannot be done any more, and neither is what is no longer so; what tells
    of something that did happen is.
    """
    if "expired_revision" in entry.data:
        return _may_ask_for_fresh_quote(order)
    if announcement.kind == "order_received" and announcement.role == "contact":
        # It brings a link to cancel, and a fresh one has no other purpose.
        return order.is_open if entry.event is Event.SUBMITTED else order.status in _ORDER_LINK_CANCELS
    if announcement.kind == "reminder":
        return order.is_open and _is_current(order, entry) and _is_on_offer(order, at)
    if announcement.kind == "expired":
        is_asking = announcement.role == "contact"
        return _is_current(order, entry) and _is_expired(order) and (order.is_open or not is_asking)
    if announcement.kind in {"quote_undeliverable", "fresh_quote_asked"}:
        is_overtaken = announcement.kind == "quote_undeliverable" and _has_arrived(order)
        return _is_current(order, entry) and not is_overtaken
    is_still_so = {
        "comment": not _is_by_reader(announcement, order, entry),
        "contact_removed": order.lacks_contact,
    }
    return is_still_so.get(announcement.kind, True)


_ORDER_LINK_CANCELS = {Status.SUBMITTED, Status.IN_PROCESS}


def _is_current(order: Order, entry: Entry) -> bool:
    """Whether the order's revision, of which the mail tells, is the one that the entry is about."""
    return order.quote is not None and order.quote.revision == entry.data.get("revision")


def _has_arrived(order: Order) -> bool:
    return order.delivery is not None and order.delivery.state == "delivered"


def _is_expired(order: Order) -> bool:
    return order.quote is not None and order.quote.state is QuoteState.EXPIRED


def _is_on_offer(order: Order, at: datetime) -> bool:
    return order.quote is not None and order.quote.state in DECIDABLE and not order.is_quote_past(at)


def _may_ask_for_fresh_quote(order: Order) -> bool:
    """Whether a link in place of the one that died is good for asking, and nobody has asked yet."""
    return order.is_open and _is_expired(order) and not order.is_fresh_quote_asked


def _is_by_reader(announcement: Announcement, order: Order, entry: Entry) -> bool:
    """Whether a comment is the reader's own: a colleague's on an order that the same colleague entered."""
    writer, reader = entry.actor.name or "", order.placed_by.email
    return announcement.role == "placed_by" and writer.casefold() == reader.casefold()
