"""Every test here is a proof that has a short form, for every run of the tests, and a long one, for `make prove`."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests import local_run
from tests.contract.live import Live

LONG = "PROVE"
"""Set in the environment: the long form."""


@pytest.fixture(scope="session")
def long() -> bool:
    return bool(os.environ.get(LONG))


@dataclass(frozen=True)
class Running:
    site: Live
    process: local_run.Process

    def resident_megabytes(self) -> int:
        """Of all its processes."""
        listed = subprocess.run(["ps", "-A", "-o", "pgid=,rss="], check=True, capture_output=True, text=True).stdout
        rows = [line.split() for line in listed.splitlines()]
        return sum(int(size) for group, size in rows if int(group) == self.process.pid) // 1024


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A local run of its own: what is proved here leaves it in no state for others."""
    folder = tmp_path_factory.mktemp("local") / "state"
    process = local_run.launch(folder)
    try:
        with Live.at(local_run.wait_until_ready(process, folder)) as site:
            yield Running(site, process)
    finally:
        process.terminate()
        process.wait(local_run.END_SECONDS)


@pytest.fixture(scope="session")
def live(running: Running) -> Live:
    return running.site
