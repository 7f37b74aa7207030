"""The OpenAPI document of the API, made from the routes and models of the code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

import confirm_page
import desk_api
import orders_api
import preview_quote
from tools.openapi import refusals
from tools.openapi.answers import ConflictProblem, GatewayMessage, InvalidProblem, Problem
from tools.openapi.operation import Answer, Operation
from tools.openapi.operations import DESK, OPERATIONS, TAGS
from tools.openapi.parameters import HEADERS, PARAMETERS, PATH_PARAMETERS
from tools.openapi.refusals import Refusal
from tools.openapi.schemas import References, schemas_of

Schema = dict[str, Any]
Route = tuple[str, str]

DESCRIPTION = """\
An order desk: customers order, Customer Success reviews and quotes, the account's contact person approves or cancels.

Send the id token of the sign-in as bearer token; an access token is refused. Money is a decimal string with exactly
the currency's minor digits, dates are `YYYY-MM-DD`, instants are RFC 3339 in UTC. Lists come in pages: go on with
`next_cursor` until it is null. Every refusal has a stable `code`; faults of a body come all at once in `errors`.
"""


class RoutesDiffer(Exception):
    """Code and description do not speak of the same routes."""


def document() -> Schema:
    """The document, the same bytes for the same code; raises RoutesDiffer."""
    apis = (orders_api.app, desk_api.app, preview_quote.app, confirm_page.app)
    return describe([(route.method, route.rule) for api in apis for route in api.routes], OPERATIONS)


def describe(routes: Iterable[Route], operations: Mapping[Route, Operation]) -> Schema:
    _check(set(routes), set(operations))
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((operation.body.model, "validation") for operation in operations.values() if operation.body),
        *(
            (answer.model, "serialization")
            for operation in operations.values()
            for answer in operation.answers.values()
            if answer.model
        ),
        *((model, "serialization") for model in (Problem, InvalidProblem, ConflictProblem, GatewayMessage)),
    ]
    references, schemas = schemas_of(models)
    responses: Schema = {}
    paths: Schema = {}
    for method, rule in routes:
        path = paths.setdefault(re.sub(r"<(\w+)>", r"{\1}", rule), {})
        path[method.lower()] = _operation(rule, operations[method, rule], references, responses)
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/", "description": "The site: API and confirmation links have one origin."}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "security": [{"id_token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": {
                **PARAMETERS,
                **{f"path_{name}": parameter for name, parameter in PATH_PARAMETERS.items()},
            },
            "headers": HEADERS,
            "responses": dict(sorted(responses.items())),
            "securitySchemes": {
                "id_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The id token of the user pool; groups `customers` and `customer-success`.",
                }
            },
        },
    }


def _check(routes: set[Route], described: set[Route]) -> None:
    for differing, fault in (
        (routes - described, "have no description in tools/openapi/operations.py"),
        (described - routes, "are described in tools/openapi/operations.py, but the code does not answer them"),
    ):
        if differing:
            named = ", ".join(f"{method} {rule}" for method, rule in sorted(differing))
            raise RoutesDiffer(f"These routes {fault}: {named}.")


def _info() -> Schema:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    return {
        "title": "Online Orders",
        "summary": project["description"],
        "description": DESCRIPTION,
        "version": project["version"],
        "contact": project["authors"][0],
        "license": {"name": "Apache License 2.0", "identifier": project["license"]},
    }


def _operation(rule: str, operation: Operation, references: References, responses: Schema) -> Schema:
    in_path = re.findall(r"<(\w+)>", rule)
    said: Schema = {
        "operationId": operation.operation_id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
    }
    if operation.is_public:
        said["security"] = []
    if parameters := [*(f"path_{name}" for name in in_path), *operation.parameters]:
        said["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in parameters]
    if body := operation.body:
        said["requestBody"] = {
            "required": body.required,
            "content": {
                body.media_type: {
                    "schema": references[body.model, "validation"],
                    "examples": {name: {"value": example} for name, example in body.examples.items()},
                },
                **(body.other or {}),
            },
        }
    answers = {status: _answer(answer, references) for status, answer in operation.answers.items()}
    for status, group in _refusals(operation, in_path).items():
        name = refusals.response_name(status, group)
        if status not in answers:
            responses[name] = refusals.response(status, group)
            answers[status] = {"$ref": f"#/components/responses/{name}"}
    said["responses"] = {str(status): answers[status] for status in sorted(answers)}
    return said


def _refusals(operation: Operation, in_path: list[str]) -> dict[int, list[Refusal]]:
    """Its refusals by status: its own, and what follows from login, path, parameters and body."""
    follow = [refusals.OTHER_WAY, refusals.OTHER_METHOD, refusals.INTERNAL_ERROR, refusals.UNAVAILABLE]
    by_gateway = [HTTPStatus.TOO_MANY_REQUESTS]
    if not operation.is_public:
        by_gateway.append(HTTPStatus.UNAUTHORIZED)
        follow.append(refusals.TOO_MANY_REQUESTS)
        follow += [refusals.WRONG_TOKEN] if operation.is_for_every_group else [refusals.WRONG_TOKEN, refusals.FORBIDDEN]
        if operation in DESK.values():
            follow.append(refusals.NO_SECOND_FACTOR)
        if in_path or "account_id" in operation.parameters:
            follow.append(refusals.NOT_FOUND)
    names = operation.parameters
    if "If-Match" in names:
        follow += [refusals.INVALID_IF_MATCH, refusals.VERSION_MISMATCH]
    if "If-None-Match" in names:
        follow.append(refusals.INVALID_IF_NONE_MATCH)
    if "cursor" in names:
        follow.append(refusals.INVALID_CURSOR)
    if any(PARAMETERS[name]["in"] == "query" for name in names):
        follow.append(refusals.INVALID_QUERY)
    if operation.body and not operation.is_public:
        follow += [refusals.INVALID_JSON, refusals.TOO_LARGE, refusals.INVALID]
    wanted = {*follow, *operation.refusals}
    return refusals.by_status([refusal for refusal in refusals.ALL if refusal in wanted], by_gateway)


def _answer(answer: Answer, references: References) -> Schema:
    said: Schema = {"description": answer.description}
    if answer.headers:
        said["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in answer.headers}
    content: Schema = {}
    if answer.model:
        content["application/json"] = {"schema": references[answer.model, "serialization"]}
        if answer.examples:
            examples = {name: {"value": example} for name, example in answer.examples.items()}
            content["application/json"]["examples"] = examples
    for media_type, schema in (answer.other or {}).items():
        content[media_type] = {"schema": schema}
    return {**said, **({"content": content} if content else {})}
