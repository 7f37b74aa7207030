"""Papers are set in a process of their own here: Typst's threads do not live on in a process that is forked.

python -m tests.proof.papers
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Client, Listener
from typing import Any

from online_orders_rendering import quote_pdf

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Elsewhere:
    """In the place of Typst's compiler, which it asks."""

    port: int

    def compile(self, **asked: Any) -> bytes:
        with Client((HOST, self.port)) as connection:
            connection.send_bytes(json.dumps(asked).encode())
            return connection.recv_bytes()


def serve() -> None:
    with Listener((HOST, 0), backlog=16) as listener:
        print(listener.address[1], flush=True)  # noqa: T201 - to whoever has started this
        while True:
            with listener.accept() as connection:
                made = quote_pdf._compiler().compile(**json.loads(connection.recv_bytes()))
                assert isinstance(made, bytes)
                connection.send_bytes(made)


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Elsewhere(int(process.stdout.readline()))
        finally:
            process.kill()


if __name__ == "__main__":
    serve()
