"""Every test here is a proof that has a short form, for every run of the tests, and a long one, for `make prove`."""

import os
from collections.abc import Callable

import pytest

LONG = "PROVE"
"""Set in the environment: the long form."""
_said = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_said] = []


@pytest.fixture(scope="session")
def long() -> bool:
    return bool(os.environ.get(LONG))


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says a figure at the end of the run, where a reader of the log finds it."""
    said: list[str] = request.config.stash[_said]
    return said.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if said := config.stash[_said]:
        terminalreporter.section("what was proved")
        for line in said:
            terminalreporter.line(line)
