"""The artifact, built for this machine, and run as Lambda does: with nothing else on the search path."""

import json
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from emulation.template import read
from tools import build_artifact
from tools.build_artifact import ROOT, Target

Json = dict[str, Any]

EMULATOR_LOCK = ROOT / "requirements" / "emulator.txt"
READY_SECONDS = 30
ANSWER_SECONDS = 60
REGION = "eu-central-1"

TEMPLATE: Json = read(ROOT / "template.yaml")


def resources(kind: str) -> dict[str, Json]:
    """The properties of the template's resources of a kind, by logical id; functions with what all of them have."""
    shared = TEMPLATE["Globals"]["Function"] if kind == "Function" else {}
    return {
        logical_id: {
            **shared,
            **resource["Properties"],
            "Layers": [layer["Ref"] for layer in shared.get("Layers", []) + resource["Properties"].get("Layers", [])],
        }
        for logical_id, resource in TEMPLATE["Resources"].items()
        if resource["Type"] == f"AWS::Serverless::{kind}"
    }


FUNCTIONS = resources("Function")


@dataclass(frozen=True)
class Artifact:
    """Three folders as they are shipped, and one with the client of the runtime, which Lambda brings along."""

    core: Path
    rendering: Path
    functions: Path
    runtime: Path

    @classmethod
    def build(cls, folder: Path, target: Target = Target.host()) -> "Artifact":  # noqa: B008 - it is frozen
        artifact = cls(folder / "core", folder / "rendering", folder / "functions", folder / "runtime")
        with ThreadPoolExecutor() as pool:
            parts = [
                pool.submit(build_artifact.build, "core", artifact.core, target),
                pool.submit(build_artifact.build, "rendering", artifact.rendering, target),
                pool.submit(build_artifact.build, "functions", artifact.functions, target),
            ]
            if sys.platform == "linux":
                parts.append(pool.submit(build_artifact.install, EMULATOR_LOCK, artifact.runtime, target))
            for part in parts:
                part.result()
        return artifact

    def search_path(self, function: str) -> list[Path]:
        """Of a function by its logical id: its own code, then the layers that the template gives it."""
        layers = {"CoreLayer": self.core, "RenderingLayer": self.rendering}
        # A later layer is unpacked over an earlier one.
        return [self.functions, *(layers[name] / "python" for name in reversed(FUNCTIONS[function]["Layers"]))]

    def environment(self, function: str, **more: str) -> dict[str, str]:
        path = [*self.search_path(function), self.runtime]
        return {
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "POWERTOOLS_SERVICE_NAME": "online-orders",
            "POWERTOOLS_METRICS_NAMESPACE": "OnlineOrders",
            **more,
            "PYTHONTZPATH": str(self.core / "python" / "tzdata" / "zoneinfo"),
        }

    def run(self, function: str, program: str, *arguments: str, stdin: str = "") -> Any:
        """What a program, run with what a function has and no more, prints as JSON."""
        ended = subprocess.run(
            [sys.executable, "-S", "-c", program, *arguments],
            cwd=self.functions,
            env=self.environment(function),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)


@dataclass(frozen=True)
class Function:
    """A function in the emulator. It takes one event at a time."""

    url: str

    def invoke(self, event: Json) -> Json:
        request = Request(self.url, json.dumps(event).encode(), {"Content-Type": "application/json"})  # noqa: S310
        with urlopen(request, timeout=ANSWER_SECONDS) as response:  # noqa: S310 - http, on loopback
            answered: Json = json.load(response)
        return answered


def _emulator() -> Path:
    """The emulator that aws-sam-cli ships; it is a program for Linux."""
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    (found,) = (ROOT / ".venv-sam").glob(f"lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}")
    return found


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def emulated(artifact: Artifact, function: str, log: Path, variables: Mapping[str, str]) -> Iterator[Function]:
    """`log` takes what the function and the emulator print. `variables` are the function's own of the environment."""
    handler, address = FUNCTIONS[function]["Handler"], _free_address()
    addresses = ["--runtime-interface-emulator-address", address, "--runtime-api-address", _free_address()]
    with log.open("wb") as printed:
        process = subprocess.Popen(
            [_emulator(), *addresses, sys.executable, "-S", "-m", "awslambdaric", handler],
            cwd=artifact.functions,
            env=artifact.environment(function, AWS_LAMBDA_FUNCTION_NAME=function, **variables),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(address, process, log)
            yield Function(f"http://{address}/2015-03-31/functions/function/invocations")
        finally:
            process.terminate()
            process.wait(timeout=READY_SECONDS)


def _wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    host, _, port = address.partition(":")
    end = time.monotonic() + READY_SECONDS
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the emulator is not there: {log.read_text(errors='replace')}") from None
            time.sleep(0.02)
        else:
            return
