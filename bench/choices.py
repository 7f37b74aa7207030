"""What a choice costs or spares: our handler that places an order, with one thing done otherwise."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import botocore

from bench.speed import VALGRIND, Bench, Candidate, Measured, instructions
from tools.build_artifact import CA_BUNDLE

OURS = Candidate("ours", "create", "orders_api.handler", "OrdersApiFunction")
SDK_DATA = Path(botocore.__file__).parent / "data"
READ_CERTIFICATES = "import ssl; ssl.create_default_context().load_verify_locations({!r})"


class Choice(NamedTuple):
    """Ours and the other way, each with what it is called in the table."""

    ours: str
    otherwise: str
    candidate: Candidate


class Sized(NamedTuple):
    megabytes: int
    cold: float
    """Milliseconds from the start of the process to the end of the first request."""
    warm: float
    """Milliseconds of a request, the median."""
    slowest: float
    """Of 20 requests, one took longer than this."""


class Chosen(NamedTuple):
    """All that was measured of the choices."""

    ways: Sequence[tuple[Choice, Measured]]
    certificates: tuple[float, float]
    sizes: Sequence[Sized]


def _choices(folder: Path) -> list[Choice]:
    """`folder` takes the data of the SDK as they are published."""
    folder.mkdir(parents=True)
    for common in SDK_DATA.glob("*.json*"):
        shutil.copyfile(common, folder / common.name)
    for service in ("dynamodb", "secretsmanager"):
        shutil.copytree(SDK_DATA / service, folder / service)
    published = {"AWS_DATA_PATH": str(folder)}

    by_default = "boto3's as it comes, its models as published"

    def handler(name: str, **environment: str) -> Candidate:
        return replace(OURS, name=name, handler=f"{name}.handler", beside=True, environment=environment)

    return [
        Choice("the SDK's models trimmed", "as published", replace(OURS, environment=published)),
        Choice("clients tuned", by_default, handler("with_default_client", **published)),
        Choice("routes of our own", "powertools' resolver before them", handler("with_resolver")),
        Choice("the collector looks seldom", "as often as Python has it", handler("with_collector")),
        Choice("bytecode in the artifact", "none", replace(OURS, name="sources only", bytecode=False)),
    ]


def measure(bench: Bench) -> Chosen:
    every = _choices(bench.folder / "sdk")
    with ThreadPoolExecutor(2) as pool:
        ways = list(zip(every, pool.map(bench.count, (one.candidate for one in every)), strict=True))
    return Chosen(ways, _certificates(bench), _sizes(bench))


def _certificates(bench: Bench) -> tuple[float, float]:
    """Million instructions to read the certificates of AWS's authorities, and to read all that the SDK has."""
    environment = bench.environment(OURS, "https://127.0.0.1:1")
    bundles = (str(bench.artifact.core / "python" / CA_BUNDLE), str(SDK_DATA.parent / "cacert.pem"))
    programs = ["import ssl; ssl.create_default_context()", *(READ_CERTIFICATES.format(bundle) for bundle in bundles)]
    nothing, some, every = (_counted([sys.executable, "-S", "-c", program], environment) for program in programs)
    return some - nothing, every - nothing


def _counted(program: Sequence[str], environment: dict[str, str]) -> float:
    ended = subprocess.run([*VALGRIND, *program], env=environment, capture_output=True, text=True, check=True)
    return instructions(ended.stderr)


# -- memory -------------------------------------------------------------------------------------------------------

SIZES = (128, 256, 512, 1024, 1769)
"""MB. Lambda gives a whole core at the last, and of it a share of that size to each smaller one."""
WHOLE_CORE = 1769
PERIOD_MICROSECONDS = 20_000
WARM_REQUESTS = 60
GROUPS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))


def _sizes(bench: Bench) -> list[Sized]:
    """Wall time with the share of a core that Lambda gives to a size; nothing where this machine sets no shares."""
    parent = next((one for one in GROUPS if _takes_shares(one)), None)
    return [_sized(bench, parent, size) for size in SIZES] if parent else []


def _takes_shares(group: Path) -> bool:
    probe = group / "online-orders-bench"
    try:
        probe.mkdir()
    except OSError:
        return False
    try:
        return any((probe / name).exists() for name in ("cpu.max", "cpu.cfs_quota_us"))
    finally:
        probe.rmdir()


def _sized(bench: Bench, parent: Path, megabytes: int) -> Sized:
    group = parent / "online-orders-bench"
    quota = PERIOD_MICROSECONDS * megabytes // WHOLE_CORE
    group.mkdir()
    try:
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{quota} {PERIOD_MICROSECONDS}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_MICROSECONDS))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        within = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(group / "cgroup.procs")]
        said, _, _ = bench.run(OURS, WARM_REQUESTS, within=within)
    finally:
        group.rmdir()
    walls = sorted(1000 * wall for wall in said["walls"])
    return Sized(megabytes, 1000 * said["cold"], walls[len(walls) // 2], walls[len(walls) * 19 // 20])
