"""Calls to the AWS services that speak JSON and that a request waits for: DynamoDB and Secrets Manager.

The SDK's client would read the model of its service, import an HTTP stack of its own, and lead each call through both,
to send the JSON that is written here anyway; what that costs is a row of docs/performance.md. The SDK still says what
is tried again and how long after, and names the errors: who calls catches `ClientError` and `BotoCoreError`, as with
its clients.
"""

from __future__ import annotations

import json
import os
import ssl
import threading
from collections.abc import Mapping
from email.message import Message
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from select import select
from time import gmtime, sleep, strftime
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4
from zlib import crc32

import botocore
from botocore import exceptions as sdk
from botocore.exceptions import ClientError

from online_orders.aws.signature import Credentials, sign

_CONNECT_SECONDS, _READ_SECONDS = 2.0, 8.0
_ATTEMPTS = 4
AWS_AUTHORITIES = Path(__file__).with_name("aws_authorities.pem")
"""Made by the build; where there is none, everything is trusted that the SDK trusts."""
_CONDITIONS = {"ConditionalCheckFailedException", "TransactionCanceledException"}
"""What the answer is when a condition does not hold; all else that is refused is looked at, whether to try again."""


class Service(NamedTuple):
    name: str
    """In its address and in signatures."""
    target: str
    """What stands before an operation's name."""
    version: str
    """Of the JSON protocol."""


DYNAMODB = Service("dynamodb", "DynamoDB_20120810", "1.0")
SECRETS_MANAGER = Service("secretsmanager", "secretsmanager", "1.1")


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


def call(service: Service, operation: str, parameters: Mapping[str, Any]) -> Any:
    """What the service answers, as it says it. Operation and parameters have the names of its API reference.

    Tries up to four times, which an operation that must not be done twice has to be ready for: DynamoDB's transactions
    by their `ClientRequestToken`. Raises ClientError where the service refuses, and another BotoCoreError where it does
    not answer.
    """
    address = _address(service)
    body = json.dumps(parameters, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "amz-sdk-invocation-id": str(uuid4()),
        "content-type": f"application/x-amz-json-{service.version}",
        "host": address.netloc,
        "user-agent": "online-orders",
        "x-amz-target": f"{service.target}.{operation}",
    }
    attempt = 1
    while True:
        moment = strftime("%Y%m%dT%H%M%SZ", gmtime())
        signed = sign(
            headers, address.path, body, by=_credentials(), moment=moment, region=_region(), service=service.name
        )
        try:
            answer = exchange(address, signed, body)
            if answer.status == HTTPStatus.OK:
                return json.loads(answer.body)
            fault: Exception = _refusal(answer, operation)
        except (sdk.ConnectionError, sdk.HTTPClientError) as error:
            answer, fault = None, error
        pause = _pause_before_next(attempt, service, answer, fault)
        if pause is None:
            raise fault
        sleep(pause)
        attempt += 1


# -- where to and who --------------------------------------------------------------------------------------------


def _region() -> str:
    return os.environ["AWS_DEFAULT_REGION"]


@cache
def _address(service: Service) -> SplitResult:
    """The service's address in this region, or the one that the SDK's variables name instead."""
    named = os.environ.get(f"AWS_ENDPOINT_URL_{service.name.upper()}") or os.environ.get("AWS_ENDPOINT_URL")
    suffix = "amazonaws.com.cn" if _region().startswith("cn-") else "amazonaws.com"
    address = urlsplit(named or f"https://{service.name}.{_region()}.{suffix}")
    return address._replace(path=address.path or "/")


def _credentials() -> Credentials:
    """Lambda's variables, which are good for as long as the process; else whatever the SDK finds."""
    if key_id := os.environ.get("AWS_ACCESS_KEY_ID"):
        return Credentials(key_id, os.environ["AWS_SECRET_ACCESS_KEY"], os.environ.get("AWS_SESSION_TOKEN"))
    from online_orders.aws.clients import credentials  # a whole SDK more

    return credentials()


# -- over the wire ------------------------------------------------------------------------------------------------


class _Connections(threading.local):
    def __init__(self) -> None:
        self.by_address: dict[str, HTTPConnection] = {}


_connections = _Connections()


def _bundles() -> list[str]:
    """Files of certificates to trust, the next if the one before does not know who answers.

    AWS's own authorities, which the build picks out, are read in a tenth of the time that all of the SDK's take.
    """
    if named := os.environ.get("AWS_CA_BUNDLE"):
        return [named]
    every = Path(botocore.__file__).with_name("cacert.pem")
    return [str(bundle) for bundle in (AWS_AUTHORITIES, every) if bundle.exists()]


@cache
def _trust(bundle: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=bundle)


def _connect(address: SplitResult) -> HTTPConnection:
    if address.scheme == "http":
        made = HTTPConnection(address.netloc, timeout=_CONNECT_SECONDS)
        made.connect()
        return made
    *first, last = _bundles()
    for bundle in first:
        made = HTTPSConnection(address.netloc, timeout=_CONNECT_SECONDS, context=_trust(bundle))
        try:
            made.connect()
        except ssl.SSLCertVerificationError:
            continue
        return made
    made = HTTPSConnection(address.netloc, timeout=_CONNECT_SECONDS, context=_trust(last))
    made.connect()
    return made


def _connection(address: SplitResult) -> HTTPConnection:
    """The one that is open, unless the service closed it meanwhile; or a new one."""
    kept = _connections.by_address.get(address.netloc)
    if kept and kept.sock and not select([kept.sock], [], [], 0)[0]:
        return kept
    if kept:
        kept.close()
    made = _connect(address)
    made.sock.settimeout(_READ_SECONDS)
    _connections.by_address[address.netloc] = made
    return made


def exchange(address: SplitResult, headers: Mapping[str, str], body: bytes) -> Answer:
    """One request and its answer; a ConnectionError or HTTPClientError of the SDK's where there is none."""
    where = {"endpoint_url": address.geturl()}
    try:
        connection = _connection(address)
    except TimeoutError as error:
        raise sdk.ConnectTimeoutError(**where, error=error) from error
    except ssl.SSLError as error:
        raise sdk.SSLError(**where, error=error) from error
    except OSError as error:
        raise sdk.EndpointConnectionError(**where, error=error) from error
    try:
        connection.request("POST", address.path, body, headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
    except TimeoutError as error:
        connection.close()
        raise sdk.ReadTimeoutError(**where, error=error) from error
    except (OSError, HTTPException) as error:
        connection.close()
        raise sdk.ConnectionClosedError(**where, error=error) from error
    checksum = answer.headers.get("x-amz-crc32")
    if checksum is not None and int(checksum) != crc32(answer.body):
        raise sdk.ConnectionClosedError(**where, error="The answer has another checksum than it says.")
    return answer


# -- what goes wrong ----------------------------------------------------------------------------------------------


def _refusal(answer: Answer, operation: str) -> ClientError:
    try:
        said = json.loads(answer.body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        said = {}  # something between us and the service speaks, of which the status is all to go by
    code = str(said.pop("__type", answer.status)).rpartition("#")[2]
    message = said.pop("message", None) or said.pop("Message", "")
    metadata = {"HTTPStatusCode": answer.status, "RequestId": answer.headers.get("x-amzn-requestid", "")}
    return ClientError({**said, "Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, operation)


def _pause_before_next(attempt: int, service: Service, answer: Answer | None, fault: Exception) -> float | None:
    """Seconds until another attempt, by the SDK's standard mode; None when there is to be none."""
    said = fault.response if isinstance(fault, ClientError) else None
    if said and said["Error"]["Code"] in _CONDITIONS:
        return None
    from botocore.awsrequest import AWSResponse
    from botocore.retries import standard  # the SDK's whole HTTP stack, which nothing else here needs

    context = standard.RetryContext(
        attempt,
        parsed_response=said,
        http_response=answer and AWSResponse(None, answer.status, answer.headers, None),
        caught_exception=None if said else fault,
    )
    may_help = standard.OrRetryChecker([standard.TransientRetryableChecker(), standard.ThrottledRetryableChecker()])
    if not standard.MaxAttemptsChecker(_ATTEMPTS).is_retryable(context) or not may_help.is_retryable(context):
        return None
    pause: float = standard.ExponentialBackoff().delay_amount(context)
    return pause


def reset() -> None:
    """Forget addresses and connections; for tests, where each has its own AWS."""
    _address.cache_clear()
    while _connections.by_address:
        _connections.by_address.popitem()[1].close()
