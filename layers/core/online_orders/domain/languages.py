"""The languages that accounts, mails, pages, papers and catalog have: one file of texts each, in `locales`.

A file is flat JSON, by key, with `{placeholders}`; what has no file is no language. CONTRIBUTING.md says what a further
one needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

FOLDER = Path(__file__).parents[1] / "locales"
FALLBACK = "en"
LOCALES = tuple(sorted((path.stem for path in FOLDER.glob("*.json")), key=lambda name: (name != FALLBACK, name)))

if TYPE_CHECKING:
    Locale = str
else:
    Locale = Literal[LOCALES]


@cache
def texts(locale: str) -> Mapping[str, str]:
    """Return the texts of one of LOCALES."""
    found: dict[str, str] = json.loads((FOLDER / f"{locale}.json").read_text(encoding="utf-8"))
    return found
