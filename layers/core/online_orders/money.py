"""Money: exact decimals with exactly the currency's minor digits."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from online_orders.iso import MINOR_DIGITS

LARGEST = Decimal(10) ** 12
"""No single price reaches this; sums of a whole quote stay far within the decimal context's 28 digits."""


def minor_digits(currency: str) -> int:
    """How many decimals amounts of an ISO 4217 currency have; KeyError when there is no such currency."""
    return MINOR_DIGITS[currency]


def fits(amount: Decimal, currency: str) -> bool:
    """Whether an amount can be written with the currency's minor digits without rounding."""
    _, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int):
        return False
    trailing_zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return not any(digits) or -exponent - trailing_zeros <= minor_digits(currency)


def exact(amount: Decimal, currency: str) -> Decimal:
    """The same amount with exactly the currency's minor digits."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), rounding=ROUND_HALF_UP)


def total(amounts: Iterable[Decimal], currency: str) -> Decimal:
    return exact(sum(amounts, Decimal(0)), currency)
