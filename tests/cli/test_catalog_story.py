"""The story of a vendor that sells more from today on: exported, edited, published, priced, ordered, approved. No code
changes on the way.
"""

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from pypdf import PdfReader

from tests.cli.terminal import Json, Terminal
from tests.contract.in_process import InProcess
from tests.contract.orders import Order, place, place_response
from tests.contract.site import Mail, User

TRAINING = """
kind: training
labels: {en: On-site training, de: Schulung vor Ort}
help: {en: A day with a trainer., de: Ein Tag mit einer Trainerin.}
icon: graduation-cap
summary: {en: "{course} for {quantity} at {site}", de: "{course} für {quantity}, {site}"}
settings:
- {name: site_id, type: site, labels: {en: Site, de: Standort}}
- name: course
  type: choice
  labels: {en: Course, de: Kurs}
  choices:
  - {value: basics, labels: {en: First steps, de: Erste Schritte}}
  - {value: experts, labels: {en: For experts, de: Für Fortgeschrittene}}
- name: quantity
  type: quantity
  labels: {en: People, de: Personen}
  unit: {en: people, de: Personen}
  maximum: 12
rules:
- {rule: site_has_address}
- {rule: lead_time, days: 14}
- {rule: quantity_step, step: 2}
priced_by: course
"""
PRICES = """kind,variant,description,unit_price,recurrence,from_quantity
training,,Training day,120.00,once,
training,,Training day,95.00,once,8
sdp_users,antarctica,SDP user,19.00,monthly,
site_bandwidth,1500,Bandwidth up to 1.5 Gbps,990.00,monthly,
"""


def edited(file: Path) -> Json:
    """Write a region, a bandwidth step and a seventh kind into an exported document; return it as it is then."""
    document: Json = yaml.safe_load(file.read_text("utf-8"))
    kinds = {kind["kind"]: kind for kind in document["kinds"]}
    steps = kinds["site_bandwidth"]["settings"][1]["choices"]
    steps.append({"value": 1500, "labels": {"en": "1.5 Gbps", "de": "1,5 Gbit/s"}})
    steps.sort(key=lambda step: int(step["value"]))
    regions = kinds["sdp_users"]["settings"][0]["choices"]
    regions.append({"value": "antarctica", "labels": {"en": "Antarctica", "de": "Antarktis"}})
    document["kinds"].append(yaml.safe_load(TRAINING))
    return document


def stored(file: Path, document: Json) -> Path:
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    return file


def site_of(site: InProcess, user: User) -> str:
    """A site with an address and a license that has begun."""
    found = site.account_of(user)["sites"]
    return str(next(each["site_id"] for each in found if each["address"] and each["license"]))


def items(site: InProcess, user: User, **training: Any) -> list[Json]:
    start = site.day(45)
    where = site_of(site, user)
    return [
        {"kind": "training", "site_id": where, "course": "basics", "quantity": 8, "start_date": start, **training},
        {"kind": "sdp_users", "region": "antarctica", "quantity": 3, "start_date": start},
        {"kind": "site_bandwidth", "site_id": where, "bandwidth_mbps": 1500, "start_date": start},
    ]


def quoted(order: Order) -> Mail:
    """The mail of the quote that the price list suggests, sent as it is."""
    order.desk("claim").ok()
    draft = order.site.get(f"{order.desk_path}/quote-draft", order.site.people.cs).ok()
    order.desk("quote", {name: value for name, value in draft.items() if name in ("lines", "valid_until")}).ok(202)
    return order.quote_mail()


def paper(mail: Mail) -> str:
    (attached,) = mail.attachments
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(attached.read())).pages).split())


@pytest.fixture
def published(terminal: Terminal, seeded: InProcess, tmp_path: Path) -> Path:
    """The file of the edited catalog, once it and its prices are imported."""
    file = tmp_path / "catalog.yaml"
    terminal.run("export", "catalog", "--to", file)
    stored(file, edited(file))
    ran = terminal.run("import", "catalog", file, "--yes")
    assert "+ /kinds/6" in ran.out
    assert ran.out.endswith("Published as version 1.\n")
    table = tmp_path / "prices.csv"
    table.write_text(PRICES, "utf-8")
    for currency in ("EUR", "USD"):
        terminal.run("import", "prices", table, "--currency", currency)
    return file


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("customer", ("On-site training", "First steps", "Antarctica", "1.5 Gbps", "8 people")),
        ("german", ("Schulung vor Ort", "Erste Schritte", "Antarktis", "1,5 Gbit/s", "8 Personen")),
    ],
)
def test_what_was_published_is_ordered_priced_and_approved_in_both_languages(
    seeded: InProcess, who: str, words: tuple[str, ...]
) -> None:
    user: User = getattr(seeded.people, who)
    order = place(seeded, user, items=items(seeded, user))
    mail = quoted(order)
    quote = order.read()["quote"]
    assert [(line["item_id"], line["unit_price"]) for line in quote["lines"]] == [
        ("1", "95.00"),
        ("2", "19.00"),
        ("3", "990.00"),
    ]
    assert quote["totals"] == {"once": "760.00", "monthly": "1047.00", "yearly": "0.00"}
    (received,) = [found for found in order.mails_to(order.contact) if not found.attachments]
    for text in (received.text, mail.text, mail.html, paper(mail), seeded.request("GET", mail.link).page()):
        assert [word for word in words if word not in text] == []
    seeded.decide(mail, "approve").page()
    assert order.status == "completed"
    assert words[0] in order.mails_to(order.contact)[-1].text


@pytest.mark.usefixtures("published")
def test_the_rules_of_the_seventh_kind_are_kept(seeded: InProcess) -> None:
    user = seeded.people.customer
    wrong = items(seeded, user, quantity=7, start_date=seeded.day(5), course="yoga")[:1]
    assert place_response(seeded, user, {"items": wrong}).faults() == {
        "/items/0/course": "not_allowed",
        "/items/0/quantity": "not_a_multiple",
        "/items/0/start_date": "date_too_early",
    }


def test_an_order_keeps_its_words_and_what_it_uses_stays(
    terminal: Terminal, seeded: InProcess, published: Path
) -> None:
    order = place(seeded, seeded.people.german, items=items(seeded, seeded.people.german))
    document: Json = yaml.safe_load(published.read_text("utf-8"))
    training = document["kinds"][-1]
    training["labels"] = {"en": "Workshop", "de": "Workshop"}
    terminal.run("import", "catalog", stored(published, document), "--yes")
    mail = quoted(order)
    for text in (mail.text, paper(mail), seeded.request("GET", mail.link).page()):
        assert "Schulung vor Ort" in text
        assert "Workshop" not in text
    later = place(seeded, seeded.people.german, items=items(seeded, seeded.people.german)[:1])
    assert "Workshop" in later.mail_to(later.contact).text

    training["settings"][1]["choices"].pop(0)
    refused = terminal.run("--json", "import", "catalog", stored(published, document), "--yes", expect=1)
    assert [(each["pointer"], each["code"]) for each in refused.complaints] == [
        ("/kinds/6/settings/1/choices", "in_use")
    ]
    document["kinds"].pop()
    refused = terminal.run("--json", "import", "catalog", stored(published, document), "--yes", expect=1)
    assert [(each["pointer"], each["code"]) for each in refused.complaints] == [("/kinds", "in_use")]
