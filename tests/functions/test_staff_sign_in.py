"""What the trigger makes of people who sign in at the provider of staff, and of people who only look like them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from online_orders.aws import people_store
from online_orders.aws.keys import managers_key
from online_orders.aws.people_store import StoredPerson, write_actions
from online_orders.aws.table import get, transact
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.roles import DESK, Role
from tests.lab import Lab, User
from tests.lab.lab import TEMPLATE
from tests.lab.tokens import event_of

Json = dict[str, Any]
TRIGGER = "IssueClaimsFunction"
PROVIDER = {
    "StaffProvider": "OIDC",
    "StaffProviderIssuer": "https://login.example.com/v2",
    "StaffProviderClientId": "desk",
    "StaffProviderSecret": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:staff-AbCdEf",
    "StaffRoleMapping": "leads=lead,agents=agent,audit=auditor",
}
PETRA = User("petra", None)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab.started(TEMPLATE, **PROVIDER) as lab:
        yield lab


def event(user: User = PETRA, groups: str | None = "[everybody, leads]", **attributes: str | None) -> Json:
    """The event of a user whom Cognito has made from what the provider said."""
    found = event_of(user, "TokenGeneration_HostedAuth")
    identity = {"userId": "00u1", "providerName": "StaffOidc", "providerType": "OIDC", "issuer": None, "primary": True}
    said: dict[str, str | None] = {
        "cognito:user_status": "EXTERNAL_PROVIDER",
        "identities": json.dumps([{**identity, "dateCreated": 1795886629961}]),
        "email": "petra@vendor.example",
        "email_verified": "false",
        "name": "Petra Lindqvist",
        "profile": groups,
        **{name.replace("cognito_", "cognito:"): value for name, value in attributes.items()},
    }
    merged = {**found["request"]["userAttributes"], **said}
    found["request"]["userAttributes"] = {name: value for name, value in merged.items() if value is not None}
    found["request"]["groupConfiguration"]["groupsToOverride"] = ["eu-central-1_Lab000001_StaffOidc"]
    found["userName"] = "StaffOidc_00u1"
    return found


def issue(lab: Lab, given: Json) -> Json | None:
    """What the trigger overrides; None for no token."""
    invocation = lab.functions.invoke(TRIGGER, given)
    if invocation.failure:
        (failure,) = lab.errors.take(TRIGGER)
        assert (failure.type, failure.message) == ("Forbidden", "Your access has ended.")
        return None
    found: Json = invocation.payload["response"]["claimsOverrideDetails"]
    return found


def role_of(lab: Lab, given: Json) -> str | None:
    found = issue(lab, given)
    if found is None:
        return None
    assert found["groupOverrideDetails"]["groupsToOverride"] == ["customer-success"]
    role: str = found["claimsToAddOrOverride"]["role"]
    return role


def stored(lab: Lab, user: User = PETRA) -> StoredPerson | None:
    with lab.as_operator():
        return people_store.find_person(user.user_id)


def managers(lab: Lab) -> int:
    with lab.as_operator():
        item = get(managers_key(DESK))
    return int(item["active"]["N"]) if item else 0


def entries(lab: Lab) -> list[Json]:
    return [json.loads(item["document"]) for item in lab.items if item["pk"].startswith("AUDIT#")]


def test_the_first_sign_in_makes_a_person_of_the_desk(lab: Lab) -> None:
    assert issue(lab, event()) == {
        "claimsToAddOrOverride": {"role": "lead"},
        "claimsToSuppress": ["custom:account_id", "accounts", "scopes", "profile"],
        "groupOverrideDetails": {"groupsToOverride": ["customer-success"], "iamRolesToOverride": []},
    }
    found = stored(lab)
    assert found
    assert found.person == Person(
        user_id=PETRA.user_id,
        email="petra@vendor.example",
        name="Petra Lindqvist",
        group="customer-success",
        provider="staff",
        memberships={DESK: Membership(role=Role.LEAD, state=PersonState.ACTIVE, last_seen_on=lab.clock.now().date())},
    )
    assert managers(lab) == 1
    (entry,) = entries(lab)
    assert (entry["action"], entry["by"]["user_id"], entry["subject_id"]) == ("created", "provider", PETRA.user_id)
    before, writes = lab.items, lab.wire.count(operation="TransactWriteItems")
    assert role_of(lab, event()) == "lead"
    assert lab.items == before, "nothing is new"
    assert lab.wire.count(operation="TransactWriteItems") == writes


def test_who_has_no_status_in_the_pool_is_of_the_provider_too(lab: Lab) -> None:
    assert role_of(lab, event(cognito_user_status=None)) == "lead"


def test_each_sign_in_brings_what_the_provider_says_now(lab: Lab) -> None:
    issue(lab, event())
    changed = event(groups='["agents"]', email="petra.l@vendor.example", name=None)
    assert role_of(lab, changed) == "agent"
    found = stored(lab)
    assert found
    assert (found.version, found.person.email) == (2, "petra.l@vendor.example")
    assert found.person.name == found.person.email, "who has no name at the provider goes by the address"
    assert found.person.memberships[DESK].role is Role.AGENT
    assert managers(lab) == 0, "the provider takes the last lead as well"
    assert [each["action"] for each in entries(lab)] == ["created", "changed"]
    assert {each["pointer"] for each in entries(lab)[1]["changes"]} == {"/email", "/name", "/role"}
    lab.advance(days=1)
    assert role_of(lab, changed) == "agent"
    found = stored(lab)
    assert found
    assert (found.version, found.person.memberships[DESK].last_seen_on) == (2, lab.clock.now().date())


@pytest.mark.parametrize("groups", [None, "", "[]", "[everybody]", "Leads", "[lead]", '["guests,leads"]', "x" * 2048])
def test_without_a_group_that_gives_a_role_there_is_no_token(lab: Lab, groups: str | None) -> None:
    assert issue(lab, event(groups=groups)) is None
    assert stored(lab) is None
    assert "no group of the provider gives a role" in "\n".join(lab.log.lines)


def test_whoever_lost_the_last_group_gets_no_token_and_stays_in_the_list(lab: Lab) -> None:
    issue(lab, event())
    before = lab.items
    refresh = event(groups="[everybody]")
    refresh["triggerSource"] = "TokenGeneration_RefreshTokens"
    assert issue(lab, refresh) is None
    assert lab.items == before, "a mapping with an error deactivates nobody"
    assert role_of(lab, event()) == "lead"


def test_whoever_was_deactivated_at_the_desk_stays_out(lab: Lab) -> None:
    assert role_of(lab, event(groups="[agents]")) == "agent"
    path = f"/api/desk/people/{PETRA.user_id}"
    assert lab.http("PUT", path, json={"state": "deactivated"}, user=lab.users.cs).status == 200
    lab.settle()
    assert lab.wire.count(service="cognito-idp", function="PeopleChangesFunction") == 0
    for groups in ("[agents]", "[leads]"):
        assert issue(lab, event(groups=groups)) is None
    found = stored(lab)
    assert found
    assert found.person.memberships[DESK].state is PersonState.DEACTIVATED
    assert lab.http("PUT", path, json={"state": "active"}, user=lab.users.cs).status == 200
    assert role_of(lab, event(groups="[agents]")) == "agent"


def test_a_role_that_the_provider_gives_is_not_changed_at_the_desk(lab: Lab) -> None:
    issue(lab, event(groups="[agents]"))
    response = lab.http("PUT", f"/api/desk/people/{PETRA.user_id}", json={"role": "lead"}, user=lab.users.cs)
    assert (response.status, response.json()["code"]) == (409, "managed_elsewhere")


@pytest.mark.parametrize(
    "attributes",
    [
        {"identities": None},
        {"identities": "[]"},
        {"identities": '[{"providerName": "Google", "userId": "1"}]'},
        {"identities": '[{"providerName": "StaffSaml", "userId": "1"}]'},
        {"identities": '[{"providerName": "staffoidc", "userId": "1"}]'},
        {"cognito_user_status": "CONFIRMED"},
    ],
    ids=["none", "empty", "another provider", "the provider of before", "another case", "linked by hand"],
)
def test_groups_count_only_for_the_users_of_the_provider(lab: Lab, attributes: Json) -> None:
    """Whoever has groups in the attribute otherwise is what the pool says: nobody, without a group of it."""
    assert issue(lab, event(**attributes)) is None
    assert stored(lab) is None


def test_a_user_of_the_provider_is_nobody_once_it_is_gone() -> None:
    petra = Person(
        user_id=PETRA.user_id,
        email="petra@vendor.example",
        name="Petra",
        group="customer-success",
        provider="staff",
        memberships={DESK: Membership(role=Role.LEAD, state=PersonState.ACTIVE)},
    )
    with Lab.started() as lab:
        with lab.as_operator():
            transact(write_actions(None, petra))
        assert issue(lab, event()) is None


def test_a_customer_becomes_no_staff(lab: Lab) -> None:
    customer = Person(
        user_id=PETRA.user_id,
        email="petra@acme.example",
        name="Petra",
        group="customers",
        memberships={"acme": Membership(role=Role.VIEWER, state=PersonState.ACTIVE)},
    )
    with lab.as_operator():
        transact(write_actions(None, customer))
    before = lab.items
    assert issue(lab, event()) is None
    assert lab.items == before


def test_a_sign_in_that_cannot_be_stored_keeps_nobody_out(lab: Lab) -> None:
    lab.wire.fail(2)
    assert role_of(lab, event()) == "lead"
    assert stored(lab) is None
    assert "a sign-in could not be stored" in "\n".join(lab.log.lines)
    assert "petra" not in "\n".join(lab.log.lines)


def test_two_sign_ins_at_once_make_one_person(lab: Lab) -> None:
    """The second one finds the person that the first one has stored since it looked."""
    given = event()
    lab.wire.meanwhile(lambda: issue(lab, event()), operation="TransactWriteItems")
    assert role_of(lab, given) == "lead"
    assert managers(lab) == 1
    assert [each["action"] for each in entries(lab)] == ["created"]
