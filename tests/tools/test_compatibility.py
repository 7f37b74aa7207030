"""What a client of the released API would trip over is found, and what it would not is let through."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tools.compatibility import PRESENT, breaks, newest_release

Json = dict[str, Any]

RELEASED: Json = json.loads(newest_release().read_text("utf-8"))


def schemas(document: Json) -> Json:
    found: Json = document["components"]["schemas"]
    return found


def named(document: Json, start: str) -> Json:
    """The schema whose name begins so."""
    return next(schema for name, schema in schemas(document).items() if name.startswith(start))


def place_order(document: Json) -> Json:
    found: Json = document["paths"]["/api/orders"]["post"]
    return found


def body_of(document: Json, operation: Json) -> Json:
    reference = next(iter(operation["requestBody"]["content"].values()))["schema"]["$ref"]
    found: Json = schemas(document)[reference.rpartition("/")[2]]
    return found


def answer_of(document: Json, operation: Json, status: str) -> Json:
    reference = operation["responses"][status]["content"]["application/json"]["schema"]["$ref"]
    found: Json = schemas(document)[reference.rpartition("/")[2]]
    return found


def without_route(document: Json) -> None:
    del document["paths"]["/api/catalog"]["get"]


def without_status(document: Json) -> None:
    del place_order(document)["responses"]["201"]


def without_answered_field(document: Json) -> None:
    del answer_of(document, place_order(document), "201")["properties"]["placed_at"]


def with_optional_answered_field(document: Json) -> None:
    answer_of(document, place_order(document), "201")["required"].remove("placed_at")


def with_required_field(document: Json) -> None:
    body = body_of(document, place_order(document))
    body["properties"]["urgency"] = {"type": "string"}
    body["required"].append("urgency")


def without_sent_field(document: Json) -> None:
    body = body_of(document, place_order(document))
    del body["properties"]["note"]
    body["additionalProperties"] = False


def with_narrower_choice(document: Json) -> None:
    named(document, "Status")["enum"].remove("submitted")


def with_wider_answer(document: Json) -> None:
    named(document, "Status")["enum"].append("delayed")


def with_required_parameter(document: Json) -> None:
    parameter = {"name": "tenant", "in": "query", "required": True, "schema": {"type": "string"}}
    place_order(document).setdefault("parameters", []).append(parameter)


def with_another_name(document: Json) -> None:
    place_order(document)["operationId"] = "order"


def with_smaller_limit(document: Json) -> None:
    parameter = next(one for one in document["components"]["parameters"].values() if one["name"] == "limit")
    parameter["schema"]["maximum"] = 50


BREAKING: dict[Callable[[Json], None], str] = {
    without_route: "GET /api/catalog: the operation is gone",
    without_status: "POST /api/orders: the status 201 is gone",
    without_answered_field: ".placed_at: the field is gone",
    with_optional_answered_field: ".placed_at: may now be missing",
    with_required_field: "POST /api/orders body.urgency: now required",
    without_sent_field: "POST /api/orders body.note: the field is gone",
    with_narrower_choice: 'GET /api/orders status: no longer takes "submitted"',
    with_wider_answer: '.status: answers "delayed", which it did not',
    with_required_parameter: "POST /api/orders: the parameter query tenant is new and required",
    with_another_name: "POST /api/orders: the operationId is another, and with it the name in generated clients",
    with_smaller_limit: "GET /api/orders limit: maximum was 100 and is 50",
}


@pytest.mark.parametrize("change", BREAKING, ids=lambda change: change.__name__)
def test_a_break_is_found_and_named_by_its_place(change: Callable[[Json], None]) -> None:
    changed = copy.deepcopy(RELEASED)
    change(changed)
    assert [each for each in breaks(RELEASED, changed) if each.endswith(BREAKING[change])]


def test_what_only_adds_breaks_nothing() -> None:
    changed = copy.deepcopy(RELEASED)
    answer_of(changed, place_order(changed), "201")["properties"]["priority"] = {"type": "string"}
    body_of(changed, place_order(changed))["properties"]["priority"] = {"type": "string"}
    changed["paths"]["/api/novelties"] = {"get": changed["paths"]["/api/catalog"]["get"]}
    place_order(changed)["responses"]["402"] = place_order(changed)["responses"]["403"]
    optional = {"name": "dry", "in": "query", "schema": {"type": "boolean"}}
    place_order(changed).setdefault("parameters", []).append(optional)
    for name in ("Account", "AccountRequest"):
        schemas(changed)[name]["properties"]["locale"]["enum"].append("fr")
    assert breaks(RELEASED, changed) == []


def test_a_document_is_compatible_with_itself_and_with_the_last_release() -> None:
    assert breaks(RELEASED, RELEASED) == []
    assert breaks(RELEASED, json.loads(PRESENT.read_text("utf-8"))) == []
