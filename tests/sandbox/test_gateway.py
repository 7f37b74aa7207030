"""The gateway in front of a small HTTP API that returns the requests it got."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from emulation.template import read
from sandbox.gateway import MAX_BODY_BYTES, MAX_CONCURRENCY, Gateway, SiteRules, forwarded, site_app
from sandbox.mailbox import Mailbox
from tests import loopback
from tests.local_run import PROJECT
from tests.sandbox.serving import serving

SITE = "http://localhost:8080"
RULES = SiteRules.of(read(PROJECT / "template.yaml"))
PDF = b"%PDF-1.7 \x00\xff"


class Upstream:
    """The engine's HTTP API `a1`: tells what it got, or answers in the way that the path names."""

    def __init__(self) -> None:
        self.at_once = 0
        self.most_at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await self._answer(request, await request.body())(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        path = request.url.path.removeprefix("/_aws/execute-api/a1/$default")
        if path == "/api/pdf":
            return Response(PDF, media_type="application/pdf", headers={"ETag": '"1"', "Content-Length": str(len(PDF))})
        if path == "/api/failed":
            return JSONResponse({"errorMessage": "secret", "errorType": "KeyError"}, 502)
        if path == "/api/cookies":
            response = Response(headers={"Access-Control-Allow-Origin": "*", "x-amzn-requestid": "r"})
            response.set_cookie("a", "1")
            response.set_cookie("b", "2")
            return response
        return JSONResponse(
            {
                "method": request.method,
                "path": request.scope["raw_path"].decode(),
                "query": request.scope["query_string"].decode(),
                "headers": dict(request.headers),
                "body": body.hex(),
            },
            201 if request.method == "POST" else 200,
        )


@pytest.fixture
def web(tmp_path: Path) -> Path:
    pages = tmp_path / "web"
    pages.mkdir()
    (pages / "index.html").write_text("<p>The desk</p>", encoding="utf-8")
    (pages / "pages").mkdir()
    (pages / "pages" / "main.js").write_text("run()", encoding="utf-8")
    (pages / "package.json").write_text("{}", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return pages


@pytest.fixture
def site(web: Path) -> Iterator[httpx.Client]:
    with serving(Upstream()) as engine:
        gateway = Gateway(int(engine.rpartition(":")[2]), "a1", SITE)
        app = site_app(gateway, Mailbox(SITE).routes(), web, RULES, "<p>home</p>", {"client_id": "c1"})
        limits = httpx.Limits(max_connections=80)
        with serving(app) as address, loopback.client(base_url=address, limits=limits) as client:
            yield client
        gateway.close()


def seen(answer: httpx.Response) -> Any:
    return answer.json()


def test_a_request_reaches_the_api_as_it_was_sent(site: httpx.Client) -> None:
    response = site.post("/api/orders/a%2Fb?q=%20x&q=2&empty=", content=b"\x00\xff\n", headers={"Idempotency-Key": "k"})
    got = seen(response)

    assert response.status_code == 201
    assert got["path"] == "/_aws/execute-api/a1/$default/api/orders/a%2Fb"
    assert (got["method"], got["query"], got["body"]) == ("POST", "q=%20x&q=2&empty=", "00ff0a")
    assert got["headers"]["idempotency-key"] == "k"


def test_a_body_that_is_no_utf_8_reaches_the_function_byte_by_byte(site: httpx.Client) -> None:
    """The engine hands over in Base64 what it does not take for text."""
    got = seen(site.post("/api/orders", content=b'{"a": "\xc3"}', headers={"Content-Type": "application/json"}))
    assert (got["headers"]["content-type"], bytes.fromhex(got["body"])) == (
        "application/octet-stream",
        b'{"a": "\xc3"}',
    )
    got = seen(site.put("/api/desk/price-lists/EUR", content=b"\xfc", headers={"Content-Type": "text/csv"}))
    assert (got["headers"]["content-type"], bytes.fromhex(got["body"])) == ("text/csv", b"\xfc")
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    got = seen(site.post("/confirm/t", content=b"--b\xe2\xe3", headers=form))
    assert (got["headers"]["content-type"], bytes.fromhex(got["body"])) == (form["Content-Type"], b"--b\xe2\xe3")
    got = seen(site.post("/api/orders", content='{"a": "ä"}'.encode(), headers={"Content-Type": "application/json"}))
    assert got["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/api", "/api/", "/confirm/t/quote.pdf"])
def test_api_and_links_go_to_the_api(site: httpx.Client, path: str) -> None:
    assert seen(site.get(path))["path"].endswith(f"$default{path}")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_is_handed_on(site: httpx.Client, method: str) -> None:
    assert seen(site.request(method, "/api/x"))["method"] == method


def test_the_gateway_says_where_a_request_came_from(site: httpx.Client) -> None:
    headers = seen(site.get("/api/x", headers={"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "https"}))["headers"]

    assert headers["x-forwarded-for"] == "10.0.0.1, 127.0.0.1"
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("http", "8080")
    assert headers["x-forwarded-host"] == "localhost:8080"


def test_headers_of_one_name_are_joined_and_those_of_the_connection_dropped() -> None:
    headers = [
        ("accept", "text/html"),
        ("accept", "text/csv"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("connection", "keep-alive, X-Hop"),
        ("x-hop", "1"),
        ("transfer-encoding", "chunked"),
        ("host", "localhost:8080"),
    ]
    handed_on = forwarded(headers, "127.0.0.1", SITE)

    assert (handed_on["accept"], handed_on["cookie"]) == ("text/html,text/csv", "a=1; b=2")
    assert not handed_on.keys() & {"connection", "x-hop", "transfer-encoding", "host"}


def test_a_page_may_post_from_anywhere_as_browsers_do_from_links(site: httpx.Client) -> None:
    got = seen(site.post("/confirm/t", data={"decision": "approve"}, headers={"Origin": "null"}))
    assert (got["headers"]["origin"], bytes.fromhex(got["body"])) == ("null", b"decision=approve")


def test_a_binary_answer_comes_whole_and_head_has_its_length(site: httpx.Client) -> None:
    whole, head = site.get("/api/pdf"), site.head("/api/pdf")

    assert whole.content == PDF
    assert head.content == b""
    for response in (whole, head):
        assert response.headers["content-type"] == "application/pdf"
        assert response.headers["content-length"] == str(len(PDF))
        assert response.headers["etag"] == '"1"'


def test_only_the_apis_own_headers_come_back(site: httpx.Client) -> None:
    headers = site.get("/api/cookies").headers

    assert headers.get_list("set-cookie") == ["a=1; Path=/; SameSite=lax", "b=2; Path=/; SameSite=lax"]
    assert "access-control-allow-origin" not in headers
    assert "x-amzn-requestid" not in headers


def test_why_a_function_failed_is_not_told(site: httpx.Client) -> None:
    response = site.get("/api/failed")
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


def test_a_body_may_be_as_large_as_a_function_takes_and_no_larger(site: httpx.Client) -> None:
    assert len(seen(site.post("/api/x", content=b"x" * MAX_BODY_BYTES))["body"]) == 2 * MAX_BODY_BYTES
    response = site.post("/api/x", content=b"x" * (MAX_BODY_BYTES + 1))
    assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})


def test_a_body_of_unknown_length_is_limited_too(site: httpx.Client) -> None:
    chunks = (b"x" * 65_536 for _ in range(MAX_BODY_BYTES // 65_536 + 2))
    assert site.post("/api/x", content=chunks).status_code == 413


def test_sixty_requests_at_once_are_answered(site: httpx.Client) -> None:
    with ThreadPoolExecutor(60) as people:
        responses = list(people.map(lambda number: site.post("/api/x", content=str(number)), range(60)))

    assert [bytes.fromhex(seen(response)["body"]) for response in responses] == [
        str(number).encode() for number in range(60)
    ]


def test_slow_clients_keep_nobody_waiting(site: httpx.Client) -> None:
    port = site.base_url.port
    assert port
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(2 * MAX_CONCURRENCY)]
    for connection in slow:
        connection.sendall(b"POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
    begun = time.monotonic()

    assert site.get("/api/x").status_code == 200
    assert time.monotonic() - begun < 2
    slow[0].sendall(b"-other")
    assert b"201" in slow[0].recv(65_536).splitlines()[0]
    for connection in slow:
        connection.close()


def test_without_the_engine_the_service_is_unavailable(web: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    gateway = Gateway(port, "a1", SITE)
    with serving(site_app(gateway, [], web, RULES, "")) as address:
        response = loopback.get(f"{address}/api/x")
    gateway.close()

    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


def test_the_pages_of_the_site_are_served(site: httpx.Client) -> None:
    assert site.get("/").text == site.get("/orders/o1").text == "<p>The desk</p>"
    assert site.get("/pages/main.js").text == "run()"
    assert site.head("/pages/main.js").headers["content-length"] == "5"
    assert site.get("/pages/missing.js").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/desk/accounts/acme.de",
        "/desk/accounts/acme%2Ede",
        "/desk/accounts/acme.de/",
        "/desk/accounts/acme.js",
        "/package.json",
        "/%61pp/main.js",
        "/missing.js",
    ],
)
def test_what_does_not_lie_where_files_lie_is_a_page(site: httpx.Client, path: str) -> None:
    response = site.get(path)
    assert (response.status_code, response.text) == (200, "<p>The desk</p>")
    assert "default-src 'self'" in response.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/pages/", "/pages/%2e%2e/package.json", "/favicon.ico", "/.well-known/security.txt"])
def test_a_file_that_is_not_there_is_no_page(site: httpx.Client, path: str) -> None:
    assert site.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "//etc/passwd", "/mailbox/-/../../run.py"]
)
def test_nothing_outside_the_pages_is_served(site: httpx.Client, path: str) -> None:
    port = site.base_url.port
    with socket.create_connection(("127.0.0.1", port or 0)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        response = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert b"secret" not in response
    assert b"root:" not in response
    assert b"import" not in response


def test_pages_and_mails_are_not_shown_under_a_foreign_name(site: httpx.Client) -> None:
    for path in ("/", "/mailbox"):
        assert site.get(path, headers={"Host": "rebound.example"}).status_code == 421
    assert site.get("/api/x", headers={"Host": "rebound.example"}).status_code == 200


def test_the_pages_are_told_how_to_sign_in(site: httpx.Client) -> None:
    assert site.get("/config.json").json() == {"client_id": "c1"}
    assert site.get("/sandbox").text == "<p>home</p>"


@pytest.mark.parametrize("path", ["/oauth2/authorize", "/oauth2/token", "/login", "/logout"])
def test_signing_in_goes_to_the_engine_as_if_no_page_asked(site: httpx.Client, path: str) -> None:
    got = seen(site.post(f"{path}?state=s", data={"username": "a"}, headers={"Origin": "http://localhost:8080"}))

    assert (got["path"], got["query"], bytes.fromhex(got["body"])) == (path, "state=s", b"username=a")
    assert "origin" not in got["headers"]


def test_a_page_runs_and_loads_nothing_from_elsewhere(site: httpx.Client) -> None:
    for path in ("/", "/pages/main.js", "/orders/o1"):
        headers = site.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


def test_without_pages_of_its_own_the_site_says_where_things_are(tmp_path: Path) -> None:
    gateway = Gateway(1, "a1", SITE)
    with serving(site_app(gateway, Mailbox(SITE).routes(), tmp_path / "web", RULES, "<p>home</p>")) as address:
        assert loopback.get(f"{address}/").text == "<p>home</p>"
        assert loopback.get(f"{address}/orders/o1").text == "<p>home</p>"
        assert loopback.get(f"{address}/desk/accounts/acme.de").text == "<p>home</p>"
        assert loopback.get(f"{address}/pages/missing.js").status_code == 404
        assert json.loads(loopback.get(f"{address}/mailbox", headers={"Accept": "application/json"}).text) == {
            "messages": []
        }
    gateway.close()
