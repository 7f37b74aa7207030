"""Run the functions: one process per concurrent invocation, as on Lambda.

A fork server imports the functions' dependencies once and forks workers on request, which makes a cold start cheap.
Nothing of the product is imported before the fork: a worker sees its function's own environment, code and layers from
the first line on. This module runs apart from the sandbox and imports the standard library only.

Messages to and from a worker are frames: four bytes of length, big-endian, then JSON. First comes the `Setup`; the
worker responds with {"ready": true} or {"error": …}. Then, per invocation, the context and the event come, and
{"error": … or null} and the result go back. The end of the stream ends the worker, and the end of the control stream
everything.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import struct
import sys
import time
import traceback
from datetime import datetime, timedelta, tzinfo
from io import BufferedRWPair
from typing import Any, TypedDict

DEPENDENCIES = (
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.data_classes",
    "babel.dates",
    "babel.numbers",
    "botocore.session",
    "botocore.client",
    "botocore.endpoint",
    "email.mime.multipart",
    "email.policy",
    "jinja2",
    "pydantic",
    "rfc8785",
    "typst",
)
CLOCK = "online_orders.clock"
FORK = b"f"
NUMBER = struct.Struct("!I")


class Setup(TypedDict):
    handler: str
    code: str
    layers: list[str]
    environment: dict[str, str]
    hidden: list[str]  # entries of the search path that a function on AWS would not have


class Failure(TypedDict):
    errorType: str
    errorMessage: str
    stackTrace: list[str]


class Context:
    """The handler's second argument."""

    identity = None
    client_context = None

    def __init__(self, *, request_id: str, function_arn: str, deadline: float) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.aws_request_id = request_id
        self.invoked_function_arn = function_arn
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


def serve(control: socket.socket) -> None:
    """Fork a worker for every pair of file descriptors (channel, output) that comes in, and send its pid."""
    for dependency in DEPENDENCIES:
        # A function that needs a missing module reports that itself, and better.
        with contextlib.suppress(ImportError):
            importlib.import_module(dependency)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then reaps the workers
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(control, len(FORK), 2)
        except ConnectionResetError:  # the sandbox has ended before it read the last response
            return
        if not message:
            return
        channel, output = descriptors
        worker = os.fork()
        if worker == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            work(socket.socket(fileno=channel), output)
            os._exit(0)
        os.close(channel)
        os.close(output)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the next message reports it, too
            control.sendall(NUMBER.pack(worker))


def work(channel: socket.socket, output: int) -> None:
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    # Into a pipe, Python would buffer the lines of a print up to 8 KiB. Both stay open to the end.
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    stream = channel.makefile("rwb")
    setup = read_frame(stream)
    if setup is None:
        return
    try:
        handler = _load(json.loads(setup))
    except BaseException as error:  # noqa: BLE001 - whatever keeps a module from loading is the response
        write_frame(stream, json.dumps({"error": _failure(error, "Runtime.ImportModuleError")}).encode())
        return
    write_frame(stream, b'{"ready": true}')
    while (context := read_frame(stream)) is not None and (event := read_frame(stream)) is not None:
        status, result = _handle(handler, json.loads(context), event)
        write_frame(stream, status, result)


def _load(setup: Setup) -> Any:
    os.environ.clear()
    os.environ.update(setup["environment"])
    time.tzset()
    os.chdir(setup["code"])
    sys.path[:] = [setup["code"], *setup["layers"], *(entry for entry in sys.path if entry not in setup["hidden"])]
    module, _, name = setup["handler"].rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), name)


class ShiftedDatetime(datetime):
    """Replaces `datetime` in the module where the product reads the time."""

    by = timedelta(0)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + cls.by


def _shift_clock(seconds: float) -> None:
    ShiftedDatetime.by = timedelta(seconds=seconds)
    if clock := sys.modules.get(CLOCK):
        vars(clock)["datetime"] = ShiftedDatetime


def _handle(handler: Any, context: dict[str, Any], event: bytes) -> tuple[bytes, bytes]:
    _shift_clock(context.pop("shift_seconds", 0))
    if trace := context.pop("trace", None):
        os.environ["_X_AMZN_TRACE_ID"] = trace
    try:
        result = json.dumps(handler(json.loads(event), Context(**context)), ensure_ascii=False).encode()
    except Exception as error:  # noqa: BLE001 - and so is whatever a handler raises
        traceback.print_exc()
        return json.dumps({"error": _failure(error)}).encode(), b"null"
    return b'{"error": null}', result


def _failure(error: BaseException, error_type: str | None = None) -> Failure:
    return Failure(
        errorType=error_type or type(error).__name__,
        errorMessage=str(error),
        stackTrace=traceback.format_tb(error.__traceback__),
    )


def read_frame(stream: BufferedRWPair) -> bytes | None:
    header = stream.read(NUMBER.size)
    if len(header) < NUMBER.size:
        return None
    (length,) = NUMBER.unpack(header)
    frame = stream.read(length)
    return frame if len(frame) == length else None


def write_frame(stream: BufferedRWPair, *frames: bytes) -> None:
    stream.writelines(NUMBER.pack(len(frame)) + frame for frame in frames)
    stream.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve(socket.socket(fileno=int(sys.argv[1])))
    # Idle workers have ended with their channels. A worker that runs a handler ends here.
    os.killpg(0, signal.SIGTERM)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, 0)  # returns when the last one is gone, because they are not waited for one by one
