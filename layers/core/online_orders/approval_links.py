"""Links for people without a login: an opaque token for the address bar and a six-digit code for the form.

Both are derived from the signing key and from what the link is bound to, so that a mail can be rendered again after
a crash; the table holds only the token's SHA-256, never the code. Robots that follow links and submit forms do not
have the code; it is no second factor against someone who reads the mailbox.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import Literal, NamedTuple

from online_orders.values import Entity

WRONG_CODES_ALLOWED = 5
CODE = re.compile(r"[0-9]{6}")
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Link(Entity):
    """What the table knows of a link; it is live while the order still has its number."""

    purpose: Literal["order", "quote"]
    account_id: str
    order_id: str
    source: Literal["online", "direct"]
    revision: int
    number: int
    key_id: str
    wrong_codes: int = 0
    wrong_codes_of_asker: int | None = None
    """Counted apart; None for a link that an earlier release made known, which has no such count."""
    is_askers: bool = False
    """Whether it is presented by whoever asked for its mail with the code of the link before."""

    @property
    def counter(self) -> Literal["wrong_codes", "wrong_codes_of_asker"]:
        return "wrong_codes_of_asker" if self.is_askers else "wrong_codes"

    @property
    def tries(self) -> int:
        """The wrong codes that count for who presents it."""
        return (self.wrong_codes_of_asker or 0) if self.is_askers else self.wrong_codes

    @property
    def locked(self) -> bool:
        return self.tries >= WRONG_CODES_ALLOWED

    def with_wrong_code(self) -> Link:
        return self.model_copy(update={f"{self.counter}": self.tries + 1})

    def of_asker(self) -> Link:
        return self if self.wrong_codes_of_asker is None else self.model_copy(update={"is_askers": True})


class ConfirmLink(NamedTuple):
    """What a mail shows of a link."""

    url: str
    code: str


def _derived(key: bytes, label: str, link: Link, recipient: str) -> bytes:
    bound = [label, link.purpose, link.order_id, link.revision, recipient.casefold(), link.number]
    return hmac.digest(key, json.dumps(bound, separators=(",", ":")).encode(), "sha256")


def _text_of(derived: bytes) -> str:
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def token_of(key: bytes, link: Link, recipient: str) -> str:
    """256 bits, URL-safe, 43 characters."""
    return _text_of(_derived(key, "token", link, recipient))


def proof_of(key: bytes, link: Link, recipient: str) -> str:
    """What a browser keeps that asked for the link's mail with the code of the link before: as long as a token.

    It opens nothing. The wrong codes of whoever has it are counted apart from those of others.
    """
    return _text_of(_derived(key, "proof", link, recipient))


def code_of(key: bytes, link: Link, recipient: str) -> str:
    return f"{int.from_bytes(_derived(key, 'code', link, recipient)) % 1_000_000:06d}"


def fingerprint(token: str) -> str:
    """What the table knows a token by."""
    return hashlib.sha256(token.encode()).hexdigest()


def matches(expected: str, given: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode())
