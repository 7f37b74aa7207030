"""All refusals: every code with its status, and the responses that operations share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from itertools import groupby
from typing import Any, NamedTuple

from online_orders.domain.attachments import quarantine
from online_orders.domain.errors import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    InProgress,
    Invalid,
    MethodNotAllowed,
    NotFound,
    OnlineOrdersError,
    StateConflict,
    TooManyRequests,
    Unavailable,
    Unprocessable,
    VersionMismatch,
)
from online_orders.domain.followers import too_many_watchers
from online_orders.domain.order_status import Status
from online_orders.domain.people import MAX_TEAMS, already_member, last_manager, managed_elsewhere, too_many_accounts
from online_orders.domain.service_users import too_many
from online_orders.domain.views import too_many_views
from online_orders.http.app import Access, RequestBody
from online_orders.http.bodies import MAX_BODY_BYTES, body_too_large
from tools.openapi.examples import refusal_body
from tools.openapi.schemas import COMPONENTS

Schema = dict[str, Any]


class Refusal(NamedTuple):
    """An error of the code, and when it is raised; the error itself makes the example."""

    error: OnlineOrdersError
    when: str

    @property
    def code(self) -> str:
        return self.error.code


def _bad(code: str, when: str) -> Refusal:
    return Refusal(BadRequest(code, when), when)


INVALID_JSON = _bad("invalid_json", "The body is not JSON.")
INVALID_CSV = _bad("invalid_csv", "The body is sent as CSV and is none.")
INVALID_QUERY = _bad("invalid_query", "A query parameter is unknown or unsound.")
INVALID_CURSOR = _bad("invalid_cursor", "The cursor is not one of this list, this query, this user and this account.")
INVALID_IF_MATCH = _bad("invalid_if_match", "If-Match holds something else than ETags.")
INVALID_IF_NONE_MATCH = _bad("invalid_if_none_match", "If-None-Match holds something else than `*`.")
NO_KEY = _bad("idempotency_key_required", "There is no Idempotency-Key.")
INVALID_KEY = _bad("invalid_idempotency_key", "The Idempotency-Key has other than 1 to 255 visible characters.")

WRONG_TOKEN = Refusal(
    Forbidden("wrong_token", "Send the id token: the access token does not say whose account it is."),
    "The token is an access token.",
)
FORBIDDEN = Refusal(
    Forbidden("forbidden", "This is for users of the group customer-success."),
    "The user is not in the group that this is for, has a role or scopes that do not allow it, may no longer do it, "
    "or does not belong to the account.",
)
NO_SECOND_FACTOR = Refusal(
    Forbidden("second_factor_required", "Sign in with the code of an app: staff need a second factor here."),
    "The installation wants a second factor of its staff, and this token tells of none.",
)
ORIGIN_REQUIRED = Refusal(
    Forbidden("not_by_this_way", "Use the site's own address."), "The request did not come by the site's own address."
)
NOT_ENROLLED = Refusal(
    Forbidden("not_enrolled", "The account has no Electronic Order Program enrollment."),
    "The account has no active enrollment that names a contact person.",
)
NOT_FOUND = Refusal(NotFound("There is nothing of this name."), "It is not there, or not yours to see.")
OTHER_METHOD = Refusal(
    MethodNotAllowed(["GET", "POST"]), "The path does not answer to this method; `Allow` says to which it does."
)
CONFLICT = Refusal(
    Conflict('Nobody can claim an order that is "completed".', Status.COMPLETED),
    "The order's status, which `status` tells, does not allow it.",
)
IN_PROGRESS = Refusal(
    InProgress("Others keep changing this order; nothing was done."),
    "Others are at the same thing; nothing was done, ask again.",
)
ALREADY_MEMBER = Refusal(already_member(), "The person belongs to the team already, deactivated or not.")
TOO_MANY_ACCOUNTS = Refusal(too_many_accounts(), f"The person belongs to {MAX_TEAMS} accounts already.")
NOT_INVITED = Refusal(
    StateConflict("not_invited", "This person is active, so there is nothing to invite to."),
    "The person has come already, or is deactivated.",
)
OWN_ROLE = Refusal(
    StateConflict("own_role", "You cannot change your own role or deactivate yourself. Ask a colleague."),
    "Nobody changes the own role or state.",
)
LAST_ADMIN = Refusal(last_manager("customers"), "No active admin, or at the desk no lead, would be left.")
NAME_IS_OWN = Refusal(
    StateConflict("name_is_own", "This person belongs to other accounts too, so the name stays."),
    "The person belongs to other accounts, too.",
)
TOO_MANY_WATCHERS = Refusal(too_many_watchers(), "As many people as may watch the order already.")
ALREADY_JUDGED = Refusal(
    StateConflict("already_judged", "The message was accepted already."), "Somebody has accepted or dismissed it."
)
NO_TEXT = Refusal(
    StateConflict("no_text", "The message has no text that could be a comment."),
    "The mail has no text, or none that could be read.",
)
QUARANTINED = Refusal(quarantine("pending"), "The file is yet to be scanned for malware, or the scan has found some.")
TOO_MANY_VIEWS = Refusal(too_many_views(), "There are as many views as there may be.")
TOO_MANY_SERVICE_USERS = Refusal(too_many(), "The account, or the desk, has as many service users as it may.")
MANAGED_ELSEWHERE = Refusal(managed_elsewhere(), "The installation's own identity provider decides about this.")
VERSION_MISMATCH = Refusal(
    VersionMismatch("The order is at version 5."),
    "If-Match names another version, or If-None-Match is `*` and the thing exists.",
)
TOO_LARGE = Refusal(body_too_large(), f"The body is larger than {MAX_BODY_BYTES // 1024} KiB.")
INVALID = Refusal(
    Invalid([FieldError("/items/2/quantity", "too_small", "Input should be greater than or equal to 1.")]),
    "The body breaks its schema or a rule; `errors` holds every fault.",
)
KEY_REUSED = Refusal(
    Unprocessable("idempotency_key_reused", "The Idempotency-Key was used with another body."),
    "The Idempotency-Key came with another body before.",
)
TOO_MANY_REQUESTS = Refusal(
    TooManyRequests("These are too many requests at once; nothing was done.", 1),
    "The account, or the user, has had its share; `Retry-After` says in how many seconds there is more.",
)
UNAVAILABLE = Refusal(Unavailable("The service is busy; nothing was done."), "The service is busy; nothing was done.")
INTERNAL_ERROR = Refusal(
    OnlineOrdersError("Something went wrong on our side; the log has the request id."), "A fault of ours."
)

ALL = (
    *(INVALID_JSON, INVALID_CSV, INVALID_QUERY, INVALID_CURSOR, INVALID_IF_MATCH, INVALID_IF_NONE_MATCH),
    *(NO_KEY, INVALID_KEY),
    *(
        WRONG_TOKEN,
        FORBIDDEN,
        NO_SECOND_FACTOR,
        NOT_ENROLLED,
        ORIGIN_REQUIRED,
        NOT_FOUND,
        OTHER_METHOD,
        CONFLICT,
        IN_PROGRESS,
        ALREADY_MEMBER,
        TOO_MANY_ACCOUNTS,
        ALREADY_JUDGED,
        NO_TEXT,
        QUARANTINED,
        TOO_MANY_VIEWS,
        NOT_INVITED,
        OWN_ROLE,
        LAST_ADMIN,
        NAME_IS_OWN,
        TOO_MANY_WATCHERS,
        TOO_MANY_SERVICE_USERS,
        MANAGED_ELSEWHERE,
        VERSION_MISMATCH,
        TOO_LARGE,
        INVALID,
        KEY_REUSED,
        TOO_MANY_REQUESTS,
    ),
    *(INTERNAL_ERROR, UNAVAILABLE),
)
OF_PARAMETERS: Mapping[str, set[Refusal]] = {
    "If-Match": {INVALID_IF_MATCH, VERSION_MISMATCH},
    "If-None-Match": {INVALID_IF_NONE_MATCH},
    "Idempotency-Key": {NO_KEY, INVALID_KEY},
    "cursor": {INVALID_CURSOR},
    "Account-Id": {FORBIDDEN},
}
_SCHEMAS = {CONFLICT: "ConflictProblem", INVALID: "InvalidProblem"}
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""As in Python 3.13, which runs in Lambda; older versions have the names of older RFCs."""


class GatewayError(NamedTuple):
    when: str
    message: str


BY_GATEWAY: Mapping[int, GatewayError] = {
    401: GatewayError("There is no valid token; the gateway says so.", "Unauthorized"),
    413: GatewayError("The body is larger than the gateway takes.", "Request Entity Too Large"),
    429: GatewayError("Too many requests at once; the gateway says so.", "Too Many Requests"),
    500: GatewayError("The service failed to answer the gateway.", "Internal Server Error"),
    503: GatewayError("The gateway did not reach the service.", "Service Unavailable"),
}
"""Statuses that the gateway returns without calling the code."""


def error_responses(
    access: Access, parameters: Collection[Schema], body: RequestBody | None, *, takes_query: bool
) -> tuple[set[Refusal], list[HTTPStatus]]:
    """Return the refusals of a route that follow from who may call, its parameters and its body, and the gateway's."""
    follow = {ORIGIN_REQUIRED, OTHER_METHOD, INTERNAL_ERROR, UNAVAILABLE}
    by_gateway = [HTTPStatus.TOO_MANY_REQUESTS]
    names = {parameter["name"] for parameter in parameters if not _is_tag_of_reading(parameter)}
    if access.needs_login:
        by_gateway.append(HTTPStatus.UNAUTHORIZED)
        follow |= {TOO_MANY_REQUESTS, WRONG_TOKEN}
        if "account_id" in names or any(parameter["in"] == "path" for parameter in parameters):
            follow.add(NOT_FOUND)
    if access.group:
        follow.add(FORBIDDEN)
    if access.needs_login and access.group != "customers":
        follow.add(NO_SECOND_FACTOR)
    for name, refusals in OF_PARAMETERS.items():
        if name in names:
            follow |= refusals
    if takes_query:
        follow.add(INVALID_QUERY)
    if body:
        follow |= {INVALID_JSON, TOO_LARGE, INVALID}
        if body.takes_csv:
            follow.add(INVALID_CSV)
    return follow, by_gateway


def _is_tag_of_reading(parameter: Schema) -> bool:
    """Return whether a parameter is the If-None-Match of reading, which refuses nothing."""
    return parameter["name"] == "If-None-Match" and "const" not in parameter["schema"]


def response_name(status: int, refusals: Iterable[Refusal]) -> str:
    """Return the name of a shared response: its codes, or the gateway's where only the gateway has this status."""
    names = [refusal.code.split("_") for refusal in refusals] or [
        [*BY_GATEWAY[status].message.split(), "by", "gateway"]
    ]
    return "Or".join("".join(word.capitalize() for word in name) for name in names)


def by_status(refusals: Iterable[Refusal], by_gateway: Iterable[int]) -> dict[int, list[Refusal]]:
    """Return the refusals by status, with an empty list for a status that only the gateway has."""

    def status(refusal: Refusal) -> int:
        return int(refusal.error.status)

    grouped = {each: list(group) for each, group in groupby(sorted(refusals, key=status), key=status)}
    return {**{each: [] for each in by_gateway}, **grouped}


def response(status: int, refusals: list[Refusal]) -> Schema:
    """Return the response object of these refusals, and of the gateway's own where it has this status too."""
    texts = [f"`{refusal.code}`: {refusal.when}" for refusal in refusals]
    content: Schema = {}
    if refusals:
        names = sorted({_SCHEMAS.get(refusal, "Problem") for refusal in refusals})
        schemas = [{"$ref": COMPONENTS + name} for name in names]
        content["application/problem+json"] = {
            "schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas},
            "examples": {refusal.code: {"value": _body(refusal)} for refusal in refusals},
        }
    if by_gateway := BY_GATEWAY.get(status):
        texts.append(by_gateway.when)
        content["application/json"] = {
            "schema": {"$ref": COMPONENTS + "GatewayMessage"},
            "example": {"message": by_gateway.message},
        }
    names = sorted({name for refusal in refusals for name in refusal.error.headers()})
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {"description": " ".join(texts), **({"headers": headers} if headers else {}), "content": content}


def _body(refusal: Refusal) -> Schema:
    body = refusal_body(refusal.error)
    return {**body, "title": _TITLES.get(refusal.error.status, body["title"])}
