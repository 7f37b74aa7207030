"""Store the people of accounts and of the desk.

A person is one item, and its version is the lock of every change. One change is one transaction: the person, pointers
by which the person's teams list it, the count of active managers of each team that it concerns, the entry of the audit
trail, and the pending change whose effects follow (see `people_changes`). The transaction also checks that whoever
makes the change is as when it was allowed: of two admins who deactivate each other at once, one is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from online_orders.aws.audit_store import audit_write
from online_orders.aws.grant_check import keys_of, require_still_allowed, still_as_read
from online_orders.aws.keys import (
    PERSON_PREFIX,
    PREFIX_END,
    Item,
    mail_choices_key,
    managers_key,
    member_key,
    person_change_key,
    person_key,
    team_pk,
)
from online_orders.aws.outbox_flags import pending_change
from online_orders.aws.table import (
    IF_NOT_EXISTS,
    Items,
    WriteConflict,
    attempts,
    get,
    get_all,
    if_version,
    number,
    query_pages,
    query_pointed,
    text,
    transact,
)
from online_orders.clock import now
from online_orders.domain import audit
from online_orders.domain.callers import Caller
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.order_parts import User
from online_orders.domain.people import (
    Person,
    PersonUpdate,
    is_manager,
    last_manager,
    manager_changes,
    person_grants,
    person_row,
    side_of_team,
)
from online_orders.domain.roles import DESK

PERSON_KIND = "person"
"""Service users lie under the same keys, with a kind of their own."""


class StoredPerson(NamedTuple):
    person: Person
    version: int

    @classmethod
    def from_item(cls, item: Item) -> StoredPerson:
        return cls(Person.model_validate_json(item["document"]["S"]), int(item["version"]["N"]))


class PeoplePage(NamedTuple):
    """Members of a team by id, and the id after which the next page begins (None: this was the last)."""

    people: list[StoredPerson]
    position: str | None


Decision = Callable[[StoredPerson | None], PersonUpdate]
"""Returns the change of a person as stored (None: there is none), or raises what it refuses with."""


# -- reading ------------------------------------------------------------------------------------------------------


def person_of(item: Item | None) -> StoredPerson | None:
    """Return the person that an item holds; None for no item, and for a service user."""
    return StoredPerson.from_item(item) if item and item["kind"]["S"] == PERSON_KIND else None


def find_person(user_id: str) -> StoredPerson | None:
    return person_of(get(person_key(user_id)))


def get_member(team: str, user_id: str) -> StoredPerson:
    """Return a member of a team, deactivated or not; raise NotFound for everybody else."""
    return require_member(find_person(user_id), team, user_id)


def require_member(stored: StoredPerson | None, team: str, user_id: str) -> StoredPerson:
    """Return the person if it is a member of the team; raise NotFound otherwise."""
    if stored is None or stored.person.membership(team) is None:
        raise NotFound(f"There is no person {user_id} here.")
    return stored


def list_people(team: str, limit: int, after: str | None) -> PeoplePage:
    items, position = query_pointed(team_pk(team), PERSON_PREFIX, person_key, limit, after)
    people = map(person_of, items)
    return PeoplePage([each for each in people if each and each.person.membership(team)], position)


# -- changing -----------------------------------------------------------------------------------------------------


def update_person(user_id: str, team: str, by: Caller, decide: Decision) -> StoredPerson:
    """Change a person in a team as `by` asks it; after a lost race, read and decide again. Return it as stored.

    Raises what `decide` raises, Forbidden when the caller is no longer allowed it, StateConflict `last_admin`, and
    InProgress when others keep changing the same.
    """
    keys = [person_key(user_id), managers_key(team), *keys_of(by)]
    for _ in attempts():
        found = get_all(keys)
        require_still_allowed(found, by)
        before = person_of(found.get(person_key(user_id)))
        update = decide(before)
        if before and update.person == before.person:
            return before
        _require_manager(found, before, update.person, team)
        actions = [*write_actions(before, update.person), *_consequences(before, update, team, by)]
        if by.user.user_id != user_id:  # whose own item the transaction writes
            actions.append(still_as_read(found, by))
        try:
            transact(actions)
        except WriteConflict:
            continue
        return StoredPerson(update.person, _next_version(before))
    raise InProgress("Others keep changing this person; nothing was done.")


def _require_manager(found: Items, before: StoredPerson | None, after: Person, team: str) -> None:
    """Raise StateConflict when the team would have no active manager left."""
    count = found.get(managers_key(team))
    active = int(count["active"]["N"]) if count else 0
    if manager_changes(before.person if before else None, after).get(team, 0) < 0 and active <= 1:
        raise last_manager(side_of_team(team))


def _next_version(before: StoredPerson | None) -> int:
    return before.version + 1 if before else 1


def person_item(person: Person, version: int) -> Item:
    return {
        **person_key(person.user_id),
        "kind": text(PERSON_KIND),
        "version": number(version),
        "grants": text(person_grants(person)),
        "document": text(person.model_dump_json()),
    }


def write_actions(before: StoredPerson | None, after: Person, *, keeps_manager: bool = True) -> list[Item]:
    """Return the writes of a person, of pointers to it and of the counts of managers.

    They fail when another version than `before` is stored (None: there was no person), and when a team would have no
    active manager left; the latter only if `keeps_manager`.
    """
    stored = person_item(after, _next_version(before))
    condition = if_version(before.version) if before else IF_NOT_EXISTS
    actions: list[Item] = [{"Put": {"Item": stored, **condition}}]
    known = before.person.memberships if before else {}
    actions += [{"Put": {"Item": member_key(team, after.user_id)}} for team in after.memberships if team not in known]
    changes = manager_changes(before.person if before else None, after)
    return actions + [_count_managers(team, delta, keeps_manager=keeps_manager) for team, delta in changes.items()]


def _count_managers(team: str, delta: int, *, keeps_manager: bool) -> Item:
    # A count that is missing refuses, too.
    is_checked = delta < 0 and keeps_manager
    condition = {"ConditionExpression": "active > :last"} if is_checked else {}
    values = {":delta": number(delta), **({":last": number(1)} if is_checked else {})}
    return {
        "Update": {
            "Key": managers_key(team),
            "UpdateExpression": "ADD active :delta",
            "ExpressionAttributeValues": values,
            **condition,
        }
    }


def _consequences(before: StoredPerson | None, update: PersonUpdate, team: str, by: Caller) -> Sequence[Item]:
    """Return the writes of the audit trail's entry and, where effects follow, of the pending change."""
    at, user_id, version = now(), update.person.user_id, _next_version(before)
    person = before.person if before else None
    actions = [audit_person(at, by.user, user_id, team, update.action, person, update.person)]
    if update.effect:
        message = {"user_id": user_id, "version": version, "team": team, "effect": update.effect.value}
        actions.append({"Put": {"Item": pending_change(person_change_key(user_id, version), user_id, at, [message])}})
    return actions


def audit_person(
    at: datetime,
    by: User,
    user_id: str,
    team: str,
    action: str,
    before: Person | None = None,
    after: Person | None = None,
) -> Item:
    """Return the write of the audit trail's entry about somebody as a member of a team, before and after a change."""
    was, is_now = (person_row(each, team) if each and each.membership(team) else None for each in (before, after))
    account_id = None if team == DESK else team
    return audit_write(audit.entry(at, by, "person", user_id, action, account_id=account_id, was=was, now=is_now))


# -- erasing ------------------------------------------------------------------------------------------------------


def list_pointers(team: str) -> Iterator[str]:
    """Yield the ids of all people of a team, page by page."""
    for page in query_pages(team_pk(team), PERSON_PREFIX, PERSON_PREFIX + PREFIX_END, Limit=100):
        yield from (item["sk"]["S"].removeprefix(PERSON_PREFIX) for item in page)


def erase_membership(user_id: str, team: str) -> None:
    """Remove a person from a team, and the person itself with the last team; operators alone do this.

    The last manager may go, too. The audit trail keeps that it was done. Raises InProgress when others keep changing
    the same person.
    """
    for _ in attempts():
        before = find_person(user_id)
        if before is None or before.person.membership(team) is None:
            return
        try:
            transact(_erasing_actions(before, team))
        except WriteConflict:
            continue
        return
    raise InProgress("Others keep changing this person; run this again.")


def _erasing_actions(before: StoredPerson, team: str) -> list[Item]:
    person, unchanged = before.person, if_version(before.version)
    left = {each: membership for each, membership in person.memberships.items() if each != team}
    if left:
        rest = person_item(person.model_copy(update={"memberships": left}), before.version + 1)
        actions: list[Item] = [{"Put": {"Item": rest, **unchanged}}]
    else:
        actions = [
            {"Delete": {"Key": person_key(person.user_id), **unchanged}},
            {"Delete": {"Key": mail_choices_key(person.user_id)}},
        ]
    actions.append({"Delete": {"Key": member_key(team, person.user_id)}})
    if is_manager(person.membership(team), person.group):
        actions.append(_count_managers(team, -1, keeps_manager=False))
    return [*actions, audit_person(now(), audit.OPERATOR, person.user_id, team, "erased")]
