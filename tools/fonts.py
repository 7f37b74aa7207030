"""List which characters the fonts of the PDFs have, for `fonts/characters.json`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from fontTools.ttLib import TTFont

FONTS = Path(__file__).resolve().parent.parent / "layers" / "rendering" / "online_orders_rendering" / "fonts"
FAMILIES = (
    "Noto Sans",
    "Noto Sans Hebrew",
    "Noto Sans Arabic",
    "Noto Sans Thai",
    "Noto Sans Devanagari",
    "Noto Sans Armenian",
    "Noto Sans Georgian",
    "NanumSquare",
    "Droid Sans Fallback",
    "Noto Sans Math",
    "Noto Sans Symbols2",
    "Noto Emoji",
)
"""In the order of `paper.typ`."""
COVERS = {"NanumSquare": re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")}
"""The characters of a family that are used, as in `paper.typ`."""


def characters() -> dict[str, list[str]]:
    """Return the characters of each family, as ranges for the brackets of a regular expression."""
    found: dict[str, set[int]] = {}
    for path in sorted(FONTS.glob("*.ttf")):
        with TTFont(path) as font:
            family = font["name"].getDebugName(1)
            numbers = set(font.getBestCmap())
        if covers := COVERS.get(family):
            numbers = {number for number in numbers if covers.match(chr(number))}
        # A family has only the characters that all its weights have.
        found[family] = found.get(family, numbers) & numbers
    if found.keys() != set(FAMILIES):
        raise ValueError(f"no order is known for {found.keys() ^ set(FAMILIES)}")
    return {name: [f"\\U{first:08x}-\\U{last:08x}" for first, last in _ranges(found[name])] for name in FAMILIES}


def _ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    for _, run in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        yield members[0], members[-1]
