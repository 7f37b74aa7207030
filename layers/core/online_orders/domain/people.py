"""The people of accounts and of the desk: their roles, and what may be changed of them.

A person is one identity of the identity provider, by its `sub`. The provider knows who somebody is; what somebody may
do stands here. A customer may belong to several accounts, with a role in each; staff belong to none.
"""

import hmac
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from online_orders.domain.errors import FieldError, Invalid, StateConflict
from online_orders.domain.grants import grants_text
from online_orders.domain.roles import DEFAULT_ROLE, DESK, HIGHEST_ROLE, PERMISSIONS, Group, Role
from online_orders.domain.values import Email, Entity, Identifier, Instant, Name, Request, is_none

MAX_TEAMS = 40
"""Accounts that a person may belong to, deactivated or not. The token names each in a header of 10 KB. The
first sign-in after as many invitations is one transaction, of 100 items: the person, and for each account a count and
an entry.
"""


class PersonState(StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


class Membership(Entity):
    """What a person is in a team."""

    role: Role
    state: PersonState
    last_seen_on: date | None = None
    """The day (UTC) on which a token was last issued for it."""
    invited_at: Instant | None = None
    """When the newest invitation was made; None for those who came without one."""


class Person(Entity):
    """One identity and its teams; stored as one item, so that its version is the lock of every change."""

    user_id: str
    """The `sub` of its tokens."""
    email: Email
    name: Name
    group: Group
    provider: Literal["pool", "staff"] = "pool"
    """Where it signs in: with the pool's own factors, or at the provider of staff, whose groups give the role."""
    memberships: dict[str, Membership]
    """By team."""
    invitation: int = 0
    """Number of the newest invitation mail; the first password is derived from it."""
    invitation_key_id: Annotated[str | None, Field(exclude_if=is_none)] = None
    """The id of the signing key from which the first password is derived."""
    locale: Annotated[str | None, Field(exclude_if=is_none)] = None

    def membership(self, team: str) -> Membership | None:
        return self.memberships.get(team)

    @property
    def active_roles(self) -> Mapping[str, Role]:
        """Return the role in every team that the person may act for; an invited person becomes active by signing in."""
        return {team: each.role for team, each in self.memberships.items() if each.state is not PersonState.DEACTIVATED}

    @property
    def has_signed_in(self) -> bool:
        """Return whether a token was ever issued for the person."""
        return any(each.last_seen_on for each in self.memberships.values())


def is_manager(membership: Membership | None, group: Group) -> bool:
    """Return whether somebody counts among the active managers of the people of a team."""
    return membership is not None and membership.state is PersonState.ACTIVE and membership.role is HIGHEST_ROLE[group]


def side_of_team(team: str) -> Group:
    """Return the side that a team belongs to."""
    return "customer-success" if team == DESK else "customers"


def person_grants(person: Person) -> str:
    """Return what the person may do now, as it is stored beside the document."""
    return grants_text({team: PERMISSIONS[role] for team, role in person.active_roles.items()})


def person_row(person: Person, team: str) -> dict[str, Any]:
    """Return the person as the API answers it, as a member of a team; raise KeyError for one who is none."""
    membership = person.memberships[team]
    return {
        "user_id": person.user_id,
        "email": person.email,
        "name": person.name,
        "role": membership.role.value,
        "state": membership.state.value,
        "last_seen_on": membership.last_seen_on.isoformat() if membership.last_seen_on else None,
    }


# -- what is asked for --------------------------------------------------------------------------------------------


CustomerRole = Literal["viewer", "buyer", "admin"]
StaffRole = Literal["auditor", "agent", "lead"]


class AccountInvitationRequest(Request):
    """An invitation into an account."""

    email: Email
    name: Name
    role: CustomerRole


class InvitationRequest(AccountInvitationRequest):
    """An invitation into the own account or, by a reseller's admin, into a sub-account."""

    account_id: Identifier | None = None


class StaffInvitationRequest(Request):
    """An invitation to the desk."""

    email: Email
    name: Name
    role: StaffRole


class _PersonChange(Request):
    """What may be changed of anybody, and what is ignored because reading answers it."""

    name: Name | None = None
    state: PersonState | None = None
    user_id: Any = None
    email: Any = None
    last_seen_on: Any = None


class PersonRequest(_PersonChange):
    """A change of a user of an account; what is left out stays. What reading answers may be sent back."""

    role: CustomerRole | None = None


class StaffPersonRequest(_PersonChange):
    """A change of a member of staff; what is left out stays. What reading answers may be sent back."""

    role: StaffRole | None = None


READ_ONLY = frozenset({"user_id", "email", "last_seen_on"})
"""What a change of a person ignores."""


# -- what is refused ----------------------------------------------------------------------------------------------


def already_member() -> StateConflict:
    """Return the refusal of an invitation of somebody who is in the team, in whatever state."""
    return StateConflict("already_member", "This person is in the team already. Change the person instead.")


def too_many_accounts() -> StateConflict:
    """Return the refusal of an invitation of somebody who belongs to as many accounts as a token can name."""
    return StateConflict("too_many_accounts", f"This person belongs to {MAX_TEAMS} accounts, and no more are possible.")


def last_manager(group: Group) -> StateConflict:
    """Return the refusal of a change after which a team would have no active manager of its people."""
    role = HIGHEST_ROLE[group]
    return StateConflict("last_admin", f"This is the last active {role}. Make somebody else {role} first.")


def managed_elsewhere() -> StateConflict:
    """Return the refusal of what only the installation's own identity provider can do."""
    return StateConflict("managed_elsewhere", "Your identity provider manages this. Change it there.")


# -- the changes --------------------------------------------------------------------------------------------------


class Effect(StrEnum):
    """What follows from a change outside of the table."""

    INVITATION = "invitation"
    """A mail, with a first password for those who have never signed in."""
    ACCESS = "access"
    """The identity is enabled or disabled, and signed out where it lost something."""


class PersonUpdate(NamedTuple):
    """A person as changed, and what follows."""

    person: Person
    effect: Effect | None
    action: str
    """The action of the audit entry."""


class Identity(NamedTuple):
    """An identity as the pool has it."""

    user_id: str
    email: str
    name: str | None
    has_signed_in: bool
    """Whether it has a password, or a passkey, of its own."""
    group: Group | None = None
    account_id: str | None = None
    """The group and the account of a user of an earlier release, which stand in the pool."""


def adopted(identity: Identity) -> Person | None:
    """Return the person of a user of an earlier release, whose group and account stand in the pool; None for others."""
    if identity.group is None or (identity.group == "customers" and identity.account_id is None):
        return None
    team = DESK if identity.group == "customer-success" else str(identity.account_id)
    return Person(
        user_id=identity.user_id,
        email=identity.email,
        name=identity.name or identity.email,
        group=identity.group,
        memberships={team: Membership(role=DEFAULT_ROLE[identity.group], state=PersonState.ACTIVE)},
    )


def invite(
    known: Person | None,
    identity: Identity,
    team: str,
    request: AccountInvitationRequest | StaffInvitationRequest,
    key_id: str,
    at: datetime,
) -> PersonUpdate:
    """Return the person with an invitation into a team; `known` is the person as stored, if there is one.

    Raises Invalid `address_taken` when the address belongs to the other side, and StateConflict `already_member` and
    `too_many_accounts`.
    """
    person, group = known or adopted(identity), side_of_team(team)
    if person and person.group != group:
        raise Invalid([FieldError("/email", "address_taken", "This address cannot be invited here.")])
    if person and person.membership(team):
        raise already_member()
    if person and len(person.memberships) >= MAX_TEAMS:
        raise too_many_accounts()
    if person is None:
        person = Person(user_id=identity.user_id, email=identity.email, name=request.name, group=group, memberships={})
    membership = Membership(role=Role(request.role), state=PersonState.INVITED, invited_at=at)
    return PersonUpdate(
        person.model_copy(
            update={
                "memberships": {**person.memberships, team: membership},
                "invitation": person.invitation + 1,
                "invitation_key_id": key_id,
            }
        ),
        Effect.INVITATION,
        "invited",
    )


def invite_again(person: Person, team: str, key_id: str, at: datetime) -> PersonUpdate:
    """Return the person with a fresh invitation; raise StateConflict unless the person is invited and never came."""
    membership = person.memberships[team]
    if membership.state is not PersonState.INVITED:
        raise StateConflict("not_invited", f"This person is {membership.state}, so there is nothing to invite to.")
    return PersonUpdate(
        _with_membership(person, team, membership.model_copy(update={"invited_at": at})).model_copy(
            update={"invitation": person.invitation + 1, "invitation_key_id": key_id}
        ),
        Effect.INVITATION,
        "invited",
    )


def change(person: Person, team: str, request: PersonRequest | StaffPersonRequest, by_user_id: str) -> PersonUpdate:
    """Return a member of a team as a request changes it; the same person where nothing changes.

    Raises Invalid for a state that nobody can be given. Raises StateConflict
    `own_role` for one's own role or state, `name_is_own` for the name of somebody who belongs to other teams too, and
    `managed_elsewhere` for a role that the provider of staff gives. Whether managers are left is checked by the store.
    """
    before = person.memberships[team]
    role, state = Role(request.role or before.role), _next_state(before, request.state)
    if request.state is PersonState.INVITED and before.state is not PersonState.INVITED:
        raise Invalid([FieldError("/state", "not_allowed", "The state is active or deactivated.")])
    after = before.model_copy(update={"role": role, "state": state})
    if after != before and person.user_id == by_user_id:
        raise StateConflict("own_role", "You cannot change your own role or deactivate yourself. Ask a colleague.")
    if role is not before.role and person.provider == "staff":
        raise managed_elsewhere()
    name = request.name or person.name
    if name != person.name and len(person.memberships) > 1:
        raise StateConflict("name_is_own", "This person belongs to other accounts too, so the name stays.")
    changed = _with_membership(person, team, after).model_copy(update={"name": name})
    if state is before.state:
        return PersonUpdate(changed, None, "changed")
    action = "deactivated" if state is PersonState.DEACTIVATED else "reactivated"
    return PersonUpdate(changed, Effect.ACCESS, action)


def _next_state(before: Membership, asked: PersonState | None) -> PersonState:
    """Return the state after a request; who is let in again, and never came, is invited still."""
    if asked is None or asked is PersonState.INVITED:
        return before.state
    if asked is PersonState.DEACTIVATED:
        return PersonState.DEACTIVATED
    if before.state is PersonState.DEACTIVATED:
        return PersonState.ACTIVE if before.last_seen_on else PersonState.INVITED
    return before.state


def _with_membership(person: Person, team: str, membership: Membership) -> Person:
    return person.model_copy(update={"memberships": {**person.memberships, team: membership}})


def signed_in(person: Person, on: date) -> Person:
    """Return a person who got a token on a day; whoever was invited is active now."""
    present = {
        team: each.model_copy(update={"state": PersonState.ACTIVE, "last_seen_on": on})
        for team, each in person.memberships.items()
        if each.state is not PersonState.DEACTIVATED
    }
    return person.model_copy(update={"memberships": {**person.memberships, **present}})


def from_provider(known: Person | None, user_id: str, email: str, name: str, role: Role) -> Person:
    """Return a member of staff as the provider of staff describes him; `known` is the person as stored, if any.

    Address, name and role are the provider's. The state is the desk's: whoever was deactivated there stays so.
    """
    before = known.membership(DESK) if known else None
    membership = Membership(role=role, state=before.state if before else PersonState.ACTIVE)
    if before:
        membership = before.model_copy(update={"role": role})
    return Person(
        user_id=user_id,
        email=email,
        name=name,
        group="customer-success",
        provider="staff",
        memberships={DESK: membership},
        locale=known.locale if known else None,
    )


def manager_changes(before: Person | None, after: Person) -> Mapping[str, int]:
    """Return by how much the number of active managers of each team changes: 1 or -1; other teams are left out."""
    found = {}
    for team, membership in after.memberships.items():
        was = is_manager(before.membership(team) if before else None, after.group)
        if (delta := is_manager(membership, after.group) - was) != 0:
            found[team] = delta
    return found


# -- the first password -------------------------------------------------------------------------------------------

PASSWORD_DAYS = 7
"""How long the pool accepts a first password; the template sets the same."""
_LOWER, _UPPER, _DIGITS = "abcdefghijkmnopqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789"
_CHARACTERS = _LOWER + _UPPER + _DIGITS
"""Without those that look alike in many fonts."""


def first_password(key: bytes, person: Person) -> str:
    """Return the first password of the person's newest invitation: about 100 bits, in four groups.

    It is derived, so that its mail can be rendered again and the table holds no secret. Each group begins with a
    capital, a small letter and a digit, as password policies require them.
    """
    secret = hmac.digest(key, f"{person.user_id}\n{person.invitation}".encode(), "sha512")
    kinds = (_UPPER, _LOWER, _DIGITS, _CHARACTERS, _CHARACTERS) * 4
    drawn = "".join(kind[int.from_bytes(secret[3 * at : 3 * at + 3]) % len(kind)] for at, kind in enumerate(kinds))
    return "-".join(drawn[at : at + 5] for at in range(0, len(drawn), 5))
