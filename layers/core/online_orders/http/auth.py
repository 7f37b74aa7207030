"""Authorize the caller by the id token, and check that the request came through CloudFront."""

import base64
import hmac
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from aws_lambda_powertools.event_handler import Request

from online_orders.domain.callers import Caller
from online_orders.domain.errors import Forbidden
from online_orders.domain.roles import Permission, side_that_needs
from online_orders.environment import environment
from online_orders.http.claims import has_second_factor, is_id_token, read_caller
from online_orders.http.rate_limit import check_rate_limit
from online_orders.http.requests import request_headers
from online_orders.telemetry import logger

ACCOUNT_HEADER = "account-id"
"""Chooses among the accounts of a person who belongs to several."""
MIN_ORIGIN_SECRET_LENGTH = 32
_BEARER = re.compile(r"(?:bearer +)?[\w-]+\.(?P<payload>[\w-]+)\.[\w-]*", re.IGNORECASE | re.ASCII)
"""One token and nothing else, so that what is read is what the gateway has verified."""


def caller(request: Request, required: Permission | None) -> Caller:
    """Return the caller; raise Forbidden `wrong_token` unless it is an id token, `forbidden` unless the caller has the
    permission.

    Staff must have signed in with a second factor where the installation requires it, else `second_factor_required`,
    whatever the route; a service user has none. A call counts against the caller's rate limit, so there is one a
    request.
    """
    claims = request.resolved_event["requestContext"]["authorizer"]["jwt"]["claims"]
    if not is_id_token(claims):
        raise Forbidden("wrong_token", "Send the id token: the access token does not say whose account it is.")
    payload = _payload(request, claims)
    found = read_caller(claims, payload, request_headers(request).get(ACCOUNT_HEADER), required)
    if required:
        group = side_that_needs(required)
        if found.group != group:
            raise Forbidden("forbidden", f"This is for users of the group {group}.")
        if required not in found.permissions:
            raise Forbidden("forbidden", f"Your role does not allow this: it lacks {required}.")
    if found.group == "customer-success" and not found.is_service_user:
        _require_second_factor(claims, payload)
    check_rate_limit("ACCOUNT", found.account_id or found.user.user_id)
    return found


def _payload(request: Request, claims: Mapping[str, str]) -> dict[str, Any]:
    """Return the payload of the id token; raise Forbidden `wrong_token` where it cannot be read.

    The gateway passes a list on as text, `[a b]`, in which one name with a blank looks like two names. So lists are
    read from the token itself, which the gateway has verified.
    """
    found = _BEARER.fullmatch(request_headers(request).get("authorization", ""))
    unreadable = Forbidden("wrong_token", "Send one id token in the Authorization header.")
    if found is None:
        raise unreadable
    try:
        payload = decode_payload(found["payload"])
    except ValueError:
        raise unreadable from None
    if not isinstance(payload, dict) or payload.get("sub") != claims["sub"]:
        raise unreadable
    return payload


def decode_payload(part: str) -> Any:
    """Return the JSON of a token's second part; raise ValueError for what is none."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _require_second_factor(claims: Mapping[str, str], payload: Mapping[str, Any]) -> None:
    """Raise Forbidden unless the sign-in had a second factor, where the installation requires one."""
    if environment("STAFF_SECOND_FACTOR") == "required" and not has_second_factor(claims, payload):
        raise Forbidden("second_factor_required", "Sign in with the code of an app: staff need a second factor here.")


def has_origin_secret(headers: Mapping[str, str]) -> bool:
    """Return whether the request has a valid origin secret; True where the installation has none."""
    text = environment("ORIGIN_SECRET")
    if not text:
        return True
    shown = headers.get("x-origin-secret", "").encode("utf-8", "surrogatepass")
    # Each one is compared, whether or not one before has matched, so that the time reveals nothing.
    matches = [hmac.compare_digest(shown, secret) for secret in _origin_secrets(text)]
    return True in matches


@lru_cache(maxsize=1)
def _origin_secrets(text: str) -> tuple[bytes, ...]:
    """Return the values that CloudFront may send: the secret's, and the one before while that is kept.

    `text` is the secret as JSON, {"current", "previous"}. A value that is too short to be one of ours, such as an empty
    "previous", is ignored; a secret that is no such JSON allows no request.
    """
    try:
        values = json.loads(text)
        found = [values.get(name) for name in ("current", "previous")]
    except (ValueError, AttributeError):
        logger.exception("the origin secret cannot be read")
        return ()
    return tuple(value.encode() for value in found if isinstance(value, str) and len(value) >= MIN_ORIGIN_SECRET_LENGTH)
