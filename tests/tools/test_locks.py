"""What is installed is locked, of one version everywhere, and has all that is imported."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.compatibility import ROOT
from tools.run_uv import variables

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
GROUPS = sorted(PROJECT["dependency-groups"])
PARTS_OF_DEV = ("core", "rendering", "cli", "sandbox")
MEANT = {
    "core": ["layers/core"],
    "rendering": ["layers/core", "layers/rendering"],
    "cli": ["layers/core", "cli"],
    "sandbox": ["layers/core", "layers/rendering", "functions", "sandbox"],
}
"""What runs on the packages of a group; the rendering layer is never without the core one."""


def lock_of(group: str) -> Path:
    layer = ROOT / "layers" / group
    return layer / "requirements.txt" if layer.exists() else ROOT / "requirements" / f"{group}.txt"


def locked(group: str) -> dict[str, set[str]]:
    """The versions of each package; of some there is another for an older platform."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", lock_of(group).read_text("utf-8"), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def wanted(group: str) -> Iterator[Requirement]:
    for one in PROJECT["dependency-groups"][group]:
        if isinstance(one, str):
            yield Requirement(one)
        else:
            yield from wanted(one["include-group"])


@pytest.mark.parametrize("group", GROUPS)
def test_a_lock_pins_all_by_hash_and_names_no_registry(group: str) -> None:
    text = lock_of(group).read_text("utf-8")
    assert "://" not in text
    blocks = [one for one in text.replace("\\\n", " ").splitlines() if one.strip() and not one.lstrip().startswith("#")]
    assert blocks
    assert all(re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:", one) for one in blocks)


@pytest.mark.parametrize("group", GROUPS)
def test_a_lock_has_what_its_group_wants(group: str) -> None:
    """Else `make lock` was forgotten."""
    versions = locked(group)
    for one in wanted(group):
        assert any(one.specifier.contains(version) for version in versions[canonicalize_name(one.name)]), one


@pytest.mark.parametrize("group", PARTS_OF_DEV)
def test_the_locks_of_one_environment_are_of_the_same_versions(group: str) -> None:
    assert locked(group).items() <= locked("dev").items()


def imported(folder: Path) -> Iterator[str]:
    """The packages that are imported anywhere in it, by the first part of their names."""
    for source in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_bytes())):
            match node:
                case ast.Import(names=names):
                    yield from (one.name.partition(".")[0] for one in names)
                case ast.ImportFrom(module=str(name), level=0):
                    yield name.partition(".")[0]


@pytest.mark.parametrize("group", MEANT)
def test_what_runs_on_a_group_imports_nothing_else(group: str) -> None:
    """.venv has more, and so would let it."""
    distributions = packages_distributions()
    versions = locked(group).keys() | (locked("core").keys() if group == "rendering" else set())
    names = {name for folder in MEANT[group] for name in imported(ROOT / folder)}
    foreign = {name for name in names - sys.stdlib_module_names if name in distributions}
    assert "pydantic" in foreign
    assert {name for name in foreign if not versions & set(map(canonicalize_name, distributions[name]))} == set()


# -- the machine's package index ------------------------------------------------------------------------------------

LISTING = """\
:env:.index-url='https://user:a=b@index.example/simple'
:env:.disable-pip-version-check='1'
global.cert='/etc/own.pem'
global.index-url='https://other.example/simple'
install.trusted-host='index.example'
"""


def test_uv_is_given_what_pip_is_told_of_the_index() -> None:
    assert variables(LISTING, {}) == {
        "UV_DEFAULT_INDEX": "https://user:a=b@index.example/simple",
        "UV_INSECURE_HOST": "index.example",
        "SSL_CERT_FILE": "/etc/own.pem",
    }


def test_what_uv_itself_is_told_goes_first() -> None:
    own = {"UV_DEFAULT_INDEX": "https://own.example/simple", "HOME": "/home"}
    assert variables("global.index-url='https://other.example/simple'\n", own) == own


def test_uv_asks_the_index_that_pip_would(tmp_path: Path) -> None:
    """An empty folder is an index that has nothing."""
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {tmp_path.as_uri()}\n", "utf-8")
    program = [ROOT / ".uv" / "bin" / "python", ROOT / "tools" / "run_uv.py"]
    ended = subprocess.run(
        [*program, "pip", "compile", "--no-config", "--python", sys.executable, "-"],
        input="tzdata",
        env={"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "HOME": str(tmp_path / "home")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode
    assert "tzdata was not found in the package registry" in ended.stderr
