"""The API's reference for people: one page, made from the OpenAPI document, without script."""

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.mailbox import HEADERS, PAGES

METHODS = ("get", "head", "post", "put", "delete")

Json = dict[str, Any]


class Reference:
    """`document` is the OpenAPI document's file, read when somebody looks, so that `make generate` shows at once."""

    def __init__(self, document: Path) -> None:
        self._document = document
        # Most members of an OpenAPI document may be left out.
        self._pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True)
        self._pages.filters["words"] = in_words
        self._pages.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)

    def routes(self) -> list[Route]:
        return [Route("/reference", self._show)]

    async def _show(self, _: Request) -> Response:
        document = json.loads(self._document.read_text(encoding="utf-8"))
        page = self._pages.get_template("reference.html")
        html = page.render(document=document, groups=operations(document), type_of=type_of, resolve=resolver(document))
        return HTMLResponse(html, headers=HEADERS)


def in_words(text: str) -> Markup:
    """A description, with what stands in backquotes as code."""
    pieces = [escape(piece) for piece in text.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if place % 2 else piece for place, piece in enumerate(pieces)
    )


def operations(document: Json) -> dict[str, list[Json]]:
    """By tag, in the document's order: each operation with its `method` and `path`."""
    groups: dict[str, list[Json]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                groups[item[method]["tags"][0]].append({**item[method], "method": method.upper(), "path": path})
    return groups


def resolver(document: Json) -> Any:
    """What a reference within the document stands for; anything else is itself."""

    def resolve(part: Json) -> Json:
        while "$ref" in part:
            found: Any = document
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            part = found
        return part

    return resolve


def type_of(schema: Json) -> list[tuple[str, str | None]]:
    """A schema in few words: pieces of text, each with the name of the schema that it leads to, or None."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return [(name, name)]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            pieces: list[tuple[str, str | None]] = []
            for branch in schema[choice]:
                pieces += [(" or ", None)] * bool(pieces) + type_of(branch)
            return pieces
    if "const" in schema:
        return [(json.dumps(schema["const"]), None)]
    if "enum" in schema:
        return [(" or ".join(json.dumps(value) for value in schema["enum"][:20]), None)]
    if schema.get("type") == "array":
        return [("list of ", None), *type_of(schema.get("items", {}))]
    kinds = schema.get("type", "any value")
    said = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    bounds = [
        f"{words} {schema[name]}"
        for name, words in (
            ("minimum", "from"),
            ("maximum", "to"),
            ("minLength", "at least"),
            ("maxLength", "at most"),
            ("format", "as"),
        )
        if name in schema
    ]
    return [(f"{said} ({', '.join(bounds)})" if bounds else said, None)]
