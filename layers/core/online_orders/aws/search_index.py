"""The index of the search: one item for each word of an order or an account (a posting), written after the fact.

Whatever writes an order or an account knows nothing of it: the outbox runs `index_order` after a timeline entry, and
`index_account` after a change of an account. The words that are written are stored beside what they are of, so that the
next run deletes those that no longer hold. They are stored before the first posting is written, so a run that dies
leaves nothing that the next one does not know of. Runs of one order at the same time end with the words of the last.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from online_orders.aws.account_store import StoredAccount
from online_orders.aws.keys import (
    Item,
    Key,
    OrderKey,
    account_key,
    account_words_key,
    customer_find_pk,
    find_account_pk,
    find_pk,
    order_key,
    order_words_key,
)
from online_orders.aws.keys import key as item_key
from online_orders.aws.order_store import number_pointer, order_from_item
from online_orders.aws.table import IF_NOT_EXISTS, attempts, get_all, number, put, text, write_all
from online_orders.domain.accounts import Account
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.orders import Order
from online_orders.domain.search_words import account_words, order_words
from online_orders.domain.timeline import Event

_WRITE_SECONDS = 10.0
"""Whoever processes the stream has a minute for many orders; the rest is done later."""
CHANGES_WORDS = frozenset(
    {
        Event.SUBMITTED,
        Event.QUOTE_RESENT,
        Event.HANDED_OVER,
        Event.CONTACT_CHANGED,
        Event.CONTACT_CORRECTED,
        Event.CONTACT_REMOVED,
        Event.PERSON_ERASED,
    }
)
"""The events after which an order may have other words."""
_ID_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_INVERTED = str.maketrans(_ID_CHARACTERS, _ID_CHARACTERS[::-1])

Posting = tuple[str, str]
"""The partition and the sort key of one."""


class _Written(NamedTuple):
    """What is stored of an order's or an account's words: those that may have postings, and in whose partitions."""

    words: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    """Whose users find the order; none for an account."""
    version: int = 0
    is_written: bool = False
    """Whether exactly these postings are written."""

    @classmethod
    def from_item(cls, item: Item | None) -> "_Written":
        if item is None:
            return cls()
        words, accounts = (tuple(filter(None, item[name]["S"].split(" "))) for name in ("words", "accounts"))
        return cls(words, accounts, int(item["version"]["N"]), item["is_written"]["BOOL"])

    def joined_with(self, other: "_Written") -> "_Written":
        words = tuple(dict.fromkeys((*self.words, *other.words)))
        return _Written(words, tuple(dict.fromkeys((*self.accounts, *other.accounts))))


class _Subject(NamedTuple):
    """What is indexed: the key of its stored words, its words now, and how its postings are made of words."""

    key: Key
    wanted: _Written
    postings: Callable[[_Written], set[Posting]]
    attributes: Item
    """Of each posting."""


def inverted(order_id: str) -> str:
    """Return a text by which newer orders sort first; the inverse of itself."""
    return order_id.translate(_INVERTED)


def index_order(order_location: OrderKey) -> None:
    """Write the postings of an order as it is now, and delete those that no longer hold; raise InProgress when others
    keep doing so.
    """
    _index(lambda: _order_subject(order_location))


def index_account(account_id: str) -> None:
    """Write the postings of an account as it is now; raises as `index_order`, and NotFound for an unknown account."""
    _index(lambda: _account_subject(account_id))


def add_number(order_id: str) -> None:
    """Let an order of an earlier release be found by its number; another order that has the same keeps it."""
    put(number_pointer(order_id), **IF_NOT_EXISTS)


def _order_subject(order_location: OrderKey) -> tuple[_Subject, _Written]:
    keys = [order_key(order_location), account_key(order_location.account_id), order_words_key(order_location.order_id)]
    order_item, account_item, stored = map(get_all(keys).get, keys)
    if order_item is None:
        raise NotFound(f"There is no order {order_location.order_id}.")
    order = order_from_item(order_item)
    account = StoredAccount.from_item(account_item).account if account_item else None
    wanted = _Written(order_words(order, account), tuple(_whose_users_find(order, account)))
    attributes = {"account_id": text(order.account_id), "source": text(order.source)}
    subject = _Subject(keys[2], wanted, lambda written: _order_postings(written, inverted(order.order_id)), attributes)
    return subject, _Written.from_item(stored)


def _whose_users_find(order: Order, account: Account | None) -> list[str]:
    """Return the accounts whose users find an order: nobody's a direct one, and the reseller's one of the screen."""
    if order.source == "direct":
        return []
    parent = account.parent_account_id if account else None
    return [order.account_id, *([parent] if parent else ())]


def _order_postings(written: _Written, suffix: str) -> set[Posting]:
    sort_keys = [(word, f"{word}#{suffix}") for word in written.words]
    return {
        *((find_pk(word), sk) for word, sk in sort_keys),
        *((customer_find_pk(account_id), sk) for account_id in written.accounts for _, sk in sort_keys),
    }


def _account_subject(account_id: str) -> tuple[_Subject, _Written]:
    keys = [account_key(account_id), account_words_key(account_id)]
    account_item, stored = map(get_all(keys).get, keys)
    if account_item is None:
        raise NotFound(f"There is no account {account_id}.")

    def postings(written: _Written) -> set[Posting]:
        return {(find_account_pk(word), f"{word}#{account_id}") for word in written.words}

    wanted = _Written(account_words(StoredAccount.from_item(account_item).account))
    return _Subject(keys[1], wanted, postings, {}), _Written.from_item(stored)


def _index(load: Callable[[], tuple[_Subject, _Written]]) -> None:
    mine = _Written()  # written by this run, which a faster one may not know of
    for _ in attempts():
        subject, stored = load()
        wanted = subject.wanted
        if stored.is_written and (stored.words, stored.accounts) == (wanted.words, wanted.accounts) and not mine.words:
            return
        before = stored.joined_with(mine)
        mine = before.joined_with(wanted)
        if not _store(subject.key, mine, stored.version, is_written=False):
            continue
        due = subject.postings(wanted)
        attributes = {**subject.attributes, "words": text(" ".join(wanted.words))}
        write_all(
            [
                *({"PutRequest": {"Item": {**_key(each), **attributes}}} for each in sorted(due)),
                *({"DeleteRequest": {"Key": _key(each)}} for each in sorted(subject.postings(before) - due)),
            ],
            for_seconds=_WRITE_SECONDS,
        )
        if _store(subject.key, wanted, stored.version + 1, is_written=True):
            return
    raise InProgress("Others keep indexing this; it is done later.")


def _key(posting: Posting) -> Key:
    return item_key(*posting)


def _store(key: Key, written: _Written, version: int, *, is_written: bool) -> bool:
    """Store words under the next version; return False if another run has stored some since `version` was read."""
    is_unchanged = {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": number(version)},
    }
    item: dict[str, Any] = {
        **key,
        "words": text(" ".join(written.words)),
        "accounts": text(" ".join(written.accounts)),
        "version": number(version + 1),
        "is_written": {"BOOL": is_written},
    }
    return put(item, **(is_unchanged if version else IF_NOT_EXISTS))
