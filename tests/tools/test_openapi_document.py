"""The document as a whole: sound, complete, in step with the code, and the same every time."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from openapi_spec_validator import OpenAPIV31SpecValidator

from online_orders.domain import confirmation
from online_orders.domain.errors import OnlineOrdersError, TooLarge
from online_orders.http import bodies
from online_orders.http import responses as http_responses
from online_orders.http.app import Api, error_codes, response_spec
from online_orders.http.responses import Response
from tests.tools.described import DOCUMENT, Place, at, faults, operations, pointer
from tools.generate import GENERATED, ROOT
from tools.openapi import APPS, UnknownName, describe, examples
from tools.openapi.answers import ConfirmationForm
from tools.openapi.refusals import ALL


def _nodes(node: Any, place: Place = ()) -> Iterator[tuple[Place, dict[str, Any]]]:
    if isinstance(node, dict):
        yield place, node
    named = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in named:
        yield from _nodes(value, (*place, str(name)))


def _examples() -> Iterator[Any]:
    """Places of media types, and the examples that stand there."""
    for place, node in _nodes(DOCUMENT):
        if "schema" in node and place[-2:-1] == ("content",):
            examples = [example["value"] for example in node.get("examples", {}).values()]
            examples += [node["example"]] if "example" in node else []
            for number, example in enumerate(examples):
                yield pytest.param((*place, "schema"), example, id=f"{pointer(place)}-{number}")


def test_it_is_sound_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_committed_files_are_what_the_code_makes_whatever_the_hash_seed() -> None:
    text = subprocess.run(
        [sys.executable, "-m", "tools.generate", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (text.returncode, text.stdout, text.stderr) == (0, "", "")
    assert json.loads((GENERATED / "openapi.json").read_text("utf-8")) == DOCUMENT


def test_a_route_that_names_an_unknown_schema_or_code_fails_by_it() -> None:
    for (responses, extensions), fault in (
        ((response_spec("Novelty", "New."), {}), "is called Novelty"),
        ((response_spec(None, "Old."), error_codes("novel")), "has the code novel"),
    ):
        api = Api()

        @api.get("/api/novelties", responses=responses, openapi_extensions=extensions)
        def show_novelties() -> Response:
            return http_responses.json_response({})

        with pytest.raises(UnknownName, match=fault):
            describe([api])


def test_every_operation_has_an_id_of_its_own_a_declared_tag_and_a_refusal() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids)) == sum(len(api.handlers) for api in APPS)
    declared = {tag["name"] for tag in DOCUMENT["tags"]}
    assert {tag for _, _, operation in operations() for tag in operation["tags"]} == declared
    for method, path, operation in operations():
        assert operation["summary"] != f"{method} {path}", "nobody wrote one"
        assert operation["description"]
        assert any(status.startswith("4") for status in operation["responses"]), path


def test_examples_are_of_operations() -> None:
    ids = {operation["operationId"] for _, _, operation in operations()}
    assert examples.ANSWERS.keys() <= ids
    assert examples.BODIES.keys() == {
        operation["operationId"] for _, _, operation in operations() if "requestBody" in operation
    }


def test_only_the_description_and_the_links_are_open_to_everybody() -> None:
    open_paths = {path for _, path, operation in operations() if operation.get("security") == []}
    of_links = {"/confirm/{token}", "/confirm/{token}/quote.pdf", "/confirm/{token}/confirmation.pdf"}
    assert open_paths == {"/api/openapi.json", "/api/token", "/api/certificate-keys", *of_links}
    assert DOCUMENT["security"] == [{"id_token": []}]


def test_every_component_is_there_and_used() -> None:
    used = {node["$ref"] for _, node in _nodes(DOCUMENT) if "$ref" in node}
    kept = {
        f"#/components/{kind}/{name}"
        for kind, components in DOCUMENT["components"].items()
        if kind != "securitySchemes"
        for name in components
    }
    assert used == kept


def test_every_parameter_of_a_path_is_described() -> None:
    for _, path, operation in operations():
        names = [
            at(("components", "parameters", each["$ref"].split("/")[-1])) for each in operation.get("parameters", ())
        ]
        in_path = {parameter["name"] for parameter in names if parameter["in"] == "path"}
        assert in_path == {part.strip("{}") for part in path.split("/") if part.startswith("{")}


@pytest.mark.parametrize(("place", "example"), _examples())
def test_an_example_is_what_its_schema_says(place: Place, example: Any) -> None:
    assert faults(example, place) == []


def _codes_of_the_code() -> set[str]:
    """Codes of the errors, and those that are named where one is raised."""
    codes: set[str] = set()
    named = {"BadRequest", "Forbidden", "StateConflict", "Unprocessable"}
    for folder in ("layers/core/online_orders", "functions"):
        for path in Path(ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", None) in named:
                    code = getattr(node.args[0], "value", None)
                    assert isinstance(code, str), f"{path}:{node.lineno} computes its code"
                    codes.add(code)
    return codes | {kind.code for kind in _kinds(OnlineOrdersError) if "code" in vars(kind)}


def _kinds(kind: type[OnlineOrdersError]) -> Iterator[type[OnlineOrdersError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def test_every_code_that_the_code_gives_is_described_and_no_other() -> None:
    assert {refusal.code for refusal in ALL} == _codes_of_the_code()


def sending(size: int) -> Request:
    """A request with a body of so many bytes."""
    return Request("/", {}, APIGatewayProxyEventV2({"body": "x" * size}))


def test_the_largest_body_that_is_described_is_the_largest_that_is_taken() -> None:
    with pytest.raises(TooLarge) as refusal:
        bodies.raw_body(sending(bodies.MAX_BODY_BYTES + 1))
    assert len(bodies.raw_body(sending(bodies.MAX_BODY_BYTES))) == bodies.MAX_BODY_BYTES
    described = DOCUMENT["components"]["responses"]["TooLarge"]
    examples = described["content"]["application/problem+json"]["examples"]
    assert examples["too_large"]["value"]["detail"] == refusal.value.detail
    assert f"larger than {bodies.MAX_BODY_BYTES // 1024} KiB" in described["description"]
    assert bodies.MAX_BODY_BYTES % 1024 == 0


def test_the_form_has_the_decisions_of_the_page() -> None:
    decisions = ConfirmationForm.model_json_schema()["properties"]["decision"]["enum"]
    others = {"ask", "hand_over", "recalculate", "request_quote", "request_mail"}
    assert {*decisions} == {*confirmation.DECISIONS, *others}
