"""Make order ids: ULIDs, which sort by the time of placing, so that a day is a range of ids."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, date, datetime, timedelta, tzinfo

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ORDER_ID = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
_SHAPE = re.compile(ORDER_ID)
_RANDOM_BITS = 80
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _base32(number: int, length: int) -> str:
    return "".join([_ALPHABET[number >> shift & 31] for shift in range(5 * (length - 1), -1, -5)])


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def new_order_id(at: datetime) -> str:
    """Return a new id: 48 bits of milliseconds and 80 random ones, as 26 characters of Crockford's base 32."""
    return _base32(_milliseconds(at), 10) + _base32(secrets.randbits(_RANDOM_BITS), 16)


def is_order_id(text: str) -> bool:
    return _SHAPE.fullmatch(text) is not None


def placed_at(order_id: str) -> datetime:
    """Return when an order with this id was placed, to the millisecond."""
    milliseconds = 0
    for character in order_id[:10]:
        milliseconds = milliseconds << 5 | _ALPHABET.index(character)
    return _EPOCH + timedelta(milliseconds=milliseconds)


def first_id_of(day: date, zone: tzinfo = UTC) -> str:
    """Return a string that sorts before every id of a zone's day and after every earlier one."""
    return _base32(max(0, _milliseconds(datetime(day.year, day.month, day.day, tzinfo=zone))), 10)
