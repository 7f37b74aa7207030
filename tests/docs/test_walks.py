"""The walks through the code in the contributing guide: every step names a file and what to read there."""

import re

import pytest

from tests.docs.shell import ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SECTION = GUIDE.partition("\n## Walks through the code\n")[2].partition("\n## ")[0]
WALKS = {title: text for title, _, text in (walk.partition("\n") for walk in SECTION.split("\n### ")[1:])}
STEP = re.compile(r"^\d+\. \[`[^`]+`\]\((?P<path>[^)]+)\)(?P<rest>.*(?:\n {3}.*)*)", re.MULTILINE)
TITLES = ["Place an order", "The contact decides", "A quote expires", "The text of one mail"]


def steps_of(title: str) -> list[tuple[str, str]]:
    return [(step["path"], step["rest"]) for step in STEP.finditer(WALKS[title])]


def test_there_are_four_walks() -> None:
    assert [*WALKS] == TITLES


@pytest.mark.parametrize("title", TITLES)
def test_a_walk_enters_no_file_twice(title: str) -> None:
    paths = [path for path, _ in steps_of(title)]
    assert len(paths) == len(set(paths)) > 5
    assert re.findall(r"^(\d+)\.", WALKS[title], re.MULTILINE) == [str(number + 1) for number in range(len(paths))]


@pytest.mark.parametrize("title", TITLES)
def test_a_walk_names_what_is_there(title: str) -> None:
    for path, rest in steps_of(title):
        source = (ROOT / path).read_text("utf-8")
        for name in re.findall(r"`([^`]+)`", rest):
            assert name in source, f"{name} in {path}"
