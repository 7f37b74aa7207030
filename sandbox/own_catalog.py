"""Read a vendor's own catalog and price lists, before anything is started (`make run CATALOG=examples/catalog`)."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import SandboxError

Json = dict[str, Any]


@dataclass(frozen=True)
class OwnCatalog:
    document: Json
    price_lists: list[Json]
    """Of each its `currency`, its `group` or None, and its `prices`."""


def read_own_catalog(project: Path, path: Path) -> OwnCatalog:
    """Return what a folder has, or the folder of a document; raise SandboxError with every fault.

    A process of its own reads it: the product must not be on the sandbox's search path.
    """
    parts = (project / "cli", project / "layers" / "core")
    read = subprocess.run(
        [sys.executable, "-m", "online_orders_cli.catalog_folder", path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, parts))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    try:
        found = json.loads(read.stdout)
    except ValueError as error:
        raise SandboxError(f"CATALOG: {path} could not be read") from error
    if faults := found.get("faults"):
        raise SandboxError("\n".join([f"CATALOG: {path} is not used, and nothing was started:", *faults]))
    return OwnCatalog(**found)
