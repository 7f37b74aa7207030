"""Instructions and CPU time of a cold and of a warm request, of this product and of what it is measured against."""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bench.sample import Sample
from bench.table import CannedTable
from tests.artifact.built import Artifact
from tests.certificates import certified
from tools import build_artifact
from tools.build_artifact import CA_BUNDLE, LAMBDA_PYTHON, ROOT, BuildError, Target

HERE = Path(__file__).parent
OTHERS_LOCK = ROOT / "requirements" / "bench.txt"
WARM_REQUESTS = 10
"""Under valgrind; what a warm request takes is the difference to a run without them."""
CPU_REQUESTS = 200
VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
TRIES = 5
VALGRIND_MISSING = "make bench needs valgrind (Debian: apt install valgrind)"


@dataclass(frozen=True)
class Candidate:
    """A way to do a job."""

    name: str
    job: str
    handler: str
    function: str | None = None
    """The product's function, by logical id; None for a handler of `bench/handlers`."""
    bytecode: bool = True
    """False: as `sam build` ships it, so that every cold start compiles what it imports."""
    others: bool = False
    """What the other ways are made of is on the search path of the product's function, too, after its own."""
    certificates: Literal["aws", "all"] = "aws"
    """By which AWS is trusted: those of its authorities, or all that the SDK brings along."""
    environment: Mapping[str, str] = field(default_factory=dict)


def bare(name: str, job: str, handler: str) -> Candidate:
    """Return the bare handler as it comes, with all of the SDK's certificates."""
    return Candidate(name, job, f"bare.{handler}", certificates="all")


CANDIDATES = (
    bare("bare boto3", "create", "create"),
    bare("bare boto3, two calls", "create", "create_as_asked"),
    Candidate("powertools by the book", "create", "by_the_book.handler", certificates="all"),
    Candidate(
        "powertools by the book, stock build", "create", "by_the_book.handler", bytecode=False, certificates="all"
    ),
    Candidate("ours", "create", "orders_api.handler", "OrdersApiFunction"),
    bare("bare boto3", "read", "read"),
    Candidate("ours", "read", "orders_api.handler", "OrdersApiFunction"),
    Candidate("ours", "page", "confirm_page.handler", "ConfirmPageFunction"),
)
WITH_FEWER_CERTIFICATES = Candidate("bare boto3 with the product's certificates", "create", "bare.create")
"""Which of ours is that alone; only told apart over TLS."""


class TooSlow(Exception):
    """This machine was: under valgrind, and beside other work, the clients waited longer than they do."""


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
    def __init__(
        self,
        sample: Sample,
        artifact: Artifact,
        others: Path,
        folder: Path,
        handlers: Path = HERE / "handlers",
        *,
        python: str = sys.executable,
        as_lambda: bool = False,
    ) -> None:
        """`others` has what the other ways are made of, `handlers` the files of `bench/handlers`.

        As Lambda runs it: its client of the runtime is imported first, AWS is asked by TLS, and the interpreter's end
        is not counted, for Lambda never comes to it.
        """
        self.sample = sample
        self.artifact = artifact
        self.others = others
        self.folder = folder
        self.handlers = handlers
        self.python = python
        self.as_lambda = as_lambda
        self.context, trusted = certified(folder)
        if as_lambda:
            shipped = {"aws": artifact.core / "python" / CA_BUNDLE, "all": others / "botocore" / "cacert.pem"}
            for name, bundle in shipped.items():
                self.bundle(name).write_text(bundle.read_text("utf-8") + trusted.read_text("utf-8"), "utf-8")
        for name, event in sample.events.items():
            (folder / f"{name}.json").write_text(json.dumps(event), encoding="utf-8")

    @property
    def version(self) -> str:
        """Return Python's version, to the last part."""
        program = [self.python, "-S", "-c", "import sys; print('{}.{}.{}'.format(*sys.version_info))"]
        return subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()

    def bundle(self, certificates: str) -> Path:
        """Return the file of those certificates, and of the one by which the bench answers."""
        return self.folder / f"{certificates}.pem"

    def environment(self, candidate: Candidate, address: str) -> dict[str, str]:
        variables = dict(self.sample.environment[candidate.function or "OrdersApiFunction"])
        environment = self.artifact.environment(candidate.function or "OrdersApiFunction", **variables)
        if candidate.others:
            environment["PYTHONPATH"] += os.pathsep + str(self.others)
        elif not candidate.function:
            path = [self.handlers, self.others, self.artifact.runtime]
            environment["PYTHONPATH"] = os.pathsep.join(map(str, path))
        environment |= {"AWS_ENDPOINT_URL": address, "PYTHONHASHSEED": "0", "AWS_LAMBDA_FUNCTION_NAME": "bench"}
        if self.as_lambda:
            environment |= {"AWS_CA_BUNDLE": str(self.bundle(candidate.certificates)), "AWS_SESSION_TOKEN": "testing"}
        environment |= candidate.environment
        if not candidate.bytecode:
            environment["PYTHONPYCACHEPREFIX"] = str(self.folder / "no-bytecode")
        return environment

    def run(
        self, candidate: Candidate, warm: int, *, counted: bool = False, within: Sequence[str] = ()
    ) -> tuple[Any, float, int]:
        """Return the process's output, million instructions if counted, and calls to AWS. `within` is the command to
        run it in.
        """
        program = [self.python, "-S", str(HERE / "process.py"), candidate.handler]
        program += [str(self.folder / f"{candidate.job}.json"), str(warm)]
        reading, writing = os.pipe()
        program += [str(writing), *(["lambda"] if self.as_lambda else []), *(["counted"] if counted else [])]
        if counted:
            program = [*VALGRIND, *program]
        program = [*within, *program]
        # What is printed goes to a file: to wake up who reads a pipe would count as the function's time.
        printed = self.folder / f"{candidate.job}-{threading.get_ident()}.log"
        canned = CannedTable(self.sample.items, self.sample.secret)
        with canned.served(self.context if self.as_lambda else None) as table, printed.open("w") as log:
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
            text = pipe.read()
        if ended.returncode or not text:
            raise RuntimeError(f"{candidate.name}, {candidate.job}: {ended.stderr[-2000:]}")
        reply = json.loads(text)
        reply["cold"] = reply.pop("first_ended") - begun
        if reply["statuses"] == [503] or table.given_up:
            raise TooSlow(f"{candidate.name}, {candidate.job}: the clients gave up a connection, or the request")
        if reply["statuses"] not in ([200], [201]):
            raise RuntimeError(
                f"{candidate.name}, {candidate.job} answered {reply['statuses']}: {printed.read_text('utf-8')[-2000:]}"
            )
        return reply, instructions(ended.stderr) if counted else 0.0, table.asked.total()

    def count(self, candidate: Candidate, warm_requests: int = WARM_REQUESTS) -> Measured:
        cold, first = self._counted(candidate, 0)
        if not candidate.bytecode:
            return Measured(candidate, cold, None, first)
        both, calls = self._counted(candidate, warm_requests)
        return Measured(candidate, cold, (both - cold) / warm_requests, (calls - first) // warm_requests)

    def _counted(self, candidate: Candidate, warm: int) -> tuple[float, int]:
        """Return million instructions, and calls to AWS; a retry in one run would count twice."""
        for _ in range(TRIES - 1):
            try:
                _, million, calls = self.run(candidate, warm, counted=True)
            except TooSlow as slow:
                print(f"again: {slow}", file=sys.stderr)
            else:
                return million, calls
        _, million, calls = self.run(candidate, warm, counted=True)
        return million, calls

    def time(self, measured: Sequence[Measured], rounds: int) -> None:
        """Measure in turns, so that the machine's other work affects all alike."""
        for _ in range(rounds):
            for one in measured:
                reply, _, _ = self.run(one.candidate, CPU_REQUESTS)
                one.milliseconds.append(statistics.median(reply["seconds"]) * 1000)


def instructions(text: str) -> float:
    """Return the millions of instructions in valgrind's output; raise ValueError where it counted none."""
    refs = re.search(r"I\s+refs:\s+([\d,]+)", text)
    if not refs:
        raise ValueError(f"valgrind counted nothing: {text[-2000:]}")
    return int(refs[1].replace(",", "")) / 1e6


class Run(NamedTuple):
    """Every candidate, on one Python."""

    python: str
    """Its version."""
    measured: Sequence[Measured]


def measure(bench: Bench, rounds: int) -> Run:
    """Measure all candidates; over TLS also the bare handler with fewer certificates."""
    candidates = [*CANDIDATES, WITH_FEWER_CERTIFICATES] if bench.as_lambda else CANDIDATES
    if not shutil.which("valgrind"):
        raise SystemExit(VALGRIND_MISSING)
    with ThreadPoolExecutor(2) as pool:
        measured = list(pool.map(bench.count, candidates))
    bench.time([one for one in measured if one.candidate.bytecode], rounds)
    return Run(bench.version, measured)


def lambda_python() -> str:
    """Return the version of Python that is nearest to Lambda's: that one, where this machine has it."""
    try:
        build_artifact.interpreter(Target.host(LAMBDA_PYTHON))
    except BuildError:
        return Target.host().python
    return LAMBDA_PYTHON


@contextmanager
def prepared(sample: Sample, *, as_lambda: bool) -> Iterator[Bench]:
    """As Lambda runs it, or on the Python of `.venv` from its start to its end, without TLS."""
    target = Target.host(lambda_python()) if as_lambda else Target.host()
    python = build_artifact.interpreter(target)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        artifact, others, handlers = Artifact.build(folder, target), folder / "others", folder / "handlers"
        build_artifact.install(OTHERS_LOCK, others, target)
        shutil.copytree(HERE / "handlers", handlers, ignore=shutil.ignore_patterns("__pycache__"))
        # Those that change a function of the product lie beside it, where a search for modules takes no longer.
        for changing in handlers.glob("with_*.py"):
            shutil.move(changing, artifact.functions)
        for code in (others, handlers, artifact.functions, artifact.runtime):
            build_artifact.compile_all(code, str(code), target)
        yield Bench(sample, artifact, others, folder, handlers, python=python, as_lambda=as_lambda)
