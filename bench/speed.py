"""Instructions and CPU time of a cold and of a warm request, of this product and of what it is measured against."""

import compileall
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.sample import Sample
from bench.table import CannedTable
from tests.artifact.built import Artifact

HERE = Path(__file__).parent
WARM_REQUESTS = 10
"""Under valgrind; what a warm request takes is the difference to a run without them."""
CPU_REQUESTS = 200
VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
VALGRIND_MISSING = "make bench needs valgrind (Debian: apt install valgrind)"


@dataclass(frozen=True)
class Candidate:
    """A way to do a job. `search_path` None: what is installed in .venv, beside the handlers here."""

    name: str
    job: str
    handler: str
    function: str | None = None
    """The product's function, by logical id; None for a handler of `bench/handlers`."""
    bytecode: bool = True
    """False: as `sam build` ships it, so that every cold start compiles what it imports."""
    beside: bool = False
    """The handler is one of `bench/handlers`, beside the product's function, which it changes."""
    environment: Mapping[str, str] = field(default_factory=dict)


CANDIDATES = (
    Candidate("bare boto3", "create", "bare.create"),
    Candidate("bare boto3, two calls", "create", "bare.create_as_asked"),
    Candidate("powertools by the book", "create", "by_the_book.handler"),
    Candidate("powertools by the book, stock build", "create", "by_the_book.handler", bytecode=False),
    Candidate("ours", "create", "orders_api.handler", "OrdersApiFunction"),
    Candidate("bare boto3", "read", "bare.read"),
    Candidate("ours", "read", "orders_api.handler", "OrdersApiFunction"),
    Candidate("ours", "page", "confirm_page.handler", "ConfirmPageFunction"),
)


@dataclass
class Measured:
    candidate: Candidate
    cold: float
    """Million instructions of the start of the interpreter, the import and the first request."""
    warm: float | None
    """Million instructions of one more request; None for a stock build, which is slow only once."""
    calls: int
    """To AWS, of one request."""
    milliseconds: list[float] = field(default_factory=list)
    """CPU time of a warm request: the median of each round."""

    @property
    def cpu(self) -> float:
        return statistics.median(self.milliseconds)


class Bench:
    def __init__(self, sample: Sample, artifact: Artifact, folder: Path) -> None:
        self.sample = sample
        self.artifact = artifact
        self.folder = folder
        for name, event in sample.events.items():
            (folder / f"{name}.json").write_text(json.dumps(event), encoding="utf-8")

    def environment(self, candidate: Candidate, address: str) -> dict[str, str]:
        if candidate.function:
            variables = dict(self.sample.environment[candidate.function])
            environment = self.artifact.environment(candidate.function, **variables)
            if candidate.beside:
                path = [environment["PYTHONPATH"], str(HERE / "handlers"), sysconfig.get_path("purelib")]
                environment["PYTHONPATH"] = os.pathsep.join(path)
        else:
            path = [str(HERE / "handlers"), sysconfig.get_path("purelib")]
            environment = {
                **self.artifact.environment("OrdersApiFunction"),
                "PYTHONPATH": os.pathsep.join(path),
                "TABLE_NAME": self.sample.environment["OrdersApiFunction"]["TABLE_NAME"],
            }
        environment |= {"AWS_ENDPOINT_URL": address, "PYTHONHASHSEED": "0", "AWS_LAMBDA_FUNCTION_NAME": "bench"}
        environment |= candidate.environment
        if not candidate.bytecode:
            environment["PYTHONPYCACHEPREFIX"] = str(self.folder / "no-bytecode")
        return environment

    def run(
        self, candidate: Candidate, warm: int, *, counted: bool = False, within: Sequence[str] = ()
    ) -> tuple[Any, float, int]:
        """What the process said, million instructions if counted, and calls to AWS. `within` is run to run it."""
        program = [sys.executable, "-S", str(HERE / "process.py"), candidate.handler]
        program += [str(self.folder / f"{candidate.job}.json"), str(warm)]
        reading, writing = os.pipe()
        program.append(str(writing))
        if counted:
            program = [*VALGRIND, *program]
        program = [*within, *program]
        # What is printed goes to a file: to wake up who reads a pipe would count as the function's time.
        printed = self.folder / f"{candidate.job}-{threading.get_ident()}.log"
        with CannedTable(self.sample.items, self.sample.secret).served() as table, printed.open("w") as log:
            begun = time.monotonic()
            ended = subprocess.run(
                program,
                env=self.environment(candidate, table.address),
                pass_fds=[writing],
                stdout=log,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        if ended.returncode or not said:
            raise RuntimeError(f"{candidate.name}, {candidate.job}: {ended.stderr[-2000:]}")
        answer = json.loads(said)
        answer["cold"] = answer.pop("first_ended") - begun
        if answer["statuses"] not in ([200], [201]):
            raise RuntimeError(
                f"{candidate.name}, {candidate.job} answered {answer['statuses']}: {printed.read_text('utf-8')[-2000:]}"
            )
        return answer, instructions(ended.stderr) if counted else 0.0, table.asked.total()

    def count(self, candidate: Candidate, warm_requests: int = WARM_REQUESTS) -> Measured:
        _, cold, first = self.run(candidate, 0, counted=True)
        if not candidate.bytecode:
            return Measured(candidate, cold, None, first)
        _, both, calls = self.run(candidate, warm_requests, counted=True)
        return Measured(candidate, cold, (both - cold) / warm_requests, (calls - first) // warm_requests)

    def time(self, measured: Sequence[Measured], rounds: int) -> None:
        """In turns, so that whatever else the machine does hits all alike."""
        for _ in range(rounds):
            for one in measured:
                answer, _, _ = self.run(one.candidate, CPU_REQUESTS)
                one.milliseconds.append(statistics.median(answer["seconds"]) * 1000)


def instructions(said: str) -> float:
    """In millions, of what valgrind said; ValueError where it counted none."""
    refs = re.search(r"I\s+refs:\s+([\d,]+)", said)
    if not refs:
        raise ValueError(f"valgrind counted nothing: {said[-2000:]}")
    return int(refs[1].replace(",", "")) / 1e6


def measure(bench: Bench, candidates: Sequence[Candidate] = CANDIDATES, rounds: int = 5) -> list[Measured]:
    if not shutil.which("valgrind"):
        raise SystemExit(VALGRIND_MISSING)
    with ThreadPoolExecutor(2) as pool:
        measured = list(pool.map(bench.count, candidates))
    bench.time([one for one in measured if one.candidate.bytecode], rounds)
    return measured


@contextmanager
def prepared(sample: Sample) -> Iterator[Bench]:
    # The baselines' packages; uv installs none with bytecode, and a function's environment lets none be written.
    if not compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2, workers=0):
        raise RuntimeError("what is installed in .venv could not be compiled")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        artifact = Artifact.build(Path(folder))
        yield Bench(sample, artifact, Path(folder))


def ratios(measured: Sequence[Measured]) -> Mapping[tuple[str, str], Measured]:
    return {(one.candidate.name, one.candidate.job): one for one in measured}
