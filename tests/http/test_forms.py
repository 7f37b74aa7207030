"""What a browser sends to a page, called directly: each way to write a form, a cookie or a language."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from online_orders.domain.errors import TooLarge
from online_orders.http.bodies import MAX_BODY_BYTES
from online_orders.http.forms import MAX_FIELDS, cookies, form_fields, preferred_language

LANGUAGES = ("en", "de", "fr")


def asked(**event: Any) -> Request:
    """A request as a handler is given it."""
    context = {"http": {"path": "/confirm", "method": "POST", "sourceIp": "192.0.2.1"}, "stage": "$default"}
    return Request("/confirm", {}, APIGatewayProxyEventV2({"headers": {}, "requestContext": context, **event}))


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("name=Connie+M.&code=123456", {"name": "Connie M.", "code": "123456"}),
        ("name=J%C3%BCrgen", {"name": "Jürgen"}),
        ("name=first&name=second", {"name": "first"}),
        ("name=&reason=", {"name": "", "reason": ""}),
        ("", {}),
        (None, {}),
        ("name=%ff", {}),
        ("name=\ud800", {}),
        ("&".join(f"f{number}=x" for number in range(MAX_FIELDS + 1)), {}),
    ],
)
def test_a_form_has_the_first_of_each_field_and_what_is_none_has_no_fields(
    body: str | None, fields: dict[str, str]
) -> None:
    assert form_fields(asked(body=body)) == fields


def test_a_form_has_as_many_fields_as_it_may() -> None:
    assert len(form_fields(asked(body="&".join(f"f{number}=x" for number in range(MAX_FIELDS))))) == MAX_FIELDS == 250


def test_a_form_in_base64_is_read_and_one_that_is_not_utf_8_has_no_fields() -> None:
    for raw, fields in ((b"name=Connie", {"name": "Connie"}), (b"name=\xff", {})):
        assert form_fields(asked(body=base64.b64encode(raw).decode(), isBase64Encoded=True)) == fields


def test_a_form_that_is_too_large_is_refused() -> None:
    with pytest.raises(TooLarge):
        form_fields(asked(body="n=" + "x" * MAX_BODY_BYTES))


def test_cookies_are_read_from_their_list_and_from_the_header() -> None:
    request = asked(cookies=["a=1", "b=2=3"], headers={"cookie": "c=4;  d=5 ; e"})
    assert [*cookies(request)] == [("a", "1"), ("b", "2=3"), ("c", "4"), ("d", "5"), ("e", "")]
    assert dict(cookies(asked())) == {"": ""}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("it, FR-CH;q=0.9, de", "fr"),
        ("it,de", "de"),
        ("it", "en"),
        ("", "en"),
    ],
)
def test_a_reader_gets_the_first_of_the_own_languages_that_is_known(accepted: str, language: str) -> None:
    assert preferred_language(accepted, LANGUAGES, "en") == language
