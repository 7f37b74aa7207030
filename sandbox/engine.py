"""Run the engine: ministack, an emulator of AWS, in a child process on a free port of the loopback interface.

It is used as documented: its ASGI application is served behind a guard and a few patches, and all settings are
environment variables of its README. The child ends when its standard input does, so it cannot outlive the sandbox,
however that ends.
"""

import asyncio
import contextlib
import os
import socket
import sys
from asyncio import subprocess
from pathlib import Path

from sandbox import SandboxError
from sandbox.emulator_patches import App, Receive, Scope, Send, apply_patches
from sandbox.settings import ACCESS_KEY, REGION, SECRET_KEY

STOP_SECONDS = 3.0
BACKLOG = 512
PROJECT = Path(__file__).parent.parent


def is_local(host: str) -> bool:
    """Return whether a Host header names this machine; a page of a foreign name that resolves to loopback
    has another.
    """
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name.lower() in {"localhost", "127.0.0.1", "[::1]"}


def guard(app: App) -> App:
    """Return the application behind a guard: the engine obeys anyone, and a browser lets any page send requests to
    loopback.

    The HTTP API stays open, as on AWS.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and not _is_allowed(scope):
            await refuse(send)
            return
        await app(scope, receive, send)

    return guarded


def _is_allowed(scope: Scope) -> bool:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    from_page = "origin" in headers and not scope["path"].startswith("/_aws/execute-api/")
    return is_local(headers.get("host", "")) and not from_page


async def refuse(send: Send) -> None:
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Only programs on this machine may call this.\n"})


class Engine:
    def __init__(self, process: subprocess.Process, port: int, log: Path) -> None:
        self._process = process
        self._log = log
        self.port = port

    @classmethod
    async def start(cls, folder: Path, log: Path, *, iam: bool = False) -> "Engine":
        """Start the engine. `folder` is for its temporary files, `log` for its output; `iam`: it enforces roles."""
        # Bound here and passed on: the port is known and taken from now on, and early requests wait in the backlog.
        with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener, log.open("wb") as output:
            port = listener.getsockname()[1]
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "sandbox.engine",
                str(listener.fileno()),
                cwd=PROJECT,
                env=_environment(port, folder) | (_ENFORCE_ROLES if iam else {}),
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return cls(process, port, log)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def watch(self) -> None:
        """Return when the engine has ended."""
        await self._process.wait()

    def fault(self) -> SandboxError:
        return SandboxError(f"the engine has ended with code {self._process.returncode}; see {self._log}")

    async def stop(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


_ENFORCE_ROLES = {"AUTH": "true", "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


def _environment(port: int, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TMPDIR": str(folder),
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LOG_LEVEL": "WARNING",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # As on AWS, there is no token when the function that says what is in it fails.
        "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
        # It removes containers that it takes for its own; without Docker it cannot.
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
    }


async def _serve(listener: int) -> None:
    from ministack.app import app

    from sandbox.serving import serve

    loop = asyncio.get_running_loop()
    stdin = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)

    async def end_with_parent() -> None:
        await stdin.read()
        os._exit(0)  # nothing is kept, and its threads wait for task tokens that nobody completes any more

    await serve(guard(apply_patches(app)), socket.socket(fileno=listener), end_with_parent(), dated=False)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
