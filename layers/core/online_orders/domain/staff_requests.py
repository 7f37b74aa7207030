"""What Customer Success sends about orders: the bodies of requests."""

from typing import Annotated, Literal

from pydantic import Field

from online_orders.domain.accounts import Contact
from online_orders.domain.order_requests import NewComment, NewOrder, Note, ReasonText
from online_orders.domain.values import BlankIsAbsent, Identifier, Request


class NewDirectOrder(NewOrder):
    """An order that reached CS directly: the account must be named."""

    account_id: Identifier


class NeededReason(Request):
    """Why an order is declined."""

    reason: ReasonText


class NewDeskComment(NewComment):
    """What CS says on an order; an internal comment is for CS alone."""

    internal: Annotated[bool, Field(strict=True)] = False


class NewAnswer(Request):
    """What Customer Success answers to a question of the contact person."""

    text: Note


class HandOverDecision(Request):
    """What Customer Success decides on a hand-over; a reason is told with a refusal."""

    decision: Literal["approve", "refuse"]
    reason: Annotated[ReasonText | None, BlankIsAbsent] = None


class Resending(Request):
    """To whom a quote is sent again; None: to the present contact."""

    contact: Contact | None = None
