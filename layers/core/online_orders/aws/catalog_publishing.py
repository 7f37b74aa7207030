"""Publish the catalog, and keep the draft of the next one.

Publishing is one transaction: the document, which version is in force, the version before, the entry of the audit
trail, and the end of a draft that equals it. A draft is any object, with all of its faults. Its version goes on when it
is discarded, so that nobody replaces a draft that somebody else has begun since.

`catalog_document` is imported where it is needed: its models cost a cold start as much as all routes of the desk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from online_orders.aws import account_store, grant_check, version_store
from online_orders.aws.audit_store import audit_write
from online_orders.aws.keys import Item, catalog_draft_key, catalog_key, newest_catalog_key
from online_orders.aws.order_queries import OrderFilter, list_desk_orders
from online_orders.aws.table import (
    IF_NOT_EXISTS,
    Items,
    WriteConflict,
    attempts,
    get,
    get_all,
    if_version,
    number,
    put,
    text,
    transact,
)
from online_orders.clock import now
from online_orders.domain import audit
from online_orders.domain.callers import Caller
from online_orders.domain.catalog import MAX_DOCUMENT_BYTES, Catalog, shipped
from online_orders.domain.errors import FieldError, InProgress, Invalid, NotFound, TooLarge
from online_orders.domain.order_status import OPEN_STATUSES
from online_orders.domain.values import instant_text

if TYPE_CHECKING:
    from online_orders.domain.catalog_document import Use

Json = dict[str, Any]
CheckVersion = Callable[[int | None], None]

MAX_OPEN_ORDERS = 5_000
"""Open orders that are examined before something may go."""
SUBJECT_ID = "catalog"


class StoredCatalog(NamedTuple):
    """The catalog in force; the one that ships has version 0, and neither a time nor an author."""

    catalog: Catalog
    updated_at: str | None
    updated_by: str | None

    @property
    def version(self) -> int:
        return self.catalog.version

    @classmethod
    def from_item(cls, item: Item | None) -> StoredCatalog:
        if item is None:
            return cls(shipped(), None, None)
        catalog = Catalog.from_document(json.loads(item["document"]["S"]), int(item["version"]["N"]))
        return cls(catalog, item["changed_at"]["S"], item["changed_by"]["S"])


class Draft(NamedTuple):
    """The draft of the next catalog, as it was sent."""

    document: Json
    version: int
    updated_at: str
    updated_by: str


# -- judging ------------------------------------------------------------------------------------------------------


def parse(body: Any, before: Catalog) -> Json:
    """Return the document that a body asks for in place of the catalog `before`; raise Invalid with every fault.

    What is gone of a kind, a choice or a group must not be in use. Open orders are examined, and groups looked up, only
    where something is gone.
    """
    from online_orders.domain.catalog_document import parse_catalog

    gone = _offered(before.document) - _offered(body)
    groups = {group for group in _groups_of(before.document) - _groups_of(body) if account_store.has_accounts(group)}
    in_use = _in_use(gone) if gone else set()
    if in_use is not None:
        return parse_catalog(body, before=before, in_use=in_use, groups_in_use=groups)
    try:
        return parse_catalog(body, before=before, in_use=gone, groups_in_use=groups)
    except Invalid as invalid:
        raise Invalid(map(_unknown_use, invalid.errors)) from None


def faults_of(body: Any, before: Catalog) -> tuple[FieldError, ...]:
    """Return every fault of a body that is to replace the catalog `before`."""
    try:
        parse(body, before)
    except Invalid as invalid:
        return invalid.errors
    return ()


def _unknown_use(error: FieldError) -> FieldError:
    if error.code != "in_use" or not error.pointer.startswith("/kinds"):
        return error
    detail = f"More than {MAX_OPEN_ORDERS:,} orders are open, too many to look for this in. Retire it instead."
    return error._replace(detail=detail)


def _in_use(gone: set[Use]) -> set[Use] | None:
    """Return what is gone and in an open order; None when there are too many open orders to tell."""
    from online_orders.domain.catalog_document import uses_of

    found: set[Use] = set()
    position, examined = None, 0
    while examined < MAX_OPEN_ORDERS:
        page = list_desk_orders(OrderFilter(statuses=OPEN_STATUSES), 100, position)
        for order in page.orders:
            found |= uses_of(order.items) & gone
        examined, position = examined + 100, page.position
        if position is None or found == gone:
            return found
    return None


def _offered(document: Any) -> set[Use]:
    """Return the kinds and the choices of a document, which may have any fault."""
    found: set[Use] = set()
    for kind in _objects(document, "kinds"):
        name = kind.get("kind")
        if not isinstance(name, str):
            continue
        found.add((name, None, None))
        for setting in _objects(kind, "settings"):
            values = (choice.get("value") for choice in _objects(setting, "choices"))
            setting_name = setting.get("name")
            if isinstance(setting_name, str):
                found |= {(name, setting_name, value) for value in values if isinstance(value, (str, int))}
    return found


def _groups_of(document: Any) -> set[str]:
    names = (group.get("group") for group in _objects(document, "groups"))
    return {name for name in names if isinstance(name, str)}


def _objects(parent: Any, member: str) -> list[Mapping[str, Any]]:
    listed = parent.get(member) if isinstance(parent, Mapping) else None
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, (list, tuple)) else []


# -- publishing ---------------------------------------------------------------------------------------------------


def get_stored() -> StoredCatalog:
    return StoredCatalog.from_item(get(catalog_key()))


def publish_catalog(body: Any, by: Caller, check_version: CheckVersion) -> StoredCatalog:
    """Publish a whole document; return the catalog as it is in force then.

    `check_version` gets the present version, 0 for the catalog that ships. An unchanged document makes no version.
    Raises Invalid with every fault, Forbidden for a caller who may no longer do this, and InProgress when others keep
    publishing.
    """
    for _ in attempts():
        found = get_all([catalog_key(), catalog_draft_key(), *grant_check.keys_of(by)])
        grant_check.require_still_allowed(found, by)
        before = StoredCatalog.from_item(found.get(catalog_key()))
        document = parse(body, before.catalog)
        check_version(before.version)
        after, at = before, now()
        actions = _end_of_equal_draft(found, document, before.catalog)
        if document != before.catalog.document:
            actions = [*_publishing(document, before, by, at), *actions]
            published = Catalog.from_document(document, before.version + 1)
            after = StoredCatalog(published, instant_text(at), by.user.shown_name)
        try:
            if actions:
                transact(actions)
        except WriteConflict:
            continue
        return after
    raise InProgress("Others keep changing the catalog; nothing was done.")


def _publishing(document: Json, before: StoredCatalog, by: Caller, at: datetime) -> list[Item]:
    from online_orders.domain.catalog_document import changes

    version, was = before.version + 1, before.catalog.document
    changed = [change.pointer for change in changes(was, document)][: audit.MAX_CHANGES]
    stored = version_store.version_item(catalog_key(), version, _text_of(document), by.user.shown_name, at, changed)
    newest = {**newest_catalog_key(), "version": number(version), "changed_at": text(instant_text(at))}
    if before.version:
        writes = version_store.replace_actions(stored, before.version)
    else:
        writes = [{"Put": {"Item": stored, **IF_NOT_EXISTS}}]
    entry = audit.entry(at, by.user, "catalog", SUBJECT_ID, "changed", was=was, now=document)
    return [*writes, {"Put": {"Item": newest}}, audit_write(entry)]


def _end_of_equal_draft(found: Items, document: Json, before: Catalog) -> list[Item]:
    """Return the write that ends a draft of the same document."""
    from online_orders.domain.catalog_document import parse_catalog

    draft = _draft_of(found.get(catalog_draft_key()))
    if draft is None:
        return []
    try:
        if parse_catalog(draft.document, before=before) != document:
            return []
    except Invalid:
        return []
    return [{"Put": {"Item": _ended(draft.version + 1), **if_version(draft.version)}}]


def changes_between(was: Any, is_now: Any) -> list[Json]:
    """Return what differs of two documents, as the API shows it: pointers, with what was and is there."""
    from online_orders.domain.catalog_document import changes

    return [change.model_dump(mode="json") for change in changes(was, is_now)]


def _text_of(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=float, allow_nan=False)


# -- the draft ----------------------------------------------------------------------------------------------------


def find_draft() -> Draft | None:
    return _draft_of(get(catalog_draft_key()))


def _draft_of(item: Item | None) -> Draft | None:
    if item is None or "document" not in item:
        return None
    return Draft(
        json.loads(item["document"]["S"]),
        int(item["version"]["N"]),
        item["changed_at"]["S"],
        item["changed_by"]["S"],
    )


def replace_draft(body: Any, by: Caller, check_version: CheckVersion) -> Draft:
    """Store a draft, whatever its faults; return it as stored.

    `check_version` gets the version of the present draft (None: there is none). Raises Invalid for what is no object,
    TooLarge, Forbidden for a caller who may no longer do this, and InProgress when others keep changing the draft.
    """
    written = _draft_text(body)
    for _ in attempts():
        item, before = _read_draft(by)
        check_version(before.version if before else None)
        version = int(item["version"]["N"]) if item else 0
        if before and _text_of(before.document) == written:
            return before
        at, author = instant_text(now()), by.user.shown_name
        stored = {
            **catalog_draft_key(),
            "version": number(version + 1),
            "changed_by": text(author),
            "changed_at": text(at),
            "document": text(written),
        }
        if put(stored, **(if_version(version) if version else IF_NOT_EXISTS)):
            return Draft(json.loads(written), version + 1, at, author)
    raise InProgress("Others keep changing the draft; nothing was done.")


def discard_draft(by: Caller, check_version: CheckVersion) -> None:
    """Discard the draft; raise NotFound where there is none, Forbidden, and InProgress, as for replacing it."""
    for _ in attempts():
        _, before = _read_draft(by)
        if before is None:
            raise NotFound("There is no draft of the catalog.")
        check_version(before.version)
        if put(_ended(before.version + 1), **if_version(before.version)):
            return
    raise InProgress("Others keep changing the draft; nothing was done.")


def _read_draft(by: Caller) -> tuple[Item | None, Draft | None]:
    found = get_all([catalog_draft_key(), *grant_check.keys_of(by)])
    grant_check.require_still_allowed(found, by)
    item = found.get(catalog_draft_key())
    return item, _draft_of(item)


def _ended(version: int) -> Item:
    return {**catalog_draft_key(), "version": number(version)}


def _draft_text(body: Any) -> str:
    """Return a draft as it is stored; raise Invalid for what is no object or no text, and TooLarge."""
    if not isinstance(body, Mapping):
        raise Invalid([FieldError("", "wrong_type", "A catalog is an object.")])
    try:
        written = _text_of(body)
        size = len(written.encode())
    except UnicodeEncodeError:
        raise Invalid([FieldError("", "malformed", "A text holds half of a surrogate pair.")]) from None
    except ValueError:
        raise Invalid([FieldError("", "malformed", "A number is too large.")]) from None
    if size > MAX_DOCUMENT_BYTES:
        raise TooLarge(f"A catalog has {MAX_DOCUMENT_BYTES // 1024} KiB at most.")
    return written
