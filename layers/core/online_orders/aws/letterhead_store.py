"""Store the letterhead: each version for ever, since the papers of a quote are set with the version that it names.

A change is one transaction: the version, which one is in force, and the entry of the audit trail. What is read to offer
a quote is the small item that says which one is in force. Nothing is stored before the first change.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from online_orders.aws import grant_check
from online_orders.aws.audit_store import audit_write
from online_orders.aws.keys import Item, Key, letterhead_key, version_key
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
    text,
    transact,
)
from online_orders.clock import now
from online_orders.domain import audit
from online_orders.domain.callers import Caller
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.values import instant_text

if TYPE_CHECKING:  # quotes are offered without the models of the letterhead
    from online_orders.domain.erasure import Person as ErasedPerson
    from online_orders.domain.letterheads import Letterhead
    from online_orders.domain.quotes import Quote

Json = dict[str, Any]
CheckVersion = Callable[[int], None]
SUBJECT_ID = "letterhead"
_NO_VERSION = 0


class StoredLetterhead(NamedTuple):
    """A version, and who stored it when."""

    letterhead: Letterhead
    version: int
    at: str
    """RFC 3339."""
    by: str


def keys_to_read() -> list[Key]:
    """Return the keys to read along with other items, for `current_version`."""
    return [letterhead_key()]


def current_version(found: Items) -> int | None:
    """Return the version in force, from a read with `keys_to_read`; None before the first."""
    item = found.get(letterhead_key())
    return int(item["version"]["N"]) if item else None


def current_letterhead() -> StoredLetterhead | None:
    """Return the letterhead in force; None before the first."""
    item = get(letterhead_key())
    return get_version(int(item["version"]["N"])) if item else None


def get_version(version: int) -> StoredLetterhead:
    """Return a version; raise NotFound for one that there is not."""
    from online_orders.domain.letterheads import Letterhead

    item = get(version_key(letterhead_key(), version))
    if item is None:
        raise NotFound(f"The letterhead has no version {version}.")
    letterhead = Letterhead.from_stored(json.loads(item["document"]["S"]))
    return StoredLetterhead(letterhead, version, item["changed_at"]["S"], item["changed_by"]["S"])


def letterhead_of(quote: Quote | None) -> Letterhead | None:
    """Return the letterhead of a revision's papers; None for a revision from before there was one."""
    if quote is None or quote.letterhead_version is None:
        return None
    return get_version(quote.letterhead_version).letterhead


def replace_letterhead(letterhead: Letterhead, by: Caller, check_version: CheckVersion) -> StoredLetterhead:
    """Store a letterhead in place of the present one; return it as stored. The same again makes no version.

    `check_version` gets the present version, 0 before the first. Raises Forbidden for a caller who may no longer do
    this, and InProgress when others keep changing the letterhead.
    """
    for _ in attempts():
        found = get_all([letterhead_key(), *grant_check.keys_of(by)])
        grant_check.require_still_allowed(found, by)
        version = current_version(found)
        check_version(version or _NO_VERSION)
        before = get_version(version) if version else None
        if before and before.letterhead == letterhead:
            return before
        at = now()
        after = StoredLetterhead(letterhead, (version or _NO_VERSION) + 1, instant_text(at), by.user.shown_name)
        try:
            transact(_writes(before, after, by, at))
        except WriteConflict:
            continue
        return after
    raise InProgress("Others keep changing the letterhead; nothing was done.")


def _writes(before: StoredLetterhead | None, after: StoredLetterhead, by: Caller, at: datetime) -> list[Item]:
    from online_orders.domain.letterheads import without_picture

    document = after.letterhead.document
    kept = {
        **version_key(letterhead_key(), after.version),
        "version": number(after.version),
        "changed_by": text(after.by),
        "changed_at": text(after.at),
        "document": text(json.dumps(document, ensure_ascii=False, separators=(",", ":"))),
    }
    newest = {**letterhead_key(), "version": number(after.version), "changed_at": text(after.at)}
    unchanged = if_version(before.version) if before else IF_NOT_EXISTS
    entry = audit.entry(
        at,
        by.user,
        "letterhead",
        SUBJECT_ID,
        "changed" if before else "created",
        was=without_picture(before.letterhead.document) if before else None,
        now=without_picture(document),
    )
    return [
        {"Put": {"Item": newest, **unchanged}},
        {"Put": {"Item": kept, **IF_NOT_EXISTS}},
        audit_write(entry),
    ]


def versions_naming(person: ErasedPerson) -> list[int]:
    """Return the versions that name a person: papers are set with them, so they stay."""
    from online_orders.domain.letterheads import without_picture

    key = letterhead_key()
    first, last = (version_key(key, number)["sk"]["S"] for number in (0, 99_999_999))
    found = []
    for page in query_pages(key["pk"]["S"], first, last, Limit=1):
        for item in page:
            document = without_picture(json.loads(item["document"]["S"]))
            if person.is_named_in_any(document):
                found.append(int(item["version"]["N"]))
    return found
