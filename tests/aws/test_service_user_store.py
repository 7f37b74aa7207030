"""Service users in the table, and their secrets in the user pool, call by call."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from online_orders.aws import service_user_store as store
from online_orders.aws.keys import person_change_key, person_key, service_member_key
from online_orders.aws.service_user_store import StoredServiceUser, WithSecret
from online_orders.aws.table import MAX_ATTEMPTS
from online_orders.domain.audit import AuditChange
from online_orders.domain.callers import Caller
from online_orders.domain.errors import Forbidden, InProgress, NotFound, StateConflict
from online_orders.domain.roles import DESK, Permission, Role
from online_orders.domain.service_users import MAX_OF_TEAM, NewServiceUser, ServiceUser, change, create, fingerprint
from tests.aws.audited import take_entry
from tests.aws.people import person_item_of
from tests.aws.service import Service, canceled, error_of
from tests.domain.builders import ANNA

Json = dict[str, Any]

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
PERMISSIONS = frozenset({Permission.MANAGE_PEOPLE})
ADMIN = Caller(ANNA, "customers", "acme", Role.ADMIN, PERMISSIONS, {}, required=Permission.MANAGE_PEOPLE)
ASKED = NewServiceUser(name="ERP", scopes=("orders:read",))
NEW = {"ConditionExpression": "attribute_not_exists(pk)"}


@pytest.fixture
def service(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv("USER_POOL_ID", "pool")
    monkeypatch.setattr(store, "now", lambda: AT)
    return service


def machine(team: str = "acme", secret: str = "oo-S1-a") -> ServiceUser:
    scopes = ("desk:read",) if team == DESK else ("orders:read",)
    request = NewServiceUser(name="ERP", scopes=scopes)
    return create(request, team, user_id="m-1", username="m@service-users.invalid", secret=secret, by=ANNA, at=AT)


def item(user: ServiceUser, version: int = 3) -> Json:
    return {
        **person_key(user.user_id),
        "kind": {"S": "service_user"},
        "version": {"N": str(version)},
        "grants": {"S": user.grants},
        "document": {"S": user.model_dump_json()},
    }


def admin_item(grants: str = '{"acme": ["people:manage"]}') -> Json:
    return {
        **person_key("anna"),
        "kind": {"S": "person"},
        "version": {"N": "7"},
        "grants": {"S": grants},
        "document": {"S": person_item_of(ANNA, acme=Role.BUYER)["document"]["S"]},
    }


def found(*items: Json) -> Json:
    return {"Responses": {"Table": list(items)}}


def pool_user(user_id: str = "m-1") -> Json:
    return {
        "User": {
            "Enabled": True,
            "UserStatus": "FORCE_CHANGE_PASSWORD",
            "Attributes": [{"Name": "sub", "Value": user_id}],
        }
    }


def written(service: Service) -> list[Json]:
    """The actions of the last transaction."""
    method, requested = service.asked[-1]
    assert method == "transact_write_items"
    for action in requested["TransactItems"]:
        for body in action.values():
            body.pop("TableName", None)
    actions: list[Json] = requested["TransactItems"]
    return actions


CHECK = {
    "ConditionCheck": {
        "Key": person_key("anna"),
        "ConditionExpression": "version = :before",
        "ExpressionAttributeValues": {":before": {"N": "7"}},
    }
}


# -- reading ------------------------------------------------------------------------------------------------------


def test_a_service_user_is_read_and_a_person_is_none(service: Service) -> None:
    service.answers = [{"Item": item(machine())}, {"Item": admin_item()}, {}]
    assert store.find_service_user("m-1") == StoredServiceUser(machine(), 3)
    assert (store.find_service_user("anna"), store.find_service_user("nobody")) == (None, None)
    assert service.asked[0][1]["Key"] == person_key("m-1")


def test_service_users_of_a_team_come_page_by_page(service: Service) -> None:
    pointers = [service_member_key("acme", "m-1"), service_member_key("acme", "gone")]
    service.answers = [
        {"Items": pointers, "LastEvaluatedKey": pointers[-1]},
        found(item(machine())),
        {"Items": []},
    ]
    assert store.list_service_users("acme", 2, None) == ([machine()], "gone")
    assert store.list_service_users("acme", 2, "gone") == ([], None)
    assert service.asked[0][1]["Limit"] == 2
    ranges = [requested["ExpressionAttributeValues"] for method, requested in service.asked if method == "query"]
    assert [(each[":pk"]["S"], each[":first"]["S"]) for each in ranges] == [
        ("ACCOUNT#acme", "SERVICE#"),
        ("ACCOUNT#acme", "SERVICE#gone\0"),
    ]


def test_a_service_user_of_another_team_is_not_found_but_by_the_desk() -> None:
    stored = StoredServiceUser(machine(), 1)
    assert store.require_of_team(stored, "acme", "m-1") == store.require_of_team(stored, None, "m-1") == stored
    for team, other in (("bolt", stored), (DESK, stored), ("acme", None), (None, None)):
        with pytest.raises(NotFound, match="m-1"):
            store.require_of_team(other, team, "m-1")


# -- creating -----------------------------------------------------------------------------------------------------


def test_a_service_user_is_in_the_pool_before_it_is_stored_with_all_that_belongs_to_it(service: Service) -> None:
    service.answers = [found(admin_item()), {"Count": 0}, pool_user(), {}, {}]
    made = store.create_service_user(ASKED, "acme", ADMIN)
    assert [method for method, _ in service.asked] == [
        "batch_get_item",
        "query",
        "admin_create_user",
        "admin_set_user_password",
        "transact_write_items",
    ]
    asked = service.asked[2][1]
    assert (asked["UserPoolId"], asked["MessageAction"]) == ("pool", "SUPPRESS")
    assert asked["Username"].endswith("@service-users.invalid")
    assert asked["Username"] == asked["Username"].lower()
    attributes = {each["Name"]: each["Value"] for each in asked["UserAttributes"]}
    assert attributes == {"email": asked["Username"], "email_verified": "false", "name": "ERP"}
    password = {"UserPoolId": "pool", "Username": "m-1", "Password": made.secret, "Permanent": True}
    assert service.asked[3][1] == password
    actions = written(service)
    check = actions.pop()
    entry = take_entry(actions)
    stored, version = made.stored
    assert version == 1
    assert stored.has_secret(made.secret)
    assert stored.model_copy(update={"secret_sha256": "", "username": ""}) == (
        machine().model_copy(update={"secret_sha256": "", "username": ""})
    )
    assert actions == [{"Put": {"Item": item(stored, 1), **NEW}}, {"Put": {"Item": service_member_key("acme", "m-1")}}]
    assert check == CHECK
    assert (entry.by, entry.subject, entry.subject_id) == (ANNA, "service_user", "m-1")
    assert (entry.action, entry.account_id) == ("created", "acme")
    assert made.secret not in entry.model_dump_json()
    assert fingerprint(made.secret) not in entry.model_dump_json()


def test_an_admin_without_an_item_creates_only_while_there_is_none(service: Service) -> None:
    service.answers = [found(), {"Count": 0}, pool_user(), {}, {}]
    store.create_service_user(ASKED, "acme", ADMIN)
    assert written(service)[-1] == {"ConditionCheck": {"Key": person_key("anna"), **NEW}}


def test_who_may_no_longer_manage_people_creates_nothing(service: Service) -> None:
    service.answers = [found(admin_item('{"acme": ["orders:read"]}'))]
    with pytest.raises(Forbidden):
        store.create_service_user(ASKED, "acme", ADMIN)
    assert len(service.asked) == 1


def test_a_team_has_a_limited_number(service: Service) -> None:
    service.answers = [found(admin_item()), {"Count": MAX_OF_TEAM}]
    with pytest.raises(StateConflict) as refusal:
        store.create_service_user(ASKED, "acme", ADMIN)
    assert refusal.value.code == "too_many_service_users"
    _, counted = service.asked[-1]
    assert (counted["Select"], counted["Limit"]) == ("COUNT", MAX_OF_TEAM)
    assert counted["ExpressionAttributeValues"] == {
        ":pk": {"S": "ACCOUNT#acme"},
        ":first": {"S": "SERVICE#"},
        ":last": {"S": "SERVICE#\uffff"},
    }
    assert len(service.asked) == 2


def test_a_lost_race_makes_no_second_identity(service: Service) -> None:
    raced = canceled("None", "None", "None", "ConditionalCheckFailed")
    service.answers = [found(admin_item()), {"Count": 0}, pool_user(), {}, raced, found(admin_item()), {}]
    assert isinstance(store.create_service_user(ASKED, "acme", ADMIN), WithSecret)
    methods = [method for method, _ in service.asked]
    assert (methods.count("admin_create_user"), methods.count("transact_write_items")) == (1, 2)
    service.answers = [found(admin_item()), {"Count": 0}, pool_user(), {}, *[raced, found(admin_item())] * MAX_ATTEMPTS]
    with pytest.raises(InProgress):
        store.create_service_user(ASKED, "acme", ADMIN)


# -- changing -----------------------------------------------------------------------------------------------------


def changed(service: Service, body: Json, before: ServiceUser | None = None) -> list[Json]:
    before = before or machine()
    service.answers = [found(item(before), admin_item()), {}]
    stored = store.update_service_user("m-1", "acme", ADMIN, lambda stored: change(stored.user, body))
    assert stored == StoredServiceUser(change(before, body).user, 4)
    return written(service)


def test_a_change_takes_the_place_of_what_was_read(service: Service) -> None:
    actions = changed(service, {"name": "ERP 2"})
    assert actions.pop() == CHECK
    entry = take_entry(actions)
    after = change(machine(), {"name": "ERP 2"}).user
    unchanged = {
        "ConditionExpression": "version = :before",
        "ExpressionAttributeValues": {":before": {"N": "3"}},
    }
    assert actions == [{"Put": {"Item": item(after, 4), **unchanged}}]
    assert (entry.action, entry.changes) == ("changed", (AuditChange(pointer="/name", was="ERP", is_now="ERP 2"),))


@pytest.mark.parametrize(("state", "action"), [("deactivated", "deactivated"), ("active", "reactivated")])
def test_who_is_shut_out_or_let_in_is_so_at_once_and_in_the_pool_soon(
    service: Service, state: str, action: str
) -> None:
    before = machine() if state == "deactivated" else change(machine(), {"state": "deactivated"}).user
    actions = changed(service, {"state": state}, before)
    assert actions.pop() == CHECK
    pending = actions.pop()["Put"]["Item"]
    assert take_entry(actions).action == action
    assert json.loads(actions[0]["Put"]["Item"]["grants"]["S"]) == (
        {} if state == "deactivated" else {"acme": ["orders:read"]}
    )
    assert {name: pending[name] for name in ("pk", "sk")} == person_change_key("m-1", 4)
    message = {"user_id": "m-1", "version": 4, "team": "acme", "effect": "access", "kind": "service_user"}
    assert json.loads(pending["document"]["S"]) == [message]
    assert {"outstanding", "check_at"} <= pending.keys()


def test_what_changes_nothing_writes_nothing(service: Service) -> None:
    service.answers = [found(item(machine()), admin_item())]
    same = store.update_service_user("m-1", "acme", ADMIN, lambda stored: change(stored.user, {"name": "ERP"}))
    assert same == StoredServiceUser(machine(), 3)
    ((_, asked),) = service.asked
    assert asked["RequestItems"]["Table"]["Keys"] == [person_key("m-1"), person_key("anna")]


def test_who_may_no_longer_manage_people_changes_nothing(service: Service) -> None:
    service.answers = [found(item(machine()), admin_item("{}"))]
    with pytest.raises(Forbidden):
        store.update_service_user("m-1", "acme", ADMIN, lambda stored: change(stored.user, {"name": "Mine"}))
    service.answers = [found(item(machine()), admin_item())]
    with pytest.raises(NotFound, match="m-1"):
        store.update_service_user("m-1", "bolt", ADMIN, lambda stored: change(stored.user, {"name": "Mine"}))
    assert {method for method, _ in service.asked} == {"batch_get_item"}


def test_a_lost_race_is_decided_anew(service: Service) -> None:
    raced = [found(item(machine()), admin_item()), canceled("ConditionalCheckFailed")]
    service.answers = [*raced, found(item(machine(), 5), admin_item()), {}]
    stored = store.update_service_user("m-1", "acme", ADMIN, lambda stored: change(stored.user, {"name": "ERP 2"}))
    assert stored.version == 6
    service.answers = raced * MAX_ATTEMPTS
    with pytest.raises(InProgress):
        store.update_service_user("m-1", "acme", ADMIN, lambda stored: change(stored.user, {"name": "ERP 3"}))


# -- the secret ---------------------------------------------------------------------------------------------------


def test_a_secret_is_new_each_time_and_meets_the_pools_policy() -> None:
    made = {store.new_secret() for _ in range(100)}
    assert len(made) == 100
    for each in made:
        assert len(each) == len("oo-S1-") + 43  # 32 bytes in base 64
        assert each.isascii()
        assert not set(each) & set(" :+%&=/")  # nothing that a form or a header would encode
        assert any(character.islower() for character in each)
        assert any(character.isupper() for character in each)
        assert any(character.isdigit() for character in each)


def test_a_renewed_secret_is_set_in_the_pool_before_it_is_stored(service: Service) -> None:
    service.answers = [found(item(machine()), admin_item()), {}, {}]
    made = store.renew_service_user_secret("m-1", "acme", ADMIN)
    method, asked = service.asked[1]
    assert (method, asked["Username"], asked["Password"], asked["Permanent"]) == (
        "admin_set_user_password",
        "m-1",
        made.secret,
        True,
    )
    actions = written(service)
    actions.pop()
    entry = take_entry(actions)
    assert (entry.action, entry.changes) == ("secret_renewed", ())
    stored = ServiceUser.model_validate_json(actions[0]["Put"]["Item"]["document"]["S"])
    assert stored == made.stored.user
    assert (stored.has_secret(made.secret), stored.has_secret("oo-S1-a")) == (True, False)


def test_of_another_team_no_secret_is_renewed(service: Service) -> None:
    service.answers = [found(item(machine()), admin_item())]
    with pytest.raises(NotFound, match="m-1"):
        store.renew_service_user_secret("m-1", "bolt", ADMIN)
    assert len(service.asked) == 1


def test_of_two_who_renew_at_once_the_loser_sets_another_secret(service: Service) -> None:
    read = found(item(machine()), admin_item())
    service.answers = [read, {}, canceled("ConditionalCheckFailed"), read, {}, {}]
    made = store.renew_service_user_secret("m-1", "acme", ADMIN)
    first, second = (asked["Password"] for method, asked in service.asked if method == "admin_set_user_password")
    assert first != second == made.secret


def test_a_secret_that_the_pool_does_not_take_is_not_stored(service: Service) -> None:
    service.answers = [found(item(machine()), admin_item()), error_of("TooManyRequestsException")]
    with pytest.raises(Exception, match="TooManyRequests"):
        store.renew_service_user_secret("m-1", "acme", ADMIN)
    assert service.asked[-1][0] == "admin_set_user_password"


# -- the last use -------------------------------------------------------------------------------------------------


def test_the_last_use_is_stored_once_a_day_and_makes_no_version(service: Service) -> None:
    store.record_use(StoredServiceUser(machine(), 3), AT)
    used = machine().model_copy(update={"last_used_on": AT.date()})
    condition = {"ConditionExpression": "version = :before", "ExpressionAttributeValues": {":before": {"N": "3"}}}
    assert service.asked == [("put_item", {"TableName": "Table", "Item": item(used), **condition})]
    store.record_use(StoredServiceUser(used, 3), AT)
    assert len(service.asked) == 1


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "ThrottlingException"])
def test_a_last_use_that_cannot_be_stored_keeps_nobody_from_the_token(service: Service, code: str) -> None:
    service.answers = [error_of(code)]
    store.record_use(StoredServiceUser(machine(), 3), AT)
    assert len(service.asked) == 1
