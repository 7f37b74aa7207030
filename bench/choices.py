"""What a choice costs or saves: our handler that places an order, with one thing done differently."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.speed import CANDIDATES, Bench, Candidate, Measured

OURS = Candidate("ours", "create", "orders_api.handler", "OrdersApiFunction")
BARE = CANDIDATES[0]


class Choice(NamedTuple):
    """Our way and an alternative, each with its label in the table."""

    ours: str
    otherwise: str
    candidate: Candidate


class Sized(NamedTuple):
    megabytes: int
    cold: float
    """Milliseconds from the start of the process to the end of the first request, the median."""
    warm: float
    """Milliseconds of a request, the median."""
    slowest: float
    """Of 20 requests, one took longer than this."""


class Chosen(NamedTuple):
    """All that was measured of the choices."""

    ways: Sequence[tuple[Choice, Measured]]
    sizes: Sequence[Sized]
    """Ours."""
    bare: Sized | None
    """Bare boto3, at the size of before."""


def _choices(bench: Bench) -> list[Choice]:
    published, folder = bench.others / "botocore" / "data", bench.folder / "sdk"
    folder.mkdir()
    for common in published.glob("*.json*"):
        shutil.copyfile(common, folder / common.name)
    for service in ("dynamodb", "secretsmanager"):
        shutil.copytree(published / service, folder / service)
    models = {"AWS_DATA_PATH": str(folder)}
    by_default = "boto3's default client, models as published"

    default = replace(OURS, handler="with_default_client.handler", others=True, environment=models)
    return [
        Choice("trimmed models of the SDK", "models as published", replace(OURS, environment=models)),
        Choice("tuned clients", by_default, default),
        Choice(
            "only certificates of Amazon's authorities",
            "all certificates of the SDK",
            replace(OURS, certificates="all"),
        ),
        Choice(
            "garbage collection disabled during imports, then frozen",
            "default garbage collection",
            replace(OURS, handler="with_collector.handler"),
        ),
        Choice("bytecode in the artifact", "only sources", replace(OURS, name="sources only", bytecode=False)),
    ]


def measure(bench: Bench) -> Chosen:
    every = _choices(bench)
    with ThreadPoolExecutor(2) as pool:
        ways = list(zip(every, pool.map(bench.count, (one.candidate for one in every)), strict=True))
    parent = next((one for one in GROUPS if _takes_shares(one)), None)
    if parent is None:
        return Chosen(ways, (), None)
    return Chosen(ways, [_sized(bench, OURS, parent, size) for size in SIZES], _sized(bench, BARE, parent, SIZE_BEFORE))


# -- memory -------------------------------------------------------------------------------------------------------

SIZES = (128, 256, 512, 1024, 1769)
"""MB. The last gets a whole core from Lambda, the others a share of it that is proportional to their size."""
WHOLE_CORE = 1769
SIZE_BEFORE = 512
"""Until 2026-11-28."""
PERIOD_MICROSECONDS = 20_000
STARTS, WARM_REQUESTS = 5, 60
GROUPS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))


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


def _sized(bench: Bench, candidate: Candidate, parent: Path, megabytes: int) -> Sized:
    """Return wall times with the share of a core that Lambda gives to a size, before other processes get theirs."""
    group = parent / "online-orders-bench"
    quota = PERIOD_MICROSECONDS * megabytes // WHOLE_CORE
    group.mkdir()
    try:
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{quota} {PERIOD_MICROSECONDS}")
            (group / "cpu.weight").write_text("10000")
        else:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_MICROSECONDS))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
            (group / "cpu.shares").write_text("262144")
        within = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(group / "cgroup.procs")]
        runs = [bench.run(candidate, WARM_REQUESTS, within=within)[0] for _ in range(STARTS)]
    finally:
        group.rmdir()
    walls = sorted(1000 * wall for result in runs for wall in result["walls"])
    cold = median(1000 * result["cold"] for result in runs)
    return Sized(megabytes, cold, median(walls), walls[len(walls) * 19 // 20])
