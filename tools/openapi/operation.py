"""What an operation of the API is, to this document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from online_orders.prices import COLUMNS
from tools.openapi.refusals import Refusal
from tools.openapi.schemas import COMPONENTS

Examples = Mapping[str, Any]


@dataclass(frozen=True)
class Body:
    """What a request brings; every field of `examples` is accepted as it stands where its ids are known."""

    model: type[BaseModel]
    examples: Examples
    media_type: str = "application/json"
    required: bool = True
    other: Mapping[str, Mapping[str, Any]] | None = None
    """Further media types, with their schemas and examples."""


@dataclass(frozen=True)
class Answer:
    """One status of an operation; `other` are its media types beside that of `model`, with their schemas."""

    description: str
    model: type[BaseModel] | None = None
    examples: Examples | None = None
    headers: tuple[str, ...] = ()
    other: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Operation:
    operation_id: str
    tag: str
    summary: str
    description: str
    answers: Mapping[int, Answer]
    body: Body | None = None
    parameters: tuple[str, ...] = ()
    """Names of query and header parameters, as `parameters.PARAMETERS` has them."""
    refusals: tuple[Refusal, ...] = ()
    """Beside those that follow from path, body and parameters."""
    is_public: bool = False
    """Whether there is no login."""
    is_for_every_group: bool = False


PDF: Mapping[str, Any] = {"application/pdf": {"contentMediaType": "application/pdf"}}
CSV: Mapping[str, Any] = {"text/csv": {"type": "string", "description": "RFC 4180, a header row, one row an item."}}
PRICES_CSV: Mapping[str, Any] = {
    "text/csv": {"type": "string", "description": f"RFC 4180, a header row, one row a price: {','.join(COLUMNS)}."}
}
HTML: Mapping[str, Any] = {"text/html": {"type": "string"}}
GATEWAY: Mapping[str, Any] = {"application/json": {"$ref": COMPONENTS + "GatewayMessage"}}
PROBLEM: Mapping[str, Any] = {"application/problem+json": {"$ref": COMPONENTS + "Problem"}}
