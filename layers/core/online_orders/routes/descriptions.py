"""Routes of what the build generates from the code: the catalog, and the description of the API."""

from functools import cache
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders.http import responses
from online_orders.http.app import Router, SignedIn, response_spec
from online_orders.http.parameters import NoQuery
from online_orders.http.responses import Response

router = Router()


@cache
def _generated(name: str) -> str:
    """Return a document that the build has generated from the code."""
    from importlib.resources import files  # imported here for the sake of other requests' cold starts

    return (files("online_orders") / "generated" / name).read_text("utf-8")


@router.get(
    "/api/openapi.json",
    tags=["Description"],
    summary="Describe this API",
    description="This document.",
    responses=response_spec(None, "OpenAPI 3.1.", other={"application/json": {"type": "object"}}),
)
def describe_api() -> Response:
    return responses.json_response(_generated("openapi.json"))


@router.get(
    "/api/catalog",
    tags=["Catalog"],
    summary="Show what can be ordered",
    description="The kinds of item with their schemas, the choices that they offer, and the labels of the statuses.",
    responses=response_spec("Catalog", "The catalog."),
)
def show_catalog(_caller: SignedIn, _query: Annotated[NoQuery, Query()]) -> Response:
    return responses.json_response(_generated("catalog.json"))
