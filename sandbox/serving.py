"""Serves an ASGI application on a socket that listens already."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Coroutine, Iterator
from typing import Any

import uvicorn

KEEP_ALIVE_SECONDS = 75


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the program's: it has other things to end, too."""
        yield


async def serve(app: Any, listener: socket.socket, stop: Coroutine[Any, Any, Any], *, dated: bool = True) -> None:
    """Returns soon after `stop` does: what is not answered a second later never is.

    `dated`: the server says the date, as the application does not. Whatever the application lets through is logged.
    """
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        proxy_headers=False,  # whoever asks is who asks
        server_header=False,
        date_header=dated,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    # Made anew, the socket knows its protocol. With that of `create_server`, asyncio leaves Nagle's algorithm on, which
    # keeps every body back until its head has been acknowledged: 40 ms.
    listener = socket.socket(fileno=listener.detach())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop)
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.done():
            # It would report as a fault of the application that it has cut it off.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()
