"""Store service users, and keep their secrets in the user pool.

A service user is one item under a person's key, and its version is the lock of every change. One change is one
transaction: the service user, the pointer by which its team lists it, the entry of the audit trail and, where it is let
in or shut out, the pending change whose effect follows (see `people_changes`). The transaction also checks that whoever
makes the change is as when it was allowed.

The pool has the secret as the user's password, and the item its SHA-256. The pool comes first: whoever then loses the
race for the item starts again with another secret, so that both know the same one in the end. If a process dies between
the two, the secret is good for nothing until it is renewed once more.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from online_orders.aws import grant_check, user_pool
from online_orders.aws.audit_store import audit_write
from online_orders.aws.keys import (
    PREFIX_END,
    SERVICE_PREFIX,
    Item,
    person_change_key,
    person_key,
    service_member_key,
    team_pk,
)
from online_orders.aws.outbox_flags import pending_change
from online_orders.aws.table import (
    IF_NOT_EXISTS,
    TABLE_ERRORS,
    WriteConflict,
    attempts,
    get,
    get_all,
    if_version,
    number,
    put,
    query_pointed,
    query_range,
    text,
    transact,
)
from online_orders.clock import now
from online_orders.domain import audit
from online_orders.domain.callers import Caller
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.order_ids import new_order_id
from online_orders.domain.people import Effect
from online_orders.domain.service_users import (
    ADDRESS_DOMAIN,
    MAX_OF_TEAM,
    NewServiceUser,
    ServiceUser,
    ServiceUserUpdate,
    create,
    renew_secret,
    service_user_row,
    too_many,
)
from online_orders.telemetry import logger

SERVICE_USER_KIND = "service_user"
_SECRET_PREFIX = "oo-S1-"  # noqa: S105 - a prefix, by which scanners of source code find secrets
"""It has a small letter, a capital and a digit, as the pool's password policy requires."""
_SECRET_BYTES = 32


class StoredServiceUser(NamedTuple):
    user: ServiceUser
    version: int

    @classmethod
    def from_item(cls, item: Item) -> StoredServiceUser:
        return cls(ServiceUser.model_validate_json(item["document"]["S"]), int(item["version"]["N"]))


class ServiceUserPage(NamedTuple):
    """Service users of a team by id, and the id after which the next page begins (None: this was the last)."""

    users: list[ServiceUser]
    position: str | None


class WithSecret(NamedTuple):
    """A service user as stored, and its new secret, which is shown once."""

    stored: StoredServiceUser
    secret: str


Decision = Callable[[StoredServiceUser], ServiceUserUpdate]
"""Returns the change of a service user as stored, or raises what it refuses with."""


# -- reading ------------------------------------------------------------------------------------------------------


def service_user_of(item: Item | None) -> StoredServiceUser | None:
    """Return the service user that an item holds; None for no item, and for a person."""
    return StoredServiceUser.from_item(item) if item and item["kind"]["S"] == SERVICE_USER_KIND else None


def find_service_user(user_id: str) -> StoredServiceUser | None:
    return service_user_of(get(person_key(user_id)))


def require_of_team(stored: StoredServiceUser | None, team: str | None, user_id: str) -> StoredServiceUser:
    """Return a service user of a team (None: of any); raise NotFound for any other."""
    if stored is None or team not in {None, stored.user.team}:
        raise NotFound(f"There is no service user {user_id} here.")
    return stored


def list_service_users(team: str, limit: int, after: str | None) -> ServiceUserPage:
    items, position = query_pointed(team_pk(team), SERVICE_PREFIX, person_key, limit, after)
    return ServiceUserPage([each.user for each in map(service_user_of, items) if each], position)


# -- changing -----------------------------------------------------------------------------------------------------


def new_secret() -> str:
    """Return a new secret of 256 random bits."""
    return _SECRET_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def create_service_user(request: NewServiceUser, team: str, by: Caller) -> WithSecret:
    """Create a service user of a team; the request is valid.

    Raises Forbidden when the caller is no longer allowed it, StateConflict for a team that has as many as it may, and
    InProgress when others keep changing the caller.
    """
    at, secret, user = now(), new_secret(), None
    for _ in attempts():
        found = get_all(grant_check.keys_of(by))
        grant_check.require_still_allowed(found, by)
        if user is None:
            _require_room(team)
            user = _create_identity(request, team, secret, by, at)
        consequences = _consequences(None, user, "created", by, at)
        try:
            transact([*_write_actions(None, user), *consequences, grant_check.still_as_read(found, by)])
        except WriteConflict:
            continue
        return WithSecret(StoredServiceUser(user, 1), secret)
    raise InProgress("Your own rights keep changing; nothing was done.")


def _create_identity(request: NewServiceUser, team: str, secret: str, by: Caller, at: datetime) -> ServiceUser:
    """Return a service user whose identity is in the pool; alone it may do nothing."""
    username = f"{new_order_id(at).lower()}@{ADDRESS_DOMAIN}"
    user_id = user_pool.create_service_identity(username, request.name)
    user_pool.set_secret(user_id, secret)
    return create(request, team, user_id=user_id, username=username, secret=secret, by=by.user, at=at)


def record_use(stored: StoredServiceUser, at: datetime) -> None:
    """Store that a token was issued today; that it fails is logged, and keeps nobody from the token.

    It makes no new version, since it voids nobody's ETag; a change that is made at the same time may overwrite it.
    """
    today = at.date()
    if stored.user.last_used_on == today:
        return
    try:
        replace_in_place(stored, stored.user.model_copy(update={"last_used_on": today}))
    except TABLE_ERRORS:
        logger.exception("the use of a service user could not be stored")


def replace_in_place(before: StoredServiceUser, after: ServiceUser) -> bool:
    """Store a service user without making a new version; return False when another version is stored by now."""
    return put(_item(after, before.version), **if_version(before.version))


def _require_room(team: str) -> None:
    response = query_range(
        team_pk(team), SERVICE_PREFIX, SERVICE_PREFIX + PREFIX_END, Select="COUNT", Limit=MAX_OF_TEAM
    )
    if response["Count"] >= MAX_OF_TEAM:
        raise too_many()


def update_service_user(user_id: str, team: str | None, by: Caller, decide: Decision) -> StoredServiceUser:
    """Change a service user of a team (None: of any); after a lost race, read and decide again. Return it as stored.

    Raises what `decide` raises, NotFound for what is none of the team's service users, Forbidden when the caller is no
    longer allowed it, and InProgress when others keep changing the same.
    """
    keys = [person_key(user_id), *grant_check.keys_of(by)]
    for _ in attempts():
        found = get_all(keys)
        grant_check.require_still_allowed(found, by)
        before = require_of_team(service_user_of(found.get(person_key(user_id))), team, user_id)
        update = decide(before)
        if update.user == before.user:
            return before
        consequences = _consequences(before, update.user, update.action, by, now())
        try:
            transact([*_write_actions(before, update.user), *consequences, grant_check.still_as_read(found, by)])
        except WriteConflict:
            continue
        return StoredServiceUser(update.user, before.version + 1)
    raise InProgress("Others keep changing this service user; nothing was done.")


def renew_service_user_secret(user_id: str, team: str | None, by: Caller) -> WithSecret:
    """Give a service user a new secret; the one before is refused at once. Raises as `update_service_user`."""
    shown: list[str] = []

    def decide(before: StoredServiceUser) -> ServiceUserUpdate:
        shown.append(new_secret())
        user_pool.set_secret(user_id, shown[-1])
        return renew_secret(before.user, shown[-1])

    return WithSecret(update_service_user(user_id, team, by, decide), shown[-1])


def _item(user: ServiceUser, version: int) -> Item:
    return {
        **person_key(user.user_id),
        "kind": text(SERVICE_USER_KIND),
        "version": number(version),
        "grants": text(user.grants),
        "document": text(user.model_dump_json()),
    }


def _write_actions(before: StoredServiceUser | None, after: ServiceUser) -> list[Item]:
    """Return the writes of a service user, which fail when another version than `before` is stored (None: there was
    none).
    """
    stored = _item(after, before.version + 1 if before else 1)
    if before is None:
        pointer = {"Put": {"Item": service_member_key(after.team, after.user_id)}}
        return [{"Put": {"Item": stored, **IF_NOT_EXISTS}}, pointer]
    return [{"Put": {"Item": stored, **if_version(before.version)}}]


def _consequences(
    before: StoredServiceUser | None, after: ServiceUser, action: str, by: Caller, at: datetime
) -> list[Item]:
    """Return the writes of the audit trail's entry and, where the user is let in or shut out, of the pending change."""
    was = service_user_row(before.user) if before else None
    entry = audit.entry(
        at,
        by.user,
        "service_user",
        after.user_id,
        action,
        account_id=after.account_id,
        was=was,
        now=service_user_row(after),
    )
    actions = [audit_write(entry)]
    if before and before.user.state is not after.state:
        version = before.version + 1
        message = {
            "user_id": after.user_id,
            "version": version,
            "team": after.team,
            "effect": Effect.ACCESS.value,
            "kind": SERVICE_USER_KIND,
        }
        item = pending_change(person_change_key(after.user_id, version), after.user_id, at, [message])
        actions.append({"Put": {"Item": item}})
    return actions
