"""The logger and the metrics of every function; of an error they keep the kind and the place, and redact the text.

The message of an exception may quote its subject: SES names the address that it refuses, a parser the text that it
could not read. Neither the log nor the execution history may contain that.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from functools import wraps
from json import JSONEncoder
from traceback import walk_tb
from types import TracebackType
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError
from pydantic import ValidationError

from online_orders.domain.errors import OnlineOrdersError

__all__ = ["MetricUnit", "RedactedError", "correlation_paths", "error_kind", "logger", "metrics", "redact_exceptions"]

SERVICE = "online-orders"

Response = TypeVar("Response")
Handler = Callable[[dict[str, Any], Any], Response]
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

# No line of ours names threads, processes or tasks (logging's how-to, "Optimization").
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
logging.logAsyncioTasks = False  # type: ignore[attr-defined, unused-ignore] # from Python 3.12 on
# A request that counts nothing is fine; powertools would warn about each.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def error_kind(error: BaseException) -> str:
    """Return the name of an exception's class, with the code and the operation where it is an error of AWS."""
    name = type(error).__name__
    if isinstance(error, ClientError):
        return f"{name} {error.response['Error']['Code']} of {error.operation_name}"
    return name


def _traceback_lines(error: BaseException) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before:
        yield from _traceback_lines(before)
    for frame, line in walk_tb(error.__traceback__):
        yield f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}"
    yield error_kind(error)


class _Formatter(LambdaPowertoolsFormatter):
    """Formats an exception as the lines of its traceback, the innermost last, and then its kind."""

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's name
        return "\n".join(_traceback_lines(ei[1])) if ei[1] else ""

    def _extract_log_exception(self, log_record: Any) -> Any:
        message, name, _ = super()._extract_log_exception(log_record)
        return message, name, None


logger = Logger(
    service=SERVICE,
    logger_formatter=_Formatter(
        serialize_stacktrace=False,
        # The defaults make an encoder for each line, and try to read each message as JSON.
        json_serializer=JSONEncoder(default=str, separators=(",", ":"), ensure_ascii=False).encode,
        json_deserializer=str,
    ),
)
metrics = Metrics(namespace="OnlineOrders", service=os.environ.get("POWERTOOLS_SERVICE_NAME", SERVICE))
"""Their one dimension, `service`, is the stack, so that two stages of one account have metrics of their own."""


class RedactedError(Exception):
    """What leaves a function in place of an error; its class has the name of the error's."""


def redact_exceptions(handler: Handler[Response]) -> Handler[Response]:
    """Redact the texts of exceptions that leave a function: Lambda would log them, Step Functions keep them in its
    history.

    Refusals of ours, and pydantic's, which hide their input, contain only ids and are raised unchanged.
    """

    @wraps(handler)
    def guarded(event: dict[str, Any], context: Any) -> Response:
        try:
            return handler(event, context)
        except (OnlineOrdersError, ValidationError):
            raise
        except Exception as error:
            logger.exception("failed")
            kind, name = error_kind(error), type(error).__name__
        raise type(name, (RedactedError,), {})(kind)

    return guarded
