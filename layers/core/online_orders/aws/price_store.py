"""Store price lists in the table: the default ones, and those of accounts and of groups of accounts."""

from collections.abc import Callable, Collection
from typing import Any, Literal, NamedTuple

from online_orders.aws import catalog_store, grant_check, version_store
from online_orders.aws.audit_store import audit_write
from online_orders.aws.keys import (
    ACCOUNT_PRICES_PK,
    GROUP_PRICES_PK,
    PREFIX_END,
    PRICES_PK,
    Item,
    Key,
    account_key,
    prices_directory_key,
    prices_key,
)
from online_orders.aws.table import (
    IF_NOT_EXISTS,
    WriteConflict,
    attempts,
    get,
    get_all,
    number,
    query_range,
    text,
    transact,
)
from online_orders.clock import day_in, now
from online_orders.domain import audit
from online_orders.domain.accounts import Account
from online_orders.domain.callers import Caller
from online_orders.domain.catalog import Catalog
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.order_parts import User
from online_orders.domain.prices import EVERYBODY, ListPrice, PriceList, PriceScope, prices_in_force
from online_orders.domain.values import instant_text

ParsePrices = Callable[[Catalog, Collection[ListPrice]], tuple[ListPrice, ...]]
"""Returns the prices that were sent, given the catalog in force and the prices that the list has by now."""
ScopeName = Literal["default", "account", "group"]
_DIRECTORIES: dict[ScopeName, str] = {
    "default": PRICES_PK,
    "account": ACCOUNT_PRICES_PK,
    "group": GROUP_PRICES_PK,
}


class PriceListRow(NamedTuple):
    """A price list in a directory."""

    currency: str
    scope: PriceScope
    version: int
    updated_at: str
    """RFC 3339."""
    prices: int
    """How many prices it has."""

    @classmethod
    def from_item(cls, item: Item) -> "PriceListRow":
        owner, _, currency = item["sk"]["S"].rpartition("#")
        scope = PriceScope(
            account_id=owner if item["pk"]["S"] == ACCOUNT_PRICES_PK else None,
            group=owner if item["pk"]["S"] == GROUP_PRICES_PK else None,
        )
        updated_at, prices = item["updated_at"]["S"], int(item["prices"]["N"])
        return cls(currency, scope, int(item["version"]["N"]), updated_at, prices)

    @property
    def position(self) -> str:
        """Return the place of the row in its directory."""
        return prices_directory_key(self.currency, *self.scope)["sk"]["S"]

    def body(self) -> dict[str, Any]:
        """Return the row as the API has it: it names the account or the group, if the list is of one."""
        owner = {name: value for name, value in self.scope._asdict().items() if value}
        counts = {"version": self.version, "updated_at": self.updated_at, "prices": self.prices}
        return {"currency": self.currency, **owner, **counts}


class PriceListPage(NamedTuple):
    """Lists by account or group and currency, and where the next page begins (None: this was the last)."""

    rows: list[PriceListRow]
    position: str | None


def find_price_list(currency: str, scope: PriceScope = EVERYBODY) -> PriceList | None:
    return _from_item(get(prices_key(currency, *scope)))


def _from_item(item: Item | None) -> PriceList | None:
    return PriceList.model_validate_json(item["document"]["S"]) if item else None


def price_lists_for(account: Account, currency: str | None = None) -> list[PriceList]:
    """Return the lists that hold for an account, those that go first before others, in one read.

    `currency` is another one than the account's.
    """
    keys = _keys_for(account, currency or account.currency)
    found = get_all(keys)
    return [listed for key in keys if (listed := _from_item(found.get(key)))]


def _keys_for(account: Account, currency: str) -> list[Key]:
    groups = (PriceScope(group=group) for group in dict.fromkeys(account.groups))
    scopes = (PriceScope(account_id=account.account_id), *groups, EVERYBODY)
    return [prices_key(currency, *scope) for scope in scopes]


def put_price_list(prices: PriceList, before: PriceList | None, by: User) -> None:
    """Store a list in place of `before` (None: there was none), which is kept as its version; and the entry of the
    audit trail.

    Raises WriteConflict when another version is stored by now.
    """
    key = prices_key(prices.currency, *prices.scope)
    stored = version_store.version_item(
        key, prices.version, prices.model_dump_json(), by.shown_name, prices.updated_at, ("/prices",) if before else ()
    )
    listed = {
        **prices_directory_key(prices.currency, *prices.scope),
        "version": number(prices.version),
        "updated_at": text(instant_text(prices.updated_at)),
        "prices": number(len(prices.prices)),
    }
    put = (
        version_store.replace_actions(stored, before.version)
        if before
        else [{"Put": {"Item": stored, **IF_NOT_EXISTS}}]
    )
    transact([*put, {"Put": {"Item": listed}}, audit_write(_audit_entry(prices, before, by))])


def _audit_entry(prices: PriceList, before: PriceList | None, by: User) -> audit.AuditEntry:
    was, is_now = (each.model_dump(mode="json", include={"prices"}) if each else None for each in (before, prices))
    account_id, group = prices.scope
    query = f"?account_id={account_id}" if account_id else f"?group={group}" if group else ""
    return audit.entry(
        prices.updated_at,
        by,
        "price_list",
        f"{prices.currency}{query}",
        "changed" if before else "created",
        account_id=account_id,
        was=was,
        now=is_now,
    )


def replace_price_list(
    currency: str,
    parse: ParsePrices,
    by: Caller,
    check_version: Callable[[int | None], None],
    scope: PriceScope = EVERYBODY,
) -> PriceList:
    """Create or replace a whole list; return it as stored.

    `check_version` gets the present version (None: there is no list), as for an account. Raises Forbidden for a
    caller who may no longer do this, NotFound for a list of an account that does not exist or a new list of a group
    that the catalog does not have, what `parse` raises, and InProgress when others keep changing the list.
    """
    key = prices_key(currency, *scope)
    owner = account_key(scope.account_id) if scope.account_id else None
    for _ in attempts():
        owners = [owner] if owner else []
        found = get_all([key, *owners, *grant_check.keys_of(by), *catalog_store.keys_to_read()])
        grant_check.require_still_allowed(found, by)
        if owner and found.get(owner) is None:
            raise NotFound(f"There is no account {scope.account_id}.")
        before = _from_item(found.get(key))
        catalog = catalog_store.from_items(found)
        if scope.group and scope.group not in catalog.groups and before is None:
            raise NotFound(f"There is no group {scope.group}.")
        prices = parse(catalog, before.prices if before else ())
        check_version(before.version if before else None)
        if before and before.prices == prices:
            return before
        after = PriceList(
            currency=currency,
            account_id=scope.account_id,
            group=scope.group,
            version=before.version + 1 if before else 1,
            updated_at=now(),
            prices=prices,
        )
        try:
            put_price_list(after, before, by.user)
        except WriteConflict:
            continue
        return after
    raise InProgress("Others keep changing this price list; nothing was done.")


def list_price_lists(
    limit: int, after: str | None, of: ScopeName = "default", scope: PriceScope = EVERYBODY
) -> PriceListPage:
    """Return a page of the default lists, of all accounts' or all groups', or of those that one `scope` has."""
    owner = scope.account_id or scope.group
    prefix = f"{owner}#" if owner else ""
    first = after + "\0" if after else prefix or "!"
    pk = _DIRECTORIES[scope.name if owner else of]
    response = query_range(pk, first, prefix + PREFIX_END, Limit=limit)
    rows = [PriceListRow.from_item(item) for item in response["Items"]]
    return PriceListPage(rows, rows[-1].position if "LastEvaluatedKey" in response and rows else None)


def indicative_prices(account: Account, catalog: Catalog) -> list[dict[str, Any]]:
    """Return what the items of an account cost today, in one read; `catalog` is what it may order."""
    lists = price_lists_for(account)
    rows = prices_in_force(catalog, lists, day_in(account.time_zone, now()))
    return [row.model_dump(mode="json") for row in rows]
