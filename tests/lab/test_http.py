"""The gateway routes, authorizes and hands over as API Gateway's HTTP API does."""

import base64
import json
from typing import Any

import pytest

from tests.lab import Lab, User
from tests.lab.http import Route

Json = dict[str, Any]

FUNCTIONS = ("OrdersApiFunction", "DeskApiFunction", "PreviewQuoteFunction", "ConfirmPageFunction")


@pytest.fixture
def mirror(lab: Lab) -> Lab:
    """Every function answers with its name and its event."""
    for name in FUNCTIONS:

        def handler(event: Json, context: Any, name: str = name) -> Json:
            return {"statusCode": 200, "body": json.dumps({"function": name, "event": event})}

        lab.functions.replace(name, handler)
    return lab


@pytest.mark.parametrize(
    ("method", "path", "function"),
    [
        ("POST", "/api/orders", "OrdersApiFunction"),
        ("GET", "/api/openapi.json", "OrdersApiFunction"),
        ("GET", "/api/desk/orders", "DeskApiFunction"),
        ("PUT", "/api/desk/accounts/a", "DeskApiFunction"),
        ("POST", "/api/desk/orders/1/quote", "DeskApiFunction"),
        ("POST", "/api/desk/orders/1/quote/preview", "PreviewQuoteFunction"),
        ("GET", "/api/desk/orders/1/certificate", "PreviewQuoteFunction"),
        ("GET", "/api/certificate-keys", "PreviewQuoteFunction"),
        ("GET", "/api/desk/orders/1/confirmation", "PreviewQuoteFunction"),
        ("GET", "/api/orders/1/confirmation", "PreviewQuoteFunction"),
        ("HEAD", "/confirm/token", "ConfirmPageFunction"),
        ("GET", "/confirm/token/quote.pdf", "ConfirmPageFunction"),
        ("GET", "/confirm/token/confirmation.pdf", "ConfirmPageFunction"),
    ],
)
def test_the_most_specific_route_takes_a_request(mirror: Lab, method: str, path: str, function: str) -> None:
    assert mirror.http(method, path, user=mirror.users.cs).status == 200
    assert mirror.functions.invocations[-1].function == function


def test_a_path_of_no_route_is_not_found(mirror: Lab) -> None:
    assert mirror.http("GET", "/else").json() == {"message": "Not Found"}
    assert mirror.functions.invocations == []


def test_routes_go_by_greedy_variables_then_variables_then_length_then_method() -> None:
    routes = [
        Route(None, "/a/{proxy+}", "f", None),
        Route(None, "/a/b/{proxy+}", "f", None),
        Route("GET", "/a/b/{proxy+}", "f", None),
        Route(None, "/a/{id}", "f", None),
        Route("GET", "/a/c", "f", None),
    ]
    assert sorted(routes, key=lambda route: route.precedence) == list(reversed(routes))


@pytest.mark.parametrize("name", ["customer", "reseller", "cs", "stranger"])
def test_claims_come_as_text(mirror: Lab, name: str) -> None:
    user: User = getattr(mirror.users, name)
    response = mirror.http("GET", "/api/orders", user=user).json()
    claims = response["event"]["requestContext"]["authorizer"]["jwt"]["claims"]
    assert all(isinstance(value, str) for value in claims.values())
    assert claims["token_use"] == "id"
    assert claims["email_verified"] == "true"
    assert claims.get("cognito:groups") == (f"[{user.group}]" if user.group else None)
    assert claims.get("custom:account_id") == user.account_id


def test_an_access_token_passes_the_gateway(mirror: Lab) -> None:
    response = mirror.http("GET", "/api/orders", user=mirror.users.customer.with_access_token).json()
    claims = response["event"]["requestContext"]["authorizer"]["jwt"]["claims"]
    assert claims["token_use"] == "access"
    assert "custom:account_id" not in claims


@pytest.mark.parametrize(
    "claims", [{"iss": "https://else.example"}, {"aud": "another client"}, {"exp": 0}, {"nbf": 10**11}]
)
def test_a_token_that_is_not_for_this_api_is_refused(mirror: Lab, claims: Json) -> None:
    assert mirror.http("GET", "/api/orders", user=mirror.users.customer.claiming(**claims)).status == 401
    assert mirror.functions.invocations == []


def test_without_a_sound_token_nobody_comes_in(mirror: Lab) -> None:
    assert mirror.http("GET", "/api/orders").json() == {"message": "Unauthorized"}
    assert mirror.http("GET", "/api/orders", headers={"Authorization": "Bearer a.b.c"}).status == 401
    assert mirror.http("GET", "/api/orders", user=mirror.users.customer.expired).status == 401


def test_a_token_expires_in_virtual_time(mirror: Lab) -> None:
    token = mirror.users.customer.token(
        f"https://cognito-idp.eu-central-1.amazonaws.com/{mirror.outputs['UserPoolId']}",
        mirror.outputs["UserPoolClientId"],
        mirror.clock.now(),
    )
    headers = {"Authorization": f"Bearer {token}"}
    assert mirror.http("GET", "/api/orders", headers=headers).status == 200
    mirror.advance(hours=1)
    assert mirror.http("GET", "/api/orders", headers=headers).status == 401


def test_a_form_comes_in_base64_and_json_does_not(mirror: Lab) -> None:
    event = mirror.http("POST", "/confirm/t", form={"name": "Ü b"}).json()["event"]
    assert event["isBase64Encoded"]
    assert base64.b64decode(event["body"]) == b"name=%C3%9C+b"
    event = mirror.http("POST", "/api/orders", json={"a": 1}, user=mirror.users.customer).json()["event"]
    assert (event["isBase64Encoded"], event["body"]) == (False, '{"a": 1}')


def test_what_is_no_utf_8_comes_in_base64_whatever_its_type(mirror: Lab) -> None:
    headers = {"Content-Type": "application/json"}
    sent = b'{"note": "\xc3"}'
    event = mirror.http("POST", "/api/orders", content=sent, headers=headers, user=mirror.users.customer).json()[
        "event"
    ]
    assert event["isBase64Encoded"]
    assert base64.b64decode(event["body"]) == sent


def test_query_and_path_come_as_the_gateway_cuts_them(mirror: Lab) -> None:
    event = mirror.http("GET", "/api/orders?a=1&a=2&b=", query={"c": "x y"}, user=mirror.users.customer).json()["event"]
    assert event["queryStringParameters"] == {"a": "1,2", "b": "", "c": "x y"}
    assert event["rawQueryString"] == "a=1&a=2&b=&c=x+y"
    assert event["pathParameters"] == {"proxy": "orders"}
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "ANY /api/{proxy+}"


def test_cloudfront_shows_the_api_its_secret(mirror: Lab) -> None:
    assert mirror.stack.front_headers
    sent = mirror.http("GET", "/confirm/t").json()["event"]["headers"]
    assert sent.items() >= mirror.stack.front_headers.items()
    sent = mirror.http("GET", "/confirm/t", direct=True).json()["event"]["headers"]
    assert not sent.keys() & mirror.stack.front_headers.keys()


def test_a_binary_answer_is_decoded(lab: Lab) -> None:
    body = base64.b64encode(b"%PDF\xff").decode()
    result = {"statusCode": 200, "headers": {"Content-Type": "application/pdf"}, "body": body, "isBase64Encoded": True}
    lab.functions.replace("ConfirmPageFunction", lambda event, context: result)
    response = lab.http("GET", "/confirm/t/quote.pdf")
    assert (response.body, response.headers["content-type"]) == (b"%PDF\xff", "application/pdf")


def test_a_handler_that_raises_is_an_internal_error_and_noted(lab: Lab) -> None:
    def handler(event: Json, context: Any) -> None:
        raise RuntimeError("broken")

    lab.functions.replace("ConfirmPageFunction", handler)
    response = lab.http("GET", "/confirm/t")
    assert (response.status, response.json()) == (500, {"message": "Internal Server Error"})
    (failure,) = lab.errors.take()
    assert (failure.function, failure.type, failure.message) == ("ConfirmPageFunction", "RuntimeError", "broken")


def test_an_answer_from_500_on_is_noted_too(lab: Lab) -> None:
    lab.functions.replace("ConfirmPageFunction", lambda event, context: {"statusCode": 503, "body": "busy"})
    assert lab.http("GET", "/confirm/t").text == "busy"
    assert [failure.type for failure in lab.errors.take()] == ["HTTP 503"]


def test_a_body_over_ten_megabytes_does_not_reach_the_function(mirror: Lab) -> None:
    response = mirror.http("POST", "/api/orders", content=b"x" * (10 * 1024 * 1024 + 1), user=mirror.users.customer)
    assert (response.status, mirror.functions.invocations) == (413, [])
