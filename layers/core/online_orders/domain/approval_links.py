"""Approval links for people without a login: an opaque token for the URL and a six-digit code for the form.

Both are derived from the signing key and from what the link is bound to, so that a mail can be rendered again after a
crash. The table holds only the token's SHA-256, never the code. Robots that follow links and submit forms do not have
the code. It is no second factor against somebody who reads the mailbox.

What a link permits follows from the link, its order and its account, and is one value, a `LinkState`.
"""

import base64
import hashlib
import hmac
import json
import re
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from online_orders.domain.accounts import Account
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.domain.quotes import DECIDABLE, QuoteState
from online_orders.domain.values import Entity

WRONG_CODES_ALLOWED = 5
CODE = re.compile(r"[0-9]{6}")
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Link(Entity):
    """A link as it is stored; it is live while the order still has its number."""

    purpose: Literal["order", "quote"]
    account_id: str
    order_id: str
    source: Literal["online", "direct"]
    revision: int
    number: int
    key_id: str
    wrong_codes: int = 0
    wrong_codes_of_asker: int | None = None
    """The wrong codes of the person who asked for the mail; None for a link of an earlier release, which has no such
    count."""
    is_askers: bool = False
    """Whether the request comes from the browser that asked for this link's mail with the code of the link before."""

    @property
    def counter(self) -> Literal["wrong_codes", "wrong_codes_of_asker"]:
        return "wrong_codes_of_asker" if self.is_askers else "wrong_codes"

    @property
    def tries(self) -> int:
        """Return the wrong codes that count for whoever presents the link."""
        return (self.wrong_codes_of_asker or 0) if self.is_askers else self.wrong_codes

    @property
    def locked(self) -> bool:
        return self.tries >= WRONG_CODES_ALLOWED

    def with_wrong_code(self) -> "Link":
        return self.model_copy(update={f"{self.counter}": self.tries + 1})

    def for_asker(self) -> "Link":
        return self if self.wrong_codes_of_asker is None else self.model_copy(update={"is_askers": True})


class ConfirmLink(NamedTuple):
    """The parts of a link that its mail shows."""

    url: str
    code: str


def _derive(key: bytes, label: str, link: Link, recipient: str) -> bytes:
    bound = [label, link.purpose, link.order_id, link.revision, recipient.casefold(), link.number]
    return hmac.digest(key, json.dumps(bound, separators=(",", ":")).encode(), "sha256")


def _text_of(derived: bytes) -> str:
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def token_of(key: bytes, link: Link, recipient: str) -> str:
    """Return the token of a link: 256 bits, URL-safe, 43 characters."""
    return _text_of(_derive(key, "token", link, recipient))


def proof_of(key: bytes, link: Link, recipient: str) -> str:
    """Return what the browser keeps that asked for a fresh mail with the code of the link before: 43 characters.

    It grants nothing. The wrong codes of its holder are counted apart from those of others.
    """
    return _text_of(_derive(key, "proof", link, recipient))


def code_of(key: bytes, link: Link, recipient: str) -> str:
    return f"{int.from_bytes(_derive(key, 'code', link, recipient)) % 1_000_000:06d}"


def fingerprint(token: str) -> str:
    """Return the hash under which the table stores a link: the SHA-256 of its token."""
    return hashlib.sha256(token.encode()).hexdigest()


def matches(expected: str, given: str) -> bool:
    """Return whether two strings are equal, compared in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode())


# -- what a link permits ------------------------------------------------------------------------------------------


class LinkState(StrEnum):
    """What a link permits, in the order in which it is checked."""

    PARTED = "parted"
    """Nothing: another contact person is asked now, or nobody."""
    SUPERSEDED = "superseded"
    """Nothing: a newer mail has replaced it."""
    IN_PREPARATION = "in_preparation"
    """Nothing: a newer mail follows once the next quote is sent."""
    NEVER_RENEWED = "never_renewed"
    """Nothing: the order was closed before the next quote was sent."""
    EXPIRED = "expired"
    """Asking for a fresh quote, unless wrong codes have locked the link."""
    LOCKED = "locked"
    """Asking for a fresh mail."""
    APPROVED = "approved"
    """Nothing but this decision again: the link was used for it. The same is true of the next two."""
    CANCELED = "canceled"
    CHANGE_REQUESTED = "change_requested"
    CLOSED = "closed"
    """Nothing: the order was closed, but not by this link."""
    OPEN = "open"
    """A decision."""


class LinkContext(NamedTuple):
    """A link that was presented, with its order and account as they are stored now, and with its code."""

    token: str
    proofs: frozenset[str]
    """What the browser has kept of the fresh mails that it asked for (see `proof_of`)."""
    link: Link
    order: Order
    account: Account
    code: str
    is_live: bool
    """False once a newer link, a newer revision or another contact has replaced it, or the contact was removed."""
    is_of_contact: bool
    """Whether it was sent to the person who is asked now."""

    def state(self, at: datetime) -> LinkState:
        """Return what the link permits at `at`."""
        if not self.is_live:
            return self._dead_state()
        if self._is_expired(at):
            return LinkState.EXPIRED
        if self.link.locked:
            return LinkState.LOCKED
        return self._used_state() or (LinkState.OPEN if self.order.is_open else LinkState.CLOSED)

    def _dead_state(self) -> LinkState:
        order, link = self.order, self.link
        if not self.is_of_contact:
            return LinkState.PARTED
        is_overtaken = link.purpose == "order" and link.number != order.internals.order_link
        if not is_overtaken and order.quote and order.quote.offered_at is None:
            return LinkState.IN_PREPARATION if order.is_open else LinkState.NEVER_RENEWED
        return LinkState.SUPERSEDED

    def _is_expired(self, at: datetime) -> bool:
        order, quote = self.order, self.order.quote
        if self.link.purpose == "order" or quote is None or not order.is_open:
            return False
        return quote.state is QuoteState.EXPIRED or (quote.state in DECIDABLE and order.is_quote_past(at))

    def _used_state(self) -> LinkState | None:
        """Return the state of a link that was used for a decision; None for an unused one."""
        order, quote = self.order, self.order.quote
        by_contact = order.closed is not None and order.closed.by == "contact"
        if by_contact and order.status is Status.CANCELED:
            return LinkState.CANCELED
        if self.link.purpose == "order" or quote is None:
            return None
        if quote.state is QuoteState.APPROVED:
            return LinkState.APPROVED
        is_change_requested = quote.state is QuoteState.CHANGE_REQUESTED and order.is_open
        return LinkState.CHANGE_REQUESTED if is_change_requested else None


def link_context(
    token: str, proofs: frozenset[str], link: Link, key: bytes, order: Order, account: Account
) -> LinkContext:
    """Return the context of a link that was presented by its token; `key` is the one that the link was made with."""
    recipient = order.contact.email
    if link.purpose == "quote":
        revision = order.quote.revision if order.quote else 0
        is_newest = (link.revision, link.number) == (revision, order.internals.quote_link)
    else:
        is_newest = link.number == order.internals.order_link and order.status is not Status.PENDING_CONFIRMATION
    # Orders are synced with their accounts by a queue; until then, a contact who was removed decides nothing.
    is_of_contact = matches(token_of(key, link, recipient), token) and not order.has_stale_contact(account)
    is_asked = is_of_contact and not order.is_contact_removed
    code = code_of(key, link, recipient)
    if any(matches(proof_of(key, link, recipient), proof) for proof in proofs):
        link = link.for_asker()
    return LinkContext(token, proofs, link, order, account, code, is_newest and is_of_contact, is_asked)
