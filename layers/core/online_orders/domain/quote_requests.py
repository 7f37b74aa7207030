"""What Customer Success sends for a quote, and the revision made of it, with amounts that only the server computes."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from online_orders.domain import money
from online_orders.domain.accounts import Currency
from online_orders.domain.catalog import MAX_ITEMS
from online_orders.domain.catalog_rules import years_after
from online_orders.domain.errors import FieldError, Invalid
from online_orders.domain.field_errors import field_errors_of, pointer, turned_text_errors
from online_orders.domain.iso import MINOR_DIGITS
from online_orders.domain.quotes import Quote, QuoteLine, QuoteState, Recurrence, Totals
from online_orders.domain.values import MAX_TEXT_LENGTH, BlankIsAbsent, Count, Day, Length, Line, Request, Text

MAX_LINES = 200
"""Three for each of fifty items, one a recurrence, and fifty more."""
MAX_DESCRIPTION_LENGTH = 200
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
MAX_VALIDITY_YEARS = 2
MAX_START_YEARS = 5


def _decimal_text(value: Any) -> Any:
    """Convert a decimal string or an exactly read JSON number; binary floating point is not accepted."""
    if isinstance(value, (float, bool)):
        return None
    if isinstance(value, str) and not _AMOUNT.fullmatch(value):
        raise PydanticCustomError("malformed", "an amount is written in digits, with a point before its decimals")
    return value


Price = Annotated[Decimal, BeforeValidator(_decimal_text), Field(gt=-money.MAX_AMOUNT, lt=money.MAX_AMOUNT)]
_PRICE: TypeAdapter[Decimal] = TypeAdapter(Price, config=ConfigDict(defer_build=True))


class NewLine(Request):
    item_id: Annotated[str, Field(max_length=8)] | None = None
    description: Annotated[Line, StringConstraints(max_length=MAX_DESCRIPTION_LENGTH)]
    quantity: Annotated[Count, Field(le=1_000_000)]
    unit_price: Price
    recurrence: Recurrence


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
    unpriced: DraftOnly = None
    price_sources: DraftOnly = None


def parse_quote(
    body: Any,
    *,
    order_id: str,
    account_id: str,
    revision: int,
    items: int,
    currency: str,
    terms: str,
    today: date,
) -> Quote:
    """Return a revision from the request of Customer Success, with amounts and hash; raise Invalid with every error at
    once.

    `items` is the number of the order's items, `currency` and `today` are the account's, `terms` the installation's.
    """
    found = [*turned_text_errors(body)]
    try:
        request = NewQuote.model_validate(body)
    except ValidationError as error:
        found += field_errors_of(error)
        request = None
    found += _rule_errors(body, {str(number) for number in range(1, items + 1)}, currency, today)
    if found or request is None:
        raise Invalid(dict.fromkeys(found))
    code = request.currency or currency
    lines = _price_lines(request.lines, code)
    quote = Quote(
        revision=revision,
        state=QuoteState.SENDING,
        currency=code,
        valid_until=request.valid_until,
        message=request.message,
        terms=request.terms or terms,
        sha256="",
        lines=lines,
        totals=_totals(lines, code),
        confirmed_start_dates=request.confirmed_start_dates or {},
    )
    return quote.model_copy(update={"sha256": quote.content_hash(account_id, order_id)})


def _price_lines(lines: Iterable[NewLine], currency: str) -> tuple[QuoteLine, ...]:
    return tuple(
        QuoteLine(
            **line.model_dump(exclude={"unit_price"}),
            unit_price=money.quantize(line.unit_price, currency),
            amount=money.quantize(line.unit_price * line.quantity, currency),
        )
        for line in lines
    )


def _totals(lines: Iterable[QuoteLine], currency: str) -> Totals:
    amounts: dict[Recurrence, list[Decimal]] = {each: [] for each in Recurrence}
    for line in lines:
        amounts[line.recurrence].append(line.amount)
    return Totals(**{each.value: money.total(found, currency) for each, found in amounts.items()})


def _rule_errors(body: Any, item_ids: set[str], account_currency: str, today: date) -> list[FieldError]:
    """Return the errors of the rules, checked part by part, so that one invalid field does not hide another's error."""
    if not isinstance(body, Mapping):
        return []
    found: list[FieldError] = []
    currency = body.get("currency") or account_currency
    if not (isinstance(currency, str) and currency in MINOR_DIGITS):
        currency = account_currency
    raw_lines = body.get("lines")
    if isinstance(raw_lines, list):
        found += _lines_errors(raw_lines, item_ids, currency)
    valid_until = _parse_day(body.get("valid_until"))
    if valid_until and valid_until < today:
        found.append(FieldError("/valid_until", "date_in_past", "The last day of validity is in the past."))
    if valid_until and valid_until > years_after(today, MAX_VALIDITY_YEARS):
        found.append(FieldError("/valid_until", "date_too_late", "A quote is valid for two years at most."))
    confirmed = body.get("confirmed_start_dates")
    if isinstance(confirmed, Mapping):
        found += _confirmed_errors(confirmed, item_ids, today)
    return found


def _confirmed_errors(confirmed: Mapping[str, Any], item_ids: set[str], today: date) -> list[FieldError]:
    found: list[FieldError] = []
    for item_id, raw_day in confirmed.items():
        where = pointer("confirmed_start_dates", item_id)
        if item_id not in item_ids:
            found.append(FieldError(where, "unknown_item", "The order has no such item."))
        day = _parse_day(raw_day)
        if day and day < today:
            found.append(FieldError(where, "date_in_past", "The confirmed start date is in the past."))
        if day and day > years_after(today, MAX_START_YEARS):
            found.append(FieldError(where, "date_too_late", "The confirmed start date is more than five years ahead."))
    return found


def _lines_errors(raw_lines: list[Any], item_ids: set[str], currency: str) -> list[FieldError]:
    lines = [(index, raw) for index, raw in enumerate(raw_lines[:MAX_LINES]) if isinstance(raw, Mapping)]
    named = {raw["item_id"] for _, raw in lines if isinstance(raw.get("item_id"), str)}
    return [
        *(error for index, raw in lines for error in _line_errors(raw, index, item_ids, currency)),
        *_total_errors(raw_lines, currency),
        *(
            FieldError("/lines", "item_without_line", f"Item {item_id} has no line.")
            for item_id in sorted(item_ids - named, key=int)
        ),
    ]


def _total_errors(raw_lines: list[Any], currency: str) -> list[FieldError]:
    """Return an error for each total below zero; totals are computed only where every line is valid enough."""
    if len(raw_lines) > MAX_LINES:
        return []
    try:
        lines = _LINES.validate_python(raw_lines)
    except ValidationError:
        return []
    return [
        FieldError("/lines", "total_below_zero", f"The {name} total is below zero.")
        for name, total in _totals(_price_lines(lines, currency), currency)
        if total < 0
    ]


def _line_errors(raw: Mapping[str, Any], index: int, item_ids: set[str], currency: str) -> list[FieldError]:
    found: list[FieldError] = []
    item_id = raw.get("item_id")
    if isinstance(item_id, str) and item_id not in item_ids:
        found.append(FieldError(pointer("lines", index, "item_id"), "unknown_item", "The order has no such item."))
    try:
        price = _PRICE.validate_python(raw.get("unit_price"))
    except ValidationError:
        return found
    where = pointer("lines", index, "unit_price")
    if not money.fits(price, currency):
        digits = money.minor_digits(currency)
        found.append(FieldError(where, "too_many_decimals", f"Amounts in {currency} have {digits} decimals at most."))
    if price < 0 and item_id is not None:
        found.append(FieldError(where, "negative_price", "Only an extra line, without an item, can be a discount."))
    return found


def _parse_day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
