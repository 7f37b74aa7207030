"""What the template tells a function."""

from __future__ import annotations

import os


def environment(name: str) -> str:
    """A variable that the template sets; KeyError when it does not: there is no silent default."""
    return os.environ[name]
