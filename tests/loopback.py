"""HTTP to this machine: no proxy is asked, and no certificate authority, whom to load would take longer than to ask."""

import ssl
from functools import partial
from typing import Any

import httpx
from botocore.session import Session

_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

client = partial(httpx.Client, trust_env=False, verify=_TRUSTS_NOBODY)
request = partial(httpx.request, trust_env=False, verify=_TRUSTS_NOBODY)
get = partial(request, "GET")
post = partial(request, "POST")

_READ_ONCE = Session()
"""Keeps what it has read of AWS's services, which takes longer than most tests."""


def aws(
    service: str,
    endpoint: str,
    region: str = "eu-central-1",
    access_key_id: str = "any",
    secret_access_key: str = "any",
    session_token: str | None = None,
) -> Any:
    """A client of what stands in for an AWS service; the names are those under `aws` in `sandbox.json`."""
    return _READ_ONCE.create_client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
    )
