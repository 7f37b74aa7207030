"""Test the patches that are offered to the libraries and emulators we use, each with the installed version.

    .venv/bin/python -m tools.upstream [NAME ...]

A patch is applied to a copy of its package, and its own tests are run there: they pass with it and fail without it.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATCHES = sorted((ROOT / "upstream").glob("*.patch"))


class StalePatch(Exception):
    """A patch no longer fits; the text says which."""


def files_of(patch: Path) -> list[str]:
    """Return the paths that a patch changes or creates, from the root of its repository."""
    return re.findall(r"^\+\+\+ b/(\S+)$", patch.read_text("utf-8"), re.MULTILINE)


def own_tests(patch: Path) -> list[str]:
    """Return the tests that a patch adds."""
    return [path for path in files_of(patch) if path.startswith("tests/")]


def package_of(patch: Path) -> Path:
    """Return the folder of the installed package that a patch is for."""
    (name,) = {path.partition("/")[0] for path in files_of(patch)} - {"tests"}
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise StalePatch(f"{patch.name}: {name} is not installed")
    return Path(found.submodule_search_locations[0])


def apply(patch: Path, folder: Path) -> None:
    """Apply a patch to the files in a folder; raise StalePatch where it does not fit, or leaves what is no Python."""
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    git = shutil.which("git")
    if git is None:
        raise StalePatch("git is needed to apply patches")
    ran = subprocess.run(
        [git, "apply", str(patch)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise StalePatch(f"{patch.name}: {ran.stderr.strip()}")
    for path in files_of(patch):
        ast.parse((folder / path).read_bytes(), path)


def check(patch: Path, folder: Path) -> None:
    """Apply a patch to copies of the installed files that it changes."""
    package = package_of(patch)
    for path in files_of(patch):
        if (package.parent / path).exists() and not path.startswith("tests/"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(package.parent / path, folder / path)
    apply(patch, folder)


def passes(patch: Path, folder: Path) -> bool:
    """Return whether a patch's tests pass with the package in a folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", *own_tests(patch)]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return ran.returncode == 0


def main(names: list[str]) -> int:
    wrong = 0
    for patch in [each for each in PATCHES if not names or each.stem in names]:
        with tempfile.TemporaryDirectory() as temporary:
            folder, package = Path(temporary), package_of(patch)
            copied = shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
            apply(patch, folder)
            is_right = passes(patch, folder)
            shutil.rmtree(copied)
            shutil.copytree(package, copied, ignore=shutil.ignore_patterns("__pycache__"))
            is_needed = not passes(patch, folder)
        wrong += not (is_right and is_needed)
        text = "its tests pass" if is_right else "ITS TESTS FAIL"
        print(f"{patch.stem}: {text}{'' if is_needed else ', BUT PASS WITHOUT IT, TOO'}", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
