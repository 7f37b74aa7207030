"""Control the process that function workers are forked from; that process itself runs `runtime`."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from asyncio import subprocess
from pathlib import Path

from sandbox import SandboxError, runtime

STOP_SECONDS = 3.0
PROJECT = Path(__file__).parent.parent


class ForkServer:
    """The process that the workers are forked from, in a process group of its own."""

    def __init__(self, process: subprocess.Process, control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls) -> "ForkServer":
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "sandbox.runtime",
                str(theirs.fileno()),
                cwd=PROJECT,
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return cls(process, ours)

    async def fork(self) -> tuple[int, socket.socket, int]:
        """Return (pid, channel, the file descriptor to read the worker's output from) of a new worker."""
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        try:
            async with self._turn:
                socket.send_fds(self._control, [runtime.FORK], [theirs.fileno(), write_end])
                reply = await asyncio.get_running_loop().sock_recv(self._control, runtime.NUMBER.size)
        except OSError:
            reply = b""
        finally:
            theirs.close()
            os.close(write_end)
        if len(reply) < runtime.NUMBER.size:
            ours.close()
            os.close(read_end)
            raise SandboxError("the process that runs the functions has ended")
        return runtime.NUMBER.unpack(reply)[0], ours, read_end

    async def stop(self) -> None:
        self._control.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
