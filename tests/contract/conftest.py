"""The same product twice: in this process, and as the local run, started once for all tests. Both ask the roles."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests import local_run
from tests.contract.in_process import InProcess
from tests.contract.live import Live
from tests.contract.site import Json, Site
from tests.example_catalog import example

SITES = ["in_process", pytest.param("live", marks=pytest.mark.live)]
EXAMPLE = "example_catalog"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "live: needs the local run, which the first such test starts")
    config.addinivalue_line("markers", "each_catalog: is about orders of whatever is sold, so also of another vendor's")


@pytest.hookimpl(tryfirst=True)  # pytest looks for the marker in its own
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("each_catalog"):
        is_site = "in_process" not in metafunc.fixturenames
        name, where = ("site", SITES) if is_site else ("in_process", SITES[:1])
        metafunc.definition.add_marker(pytest.mark.parametrize(name, [*where, EXAMPLE], indirect=True))


@contextmanager
def _started(document: Json | None) -> Iterator[InProcess]:
    with InProcess.started(document) as site:
        yield site
        assert not site.lab.errors, f"functions failed: {site.lab.errors}"


@pytest.fixture
def in_process(request: pytest.FixtureRequest) -> Iterator[InProcess]:
    """Fresh for every test: that is faster than to let all settle what each has begun."""
    has_example = getattr(request, "param", None) == EXAMPLE
    with _started(example().document if has_example else None) as site:
        yield site


@pytest.fixture
def example_catalog() -> Iterator[InProcess]:
    """The same with another vendor's catalog."""
    with _started(example().document) as site:
        yield site


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    """Its engine asks the role of each function before each of its calls; none was to be refused."""
    with local_run.start(SANDBOX_IAM="1") as description, Live.at(description) as site:
        yield site
        refused = [line for line in site.logs().splitlines() if "AccessDenied" in line]
        assert refused == []


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(request.param)
    return found
