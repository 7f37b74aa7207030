"""What a person or a service user may do now, in each team: stored beside the document, so that a check is one look.

A request that changes data reads it together with what it reads anyway. It is newer than the token, in which the same
is written for up to a quarter of an hour.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from online_orders.domain.roles import Permission

Grants = Mapping[str, frozenset[Permission]]
"""Permissions by team (`roles.DESK`, or an account's id); a team that is not named allows nothing."""


def grants_text(grants: Mapping[str, Iterable[Permission]]) -> str:
    """Return grants as JSON: permissions by team."""
    return json.dumps({team: sorted(permissions) for team, permissions in sorted(grants.items())})


def allows(text: str, team: str, permission: Permission) -> bool:
    """Return whether grants, as `grants_text` wrote them, give a permission in a team."""
    return permission in json.loads(text).get(team, ())


def parse_grants(text: str) -> Grants:
    """Return what `grants_text` wrote; permissions that this release does not know are left out."""
    known = {each.value for each in Permission}
    return {
        team: frozenset(Permission(each) for each in permissions if each in known)
        for team, permissions in json.loads(text).items()
    }
