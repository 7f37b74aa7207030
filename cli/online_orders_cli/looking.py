"""Read an order as it changes, and whole lists of orders and of prices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain
from urllib.parse import quote, urlencode

from online_orders.domain.csv_pages import csv_page, dialect_for
from online_orders.domain.prices import PriceList, PriceScope
from online_orders.domain.values import MAX_LIMIT
from online_orders_cli.installation import Installation, Json


def watch(
    installation: Installation, order_id: str, seconds: float, every: float, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Json]:
    """Yield timeline entries as they are written, until the order is closed or the seconds are over."""
    desk = f"/api/desk/orders/{quote(order_id, safe='')}"
    end = time.monotonic() + seconds
    cursor, seen = "", 0
    while True:
        is_closed = installation.request("GET", desk).json()["closed"] is not None
        while True:
            where = f"{desk}/timeline?limit={MAX_LIMIT}" + (f"&cursor={cursor}" if cursor else "")
            page = installation.request("GET", where).json()
            for entry in page["items"]:
                if entry["sequence"] > seen:
                    seen = entry["sequence"]
                    yield entry
            if not page["next_cursor"]:
                break
            cursor = page["next_cursor"]
        if is_closed or time.monotonic() >= end:
            return
        sleep(every)


def orders(installation: Installation, account_id: str | None, status: str | None) -> Iterator[Json]:
    """Return whole orders, oldest first; raise Refused at once for an unknown account, whose list would be empty."""
    if account_id:
        installation.request("GET", f"/api/desk/accounts/{quote(account_id, safe='')}")
    requested = {name: value for name, value in (("account_id", account_id), ("status", status)) if value}
    return installation.pages("/api/desk/orders" + (f"?{urlencode(requested)}" if requested else ""))


def timelines(installation: Installation, account_id: str) -> Iterator[Json]:
    """Yield every entry of every order of an account, each with its order's id, order by order."""
    for order in orders(installation, account_id, None):
        for entry in installation.pages(f"/api/desk/orders/{order['order_id']}/timeline"):
            yield {"order_id": order["order_id"], **entry}


def price_list(installation: Installation, currency: str, scope: PriceScope) -> PriceList:
    return PriceList.model_validate_json(installation.request("GET", price_list_path(currency, scope)).content)


def price_list_path(currency: str, scope: PriceScope) -> str:
    """Return the path of a price list, with the query that names its account or group."""
    query = urlencode({name: value for name, value in scope._asdict().items() if value})
    return f"/api/desk/price-lists/{quote(currency, safe='')}" + (f"?{query}" if query else "")


def csv_lines(rows: Iterator[Json], spreadsheet: str | None = None) -> Iterator[str]:
    """Yield orders as the API's own CSV, a row an item, with one header; `spreadsheet` is a locale or None."""
    dialect = dialect_for(spreadsheet)
    first = next(rows, None)  # raises a refusal before anything is written
    yield csv_page([], dialect)
    for row in chain([first] if first else [], rows):
        yield csv_page([row], dialect).partition("\n")[2]
