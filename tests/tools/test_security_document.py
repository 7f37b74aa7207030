"""The documents name tests that are there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.generate import ROOT

LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]*tests/[\w/.-]+\.py)\)")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMED = re.compile(r"`(test_\w+\.py)`")


def names_in(path: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE))


def links(document: Path) -> Iterator[tuple[str, Path]]:
    for text, target in LINK.findall(document.read_text("utf-8")):
        yield text, (document.parent / target).resolve()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_file_that_a_document_names_is_there(document: Path) -> None:
    assert [target for _, target in links(document) if not target.is_file()] == []
    files = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(NAMED.findall(document.read_text("utf-8"))) - files == set()


def test_every_test_that_the_security_document_names_is_in_the_file_it_leads_to() -> None:
    named = [
        (f"test_{re.sub(r'[^0-9a-z]+', '_', text.lower())}", target)
        for text, target in links(ROOT / "docs" / "security.md")
        if not text.startswith("`")
    ]
    assert len(named) > 40
    assert [name for name, target in named if name not in names_in(target)] == []


def test_every_row_of_the_security_document_names_a_test() -> None:
    rows = [line for line in (ROOT / "docs" / "security.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    assert [row for row in rows if not row.startswith("| tries |") and not LINK.search(row)] == []
