"""Duplicate orders: what an account asks for although another order of it asks for the same already.

Nothing is refused for it, since people may want the same again. What contradicts itself within one order is refused
by `catalog`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from online_orders.domain.accounts import Account
from online_orders.domain.catalog import UPGRADES, Item
from online_orders.domain.values import Entity, Instant

if TYPE_CHECKING:
    from online_orders.domain.orders import Order

RECENT = timedelta(days=30)
"""How long a completed upgrade is spoken of, as long as the site's license does not show it."""
Code = Literal["already_ordered", "recently_completed"]


class Duplicate(Entity):
    """Another order that asks for what an item asks for."""

    item_id: str
    code: Code
    order_id: str
    source: Literal["online", "direct"]
    placed_at: Instant


def find_duplicates(
    items: Sequence[Item], account: Account, others: Iterable[Order], at: datetime, kinds: Collection[str]
) -> tuple[Duplicate, ...]:
    """Return, for each item of these kinds that has one, the first of `others` that asks for the same.

    An upgrade is the same for the same site, whatever to and when; everything else if all settings but the date are.
    Of `others` count the open ones and, for upgrades, those that were completed within `RECENT`.
    """
    matches: dict[tuple[Any, ...], list[tuple[Code, Order]]] = {}
    for other in others:
        for each in other.items:
            if each.kind in kinds and (code := _code(each, other, account, at)):
                matches.setdefault(_identity_of(each), []).append((code, other))
    found = []
    for index, item in enumerate(items, start=1):
        same = matches.get(_identity_of(item), ())
        match = next((pair for pair in same if pair[0] == "already_ordered"), same[0] if same else None)
        if match:
            code, other = match
            found.append(
                Duplicate(
                    item_id=str(index),
                    code=code,
                    order_id=other.order_id,
                    source=other.source,
                    placed_at=other.placed_at,
                )
            )
    return tuple(found)


def _identity_of(item: Item) -> tuple[Any, ...]:
    """Return what makes two items the same."""
    if item.kind in UPGRADES:
        return item.kind, vars(item)["site_id"]
    return tuple(sorted((name, value) for name, value in vars(item).items() if name != "start_date"))


def _code(each: Item, other: Order, account: Account, at: datetime) -> Code | None:
    """Return how an item of another order is to be warned of; None where it is not."""
    if other.is_open:
        return "already_ordered"
    if other.status != "completed" or other.closed is None or at - other.closed.at > RECENT:
        return None
    return "recently_completed" if _is_due(each, account) else None


def _is_due(each: Item, account: Account) -> bool:
    """Return whether a completed upgrade does not show in the site's license yet."""
    site = account.sites_by_id.get(vars(each).get("site_id", ""))
    if site is None or site.license is None:
        return False
    if each.kind == "site_bandwidth":
        return each.bandwidth_mbps > site.license.bandwidth_mbps
    return each.kind == "site_early_activation" and each.start_date < site.license.starts_on
