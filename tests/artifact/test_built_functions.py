"""Functions of the artifact, in the emulator of Lambda's runtime."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.artifact.built import Artifact, emulated
from tools.build_artifact import ROOT

UNKNOWN_TOKEN = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v"


def event(path: str, route: str) -> dict[str, Any]:
    """A GET as API Gateway hands it over, in payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "orders.example.com"},
        "requestContext": {
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"},
            "requestId": "smoke",
            "routeKey": route,
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }


@contextmanager
def empty_table() -> Iterator[tuple[str, list[str]]]:
    """A DynamoDB that holds nothing: its address, and the operations that it was asked for."""
    requested: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            requested.append(self.headers["X-Amz-Target"])
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", requested
        finally:
            server.shutdown()
            thread.join()


def test_the_api_describes_itself(artifact: Artifact, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with emulated(artifact, "OrdersApiFunction", log, {"ORIGIN_SECRET": ""}) as function:
        for _ in ("cold", "warm"):
            response = function.invoke(event("/api/openapi.json", "GET /api/openapi.json"))
            assert response["statusCode"] == 200, log.read_text()
            committed = ROOT / "layers" / "core" / "online_orders" / "generated" / "openapi.json"
            assert json.loads(response["body"]) == json.loads(committed.read_text("utf-8"))


def test_an_unknown_link_leads_to_a_page_that_says_so(artifact: Artifact, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with empty_table() as (address, requested):
        variables = {
            "ORIGIN_SECRET": "",
            "TABLE_NAME": "orders",
            "BRAND_NAME": "Northwind",
            "LINK_REQUESTS_PER_SECOND": "2",
            "LINK_REQUESTS_AT_ONCE": "40",
            "AWS_ENDPOINT_URL_DYNAMODB": address,
        }
        with emulated(artifact, "ConfirmPageFunction", log, variables) as function:
            response = function.invoke(event(f"/confirm/{UNKNOWN_TOKEN}", "ANY /confirm/{token}"))
    assert response["statusCode"] == 404, log.read_text()
    assert response["headers"]["Content-Type"].startswith("text/html")
    assert "<!doctype html>" in response["body"].lower()
    assert requested == ["DynamoDB_20120810.GetItem"]
