"""The rules of a quote request beyond its schema, checked part by part on the body as it was sent.

So one invalid member does not hide the fault of another.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import ConfigDict, TypeAdapter, ValidationError

from online_orders.domain import money
from online_orders.domain.catalog_rules import years_after
from online_orders.domain.decimals import Percent, PositivePrice, Price
from online_orders.domain.errors import FieldError
from online_orders.domain.field_errors import pointer
from online_orders.domain.quote_amounts import last_day, list_amount, periods, proration_of
from online_orders.domain.quotes import Recurrence
from online_orders.domain.values import DAY, MIN_YEAR

MAX_VALIDITY_YEARS = 2
MAX_START_YEARS = 5
MAX_END_YEARS = 15
"""Ahead: the latest start, and the longest term."""
MAX_TERM_MONTHS = 120
MAX_QUANTITY = 1_000_000
_PRICE: TypeAdapter[Decimal] = TypeAdapter(Price, config=ConfigDict(defer_build=True))
_POSITIVE: TypeAdapter[Decimal] = TypeAdapter(PositivePrice, config=ConfigDict(defer_build=True))
_PERCENT: TypeAdapter[Decimal] = TypeAdapter(Percent, config=ConfigDict(defer_build=True))


class Frame(NamedTuple):
    """What the lines of a request are judged by."""

    item_ids: set[str]
    currency: str
    today: date
    common_end_on: date | None
    has_wrong_end: bool = False
    """Whether there is a common end that nothing can be computed with; it has an error of its own."""


def frame_of_body(body: Mapping[str, Any], item_ids: set[str], currency: str, today: date) -> Frame:
    """Return what the lines of a request are judged by."""
    common_end_on = _sound_day(body.get("common_end_on"))
    if common_end_on and common_end_on > years_after(today, MAX_END_YEARS):
        common_end_on = None
    return Frame(item_ids, currency, today, common_end_on, body.get("common_end_on") is not None and not common_end_on)


def parse_day(value: Any) -> date | None:
    """Return the day that a text is; None for anything else."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def quote_errors(body: Mapping[str, Any], item_ids: set[str], today: date, currency: str) -> Iterator[FieldError]:
    """Yield the errors of a request's members beside its lines."""
    valid_until = parse_day(body.get("valid_until"))
    if valid_until and valid_until < today:
        yield FieldError("/valid_until", "date_in_past", "The last day of validity is in the past.")
    if valid_until and valid_until > years_after(today, MAX_VALIDITY_YEARS):
        yield FieldError("/valid_until", "date_too_late", "A quote is valid for two years at most.")
    confirmed = body.get("confirmed_start_dates")
    if isinstance(confirmed, Mapping):
        yield from _confirmed_errors(confirmed, item_ids, today)
    common_end_on = parse_day(body.get("common_end_on"))
    if common_end_on and common_end_on > years_after(today, MAX_END_YEARS):
        yield FieldError("/common_end_on", "date_too_late", "The common end is more than fifteen years ahead.")
    discount = body.get("discount")
    if isinstance(discount, Mapping):
        yield from _discount_errors(discount, currency, "discount")
        recurrence = discount.get("recurrence")
        if discount.get("amount") is not None and recurrence is None:
            yield FieldError("/discount/recurrence", "required", "An amount goes off the total of one recurrence.")
        if discount.get("percent") is not None and recurrence is not None:
            yield FieldError("/discount/recurrence", "not_allowed", "A percentage goes off every total.")


def _confirmed_errors(confirmed: Mapping[str, Any], item_ids: set[str], today: date) -> Iterator[FieldError]:
    for item_id, raw_day in confirmed.items():
        where = pointer("confirmed_start_dates", item_id)
        if item_id not in item_ids:
            yield FieldError(where, "unknown_item", "The order has no such item.")
        day = parse_day(raw_day)
        if day and day < today:
            yield FieldError(where, "date_in_past", "The confirmed start date is in the past.")
        if day and day > years_after(today, MAX_START_YEARS):
            yield FieldError(where, "date_too_late", "The confirmed start date is more than five years ahead.")


def _discount_errors(discount: Mapping[str, Any], currency: str, *where: str | int) -> Iterator[FieldError]:
    named = [name for name in ("percent", "amount") if discount.get(name) is not None]
    if len(named) != 1:
        detail = "A discount is either a percentage or an amount."
        yield FieldError(pointer(*where), "percent_or_amount", detail)
    amount = _decimal(_POSITIVE, discount.get("amount"))
    if amount is not None:
        yield from _decimals_errors(amount, currency, *where, "amount")


def _decimals_errors(amount: Decimal, currency: str, *where: str | int) -> Iterator[FieldError]:
    if not money.fits(amount, currency):
        digits = money.minor_digits(currency)
        detail = f"Amounts in {currency} have {digits} decimals at most."
        yield FieldError(pointer(*where), "too_many_decimals", detail)


def _decimal(adapter: TypeAdapter[Decimal], value: Any) -> Decimal | None:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None


# -- lines --------------------------------------------------------------------------------------------------------


def line_errors(raw: Mapping[str, Any], index: int, frame: Frame) -> Iterator[FieldError]:
    """Yield the errors of one line that need no other line."""
    item_id = raw.get("item_id")
    if isinstance(item_id, str) and item_id not in frame.item_ids:
        yield FieldError(pointer("lines", index, "item_id"), "unknown_item", "The order has no such item.")
    price, where = _decimal(_PRICE, raw.get("unit_price")), ("lines", index, "unit_price")
    if price is not None:
        yield from _decimals_errors(price, frame.currency, *where)
        if price < 0 and item_id is not None:
            detail = "Only an extra line, without an item, can be a discount."
            yield FieldError(pointer(*where), "negative_price", detail)
        elif price < 0 and raw.get("optional") is True:
            yield FieldError(pointer(*where), "negative_price", "An optional line cannot be a discount.")
    cost = _decimal(_PRICE, raw.get("unit_cost"))
    if cost is not None:
        yield from _decimals_errors(cost, frame.currency, "lines", index, "unit_cost")
    for name in ("option_group", "selected"):
        if raw.get("optional") is not True and (raw.get(name) is True or isinstance(raw.get(name), str)):
            yield FieldError(pointer("lines", index, name), "only_optional", "Only an optional line can have this.")
    yield from hindrances(raw, index, frame)


def hindrances(raw: Mapping[str, Any], index: int, frame: Frame) -> Iterator[FieldError]:
    """Yield the errors of a line by which its amount cannot be computed: those of its period and its discount."""
    of_period = tuple(_period_errors(raw, index, frame))
    yield from of_period
    discount = raw.get("discount")
    if isinstance(discount, Mapping):
        yield from _discount_errors(discount, frame.currency, "lines", index, "discount")
        if not of_period:
            yield from _excess_errors(raw, discount, index, frame)


def ends_of(
    starts_on: date | None,
    ends_on: date | None,
    term_months: int | None,
    *,
    prorate: bool,
    common_end_on: date | None,
) -> date | None:
    """Return a line's last day: its own, that of its term, or for a part of a period the common one."""
    if ends_on is None and starts_on and term_months:
        return last_day(starts_on, term_months)
    return ends_on or (common_end_on if prorate else None)


class _Period(NamedTuple):
    """What a line says of its period, as far as that can be read."""

    starts_on: date | None
    ends_on: date | None
    term_months: int | None
    prorate: bool


def _period_of(raw: Mapping[str, Any]) -> _Period:
    term = raw.get("term_months")
    is_term = type(term) is int and 1 <= term <= MAX_TERM_MONTHS
    return _Period(
        _sound_day(raw.get("starts_on")),
        _sound_day(raw.get("ends_on")),
        term if is_term else None,
        raw.get("prorate") is True,
    )


def _sound_day(value: Any) -> date | None:
    """Return a day that the schema takes, too."""
    day = parse_day(value) if isinstance(value, str) and re.fullmatch(DAY, value) else None
    return day if day and day.year >= MIN_YEAR else None


def _period_errors(raw: Mapping[str, Any], index: int, frame: Frame) -> Iterator[FieldError]:
    period = _period_of(raw)
    starts_on, ends_on, term_months, prorate = period

    def fault(member: str, code: str, detail: str) -> FieldError:
        return FieldError(pointer("lines", index, member), code, detail)

    if starts_on and starts_on > years_after(frame.today, MAX_START_YEARS):
        yield fault("starts_on", "date_too_late", "The line starts more than five years ahead.")
        return
    if ends_on and ends_on > years_after(frame.today, MAX_END_YEARS):
        yield fault("ends_on", "date_too_late", "The line ends more than fifteen years ahead.")
        return
    if raw.get("starts_on") is None and (ends_on or prorate):
        yield fault("starts_on", "start_missing", "A line that ends, or is charged for a part, needs a start.")
    if prorate and raw.get("recurrence") == Recurrence.ONCE:
        yield fault("prorate", "not_recurring", "Only what is charged monthly or yearly is charged for a part.")
    end = ends_of(*period[:3], prorate=prorate, common_end_on=frame.common_end_on)
    if prorate and end is None and not _names_end(raw) and not frame.has_wrong_end:
        yield fault("ends_on", "end_missing", "A line that is charged for a part needs an end.")
    if starts_on and end and end < starts_on:
        yield fault("ends_on", "ends_before_start", "The line ends before it starts.")
    elif starts_on and ends_on and term_months and last_day(starts_on, term_months) != ends_on:
        detail = f"A term of {term_months} months from the start ends on {last_day(starts_on, term_months)}."
        yield fault("term_months", "term_mismatch", detail)


def _names_end(raw: Mapping[str, Any]) -> bool:
    return raw.get("ends_on") is not None or raw.get("term_months") is not None


def lacks_end(raw: Mapping[str, Any], frame: Frame) -> bool:
    """Return whether a line would be charged through a common end that nothing can be computed with."""
    return frame.has_wrong_end and raw.get("prorate") is True and not _names_end(raw)


def _excess_errors(
    raw: Mapping[str, Any], discount: Mapping[str, Any], index: int, frame: Frame
) -> Iterator[FieldError]:
    """Yield the error of a discount on more than its line."""
    listed = _list_amount(raw, frame)
    if listed is None:
        return
    if listed < 0:
        detail = "A line below zero is a discount already."
        yield FieldError(pointer("lines", index, "discount"), "discount_too_large", detail)
        return
    amount = _decimal(_POSITIVE, discount.get("amount"))
    if amount is not None and amount > listed:
        detail = f"The line comes to {listed} before its discount."
        yield FieldError(pointer("lines", index, "discount", "amount"), "discount_too_large", detail)


def _list_amount(raw: Mapping[str, Any], frame: Frame) -> Decimal | None:
    """Return what a line without faults of its period comes to; None where that cannot be computed."""
    price, quantity = _decimal(_PRICE, raw.get("unit_price")), raw.get("quantity")
    if price is None or type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY:
        return None
    starts_on, ends_on, term_months, prorate = _period_of(raw)
    end = ends_of(starts_on, ends_on, term_months, prorate=prorate, common_end_on=frame.common_end_on)
    if prorate and not (starts_on and end):
        return None
    proration = proration_of(starts_on, end) if prorate and starts_on and end else None
    recurrence = Recurrence.YEARLY if raw.get("recurrence") == Recurrence.YEARLY else Recurrence.MONTHLY
    return list_amount(price, quantity, periods(proration, recurrence), frame.currency)


def option_errors(lines: list[tuple[int, Mapping[str, Any]]]) -> Iterator[FieldError]:
    """Yield an error for each line that is offered as chosen beside another of its group."""
    seen: set[str] = set()
    for index, raw in lines:
        group = raw.get("option_group")
        if not isinstance(group, str) or raw.get("selected") is not True or raw.get("optional") is not True:
            continue
        if group in seen:
            detail = f"Another line of the group {group} is offered as chosen."
            where = pointer("lines", index, "selected")
            yield FieldError(where, "options_exclude_each_other", detail.encode("utf-8", "replace").decode())
        seen.add(group)
