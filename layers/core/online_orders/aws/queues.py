"""Process the messages that a queue hands to a function, and postpone those that failed.

A failed message comes again after a pause that grows with its age, so that an outage of a day uses up neither its
receives nor the concurrency of a small account. In the end its queue moves it to the dead-letter queue.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from online_orders.aws.clients import client
from online_orders.aws.retry_delays import next_delay_seconds
from online_orders.clock import now
from online_orders.environment import environment
from online_orders.telemetry import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Powertools' own logger is none of the standard library's, but has all methods that are called.
_processor = BatchProcessor(event_type=EventType.SQS, logger=cast("logging.Logger", logger))


def process_queue(
    event: dict[str, Any], handle: Callable[[SQSRecord], None], context: LambdaContext, queue_url: str
) -> PartialItemFailureResponse:
    """Handle each message; failed ones are logged and named in the response, so that only these come again.

    `queue_url` is the environment variable with the URL of the queue. Raises powertools' BatchProcessingError when all
    failed.
    """

    def handle_or_postpone(record: SQSRecord) -> None:
        try:
            handle(record)
        except Exception:
            _postpone(record, environment(queue_url))
            raise

    return process_partial_response(
        event=event, record_handler=handle_or_postpone, processor=_processor, context=context
    )


def _postpone(record: SQSRecord, queue_url: str) -> None:
    """Hide a message for its next pause. If that fails, it comes again after the queue's own visibility timeout."""
    sent_at = datetime.fromtimestamp(int(record.attributes.sent_timestamp) / 1000, UTC)
    seconds = next_delay_seconds(now() - sent_at)
    try:
        client("sqs").change_message_visibility(
            QueueUrl=queue_url, ReceiptHandle=record.receipt_handle, VisibilityTimeout=seconds
        )
    except (BotoCoreError, ClientError):
        logger.exception("a message could not be delayed")
