"""Return refusals and errors as problem details (RFC 9457)."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from online_orders.domain.errors import (
    OnlineOrdersError,
    Unavailable,
)
from online_orders.domain.representations import to_json
from online_orders.http.responses import Response
from online_orders.telemetry import logger

_TRANSIENT_ERRORS = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottlingError",
    "ThrottlingException",
    "TooManyRequestsException",
}
"""Errors of AWS that pass by themselves; conflicts of writes are handled in `aws.table`."""


def problem(error: OnlineOrdersError) -> Response:
    """Return the response of a refusal, as RFC 9457 defines it."""
    document = {
        "type": "about:blank",
        "title": error.status.phrase,
        "status": int(error.status),
        "code": error.code,
        "detail": error.detail.encode("utf-8", "replace").decode(),
        **error.members(),
    }
    return Response(
        int(error.status),
        "application/problem+json",
        to_json(document),
        headers={"Cache-Control": "no-store", **error.headers()},
    )


class _InternalError(OnlineOrdersError):
    """An internal error; the log has the details."""


def to_api_error(error: Exception) -> OnlineOrdersError:
    """Return the refusal that an unexpected error becomes for the caller; the log has the details."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    is_silence = isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)
    if code in _TRANSIENT_ERRORS or is_silence:
        logger.warning("AWS did not answer", exc_info=error)
        return Unavailable("The service is busy. Repeat the request; with the same Idempotency-Key, where it has one.")
    logger.error("unexpected fault", exc_info=error)
    return _InternalError("Something went wrong on our side; the log has the request id.")
