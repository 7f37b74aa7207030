"""Patches for calls that the engine allows and AWS refuses, or that it answers differently, as far as users may notice.

Each call is answered here, before the engine or with its help; all others are passed on unchanged. Each patch is
offered to ministack and removed once it is accepted: upstream/ministack-cognito-write-attributes.patch,
upstream/ministack-cognito-sign-up.patch, upstream/ministack-cognito-refresh-groups.patch and
upstream/ministack-logs-filter-pages.patch. Only the scope of access tokens needs none: the engine checks it itself
while it enforces roles.
"""

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from sandbox.settings import ACCESS_KEY, REGION, SECRET_KEY

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COGNITO = "AWSCognitoIdentityProviderService"
LOGS = "Logs_20140328"
MAX_EVENTS = 10_000
SELF_SERVICE = "aws.cognito.signin.user.admin"

Body = dict[str, Any]


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes

    @property
    def json(self) -> Body:
        loaded: Body = json.loads(self.body)
        return loaded


class Engine:
    """The engine, called with the caller's `scope`."""

    def __init__(self, app: App, scope: Scope) -> None:
        self._app = app
        self._scope = scope

    async def ask(self, target: str, body: Body, signed: Mapping[bytes, bytes] | None = None) -> Response:
        content = json.dumps(body).encode()
        replaced = {
            b"x-amz-target": target.encode(),
            b"content-type": b"application/x-amz-json-1.1",
            b"content-length": str(len(content)).encode(),
            **(signed or {}),
        }
        headers = [(name, value) for name, value in self._scope["headers"] if name.lower() not in replaced]
        texts: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            texts.append(message)

        there = {"path": "/", "raw_path": b"/", "query_string": b"", "headers": [*headers, *replaced.items()]}
        await self._app({**self._scope, **there}, receive, send)
        return Response(texts[0]["status"], b"".join(message.get("body", b"") for message in texts[1:]))

    async def look_up(self, operation: str, body: Body) -> Body:
        """Return what the account itself gets about its user pools; users' requests are not signed."""
        from botocore.auth import SigV4Auth  # imported here, so that the engine starts earlier
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        target = f"{COGNITO}.{operation}"
        request = AWSRequest("POST", "http://localhost/", {"X-Amz-Target": target}, json.dumps(body))
        SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "cognito-idp", REGION).add_auth(request)
        signed = {name.lower().encode(): value.encode() for name, value in request.headers.items()}
        return (await self.ask(target, body, signed)).json


def error_response(error_type: str, message: str) -> Response:
    return Response(400, json.dumps({"__type": error_type, "message": message}).encode())


def _claims(token: str) -> Body:
    """Return the claims of a token; empty for an invalid one, which the engine then refuses."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


async def change_own_sign_in(engine: Engine, target: str, body: Body) -> Response:
    """Refuse access tokens without the scope that a user needs to change the own user."""
    claims = _claims(body.get("AccessToken", ""))
    if claims and SELF_SERVICE not in str(claims.get("scope")).split():
        return error_response("NotAuthorizedException", "Access Token does not have required scopes")
    return await engine.ask(target, body)


async def update_user_attributes(engine: Engine, target: str, body: Body) -> Response:
    """Refuse attributes of the signed-in user that the client's settings do not list as writable."""
    client = await _client_of_token(engine, body.get("AccessToken", ""))
    written = {attribute.get("Name", "") for attribute in body.get("UserAttributes", [])}
    listed = set(client.get("WriteAttributes", []))
    forbidden = written - listed if listed else {name for name in written if name.startswith("custom:")}
    if client and forbidden:
        return error_response("NotAuthorizedException", "A client attempted to write unauthorized attribute")
    return await change_own_sign_in(engine, target, body)


async def _client_of_token(engine: Engine, token: str) -> Body:
    """Return the settings of a token's client; empty for an invalid token, which the engine then refuses."""
    claims = _claims(token)
    if not claims.keys() >= {"iss", "client_id"}:
        return {}
    names = {"UserPoolId": claims["iss"].rpartition("/")[2], "ClientId": claims["client_id"]}
    client: Body = (await engine.look_up("DescribeUserPoolClient", names)).get("UserPoolClient", {})
    return client


async def sign_up(engine: Engine, target: str, body: Body) -> Response:
    """Refuse a sign-up to a pool whose users only the operator creates."""
    pools = (await engine.look_up("ListUserPools", {"MaxResults": 60}))["UserPools"]
    for name in [{"UserPoolId": pool["Id"]} for pool in pools]:
        of_client = {**name, "ClientId": body.get("ClientId", "")}
        if (await engine.look_up("DescribeUserPoolClient", of_client)).get("UserPoolClient"):
            pool = (await engine.look_up("DescribeUserPool", name))["UserPool"]
            if pool.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly"):
                return error_response("NotAuthorizedException", "SignUp is not permitted for this user pool")
    return await engine.ask(target, body)


async def refresh(engine: Engine, form: Mapping[str, str]) -> Response:
    """Return fresh tokens of a refresh token's user: the engine's id token would lack account and groups."""
    requested = {
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "ClientId": form.get("client_id", ""),
        "AuthParameters": {"REFRESH_TOKEN": form.get("refresh_token", "")},
    }
    response = await engine.ask(f"{COGNITO}.InitiateAuth", requested)
    if response.status != HTTPStatus.OK:
        return Response(400, b'{"error":"invalid_grant"}')
    tokens = response.json["AuthenticationResult"]
    text = {
        "id_token": tokens["IdToken"],
        "access_token": tokens["AccessToken"],
        "token_type": "Bearer",
        "expires_in": tokens["ExpiresIn"],
    }
    return Response(200, json.dumps(text).encode())


async def filter_log_events(engine: Engine, target: str, body: Body) -> Response:
    """Return the events page by page; the engine returns the oldest ones and no token for more.

    A token is the time of the last event of its page and the number of events of that same time that were returned.
    """
    limit = min(int(body.get("limit", MAX_EVENTS)), MAX_EVENTS)
    given = 0
    if token := body.pop("nextToken", None):
        try:
            body["startTime"], given = map(int, token.split("-"))
        except ValueError:
            return error_response("InvalidParameterException", "The specified nextToken is invalid.")
    response = await engine.ask(target, {**body, "limit": min(limit + given, MAX_EVENTS)})
    if "events" not in (page := response.json):
        return response
    events = page["events"][given:]
    if len(page["events"]) >= min(limit + given, MAX_EVENTS) and events:
        last = events[-1]["timestamp"]
        page["nextToken"] = f"{last}-{sum(event['timestamp'] == last for event in page['events'])}"
    return Response(response.status, json.dumps({**page, "events": events}).encode())


Patch = Callable[[Engine, str, Body], Awaitable[Response]]
PATCHES: dict[str, Patch] = {
    f"{COGNITO}.UpdateUserAttributes": update_user_attributes,
    f"{COGNITO}.AssociateSoftwareToken": change_own_sign_in,
    f"{COGNITO}.VerifySoftwareToken": change_own_sign_in,
    f"{COGNITO}.SetUserMFAPreference": change_own_sign_in,
    f"{COGNITO}.SignUp": sign_up,
    f"{LOGS}.FilterLogEvents": filter_log_events,
}


def apply_patches(app: App) -> App:
    corrected = _corrected(app)

    async def refused(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await corrected(scope, receive, send)
        except RuntimeError:
            # The engine raises it where the pool's trigger before token generation fails.
            if scope.get("path") == "/oauth2/token":
                await _send_response(Response(400, b'{"error":"invalid_grant"}'), "application/json", send)
            elif COGNITO.encode() in dict(scope.get("headers", [])).get(b"x-amz-target", b""):
                response = error_response("UserLambdaValidationException", "PreTokenGeneration failed.")
                await _send_response(response, "application/x-amz-json-1.1", send)
            else:
                raise

    return refused


def _corrected(app: App) -> App:
    async def corrected(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope.get("headers", [])}
        target = headers.get(b"x-amz-target", "")
        if target in PATCHES:
            try:
                body = json.loads(await _content(receive))
            except ValueError:
                response = error_response("SerializationException", "The body is not JSON.")
            else:
                response = await PATCHES[target](Engine(app, scope), target, body)
            await _send_response(response, headers.get(b"content-type", "application/x-amz-json-1.1"), send)
        elif scope.get("path") == "/oauth2/token":
            content = await _content(receive)
            form = dict(parse_qsl(content.decode("utf-8", "replace")))
            if form.get("grant_type") == "refresh_token":
                await _send_response(await refresh(Engine(app, scope), form), "application/json", send)
            else:
                await app(scope, _replay_body(content), send)
        else:
            await app(scope, receive, send)

    return corrected


async def _send_response(response: Response, content_type: str, send: Send) -> None:
    headers = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", str(len(response.body)).encode()),
        (b"access-control-allow-origin", b"*"),  # as the engine has it; its guard decides who may call
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def _replay_body(content: bytes) -> Receive:
    """Return a receiver of a body that was read already."""

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    return receive


async def _content(receive: Receive) -> bytes:
    content, more = b"", True
    while more:
        message = await receive()
        content += message.get("body", b"")
        more = message.get("more_body", False)
    return content
