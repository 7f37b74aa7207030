"""The calls to the user pool, and what is made of its responses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from online_orders.aws import user_pool
from online_orders.domain.errors import Invalid, StateConflict
from online_orders.domain.people import Identity, adopted
from tests.aws.service import Service, error_of

Json = dict[str, Any]


@pytest.fixture
def service(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv("USER_POOL_ID", "pool")
    return service


def user(member: str = "Attributes", status: str = "CONFIRMED", **more: str) -> Json:
    attributes = {"sub": "u-1", "email": "ada@acme.example"} | {key.replace("__", ":"): more[key] for key in more}
    return {
        "Username": "whatever",
        "UserStatus": status,
        "Enabled": True,
        member: [{"Name": key, "Value": value} for key, value in attributes.items()],
    }


def groups(*names: str) -> Json:
    return {"Groups": [{"GroupName": name} for name in names]}


def test_an_identity_is_created_without_a_mail_and_without_a_password_that_anybody_knows(service: Service) -> None:
    service.answers = [{"User": user(status="FORCE_CHANGE_PASSWORD")}]
    found = user_pool.find_or_create("ada@acme.example", "Ada")
    assert found == Identity("u-1", "ada@acme.example", "Ada", has_signed_in=False)
    attributes = {"email": "ada@acme.example", "email_verified": "true", "name": "Ada"}
    assert service.asked == [
        (
            "admin_create_user",
            {
                "UserPoolId": "pool",
                "Username": "ada@acme.example",
                "MessageAction": "SUPPRESS",
                "UserAttributes": [{"Name": key, "Value": value} for key, value in attributes.items()],
            },
        )
    ]


@pytest.mark.parametrize("email", ["ada@acme.example", None])
def test_the_address_is_the_pools_or_else_the_one_that_was_invited(service: Service, email: str | None) -> None:
    created = user()
    created["Attributes"] = [each for each in created["Attributes"] if email or each["Name"] != "email"]
    service.answers = [{"User": created}]
    assert user_pool.find_or_create("Ada@acme.example", "Ada").email == (email or "Ada@acme.example")


@pytest.mark.parametrize(
    ("listed", "group"),
    [
        (groups("customers"), "customers"),
        (groups("customer-success"), "customer-success"),
        (groups("customers", "customer-success"), "customer-success"),
        (groups("others"), None),
    ],
)
def test_an_identity_that_exists_is_taken_with_group_and_account(service: Service, listed: Json, group: str) -> None:
    existing = user("UserAttributes", custom__account_id="acme", name="Ada L.")
    service.answers = [error_of("UsernameExistsException"), existing, listed]
    found = user_pool.find_or_create("Ada@acme.example", "Ada")
    assert found == ("u-1", "ada@acme.example", "Ada L.", True, group, "acme")
    assert [(method, asked["Username"]) for method, asked in service.asked] == [
        ("admin_create_user", "Ada@acme.example"),
        ("admin_get_user", "Ada@acme.example"),
        ("admin_list_groups_for_user", "u-1"),
    ]


def test_a_user_whom_an_operator_has_disabled_is_in_no_group_and_account(service: Service) -> None:
    disabled = {**user("UserAttributes", custom__account_id="acme"), "Enabled": False}
    service.answers = [error_of("UsernameExistsException"), disabled]
    found = user_pool.find_or_create("ada@acme.example", "Ada")
    assert (found.group, found.account_id) == (None, None)
    assert adopted(found) is None


def test_a_user_with_a_first_password_has_not_signed_in(service: Service) -> None:
    service.answers = [error_of("UsernameExistsException"), user("UserAttributes", "FORCE_CHANGE_PASSWORD"), groups()]
    found = user_pool.find_or_create("ada@acme.example", "Ada")
    assert found == ("u-1", "ada@acme.example", None, False, None, None)


def test_an_address_that_the_pool_does_not_take_is_a_fault_of_the_request(service: Service) -> None:
    service.answers = [error_of("InvalidParameterException")]
    with pytest.raises(Invalid) as refused:
        user_pool.find_or_create("ada..l@acme.example", "Ada")
    (error,) = refused.value.errors
    expected = ("/email", "not_allowed", "The sign-in does not take this address.")
    assert (error.pointer, error.code, error.detail) == expected


@pytest.mark.parametrize(
    "answers",
    [
        [error_of("TooManyRequestsException")],
        [error_of("UsernameExistsException"), error_of("UserNotFoundException")],
        [error_of("UsernameExistsException"), error_of("TooManyRequestsException")],
    ],
)
def test_no_other_error_is_hidden(service: Service, answers: list[ClientError]) -> None:
    service.answers = [*answers]
    with pytest.raises(ClientError):
        user_pool.find_or_create("ada@acme.example", "Ada")


def test_a_user_is_found_by_id_or_not(service: Service) -> None:
    service.answers = [user("UserAttributes"), error_of("UserNotFoundException")]
    found = user_pool.find("u-1")
    assert found
    assert (found.user_id, found.has_signed_in, found.is_enabled) == ("u-1", True, True)
    assert user_pool.find("u-2") is None
    assert service.asked == [("admin_get_user", {"UserPoolId": "pool", "Username": each}) for each in ("u-1", "u-2")]


def test_a_second_factor_is_one_that_the_named_pool_asks_for(service: Service) -> None:
    existing = user("UserAttributes")
    service.answers = [
        {**existing, "UserMFASettingList": ["SOFTWARE_TOKEN_MFA"]},
        {**existing, "UserMFASettingList": []},
        existing,
        error_of("UserNotFoundException"),
        error_of("TooManyRequestsException"),
    ]
    assert [user_pool.has_second_factor("other", "clara") for _ in range(4)] == [True, False, False, False]
    assert service.asked[0] == ("admin_get_user", {"UserPoolId": "other", "Username": "clara"})
    with pytest.raises(ClientError):
        user_pool.has_second_factor("other", "clara")


def test_the_effects_are_one_call_each(service: Service) -> None:
    user_pool.set_first_password("u-1", "A-first-1")
    user_pool.allow_sign_in("u-1")
    user_pool.deny_sign_in("u-1")
    user_pool.sign_out("u-1")
    of_user = {"UserPoolId": "pool", "Username": "u-1"}
    assert service.asked == [
        ("admin_set_user_password", {**of_user, "Password": "A-first-1", "Permanent": False}),
        ("admin_enable_user", of_user),
        ("admin_disable_user", of_user),
        ("admin_user_global_sign_out", of_user),
    ]


def test_an_installation_with_its_own_provider_has_no_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER_POOL_ID", "")
    assert not user_pool.has_pool()
    monkeypatch.setenv("USER_POOL_ID", "pool")
    assert user_pool.has_pool()


def test_without_a_pool_people_are_managed_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER_POOL_ID", "pool")
    user_pool.require_pool()
    monkeypatch.setenv("USER_POOL_ID", "")
    with pytest.raises(StateConflict) as refusal:
        user_pool.require_pool()
    assert refusal.value.code == "managed_elsewhere"


# -- service users ------------------------------------------------------------------------------------------------


def test_a_service_user_signs_in_by_the_flow_for_administrators(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER_POOL_CLIENT_ID", "client")
    service.answers = [{"AuthenticationResult": {"IdToken": "a.b.c", "RefreshToken": "never shown"}}]
    assert user_pool.issue_token("m@service-users.invalid", "secret") == "a.b.c"
    assert service.asked == [
        (
            "admin_initiate_auth",
            {
                "UserPoolId": "pool",
                "ClientId": "client",
                "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": "m@service-users.invalid", "PASSWORD": "secret"},
            },
        )
    ]


@pytest.mark.parametrize("code", ["NotAuthorizedException", "UserNotFoundException", "UserLambdaValidationException"])
def test_a_sign_in_that_the_pool_or_the_trigger_refuses_gives_no_token(
    service: Service, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setenv("USER_POOL_CLIENT_ID", "client")
    service.answers = [error_of(code)]
    assert user_pool.issue_token("m@service-users.invalid", "secret") is None
    service.answers = [{"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "never shown"}]
    assert user_pool.issue_token("m@service-users.invalid", "secret") is None
    service.answers = [error_of("TooManyRequestsException")]
    with pytest.raises(ClientError):
        user_pool.issue_token("m@service-users.invalid", "secret")
