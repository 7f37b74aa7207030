"""Run the functions of the stack.

The engine forwards every invocation here, from HTTP API, workflow, stream, queue or bus. A function has few workers,
and further invocations wait in line, so that a burst takes time but no further processes.
"""

import asyncio
import contextlib
import json
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulation.template import FORWARD_TO, FunctionSource
from sandbox import runtime
from sandbox.clock import Clock
from sandbox.fork_server import PROJECT, ForkServer

WORKERS_PER_FUNCTION = max(2, min(4, os.cpu_count() or 2))


@dataclass(frozen=True)
class Result:
    """The result of an invocation: the JSON that the handler returned, or `null` and a `failure`."""

    failure: runtime.Failure | None
    result: bytes = b"null"


@dataclass(frozen=True)
class Invocation:
    event: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    trace: str | None = None


@dataclass(frozen=True)
class Function:
    """A function. `logical_id` is its name in the template, `name` the one that the stack made of that."""

    logical_id: str
    name: str
    arn: str
    handler: str
    memory: int
    log_group: str
    source: FunctionSource
    environment: dict[str, str]

    def setup(self, platform: dict[str, str], log_stream: str) -> runtime.Setup:
        own = {name: value for name, value in self.environment.items() if name != FORWARD_TO}
        return runtime.Setup(
            handler=self.handler,
            code=str(self.source.code),
            layers=[str(layer) for layer in self.source.layers],
            hidden=["", str(PROJECT)],
            environment={
                **platform,
                **own,
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory),
                "AWS_LAMBDA_FUNCTION_NAME": self.name,
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_LOG_GROUP_NAME": self.log_group,
                "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
                "LAMBDA_TASK_ROOT": str(self.source.code),
                "_HANDLER": self.handler,
            },
        )


LogLine = Callable[[Function, str, str], None]  # function, log stream, line


class WorkerGoneError(Exception):
    """The worker's process ended during an invocation."""


class Worker:
    def __init__(
        self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, printing: asyncio.Task[None]
    ) -> None:
        self._pid = pid
        self._reader = reader
        self._writer = writer
        self._printing = printing

    @classmethod
    async def start(
        cls, fork_server: ForkServer, setup: runtime.Setup, print_line: Callable[[str], None]
    ) -> "Worker | Result":
        """Return a worker, or the failed result of a function whose module cannot be imported."""
        pid, channel, output = await fork_server.fork()
        printing = asyncio.get_running_loop().create_task(_print_lines(await _read_pipe(output), print_line))
        worker = cls(pid, *await asyncio.open_connection(sock=channel), printing)
        started = json.loads(await worker._exchange(json.dumps(setup).encode()))
        if failure := started.get("error"):
            await worker.stop()
            print_line(f"[ERROR] {failure['errorType']}: {failure['errorMessage']}\n{''.join(failure['stackTrace'])}")
            return Result(failure)
        return worker

    async def run(self, function: Function, invocation: Invocation, shift_seconds: float = 0) -> Result:
        """Run an invocation with the function's clock ahead by `shift_seconds`.

        May raise TimeoutError and WorkerGoneError, after which the worker cannot be used again.
        """
        context: dict[str, Any] = {"request_id": invocation.request_id, "function_arn": function.arn}
        context |= {"deadline": time.time() + function.source.timeout, "trace": invocation.trace}
        context |= {"shift_seconds": shift_seconds}
        async with asyncio.timeout(function.source.timeout):
            status = json.loads(await self._exchange(json.dumps(context).encode(), invocation.event))
            return Result(status["error"], await self._receive())

    async def _exchange(self, *frames: bytes) -> bytes:
        try:
            for frame in frames:
                self._writer.write(runtime.NUMBER.pack(len(frame)) + frame)
            await self._writer.drain()
        except ConnectionError as error:
            raise WorkerGoneError from error
        return await self._receive()

    async def _receive(self) -> bytes:
        try:
            (length,) = runtime.NUMBER.unpack(await self._reader.readexactly(runtime.NUMBER.size))
            return await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise WorkerGoneError from error

    async def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
        await self._printing  # the rest of its output


async def _read_pipe(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    return reader


async def _print_lines(reader: asyncio.StreamReader, print_line: Callable[[str], None]) -> None:
    rest = b""
    while chunk := await reader.read(65_536):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            print_line(line.decode("utf-8", "backslashreplace"))
    if rest:
        print_line(rest.decode("utf-8", "backslashreplace"))


class Pool:
    """The workers of one function."""

    def __init__(
        self,
        function: Function,
        fork_server: ForkServer,
        platform: dict[str, str],
        log: LogLine,
        clock: Clock | None = None,
    ) -> None:
        self.function = function
        self._clock = clock or Clock()
        self._fork_server = fork_server
        self._platform = platform
        self._log = log
        self._idle: list[Worker] = []
        self._turn = asyncio.Semaphore(WORKERS_PER_FUNCTION)

    async def run(self, invocation: Invocation) -> Result:
        async with self._turn, self._worker() as worker:
            if isinstance(worker, Result):
                return worker
            try:
                response = await worker.run(self.function, invocation, self._clock.ahead.total_seconds())
            except TimeoutError:
                seconds = self.function.source.timeout
                return self._lost("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds")
            except WorkerGoneError:
                return self._lost("Runtime.ExitError", f"RequestId: {invocation.request_id} Error: Runtime exited")
            self._idle.append(worker)
            return response

    async def warm(self) -> None:
        """Start a worker, so that the first invocation need not."""
        async with self._turn, self._worker() as worker:
            if isinstance(worker, Worker):
                self._idle.append(worker)

    async def stop(self) -> None:
        """End the idle workers; the others end with their invocation."""
        idle, self._idle = self._idle, []
        for worker in idle:
            await worker.stop()

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncIterator[Worker | Result]:
        """Yield a worker, which goes back to the idle ones afterwards; in the end it is stopped unless it went back."""
        worker = self._idle.pop() if self._idle else await self._start()
        try:
            yield worker
        finally:
            if isinstance(worker, Worker) and worker not in self._idle:
                await worker.stop()

    async def _start(self) -> Worker | Result:
        log_stream = f"{time.strftime('%Y/%m/%d')}/[$LATEST]{uuid.uuid4().hex}"

        def print_line(line: str) -> None:
            self._log(self.function, log_stream, line)

        try:
            return await Worker.start(self._fork_server, self.function.setup(self._platform, log_stream), print_line)
        except WorkerGoneError:
            return Result(_failed("Runtime.ExitError", "Runtime exited while it was loading the function"))

    def _lost(self, error_type: str, message: str) -> Result:
        self._log(self.function, "sandbox", f"[ERROR] {error_type}: {message}")
        return Result(_failed(error_type, message))


def _failed(error_type: str, message: str) -> runtime.Failure:
    return runtime.Failure(errorType=error_type, errorMessage=message, stackTrace=[])


# The deadline is a Unix time.
Deliver = Callable[[Pool, Invocation, float], Awaitable[Result]]


class FunctionHost:
    """Hosts the functions. `platform` is the environment of every function; `deliver` handles failed invocations."""

    def __init__(
        self, fork_server: ForkServer, platform: dict[str, str], log: LogLine, deliver: Deliver, clock: Clock
    ) -> None:
        self._fork_server = fork_server
        self._clock = clock
        self._platform = platform
        self._log = log
        self._pools: dict[str, Pool] = {}
        self._deliver = deliver

    def add(self, function: Function) -> None:
        self._pools[function.name] = Pool(function, self._fork_server, self._platform, self._log, self._clock)

    async def warm(self) -> None:
        for pool in self._pools.values():
            await pool.warm()

    async def stop(self) -> None:
        for pool in self._pools.values():
            await pool.stop()

    async def handle(self, request: Request) -> Response:
        """Handle an invocation by the engine: the event in, the result or a 500 out."""
        name = request.headers["x-amzn-lambda-function-name"]
        if name not in self._pools:
            return Response(json.dumps(_failed("ResourceNotFoundException", f"Function not found: {name}")), 404)
        invocation = Invocation(
            await request.body(),
            request.headers["x-amzn-lambda-request-id"],
            request.headers.get("x-amzn-trace-id"),
        )
        deadline = int(request.headers["x-amzn-lambda-deadline-ms"]) / 1000
        response = await self._deliver(self._pools[name], invocation, deadline)
        if response.failure:
            # The engine passes on 512 characters; the stack trace is in the log.
            return Response(json.dumps({**response.failure, "stackTrace": []}), 500, media_type="application/json")
        return Response(response.result, media_type="application/json")
