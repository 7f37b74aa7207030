"""Parts that no order has when it is placed, and most never get: what its contact person asks for, and how the desk
handles it.

They are imported with the first order that has one (see `values.later_part`): placing an order does not wait for them.
"""

from datetime import date
from decimal import Decimal

from online_orders.domain.order_parts import Priority
from online_orders.domain.values import Entity, Instant


class Question(Entity):
    """Where the timeline has a question of the contact person about the current revision, and its answer."""

    sequence: int
    at: Instant
    answer: int | None = None
    """The sequence number of the entry that answers it; None while it is open."""
    answered_at: Instant | None = None


class HandOver(Entity):
    """A colleague whom the contact person has named to decide, while Customer Success is to agree."""

    name: str
    email: str
    asked_by: str
    """The name that was given with the request."""
    at: Instant


class HandedOver(Entity):
    """Who was asked before the order's contact, and handed the decision over."""

    name: str
    email: str
    voucher: str | None
    """The address of the account's contact person or deputy whom the order's contact has the decision from, or is; with
    that person's place it ends. None where Customer Success has agreed."""


class ContactRequests(Entity):
    """What contact persons have asked for beside deciding."""

    questions: tuple[Question, ...] = ()
    """Those about the current revision, oldest first."""
    hand_over: HandOver | None = None
    hand_overs: int = 0
    """How many were asked for of the current revision, by whomever."""
    handed_over: HandedOver | None = None


class Handling(Entity):
    """How the desk handles an order; customers do not see it."""

    team: str | None = None
    """By id, of the desk's teams."""
    priority: Priority = "normal"
    follow_up_on: date | None = None
    """On which day of the account's calendar somebody is to look at it again."""
    note: str | None = None


class QuoteCosts(Entity):
    """What one of each line of the current revision costs the seller, as the desk said with the request for it.

    It stands beside the revision, not in it: customers get the whole of a revision, and can compute its hash.
    """

    by_line: tuple[Decimal | None, ...]
