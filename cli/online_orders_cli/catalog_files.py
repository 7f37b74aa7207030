"""The catalog as a file: YAML or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from online_orders_cli.tables import Json, Unreadable, read_text

YAML_SUFFIXES = (".yaml", ".yml")


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
