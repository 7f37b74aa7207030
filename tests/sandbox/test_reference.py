"""The reference page has every operation and every schema, leads nowhere in vain, and runs no script."""

import json
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.reference import Reference, in_words, operations, type_of
from tests import loopback
from tests.sandbox.serving import serving
from tools.compatibility import PRESENT

DOCUMENT = json.loads(PRESENT.read_text("utf-8"))


@pytest.fixture(scope="module")
def answer() -> httpx.Response:
    with serving(Starlette(routes=Reference(PRESENT).routes())) as address:
        return loopback.get(f"{address}/reference")


def test_every_operation_and_schema_is_there_and_every_link_within_the_page_leads_somewhere(
    answer: httpx.Response,
) -> None:
    page = answer.text
    anchors = set(re.findall(r'id="([^"]+)"', page))
    listed = [operation["operationId"] for group in operations(DOCUMENT).values() for operation in group]
    assert len(listed) == sum(len(item) for item in DOCUMENT["paths"].values())
    assert anchors == {*listed, *(f"schema-{name}" for name in DOCUMENT["components"]["schemas"])}
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors


def test_nothing_runs_and_nothing_comes_from_elsewhere(answer: httpx.Response) -> None:
    assert "<script" not in answer.text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert 'style="' not in answer.text


def test_a_document_that_is_made_anew_shows_at_once(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(PRESENT.read_text("utf-8"), "utf-8")
    with serving(Starlette(routes=Reference(path).routes())) as address:
        changed = {**DOCUMENT, "info": {**DOCUMENT["info"], "title": "Another <title>"}}
        path.write_text(json.dumps(changed), "utf-8")
        assert "Another &lt;title&gt;" in loopback.get(f"{address}/reference").text


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 9}, "integer (from 1, to 9)"),
        ({"anyOf": [{"$ref": "#/components/schemas/Site"}, {"type": "null"}]}, "Site or null"),
        ({"type": "array", "items": {"type": "string"}}, "list of string"),
        ({"enum": ["a", "b"]}, '"a" or "b"'),
    ],
)
def test_a_type_is_said_in_few_words(schema: dict[str, object], said: str) -> None:
    assert "".join(text for text, _ in type_of(schema)) == said


def test_what_stands_in_backquotes_is_code_and_nothing_of_a_text_is_markup() -> None:
    assert in_words("take `a<b>` or <i>") == "take <code>a&lt;b&gt;</code> or &lt;i&gt;"
