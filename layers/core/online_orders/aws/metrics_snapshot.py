"""Compute figures of the whole table, each from a bounded read of an index."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from online_orders.aws.keys import PENDING_SHARDS
from online_orders.aws.outbox import due_items
from online_orders.aws.table import call, text
from online_orders.domain.order_ids import placed_at
from online_orders.domain.order_status import Status


def _query_status(status: Status, **more: Any) -> Any:
    return call(
        "query",
        IndexName="desk",
        KeyConditionExpression="desk_status = :status",
        ExpressionAttributeValues={":status": text(status)},
        **more,
    )


def count_orders(status: Status) -> int:
    """Return how many orders are in a status; at most one page of the index is counted (some 8,000)."""
    return int(_query_status(status, Select="COUNT")["Count"])


def oldest_placed_at(status: Status) -> datetime | None:
    """Return when the oldest order in a status was placed; None when there is none."""
    items = _query_status(status, Limit=1)["Items"]
    return placed_at(items[0]["order_id"]["S"]) if items else None


def max_overdue(at: datetime) -> timedelta:
    """Return for how long the longest overdue item has waited for the reconciler."""
    due = [int(item["check_at"]["N"]) for shard in range(PENDING_SHARDS) for item in due_items(str(shard), at, 1)]
    return timedelta(seconds=at.timestamp() - min(due)) if due else timedelta()
