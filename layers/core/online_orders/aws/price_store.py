"""Store price lists in the table."""

from collections.abc import Callable
from typing import NamedTuple

from online_orders.aws import grant_check, version_store
from online_orders.aws.audit_store import audit_write
from online_orders.aws.keys import PREFIX_END, PRICES_PK, Item, prices_directory_key, prices_key
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
from online_orders.clock import now
from online_orders.domain import audit
from online_orders.domain.callers import Caller
from online_orders.domain.errors import InProgress
from online_orders.domain.order_parts import User
from online_orders.domain.prices import ListPrice, PriceList
from online_orders.domain.values import instant_text


class PriceListRow(NamedTuple):
    """A price list in the directory."""

    currency: str
    version: int
    updated_at: str
    """RFC 3339."""
    prices: int
    """How many prices it has."""


class PriceListPage(NamedTuple):
    """Lists by currency, and the currency after which the next page begins (None: this was the last)."""

    rows: list[PriceListRow]
    position: str | None


def find_price_list(currency: str) -> PriceList | None:
    return _from_item(get(prices_key(currency)))


def _from_item(item: Item | None) -> PriceList | None:
    return PriceList.model_validate_json(item["document"]["S"]) if item else None


def put_price_list(prices: PriceList, before: PriceList | None, by: User) -> None:
    """Store a list in place of `before` (None: there was none), which is kept as its version; and the entry of the
    audit trail.

    Raises WriteConflict when another version is stored by now.
    """
    key = prices_key(prices.currency)
    stored = version_store.version_item(
        key, prices.version, prices.model_dump_json(), by.shown_name, prices.updated_at, ("/prices",) if before else ()
    )
    listed = {
        **prices_directory_key(prices.currency),
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
    action = "changed" if before else "created"
    return audit.entry(prices.updated_at, by, "price_list", prices.currency, action, was=was, now=is_now)


def replace_price_list(
    currency: str, prices: tuple[ListPrice, ...], by: Caller, check_version: Callable[[int | None], None]
) -> PriceList:
    """Create or replace a whole list; return it as stored.

    `check_version` gets the present version (None: there is no list), as for an account. Raises Forbidden for a
    caller who may no longer do this, and InProgress when others keep changing the list.
    """
    for _ in attempts():
        found = get_all([prices_key(currency), *grant_check.keys_of(by)])
        grant_check.require_still_allowed(found, by)
        before = _from_item(found.get(prices_key(currency)))
        check_version(before.version if before else None)
        if before and before.prices == prices:
            return before
        version = before.version + 1 if before else 1
        after = PriceList(currency=currency, version=version, updated_at=now(), prices=prices)
        try:
            put_price_list(after, before, by.user)
        except WriteConflict:
            continue
        return after
    raise InProgress("Others keep changing this price list; nothing was done.")


def list_price_lists(limit: int, after: str | None) -> PriceListPage:
    response = query_range(PRICES_PK, after + "\0" if after else "!", PREFIX_END, Limit=limit)
    rows = [
        PriceListRow(item["sk"]["S"], int(item["version"]["N"]), item["updated_at"]["S"], int(item["prices"]["N"]))
        for item in response["Items"]
    ]
    return PriceListPage(rows, rows[-1].currency if "LastEvaluatedKey" in response and rows else None)
