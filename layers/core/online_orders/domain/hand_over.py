"""Handing the decision on a quote over to a colleague: at once where the account's policy allows it, else by the desk.

Each function takes the order as it was and returns a Change, as the actions of `orders` do. Whoever hands over is not
asked any more: the same quote goes out anew to the colleague, and the old link is dead.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from online_orders.domain.accounts import Account, Contact, HandOverPolicy
from online_orders.domain.errors import Conflict, TooManyRequests
from online_orders.domain.later_parts import HandedOver, HandOver
from online_orders.domain.order_parts import User
from online_orders.domain.orders import Change, Order, recipient_data, staff_actor
from online_orders.domain.timeline import Actor, Event

MAX_HAND_OVERS = 5
"""Of one revision, by whomever: each of them mails several people."""
_RETRY_SECONDS = 86_400


def hand_over(order: Order, account: Account, new: Contact, name: str, reason: str | None, at: datetime) -> Change:
    """Let the colleague `new` decide, or ask Customer Success to agree to that; asking for the same again changes
    nothing.

    `name` is what the contact person typed. Raises Conflict when the quote is not on offer, when the account's policy
    is `never`, and for the address of the present contact; TooManyRequests after as many hand-overs as there may be.
    """
    order.require_on_offer("hand over", at)
    if account.hand_over is HandOverPolicy.NEVER or order.contact.has_mailbox(new.email):
        raise Conflict("This order is not handed over to this person.", order.status)
    actor, pending = Actor(kind="contact", name=name), order.pending_hand_over
    is_at_once = _is_allowed(account, new)
    if not is_at_once and pending and Contact(name=pending.name, email=pending.email) == new:
        return Change(order, ())
    count = order.requests.hand_overs + 1
    if count > MAX_HAND_OVERS:
        raise TooManyRequests("The quote has been handed over as often as it may be.", _RETRY_SECONDS)
    data = {"reason": reason} if reason else {}
    if is_at_once:
        return _handed_over(order, new, actor, _voucher(order, account, new), data, count, at)
    waiting = HandOver(name=new.name, email=new.email, asked_by=name, at=at)
    return order.with_entry(
        at,
        actor,
        Event.HAND_OVER_ASKED,
        {**order.revision_data(), **data},
        decision=pending is not None,  # so that nobody agrees, by If-Match, to a colleague whom another has replaced
        internals={"requests": order.requests.model_copy(update={"hand_over": waiting, "hand_overs": count})},
    )


def approve_hand_over(order: Order, by: User, at: datetime) -> Change:
    """Agree to the hand-over that waits; raise Conflict where none does, and when the quote is no longer on offer."""
    pending = order.require_pending_hand_over()
    order.require_on_offer("hand over", at)
    new = Contact(name=pending.name, email=pending.email)
    data = {"asked_by": pending.asked_by}
    return _handed_over(order, new, staff_actor(by), None, data, order.requests.hand_overs, at)


def refuse_hand_over(order: Order, by: User, reason: str | None, at: datetime) -> Change:
    """Refuse the hand-over that waits: the contact person is asked as before. Raise Conflict where none does."""
    order.require_pending_hand_over()
    return order.with_entry(
        at,
        staff_actor(by),
        Event.HAND_OVER_REFUSED,
        {**order.revision_data(), **({"reason": reason} if reason else {})},
        internals={"requests": order.requests.model_copy(update={"hand_over": None})},
    )


def _is_allowed(account: Account, new: Contact) -> bool:
    """Return whether the policy allows a colleague without asking.

    The domain counts that the account's own contact person has, whoever hands over.
    """
    if account.hand_over is HandOverPolicy.DEPUTIES:
        return account.names_mailbox(new.email)
    if account.hand_over is HandOverPolicy.SAME_DOMAIN:
        return account.contact is not None and _domain(account.contact.email) == _domain(new.email)
    return False


def _domain(email: str) -> str:
    return email.rpartition("@")[2].casefold()


def _voucher(order: Order, account: Account, new: Contact) -> str | None:
    """Return whose place at the account the colleague decides by: the own one, that of whoever hands over, or of
    whoever vouched for that person; None where Customer Success did.
    """
    own = next((each for each in (new.email, order.contact.email) if account.names_mailbox(each)), None)
    before = order.requests.handed_over
    return own or (before.voucher if before else None)


def _handed_over(
    order: Order, new: Contact, actor: Actor, voucher: str | None, data: dict[str, Any], count: int, at: datetime
) -> Change:
    former = order.contact
    handed = HandedOver(name=former.name, email=former.email, voucher=voucher)
    requests = order.requests.model_copy(update={"hand_over": None, "hand_overs": count, "handed_over": handed})
    return order.with_entry(
        at,
        actor,
        Event.HANDED_OVER,
        {
            **order.revision_data(),
            "contact_changed": True,
            **recipient_data(new),
            "former_recipient": former.email,
            **data,
        },
        contact=new,
        internals={**order.resent_internals(at, has_given_contact=True), "requests": requests},
    )
