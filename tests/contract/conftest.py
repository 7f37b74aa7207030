"""The same product twice: in this process, and as the local run, started once for all tests. Both ask the roles."""

from collections.abc import Iterator

import pytest

from tests import local_run
from tests.contract.in_process import InProcess
from tests.contract.live import Live
from tests.contract.site import Site


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "live: needs the local run, which the first such test starts")


@pytest.fixture
def in_process() -> Iterator[InProcess]:
    """Fresh for every test: that is faster than to let all settle what each has begun."""
    with InProcess.started() as site:
        yield site
        assert not site.lab.errors, f"functions failed: {site.lab.errors}"


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    """Its engine asks the role of each function before each of its calls; none was to be refused."""
    with local_run.start(SANDBOX_IAM="1") as description, Live.at(description) as site:
        yield site
        refused = [line for line in site.logs().splitlines() if "AccessDenied" in line]
        assert refused == []


@pytest.fixture(params=["in_process", pytest.param("live", marks=pytest.mark.live)])
def site(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(request.param)
    return found
