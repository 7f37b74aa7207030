import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.artifact.built import Artifact

# The emulator and the client of the runtime are programs for Linux.
collect_ignore = [] if sys.platform == "linux" else ["test_built_functions.py"]


@pytest.fixture(scope="session")
def artifact() -> Iterator[Artifact]:
    with tempfile.TemporaryDirectory(prefix="artifact-") as folder:
        yield Artifact.build(Path(folder))
