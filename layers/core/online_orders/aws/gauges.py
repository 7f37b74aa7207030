"""Figures of the whole table, each from a bounded read of an index."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from online_orders.aws.dynamodb import call, text
from online_orders.aws.following import due_marks
from online_orders.aws.keys import OUTSTANDING_SHARDS
from online_orders.order_ids import placed_at
from online_orders.orders import Status


def _of_status(status: Status, **more: Any) -> Any:
    return call(
        "query",
        IndexName="desk",
        KeyConditionExpression="desk_status = :status",
        ExpressionAttributeValues={":status": text(status)},
        **more,
    )


def count_orders(status: Status) -> int:
    """How many orders are in a status; of more than one page of the index (some 8,000), those of the first."""
    return int(_of_status(status, Select="COUNT")["Count"])


def placing_of_oldest(status: Status) -> datetime | None:
    """When the oldest order in a status was placed; None when there is none."""
    items = _of_status(status, Limit=1)["Items"]
    return placed_at(items[0]["order_id"]["S"]) if items else None


def longest_overdue(at: datetime) -> timedelta:
    """For how long the longest overdue mark has waited for the reconciler."""
    due = [int(item["check_at"]["N"]) for shard in range(OUTSTANDING_SHARDS) for item in due_marks(str(shard), at, 1)]
    return timedelta(seconds=at.timestamp() - min(due)) if due else timedelta()
