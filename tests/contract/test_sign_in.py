"""Nobody gives himself an account or a group: that is the operator's. Neither emulator refuses what Cognito refuses,
so the settings by which it does are looked at, in the template and where they were deployed."""

import base64
import json
from typing import Any

import pytest

from tests.contract.live import Live
from tests.lab.lab import TEMPLATE
from tests.lab.stack import translate
from tests.template.resolving import Place

HERE = Place("online-orders", "eu-central-1", "5f2c9e10-0d2e-11f1-9a41-06d21c3a7b11")
WRITABLE = {"name", "locale"}


def test_a_user_may_write_name_and_locale_and_nothing_that_decides() -> None:
    resources = translate(TEMPLATE)["Resources"]
    clients = {
        name: each["Properties"] for name, each in resources.items() if each["Type"] == "AWS::Cognito::UserPoolClient"
    }
    # tests/template/test_staff_provider.py has what the client of the company's own provider writes.
    assert clients.keys() == {"UserPoolClient", "StaffClient", "SecondFactorClient"}
    for name in ("UserPoolClient", "SecondFactorClient"):
        assert set(clients[name]["WriteAttributes"]) == WRITABLE
    for name in ("UserPoolClient", "StaffClient"):
        assert "aws.cognito.signin.user.admin" not in clients[name]["AllowedOAuthScopes"]
    pool = resources["UserPool"]["Properties"]
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["AdminCreateUserConfig"].keys() == {"AllowAdminCreateUserOnly", "InviteMessageTemplate"}
    assert pool["LambdaConfig"] == {"PreTokenGeneration": {"Fn::GetAtt": ["IssueClaimsFunction", "Arn"]}}


MAY_CHANGE_USERS = {
    "IssueClaimsPolicy": {"AdminGetUser"},
    "IssueTokenFunctionRole": {"AdminInitiateAuth"},
    "PeopleApiFunctionRole": {"AdminCreateUser", "AdminGetUser", "AdminListGroupsForUser", "AdminSetUserPassword"},
    "PeopleChangesFunctionRole": {
        "AdminGetUser",
        "AdminSetUserPassword",
        "AdminEnableUser",
        "AdminDisableUser",
        "AdminUserGlobalSignOut",
    },
}
"""What each function may do with users, and no other function with any; none may change a group or an attribute."""


def test_no_function_may_change_groups_attributes_or_providers() -> None:
    resources = translate(TEMPLATE)["Resources"]
    found: dict[str, set[str]] = {}
    for name, resource in resources.items():
        if not resource["Type"].startswith("AWS::IAM::"):
            continue
        properties = resource["Properties"]
        statements = [each for policy in properties.get("Policies", [properties]) for each in statements_of(policy)]
        for statement in (each for each in statements if "cognito" in str(each)):
            assert statement["Resource"] == {"Fn::GetAtt": ["UserPool", "Arn"]}
            actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            allowed = {action.removeprefix("cognito-idp:") for action in actions}
            found.setdefault(name, set()).update(allowed)
    assert found == MAY_CHANGE_USERS


def statements_of(policy: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def test_cognito_alone_may_call_the_function_that_says_what_is_in_a_token() -> None:
    resources = translate(TEMPLATE)["Resources"]
    permissions = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::Lambda::Permission"]
    (allowed,) = [each for each in permissions if each["FunctionName"] == {"Ref": "IssueClaimsFunction"}]
    assert (allowed["Principal"], allowed["Action"]) == ("cognito-idp.amazonaws.com", "lambda:InvokeFunction")
    assert allowed["SourceArn"] == {"Fn::GetAtt": ["UserPool", "Arn"]}


@pytest.mark.parametrize(("stage", "minutes"), [("sandbox", 60), ("dev", 15), ("prod", 15)])
def test_a_token_says_what_its_user_may_do_for_a_quarter_of_an_hour(stage: str, minutes: int) -> None:
    client = HERE.resolve(translate(TEMPLATE), Stage=stage)["UserPoolClient"]["Properties"]
    assert client["IdTokenValidity"] == client["AccessTokenValidity"] == minutes
    assert client["TokenValidityUnits"] == {"IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "days"}


def claims_of(live: Live, username: str, password: str) -> dict[str, Any]:
    signed_in = live.aws("cognito-idp").initiate_auth(
        ClientId=live.description["cognito"]["client_id"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )
    payload = signed_in["AuthenticationResult"]["IdToken"].split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


@pytest.mark.live
def test_the_deployed_pool_writes_what_the_table_says_into_its_tokens(live: Live) -> None:
    people = live.people
    claims = claims_of(live, people.customer.username, people.customer.password)
    assert (claims["role"], claims["custom:account_id"]) == ("admin", people.customer.account_id)
    claims = claims_of(live, people.cs.username, people.cs.password)
    assert (claims["role"], claims["cognito:groups"]) == ("lead", ["customer-success"])
    assert "custom:account_id" not in claims
    table = live.aws("dynamodb")
    key = {"pk": {"S": f"PERSON#{claims['sub']}"}, "sk": {"S": "PERSON"}}
    item = table.get_item(TableName=live.description["resources"]["table"], Key=key)["Item"]
    assert json.loads(item["grants"]["S"])[""], "the user was adopted"


@pytest.mark.live
def test_the_deployed_client_lets_users_write_name_and_locale_alone(live: Live) -> None:
    cognito = live.description["cognito"]
    client = live.aws("cognito-idp").describe_user_pool_client(
        UserPoolId=cognito["user_pool_id"], ClientId=cognito["client_id"]
    )["UserPoolClient"]
    assert set(client["WriteAttributes"]) == WRITABLE
