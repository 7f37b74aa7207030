"""Price lists, one a currency: the default prices of each kind of item, and the draft of a quote made from them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import ConfigDict, PlainValidator, StringConstraints, TypeAdapter, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from online_orders.domain import money
from online_orders.domain.catalog import Catalog, Item, quantity_of, settings_of, shipped, site_id_of
from online_orders.domain.csv_pages import PLAIN, SPREADSHEETS, Dialect, csv_text, delimiter_of, read_cell, read_rows
from online_orders.domain.errors import FieldError, Invalid
from online_orders.domain.field_errors import field_errors_of, pointer
from online_orders.domain.orders import Order
from online_orders.domain.quotes import MAX_DESCRIPTION_LENGTH, Price, Quote, Recurrence
from online_orders.domain.values import BlankIsAbsent, Day, Entity, Instant, Length, Line, Request, absent_when_blank

MAX_PRICES = 500
COLUMNS = ("kind", "variant", "description", "unit_price", "recurrence")
READ_ONLY = frozenset({"currency", "version", "updated_at"})

_TOLD_BY_VALUE = {"accessory_type"}
"""Settings of which a line says the value in words and not the longer label."""
_WITH_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
_LIKE_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}([.,])[0-9]{3}")
_DECIMAL_MARKS = {dialect.delimiter: dialect.decimal_mark for dialect in (PLAIN, *SPREADSHEETS.values())}
"""By delimiter: both are of the locale in which a table was saved. A tab tells nothing about the mark."""
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:(?:\.[0-9]{3})+,|(?:,[0-9]{3})+\.)[0-9]+")


class ListPrice(Entity):
    """What one of a kind costs; without a variant, all of the kind that have no price of their own."""

    kind: str
    variant: str | None
    description: str
    unit_price: Decimal
    recurrence: Recurrence


class PriceList(Entity):
    """The prices in one currency, in the order in which Customer Success keeps them."""

    currency: str
    version: int
    updated_at: Instant
    prices: tuple[ListPrice, ...]


def _known_kind(kind: Any, info: ValidationInfo) -> str:
    catalog: Catalog | None = info.context
    kinds = (catalog or shipped()).kinds
    if not isinstance(kind, str) or kind not in kinds:
        raise PydanticCustomError("not_allowed", "the kind is one of {kinds}", {"kinds": ", ".join(kinds)})
    return kind


class NewListPrice(Request):
    """A price as it is sent; validated in the context of a catalog."""

    kind: Annotated[str, PlainValidator(_known_kind, json_schema_input_type=str)]
    variant: Annotated[Annotated[str, StringConstraints(max_length=32)] | None, BlankIsAbsent] = None
    description: Annotated[Line, StringConstraints(max_length=100)]
    unit_price: Price
    recurrence: Recurrence


class NewPriceList(Request):
    """A whole list as Customer Success sends it."""

    prices: Annotated[tuple[NewListPrice, ...], Length(0, MAX_PRICES)]


_PRICE: TypeAdapter[Decimal] = TypeAdapter(Price, config=ConfigDict(defer_build=True))


# -- keeping a list -----------------------------------------------------------------------------------------------


def variants(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """Return by kind the values of the setting that distinguishes its prices, as a price list writes them."""
    return {
        name: tuple(map(str, kind.settings[kind.priced_by].choices)) if kind.priced_by else ()
        for name, kind in catalog.kinds.items()
    }


def parse_prices(
    body: Any, currency: str, extra_errors: Iterable[FieldError] = (), *, catalog: Catalog | None = None
) -> tuple[ListPrice, ...]:
    """Return the prices that Customer Success sent, ignoring the read-only members of the body.

    Without a catalog, kinds and variants are those of the one that ships.
    Raises Invalid with every error at once, and with `extra_errors`, which were found elsewhere.
    """
    if isinstance(body, Mapping):
        body = {name: value for name, value in body.items() if name not in READ_ONLY}
    catalog = catalog or shipped()
    found = list(extra_errors)
    requested = None
    try:
        requested = NewPriceList.model_validate(body, context=catalog)
    except ValidationError as error:
        found += field_errors_of(error)
    found += _rule_errors(body, currency, catalog)
    if found or requested is None:
        raise Invalid(dict.fromkeys(found))
    return tuple(
        ListPrice(
            kind=price.kind,
            variant=price.variant,
            description=price.description,
            unit_price=money.quantize(price.unit_price, currency),
            recurrence=price.recurrence,
        )
        for price in requested.prices
    )


def _rule_errors(body: Any, currency: str, catalog: Catalog) -> Iterator[FieldError]:
    raw_prices = body.get("prices") if isinstance(body, Mapping) else None
    seen = set()
    variants_of = variants(catalog)
    for index, raw in enumerate(raw_prices[:MAX_PRICES] if isinstance(raw_prices, list) else ()):
        if not isinstance(raw, Mapping):
            continue
        kind, recurrence = raw.get("kind"), raw.get("recurrence")
        variant = absent_when_blank(raw.get("variant"))
        allowed = variants_of.get(kind) if isinstance(kind, str) else None
        if allowed is not None and isinstance(variant, str) and variant not in allowed:
            known = f"one of {', '.join(allowed)}, or none" if allowed else "none"
            where = pointer("prices", index, "variant")
            yield FieldError(where, "unknown_variant", f"The variant of {kind} is {known}.")
        yield from _price_errors(raw.get("unit_price"), pointer("prices", index, "unit_price"), currency)
        if isinstance(kind, str) and isinstance(variant, (str, type(None))) and isinstance(recurrence, str):
            if (kind, variant, recurrence) in seen:
                detail = "An earlier price has the same kind, variant and recurrence."
                yield FieldError(pointer("prices", index), "duplicate_price", detail)
            seen.add((kind, variant, recurrence))


def _price_errors(raw_price: Any, where: str, currency: str) -> Iterator[FieldError]:
    try:
        price = _PRICE.validate_python(raw_price)
    except ValidationError:
        return  # the schema reports it
    if not money.fits(price, currency):
        digits = money.minor_digits(currency)
        yield FieldError(where, "too_many_decimals", f"Amounts in {currency} have {digits} decimals at most.")
    if price < 0:
        yield FieldError(where, "negative_price", "A discount is an extra line of a quote, not a price of the list.")


def prices_csv(prices: Iterable[ListPrice], dialect: Dialect = PLAIN) -> str:
    """Return the prices as CSV, safe to open in a spreadsheet; `parse_prices_csv` reads the same prices back."""
    shown = (price.model_dump(mode="json") for price in prices)
    rows = ({**each, "unit_price": each["unit_price"].replace(".", dialect.decimal_mark)} for each in shown)
    return csv_text(COLUMNS, ([row[column] for column in COLUMNS] for row in rows), dialect)


def parse_prices_csv(text: str, currency: str, *, catalog: Catalog | None = None) -> tuple[ListPrice, ...]:
    """Return the prices of a CSV file with a header row, its columns in any order; empty rows are ignored.

    Raises BadRequest for what is not CSV, and Invalid with every error, each with its row as a spreadsheet counts it.
    """
    header, rows = _table(text)
    body = [_raw_price(header, cells) for cells in rows.values()]
    too_long = (
        FieldError(pointer("prices", index), "too_many", "The row has more cells than the header.")
        for index, cells in enumerate(rows.values())
        if len(cells) > len(header)
    )
    ambiguous = _ambiguous_amounts(text, header, rows.values(), currency)
    try:
        return parse_prices({"prices": body}, currency, (*too_long, *ambiguous), catalog=catalog)
    except Invalid as invalid:
        numbers = list(rows)
        raise Invalid(_with_row(error, numbers) for error in invalid.errors) from None


def _ambiguous_amounts(text: str, header: list[str], rows: Iterable[list[str]], currency: str) -> Iterator[FieldError]:
    """Yield an error for each amount with two readings, decimals or thousands.

    That is the case in a currency of three decimals, with another mark than the one that goes with the delimiter.
    """
    if money.minor_digits(currency) != len("000"):
        return
    decimal_mark = _DECIMAL_MARKS.get(delimiter_of(text))
    for index, cells in enumerate(rows):
        cell = read_cell(dict(zip(header, cells, strict=False)).get("unit_price", ""))
        found = _LIKE_THOUSANDS.fullmatch(cell)
        if found and found[1] != decimal_mark:
            whole = cell.replace(found[1], "")
            with_mark = cell.replace(found[1], decimal_mark or ".")
            decimals = with_mark if decimal_mark else with_mark.zfill(len(with_mark) + 1)  # 0.500 is no thousand
            detail = f"{cell} can be read in two ways; write {whole} or {decimals}."
            yield FieldError(pointer("prices", index, "unit_price"), "ambiguous_amount", detail)


def _table(text: str) -> tuple[list[str], dict[int, list[str]]]:
    """Return the names of the columns, and the other rows by their number."""
    rows = {
        number: cells
        for number, (_, row) in enumerate(read_rows(text), start=1)
        if any(cells := [cell.strip() for cell in row])
    }
    header = rows.pop(min(rows)) if rows else []
    if sorted(header) != sorted(COLUMNS):
        detail = f"The first row names the columns: {','.join(COLUMNS)}."
        raise Invalid([FieldError("/prices", "wrong_header", detail)])
    if not rows:
        detail = "The table has no prices. To empty the list, send it as JSON without any."
        raise Invalid([FieldError("/prices", "no_rows", detail)])
    return header, rows


def _raw_price(header: list[str], cells: list[str]) -> dict[str, str]:
    found = {name: read_cell(cell) for name, cell in zip(header, cells, strict=False) if cell}
    if "unit_price" in found:
        found["unit_price"] = _normalized_amount(found["unit_price"])
    return found


def _normalized_amount(cell: str) -> str:
    """Return an amount with a decimal point, whichever of its marks is the decimal one; other texts are unchanged.

    A single comma is the decimal mark. So `1,000` has three decimals, and a currency with fewer refuses it.
    """
    if _WITH_COMMA.fullmatch(cell):
        return cell.replace(",", ".")
    if _GROUPED.fullmatch(cell):
        decimals = max(cell.rfind(","), cell.rfind("."))
        return cell[:decimals].replace(",", "").replace(".", "") + "." + cell[decimals + 1 :]
    return cell


def _with_row(error: FieldError, numbers: list[int]) -> FieldError:
    _, _, *location = error.pointer.split("/")
    return error._replace(detail=f"Row {numbers[int(location[0])]}: {error.detail}") if location else error


# -- beginning a quote --------------------------------------------------------------------------------------------


class DraftLine(Entity):
    """A line as a quote request has it."""

    item_id: str | None
    description: str
    quantity: int
    unit_price: Decimal
    recurrence: Recurrence


class QuoteDraft(Entity):
    """The body of a quote request, to be looked over and sent; items that have no price yet have no line."""

    currency: str
    valid_until: Day
    lines: tuple[DraftLine, ...]
    message: str | None
    terms: str
    confirmed_start_dates: dict[str, Day]
    unpriced: tuple[str, ...]


def draft_from_prices(
    order: Order,
    site_names: Mapping[str, str],
    prices: Iterable[ListPrice],
    *,
    currency: str,
    terms: str,
    valid_until: date,
    catalog: Catalog | None = None,
) -> QuoteDraft:
    """Return the draft that a price list makes of an order: a line for each price of the most specific variant of each
    item.

    `site_names`, by site id, is for orders without a snapshot.
    """
    listed, catalog = tuple(prices), catalog or shipped()
    lines: list[DraftLine] = []
    unpriced = []
    for item_id, item in ((str(index), item) for index, item in enumerate(order.items, start=1)):
        found = prices_of(item, listed, catalog)
        if not found:
            unpriced.append(item_id)
        lines += (
            DraftLine(
                item_id=item_id,
                description=_description(price, order, item, site_names, catalog),
                quantity=quantity_of(item),
                unit_price=price.unit_price,
                recurrence=price.recurrence,
            )
            for price in found
        )
    return QuoteDraft(
        currency=currency,
        valid_until=valid_until,
        lines=tuple(lines),
        message=None,
        terms=terms,
        confirmed_start_dates={},
        unpriced=tuple(unpriced),
    )


def draft_from_revision(quote: Quote, *, today: date, valid_until: date) -> QuoteDraft:
    """Return the content of a revision as a draft of the next one.

    A past `valid_until` is replaced by the given one, and other past dates are omitted.
    """
    return QuoteDraft(
        currency=quote.currency,
        valid_until=valid_until if quote.is_past(today) else quote.valid_until,
        lines=tuple(DraftLine(**line.model_dump(exclude={"amount"})) for line in quote.lines),
        message=quote.message,
        terms=quote.terms,
        confirmed_start_dates={item_id: day for item_id, day in quote.confirmed_start_dates.items() if day >= today},
        unpriced=(),
    )


def prices_of(item: Item, prices: Iterable[ListPrice], catalog: Catalog) -> list[ListPrice]:
    """Return the prices of the item's own variant or, without any, those of its kind in general."""
    of_kind = [price for price in prices if price.kind == item.kind]
    own = [price for price in of_kind if price.variant is not None and price.variant == variant_of(item, catalog)]
    return own or [price for price in of_kind if price.variant is None]


def variant_of(item: Item, catalog: Catalog) -> str | None:
    """Return the value that distinguishes the item's price from others of its kind; None without such a setting."""
    setting = _variant_setting(item, catalog)
    return None if setting is None else str(settings_of(item)[setting])


def _variant_setting(item: Item, catalog: Catalog) -> str | None:
    """Return the name of the setting by which the item's kind is priced, if the item has it."""
    kind = catalog.kinds.get(item.kind)
    setting = kind.priced_by if kind else None
    return setting if setting in settings_of(item) else None


def _description(price: ListPrice, order: Order, item: Item, site_names: Mapping[str, str], catalog: Catalog) -> str:
    """Return the list's description with what it lacks: the variant, for a price of the kind in general,
    and the site.
    """
    parts = [price.description]
    setting = _variant_setting(item, catalog)
    if price.variant is None and setting is not None:
        value = str(settings_of(item)[setting])
        word = None if setting in _TOLD_BY_VALUE else order.words(item, "en").get(setting)
        parts.append(word or value.replace("_", " "))
    site_id, site = site_id_of(item), order.site_of(item)
    if site_id is not None:
        parts.append(site.name if site else site_names.get(site_id, site_id))
    text = ", ".join(parts)
    return text if len(text) <= MAX_DESCRIPTION_LENGTH else text[: MAX_DESCRIPTION_LENGTH - 1] + "…"
