"""Codes of ISO 3166-1 (countries) and ISO 4217 (currencies in use, with their minor digits).

`tools/iso_codes.py` writes the lists.
"""

from __future__ import annotations

import json
from pathlib import Path

_LISTS = Path(__file__).parents[1] / "generated"

COUNTRIES: frozenset[str] = frozenset(json.loads((_LISTS / "countries.json").read_bytes()))
MINOR_DIGITS: dict[str, int] = json.loads((_LISTS / "currencies.json").read_bytes())
