"""A catalog with its price lists in a folder, as the local run reads it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from online_orders.domain.catalog import Catalog
from online_orders_cli.catalog_folder import FaultyError, read_folder
from tests.cli.terminal import Terminal
from tests.contract.in_process import InProcess
from tests.example_catalog import FOLDER, example
from tests.local_run import PROJECT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "catalog"))


def faults(path: Path) -> list[str]:
    with pytest.raises(FaultyError) as raised:
        read_folder(path)
    return [fault.replace(f"{path.parent}/", "") for fault in raised.value.faults]


def test_the_example_prices_every_kind_and_every_choice_that_is_sold(folder: Path) -> None:
    found = read_folder(folder)
    assert found == read_folder(folder / "catalog.yaml") == example()
    lists = {(each["currency"], each["group"]): each["prices"] for each in found.price_lists}
    everybody = {(code, None) for code in ("EUR", "GBP", "JPY", "USD")}
    assert lists.keys() == everybody | {("EUR", "partners"), ("USD", "partners")}
    catalog = Catalog.from_document(found.document, 1).orderable
    for scope in everybody:
        priced = {(price["kind"], price["variant"]) for price in lists[scope]}
        for kind in catalog.kinds.values():
            variants = kind.settings[kind.priced_by].choices if kind.priced_by else ()
            assert (kind.kind, None) in priced or {(kind.kind, str(value)) for value in variants} <= priced
    assert any(price.get("from_quantity") for price in lists["EUR", None])


def test_json_is_read_as_well_and_prices_may_be_missing(folder: Path) -> None:
    document = yaml.safe_load((folder / "catalog.yaml").read_text("utf-8"))
    (folder / "catalog.yaml").unlink()
    shutil.rmtree(folder / "prices")
    (folder / "catalog.json").write_text(json.dumps(document), "utf-8")
    assert read_folder(folder) == (example().document, [])


def test_what_is_not_there_is_named(folder: Path) -> None:
    assert faults(folder / "nowhere") == ["There is no nowhere."]
    (folder / "catalog.json").write_text("{}", "utf-8")
    assert faults(folder) == ["catalog has one of catalog.yaml, catalog.yml, catalog.json; there is more than one."]
    (folder / "catalog.json").unlink()
    (folder / "catalog.yaml").unlink()
    assert faults(folder) == ["catalog has one of catalog.yaml, catalog.yml, catalog.json; there is none."]


def test_all_faults_of_a_document_are_told_with_their_places(folder: Path) -> None:
    file = folder / "catalog.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("{en: Tier, de: Stufe}", "{en: Tier}").replace("one_per_site", "full_moon"), "utf-8")
    first, second = faults(folder)
    assert first.startswith("catalog/catalog.yaml: /kinds/1/settings/0/labels/de: ")
    assert first.endswith("(missing_label)")
    assert second.startswith("catalog/catalog.yaml: /kinds/4/rules/0/rule: ")
    assert second.endswith("(unknown_rule)")
    file.write_text("kinds: [", "utf-8")
    assert faults(folder)[0].startswith("catalog/catalog.yaml: ")


def test_all_faults_of_all_price_lists_are_told_with_their_rows(folder: Path) -> None:
    prices = folder / "prices"
    euros = prices / "EUR.csv"
    (prices / "gold").mkdir()
    shutil.copy(euros, prices / "gold")
    shutil.copy(euros, prices / "ZZZ.csv")
    (prices / "USD.csv").write_bytes(b"\xff\xfe\x00")
    euros.write_text(euros.read_text("utf-8").replace("12.00", "12.001").replace(",G200,", ",G900,", 1), "utf-8")
    told = faults(folder)
    assert told[:2] == [
        "catalog/prices/EUR.csv: Row 2: Amounts in EUR have 2 decimals at most. (too_many_decimals)",
        "catalog/prices/EUR.csv: Row 12: The variant of gateway is one of G200, G800, or none. (unknown_variant)",
    ]
    assert told[2].startswith("catalog/prices/USD.csv: ")
    assert told[3:] == [
        "catalog/prices/ZZZ.csv: ZZZ is no currency; name the file after one, as EUR.csv.",
        "catalog/prices/gold/EUR.csv: the catalog has no group gold.",
    ]


def test_as_a_program_it_writes_json(folder: Path) -> None:
    def run(path: Path) -> tuple[int, object]:
        ran = subprocess.run(
            [sys.executable, "-m", "online_orders_cli.catalog_folder", path],
            env={"PYTHONPATH": f"{PROJECT / 'cli'}:{PROJECT / 'layers' / 'core'}"},
            capture_output=True,
            check=False,
        )
        return ran.returncode, json.loads(ran.stdout)

    assert run(folder) == (0, example()._asdict())
    assert run(folder / "nowhere") == (1, {"faults": [f"There is no {folder / 'nowhere'}."]})


def test_the_commands_beside_it_import_it(terminal: Terminal, seeded: InProcess) -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    commands = re.findall(r"^\$ \./online-orders --local (import .*)$", readme, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        words = [str(PROJECT / word) if word.startswith("examples/") else word for word in command.split()]
        terminal.run(*words, *(["--yes"] if words[1] == "catalog" else []))
    assert seeded.get("/api/desk/catalog", seeded.people.cs).ok()["version"] == 1
    listed = seeded.get("/api/desk/price-lists/EUR?group=partners", seeded.people.cs).ok()
    assert {price["kind"] for price in listed["prices"]} == {"seats", "gateway"}
