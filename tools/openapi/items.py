"""The items of the catalog that ships, as models for the description of the API: a model a kind.

An installation that has published a catalog of its own has other kinds; `GET /api/catalog` has their schemas.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, Field, WithJsonSchema, create_model

from online_orders.domain.catalog import Kind, schema_of, shipped
from online_orders.domain.values import Request


def _model(kind: Kind) -> type[BaseModel]:
    schema = schema_of(kind)
    fields: dict[str, Any] = {"kind": (Literal[kind.kind], ...)}
    for name, property_ in schema["properties"].items():
        if name != "kind":
            written = {keyword: value for keyword, value in property_.items() if keyword != "title"}
            fields[name] = (Annotated[Any, WithJsonSchema(written)], ... if name in schema["required"] else None)
    return create_model(schema["title"], __base__=Request, __doc__=schema["description"], **fields)


KINDS: tuple[type[BaseModel], ...] = tuple(map(_model, shipped().kinds.values()))
Item: Any = Annotated[Union[KINDS], Field(discriminator="kind")]  # noqa: UP007 - of a tuple
KindName: Any = Annotated[str, WithJsonSchema({"enum": list(shipped().kinds), "type": "string"})]
