"""Nobody gives himself an account or a group: that is the operator's. Neither emulator refuses what Cognito refuses,
so the settings by which it does are looked at, in the template and where they were deployed."""

import pytest

from tests.contract.live import Live
from tests.lab.lab import TEMPLATE
from tests.lab.stack import translate

WRITABLE = {"name", "locale"}


def test_a_user_may_write_name_and_locale_and_nothing_that_decides() -> None:
    resources = translate(TEMPLATE)["Resources"]
    clients = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::Cognito::UserPoolClient"]
    assert clients
    for client in clients:
        assert set(client["WriteAttributes"]) == WRITABLE
        assert "aws.cognito.signin.user.admin" not in client["AllowedOAuthScopes"]
    pool = resources["UserPool"]["Properties"]
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["AdminCreateUserConfig"].keys() == {"AllowAdminCreateUserOnly", "InviteMessageTemplate"}
    assert "LambdaConfig" not in pool


def test_no_function_may_change_users_or_groups() -> None:
    resources = translate(TEMPLATE)["Resources"]
    roles = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::IAM::Role"]
    assert roles
    assert "cognito" not in str(roles)


@pytest.mark.live
def test_the_deployed_client_lets_users_write_name_and_locale_alone(live: Live) -> None:
    cognito = live.description["cognito"]
    client = live.aws("cognito-idp").describe_user_pool_client(
        UserPoolId=cognito["user_pool_id"], ClientId=cognito["client_id"]
    )["UserPoolClient"]
    assert set(client["WriteAttributes"]) == WRITABLE
