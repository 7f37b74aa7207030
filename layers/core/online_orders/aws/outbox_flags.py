"""The pending flag: attributes by which the reconciler finds an item that is still to be processed.

They make the item part of the index `outstanding`; processing the item removes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from online_orders.aws.keys import Item, Key, pending_shard
from online_orders.aws.table import number, text
from online_orders.telemetry import MetricUnit, logger, metrics

PROCESSING_DEADLINE = timedelta(minutes=3)
"""The stream takes seconds; the reconciler repairs an item that is still pending after this."""


def pending_flag(owner_id: str, at: datetime) -> Item:
    """Return the pending flag of an item that is stored at `at`; `owner_id` spreads the flags over the index."""
    return {
        "outstanding": text(pending_shard(owner_id)),
        "check_at": number(int((at + PROCESSING_DEADLINE).timestamp())),
    }


def pending_change(key: Key, owner_id: str, at: datetime, messages: Sequence[Mapping[str, Any]]) -> Item:
    """Return the item of a change that exists until its messages are queued (see `account_outbox`)."""
    return {**key, **pending_flag(owner_id, at), "document": text(json.dumps(messages))}


def run_or_log(work: Callable[[], object], failure: str, metric: str, **about: str) -> bool:
    """Do a piece of work and return whether it succeeded; whatever error it has is left to the reconciler.

    The error is logged as `failure` with the fields of `about` and counted by a metric, and is not raised.
    """
    try:
        work()
    except Exception:
        logger.exception(failure, extra=about)
        metrics.add_metric(metric, MetricUnit.Count, 1)
        return False
    return True
