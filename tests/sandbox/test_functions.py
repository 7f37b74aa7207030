"""Functions in real workers, without an engine around them."""

import asyncio
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from emulation.template import FORWARD_TO, FunctionSource
from sandbox import runtime
from sandbox.clock import Clock
from sandbox.fork_server import ForkServer
from sandbox.functions import WORKERS_PER_FUNCTION, Function, Invocation, Pool, Result
from tests.local_run import PROJECT

# They mostly wait, and so leave their core to what runs beside them.
pytestmark = pytest.mark.xdist_group("sandbox")

LAYER = PROJECT / "layers" / "core"

CODE = """
    import os, sys, time
    import shared

    STARTED = os.getpid()

    def echo(event, context):
        return {"event": event, "layer": shared.NAME, "pid": os.getpid(), "stage": os.environ["STAGE"]}

    def about(event, context):
        assert 0 < context.get_remaining_time_in_millis() <= 2_000
        return {"environment": dict(os.environ), "path": sys.path, "here": os.getcwd(), "context": {
            name: getattr(context, name) for name in (
                "function_name", "function_version", "memory_limit_in_mb", "log_group_name", "aws_request_id",
                "invoked_function_arn")}}

    def fail(event, context):
        raise KeyError("quote")

    def leave(event, context):
        os._exit(3)

    def hang(event, context):
        time.sleep(60)

    def nap(event, context):
        time.sleep(0.2)
        return os.getpid()

    def talk(event, context):
        print("printed")
        print("to stderr", file=sys.stderr)
        return "done"

    def tell_time(event, context):
        from online_orders.clock import now
        return now().isoformat()

    def unspeakable(event, context):
        return {1, 2}
"""


class Stage:
    """One function's pool, its clock, and the lines that it printed."""

    def __init__(self, pool: Pool, lines: list[str], clock: Clock) -> None:
        self.pool = pool
        self.lines = lines
        self.clock = clock

    async def run(self, event: Any = None) -> Result:
        return await self.pool.run(Invocation(json.dumps(event).encode(), request_id="r1"))

    async def result(self, event: Any = None) -> Any:
        response = await self.run(event)
        assert response.failure is None, response.failure
        return json.loads(response.result)

    async def failure(self, event: Any = None) -> tuple[str, str]:
        response = await self.run(event)
        assert response.failure
        return response.failure["errorType"], response.failure["errorMessage"]


Test = Callable[[Stage], Awaitable[None]]
OnStage = Callable[..., None]


@pytest.fixture
def on_stage(tmp_path: Path) -> OnStage:
    """Runs a test with a function of `CODE`."""
    (tmp_path / "code").mkdir()
    (tmp_path / "layer").mkdir()
    (tmp_path / "code" / "app.py").write_text(textwrap.dedent(CODE), encoding="utf-8")
    (tmp_path / "layer" / "online_orders").mkdir()
    shutil.copy(LAYER / "online_orders" / "clock.py", tmp_path / "layer" / "online_orders")
    (tmp_path / "layer" / "shared.py").write_text("NAME = 'layer'\n", encoding="utf-8")
    source = FunctionSource(tmp_path / "code", (tmp_path / "layer",), timeout=2)

    async def play(test: Test, handler: str) -> None:
        lines: list[str] = []
        function = Function(
            logical_id="OrdersFunction",
            name="orders",
            arn="arn:aws:lambda:eu-central-1:000000000000:function:orders",
            handler=handler,
            memory=512,
            log_group="/aws/lambda/orders",
            source=source,
            environment={"STAGE": "sandbox", FORWARD_TO: "http://127.0.0.1:1"},
        )
        fork_server = await ForkServer.start()
        platform = {"PATH": os.defpath, "TZ": ":UTC", "LANG": "C.UTF-8"}
        clock = Clock()
        pool = Pool(function, fork_server, platform, lambda *line: lines.append(line[2]), clock)
        try:
            await test(Stage(pool, lines, clock))
        finally:
            await pool.stop()
            await fork_server.stop()

    def on_stage(test: Test, handler: str) -> None:
        asyncio.run(play(test, handler))

    return on_stage


async def lines_of(stage: Stage, count: int) -> list[str]:
    """What was printed, once there are so many lines; they come by a way of their own."""
    for _ in range(500):
        if len(stage.lines) >= count:
            break
        await asyncio.sleep(0.01)
    return stage.lines


def test_the_products_clock_can_be_put_forward_between_invocations(on_stage: OnStage) -> None:
    async def test(stage: Stage) -> None:
        for days in (0, 2, 300):
            stage.clock.ahead = timedelta(days=days)
            texts = datetime.fromisoformat(await stage.result())
            texts = datetime.fromisoformat(await stage.result())
            assert abs(texts - datetime.now(UTC) - stage.clock.ahead) < timedelta(seconds=30)

    on_stage(test, "app.tell_time")


def test_a_function_gets_its_event_and_answers(on_stage: OnStage) -> None:
    async def test(stage: Stage) -> None:
        event = {"text": "Grüße\n", "list": [1, None]}
        result = await stage.result(event)
        assert (result["event"], result["layer"], result["stage"]) == (event, "layer", "sandbox")
        assert (await stage.result())["pid"] == result["pid"]

    on_stage(test, "app.echo")


def test_a_function_is_told_what_lambda_tells_it_and_nothing_of_this_machine(
    on_stage: OnStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "private")

    async def test(stage: Stage) -> None:
        about = await stage.result()
        assert about["context"] == {
            "function_name": "orders",
            "function_version": "$LATEST",
            "memory_limit_in_mb": 512,
            "log_group_name": "/aws/lambda/orders",
            "aws_request_id": "r1",
            "invoked_function_arn": "arn:aws:lambda:eu-central-1:000000000000:function:orders",
        }
        assert about["environment"]["AWS_LAMBDA_FUNCTION_NAME"] == "orders"
        assert not about["environment"].keys() & {"AWS_PROFILE", "HOME", FORWARD_TO}
        assert about["here"] == str(tmp_path / "code")
        assert about["path"][:2] == [str(tmp_path / "code"), str(tmp_path / "layer")]
        assert str(Path(__file__).parent.parent.parent) not in about["path"]

    on_stage(test, "app.about")


def test_what_a_handler_raises_is_the_failure_and_leaves_the_worker(on_stage: OnStage) -> None:
    async def test(stage: Stage) -> None:
        assert await stage.failure() == ("KeyError", "'quote'")
        assert await stage.failure() == ("KeyError", "'quote'")
        assert "KeyError: 'quote'" in await lines_of(stage, 4)

    on_stage(test, "app.fail")


def test_a_worker_that_leaves_is_replaced(on_stage: OnStage) -> None:
    async def test(stage: Stage) -> None:
        for _ in range(2):
            error_type, _ = await stage.failure()
            assert error_type == "Runtime.ExitError"

    on_stage(test, "app.leave")


def test_a_handler_has_the_time_that_the_template_gives_it(on_stage: OnStage) -> None:
    async def test(stage: Stage) -> None:
        await stage.pool.warm()
        begun = time.monotonic()
        assert await stage.failure() == ("Sandbox.Timedout", "Task timed out after 2.00 seconds")
        assert 2 <= time.monotonic() - begun < 10

    on_stage(test, "app.hang")


@pytest.mark.parametrize("handler", ["missing.handler", "app.missing"])
def test_a_function_that_cannot_be_loaded_says_why(on_stage: OnStage, handler: str) -> None:
    async def test(stage: Stage) -> None:
        error_type, message = await stage.failure()
        assert error_type == "Runtime.ImportModuleError"
        assert "missing" in message
        assert any("missing" in line for line in stage.lines)

    on_stage(test, handler)


def test_a_result_that_is_no_json_is_a_failure(on_stage: OnStage) -> None:
    async def test(stage: Stage) -> None:
        assert (await stage.failure())[0] == "TypeError"

    on_stage(test, "app.unspeakable")


def test_what_a_function_prints_is_logged(on_stage: OnStage) -> None:
    async def test(stage: Stage) -> None:
        assert await stage.result() == "done"
        assert await lines_of(stage, 2) == ["printed", "to stderr"]

    on_stage(test, "app.talk")


def test_a_burst_waits_in_line_for_few_workers(on_stage: OnStage) -> None:
    async def test(stage: Stage) -> None:
        workers = await asyncio.gather(*(stage.result() for _ in range(4 * WORKERS_PER_FUNCTION)))
        assert len(set(workers)) == WORKERS_PER_FUNCTION

    on_stage(test, "app.nap")


def test_one_after_the_other_needs_one_worker(on_stage: OnStage) -> None:
    async def test(stage: Stage) -> None:
        await stage.pool.warm()
        assert len({(await stage.result())["pid"] for _ in range(5)}) == 1

    on_stage(test, "app.echo")


def test_an_event_may_be_large(on_stage: OnStage) -> None:
    async def test(stage: Stage) -> None:
        event = "x" * (6 * 1024 * 1024)
        assert (await stage.result(event))["event"] == event

    on_stage(test, "app.echo")


def test_no_worker_outlives_the_fork_server(on_stage: OnStage) -> None:
    workers: list[int] = []

    async def test(stage: Stage) -> None:
        workers.append((await stage.result())["pid"])

    on_stage(test, "app.echo")
    with pytest.raises(ProcessLookupError):
        os.kill(workers[0], 0)


def test_the_fork_server_ends_quietly_when_nobody_reads_its_last_answer() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "sandbox.runtime", str(theirs.fileno())]
        options: dict[str, Any] = {"pass_fds": [theirs.fileno()], "start_new_session": True}
        process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, **options)
    channel, other_end = socket.socketpair()
    with ours, channel, other_end, Path(os.devnull).open("wb") as output:
        socket.send_fds(ours, [runtime.FORK], [channel.fileno(), output.fileno()])
        assert select.select([ours], [], [], 20)[0]

    assert (process.communicate(timeout=20)[1], process.returncode) == (b"", 0)
