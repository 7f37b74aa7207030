"""Starts the local run for tests, as `make run` does, on a free port and with a folder of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.waiting import until

PROJECT = Path(__file__).parent.parent
READY_SECONDS = 60
END_SECONDS = 20

Description = dict[str, Any]
Process = subprocess.Popen[bytes]


@contextmanager
def start(**environment: str) -> Iterator[Description]:
    """What its `sandbox.json` says. With SANDBOX_JSON in the environment, that of the one that is running already."""
    if running := os.environ.get("SANDBOX_JSON"):
        yield json.loads(Path(running).read_text(encoding="utf-8"))
        return
    with tempfile.TemporaryDirectory(prefix="sandbox-") as temporary:
        folder = Path(temporary) / "state"
        process = launch(folder, **environment)
        try:
            yield wait_until_ready(process, folder)
        finally:
            process.terminate()
            process.wait(END_SECONDS)


def launch(folder: Path, **environment: str) -> Process:
    """`folder` is where it puts `sandbox.json`; what it prints goes to files beside that, see `output_of`."""
    output, errors = _files(folder)
    with output.open("wb") as stdout, errors.open("wb") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox"],
            cwd=PROJECT,
            env={**os.environ, "PORT": "0", "SANDBOX_DIR": str(folder), **environment},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )


def output_of(folder: Path) -> tuple[str, str]:
    """What it has printed so far: output and errors."""
    output, errors = (path.read_text(encoding="utf-8") for path in _files(folder))
    return output, errors


def _files(folder: Path) -> tuple[Path, Path]:
    return folder.with_name(f"{folder.name}.out"), folder.with_name(f"{folder.name}.err")


def wait_until_ready(process: Process, folder: Path) -> Description:
    def is_ready() -> bool:
        if process.poll() is not None:
            raise AssertionError("the local run has ended")
        return (folder / "sandbox.json").exists()

    try:
        until(is_ready, READY_SECONDS, every=0.05)
    except AssertionError as fault:
        process.kill()
        fault.add_note(output_of(folder)[1])
        raise
    description: Description = json.loads((folder / "sandbox.json").read_text(encoding="utf-8"))
    return description
