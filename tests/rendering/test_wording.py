"""The locales (i18n), and how dates, numbers and money are written."""

from __future__ import annotations

import json
import re
import string
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

import online_orders_rendering
from online_orders.domain.accounts import Account
from online_orders.domain.catalog import Item
from online_orders.domain.iso import MINOR_DIGITS
from online_orders.domain.languages import FALLBACK, FOLDER, LOCALES, texts
from online_orders.domain.order_requests import parse_order
from online_orders.domain.order_status import STATUS_LABELS
from online_orders_rendering.i18n import Translator, line_of, text_of, translator
from tests.domain.builders import ANNA, NOW, ORDER_ID, Json, account_of, item_of
from tests.domain.test_catalog_rules import HOST, SEATS, SITE, TERM, TIER, both, catalog_of, kind_of
from tests.rendering.samples import everything, pending
from tests.shipped_catalog import ACCESSORY_TYPES, KIND_LABELS, LABELS_BY_LOCALE, REGIONS

PACKAGE = Path(online_orders_rendering.__file__).parent
CATALOGS = {locale: dict(texts(locale)) for locale in LOCALES}
OF_CORE = {"terms", "decimal_mark"}
"""What is not of mails, pages and papers alone: the terms of quotes, and the mark of decimals in tables."""

PLURALS = {"tries_left.one", "tries_left.other"}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_there_is_a_catalog_for_every_locale_that_an_account_can_have() -> None:
    assert get_args(Account.model_fields["locale"].annotation) == LOCALES
    assert {path.name for path in FOLDER.iterdir()} == {f"{locale}.json" for locale in LOCALES}


@pytest.mark.parametrize("locale", CATALOGS)
def test_every_catalog_has_the_same_texts_with_the_same_placeholders(locale: str) -> None:
    other, reference = CATALOGS[locale], CATALOGS[FALLBACK]
    plurals = {key for key in other if key.startswith("tries_left.")}  # each language has forms of its own
    assert [key for key in other if key not in plurals] == [key for key in reference if key not in PLURALS]
    assert plurals >= {key for key in PLURALS if key.endswith(".other")}
    assert {key for key in other if placeholders(other[key]) != placeholders(reference.get(key, "{number}"))} == set()
    assert all(text.strip() for text in other.values())


def test_no_text_is_there_that_nothing_says(monkeypatch: pytest.MonkeyPatch) -> None:
    text: set[str] = set()
    say = Translator.__call__

    def noted(words: Translator, key: str, **values: object) -> str:
        text.add(key)
        return say(words, key, **values)

    monkeypatch.setattr(Translator, "__call__", noted)
    everything()
    assert set(CATALOGS[FALLBACK]) - text == OF_CORE


def test_an_unknown_locale_is_answered_in_english() -> None:
    assert translator("fr")("status.completed") == "Completed"
    assert translator("../en").name == FALLBACK


def test_the_words_of_the_article_are_the_catalogs() -> None:
    english = translator("en")
    assert {status: english(f"status.{status}") for status in STATUS_LABELS} == STATUS_LABELS
    order = pending().order
    told = {item.kind: english.item(order, item) for item in order.items}
    assert all(told[kind].startswith(f"{label}: ") for kind, label in KIND_LABELS.items())
    for region, label in REGIONS.items():
        assert english.item(order, Item.model_validate(item_of("sdp_users", region=region))).endswith(f" in {label}")
    for name in ACCESSORY_TYPES:
        item = Item.model_validate(item_of("accessory", accessory_type=name))
        assert LABELS_BY_LOCALE["en"][f"accessory_type.{name}"] in english.item(order, item)


def test_dates_and_numbers_are_written_as_they_are_where_they_are_read() -> None:
    english, german = translator("en"), translator("de")
    assert (english.day(date(2027, 1, 5)), german.day(date(2027, 1, 5))) == ("January 5, 2027", "5. Januar 2027")
    assert (english.number(1500), german.number(1500)) == ("1,500", "1.500")
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert english.day_of(late, "Europe/Berlin") == "November 23, 2026"


@pytest.mark.parametrize(
    ("currency", "amount", "english", "german"),
    [
        ("EUR", "1234.50", "€1,234.50", "1.234,50 €"),
        ("USD", "-0.05", "-$0.05", "-0,05 $"),
        ("JPY", "1234", "¥1,234", "1.234 ¥"),
        ("KWD", "1234.500", "KWD 1,234.500", "1.234,500 KWD"),
        ("CHF", "0.00", "CHF 0.00", "0,00 CHF"),
        ("HUF", "1234.50", "HUF 1,234.50", "1.234,50 HUF"),
        ("USD", "123456789012345678.90", "$123,456,789,012,345,678.90", "123.456.789.012.345.678,90 $"),
    ],
)
def test_money_has_exactly_the_digits_of_its_currency(currency: str, amount: str, english: str, german: str) -> None:
    for locale, expected in (("en", english), ("de", german)):
        assert translator(locale).money(Decimal(amount), currency).replace("\u00a0", " ") == expected


@pytest.mark.parametrize("locale", CATALOGS)
def test_no_currency_loses_or_gains_a_digit(locale: str) -> None:
    for currency, digits in MINOR_DIGITS.items():
        amount = Decimal(7).scaleb(-digits)
        written = translator(locale).money(amount, currency)
        figures = re.findall(r"[0-9.,]*[0-9]", written)
        assert [re.sub("[^0-9]", "", each) for each in figures] == ["7" if digits == 0 else f"0{7:0{digits}d}"]


def test_text_of_several_lines_keeps_its_lines_and_nothing_that_hides() -> None:
    assert text_of(" a\r\nb\rc\u2028d\x00\x1b\u202e\u2066e\ufeff ") == "a\nb\nc\nde"
    assert text_of("see https://x.example/Confirm/abc") == "see https://x.example/Confirm /abc"
    assert text_of("/confirm/confirm//confirm/") == "/confirm /confirm //confirm /"
    assert line_of("a\r\n\tb \u00a0 c") == "a b c"
    assert line_of("\u05d0 \u200f\u05d1") == "\u05d0 \u200f\u05d1"


def loaded(module: str) -> set[str]:
    program = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=search_path()
    )
    return set(json.loads(ended.stdout))


def search_path() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(entry for entry in sys.path if Path(entry or ".").is_dir())}


@pytest.mark.parametrize(
    "module", [".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in sorted(PACKAGE.rglob("*.py"))]
)
def test_rendering_imports_no_aws_and_typst_only_for_pdfs(module: str) -> None:
    found = loaded(f"online_orders_rendering.{module}")
    assert found.isdisjoint({"online_orders.aws", "typst", "botocore", "boto3", "aws_lambda_powertools"})


@pytest.mark.parametrize("module", ["pages.approval", "quote_pdf"])
def test_what_makes_a_page_or_a_paper_loads_no_mail(module: str) -> None:
    assert "online_orders_rendering.mails.compose" not in loaded(f"online_orders_rendering.{module}")


def test_an_item_is_told_by_the_words_that_its_order_keeps_whatever_its_kind() -> None:
    kind = kind_of(
        "support", SITE, TIER, TERM, SEATS, HOST, rules=[{"rule": "site_has_address"}],
        summary={"en": "{quantity}, {tier}, {term_months} for {site} ({host})", "de": "{quantity} für {site}{tier}"},
    )  # fmt: skip
    catalog = catalog_of(kind, kind_of("plain", SITE, TIER, summary=both("{tier}")))
    asked: Json = {"kind": "support", "site_id": "store", "tier": "gold", "term_months": 36, "quantity": 95}
    items = [{**asked, "host": "db-1"}, asked, {"kind": "plain", "site_id": "store", "tier": "silver"}]
    order = parse_order(
        {"items": [{**item, "start_date": "2027-01-05"} for item in items]},
        order_id=ORDER_ID, account=account_of(), catalog=catalog, source="online", by=ANNA, at=NOW,
    ).order  # fmt: skip
    english, german = (translator(language).items(order) for language in ("en", "de"))
    assert [item.summary for item in english] == [
        "Support: 95 seats, Gold, Three years for Store (db-1)",
        "Support: 95 seats, Gold, Three years for Store ()",
        "Plain: Silver",
    ]
    assert german[0].summary == "Support (de): 95 seats (de) für StoreGold (de)"
    assert [item.address for item in english] == ["2 Side St", "2 Side St", None]
    unknown = order.model_copy(update={"snapshot": None})
    assert translator("en").items(unknown, {"store": "Store"})[2].summary == "plain: silver: Store"


@pytest.mark.parametrize(("account", "end"), [("Acme, Inc.", "Acme, Inc. It"), ("Acme", "Acme. It")])
def test_a_name_with_a_full_stop_ends_its_sentence_with_one(account: str, end: str) -> None:
    assert end in translator("en")("page.quote_intro", account=account, valid_until="January 1, 2027")
