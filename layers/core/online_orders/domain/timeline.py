"""The timeline: what happened to an order, numbered without a gap; events have the same names."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from online_orders.domain.values import Entity, Instant


class Event(StrEnum):
    """The outside's names; those in PUBLISHED also go out on the event bus."""

    SUBMITTED = "order.submitted"
    STALE = "order.stale"
    CLAIMED = "order.claimed"
    RELEASED = "order.released"
    HANDLING_CHANGED = "order.handling_changed"
    FOLLOW_UP_DUE = "order.follow_up_due"
    QUOTE_PROPOSED = "quote.proposed"
    QUOTE_PROPOSAL_APPROVED = "quote.proposal_approved"
    QUOTE_PROPOSAL_REFUSED = "quote.proposal_refused"
    QUOTE_PREPARED = "quote.prepared"
    QUOTE_UNDONE = "quote.undone"
    QUOTE_MAILING = "quote.mailing"
    QUOTED = "order.quoted"
    QUOTE_RESENT = "quote.resent"
    QUOTE_MAILED = "quote.mailed"
    DELIVERED = "quote.delivered"
    UNDELIVERABLE = "quote.undeliverable"
    COMPLAINED = "quote.complained"
    REMINDED = "quote.reminded"
    EXPIRED = "quote.expired"
    CONTACT_CHANGED = "order.contact_changed"
    SETTINGS_CHANGED = "account.settings_changed"
    CONTACT_CORRECTED = "order.contact_corrected"
    CONTACT_REMOVED = "order.contact_removed"
    ENROLLMENT_SUSPENDED = "enrollment.suspended"
    ENROLLMENT_RESUMED = "enrollment.resumed"
    FRESH_QUOTE_ASKED = "quote.fresh_asked"
    FRESH_MAIL_ASKED = "link.fresh_asked"
    LINK_LOCKED = "link.locked"
    CHANGE_REQUESTED = "order.change_requested"
    ASKED = "order.asked"
    ANSWERED = "order.answered"
    HAND_OVER_ASKED = "order.hand_over_asked"
    HAND_OVER_REFUSED = "order.hand_over_refused"
    HANDED_OVER = "order.handed_over"
    COMMENTED = "order.commented"
    COMPLETED = "order.completed"
    CANCELED = "order.canceled"
    PERSON_ERASED = "person.erased"


PUBLISHED = frozenset(
    {
        Event.SUBMITTED,
        Event.CLAIMED,
        Event.QUOTED,
        Event.DELIVERED,
        Event.UNDELIVERABLE,
        Event.REMINDED,
        Event.EXPIRED,
        Event.CHANGE_REQUESTED,
        Event.ASKED,
        Event.HANDED_OVER,
        Event.COMMENTED,
        Event.COMPLETED,
        Event.CANCELED,
    }
)


class Actor(Entity):
    kind: Literal["customer", "customer_success", "contact", "system"]
    name: str | None = None


SYSTEM = Actor(kind="system")


class Entry(Entity):
    """One line of the timeline; `sequence` counts from 1 without a gap per order."""

    sequence: int
    at: Instant
    actor: Actor
    event: Event
    data: dict[str, Any] = Field(default_factory=dict)
    internal: bool = False
