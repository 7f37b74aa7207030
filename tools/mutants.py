"""Change the code in one place at a time, run the tests that reach it, and write to docs/mutants.md what none noticed.

    .venv/bin/python -m tools.mutants run [MODULE ...]   run the mutants of these modules, or of all (hours)
    .venv/bin/python -m tools.mutants show [MODULE ...]  print the changes that no test noticed
    .venv/bin/python -m tools.mutants table              write docs/mutants.md from what was run

mutmut makes the mutants and finds out which tests reach which function, in a copy of the project below .mutants/: it
names a module by its path, and the layers are not on one. In that copy a decorated function is written as a plain one
that is decorated by the next statement, which comes to the same, because mutmut leaves decorated functions alone. The
mutants are run from here: mutmut has pytest begin anew for each, which takes several times as long as the tests.
Results are kept, and a mutant runs again only when its function has changed, or when it lived. To forget them, remove
.mutants/.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from difflib import SequenceMatcher
from functools import cache
from importlib import import_module
from itertools import accumulate, groupby
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".mutants"
TABLE = ROOT / "docs" / "mutants.md"
SOURCES = ("layers/core", "layers/rendering", "functions")
SURVIVED, UNTESTED = 0, 33
"""mutmut's codes: the tests passed; no test reaches the function. Other codes mean that it was noticed, None that it
was not run."""
MAX_TEST_SECONDS = float(os.environ.get("MUTANT_TEST_SECONDS", "20"))
"""How long the tests of a mutant may take in total; the less close ones are left out."""
SLOW = 0.3
"""Seconds; slower tests come last."""
MAX_CPU_SECONDS = 120
"""After this a mutant counts as endless."""
MAX_WORDS_OF_NO_SENTENCE = 4
NOT_RUN = "not run"
UNREASONED = "no reason yet"

Json = dict[str, Any]


class Group(NamedTuple):
    """Modules whose mutants the same tests decide on."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]
    at_import: tuple[str, ...] = ()
    """Modules with functions that are called while modules are imported, before any test has begun."""
    warm_up: tuple[str, ...] = ()
    """Tests that are run once before the mutants, because what they make and keep takes longer than a test."""

    @property
    def folder(self) -> Path:
        return WORK / self.name


def groups() -> list[Group]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutants"]
    return [
        Group(name, *(tuple(one.get(member, ())) for member in Group._fields[1:])) for name, one in settings.items()
    ]


def undecorated(source: str) -> str:
    """Return a module in which `@decorator def f` is `def f` and then `f = decorator(f)`, in its classes too."""
    lines = source.splitlines()
    tree = ast.parse(source)
    owners: list[ast.Module | ast.ClassDef] = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    functions = [node for owner in owners for node in owner.body if isinstance(node, ast.FunctionDef)]
    for node in sorted(functions, key=lambda node: node.lineno, reverse=True):
        if node.decorator_list and node.end_lineno:
            wrapped = node.name
            for decorator in reversed(node.decorator_list):
                wrapped = f"{ast.unparse(decorator)}({wrapped})"
            lines.insert(node.end_lineno, f"{' ' * node.col_offset}{node.name} = {wrapped}")
            del lines[node.decorator_list[0].lineno - 1 : node.lineno - 1]
    return "\n".join(lines) + "\n"


def prepare(group: Group) -> None:
    """Bring the copy up to date. Unchanged files keep their time, and so their results."""
    folder = group.folder
    kept = set()
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    for name in listed:
        if not (ROOT / name).is_file():
            continue
        kept |= {name, *_copied(folder, name)}
    settings = f"only_mutate = {json.dumps([_path(module) for module in group.modules])}\n"
    settings += f"pytest_add_cli_args_test_selection = {json.dumps(group.tests)}\n"
    text = (ROOT / "pyproject.toml").read_text().replace("[tool.mutmut]\n", "[tool.mutmut]\n" + settings)
    (folder / "pyproject.toml").write_text(text)
    for mutated in (folder / "mutants" / _path(module) for module in group.modules):
        if not mutated.with_name(mutated.name + ".meta").exists():
            mutated.unlink(missing_ok=True)  # from before the group had this module; mutmut takes it for done
    for path in [*_files(folder / "src"), *_files(folder / "tests"), *_files(folder / "mutants" / "tests")]:
        if path.relative_to(folder).as_posix().removeprefix("mutants/") not in kept:
            path.unlink()


def _copied(folder: Path, name: str) -> Iterator[str]:
    origin = ROOT / name
    _place(folder / name, origin.read_bytes(), origin)
    for source in SOURCES:
        if name.startswith(source + "/"):
            inside = "src" + name.removeprefix(source)
            content = origin.read_bytes()
            _place(folder / inside, undecorated(content.decode()).encode() if name.endswith(".py") else content, origin)
            yield inside


def _place(path: Path, content: bytes, origin: Path) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    shutil.copymode(origin, path)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if path.is_file())


def _path(module: str) -> str:
    return f"src/{module.replace('.', '/')}.py"


class Results(NamedTuple):
    """mutmut's results for the mutants of a module."""

    codes: dict[str, int | None]
    """By the mutant's name."""
    lines: list[str]
    """Of the file with all mutants."""
    spans: dict[str, tuple[int, int]]
    """The first and the last line of each function in it."""
    at: datetime
    """When the last of them was run."""

    @classmethod
    def of(cls, group: Group, module: str) -> Results | None:
        """Return the results of a module; None where nothing was run."""
        path = group.folder / "mutants" / _path(module)
        meta = path.with_name(path.name + ".meta")
        if not meta.exists():
            return None
        codes: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
        spans = json.loads(path.with_name(path.name + ".spans").read_text())["spans"]
        at = datetime.fromtimestamp(meta.stat().st_mtime, UTC)
        return cls(codes, path.read_text().splitlines(), spans, at)

    def counted(self) -> dict[str, int | None]:
        """Return the codes, without those of mutants that change only a sentence for people."""
        return {name: code for name, code in self.codes.items() if not self._is_of_sentence(name)}

    def living(self) -> list[str]:
        return [name for name, code in self.counted().items() if code in {SURVIVED, UNTESTED}]

    def _is_of_sentence(self, mutant: str) -> bool:
        name = mutant.rpartition(".")[2]
        before, after = (_without_sentences(self._code(each)) for each in (_original(name), name))
        gone = (
            before[: each.start()] + _NOTHING + before[each.end() :]
            for each in re.finditer(re.escape(_SENTENCE), before)
        )
        return before == after or after in gone

    def change(self, mutant: str) -> Change:
        name = mutant.rpartition(".")[2]
        before, after = (" ".join(self._code(each).split()).partition("(")[2] for each in (_original(name), name))
        function = name.partition("__mutmut_")[0].removeprefix("x_").removeprefix("x\u01c1").replace("\u01c1", ".")
        return Change(function, *_difference(before, after))

    def _code(self, function: str) -> str:
        first, last = self.spans[function]
        return dedent("\n".join(self.lines[first - 1 : last]))


def _original(mutant: str) -> str:
    return f"{mutant.partition('__mutmut_')[0]}__mutmut_orig"


_SENTENCE, _NOTHING = ast.dump(ast.Name("a sentence")), ast.dump(ast.Constant(None))


class _Speechless(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = "function"  # the mutant's name
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self._unless_sentence(node, node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        return self._unless_sentence(node, text)

    def _unless_sentence(self, node: ast.expr, text: object) -> ast.expr:
        return ast.Name("a sentence") if isinstance(text, str) and _is_sentence(text) else node


def _is_sentence(text: str) -> bool:
    """Return whether it is a text for people: several words, and nothing that DynamoDB or a program reads."""
    return (" " in text and text.removesuffix("XX").endswith(".")) or (
        len(text.split()) > MAX_WORDS_OF_NO_SENTENCE and re.fullmatch(r"[A-Za-z ,;'’-]+", text) is not None
    )


@cache
def _without_sentences(code: str) -> str:
    """Return the code with all sentences made equal."""
    return ast.dump(_Speechless().visit(ast.parse(code)))


class Change(NamedTuple):
    """The change of a mutant, as docs/mutants.md shows it."""

    function: str
    before: str
    after: str


def _difference(before: str, after: str, around: int = 18) -> tuple[str, str]:
    """Return what differs in two texts, with a few characters around it."""
    blocks = [
        block for block in SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if block[0] != "equal"
    ]
    begin = before.rfind(" ", 0, max(0, blocks[0][1] - around)) + 1
    ends = (text.find(" ", end + around) for text, end in ((before, blocks[-1][2]), (after, blocks[-1][4])))
    was, is_now = (text[begin : end if end >= 0 else None] for text, end in zip((before, after), ends, strict=True))
    return was, is_now


def run(group: Group, modules: Sequence[str]) -> None:
    """Run the mutants without a result, and those that survived so far."""
    prepare(group)
    # mutmut writes the mutants of all modules, finds the tests that reach each function, and runs the mutants with the
    # fewest.
    texts = {module: (group.folder / _path(module)).read_text() for module in group.modules}
    minimum = min((module for module, text in texts.items() if "def " in text), key=lambda module: len(texts[module]))
    mutmut = Path(sys.executable).parent / "mutmut"
    subprocess.run(
        [mutmut, "run", "--max-children", "1", f"{minimum}.*__mutmut_1"], cwd=group.folder, check=True, env=_ENVIRONMENT
    )
    apart = [module for module in modules if module in group.at_import]
    for command, of in (("judge", modules), ("judge-apart", apart)):
        if of:
            judging = [sys.executable, "-P", __file__, command, *of]
            subprocess.run(judging, cwd=group.folder / "mutants", check=True, env=_ENVIRONMENT)


_ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "MUTANT_UNDER_TEST": ""}


# What follows runs in the folder of the mutated code, which is on the path before this project's own.


def judge(group: Group, modules: Sequence[str]) -> None:
    """Run the tests of each mutant that survived or was not run."""
    quick, tests = _pytest_arguments()
    sys.exit(pytest.main([*quick, *tests], plugins=[_Judge(group, modules)]))


def judge_apart(group: Group, modules: Sequence[str]) -> None:
    """Run the tests of each survived mutant, in a process that imports the mutated code itself.

    Raises RuntimeError when these tests fail without a mutant.
    """
    for module in ("boto3", "hypothesis", "moto", "pydantic", "pytest_socket"):
        import_module(module)  # what is not under test is imported once, before the processes are forked
    quick, _ = _pytest_arguments()
    stats = json.loads(Path("mutmut-stats.json").read_text())
    for module in modules:
        tests = closest_tests_of_module(module, stats["tests_by_mangled_function_name"], stats["duration_by_test"])

        def tests_pass(mutant: str, arguments: Sequence[str] = (*quick, "-x", *tests)) -> int:
            return _forked(mutant, lambda: pytest.main([*arguments]))

        if tests_pass("") != 0:
            raise RuntimeError(f"the tests of {module} fail without a mutant")
        results = Results.of(group, module)
        for name in results.living() if results else ():
            _note(group, module, name, tests_pass(name))
        print(module, "done apart", flush=True)


def _pytest_arguments() -> tuple[list[str], list[str]]:
    """Return pytest's arguments, and the tests that may decide."""
    mutmut = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutmut"]
    quick = ["--rootdir=.", "-q", "--tb=native", "--assert=plain", "--timeout=60"]  # nobody reads why a test failed
    return [*quick, *mutmut["pytest_add_cli_args"]], mutmut["pytest_add_cli_args_test_selection"]


class _Judge:
    """Forks for each mutant once all tests are collected; the child runs the tests that reach it."""

    def __init__(self, group: Group, modules: Sequence[str]) -> None:
        self._group = group
        self._modules = modules
        stats = json.loads(Path("mutmut-stats.json").read_text())
        self._tests = closest_tests(stats["tests_by_mangled_function_name"], stats["duration_by_test"])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        for test in self._group.warm_up:
            items[test].config.hook.pytest_runtest_protocol(item=items[test], nextitem=None)
        if session.testsfailed:
            raise RuntimeError("tests fail without a mutant")
        gc.collect()
        gc.freeze()
        for module in self._modules:
            results = Results.of(self._group, module)
            for name, code in (results.counted() if results else {}).items():
                if code in {None, SURVIVED, UNTESTED}:
                    tests = self._tests.get(name.partition("__mutmut_")[0], ())
                    reaching = [items[test] for test in tests if test in items]
                    _note(self._group, module, name, _verdict(name, reaching) if reaching else UNTESTED)
            print(module, "done", flush=True)
        return True


def _verdict(mutant: str, items: Sequence[pytest.Item]) -> int:
    def first_failure() -> int:
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if item.session.testsfailed:
                return 1
        return 0

    return _forked(mutant, first_failure)


def _forked(mutant: str, judged: Callable[[], int]) -> int:
    """Return mutmut's code for the tests' result on a mutant: 0, 1, or the signal that ended them, as a negative
    number.
    """
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what a test had started and could not end
        return code
    os.setpgid(0, 0)
    os.environ["MUTANT_UNDER_TEST"] = mutant
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS + 1))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        os._exit(judged())
    finally:
        os._exit(3)


def closest_tests(reaching: Mapping[str, Iterable[str]], seconds: Mapping[str, float]) -> dict[str, list[str]]:
    """Return, by function, the tests that decide on its mutants: first those that are quick, named after its module and
    reach the fewest functions, for `MAX_TEST_SECONDS` in total.
    """
    reached = Counter(test for tests in reaching.values() for test in tests)

    def closest(function: str, tests: Iterable[str]) -> list[str]:
        named = f"test_{function.rpartition('.')[0].rpartition('.')[2]}"
        ranked = sorted(tests, key=lambda test: (seconds.get(test, 0) > SLOW, named not in test, reached[test], test))
        spent = accumulate(seconds.get(test, 0) for test in ranked)
        return [test for test, so_far in zip(ranked, spent, strict=True) if so_far <= MAX_TEST_SECONDS]

    return {function: closest(function, tests) for function, tests in reaching.items()}


def closest_tests_of_module(
    module: str, reaching: Mapping[str, Iterable[str]], seconds: Mapping[str, float]
) -> list[str]:
    """Return the tests that decide on all functions of a module."""
    of_module = {
        test for function, tests in reaching.items() if function.rpartition(".")[0] == module for test in tests
    }
    others = {function: tests for function, tests in reaching.items() if function.rpartition(".")[0] != module}
    return closest_tests({**others, f"{module}.x": of_module}, seconds)[f"{module}.x"]


def _note(group: Group, module: str, name: str, code: int) -> None:
    path = group.folder / "mutants" / f"{_path(module)}.meta"
    meta = json.loads(path.read_text())
    meta["exit_code_by_key"][name] = code
    whole = path.with_name(path.name + ".new")
    whole.write_text(json.dumps(meta, indent=4))
    whole.replace(path)


# The table.

COLUMNS = "| module | mutants | killed | left | score | of |\n|---|--:|--:|--:|--:|---|"
ROW = re.compile(r"^\| `(\S+)` \| (.+) \|$", re.MULTILINE)
KEPT = re.compile(r"^\| `(\S+)` \| `` (.+?) `` \| `` (.+?) `` \| (.+) \|$", re.MULTILINE)
BEGIN, END = "<!-- made by tools.mutants: reasons are kept, all else is written anew -->", "<!-- end -->"


def table(document: str, modules: Sequence[tuple[Group, str]]) -> str:
    """Return the document with the new results. Rows of what was not run stay as they are, and so do reasons."""
    before, _, rest = document.partition(BEGIN)
    old, _, after = rest.partition(END)
    existing = dict(ROW.findall(old))
    sections = dict(_sections(old))
    rows, lists = [], []
    for group, module in modules:
        results = Results.of(group, module)
        if results is None or None in results.counted().values():
            rows.append(f"| `{module}` | {existing.get(module, f'| | | | {NOT_RUN}')} |")
            listed = sections.get(module, "")
        else:
            rows.append(f"| `{module}` | {_score(results)} |")
            listed = _kept(results, sections.get(module, ""))
        if listed:
            lists.append(f"### `{module}`\n\n{listed}\n")
    made = "\n".join([COLUMNS, *rows, "", "## What is left, and why", "", *lists])
    return f"{before}{BEGIN}\n{made}{END}{after}"


def _score(results: Results) -> str:
    made, left = len(results.counted()), len(results.living())
    score = f"{100 * (made - left) / made:.1f} %" if made else "–"
    return f"{made} | {made - left} | {left} | {score} | {results.at:%Y-%m-%d}"


def _sections(made: str) -> Iterator[tuple[str, str]]:
    for part in made.split("\n### ")[1:]:
        title, _, text = part.partition("\n")
        yield title.strip("`"), text.strip()


def _kept(results: Results, existing: str) -> str:
    """Return each survived change, with its reason."""
    reasons = {Change(*found[:3]): found[3] for found in KEPT.findall(existing)}
    changes = dict.fromkeys(_changed_text(results.change(name)) for name in results.living())
    rows = [
        f"| `{one.function}` | `` {one.before} `` | `` {one.after} `` | {reasons.get(one, UNREASONED)} |"
        for one in changes
    ]
    return "\n".join(["| function | this | as this | lives because |", "|---|---|---|---|", *rows]) if rows else ""


def _changed_text(change: Change) -> Change:
    """Return the change with its texts fit for a cell of a table."""
    return Change(change.function, *(text.replace("|", "\\|").replace("``", "` `") for text in change[1:]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["run", "judge", "judge-apart", "show", "table"])
    parser.add_argument("modules", nargs="*")
    arguments = parser.parse_args()
    known = [(group, module) for group in groups() for module in group.modules]
    requested = [(group, module) for group, module in known if not arguments.modules or module in arguments.modules]
    for group, of_group in groupby(requested, key=lambda one: one[0]):
        if arguments.command == "run":
            run(group, [module for _, module in of_group])
        elif arguments.command == "judge":
            judge(group, [module for _, module in of_group])
        elif arguments.command == "judge-apart":
            judge_apart(group, [module for _, module in of_group])
    if arguments.command == "show":
        for group, module in requested:
            if results := Results.of(group, module):
                for name in results.living():
                    print(name, *results.change(name), sep="\n    ")
    TABLE.write_text(table(TABLE.read_text(), known))


if __name__ == "__main__":
    main()
