"""Addresses for replies: each proves the order that a mail was about and the address to which the mail went.

The part before the `@` is `reply+`, the order's id and two hashes, all in lower case, since mail programs and servers
may change that: 64 characters, which is the most that it may have. The first hash covers the order, the second the
order and the recipient. So a reply that somebody else sends to the address still belongs to the order, but its sender
is not proved. Nothing is stored, and a mail that is rendered again has the same address.

The hashes are HMACs of 80 bits each, of which somebody who guesses gets one per mail. A key is found by trying those in
use; what a retired key signed proves nothing any more.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterable
from typing import NamedTuple

from online_orders.domain.order_ids import is_order_id

_LOCAL_PART = re.compile(r"reply\+([0-9a-z]{26})([a-z2-7]{16})([a-z2-7]{16})", re.IGNORECASE)
_HASH_BYTES = 10


class ReplyAddress(NamedTuple):
    """The parts of an address for replies as it was written; nothing is proved yet."""

    order_id: str
    order_hash: str
    recipient_hash: str

    def is_of_order(self, keys: Iterable[bytes]) -> bool:
        """Return whether one of the keys made the address for its order."""
        return any(hmac.compare_digest(self.order_hash, _hash(key, "order", self.order_id)) for key in keys)

    def is_of_recipient(self, keys: Iterable[bytes], address: str) -> bool:
        """Return whether one of the keys made the address for its order and a recipient."""
        bound = ("recipient", self.order_id, address.casefold())
        return any(hmac.compare_digest(self.recipient_hash, _hash(key, *bound)) for key in keys)


def _hash(key: bytes, *bound: str) -> str:
    digest = hmac.digest(key, json.dumps(["reply", *bound], separators=(",", ":")).encode(), "sha256")
    return base64.b32encode(digest[:_HASH_BYTES]).decode().lower()


def reply_address(key: bytes, order_id: str, recipient: str, domain: str) -> str:
    """Return the address for replies to a mail about an order."""
    hashes = _hash(key, "order", order_id), _hash(key, "recipient", order_id, recipient.casefold())
    return f"reply+{order_id.lower()}{''.join(hashes)}@{domain}"


def parse_reply_address(address: str, domain: str) -> ReplyAddress | None:
    """Return the parts of an address for replies; None for any other address."""
    local_part, _, at = address.rpartition("@")
    found = _LOCAL_PART.fullmatch(local_part)
    if found is None or at.casefold() != domain.casefold() or not is_order_id(found[1].upper()):
        return None
    return ReplyAddress(found[1].upper(), found[2].lower(), found[3].lower())
