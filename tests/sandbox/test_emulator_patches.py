"""The patches in front of a small engine that has the gaps."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from sandbox.emulator_patches import apply_patches
from tests import loopback
from tests.sandbox.serving import serving


class Gaps:
    """An engine with one pool and one log group that obeys all calls; `obeyed` are those that reached it to be done."""

    def __init__(self) -> None:
        self.events = [{"timestamp": number // 4, "message": str(number)} for number in range(25)]
        self.client: dict[str, Any] = {"ClientId": "web", "WriteAttributes": ["name", "locale"]}
        self.only_by_admin = True
        self.trigger_fails = False
        self.obeyed: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.url.path == "/oauth2/token":
            if self.trigger_fails:
                raise RuntimeError("PreTokenGeneration error")
            await JSONResponse({"id_token": "poor", "form": (await request.body()).decode()})(scope, receive, send)
            return
        operation = request.headers["x-amz-target"].partition(".")[2]
        payload = self._answer(operation, json.loads(await request.body()))
        refused = operation == "InitiateAuth" and not payload
        await JSONResponse(payload, 400 if refused else 200)(scope, receive, send)

    def _answer(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        if operation == "InitiateAuth" and self.trigger_fails:
            raise RuntimeError("PreTokenGeneration error")
        if operation == "InitiateAuth" and body["AuthParameters"]["REFRESH_TOKEN"] == "lasting":
            return {"AuthenticationResult": {"IdToken": "rich", "AccessToken": "access", "ExpiresIn": 3600}}
        if operation == "DescribeUserPoolClient":
            return {"UserPoolClient": self.client} if body["ClientId"] == "web" else {}
        if operation == "ListUserPools":
            return {"UserPools": [{"Id": "eu-central-1_a"}]}
        if operation == "DescribeUserPool":
            return {"UserPool": {"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": self.only_by_admin}}}
        if operation == "FilterLogEvents":
            found = [event for event in self.events if event["timestamp"] >= body.get("startTime", 0)]
            return {"events": found[: body["limit"]], "searchedLogStreams": []}
        self.obeyed.append(operation)
        return {}


@pytest.fixture
def gaps() -> Gaps:
    return Gaps()


@pytest.fixture
def address(gaps: Gaps) -> Iterator[str]:
    with serving(apply_patches(gaps)) as address:  # type: ignore[arg-type]
        yield address


@pytest.fixture
def cognito(address: str) -> Any:
    return loopback.aws("cognito-idp", address)


def a_token(client_id: str = "web", scope: str = "openid aws.cognito.signin.user.admin") -> str:
    issuer = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a"
    claims = {"iss": issuer, "client_id": client_id, "scope": scope}
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


def update(cognito: Any, name: str, token: str | None = None) -> None:
    cognito.update_user_attributes(AccessToken=token or a_token(), UserAttributes=[{"Name": name, "Value": "x"}])


@pytest.mark.parametrize("name", ["custom:account_id", "email"])
def test_a_user_does_not_write_what_the_client_may_not(gaps: Gaps, cognito: Any, name: str) -> None:
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        update(cognito, name)
    assert gaps.obeyed == []


def test_a_user_writes_what_the_client_may(gaps: Gaps, cognito: Any) -> None:
    update(cognito, "name")
    assert gaps.obeyed == ["UpdateUserAttributes"]


def test_a_client_that_lists_nothing_writes_what_every_pool_has(gaps: Gaps, cognito: Any) -> None:
    del gaps.client["WriteAttributes"]
    update(cognito, "email")
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        update(cognito, "custom:account_id")


@pytest.mark.parametrize("scope", ["", "openid email profile", "aws.cognito.signin.user.administer"])
def test_a_user_changes_nothing_with_a_token_that_is_for_other_things(gaps: Gaps, cognito: Any, scope: str) -> None:
    token = a_token(scope=scope)
    for change in (
        lambda: update(cognito, "name", token),
        lambda: cognito.associate_software_token(AccessToken=token),
        lambda: cognito.verify_software_token(AccessToken=token, UserCode="123456"),
        lambda: cognito.set_user_mfa_preference(AccessToken=token),
    ):
        with pytest.raises(ClientError, match="required scopes"):
            change()
    assert gaps.obeyed == []
    cognito.set_user_mfa_preference(AccessToken=a_token())
    cognito.associate_software_token(Session="x" * 20)
    assert gaps.obeyed == ["SetUserMFAPreference", "AssociateSoftwareToken"]


@pytest.mark.parametrize("token", ["no-token", "a.b.c", a_token("unknown")])
def test_a_token_that_is_none_is_for_the_engine_to_refuse(gaps: Gaps, cognito: Any, token: str) -> None:
    update(cognito, "custom:account_id", token)
    assert gaps.obeyed == ["UpdateUserAttributes"]


def test_a_refreshed_id_token_says_as_much_as_the_first(address: str) -> None:
    form = {"grant_type": "refresh_token", "client_id": "web", "refresh_token": "lasting"}
    assert loopback.post(f"{address}/oauth2/token", data=form).json() == {
        "id_token": "rich",
        "access_token": "access",
        "token_type": "Bearer",
        "expires_in": 3600,
    }
    refused = loopback.post(f"{address}/oauth2/token", data={**form, "refresh_token": "ended"})
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_grant"})


def test_a_code_whose_token_a_trigger_refuses_is_refused(gaps: Gaps, address: str) -> None:
    """The engine fails, and Cognito says why."""
    gaps.trigger_fails = True
    for grant in ("authorization_code", "refresh_token"):
        response = loopback.post(f"{address}/oauth2/token", data={"grant_type": grant, "refresh_token": "lasting"})
        assert (response.status_code, response.json()) == (400, {"error": "invalid_grant"})
    with pytest.raises(ClientError, match="UserLambdaValidationException"):
        loopback.aws("cognito-idp", address).initiate_auth(
            ClientId="web", AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": "lasting"}
        )


def test_a_code_is_for_the_engine_to_take(address: str) -> None:
    response = loopback.post(f"{address}/oauth2/token", data={"grant_type": "authorization_code"})
    assert response.json()["form"] == "grant_type=authorization_code"


def test_nobody_signs_up_where_the_operator_makes_the_users(gaps: Gaps, cognito: Any) -> None:
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        cognito.sign_up(ClientId="web", Username="a@b.example", Password="Sandbox-Pass-1")
    gaps.only_by_admin = False
    cognito.sign_up(ClientId="web", Username="a@b.example", Password="Sandbox-Pass-1")
    assert gaps.obeyed == ["SignUp"]


@pytest.mark.parametrize("limit", [1, 3, 7, 25, 100])
def test_log_events_come_page_by_page_each_once(address: str, limit: int) -> None:
    pages = loopback.aws("logs", address).get_paginator("filter_log_events")
    found = [event["message"] for page in pages.paginate(logGroupName="g", limit=limit) for event in page["events"]]
    assert found == [str(number) for number in range(25)]


def test_a_token_for_log_events_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        loopback.aws("logs", address).filter_log_events(logGroupName="g", nextToken="x")


def test_all_else_goes_through(gaps: Gaps, cognito: Any) -> None:
    cognito.global_sign_out(AccessToken=a_token())
    assert gaps.obeyed == ["GlobalSignOut"]
