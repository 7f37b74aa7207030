"""Build the index of the search anew, account by account, for orders of an earlier release. Operators run this.

Nothing is scanned: it walks the directory of accounts, and each account's orders. What is indexed already costs a read.
It may be stopped at any time, and runs beside everything else.
"""

from collections.abc import Iterator
from typing import NamedTuple

from online_orders.aws import search_index
from online_orders.aws.account_store import get_account, list_accounts
from online_orders.aws.order_queries import OrderFilter, list_desk_orders
from online_orders.aws.order_store import key_of

_BATCH_SIZE = 25
_ACCOUNTS = 100


class RebuildStep(NamedTuple):
    """What one page has done."""

    position: str
    """The last account that is done; `rebuild_search(after=position)` continues after it."""
    accounts: int
    orders: int


def rebuild_search(account_id: str | None = None, *, after: str | None = None) -> Iterator[RebuildStep]:
    """Index an account with its orders, or every account (None), and let each order be found by its number.

    Yields after each page of orders. Raises NotFound for an unknown account.
    """
    if account_id is not None:
        get_account(account_id)
        yield from _rebuild_account(account_id, after or "")
        return
    done, position = after or "", after
    while True:
        page = list_accounts(_ACCOUNTS, position)
        for account in page.accounts:
            yield from _rebuild_account(account.account_id, done)
            done = account.account_id
        if page.position is None:
            return
        position = page.position


def _rebuild_account(account_id: str, done: str) -> Iterator[RebuildStep]:
    search_index.index_account(account_id)
    position = None
    while True:
        page = list_desk_orders(OrderFilter(account_id=account_id), _BATCH_SIZE, position)
        for order in page.orders:
            search_index.add_number(order.order_id)
            search_index.index_order(key_of(order))
        position = page.position
        if position is None:
            yield RebuildStep(account_id, 1, len(page.orders))
            return
        yield RebuildStep(done, 0, len(page.orders))
