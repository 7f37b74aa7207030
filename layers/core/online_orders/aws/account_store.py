"""Store accounts in the table."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, NamedTuple

from online_orders.aws import catalog_store, grant_check, version_store
from online_orders.aws.keys import (
    DIRECTORY_PK,
    PREFIX_END,
    SUBACCOUNT_PREFIX,
    Item,
    Key,
    account_key,
    account_pk,
    change_key,
    directory_key,
    group_member_key,
    group_pk,
    subaccount_key,
)
from online_orders.aws.outbox_flags import pending_change
from online_orders.aws.table import (
    IF_NOT_EXISTS,
    Items,
    WriteConflict,
    attempts,
    get,
    get_all,
    query_pointed,
    query_range,
    transact,
)
from online_orders.clock import now
from online_orders.domain.accounts import Account, catalog_faults, changed_members, parse_account
from online_orders.domain.callers import Caller
from online_orders.domain.catalog import Catalog
from online_orders.domain.errors import FieldError, InProgress, NotFound
from online_orders.domain.order_parts import User
from online_orders.domain.values import is_identifier

_FIRST_ID = "!"
"""Sorts before every account's id, and is no empty text, which no sort key may be."""


class StoredAccount(NamedTuple):
    account: Account
    version: int
    changed_by: str
    """The e-mail address of whoever changed it last, or the name of a service user."""

    @classmethod
    def from_item(cls, item: Item) -> "StoredAccount":
        account = Account.model_validate_json(item["document"]["S"])
        return cls(account, int(item["version"]["N"]), item["changed_by"]["S"])


class Offer(NamedTuple):
    """The catalog in force, and the account that is to order from it; None for none, or none that is known."""

    catalog: Catalog
    account: Account | None


class AccountPage(NamedTuple):
    """Accounts by id, and the id after which the next page begins (None: this was the last)."""

    accounts: list[Account]
    position: str | None


def _account_not_found(account_id: str) -> NotFound:
    return NotFound(f"There is no account {account_id}.")


def find_account(account_id: str) -> StoredAccount | None:
    item = get(account_key(account_id))
    return StoredAccount.from_item(item) if item else None


def get_stored_account(account_id: str) -> StoredAccount:
    stored = find_account(account_id)
    if stored is None:
        raise _account_not_found(account_id)
    return stored


def get_account(account_id: str) -> Account:
    return get_stored_account(account_id).account


def access_keys(caller_account_id: str, account_id: str) -> list[Key]:
    """Return the keys of the items that `authorize` needs."""
    keys = [account_key(account_id)]
    return keys if caller_account_id == account_id else [*keys, subaccount_key(caller_account_id, account_id)]


def authorize(found: Items, caller_account_id: str, account_id: str) -> Account:
    """Return the account if it is the caller's own or its sub-account; raise NotFound for any other."""
    items = [found.get(key) for key in access_keys(caller_account_id, account_id)]
    if items[0] is None or None in items:
        raise _account_not_found(account_id)
    return StoredAccount.from_item(items[0]).account


def get_account_for_caller(caller_account_id: str, account_id: str, changed_by: Caller | None = None) -> Account:
    """Return the account if it is the caller's own or its sub-account; raise NotFound for any other, and Forbidden
    where `changed_by` may no longer change what belongs to it.
    """
    found = get_all([*access_keys(caller_account_id, account_id), *grant_check.keys_of(changed_by)])
    grant_check.require_still_allowed(found, changed_by)
    return authorize(found, caller_account_id, account_id)


def get_offer(caller_account_id: str, account_id: str) -> Offer:
    """Return an account that is the caller's own or its sub-account, with the catalog, by one read; raise NotFound for
    any other.
    """
    found = get_all([*access_keys(caller_account_id, account_id), *catalog_store.keys_to_read()])
    return Offer(catalog_store.from_items(found), authorize(found, caller_account_id, account_id))


def find_offer(account_id: str | None) -> Offer:
    """Return the catalog and, where there is such an account, the account."""
    keys = [] if account_id is None else [account_key(account_id)]
    found = get_all([*keys, *catalog_store.keys_to_read()])
    item = found.get(keys[0]) if keys else None
    return Offer(catalog_store.from_items(found), StoredAccount.from_item(item).account if item else None)


def put_account(account: Account, before: StoredAccount | None, by: User) -> int:
    """Store an account and its items in the directories; return its new version.

    The version before is kept, and so are the pending change for the outbox and the entry of the audit trail. `before`
    is the account that the decision was based on (None: there was none); raises WriteConflict when another version is
    stored by now.
    """
    version, at = before.version + 1 if before else 1, now()
    key, changed = account_key(account.account_id), changed_members(before.account, account) if before else ()
    stored = version_store.version_item(key, version, account.model_dump_json(), by.shown_name, at, changed)
    if before is None:
        actions: list[Item] = [{"Put": {"Item": stored, **IF_NOT_EXISTS}}]
        actions.append({"Put": {"Item": directory_key(account.account_id)}})
    else:
        actions = version_store.replace_actions(stored, before.version)
    if messages := _change_messages(before.account if before else None, account, version, by):
        actions.append(change_write(account.account_id, version, at, messages))
    old_parent = before.account.parent_account_id if before else None
    if old_parent != account.parent_account_id:
        if old_parent:
            actions.append({"Delete": {"Key": subaccount_key(old_parent, account.account_id)}})
        if account.parent_account_id:
            actions.append({"Put": {"Item": subaccount_key(account.parent_account_id, account.account_id)}})
    actions += _group_moves(before.account if before else None, account)
    transact([*actions, _audit_write(account, before.account if before else None, by, at)])
    return version


def change_write(account_id: str, version: int, at: datetime, messages: list[dict[str, Any]]) -> Item:
    """Return the write of the change that led to a version of an account, with its messages to `account_changes`."""
    return {"Put": {"Item": pending_change(change_key(account_id, version), account_id, at, messages)}}


def _group_moves(before: Account | None, after: Account) -> list[Item]:
    """Return the writes of the pointers by which groups list an account."""
    old, new = set(before.groups if before else ()), set(after.groups)
    return [
        *({"Delete": {"Key": group_member_key(group, after.account_id)}} for group in sorted(old - new)),
        *({"Put": {"Item": group_member_key(group, after.account_id)}} for group in sorted(new - old)),
    ]


def _audit_write(account: Account, before: Account | None, by: User, at: datetime) -> Item:
    # Imported here for the sake of cold starts: who places an order changes no account.
    from online_orders.aws.audit_store import audit_write
    from online_orders.domain import audit

    return audit_write(
        audit.entry(
            at,
            by,
            "account",
            account.account_id,
            "changed" if before else "created",
            account_id=account.account_id,
            was=before.model_dump(mode="json") if before else None,
            now=account.model_dump(mode="json"),
        )
    )


def replace_account(
    account_id: str, body: Any, by: Caller, check_version: Callable[[int | None], None]
) -> StoredAccount:
    """Create or replace a whole account from the body of a request; return it as stored.

    `check_version` gets the present version (None: there is no account) and raises what it refuses with. The write is
    conditional on that version, and after a lost race the present version is checked again. Models and groups are those
    of the catalog that is in force. Raises Invalid with every error of the body, Forbidden for a caller who may no
    longer do this, and InProgress when others keep changing the account.
    """
    parent_errors = _parent_errors(account_id, body)
    for _ in attempts():
        found = get_all([account_key(account_id), *grant_check.keys_of(by), *catalog_store.keys_to_read()])
        grant_check.require_still_allowed(found, by)
        catalog = catalog_store.from_items(found)
        item = found.get(account_key(account_id))
        before = StoredAccount.from_item(item) if item else None
        faults = catalog_faults(
            body, equipment=catalog.equipment, groups=catalog.groups, before=before.account if before else None
        )
        account = parse_account(account_id, body, [*parent_errors, *faults])
        check_version(before.version if before else None)
        if before and before.account == account:
            return before
        try:
            return StoredAccount(account, put_account(account, before, by.user), by.user.shown_name)
        except WriteConflict:
            continue
    raise InProgress("Others keep changing this account; nothing was done.")


def _parent_errors(account_id: str, body: Any) -> list[FieldError]:
    """Return the errors of the account's parent; whether the id is valid is checked elsewhere."""
    parent_id = body.get("parent_account_id") if isinstance(body, dict) else None
    if not isinstance(parent_id, str) or not is_identifier(parent_id) or parent_id == account_id:
        return []
    parent = find_account(parent_id)
    where = "/parent_account_id"
    if parent is None:
        return [FieldError(where, "unknown_account", "There is no such account.")]
    found = []
    if parent.account.parent_account_id:
        found.append(FieldError(where, "not_a_reseller", "A sub-account has no sub-accounts."))
    if has_subaccounts(account_id):
        found.append(FieldError(where, "is_a_reseller", "This account has sub-accounts itself."))
    return found


def _change_messages(old: Account | None, new: Account, version: int, by: User) -> list[dict[str, Any]]:
    """Return the messages to `account_changes`.

    Orders are synced with a new enrollment, language or time zone, and with a new reseller. People get a notice of all
    of these but the language and the time zone. The account is indexed by its new words.
    """
    from online_orders.domain.account_notifications import notices  # imported here for the sake of cold starts

    searched = search_messages(old, new, version)
    if old is None:
        return searched
    kinds = []
    if old.enrollment != new.enrollment:
        kinds.append("enrollment")
    elif (old.locale, old.time_zone) != (new.locale, new.time_zone):
        kinds.append("settings")
    if old.parent_account_id != new.parent_account_id:
        kinds.append("parent")
    if notices(old, new):
        kinds.append("notices")
    shared = {"account_id": new.account_id, "version": version, "by": by.shown_name}
    return [*({**shared, "kind": kind} for kind in kinds), *searched]


def search_messages(old: Account | None, new: Account, version: int) -> list[dict[str, Any]]:
    """Return the message by which an account is indexed, and with `orders` its orders too; none while its words and its
    reseller are the same.
    """
    from online_orders.domain.search_words import account_words  # imported here for the sake of cold starts

    is_moved = old is not None and (old.name, old.parent_account_id) != (new.name, new.parent_account_id)
    if old is not None and not is_moved and account_words(old) == account_words(new):
        return []
    return [{"account_id": new.account_id, "version": version, "kind": "search", "orders": is_moved}]


def get_account_version(account_id: str, version: int) -> Account:
    """Return an account as one of its versions was; raise NotFound for a version that is not kept."""
    found = version_store.find_version(account_key(account_id), version)
    if found is None:
        raise NotFound(f"The account {account_id} has no version {version}.")
    return Account.model_validate_json(found.document)


def list_accounts(limit: int, after: str | None) -> AccountPage:
    return _page(DIRECTORY_PK, "", limit, after)


def list_group(group: str, limit: int, after: str | None) -> AccountPage:
    return _page(group_pk(group), "", limit, after)


def has_accounts(group: str) -> bool:
    """Return whether an account is in a group."""
    return bool(query_range(group_pk(group), _FIRST_ID, PREFIX_END, Limit=1)["Items"])


def list_subaccounts(reseller_id: str, limit: int, after: str | None) -> AccountPage:
    return _page(account_pk(reseller_id), SUBACCOUNT_PREFIX, limit, after)


def has_subaccounts(account_id: str) -> bool:
    first, last = SUBACCOUNT_PREFIX + _FIRST_ID, SUBACCOUNT_PREFIX + PREFIX_END
    return bool(query_range(account_pk(account_id), first, last, Limit=1)["Items"])


def _page(pk: str, prefix: str, limit: int, after: str | None) -> AccountPage:
    items, position = query_pointed(pk, prefix, account_key, limit, after, first=_FIRST_ID)
    return AccountPage([StoredAccount.from_item(item).account for item in items], position)


def filter_subaccounts(reseller_id: str, candidates: Collection[str]) -> set[str]:
    """Return which of up to 100 candidates are the reseller's sub-accounts now."""
    found = get_all([subaccount_key(reseller_id, each) for each in candidates])
    return {each for each in candidates if found.get(subaccount_key(reseller_id, each))}
