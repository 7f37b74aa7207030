"""Generate the limits of what the screens send, from the OpenAPI document, so that the screens define none of their
own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from online_orders.domain.estimates import TOO_FEW_ORDERS
from online_orders.domain.order_ids import ORDER_ID
from online_orders.domain.order_numbers import NUMBER_AS_WRITTEN
from online_orders.domain.values import DAY
from tools.openapi.schemas import parts_of

KEYWORDS = ("maxItems", "maxLength", "maximum", "minimum", "pattern")
MAX_VALUES = 10
"""Longer lists, such as currencies, come with the catalog."""
_HEAD = """\
/** What bodies may hold, by schema and member of the API's document; made from it by `make generate`. */
export const LIMITS = """
_CONSTANTS = """\
/* Patterns of an order's id, its number and a day, and what the basis of an estimate with few orders holds. */
"""


def module(document: Mapping[str, Any]) -> str:
    """Return the module `web/lib/generated/limits.js`: the limits of the members of all request bodies."""
    schemas = document["components"]["schemas"]
    found = {name: _members(schemas[name], schemas) for name in sorted(_sent(document))}
    lines = [f"  {json.dumps(name)}: {json.dumps(members)},\n" for name, members in found.items() if members]
    constants = {"ORDER_ID": ORDER_ID, "ORDER_NUMBER": NUMBER_AS_WRITTEN, "DAY": DAY, "TOO_FEW_ORDERS": TOO_FEW_ORDERS}
    written = "".join(f"export const {name} = {json.dumps(value)};\n" for name, value in constants.items())
    return f"{_HEAD}{{\n{''.join(lines)}}};\n\n{_CONSTANTS}{written}"


def _sent(document: Mapping[str, Any]) -> set[str]:
    """Return the names of the schemas that requests in JSON are made of."""
    schemas = document["components"]["schemas"]
    waiting = [
        reference
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for kind, media in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
        for reference in _references(media)
    ]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _references(schema: Any) -> Iterator[str]:
    return (part["$ref"].rpartition("/")[2] for part in parts_of(schema) if "$ref" in part)


def _members(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    members = {name: _limits(member, schemas) for name, member in schema.get("properties", {}).items()}
    return {name: limits for name, limits in members.items() if limits}


def _limits(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the limits of a member, or of its alternative that is not null."""
    parts = [schema, *(part for part in schema.get("anyOf", ()) if part.get("type") != "null")]
    parts += [schemas[name] for part in parts if (name := part.get("$ref", "").rpartition("/")[2])]
    limits = {keyword: part[keyword] for part in parts for keyword in KEYWORDS if keyword in part}
    values = [part["enum"] for part in parts if len(part.get("enum", ())) in range(1, MAX_VALUES + 1)]
    return {**limits, "enum": values[0]} if values else limits
