"""What the handlers of every HTTP function share: who calls, what was sent, how responses and refusals look."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler import Response as _Response
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from online_orders.aws.order_store import get_quote
from online_orders.aws.pdf_store import find_quote_pdf
from online_orders.clock import now
from online_orders.domain.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    OnlineOrdersError,
    TooLarge,
    TooManyRequests,
    Unavailable,
    VersionMismatch,
)
from online_orders.domain.orders import Order, User
from online_orders.domain.quotes import QuoteState
from online_orders.domain.representations import quote_body, to_json
from online_orders.domain.token_buckets import RateLimiter
from online_orders.environment import environment
from online_orders.http.cursors import Cursor
from online_orders.telemetry import logger

Response = _Response[Any]
"""Powertools' response; its class alone is no type that a route may be annotated with."""
Group = Literal["customers", "customer-success"]

MAX_BODY_BYTES = 320 * 1024
"""What is stored of a body must fit an item of the table, 400 KB."""
MAX_PAGE_BYTES = 4 * 1024 * 1024
MIN_ORIGIN_SECRET_LENGTH = 32
_BEARER = re.compile(r"(?:bearer +)?[\w-]+\.(?P<payload>[\w-]+)\.[\w-]*", re.IGNORECASE | re.ASCII)
"""One token and nothing else, so that what is read is what the gateway has verified."""
_VERSION = re.compile(r"[0-9]+")
_TRANSIENT_ERRORS = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottlingError",
    "ThrottlingException",
}
"""Errors of AWS that are over by themselves; what others do to the same items is told apart in `aws.table`."""
_limiter = RateLimiter()


# -- who is calling -----------------------------------------------------------------------------------------------


class Caller(NamedTuple):
    """A signed-in user, as the id token says; the gateway has checked the token itself."""

    user: User
    groups: frozenset[str]
    account_id: str | None

    @property
    def account(self) -> str:
        """Return the account that the caller acts for; raise Forbidden for one that has none."""
        if self.account_id is None:
            raise Forbidden("forbidden", "Your user belongs to no account.")
        return self.account_id


def caller(request: Request, group: Group | None) -> Caller:
    """Return who calls; raise Forbidden `wrong_token` unless it is an id token, `forbidden` unless the user is in the
    group.

    Staff have signed in with a second factor where the installation wants it, else `second_factor_required`. They are
    no customers, whatever other group somebody has put them in. Takes of the caller's share, so it is called once a
    request.
    """
    claims = request.resolved_event["requestContext"]["authorizer"]["jwt"]["claims"]
    if claims.get("token_use") != "id":
        raise Forbidden("wrong_token", "Send the id token: the access token does not say whose account it is.")
    payload = _payload(request, claims)
    groups = _groups(payload)
    if group and (group not in groups or (group == "customers" and "customer-success" in groups)):
        raise Forbidden("forbidden", f"This is for users of the group {group}.")
    if group == "customer-success" and environment("STAFF_SECOND_FACTOR") == "required":
        _require_second_factor(payload)
    user = User(user_id=claims["sub"], email=claims.get("email", ""))
    account_id = claims.get("custom:account_id") or None
    check_rate_limit("ACCOUNT", account_id or user.user_id)
    return Caller(user, groups, account_id)


def _payload(request: Request, claims: Mapping[str, str]) -> dict[str, Any]:
    """Return the payload of the id token; Forbidden `wrong_token` where it cannot be read.

    The gateway hands a list on as text, `[a b]`, in which one name with a blank cannot be told from two names. So lists
    are read from the token itself, which the gateway has verified.
    """
    found = _BEARER.fullmatch(request_headers(request).get("authorization", ""))
    unreadable = Forbidden("wrong_token", "Send one id token in the Authorization header.")
    if found is None:
        raise unreadable
    try:
        payload = json.loads(base64.urlsafe_b64decode(found["payload"] + "=" * (-len(found["payload"]) % 4)))
    except ValueError:
        raise unreadable from None
    if not isinstance(payload, dict) or payload.get("sub") != claims["sub"]:
        raise unreadable
    return payload


def _groups(payload: Mapping[str, Any]) -> frozenset[str]:
    listed = payload.get("cognito:groups", [])
    names = listed if isinstance(listed, list) else [listed]
    return frozenset(name for name in names if isinstance(name, str))


def _require_second_factor(payload: Mapping[str, Any]) -> None:
    """Raise Forbidden unless the token has `mfa` among its methods (`amr`, RFC 8176)."""
    methods = payload.get("amr")
    if not isinstance(methods, list) or "mfa" not in methods:
        raise Forbidden("second_factor_required", "Sign in with the code of an app: staff need a second factor here.")


def check_rate_limit(kind: Literal["ACCOUNT", "LINK"], name: str) -> None:
    """Raise TooManyRequests for an account, a user without one, or a link that has had its share of this process."""
    seconds = _limiter.acquire(
        f"{kind}#{name}",
        now().timestamp(),
        per_second=float(environment(f"{kind}_REQUESTS_PER_SECOND")),
        burst=int(environment(f"{kind}_REQUESTS_AT_ONCE")),
    )
    if seconds:
        raise TooManyRequests("These are too many requests at once; nothing was done.", seconds)


def reset() -> None:
    """Give everybody a full share again; for tests, where each has its own processes."""
    _limiter.clear()


class Viewer(NamedTuple):
    """Where a request came from: an IP address, and what the browser calls itself."""

    address: str | None
    agent: str | None


def viewer(request: Request) -> Viewer:
    """Return the caller behind CloudFront, which writes the address over whatever the caller sent in its place.

    Only what CloudFront hands on has the origin secret; where there is none, the gateway sees the caller itself.
    """
    seen, headers = request.resolved_event["requestContext"]["http"], request_headers(request)
    address = headers.get("x-viewer-address") if environment("ORIGIN_SECRET") else seen.get("sourceIp")
    return Viewer(_printable_prefix(address, 45), _printable_prefix(headers.get("user-agent"), 400))


def _printable_prefix(text: str | None, limit: int) -> str | None:
    return "".join(character for character in text or "" if character.isprintable())[:limit] or None


# -- what was sent ------------------------------------------------------------------------------------------------


def request_headers(request: Request) -> Mapping[str, str]:
    """Return the headers under the lower-case names that the gateway gives them.

    `Request.headers` makes a dictionary for all ways of writing them, anew each time.
    """
    headers: Mapping[str, str] = request.resolved_event["headers"]
    return headers


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def raw_body(request: Request) -> bytes:
    """Return the body as it was sent; TooLarge for one of more than MAX_BODY_BYTES bytes."""
    body, is_coded = request.body or "", request.resolved_event.is_base64_encoded
    data = base64.b64decode(body) if is_coded else body.encode("utf-8", "surrogatepass")
    if len(data) > MAX_BODY_BYTES:
        raise body_too_large()
    return data


def body_too_large() -> TooLarge:
    """Return the refusal of a body that has more than MAX_BODY_BYTES bytes."""
    return TooLarge(f"A body has {MAX_BODY_BYTES} bytes at most.")


def json_body(request: Request, *, default: Any = None) -> Any:
    """Return the JSON value of the body, numbers read exactly; `default`, when given, for an empty one."""
    data = raw_body(request)
    if default is not None and not data.strip():
        return default
    try:
        return json.loads(data.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise BadRequest("invalid_json", f"The body is not JSON: {reason}.") from None


def csv_body(request: Request) -> str | None:
    """Return the body as text when it was sent as CSV; None when it was not."""
    if request_headers(request).get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        return None
    from online_orders.domain.csv_pages import decode_utf8  # which costs the cold starts of those that take none

    return decode_utf8(raw_body(request))


def expected_versions(if_match: str | None) -> frozenset[int] | None:
    """Return the versions that a sound If-Match names; None when any will do."""
    return frozenset(map(int, _VERSION.findall(if_match or ""))) or None


class Preconditions(NamedTuple):
    """What If-Match and If-None-Match ask of a thing before it is put (RFC 9110, 13.1)."""

    if_match: frozenset[int] | None
    """The versions on which it is wanted; None: any, or none at all."""
    must_exist: bool
    must_be_new: bool

    def check(self, name: str, version: int | None) -> None:
        """Raise VersionMismatch unless they hold of the thing at `version`, None where there is none."""
        if self.must_be_new and version is not None:
            raise VersionMismatch(f"There is {name} already; nothing was replaced.")
        if self.must_exist and version is None:
            raise VersionMismatch(f"There is no longer {name}; nothing was created.")
        if self.if_match is not None and version not in self.if_match:
            raise VersionMismatch(f"There is {name} at another version; nothing was replaced.")


def preconditions(if_match: str | None, if_none_match: str | None) -> Preconditions:
    """Return the conditions of a PUT, from sound headers."""
    must_exist, must_be_new = bool((if_match or "").strip()), bool((if_none_match or "").strip())
    return Preconditions(expected_versions(if_match), must_exist, must_be_new)


def accepts(request: Request, media_type: str) -> bool:
    """Return whether the caller likes this media type better than JSON, by RFC 9110."""
    liking: dict[str, float] = {}
    for part in request_headers(request).get("accept", "").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        liking[name] = float(quality) if re.fullmatch(r"[01](\.\d{0,3})?", quality) else 0.0
    return liking.get(media_type, 0.0) > liking.get("application/json", 0.0)


# -- responses ------------------------------------------------------------------------------------------------------


def json_response(body: Any, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response that no cache keeps; `body` may be text that is JSON already."""
    return Response(
        int(status),
        "application/json",
        body if isinstance(body, str) else to_json(body),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def csv_response(text: str, file_name: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return CSV, to be kept as a file."""
    disposition = f'attachment; filename="{file_name}"'
    return Response(
        int(HTTPStatus.OK),
        "text/csv; charset=utf-8",
        text,
        headers={"Cache-Control": "no-store", "Content-Disposition": disposition, **(headers or {})},
    )


def page(rows: Iterable[Mapping[str, Any]], id_name: str, position: str | int | None, cursor: Cursor) -> Response:
    """Return a page of a list, cut where it would be too large for a response.

    `id_name` is the member of a row that positions count by, `position` the last that was looked at.
    """
    written: list[str] = []
    size, last = 0, None
    for row in rows:
        text = to_json(row)
        size += len(text.encode())
        if written and size > MAX_PAGE_BYTES:
            position = last
            break
        written.append(text)
        last = row[id_name]
    return json_response(f'{{"items":[{",".join(written)}],"next_cursor":{to_json(cursor.after(position))}}}')


def quote_response(request: Request, order: Order, revision: int) -> Response:
    """Return a revision of an order, as JSON or as the paper that was made of it."""
    quote = get_quote(order, revision)
    if not accepts(request, "application/pdf"):
        return json_response(quote_body(quote, order.quote_day(now())))
    pdf = find_quote_pdf(order.order_id, quote.revision)
    if pdf is None:
        if quote.state is QuoteState.SENDING:
            raise NotFound("The PDF of this revision is still being made; ask again in a moment.")
        raise NotFound("This revision was never sent, so there is no PDF of it.")
    name = f"quote-{order.order_id}-{quote.revision}.pdf"
    return Response(
        int(HTTPStatus.OK),
        "application/pdf",
        pdf,
        headers={"Cache-Control": "no-store", "Content-Disposition": f'inline; filename="{name}"'},
    )


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def problem(error: OnlineOrdersError) -> Response:
    """Return the refusal as RFC 9457 has it."""
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
    """Ours, not the caller's; the log says what it was."""


def to_api_error(error: Exception) -> OnlineOrdersError:
    """Return what a fault that nobody expected is to the caller; the log gets the rest."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    is_silence = isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)
    if code in _TRANSIENT_ERRORS or is_silence:
        logger.warning("AWS did not answer", exc_info=error)
        return Unavailable("The service is busy. Repeat the request; with the same Idempotency-Key, where it has one.")
    logger.error("unexpected fault", exc_info=error)
    return _InternalError("Something went wrong on our side; the log has the request id.")


def has_origin_secret(headers: Mapping[str, str]) -> bool:
    """Return whether the request shows an origin secret that is good now; True where the installation has none."""
    text = environment("ORIGIN_SECRET")
    if not text:
        return True
    shown = headers.get("x-origin-secret", "").encode("utf-8", "surrogatepass")
    # Each is compared, whether or not one before has matched, so that the time tells nothing.
    matches = [hmac.compare_digest(shown, secret) for secret in _origin_secrets(text)]
    return True in matches


@lru_cache(maxsize=1)
def _origin_secrets(said: str) -> tuple[bytes, ...]:
    """Return the values that CloudFront may show: the secret's, and the one that it replaced while that is kept.

    `said` is the secret as JSON, {"current", "previous"}. What is too short to be one of ours, as an empty "previous"
    is, opens nothing; a secret that is no such JSON opens nothing at all.
    """
    try:
        values = json.loads(said)
        found = [values.get(name) for name in ("current", "previous")]
    except (ValueError, AttributeError):
        logger.exception("the origin secret cannot be read")
        return ()
    return tuple(value.encode() for value in found if isinstance(value, str) and len(value) >= MIN_ORIGIN_SECRET_LENGTH)
