"""Roles, permissions and grants: who may do what, and what is read back of what was stored."""

import json

import pytest

from online_orders.domain.errors import Forbidden
from online_orders.domain.grants import allows, grants_text, parse_grants
from online_orders.domain.roles import (
    DEFAULT_ROLE,
    DESK,
    HIGHEST_ROLE,
    PERMISSIONS,
    ROLES,
    SCOPES,
    Group,
    Permission,
    Role,
    scopes_of,
    side_of,
    side_that_needs,
)
from tests.domain.builders import CALLER, STAFF_CALLER

SIDES: tuple[Group, ...] = ("customers", "customer-success")


def test_every_role_is_of_one_side_and_has_permissions_of_that_side_alone() -> None:
    assert [role for side in SIDES for role in ROLES[side]] == [*Role]
    for role in Role:
        assert role in ROLES[side_of(role)]
        assert {side_that_needs(each) for each in PERMISSIONS[role]} == {side_of(role)}


def test_the_highest_role_of_a_side_may_do_all_that_anybody_there_may() -> None:
    for side in SIDES:
        all_of_side = {each for each in Permission if side_that_needs(each) == side}
        assert PERMISSIONS[HIGHEST_ROLE[side]] == all_of_side
        assert DEFAULT_ROLE[side] == HIGHEST_ROLE[side]


def test_only_reading_is_allowed_to_those_who_look() -> None:
    assert PERMISSIONS[Role.VIEWER] == {Permission.READ_ORDERS}
    assert PERMISSIONS[Role.AUDITOR] == {Permission.READ_DESK, Permission.READ_AUDIT, Permission.READ_FIGURES}


def test_a_service_user_can_manage_no_people_and_no_papers_approve_no_discount_and_read_no_audit() -> None:
    scopes = {each for side in SIDES for each in SCOPES[side]}
    assert {*Permission} - scopes == {
        Permission.MANAGE_PEOPLE,
        Permission.MANAGE_PAPERS,
        Permission.APPROVE_DISCOUNTS,
        Permission.MANAGE_STAFF,
        Permission.READ_AUDIT,
    }
    for side in SIDES:
        every = " ".join(Permission)
        assert scopes_of(every, side) == {*SCOPES[side]}
        assert scopes_of("", side) == scopes_of("all ORDERS:READ", side) == frozenset()


def test_a_scope_that_nobody_knows_gives_nothing_and_takes_nothing() -> None:
    assert scopes_of("orders:read moon:land", "customers") == {Permission.READ_ORDERS}


GRANTS = {DESK: PERMISSIONS[Role.AGENT], "acme": PERMISSIONS[Role.VIEWER], "bolt": frozenset[Permission]()}


def test_grants_are_read_as_they_were_written() -> None:
    text = grants_text(GRANTS)
    assert parse_grants(text) == GRANTS
    assert text == grants_text(dict(reversed(GRANTS.items())))
    later = json.dumps({"acme": ["orders:read", "orders:approve"]})
    assert parse_grants(later) == {"acme": {Permission.READ_ORDERS}}


@pytest.mark.parametrize("team", [*GRANTS, "slate"])
def test_grants_allow_what_stands_in_them_for_the_team(team: str) -> None:
    allowed = {each for each in Permission if allows(grants_text(GRANTS), team, each)}
    assert allowed == GRANTS.get(team, frozenset())


def test_a_caller_acts_in_a_team_and_may_change_orders_by_the_permission_of_its_side() -> None:
    assert (CALLER.account, CALLER.team) == ("acme", "acme")
    assert STAFF_CALLER.team == DESK
    for nobody in (STAFF_CALLER, CALLER._replace(account_id=None)):
        with pytest.raises(Forbidden, match="no account") as refusal:
            _ = nobody.account
        assert refusal.value.code == "forbidden"
    with pytest.raises(Forbidden):
        _ = CALLER._replace(account_id=None, group=None).team
    may_act = [role for role in Role if CALLER._replace(permissions=PERMISSIONS[role]).may_change_orders]
    assert may_act == [Role.BUYER, Role.ADMIN, Role.AGENT, Role.LEAD]
