"""Work through the messages that a queue hands to a function."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from online_orders.telemetry import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Powertools' own logger is none of the standard library's, and has all that is called of it.
_processor = BatchProcessor(event_type=EventType.SQS, logger=cast("logging.Logger", logger))


def work_through(
    event: dict[str, Any], handle: Callable[[SQSRecord], None], context: LambdaContext
) -> PartialItemFailureResponse:
    """Handle each message; what failed is logged and named in the answer, by which it comes again and others do not.

    Raises powertools' BatchProcessingError when all failed.
    """
    return process_partial_response(event=event, record_handler=handle, processor=_processor, context=context)
