"""What the trigger writes into a token for everybody who may sign in, and what it stores of them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from online_orders.aws import people_store, service_user_store
from online_orders.aws.keys import managers_key, member_key, person_key
from online_orders.aws.people_store import StoredPerson, write_actions
from online_orders.aws.table import get, number, put, text, transact
from online_orders.domain.order_parts import User as OrderUser
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.roles import DESK, Group, Role
from online_orders.domain.service_users import NewServiceUser, ServiceUser, ServiceUserState, create
from tests.lab import Lab, User
from tests.lab.tokens import event_of

Json = dict[str, Any]
TRIGGER = "IssueClaimsFunction"
DAY = date(2026, 11, 23)


def person_of(user: User, group: Group = "customers", **roles: Role | Membership) -> Person:
    """A person with memberships, by team; `desk` is the desk. A role is one of an active member who was never seen."""
    named = {DESK if team == "desk" else team.replace("_", "-"): each for team, each in roles.items()}
    return Person(
        user_id=user.user_id,
        email=user.email,
        name=user.username,
        group=group,
        memberships={
            team: each if isinstance(each, Membership) else Membership(role=each, state=PersonState.ACTIVE)
            for team, each in named.items()
        },
    )


def store(lab: Lab, person: Person) -> None:
    with lab.as_operator():
        transact(write_actions(None, person))


def stored(lab: Lab, user: User) -> StoredPerson | None:
    with lab.as_operator():
        return people_store.find_person(user.user_id)


def managers(lab: Lab, team: str) -> int:
    with lab.as_operator():
        item = get(managers_key(team))
    return int(item["active"]["N"]) if item else 0


def issue(lab: Lab, user: User, **attributes: str | None) -> Json | None:
    """What the trigger overrides; None where it leaves the token as it is."""
    event = event_of(user)
    for name, value in attributes.items():
        event["request"]["userAttributes"] |= {name.replace("custom_", "custom:"): value}
    event["request"]["userAttributes"] = {k: v for k, v in event["request"]["userAttributes"].items() if v is not None}
    invocation = lab.functions.invoke(TRIGGER, event)
    assert invocation.failure is None, invocation.failure
    found: Json | None = invocation.payload["response"]["claimsOverrideDetails"]
    assert {**invocation.payload, "response": {}} == {**event, "response": {}}
    return found


def overrides(group: str, added: Json, suppressed: list[str]) -> Json:
    return {
        "claimsToAddOrOverride": added,
        "claimsToSuppress": suppressed,
        "groupOverrideDetails": {"groupsToOverride": [group], "iamRolesToOverride": []},
    }


def test_a_persons_token_has_the_role_and_the_account(lab: Lab) -> None:
    anna, clara = lab.users.customer, lab.users.cs
    store(lab, person_of(anna, acme=Role.BUYER))
    store(lab, person_of(clara, "customer-success", desk=Role.AGENT))
    added = {"custom:account_id": "acme", "role": "buyer"}
    assert issue(lab, anna) == overrides("customers", added, ["accounts", "scopes"])
    added = {"role": "agent"}
    assert issue(lab, clara) == overrides("customer-success", added, ["custom:account_id", "accounts", "scopes"])


@pytest.mark.parametrize(
    ("own", "default", "role"),
    [("bolt", "bolt", "buyer"), ("acme", "acme", "viewer"), (None, "bolt", "buyer"), ("slate", "bolt", "buyer")],
)
def test_of_several_accounts_the_pools_own_is_the_default_or_the_oldest(
    lab: Lab, own: str | None, default: str, role: str
) -> None:
    gone = Membership(role=Role.ADMIN, state=PersonState.DEACTIVATED)
    store(lab, person_of(lab.users.customer, bolt=Role.BUYER, acme=Role.VIEWER, slate=gone))
    added = {"custom:account_id": default, "role": role, "accounts": '{"acme": "viewer", "bolt": "buyer"}'}
    assert issue(lab, lab.users.customer, custom_account_id=own) == overrides("customers", added, ["scopes"])


def test_the_pools_groups_say_nothing_of_whom_the_table_knows(lab: Lab) -> None:
    store(lab, person_of(lab.users.cs, acme=Role.VIEWER))
    store(lab, person_of(lab.users.stranger, "customer-success", desk=Role.AUDITOR))
    for user, group in ((lab.users.cs, "customers"), (lab.users.stranger, "customer-success")):
        found = issue(lab, user)
        assert found
        assert found["groupOverrideDetails"]["groupsToOverride"] == [group]


def test_whoever_may_act_for_nobody_gets_no_token_and_nothing_is_stored(lab: Lab) -> None:
    gone = Membership(role=Role.ADMIN, state=PersonState.DEACTIVATED)
    store(lab, person_of(lab.users.customer, acme=gone))
    before = lab.items
    assert lab.functions.invoke(TRIGGER, event_of(lab.users.customer)).failure
    (failure,) = lab.errors.take(TRIGGER)
    assert (failure.type, failure.message) == ("Forbidden", "Your access has ended.")
    assert lab.items == before


def test_who_was_invited_is_active_from_the_first_token_on(lab: Lab) -> None:
    invited = Membership(role=Role.ADMIN, state=PersonState.INVITED)
    store(lab, person_of(lab.users.customer, acme=invited, bolt=Role.BUYER))
    assert managers(lab, "acme") == 0
    assert issue(lab, lab.users.customer)
    found = stored(lab, lab.users.customer)
    assert found
    assert found.version == 2
    seen = {team: (each.state, each.last_seen_on) for team, each in found.person.memberships.items()}
    assert seen == dict.fromkeys(("acme", "bolt"), ("active", lab.clock.now().date()))
    assert managers(lab, "acme") == 1
    (entry,) = [item for item in lab.items if item["pk"].startswith("AUDIT#")]
    assert '"action":"accepted"' in entry["document"]


def test_a_sign_in_is_stored_once_a_day_and_makes_no_new_version(lab: Lab) -> None:
    store(lab, person_of(lab.users.customer, acme=Role.BUYER))
    for days, writes in ((0, True), (0, False), (1, True)):
        lab.advance(days=days)
        before = lab.items
        assert issue(lab, lab.users.customer)
        assert (lab.items != before) is writes
        found = stored(lab, lab.users.customer)
        assert found
        assert (found.version, found.person.memberships["acme"].last_seen_on) == (1, lab.clock.now().date())


def test_a_user_of_an_earlier_release_is_adopted_with_all_that_he_could_do(lab: Lab) -> None:
    anna, clara = lab.users.customer, lab.users.cs
    assert issue(lab, anna, name="Anna Acme") == overrides(
        "customers", {"custom:account_id": "acme", "role": "admin"}, ["accounts", "scopes"]
    )
    assert issue(lab, clara) == overrides(
        "customer-success", {"role": "lead"}, ["custom:account_id", "accounts", "scopes"]
    )
    found, of_staff = stored(lab, anna), stored(lab, clara)
    assert found
    assert of_staff
    today = lab.clock.now().date()
    assert (found.version, found.person.name, found.person.email) == (1, "Anna Acme", anna.email)
    assert found.person.memberships == {
        "acme": Membership(role=Role.ADMIN, state=PersonState.ACTIVE, last_seen_on=today)
    }
    assert of_staff.person.memberships[DESK].role is Role.LEAD
    assert (managers(lab, "acme"), managers(lab, DESK)) == (1, 1)
    keys = {(item["pk"], item["sk"]) for item in lab.items}
    for team, user in (("acme", anna), (DESK, clara)):
        key = member_key(team, user.user_id)
        assert (key["pk"]["S"], key["sk"]["S"]) in keys
    entries = [item["document"] for item in lab.items if item["pk"].startswith("AUDIT#")]
    assert len(entries) == 2
    before = lab.items
    assert issue(lab, anna)
    assert lab.items == before, "nobody is adopted twice"


@pytest.mark.parametrize(
    ("user", "attributes"),
    [
        (User("otto", None), {}),
        (User("otto", None, "acme"), {}),
        (User("otto", "customers"), {}),
        (User("otto", "administrators", "acme"), {}),
        (User("otto", "customers", "acme"), {"email": None}),
        (User("otto", "customer-success"), {"email": "no address"}),
    ],
    ids=["no group", "an account alone", "no account", "another group", "no address", "not an address"],
)
def test_who_cannot_be_adopted_keeps_the_pools_own_token(lab: Lab, user: User, attributes: Json) -> None:
    before = lab.items
    assert issue(lab, user, **attributes) is None
    assert lab.items == before


def test_nobody_is_kept_out_because_a_sign_in_cannot_be_stored(lab: Lab) -> None:
    lab.wire.fail(2)  # the first call reads the person, and the second writes it
    assert issue(lab, lab.users.customer)
    assert stored(lab, lab.users.customer) is None
    assert "a user could not be adopted" in "\n".join(lab.log.lines)
    store(lab, person_of(lab.users.cs, "customer-success", desk=Role.AGENT))
    lab.wire.fail(2)
    assert issue(lab, lab.users.cs)
    assert "a sign-in could not be stored" in "\n".join(lab.log.lines)
    assert lab.users.customer.email not in "\n".join(lab.log.lines)


def test_there_is_no_token_while_the_table_cannot_be_read(lab: Lab) -> None:
    lab.wire.fail(1)
    assert lab.functions.invoke(TRIGGER, event_of(lab.users.customer)).failure
    lab.errors.take(TRIGGER)


def test_of_two_sign_ins_at_once_both_have_the_person_that_is_stored(lab: Lab) -> None:
    lab.wire.meanwhile(lambda: store(lab, person_of(lab.users.customer, acme=Role.VIEWER)), 2)
    found = issue(lab, lab.users.customer)
    assert found
    assert found["claimsToAddOrOverride"]["role"] == "viewer"


def test_who_is_shut_out_while_he_is_adopted_gets_no_token(lab: Lab) -> None:
    gone = Membership(role=Role.ADMIN, state=PersonState.DEACTIVATED)
    lab.wire.meanwhile(lambda: store(lab, person_of(lab.users.customer, acme=gone)), 2)
    assert lab.functions.invoke(TRIGGER, event_of(lab.users.customer)).failure
    lab.errors.take(TRIGGER)


@pytest.mark.parametrize(
    ("team", "group", "added", "suppressed"),
    [
        ("acme", "customers", {"custom:account_id": "acme"}, ["accounts", "role"]),
        (DESK, "customer-success", {}, ["custom:account_id", "accounts", "role"]),
    ],
)
def test_a_service_users_token_has_its_scopes_and_its_name(
    lab: Lab, team: str, group: str, added: Json, suppressed: list[str]
) -> None:
    robot = User("robot", None)
    scopes = ("desk:read",) if team == DESK else ("orders:read", "orders:write")
    machine = service_user(robot, team, scopes)
    store_service_user(lab, machine)
    assert issue(lab, robot) == overrides(group, {**added, "scopes": " ".join(scopes), "name": "ERP"}, suppressed)
    with lab.as_operator():
        used = service_user_store.find_service_user(robot.user_id)
    assert used == (machine.model_copy(update={"last_used_on": DAY}), 1)
    store_service_user(lab, machine.model_copy(update={"state": ServiceUserState.DEACTIVATED}))
    assert lab.functions.invoke(TRIGGER, event_of(robot)).failure
    lab.errors.take(TRIGGER)


@pytest.mark.parametrize("source", ["TokenGeneration_RefreshTokens", "TokenGeneration_HostedAuth"])
def test_a_service_user_gets_no_token_without_its_secret(lab: Lab, source: str) -> None:
    robot = User("robot", None)
    store_service_user(lab, service_user(robot, "acme", ("orders:read",)))
    assert lab.functions.invoke(TRIGGER, event_of(robot, source)).failure
    (failure,) = lab.errors.take(TRIGGER)
    assert failure.message == "A service user shows its secret for each token."
    store(lab, person_of(lab.users.customer, acme=Role.BUYER))
    assert lab.functions.invoke(TRIGGER, event_of(lab.users.customer, source)).failure is None


def service_user(user: User, team: str, scopes: tuple[str, ...]) -> ServiceUser:
    by = OrderUser(user_id="anna", email="anna@acme.example")
    request = NewServiceUser(name="ERP", scopes=scopes)
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    return create(request, team, user_id=user.user_id, username=user.email, secret="oo-S1-a", by=by, at=at)


def store_service_user(lab: Lab, machine: ServiceUser) -> None:
    item = {
        **person_key(machine.user_id),
        "kind": text(service_user_store.SERVICE_USER_KIND),
        "version": number(1),
        "grants": text(machine.grants),
        "document": text(machine.model_dump_json()),
    }
    with lab.as_operator():
        assert put(item)
