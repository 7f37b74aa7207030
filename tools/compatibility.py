"""Compare the OpenAPI document of a release with the present one, and list what breaks its clients.

Run as `python -m tools.compatibility`. A removed route, status or field, a value that is no longer accepted, a new
value where the responses' values were closed, and a new requirement are listed, each with its place, and the exit code
is 1. Additions are not listed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
RELEASED = ROOT / "docs" / "openapi"
PRESENT = ROOT / "layers" / "core" / "online_orders" / "generated" / "openapi.json"
_METHODS = ("get", "put", "post", "delete", "head", "patch", "options")
_GROWING = (".event", ".locale", ".sockets[].model", ".flags[]", ".decision")
"""Responses' values to which a version may add: events of an order, languages of accounts, the equipment of the
catalog, what the desk is to know of an order, and what a contact person did by a link. Clients show or skip what they
do not know."""
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")


def newest_release() -> Path:
    """Return the path of the newest release's document, by its version number."""
    return max(RELEASED.glob("*.json"), key=lambda path: [int(part) for part in path.stem.split(".")])


def breaks(before: Json, after: Json) -> list[str]:
    """Return what a client could rely on in `before` and no longer can in `after`, each with its place."""
    return sorted(set(_Comparison(before, after).found()))


class _Comparison:
    def __init__(self, before: Json, after: Json) -> None:
        self._before = before
        self._after = after
        self._seen: set[tuple[str, str, bool]] = set()

    def found(self) -> Iterator[str]:
        for path, item in self._before["paths"].items():
            for method in _METHODS:
                if method not in item:
                    continue
                where = f"{method.upper()} {path}"
                now = self._after["paths"].get(path, {}).get(method)
                if now is None:
                    yield f"{where}: the operation is gone"
                else:
                    yield from self._operation(where, item[method], now)

    def _operation(self, where: str, before: Json, after: Json) -> Iterator[str]:
        if before["operationId"] != after["operationId"]:
            yield f"{where}: the operationId is another, and with it the name in generated clients"
        yield from self._parameters(where, before, after)
        yield from self._body(where, before.get("requestBody"), after.get("requestBody"))
        for status, response in before["responses"].items():
            if status not in after["responses"]:
                yield f"{where}: the status {status} is gone"
                continue
            old = self.resolved(self._before, response).get("content", {})
            new = self.resolved(self._after, after["responses"][status]).get("content", {})
            for media_type, media in old.items():
                if media_type not in new:
                    yield f"{where}: {status} is no longer answered as {media_type}"
                else:
                    yield from self._schema(f"{where} {status}", media["schema"], new[media_type]["schema"], sent=False)

    def _parameters(self, where: str, before: Json, after: Json) -> Iterator[str]:
        old = {self._parameter(self._before, one): one for one in before.get("parameters", ())}
        new = {self._parameter(self._after, one): one for one in after.get("parameters", ())}
        for name, one in old.items():
            if name not in new:
                yield f"{where}: the parameter {' '.join(name)} is gone"
                continue
            was, now = self.resolved(self._before, one), self.resolved(self._after, new[name])
            if now.get("required") and not was.get("required"):
                yield f"{where}: the parameter {' '.join(name)} is now required"
            yield from self._schema(f"{where} {name[1]}", was["schema"], now["schema"], sent=True)
        for name in new.keys() - old.keys():
            if self.resolved(self._after, new[name]).get("required"):
                yield f"{where}: the parameter {' '.join(name)} is new and required"

    def _parameter(self, document: Json, parameter: Json) -> tuple[str, str]:
        result = self.resolved(document, parameter)
        return result["in"], result["name"]

    def _body(self, where: str, before: Json | None, after: Json | None) -> Iterator[str]:
        if before is None or after is None:
            if after and after.get("required"):
                yield f"{where}: a body is now required"
            if before:
                yield f"{where}: no body is taken any more"
            return
        if after.get("required") and not before.get("required"):
            yield f"{where}: a body is now required"
        for media_type, media in before["content"].items():
            if media_type not in after["content"]:
                yield f"{where}: a body of {media_type} is no longer taken"
            else:
                new = after["content"][media_type]["schema"]
                yield from self._schema(f"{where} body", media["schema"], new, sent=True)

    def _schema(self, where: str, before: Any, after: Any, *, sent: bool) -> Iterator[str]:
        """Yield the breaks of a schema. `sent`: clients send it; otherwise they receive it."""
        if reference := before.get("$ref") if isinstance(before, dict) else None:
            key = (reference, json.dumps(after, sort_keys=True), sent)
            if key in self._seen:
                return
            self._seen.add(key)
        old, new = self.resolved(self._before, before), self.resolved(self._after, after)
        yield from self._values(where, old, new, sent=sent)
        yield from self._members(where, old, new, sent=sent)
        if "items" in old and "items" in new:
            yield from self._schema(f"{where}[]", old["items"], new["items"], sent=sent)
        if isinstance(old.get("additionalProperties"), dict) and isinstance(new.get("additionalProperties"), dict):
            yield from self._schema(f"{where}.*", old["additionalProperties"], new["additionalProperties"], sent=sent)
        yield from self._choices(where, old, new, sent=sent)

    def _values(self, where: str, old: Json, new: Json, *, sent: bool) -> Iterator[str]:
        was, now = _types(old), _types(new)
        if was and now and was != now and (was - now if sent else now - was):
            yield f"{where}: the type was {_listed(was)} and is {_listed(now)}"
        known, present = _enum(old), _enum(new)
        if sent and present is not None and (known is None or known - present):
            yield f"{where}: no longer takes {_listed(known - present) if known else 'every value'}"
        if not sent and known is not None and not where.endswith(_GROWING) and (present is None or present - known):
            more = _listed(present - known) if present and known else "any value"
            yield f"{where}: answers {more}, which it did not"
        if sent:
            yield from _bounds(where, old, new)

    def _members(self, where: str, old: Json, new: Json, *, sent: bool) -> Iterator[str]:
        was, now = old.get("properties", {}), new.get("properties", {})
        for name, schema in was.items():
            if name not in now:
                if not sent or new.get("additionalProperties") is False:
                    yield f"{where}.{name}: the field is gone"
            else:
                yield from self._schema(f"{where}.{name}", schema, now[name], sent=sent)
        required_before, required_now = set(old.get("required", ())), set(new.get("required", ()))
        if sent:
            for name in required_now - required_before:
                yield f"{where}.{name}: now required"
        else:
            for name in required_before & now.keys() - required_now:
                yield f"{where}.{name}: may now be missing"

    def _choices(self, where: str, old: Json, new: Json, *, sent: bool) -> Iterator[str]:
        """Yield the breaks of anyOf and oneOf, choice by choice, each recognized by its kind."""
        was, now = _branches(self, self._before, old), _branches(self, self._after, new)
        if not was or not now:
            return
        for name, schema in was.items():
            if name in now:
                yield from self._schema(f"{where}({name})" if name != "null" else where, schema, now[name], sent=sent)
            elif sent:
                yield f"{where}: no longer takes {name}"
        if not sent:
            for name in now.keys() - was.keys():
                yield f"{where}: answers {name}, which it did not"

    def resolved(self, document: Json, part: Any) -> Json:
        found = part if isinstance(part, dict) else {}
        while "$ref" in found:
            target: Any = document
            for step in found["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            found = target
        return found


def _branches(comparison: _Comparison, document: Json, schema: Json) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for branch in schema.get("anyOf") or schema.get("oneOf") or ():
        result = comparison.resolved(document, branch)
        kind = result.get("properties", {}).get("kind", {})
        name = kind.get("const") or result.get("title") or _listed(_types(result)) or json.dumps(branch, sort_keys=True)
        found[str(name)] = branch
    return found


def _types(schema: Json) -> set[str]:
    text = schema.get("type", ())
    return {text} if isinstance(text, str) else set(text)


def _enum(schema: Json) -> set[str] | None:
    if "enum" not in schema and "const" not in schema:
        return None
    return {json.dumps(value) for value in schema.get("enum", [schema.get("const")])}


def _bounds(where: str, old: Json, new: Json) -> Iterator[str]:
    for names, sign in ((_UPPER_BOUNDS, 1), (_LOWER_BOUNDS, -1)):
        for name in names:
            if name in new and (name not in old or sign * new[name] < sign * old[name]):
                yield f"{where}: {name} was {old.get(name, 'open')} and is {new[name]}"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{where}: the pattern is another"


def _listed(values: set[str]) -> str:
    return ", ".join(sorted(values))


def main() -> int:
    released = newest_release()
    found = breaks(json.loads(released.read_text("utf-8")), json.loads(PRESENT.read_text("utf-8")))
    for each in found:
        print(each)
    if found:
        print(f"{len(found)} breaks with {released.relative_to(ROOT)}; see CONTRIBUTING.md on how the API may change")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
