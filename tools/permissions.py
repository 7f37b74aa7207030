"""The table of permissions for people, from docs/permissions.json, which the tests go by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent.parent / "docs" / "permissions.json"
_MARKS = {"yes": "✓"}
_HEAD = """\
# Permissions

Who may do what, made from [`permissions.json`](permissions.json) by `make generate`. Every cell is tried by
[`test_permissions.py`](../tests/contract/test_permissions.py): a route of the OpenAPI document without a row fails, and
so does a row without a route. A cell that refuses leaves the table as it was, byte for byte.

Asked for is an order of a sub-account, the account itself, or the link in the order's mail.

| mark | answer |
|---|---|
| ✓ | what was asked for, or the rules of the order's status |
| own | the same of the caller's own account, and nothing of this one |
| 401 | by the gateway: no valid token |
| 403 | `forbidden`: the wrong group; `wrong_token`: no id token; `not_enrolled`: no active enrollment |
| 404 | as if it were not there |

| role | who |
|---|---|
"""


def permissions() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SOURCE.read_text("utf-8"))
    return found


def cells(table: Mapping[str, Any], route: str) -> dict[str, str]:
    """What a route answers, by role."""
    found: dict[str, str] = table["permissions"][table["routes"][route]]
    return {role: found[role] for role in table["roles"]}


def document() -> str:
    table = permissions()
    lines = [f"| {role} | {who} |" for role, who in table["roles"].items()]
    lines += ["", f"| route | {' | '.join(table['roles'])} |", "|---" * (len(table["roles"]) + 1) + "|"]
    for route in table["routes"]:
        marks = (_MARKS.get(cell, f"{cell[:3]}") for cell in cells(table, route).values())
        lines.append(f"| `{route}` | {' | '.join(marks)} |")
    return _HEAD + "\n".join(lines) + "\n"
