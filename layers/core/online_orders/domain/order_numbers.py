"""Make order numbers: short, to be read over the phone, and derived from the order's id.

An order of an earlier release has one, too. No two characters look alike, and there are no vowels, so that no number
is a word.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

_LETTERS = "CDFGHJKMNPQRTWXY"
ALPHABET = "34679" + _LETTERS
ORDER_NUMBER = f"^[{ALPHABET}]{{3}}-[{ALPHABET}]{{3}}-[{ALPHABET}]{{3}}$"
NUMBER_AS_WRITTEN = f"^(?:[{ALPHABET}{_LETTERS.lower()}][ -]*){{9}}$"
"""How a number may be written where an order is named."""
_LENGTH = 9
_CHARACTERS = f"[{ALPHABET}]{{{_LENGTH}}}"
_SEPARATORS = r"[\s\-\u2010-\u2015\u2212]+"


@lru_cache(maxsize=1)
def number_of(order_id: str) -> str:
    """Return the number of an order: nine characters in groups of three, such as K7M-439-QXR.

    The latest one is kept, since a new order is stored and shown with it.
    """
    rest = int.from_bytes(hashlib.sha256(order_id.encode()).digest()[:8], "big")
    characters = []
    for _ in range(_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        characters.append(ALPHABET[digit])
    return _grouped("".join(characters))


def parse_number(text: str) -> str | None:
    """Return the number that a person wrote, in any case, with or without blanks and hyphens; None for any other
    text.
    """
    characters = re.sub(_SEPARATORS, "", text).upper()
    return _grouped(characters) if re.fullmatch(_CHARACTERS, characters) else None


def _grouped(characters: str) -> str:
    return f"{characters[:3]}-{characters[3:6]}-{characters[6:]}"
