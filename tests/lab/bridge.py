"""The Lambda service: runs the handlers that the template names, here, and answers as Python's runtime would."""

import contextlib
import importlib
import io
import json
import logging
import sys
import threading
import traceback
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, BaseRouter
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from tests.lab import shortcuts
from tests.lab.clock import Clock
from tests.lab.wire import ProcessDied, Wire

Json = dict[str, Any]
Handler = Callable[[Any, Any], Any]

PAYLOAD_LIMIT = 6 * 1024 * 1024
THROTTLED = "TooManyRequestsException"


@dataclass(frozen=True)
class LambdaContext:
    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    timeout_seconds: int
    aws_request_id: str
    function_version: str = "$LATEST"
    log_group_name: str = ""
    log_stream_name: str = ""

    def get_remaining_time_in_millis(self) -> int:
        return self.timeout_seconds * 1000


@dataclass(frozen=True)
class Failure:
    """What the runtime says of an invocation that raised, and the exception itself.

    Also an answer that owns up to a fault: an HTTP status from 500 on (type `HTTP 500`) and `BatchItemFailure`; and
    `AccessDenied`, for a call that the function's role does not allow, whatever the handler made of it.
    """

    function: str
    type: str
    message: str
    exception: BaseException | None
    trace: str = field(repr=False)


@dataclass(frozen=True)
class Invocation:
    function: str
    event: Any
    request_id: str
    payload: Any
    """What the handler returned, after JSON; for a failed one the runtime's error object."""
    failure: Failure | None

    @property
    def is_throttled(self) -> bool:
        return self.failure is not None and self.failure.type == THROTTLED


class Failures(list[Failure]):
    """Failed invocations. A test that expects some takes them; those left over fail it."""

    def take(self, function: str | None = None) -> list[Failure]:
        taken = [failure for failure in self if function in (None, failure.function)]
        self[:] = [failure for failure in self if failure not in taken]
        return taken


@dataclass
class Function:
    name: str
    arn: str
    handler_name: str
    environment: dict[str, str]
    timeout: int
    memory: int
    handler: Handler

    @property
    def module(self) -> str:
        return self.handler_name.rpartition(".")[0]


class Log(io.TextIOBase):
    """What the functions print and log, line by line, as CloudWatch would get it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.echo: TextIO = sys.stdout
        self._part = ""

    def write(self, text: str) -> int:
        *lines, self._part = (self._part + text).split("\n")
        self.lines += [line for line in lines if line]
        for line in lines:
            self.echo.write(f"{line}\n")
        return len(text)

    def entries(self, **wanted: object) -> list[Json]:
        """The JSON lines that have the wanted keys with the wanted values."""
        entries = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [entry for entry in entries if all(entry.get(key) == value for key, value in wanted.items())]


class Functions:
    """The functions of the stack, by logical id. One runs at a time: powertools keeps its event in module state."""

    def __init__(self, clock: Clock, wire: Wire, forget: Callable[[], None]) -> None:
        """`forget` drops what a new process would not know."""
        self.invocations: list[Invocation] = []
        self.failures = Failures()
        self.log = Log()
        self.stopped: set[str] = set()
        """Functions whose reserved concurrency is 0."""
        self._clock = clock
        self._wire = wire
        self._forget = forget
        self._functions: dict[str, Function] = {}
        self._one_at_a_time = threading.RLock()

    def declare(self, name: str, arn: str, properties: Json) -> None:
        """One `AWS::Lambda::Function` of the translated template, its properties resolved."""
        environment = {key: str(value) for key, value in properties.get("Environment", {}).get("Variables", {}).items()}
        for other in self._functions.values():
            clash = {key for key, value in environment.items() if other.environment.get(key, value) != value}
            assert not clash, f"{name} and {other.name} differ in {clash}, and share one process here"
        runtime = {
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties.get("MemorySize", 128)),
        }
        module, attribute = properties["Handler"].rsplit(".", 1)
        with shortcuts.environment(environment | runtime):
            handler = getattr(importlib.import_module(module), attribute)
        self._functions[name] = Function(
            name,
            arn,
            properties["Handler"],
            environment | runtime,
            int(properties.get("Timeout", 3)),
            int(properties.get("MemorySize", 128)),
            handler,
        )

    def __getitem__(self, name_or_arn: str) -> Function:
        name = name_or_arn.split(":")[6] if name_or_arn.startswith("arn:") else name_or_arn
        return self._functions[name]

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def replace(self, name: str, handler: Handler) -> None:
        """Another handler for a function, until the end of the test."""
        self[name].handler = handler

    def invoke(self, name_or_arn: str, event: Any) -> Invocation:
        """Run one function to its end. Its error is in the answer, and noted in `failures`; nothing is raised."""
        with self._one_at_a_time:
            function = self[name_or_arn]
            self._clock.tick()
            if function.name in self.stopped:
                return _throttled(function.name, event)
            context = LambdaContext(
                function.name,
                function.arn,
                function.memory,
                function.timeout,
                str(uuid.uuid4()),
                log_group_name=f"/aws/lambda/{function.name}",
                log_stream_name="lab",
            )
            text = json.dumps(event)
            payload, failure = self._run(function, json.loads(text), context)
            admitted = failure or _admitted(function.name, payload)
            if admitted:
                self.failures.append(admitted)
            while self._wire.denials:
                self.failures.append(Failure(function.name, "AccessDenied", self._wire.denials.pop(0), None, ""))
            invocation = Invocation(function.name, json.loads(text), context.aws_request_id, payload, failure)
            self.invocations.append(invocation)
            return invocation

    def _run(self, function: Function, event: Any, context: LambdaContext) -> tuple[Any, Failure | None]:
        self._wire.running.append(function.name)
        if sys.stdout is not self.log:
            self.log.echo = sys.stdout
        try:
            with (
                shortcuts.environment(function.environment),
                contextlib.redirect_stdout(self.log),
                _as_in_lambda(),
                _as_separate_process(function),
            ):
                text = json.dumps(function.handler(event, context), ensure_ascii=False)
            if len(text.encode()) > PAYLOAD_LIMIT:
                raise OverflowError("the response is over Lambda's 6 MB")  # noqa: TRY301
            return json.loads(text), None
        except ProcessDied as death:
            self._forget()
            failure = Failure(
                function.name,
                "Runtime.ExitError",
                f"RequestId: {context.aws_request_id} Error: Runtime exited with error: signal: killed",
                death,
                "",
            )
        except Exception as error:  # noqa: BLE001 - the runtime answers for whatever a handler raises
            failure = Failure(function.name, type(error).__name__, str(error), error, traceback.format_exc())
            sys.stderr.write(failure.trace)
        finally:
            self._wire.running.pop()
        return {
            "errorMessage": failure.message,
            "errorType": failure.type,
            "requestId": context.aws_request_id,
            "stackTrace": failure.trace.splitlines(),
        }, failure

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Loggers that were made before keep the stream of their making; here they write into the log of this lab."""
        handlers = [
            handler
            for logger in list(logging.Logger.manager.loggerDict.values())
            if isinstance(logger, logging.Logger)
            for handler in logger.handlers
            if isinstance(handler.formatter, LambdaPowertoolsFormatter)
        ]
        streams = [handler for handler in handlers if isinstance(handler, logging.StreamHandler)]
        before = [handler.stream for handler in streams]
        # Not by setStream, which flushes the stream before: an earlier run of pytest in this process has closed it.
        for handler in streams:
            handler.stream = self.log
        try:
            yield
        finally:
            for handler, stream in zip(streams, before, strict=True):
                handler.stream = stream


@contextlib.contextmanager
def _as_in_lambda() -> Iterator[None]:
    """powertools warns of an invocation without metrics, which on Lambda is a line in the log and no error."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No application metrics to publish", UserWarning)
        yield


@contextlib.contextmanager
def _as_separate_process(function: Function) -> Iterator[None]:
    """A function may be called while another call of it waits: a resolver then has the state of two requests."""
    resolver = getattr(sys.modules[function.module], "app", None)
    if not isinstance(resolver, ApiGatewayResolver):
        yield
        return
    context, event = resolver.context, getattr(BaseRouter, "current_event", None)
    resolver.context = {}
    try:
        yield
    finally:
        resolver.context = context
        if event is not None:
            BaseRouter.current_event = event


def _throttled(function: str, event: Any) -> Invocation:
    """Nothing was run. The Lambda service says so to whoever called, and no failure of the function is counted."""
    text = Failure(function, THROTTLED, "Rate Exceeded.", None, "")
    return Invocation(function, event, "", {"errorType": text.type, "errorMessage": text.message}, text)


def _admitted(function: str, payload: Any) -> Failure | None:
    """The failure that an answer speaks of though nothing was raised."""
    if not isinstance(payload, dict):
        return None
    if payload.get("batchItemFailures"):
        return Failure(function, "BatchItemFailure", str(payload["batchItemFailures"]), None, "")
    status = payload.get("statusCode")
    if isinstance(status, int) and status >= 500:
        return Failure(function, f"HTTP {status}", str(payload.get("body")), None, "")
    return None
