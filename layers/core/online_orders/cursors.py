"""Cursors of lists: opaque, tamper-proof, and good for the same caller and query only."""

from __future__ import annotations

import base64
import hmac
import json

from online_orders.aws.signing_keys import signing_key
from online_orders.errors import BadRequest, NotFound
from online_orders.routing import Event

_PAGING = {"cursor", "limit"}


def _foreign_cursor() -> BadRequest:
    return BadRequest("invalid_cursor", "The cursor is not one of this list.")


class Cursor:
    """Where a list goes on; `position` is None at its beginning."""

    def __init__(self, raw: str | None, event: Event, user_id: str) -> None:
        """Read the cursor that was sent, if any; BadRequest `invalid_cursor` unless it is of this path, query and user.

        A cursor and a limit in the query bind nothing.
        """
        sent: dict[str, str] = event.get("queryStringParameters") or {}
        query = {name: value for name, value in sent.items() if name not in _PAGING}
        bound = [event["requestContext"]["http"]["path"], query, user_id]
        self._bound = json.dumps(bound, sort_keys=True).encode()
        self.position = self._read(raw) if raw is not None else None

    def _signature(self, key: bytes, position: str) -> bytes:
        return hmac.digest(key, self._bound + b"\0" + position.encode(), "sha256")[:16]

    def _read(self, raw: str) -> str:
        try:
            data = base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True)
            signature, rest = data[:16], data[16:].decode()
            key_id, _, position = rest.partition(" ")
            expected = self._signature(signing_key("cursors", key_id).key, position)
        except (ValueError, NotFound):
            raise _foreign_cursor() from None
        if not position or not hmac.compare_digest(expected, signature):
            raise _foreign_cursor()
        return position

    def after(self, position: str | int | None) -> str | None:
        """Return the cursor of the page after a position; None when there is none."""
        if position is None:
            return None
        key_id, key = signing_key("cursors")
        text = str(position)
        data = self._signature(key, text) + f"{key_id} {text}".encode()
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
