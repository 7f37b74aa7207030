"""Certificates of decisions by link: signed, the same from the first on, and verified with OpenSSL alone."""

import json
import re
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from online_orders.aws import erasure_job
from tests.contract.in_process import InProcess
from tests.contract.orders import Order, offered, place
from tests.contract.site import Json
from tests.contract.test_evidence import AGENT, decide
from tests.local_run import PROJECT

KEYS = "/api/certificate-keys"
GUIDE = (PROJECT / "docs" / "certificates.md").read_text("utf-8")


def certificate_of(order: Order, **headers: str) -> str:
    response = order.site.get(f"{order.desk_path}/certificate", order.site.people.cs, **headers)
    response.ok()
    return response.text


def approved(site: InProcess) -> Order:
    order, mail = offered(site)
    site.settle()
    decide(site, mail, "approve")
    site.settle()
    return order


def verify(folder: Path, certificate: str, pem: str) -> str:
    """Run the commands of the guide, and return what the last one says."""
    (folder / "certificate.json").write_text(certificate, "utf-8")
    (folder / "key.pem").write_text(pem, "utf-8")
    (block,) = [each for each in re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL) if "openssl dgst" in each]
    commands = re.findall(r"^\$ (.+)$", block, re.MULTILINE)
    ran = subprocess.run(["bash", "-ec", "\n".join(commands)], cwd=folder, capture_output=True, text=True, check=False)
    return ran.stdout


def test_a_certificate_says_what_the_decision_rests_on(in_process: InProcess) -> None:
    order = approved(in_process)
    body = json.loads(certificate_of(order))
    after, (entry,) = order.read(), [each for each in order.timeline() if each["event"] == "order.completed"]
    found = body["certificate"]
    assert found["decision"].pop("address")
    assert found["decision"] == {
        "sequence": entry["sequence"],
        "at": entry["at"],
        "decision": "approve",
        "name": "Connie Contact",
        "recipient": order.contact,
        "agent": AGENT,
    }
    quote = after["quote"]
    assert found["quote"] == {name: quote[name] for name in ("revision", "sha256", "currency", "totals", "valid_until")}
    assert (found["order_id"], found["account_name"]) == (order.order_id, in_process.account_of(order.user)["name"])
    events = [each["event"] for each in found["timeline"]]
    assert events[0] == "order.submitted"
    assert events[-1] == "order.completed"
    assert {"order.quoted", "quote.delivered"} <= set(events)


def test_the_commands_of_the_guide_verify_it_and_notice_a_change(in_process: InProcess, tmp_path: Path) -> None:
    certificate = certificate_of(approved(in_process))
    pem = in_process.get(KEYS, Accept="application/x-pem-file").text
    assert verify(tmp_path, certificate, pem) == "Verified OK\n"
    assert "OK" not in verify(tmp_path, certificate.replace("Connie Contact", "Connie Kontact"), pem)
    (key,) = in_process.get(KEYS).ok()["keys"]
    signature = json.loads(certificate)["signature"]
    assert (key["pem"], key["kid"]) == (pem, signature["key_id"])
    document = (tmp_path / "document.json").read_text("utf-8")
    assert json.loads(document)["format"] == "online-orders/1"


def test_it_has_the_same_bytes_from_the_first_on(in_process: InProcess) -> None:
    order = approved(in_process)
    first = certificate_of(order)
    in_process.lab.advance(days=1)
    assert certificate_of(order) == first


def test_the_paper_has_the_same_facts(in_process: InProcess) -> None:
    order = approved(in_process)
    body: Json = json.loads(certificate_of(order))
    response = in_process.get(f"{order.desk_path}/certificate", in_process.people.cs, Accept="application/pdf")
    assert response.headers["content-type"] == "application/pdf"
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(response.body)).pages)
    for fact in (order.order_id, "Connie Contact", order.contact, body["certificate"]["quote"]["sha256"]):
        assert fact in text
    assert body["signature"]["sha256"] in text


def test_the_newest_decision_counts(in_process: InProcess) -> None:
    order = approved(in_process)
    other, mail = offered(in_process, user=in_process.people.other)
    decide(in_process, mail, "request_change")
    first = json.loads(certificate_of(other))["certificate"]
    assert first["decision"]["decision"] == "request_change"
    assert json.loads(certificate_of(order))["certificate"]["decision"]["decision"] == "approve"


def test_there_is_none_without_a_decision_by_link(in_process: InProcess) -> None:
    path = f"{place(in_process).desk_path}/certificate"
    in_process.get(path, in_process.people.cs).refused(404, "not_found")
    in_process.get(path, in_process.people.customer).refused(403, "forbidden")


def test_once_a_person_is_erased_it_is_made_anew_without_the_person(in_process: InProcess, tmp_path: Path) -> None:
    order = approved(in_process)
    first = certificate_of(order)
    with in_process.lab.as_operator():
        erased = [step.erased for step in erasure_job.erase_person(order.contact, order.read()["account_id"])]
    assert sum(each["certificates"] for each in erased) == 1
    assert not [item for item in in_process.lab.items if item["sk"].startswith("CERTIFICATE#")]
    second = certificate_of(order)
    body = json.loads(second)["certificate"]
    assert (body["decision"]["name"], body["decision"]["address"]) == ("[erased]", None)
    assert body["quote"] == json.loads(first)["certificate"]["quote"]
    assert order.contact not in second
    pem = in_process.get(KEYS, Accept="application/x-pem-file").text
    assert verify(tmp_path, second, pem) == "Verified OK\n"
    assert verify(tmp_path, first, pem) == "Verified OK\n"


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_word_of_the_paper_is_there_in_each_language(language: str) -> None:
    texts = json.loads(
        (PROJECT / "layers" / "core" / "online_orders" / "locales" / f"{language}.json").read_text("utf-8")
    )
    named = {name for name in texts if name.startswith("certificate.")}
    assert {f"certificate.decision.{each}" for each in ("approve", "cancel", "request_change")} <= named
