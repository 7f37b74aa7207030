"""The wire between the functions and AWS: what was called, and what goes wrong on the way.

Everything that a botocore client sends passes through moto's `before-send` handler, once per attempt; that is the seam.
Only calls of functions are seen here, never those of a test or of the lab itself.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple
from unittest.mock import patch

import botocore.endpoint
import botocore.retries.quota
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from online_orders.aws import table
from tests.lab.permissions import Permissions

SDK_NAMES = {
    "sfn": "stepfunctions",
    "eventbridge": "events",
    "secrets-manager": "secretsmanager",
    "cognito-identity-provider": "cognito-idp",
}
"""Service ids in botocore's events that differ from the names that clients are made by."""

STATUS_OF_ERROR = {
    "InternalServerError": 500,
    "InternalFailure": 500,
    "InternalServiceErrorException": 500,
    "InternalServiceError": 500,
    "InternalException": 500,
    "InternalError": 500,
    "InternalErrorException": 500,
    "ServiceException": 500,
    "ServiceUnavailable": 503,
    "SlowDown": 503,
    "TooManyRequestsException": 429,
}
"""Others answer 400."""

CANCELLATIONS = {
    "TransactionConflict": "Transaction is ongoing for the item",
    "ProvisionedThroughputExceeded": "The level of configured provisioned throughput was exceeded",
    "ThrottlingError": "Throughput exceeds the current capacity of your table or index",
    "ValidationError": "Item size to update has exceeded the maximum allowed size",
}
"""Why a transaction is canceled, with what DynamoDB says of it; such an `error` is one of TransactWriteItems."""

THROTTLED: Mapping[str, tuple[str, ...]] = {
    "dynamodb": ("ThrottlingException", "ProvisionedThroughputExceededException"),
    "s3": ("SlowDown",),
    "sesv2": ("TooManyRequestsException",),
    "stepfunctions": ("ThrottlingException",),
    "sqs": ("RequestThrottled", "ThrottlingException"),
    "events": ("ThrottlingException",),
    "ssm": ("ThrottlingException",),
    "secretsmanager": ("ThrottlingException",),
    "lambda": ("TooManyRequestsException",),
    "cognito-idp": ("TooManyRequestsException",),
}
"""What each service says to who asks too much of it."""
FAULTY: Mapping[str, tuple[str, ...]] = {
    "dynamodb": ("InternalServerError", "ServiceUnavailable"),
    "s3": ("InternalError", "ServiceUnavailable"),
    "sesv2": ("InternalFailure", "ServiceUnavailable"),
    "stepfunctions": ("InternalFailure", "ServiceUnavailable"),
    "sqs": ("InternalFailure", "ServiceUnavailable"),
    "events": ("InternalException", "ServiceUnavailable"),
    "ssm": ("InternalServerError", "ServiceUnavailable"),
    "secretsmanager": ("InternalServiceError", "ServiceUnavailable"),
    "lambda": ("ServiceException",),
    "cognito-idp": ("InternalErrorException",),
}
"""What each service says of faults of its own."""
SILENT = None
"""Instead of such a code: no answer."""
Style = Literal["throttled", "faulty", "silent", "mixed"]

How = Literal["before", "after", "die", "die-after", "conflict"]
SINGLE_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem"})
"""What DynamoDB refuses by TransactionConflictException while a transaction is in flight at the item."""
CONFLICTING = SINGLE_WRITES | {"TransactWriteItems"}

FORBIDDEN = {"s3": ("AccessDenied", 403)}
"""What a service answers to those who may not; others say AccessDeniedException, 400."""


class ProcessDied(BaseException):
    """The function's process ends here; no handler of the product can catch it."""


class Call(NamedTuple):
    function: str
    service: str
    """The SDK's name, as in `dynamodb`, `stepfunctions`, `sesv2`."""
    operation: str
    """As in `PutItem`."""


@dataclass
class Selection:
    n: int
    service: str | None
    operation: str | None
    function: str | None
    seen: int = 0

    def takes(self, call: Call) -> bool:
        """Counts the call if it is of the kind; True for the n-th."""
        expected = (self.function, self.service, self.operation)
        if all(want is None or want == have for want, have in zip(expected, call, strict=True)):
            self.seen += 1
            return self.seen == self.n
        return False


@dataclass
class Fault:
    selection: Selection
    how: How
    error: str | None
    attempts: int | None
    fired: bool = False
    """Whether there was such a call; a test that runs through all n ends when it was not."""
    invocation: str | None = None
    call: Call | None = None
    body: bytes = b""
    """Of the write that a conflict hit: the caller's next call is another try if it is the same."""
    hits: int = 0
    over: bool = False


@dataclass
class Outage:
    """A time in which no call to a service has an effect."""

    services: frozenset[str] | None
    """By the SDK's names, `lambda` for invocations by the workflow; None: all."""
    is_over: Callable[[], bool]
    style: Style
    chance: random.Random
    hits: int = 0
    """Attempts that it has met."""

    def meets(self, service: str) -> bool:
        if self.is_over() or not (self.services is None or service in self.services):
            return False
        self.hits += 1
        return True

    def error_of(self, call: Call) -> str | None:
        """An error code of the service's own, or SILENT."""
        style = self.chance.choice(("throttled", "faulty", "silent")) if self.style == "mixed" else self.style
        if style == "silent":
            return SILENT
        codes = (THROTTLED if style == "throttled" else FAULTY)[call.service]
        if style == "throttled" and call.operation == "TransactWriteItems":
            codes = (*codes, "ProvisionedThroughputExceeded", "ThrottlingError")
        return self.chance.choice(codes)


@dataclass
class Wire:
    calls: list[Call] = field(default_factory=list)
    """One entry per call, however often the SDK tried it."""
    permissions: Permissions | None = None
    """None: everybody may do everything."""
    denials: list[str] = field(default_factory=list)
    """What functions tried and their roles do not allow, since somebody last looked."""
    watch: Callable[[Call], object] | None = None
    """Told of every call just before it is sent; a fault that it sets can hit this very call."""
    running: list[str] = field(default_factory=list)
    """The functions that are being run, the innermost last; the Lambda bridge keeps it."""
    outages: list[Outage] = field(default_factory=list)
    _faults: list[Fault] = field(default_factory=list)
    _meanwhile: list[tuple[Selection, Callable[[], object]]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def fail(
        self,
        n: int = 1,
        *,
        service: str | None = None,
        operation: str | None = None,
        function: str | None = None,
        how: How = "before",
        error: str | None = None,
        attempts: int | None = None,
    ) -> Fault:
        """Let the n-th call from now on go wrong.

        `before`: it has no effect; the caller sees a connection error, or the AWS error code `error`. `after`: it takes
        effect and its answer is lost; the SDK's next attempt arrives. `die` and `die-after`: the process ends before,
        or after, the call takes effect. `conflict`: a transaction of somebody else is in flight at the item, for as
        long as the caller writes the same again and does nothing else, or for `attempts` tries; the call must be a
        write to the table. Else `attempts` is how many attempts of the call are hit: all of them for `before`,
        the first one otherwise, unless said.
        """
        assert error is None or how == "before", "an answer that is an error says that there was no effect"
        if attempts is None and how not in ("before", "conflict"):
            attempts = 1
        fault = Fault(Selection(n, service, operation, function), how, error, attempts)
        self._faults.append(fault)
        return fault

    def meanwhile(
        self,
        action: Callable[[], object],
        n: int = 1,
        *,
        service: str | None = None,
        operation: str | None = None,
        function: str | None = None,
    ) -> None:
        """Run `action` just before the n-th call from now on is sent: what another process does at that moment."""
        self._meanwhile.append((Selection(n, service, operation, function), action))

    def heal(self) -> None:
        """No more faults, whether they fired or not."""
        self._faults.clear()
        self._meanwhile.clear()
        self.outages.clear()

    def count(self, service: str | None = None, operation: str | None = None, function: str | None = None) -> int:
        selection = Selection(0, service, operation, function)
        for call in self.calls:
            selection.takes(call)
        return selection.seen

    def _begin(self, call: Call, invocation: str, body: bytes) -> Fault | None:
        """Notes a call, or a further attempt of it, and returns the fault that hits it."""
        if invocation not in self._seen:
            self._seen.add(invocation)
            self.calls.append(call)
            for fault in self._faults:
                fault.over |= fault.how == "conflict" and fault.fired and (call, body) != (fault.call, fault.body)
                if fault.how == "conflict" and fault.fired and not fault.over:
                    fault.invocation = invocation
            if self.watch:
                self.watch(call)
            for entry in [entry for entry in self._meanwhile if entry[0].takes(call)]:
                self._meanwhile.remove(entry)
                held, self.running[:] = self.running[:], []  # another process does it, not this function
                try:
                    entry[1]()
                finally:
                    self.running[:] = held
            for fault in self._faults:
                if fault.selection.takes(call):
                    fault.fired, fault.invocation, fault.call, fault.body = True, invocation, call, body
        for fault in reversed(self._faults):  # where two hit one attempt, as a conflict may, it is the later one
            if (
                fault.call == call
                and fault.invocation == invocation
                and (fault.attempts is None or fault.hits < fault.attempts)
            ):
                fault.hits += 1
                return fault
        return None

    def _send(self, original: Callable[..., Any], stubber: BotocoreStubber, event_name: str, request: Any) -> Any:
        if not self.running:
            return original(stubber, event_name, request)
        _, service, operation = event_name.split(".")
        call = Call(self.running[-1], SDK_NAMES.get(service, service), operation)
        refused = self._refused(call, request)
        if refused:
            return refused
        assert not _is_stale_read(call, _bytes_of(request.body)), f"{call.function} reads the table as it was"
        invocation = request.headers.get("amz-sdk-invocation-id")
        fault = self._begin(call, str(invocation), _bytes_of(request.body))
        outage = next((one for one in self.outages if one.meets(call.service)), None)
        if outage:
            return self._unavailable(outage, call, request)
        if fault:
            return self._go_wrong(fault, lambda: original(stubber, event_name, request), call, request)
        response = original(stubber, event_name, request)
        if response.status_code == 404 and self.permissions and self.permissions.hides_absence(*call, request.url):
            return _error_answer("AccessDenied", call, request, 403, "Access Denied")
        return response

    @staticmethod
    def _go_wrong(fault: Fault, send: Callable[[], object], call: Call, request: Any) -> AWSResponse:
        if fault.how == "die":
            raise ProcessDied(f"before {call.operation}")
        if fault.how == "conflict":
            assert call.operation in CONFLICTING, f"no transaction refuses {call.operation}"
            code = "TransactionConflictException" if call.operation in SINGLE_WRITES else "TransactionConflict"
            return _error_answer(code, call, request)
        if fault.error:
            return _error_answer(fault.error, call, request)
        if fault.how == "before":
            raise EndpointConnectionError(endpoint_url=request.url)
        send()
        if fault.how == "die-after":
            raise ProcessDied(f"after {call.operation}")
        raise ReadTimeoutError(endpoint_url=request.url)

    def _unavailable(self, outage: Outage, call: Call, request: Any) -> AWSResponse:
        code = outage.error_of(call)
        if code is SILENT:
            raise EndpointConnectionError(endpoint_url=request.url)
        return _error_answer(code, call, request)

    def _refused(self, call: Call, request: Any) -> AWSResponse | None:
        denied = self.permissions and self.permissions.denied(*call, request.url, _bytes_of(request.body))
        if not denied:
            return None
        self.denials.append(f"{call.function} may not {denied}")
        code, status = FORBIDDEN.get(call.service, ("AccessDeniedException", 400))
        return _error_answer(code, call, request, status, self.denials[-1])

    @contextmanager
    def task(self, function: str) -> Iterator[None]:
        """Around an invocation by the workflow: a fault of service `lambda` is one of the Lambda service itself."""
        call = Call(function, "lambda", "Invoke")
        fault = next(
            (fault for fault in self._faults if fault.selection.service == "lambda" and fault.selection.takes(call)),
            None,
        )
        outage = next((one for one in self.outages if one.meets("lambda")), None)
        if outage:
            raise _invocation_refused(outage.error_of(call) or "SdkClientException")
        refusal = _invocation_refused((fault and fault.error) or "ServiceException")
        if fault:
            fault.fired = True
            if fault.how == "before":
                raise refusal
        yield
        if fault:
            raise refusal

    @contextmanager
    def attached(self) -> Iterator[None]:
        original = BotocoreStubber.__call__

        def send(stubber: BotocoreStubber, event_name: str, request: Any, **_: Any) -> Any:
            return self._send(original, stubber, event_name, request)

        jitter = random.Random(0)
        with (
            patch.object(BotocoreStubber, "__call__", send),
            patch.object(table, "SystemRandom", lambda: jitter),
            patch.object(botocore.endpoint, "time", SimpleNamespace(sleep=lambda seconds: None)),
            # A client lives through many tests here, and must not run out of retries by the faults of an earlier one.
            patch.object(botocore.retries.quota.RetryQuota, "acquire", lambda quota, amount: True),
        ):
            yield


def _invocation_refused(code: str) -> ClientError:
    metadata: Any = {"HTTPStatusCode": STATUS_OF_ERROR.get(code, 500), "RequestId": "0"}
    return ClientError({"Error": {"Code": code, "Message": "injected"}, "ResponseMetadata": metadata}, "Invoke")


def _bytes_of(body: Any) -> bytes:
    """What can be compared; a body that is a stream is not read."""
    return body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""


def _is_stale_read(call: Call, body: bytes) -> bool:
    """Whether it may miss what was written just now: what reads an index has to reckon with that, and says so."""
    reads = call.operation in {"GetItem", "BatchGetItem", "Query", "Scan"}
    return reads and b'"ConsistentRead": true' not in body and b'"IndexName"' not in body


def _error_answer(code: str, call: Call, request: Any, status: int | None = None, why: str = "injected") -> AWSResponse:
    if call.service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{why}</Message></Error>"
    elif code in CANCELLATIONS:
        items = json.loads(request.body)["TransactItems"]
        reasons = [{"Code": code, "Message": CANCELLATIONS[code]}, *[{"Code": "None"}] * (len(items) - 1)]
        code = "TransactionCanceledException"
        body = json.dumps(
            {
                "__type": code,
                "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
                "CancellationReasons": reasons,
            }
        )
    else:
        body = json.dumps({"__type": code, "message": why})
    status = status or STATUS_OF_ERROR.get(code, 400)
    return AWSResponse(request.url, status, {"x-amzn-errortype": code}, MockRawResponse(body))
