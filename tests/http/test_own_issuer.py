"""Tokens of other issuers than the user pool, as their products write them: who calls, and that nothing else counts."""

import base64
import json
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from emulation.template import read
from online_orders.domain.errors import Forbidden
from online_orders.domain.order_parts import User
from online_orders.domain.roles import PERMISSIONS, Permission, Role
from online_orders.http import auth, rate_limit
from tests.local_run import PROJECT
from tests.template.resolving import Place

Json = dict[str, Any]

SETTINGS = {
    "ORIGIN_SECRET": "",
    "STAFF_SECOND_FACTOR": "optional",
    "ACCOUNT_REQUESTS_PER_SECOND": "1000",
    "ACCOUNT_REQUESTS_AT_ONCE": "1000",
    "IDENTITY_CLAIMS": "",
}
pytestmark = pytest.mark.usefixtures("http_settings")
HERE = Place("online-orders", "eu-central-1", "5f2c9e10-0d2e-11f1-9a41-06d21c3a7b11")

ENTRA = (
    {
        "IdentityGroupsClaim": "groups",
        "IdentityAccountClaim": "extension_account_id",
        "IdentityRoleMapping": ("6f1c2b1e-7d0a-4a52-9d52-0a8f3f6f0b11=lead,b0c9e4a4-1f3b-4a0e-8b56-3c1f5f7c9d22=buyer"),
    },
    {
        "ver": "2.0",
        "iss": "https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "aud": "6cb04018-a3f5-46a7-b995-940c78f5aef3",
        "exp": 1795890000,
        "iat": 1795886400,
        "nbf": 1795886400,
        "name": "Abe Lincoln",
        "email": "abe@vendor.example",
        "preferred_username": "abe@vendor.example",
        "oid": "00000000-0000-0000-66f3-3332eca7ea81",
        "tid": "9122040d-6c67-4c5b-b112-36a304b66dad",
        "groups": ["f7b2d0c2-55aa-4a6b-9e0c-0d6a7d1b8e33", "6f1c2b1e-7d0a-4a52-9d52-0a8f3f6f0b11"],
    },
)
KEYCLOAK = (
    {
        "IdentityGroupsClaim": "groups",
        "IdentityAccountClaim": "account",
        "IdentityRoleMapping": "/Desk/Leads=lead,/Desk/Agents=agent,/Shop/Buyers=buyer",
    },
    {
        "iss": "https://sso.vendor.example/realms/orders",
        "sub": "f1a3c1b5-8f7e-4b0e-8f51-0c9d2a7a1e44",
        "aud": "order-desk",
        "exp": 1795886700,
        "iat": 1795886400,
        "auth_time": 1795886399,
        "typ": "ID",
        "azp": "order-desk",
        "sid": "2e7f3c3c-2c0d-4a49-9f6a-0a9b4a6d9f55",
        "acr": "1",
        "email_verified": True,
        "name": "Ida Quay",
        "preferred_username": "ida",
        "email": "ida@quay.example",
        "groups": ["/Shop/Buyers", "/Newsletter"],
        "account": ["quay"],
    },
)
AUTH0 = (
    {
        "IdentityGroupsClaim": "https://orders.vendor.example/groups",
        "IdentityAccountClaim": "https://orders.vendor.example/account",
        "IdentityRoleClaim": "https://orders.vendor.example/role",
    },
    {
        "iss": "https://vendor.eu.auth0.com/",
        "sub": "auth0|65f1f7a2c8b1d2e3f4a5b6c7",
        "aud": "kX1sT9mB2vQ4nR7wL0cZ3yH6",
        "exp": 1795922400,
        "iat": 1795886400,
        "sid": "hT3kQ9",
        "nickname": "ida",
        "name": "Ida Quay",
        "email": "ida@quay.example",
        "email_verified": True,
        "https://orders.vendor.example/groups": ["customers"],
        "https://orders.vendor.example/account": "quay",
        "https://orders.vendor.example/role": "viewer",
    },
)


def configured(monkeypatch: pytest.MonkeyPatch, parameters: Json) -> None:
    """Set the variable as the template makes it of the parameters."""
    given = {"Stage": "prod", "IdentityIssuer": "https://issuer.example", "IdentityAudience": "desk", **parameters}
    resources = HERE.resolve(read_template(), **given)
    variables = resources["OrdersApiFunction"]["Properties"]["Environment"]["Variables"]
    monkeypatch.setenv("IDENTITY_CLAIMS", variables["IDENTITY_CLAIMS"])
    rate_limit.reset()


def read_template() -> Json:
    from tests.lab.stack import translate

    return translate(PROJECT / "template.yaml")


def request_of(payload: Json, **headers: str) -> Request:
    part = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    claims = {
        name: f"[{' '.join(map(str, value))}]" if isinstance(value, list) else str(value)
        for name, value in payload.items()
    }
    seen = {"path": "/api/orders", "method": "GET", "sourceIp": "192.0.2.1"}
    event = {
        "headers": {"authorization": f"Bearer head.{part}.signature", **headers},
        "requestContext": {"http": seen, "stage": "$default", "authorizer": {"jwt": {"claims": claims}}},
    }
    return Request("/api/orders", {}, APIGatewayProxyEventV2(event))


def refused(payload: Json, permission: Permission | None, **headers: str) -> str:
    with pytest.raises(Forbidden) as refusal:
        auth.caller(request_of(payload, **headers), permission)
    return refusal.value.code


@pytest.mark.parametrize(
    ("issuer", "group", "account_id", "role"),
    [
        (ENTRA, "customer-success", None, Role.LEAD),
        (KEYCLOAK, "customers", "quay", Role.BUYER),
        (AUTH0, "customers", "quay", Role.VIEWER),
    ],
    ids=["entra", "keycloak", "auth0"],
)
def test_a_token_of_another_product_says_who_calls(
    monkeypatch: pytest.MonkeyPatch, issuer: tuple[Json, Json], group: str, account_id: str | None, role: Role
) -> None:
    parameters, payload = issuer
    configured(monkeypatch, parameters)
    found = auth.caller(request_of(payload), None)
    assert (found.group, found.account_id, found.role) == (group, account_id, role)
    assert (found.user.user_id, found.user.email) == (payload["sub"], payload["email"])
    assert found.permissions == PERMISSIONS[role]
    assert found.accounts == ({account_id: role} if account_id else {})
    for permission in PERMISSIONS[role]:
        assert auth.caller(request_of(payload), permission).required is permission
    unsaid = {name: value for name, value in payload.items() if name != "email"}
    assert auth.caller(request_of(unsaid), None).user == User(user_id=payload["sub"], email="")


@pytest.mark.parametrize("groups", [None, [], ["everybody"], "everybody", ["6F1C2B1E-7D0A-4A52-9D52-0A8F3F6F0B11"], 7])
def test_whoever_is_in_no_group_with_a_role_may_do_nothing(monkeypatch: pytest.MonkeyPatch, groups: object) -> None:
    """Entra ID leaves the groups out of tokens of people who are in too many."""
    parameters, payload = ENTRA
    configured(monkeypatch, parameters)
    payload = {**payload, "groups": groups, "_claim_names": {"groups": "src1"}}
    found = auth.caller(request_of(payload), None)
    assert (found.group, found.role, found.permissions) == (None, None, frozenset())
    for permission in Permission:
        assert refused(payload, permission) == "forbidden"


def test_staff_act_for_no_account_whatever_the_token_names(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters, payload = ENTRA
    configured(monkeypatch, parameters)
    payload = {**payload, "extension_account_id": "acme"}
    found = auth.caller(request_of(payload), None)
    assert (found.group, found.account_id, found.accounts) == ("customer-success", None, {})
    assert refused(payload, None, **{"account-id": "acme"}) == "forbidden"


def test_names_of_our_own_mean_nothing_in_the_tokens_of_another_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who may choose an attribute of the own user there could otherwise choose a role or an account here."""
    parameters, payload = KEYCLOAK
    configured(monkeypatch, parameters)
    chosen = {
        "cognito:groups": ["customer-success"],
        "custom:account_id": "acme",
        "role": "admin",
        "accounts": '{"acme": "admin"}',
        "scopes": "orders:write desk:read people:manage",
        "token_use": "access",
    }
    found = auth.caller(request_of({**payload, **chosen}), None)
    assert found == auth.caller(request_of(payload), None)
    assert not found.is_service_user
    assert refused({**payload, **chosen}, Permission.MANAGE_PEOPLE) == "forbidden"


def test_the_header_chooses_no_account_that_the_token_does_not_name(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters, payload = KEYCLOAK
    configured(monkeypatch, parameters)
    chosen = {"account-id": "quay"}
    assert auth.caller(request_of(payload, **chosen), Permission.READ_ORDERS).account == "quay"
    assert refused(payload, Permission.READ_ORDERS, **{"account-id": "acme"}) == "forbidden"
    two = {**payload, "account": ["quay", "acme"]}
    assert auth.caller(request_of(two), None).account_id is None


def test_without_a_mapping_the_groups_are_ours_and_the_role_is_the_claims_or_the_highest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parameters, payload = AUTH0
    configured(monkeypatch, parameters)
    role = "https://orders.vendor.example/role"
    unsaid = {name: value for name, value in payload.items() if name != role}
    assert auth.caller(request_of(unsaid), None).role is Role.ADMIN
    for unknown in ("owner", "lead", "", ["viewer", "admin"], 7):
        assert auth.caller(request_of({**payload, role: unknown}), None).permissions == frozenset()
    assert auth.caller(request_of({**payload, role: ["buyer"]}), None).role is Role.BUYER


def test_the_tokens_of_the_user_pool_still_tell_what_they_are_for() -> None:
    pool = {"sub": "u-1", "email": "a@b.example", "cognito:groups": ["customers"], "custom:account_id": "acme"}
    assert auth.caller(request_of({**pool, "token_use": "id"}), Permission.READ_ORDERS).account == "acme"
    assert refused({**pool, "token_use": "access"}, None) == "wrong_token"
    assert refused(pool, None) == "wrong_token"


def test_a_parameter_that_would_break_the_variable_is_refused() -> None:
    import re

    declared = read(PROJECT / "template.yaml")["Parameters"]
    for name in ("IdentityGroupsClaim", "IdentityAccountClaim", "IdentityRoleClaim"):
        pattern = declared[name]["AllowedPattern"]
        assert re.fullmatch(pattern, "https://orders.example.com/groups")
        for wrong in ('a"b', "a\\b", "a b", ""):
            assert not re.fullmatch(pattern, wrong)
    pattern = declared["IdentityRoleMapping"]["AllowedPattern"]
    for parameters, _ in (ENTRA, KEYCLOAK):
        assert re.fullmatch(pattern, parameters["IdentityRoleMapping"])
    for wrong in ('a"=lead', "a\\=lead", "a=boss", "lead"):
        assert not re.fullmatch(pattern, wrong)
