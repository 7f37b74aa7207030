"""Compute the codes of an authenticator app (RFC 6238), as its owner would read them off."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

STEP_SECONDS = 30
DIGITS = 6


def code_at(key: str, at: datetime) -> str:
    """Return the code that an app with a Base32 key shows at a time."""
    secret = base64.b32decode(key + "=" * (-len(key) % 8), casefold=True)
    digest = hmac.digest(secret, (int(at.timestamp()) // STEP_SECONDS).to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number)[-DIGITS:].zfill(DIGITS)
