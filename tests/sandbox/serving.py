"""Serves an ASGI application on a free port, as the sandbox does, for as long as a test needs it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.serving import serve


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The address, without a slash at its end."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve(app, listener, stop.wait()))

    threading.Thread(target=work, daemon=True).start()
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(stop.set)  # and nobody waits for the third of a second that it takes
