"""Write the bill of materials of each layer, CycloneDX 1.6: every locked package with its version and hashes.

    .venv-checks/bin/python tools/sbom.py FOLDER

`make build` calls it. The build installs exactly what is locked, by hash, so what is locked is what is shipped.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("core", "rendering")
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)

Bill = dict[str, Any]


class BillError(Exception):
    """The bill and the lock differ."""


def lock_of(layer: str) -> Path:
    return ROOT / "layers" / layer / "requirements.txt"


def check(bill: Bill, lock: str) -> None:
    """Raise BillError unless the bill lists exactly what is locked, each with a hash."""
    listed = {(one["name"], one["version"]) for one in bill["components"]}
    locked = set(_PINNED.findall(lock))
    if listed != locked:
        raise BillError(f"the bill and the lock differ in {sorted(listed ^ locked)}")
    for one in bill["components"]:
        if not any(reference.get("hashes") for reference in one.get("externalReferences", [])):
            raise BillError(f"the bill has no hash of {one['name']}")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    program = Path(sys.executable).with_name("cyclonedx-py")
    for layer in LAYERS:
        written = folder / f"{layer}.cdx.json"
        options = ["--output-reproducible", "--schema-version", "1.6", "--outfile", str(written)]
        subprocess.run([str(program), "requirements", str(lock_of(layer)), *options], check=True)
        check(json.loads(written.read_bytes()), lock_of(layer).read_text("utf-8"))
        print(written)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
