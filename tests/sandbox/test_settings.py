from pathlib import Path

import pytest

from sandbox import SandboxError
from sandbox.settings import Settings

PROJECT = Path("/project")


def test_without_an_environment_the_defaults_hold() -> None:
    assert Settings.of({}, PROJECT) == Settings(PROJECT, PROJECT / ".sandbox", port=8080, tick=None, undo=0)


def test_the_environment_says_otherwise() -> None:
    environment = {"PORT": "0", "SANDBOX_DIR": "/elsewhere", "ORDER_TICK_SECONDS": "5", "QUOTE_UNDO_SECONDS": "9"}
    assert Settings.of(environment, PROJECT) == Settings(PROJECT, Path("/elsewhere"), port=0, tick=5, undo=9)
    assert Settings.of({"CATALOG": "examples/catalog"}, PROJECT).catalog == Path("examples/catalog")
    assert Settings.of({"CATALOG": ""}, PROJECT).catalog is None


@pytest.mark.parametrize("port", ["http", "-1", "65536", "8080.0", "٣"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(SandboxError, match="PORT"):
        Settings.of({"PORT": port}, PROJECT)
