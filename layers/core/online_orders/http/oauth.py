"""Requests for tokens by client credentials, and their errors, as OAuth 2.0 defines them (RFC 6749, 2.3.1, 4.4, 5)."""

from __future__ import annotations

import base64
from collections import Counter
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_plus

from aws_lambda_powertools.event_handler import Request

from online_orders.domain.errors import OnlineOrdersError
from online_orders.http import bodies
from online_orders.http.requests import media_type, request_headers
from online_orders.http.responses import Response, json_response

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 20
MAX_LENGTH = 256
"""Of a client id, and of a secret."""


class OAuthError(OnlineOrdersError):
    """A refusal whose code is one of RFC 6749, 5.2; it says nothing about whether a client exists."""

    def __init__(self, code: str, detail: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(detail)
        self.code = code
        self.http_status = status


def invalid_client() -> OAuthError:
    """Return the refusal of an unknown client, a wrong secret and a deactivated client alike."""
    return OAuthError("invalid_client", "There is no such client, or the secret is wrong.", HTTPStatus.UNAUTHORIZED)


def oauth_error(error: OAuthError) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="token"'} if error.http_status is HTTPStatus.UNAUTHORIZED else {}
    return json_response({"error": error.code, "error_description": error.detail}, error.http_status, headers)


class ClientCredentials(NamedTuple):
    client_id: str
    secret: str
    scopes: frozenset[str] | None
    """Those that were asked for; None: whichever the client has."""


def client_credentials(request: Request) -> ClientCredentials:
    """Return what a request for a token shows; raise OAuthError, and TooLarge as `bodies.raw_body`.

    The credentials stand in the Authorization header (Basic) or in the form, and not in both.
    """
    form = _form(request)
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise OAuthError("invalid_request", "The form lacks grant_type.")
    if grant_type != "client_credentials":
        raise OAuthError("unsupported_grant_type", "The grant_type is client_credentials.")
    shown = _basic(request_headers(request).get("authorization", ""))
    if shown and ("client_secret" in form or form.get("client_id", shown[0]) != shown[0]):
        raise OAuthError("invalid_request", "Send the credentials once: by Basic, or in the form.")
    client_id, secret = shown or (form.get("client_id", ""), form.get("client_secret", ""))
    if not 0 < len(client_id) <= MAX_LENGTH or not 0 < len(secret) <= MAX_LENGTH:
        raise invalid_client()
    scope = form.get("scope")
    return ClientCredentials(client_id, secret, frozenset(scope.split()) if scope and scope.strip() else None)


def _form(request: Request) -> dict[str, str]:
    if media_type(request) != FORM:
        raise OAuthError("invalid_request", f"The Content-Type is {FORM}.")
    try:
        text = bodies.raw_body(request).decode("utf-8")
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise OAuthError("invalid_request", "The body is not a form.") from None
    if any(times > 1 for times in Counter(name for name, _ in fields).values()):
        raise OAuthError("invalid_request", "A parameter is sent once.")
    return {name: value for name, value in fields if value}


def _basic(authorization: str) -> tuple[str, str] | None:
    """Return id and secret of a Basic header, in which both are encoded as in a form; None for any other scheme.

    Raises OAuthError `invalid_client` for one that cannot be read.
    """
    scheme, _, coded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(coded.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError:
        raise invalid_client() from None
    if not colon:
        raise invalid_client()
    return unquote_plus(client_id), unquote_plus(secret)
