"""A page of orders as CSV (RFC 4180), one row an item, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any
from unicodedata import normalize

COLUMNS = (
    "order_id",
    "account_id",
    "status",
    "placed_at",
    "placed_by",
    "purchase_order_number",
    "note",
    "closed_by",
    "closed_reason",
    "item_id",
    "kind",
    "site_id",
    "bandwidth_mbps",
    "model",
    "accessory_type",
    "region",
    "quantity",
    "start_date",
    "confirmed_start_date",
    "estimated_start_date",
)
_FORMULA_STARTS = ("=", "+", "-", "@")


def _begins_like_formula(text: str) -> bool:
    """To any spreadsheet: some pass over white space, some take full-width signs for the others."""
    return text.startswith(("\t", "\r", "\n")) or normalize("NFKC", text.lstrip()[:1]).startswith(_FORMULA_STARTS)


def safe_cell(value: Any) -> str:
    """Text that a spreadsheet shows and does not run: what begins like a formula gets an apostrophe in front.

    So does what begins with apostrophes and then like a formula, so that `read_cell` can tell whose they are.
    """
    text = "" if value is None else str(value)
    return "'" + text if _begins_like_formula(text.lstrip("'")) else text


def read_cell(text: str) -> str:
    """What `safe_cell` made the cell of."""
    bare = text.lstrip("'")
    return text[1:] if bare != text and _begins_like_formula(bare) else text


def csv_page(orders: Iterable[Mapping[str, Any]]) -> str:
    """`orders` as `presentation.order_body` makes them."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for order in orders:
        closed = order["closed"] or {}
        shared = {
            **order,
            "placed_by": order["placed_by"]["email"],
            "closed_by": closed.get("by"),
            "closed_reason": closed.get("reason"),
        }
        for item in order["items"]:
            row = {**shared, **item, "estimated_start_date": item["estimated_start"]["date"]}
            writer.writerow([safe_cell(row.get(column)) for column in COLUMNS])
    return buffer.getvalue()
