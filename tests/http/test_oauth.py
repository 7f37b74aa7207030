"""Requests for tokens, called directly: each way to show an id and a secret, and each way to fail at it."""

from __future__ import annotations

import base64
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import pytest
from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from online_orders.http.oauth import (
    FORM,
    MAX_FIELDS,
    MAX_LENGTH,
    ClientCredentials,
    OAuthError,
    client_credentials,
    invalid_client,
    oauth_error,
)

GRANT = {"grant_type": "client_credentials"}
IN_FORM = {**GRANT, "client_id": "m-1", "client_secret": "s:1 ü"}


def asked(body: str, authorization: str | None = None, content_type: str = FORM, **more: Any) -> Request:
    context = {"http": {"path": "/api/token", "method": "POST", "sourceIp": "192.0.2.1"}, "stage": "$default"}
    headers = {"content-type": content_type, **({"authorization": authorization} if authorization else {})}
    event = {"headers": headers, "requestContext": context, "body": body, **more}
    return Request("/api/token", {}, APIGatewayProxyEventV2(event))


def basic(text: str | bytes) -> str:
    return "Basic " + base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def refusal(*args: Any, **more: Any) -> tuple[str, int]:
    with pytest.raises(OAuthError) as refused:
        client_credentials(asked(*args, **more))
    return refused.value.code, int(refused.value.http_status)


@pytest.mark.parametrize(
    ("form", "authorization"),
    [
        (IN_FORM, None),
        (IN_FORM, "Bearer a.b.c"),
        (GRANT, basic("m-1:s%3A1+%C3%BC")),
        (GRANT, basic("m-1:s:1%20%C3%BC").replace("Basic ", "basic  ")),
        ({**GRANT, "client_id": "m-1"}, basic("m-1:s:1 ü")),
    ],
)
def test_id_and_secret_are_shown_in_the_form_or_by_basic(form: dict[str, str], authorization: str | None) -> None:
    shown = client_credentials(asked(urlencode(form), authorization))
    assert shown == ClientCredentials("m-1", "s:1 ü", None)


@pytest.mark.parametrize("shown", [("m", "s"), ("m" * MAX_LENGTH, "s" * MAX_LENGTH)], ids=["shortest", "longest"])
def test_id_and_secret_have_so_many_characters_at_most(shown: tuple[str, str]) -> None:
    form = {**GRANT, "client_id": shown[0], "client_secret": shown[1]}
    assert client_credentials(asked(urlencode(form))) == ClientCredentials(*shown, None)


def test_a_form_in_base64_with_a_charset_is_read() -> None:
    coded = base64.b64encode(urlencode(IN_FORM).encode()).decode()
    request = asked(coded, None, f"{FORM.upper()}; charset=UTF-8", isBase64Encoded=True)
    assert client_credentials(request).client_id == "m-1"


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [("orders:read orders:write", {"orders:read", "orders:write"}), ("", None), ("  ", None)],
)
def test_scopes_are_those_that_are_asked_for(scope: str, scopes: set[str] | None) -> None:
    assert client_credentials(asked(urlencode({**IN_FORM, "scope": scope}))).scopes == scopes


@pytest.mark.parametrize(
    ("body", "authorization"),
    [
        ("", None),
        (urlencode({"client_id": "m-1", "client_secret": "s"}), None),
        (urlencode({**GRANT, "client_secret": "s"}), basic("m-1:s")),
        (urlencode({**GRANT, "client_id": "m-2"}), basic("m-1:s")),
        (urlencode(IN_FORM) + "&client_id=m-1", None),
        (urlencode(IN_FORM) + "&scope=&scope=", None),
        (urlencode(IN_FORM) + "&x=%ff", None),
        ("&".join([urlencode(IN_FORM), *(f"f{number}=x" for number in range(MAX_FIELDS))]), None),
    ],
)
def test_a_request_that_is_no_sound_form_is_invalid(body: str, authorization: str | None) -> None:
    assert refusal(body, authorization) == ("invalid_request", 400)


def test_what_is_sent_as_another_type_is_invalid() -> None:
    assert refusal(json.dumps(IN_FORM), None, "application/json") == ("invalid_request", 400)
    assert refusal(urlencode(IN_FORM), None, "") == ("invalid_request", 400)


@pytest.mark.parametrize("grant", ["password", "authorization_code", "refresh_token"])
def test_there_is_no_other_grant(grant: str) -> None:
    assert refusal(urlencode({**IN_FORM, "grant_type": grant})) == ("unsupported_grant_type", 400)


@pytest.mark.parametrize(
    ("form", "authorization"),
    [
        (GRANT, None),
        ({**GRANT, "client_id": "m-1"}, None),
        ({**GRANT, "client_secret": "s"}, None),
        ({**IN_FORM, "client_id": ""}, None),
        ({**IN_FORM, "client_secret": ""}, None),
        ({**IN_FORM, "client_id": "x" * (MAX_LENGTH + 1)}, None),
        ({**IN_FORM, "client_secret": "x" * (MAX_LENGTH + 1)}, None),
        (GRANT, "Basic not base64!"),
        (GRANT, basic("m-1:s") + "!"),
        (GRANT, basic("m-1")),
        (GRANT, basic(b"m-1:\xff")),
        (GRANT, basic(":s")),
        (GRANT, basic("m-1:")),
    ],
)
def test_who_shows_no_id_and_secret_is_no_client(form: dict[str, str], authorization: str | None) -> None:
    assert refusal(urlencode(form), authorization) == ("invalid_client", 401)


def test_a_refusal_is_as_rfc_6749_has_it() -> None:
    response = oauth_error(invalid_client())
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Basic realm="token"')
    assert response.headers["Cache-Control"] == "no-store"
    assert json.loads(response.body or "") == {
        "error": "invalid_client",
        "error_description": "There is no such client, or the secret is wrong.",
    }
    other = oauth_error(OAuthError("invalid_scope", "No."))
    assert (other.status_code, "WWW-Authenticate" in other.headers) == (HTTPStatus.BAD_REQUEST, False)
