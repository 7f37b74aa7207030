"""Estimate when an item will start, from this installation's own history, in constant time.

For each kind of item and each open status, the history counts how many whole days completed orders still took from that
status on. The counts are in fixed buckets, so an estimate is accurate to a bucket's width.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from online_orders.domain.order_status import OPEN_STATUSES, Status

BUCKET_DAYS: tuple[int, ...] = (*range(15), 17, 19, 21, 24, 27, 30, 35, 40, 45, 50, 60, 75, 90, 120, 150, 180, 270, 365)
"""Upper ends of the buckets, in days; the last one also counts what took longer."""
PERCENTILE = 90
MIN_ORDERS = 10
TOO_FEW_ORDERS = "too few orders"
"""The basis of an estimate that too few orders support."""

Counts = Sequence[int]
History = Mapping[tuple[str, str], Counts]
"""By kind of item and status, how many orders fell into each bucket."""


class EstimatedStart(NamedTuple):
    date: date
    basis: str
    orders: int


def bucket_of(taken: timedelta) -> int:
    """Return the index of a duration's bucket; part of a day counts as a day."""
    days = -(-taken // timedelta(days=1))
    return min(bisect_left(BUCKET_DAYS, days), len(BUCKET_DAYS) - 1)


def percentile_days(counts: Counts) -> int:
    """Return the number of days within which 90 of 100 such orders were completed; 0 without history."""
    needed = -(-sum(counts) * PERCENTILE // 100)
    for days, so_far in zip(BUCKET_DAYS, accumulate(counts), strict=True):
        if so_far >= needed:
            return days
    return 0


def durations(since: Mapping[Status, datetime], completed_at: datetime) -> dict[Status, timedelta]:
    """Return what a completed order adds to the statistics: for each open status, the time it still took from there."""
    return {status: completed_at - entered for status, entered in since.items() if status in OPEN_STATUSES}


def estimated_start(
    kind: str, status: str, requested: date, confirmed: date | None, history: History, today: date
) -> EstimatedStart:
    if confirmed:
        return EstimatedStart(date=confirmed, basis="confirmed by Customer Success", orders=0)
    counts = history.get((kind, status), ())
    orders = sum(counts)
    likely = today + timedelta(days=percentile_days(counts)) if counts else today
    if orders == 0:
        basis = f"asked start date; {TOO_FEW_ORDERS} for an estimate"
    elif orders < MIN_ORDERS:
        basis = f"{PERCENTILE} of 100 earlier orders were done in this time; {TOO_FEW_ORDERS} to rely on"
    else:
        basis = f"{PERCENTILE} of 100 earlier orders were done in this time"
    return EstimatedStart(date=max(requested, likely), basis=basis, orders=orders)
