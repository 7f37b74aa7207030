"""Generate the OpenAPI document of the API: the resolvers' part of it, and what they do not know.

They do not know the models of responses, which the code writes from its entities; the body that a dependency reads; the
bounds of a query's members; and the refusals that follow from a route's signature.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.depends import build_dependency_tree

import confirm_page
import desk_api
import issue_token
import orders_api
import people_api
import preview_quote
from online_orders.domain.values import IDENTIFIER
from online_orders.http.app import ERROR_CODES, REQUEST_BODIES, Api, Handler, RequestBody, access_to, query_of
from online_orders.http.parameters import QueryModel
from online_orders.routes.price_lists import PRICES_CSV
from tools.openapi import examples, refusals
from tools.openapi.answers import PROBLEMS, SHOWN, TAKEN
from tools.openapi.headers import HEADERS
from tools.openapi.schemas import COMPONENTS, parameter_schema, parts_of, schemas_of

Schema = dict[str, Any]

APPS = (orders_api.app, desk_api.app, people_api.app, preview_quote.app, issue_token.app, confirm_page.app)
DESCRIPTION = """\
An order desk: customers order, Customer Success reviews and quotes, the account's contact person approves or cancels.

Send the id token of the sign-in as bearer token; an access token is refused. Money is a decimal string with exactly
the currency's minor digits, dates are `YYYY-MM-DD`, instants are RFC 3339 in UTC. Lists come in pages: go on with
`next_cursor` until it is null. Every refusal has a stable `code`; faults of a body come all at once in `errors`.
"""
TAGS = {
    "Catalog": "What can be ordered. For everybody who is signed in.",
    "Accounts": "The caller's account and, for a reseller, its sub-accounts. For the group `customers`.",
    "Orders": "Orders of the caller's account and of its sub-accounts. For the group `customers`.",
    "People": "Who is signed in, and the people of the caller's account. For admins of the group `customers`.",
    "Desk": "The queue, from the order to the quote. For the group `customer-success`.",
    "Desk accounts": "Accounts, their sites and their enrollments. For the group `customer-success`.",
    "Desk catalog": "What can be ordered, as the vendor keeps it. For the group `customer-success`.",
    "Desk papers": "The letterhead of quotes and certificates. Leads of the group `customer-success` change it.",
    "Price lists": "What items cost: everybody, an account, or a group of accounts. For the group `customer-success`.",
    "Audit": "What was changed, by whom and when. For the group `customer-success`.",
    "Figures": "How many orders there were, and how the desk did. For leads and auditors, and programs that may.",
    "Desk people": "Staff, and the people of every account. Leads of the group `customer-success` change them.",
    "Service users": "Programs that act for an account or for the desk. Admins and leads manage them.",
    "Confirmation": "The contact person's page behind the link in a mail. The link is the key; there is no login.",
    "Description": "This document.",
}
COMPONENT = "x-component"
"""In the schema of a parameter: under which name it is shared, where another one has its own."""
ACCOUNT_ID: Schema = {
    "in": "header",
    "name": "account-id",
    "required": False,
    "schema": {
        "type": "string",
        "pattern": IDENTIFIER,
        "description": "The account to act for, of those to which the user belongs; without it, the default one.",
    },
}
"""Of every route of customers; it is read with the token, and by no route itself."""


_ORDER = ("operationId", "tags", "summary", "description", "security", "parameters", "requestBody", "responses")


class UnknownName(Exception):
    """A route names a schema or a code that does not exist."""


def document() -> Schema:
    """Return the document, the same for the same code; raise UnknownName."""
    return describe(APPS)


def describe(apps: Iterable[Api]) -> Schema:
    """Return the document of the routes of these resolvers; raise UnknownName."""
    paths: Schema = {}
    routes: list[tuple[Schema, Handler]] = []
    for app in apps:
        generated = json.loads(app.get_openapi_json_schema())["paths"]
        for (method, path), handler in app.handlers.items():
            operation = _named(generated[path][method.lower()], handler)
            paths.setdefault(path, {})[method.lower()] = operation
            routes.append((operation, handler))
    queries = {query.__name__: query for _, handler in routes if (query := query_of(handler))}
    schemas = _schemas(paths, queries)
    members = {name: schemas.pop(name)["properties"] for name in queries}
    parameters: Schema = {}
    responses: Schema = {}
    for operation, handler in routes:
        query = query_of(handler)
        of_query = members[query.__name__] if query else {}
        sent = operation.pop("parameters", [])
        if access_to(handler).takes_account:
            sent.append(ACCOUNT_ID)
        if sent:
            operation["parameters"] = [_parameter(each, of_query, parameters) for each in sent]
        operation["responses"] = _responses(operation, handler, parameters, responses)
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/", "description": "The site: API and confirmation links have one origin."}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "security": [{"id_token": []}],
        "paths": {
            path: {method: {name: one[name] for name in _ORDER if name in one} for method, one in methods.items()}
            for path, methods in paths.items()
        },
        "components": {
            "schemas": schemas,
            "parameters": dict(sorted(parameters.items())),
            "headers": HEADERS,
            "responses": dict(sorted(responses.items())),
            "securitySchemes": {
                "id_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": (
                        "The id token of the user pool; groups `customers` and `customer-success`. An operation names "
                        "the permission that it requires, which comes with the user's role or is a scope of a service "
                        "user."
                    ),
                }
            },
        },
    }


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


def _named(operation: Schema, handler: Handler) -> Schema:
    """Return an operation with the handler's name and body, and without security where it needs no login."""
    name = operation["operationId"] = handler.__name__
    access = access_to(handler)
    if not access.needs_login:
        operation["security"] = []
    elif access.permission:
        operation["security"] = [{"id_token": [access.permission.value]}]
    if sent := sent_body(handler):
        content: Schema = {"application/json": {"schema": {"$ref": COMPONENTS + sent.schema}}}
        if sent.takes_csv:
            content["text/csv"] = {"schema": PRICES_CSV["text/csv"], "example": examples.price_table()}
        operation["requestBody"] = {"required": sent.is_required, "content": content}
    if body := operation.get("requestBody"):
        _add_examples(next(iter(body["content"].values())), examples.BODIES[name])
    if name in examples.ANSWERS:
        response = next(each for status, each in operation["responses"].items() if status.startswith("2"))
        _add_examples(response["content"]["application/json"], examples.ANSWERS[name])
    for each in operation["responses"].values():
        if not each["content"]:
            del each["content"]
    return operation


def _add_examples(content: Schema, named: examples.Examples) -> None:
    content["examples"] = {name: {"value": example} for name, example in named.items()}


def sent_body(handler: Handler) -> RequestBody | None:
    """Return the body that a route takes, by its dependencies; None where it takes none."""
    requested = [each.depends.dependency for each in build_dependency_tree(handler).dependencies]
    return next((REQUEST_BODIES[dependency] for dependency in requested if dependency in REQUEST_BODIES), None)


def _schemas(paths: Schema, queries: Mapping[str, type[QueryModel]]) -> Schema:
    """Return the schemas that operations name, those that these need in turn, and those of the queries."""
    named = {part["$ref"].removeprefix(COMPONENTS) for part in parts_of(paths) if "$ref" in part}
    if unknown := sorted(name for name in named - TAKEN.keys() - SHOWN.keys() - PROBLEMS.keys() if "/" not in name):
        raise UnknownName(f"No model in tools/openapi/answers.py is called {', '.join(unknown)}.")
    return schemas_of(
        [
            *((TAKEN[name], "validation") for name in sorted(named & TAKEN.keys())),
            *((SHOWN[name], "serialization") for name in sorted(named & SHOWN.keys())),
            *((model, "serialization") for model in PROBLEMS.values()),
            *((query, "validation") for query in queries.values()),
        ]
    )[1]


def _parameter(generated: Schema, of_query: Schema, parameters: Schema) -> Schema:
    """Return the reference to a shared parameter; a query's member has the schema of its model."""
    where, name = generated["in"], generated["name"]
    if where == "header":
        name = name.title()
    schema = dict(parameter_schema(of_query[name] if name in of_query else generated["schema"]))
    parameter = {"name": name, "in": where, "description": schema.pop("description"), "schema": schema}
    if generated["required"]:
        parameter["required"] = True
    if where == "path":
        parameter["example"] = examples.PATHS[name]
    key = schema.pop(COMPONENT, f"path_{name}" if where == "path" else name)
    if parameters.setdefault(key, parameter) != parameter:
        raise UnknownName(f"Two parameters are called {key}.")
    return {"$ref": f"#/components/parameters/{key}"}


def _responses(operation: Schema, handler: Handler, parameters: Schema, shared_responses: Schema) -> Schema:
    """Return the route's own responses, and its refusals with other statuses."""
    codes = set(operation.pop(ERROR_CODES, ()))
    named = [parameters[each["$ref"].rpartition("/")[2]] for each in operation.get("parameters", ())]
    follow, by_gateway = refusals.error_responses(
        access_to(handler), named, sent_body(handler), takes_query=query_of(handler) is not None
    )
    if unknown := sorted(codes - {refusal.code for refusal in refusals.ALL}):
        raise UnknownName(f"No refusal has the code {', '.join(unknown)}.")
    requested = [refusal for refusal in refusals.ALL if refusal in follow or refusal.code in codes]
    found = dict(operation["responses"])
    for status, group in refusals.by_status(requested, by_gateway).items():
        name = refusals.response_name(status, group)
        if str(status) not in found:
            shared_responses[name] = refusals.response(status, group)
            found[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return dict(sorted(found.items()))
