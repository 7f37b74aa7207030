"""Keep the history behind the estimates: counters per kind of item, read along with other items and cached.

The counters of a kind are spread over several shards, because two orders that are counted in one item at the same
moment conflict. A read gets all shards at once: 48 small items for the catalog that ships, when the cached history has
expired. Of a catalog with more kinds, the first `MAX_KINDS` are read along; the history of another kind is read when an
order with it is shown.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import product
from time import monotonic
from typing import NamedTuple

from online_orders.aws.keys import (
    HISTORY_SHARDS,
    Item,
    Key,
    counted_key,
    history_key,
    history_shard,
)
from online_orders.aws.table import IF_NOT_EXISTS, Items, WriteConflict, attempts, get_all, transact
from online_orders.domain.catalog import shipped
from online_orders.domain.errors import InProgress
from online_orders.domain.estimates import BUCKET_DAYS, History, bucket_of, durations
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.environment import environment

MAX_KINDS = 10
"""Kinds whose counters are read along with other items: a batch of DynamoDB has 100 at most."""


class _Cached(NamedTuple):
    until: float
    """By the monotonic clock."""
    history: dict[tuple[str, str], list[int]]
    kinds: set[str]
    """Whose counters have been read."""


_cache: list[_Cached] = []
_catalog_kinds: list[tuple[str, ...]] = []


def _is_fresh() -> bool:
    return bool(_cache) and monotonic() < _cache[0].until


def follow_catalog(kinds: Iterable[str]) -> None:
    """Read the history of these kinds along from now on: those of the catalog that is in force."""
    _catalog_kinds[:] = [tuple(kinds)]


def _kinds() -> tuple[str, ...]:
    return (_catalog_kinds[0] if _catalog_kinds else tuple(shipped().kinds))[:MAX_KINDS]


def _keys(kinds: Collection[str]) -> list[Key]:
    return [history_key(kind, shard) for shard in range(HISTORY_SHARDS) for kind in kinds]


def _due(asked: Iterable[str]) -> tuple[str, ...]:
    """Return the kinds whose counters are to be read: those that are asked for and, at times, those of the catalog."""
    if _is_fresh():
        return tuple(kind for kind in asked if kind not in _cache[0].kinds)[:MAX_KINDS]
    return tuple(dict.fromkeys([*asked, *_kinds()]))[:MAX_KINDS]


def keys_to_refresh(asked: Iterable[str] = ()) -> list[Key]:
    """Return the keys of the counters to read along with other items; none while the cached history is fresh.

    `asked` has the kinds of which the history will be asked for, each once.
    """
    return _keys(_due(asked))


def update_cache(found: Items, asked: Iterable[str] = ()) -> None:
    """Cache the counters that a read with `keys_to_refresh` has brought, for the same kinds that are asked for."""
    kinds = _due(asked)
    if not _is_fresh():
        _cache[:] = [_Cached(monotonic() + float(environment("HISTORY_CACHE_SECONDS")), {}, set())]
    _cache[0].history.update(_history(found, kinds))
    _cache[0].kinds.update(kinds)


def _history(found: Items, kinds: Collection[str]) -> dict[tuple[str, str], list[int]]:
    history: dict[tuple[str, str], list[int]] = {}
    for kind, shard in product(kinds, range(HISTORY_SHARDS)):
        item = found.get(history_key(kind, shard)) or {}
        for name, value in item.items():
            status, _, bucket = name.partition("#")
            if bucket:
                counts = history.setdefault((kind, status), [0] * len(BUCKET_DAYS))
                counts[int(bucket)] += int(value["N"])
    return history


def lead_times(orders: Iterable[Order] = ()) -> History:
    """Return the history, with that of every kind of item in these orders."""
    if not _is_fresh():
        update_cache(get_all(keys_to_refresh()))
    cached = _cache[0]
    missing = {kind for order in orders for kind in order.item_kinds} - cached.kinds
    if missing:
        kinds = sorted(missing)
        for first in range(0, len(kinds), MAX_KINDS):
            some = kinds[first : first + MAX_KINDS]
            cached.history.update(_history(get_all(_keys(some)), some))
        cached.kinds.update(missing)
    return cached.history


def count_order(order: Order) -> None:
    """Add a completed order to the history, once however often it is called.

    Raises InProgress when conflicts with other orders do not end.
    """
    completed_at: datetime | None = order.closed.at if order.closed else None
    if completed_at is None:
        return
    buckets = {
        status: bucket_of(duration) for status, duration in durations(order.internals.since, completed_at).items()
    }
    for attempt in attempts():
        try:
            transact(_actions(order, buckets, history_shard(order.order_id, attempt)))
        except WriteConflict as race:
            if race.existing and race.existing[0]:
                return
        else:
            return
    raise InProgress("Others keep counting orders; nothing was counted.")


def _actions(order: Order, buckets: Mapping[Status, int], shard: int) -> list[Item]:
    actions: list[Item] = [
        {
            "Put": {
                "Item": counted_key(order.order_id),
                **IF_NOT_EXISTS,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }
    ]
    for kind in sorted(set(order.item_kinds)):
        names = {f"#{status}": f"{status}#{bucket}" for status, bucket in buckets.items()}
        actions.append(
            {
                "Update": {
                    "Key": history_key(kind, shard),
                    "UpdateExpression": "ADD " + ", ".join(f"{name} :one" for name in names),
                    "ExpressionAttributeNames": names,
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                }
            }
        )
    return actions


def reset() -> None:
    _cache.clear()
    _catalog_kinds.clear()
