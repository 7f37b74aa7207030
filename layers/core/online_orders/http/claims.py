"""Read who calls from the claims of an id token, and write those claims; no other module knows what they are called.

| claim               | what                                                                                       |
|---------------------|--------------------------------------------------------------------------------------------|
| `sub`, `email`      | who it is                                                                                  |
| `cognito:groups`    | the side, `customers` or `customer-success`; whoever is in both is staff                   |
| `custom:account_id` | the account of a customer; of several accounts, the one that is meant without `Account-Id` |
| `role`              | the role there, or at the desk; without it the side's default                              |
| `accounts`          | of customers with several accounts: JSON, the role by account                              |
| `scopes`            | of service users, who have no role: permissions, with blanks between                       |
| `name`              | of service users: what their acts are shown under                                          |
| `second_factor`     | `true` for somebody who has signed in with one; `amr` may say so, too                      |

The gateway has verified the token. It passes single values on as text, and lists as a text that cannot be read back, so
lists come from the token's own payload. What a claim says in an unknown way allows nothing.

These are the claims of the user pool. Of another issuer (`IdentityIssuer`) the template names three of them, groups,
account and role, and which group has which role. Nothing else is read of its tokens but `sub` and `email`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from online_orders.domain.callers import Caller
from online_orders.domain.errors import Forbidden
from online_orders.domain.order_parts import User
from online_orders.domain.roles import (
    DEFAULT_ROLE,
    DESK,
    PERMISSIONS,
    ROLES,
    Group,
    Permission,
    Role,
    scopes_of,
    side_of,
)
from online_orders.environment import environment

if TYPE_CHECKING:  # what only the trigger calls is not loaded with each function of the API
    from online_orders.domain.grants import Grants
    from online_orders.domain.people import Person

GROUPS = "cognito:groups"
ACCOUNT = "custom:account_id"
ROLE = "role"
ACCOUNTS = "accounts"
SCOPES = "scopes"
NAME = "name"
SECOND_FACTOR = "second_factor"
SERVICE_USER = "service user"
"""The name of one whose token has none."""
_NOTHING: frozenset[Permission] = frozenset()
_ROLES: Mapping[Group, Mapping[str, Role]] = {
    side: {role.value: role for role in roles} for side, roles in ROLES.items()
}
_NO_ACCOUNTS: Mapping[str, Role] = {}


class OwnIssuer(NamedTuple):
    """What the tokens of another issuer than the user pool call things."""

    groups: str
    account: str
    role: str
    mapping: Mapping[str, Role]
    """Roles by group; empty where the groups are our own, `customers` and `customer-success`."""


def own_issuer() -> OwnIssuer | None:
    """Return how to read the tokens of another issuer; None where the user pool issues them."""
    return _own_issuer(environment("IDENTITY_CLAIMS"))


@lru_cache(maxsize=1)
def _own_issuer(text: str) -> OwnIssuer | None:
    if not text:
        return None
    from online_orders.domain.role_mapping import parse_role_mapping  # imported here for the sake of cold starts

    names = json.loads(text)
    return OwnIssuer(names["groups"], names["account"], names["role"], parse_role_mapping(names["mapping"]))


def is_id_token(claims: Mapping[str, str]) -> bool:
    """Return whether a token is one that says who calls.

    The user pool gives access tokens to the same client, and tells the two apart by `token_use`. Elsewhere the gateway
    has told them apart by their audience.
    """
    return own_issuer() is not None or claims.get("token_use") == "id"


def read_caller(
    claims: Mapping[str, str], payload: Mapping[str, Any], chosen: str | None, required: Permission | None
) -> Caller:
    """Return the caller that a token names; `chosen` is the account of the header `Account-Id`.

    Raises Forbidden `forbidden` for an account to which the caller does not belong, and `wrong_token` where the claim
    of several accounts cannot be read.
    """
    if names := own_issuer():
        return _read_own_issuer(names, claims, payload, chosen, required)
    group, is_service_user = _side(payload.get(GROUPS)), SCOPES in claims
    name = claims.get(NAME, SERVICE_USER) if is_service_user else None
    user = User(user_id=claims["sub"], email=claims.get("email", ""), name=name)
    own = (claims.get(ACCOUNT) or None) if group == "customers" else None
    account_id, role, accounts = chosen or own, _role(claims.get(ROLE), group), _NO_ACCOUNTS
    if is_service_user:
        role = None
    elif ACCOUNTS in claims and group == "customers":
        accounts = _accounts(claims[ACCOUNTS])
        role = accounts.get(account_id or "")
    elif own and role:
        accounts = {own: role}
    if account_id != own and account_id not in accounts:
        raise Forbidden("forbidden", "You do not belong to the account of the header Account-Id.")
    permissions = PERMISSIONS[role] if role else _NOTHING
    if is_service_user and group:
        permissions = scopes_of(claims[SCOPES], group)
    return Caller(user, group, account_id, role, permissions, accounts, is_service_user, required)


def _read_own_issuer(
    names: OwnIssuer,
    claims: Mapping[str, str],
    payload: Mapping[str, Any],
    chosen: str | None,
    required: Permission | None,
) -> Caller:
    from online_orders.domain.role_mapping import (  # imported here for the sake of cold starts
        highest_role,
        parse_groups,
    )

    group: Group | None
    if names.mapping:
        role = highest_role(parse_groups(payload.get(names.groups)), names.mapping)
        group = side_of(role) if role else None
    else:
        group = _side(payload.get(names.groups))
        named = payload.get(names.role)
        role = _role(None if named is None else str(_single(named)), group)
    account_id = _single(payload.get(names.account)) if group == "customers" else None
    if chosen and chosen != account_id:
        raise Forbidden("forbidden", "You do not belong to the account of the header Account-Id.")
    return Caller(
        User(user_id=claims["sub"], email=claims.get("email", "")),
        group,
        account_id,
        role,
        PERMISSIONS[role] if role else _NOTHING,
        {account_id: role} if account_id and role else _NO_ACCOUNTS,
        required=required,
    )


def _single(claim: object) -> str | None:
    """Return the text of a claim, or of the only entry of a list, as some issuers write every attribute of a user."""
    if isinstance(claim, list) and len(claim) == 1:
        (claim,) = claim
    return claim if isinstance(claim, str) and claim else None


def has_second_factor(claims: Mapping[str, str], payload: Mapping[str, Any]) -> bool:
    """Return whether the sign-in had a second factor: by our own claim, or by `mfa` among its methods (RFC 8176)."""
    methods = payload.get("amr")
    return claims.get(SECOND_FACTOR) == "true" or (isinstance(methods, list) and "mfa" in methods)


def _side(listed: object) -> Group | None:
    names = listed if isinstance(listed, list) else [listed]
    if "customer-success" in names:
        return "customer-success"
    return "customers" if "customers" in names else None


def _role(name: str | None, group: Group | None) -> Role | None:
    """Return the role of a claim; None for one that the side does not have."""
    if group is None:
        return None
    if name is None:
        return DEFAULT_ROLE[group]
    return _ROLES[group].get(name)


def _accounts(text: str) -> Mapping[str, Role]:
    try:
        listed = json.loads(text)
    except ValueError:
        listed = None
    if not isinstance(listed, dict):
        raise Forbidden("wrong_token", "The token names accounts in a way that cannot be read.")
    found = {account_id: _role(str(name), "customers") for account_id, name in listed.items()}
    return {account_id: role for account_id, role in found.items() if role}


# -- writing ------------------------------------------------------------------------------------------------------


class IssuedClaims(NamedTuple):
    """What an id token says beside what the identity provider knows."""

    group: Group
    added: dict[str, str]
    suppressed: list[str]


def claims_of_person(person: Person, own: str | None) -> IssuedClaims | None:
    """Return the claims of a person; None for one who may act for no team.

    `own` is the account that the identity provider has for the person, which is the default one if it is the person's.
    Otherwise the oldest of the person's accounts is: an invitation by others does not change for whom a request acts.
    """
    roles = person.active_roles
    if not roles:
        return None
    if person.group == "customer-success":
        return IssuedClaims(person.group, {ROLE: roles[DESK].value}, [ACCOUNT, ACCOUNTS, SCOPES])
    default = own if own is not None and own in roles else next(iter(roles))
    added = {ACCOUNT: default, ROLE: roles[default].value}
    if len(roles) == 1:
        return IssuedClaims(person.group, added, [ACCOUNTS, SCOPES])
    added[ACCOUNTS] = json.dumps({account_id: roles[account_id] for account_id in sorted(roles)})
    return IssuedClaims(person.group, added, [SCOPES])


def claims_of_service_user(grants: Grants, name: str) -> IssuedClaims | None:
    """Return the claims of a service user, whose grants are those of one team; None for one that may do nothing."""
    if not grants:
        return None
    ((team, permissions),) = grants.items()
    added = {SCOPES: " ".join(sorted(permissions)), NAME: name}
    if team == DESK:
        return IssuedClaims("customer-success", added, [ACCOUNT, ACCOUNTS, ROLE])
    return IssuedClaims("customers", {ACCOUNT: team, **added}, [ACCOUNTS, ROLE])
