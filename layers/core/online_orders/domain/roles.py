"""What a role, or a scope of a service user, allows; every route names the permission that it requires.

A customer's role holds in one account and in the sub-accounts of that account. A role of staff holds at the desk, for
all accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

Group = Literal["customers", "customer-success"]
"""The side on which somebody signs in, as the id token names it."""

DESK = ""
"""The team of staff; the teams of customers have the ids of their accounts."""


class Role(StrEnum):
    VIEWER = "viewer"
    BUYER = "buyer"
    ADMIN = "admin"
    AUDITOR = "auditor"
    AGENT = "agent"
    LEAD = "lead"


class Permission(StrEnum):
    """What a caller may do. Those that are not about people are scopes of service users, too."""

    READ_ORDERS = "orders:read"
    WRITE_ORDERS = "orders:write"
    MANAGE_PEOPLE = "people:manage"
    READ_DESK = "desk:read"
    WORK_ON_ORDERS = "desk:orders"
    MANAGE_ACCOUNTS = "desk:accounts"
    MANAGE_PRICES = "desk:prices"
    MANAGE_CATALOG = "desk:catalog"
    MANAGE_PAPERS = "desk:papers"
    APPROVE_DISCOUNTS = "desk:discounts"
    MANAGE_STAFF = "desk:people"
    READ_AUDIT = "desk:audit"
    READ_FIGURES = "desk:figures"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ_ORDERS}),
    Role.BUYER: frozenset({Permission.READ_ORDERS, Permission.WRITE_ORDERS}),
    Role.ADMIN: frozenset({Permission.READ_ORDERS, Permission.WRITE_ORDERS, Permission.MANAGE_PEOPLE}),
    Role.AUDITOR: frozenset({Permission.READ_DESK, Permission.READ_AUDIT, Permission.READ_FIGURES}),
    Role.AGENT: frozenset({Permission.READ_DESK, Permission.WORK_ON_ORDERS}),
    Role.LEAD: frozenset(
        {
            Permission.READ_DESK,
            Permission.WORK_ON_ORDERS,
            Permission.MANAGE_ACCOUNTS,
            Permission.MANAGE_PRICES,
            Permission.MANAGE_CATALOG,
            Permission.MANAGE_PAPERS,
            Permission.APPROVE_DISCOUNTS,
            Permission.MANAGE_STAFF,
            Permission.READ_AUDIT,
            Permission.READ_FIGURES,
        }
    ),
}
ROLES: Mapping[Group, tuple[Role, ...]] = {
    "customers": (Role.VIEWER, Role.BUYER, Role.ADMIN),
    "customer-success": (Role.AUDITOR, Role.AGENT, Role.LEAD),
}
"""The roles of each side, the narrowest first."""
HIGHEST_ROLE: Mapping[Group, Role] = {"customers": Role.ADMIN, "customer-success": Role.LEAD}
"""Whoever manages the people of an account, or of the desk; the last active one cannot be removed."""
DEFAULT_ROLE = HIGHEST_ROLE
"""Of users whose role nobody has set: those of releases without roles could do everything on their side."""
SCOPES: Mapping[Group, tuple[Permission, ...]] = {
    "customers": (Permission.READ_ORDERS, Permission.WRITE_ORDERS),
    "customer-success": (
        Permission.READ_DESK,
        Permission.WORK_ON_ORDERS,
        Permission.MANAGE_ACCOUNTS,
        Permission.MANAGE_PRICES,
        Permission.MANAGE_CATALOG,
        Permission.READ_FIGURES,
    ),
}
"""The permissions that a service user of each side may get."""


def side_of(role: Role) -> Group:
    """Return the side of a role."""
    return "customers" if role in ROLES["customers"] else "customer-success"


def side_that_needs(permission: Permission) -> Group:
    """Return the side whose roles and service users can have a permission."""
    return "customer-success" if permission.startswith("desk:") else "customers"


def scopes_of(text: str, group: Group) -> frozenset[Permission]:
    """Return the permissions that scopes give to a service user; `text` has them with blanks between.

    Scopes that are unknown, or that a service user of this side cannot have, allow nothing.
    """
    return frozenset(SCOPES[group]).intersection(text.split())
