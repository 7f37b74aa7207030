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


def aws(service: str, endpoint: str, region: str = "eu-central-1", key: str = "any", secret: str = "any") -> Any:
    """A client of what stands in for an AWS service."""
    return _READ_ONCE.create_client(
        service, region_name=region, endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret
    )
