"""AWS's Signature Version 4, of a POST without a query: what the JSON protocol asks for."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    access_key_id: str
    secret_access_key: str
    session_token: str | None


def sign(
    headers: Mapping[str, str], path: str, body: bytes, *, by: Credentials, moment: str, region: str, service: str
) -> dict[str, str]:
    """The headers, `host` among them, by lower-case names, and those that make a signed request of it.

    `moment` is UTC as in 20261123T061955Z; who signs more than five minutes off is refused.
    """
    signed = {**headers, "x-amz-date": moment}
    if by.session_token:
        signed["x-amz-security-token"] = by.session_token
    names = sorted(signed)
    lines = ["POST", path, "", *(f"{name}:{signed[name]}" for name in names), "", ";".join(names)]
    request = "\n".join([*lines, sha256(body).hexdigest()])
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = "\n".join([_ALGORITHM, moment, scope, sha256(request.encode()).hexdigest()])
    signature = hmac.digest(_key(by.secret_access_key, scope), text.encode(), "sha256").hex()
    signed["authorization"] = (
        f"{_ALGORITHM} Credential={by.access_key_id}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return signed


@lru_cache(maxsize=4)
def _key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
