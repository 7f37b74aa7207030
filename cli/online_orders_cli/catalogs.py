"""Export the catalog of an installation, and import one, as a draft or published.

The installation's own API judges a document, by its rules and by what its open orders use, before anything changes.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from online_orders_cli.installation import Installation, Json

PATH = "/api/desk/catalog"
READ_ONLY = ("version", "updated_at", "updated_by")
_MAX_SHOWN = 100
"""Characters of a value in a list of changes."""


class Checked(NamedTuple):
    """A document that the installation accepts: what it would change, and of which version."""

    document: Json
    changes: list[Json]
    etag: str


def fetch(installation: Installation, version: int | None) -> Json:
    """Return the document that is in force, or that of a version, without what reading adds."""
    if version is not None:
        document: Json = installation.request("GET", f"{PATH}/versions/{version}").json()["catalog"]
        return document
    body = installation.request("GET", PATH).json()
    return {name: value for name, value in body.items() if name not in READ_ONLY}


def check(installation: Installation, document: Json) -> Checked:
    """Return what publishing a document would change; raise Refused with every fault."""
    current = installation.request("GET", PATH)
    preview = installation.request("POST", f"{PATH}/preview", body={"catalog": document}).json()
    return Checked(document, preview["changes"], current.headers["etag"])


def publish(installation: Installation, checked: Checked) -> int:
    """Publish a document in place of the version that it was compared with; return the new version."""
    version: int = installation.request("PUT", PATH, body=checked.document, If_Match=checked.etag).json()["version"]
    return version


def store_draft(installation: Installation, document: Json) -> list[Json]:
    """Store a document as the desk's draft; return its faults."""
    errors: list[Json] = installation.request("PUT", f"{PATH}/draft", body=document).json()["errors"]
    return errors


def change_line(change: Json) -> str:
    """Return a change for people: `+` was added, `-` is gone, `~` is another."""
    sign = "+" if change["was"] is None else "-" if change["is"] is None else "~"
    values = [_shown(change[name]) for name in ("was", "is") if change[name] is not None]
    return f"{sign} {change['pointer']}: {' -> '.join(values)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 2] + " …"
