"""Compute with money: exact decimals with exactly the currency's minor digits."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from online_orders.domain.iso import MINOR_DIGITS

MAX_AMOUNT = Decimal(10) ** 12
"""Every single price is smaller; sums of a whole quote stay far within the decimal context's 28 digits."""


def minor_digits(currency: str) -> int:
    """Return how many decimals amounts of an ISO 4217 currency have; raise KeyError for an unknown currency."""
    return MINOR_DIGITS[currency]


def fits(amount: Decimal, currency: str) -> bool:
    """Return whether an amount has no more decimals than the currency."""
    exponent = amount.as_tuple().exponent
    return isinstance(exponent, int) and -exponent <= minor_digits(currency)


def quantize(amount: Decimal, currency: str) -> Decimal:
    """Return the same amount with exactly the currency's minor digits, and never minus zero."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), rounding=ROUND_HALF_UP) + 0


def total(amounts: Iterable[Decimal], currency: str) -> Decimal:
    return quantize(sum(amounts, Decimal(0)), currency)
