"""The history behind the estimates: counters per kind of item, read along with other items and kept for a while."""

from __future__ import annotations

from datetime import datetime
from time import monotonic

from online_orders.aws.dynamodb import IS_NEW, Found, Raced, get_all, transact
from online_orders.aws.environment import environment
from online_orders.aws.keys import Item, Key, counted_key, history_key
from online_orders.catalog import KIND_LABELS
from online_orders.estimates import BUCKET_DAYS, History, bucket_of, durations
from online_orders.orders import Order

_kept: list[tuple[float, History]] = []


def _is_fresh() -> bool:
    return bool(_kept) and monotonic() - _kept[0][0] < float(environment("HISTORY_KEPT_SECONDS"))


def wanted_keys() -> list[Key]:
    """What a read that is due anyway should bring along; nothing while the kept history is fresh."""
    return [] if _is_fresh() else [history_key(kind) for kind in KIND_LABELS]


def remember(found: Found) -> None:
    """Keep the counters that a read with `wanted_keys` has brought."""
    if _is_fresh():
        return
    history: dict[tuple[str, str], list[int]] = {}
    for kind in KIND_LABELS:
        item = found.under(history_key(kind)) or {}
        for name, value in item.items():
            status, _, bucket = name.partition("#")
            if bucket:
                counts = history.setdefault((kind, status), [0] * len(BUCKET_DAYS))
                counts[int(bucket)] = int(value["N"])
    _kept[:] = [(monotonic(), history)]


def history() -> History:
    if not _is_fresh():
        remember(get_all(wanted_keys()))
    return _kept[0][1]


def count(order: Order) -> None:
    """Add a completed order to the history, once however often it is told."""
    completed_at: datetime | None = order.closed.at if order.closed else None
    if completed_at is None:
        return
    buckets = {status: bucket_of(taken) for status, taken in durations(order.marks.since, completed_at).items()}
    actions: list[Item] = [
        {"Put": {"Item": counted_key(order.order_id), **IS_NEW, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}
    ]
    for kind in sorted(set(order.item_kinds)):
        names = {f"#{status}": f"{status}#{bucket}" for status, bucket in buckets.items()}
        actions.append(
            {
                "Update": {
                    "Key": history_key(kind),
                    "UpdateExpression": "ADD " + ", ".join(f"{name} :one" for name in names),
                    "ExpressionAttributeNames": names,
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                }
            }
        )
    try:
        transact(actions)
    except Raced as race:
        if not (race.standing and race.standing[0]):
            raise


def reset() -> None:
    _kept.clear()
