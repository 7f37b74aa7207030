"""Read the key behind links and cursors from Secrets Manager, cached for five minutes.

The secret is JSON: {"key_id", "key"} and, after a rotation, "previous": {key id: key}.
"""

import hmac
import json
from functools import lru_cache
from time import monotonic
from typing import NamedTuple

from online_orders.aws.clients import client
from online_orders.domain.errors import NotFound
from online_orders.environment import environment

_CACHE_SECONDS = 300.0
_REFRESH_SECONDS = 10.0
"""An unknown key may have been made since the last read. Strangers may name any key, so reads have this minimum
distance."""


class SigningKey(NamedTuple):
    key_id: str
    key: bytes


class _KeySet(NamedTuple):
    current: str
    keys: dict[str, bytes]


@lru_cache(maxsize=4)
def _load_keys(_kept_seconds: float, _period: int) -> _KeySet:
    secret = client("secretsmanager").get_secret_value(SecretId=environment("SIGNING_KEYS_SECRET"))
    payload = json.loads(secret["SecretString"])
    keys = {**payload.get("previous", {}), payload["key_id"]: payload["key"]}
    return _KeySet(payload["key_id"], {key_id: key.encode() for key_id, key in keys.items()})


def _keys_of_last(seconds: float) -> _KeySet:
    return _load_keys(seconds, int(monotonic() / seconds))


def signing_key(purpose: str, key_id: str | None = None) -> SigningKey:
    """Return the key for a purpose ("links", "cursors"), the current or a named one; each purpose has keys of its own.

    Raises NotFound for a retired key: what it signed is void.
    """
    ring = _keys_of_last(_CACHE_SECONDS)
    named = key_id or ring.current
    if named not in ring.keys:
        ring = _keys_of_last(_REFRESH_SECONDS)
    if named not in ring.keys:
        raise NotFound("The key behind this was retired.")
    return SigningKey(named, hmac.digest(ring.keys[named], purpose.encode(), "sha256"))


def signing_keys(purpose: str, *, fresh: bool = False) -> list[bytes]:
    """Return all keys in use for a purpose. With `fresh`, they were read a moment ago, so none that was made since is
    missing.
    """
    ring = _keys_of_last(_REFRESH_SECONDS if fresh else _CACHE_SECONDS)
    return [hmac.digest(key, purpose.encode(), "sha256") for key in ring.keys.values()]


def signing_key_or_current(purpose: str, key_id: str | None) -> SigningKey:
    """Return a named key while it is in use, else the current one; the current one too when `key_id` is None."""
    try:
        return signing_key(purpose, key_id)
    except NotFound:
        return signing_key(purpose)


def reset() -> None:
    _load_keys.cache_clear()
