"""Looks after what was left undone: entries, contact reports and changes of accounts that the stream lost, parked
orders, workflows that do not come back, completed orders that are still to be counted.

Runs on a schedule over the index of marks, and on demand:

{"order_id": ...} mends one order, now, and answers {"entries", "workflows"}: how many had to be mended.

{"all": true} mends whatever is marked, due or not, and then every open order; it answers {"orders", "entries",
"workflows", "account_items", "cursor"}: how many orders this call looked at, what it mended, and where the next call
goes on, with {"all": true, "cursor": ...}; null: that was all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders.aws import account_outbox, following, lists, orders, workflow
from online_orders.aws.keys import OUTSTANDING_SHARDS, STATISTICS_SK, WORKFLOW_SK, Item
from online_orders.clock import now
from online_orders.telemetry import discreet, logger, metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_AT_ONCE = 100
"""Marks of one shard that one run looks at; the longest overdue come first."""
_PAGE = 25
"""Marks or open orders that are looked after between two looks at the time that is left."""
_TIME_TO_STOP_MS = 30_000


def _look_after(order_id: str) -> int:
    """How many workflows had to be mended."""
    mended = workflow.look_after(orders.whereabouts(order_id))
    if mended:
        logger.warning("mended a workflow", extra={"order_id": order_id})
        metrics.add_metric("WorkflowsMended", MetricUnit.Count, 1)
    return int(mended)


def _look_after_or_later(order_id: str) -> int:
    """Whatever is wrong with one order must not hold up the others."""
    try:
        return _look_after(order_id)
    except Exception:
        logger.exception("a workflow could not be looked after", extra={"order_id": order_id})
        metrics.add_metric("WorkflowsNotMended", MetricUnit.Count, 1)
        workflow.look_later(order_id)
        return 0


class _Run:
    """What one run over many orders has mended; an order is looked after once, however many marks it has."""

    def __init__(self, context: LambdaContext) -> None:
        self.entries = self.workflows = self.account_items = 0
        self._context = context
        self._done: set[tuple[str, str]] = set()

    @property
    def has_time(self) -> bool:
        return self._context.get_remaining_time_in_millis() > _TIME_TO_STOP_MS

    @property
    def orders(self) -> int:
        return len({order_id for order_id, _ in self._done})

    @property
    def mended(self) -> dict[str, int]:
        return {"entries": self.entries, "workflows": self.workflows, "account_items": self.account_items}

    def see_to_mark(self, item: Item) -> None:
        if account_outbox.is_of_account(item):
            self.account_items += account_outbox.repair(item)
            return
        order_id = following.order_id_in(item)
        if item["sk"]["S"] == WORKFLOW_SK:
            self.see_to_workflow(order_id)
        elif item["sk"]["S"] == STATISTICS_SK:
            following.count_postponed(order_id)
        elif self._is_first(order_id, "entries"):
            self.entries += following.mend(order_id)

    def see_to_workflow(self, order_id: str) -> None:
        if self._is_first(order_id, "workflow"):
            self.workflows += _look_after_or_later(order_id)

    def _is_first(self, order_id: str, what: str) -> bool:
        is_first = (order_id, what) not in self._done
        self._done.add((order_id, what))
        return is_first


def _due(run: _Run) -> dict[str, int]:
    for shard in range(OUTSTANDING_SHARDS):
        for item in following.due_marks(str(shard), now(), _AT_ONCE):
            if not run.has_time:
                break
            run.see_to_mark(item)
    return run.mended


def _all(run: _Run, cursor: dict[str, Any] | None) -> dict[str, Any]:
    while cursor is not None and run.has_time:
        cursor = _page(run, cursor)
    return {"orders": run.orders, **run.mended, "cursor": cursor}


def _page(run: _Run, cursor: dict[str, Any]) -> dict[str, Any] | None:
    """See to one page; the cursor is a shard of the index of marks and a key in it, or an open order's id."""
    if "shard" not in cursor:
        order_ids, position = lists.list_open_ids(_PAGE, cursor["open_after"])
        for order_id in order_ids:
            run.see_to_workflow(order_id)
        return {"open_after": position} if position else None
    shard = int(cursor["shard"])
    items, after = following.newest_marks(str(shard), _PAGE, cursor["after"])
    for item in items:
        run.see_to_mark(item)
    if after or shard + 1 < OUTSTANDING_SHARDS:
        return {"shard": shard if after else shard + 1, "after": after}
    return {"open_after": None}


@discreet
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The payloads are told at the head of this file; the schedule's own event is any other."""
    if order_id := event.get("order_id"):
        mended = {"entries": following.mend(order_id), "workflows": _look_after(order_id)}
        following.count_postponed(order_id)
        return mended
    run = _Run(context)
    if event.get("all"):
        return _all(run, event.get("cursor") or {"shard": 0, "after": None})
    return _due(run)
