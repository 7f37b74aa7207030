"""Store who signs in: users of an earlier release are adopted, whoever was invited becomes active, and members of staff
of another provider are as that provider describes them.

A sign-in writes at most once a day for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from online_orders.aws.people_store import StoredPerson, audit_person, find_person, person_item, write_actions
from online_orders.aws.table import TABLE_ERRORS, WriteConflict, attempts, if_version, put, transact
from online_orders.domain import audit
from online_orders.domain.order_parts import User
from online_orders.domain.people import Person, PersonState, person_row, signed_in
from online_orders.domain.roles import DESK
from online_orders.telemetry import logger

_DEADLINE_SECONDS = 1.5
"""Cognito gives a trigger five seconds in all."""


def adopt(person: Person, at: datetime) -> Person:
    """Store a user of an earlier release, whose group and account are the identity provider's; return the person.

    A person that was stored meanwhile is returned instead. Nobody is kept from signing in because this fails: it is
    logged, and the next sign-in tries again.
    """
    adopted = signed_in(person, at.date())
    (team,) = adopted.memberships
    entry = audit_person(at, audit.OPERATOR, adopted.user_id, team, "created", None, adopted)
    try:
        for _ in attempts(for_seconds=_DEADLINE_SECONDS):
            try:
                transact([*write_actions(None, adopted), entry])
            except WriteConflict:
                # Another sign-in of the same person, or of a colleague who is counted in the same item.
                if stored := find_person(person.user_id):
                    return stored.person
                continue
            return adopted
        logger.warning("a user could not be adopted: others keep changing the team")
    except TABLE_ERRORS:
        logger.exception("a user could not be adopted")
    return adopted


def store_described(stored: StoredPerson | None, describe: Callable[[Person | None], Person], at: datetime) -> Person:
    """Store a member of staff as the provider of staff describes him, and return the person.

    `describe` makes the person of the stored one, if there is one. That it fails is logged, and keeps nobody from
    signing in: the next sign-in tries again.
    """
    after = describe(stored.person if stored else None)
    try:
        for _ in attempts(for_seconds=_DEADLINE_SECONDS):
            after = signed_in(describe(stored.person if stored else None), at.date())
            if (stored and after == stored.person) or _store_described(stored, after, at):
                return after
            stored = find_person(after.user_id)
        logger.warning("a sign-in could not be stored: others keep changing the person")
    except TABLE_ERRORS:
        logger.exception("a sign-in could not be stored")
    return after


def _store_described(before: StoredPerson | None, after: Person, at: datetime) -> bool:
    """Store what the provider describes; return False when another version is stored by now.

    The provider also takes the last manager of the desk: it decides who is one.
    """
    was = person_row(before.person, DESK) if before else None
    row = person_row(after, DESK)
    if before and was == {**row, "last_seen_on": was["last_seen_on"] if was else None}:
        return _put_seen(before, after)
    action, person = ("changed", before.person) if before else ("created", None)
    entry = audit_person(at, audit.PROVIDER, after.user_id, DESK, action, person, after)
    try:
        transact([*write_actions(before, after, keeps_manager=False), entry])
    except WriteConflict:
        return False
    return True


def _put_seen(before: StoredPerson, after: Person) -> bool:
    """Store what makes no new version; return False when another version is stored by now."""
    return put(person_item(after, before.version), **if_version(before.version))


def record_sign_in(stored: StoredPerson, at: datetime) -> None:
    """Store that a person has signed in today; that it fails is logged, and keeps nobody from signing in."""
    try:
        for _ in attempts(for_seconds=_DEADLINE_SECONDS):
            after = signed_in(stored.person, at.date())
            if after == stored.person or _store(stored, after, at):
                return
            latest = find_person(stored.person.user_id)
            if latest is None:
                return
            stored = latest
        logger.warning("a sign-in could not be stored: others keep changing the person")
    except TABLE_ERRORS:
        logger.exception("a sign-in could not be stored")


def _store(before: StoredPerson, after: Person, at: datetime) -> bool:
    """Store a person after a sign-in; return False when another version is stored by now.

    Only a change of state makes a new version: what is merely seen voids nobody's ETag, and may be overwritten.
    """
    activated = [team for team, each in before.person.memberships.items() if each.state is PersonState.INVITED]
    if not activated:
        return _put_seen(before, after)
    by = User(user_id=after.user_id, email=after.email)
    entries = [audit_person(at, by, after.user_id, team, "accepted", before.person, after) for team in activated]
    try:
        transact([*write_actions(before, after), *entries])
    except WriteConflict:
        return False
    return True
