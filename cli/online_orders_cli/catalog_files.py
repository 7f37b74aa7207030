"""The catalog as a file: YAML or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from online_orders_cli.tables import Json, Unreadable, read_text

YAML_SUFFIXES = (".yaml", ".yml")
MAX_SIZE = 1_000_000
"""Characters and values of a document with its references followed: far more than a catalog has."""
MAX_DEPTH = 50


class _Loader(yaml.SafeLoader):
    """Refuses a name that an object has twice, of which one would be lost unseen."""

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        names = [name for name, _ in node.value if isinstance(name, yaml.ScalarNode)]
        if twice := _first_twice([name.value for name in names]):
            marks = [name.start_mark for name in names if name.value == twice]
            raise yaml.composer.ComposerError(None, None, f"{twice} is here for the second time", marks[1])
        return node


def _object(members: list[tuple[str, Any]]) -> Json:
    """Return the object of these members; raise ValueError for a name that it has twice."""
    if twice := _first_twice([name for name, _ in members]):
        raise ValueError(f"{twice} is in one object twice")
    return dict(members)


def _first_twice(names: list[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


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
        is_yaml = file.suffix.lower() in YAML_SUFFIXES
        value = yaml.load(text, _Loader) if is_yaml else json.loads(text, object_pairs_hook=_object)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"{file}: {error}") from error
    if not isinstance(value, dict):
        raise Unreadable(f"{file}: a catalog is an object.")
    _require_json(file, value)
    return value


def _require_json(file: Path, document: Json) -> None:
    """Raise Unreadable for what JSON cannot express: YAML reads `no:` as a name that is no text, 2027-01-05 as a day,
    and `.inf` as a number; its references can lead back to themselves, or make a small file endless.
    """
    waiting: list[tuple[str, int, Any]] = [("", 0, document)]
    size = 0
    while waiting:
        where, depth, value = waiting.pop()
        size += len(value) + 1 if isinstance(value, str) else 1
        members: Mapping[Any, Any] = {}
        if isinstance(value, Mapping):
            members = value
        elif isinstance(value, list):
            members = dict(enumerate(value))
        is_json = value is None or isinstance(value, (str, int, Mapping, list))
        if not is_json and not (isinstance(value, float) and isfinite(value)):
            raise Unreadable(f"{file}: at {where} is something that JSON does not have; write it in quotes.")
        if size > MAX_SIZE or depth > MAX_DEPTH:
            raise Unreadable(f"{file}: at {where} the document is too large or too deep for a catalog.")
        for name, member in members.items():
            if isinstance(value, Mapping) and not isinstance(name, str):
                raise Unreadable(f"{file}: at {where}/{name} is something that JSON does not have; write it in quotes.")
            waiting.append((f"{where}/{name}", depth + 1, member))
