"""Mutants: every module that decides is among them, and whatever lives has a reason."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tools import mutants
from tools.mutants import ROOT, TABLE, Change, Group, closest_tests, groups, table, undecorated

KNOWN = [(group, module) for group in groups() for module in group.modules]


def test_the_table_lists_every_module_and_no_survivor_without_a_reason() -> None:
    document = TABLE.read_text()
    rows = dict(mutants.ROW.findall(document.partition("## What is left")[0]))
    assert list(rows) == [module for _, module in KNOWN]
    assert mutants.UNREASONED not in document
    left = {module: int(row.split("|")[2]) for module, row in rows.items() if mutants.NOT_RUN not in row}
    sections = dict(mutants._sections(document))
    assert {module for module, count in left.items() if count} == set(sections)


def test_every_module_is_run_by_a_group_or_left_out_by_name() -> None:
    core = "layers/core/online_orders"
    packages = (core, *(f"{core}/{folder}" for folder in ("domain", "http", "aws", "routes")), "functions")
    paths = [path for package in packages for path in (ROOT / package).glob("*.py") if path.stem != "__init__"]
    left_out = TABLE.read_text().partition("Modules left out")[2].partition("\n\n")[0]
    for path in paths:
        where = (
            path.relative_to(ROOT).with_suffix("").as_posix().removeprefix("layers/core/").removeprefix("functions/")
        )
        module = where.replace("/", ".")
        assert (module in [each for _, each in KNOWN]) is not (f"`{module}`" in left_out), module


def test_what_is_run_before_the_mutants_is_a_test_of_their_group() -> None:
    for group in groups():
        for test in group.warm_up:
            path, _, name = test.partition("::")
            assert path.startswith(group.tests), test
            assert f"def {name}(" in (ROOT / path).read_text(), test


SAMPLE = """
from functools import cache, wraps


def loud(sign):
    def deco(function):
        @wraps(function)
        def called(*arguments):
            return function(*arguments) + sign
        return called
    return deco


@loud(
    "!"
)
@cache
def said(text): return text


class Person:
    def __init__(self, name):
        self.name = name

    @property
    def shown(self):
        return f"<{self.name}>"

    @classmethod
    @loud("?")
    def named(cls, name):
        return cls(name).shown
"""


def test_a_decorated_function_becomes_a_plain_one_that_does_the_same() -> None:
    recorded = []
    for source in (SAMPLE, undecorated(SAMPLE)):
        names: dict[str, Any] = {}
        exec(source, names)  # noqa: S102
        recorded.append((names["said"]("a"), names["Person"]("b").shown, names["Person"].named("c")))
    assert recorded[0] == recorded[1] == ("a!", "<b>", "<c>?")
    assert undecorated(SAMPLE).count("@") == 1, "only what a function makes is as it was"


def test_a_mutant_meets_the_tests_of_its_module_first() -> None:
    own, other = [f"tests/test_b.py::test_{n}" for n in range(9)], [f"tests/test_a.py::test_{n}" for n in range(500)]
    reaching = {"a.b.x_f": [*other, *own], "a.b.x_g": own[:2]}
    fewer = closest_tests(reaching, dict.fromkeys([*own, *other], 0.125))
    assert set(fewer["a.b.x_f"][:9]) == set(own)
    assert len(fewer["a.b.x_f"]) == 160, "twenty seconds of them"
    assert fewer["a.b.x_g"] == own[:2]


def test_mutants_of_what_runs_at_import_meet_the_tests_of_their_whole_module() -> None:
    reaching = {"a.b.x_f": ["tests/test_c.py::test_f"], "a.b.x_g": ["tests/test_b.py::test_g"], "a.c.x_h": ["far"]}
    tests = mutants.closest_tests_of_module("a.b", reaching, {"tests/test_c.py::test_f": 0.1})
    assert tests == ["tests/test_b.py::test_g", "tests/test_c.py::test_f"]
    for group in groups():
        assert set(group.at_import) <= set(group.modules)


def test_what_a_mutants_tests_have_started_ends_with_them() -> None:
    reading, writing = os.pipe()

    def leave_a_process_behind() -> int:
        subprocess.Popen(["sleep", "60"], pass_fds=[writing])
        return 1

    assert mutants._forked("a.b.x_f__mutmut_1", leave_a_process_behind) == 1
    os.close(writing)
    assert os.read(reading, 1) == b"", "nobody is left who could write"
    os.close(reading)


def test_a_mutant_that_breaks_the_tests_themselves_is_noticed() -> None:
    assert mutants._forked("a.b.x_f__mutmut_1", lambda: 1 // 0) == 3


@pytest.fixture
def of_three(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Group, str]]:
    """Modules of which one was run."""
    results = SimpleNamespace(
        counted=lambda: {"p.one.x_f__mutmut_1": 1, "p.one.x_f__mutmut_2": 0, "p.one.x_g__mutmut_1": 36},
        living=lambda: ["p.one.x_f__mutmut_2", "p.one.x_f__mutmut_3"],
        change=lambda name: Change("f", "a | b", f"a & b{name[-1]}"),
        at=SimpleNamespace(__format__=lambda form: "2026-11-28"),
    )
    monkeypatch.setattr(
        mutants.Results, "of", classmethod(lambda cls, group, module: results if module == "p.one" else None)
    )
    monkeypatch.setattr(mutants, "_score", lambda results: "4 | 2 | 2 | 50.0 % | 2026-11-28")
    group = Group("g", ("p.one", "p.two", "p.three"), ())
    return [(group, module) for module in group.modules]


def test_the_table_is_made_anew_and_keeps_reasons_and_rows_of_what_was_not_run(of_three: Any) -> None:
    row = "| `p.two` | 9 | 9 | 0 | 100.0 % | 2026-11-01 |"
    document = f"Before.\n{mutants.BEGIN}\n{mutants.COLUMNS}\n{row}\n{mutants.END}\nAfter.\n"
    first = table(document, of_three)
    assert "| `p.one` | 4 | 2 | 2 | 50.0 % | 2026-11-28 |" in first
    assert row in first
    assert f"| `p.three` | | | | | {mutants.NOT_RUN} |" in first
    assert first.count(mutants.UNREASONED) == 2
    reasoned = first.replace(mutants.UNREASONED, "It is the same.", 1)
    second = table(reasoned, of_three)
    assert second == reasoned
    assert "| `f` | `` a \\| b `` | `` a & b2 `` | It is the same. |" in second
    assert second.startswith("Before.\n")
    assert second.endswith("\nAfter.\n")


def test_a_change_is_told_with_a_little_around_it(tmp_path: Path) -> None:
    texts = mutants._difference("def f(a): return a + 1 if a else 2", "def f(a): return a - 1 if a else 2", around=8)
    assert texts == ("return a + 1 if a else", "return a - 1 if a else")
