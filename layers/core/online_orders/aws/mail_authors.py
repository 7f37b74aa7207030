"""Find out who may comment on an order by mail, by what is stored now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from online_orders.aws.watcher_store import people_with_choices, watcher_ids
from online_orders.domain.accounts import Account
from online_orders.domain.followers import may_follow
from online_orders.domain.orders import Order
from online_orders.domain.people import Person
from online_orders.domain.roles import DESK, PERMISSIONS, Permission
from online_orders.domain.timeline import Actor


class Author(NamedTuple):
    """Whose comment a mail is, and what its entry says besides."""

    actor: Actor
    data: Mapping[str, Any]
    is_staff: bool
    """What staff writes by mail is internal: a reply that quotes a colleague must not become public by mistake."""


def contact_author(order: Order) -> Author:
    return Author(Actor(kind="contact", name=order.contact.name), order.asked_data(), is_staff=False)


def find_author(order: Order, account: Account, address: str) -> Author | None:
    """Return who writes from an address: the contact person, or whoever placed the order, has it assigned or watches
    it, and may still comment on it. None for anybody else.
    """
    is_asked = not order.is_contact_removed and not order.has_stale_contact(account)
    if is_asked and _is_same(address, order.contact.email):
        return contact_author(order)
    own = [each.user_id for each in (order.placed_by, order.assignee) if each]
    people, _ = people_with_choices(list(dict.fromkeys([*own, *watcher_ids(order.order_id)]))[:50])
    for person in people.values():
        if _is_same(address, person.email) and may_follow(person, order, account) and _may_write(person, account):
            is_staff = person.group == "customer-success"
            actor = Actor(kind="customer_success" if is_staff else "customer", name=person.email)
            return Author(actor, {}, is_staff)
    return None


def _is_same(address: str, other: str) -> bool:
    return bool(address) and address.casefold() == other.casefold()


def _may_write(person: Person, account: Account) -> bool:
    needed = Permission.WORK_ON_ORDERS if person.group == "customer-success" else Permission.WRITE_ORDERS
    teams = (DESK,) if person.group == "customer-success" else (account.account_id, account.parent_account_id)
    roles = person.active_roles
    return any(needed in PERMISSIONS[roles[team]] for team in teams if team is not None and team in roles)
