"""Certificates: canonical, with what led to the decision and nothing else; and keys as others read them."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, urlsafe_b64decode

import pytest
import rfc8785

from online_orders.domain.certificates import Certificate, PublicKey, Signature, certificate_document
from online_orders.domain.erasure import Person, is_certified
from online_orders.domain.evidence import Evidence, evidence_of
from online_orders.domain.orders import Order
from online_orders.domain.timeline import SYSTEM, Entry, Event
from tests.domain.builders import CONNIE, DAY, NOW, claimed, offered, place

POINT = bytes(range(64))
DER = b64decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE") + POINT


def decided() -> tuple[Order, Evidence]:
    order = offered(claimed(), NOW).approve('Connie "C", "signature":{', NOW + DAY).order
    return order, evidence_of(order, "approve", 'Connie "C", "signature":{', CONNIE.email, None, "Agent/1")


def entry(sequence: int, event: Event, **data: object) -> Entry:
    return Entry(sequence=sequence, at=NOW, actor=SYSTEM, event=event, data=data)


def test_a_document_is_canonical_and_has_the_decision_and_its_revision() -> None:
    order, evidence = decided()
    document = certificate_document(order, "Other", evidence, order.quote, [], NOW + 2 * DAY)
    content = json.loads(document)
    assert rfc8785.dumps(content).decode() == document
    assert content["issued_at"] == "2026-11-24T10:00:00.000Z"
    assert content["decision"]["recipient"] == CONNIE.email
    assert "sha256" not in content["decision"]
    assert order.quote
    assert content["quote"]["sha256"] == order.quote.sha256
    assert set(content["quote"]) == {"revision", "sha256", "currency", "totals", "valid_until"}


def test_only_what_led_to_the_decision_is_in_its_course() -> None:
    order, evidence = decided()
    last = evidence.sequence
    entries = [
        entry(1, Event.SUBMITTED),
        entry(2, Event.COMMENTED, text="x"),
        entry(3, Event.QUOTED, revision=evidence.revision),
        entry(4, Event.QUOTED, revision=99),
        entry(last, Event.COMPLETED),
        entry(last + 1, Event.DELIVERED, revision=evidence.revision),
    ]
    content = json.loads(certificate_document(order, "", evidence, order.quote, entries, NOW))
    assert [each["sequence"] for each in content["timeline"]] == [1, 3, last]


def test_an_order_without_a_quote_has_no_revision_in_it() -> None:
    order = place().order.cancel("Connie", None, NOW + DAY).order
    evidence = evidence_of(order, "cancel", "Connie", CONNIE.email, "2001:db8::1", None)
    entries = [entry(1, Event.SUBMITTED), entry(evidence.sequence, Event.CANCELED)]
    content = json.loads(certificate_document(order, "Acme", evidence, None, entries, NOW))
    assert content["quote"] is None
    assert [each["event"] for each in content["timeline"]] == ["order.submitted", "order.canceled"]


def test_the_signature_stands_behind_the_document_byte_by_byte() -> None:
    order, evidence = decided()
    document = certificate_document(order, "", evidence, order.quote, [], NOW)
    certificate = Certificate(document, Signature("kid", b"\x30\x01"))
    text = certificate.text
    assert text.startswith(f'{{"certificate":{document},"signature":{{')
    assert text.count(',"signature":{') == 1
    assert json.loads(text)["signature"] == {
        "algorithm": "ECDSA_SHA_256",
        "key_id": "kid",
        "sha256": hashlib.sha256(document.encode()).hexdigest(),
        "value": "MAE=",
    }
    assert certificate.content == json.loads(document)


def test_a_key_is_written_as_jwk_and_as_pem() -> None:
    key = PublicKey(DER)
    jwk = key.jwk
    assert {name: jwk[name] for name in ("kty", "crv", "alg", "use")} == {
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
    }
    assert urlsafe_b64decode(jwk["x"] + "=") + urlsafe_b64decode(jwk["y"] + "=") == POINT
    first, *middle, last, end = key.pem.split("\n")
    assert (first, last, end) == ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----", "")
    assert [len(line) for line in middle] == [64, 60]
    assert b64decode("".join(middle)) == DER
    named = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    thumbprint = hashlib.sha256(json.dumps(named, separators=(",", ":")).encode()).digest()
    assert urlsafe_b64decode(key.key_id + "=") == thumbprint


@pytest.mark.parametrize(
    ("email", "names", "named"),
    [
        (CONNIE.email.upper(), (), True),
        ("other@acme.example", (), False),
        ("other@acme.example", ("Connie",), True),
    ],
)
def test_a_certificate_names_whoever_decided(email: str, names: tuple[str, ...], named: bool) -> None:
    order, evidence = decided()
    content = json.loads(certificate_document(order, "", evidence, order.quote, [], NOW))
    assert is_certified(content, Person.from_email(email, names)) is named
