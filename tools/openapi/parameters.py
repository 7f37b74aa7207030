"""Parameters and headers, with the limits that the code sets them."""

from __future__ import annotations

from typing import Any

from online_orders.csv_pages import SPREADSHEETS
from online_orders.http import DEFAULT_LIMIT, LARGEST_LIMIT, LONGEST_IDEMPOTENCY_KEY
from online_orders.values import IDENTIFIER
from tools.openapi.examples import ORDER_ID
from tools.openapi.schemas import COMPONENTS

Schema = dict[str, Any]

ACCOUNT_ID: Schema = {"type": "string", "pattern": IDENTIFIER}
STATUS: Schema = {"$ref": COMPONENTS + "Status"}
CURRENCY: Schema = {"$ref": COMPONENTS + "Currency"}
DAY: Schema = {"type": "string", "format": "date"}


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _header(name: str, schema: Schema, description: str, *, required: bool = False) -> Schema:
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


def _path(name: str, schema: Schema, description: str, example: Any) -> Schema:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }


_ETAG = r'(W/)?"[0-9]{1,9}"'

PARAMETERS: dict[str, Schema] = {
    "account_id": _query("account_id", ACCOUNT_ID, "One account only."),
    "status": _query("status", STATUS, "One status only."),
    "open": _query("open", {"type": "boolean"}, "Open orders only (`true`), or closed ones only (`false`)."),
    "from": _query("from", DAY, "The first day of placing, in `time_zone`."),
    "to": _query("to", DAY, "The last day of placing, in `time_zone`."),
    "time_zone": _query(
        "time_zone",
        {"type": "string", "maxLength": 64, "default": "UTC"},
        "The IANA time zone of `from` and `to`, one for all orders. The screens send the one in which they show days.",
    ),
    "purchase_order_number": _query("purchase_order_number", {"type": "string"}, "This purchase order number only."),
    "currency": _query("currency", CURRENCY, "From the price list in this currency, also where there is a quote."),
    "spreadsheet": _query(
        "spreadsheet",
        {"type": "string", "enum": list(SPREADSHEETS)},
        "For `text/csv`: the language of the spreadsheet that is to open the file. There is a byte-order mark then "
        "and, for `de`, semicolons between the cells and commas before the decimals. Without it, CSV is for programs: "
        "commas, decimal points, no mark.",
    ),
    "assignee": _query("assignee", {"type": "string"}, "One assignee only: a user's id, or `me`."),
    "limit": _query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
        "How many rows a page has at most.",
    ),
    "cursor": _query(
        "cursor",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
        "The `next_cursor` of the page before; good for the same user and the same query only.",
    ),
    "Idempotency-Key": _header(
        "Idempotency-Key",
        {"type": "string", "minLength": 1, "maxLength": LONGEST_IDEMPOTENCY_KEY, "pattern": "^[!-~]+$"},
        "Tells repetitions of one request from new ones; kept per account for at least 24 hours.",
        required=True,
    ),
    "If-Match": _header(
        "If-Match",
        {"type": "string", "pattern": rf"^(\*|{_ETAG}(, *{_ETAG})*)$"},
        "Versions, as ETags, on which the change is wanted; 412 on any other.",
    ),
    "If-None-Match": _header(
        "If-None-Match",
        {"type": "string", "const": "*"},
        "`*`: create, and replace nothing; 412 where the thing exists.",
    ),
}
PATH_PARAMETERS: dict[str, Schema] = {
    "order_id": _path(
        "order_id",
        {"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},
        "A ULID; ids sort as the orders were placed.",
        ORDER_ID,
    ),
    "revision": _path("revision", {"type": "integer", "minimum": 1, "maximum": 9_999}, "From 1.", 1),
    "version": _path("version", {"type": "integer", "minimum": 1, "maximum": 99_999_999}, "From 1.", 2),
    "account_id": _path("account_id", ACCOUNT_ID, "The account.", "northwind"),
    "currency": _path("currency", CURRENCY, "ISO 4217.", "EUR"),
    "token": _path("token", {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"}, "Out of the link.", "x" * 43),
}
HEADERS: dict[str, Schema] = {
    "ETag": {"description": "The version, for If-Match.", "schema": {"type": "string", "pattern": '^"[0-9]+"$'}},
    "Location": {
        "description": "Where the order is.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Link": {
        "description": 'The next page, as `<...>; rel="next"`; of a table only, and not of the last one.',
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "Allow": {"description": "The methods that the path answers to.", "schema": {"type": "string"}},
}
