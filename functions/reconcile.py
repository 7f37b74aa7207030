"""Looks after what was left undone: entries the stream lost, parked orders, workflows that do not come back.

Runs on a schedule over the index of marks, and on demand: {"order_id": ...} mends one order, now.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from online_orders.aws import following, orders, workflow
from online_orders.aws.keys import OUTSTANDING_SHARDS, WORKFLOW_SK
from online_orders.clock import now
from online_orders.telemetry import logger, metrics

_AT_ONCE = 100
"""Marks of one shard that one run looks at; the longest overdue come first."""
_TIME_TO_STOP_MS = 15_000


def _look_after(order_id: str) -> bool:
    mended = workflow.look_after(orders.whereabouts(order_id))
    if mended:
        logger.warning("mended a workflow", extra={"order_id": order_id})
        metrics.add_metric("WorkflowsMended", MetricUnit.Count, 1)
    return mended


def _run(context: LambdaContext) -> dict[str, int]:
    entries = workflows = 0
    done: set[tuple[str, bool]] = set()
    for shard in range(OUTSTANDING_SHARDS):
        for item in following.due_marks(str(shard), now(), _AT_ONCE):
            order_id, is_workflow = following.order_id_in(item), item["sk"]["S"] == WORKFLOW_SK
            if (order_id, is_workflow) in done:
                continue
            if context.get_remaining_time_in_millis() < _TIME_TO_STOP_MS:
                return {"entries": entries, "workflows": workflows}
            done.add((order_id, is_workflow))
            if is_workflow:
                workflows += _look_after(order_id)
            else:
                entries += following.mend(order_id)
    return {"entries": entries, "workflows": workflows}


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Answers how many {"entries", "workflows"} had to be mended."""
    if order_id := event.get("order_id"):
        return {"entries": following.mend(order_id), "workflows": int(_look_after(order_id))}
    return _run(context)
