"""What the OpenAPI document says of each route behind a link: the decorator's options beside method and path."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path

from online_orders.domain.approval_links import TOKEN
from online_orders.http.app import PDF, SCHEMAS, request_body_spec, response_spec

Token = Annotated[str, Path(description="Out of the link.", json_schema_extra={"pattern": f"^{TOKEN.pattern}$"})]
_HTML = {"text/html": {"type": "string"}}
_GATEWAY = {"application/json": {"$ref": SCHEMAS + "GatewayMessage"}}
_PROBLEM = {"application/problem+json": {"$ref": SCHEMAS + "Problem"}}


def _pages(
    status: HTTPStatus, description: str, other: Mapping[str, Any] | None = None, headers: tuple[str, ...] = ()
) -> dict[int, Any]:
    return response_spec(None, description, status, headers=headers, other={**_HTML, **(other or {})})


_ERROR_RESPONSES = {
    **_pages(HTTPStatus.INTERNAL_SERVER_ERROR, "A fault of ours.", _GATEWAY),
    **_pages(HTTPStatus.SERVICE_UNAVAILABLE, "The service is busy; nothing was done.", _GATEWAY),
}
_RATE_LIMITED = _pages(
    HTTPStatus.TOO_MANY_REQUESTS,
    "Too much was asked by this link at once; nothing was done.",
    _GATEWAY,
    ("Retry-After",),
)

_GET_RESPONSES = {
    **_pages(HTTPStatus.OK, "The order, the quote and the form; or, once there is nothing to decide, what happened."),
    **_pages(HTTPStatus.NOT_FOUND, "There is no such link.", _PROBLEM),
    **_pages(HTTPStatus.GONE, "The link was replaced, its reader is no longer asked, or the quote has expired."),
    **_RATE_LIMITED,
    **_ERROR_RESPONSES,
}

_TAGS = {"tags": ["Confirmation"]}
SHOW: dict[str, Any] = {
    **_TAGS,
    "summary": "Show what is to be decided",
    "description": "A page that works without scripts. Looking leaves no trace on the order.",
    "responses": _GET_RESPONSES,
}
PROBE: dict[str, Any] = {
    **_TAGS,
    "summary": "Ask for the page's headers",
    "description": "Answers like GET, without a body.",
    "responses": {status: dict(response, content={}) for status, response in _GET_RESPONSES.items()} | _RATE_LIMITED,
}
SHOW_PDF: dict[str, Any] = {
    **_TAGS,
    "summary": "Show the quote's paper",
    "description": "The PDF of the revision that the link belongs to.",
    "responses": {
        **response_spec(None, "The paper.", other=PDF),
        **_pages(HTTPStatus.NOT_FOUND, "There is no such link, or it leads to no paper.", _PROBLEM),
        **_pages(HTTPStatus.GONE, "The link was replaced, or its reader is no longer asked about the order."),
        **_RATE_LIMITED,
        **_ERROR_RESPONSES,
    },
}
SHOW_CONFIRMATION: dict[str, Any] = {
    **_TAGS,
    "summary": "Show the confirmation of the order",
    "description": "The PDF that confirms the order, once it was approved by the link; the same bytes every time.",
    "responses": SHOW_PDF["responses"],
}
DECIDE: dict[str, Any] = {
    **_TAGS,
    "summary": "Decide",
    "description": (
        "Judged in this order: the link, the form, replaced or expired, locked, decided, the code. The same "
        "decision again is answered as the first was."
    ),
    "responses": {
        **_pages(HTTPStatus.OK, "Decided, or asked for."),
        **_pages(
            HTTPStatus.BAD_REQUEST,
            "The decision is unknown, or a field is missing or malformed. No code is counted.",
        ),
        **_pages(
            HTTPStatus.FORBIDDEN,
            "The code is wrong, or the request did not come by the site's own address.",
            _PROBLEM,
        ),
        **_pages(HTTPStatus.NOT_FOUND, "There is no such link.", _PROBLEM),
        **_pages(HTTPStatus.CONFLICT, "Another decision has won, or the order is closed."),
        **_pages(HTTPStatus.GONE, "The link was replaced, its reader is no longer asked, or the quote has expired."),
        **_pages(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too large.", _GATEWAY),
        **_pages(HTTPStatus.LOCKED, "Wrong codes have locked the link; a fresh mail can be asked for."),
        **_pages(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Fresh mails were asked for too often, or too much at once.",
            _GATEWAY,
            ("Retry-After",),
        ),
        **_ERROR_RESPONSES,
    },
    "openapi_extensions": request_body_spec(
        "ConfirmationForm", "application/x-www-form-urlencoded", "multipart/form-data"
    ),
}
