"""AWS that answers at once: what lies under a key, the one secret, yes to every write. Keeps count, forgets writes."""

import json
import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Json = dict[str, Any]


class CannedTable:
    """`asked` counts the calls by operation, `given_up` the connections that broke off before their end."""

    def __init__(self, items: Sequence[Json], secret: str) -> None:
        """`items` are in the service's format, `{"pk": {"S": ...}, ...}`."""
        self._secret = secret
        self.asked: Counter[str] = Counter()
        self.given_up = 0
        self.address = ""
        self._items = {self._key(item): item for item in items}

    @staticmethod
    def _key(item: Json) -> str:
        return json.dumps([item["pk"], item["sk"]])

    def answer(self, operation: str, request: Json) -> Json:
        self.asked[operation] += 1
        if operation == "GetItem":
            item = self._items.get(self._key(request["Key"]))
            return {"Item": item} if item else {}
        if operation == "BatchGetItem":
            ((name, requested),) = request["RequestItems"].items()
            found = [self._items.get(self._key(key)) for key in requested["Keys"]]
            return {"Responses": {name: [item for item in found if item]}, "UnprocessedKeys": {}}
        if operation == "GetSecretValue":
            return {"SecretString": self._secret}
        if operation in {"PutItem", "UpdateItem", "TransactWriteItems"}:
            return {}
        raise ValueError(f"the canned table does not answer {operation}")

    @contextmanager
    def served(self, context: ssl.SSLContext | None = None) -> Iterator["CannedTable"]:
        """Serve the table at `address`, on loopback; by TLS where there is a context."""
        table = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = json.dumps(table.answer(self.headers["X-Amz-Target"].partition(".")[2], request)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                table.given_up += 1

        with Server(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            if context:
                # Hands are shaken by the thread of the connection, when it first reads.
                server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            self.address = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
            thread = Thread(target=server.serve_forever)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
