"""List orders with pagination: the customer's screen (newest first, own writes visible) and the desk (oldest first).

Every call examines a bounded number of items. A page may be short, and says where the next one begins. Positions are
order ids, which never change, so no row comes twice while orders are written.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from heapq import merge
from typing import Literal, NamedTuple

from online_orders.aws.account_store import StoredAccount, filter_subaccounts
from online_orders.aws.keys import (
    ORDER_PREFIX,
    PREFIX_END,
    SUBORDER_PREFIX,
    Item,
    Key,
    OrderKey,
    Source,
    account_key,
    account_pk,
    order_key,
)
from online_orders.aws.order_store import get_orders, order_from_item
from online_orders.aws.table import call, get_all, text
from online_orders.domain.accounts import Account
from online_orders.domain.order_ids import first_id_of
from online_orders.domain.order_parts import Priority
from online_orders.domain.order_status import OPEN_STATUSES, Status
from online_orders.domain.orders import Order
from online_orders.domain.quotes import Quote

FollowUp = Literal["due", "waiting", "now"]
MAX_EXAMINED = 400
"""Items that one query with a filter may examine; at 4 KB an order this is about DynamoDB's page of 1 MB.
Likewise the orders that one call looks into."""
_EXAMINED_AT_ONCE = 100
_KEYS_AT_ONCE = 1_000
"""Of open orders in one status, which are not loaded: 130 bytes each."""
"""As many as one batch reads."""


class OrderPage(NamedTuple):
    """Orders, and the order id after which the next page begins (None: this was the last)."""

    orders: list[Order]
    position: str | None


class QueryPage(NamedTuple):
    """The items of one query in sort order, and the last id that it examined (None: it came to the end)."""

    items: list[Item]
    last_key: str | None


class OrderFilter(NamedTuple):
    """The filters of a list; None: any."""

    statuses: frozenset[Status] | None = None
    purchase_order_number: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    zone: tzinfo = UTC
    """The time zone of these days: one for all orders, whatever their accounts' zones."""
    assignee_id: str | None = None
    account_id: str | None = None
    kind: str | None = None
    """Of an item."""
    group: str | None = None
    """Of accounts, as they are now."""
    min_amount: Decimal | None = None
    """Of the quote's value in the first year; an order without a quote has none."""
    max_amount: Decimal | None = None
    currency: str | None = None
    """Of the quote."""
    in_account_zones: bool = False
    """Whether the days are those of each order's account, as when it was placed, in place of the zone."""
    team: str | None = None
    priority: Priority | None = None
    follow_up: FollowUp | None = None
    at: datetime | None = None
    """When it is asked, for the days to follow up; needed with `follow_up`."""
    may_lag: bool = False
    """Whether an account's open orders may be those of a moment ago, as an index has them, for a page that is read. Who
    changes all of them must miss none."""

    def includes(self, order: Order) -> bool:
        return (
            (self.statuses is None or order.status in self.statuses)
            and self.purchase_order_number in {None, order.purchase_order_number}
            and (
                self.assignee_id is None or (order.assignee is not None and order.assignee.user_id == self.assignee_id)
            )
            and self.account_id in {None, order.account_id}
            and (not self.in_account_zones or self._includes_day(order.placed_on))
            and (self.kind is None or self.kind in order.item_kinds)
            and self._includes_quote(order.quote)
            and self._includes_handling(order)
        )

    def is_within_bounds(self, order_id: str) -> bool:
        """Return whether an order was placed on the days, for those who find it by another key."""
        first, beyond = self.bounds()
        return first <= order_id <= beyond

    def _includes_day(self, day: date) -> bool:
        return (self.first_day or date.min) <= day <= (self.last_day or date.max)

    def _includes_quote(self, quote: Quote | None) -> bool:
        if quote is None:
            return self.currency is None and self.min_amount is None and self.max_amount is None
        value = quote.first_year_value
        return (
            self.currency in {None, quote.currency}
            and (self.min_amount is None or value >= self.min_amount)
            and (self.max_amount is None or value <= self.max_amount)
        )

    def includes_account(self, account: Account | None) -> bool:
        """Return whether the filter includes the orders of an account; None for one that does not exist."""
        return self.group is None or (account is not None and self.group in account.groups)

    def _includes_handling(self, order: Order) -> bool:
        if (self.team, self.priority, self.follow_up) == (None, None, None):
            return True
        from online_orders.domain.later_parts import Handling  # imported here for the sake of cold starts

        handling = order.handling or Handling()
        if self.team not in {None, handling.team} or self.priority not in {None, handling.priority}:
            return False
        if self.follow_up is None or self.at is None:
            return True
        is_due = order.is_follow_up_due(self.at)
        is_waiting = order.is_open and handling.follow_up_on is not None and not is_due
        return is_due if self.follow_up == "due" else is_waiting is (self.follow_up == "waiting")

    @property
    def is_empty(self) -> bool:
        """Return whether the filters exclude each other, so that no order matches."""
        first, beyond = self.bounds()
        return self.statuses == frozenset() or first > beyond

    @property
    def examines(self) -> bool:
        """Return whether orders have to be loaded to see which of them match."""
        days = (self.first_day, self.last_day) if self.in_account_zones else ()
        handling = (self.team, self.priority, self.follow_up)
        if self.assignee_id is not None and self.account_id is None and self.statuses is not None:
            return True  # no index has both
        asked = (self.kind, self.group, self.min_amount, self.max_amount, self.currency, *days, *handling)
        return any(each is not None for each in asked)

    @property
    def is_of_open_ones(self) -> bool:
        return self.statuses is not None and self.statuses <= OPEN_STATUSES

    def bounds(self) -> tuple[str, str]:
        """Return the range of ids of the placing days, in the zone; with some hours more for days of accounts' zones,
        of which none is a day away from UTC.
        """
        spare = timedelta(days=1) if self.in_account_zones else timedelta(0)
        first = "0"
        if self.first_day:
            first = first_id_of(self.first_day - min(spare, self.first_day - date.min), self.zone)
        if self.last_day is None or date.max - self.last_day <= spare:
            return first, PREFIX_END
        return first, first_id_of(self.last_day + spare + timedelta(days=1), self.zone)


def statuses_of(status: Status | None, is_open: bool | None) -> frozenset[Status] | None:
    """Return the statuses that match both filters; None when neither is given."""
    if status is None and is_open is None:
        return None
    by_status = {status} if status else set(Status)
    by_open = set(Status) if is_open is None else OPEN_STATUSES if is_open else set(Status) - OPEN_STATUSES
    return frozenset(by_status & by_open)


def _query_page(
    account_id: str, prefix: str, order_filter: OrderFilter, limit: int, after: str | None, *, newest_first: bool
) -> QueryPage:
    first, beyond = order_filter.bounds()
    pk = account_pk(account_id)
    names: dict[str, str] = {}
    values = {":pk": text(pk), ":first": text(prefix + first), ":beyond": text(prefix + beyond)}
    conditions = []
    if prefix != SUBORDER_PREFIX and order_filter.statuses is not None:
        names["#status"] = "status"
        slots = {f":s{index}": text(status) for index, status in enumerate(sorted(order_filter.statuses))}
        values |= slots
        conditions.append(f"#status IN ({', '.join(slots)})")
    if prefix != SUBORDER_PREFIX and order_filter.purchase_order_number is not None:
        values[":po"] = text(order_filter.purchase_order_number)
        conditions.append("purchase_order_number = :po")
    filters = {"FilterExpression": " AND ".join(conditions)} if conditions else {}
    response = call(
        "query",
        KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :beyond",
        ExpressionAttributeValues=values,
        **({"ExpressionAttributeNames": names} if names else {}),
        **filters,
        **({"ExclusiveStartKey": {"pk": text(pk), "sk": text(prefix + after)}} if after else {}),
        ConsistentRead=True,
        ScanIndexForward=not newest_first,
        Limit=MAX_EXAMINED if filters else limit,
    )
    items: list[Item] = response["Items"]
    if len(items) > limit:  # only a query with a filter examines more than the page holds
        return QueryPage(items[:limit], _order_id_of(items[limit - 1]))
    last = response.get("LastEvaluatedKey")
    return QueryPage(items, last["sk"]["S"].removeprefix(prefix) if last else None)


def _order_id_of(item: Item) -> str:
    return str(item["sk"]["S"].partition("#")[2])


def list_account_orders(account_id: str, order_filter: OrderFilter, limit: int, after: str | None) -> OrderPage:
    """Return orders that one account placed on the screen, newest first."""
    if order_filter.is_empty:
        return OrderPage([], None)
    items, until = _query_page(account_id, ORDER_PREFIX["online"], order_filter, limit, after, newest_first=True)
    return OrderPage([order_from_item(item) for item in items], until)


def list_orders_with_subaccounts(
    account_id: str, order_filter: OrderFilter, limit: int, after: str | None
) -> OrderPage:
    """Return orders of an account and of its present sub-accounts, newest first."""
    if order_filter.is_empty:
        return OrderPage([], None)
    own = _query_page(account_id, ORDER_PREFIX["online"], order_filter, limit, after, newest_first=True)
    subs = _query_page(account_id, SUBORDER_PREFIX, order_filter, limit, after, newest_first=True)
    if not subs.items and subs.last_key is None:
        return OrderPage([order_from_item(item) for item in own.items], own.last_key)
    # Beyond the point where either query stopped, its rows are unknown: the page ends there.
    horizon = max(own.last_key or "", subs.last_key or "")
    seen = [
        item for item in merge(own.items, subs.items, key=_order_id_of, reverse=True) if _order_id_of(item) >= horizon
    ]
    rows = seen[:limit]
    position = _order_id_of(rows[-1]) if len(seen) > limit else horizon or None
    return OrderPage(_resolve_pointers(account_id, rows, order_filter), position)


def _resolve_pointers(reseller_id: str, rows: Iterable[Item], order_filter: OrderFilter) -> list[Order]:
    """Return the orders of own rows and of pointers, without those of accounts that have left the reseller."""
    rows = list(rows)
    owners = {item["account_id"]["S"] for item in rows if "account_id" in item}
    present = filter_subaccounts(reseller_id, owners) if owners else set()
    keys = [
        order_key(OrderKey(item["account_id"]["S"], _order_id_of(item), "online"))
        for item in rows
        if "account_id" in item and item["account_id"]["S"] in present
    ]
    subs = {order.order_id: order for order in get_orders(keys)}
    orders = (order_from_item(item) if "document" in item else subs.get(_order_id_of(item)) for item in rows)
    return [order for order in orders if order and order_filter.includes(order)]


def find_duplicate_candidates(account_id: str) -> list[Order]:
    """Return the open and completed orders of an account, newest first, among its newest MAX_EXAMINED.

    As many direct orders are examined, too.
    """
    order_filter = OrderFilter(statuses=OPEN_STATUSES | {Status.COMPLETED})
    found = [
        order_from_item(item)
        for prefix in ORDER_PREFIX.values()
        for item in _query_page(account_id, prefix, order_filter, MAX_EXAMINED, None, newest_first=True).items
    ]
    return sorted(found, key=lambda order: order.order_id, reverse=True)


# -- the desk -----------------------------------------------------------------------------------------------------


def list_desk_orders(order_filter: OrderFilter, limit: int, after: str | None) -> OrderPage:
    """Return orders of every account, oldest first, by the index that fits: of the account, else assignee, else
    status. What is open is few, and what an assignee ever had grows for good, so a filter by both goes by status;
    likewise of an account, for lists that may lag.

    A page with a filter that has to look into the orders may be short: MAX_EXAMINED orders are looked into at most.
    """
    if order_filter.is_empty:
        return OrderPage([], None)
    if not order_filter.examines:
        return _desk_page(order_filter, limit, after)
    found: list[Order] = []
    examined, at_once = 0, limit  # mostly that fills the page, and then nothing more is read
    while examined < MAX_EXAMINED:
        orders, after = _desk_page(order_filter, at_once, after)
        found += orders
        examined += at_once
        at_once = min(_EXAMINED_AT_ONCE, MAX_EXAMINED - examined)
        if len(found) > limit:
            return OrderPage(found[:limit], found[limit - 1].order_id)
        if after is None or len(found) == limit:
            break
    return OrderPage(found, after)


def _desk_page(order_filter: OrderFilter, limit: int, after: str | None) -> OrderPage:
    """Return those of up to `limit` orders that the filter includes, and the order after which the next page begins."""
    first, beyond = order_filter.bounds()
    if order_filter.account_id and order_filter.is_of_open_ones and order_filter.may_lag:
        return _open_of_account(order_filter, limit, max(after or "", first), beyond)
    if order_filter.account_id:
        sources: list[Source] = ["online", "direct"]
        pages = [
            _query_page(order_filter.account_id, ORDER_PREFIX[source], order_filter, limit, after, newest_first=False)
            for source in sources
        ]
    elif order_filter.assignee_id and not order_filter.is_of_open_ones:
        pages = [_index("assignee", "assignee_id", order_filter.assignee_id, limit, max(after or "", first))]
    else:
        after = max(after or "", first)
        pages = _by_status(set(Status) if order_filter.statuses is None else order_filter.statuses, limit, after)
    rows, position = _oldest_first(pages, limit)
    if position and position > beyond:
        position = None  # what follows is later than the last day
    keys: list[Key] = [{"pk": item["pk"], "sk": item["sk"]} for item in rows]
    orders = [order for order in get_orders(keys) if order_filter.includes(order)]
    return OrderPage(_of_group(orders, order_filter), position)


def _open_of_account(order_filter: OrderFilter, limit: int, after: str, beyond: str) -> OrderPage:
    """Return a page of an account's open orders, from the keys of what is open; only the account's are loaded."""
    statuses = order_filter.statuses or ()
    rows, position = _oldest_first(_by_status(statuses, _KEYS_AT_ONCE, after), len(statuses) * _KEYS_AT_ONCE)
    pk = text(account_pk(order_filter.account_id or ""))
    own = [row for row in rows if row["pk"] == pk and _order_id_of(row) <= beyond]
    if len(own) > limit:
        own, position = own[:limit], _order_id_of(own[limit - 1])
    elif position and position > beyond:
        position = None
    keys: list[Key] = [{"pk": row["pk"], "sk": row["sk"]} for row in own]
    orders = [order for order in get_orders(keys) if order_filter.includes(order)]
    return OrderPage(_of_group(orders, order_filter), position)


def _of_group(orders: list[Order], order_filter: OrderFilter) -> list[Order]:
    if order_filter.group is None or not orders:
        return orders
    found = get_all([account_key(each) for each in sorted({order.account_id for order in orders})])

    def is_wanted(order: Order) -> bool:
        item = found.get(account_key(order.account_id))
        return order_filter.includes_account(StoredAccount.from_item(item).account if item else None)

    return [order for order in orders if is_wanted(order)]


def list_open_ids(limit: int, after: str | None) -> tuple[list[str], str | None]:
    """Return ids of open orders of every account, oldest first, and the one after which the next page begins.

    No order is loaded, so an order that cannot be parsed stops nothing.
    """
    rows, position = _oldest_first(_by_status(OPEN_STATUSES, limit, after), limit)
    return [_order_id_of(item) for item in rows], position


def _by_status(statuses: Collection[Status], limit: int, after: str | None) -> list[QueryPage]:
    return [_index("desk", "desk_status", status, limit, after) for status in Status if status in statuses]


def _index(name: str, attribute: str, value: str, limit: int, after: str | None) -> QueryPage:
    response = call(
        "query",
        IndexName=name,
        KeyConditionExpression=f"{attribute} = :value AND order_id > :after",
        ExpressionAttributeValues={":value": text(value), ":after": text(after or "0")},
        Limit=limit,
    )
    last = response.get("LastEvaluatedKey")
    return QueryPage(response["Items"], last["order_id"]["S"] if last else None)


def _oldest_first(pages: Collection[QueryPage], limit: int) -> tuple[list[Item], str | None]:
    ends = [page.last_key for page in pages if page.last_key]
    horizon = min(ends, default=None)
    seen = [
        item
        for item in merge(*(page.items for page in pages), key=_order_id_of)
        if horizon is None or _order_id_of(item) <= horizon
    ]
    rows = list({_order_id_of(item): item for item in seen}.values())
    position = _order_id_of(rows[limit - 1]) if len(rows) > limit else horizon
    return rows[:limit], position
