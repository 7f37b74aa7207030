"""What the OpenAPI document says of the route that issues tokens: the decorator's options beside the path."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from online_orders.http.app import SCHEMAS, error_codes, request_body_spec, response_spec

_REFUSAL: Mapping[str, Any] = {"application/json": {"$ref": SCHEMAS + "TokenRefusal"}}

ISSUE: dict[str, Any] = {
    "tags": ["Service users"],
    "summary": "Get a token for a service user",
    "description": (
        "OAuth 2.0 client credentials (RFC 6749, 4.4): id and secret by HTTP Basic, or in the form. Send the token as "
        "bearer token until it runs out, and then get another one; there is no refresh token. It has all scopes of the "
        "service user."
    ),
    "responses": {
        **response_spec("TokenAnswer", "The token."),
        **response_spec(None, "`error` says what is wrong with the request.", HTTPStatus.BAD_REQUEST, other=_REFUSAL),
        **response_spec(
            None,
            "`invalid_client`: there is no such client, its secret is another one, or it is deactivated.",
            HTTPStatus.UNAUTHORIZED,
            headers=("WWW-Authenticate",),
            other=_REFUSAL,
        ),
    },
    "openapi_extensions": {
        **request_body_spec("TokenForm", "application/x-www-form-urlencoded"),
        **error_codes("too_large", "too_many_requests"),
    },
}
