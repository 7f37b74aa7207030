"""The files that a forge reads are well formed, and the Git hooks refuse what they should."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.shell import ROOT

FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*_*.yml"))
POLICIES = ("SECURITY.md", "CODE_OF_CONDUCT.md")
MAX_SUBJECT = 72


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_yaml_of_the_forge_is_a_mapping(path: Path) -> None:
    assert isinstance(read(path), dict)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form_has_what_github_requires(path: Path) -> None:
    """As in GitHub's syntax for issue forms: name, description, and a body of elements with ids and labels."""
    form = read(path)
    assert {"name", "description", "body"} <= form.keys() <= {"name", "description", "body", "labels", "title"}
    fields = [element for element in form["body"] if element["type"] != "markdown"]
    ids = [field["id"] for field in fields]
    assert fields
    assert len(set(ids)) == len(ids)
    for element in form["body"]:
        assert element["type"] in {"markdown", "textarea", "input", "dropdown", "checkboxes"}
        assert ("value" if element["type"] == "markdown" else "label") in element["attributes"]


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_names_no_mailbox(name: str) -> None:
    assert re.findall(r"\S+@\S+", (ROOT / name).read_text("utf-8")) == []


def commit_msg(tmp_path: Path, message: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "message").write_text(message, "utf-8")
    hook = [ROOT / ".githooks" / "commit-msg", tmp_path / "message"]
    return subprocess.run(hook, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("subject", ["a" * MAX_SUBJECT, "\u00fc" * MAX_SUBJECT])
def test_a_subject_of_72_characters_is_taken(tmp_path: Path, subject: str) -> None:
    assert commit_msg(tmp_path, f"# a comment\n\n{subject}\n\n{'b' * 100}\n").returncode == 0


def test_a_longer_subject_is_refused(tmp_path: Path) -> None:
    refused = commit_msg(tmp_path, "a" * (MAX_SUBJECT + 1))
    assert refused.returncode == 1
    assert "73 characters" in refused.stderr


def test_the_hooks_are_scripts_that_a_shell_reads() -> None:
    hooks = sorted((ROOT / ".githooks").iterdir())
    assert [hook.name for hook in hooks] == ["commit-msg", "pre-commit"]
    for hook in hooks:
        assert hook.stat().st_mode & 0o111, hook
        subprocess.run(["/bin/sh", "-n", hook], check=True)
