"""Items of people as they are stored."""

from __future__ import annotations

from typing import Any

from online_orders.aws import people_store
from online_orders.domain.grants import grants_text
from online_orders.domain.order_parts import User
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.roles import DESK, PERMISSIONS, Permission, Role


def person_item_of(
    user: User, *lacking: Permission, state: PersonState = PersonState.ACTIVE, **roles: Role
) -> dict[str, Any]:
    """The item of a person with these roles, by team; `desk` is the desk. An earlier release has stored it, to which
    the permissions of `lacking` were unknown.
    """
    by_team = {DESK if team == "desk" else team: role for team, role in roles.items()}
    person = Person(
        user_id=user.user_id,
        email=user.email,
        name="Somebody",
        group="customer-success" if DESK in by_team else "customers",
        memberships={team: Membership(role=role, state=state) for team, role in by_team.items()},
    )
    grants = {team: PERMISSIONS[role] - {*lacking} for team, role in person.active_roles.items()}
    return {**people_store.person_item(person, 1), "grants": {"S": grants_text(grants)}}
