"""A function is called once, and waited for, however long it works and whatever becomes of the answer."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pytest
from botocore.exceptions import ClientError

from emulation.template import read
from online_orders_cli import installation as module
from online_orders_cli import operating
from online_orders_cli.installation import Installation, Unreachable

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


@dataclass
class Service:
    """Lambda and CloudFormation on loopback: what it answers an Invoke with, one after another; None is no answer."""

    answers: list[tuple[int, Any] | None] = field(default_factory=list)
    invoked: int = 0


@contextmanager
def serving(service: Service) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            response = service.answers[min(service.invoked, len(service.answers) - 1)]
            service.invoked += 1
            if response is None:
                self.close_connection = True
                return
            status, result = response
            body = json.dumps(result).encode()
            self.send_response(status)
            if status != 200:
                self.send_header("x-amzn-errortype", result["Type"])
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *said: Any) -> None:
            """Says nothing of it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def local(folder: Path, endpoint: str) -> Installation:
    aws = {"endpoint": endpoint, "region": "eu-central-1", "access_key_id": "x", "secret_access_key": "x"}
    (folder / "sandbox.json").write_text(json.dumps({"site": "http://127.0.0.1:1", "aws": aws, "users": []}))
    made = Installation.local(folder)
    made.resource = lambda logical_id: logical_id  # type: ignore[method-assign]
    return made


def test_an_answer_that_is_lost_makes_no_second_call(tmp_path: Path) -> None:
    service = Service([None])
    with serving(service) as endpoint, pytest.raises(Unreachable, match="may still run"):
        operating.repair_due(local(tmp_path, endpoint))
    assert service.invoked == 1


def test_an_answer_is_waited_for_longer_than_any_function_may_work(tmp_path: Path) -> None:
    client = local(tmp_path, "http://127.0.0.1:1").aws("lambda")
    resources = read(TEMPLATE)["Resources"].values()
    longest = max(resource["Properties"].get("Timeout", 0) for resource in resources if "Properties" in resource)
    assert longest >= 120
    assert client.meta.config.read_timeout > max(longest, 15 * 60)
    assert client.meta.config.retries["total_max_attempts"] == 1


def test_what_lambda_turned_away_is_asked_for_again(tmp_path: Path) -> None:
    throttled = (429, {"Type": "TooManyRequestsException", "message": "Rate Exceeded."})
    service = Service([throttled, throttled, (200, {"entries": 0, "workflows": 0})])
    with serving(service) as endpoint, patch.object(module, "THROTTLED_PAUSES_SECONDS", (0, 0, 0)):
        assert operating.repair_due(local(tmp_path, endpoint)) == {"entries": 0, "workflows": 0}
    assert service.invoked == 3


def test_a_fault_of_the_service_makes_no_second_call(tmp_path: Path) -> None:
    """It may have begun."""
    service = Service([(500, {"Type": "ServiceException", "message": ""})])
    with serving(service) as endpoint, pytest.raises(ClientError, match="ServiceException"):
        operating.repair_due(local(tmp_path, endpoint))
    assert service.invoked == 1


@pytest.mark.parametrize(("code", "raised"), [("ValidationError", Unreachable), ("Throttling", ClientError)])
def test_a_resource_that_a_stack_does_not_have_is_told_of_by_name(code: str, raised: type[Exception]) -> None:
    refusal = ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeStackResources")
    service = Mock(describe_stack_resources=Mock(side_effect=refusal))
    installation = Mock(spec=Installation, aws=Mock(return_value=service), stack="orders")
    with pytest.raises(raised, match="The stack orders has no Distribution" if raised is Unreachable else code):
        Installation.resource(installation, "Distribution")
