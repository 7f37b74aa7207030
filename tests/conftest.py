"""What every test may ask for."""

from collections.abc import Generator, Iterator

import pytest

from tests.lab import Lab

_PASSED = pytest.StashKey[bool]()


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
