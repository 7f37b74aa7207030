"""The guard in front of the engine; `test_running` tests the engine itself."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.responses import PlainTextResponse

from sandbox.engine import guard, is_local
from tests import loopback
from tests.sandbox.serving import serving


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    app = guard(PlainTextResponse("done"))  # type: ignore[arg-type]
    with serving(app) as address, loopback.client(base_url=address) as client:
        yield client


def test_a_program_on_this_machine_may_do_everything(client: httpx.Client) -> None:
    assert client.post("/", headers={"X-Amz-Target": "DynamoDB_20120810.PutItem"}).text == "done"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8080"])
def test_no_page_may_drive_the_engine(client: httpx.Client, origin: str) -> None:
    headers = {"Origin": origin, "X-Amz-Target": "AWSLambda.CreateFunction"}
    assert client.post("/", headers=headers).status_code == 403


def test_a_foreign_name_that_points_here_is_refused(client: httpx.Client) -> None:
    assert client.get("/", headers={"Host": "rebound.example"}).status_code == 403


def test_the_http_api_is_open_as_on_aws(client: httpx.Client) -> None:
    assert client.post("/_aws/execute-api/a1/$default/confirm/t", headers={"Origin": "null"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("LOCALHOST:8080", True),
        ("127.0.0.1:80", True),
        ("[::1]:8080", True),
        ("[::1]", True),
        ("", False),
        ("localhost.evil.example", False),
        ("10.0.0.1:80", False),
    ],
)
def test_local_names_are_told_from_others(host: str, local: bool) -> None:
    assert is_local(host) is local
