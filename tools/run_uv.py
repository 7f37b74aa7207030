"""Run uv with the package index that this machine has set up for pip.

    .uv/bin/python tools/run_uv.py pip install ...

uv reads none of pip's settings. What uv's own variables say goes before them. Needs pip and the standard library.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
}
"""By pip's setting, the variable by which uv takes it. Further indexes are left out: uv would ask them first, and
everything that is locked is on the first."""
SECTIONS = ("global", "install", ":env:")
"""Of pip's settings; a later section overrides an earlier one."""


def listing() -> str:
    """Return pip's settings, one a line."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    return subprocess.run(pip, capture_output=True, text=True, check=True).stdout


def variables(listing: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment, with pip's settings as uv's variables."""
    settings = dict(line.split("=", 1) for line in listing.splitlines())
    found = {
        variable: str(ast.literal_eval(settings[f"{section}.{name}"]))
        for section in SECTIONS
        for name, variable in VARIABLES.items()
        if f"{section}.{name}" in settings
    }
    return {**found, **environment}


def main() -> None:
    uv = Path(sys.executable).with_name("uv")
    os.execve(uv, [str(uv), *sys.argv[1:]], variables(listing(), os.environ))  # noqa: S606 - the arguments are words


if __name__ == "__main__":
    main()
