"""What every HTTP function shares: who is calling, how a body and a query are read, how answers and refusals look."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, tzinfo
from decimal import Decimal
from functools import lru_cache
from http import HTTPStatus
from time import perf_counter
from typing import Any, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from online_orders.accounts import is_time_zone
from online_orders.aws.deadlines import LONGEST_REQUEST_SECONDS, answered_within
from online_orders.aws.documents import find_quote_paper
from online_orders.aws.environment import environment
from online_orders.aws.orders import get_quote
from online_orders.clock import now
from online_orders.cursors import Cursor
from online_orders.errors import (
    BadRequest,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    OnlineOrdersError,
    TooLarge,
    TooManyRequests,
    Unavailable,
    VersionMismatch,
)
from online_orders.fair_shares import Shares
from online_orders.faults import checked
from online_orders.iso import MINOR_DIGITS
from online_orders.order_ids import is_order_id
from online_orders.orders import Order, User
from online_orders.presentation import as_json, quote_body
from online_orders.quotes import QuoteState
from online_orders.routing import Answer, Answering, Event, Route
from online_orders.telemetry import logger
from online_orders.values import Request

Value = TypeVar("Value")
Group = Literal["customers", "customer-success"]

LARGEST_BODY = 320 * 1024
"""What is stored of a body must fit an item of the table, 400 KB."""
LONGEST_IDEMPOTENCY_KEY = 255
LONGEST_USER_ID = 128
LARGEST_PAGE = 4 * 1024 * 1024
SHORTEST_ORIGIN_SECRET = 32
DEFAULT_LIMIT, LARGEST_LIMIT = 25, 100
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_BEARER = re.compile(r"(?:bearer +)?[\w-]+\.(?P<payload>[\w-]+)\.[\w-]*", re.IGNORECASE | re.ASCII)
"""One token and nothing else, so that what is read is what the gateway has verified."""
_ETAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')
_BUSY = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottlingError",
    "ThrottlingException",
}
"""Errors of AWS that are over by themselves; what others do to the same items is told apart in `aws.dynamodb`."""
_shares = Shares()
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


# -- who is calling -----------------------------------------------------------------------------------------------


class Caller(NamedTuple):
    """A signed-in user, as the id token says; the gateway has checked the token itself."""

    user: User
    groups: frozenset[str]
    account_id: str | None

    @property
    def account(self) -> str:
        """The account that the caller acts for; Forbidden for one that has none."""
        if self.account_id is None:
            raise Forbidden("forbidden", "Your user belongs to no account.")
        return self.account_id


def caller(event: Event, group: Group | None) -> Caller:
    """Who calls; Forbidden `wrong_token` unless it is an id token, `forbidden` unless the user is in the group.

    Staff have signed in with a second factor where the installation wants it, else `second_factor_required`. They are
    no customers, whatever other group somebody has put them in. Takes of the caller's share, so it is called once a
    request.
    """
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    if claims.get("token_use") != "id":
        raise Forbidden("wrong_token", "Send the id token: the access token does not say whose account it is.")
    payload = _payload(event, claims)
    groups = _groups(payload)
    if group and (group not in groups or (group == "customers" and "customer-success" in groups)):
        raise Forbidden("forbidden", f"This is for users of the group {group}.")
    if group == "customer-success" and environment("STAFF_SECOND_FACTOR") == "required":
        _must_have_two_factors(payload)
    user = User(user_id=claims["sub"], email=claims.get("email", ""))
    account_id = claims.get("custom:account_id") or None
    take_share("ACCOUNT", account_id or user.user_id)
    return Caller(user, groups, account_id)


def _payload(event: Event, claims: Mapping[str, str]) -> dict[str, Any]:
    """Return the payload of the id token; Forbidden `wrong_token` where it cannot be read.

    The gateway hands a list on as text, `[a b]`, in which one name with a blank cannot be told from two names. So lists
    are read from the token itself, which the gateway has verified.
    """
    found = _BEARER.fullmatch(event["headers"].get("authorization", ""))
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


def _must_have_two_factors(payload: Mapping[str, Any]) -> None:
    """Raise Forbidden unless the token has `mfa` among its methods (`amr`, RFC 8176)."""
    methods = payload.get("amr")
    if not isinstance(methods, list) or "mfa" not in methods:
        raise Forbidden("second_factor_required", "Sign in with the code of an app: staff need a second factor here.")


def take_share(kind: Literal["ACCOUNT", "LINK"], name: str) -> None:
    """Raise TooManyRequests for an account, a user without one, or a link that has had its share of this process."""
    seconds = _shares.take(
        f"{kind}#{name}",
        now().timestamp(),
        a_second=float(environment(f"{kind}_REQUESTS_A_SECOND")),
        at_once=int(environment(f"{kind}_REQUESTS_AT_ONCE")),
    )
    if seconds:
        raise TooManyRequests("These are too many requests at once; nothing was done.", seconds)


def reset() -> None:
    """Give everybody a full share again; for tests, where each has its own processes."""
    _shares.clear()


class Viewer(NamedTuple):
    """Where a request came from: an IP address, and what the browser calls itself."""

    address: str | None
    agent: str | None


def viewer(event: Event) -> Viewer:
    """The caller behind CloudFront, which writes the address over whatever the caller sent in its place.

    Only what CloudFront hands on has the origin secret; where there is none, the gateway sees the caller itself.
    """
    seen = event["requestContext"]["http"]
    address = event["headers"].get("x-viewer-address") if environment("ORIGIN_SECRET") else seen.get("sourceIp")
    return Viewer(_said(address, 45), _said(event["headers"].get("user-agent"), 400))


def _said(text: str | None, most: int) -> str | None:
    return "".join(character for character in text or "" if character.isprintable())[:most] or None


# -- what was sent ------------------------------------------------------------------------------------------------


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def raw_body(event: Event) -> bytes:
    body = event.get("body") or ""
    data = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")
    if len(data) > LARGEST_BODY:
        raise body_too_large()
    return data


def body_too_large() -> TooLarge:
    """Return the refusal of a body that has more than LARGEST_BODY bytes."""
    return TooLarge(f"A body has {LARGEST_BODY} bytes at most.")


def json_body(event: Event, *, default: Any = None) -> Any:
    """The JSON value of the body, numbers read exactly; `default`, when given, for an empty one."""
    data = raw_body(event)
    if default is not None and not data.strip():
        return default
    try:
        return json.loads(data.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise BadRequest("invalid_json", f"The body is not JSON: {reason}.") from None


def csv_body(event: Event) -> str | None:
    """The body as text when it was sent as CSV; None when it was not."""
    if event["headers"].get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        return None
    from online_orders.csv_pages import decoded  # which costs the cold starts of those that take none

    return decoded(raw_body(event))


def idempotency_key(event: Event) -> str:
    """The Idempotency-Key header; BadRequest unless it has 1 to 255 visible characters."""
    key: str = event["headers"].get("idempotency-key", "").strip()
    if not key:
        raise BadRequest("idempotency_key_required", "Send an Idempotency-Key header.")
    if len(key) > LONGEST_IDEMPOTENCY_KEY or not all("!" <= character <= "~" for character in key):
        raise BadRequest("invalid_idempotency_key", "An Idempotency-Key has 1 to 255 visible characters.")
    return key


def expected_versions(event: Event) -> frozenset[int] | None:
    """The versions that If-Match names; None when any will do."""
    header = event["headers"].get("if-match", "").strip()
    if not header or header == "*":
        return None
    found = [_ETAG.fullmatch(part.strip()) for part in header.split(",")]
    if not all(found):
        raise BadRequest("invalid_if_match", "If-Match holds ETags as they were answered, or *.")
    return frozenset(int(match[1]) for match in found if match)


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


def preconditions(event: Event) -> Preconditions:
    """Return the conditions of a PUT; BadRequest for what is no ETag, and for an If-None-Match other than `*`."""
    expected = expected_versions(event)
    if_none_match = event["headers"].get("if-none-match", "").strip()
    if if_none_match not in {"", "*"}:
        raise BadRequest("invalid_if_none_match", "If-None-Match is *: create, and replace nothing.")
    return Preconditions(expected, bool(event["headers"].get("if-match", "").strip()), if_none_match == "*")


def is_account_id(text: str) -> bool:
    return _ACCOUNT.fullmatch(text) is not None


def sound_currency(text: str) -> str:
    """The code itself; NotFound for what is no ISO 4217 currency."""
    if text not in MINOR_DIGITS:
        raise NotFound(f"There is no currency {text[:64]}.")
    return text


def sound_account_id(text: str) -> str:
    """The id itself; NotFound for what cannot be an account's id."""
    if not is_account_id(text):
        raise NotFound(f"There is no account {text[:64]}.")
    return text


def empty_body(event: Event) -> None:
    """For actions that take nothing: no body, or an empty object; Invalid for anything else."""
    checked(Nothing, json_body(event, default={}))


def accepts(event: Event, media_type: str) -> bool:
    """Whether the caller likes this media type better than JSON, by RFC 9110."""
    liking: dict[str, float] = {}
    for part in event["headers"].get("accept", "").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        liking[name] = float(quality) if re.fullmatch(r"[01](\.\d{0,3})?", quality) else 0.0
    return liking.get(media_type, 0.0) > liking.get("application/json", 0.0)


class Nothing(Request):
    """A body without members."""


class Query:
    """The query string, read name by name; `done` refuses what nobody asked for."""

    def __init__(self, event: Event) -> None:
        self._values: dict[str, str] = dict(event.get("queryStringParameters") or {})
        self._known: set[str] = set()

    def text(self, name: str) -> str | None:
        self._known.add(name)
        return self._values.get(name)

    def value(self, name: str, read: Callable[[str], Value], expected: str) -> Value | None:
        """One value, or None where it is absent; BadRequest `invalid_query` when `read` raises ValueError."""
        raw = self.text(name)
        if raw is None:
            return None
        try:
            return read(raw)
        except ValueError:
            raise BadRequest("invalid_query", f"{name} is {expected}.") from None

    def flag(self, name: str) -> bool | None:
        return self.value(name, _flag, "true or false")

    def day(self, name: str) -> date | None:
        return self.value(name, _day, "a date, YYYY-MM-DD")

    def time_zone(self) -> tzinfo:
        """The zone of the query's days; UTC where none is named."""
        return self.value("time_zone", _zone, "an IANA time zone") or UTC

    def currency(self) -> str | None:
        return self.value("currency", _currency, "an ISO 4217 currency code")

    def account_id(self) -> str | None:
        raw = self.text("account_id")
        return raw if raw is None else sound_account_id(raw)

    def choice(self, name: str, values: Collection[str]) -> str | None:
        return self.value(name, lambda raw: _one_of(raw, values), f"one of {', '.join(values)}")

    def user_id(self, name: str) -> str | None:
        """A user's id, or "me"; None where it is absent or empty."""
        return self.value(name, _user_id, "me or a user's id") or None

    def limit(self) -> int:
        limit = self.value("limit", _limit, f"a number from 1 to {LARGEST_LIMIT}")
        return limit or DEFAULT_LIMIT

    def done(self) -> None:
        if unknown := sorted(self._values.keys() - self._known):
            raise BadRequest("invalid_query", f"There is no parameter {', '.join(unknown)} here.")

    def without(self, *names: str) -> dict[str, str]:
        return {name: value for name, value in self._values.items() if name not in names}


def _one_of(raw: str, values: Collection[str]) -> str:
    if raw not in values:
        raise ValueError(raw)
    return raw


def _zone(raw: str) -> ZoneInfo:
    if not is_time_zone(raw):
        raise ValueError(raw)
    return ZoneInfo(raw)


def _currency(raw: str) -> str:
    if raw not in MINOR_DIGITS:
        raise ValueError(raw)
    return raw


def _user_id(raw: str) -> str:
    if len(raw) > LONGEST_USER_ID:
        raise ValueError(raw)
    return raw


def _flag(raw: str) -> bool:
    return _one_of(raw, ("true", "false")) == "true"


def _day(raw: str) -> date:
    if not _DAY.fullmatch(raw):
        raise ValueError(raw)
    return date.fromisoformat(raw)


def _limit(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", raw) or not 1 <= int(raw) <= LARGEST_LIMIT:
        raise ValueError(raw)
    return int(raw)


# -- answers ------------------------------------------------------------------------------------------------------


def answer(body: Any, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer that no cache keeps; `body` may be text that is JSON already."""
    return Answer(
        int(status),
        "application/json",
        body if isinstance(body, str) else as_json(body),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def table(text: str, file_name: str, headers: Mapping[str, str] | None = None) -> Answer:
    """CSV, to be kept as a file."""
    disposition = f'attachment; filename="{file_name}"'
    return Answer(
        int(HTTPStatus.OK),
        "text/csv; charset=utf-8",
        text,
        headers={"Cache-Control": "no-store", "Content-Disposition": disposition, **(headers or {})},
    )


def page(rows: Iterable[Mapping[str, Any]], id_name: str, position: str | int | None, cursor: Cursor) -> Answer:
    """A page of a list, cut where it would be too large for an answer.

    `id_name` is the member of a row that positions count by, `position` the last that was looked at.
    """
    written: list[str] = []
    size, last = 0, None
    for row in rows:
        text = as_json(row)
        size += len(text.encode())
        if written and size > LARGEST_PAGE:
            position = last
            break
        written.append(text)
        last = row[id_name]
    return answer(f'{{"items":[{",".join(written)}],"next_cursor":{as_json(cursor.after(position))}}}')


def quote_answer(event: Event, order: Order, revision: str) -> Answer:
    """A revision of an order, as JSON or as the paper that was made of it."""
    if not re.fullmatch(r"[0-9]{1,4}", revision):
        raise NotFound(f"The order has no quote revision {revision[:16]}.")
    quote = get_quote(order, int(revision))
    if not accepts(event, "application/pdf"):
        return answer(quote_body(quote, order.quote_day(now())))
    paper = find_quote_paper(order.order_id, quote.revision)
    if paper is None:
        if quote.state is QuoteState.SENDING:
            raise NotFound("The PDF of this revision is still being made; ask again in a moment.")
        raise NotFound("This revision was never sent, so there is no PDF of it.")
    name = f"quote-{order.order_id}-{quote.revision}.pdf"
    return Answer(
        int(HTTPStatus.OK),
        "application/pdf",
        paper,
        headers={"Cache-Control": "no-store", "Content-Disposition": f'inline; filename="{name}"'},
    )


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def problem(error: OnlineOrdersError) -> Answer:
    """The refusal as RFC 9457 has it."""
    document = {
        "type": "about:blank",
        "title": error.status.phrase,
        "status": int(error.status),
        "code": error.code,
        "detail": error.detail.encode("utf-8", "replace").decode(),
        **error.members(),
    }
    return Answer(
        int(error.status),
        "application/problem+json",
        as_json(document),
        headers={"Cache-Control": "no-store", **error.headers()},
    )


class _Fault(OnlineOrdersError):
    """Ours, not the caller's; the log says what it was."""


def translated(error: Exception) -> OnlineOrdersError:
    """What a fault that nobody expected is to the caller; the log gets the rest."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    is_silence = isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)
    if code in _BUSY or is_silence:
        logger.warning("AWS did not answer", exc_info=error)
        return Unavailable("The service is busy. Repeat the request; with the same Idempotency-Key, where it has one.")
    logger.error("unexpected fault", exc_info=error)
    return _Fault("Something went wrong on our side; the log has the request id.")


class Api:
    """The routes of a function. `refused` makes an answer of each refusal, and of each fault as `translated` has it."""

    def __init__(self, refused: Callable[[OnlineOrdersError, Event], Answer] = lambda error, _: problem(error)) -> None:
        self.routes: list[Route] = []
        self._refused = refused

    def get(self, rule: str) -> Callable[[Answering], Answering]:
        return self._route("GET", rule)

    def head(self, rule: str) -> Callable[[Answering], Answering]:
        return self._route("HEAD", rule)

    def post(self, rule: str) -> Callable[[Answering], Answering]:
        return self._route("POST", rule)

    def put(self, rule: str) -> Callable[[Answering], Answering]:
        return self._route("PUT", rule)

    def _route(self, method: str, rule: str) -> Callable[[Answering], Answering]:
        def added(answering: Answering) -> Answering:
            self.routes.append(Route(method, rule, tuple(rule.split("/")), answering))
            return answering

        return added

    def resolve(self, event: Event) -> dict[str, Any]:
        """The answer, noted in the log by its route; never by its path, which for a confirmation link is the key."""
        began = perf_counter()
        method, parts = event["requestContext"]["http"]["method"], event["rawPath"].split("/")
        found = [(route, names) for route in self.routes if (names := route.names(parts)) is not None]
        rule, names = (found[0][0].rule, found[0][1]) if found else ("none", {})
        if is_order_id(names.get("order_id", "")):
            logger.append_keys(order_id=names["order_id"])
        route = next((route for route, _ in found if route.method == method), None)
        if not _came_by_the_site(event):
            answer = problem(Forbidden("not_by_this_way", "Use the site's own address."))
        elif route is None:
            answer = self._refused(_missed(event["rawPath"], {route.method for route, _ in found}), event)
        else:
            with answered_within(LONGEST_REQUEST_SECONDS):
                answer = self._answered(route, event, names)
        milliseconds = round((perf_counter() - began) * 1000)
        said = {"route": f"{method} {rule}", "status": int(answer.status), "milliseconds": milliseconds}
        logger.info("answered", extra=said)
        return answer.payload()

    def _answered(self, route: Route, event: Event, names: Mapping[str, str]) -> Answer:
        try:
            return route.answering(event, **names)
        except OnlineOrdersError as error:
            return self._refused(error, event)
        except Exception as error:  # noqa: BLE001 - logged as what it was, and answered as a fault of ours
            return self._refused(translated(error), event)


def _missed(path: str, methods: Collection[str]) -> OnlineOrdersError:
    """405 where other methods are answered, else 404."""
    return MethodNotAllowed(methods) if methods else NotFound(f"There is nothing at {path[:200]}.")


def _came_by_the_site(event: Event) -> bool:
    """Whether the request shows an origin secret that is good now, where there is one."""
    said = environment("ORIGIN_SECRET")
    if not said:
        return True
    shown = event["headers"].get("x-origin-secret", "").encode("utf-8", "surrogatepass")
    # Each is compared, whether or not one before has matched, so that the time tells nothing.
    matches = [hmac.compare_digest(shown, secret) for secret in _origin_secrets(said)]
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
    return tuple(value.encode() for value in found if isinstance(value, str) and len(value) >= SHORTEST_ORIGIN_SECRET)
