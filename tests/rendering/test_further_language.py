"""A language more, by one file of texts and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from shutil import copytree
from typing import Any

import pytest

from online_orders.domain.languages import FALLBACK, FOLDER, LOCALES, texts
from tests.local_run import PROJECT
from tests.rendering.test_wording import search_path

FURTHER = "nl"
MARK = "§ "
"""Begins each text of the made-up language, which is English otherwise."""
PROGRAM = """
import json
from typing import get_args

from online_orders.domain import languages
from online_orders.domain.csv_pages import dialect_for
from online_orders.domain.mail_kinds import AT_DESK
from online_orders.domain.terms import standard_terms
from online_orders_cli.app import LocaleOption
from tests.domain.builders import account_of
from tests.rendering.samples import account_mails, cases, pages, pending
from tests.rendering.test_quote_pdf import paper_of, words_on
from tools.openapi import document

cases = cases("nl")
customers = [case for case in cases if case.role not in AT_DESK]
order = pending("nl").order
print(json.dumps({
    "languages": languages.LOCALES,
    "account": account_of(locale="nl").locale,
    "schemas": [
        schema["properties"]["locale"]["enum"]
        for schema in document()["components"]["schemas"].values()
        if "enum" in schema.get("properties", {}).get("locale", {})
    ],
    "mails": {f"{case.kind}-{case.role}": case.mail() for case in customers},
    "to_desk": [case.mail() for case in cases if case.role in AT_DESK],
    "of_accounts": [mail for name, mail in account_mails("nl").items() if name != "contact_report"],
    "pages": pages("nl"),
    "paper": words_on(paper_of(order.quote, locale="nl")),
    "terms": standard_terms("nl", (), None).text,
    "spreadsheet": dialect_for("nl"),
    "words_kept": sorted(order.snapshot.words),
    "tool": get_args(get_args(LocaleOption)[0]),
}))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a program finds in a product that has the further language, and nothing else that is new."""
    location = tmp_path_factory.mktemp("product") / "online_orders"
    location.mkdir()
    for path in FOLDER.parent.iterdir():
        if path != FOLDER and path.name != "__pycache__":
            (location / path.name).symlink_to(path)
    copytree(FOLDER, location / FOLDER.name)
    made_up = {key: MARK + text for key, text in texts(FALLBACK).items()} | {"decimal_mark": ","}
    (location / FOLDER.name / f"{FURTHER}.json").write_text(json.dumps(made_up), "utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=PROJECT,
        env={"PYTHONPATH": f"{location.parent}:{search_path()['PYTHONPATH']}", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_an_account_can_have_it_and_the_api_s_description_says_so(said: dict[str, Any]) -> None:
    assert sorted(said["languages"]) == sorted({*LOCALES, FURTHER})
    assert said["account"] == FURTHER
    assert said["schemas"]
    assert all(FURTHER in choices for choices in said["schemas"])
    assert said["tool"] == said["languages"]


def test_its_mails_keep_the_contract(said: dict[str, Any]) -> None:
    for name, (subject, text, html) in said["mails"].items():
        has_link = "/confirm/" in text
        assert subject.startswith(MARK), name
        assert text.startswith(MARK), name
        assert f'<html lang="{FURTHER}"' in html
        assert [line.startswith("Code: ") for line in text.splitlines()].count(True) == has_link, name
        assert text.count("/confirm/") == has_link
    assert all(text.startswith(MARK) for _, text, _ in said["of_accounts"])
    assert not any(MARK in text for _, text, _ in said["to_desk"])


def test_its_pages_and_papers_are_in_it(said: dict[str, Any]) -> None:
    assert said["pages"]
    for name, page in said["pages"].items():
        assert f'<html lang="{FURTHER}">' in page, name
        assert f"<h1>{MARK}" in page, name
    assert f"{MARK}Totals" in said["paper"] or f"{MARK}Quote" in said["paper"]


def test_quotes_have_its_terms_orders_its_words_and_tables_its_decimals(said: dict[str, Any]) -> None:
    assert said["terms"] == MARK + texts(FALLBACK)["terms"]
    assert said["spreadsheet"] == [";", ",", "\ufeff"]
    assert said["words_kept"] == sorted(said["languages"])
