"""Serve the one origin of the local run: the HTTP API under /api and /confirm, the mailbox, and the pages in `web/`.

Requests and responses are changed as API Gateway changes them between the client and the function.
"""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from emulation.template import Template
from sandbox import SandboxError
from sandbox.engine import is_local

# API Gateway accepts 10 MB, but the function behind it 6 MB.
MAX_BODY_BYTES = 6 * 1024 * 1024
# Requests in the engine at the same time; the others wait here, without a thread each.
MAX_CONCURRENCY = 32
RESPONSE_SECONDS = 300.0
FUNCTION_FAILED = 502  # the engine's status for it; the gateway's is 500

HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
# The engine's own headers: it allows any origin, where API Gateway without CORS settings allows none.
NOT_OF_GATEWAY = {"access-control-", "x-amzn-", "x-amz-", "server", "date"}
GATEWAY_PATHS = re.compile(rb"/(api|confirm)(/|$)")
# Paths where the engine serves Cognito's sign-in domain.
SIGN_IN_PATHS = re.compile(rb"/(oauth2/(authorize|token)|login|logout)$")
USER_API_PATH = b"/cognito-idp"
USER_API = re.compile(
    r"AWSCognitoIdentityProviderService\.(AssociateSoftwareToken|VerifySoftwareToken|SetUserMFAPreference|GetUser)"
)
"""Cognito's calls by which the screens set up a second factor. On AWS the screens call Cognito's own address."""

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class GatewayResponse:
    status: int
    headers: Headers
    body: bytes


def gateway_error(status: int, message: str) -> GatewayResponse:
    """Return an error response of the gateway itself."""
    return GatewayResponse(status, [("content-type", "application/json")], json.dumps({"message": message}).encode())


class Gateway:
    """Forwards requests to the HTTP API in the engine."""

    def __init__(self, port: int, api_id: str, site: str) -> None:
        self._site = site
        self._stage = f"/_aws/execute-api/{api_id}/$default".encode()
        self._pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=MAX_CONCURRENCY, block=True, retries=False)
        self._threads = ThreadPoolExecutor(MAX_CONCURRENCY, thread_name_prefix="gateway")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            result = await self._respond(request)
        except ClientDisconnect:
            return
        response = Response(result.body, result.status)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in result.headers]
        if request.method != "HEAD":  # after HEAD, the API itself says the length of the missing body
            headers.append((b"content-length", str(len(result.body)).encode()))
        response.raw_headers = headers
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> GatewayResponse:
        body = await _read(request)
        if body is None:
            return gateway_error(413, "Request Entity Too Large")
        raw_path = request.scope["raw_path"]
        calling = raw_path == USER_API_PATH
        if calling and not USER_API.fullmatch(request.headers.get("x-amz-target", "")):
            return gateway_error(403, "Forbidden")
        signing_in = calling or SIGN_IN_PATHS.match(raw_path) is not None
        target = b"/" if calling else raw_path if signing_in else self._stage + raw_path
        if request.scope["query_string"]:
            target += b"?" + request.scope["query_string"]
        headers = forwarded(request.headers.items(), request.client.host if request.client else "127.0.0.1", self._site)
        if signing_in:
            headers.pop("origin", None)  # sent by a page; the engine accepts such requests only from programs
        if not _is_utf_8(body) and not headers.get("content-type", "").startswith(("text/", "multipart/")):
            # In text the engine would replace every such byte by U+FFFD; other types are passed on in Base64. A table
            # needs its type, and its reader refuses U+FFFD. A form with files needs its type, and comes in Base64.
            headers["content-type"] = "application/octet-stream"
        call = asyncio.get_running_loop().run_in_executor(
            self._threads, self._call, request.method, target.decode("latin-1"), headers, body
        )
        try:
            response = await call
        except urllib3.exceptions.HTTPError:
            return gateway_error(503, "Service Unavailable")
        if response.status == FUNCTION_FAILED and b'"errorType"' in response.body:
            return gateway_error(500, "Internal Server Error")
        return response

    def _call(self, method: str, target: str, headers: dict[str, str], body: bytes) -> GatewayResponse:
        response = self._pool.urlopen(
            method,
            target,
            body=body or None,
            headers=headers,
            redirect=False,
            assert_same_host=False,
            timeout=RESPONSE_SECONDS,
            decode_content=False,
        )
        dropped = HOP_BY_HOP | (set() if method == "HEAD" else {"content-length"})
        return GatewayResponse(
            response.status,
            [(name.lower(), value) for name, value in response.headers.iteritems() if _of_gateway(name, dropped)],
            response.data,
        )


async def _read(request: Request) -> bytes | None:
    """Return the body; None if it is too large, and then no more than the limit is read."""
    body = bytearray()
    if int(request.headers.get("content-length", "0")) > MAX_BODY_BYTES:
        return None
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


def _is_utf_8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def forwarded(headers: Iterable[tuple[str, str]], client: str, site: str) -> dict[str, str]:
    """Return the headers as API Gateway passes them on: joined by name, without those of the connection."""
    joined: dict[str, str] = {}
    for name, value in headers:
        separator = "; " if name == "cookie" else ","
        joined[name] = f"{joined[name]}{separator}{value}" if name in joined else value
    dropped = HOP_BY_HOP | {token.strip().lower() for token in joined.get("connection", "").split(",")}
    kept = {name: value for name, value in joined.items() if name not in dropped | {"host", "content-length", "expect"}}
    scheme, _, host = site.partition("://")
    kept["x-forwarded-for"] = f"{kept['x-forwarded-for']}, {client}" if "x-forwarded-for" in kept else client
    kept["x-forwarded-host"] = host
    kept["x-forwarded-port"] = host.rpartition(":")[2]
    kept["x-forwarded-proto"] = scheme
    for added_by_client in ("user-agent", "accept-encoding"):
        kept.setdefault(added_by_client, urllib3.util.SKIP_HEADER)
    return kept


def _of_gateway(name: str, dropped: set[str]) -> bool:
    return name.lower() not in dropped and not any(name.lower().startswith(start) for start in NOT_OF_GATEWAY)


@dataclass(frozen=True)
class SiteRules:
    """CloudFront's rules for the screens: `headers` of every file, and the addresses of `files`.

    Any other address is a page's, which may have a dot.
    """

    headers: Mapping[str, str]
    files: re.Pattern[str]

    @classmethod
    def of(cls, template: Template) -> "SiteRules":
        """Return the rules of the template's `SecurityHeaders` and `PageRouter`; raise SandboxError where
        it has none.
        """
        try:
            resources = template["Resources"]
            config = resources["SecurityHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
            policy = config["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"][0]
            # Both are the site's own origin here.
            for elsewhere in (" https://${SignInHost}", "${SecondFactorHost}"):
                policy = policy.replace(elsewhere, "")
            headers = {
                "Content-Security-Policy": policy,
                "X-Content-Type-Options": "nosniff",
                "X-Frame-Options": config["FrameOptions"]["FrameOption"],
                "Referrer-Policy": config["ReferrerPolicy"]["ReferrerPolicy"],
                "Cache-Control": "no-cache",
            }
            code = resources["PageRouter"]["Properties"]["FunctionCode"]
            (files,) = re.findall(r"^var FILES = /(.+)/;$", code, re.MULTILINE)
        except (KeyError, ValueError) as error:
            raise SandboxError(f"template.yaml does not say how its site is served: {error}") from error
        return cls(headers, re.compile(files.replace("\\/", "/")))

    def names_file(self, scope: Scope) -> bool:
        """Return whether the address as it was sent, which is what CloudFront's function sees, is that of a file."""
        return self.files.search(scope["raw_path"].decode("latin-1")) is not None


class Pages(StaticFiles):
    """Serves the files in `web/`; any other address is for the page's own script, so it gets index.html.

    Only the API's reference is a page of its own.
    """

    def __init__(self, directory: Path, rules: SiteRules) -> None:
        super().__init__(directory=directory, html=True)
        self._rules = rules

    async def get_response(self, path: str, scope: Scope) -> Response:
        names_file = self._rules.names_file(scope)
        if names_file and not self._rules.files.search(f"/{path}"):  # dots in the address lead out of the folder
            raise HTTPException(404)
        page = "reference.html" if scope["raw_path"] == b"/reference" else "index.html"
        response = await super().get_response(path if names_file else page, scope)
        response.headers.update(self._rules.headers)
        return response


def site_app(
    gateway: Gateway,
    tools: Sequence[Route | Mount],
    web: Path,
    rules: SiteRules,
    home: str,
    sign_in: Mapping[str, Any] | None = None,
) -> ASGIApp:
    """Return the application of the local run.

    `tools` are the local run's own routes: mailbox and clock. `home` is the page that says where things are and who can
    sign in; `sign_in` is the content of config.json for the pages in `web`.
    """

    async def welcome(request: Request) -> Response:
        if rules.names_file(request.scope):
            raise HTTPException(404)
        return HTMLResponse(home, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})

    async def config(request: Request) -> Response:
        return JSONResponse(sign_in or {}, headers=rules.headers)

    pages: BaseRoute = Mount("/", Pages(web, rules)) if web.is_dir() else Route("/{path:path}", welcome)
    own = [Route("/config.json", config), Route("/sandbox", welcome)]
    site = Starlette(routes=[*tools, *own, pages], exception_handlers={HTTPException: _plain_error})

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and GATEWAY_PATHS.match(scope["raw_path"]):
            await gateway(scope, receive, send)
        elif scope["type"] == "http" and not is_local(Request(scope).headers.get("host", "")):
            await PlainTextResponse("This site has another name.\n", 421)(scope, receive, send)
        elif scope["type"] == "http" and (SIGN_IN_PATHS.match(scope["raw_path"]) or scope["raw_path"] == USER_API_PATH):
            await gateway(scope, receive, send)
        else:
            await site(scope, receive, send)

    return dispatch


async def _plain_error(request: Request, error: Any) -> Response:
    return PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)
