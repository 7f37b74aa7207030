"""The catalog by command: exported, changed in a file, looked at, and published."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from online_orders_cli.catalog_files import read
from online_orders_cli.tables import Unreadable
from tests.cli.terminal import Json, Terminal
from tests.contract.in_process import InProcess

CATALOG = "/api/desk/catalog"


def version(site: InProcess) -> int:
    found: int = site.get(CATALOG, site.people.cs).ok()["version"]
    return found


def exported(terminal: Terminal, file: Path) -> Json:
    terminal.run("export", "catalog", "--to", file)
    read: Json = yaml.safe_load(file.read_text("utf-8"))
    return read


def written(file: Path, document: Any) -> Path:
    is_json = file.suffix == ".json"
    file.write_text(json.dumps(document) if is_json else yaml.safe_dump(document, allow_unicode=True), "utf-8")
    return file


def test_the_catalog_is_exported_as_yaml_or_json_and_comes_back_unchanged(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    document = exported(terminal, tmp_path / "catalog.yaml")
    current = seeded.get(CATALOG, seeded.people.cs).ok()
    assert {**document, "version": 0, "updated_at": None, "updated_by": None} == current
    terminal.run("export", "catalog", "--to", tmp_path / "catalog.json")
    assert json.loads((tmp_path / "catalog.json").read_text("utf-8")) == document
    assert json.loads(terminal.run("--json", "export", "catalog").out) == document
    assert yaml.safe_load(terminal.run("export", "catalog", "--version", "0").out) == document
    for name in ("catalog.yaml", "catalog.json"):
        assert terminal.run("import", "catalog", tmp_path / name).out == "Nothing changes.\n"
    assert version(seeded) == 0


def test_changes_are_shown_and_published_on_a_yes(
    terminal: Terminal, seeded: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "catalog.yaml"
    document = exported(terminal, file)
    document["equipment"].append("X1900")
    document["kinds"][0]["labels"]["en"] = "Bandwidth"
    written(file, document)
    shown = ['+ /equipment/2: "X1900"', '~ /kinds/0/labels/en: "Site Bandwidth License" -> "Bandwidth"']
    dry = terminal.run("import", "catalog", file, "--dry-run")
    assert dry.out.splitlines() == [*shown, "Would be: 2 changes."]
    refused = terminal.run("import", "catalog", file, expect=1)
    assert refused.out.splitlines()[:2] == shown
    assert "Publish these 2 changes?" in refused.err
    assert version(seeded) == 0
    monkeypatch.setattr("typer.confirm", lambda question, err: question == "Publish these 2 changes?")
    assert terminal.run("import", "catalog", file).out.splitlines() == [*shown, "Published as version 1."]
    assert version(seeded) == 1


def test_a_program_publishes_without_being_asked(terminal: Terminal, seeded: InProcess, tmp_path: Path) -> None:
    document = exported(terminal, tmp_path / "catalog.yaml")
    document["equipment"] = ["X1500"]
    ran = terminal.run("--json", "import", "catalog", written(tmp_path / "new.json", document), "--yes")
    assert ran.lines == [
        {"pointer": "/equipment/1", "was": "X1700", "is": None},
        {"version": 1, "changes": 1, "published": True},
    ]
    assert version(seeded) == 1


def test_all_faults_of_a_document_are_told_at_once_with_their_places(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    document = exported(terminal, tmp_path / "catalog.yaml")
    del document["kinds"][0]["labels"]["de"]
    document["kinds"][1]["rules"].append({"rule": "full_moon"})
    ran = terminal.run("--json", "import", "catalog", written(tmp_path / "c.yml", document), "--yes", expect=1)
    last = len(document["kinds"][1]["rules"]) - 1
    assert {each["pointer"]: each["code"] for each in ran.complaints} == {
        "/kinds/0/labels/de": "missing_label",
        f"/kinds/1/rules/{last}/rule": "unknown_rule",
    }
    text = terminal.run("import", "catalog", tmp_path / "c.yml", expect=1).err
    assert text.startswith("/kinds/0/labels/de: ")
    assert version(seeded) == 0


def test_a_draft_is_stored_with_its_faults(terminal: Terminal, seeded: InProcess, tmp_path: Path) -> None:
    file = written(tmp_path / "draft.yaml", {"kinds": "soon"})
    ran = terminal.run("--json", "import", "catalog", file, "--draft")
    assert ran.lines[0]["draft"] is True
    assert "/kinds" in {each["pointer"] for each in ran.complaints}
    assert seeded.get(f"{CATALOG}/draft", seeded.people.cs).ok()["catalog"] == {"kinds": "soon"}
    assert version(seeded) == 0


def test_what_was_published_meanwhile_is_not_replaced(
    terminal: Terminal, seeded: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "catalog.yaml"
    document = exported(terminal, file)

    def publish_another(*_: Any, **__: Any) -> bool:
        seeded.put(CATALOG, seeded.people.cs2, {**document, "show_prices": True}).ok()
        return True

    monkeypatch.setattr("typer.confirm", publish_another)
    ran = terminal.run("import", "catalog", written(file, {**document, "equipment": []}), expect=1)
    assert "at another version" in ran.err
    assert seeded.get(CATALOG, seeded.people.cs).ok()["equipment"] == document["equipment"]


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("c.yaml", "kinds: [", "c.yaml: "),
        ("c.json", "{", "c.json: "),
        ("c.yaml", "- 1", "a catalog is an object"),
        ("c.yaml", "kinds:\n- labels: {no: Norsk}", "at /kinds/0/labels/False "),
        ("c.yaml", "kinds:\n- since: 2027-01-05", "at /kinds/0/since "),
    ],
)
def test_a_file_that_is_no_document_is_refused_with_its_place(
    terminal: Terminal, tmp_path: Path, name: str, text: str, where: str
) -> None:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    assert where in terminal.run("import", "catalog", file, expect=1).err


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))

TOO_LARGE = "the document is too large or too deep"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("bomb.yaml", BOMB, TOO_LARGE),
        (
            "long.yaml",
            f"a: &a {'x' * 9_999}\nb: [{', '.join(['*a'] * 101)}]\n",
            TOO_LARGE,
        ),
        ("itself.yaml", "kinds: &kinds\n  - *kinds\n", TOO_LARGE),
        ("deep.json", '{"kinds": ' + "[" * 60 + "]" * 60 + "}", TOO_LARGE),
        (
            "twice.yaml",
            "groups: []\nkinds:\n- rules: []\n  kind: a\n  rules: []\n",
            "rules is here for the",
        ),
        ("twice.json", '{"kinds": [{"rules": [], "rules": []}]}', "rules is in one object twice"),
        ("infinite.yaml", "kinds: [.inf]\n", "at /kinds/0 is something that JSON does not have"),
        ("infinite.json", '{"kinds": [NaN]}', "at /kinds/0 is something that JSON does not have"),
    ],
)
def test_a_hostile_or_ambiguous_file_is_refused_in_a_sentence(tmp_path: Path, name: str, text: str, told: str) -> None:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    with pytest.raises(Unreadable, match=re.escape(told)):
        read(file)


def test_references_of_yaml_are_followed(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text("a: &both {en: Site, de: Ort}\nb: *both\nc: {<<: *both, de: Standort}\n", "utf-8")
    assert read(file) == {
        "a": {"en": "Site", "de": "Ort"},
        "b": {"en": "Site", "de": "Ort"},
        "c": {"en": "Site", "de": "Standort"},
    }
