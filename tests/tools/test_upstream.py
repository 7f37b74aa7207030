"""The patches for upstream fit what is installed, so that one that was taken, or has gone stale, is noticed."""

import re
from pathlib import Path

import pytest

from tools.upstream import PATCHES, ROOT, StalePatch, apply, check, files_of, own_tests

README = (ROOT / "upstream" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_patch_fits_the_installed_version_and_says_what_and_why(patch: Path, tmp_path: Path) -> None:
    check(patch, tmp_path)
    subject, why, rest = patch.read_text("utf-8").split("\n\n", 2)
    assert re.fullmatch(r"Subject: \S.{0,71}", subject)
    assert len(why) > 50
    tests = re.findall(r"^Test: (.+)$", rest, re.MULTILINE)[0].split(", ")
    assert tests == own_tests(patch)
    assert set(tests) < set(files_of(patch))


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_patch_and_what_stands_in_for_it_here_name_each_other(patch: Path) -> None:
    (here,) = re.findall(r"^Here: (\S+)", patch.read_text("utf-8"), re.MULTILINE)
    assert patch.stem in (ROOT / here).read_text("utf-8")
    assert f"`{patch.stem}`" in README


def test_all_that_our_code_and_the_page_name_is_there() -> None:
    names = {patch.stem for patch in PATCHES}
    texts = set(re.findall(r"\| `((?:moto|ministack|powertools)-[\w-]+)` \|", README))
    for folder in ("sandbox", "tests/lab", "bench"):
        for source in (ROOT / folder).rglob("*.py"):
            texts |= set(re.findall(r"upstream/([\w-]+)\.patch", source.read_text("utf-8")))
    assert texts == names


def test_a_patch_that_does_not_fit_is_noticed(tmp_path: Path) -> None:
    patch = PATCHES[0]
    for path in files_of(patch):
        if path not in own_tests(patch):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text("# quite otherwise\n", "utf-8")
    with pytest.raises(StalePatch, match=patch.name):
        apply(patch, tmp_path)
