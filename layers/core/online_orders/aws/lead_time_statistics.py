"""Keep the history behind the estimates: counters per kind of item, read along with other items and cached.

The counters of a kind are spread over several shards, because two orders that are counted in one item at the same
moment conflict. A read gets all shards at once: 48 small items, when the cached history has expired.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import product
from time import monotonic

from online_orders.aws.keys import (
    HISTORY_SHARDS,
    Item,
    Key,
    counted_key,
    history_key,
    history_shard,
    pending_shard,
    statistics_key,
)
from online_orders.aws.table import IF_NOT_EXISTS, Items, WriteConflict, attempts, get_all, number, put, text, transact
from online_orders.domain.catalog import KIND_LABELS
from online_orders.domain.errors import InProgress
from online_orders.domain.estimates import BUCKET_DAYS, History, bucket_of, durations
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.environment import environment

_cache: list[tuple[float, History]] = []


def _is_fresh() -> bool:
    return bool(_cache) and monotonic() - _cache[0][0] < float(environment("HISTORY_CACHE_SECONDS"))


def keys_to_refresh() -> list[Key]:
    """Return the keys of the counters to read along with other items; none while the cached history is fresh."""
    return [] if _is_fresh() else [history_key(kind, shard) for shard in range(HISTORY_SHARDS) for kind in KIND_LABELS]


def update_cache(found: Items) -> None:
    """Cache the counters that a read with `keys_to_refresh` has brought."""
    if _is_fresh():
        return
    history: dict[tuple[str, str], list[int]] = {}
    for kind, shard in product(KIND_LABELS, range(HISTORY_SHARDS)):
        item = found.get(history_key(kind, shard)) or {}
        for name, value in item.items():
            status, _, bucket = name.partition("#")
            if bucket:
                counts = history.setdefault((kind, status), [0] * len(BUCKET_DAYS))
                counts[int(bucket)] += int(value["N"])
    _cache[:] = [(monotonic(), history)]


def lead_times() -> History:
    if not _is_fresh():
        update_cache(get_all(keys_to_refresh()))
    return _cache[0][1]


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


def postpone_count(order_id: str, until: datetime) -> None:
    """Store that an order is still to be counted, for the reconciler."""
    put(
        {
            **statistics_key(order_id),
            "outstanding": text(pending_shard(order_id)),
            "check_at": number(int(until.timestamp())),
        }
    )


def reset() -> None:
    _cache.clear()
