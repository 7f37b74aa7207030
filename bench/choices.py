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
from tools.build_artifact import trim_sdk

OURS = Candidate("ours", "create", "orders_api.handler", "OrdersApiFunction")
SDK_DATA = Path(botocore.__file__).parent / "data"
CERTIFICATES = "from online_orders.aws import json_services; json_services._trust(json_services._bundles()[{}])"


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
    """`folder` takes the data of the SDK that the ways with a client need and ours does not ship."""
    trimmed, whole = folder / "trimmed", folder / "whole"
    for data in (trimmed, whole):
        data.mkdir(parents=True)
        for common in SDK_DATA.glob("*.json*"):
            shutil.copyfile(common, data / common.name)
        shutil.copytree(SDK_DATA / "dynamodb", data / "dynamodb")
    trim_sdk(trimmed, {"dynamodb"}, {"batch_get_item", "transact_write_items"})

    def handler(name: str, data: Path | None = None) -> Candidate:
        environment = {"AWS_DATA_PATH": str(data)} if data else {}
        return replace(OURS, name=name, handler=f"{name}.handler", beside=True, environment=environment)

    return [
        Choice("calls without a client", "the SDK's client, trimmed and tuned", handler("with_client", trimmed)),
        Choice("calls without a client", "the same, its data as published", handler("with_client", whole)),
        Choice("calls without a client", "boto3's client as it comes", handler("with_default_client", whole)),
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
    programs = [
        "from online_orders.aws import json_services",
        CERTIFICATES.format(0),
        CERTIFICATES.format(1),
    ]
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
