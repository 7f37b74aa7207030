"""Find duplicate orders: an account orders what another order of the account contains already.

A duplicate causes a warning and never a refusal, since people may want the same again. Contradictions within one order
are errors in `catalog`.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from online_orders.domain.accounts import Account
from online_orders.domain.catalog import UPGRADES, Item
from online_orders.domain.values import Entity, Instant

if TYPE_CHECKING:
    from online_orders.domain.orders import Order

RECENT = timedelta(days=30)
"""How long a completed upgrade causes a warning, unless the site's license shows it already."""
Code = Literal["already_ordered", "recently_completed"]


class Duplicate(Entity):
    """Another order that contains what an item asks for."""

    item_id: str
    code: Code
    order_id: str
    source: Literal["online", "direct"]
    placed_at: Instant


def find_duplicates(
    items: Sequence[Item], account: Account, others: "Iterable[Order]", at: datetime, kinds: Collection[str]
) -> tuple[Duplicate, ...]:
    """Return, for each item of these kinds that has one, the first duplicate among `others`.

    Two upgrades are the same when they are for the same site, whatever their other settings; other items are the same
    when all settings but the date are. Of `others` only open orders count and, for upgrades, those completed within
    `RECENT`.
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
    """Return a key that two items share when they are the same."""
    if item.kind in UPGRADES:
        return item.kind, vars(item)["site_id"]
    return tuple(sorted((name, value) for name, value in vars(item).items() if name != "start_date"))


def _code(each: Item, other: "Order", account: Account, at: datetime) -> Code | None:
    """Return the warning that an item of another order causes, or None."""
    if other.is_open:
        return "already_ordered"
    if other.status != "completed" or other.closed is None or at - other.closed.at > RECENT:
        return None
    return "recently_completed" if _is_due(each, account) else None


def _is_due(each: Item, account: Account) -> bool:
    """Return whether the site's license does not show a completed upgrade yet."""
    site = account.sites_by_id.get(vars(each).get("site_id", ""))
    if site is None or site.license is None:
        return False
    if each.kind == "site_bandwidth":
        return each.bandwidth_mbps > site.license.bandwidth_mbps
    return each.kind == "site_early_activation" and each.start_date < site.license.starts_on
