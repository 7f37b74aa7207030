"""API Gateway's HTTP API in front of the functions: routes, the JWT authorizer, payload format 2.0."""

import base64
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from tests.lab.bridge import Functions
from tests.lab.clock import Clock
from tests.lab.users import User, read

Json = dict[str, Any]

ANY = "x-amazon-apigateway-any-method"
BODY_LIMIT = 10 * 1024 * 1024
TEXT = re.compile(r"(text/.*|application/(json|javascript|xml|[\w.+-]+\+(json|xml)))", re.IGNORECASE)
"""Content types whose bodies the gateway hands over as they are; others come in Base64."""


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)
    cookies: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.status} {self.body[:2000].decode(errors='replace')}"


@dataclass(frozen=True)
class Authorizer:
    issuer: str
    audience: tuple[str, ...]
    scheme: str


@dataclass(frozen=True)
class Route:
    method: str | None
    """None: any."""
    path: str
    function: str
    authorizer: str | None

    @property
    def key(self) -> str:
        return f"{self.method or 'ANY'} {self.path}"

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The path parameters, if the route takes such a request."""
        if self.method not in (None, method):
            return None
        pattern = re.sub(
            r"\\\{(\w+)(\\\+)?\\\}",
            lambda found: f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})",
            re.escape(self.path),
        )
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None

    @property
    def precedence(self) -> tuple[bool, int, int, bool]:
        """The most specific route is the least: no greedy variable, few variables, a long path, a method of its own."""
        return "+}" in self.path, self.path.count("{"), -len(self.path), self.method is None


class HttpApi:
    def __init__(
        self,
        body: Json,
        functions: Functions,
        clock: Clock,
        signing_in: Callable[[User], User | None] = lambda user: user,
    ) -> None:
        """`signing_in` returns a user with the claims of a fresh token, or None for one who gets none."""
        self._signing_in = signing_in
        self._functions = functions
        self._clock = clock
        self._authorizers = {
            name: Authorizer(
                scheme["x-amazon-apigateway-authorizer"]["jwtConfiguration"]["issuer"],
                tuple(scheme["x-amazon-apigateway-authorizer"]["jwtConfiguration"]["audience"]),
                scheme["x-amazon-apigateway-authorizer"]["identitySource"],
            )
            for name, scheme in body.get("components", {}).get("securitySchemes", {}).items()
        }
        routes = []
        for path, operations in body["paths"].items():
            for method, operation in operations.items():
                integration = operation["x-amazon-apigateway-integration"]
                assert integration["payloadFormatVersion"] == "2.0", f"{method} {path} is not of payload format 2.0"
                schemes = [
                    name for requirement in operation.get("security", []) for name in requirement if name != "NONE"
                ]
                function = re.search(r"function:([\w-]+)", integration["uri"])
                assert function, f"{method} {path} does not name a function"
                routes.append(
                    Route(None if method == ANY else method.upper(), path, function[1], schemes[0] if schemes else None)
                )
        self.routes = sorted(routes, key=lambda route: route.precedence)

    @property
    def issuer_and_audience(self) -> tuple[str, str]:
        """Whose tokens the gateway takes, and issued for whom."""
        authorizer = next(iter(self._authorizers.values()))
        return authorizer.issuer, authorizer.audience[0]

    def request(
        self,
        method: str,
        target: str,
        *,
        json_body: Any = None,
        form: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        user: User | None = None,
    ) -> Response:
        path, _, query_string = target.partition("?")
        if query:
            query_string = "&".join(filter(None, [query_string, urlencode(query)]))
        sent = {
            "host": "orders.example.com",
            "user-agent": "lab",
            "accept": "*/*",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        }
        data: bytes | None = None
        if json_body is not None:
            sent["content-type"], data = "application/json", json.dumps(json_body).encode()
        elif form is not None:
            sent["content-type"], data = "application/x-www-form-urlencoded", urlencode(form).encode()
        elif content is not None:
            data = content.encode() if isinstance(content, str) else content
        if data is not None:
            sent["content-length"] = str(len(data))
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        if data is not None and len(data) > BODY_LIMIT:
            return _own_answer(413, "Request Entity Too Large")
        for route in self.routes:
            parameters = route.match(method, unquote(path))
            if parameters is not None:
                return self._through(route, parameters, method, unquote(path), query_string, sent, data, user)
        return _own_answer(404, "Not Found")

    def _through(
        self,
        route: Route,
        parameters: dict[str, str],
        method: str,
        path: str,
        query_string: str,
        headers: dict[str, str],
        data: bytes | None,
        user: User | None,
    ) -> Response:
        context: Json = {
            "accountId": "anonymous",
            "apiId": "0labapi000",
            "domainName": headers["host"],
            "domainPrefix": headers["host"].partition(".")[0],
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": headers["x-forwarded-for"],
                "userAgent": headers["user-agent"],
            },
            "requestId": uuid.uuid4().hex[:16],
            "routeKey": route.key,
            "stage": "$default",
            "time": self._clock.now().astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(self._clock.milliseconds()),
        }
        if route.authorizer:
            authorizer = self._authorizers[route.authorizer]
            if signed_in := user and self._signing_in(user):
                token = signed_in.token(authorizer.issuer, authorizer.audience[0], self._clock.now())
                headers = {"authorization": f"Bearer {token}", **headers}
            claims = self._claims(authorizer, headers)
            if claims is None:
                return _own_answer(401, "Unauthorized", {"www-authenticate": "Bearer"})
            context["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
        event: Json = {
            "version": "2.0",
            "routeKey": route.key,
            "rawPath": path,
            "rawQueryString": query_string,
            "headers": {name: value for name, value in headers.items() if name != "cookie"},
            "requestContext": context,
            "isBase64Encoded": False,
        }
        if "cookie" in headers:
            event["cookies"] = headers["cookie"].split("; ")
        if query_string:
            values: dict[str, list[str]] = {}
            for name, value in parse_qsl(query_string, keep_blank_values=True):
                values.setdefault(name, []).append(value)
            event["queryStringParameters"] = {name: ",".join(given) for name, given in values.items()}
        if parameters:
            event["pathParameters"] = parameters
        if data:
            text = _text(data) if TEXT.match(headers.get("content-type", "")) else None
            body = base64.b64encode(data).decode() if text is None else text
            event |= {"body": body, "isBase64Encoded": text is None}
        invocation = self._functions.invoke(route.function, event)
        if invocation.failure:
            fault = (503, "Service Unavailable") if invocation.is_throttled else (500, "Internal Server Error")
            return _own_answer(*fault)
        return _answer(method, invocation.payload)

    def _claims(self, authorizer: Authorizer, headers: Mapping[str, str]) -> dict[str, str] | None:
        """What the gateway hands on of a valid token; None for one that it refuses. It does not look at `token_use`."""
        name = authorizer.scheme.removeprefix("$request.header.").lower()
        try:
            claims = read(headers.get(name, "").removeprefix("Bearer ").strip())
        except ValueError:
            return None
        now = self._clock.timestamp()
        if claims["iss"] != authorizer.issuer or claims.get("aud", claims.get("client_id")) not in authorizer.audience:
            return None
        if claims["exp"] <= now or claims.get("nbf", now) > now or claims.get("iat", now) > now:
            return None
        return {name: _as_text(value) for name, value in claims.items()}


def _text(data: bytes) -> str | None:
    """None for what is no UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _as_text(value: Any) -> str:
    """As the gateway writes a claim: a list as `[a b]`."""
    if isinstance(value, list):
        return f"[{' '.join(map(str, value))}]"
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _answer(method: str, payload: Any) -> Response:
    if (
        not isinstance(payload, dict) or "statusCode" not in payload
    ):  # the gateway guesses: 200, and all of it is the body
        return Response(200, {"content-type": "application/json"}, json.dumps(payload).encode())
    body = payload.get("body") or ""
    if not isinstance(body, str):
        return _own_answer(500, "Internal Server Error")
    data = base64.b64decode(body) if payload.get("isBase64Encoded") else body.encode()
    headers = {name.lower(): str(value) for name, value in (payload.get("headers") or {}).items()}
    headers.setdefault("content-type", "text/plain; charset=utf-8")
    headers.setdefault("content-length", str(len(data)))
    return Response(
        int(payload["statusCode"]), headers, b"" if method == "HEAD" else data, tuple(payload.get("cookies") or ())
    )


def _own_answer(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status, {"content-type": "application/json", **(headers or {})}, json.dumps({"message": message}).encode()
    )
