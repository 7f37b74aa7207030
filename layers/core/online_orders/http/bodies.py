"""Read the bodies of requests, as JSON or CSV, up to a maximum size."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

from aws_lambda_powertools.event_handler import Request

from online_orders.domain.errors import (
    BadRequest,
    TooLarge,
)
from online_orders.http.requests import media_type

MAX_BODY_BYTES = 320 * 1024
"""What is stored of a body must fit an item of the table, 400 KB."""
MAX_DEPTH = 64
"""Arrays and objects within each other. Python gives up at a depth that depends on where it reads or writes a value."""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def raw_body(request: Request, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return the body as it was sent; raise TooLarge for more than `max_bytes` bytes."""
    body, is_coded = request.body or "", request.resolved_event.is_base64_encoded
    data = base64.b64decode(body) if is_coded else body.encode("utf-8", "surrogatepass")
    if len(data) > max_bytes:
        raise body_too_large(max_bytes)
    return data


def body_too_large(max_bytes: int = MAX_BODY_BYTES) -> TooLarge:
    """Return the refusal of a body of more than `max_bytes` bytes."""
    return TooLarge(f"A body has {max_bytes} bytes at most.")


def json_body(request: Request, *, default: Any = None) -> Any:
    """Return the JSON value of the body, numbers read exactly; `default`, when given, for an empty one. Raise
    BadRequest.
    """
    data = raw_body(request)
    if default is not None and not data.strip():
        return default
    try:
        value = json.loads(data.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise BadRequest("invalid_json", f"The body is not JSON: {reason}.") from None
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _is_deep(value):
        raise BadRequest("invalid_json", f"The body has more than {MAX_DEPTH} arrays and objects within each other.")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        nested = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, (dict, list))]
        level = [member for members in nested for member in members]
    return any(isinstance(each, (dict, list)) for each in level)


def csv_body(request: Request) -> str | None:
    """Return the body as text when it was sent as CSV; None when it was not."""
    if media_type(request) != "text/csv":
        return None
    from online_orders.domain.csv_pages import decode_utf8  # imported here for the sake of cold starts

    return decode_utf8(raw_body(request))
