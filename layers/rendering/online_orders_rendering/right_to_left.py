"""Hebrew and Arabic for a setter of type that only goes from left to right and joins no letters.

`joined` gives Arabic letters the shapes that they have beside their neighbors; `in_visual_order` is the Unicode
Bidirectional Algorithm (UAX #9) for one line that has no embeddings, overrides or isolates.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Literal, NamedTuple

Direction = Literal["L", "R"]

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_MIRRORED = {**_BRACKETS, "<": ">", "\u00ab": "\u00bb", "\u2039": "\u203a"}
_MIRRORED |= {after: before for before, after in _MIRRORED.items()}
_LEVELS = {"L": {"L": 0, "R": 1, "EN": 2, "AN": 2}, "R": {"L": 2, "R": 1, "EN": 2, "AN": 2}}


class Shapes(NamedTuple):
    """The presentation forms of a letter; a letter without an initial form does not join the one after it."""

    isolated: str
    final: str
    initial: str | None
    medial: str | None


def has_right_to_left(text: str) -> bool:
    return _RIGHT_TO_LEFT.search(text) is not None


def direction_of(text: str) -> Direction:
    """The direction of the first letter that has one (rules P2 and P3)."""
    first = next((kind for kind in map(unicodedata.bidirectional, text) if kind in {"L", "R", "AL"}), "L")
    return "L" if first == "L" else "R"


@cache
def _forms() -> tuple[dict[str, Shapes], dict[str, Shapes]]:
    """The shapes of each letter, and of each pair that is written as one, read off the Unicode Character Database."""
    found: dict[str, dict[str, str]] = {}
    for shape in map(chr, (*range(0xFB50, 0xFDFF), *range(0xFE70, 0xFEFD))):
        form, *letters = unicodedata.decomposition(shape).split()[:3] or [""]
        plain = "".join(chr(int(letter, 16)) for letter in letters)
        if len(plain) == 1 or (len(plain) == 2 and plain[0] == "\u0644" and plain[1] in "\u0622\u0623\u0625\u0627"):  # noqa: PLR2004
            found.setdefault(plain, {}).setdefault(form.strip("<>"), shape)
    shapes = {
        plain: Shapes(forms["isolated"], forms["final"], forms.get("initial"), forms.get("medial"))
        for plain, forms in found.items()
        if {"isolated", "final"} <= forms.keys()
    }
    return (
        {plain: each for plain, each in shapes.items() if len(plain) == 1},
        {plain: each for plain, each in shapes.items() if len(plain) > 1},
    )


def _written(text: str) -> Iterator[tuple[str, Shapes | None]]:
    """Letters, or pairs that are written as one, with their shapes."""
    letters, pairs = _forms()
    place = 0
    while place < len(text):
        pair = text[place : place + 2]
        plain = pair if pair in pairs else text[place]
        yield plain, pairs.get(plain) or letters.get(plain)
        place += len(plain)


def joined(text: str) -> str:
    """Arabic letters as presentation forms, in the order in which they are read."""
    written = list(_written(text))
    joining = [place for place, (plain, _) in enumerate(written) if not unicodedata.combining(plain[0])]
    shaped = [plain for plain, _ in written]
    for before, place, after in zip([None, *joining], joining, [*joining[1:], None], strict=False):
        shapes = written[place][1]
        if shapes is None:
            continue
        previous = written[before][1] if before is not None else None
        follows = written[after][1] if after is not None else None
        joins_back = previous is not None and previous.initial is not None
        joins_on = follows is not None and shapes.initial is not None
        if joins_back:
            shaped[place] = (shapes.medial if joins_on else None) or shapes.final
        else:
            shaped[place] = (shapes.initial if joins_on else None) or shapes.isolated
    return "".join(shaped)


def in_visual_order(line: str, base: Direction) -> str:
    """The characters of a line from left to right, brackets turned, and marks where fonts draw them."""
    letters = clusters(line)
    kinds = _separators(_strong([unicodedata.bidirectional(letter[0]) for letter in letters], base), base)
    kinds = _neutrals(_bracketed(kinds, letters, base), base)
    levels = [_LEVELS[base][kind] for kind in kinds]
    for place in range(len(letters) - 1, -1, -1):
        if not letters[place].isspace():
            break
        levels[place] = _LEVELS[base][base]
    cells = [
        (letter[:0:-1] + _MIRRORED.get(letter[0], letter[0]) if level % 2 else letter, level)
        for letter, level in zip(letters, levels, strict=True)
    ]
    for level in range(max(levels, default=0), 0, -1):
        cells = _turned(cells, level)
    return "".join(letter for letter, _ in cells)


def clusters(text: str) -> list[str]:
    """Each letter with the combining marks after it."""
    found: list[str] = []
    for character in text:
        if found and unicodedata.combining(character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _turned(cells: list[tuple[str, int]], level: int) -> list[tuple[str, int]]:
    """Rule L2 for one level."""
    runs = [(high, list(run)) for high, run in groupby(cells, key=lambda cell: cell[1] >= level)]
    return [cell for high, run in runs for cell in (reversed(run) if high else run)]


def _strong(kinds: list[str], base: Direction) -> list[str]:
    """Rules W1 to W3: numbers after Arabic letters are Arabic numbers, and a mark without a letter is of the line's."""
    resolved: list[str] = []
    strong: str = base
    for kind in kinds:
        if kind in {"L", "R", "AL"}:
            strong = kind
        if kind == "NSM":
            resolved.append(base)
        elif kind == "EN" and strong == "AL":
            resolved.append("AN")
        else:
            resolved.append("R" if kind == "AL" else kind)
    return resolved


def _separators(kinds: list[str], base: Direction) -> list[str]:
    """Rules W4 to W7: what stands within a number, or is a currency or percent sign beside one, goes with it."""
    resolved = list(kinds)
    for place in range(1, len(kinds) - 1):
        before, kind, after = resolved[place - 1], kinds[place], kinds[place + 1]
        within = {"CS": {"EN", "AN"}, "ES": {"EN"}}.get(kind, set())
        if before == after and before in within:
            resolved[place] = before
    for order in (range(len(resolved)), range(len(resolved) - 1, -1, -1)):
        beside = ""
        for place in order:
            if resolved[place] == "ET" and beside == "EN":
                resolved[place] = "EN"
            beside = resolved[place]
    strong: str = base
    for place, kind in enumerate(resolved):
        if kind in {"L", "R"}:
            strong = kind
        elif kind == "EN" and strong == "L":
            resolved[place] = "L"
    return ["ON" if kind in {"ES", "ET", "CS", "BN", "S", "B", "WS"} else kind for kind in resolved]


def _bracketed(kinds: list[str], letters: list[str], base: Direction) -> list[str]:
    """Rule N0: a pair of brackets goes with what it holds, or with what stands before it."""
    resolved = list(kinds)
    for opening, closing in _pairs(kinds, letters):
        held = {_side(kind) for kind in resolved[opening + 1 : closing] if kind != "ON"}
        before = next((_side(kind) for kind in reversed(resolved[:opening]) if kind != "ON"), base)
        if base in held:
            resolved[opening] = resolved[closing] = base
        elif held:
            resolved[opening] = resolved[closing] = before
    return resolved


def _pairs(kinds: list[str], letters: list[str]) -> list[tuple[int, int]]:
    """The places of brackets that belong together, by the opening one."""
    opened: list[int] = []
    found: list[tuple[int, int]] = []
    for place, letter in enumerate(letters):
        if kinds[place] != "ON":
            continue
        if letter[0] in _BRACKETS:
            opened.append(place)
        for depth in range(len(opened) - 1, -1, -1):
            if _BRACKETS[letters[opened[depth]][0]] == letter[0]:
                found.append((opened[depth], place))
                del opened[depth:]
                break
    return sorted(found)


def _neutrals(kinds: list[str], base: Direction) -> list[str]:
    """Rules N1 and N2: between two of one direction a neutral is of that direction, else of the line's."""
    resolved: list[str] = []
    runs = [(kind, len(list(run))) for kind, run in groupby(kinds)]
    for number, (kind, length) in enumerate(runs):
        if kind != "ON":
            resolved += [kind] * length
            continue
        before = _side(runs[number - 1][0]) if number else base
        after = _side(runs[number + 1][0]) if number + 1 < len(runs) else base
        resolved += [before if before == after else base] * length
    return resolved


def _side(kind: str) -> str:
    return "L" if kind == "L" else "R"
