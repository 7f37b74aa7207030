"""Send the output of the functions to CloudWatch Logs in the engine, and to a file for people."""

import asyncio
import contextlib
import time
from typing import Any, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.functions import Function

FLUSH_SECONDS = 0.25
BATCH = 1_000  # PutLogEvents takes 10,000 events, but also at most 1 MiB
MAX_LINE_BYTES = 256 * 1024


class FunctionLogs:
    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._waiting: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._known: set[tuple[str, str]] = set()

    def add(self, function: Function, stream: str, line: str) -> None:
        if line:
            self._file.write(f"{function.logical_id}  {line}\n")
            event = {"timestamp": int(time.time() * 1000), "message": line[:MAX_LINE_BYTES]}
            self._waiting.setdefault((function.log_group, stream), []).append(event)

    async def ship(self, client: Any) -> None:
        """Run until canceled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._file.flush()
            waiting, self._waiting = self._waiting, {}
            # The file has what the engine does not accept.
            with contextlib.suppress(ClientError, BotoCoreError):
                await asyncio.to_thread(self._put, client, waiting)

    def _put(self, client: Any, waiting: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
        for (group, stream), events in waiting.items():
            if (group, stream) not in self._known:
                _create(client.create_log_group, logGroupName=group)
                _create(client.create_log_stream, logGroupName=group, logStreamName=stream)
                self._known.add((group, stream))
            for start in range(0, len(events), BATCH):
                client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events[start : start + BATCH])


def _create(create: Any, **names: str) -> None:
    with contextlib.suppress(ClientError):  # it exists already: the template or the engine created it
        create(**names)
