"""Store what GuardDuty's Malware Protection says of files that came with approvals, which comes by EventBridge.

The events come through a queue, so that an outage loses none. Only files of this stack's bucket under the right prefix
count; the rule asks for no others.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from online_orders.aws import attachment_store
from online_orders.aws.queues import process_queue
from online_orders.domain.attachments import ScanState
from online_orders.domain.order_ids import is_order_id
from online_orders.environment import environment
from online_orders.telemetry import MetricUnit, logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

_KEY = re.compile(r"attachments/([0-9A-Z]+)/([0-9a-f]{64})\.pdf")
_FOUND: dict[str, ScanState] = {"NO_THREATS_FOUND": "clean", "THREATS_FOUND": "infected"}
"""What a scan may find; whatever else it says, as that it may not read the file, it has failed."""


def _handle_event(event: dict[str, Any]) -> None:
    detail = event["detail"]
    scanned = detail["s3ObjectDetails"]
    found = _KEY.fullmatch(scanned["objectKey"])
    if scanned["bucketName"] != environment("DOCUMENTS_BUCKET") or not found or not is_order_id(found[1]):
        logger.warning("a scan of another file was ignored")
        return
    order_id, sha256 = found[1], found[2]
    scan = _FOUND.get(detail.get("scanResultDetails", {}).get("scanResultStatus", ""), "failed")
    is_newest = attachment_store.store_scan(order_id, sha256, scan, datetime.fromisoformat(event["time"]))
    with logger.append_context_keys(order_id=order_id):
        logger.info("a file was scanned", extra={"scan": scan, "is_newest": is_newest})
    metrics.add_metric(f"Scan_{scan}", MetricUnit.Count, 1)


def _handle_record(record: SQSRecord) -> None:
    _handle_event(record.json_body)


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process the results of scans from the queue."""
    return process_queue(event, _handle_record, context, "SCAN_NEWS_URL")
