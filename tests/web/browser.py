"""Where the browser is."""

import os
import shutil
from pathlib import Path

# The one without windows first: the same engine, for a third less work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APPLICATIONS = (Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),)
MISSING = (
    "The tests of the screens were left out: they need Chromium (Debian: apt install chromium-headless-shell), or "
    "CHROMIUM in the environment to say where it is."
)


def browser_path() -> str | None:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    return found or next((str(path) for path in APPLICATIONS if path.exists()), None)
