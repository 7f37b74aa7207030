"""Find duplicate orders: an account orders what another order of the account contains already.

A duplicate causes a warning and never a refusal, since people may want the same again. Contradictions within one order
are errors in `catalog`.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from online_orders.domain.accounts import Account
from online_orders.domain.catalog import Catalog, Item, settings_of, site_id_of
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
    items: Sequence[Item],
    account: Account,
    others: "Iterable[Order]",
    at: datetime,
    kinds: Collection[str],
    catalog: Catalog,
) -> tuple[Duplicate, ...]:
    """Return, for each item of these kinds that has one, the first duplicate among `others`.

    Two upgrades are the same when they are for the same site, whatever their other settings; other items are the same
    when all settings but the date are. Of `others` only open orders count and, for upgrades, those completed within
    `RECENT`.
    """
    matches: dict[tuple[Any, ...], list[tuple[Code, Order]]] = {}
    for other in others:
        for each in other.items:
            if each.kind in kinds and (code := _code(each, other, account, at, catalog)):
                matches.setdefault(_identity_of(each, catalog), []).append((code, other))
    found = []
    for index, item in enumerate(items, start=1):
        same = matches.get(_identity_of(item, catalog), ())
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


def _identity_of(item: Item, catalog: Catalog) -> tuple[Any, ...]:
    """Return a key that two items share when they are the same."""
    if item.kind in catalog.upgrades:
        return item.kind, site_id_of(item)
    return item.kind, *sorted(settings_of(item).items())


def _code(each: Item, other: "Order", account: Account, at: datetime, catalog: Catalog) -> Code | None:
    """Return the warning that an item of another order causes, or None."""
    if other.is_open:
        return "already_ordered"
    if other.status != "completed" or other.closed is None or at - other.closed.at > RECENT:
        return None
    return "recently_completed" if _is_due(each, account, catalog) else None


def _is_due(each: Item, account: Account, catalog: Catalog) -> bool:
    """Return whether the site's license does not show a completed upgrade yet, as far as the rules of its kind tell."""
    site, kind = account.sites_by_id.get(site_id_of(each) or ""), catalog.kinds.get(each.kind)
    if site is None or site.license is None or kind is None or not kind.is_upgrade:
        return False
    for rule in kind.rules:
        if rule["rule"] == "above_current_bandwidth":
            mbps = settings_of(each).get(rule["setting"])  # of another type, if an earlier catalog had it so
            return isinstance(mbps, int) and mbps > site.license.bandwidth_mbps
        if rule["rule"] == "license_starts_later":
            return each.start_date < site.license.starts_on
    return False
