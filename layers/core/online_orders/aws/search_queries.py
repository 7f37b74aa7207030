"""Find orders and accounts by words, in the index that `search_index` writes.

A call examines a bounded number of postings, whatever is stored: those of the most telling word. Each posting has all
the words, so further words of a query load nothing. What is found is checked against the order or account as it is now:
an outdated posting shows nothing, and a page may be short. Positions are sort keys of postings.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from online_orders.aws.account_store import AccountPage, StoredAccount, filter_subaccounts
from online_orders.aws.keys import (
    PREFIX_END,
    Item,
    OrderKey,
    account_key,
    customer_find_pk,
    find_account_pk,
    find_pk,
    key,
    order_key,
)
from online_orders.aws.order_queries import OrderFilter, OrderPage
from online_orders.aws.order_store import order_from_item
from online_orders.aws.search_index import inverted
from online_orders.aws.table import get_all, query_range
from online_orders.domain.accounts import Account
from online_orders.domain.errors import BadRequest
from online_orders.domain.orders import Order
from online_orders.domain.search_words import Search, account_words, order_words

MAX_EXAMINED = 400
"""Postings that one call examines."""
CHUNK = 100
"""Postings of one query."""
_LOADED = 25
"""Orders, with their accounts, that are loaded at once."""
MAX_TRIED = 3
"""Words of a query that are looked up to see which has few postings."""
_SEPARATOR = " "
"""Between a word and a sort key in a position: no word has it."""

T = TypeVar("T")


class _Walk(NamedTuple):
    """The postings of one word, from a position on."""

    pk: str
    driver: str
    is_prefix: bool
    after: str | None = None

    def chunk(self) -> Any:
        first = self.driver if self.is_prefix else f"{self.driver}#"
        start = {"ExclusiveStartKey": key(self.pk, self.after)} if self.after else {}
        return query_range(self.pk, first, first + PREFIX_END, Limit=CHUNK, **start)


def _begin(search: Search, pk_of: Callable[[str], str]) -> tuple[_Walk, Any]:
    """Return the walk of the longest word whose postings are few, else of the longest word, and its first chunk."""
    tried = []
    for driver in search.drivers[:MAX_TRIED]:
        walk = _Walk(pk_of(driver), driver, search.has_prefixes)
        tried.append((walk, walk.chunk()))
        if "LastEvaluatedKey" not in tried[-1][1]:
            return tried[-1]
    return tried[0]


def _continue(search: Search, pk_of: Callable[[str], str], position: str) -> tuple[_Walk, Any]:
    driver, _, after = position.partition(_SEPARATOR)
    if driver not in search.drivers or not after.startswith(driver):
        raise BadRequest("invalid_cursor", "The cursor is not one of this list.")
    walk = _Walk(pk_of(driver), driver, search.has_prefixes, after)
    return walk, walk.chunk()


def _find(
    search: Search,
    pk_of: Callable[[str], str],
    load: Callable[[Sequence[Item], str], Iterator[tuple[str, T]]],
    limit: int,
    position: str | None,
) -> tuple[list[T], str | None]:
    """Return a page of what the postings lead to, and the position after it (None: this was the last).

    `load` yields what some postings lead to by the word that is given, as it is now.
    """
    if not search.words:
        return [], None
    walk, response = _continue(search, pk_of, position) if position else _begin(search, pk_of)
    rows: list[T] = []
    examined = 0
    while True:
        items: list[Item] = response["Items"]
        for sk, row in _loaded(search, walk.driver, items, load):
            rows.append(row)
            if len(rows) == limit:
                is_last = sk == items[-1]["sk"]["S"] and "LastEvaluatedKey" not in response
                return rows, None if is_last else walk.driver + _SEPARATOR + sk
        examined += len(items)
        if "LastEvaluatedKey" not in response:
            return rows, None
        after = response["LastEvaluatedKey"]["sk"]["S"]
        if examined >= MAX_EXAMINED:
            return rows, walk.driver + _SEPARATOR + after
        walk = walk._replace(after=after)
        response = walk.chunk()


def _loaded(
    search: Search,
    driver: str,
    items: Sequence[Item],
    load: Callable[[Sequence[Item], str], Iterator[tuple[str, T]]],
) -> Iterator[tuple[str, T]]:
    """Yield what the postings lead to that match by their own words, each thing once."""
    wanted = [item for item in items if _is_first_match(search, driver, item, item["words"]["S"].split(" "))]
    for first in range(0, len(wanted), _LOADED):
        yield from load(wanted[first : first + _LOADED], driver)


def _is_first_match(search: Search, driver: str, posting: Item, words: Sequence[str]) -> bool:
    """Return whether words match, and the posting is the first of those that the driver finds: there is one for each
    word that begins alike.
    """
    word = posting["sk"]["S"].partition("#")[0]
    return search.matches(words) and search.first_found(driver, words) == word


# -- orders -------------------------------------------------------------------------------------------------------


def search_orders(search: Search, order_filter: OrderFilter, limit: int, position: str | None) -> OrderPage:
    """Return orders of every account that match: best matches first within a page, then the newest."""
    return _search_orders(search, find_pk, order_filter, None, limit, position)


def search_customer_orders(
    search: Search, account_id: str, order_filter: OrderFilter, limit: int, position: str | None
) -> OrderPage:
    """Return orders of the screen that match, of an account and of its present sub-accounts."""
    return _search_orders(search, lambda _: customer_find_pk(account_id), order_filter, account_id, limit, position)


def _search_orders(
    search: Search,
    pk_of: Callable[[str], str],
    order_filter: OrderFilter,
    customer: str | None,
    limit: int,
    position: str | None,
) -> OrderPage:
    if order_filter.is_empty:
        return OrderPage([], None)

    def load(postings: Sequence[Item], driver: str) -> Iterator[tuple[str, tuple[Order, int]]]:
        placed = [(posting, _location(posting)) for posting in postings]
        wanted = [(posting, at) for posting, at in placed if order_filter.is_within_bounds(at.order_id)]
        locations = [at for _, at in wanted]
        owners = {location.account_id for location in locations}
        allowed = owners if customer is None else {customer, *filter_subaccounts(customer, owners - {customer})}
        found = get_all([*map(order_key, locations), *map(account_key, sorted(owners))])
        for posting, location in wanted:
            item = found.get(order_key(location))
            if item is None or location.account_id not in allowed or (customer and location.source != "online"):
                continue
            stored = found.get(account_key(location.account_id))
            order, account = order_from_item(item), StoredAccount.from_item(stored).account if stored else None
            words = order_words(order, account)
            is_wanted = order_filter.includes(order) and order_filter.includes_account(account)
            if is_wanted and _is_first_match(search, driver, posting, words):
                yield posting["sk"]["S"], (order, search.rank(order, words))

    rows, after = _find(search, pk_of, load, limit, position)
    rows.sort(key=lambda row: (row[1], row[0].order_id), reverse=True)
    return OrderPage([order for order, _ in rows], after)


def _location(posting: Item) -> OrderKey:
    order_id = inverted(posting["sk"]["S"].partition("#")[2])
    return OrderKey(posting["account_id"]["S"], order_id, posting["source"]["S"])


# -- accounts -----------------------------------------------------------------------------------------------------


def search_accounts(search: Search, group: str | None, limit: int, position: str | None) -> AccountPage:
    """Return accounts that match, of a group or (None) of any, and the position after them."""

    def load(postings: Sequence[Item], driver: str) -> Iterator[tuple[str, Account]]:
        keys = [account_key(posting["sk"]["S"].partition("#")[2]) for posting in postings]
        found = get_all(keys)
        for posting, its_account in zip(postings, keys, strict=True):
            item = found.get(its_account)
            account = StoredAccount.from_item(item).account if item else None
            if account is None or (group and group not in account.groups):
                continue
            if _is_first_match(search, driver, posting, account_words(account)):
                yield posting["sk"]["S"], account

    return AccountPage(*_find(search, find_account_pk, load, limit, position))
