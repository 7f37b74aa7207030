"""Connect to an installation: its site, its stack, and the sign-in to both."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.session import Session
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    wait_chain,
    wait_exponential,
    wait_fixed,
)

from online_orders.domain.values import MAX_LIMIT

if TYPE_CHECKING:
    from tenacity import Future

Json = dict[str, Any]

LOCAL_STACK = "online-orders-sandbox"
TIMEOUT_SECONDS = 60.0
RETRIES = 4
MAX_WAIT_SECONDS = 30
TRANSIENT_STATUSES = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
SECOND_FACTOR = "SOFTWARE_TOKEN_MFA"
INVOKE_SECONDS = 930.0
"""Longer than Lambda lets any function run (15 minutes), so that the result is always read."""
THROTTLED_PAUSES_SECONDS = (1, 2, 4, 8)
SWITCHED_WITHIN_SECONDS = 300.0
SWITCHING = "Creating", "Enabling", "Disabling", "Updating"
"""The states of an event source mapping that is still changing."""


class SignIn(NamedTuple):
    """How Customer Success signs in on AWS: by an existing token, or by name and password."""

    token: str | None = None
    user: str | None = None
    ask_password: Callable[[], str] = str
    ask_code: Callable[[], str] = str
    """Returns the code that the user's app shows now; called where the user has a second factor."""


class Unreachable(Exception):
    """The installation cannot be reached or signed in to; the text says what is missing."""


class Refused(Exception):
    """The API refused a request. `faults` are those of a 422: pointer, code and detail each."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", status))
        self.detail = str(problem.get("detail") or problem.get("message") or HTTPStatus(status).phrase)
        self.errors: list[Json] = list(problem.get("errors", ()))
        super().__init__(self.detail)


@dataclass
class Installation:
    """An installation, made by `local` or `on_aws`. `aws` returns botocore clients by the SDK's name of a service."""

    site: str
    stack: str
    aws: Callable[[str], Any]
    sign_in: Callable[[], str]
    http: httpx.Client
    _token: str = ""

    @classmethod
    def local(cls, folder: Path) -> Installation:
        """Return the local run whose `sandbox.json` is in `folder`."""
        try:
            payload = json.loads((folder / "sandbox.json").read_text("utf-8"))
        except OSError:
            raise Unreachable(
                f"There is no local run: {folder}/sandbox.json is missing. Start one with make run."
            ) from None
        except ValueError:
            raise Unreachable(f"{folder}/sandbox.json is not JSON. Start the local run again.") from None
        aws = payload["aws"]

        @cache
        def client(service: str) -> Any:
            return Session().create_client(
                service,
                region_name=aws["region"],
                endpoint_url=aws["endpoint"],
                aws_access_key_id=aws["access_key_id"],
                aws_secret_access_key=aws["secret_access_key"],
                config=_config(service),
            )

        def sign_in() -> str:
            user = next(user for user in payload["users"] if user["role"] == "customer-success")
            response = client("cognito-idp").initiate_auth(
                ClientId=payload["cognito"]["client_id"],
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": user["username"], "PASSWORD": user["password"]},
            )
            return str(response["AuthenticationResult"]["IdToken"])

        return cls(payload["site"], LOCAL_STACK, client, sign_in, _http())

    @classmethod
    def on_aws(cls, stack: str, profile: str | None, region: str | None, who: SignIn) -> Installation:
        """Return the installation of a stack on AWS: its outputs have the addresses, `profile` the AWS credentials."""
        session = Session(profile=profile)

        @cache
        def client(service: str) -> Any:
            return session.create_client(service, region_name=region, config=_config(service))

        try:
            (described,) = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        except (BotoCoreError, ClientError) as error:
            raise Unreachable(f"The stack {stack} cannot be read: {error}") from error
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}

        def sign_in() -> str:
            return who.token or _signed_in(client("cognito-idp"), outputs, who)

        return cls(outputs["SiteUrl"], stack, client, sign_in, _http())

    def resource(self, logical_id: str) -> str:
        """Return the physical id of a resource of the stack; raise Unreachable where there is none or it cannot be
        read.
        """
        cloudformation = self.aws("cloudformation")
        try:
            found = cloudformation.describe_stack_resources(StackName=self.stack, LogicalResourceId=logical_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise Unreachable(f"The stack {self.stack} has no {logical_id}.") from error
        for one in found["StackResources"]:
            if one["LogicalResourceId"] == logical_id:
                return str(one["PhysicalResourceId"])
        raise Unreachable(f"The stack {self.stack} has no {logical_id}.")

    def find_resource(self, logical_id: str) -> str | None:
        """Return the physical id of a resource that not every stack has; None where there is none."""
        try:
            return self.resource(logical_id)
        except Unreachable:
            return None

    def resources(self, kind: str) -> list[str]:
        """Return the physical ids of all resources of a type (`AWS::Lambda::Function`) in the stack."""
        pages = self.aws("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.stack)
        return [
            str(one["PhysicalResourceId"])
            for page in pages
            for one in page["StackResourceSummaries"]
            if one["ResourceType"] == kind
        ]

    def invoke(self, function: str, payload: Json) -> Any:
        """Return the response of a function of the stack. It is called once, since a second call would repeat its work.

        Raises Refused when it failed, and Unreachable when there is no response.
        """
        requested = {"FunctionName": self.resource(function), "Payload": json.dumps(payload).encode()}
        try:
            result = self._invoke_when_there_is_room(requested)
        except HTTPClientError as error:
            detail = f"{function} did not respond, and may still run for some minutes: {error}"
            raise Unreachable(detail) from error
        response = json.loads(result["Payload"].read() or b"null")
        if result.get("FunctionError"):
            detail = response.get("errorMessage", "") if isinstance(response, dict) else ""
            raise Refused(500, {"code": "function_failed", "detail": f"{function} failed: {detail}"})
        return response

    def _invoke_when_there_is_room(self, requested: Json) -> Any:
        """Invoke a function, again after Lambda's limits have refused it, for then it has not begun."""
        again = Retrying(
            retry=retry_if_exception(_is_throttled),
            wait=wait_chain(*map(wait_fixed, THROTTLED_PAUSES_SECONDS)),
            stop=stop_after_attempt(1 + len(THROTTLED_PAUSES_SECONDS)),
            reraise=True,
        )
        return again(self.aws("lambda").invoke, **requested)

    def switch_mappings(self, *, on: bool) -> None:
        """Start or stop Lambda's polling of the stack's queues and stream; return when all mappings have changed.

        Raises Unreachable when one has not within five minutes.
        """
        mappings = self.resources("AWS::Lambda::EventSourceMapping")
        requested = "Enabled" if on else "Disabled"
        for mapping in mappings:
            if self._mapping_at_rest(mapping) != requested:
                self.aws("lambda").update_event_source_mapping(UUID=mapping, Enabled=on)
        for mapping in mappings:
            state = self._mapping_at_rest(mapping)
            if state != requested:
                raise Unreachable(f"The event source mapping {mapping} is {state}, not {requested}.")

    def _mapping_at_rest(self, mapping: str) -> str:
        """Return the mapping's state once it no longer changes, or its state when the time is over."""
        look = Retrying(
            retry=retry_if_result(SWITCHING.__contains__),
            wait=wait_fixed(2),
            stop=stop_after_delay(SWITCHED_WITHIN_SECONDS),
            retry_error_callback=last_result,
        )
        return str(look(lambda: self.aws("lambda").get_event_source_mapping(UUID=mapping)["State"]))

    def act_as_product(self) -> None:
        """Let the product's own code, when it is called here, use the table and the bucket of this stack."""
        from online_orders.aws import clients

        clients.use_factory(self.aws)
        os.environ["TABLE_NAME"] = self.resource("Table")
        os.environ["DOCUMENTS_BUCKET"] = self.resource("Documents")
        os.environ["SIGNING_KEYS_SECRET"] = self.resource("SigningKeys")
        os.environ["INBOUND_BUCKET"] = self.find_resource("InboundMails") or ""

    def request(
        self, method: str, path: str, *, body: Any = None, content: str | None = None, **headers: str
    ) -> httpx.Response:
        """Send one request to the desk's API as Customer Success, again while the service is busy; raise Refused."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent, content = {"Content-Type": "application/json", **sent}, json.dumps(body)
        response = _retry_while_throttled()(self._with_token, method, path, content, sent)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise Unreachable("The token is not accepted. It may have expired, or belong to another installation.")
        if response.is_error:
            raise Refused(response.status_code, _problem(response))
        return response

    def _with_token(self, method: str, path: str, content: str | None, headers: Json) -> httpx.Response:
        response = self._once(method, path, content, headers)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            self._token = ""  # it lives for an hour, and an import or a long watch may take longer
            response = self._once(method, path, content, headers)
        return response

    def _once(self, method: str, path: str, content: str | None, headers: Json) -> httpx.Response:
        self._token = self._token or self.sign_in()
        sent = {**headers, "Authorization": f"Bearer {self._token}"}
        try:
            return self.http.request(method, self.site + path, content=content, headers=sent)
        except httpx.TransportError as error:
            raise Unreachable(f"{self.site} does not respond: {error}") from error

    def pages(self, path: str) -> Iterator[Json]:
        """Yield the rows of a list, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            requested = f"{path}{'&' if '?' in path else '?'}limit={MAX_LIMIT}" + (
                f"&cursor={cursor}" if cursor else ""
            )
            page = self.request("GET", requested).json()
            yield from page["items"]
            cursor = page["next_cursor"]


def _config(service: str) -> Config:
    """Return the client configuration of a service: a function is called once and waited for; others may be retried."""
    if service == "lambda":
        once = {"mode": "standard", "total_max_attempts": 1}
        return Config(connect_timeout=5, read_timeout=INVOKE_SECONDS, retries=once, tcp_keepalive=True)
    return Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 4})


def last_result(state: RetryCallState) -> Any:
    """Return the result of the last attempt, when no further one is made."""
    return cast("Future", state.outcome).result()


def _is_throttled(error: BaseException) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "TooManyRequestsException"


def _retry_while_throttled() -> Retrying:
    """Return what retries while the service is busy, a bounded number of times, and returns the last response."""
    doubling = wait_exponential(multiplier=0.2)

    def pause(state: RetryCallState) -> float:
        """Return the seconds of Retry-After, up to a bound, or of the backoff."""
        requested = last_result(state).headers.get("retry-after", "")
        return (min(int(requested), MAX_WAIT_SECONDS) if requested.isdecimal() else 0) or doubling(state)

    return Retrying(
        retry=retry_if_result(lambda response: response.status_code in TRANSIENT_STATUSES),
        wait=pause,
        stop=stop_after_attempt(1 + RETRIES),
        retry_error_callback=last_result,
    )


def _http() -> httpx.Client:
    return httpx.Client(timeout=TIMEOUT_SECONDS)


def _problem(response: httpx.Response) -> Json:
    try:
        payload = response.json()
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _signed_in(cognito: Any, outputs: Mapping[str, str], who: SignIn) -> str:
    """Return the id token of a user by name and password; the operator's AWS credentials must allow it."""
    if not who.user:
        raise Unreachable("Nobody is signed in: use --user, or set an id token in ONLINE_ORDERS_TOKEN.")
    try:
        response = cognito.admin_initiate_auth(
            UserPoolId=outputs["UserPoolId"],
            ClientId=outputs["UserPoolClientId"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": who.user, "PASSWORD": who.ask_password()},
        )
        if response.get("ChallengeName") == SECOND_FACTOR:
            name = response.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP", who.user)
            response = cognito.admin_respond_to_auth_challenge(
                UserPoolId=outputs["UserPoolId"],
                ClientId=outputs["UserPoolClientId"],
                ChallengeName=SECOND_FACTOR,
                Session=response["Session"],
                ChallengeResponses={"USERNAME": name, f"{SECOND_FACTOR}_CODE": who.ask_code()},
            )
    except (BotoCoreError, ClientError) as error:
        raise Unreachable(f"{who.user} cannot sign in: {error}") from error
    if "AuthenticationResult" not in response:
        raise Unreachable(f"{who.user} must first complete {response.get('ChallengeName')} on the sign-in page.")
    return str(response["AuthenticationResult"]["IdToken"])
