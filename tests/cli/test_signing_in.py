"""Signing in on AWS: by a token, or by name and password with AWS credentials; and what is said when that fails."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.session import Session
from moto import mock_aws

from online_orders_cli.installation import Installation, SignIn, Unreachable

TEMPLATE = {
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Parameters": {"Pool": {"Type": "String"}, "Client": {"Type": "String"}},
    "Outputs": {
        "SiteUrl": {"Value": "https://orders.example.com"},
        "UserPoolId": {"Value": {"Ref": "Pool"}},
        "UserPoolClientId": {"Value": {"Ref": "Client"}},
    },
}
REGION = "eu-central-1"
PASSWORD = "Correct-Horse-1"


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A stack with the outputs that the tool reads, and a user who may sign in."""
    for name, value in (("AWS_ACCESS_KEY_ID", "lab"), ("AWS_SECRET_ACCESS_KEY", "lab"), ("AWS_PROFILE", "")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE")
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        cognito = client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
        of_pool = cognito.create_user_pool_client(
            UserPoolId=pool, ClientName="site", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        )
        cognito.admin_create_user(UserPoolId=pool, Username="clara", TemporaryPassword=PASSWORD)
        client("cloudformation").create_stack(
            StackName="orders",
            TemplateBody=json.dumps(TEMPLATE),
            Parameters=[
                {"ParameterKey": "Pool", "ParameterValue": pool},
                {"ParameterKey": "Client", "ParameterValue": of_pool["UserPoolClient"]["ClientId"]},
            ],
        )
        yield pool


def client(service: str) -> Any:
    return Session().create_client(service, region_name=REGION)


def installed(who: SignIn) -> Installation:
    return Installation.on_aws("orders", None, REGION, who)


def test_a_user_signs_in_by_name_and_password_and_gets_an_id_token(stack: str) -> None:
    client("cognito-idp").admin_set_user_password(UserPoolId=stack, Username="clara", Password=PASSWORD, Permanent=True)
    installation = installed(SignIn(user="clara", ask_password=lambda: PASSWORD))
    claims = json.loads(base64.urlsafe_b64decode(installation.sign_in().split(".")[1] + "=="))
    assert (installation.site, claims["token_use"]) == ("https://orders.example.com", "id")


@pytest.fixture
def second_factor(stack: str) -> str:
    """The pool of the stack, whose user has been asked for the code of an app from then on."""
    cognito = client("cognito-idp")
    cognito.admin_set_user_password(UserPoolId=stack, Username="clara", Password=PASSWORD, Permanent=True)
    (of_pool,) = cognito.list_user_pool_clients(UserPoolId=stack)["UserPoolClients"]
    requested = {"USERNAME": "clara", "PASSWORD": PASSWORD}
    access = cognito.admin_initiate_auth(
        UserPoolId=stack,
        ClientId=of_pool["ClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters=requested,
    )["AuthenticationResult"]["AccessToken"]
    cognito.associate_software_token(AccessToken=access)
    cognito.verify_software_token(AccessToken=access, UserCode="123456")
    settings = {"Enabled": True, "PreferredMfa": True}
    cognito.set_user_mfa_preference(AccessToken=access, SoftwareTokenMfaSettings=settings)
    return stack


def test_a_user_with_a_second_factor_is_asked_for_its_code(second_factor: str) -> None:
    codes = ["123456"]
    token = installed(SignIn(user="clara", ask_password=lambda: PASSWORD, ask_code=codes.pop)).sign_in()
    assert json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["token_use"] == "id"
    assert codes == []


def test_a_user_with_a_second_factor_and_no_code_does_not_sign_in(second_factor: str) -> None:
    with pytest.raises(Unreachable, match="clara cannot sign in"):
        installed(SignIn(user="clara", ask_password=lambda: PASSWORD, ask_code=lambda: "")).sign_in()


def test_a_token_that_is_given_is_taken_and_nobody_is_asked(stack: str) -> None:
    assert installed(SignIn(token="a.b.c")).sign_in() == "a.b.c"


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (SignIn(), "Nobody is signed in"),
        (SignIn(user="clara", ask_password=lambda: "wrong"), "clara cannot sign in"),
        (SignIn(user="clara", ask_password=lambda: PASSWORD), "NEW_PASSWORD_REQUIRED"),
    ],
)
def test_who_cannot_sign_in_is_told_why(stack: str, who: SignIn, said: str) -> None:
    with pytest.raises(Unreachable, match=said):
        installed(who).sign_in()


def test_a_stack_that_is_not_there_is_named(stack: str) -> None:
    with pytest.raises(Unreachable, match="The stack nowhere cannot be read"):
        Installation.on_aws("nowhere", None, REGION, SignIn())


def answering(*answers: httpx.Response) -> Installation:
    left = list(answers)
    client = httpx.Client(transport=httpx.MockTransport(lambda _: left.pop(0)))
    return Installation("https://orders.example.com", "orders", lambda _: None, lambda: "a.b.c", client)


def test_a_token_that_is_over_is_told_apart_from_a_refusal() -> None:
    over = httpx.Response(401, json={"message": "Unauthorized"})
    with pytest.raises(Unreachable, match="The token is not accepted"):
        answering(over, over).request("GET", "/api/desk/orders")
    assert answering(over, httpx.Response(200, json={})).request("GET", "/api/desk/orders").json() == {}


def test_a_busy_site_is_asked_again_after_as_long_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    busy = [httpx.Response(429, headers={"retry-after": seconds}) for seconds in ("3", "9999", "soon")]
    assert answering(*busy, httpx.Response(200, json={})).request("GET", "/api/desk/orders").status_code == 200
    assert waited == [3, 30, 0.8]
