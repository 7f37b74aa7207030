"""Our signatures are those of the SDK."""

from datetime import UTC, datetime

import botocore.auth
import botocore.credentials
import pytest
from botocore.awsrequest import AWSRequest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.aws.signature import Credentials, sign

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1).map(lambda name: f"x-{name}")
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
"""Without spaces, which would have to be made one; no header of ours has any."""
SECRETS = st.text("ABCabc123+/", min_size=16, max_size=40)


@given(
    headers=st.dictionaries(NAMES, VALUES, max_size=4),
    body=st.binary(),
    path=st.sampled_from(["/", "/a", "/a/b"]),
    by=st.builds(Credentials, SECRETS, SECRETS, st.none() | SECRETS),
    at=st.datetimes(timezones=st.just(UTC)),
    region=st.sampled_from(["eu-central-1", "us-gov-west-1"]),
    service=st.sampled_from(["dynamodb", "secretsmanager"]),
)
def test_it_is_signed_as_by_the_sdk(
    headers: dict[str, str], body: bytes, path: str, by: Credentials, at: datetime, region: str, service: str
) -> None:
    headers["host"] = f"{service}.{region}.amazonaws.com"
    moment = f"{at:%Y%m%dT%H%M%SZ}"
    request = AWSRequest("POST", f"https://{headers['host']}{path}", headers, body)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(botocore.auth, "get_current_datetime", lambda: at)
        botocore.auth.SigV4Auth(botocore.credentials.Credentials(*by), service, region).add_auth(request)
    signed = sign(headers, path, body, by=by, moment=moment, region=region, service=service)
    assert signed == {name.lower(): value for name, value in request.headers.items()}
