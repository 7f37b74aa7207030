"""A page of orders as CSV (RFC 4180), one row an item, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

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
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def _cell(value: Any) -> str:
    """Text that a spreadsheet shows and does not run: what begins like a formula gets an apostrophe in front."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


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
            writer.writerow([_cell(row.get(column)) for column in COLUMNS])
    return buffer.getvalue()
