"""The token route, request by request: what is asked of table and pool, and what is told to the client."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

import issue_token
from online_orders.aws import service_user_store, user_pool
from online_orders.aws.service_user_store import StoredServiceUser
from online_orders.domain.service_users import NewServiceUser, ServiceUser, change, create
from online_orders.http import rate_limit
from online_orders.telemetry import logger
from tests.aws.desk import Desk
from tests.domain.builders import ANNA, NOW
from tests.functions.invocation import Context
from tests.http.test_app import event_of

Json = dict[str, Any]

SHOWN = {"grant_type": "client_credentials", "client_id": "m-1", "client_secret": "oo-S1-a"}
CLAIMS = base64.urlsafe_b64encode(json.dumps({"exp": 1_795_886_900, "iat": 1_795_886_000}).encode()).decode()
TOKEN = f"head.{CLAIMS.rstrip('=')}.signature"
INVALID = {"error": "invalid_client", "error_description": "There is no such client, or the secret is wrong."}


def machine() -> ServiceUser:
    request = NewServiceUser(name="ERP", scopes=("orders:read", "orders:write"))
    return create(request, "acme", user_id="m-1", username="m@service-users.invalid", secret="oo-S1-a", by=ANNA, at=NOW)


class Asked(list[Any]):
    """What was asked of the limit, the table and the pool, which has a token unless told otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.machines: Mapping[str, ServiceUser] = {"m-1": machine()}
        self.token: str | None = TOKEN
        monkeypatch.setattr(rate_limit, "check_rate_limit", lambda *given: self.append(("limit", *given)))
        monkeypatch.setattr(service_user_store, "find_service_user", self.find)
        monkeypatch.setattr(user_pool, "issue_token", self.issue)

    def find(self, user_id: str) -> StoredServiceUser | None:
        self.append(("table", user_id))
        found = self.machines.get(user_id)
        return StoredServiceUser(found, 1) if found else None

    def issue(self, *given: str) -> str | None:
        self.append(("pool", *given))
        return self.token


@pytest.fixture
def asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setenv("ORIGIN_SECRET", "")
    return Asked(monkeypatch)


def ask(**form: str) -> tuple[int, Any, Mapping[str, str]]:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    event = event_of("POST", "/api/token", headers=headers, body=urlencode({**SHOWN, **form}))
    event["requestContext"]["requestId"] = "request"
    context: Any = Context()
    response = issue_token.handler(event, context)
    return response["statusCode"], json.loads(response["body"]), response["headers"]


LIMIT, FOUND, ISSUED = ("limit", "TOKEN", "m-1"), ("table", "m-1"), ("pool", "m@service-users.invalid", "oo-S1-a")


def test_who_shows_the_secret_gets_the_pools_token(asked: Asked) -> None:
    status, body, headers = ask()
    assert (status, body) == (200, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 900})
    assert (headers["Pragma"], headers["Cache-Control"]) == ("no-cache", "no-store")
    assert asked == [LIMIT, FOUND, ISSUED]


@pytest.mark.parametrize(
    ("scope", "more"),
    [
        ("orders:read", {"scope": "orders:read orders:write"}),
        ("orders:write orders:read", {}),
        (" ", {}),
    ],
)
def test_the_scopes_are_told_where_they_are_not_those_that_were_asked_for(asked: Asked, scope: str, more: Json) -> None:
    status, body, _ = ask(scope=scope)
    assert status == 200
    assert body == {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 900, **more}


@pytest.mark.parametrize("scope", ["orders:read desk:read", "desk:read", "everything"])
def test_a_scope_that_the_client_lacks_is_refused_before_the_pool_is_asked(asked: Asked, scope: str) -> None:
    status, body, _ = ask(scope=scope)
    assert (status, body["error"]) == (400, "invalid_scope")
    assert asked == [LIMIT, FOUND]


def test_unknown_wrong_and_deactivated_clients_are_refused_alike(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    monkeypatch.setattr(issue_token, "fingerprint", compared.append)
    assert ask(client_id="m-2")[:2] == (401, INVALID)
    assert compared == ["oo-S1-a"], "it takes as long as for a known client"
    assert ask(client_secret="oo-S1-b")[:2] == (401, INVALID)
    asked.machines = {"m-1": change(machine(), {"state": "deactivated"}).user}
    assert ask()[:2] == ask(client_secret="oo-S1-b")[:2] == (401, INVALID)
    assert "pool" not in {each[0] for each in asked}


def test_a_client_that_the_pool_refuses_is_refused_and_noted(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[Any] = []
    monkeypatch.setattr(logger, "warning", lambda text, extra: noted.append(extra))
    asked.token = None
    status, body, headers = ask()
    assert (status, body, headers["WWW-Authenticate"]) == (401, INVALID, 'Basic realm="token"')
    assert noted == [{"user_id": "m-1"}]


def test_what_is_no_refusal_of_oauth_is_a_problem(asked: Asked) -> None:
    event = event_of("POST", "/api/token", headers={"content-type": "text/plain"}, body="x")
    context: Any = Context()
    assert json.loads(issue_token.handler(event, context)["body"])["error"] == "invalid_request"
    event["rawPath"] = event["requestContext"]["http"]["path"] = "/api/other"
    response = issue_token.handler(event, context)
    assert (response["statusCode"], json.loads(response["body"])["code"]) == (404, "not_found")
