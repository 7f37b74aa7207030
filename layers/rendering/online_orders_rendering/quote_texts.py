"""What is said of a quote's lines and totals beside descriptions and amounts: terms, discounts, options and taxes.

A quote that has none of these is told as it always was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from online_orders.domain.quotes import Quote, QuoteLine, Recurrence, Totals
from online_orders_rendering.i18n import Translator, line_of

if TYPE_CHECKING:
    from online_orders.domain.quote_parts import Discount, Proration, TaxAmount
    from online_orders.domain.taxes import Tax

_TIMES = "\u00d7"
_MEMBERS_OF_PLAIN_QUOTES = frozenset(name for name, field in Quote.model_fields.items() if field.exclude_if is None)
_MEMBERS_OF_PLAIN_LINES = frozenset(name for name, field in QuoteLine.model_fields.items() if field.exclude_if is None)


class LineTexts(NamedTuple):
    number: str
    """The line's id among the quote's."""
    line: QuoteLine
    charged: Recurrence
    """Which total it counts to: a part of a period is charged once."""
    notes: tuple[str, ...]
    is_chosen: bool | None
    """Of an optional line; None of any other."""


class TotalRow(NamedTuple):
    label: str
    amount: Decimal
    is_final: bool
    """Whether it is what is to be paid; the rows before it lead to that."""


class QuoteTexts(NamedTuple):
    """A quote with some of its options."""

    lines: tuple[LineTexts, ...]
    totals: tuple[TotalRow, ...]
    """None where nothing is charged."""
    sentences: tuple[str, ...]
    """Of the taxes, as why none is charged."""


def is_plain(quote: Quote) -> bool:
    """Return whether a quote has no more than all quotes had before there were terms, discounts, options and taxes."""
    offered = quote.model_dump(exclude={"accepted", "lines"})
    lines = (line.model_dump().keys() for line in quote.lines)
    return offered.keys() <= _MEMBERS_OF_PLAIN_QUOTES and all(each <= _MEMBERS_OF_PLAIN_LINES for each in lines)


def quote_texts(quote: Quote, translate: Translator, options: Collection[str] | None = None) -> QuoteTexts:
    """Return what is said of a quote with these of its options, or None for those that are offered as chosen.

    Raises the errors of `quote_amounts.check_options`.
    """
    chosen = quote.offered_options if options is None else options
    # One tax of all lines stands with the totals.
    tells_taxes = len({line.tax and (line.tax.treatment, line.tax.label, line.tax.rate) for line in quote.lines}) > 1
    lines = tuple(
        LineTexts(
            number,
            line,
            Recurrence.ONCE if line.prorate else line.recurrence,
            tuple(_notes(line, quote.currency, translate, tells_tax=tells_taxes)),
            number in chosen if line.optional else None,
        )
        for number, line in ((str(index), line) for index, line in enumerate(quote.lines, start=1))
    )
    if set(chosen) == set(quote.offered_options):
        rows = _totals(
            quote.currency,
            quote.discount,
            quote.totals,
            quote.discount_amounts,
            quote.taxes,
            quote.gross_totals,
            translate,
        )
    else:
        priced = quote.priced_with(chosen)
        rows = _totals(
            quote.currency,
            quote.discount,
            priced.totals,
            priced.discount_amounts,
            priced.taxes,
            priced.gross_totals,
            translate,
        )
    return QuoteTexts(lines, tuple(rows), tuple(map(line_of, quote.tax_sentences)))


def accepted_totals(quote: Quote, translate: Translator) -> list[TotalRow]:
    """Return the rows of what was accepted of a quote, or else of what was offered."""
    accepted = quote.accepted
    if accepted is None:
        return [
            *_totals(quote.currency, quote.discount, quote.totals, None, quote.taxes, quote.gross_totals, translate)
        ]
    return [
        *_totals(
            quote.currency, quote.discount, accepted.totals, None, accepted.taxes, accepted.gross_totals, translate
        )
    ]


def certified_totals(offer: Mapping[str, Any], translate: Translator) -> list[TotalRow]:
    """Return the rows of what was accepted of the quote in a certificate's document, or else of what was offered."""
    # Imported here for the sake of cold starts.
    from online_orders.domain.quote_parts import TaxAmount

    said = offer.get("accepted") or offer
    taxes = [TaxAmount.model_validate(each) for each in said.get("taxes", ())]
    gross = said.get("gross_totals")
    totals = Totals.model_validate(said["totals"]), Totals.model_validate(gross) if gross else None
    return [*_totals(offer["currency"], None, totals[0], None, taxes, totals[1], translate)]


def _totals(
    currency: str,
    discount: Discount | None,
    net: Totals,
    discounts: Totals | None,
    taxes: Collection[TaxAmount],
    gross: Totals | None,
    translate: Translator,
) -> Iterator[TotalRow]:
    for recurrence in Recurrence:
        amount: Decimal = getattr(net, recurrence)
        off: Decimal = getattr(discounts, recurrence) if discounts else Decimal(0)
        here = [tax for tax in taxes if tax.recurrence is recurrence]
        if not (amount or off or here):
            continue
        name = translate(f"total.{recurrence}")
        if off:
            told = discount_text(discount, currency, translate) if discount else ""
            text = translate("total.discount", total=name, discount=told)
            yield TotalRow(text, -off, is_final=False)
        if gross is None:
            yield TotalRow(name, amount, is_final=True)
            continue
        yield TotalRow(translate("total.net", total=name), amount, is_final=False)
        for tax in here:
            text = translate("total.tax", tax=tax_text(tax, translate), net=translate.money(tax.net, currency))
            yield TotalRow(text, tax.amount, is_final=False)
        yield TotalRow(translate("total.gross", total=name), getattr(gross, recurrence), is_final=True)


def discount_text(discount: Discount, currency: str, translate: Translator) -> str:
    """Return how large a discount is: its percentage or its amount."""
    if discount.percent is not None:
        return percent(discount.percent, translate)
    return translate.money(discount.amount or Decimal(0), currency)


def percent(number: Decimal, translate: Translator) -> str:
    return translate("percent", number=translate.number(number))


def tax_text(tax: Tax | TaxAmount, translate: Translator) -> str:
    """Return what a tax is called, with its rate if it has one."""
    if tax.treatment is not None and tax.treatment != "rate":
        return line_of(tax.label)
    return translate("tax.rate", label=line_of(tax.label), rate=percent(tax.rate or Decimal(0), translate))


def _notes(line: QuoteLine, currency: str, translate: Translator, *, tells_tax: bool) -> Iterator[str]:
    if line.starts_on and line.ends_on:
        yield translate("line.from_to", first=translate.day(line.starts_on), last=translate.day(line.ends_on))
    elif line.starts_on:
        yield translate("line.from", first=translate.day(line.starts_on))
    if line.term_months:
        yield translate("line.term", months=translate.number(line.term_months))
    if line.proration:
        yield translate(
            "line.proration",
            months=line.proration.months,
            days=line.proration.days,
            days_in_month=line.proration.days_in_month,
        )
        yield _arithmetic(line, line.proration, currency, translate)
    if line.discount:
        before = translate.money(line.amount if line.list_amount is None else line.list_amount, currency)
        yield translate("line.discount", discount=discount_text(line.discount, currency, translate), amount=before)
    if line.tax and tells_tax:
        yield tax_text(line.tax, translate)


def _arithmetic(line: QuoteLine, part: Proration, currency: str, translate: Translator) -> str:
    """Return how the amount of a part of a period comes about, as `4 × €10.00 × (2 + 10/31) = €92.90`."""
    months = f"({part.months} + {part.days}/{part.days_in_month})" if part.days else str(part.months)
    year = " / 12" if line.recurrence is Recurrence.YEARLY else ""
    amount = translate.money(line.amount if line.list_amount is None else line.list_amount, currency)
    price = translate.money(line.unit_price, currency)
    return f"{translate.number(line.quantity)} {_TIMES} {price} {_TIMES} {months}{year} = {amount}"
