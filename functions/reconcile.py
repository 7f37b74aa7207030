"""Repair what is pending for too long: entries, contact reports, and changes of accounts and people that the stream
lost, parked orders, workflows that did not come back, orders that are not counted or indexed yet.

It runs on a schedule over the index of pending items, and on demand:

{"order_id": ...} repairs one order, named by its id or number, now and returns {"entries", "workflows"}: how many were
repaired.

{"all": true} repairs every pending item, due or not, and then every open order. It returns {"orders", "entries",
"workflows", "account_items", "cursor"}: how many orders this call examined, what it repaired, and the cursor of the
next call, {"all": true, "cursor": ...}. A cursor of null means that all is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders.aws import account_outbox, later_effects, order_queries, order_store, outbox, workflow
from online_orders.aws.keys import PENDING_SHARDS, WORKFLOW_SK, Item
from online_orders.clock import now
from online_orders.telemetry import logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_BATCH_SIZE = 100
"""Pending items of one shard that one run examines; the longest overdue come first."""
_PAGE = 25
"""Pending items or open orders that are repaired between two checks of the remaining time."""
_TIME_TO_STOP_MS = 30_000


def _repair_workflow(order_id: str) -> int:
    """Repair the workflow of an order; return how many were repaired, 0 or 1."""
    repaired = workflow.repair(order_store.locate_order(order_id))
    if repaired:
        logger.warning("repaired a workflow", extra={"order_id": order_id})
        metrics.add_metric("WorkflowsRepaired", MetricUnit.Count, 1)
    return int(repaired)


def _repair_workflow_or_postpone(order_id: str) -> int:
    """Repair the workflow of an order, or postpone its next check: an error with one order must not delay
    the others.
    """
    try:
        return _repair_workflow(order_id)
    except Exception:
        logger.exception("a workflow could not be repaired", extra={"order_id": order_id})
        metrics.add_metric("WorkflowRepairsFailed", MetricUnit.Count, 1)
        workflow.postpone_check(order_id)
        return 0


class _Run:
    """The counts of one run over many orders. An order is repaired once, however many pending items it has."""

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
    def repaired(self) -> dict[str, int]:
        return {"entries": self.entries, "workflows": self.workflows, "account_items": self.account_items}

    def repair_item(self, item: Item) -> None:
        if account_outbox.is_account_item(item):
            self.account_items += account_outbox.repair_item(item)
            return
        order_id = outbox.order_id_from_item(item)
        if item["sk"]["S"] == WORKFLOW_SK:
            self.repair_workflow(order_id)
        elif item["sk"]["S"] in later_effects.SORT_KEYS:
            later_effects.run_postponed(order_id, item["sk"]["S"])
        elif self._is_first(order_id, "entries"):
            self.entries += outbox.repair_entries(order_id)

    def repair_workflow(self, order_id: str) -> None:
        if self._is_first(order_id, "workflow"):
            self.workflows += _repair_workflow_or_postpone(order_id)

    def _is_first(self, order_id: str, what: str) -> bool:
        is_first = (order_id, what) not in self._done
        self._done.add((order_id, what))
        return is_first


def _repair_due(run: _Run) -> dict[str, int]:
    for shard in range(PENDING_SHARDS):
        for item in outbox.due_items(str(shard), now(), _BATCH_SIZE):
            if not run.has_time:
                break
            run.repair_item(item)
    return run.repaired


def _repair_all(run: _Run, cursor: dict[str, Any] | None) -> dict[str, Any]:
    while cursor is not None and run.has_time:
        cursor = _repair_page(run, cursor)
    return {"orders": run.orders, **run.repaired, "cursor": cursor}


def _repair_page(run: _Run, cursor: dict[str, Any]) -> dict[str, Any] | None:
    """Repair one page and return the cursor of the next one, or None.

    A cursor is a shard of the index of pending items and a key in it, or the id of an open order.
    """
    if "shard" not in cursor:
        order_ids, position = order_queries.list_open_ids(_PAGE, cursor["open_after"])
        for order_id in order_ids:
            run.repair_workflow(order_id)
        return {"open_after": position} if position else None
    shard = int(cursor["shard"])
    items, after = outbox.newest_pending_items(str(shard), _PAGE, cursor["after"])
    for item in items:
        run.repair_item(item)
    if after or shard + 1 < PENDING_SHARDS:
        return {"shard": shard if after else shard + 1, "after": after}
    return {"open_after": None}


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Repair what is pending; the module's docstring describes the payloads. The schedule's own event is any other."""
    if named := event.get("order_id"):
        order_id = order_store.locate_order(named).order_id
        repaired = {"entries": outbox.repair_entries(order_id), "workflows": _repair_workflow(order_id)}
        later_effects.run_postponed(order_id)
        return repaired
    run = _Run(context)
    if event.get("all"):
        return _repair_all(run, event.get("cursor") or {"shard": 0, "after": None})
    return _repair_due(run)
