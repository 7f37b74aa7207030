"""People in the table: their reads, their transactions, and what a lost race leads to, call by call."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from online_orders.aws import people_store
from online_orders.aws.keys import mail_choices_key, managers_key, member_key, person_change_key, person_key
from online_orders.aws.people_store import StoredPerson, update_person
from online_orders.aws.table import MAX_ATTEMPTS
from online_orders.domain.callers import Caller
from online_orders.domain.errors import Forbidden, InProgress, NotFound, StateConflict
from online_orders.domain.order_parts import User
from online_orders.domain.people import Effect, Membership, Person, PersonRequest, PersonState, PersonUpdate, change
from online_orders.domain.roles import DESK, PERMISSIONS, Permission, Role
from tests.aws.service import Service, canceled

Json = dict[str, Any]

NOW = datetime(2026, 11, 28, 9, 5, 7, tzinfo=UTC)
WITHIN = {"N": str(int((NOW + timedelta(minutes=3)).timestamp()))}
ADMIN = Membership(role=Role.ADMIN, state=PersonState.ACTIVE, last_seen_on=date(2026, 11, 27))
BUYER = ADMIN.model_copy(update={"role": Role.BUYER})
GRANTS = '{"acme": ["orders:read", "orders:write", "people:manage"]}'
AUDITED = "AUDIT#2026-11"


@pytest.fixture
def service(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(people_store, "now", lambda: NOW)
    return service


def person(user_id: str = "ada", **memberships: Membership) -> Person:
    email = f"{user_id}@acme.example"
    return Person(user_id=user_id, email=email, name=user_id.title(), group="customers", memberships=memberships)


def stored(of: Person, version: int = 1, grants: str = GRANTS) -> Json:
    return {
        **person_key(of.user_id),
        "kind": {"S": "person"},
        "version": {"N": str(version)},
        "grants": {"S": grants},
        "document": {"S": of.model_dump_json()},
    }


def found(*items: Json) -> Json:
    return {"Responses": {"Table": list(items)}}


def managers(active: int, team: str = "acme") -> Json:
    return {**managers_key(team), "active": {"N": str(active)}}


def caller(user_id: str = "bea", account_id: str | None = "acme", role: Role = Role.ADMIN) -> Caller:
    user = User(user_id=user_id, email=f"{user_id}@acme.example")
    group: Any = "customers" if account_id else "customer-success"
    required = Permission.MANAGE_PEOPLE if account_id else Permission.MANAGE_STAFF
    return Caller(user, group, account_id, role, PERMISSIONS[role], {}, required=required)


def wanting(**body: Any) -> Any:
    """Decide as the route does."""

    def decide(before: StoredPerson | None) -> PersonUpdate:
        assert before
        return change(before.person, "acme", PersonRequest(**body), "bea")

    return decide


def actions_of(service: Service) -> list[Json]:
    method, asked = service.asked[-1]
    assert method == "transact_write_items"
    return [{kind: {**body, "TableName": None} for kind, body in each.items()} for each in asked["TransactItems"]]


def bare(kind: str, **body: Any) -> Json:
    return {kind: {"TableName": None, **body}}


# -- reading ------------------------------------------------------------------------------------------------------


def test_a_member_is_found_by_team_and_nobody_else_is(service: Service) -> None:
    ada = person(acme=ADMIN)
    service.answers = [{"Item": stored(ada, 3)}]
    assert people_store.get_member("acme", "ada") == StoredPerson(ada, 3)
    assert service.asked[0][1]["Key"] == person_key("ada")
    for answer in ({}, {"Item": stored(person(bolt=ADMIN))}, {"Item": {**stored(ada), "kind": {"S": "service_user"}}}):
        service.answers = [answer]
        with pytest.raises(NotFound, match="ada"):
            people_store.get_member("acme", "ada")


def test_people_are_listed_by_their_pointers_and_read_together(service: Service) -> None:
    ada, cleo = person("ada", acme=ADMIN), person("cleo", acme=BUYER)
    pointers = [member_key("acme", each) for each in ("ada", "bot", "cleo", "dan")]
    service.answers = [
        {"Items": pointers, "LastEvaluatedKey": pointers[-1]},
        found(stored(cleo), stored(ada, 2), stored(person("dan", bolt=BUYER))),
    ]
    page = people_store.list_people("acme", 4, None)
    assert page == ([StoredPerson(ada, 2), StoredPerson(cleo, 1)], "dan")
    (_, query), (_, batch) = service.asked
    values = query["ExpressionAttributeValues"]
    assert [values[":pk"], values[":first"], query["Limit"]] == [{"S": "ACCOUNT#acme"}, {"S": "PERSON#"}, 4]
    assert batch["RequestItems"]["Table"]["Keys"] == [person_key(each) for each in ("ada", "bot", "cleo", "dan")]


def test_the_next_page_begins_after_the_last_person_and_an_empty_one_reads_nothing(service: Service) -> None:
    service.answers = [{"Items": []}]
    assert people_store.list_people(DESK, 4, "dan") == ([], None)
    ((_, query),) = service.asked
    values = query["ExpressionAttributeValues"]
    assert (values[":pk"]["S"], values[":first"]["S"]) == ("STAFF", "PERSON#dan\0")


# -- changing -----------------------------------------------------------------------------------------------------


def test_a_deactivation_is_one_transaction_with_all_that_belongs_to_it(service: Service) -> None:
    ada, bea = person(acme=ADMIN), person("bea", acme=ADMIN)
    service.answers = [found(stored(ada, 4), stored(bea, 7), managers(2)), {}]
    result = update_person("ada", "acme", caller(), wanting(state="deactivated"))
    assert result.version == 5
    assert result.person.memberships["acme"].state is PersonState.DEACTIVATED
    _, batch = service.asked[0]
    keys = [person_key("ada"), managers_key("acme"), person_key("bea")]
    assert batch["RequestItems"]["Table"]["Keys"] == keys
    put, count, entry, pending, check = actions_of(service)
    assert put == bare(
        "Put",
        Item=stored(result.person, 5, "{}"),
        ConditionExpression="version = :before",
        ExpressionAttributeValues={":before": {"N": "4"}},
    )
    assert count == bare(
        "Update",
        Key=managers_key("acme"),
        UpdateExpression="ADD active :delta",
        ExpressionAttributeValues={":delta": {"N": "-1"}, ":last": {"N": "1"}},
        ConditionExpression="active > :last",
    )
    trail = json.loads(entry["Put"]["Item"]["document"]["S"])
    assert (entry["Put"]["Item"]["pk"]["S"], trail["action"], trail["subject_id"]) == (AUDITED, "deactivated", "ada")
    assert (trail["by"]["user_id"], trail["account_id"]) == ("bea", "acme")
    assert trail["changes"] == [{"pointer": "/state", "was": "active", "is": "deactivated"}]
    message = {"user_id": "ada", "version": 5, "team": "acme", "effect": "access"}
    item = {**person_change_key("ada", 5), "outstanding": {"S": "1"}, "check_at": WITHIN}
    assert pending == bare("Put", Item={**item, "document": {"S": json.dumps([message])}})
    assert check == bare(
        "ConditionCheck",
        Key=person_key("bea"),
        ConditionExpression="version = :before",
        ExpressionAttributeValues={":before": {"N": "7"}},
    )


def test_a_new_person_is_stored_with_a_pointer_and_is_not_there_before(service: Service) -> None:
    ada = person(acme=BUYER.model_copy(update={"state": PersonState.INVITED}))
    service.answers = [found(), {}]
    result = update_person("ada", "acme", caller(), lambda before: PersonUpdate(ada, Effect.INVITATION, "invited"))
    assert result == StoredPerson(ada, 1)
    put, pointer, entry, pending, check = actions_of(service)
    grants = '{"acme": ["orders:read", "orders:write"]}'
    assert put == bare("Put", Item=stored(ada, 1, grants), ConditionExpression="attribute_not_exists(pk)")
    assert pointer == bare("Put", Item=member_key("acme", "ada"))
    changes = json.loads(entry["Put"]["Item"]["document"]["S"])["changes"]
    assert {each["pointer"]: each["is"] for each in changes}["/email"] == "ada@acme.example"
    assert json.loads(pending["Put"]["Item"]["document"]["S"])[0]["effect"] == "invitation"
    # The caller is one of an earlier release, so there is no item to go by, and none may come meanwhile.
    assert check == bare("ConditionCheck", Key=person_key("bea"), ConditionExpression="attribute_not_exists(pk)")


def test_a_change_of_role_alone_sets_off_nothing_and_counts_the_new_manager(service: Service) -> None:
    service.answers = [found(stored(person(acme=BUYER)), stored(person("bea", acme=ADMIN)), managers(1)), {}]
    update_person("ada", "acme", caller(), wanting(role="admin"))
    _, count, _, _ = actions_of(service)
    assert count["Update"]["ExpressionAttributeValues"] == {":delta": {"N": "1"}}
    assert "ConditionExpression" not in count["Update"]


def test_ones_own_name_is_changed_without_a_second_look_at_oneself(service: Service) -> None:
    bea = person("bea", acme=ADMIN)
    service.answers = [found(stored(bea, 2), managers(1)), {}]
    assert update_person("bea", "acme", caller(), wanting(name="Beatrix")).person.name == "Beatrix"
    assert [next(iter(each)) for each in actions_of(service)] == ["Put", "Put"]


def test_a_change_at_the_desk_concerns_no_account(service: Service) -> None:
    lead = Membership(role=Role.LEAD, state=PersonState.ACTIVE)
    ada = person().model_copy(update={"group": "customer-success", "memberships": {DESK: lead}})
    service.answers = [found(stored(ada)), {}]
    request = PersonRequest(name="Ada L.")
    by = caller(account_id=None, role=Role.LEAD)
    update_person("ada", DESK, by, lambda before: change(ada, DESK, request, "bea"))
    entry = json.loads(actions_of(service)[1]["Put"]["Item"]["document"]["S"])
    assert entry["account_id"] is None


def test_what_changes_nothing_is_not_written(service: Service) -> None:
    ada = person(acme=BUYER)
    service.answers = [found(stored(ada, 3))]
    assert update_person("ada", "acme", caller(), wanting(role="buyer")) == StoredPerson(ada, 3)
    assert len(service.asked) == 1


# -- erasing ------------------------------------------------------------------------------------------------------


def test_a_team_lists_all_of_its_people_page_by_page(service: Service) -> None:
    first, second = [[member_key("acme", each)] for each in ("ada", "bea")]
    service.answers = [{"Items": first, "LastEvaluatedKey": first[0]}, {"Items": second}]
    assert list(people_store.list_pointers("acme")) == ["ada", "bea"]
    (_, query), (_, following) = service.asked
    assert query["ExpressionAttributeValues"] == {
        ":pk": {"S": "ACCOUNT#acme"},
        ":first": {"S": "PERSON#"},
        ":last": {"S": "PERSON#\uffff"},
    }
    assert (query["Limit"], following["ExclusiveStartKey"]) == (100, first[0])


def test_a_person_is_erased_from_one_team_and_stays_in_the_others(service: Service) -> None:
    service.answers = [{"Item": stored(person(acme=ADMIN, bolt=BUYER), 4)}, {}]
    people_store.erase_membership("ada", "acme")
    assert service.asked[0][1]["Key"] == person_key("ada")
    put, pointer, count, entry = actions_of(service)
    unchanged = {"ConditionExpression": "version = :before", "ExpressionAttributeValues": {":before": {"N": "4"}}}
    rest = stored(person(bolt=BUYER), 5, '{"bolt": ["orders:read", "orders:write"]}')
    assert put == bare("Put", Item=rest, **unchanged)
    assert pointer == bare("Delete", Key=member_key("acme", "ada"))
    # The last manager goes, too.
    assert count == bare(
        "Update",
        Key=managers_key("acme"),
        UpdateExpression="ADD active :delta",
        ExpressionAttributeValues={":delta": {"N": "-1"}},
    )
    trail = json.loads(entry["Put"]["Item"]["document"]["S"])
    assert (trail["action"], trail["by"]["user_id"], trail["subject_id"]) == ("erased", "operator", "ada")
    assert (trail["account_id"], trail["changes"]) == ("acme", [])


def test_with_the_last_team_the_person_goes(service: Service) -> None:
    service.answers = [{"Item": stored(person(acme=BUYER), 2)}, {}]
    people_store.erase_membership("ada", "acme")
    gone, choices, pointer, _ = actions_of(service)
    unchanged = {"ConditionExpression": "version = :before", "ExpressionAttributeValues": {":before": {"N": "2"}}}
    assert gone == bare("Delete", Key=person_key("ada"), **unchanged)
    assert choices == bare("Delete", Key=mail_choices_key("ada"))
    assert pointer == bare("Delete", Key=member_key("acme", "ada"))


def test_an_erasure_is_repeated_after_a_lost_race_until_nothing_is_left(service: Service) -> None:
    read, lost = {"Item": stored(person(acme=BUYER))}, canceled("ConditionalCheckFailed")
    for left in ({}, {"Item": stored(person(bolt=BUYER))}):
        service.asked.clear()
        service.answers = [read, lost, left]
        people_store.erase_membership("ada", "acme")
        assert [method for method, _ in service.asked] == ["get_item", "transact_write_items", "get_item"]
    service.asked.clear()
    service.answers = [read, lost] * MAX_ATTEMPTS
    with pytest.raises(InProgress):
        people_store.erase_membership("ada", "acme")
    assert len(service.asked) == 2 * MAX_ATTEMPTS


# -- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grants", ["{}", '{"acme": ["orders:write"], "bolt": ["people:manage"]}'])
def test_who_may_no_longer_is_refused_before_anything_is_decided(service: Service, grants: str) -> None:
    service.answers = [found(stored(person(acme=BUYER)), stored(person("bea", acme=BUYER), 8, grants), managers(2))]
    with pytest.raises(Forbidden) as refused:
        update_person("ada", "acme", caller(), wanting(state="deactivated"))
    assert refused.value.code == "forbidden"
    assert len(service.asked) == 1


@pytest.mark.parametrize("count", [[managers(1)], []], ids=["one", "not counted"])
@pytest.mark.parametrize("body", [{"state": "deactivated"}, {"role": "buyer"}])
def test_the_last_manager_stays(service: Service, count: list[Json], body: Json) -> None:
    service.answers = [found(stored(person(acme=ADMIN)), *count)]
    with pytest.raises(StateConflict) as refused:
        update_person("ada", "acme", caller(), wanting(**body))
    assert refused.value.code == "last_admin"


def test_the_last_lead_of_the_desk_stays(service: Service) -> None:
    lead = Membership(role=Role.LEAD, state=PersonState.ACTIVE)
    ada = person().model_copy(update={"group": "customer-success", "memberships": {DESK: lead}})
    service.answers = [found(stored(ada), managers(1, DESK))]
    gone = PersonRequest(state=PersonState.DEACTIVATED)
    by = caller(account_id=None, role=Role.LEAD)
    with pytest.raises(StateConflict, match="last active lead") as refused:
        update_person("ada", DESK, by, lambda before: change(ada, DESK, gone, "bea"))
    assert refused.value.code == "last_admin"


def test_after_a_lost_race_all_is_read_and_decided_again(service: Service) -> None:
    ada, bea = person(acme=ADMIN), person("bea", acme=ADMIN)
    lost = canceled("None", "ConditionalCheckFailed")
    service.answers = [
        found(stored(ada, 4), stored(bea), managers(2)),
        lost,
        found(stored(ada, 5), stored(person("bea", acme=BUYER), 2, "{}"), managers(1)),
    ]
    with pytest.raises(Forbidden):
        update_person("ada", "acme", caller(), wanting(state="deactivated"))
    service.answers = [found(stored(ada), managers(2)), lost, found(stored(ada), managers(1))]
    with pytest.raises(StateConflict):
        update_person("ada", "acme", caller(), wanting(state="deactivated"))


def test_who_loses_every_race_is_told_so(service: Service) -> None:
    service.answers = [
        found(stored(person(acme=ADMIN)), managers(2)),
        canceled("ConditionalCheckFailed"),
    ] * MAX_ATTEMPTS
    with pytest.raises(InProgress):
        update_person("ada", "acme", caller(), wanting(role="buyer"))
    assert len(service.asked) == 2 * MAX_ATTEMPTS
