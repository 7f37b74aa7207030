"""Receives the events of orders, as EventBridge sends them to an API destination, and keeps what became of each order.

    WEBHOOK_KEY=… python3 examples/webhook/receiver.py 8099

An example in plain Python: it keeps its state in memory, and stands behind whatever ends TLS. Events come at least once
and in any order, so `event_id` tells repetitions and `sequence` what is newer. An answer of 2xx takes an event; after
any other EventBridge sends it again.
"""

from __future__ import annotations

import hmac
import json
import os
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

MAX_EVENT = 256 * 1024


class Orders:
    """Status and totals of each order, as the newest event that has come says."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        self._seen: set[str] = set()
        self._lock = Lock()

    def take(self, detail: dict[str, Any]) -> bool:
        """Whether the event was new."""
        event_id, order_id, sequence = detail["event_id"], detail["order_id"], int(detail["sequence"])
        with self._lock:
            if event_id in self._seen:
                return False
            self._seen.add(event_id)
            before = self.known.get(order_id)
            if before is None or before["sequence"] < sequence:
                self.known[order_id] = detail
            return True


def serve(port: int, key: str, orders: Orders) -> ThreadingHTTPServer:
    """The server, not yet running; port 0 is any free one."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if not hmac.compare_digest(self.headers.get("x-api-key", "").encode(), key.encode()):
                return self._answer(HTTPStatus.UNAUTHORIZED)
            message = self.headers.get("content-length", "")
            if not (message.isascii() and message.isdecimal()):
                return self._answer(HTTPStatus.LENGTH_REQUIRED)
            length = int(message)
            if length > MAX_EVENT:
                return self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            try:
                event = json.loads(self.rfile.read(length))
                orders.take(event["detail"])
            except (ValueError, KeyError, TypeError):
                return self._answer(HTTPStatus.BAD_REQUEST)
            return self._answer(HTTPStatus.NO_CONTENT)

        def _answer(self, status: HTTPStatus) -> None:
            self.send_response_only(status)  # and no line in the log, which would name who sent it
            self.end_headers()

    return ThreadingHTTPServer(("127.0.0.1", port), Receiver)


if __name__ == "__main__":
    serve(int(sys.argv[1]), os.environ["WEBHOOK_KEY"], Orders()).serve_forever()
