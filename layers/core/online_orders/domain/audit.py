"""The audit trail: who changed an account, a price list, the catalog, the terms, a person, a service user, the
letterhead, or the desk's teams, text modules or policy of discounts, and how.

An entry is stored in the transaction of its change, so that there is none without the other. It is never changed, save
that an erased person is replaced.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from online_orders.domain.field_errors import pointer
from online_orders.domain.order_ids import new_order_id
from online_orders.domain.order_parts import User
from online_orders.domain.values import Entity, Instant

Subject = Literal[
    "account",
    "price_list",
    "catalog",
    "terms",
    "person",
    "service_user",
    "teams",
    "text_modules",
    "letterhead",
    "discount_policy",
]
OPERATOR = User(user_id="operator", email="operator")
"""The author of what the command line changes, with AWS credentials in place of a user."""
PROVIDER = User(user_id="provider", email="provider")
"""The author of what the provider of staff says about its people, at their sign-in."""
MAX_CHANGES = 200
MAX_CHANGES_BYTES = 128 * 1024
"""Of all changes of an entry as JSON, so that an entry fits an item of the table, and a page a response."""
_Path = tuple[str | int, ...]


class AuditChange(Entity):
    """One value that differs; None stands for what was or is not there."""

    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    pointer: str
    """A JSON Pointer into the subject as it is or, for what was removed, as it was."""
    was: Any
    is_now: Annotated[Any, Field(alias="is")]


class AuditEntry(Entity):
    audit_id: str
    """A ULID, which sorts by the time."""
    at: Instant
    by: User
    subject: Subject
    subject_id: str
    account_id: str | None
    """The account that it concerns; None for the desk and for what all accounts share."""
    action: str
    changes: tuple[AuditChange, ...]


def entry(
    at: datetime,
    by: User,
    subject: Subject,
    subject_id: str,
    action: str,
    *,
    account_id: str | None = None,
    was: Any = None,
    now: Any = None,
) -> AuditEntry:
    """Return the entry about a change from `was` to `now`, both JSON values without secrets.

    What exceeds MAX_CHANGES or MAX_CHANGES_BYTES is counted in a last change, whose pointer is empty and whose `is` is
    {"more": number}.
    """
    return AuditEntry(
        audit_id=new_order_id(at),
        at=at,
        by=by,
        subject=subject,
        subject_id=subject_id,
        account_id=account_id,
        action=action,
        changes=tuple(_within_limits(changes_between(was, now))),
    )


def changes_between(was: Any, now: Any) -> Iterator[AuditChange]:
    """Yield every difference; a subject that was created or removed has one for each of its members."""
    before_all, after_all = _or_empty(was, now, Mapping), _or_empty(now, was, Mapping)
    for path, before, after in _differences((), before_all, after_all):
        yield AuditChange(pointer=pointer(*path), was=before, is_now=after)


def _or_empty(value: Any, other: Any, kind: type) -> Any:
    """Return an empty value of the other one's type in place of None, where that has members of its own."""
    return type(other)() if value is None and isinstance(other, kind) else value


def _differences(path: _Path, was: Any, now: Any) -> Iterator[tuple[_Path, Any, Any]]:
    """Yield the paths of what differs, with both values.

    A person within the subject, who has an e-mail address, is one value: erasure finds the name by the address beside.
    """
    was, now = _or_empty(was, now, list), _or_empty(now, was, list)
    if was == now:
        return
    if isinstance(was, Mapping) and isinstance(now, Mapping) and not (path and "email" in {**was, **now}):
        for name in {**was, **now}:
            yield from _differences((*path, name), was.get(name), now.get(name))
    elif isinstance(was, list) and isinstance(now, list):
        yield from _differences_of_lists(path, was, now)
    else:
        yield path, was, now


def _differences_of_lists(path: _Path, was: list[Any], now: list[Any]) -> Iterator[tuple[_Path, Any, Any]]:
    """Yield the differences of two lists, with equal elements aligned, so that one that is inserted moves no other."""
    from difflib import SequenceMatcher  # imported here for the sake of cold starts

    old, new = ([json.dumps(each, sort_keys=True) for each in elements] for elements in (was, now))
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for old_index, new_index in zip_longest(range(old_start, old_end), range(new_start, new_end)):
            if new_index is None:
                yield (*path, old_index), was[old_index], None
            elif old_index is None:
                yield (*path, new_index), None, now[new_index]
            else:
                yield from _differences((*path, new_index), was[old_index], now[new_index])


def _within_limits(changes: Iterator[AuditChange]) -> Iterator[AuditChange]:
    size = yielded = more = 0
    for change in changes:
        size += len(change.model_dump_json().encode())
        if more or yielded == MAX_CHANGES or size > MAX_CHANGES_BYTES:
            more += 1
            continue
        yielded += 1
        yield change
    if more:
        yield AuditChange(pointer="", was=None, is_now={"more": more})
