"""The attributes by which the reconciler finds an item that something is still to follow from.

They make the item part of the index `outstanding`, and whoever has done what follows takes them away.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from online_orders.aws.dynamodb import number, text
from online_orders.aws.keys import Item, outstanding_shard
from online_orders.telemetry import MetricUnit, logger, metrics

FOLLOWED_WITHIN = timedelta(minutes=3)
"""The stream takes seconds; an item that still has its mark by then is the reconciler's."""


def pending_mark(owner_id: str, at: datetime) -> Item:
    """Return the mark of an item that is stored at `at`; `owner_id` spreads the marks over the index."""
    return {
        "outstanding": text(outstanding_shard(owner_id)),
        "check_at": number(int((at + FOLLOWED_WITHIN).timestamp())),
    }


def done_or_left(work: Callable[[], None], failure: str, metric: str, **about: str) -> bool:
    """Return whether a piece of work was done; what fails, whatever is wrong with it, is left to the reconciler.

    It is logged as `failure`, with what it was `about`, and counted by a metric. It holds up nothing else.
    """
    try:
        work()
    except Exception:
        logger.exception(failure, extra=about)
        metrics.add_metric(metric, MetricUnit.Count, 1)
        return False
    return True
