"""Load the languages of accounts, mails, pages, PDFs and catalog (i18n): one file of texts each, in `locales`.

A file is flat JSON with `{placeholders}`. A language is supported if it has a file. CONTRIBUTING.md says how to add
one.
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
    """Return the texts of one of LOCALES, by key."""
    found: dict[str, str] = json.loads((FOLDER / f"{locale}.json").read_text(encoding="utf-8"))
    return found
