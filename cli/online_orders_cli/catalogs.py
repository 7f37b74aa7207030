"""Export the catalog as YAML or JSON, and import it from such a file, as a draft or published.

The installation's own API judges a file, by its rules and by what its open orders use, before anything changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from online_orders_cli.installation import Installation, Json
from online_orders_cli.tables import Unreadable, read_text

PATH = "/api/desk/catalog"
READ_ONLY = ("version", "updated_at", "updated_by")
YAML_SUFFIXES = (".yaml", ".yml")
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


def text_of(document: Json, *, as_yaml: bool) -> str:
    """Return a document as a file has it."""
    if as_yaml:
        written: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)
        return written
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def read(file: Path) -> Json:
    """Return the document of a YAML or JSON file; raise Unreadable for what is no object of JSON."""
    text = read_text(file)
    try:
        value = yaml.safe_load(text) if file.suffix.lower() in YAML_SUFFIXES else json.loads(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"{file}: {error}") from error
    if not isinstance(value, dict):
        raise Unreadable(f"{file}: a catalog is an object.")
    if where := _no_json(value, ""):
        raise Unreadable(f"{file}: at {where} is something that JSON does not have; write it in quotes.")
    return value


def _no_json(value: Any, where: str) -> str | None:
    """Return where a value is, or has, what JSON cannot express: YAML reads `no:` as a name that is no text, and
    2027-01-05 as a day.
    """
    if isinstance(value, Mapping):
        for name, member in value.items():
            if not isinstance(name, str):
                return f"{where}/{name}"
            if found := _no_json(member, f"{where}/{name}"):
                return found
        return None
    if isinstance(value, list):
        places = (_no_json(member, f"{where}/{index}") for index, member in enumerate(value))
        return next((place for place in places if place), None)
    return None if value is None or isinstance(value, (str, int, float)) else where or "/"


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
