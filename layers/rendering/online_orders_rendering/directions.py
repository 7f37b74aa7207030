"""Tell in which direction a line of text runs, for papers that mix scripts."""

from __future__ import annotations

import unicodedata


def directed(text: str) -> dict[str, str | None]:
    """Return one line of text with its own direction."""
    return {"text": text, "direction": _direction(text)}


def _direction(text: str) -> str | None:
    """Return the direction of the first letter that has one (UAX #9, rules P2 and P3); None where none has."""
    first = next((kind for kind in map(unicodedata.bidirectional, text) if kind in {"L", "R", "AL"}), None)
    return first and ("ltr" if first == "L" else "rtl")
