"""Which mails an entry of the timeline calls for, and to whom. The quote's own mail is the workflow's."""

from __future__ import annotations

from typing import Literal, NamedTuple

from online_orders.accounts import ERASED_EMAIL
from online_orders.orders import Order, Status
from online_orders.quotes import DECIDABLE
from online_orders.timeline import Actor, Entry, Event

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
_COMMENTS: dict[str, tuple[Announcement, ...]] = {
    "customer": (Announcement("comment", "customer_success"),),
    "customer_success": (Announcement("comment", "placed_by"),),
}
"""To the other side, by who wrote."""
NOT_FOR_CONTACTS = frozenset({"comment"})
"""Kinds of mails that no contact person gets."""


def announcements(event: Event, data: dict[str, object], *, by: Actor, internal: bool) -> tuple[Announcement, ...]:
    """The mails of an entry; a fresh link to a quote is not among them, since the workflow sends it."""
    if event is Event.COMMENTED:
        return () if internal else _COMMENTS.get(by.kind, ())
    if event is Event.FRESH_MAIL_ASKED:
        return _FRESH_ORDER_LINK if data.get("purpose") == "order" else ()
    return _MAILS.get(event, ())


def address_of(role: Role, order: Order, customer_success: str, *, contact_is_told: bool = True) -> str | None:
    """Where the mail goes; None for who was erased, and when the same person gets the same news as the contact."""
    if role == "contact":
        return None if order.contact.is_erased else order.contact.email
    if role == "customer_success":
        return customer_success
    if order.placed_by.email == ERASED_EMAIL:
        return None
    same = contact_is_told and order.placed_by.email.casefold() == order.contact.email.casefold()
    return None if same else order.placed_by.email


def is_still_due(announcement: Announcement, order: Order, entry: Entry) -> bool:
    """What asks for something is not sent once it cannot be done any more; what tells of something is."""
    if announcement.kind == "comment":
        return not _is_by_reader(announcement, order, entry)
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


def _is_by_reader(announcement: Announcement, order: Order, entry: Entry) -> bool:
    """Whether a comment is the reader's own: a colleague's on an order that the same colleague entered."""
    writer, reader = entry.actor.name or "", order.placed_by.email
    return announcement.role == "placed_by" and writer.casefold() == reader.casefold()
