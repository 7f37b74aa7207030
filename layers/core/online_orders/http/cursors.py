"""The cursors of pagination: opaque, tamper-proof, and valid for the same caller and query only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from online_orders.aws.signing_keys import SigningKey, signing_key
from online_orders.domain.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from itsdangerous import URLSafeSerializer

Event = Mapping[str, Any]
_PAGING = {"cursor", "limit"}


class Cursor:
    """The cursor of a list; `position` is None at the beginning.

    Its text is the id of a key, the position, and a signature that covers path, query, user and account.
    """

    def __init__(self, raw: str | None, event: Event, user_id: str, account_id: str | None) -> None:
        """Read the cursor that was sent, if any; raise BadRequest `invalid_cursor` unless it is for this path, query,
        user, and account for which the user acts.

        The parameters `cursor` and `limit` are not covered by the signature.
        """
        sent: dict[str, str] = event.get("queryStringParameters") or {}
        query = {name: value for name, value in sent.items() if name not in _PAGING}
        bound = [event["requestContext"]["http"]["path"], query, user_id, account_id]
        self._bound = json.dumps(bound, sort_keys=True)
        self.position = self._decode(raw) if raw is not None else None

    def _serializer(self, key: SigningKey) -> URLSafeSerializer:
        from itsdangerous import URLSafeSerializer  # imported here for the sake of cold starts

        # The names of users and addresses may be anything, so they go into the salt as JSON in ASCII.
        return URLSafeSerializer(
            key.key, salt=self._bound, signer_kwargs={"key_derivation": "hmac", "digest_method": sha256}
        )

    def _encode(self, key: SigningKey, position: str) -> str:
        return f"{key.key_id}.{self._serializer(key).dumps(position)}"

    def _decode(self, raw: str) -> str:
        from itsdangerous import BadData

        foreign = BadRequest("invalid_cursor", "The cursor is not one of this list.")
        key_id, _, signed = raw.partition(".")
        try:
            key = signing_key("cursors", key_id)
            position: str = self._serializer(key).loads(signed)
        except (BadData, NotFound, UnicodeEncodeError):
            raise foreign from None
        # The decoder ignores characters that Base64 does not have; a cursor is valid only exactly as it was made.
        if self._encode(key, position) != raw:
            raise foreign
        return position

    def after(self, position: str | int | None) -> str | None:
        """Return the cursor of the page after a position; None for None."""
        return None if position is None else self._encode(signing_key("cursors"), str(position))
