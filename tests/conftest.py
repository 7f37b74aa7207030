"""What every test may ask for."""

import gc
import os
from collections.abc import Callable, Generator, Iterator

import pytest
from hypothesis import Phase, settings

from tests.lab import Lab
from tests.web.browser import MISSING, browser_path

_PASSED = pytest.StashKey[bool]()
_PROVED = "proved"
SHARED = {"artifact", "browser", "live", "running"}
"""Fixtures that start something big once for all tests of a folder."""

QUICK = {"aws", "docs", "domain", "emulation", "functions", "http", "lab", "rendering", "template"}
"""Folders whose tests take milliseconds: to hand out each of them on its own would take as long."""

settings.register_profile(
    "mutants", max_examples=20, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate]
)
"""For tools.mutants: no mutant is to be noticed by luck."""


def pytest_configure() -> None:
    # Tests make objects by the million, and few that only the collector can free: it need not look often.
    gc.set_threshold(100_000, 50, 100)
    if os.environ.get("BROWSER_NEEDED") and not browser_path():
        raise pytest.UsageError(MISSING)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: tests of what runs outside of them wait for a quarter of their time."""
    requested = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(requested) if requested else (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares something big runs in one process, so that nothing big is started in each of several.

    So do quick tests of one file.
    """
    for item in items:
        names = item.fixturenames if isinstance(item, pytest.Function) else []
        if SHARED.intersection(names) or item.get_closest_marker("live"):
            item.add_marker(pytest.mark.xdist_group(item.path.parent.name))
        elif item.path.parent.name in QUICK:
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(item.config.rootpath))))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """At the end pytest has everything looked through for garbage ten times, for the sake of warnings: once will do."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says a figure at the end of the run, where a reader of the log finds it."""
    # Properties of a test come along with its result, from whichever process ran it.
    return lambda line: request.node.user_properties.append((_PROVED, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for kind in terminalreporter.stats.values() for one in kind if isinstance(one, pytest.TestReport)]
    text = [value for one in reports if one.when == "call" for name, value in one.user_properties if name == _PROVED]
    if text:
        terminalreporter.section("what was proved")
        for line in text:
            terminalreporter.line(str(line))
    if not browser_path():
        terminalreporter.write_line(MISSING, yellow=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The whole system, freshly deployed. A failed invocation that the test does not take fails it."""
    with Lab.started() as started:
        yield started
        if request.node.stash.get(_PASSED, False):
            assert not started.errors, f"functions failed: {started.errors}"
