"""Whether a token tells of a second factor, which the pool knows, and what the API makes of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from online_orders.aws.people_store import write_actions
from online_orders.aws.table import transact
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.roles import DESK, Role
from tests.functions.test_staff_sign_in import PROVIDER, event
from tests.lab import Lab, User
from tests.lab.lab import TEMPLATE
from tests.lab.tokens import event_of

Json = dict[str, Any]
TRIGGER = "IssueClaimsFunction"
CLARA, ANNA = User("clara", "customer-success"), User("anna", "customers", "acme")


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab.started(TEMPLATE, StaffSecondFactor="required", **PROVIDER) as lab:
        yield lab


def in_pool(lab: Lab, user: User, *, factor: bool) -> Json:
    """Create a user in the pool; return the event of a token for it."""
    cognito, pool = lab.client("cognito-idp"), lab.outputs["UserPoolId"]
    name = cognito.admin_create_user(UserPoolId=pool, Username=user.email)["User"]["Username"]
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password="Sandbox-Pass-1", Permanent=True)
    who = {"USERNAME": user.email, "PASSWORD": "Sandbox-Pass-1"}
    signed_in = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=lab.outputs["UserPoolClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters=who,
    )
    access = signed_in["AuthenticationResult"]["AccessToken"]
    cognito.associate_software_token(AccessToken=access)
    cognito.verify_software_token(AccessToken=access, UserCode="123456")
    cognito.set_user_mfa_preference(
        AccessToken=access, SoftwareTokenMfaSettings={"Enabled": factor, "PreferredMfa": factor}
    )
    return {**event_of(user, pool=pool), "userName": name}


def claims(lab: Lab, given: Json) -> Json:
    invocation = lab.functions.invoke(TRIGGER, given)
    assert invocation.failure is None, invocation.failure
    found: Json = invocation.payload["response"]["claimsOverrideDetails"]["claimsToAddOrOverride"]
    return found


def asked(lab: Lab) -> bool:
    return lab.wire.count(operation="AdminGetUser", function=TRIGGER) > 0


@pytest.mark.parametrize("factor", [True, False])
def test_a_token_tells_of_a_second_factor_only_when_the_pool_has_one(lab: Lab, factor: bool) -> None:
    given = in_pool(lab, CLARA, factor=factor)
    assert claims(lab, given).get("second_factor") == ("true" if factor else None)
    assert claims(lab, given)["role"] == "lead"


def test_a_factor_that_was_set_up_or_taken_away_counts_from_the_next_token_on(lab: Lab) -> None:
    given = in_pool(lab, CLARA, factor=False)
    for enabled in (True, False):
        lab.client("cognito-idp").admin_set_user_mfa_preference(
            UserPoolId=given["userPoolId"],
            Username=given["userName"],
            SoftwareTokenMfaSettings={"Enabled": enabled, "PreferredMfa": enabled},
        )
        assert ("second_factor" in claims(lab, given)) is enabled


def test_a_user_of_the_provider_has_the_factor_of_the_provider(lab: Lab) -> None:
    assert claims(lab, event()) == {"role": "lead", "second_factor": "true"}
    assert not asked(lab)


def test_the_pool_is_not_asked_about_customers(lab: Lab) -> None:
    assert "second_factor" not in claims(lab, event_of(ANNA))
    assert not asked(lab)


def test_where_none_is_required_the_pool_is_not_asked() -> None:
    with Lab.started() as lab:
        assert claims(lab, event_of(CLARA)) == {"role": "lead"}
        assert not asked(lab)


def test_a_pool_that_does_not_answer_opens_nothing(lab: Lab) -> None:
    given = in_pool(lab, CLARA, factor=True)
    claims(lab, given)
    assert asked(lab)
    lab.wire.fail(function=TRIGGER, operation="AdminGetUser")
    assert lab.functions.invoke(TRIGGER, given).failure
    lab.errors.take(TRIGGER)


def test_whoever_has_no_factor_is_told_so_by_every_route_and_nothing_else(lab: Lab) -> None:
    clara = Person(
        user_id=CLARA.user_id,
        email=CLARA.email,
        name="Clara",
        group="customer-success",
        memberships={DESK: Membership(role=Role.LEAD, state=PersonState.ACTIVE)},
    )
    with lab.as_operator():
        transact(write_actions(None, clara))
    for method, path in (("GET", "/api/catalog"), ("GET", "/api/desk/orders"), ("GET", "/api/me")):
        response = lab.http(method, path, user=CLARA.claiming(second_factor=None))
        assert (response.status, response.json()["code"]) == (403, "second_factor_required"), path
        assert lab.http(method, path, user=CLARA.claiming(second_factor="true")).status in {200, 404}, path
    assert lab.http("GET", "/api/catalog", user=ANNA).status == 200
