"""The route of what the build generates from the code: the description of the API."""

from functools import cache

from online_orders.http import responses
from online_orders.http.app import Router, response_spec
from online_orders.http.responses import Response

router = Router()


@cache
def _document() -> str:
    """Return the document that the build has generated from the code."""
    from importlib.resources import files  # imported here for the sake of other requests' cold starts

    return (files("online_orders") / "generated" / "openapi.json").read_text("utf-8")


@router.get(
    "/api/openapi.json",
    tags=["Description"],
    summary="Describe this API",
    description="This document.",
    responses=response_spec(None, "OpenAPI 3.1.", other={"application/json": {"type": "object"}}),
)
def describe_api() -> Response:
    return responses.json_response(_document())
