"""Make certificates of decisions, signed by a key of AWS KMS that never leaves it, and store each once.

A certificate is stored only while the evidence is what it says: the erasure of a person changes the evidence first, and
then removes the certificates.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from hashlib import sha256

from online_orders.aws import order_store
from online_orders.aws.clients import client
from online_orders.aws.evidence_store import newest_evidence
from online_orders.aws.keys import (
    CERTIFICATE_PREFIX,
    PREFIX_END,
    PUBLIC_KEYS_PK,
    Item,
    OrderKey,
    certificate_key,
    evidence_key,
    order_pk,
    public_key_key,
)
from online_orders.aws.table import IF_NOT_EXISTS, WriteConflict, attempts, get, query_pages, text, transact
from online_orders.domain.certificates import ALGORITHM, Certificate, PublicKey, Signature, certificate_document
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.evidence import Evidence
from online_orders.domain.timeline import Entry
from online_orders.environment import environment

_PAGE_SIZE = 100


def get_certificate(key: OrderKey, at: datetime) -> Certificate:
    """Return the certificate of the order's newest decision by link; make and store it where there is none yet.

    Raises NotFound for an order without such a decision, and InProgress while the evidence keeps changing.
    """
    for _ in attempts():
        found = newest_evidence(key.order_id)
        if found is None:
            raise NotFound("Nobody has decided on this order by link.")
        evidence, stored = found
        if item := get(certificate_key(key.order_id, evidence.sequence)):
            return _from_item(item)
        certificate = _sign(_document(key, evidence, at))
        try:
            transact(_actions(key.order_id, evidence, stored, certificate))
        except WriteConflict:
            continue  # another one was stored, or the person was erased
        return certificate
    raise InProgress("Others keep changing this order; nothing was done.")


def _document(key: OrderKey, evidence: Evidence, at: datetime) -> str:
    order, account = order_store.get_order_and_account(key)
    quote = None if evidence.revision is None else order_store.get_quote(order, evidence.revision)
    entries = _entries_until(key.order_id, evidence.sequence)
    return certificate_document(order, account.name, evidence, quote, entries, at)


def _entries_until(order_id: str, sequence: int) -> Iterator[Entry]:
    position: int | None = 0
    while position is not None and position < sequence:
        page = order_store.list_entries(order_id, _PAGE_SIZE, position)
        yield from page.entries
        position = page.position


def _actions(order_id: str, evidence: Evidence, stored: str, certificate: Certificate) -> list[Item]:
    item = {
        **certificate_key(order_id, evidence.sequence),
        "document": text(certificate.document),
        "key_id": text(certificate.signature.key_id),
        "signature": text(_base64(certificate.signature.value)),
    }
    unchanged = {"ConditionExpression": "document = :read", "ExpressionAttributeValues": {":read": text(stored)}}
    public_key = _public_key()
    return [
        {"Put": {"Item": item, **IF_NOT_EXISTS}},
        {"ConditionCheck": {"Key": evidence_key(order_id, evidence.sequence), **unchanged}},
        {"Put": {"Item": {**public_key_key(public_key.key_id), "der": text(_base64(public_key.der))}}},
    ]


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _from_item(item: Item) -> Certificate:
    signature = Signature(item["key_id"]["S"], base64.b64decode(item["signature"]["S"]))
    return Certificate(item["document"]["S"], signature)


def certificates_of(order_id: str) -> Iterator[tuple[int, Certificate]]:
    """Yield the stored certificates of an order, each with the sequence number of its decision."""
    for items in query_pages(order_pk(order_id), CERTIFICATE_PREFIX, CERTIFICATE_PREFIX + PREFIX_END, Limit=_PAGE_SIZE):
        for item in items:
            yield int(item["sk"]["S"].removeprefix(CERTIFICATE_PREFIX)), _from_item(item)


# -- keys ---------------------------------------------------------------------------------------------------------


def public_keys() -> list[PublicKey]:
    """Return the key that signs now, and then those that have signed certificates before."""
    items = (item for page in query_pages(PUBLIC_KEYS_PK, "!", PREFIX_END) for item in page)
    former = {PublicKey(base64.b64decode(item["der"]["S"])) for item in items} - {_public_key()}
    return [_public_key(), *sorted(former)]


@cache
def _public_key() -> PublicKey:
    response = client("kms").get_public_key(KeyId=environment("CERTIFICATE_KEY_ID"))
    return PublicKey(response["PublicKey"])


def _sign(document: str) -> Certificate:
    response = client("kms").sign(
        KeyId=environment("CERTIFICATE_KEY_ID"),
        # KMS itself hashes no more than 4 KB.
        Message=sha256(document.encode()).digest(),
        MessageType="DIGEST",
        SigningAlgorithm=ALGORITHM,
    )
    return Certificate(document, Signature(_public_key().key_id, response["Signature"]))


def reset() -> None:
    _public_key.cache_clear()
