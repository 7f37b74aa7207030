"""Decide which mails a timeline entry calls for, and to whom. The workflow sends the quote's own mail.

`followers` decides who of those who follow the order is told besides.
"""

from datetime import datetime
from typing import Literal, NamedTuple

from online_orders.domain.accounts import ERASED, ERASED_EMAIL, Account
from online_orders.domain.mail_kinds import MAILS, MailKind, Role
from online_orders.domain.order_status import AT_DESK, Status
from online_orders.domain.orders import Order
from online_orders.domain.quotes import DECIDABLE, QuoteState
from online_orders.domain.system_reasons import SystemReason
from online_orders.domain.timeline import Actor, Entry, Event

Source = Literal["online", "direct"]


class Notification(NamedTuple):
    """A mail that is due, and the role of its reader."""

    kind: MailKind
    role: Role


_FRESH_ORDER_LINK = Notification(MailKind.ORDER_RECEIVED, Role.CONTACT)
_FRESH_LINK_TO_EXPIRED = Notification(MailKind.EXPIRED, Role.CONTACT)


def notifications(
    event: Event, data: dict[str, object], *, by: Actor, internal: bool, source: Source
) -> tuple[Notification, ...]:
    """Return the mails that an entry calls for.

    A fresh link to a valid quote is not among them, since the workflow sends it.
    """
    if "expired_revision" in data:
        return (_FRESH_LINK_TO_EXPIRED,)
    if event is Event.CONTACT_CHANGED or (event is Event.FRESH_MAIL_ASKED and data.get("purpose") == "order"):
        return (_FRESH_ORDER_LINK,)
    if (event is Event.COMMENTED and internal) or (event is Event.QUOTE_RESENT and not data.get("contact_changed")):
        return ()
    called_for = (
        Notification(kind, role) for kind, mail in MAILS.items() if mail.event is event for role in mail.audience
    )
    return tuple(due for due in called_for if _applies(due, data, by, source))


def follower_notifications(event: Event) -> tuple[Notification, ...]:
    """Return the mails that those who follow the order may get for an entry."""
    return tuple(
        Notification(kind, Role.FOLLOWER) for kind, mail in MAILS.items() if mail.event is event and mail.followers
    )


def _applies(due: Notification, data: dict[str, object], by: Actor, source: Source) -> bool:
    """Return whether this reader gets the mail this time."""
    if due.kind is MailKind.COMMENT:  # sent to the other side
        is_for_desk = due.role is Role.CUSTOMER_SUCCESS
        return by.kind in {"customer", "contact"} if is_for_desk else by.kind == "customer_success"
    if due.kind is MailKind.ASSIGNED:  # whoever claims an order needs no mail about it
        return "assignee_email" in data
    if due.kind is MailKind.EXPIRED and due.role is Role.CONTACT:  # nobody gets the news that an unseen quote has ended
        return data.get("code") != SystemReason.NOT_MAILED_IN_TIME.code
    if due.role is Role.ACCOUNT_CONTACT and due.kind not in (MailKind.CONTACT_REPLACED, MailKind.HANDED_OVER):
        # Only for an order that no user of the account placed: otherwise a deputy could have one placed and approve it
        # alone.
        return source == "direct"
    return True


def address_of(  # noqa: PLR0911 - a row for each role
    due: Notification, order: Order, account: Account, entry: Entry, customer_success: str
) -> str | None:
    """Return the reader's address; None for a person who was erased or removed, or who gets the same news by another
    mail.

    `account` is the order's account as it is now.
    """
    contact, former = order.contact.email, _former_recipient(entry)
    if due.role is Role.CUSTOMER_SUCCESS:
        return customer_success
    if due.role is Role.CONTACT:
        return None if order.is_contact_removed else _unless_same(contact)
    if due.role is Role.PLACED_BY:
        contact_gets_mail = Role.CONTACT in MAILS[due.kind].audience
        return _unless_same(order.placed_by.mailbox, contact if contact_gets_mail else None)
    if due.role is Role.ASSIGNEE:
        return _unless_same(order.assignee.mailbox) if order.assignee else None
    if due.role is Role.ASKER:
        return _unless_same(_asker(entry), entry.actor.name)  # nobody is told of an own act
    if due.role is Role.FORMER_CONTACT:
        return _unless_same(former, contact)
    return _unless_same(account.contact.email if account.contact else None, contact, former)


def _asker(entry: Entry) -> str | None:
    """Return the address of whoever quoted the discount that was decided on; None for a service user, and for a person
    who was erased.
    """
    asker = entry.data.get("proposed_by_email")
    return asker if isinstance(asker, str) and asker != ERASED else None


def _former_recipient(entry: Entry) -> str | None:
    """Return who got the order's mails before this entry; None where that did not change, or the person was erased."""
    former = entry.data.get("former_recipient")
    return former if isinstance(former, str) and former != ERASED else None


def _unless_same(address: str | None, *others: str | None) -> str | None:
    if not address or address == ERASED_EMAIL:
        return None
    return None if address.casefold() in {each.casefold() for each in others if each} else address


def is_still_due(due: Notification, order: Order, entry: Entry, at: datetime, *, soon_days: int = 2) -> bool:
    """Return whether a mail that may have waited is still to be sent at `at`.

    A quote that expires within `soon_days` expires soon.

    A mail that asks for something is dropped once that can no longer be done, and so is one whose statement is no
    longer true. A mail about something that did happen is always sent.
    """
    if "expired_revision" in entry.data:
        return _may_ask_for_fresh_quote(order)
    is_asking = due.role is Role.CONTACT
    if due.kind is MailKind.ORDER_RECEIVED and is_asking:
        # It contains a link to cancel, which is the only purpose of a fresh one.
        return order.is_open if entry.event is Event.SUBMITTED else order.status in AT_DESK
    is_current = _is_current(order, entry)
    is_still_true = {
        MailKind.REMINDER: order.is_open and is_current and _is_on_offer(order, at),
        MailKind.EXPIRES_SOON: order.is_open
        and is_current
        and _is_on_offer(order, at)
        and _days_left(order, entry.at) <= soon_days,
        MailKind.EXPIRED: is_current and _is_expired(order) and (order.is_open or not is_asking),
        MailKind.QUOTE_UNDELIVERABLE: is_current and not _has_arrived(order),
        MailKind.FRESH_QUOTE_ASKED: is_current,
        MailKind.COMMENT: not _is_by_reader(due, order, entry),
        MailKind.CONTACT_REMOVED: order.lacks_contact,
        MailKind.ASSIGNED: order.is_open and _is_assigned_as(order, entry),
        MailKind.FOLLOW_UP: order.is_follow_up_due(at),
        MailKind.DISCOUNT_ASKED: order.proposal is not None and order.proposal.asked_at == entry.at,
    }
    return is_still_true.get(due.kind, True)


def has_link(due: Notification, order: Order, entry: Entry) -> bool:
    """Return whether the contact person's mail has the link and the code now.

    A reply of Customer Success is sent in any case, but brings no link once that is of no use: the revision was decided
    on or replaced, or a mail with a newer link is on its way.
    """
    if due.role is not Role.CONTACT or MAILS[due.kind].link is None:
        return False
    if due.kind not in (MailKind.ANSWER, MailKind.HAND_OVER_REFUSED):
        return True
    is_decidable = order.quote is not None and order.quote.state in DECIDABLE
    is_pending = order.status is Status.PENDING_CONFIRMATION and is_decidable and not order.mail_is_pending
    return is_pending and _is_current(order, entry)


def _is_current(order: Order, entry: Entry) -> bool:
    """Return whether the order's revision, which the mail describes, is the one of the entry."""
    return order.quote is not None and order.quote.revision == entry.data.get("revision")


def _has_arrived(order: Order) -> bool:
    return order.delivery is not None and order.delivery.state == "delivered"


def _is_expired(order: Order) -> bool:
    return order.quote is not None and order.quote.state is QuoteState.EXPIRED


def _is_on_offer(order: Order, at: datetime) -> bool:
    return order.quote is not None and order.quote.state in DECIDABLE and not order.is_quote_past(at)


def _days_left(order: Order, at: datetime) -> int:
    return (order.quote.valid_until - order.quote_day(at)).days if order.quote else 0


def _may_ask_for_fresh_quote(order: Order) -> bool:
    """Return whether a fresh link may still be used to ask for a fresh quote: nobody has asked yet."""
    return order.is_open and _is_expired(order) and not order.is_fresh_quote_asked


def _is_assigned_as(order: Order, entry: Entry) -> bool:
    """Return whether the order is still that user's to whom the entry gave it."""
    return order.assignee is not None and order.assignee.user_id == entry.data.get("assignee")


def _is_by_reader(due: Notification, order: Order, entry: Entry) -> bool:
    """Return whether the reader wrote the comment: Customer Success commented on an order that the same
    person entered.
    """
    writer, reader = entry.actor.name or "", order.placed_by.email
    return due.role is Role.PLACED_BY and writer.casefold() == reader.casefold()
