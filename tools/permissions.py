"""Write the table of permissions for people from docs/permissions.json, which the tests use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent.parent / "docs" / "permissions.json"
_MARKS = {"yes": "✓"}
_HEAD = """\
# Permissions

This page lists which role may call which route. `make generate` makes it from [`permissions.json`](permissions.json).
[`test_permissions.py`](../tests/contract/test_permissions.py) tries every cell. It fails for a route of the OpenAPI
document without a row, and for a row without a route. A refused request leaves the table as it was, byte for byte.

Each request is about an order of a sub-account, the account itself, or the link in the order's mail.

| mark | response |
|---|---|
| ✓ | the requested data, or what the rules of the order's status say |
| own | the same for the caller's own account, and nothing of this one |
| 401 | from the gateway: no valid token |
| 403 | `forbidden`: the wrong group or role; `wrong_token`: not an id token; `not_enrolled`: no active enrollment |
| 404 | the same response as for something that does not exist |

| role | who |
|---|---|
"""


def permissions() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SOURCE.read_text("utf-8"))
    return found


def cells(table: Mapping[str, Any], route: str) -> dict[str, str]:
    """Return the statuses of a route, by role."""
    found: dict[str, str] = table["permissions"][table["routes"][route]]
    return {role: found[role] for role in table["roles"]}


def document() -> str:
    table = permissions()
    lines = [f"| {role} | {who} |" for role, who in table["roles"].items()]
    lines += ["", f"| route | {' | '.join(table['roles'])} |", "|---" * (len(table["roles"]) + 1) + "|"]
    for route in table["routes"]:
        internals = (_MARKS.get(cell, f"{cell[:3]}") for cell in cells(table, route).values())
        lines.append(f"| `{route}` | {' | '.join(internals)} |")
    return _HEAD + "\n".join(lines) + "\n"
