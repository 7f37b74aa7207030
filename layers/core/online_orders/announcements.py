"""Which mails an entry of the timeline calls for, and to whom. The quote's own mail is the workflow's."""

from __future__ import annotations

from typing import Literal, NamedTuple

from online_orders.accounts import ERASED_EMAIL
from online_orders.orders import Order, Status
from online_orders.quotes import DECIDABLE, QuoteState
from online_orders.timeline import Entry, Event

Role = Literal["contact", "placed_by", "customer_success"]


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
    Event.LINK_LOCKED: (Announcement("link_locked", "customer_success"),),
    Event.EXPIRED: (Announcement("expired", "contact"), Announcement("expired", "customer_success")),
    Event.FRESH_QUOTE_ASKED: (Announcement("fresh_quote_asked", "customer_success"),),
}
_FRESH_ORDER_LINK = (Announcement("order_received", "contact"),)
_FRESH_LINK_TO_EXPIRED = (Announcement("expired", "contact"),)


def announcements(event: Event, data: dict[str, object]) -> tuple[Announcement, ...]:
    """The mails of an entry; a fresh link to a quote that stands is not among them, since the workflow sends it."""
    if "expired_revision" in data:
        return _FRESH_LINK_TO_EXPIRED
    if event is Event.FRESH_MAIL_ASKED:
        return _FRESH_ORDER_LINK if data.get("purpose") == "order" else ()
    return _MAILS.get(event, ())


def address_of(role: Role, order: Order, customer_success: str) -> str | None:
    """Where the mail goes; None for who was erased, and when the same person gets the same news as the contact."""
    if role == "contact":
        return None if order.contact.is_erased else order.contact.email
    if role == "customer_success":
        return customer_success
    if order.placed_by.email == ERASED_EMAIL:
        return None
    same = order.placed_by.email.casefold() == order.contact.email.casefold()
    return None if same else order.placed_by.email


def is_still_due(announcement: Announcement, order: Order, entry: Entry) -> bool:
    """What asks for something is not sent once it cannot be done any more; what tells of something is."""
    if "expired_revision" in entry.data:
        return _may_ask_for_fresh_quote(order)
    if entry.event is Event.CONTACT_CHANGED:
        return order.status in {Status.SUBMITTED, Status.IN_PROCESS}
    if announcement.kind != "reminder":
        return True
    quote = order.quote
    return (
        order.is_open
        and quote is not None
        and quote.revision == entry.data.get("revision")
        and quote.state in DECIDABLE
    )


def _may_ask_for_fresh_quote(order: Order) -> bool:
    """Whether a link in place of the one that died is good for asking, and nobody has asked yet."""
    is_expired = order.quote is not None and order.quote.state is QuoteState.EXPIRED
    return order.is_open and is_expired and not order.is_fresh_quote_asked
