"""Service users: what may be asked for, what they may do, and their secrets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from online_orders.domain.errors import Invalid
from online_orders.domain.grants import parse_grants
from online_orders.domain.order_parts import User
from online_orders.domain.roles import DESK, SCOPES, Permission
from online_orders.domain.service_users import (
    MAX_OF_TEAM,
    NewServiceUser,
    ServiceUser,
    ServiceUserState,
    change,
    create,
    named_account,
    parse_new,
    parse_new_of_any_team,
    renew_secret,
    service_user_row,
    too_many,
)

Json = dict[str, Any]

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
ANNA = User(user_id="anna", email="anna@acme.example")
ASKED: Json = {"name": "ERP", "scopes": ["orders:write", "orders:read"]}
SECRET = "oo-S1-secret"


def machine(team: str = "acme", **asked: Any) -> ServiceUser:
    request = NewServiceUser.model_validate({**ASKED, **asked})
    return create(request, team, user_id="m-1", username="m@service-users.invalid", secret=SECRET, by=ANNA, at=AT)


def faults(body: Any, team: str = "acme") -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        parse_new(body, team)
    return [(error.pointer, error.code) for error in refusal.value.errors]


# -- what is asked for --------------------------------------------------------------------------------------------


def test_a_team_gets_the_scopes_of_its_side_in_one_order_and_once() -> None:
    asked = parse_new({**ASKED, "scopes": ["orders:write", "orders:read", "orders:write"]}, "acme")
    made = create(asked, "acme", user_id="m", username="m", secret=SECRET, by=ANNA, at=AT)
    assert made.scopes == (Permission.READ_ORDERS, Permission.WRITE_ORDERS)
    desk = parse_new({"name": "CRM", "scopes": [*SCOPES["customer-success"]]}, DESK)
    assert (
        create(desk, DESK, user_id="m", username="m", secret=SECRET, by=ANNA, at=AT).scopes
        == (SCOPES["customer-success"])
    )


def test_every_fault_is_found_at_once_and_a_sound_scope_has_none() -> None:
    body = {"scopes": ["orders:read", "desk:read", "orders:fly", 7], "name": "anna@acme.example", "more": 1}
    assert sorted(faults(body)) == [
        ("/more", "unknown_field"),
        ("/name", "not_allowed"),
        ("/scopes/1", "not_allowed"),
        ("/scopes/2", "not_allowed"),
        ("/scopes/3", "wrong_type"),
    ]
    assert faults({"name": "CRM", "scopes": ["orders:read"]}, DESK) == [("/scopes/0", "not_allowed")]


def test_a_refusal_says_what_is_allowed() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_new({"name": "anna@acme.example", "scopes": ["desk:read"]}, "acme")
    assert {error.pointer: error.detail for error in refusal.value.errors} == {
        "/name": "The name has no @, so that nobody takes it for a person's address.",
        "/scopes/0": "A scope is one of this side: orders:read, orders:write.",
    }
    assert (too_many().code, str(MAX_OF_TEAM) in too_many().detail) == ("too_many_service_users", True)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("/name", "required"), ("/scopes", "required")]),
        ({**ASKED, "scopes": []}, [("/scopes", "too_few")]),
        ({**ASKED, "scopes": ["orders:read"] * 9}, [("/scopes", "too_many")]),
        ({**ASKED, "scopes": "orders:read"}, [("/scopes", "wrong_type")]),
        ({**ASKED, "name": " "}, [("/name", "too_short")]),
        ([], [("", "wrong_type")]),
    ],
)
def test_what_is_unsound_is_refused(body: Any, found: list[tuple[str, str]]) -> None:
    assert faults(body) == found


@pytest.mark.parametrize("scope", ["people:manage", "desk:papers", "desk:people", "desk:audit"])
def test_nobody_gets_a_machine_that_manages_people_or_reads_the_trail(scope: str) -> None:
    assert faults({"name": "ERP", "scopes": [scope]}) == [("/scopes/0", "not_allowed")]
    assert faults({"name": "ERP", "scopes": [scope]}, DESK) == [("/scopes/0", "not_allowed")]


def test_the_desk_asks_for_itself_or_for_an_account() -> None:
    own = parse_new_of_any_team({"name": "CRM", "scopes": ["desk:read"], "account_id": None}, has_account=None)
    assert own.account_id is None
    assert parse_new_of_any_team({**ASKED, "account_id": "acme"}, has_account=True).account_id == "acme"
    for body, has_account, expected in (
        ({**ASKED, "account_id": "acme"}, False, [("/account_id", "unknown_account")]),
        ({**ASKED, "account_id": "no id"}, None, [("/account_id", "malformed")]),
        ({**ASKED, "account_id": ""}, None, [("/scopes/0", "not_allowed"), ("/scopes/1", "not_allowed")]),
        ({"name": "CRM", "scopes": ["desk:read"], "account_id": "acme"}, True, [("/scopes/0", "not_allowed")]),
        (None, None, [("", "wrong_type")]),
    ):
        with pytest.raises(Invalid) as refusal:
            parse_new_of_any_team(body, has_account=has_account)
        assert [(error.pointer, error.code) for error in refusal.value.errors] == expected


def test_an_account_is_named_by_what_can_be_one() -> None:
    bodies: list[Any] = [{"account_id": "acme"}, {"account_id": "no id"}, {"account_id": 1}, {}, []]
    assert [named_account(body) for body in bodies] == ["acme", None, None, None, None]


# -- what they may do ---------------------------------------------------------------------------------------------


def test_the_grants_are_the_scopes_in_the_team_and_none_once_deactivated() -> None:
    active = machine()
    assert parse_grants(active.grants) == {"acme": {Permission.READ_ORDERS, Permission.WRITE_ORDERS}}
    assert parse_grants(machine(DESK, scopes=["desk:read"]).grants) == {DESK: {Permission.READ_DESK}}
    assert parse_grants(change(active, {"state": "deactivated"}).user.grants) == {}


def test_the_row_has_neither_secret_nor_the_pools_name() -> None:
    assert service_user_row(machine()) == {
        "user_id": "m-1",
        "name": "ERP",
        "account_id": "acme",
        "scopes": ["orders:read", "orders:write"],
        "state": "active",
        "last_used_on": None,
        "created_by": {"user_id": "anna", "email": "anna@acme.example"},
        "created_at": "2026-11-28T12:00:00.000Z",
    }
    assert service_user_row(machine(DESK, scopes=["desk:read"]))["account_id"] is None


# -- changes ------------------------------------------------------------------------------------------------------


def test_what_is_left_out_stays() -> None:
    before = machine()
    assert change(before, {}).user == before
    assert change(before, service_user_row(before)).user == before
    after, action = change(before, {"name": "ERP 2", "scopes": ["orders:read"]})
    assert (after.name, after.scopes, action) == ("ERP 2", (Permission.READ_ORDERS,), "changed")
    assert after.model_copy(update={"name": before.name, "scopes": before.scopes}) == before


def test_one_of_the_desk_is_given_scopes_of_the_desk() -> None:
    desk = machine(DESK, scopes=["desk:read"])
    assert change(desk, {"scopes": ["desk:orders", "desk:read"]}).user.scopes == (
        Permission.READ_DESK,
        Permission.WORK_ON_ORDERS,
    )
    with pytest.raises(Invalid) as refusal:
        change(desk, {"scopes": ["orders:read"]})
    assert [(error.pointer, error.code) for error in refusal.value.errors] == [("/scopes/0", "not_allowed")]


def test_a_service_user_is_deactivated_and_reactivated() -> None:
    gone, action = change(machine(), {"state": "deactivated"})
    assert (gone.state, gone.is_active, action) == (ServiceUserState.DEACTIVATED, False, "deactivated")
    assert change(gone, {"state": "deactivated"}).user == gone
    assert change(gone, {"state": "active", "name": "Again"})[1] == "reactivated"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"scopes": ["desk:read"]}, [("/scopes/0", "not_allowed")]),
        ({"state": "gone"}, [("/state", "not_allowed")]),
        ({"secret": "mine"}, [("/secret", "unknown_field")]),
        ({"name": "anna@acme.example"}, [("/name", "not_allowed")]),
        ("ERP", [("", "wrong_type")]),
    ],
)
def test_a_change_that_is_unsound_is_refused(body: Any, found: list[tuple[str, str]]) -> None:
    with pytest.raises(Invalid) as refusal:
        change(machine(), body)
    assert [(error.pointer, error.code) for error in refusal.value.errors] == found


# -- the secret ---------------------------------------------------------------------------------------------------


def test_only_the_newest_secret_is_the_right_one() -> None:
    before = machine()
    assert before.has_secret(SECRET)
    after, action = renew_secret(before, "oo-S1-next")
    assert (after.has_secret("oo-S1-next"), after.has_secret(SECRET), action) == (True, False, "secret_renewed")
    assert [after.has_secret(each) for each in ("", "oo-S1-nex", "\ud800", after.secret_sha256)] == [False] * 4


def test_what_is_stored_does_not_contain_the_secret() -> None:
    stored = machine().model_dump_json()
    assert SECRET not in stored
    assert ServiceUser.model_validate_json(stored) == machine()
    assert json.loads(stored)["secret_sha256"] == machine().secret_sha256
