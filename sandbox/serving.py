"""Serve an ASGI application on a socket that already listens."""

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
        """Leave signals to the program, which has other things to end, too."""
        yield


async def serve(app: Any, listener: socket.socket, stop: Coroutine[Any, Any, Any], *, dated: bool = True) -> None:
    """Serve until `stop` returns; a request that is unanswered a second later gets no response.

    `dated`: the server adds the date, because the application does not. Whatever the application lets through is
    logged.
    """
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        proxy_headers=False,  # the caller's address is the connection's
        server_header=False,
        date_header=dated,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    # Made anew, the socket knows its protocol. With that of `create_server`, asyncio leaves Nagle's algorithm on, which
    # delays every body until its head has been acknowledged: 40 ms.
    listener = socket.socket(fileno=listener.detach())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop)
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.done():
            # It would report its own cancellation as an error of the application.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()
