"""Calls to the AWS services that speak JSON and that a request waits for: DynamoDB, Secrets Manager, Parameter Store.

The SDK's client would read the model of its service, import an HTTP stack of its own, and lead each call through both,
to send the JSON that is written here anyway; what that costs is a row of docs/performance.md. The SDK still says what
is tried again and how long after, and names the errors: who calls catches `ClientError` and `BotoCoreError`, as with
its clients.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from email.message import Message
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import count
from pathlib import Path
from select import select
from time import gmtime, monotonic, sleep, strftime
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4
from zlib import crc32

import botocore
from botocore import exceptions as sdk
from botocore.exceptions import ClientError

from online_orders.aws import deadlines
from online_orders.aws.signature import Credentials, sign

_CONNECT_SECONDS, _READ_SECONDS = 1.0, 5.0
_ATTEMPTS = 4
LONGEST_CALL_SECONDS = 18.0
"""With all attempts; no function has less than 20, and one that Lambda ends can neither answer nor say why."""
SDK = Path(botocore.__file__).parent
AWS_AUTHORITIES = Path(__file__).with_name("aws_authorities.pem")
"""Made by the build; where there is none, everything is trusted that the SDK trusts."""
_CONDITIONS = {"ConditionalCheckFailedException", "TransactionCanceledException"}
"""What the answer is when a condition does not hold; all else that is refused is looked at, whether to try again."""


class Service(NamedTuple):
    name: str
    """In its address and in signatures."""
    variable: str
    """Behind AWS_ENDPOINT_URL_, by which the SDK is told another address."""
    target: str
    """What stands before an operation's name."""
    version: str
    """Of the JSON protocol."""


DYNAMODB = Service("dynamodb", "DYNAMODB", "DynamoDB_20120810", "1.0")
PARAMETER_STORE = Service("ssm", "SSM", "AmazonSSM", "1.1")
SECRETS_MANAGER = Service("secretsmanager", "SECRETS_MANAGER", "secretsmanager", "1.1")


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


def call(service: Service, operation: str, parameters: Mapping[str, Any]) -> Any:
    """What the service answers, as it says it. Operation and parameters have the names of its API reference.

    Tries up to four times, and twice where it gets no answer, which an operation that must not be done twice has to be
    ready for: DynamoDB's transactions by their `ClientRequestToken`. Raises ClientError where the service refuses,
    another BotoCoreError where it does not answer, and Unavailable when the request has no time left to ask it.
    """
    address = _address(service)
    body = json.dumps(parameters, separators=(",", ":")).encode()
    headers = {
        "amz-sdk-invocation-id": str(uuid4()),
        "content-type": f"application/x-amz-json-{service.version}",
        "host": address.netloc,
        "user-agent": "online-orders",
        "x-amz-target": f"{service.target}.{operation}",
    }
    quota: dict[str, int] = {}
    deadlines.must_have(_CONNECT_SECONDS + _READ_SECONDS)
    last_start = min(monotonic() + LONGEST_CALL_SECONDS, deadlines.end()) - _CONNECT_SECONDS - _READ_SECONDS
    for attempt in count(1):
        moment = strftime("%Y%m%dT%H%M%SZ", gmtime())
        signed = sign(
            headers, address.path, body, by=_credentials(), moment=moment, region=_region(), service=service.name
        )
        try:
            said = _said(exchange(address, signed, body), operation)
        except (ClientError, sdk.ConnectionError, sdk.HTTPClientError) as fault:
            if _is_refusal_by_condition(fault):
                raise
            pause = _retries(service).pause(attempt, fault, quota)
            if pause is None or monotonic() + pause > last_start:
                raise
        else:
            if _retries.cache_info().currsize:  # else nothing has failed yet, and it need not be made
                _retries(service).went_well(quota)
            return said
        sleep(pause)
    raise AssertionError("counting has no end")


# -- where to and who --------------------------------------------------------------------------------------------


def _region() -> str:
    return os.environ["AWS_DEFAULT_REGION"]


@cache
def _address(service: Service) -> SplitResult:
    """The service's address in this region, or the one that the SDK's variables name instead."""
    named = os.environ.get(f"AWS_ENDPOINT_URL_{service.variable}") or os.environ.get("AWS_ENDPOINT_URL")
    address = urlsplit(named or f"https://{service.name}.{_region()}.{_domain(_region())}")
    return address._replace(path=address.path or "/")


def _domain(region: str) -> str:
    """Of the partition that a region is in, by the SDK's own list."""
    partitions = json.loads((SDK / "data" / "partitions.json").read_bytes())["partitions"]
    found = (each for each in partitions if re.match(each["regionRegex"], region))
    return str(next(found, partitions[0])["outputs"]["dnsSuffix"])


def _credentials() -> Credentials:
    """Lambda's variables, which are good for as long as the process; else whatever the SDK finds.

    A function that starts from a snapshot has no such variables, but an address at which the SDK asks.
    """
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
    return [str(bundle) for bundle in (AWS_AUTHORITIES, SDK / "cacert.pem") if bundle.exists()]


@cache
def _trust(bundle: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=bundle)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as the SDK: authorities of one's own are seldom as strict
    return context


def _connect(address: SplitResult) -> HTTPConnection:
    if address.scheme == "http":
        made = HTTPConnection(address.netloc, timeout=_CONNECT_SECONDS)
        made.connect()
        return made
    *first, last = _bundles()
    for bundle in first:
        with suppress(ssl.SSLCertVerificationError):
            return _connect_by_tls(address, bundle)
    return _connect_by_tls(address, last)


def _connect_by_tls(address: SplitResult, bundle: str) -> HTTPConnection:
    made = HTTPSConnection(address.netloc, timeout=_CONNECT_SECONDS, context=_trust(bundle))
    try:
        made.connect()
    except OSError:
        made.close()  # it keeps the socket of a handshake that failed
        raise
    return made


def _connection(address: SplitResult) -> HTTPConnection:
    """The one that is open, unless the service closed it meanwhile; or a new one."""
    kept = _connections.by_address.pop(address.netloc, None)
    if kept and kept.sock and not select([kept.sock], [], [], 0)[0]:
        return kept
    if kept:
        kept.close()
    made = _connect(address)
    made.sock.settimeout(_READ_SECONDS)
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
    answer = None
    try:
        connection.request("POST", address.path, body, headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
    except TimeoutError as error:
        raise sdk.ReadTimeoutError(**where, error=error) from error
    except (OSError, HTTPException) as error:
        raise sdk.ConnectionClosedError(**where, error=error) from error
    finally:
        if answer:
            _connections.by_address[address.netloc] = connection
        else:
            connection.close()  # or the rest of this answer would be taken for the next one
    checksum = answer.headers.get("x-amz-crc32")
    if checksum is not None and checksum.strip() != str(crc32(answer.body)):
        raise sdk.ConnectionClosedError(**where, error="The answer has another checksum than it says.")
    return answer


# -- what goes wrong ----------------------------------------------------------------------------------------------


def _said(answer: Answer, operation: str) -> Any:
    try:
        said = json.loads(answer.body)
    except ValueError as error:
        if answer.status == HTTPStatus.OK:
            raise sdk.HTTPClientError(error=error) from error
        said = None  # something between us and the service speaks, of which the status is all to go by
    if answer.status == HTTPStatus.OK:
        return said
    if not isinstance(said, dict):
        said = {}
    code = str(said.pop("__type", None) or answer.status).partition(":")[0].rpartition("#")[2]
    message = said.pop("message", None) or said.pop("Message", "")
    metadata = {"HTTPStatusCode": answer.status, "RequestId": answer.headers.get("x-amzn-requestid", "")}
    raise ClientError({**said, "Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, operation)


def _is_refusal_by_condition(fault: Exception) -> bool:
    return isinstance(fault, ClientError) and fault.response["Error"]["Code"] in _CONDITIONS


class _Retries:
    """What is tried again of one service, and how long after: the SDK's standard mode, with its quota."""

    def __init__(self) -> None:
        from random import SystemRandom

        from botocore.retries import quota, standard  # with them comes an HTTP stack that nothing else here needs

        self._context = standard.RetryContext
        self._is_left = standard.MaxAttemptsChecker(_ATTEMPTS)
        self._may_help = standard.OrRetryChecker(
            [standard.TransientRetryableChecker(), standard.ThrottledRetryableChecker()]
        )
        self._quota = standard.RetryQuotaChecker(quota.RetryQuota())
        # Not by random numbers whose seed came out of a snapshot: all that start from it would come back at once.
        self._backoff = standard.ExponentialBackoff(random=SystemRandom().random)

    def pause(self, attempt: int, fault: Exception, quota: dict[str, int]) -> float | None:
        """Seconds until another attempt; None when there is to be none. `quota` keeps what the call took of it."""
        said = fault.response if isinstance(fault, ClientError) else None
        context = self._context(
            attempt,
            parsed_response=said,
            http_response=said and _Status(said["ResponseMetadata"]["HTTPStatusCode"], {}),
            caught_exception=None if said else fault,
            request_context=quota,
        )
        if not self._is_left.is_retryable(context) or not self._may_help.is_retryable(context):
            return None
        if not self._quota.acquire_retry_quota(context):
            return None
        pause: float = self._backoff.delay_amount(context)
        return pause

    def went_well(self, quota: dict[str, int]) -> None:
        self._quota.release_retry_quota(quota, _Status(HTTPStatus.OK, {}))


class _Status(NamedTuple):
    """Of an answer, what the SDK's retries look at."""

    status_code: int
    headers: Mapping[str, str]


@cache
def _retries(service: Service) -> _Retries:
    return _Retries()


def _prepare() -> None:
    """Read what a first call would read, for a snapshot of this process; nothing that is secret, unique or expires."""
    from online_orders.aws.clients import prepare_credentials

    prepare_credentials()
    _trust(_bundles()[0])


if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
    _prepare()


def reset() -> None:
    """Forget addresses, connections and what failed; for tests, where each has its own AWS."""
    _address.cache_clear()
    _retries.cache_clear()
    while _connections.by_address:
        _connections.by_address.popitem()[1].close()
