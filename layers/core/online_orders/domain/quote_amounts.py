"""What a quote comes to: periods, discounts, options and taxes, computed exactly in minor units of its currency.

An amount is rounded once, half up, where this module says so; nothing is rounded in between.
"""

import calendar
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import NamedTuple

from online_orders.domain import money
from online_orders.domain.quote_parts import Accepted, Discount, Proration, TaxAmount
from online_orders.domain.quotes import Quote, QuoteLine, Recurrence, Totals
from online_orders.domain.taxes import Tax, Treatment

_MONTHS_OF_YEAR = 12


class UnknownOptionError(ValueError):
    """A line was chosen that the quote does not have, or that is not optional."""


class OptionsExcludeError(ValueError):
    """Two lines of one group were chosen."""


# -- periods ------------------------------------------------------------------------------------------------------


def months_after(day: date, months: int) -> date:
    """Return the same day of a later month, or the last one of a month that does not have it."""
    year, month = divmod(day.year * _MONTHS_OF_YEAR + day.month - 1 + months, _MONTHS_OF_YEAR)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def last_day(starts_on: date, months: int) -> date:
    """Return the last day of a term of so many months."""
    return months_after(starts_on, months) - timedelta(days=1)


def proration_of(starts_on: date, ends_on: date) -> Proration:
    """Return how long it is from a day through another: the months are counted from the first day on."""
    beyond = ends_on + timedelta(days=1)
    months = (beyond.year - starts_on.year) * _MONTHS_OF_YEAR + beyond.month - starts_on.month
    if months_after(starts_on, months) > beyond:
        months -= 1
    begun = months_after(starts_on, months)
    month_length = months_after(starts_on, months + 1) - begun
    return Proration(months=months, days=(beyond - begun).days, days_in_month=month_length.days)


def periods(proration: Proration | None, recurrence: Recurrence) -> Fraction:
    """Return how many unit prices are due for one: 1, but for a line that is charged for a part of its period."""
    if proration is None:
        return Fraction(1)
    months = proration.months + Fraction(proration.days, proration.days_in_month)
    return months / _MONTHS_OF_YEAR if recurrence is Recurrence.YEARLY else months


# -- lines --------------------------------------------------------------------------------------------------------


def list_amount(unit_price: Decimal, quantity: int, of_periods: Fraction, currency: str) -> Decimal:
    """Return what a line comes to before its discount."""
    return rounded(Fraction(unit_price) * quantity * of_periods, currency)


def discount_of(discount: Discount, amount: Decimal, currency: str) -> Decimal:
    """Return what a discount takes off an amount."""
    if discount.percent is None:
        return discount.amount or Decimal(0)
    return rounded(Fraction(amount) * Fraction(discount.percent) / 100, currency)


def charged(line: QuoteLine) -> Recurrence:
    """Return which total a line counts to: a part of a period is charged once."""
    return Recurrence.ONCE if line.prorate else line.recurrence


def rounded(amount: Fraction, currency: str) -> Decimal:
    """Return an amount in the currency's digits, half of the last one going up; below zero, down."""
    return _amount(_to_whole(amount * 10 ** money.minor_digits(currency)), currency)


def _to_whole(number: Fraction) -> int:
    size = floor(abs(number) + Fraction(1, 2))
    return size if number >= 0 else -size


def _amount(units: int, currency: str) -> Decimal:
    return money.quantize(Decimal(units).scaleb(-money.minor_digits(currency)), currency)


def _units(amount: Decimal, currency: str) -> int:
    return int(amount.scaleb(money.minor_digits(currency)))


# -- the whole ----------------------------------------------------------------------------------------------------


class Priced(NamedTuple):
    """What the lines that count come to."""

    totals: Totals
    """Net, after all discounts."""
    discount_amounts: Totals | None
    """Of the discount on the whole; None without one."""
    taxes: tuple[TaxAmount, ...]
    gross_totals: Totals | None
    """None where no line of the quote has a tax."""


class _TaxKey(NamedTuple):
    """What makes two taxes the same; their sentences may differ."""

    treatment: Treatment
    label: str
    rate: Decimal


def tax_key(tax: Tax) -> _TaxKey:
    """Return what the lines with this tax are summed up by."""
    return _TaxKey(tax.treatment, tax.label, tax.rate or Decimal(0))


def price(lines: Iterable[QuoteLine], discount: Discount | None, currency: str, *, is_taxed: bool) -> Priced:
    """Return what lines come to, those that are not chosen being left out by the caller.

    `is_taxed`: any line of the quote has a tax, chosen or not.
    """
    counted = tuple(lines)
    net: dict[Recurrence, int] = {}
    off: dict[Recurrence, int] = {}
    tax_units: dict[Recurrence, int] = {}
    taxes: list[TaxAmount] = []
    for recurrence in Recurrence:
        bases: dict[_TaxKey | None, int] = {}
        for line in counted:
            if charged(line) is recurrence:
                key = tax_key(line.tax) if line.tax else None
                bases[key] = bases.get(key, 0) + _units(line.amount, currency)
        listed = sum(bases.values())
        less = _discount_units(discount, recurrence, listed, currency)
        net[recurrence], off[recurrence], tax_units[recurrence] = listed - less, less, 0
        for key, share in zip(bases, distribute(less, tuple(bases.values())), strict=True):
            if key is None:
                continue
            base = bases[key] - share
            due = _to_whole(base * Fraction(key.rate) / 100)
            tax_units[recurrence] += due
            taxes.append(_tax_amount(key, recurrence, _amount(base, currency), _amount(due, currency)))
    gross = {each: net[each] + tax_units[each] for each in Recurrence}
    return Priced(
        _totals(net, currency),
        _totals(off, currency) if discount else None,
        tuple(taxes),
        _totals(gross, currency) if is_taxed else None,
    )


def _tax_amount(key: _TaxKey, recurrence: Recurrence, net: Decimal, amount: Decimal) -> TaxAmount:
    return TaxAmount(
        label=key.label,
        treatment=None if key.treatment is Treatment.RATE else key.treatment,
        rate=key.rate,
        recurrence=recurrence,
        net=net,
        amount=amount,
    )


def _totals(units: Mapping[Recurrence, int], currency: str) -> Totals:
    return Totals(**{each.value: _amount(units[each], currency) for each in Recurrence})


def _discount_units(discount: Discount | None, recurrence: Recurrence, listed: int, currency: str) -> int:
    """Return what the discount on the whole takes off one total."""
    if discount is None:
        return 0
    if discount.percent is not None:
        return _to_whole(listed * Fraction(discount.percent) / 100)
    return _units(discount.amount or Decimal(0), currency) if discount.recurrence is recurrence else 0


def distribute(units: int, parts: Sequence[int]) -> list[int]:
    """Return how much of `units` each of the parts bears, in proportion to its size.

    Those with the largest remainders bear a unit more, the first of several that are equal before the others.
    """
    whole = sum(parts)
    if not units or not whole:
        return [0] * len(parts)
    exact = [Fraction(units * part, whole) for part in parts]
    shares = [floor(each) for each in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: shares[index] - exact[index])
    for index in by_remainder[: units - sum(shares)]:
        shares[index] += 1
    return shares


# -- options ------------------------------------------------------------------------------------------------------


def check_options(quote: Quote, options: Collection[str]) -> None:
    """Raise UnknownOptionError or OptionsExcludeError unless these lines of a quote can be chosen together."""
    offered = quote.options
    if unknown := set(options) - offered.keys():
        raise UnknownOptionError(f"The quote has no such options: {', '.join(sorted(unknown))}.")
    groups = [group for each in options if (group := offered[each].option_group) is not None]
    if len(set(groups)) < len(groups):
        raise OptionsExcludeError("Of the lines of one group, one may be chosen.")


def priced_with(quote: Quote, options: Collection[str]) -> Priced:
    """Return what a quote comes to with these optional lines, and no others."""
    check_options(quote, options)
    return price(
        chosen(quote.lines, options),
        quote.discount,
        quote.currency,
        is_taxed=any(line.tax for line in quote.lines),
    )


def chosen(lines: Iterable[QuoteLine], options: Collection[str]) -> Iterable[QuoteLine]:
    """Yield the lines that are not optional, and those of the options by their ids."""
    return (line for number, line in enumerate(lines, start=1) if not line.optional or str(number) in options)


def accepted(
    quote: Quote, options: Collection[str], purchase_order_number: str | None, account_id: str, order_id: str
) -> Accepted:
    """Return what is accepted of a revision with these of its options; raise the errors of `check_options`."""
    priced = priced_with(quote, options)
    found = Accepted(
        options=tuple(number for number in quote.options if number in options),
        totals=priced.totals,
        taxes=priced.taxes,
        gross_totals=priced.gross_totals,
        purchase_order_number=purchase_order_number,
        sha256="",
    )
    return found.model_copy(update={"sha256": found.content_hash(order_id, account_id, quote.revision, quote.sha256)})
