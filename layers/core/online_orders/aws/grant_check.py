"""Check that a caller may still make a change, by the grants that are stored now.

The token says what the caller could do up to a quarter of an hour ago. The grants are read along with the items that
the change reads anyway, so the check costs no call.
"""

from __future__ import annotations

from online_orders.aws.keys import Item, Key, person_key
from online_orders.aws.table import IF_NOT_EXISTS, Items, get, if_version
from online_orders.domain.callers import Caller
from online_orders.domain.errors import Forbidden
from online_orders.domain.grants import allows
from online_orders.domain.roles import Permission


def keys_of(caller: Caller | None) -> list[Key]:
    """Return the keys of the items that `require_still_allowed` needs; none for the product's own changes."""
    return [] if caller is None else [person_key(caller.user.user_id)]


def require_still_allowed(found: Items, caller: Caller | None) -> None:
    """Raise Forbidden unless the caller still has the permission that the route required.

    Where nothing is stored, the token's word holds: the user has not signed in since roles were introduced, or comes
    from another identity provider.
    """
    if caller is None or caller.required is None:
        return
    item = found.get(person_key(caller.user.user_id))
    if item is not None and not _allows(item, caller.team, caller.required):
        raise Forbidden("forbidden", "You may no longer do this.")


def still_has(caller: Caller, permission: Permission) -> bool:
    """Return whether the caller has a permission beside the one that the route requires: by the token, and by what is
    stored now.
    """
    if permission not in caller.permissions:
        return False
    item = get(person_key(caller.user.user_id))
    return item is None or _allows(item, caller.team, permission)


def _allows(item: Item, team: str, permission: Permission) -> bool:
    """Return whether a stored user has a permission in a team.

    The grants of a person may have been stored by an earlier release, whose roles did not have the permission yet; then
    the role decides. A service user has the scopes that it was given, and no others.
    """
    if allows(item["grants"]["S"], team, permission):
        return True
    from online_orders.aws.people_store import person_of  # which only a refusal, or the first changes of a release need
    from online_orders.domain.people import person_grants

    stored = person_of(item)
    return stored is not None and allows(person_grants(stored.person), team, permission)


def still_as_read(found: Items, caller: Caller) -> Item:
    """Return the check of a transaction that the caller's own item is as it was read.

    For changes of who may do what: of two callers who take each other's rights at once, one is refused.
    """
    key = person_key(caller.user.user_id)
    item = found.get(key)
    return {"ConditionCheck": {"Key": key, **(if_version(int(item["version"]["N"])) if item else IF_NOT_EXISTS)}}
