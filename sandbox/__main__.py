"""Start the sandbox. Engine and fork server come first, so that they start while this process imports the rest."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from sandbox import SandboxError
from sandbox.engine import Engine
from sandbox.fork_server import ForkServer
from sandbox.own_catalog import OwnCatalog, read_own_catalog
from sandbox.settings import Settings
from sandbox.state import StateFolder

PROJECT = Path(__file__).parent.parent


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    for name in ENDING:  # until there is something to end
        signal.signal(name, lambda *_: sys.exit(0))
    try:
        settings = Settings.of(os.environ, Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT)
        _require_loopback()
        folder = StateFolder(settings.folder)
        try:
            own = read_own_catalog(settings.project, settings.catalog) if settings.catalog else None
            asyncio.run(_main(settings, folder, own))
        finally:
            folder.close()
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    return 0


def _require_loopback() -> None:
    """Exit if the environment is set up for a real account or a proxy."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


async def _main(settings: Settings, folder: StateFolder, own: OwnCatalog | None) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(_report)
    for name in ENDING:
        loop.add_signal_handler(name, stop.set)
    listener = _listen(settings.port)
    engine = await Engine.start(folder.temporary, folder.path / "engine.log", iam=settings.iam)
    fork_server = await ForkServer.start()
    try:
        from sandbox.run import Sandbox  # half a second of imports

        await Sandbox(settings, folder, listener, engine, fork_server, own).run(stop)
    finally:
        await engine.stop()
        await fork_server.stop()


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Ignore asyncio's report of a connection that ended with the sandbox, which Python before 3.12 takes
    for an error.
    """
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=512)
    except OSError as error:
        raise SandboxError(
            f"port {port} is not to be had ({os.strerror(error.errno or 0)}); try: make run PORT=8081"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
