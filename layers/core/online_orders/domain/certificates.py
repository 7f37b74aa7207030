"""Certificates: what a decision by link rests on, as a document that anybody can verify without this product.

The document is JSON in its canonical form (RFC 8785). Its bytes are what is signed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, NamedTuple

import rfc8785

from online_orders.domain.evidence import Evidence
from online_orders.domain.order_numbers import number_of
from online_orders.domain.orders import Order
from online_orders.domain.quotes import Quote
from online_orders.domain.timeline import Entry, Event
from online_orders.domain.values import instant_text

FORMAT = "online-orders/1"
ALGORITHM = "ECDSA_SHA_256"
_POINT_BYTES, _NUMBER_BYTES = 64, 32
_LINE_LENGTH = 64


class Signature(NamedTuple):
    """A signature over a document, in DER as OpenSSL reads it."""

    key_id: str
    """The RFC 7638 thumbprint of the public key."""
    value: bytes


class Certificate(NamedTuple):
    document: str
    """Canonical JSON; its bytes in UTF-8 are signed."""
    signature: Signature

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.document.encode()).hexdigest()

    @property
    def content(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.document)
        return found

    @property
    def text(self) -> str:
        """Return the certificate with its signature, as JSON in which the document stands byte by byte."""
        signature = {
            "algorithm": ALGORITHM,
            "key_id": self.signature.key_id,
            "sha256": self.sha256,
            "value": base64.b64encode(self.signature.value).decode(),
        }
        return f'{{"certificate":{self.document},"signature":{rfc8785.dumps(signature).decode()}}}'


def certificate_document(
    order: Order, account_name: str, evidence: Evidence, quote: Quote | None, entries: Iterable[Entry], at: datetime
) -> str:
    """Return the document of a decision, which is issued at an instant. `quote` is the revision that was decided on."""
    # The name of a file may be a person's.
    decision = evidence.model_dump(mode="json", exclude={"revision": True, "sha256": True, "attachment": {"name"}})
    offer = None
    if quote and evidence.revision is not None:
        members = {"revision", "sha256", "currency", "totals", "valid_until", "taxes", "gross_totals", "accepted"}
        offer = quote.model_dump(mode="json", include=members)
    document = {
        "format": FORMAT,
        "issued_at": instant_text(at),
        "order_id": order.order_id,
        "number": number_of(order.order_id),
        "account_id": order.account_id,
        "account_name": order.account_name(account_name),
        "decision": decision,
        "quote": offer,
        "timeline": [
            {"sequence": entry.sequence, "at": instant_text(entry.at), "event": entry.event.value}
            for entry in entries
            if _leads_to(entry, evidence)
        ],
    }
    return rfc8785.dumps(document).decode()


def _leads_to(entry: Entry, evidence: Evidence) -> bool:
    """Return whether an entry is about the revision that was decided on, or is the beginning or the decision itself."""
    if entry.sequence > evidence.sequence:
        return False
    is_of_revision = evidence.revision is not None and entry.data.get("revision") == evidence.revision
    return is_of_revision or entry.event is Event.SUBMITTED or entry.sequence == evidence.sequence


# -- public keys --------------------------------------------------------------------------------------------------


class PublicKey(NamedTuple):
    """A public key on the curve P-256."""

    der: bytes
    """SubjectPublicKeyInfo (RFC 5280)."""

    @property
    def pem(self) -> str:
        """Return the key as OpenSSL reads it (RFC 7468)."""
        text = base64.b64encode(self.der).decode()
        lines = (text[first : first + _LINE_LENGTH] for first in range(0, len(text), _LINE_LENGTH))
        return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])

    @property
    def jwk(self) -> dict[str, str]:
        """Return the key as JSON (RFC 7517), with the PEM beside it."""
        return {"alg": "ES256", "kid": self.key_id, "pem": self.pem, "use": "sig", **self._members}

    @property
    def key_id(self) -> str:
        """Return the thumbprint of the key (RFC 7638)."""
        return _base64url(hashlib.sha256(rfc8785.dumps(self._members)).digest())

    @property
    def _members(self) -> dict[str, str]:
        # On this curve the point is the last part, and not compressed.
        point = self.der[-_POINT_BYTES:]
        x, y = point[:_NUMBER_BYTES], point[_NUMBER_BYTES:]
        kind: Literal["EC"] = "EC"
        return {"crv": "P-256", "kty": kind, "x": _base64url(x), "y": _base64url(y)}


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
