"""Decide who of those who follow an order is told of an entry: whoever placed it, its assignee, and its watchers.

`notifications` decides the mails to those whom the order, the account or the installation names. Nobody gets two mails
about one entry: the contact person's counts first, then the mails of whoever placed the order, of the assignee and of
the watchers. The desk's mailbox gets its mail in any case.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

from online_orders.domain.accounts import Account
from online_orders.domain.errors import StateConflict
from online_orders.domain.mail_kinds import AT_DESK, MAILS, MailKind, Role
from online_orders.domain.mail_preferences import Chosen, is_wanted
from online_orders.domain.orders import Order
from online_orders.domain.people import Person
from online_orders.domain.roles import DESK
from online_orders.domain.system_reasons import SystemReason
from online_orders.domain.timeline import Entry

MAX_WATCHERS = 20
"""Of an order."""
_SIGNED_IN = frozenset({"customer", "customer_success"})
"""Actors whose name is the address with which they signed in; a contact person types any name."""


class Follower(NamedTuple):
    """Somebody who is told, and in which role."""

    role: Role
    user_id: str
    address: str


def too_many_watchers() -> StateConflict:
    """Return the refusal of one more watcher."""
    return StateConflict("too_many_watchers", f"{MAX_WATCHERS} people watch this order already.")


def may_follow(person: Person, order: Order, account: Account) -> bool:
    """Return whether somebody may still see an order: at the desk, in its account, or at the account's reseller."""
    roles = person.active_roles
    if person.group == "customer-success":
        return DESK in roles
    is_of_account = account.account_id in roles or (account.parent_account_id or account.account_id) in roles
    return order.source == "online" and is_of_account


def watcher_row(person: Person) -> dict[str, str]:
    """Return a watcher as the API answers it."""
    side = "account" if person.group == "customers" else "desk"
    return {"user_id": person.user_id, "email": person.email, "side": side}


def is_writer(entry: Entry, address: str) -> bool:
    """Return whether somebody made the entry: who signed in with the address, or was asked there for a decision by
    link.
    """
    by = entry.actor
    name = entry.data.get("asked_email") if by.kind == "contact" else by.name if by.kind in _SIGNED_IN else None
    return str(name or "").casefold() == address.casefold()


def candidates(kind: MailKind, order: Order, watchers: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of those who may be told, before it is known who they are now."""
    return tuple(dict.fromkeys(user_id for _, user_id in _candidates(kind, order, watchers)))


def mail_name(kind: MailKind, user_id: str) -> str:
    """Return the name of the claim of a follower's mail, which is kept when the person is erased."""
    return f"{kind}#{Role.FOLLOWER}#{sha256(user_id.encode()).hexdigest()[:16]}"


def _candidates(kind: MailKind, order: Order, watchers: Iterable[str]) -> Iterator[tuple[Role, str]]:
    """Yield role and user; of a watcher it is known only later on which side he is."""
    roles = MAILS[kind].followers
    if Role.PLACED_BY in roles and order.placed_by.mailbox:
        yield Role.PLACED_BY, order.placed_by.user_id
    if Role.ASSIGNEE in roles and order.assignee:
        yield Role.ASSIGNEE, order.assignee.user_id
    for user_id in watchers:
        yield Role.WATCHER, user_id


def followers(
    kind: MailKind,
    order: Order,
    account: Account,
    entry: Entry,
    watchers: Iterable[str],
    people: Mapping[str, Person],
    chosen: Mapping[str, Chosen],
    told: Iterable[str],
) -> tuple[Follower, ...]:
    """Return who is told of an entry by a mail of a kind, each address once.

    `watchers` are user ids; `people` and `chosen` have persons and their choices as they are now, by user id; `told`
    are the addresses that get another mail about the entry. Whoever left, has no stored person, does not want the mail
    or made the entry is not told.
    """
    # Nobody outside hears of an internal entry, nor that a quote has ended that nobody there has seen.
    is_for_staff = entry.internal or entry.data.get("code") == SystemReason.NOT_MAILED_IN_TIME.code
    seen = {address.casefold() for address in told}
    found = []
    for role, user_id in _candidates(kind, order, watchers):
        person = people.get(user_id)
        if person is None or not may_follow(person, order, account):
            continue
        role_here = Role.DESK_WATCHER if role is Role.WATCHER and person.group == "customer-success" else role
        if role_here not in MAILS[kind].followers or (is_for_staff and role_here not in AT_DESK):
            continue
        address = person.email
        if is_writer(entry, address) or not is_wanted(kind, role_here, chosen.get(user_id, {})):
            continue
        if address.casefold() not in seen:
            seen.add(address.casefold())
            found.append(Follower(role_here, user_id, address))
    return tuple(found)
