from collections.abc import Iterator

import pytest

from tests.cli.terminal import Terminal
from tests.contract.in_process import InProcess


@pytest.fixture
def seeded() -> Iterator[InProcess]:
    with InProcess.started() as site:
        yield site
        assert not site.lab.errors, f"functions failed: {site.lab.errors}"


@pytest.fixture
def terminal(seeded: InProcess) -> Terminal:
    return Terminal.of_lab(seeded)
