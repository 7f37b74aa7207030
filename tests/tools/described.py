"""Asks the document: what it says at a place, and what is wrong with a value or an answer by it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tools.openapi import document

Json = dict[str, Any]
Place = tuple[str, ...]

DOCUMENT = document()
ALWAYS_SENT = {"ETag", "Location", "Allow"}
"""Headers that no answer lacks whose response names them."""
_URI = "urn:openapi"
_REGISTRY: Registry[Any] = Registry().with_resource(_URI, DRAFT202012.create_resource(DOCUMENT))


def pointer(place: Place) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in place)


def at(place: Place) -> Any:
    """What stands at a place, references on the way followed."""
    found: Any = DOCUMENT
    for part in place:
        found = followed(found)[part]
    return followed(found)


def followed(found: Any) -> Any:
    return at(tuple(found["$ref"].split("/")[1:])) if isinstance(found, dict) and "$ref" in found else found


def schema(name: str) -> Place:
    return ("components", "schemas", name)


def faults(value: Any, place: Place) -> list[str]:
    """What is wrong with a value by the schema at a place; formats count."""
    validator = Draft202012Validator(
        {"$ref": f"{_URI}#{pointer(place)}"}, registry=_REGISTRY, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def operations() -> Iterator[tuple[str, str, Json]]:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


def operation_of(method: str, target: str) -> Place:
    """Where the operation stands that takes a request to a path or URL; LookupError when there is none."""
    path = urlsplit(target).path
    for described_method, template, _ in operations():
        if method == described_method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return ("paths", template, method.lower())
    raise LookupError(f"nothing describes {method} {path}")


def faults_of_answer(place: Place, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
    """What is wrong with an answer by the operation at a place; header names in lower case."""
    where = (*place, "responses", str(status))
    try:
        response = at(where)
    except KeyError:
        return [f"{status} is not described"]
    found = []
    for name in response.get("headers", {}):
        schema = ("components", "headers", name, "schema")
        if name.lower() in headers:
            sent = headers[name.lower()]
            found += faults(int(sent) if at(schema)["type"] == "integer" else sent, schema)
        elif name in ALWAYS_SENT:
            found.append(f"{name} is missing")
    if "content" not in response:
        return [*found, "there is a body"] if body else found
    media_type = headers["content-type"].partition(";")[0]
    if media_type not in response["content"]:
        return [*found, f"{media_type} is not described"]
    if media_type.endswith("json"):
        found += faults(json.loads(body), (*whereabouts(where), "content", media_type, "schema"))
    return found


def whereabouts(place: Place) -> Place:
    """The place that a reference at a place leads to, or the place itself."""
    node = at(place[:-1])[place[-1]]
    return tuple(node["$ref"].split("/")[1:]) if "$ref" in node else place
