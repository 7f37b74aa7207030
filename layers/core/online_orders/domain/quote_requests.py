"""What Customer Success sends for a quote, and the revision made of it, with amounts that only the server computes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from online_orders.domain import money
from online_orders.domain.accounts import Account, Currency
from online_orders.domain.catalog import MAX_ITEMS
from online_orders.domain.decimals import Cost, Percent, PositivePrice, Price
from online_orders.domain.errors import FieldError, Invalid
from online_orders.domain.field_errors import field_errors_of, turned_text_errors
from online_orders.domain.iso import MINOR_DIGITS
from online_orders.domain.quote_amounts import (
    Priced,
    discount_of,
    list_amount,
    periods,
    price,
    proration_of,
    tax_key,
)
from online_orders.domain.quote_parts import Buyer, Discount, TermsVersion
from online_orders.domain.quote_rules import (
    MAX_QUANTITY,
    MAX_TERM_MONTHS,
    Frame,
    ends_of,
    frame_of_body,
    hindrances,
    lacks_end,
    line_errors,
    option_errors,
    quote_errors,
)
from online_orders.domain.quotes import Quote, QuoteLine, QuoteState, Recurrence
from online_orders.domain.taxes import Tax
from online_orders.domain.values import (
    FROM_REQUEST,
    MAX_TEXT_LENGTH,
    BlankIsAbsent,
    Count,
    Day,
    Identifier,
    Length,
    Line,
    RecentDay,
    Request,
    Text,
)

MAX_LINES = 200
"""Three for each of fifty items, one a recurrence, and fifty more."""
MAX_DESCRIPTION_LENGTH = 200
MAX_LINE_MESSAGE_LENGTH = 500
MAX_TAXES = 10
"""Different ones of a quote, which keeps what each comes to."""


class NewLineDiscount(Request):
    """Either a percentage or an amount off one line."""

    percent: Percent | None = None
    amount: PositivePrice | None = None


class NewDiscount(Request):
    """Either a percentage off every total of a quote, or an amount off one of them."""

    percent: Percent | None = None
    amount: PositivePrice | None = None
    recurrence: Recurrence | None = None


class NewLine(Request):
    item_id: Annotated[str, Field(max_length=8)] | None = None
    description: Annotated[Line, StringConstraints(max_length=MAX_DESCRIPTION_LENGTH)]
    quantity: Annotated[Count, Field(le=MAX_QUANTITY)]
    unit_price: Price
    recurrence: Recurrence
    starts_on: RecentDay | None = None
    ends_on: RecentDay | None = None
    term_months: Annotated[int, Field(strict=True, ge=1, le=MAX_TERM_MONTHS)] | None = None
    prorate: Annotated[bool, Field(strict=True)] = False
    discount: NewLineDiscount | None = None
    optional: Annotated[bool, Field(strict=True)] = False
    option_group: Identifier | None = None
    selected: Annotated[bool, Field(strict=True)] = False
    message: Annotated[Annotated[Text, StringConstraints(max_length=MAX_LINE_MESSAGE_LENGTH)] | None, BlankIsAbsent] = (
        None
    )
    tax: Tax | None = None
    unit_cost: Annotated[
        Cost | None,
        Field(description="What one costs the seller; for margins, and never shown to customers."),
    ] = None


Part = TypeVar("Part")
_TAX: TypeAdapter[Tax] = TypeAdapter(Tax)
_DISCOUNT: TypeAdapter[NewDiscount] = TypeAdapter(NewDiscount)
_LINES: TypeAdapter[tuple[NewLine, ...]] = TypeAdapter(tuple[NewLine, ...], config=ConfigDict(defer_build=True))
Message = Annotated[Text, StringConstraints(max_length=MAX_TEXT_LENGTH)]
MAX_TERMS_LENGTH = 10_000
Terms = Annotated[Text, StringConstraints(max_length=MAX_TERMS_LENGTH)]


DraftOnly = Annotated[
    Any,
    Field(json_schema_extra={"readOnly": True}, description="Ignored: what a draft says, which may be sent along."),
]


class NewQuote(Request):
    """What CS sends for a revision."""

    valid_until: Day
    lines: Annotated[tuple[NewLine, ...], Length(1, MAX_LINES)]
    currency: Currency | None = None
    message: Annotated[Message | None, BlankIsAbsent] = None
    terms: Annotated[Terms | None, BlankIsAbsent] = None
    confirmed_start_dates: Annotated[dict[str, Day] | None, Field(max_length=MAX_ITEMS)] = None
    discount: NewDiscount | None = None
    common_end_on: RecentDay | None = None
    tax: Annotated[
        Tax | None, Field(description="Of every line without a tax of its own, in place of the account's.")
    ] = None
    unpriced: DraftOnly = None
    price_sources: DraftOnly = None


class QuoteFrame(NamedTuple):
    """What a revision takes from its account and the installation, beside currency and terms."""

    tax: Tax | None = None
    """Of every line, where the request names none."""
    buyer: Buyer | None = None
    terms_version: TermsVersion | None = None
    """Of the installation's terms, if they have a version."""
    letterhead_version: int | None = None


def frame_of(
    account: Account, *, terms_version: TermsVersion | None = None, letterhead_version: int | None = None
) -> QuoteFrame:
    """Return what quotes for an account say of it."""
    buyer = Buyer(billing_address=account.billing_address, tax_number=account.tax_number)
    return QuoteFrame(account.tax, None if buyer == Buyer() else buyer, terms_version, letterhead_version)


def parse_quote(  # noqa: PLR0913 - each is a part of the revision or of its hash
    body: Any,
    *,
    order_id: str,
    account_id: str,
    revision: int,
    items: int,
    currency: str,
    terms: str,
    today: date,
    frame: QuoteFrame | None = None,
) -> Quote:
    """Return a revision from the request of Customer Success, with amounts and hash; raise Invalid with every error at
    once.

    `items` is the number of the order's items, `currency` and `today` are the account's, `terms` the installation's.
    """
    frame = frame or QuoteFrame()
    found: list[FieldError] = [*turned_text_errors(body)]
    try:
        request = NewQuote.model_validate(body, context=FROM_REQUEST)
    except ValidationError as error:
        found += field_errors_of(error)
        request = None
    found += _rule_errors(body, {str(number) for number in range(1, items + 1)}, currency, today, frame.tax)
    if found or request is None:
        raise Invalid(dict.fromkeys(found))
    code = request.currency or currency
    lines = _price_lines(request.lines, code, request.common_end_on, request.tax or frame.tax)
    discount = _discount(request.discount, code)
    priced = _price(lines, discount, code)
    # A draft brings the installation's own terms back.
    is_standard = request.terms in {None, terms}
    quote = Quote(
        revision=revision,
        state=QuoteState.SENDING,
        currency=code,
        valid_until=request.valid_until,
        message=request.message,
        terms=request.terms or terms,
        sha256="",
        lines=lines,
        totals=priced.totals,
        confirmed_start_dates=request.confirmed_start_dates or {},
        discount=discount,
        discount_amounts=priced.discount_amounts,
        common_end_on=request.common_end_on,
        taxes=priced.taxes,
        gross_totals=priced.gross_totals,
        tax_sentences=tuple(dict.fromkeys(line.tax.sentence for line in lines if line.tax and line.tax.sentence)),
        buyer=frame.buyer,
        terms_version=frame.terms_version if is_standard else None,
        letterhead_version=frame.letterhead_version,
    )
    return quote.model_copy(update={"sha256": quote.content_hash(account_id, order_id)})


def _price_lines(
    lines: Iterable[NewLine], currency: str, common_end_on: date | None, tax: Tax | None
) -> tuple[QuoteLine, ...]:
    return tuple(_price_line(line, currency, common_end_on, line.tax or tax) for line in lines)


def _price_line(line: NewLine, currency: str, common_end_on: date | None, tax: Tax | None) -> QuoteLine:
    ends_on = ends_of(line.starts_on, line.ends_on, line.term_months, prorate=line.prorate, common_end_on=common_end_on)
    proration = proration_of(line.starts_on, ends_on) if line.prorate and line.starts_on and ends_on else None
    listed = list_amount(line.unit_price, line.quantity, periods(proration, line.recurrence), currency)
    discount = _discount(line.discount, currency)
    return QuoteLine(
        item_id=line.item_id,
        description=line.description,
        quantity=line.quantity,
        unit_price=money.quantize(line.unit_price, currency),
        recurrence=line.recurrence,
        amount=money.quantize(listed - discount_of(discount, listed, currency), currency) if discount else listed,
        list_amount=listed if discount else None,
        discount=discount,
        starts_on=line.starts_on,
        ends_on=ends_on,
        term_months=line.term_months,
        prorate=line.prorate,
        proration=proration,
        optional=line.optional,
        option_group=line.option_group,
        selected=line.selected,
        message=line.message,
        tax=tax,
    )


def _discount(requested: NewDiscount | NewLineDiscount | None, currency: str) -> Discount | None:
    if requested is None:
        return None
    amount = None if requested.amount is None else money.quantize(requested.amount, currency)
    return Discount(**{**requested.model_dump(), "amount": amount})


def _price(lines: Sequence[QuoteLine], discount: Discount | None, currency: str) -> Priced:
    """Return what the lines come to that are not optional or offered as chosen."""
    counted = (line for line in lines if not line.optional or line.selected)
    return price(counted, discount, currency, is_taxed=any(line.tax for line in lines))


def _rule_errors(
    body: Any, item_ids: set[str], account_currency: str, today: date, tax: Tax | None
) -> list[FieldError]:
    """Return the errors of the rules, checked part by part, so that one invalid field does not hide another's error."""
    if not isinstance(body, Mapping):
        return []
    currency = body.get("currency") or account_currency
    if not (isinstance(currency, str) and currency in MINOR_DIGITS):
        currency = account_currency
    frame = frame_of_body(body, item_ids, currency, today)
    raw_lines = body.get("lines")
    found = _lines_errors(raw_lines, frame) if isinstance(raw_lines, list) else []
    if isinstance(raw_lines, list):
        found += _total_errors(body, raw_lines, frame, tax)
    return [*found, *quote_errors(body, item_ids, today, currency)]


def _lines_errors(raw_lines: list[Any], frame: Frame) -> list[FieldError]:
    lines = [(index, raw) for index, raw in enumerate(raw_lines[:MAX_LINES]) if isinstance(raw, Mapping)]
    fixed = [raw for _, raw in lines if raw.get("optional") is not True]
    named = {raw["item_id"] for raw in fixed if isinstance(raw.get("item_id"), str)}
    return [
        *(error for index, raw in lines for error in line_errors(raw, index, frame)),
        *option_errors(lines),
        *(
            FieldError("/lines", "item_without_line", f"Item {item_id} has no line that is not optional.")
            for item_id in sorted(frame.item_ids - named, key=int)
        ),
    ]


def _total_errors(
    body: Mapping[str, Any], raw_lines: list[Any], frame: Frame, account_tax: Tax | None
) -> list[FieldError]:
    """Return an error for each total below zero, and of too many taxes.

    Totals are computed only where every line is valid enough. With more of the options none goes below zero, but for
    what taxes are rounded by.
    """
    if len(raw_lines) > MAX_LINES:
        return []
    try:
        requested = _LINES.validate_python(raw_lines, context=FROM_REQUEST)
    except ValidationError:
        return []
    if any(lacks_end(raw, frame) or any(hindrances(raw, index, frame)) for index, raw in enumerate(raw_lines)):
        return []
    tax = _sound_part(_TAX, body.get("tax"))
    discount = _discount(_sound_part(_DISCOUNT, body.get("discount")), frame.currency)
    lines = _price_lines(requested, frame.currency, frame.common_end_on, tax or account_tax)
    found = []
    if len({tax_key(line.tax) for line in lines if line.tax}) > MAX_TAXES:
        found.append(FieldError("/lines", "too_many_taxes", f"A quote has {MAX_TAXES} different taxes at most."))
    fixed = [line for line in lines if not line.optional]
    is_taxed = any(line.tax for line in lines)
    listed = price(fixed, None, frame.currency, is_taxed=is_taxed)
    found += [
        FieldError("/lines", "total_below_zero", f"The {name} total is below zero.")
        for name, total in listed.totals
        if total < 0
    ]
    if found:
        return found
    if discount and discount.amount and discount.recurrence:
        total = getattr(listed.totals, discount.recurrence)
        if discount.amount > total:
            detail = f"The {discount.recurrence.value} total is {total} before the discount, without options."
            return [FieldError("/discount", "total_below_zero", detail)]
    # A discount lowers bases in proportion, so it may bring a total to zero that an option then takes below.
    discounted = price(fixed, discount, frame.currency, is_taxed=is_taxed)
    below_zero = {
        name: None
        for gross in (listed.gross_totals, discounted.gross_totals)
        for name, total in gross or ()
        if total < 0
    }
    return [
        FieldError("/lines", "total_below_zero", f"The {name} total with taxes is below zero.") for name in below_zero
    ]


def _sound_part(adapter: TypeAdapter[Part], raw: Any) -> Part | None:
    """Return a part of the body; None without it, and for one that the schema refuses."""
    try:
        return adapter.validate_python(raw, context=FROM_REQUEST) if raw is not None else None
    except ValidationError:
        return None
