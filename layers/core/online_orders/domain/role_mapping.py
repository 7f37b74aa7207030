"""Which groups of another identity provider get which role here (`StaffRoleMapping`, `IdentityRoleMapping`).

A provider's list of groups may arrive as one text. Then a name with a comma looks like two names, so whoever may name
groups at the provider could name one after a group that has a role; docs/security.md says how a vendor prevents that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from online_orders.domain.roles import ROLES, Role

_BRACKETS = re.compile(r"\[(?P<names>.*)\]", re.DOTALL)


def parse_role_mapping(text: str) -> Mapping[str, Role]:
    """Return roles by groups, from `group=role,…`, where a group may be percent-encoded.

    Raises ValueError for anything else, and for an unknown role.
    """
    pairs = [each.partition("=") for each in text.split(",")] if text else []
    return {_named(group, text): Role(role) for group, _, role in pairs}


def _named(group: str, text: str) -> str:
    if not (name := unquote(group).strip()):
        raise ValueError(f"a role has no group in {text!r}")
    return name


def parse_groups(claim: object) -> frozenset[str]:
    """Return the names in a claim of groups: a list, or one of the texts that are made of lists.

    Cognito writes `["a","b"]` or `[a, b]` into an attribute; others write `a,b`, or one name alone.
    """
    if isinstance(claim, str):
        claim = _listed(claim)
    if not isinstance(claim, list):
        return frozenset()
    return frozenset(name.strip() for name in claim if isinstance(name, str) and name.strip())


def _listed(text: str) -> list[object]:
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if isinstance(names, list):
        return names
    found = _BRACKETS.fullmatch(text.strip())
    return list((found["names"] if found else text).split(","))


def highest_role(groups: Iterable[str], mapping: Mapping[str, Role]) -> Role | None:
    """Return the highest role that any of the groups gives; None where no group gives one.

    Whoever has a role of staff is staff, whatever roles of customers there are besides.
    """
    given = {mapping[group] for group in groups if group in mapping}
    for side in ("customer-success", "customers"):
        for role in reversed(ROLES[side]):
            if role in given:
                return role
    return None
