"""Price lists: what each kind of item costs in a currency, and the draft of a quote made from them.

The default list of a currency is for every account. Beside it there are lists of one account, and of one group of
accounts. The first list that has a price for an item has all prices of the item: the account's, those of its groups in
the account's order, the default one.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from online_orders.domain import money
from online_orders.domain.catalog import (
    QUANTITY,
    Catalog,
    Item,
    Kind,
    quantity_of,
    settings_of,
    shipped,
    site_id_of,
)
from online_orders.domain.csv_pages import (
    PLAIN,
    SPREADSHEETS,
    Dialect,
    csv_text,
    delimiter_of,
    read_cell,
    read_day,
    read_number,
    read_rows,
)
from online_orders.domain.decimals import Price
from online_orders.domain.errors import FieldError, Invalid
from online_orders.domain.field_errors import field_errors_of, pointer, turned_text_errors
from online_orders.domain.orders import Order
from online_orders.domain.quote_parts import Discount
from online_orders.domain.quote_requests import MAX_DESCRIPTION_LENGTH
from online_orders.domain.quotes import Quote, QuoteLine, Recurrence
from online_orders.domain.taxes import Tax
from online_orders.domain.values import (
    FROM_REQUEST,
    BlankIsAbsent,
    Day,
    Entity,
    Instant,
    Length,
    Line,
    RecentDay,
    Request,
    absent_when_blank,
    is_false,
    is_none,
)

MAX_PRICES = 500
COLUMNS = ("kind", "variant", "description", "unit_price", "recurrence")
"""Of every table; a table has those of `OPTIONAL_COLUMNS` that one of its prices uses."""
OPTIONAL_COLUMNS = ("valid_from", "from_quantity")
READ_ONLY = frozenset({"currency", "account_id", "group", "version", "updated_at"})

_TOLD_BY_VALUE = {"accessory_type"}
"""Settings of which a line says the value in words and not the longer label."""
MAX_VARIANT_LENGTH = 32
MAX_QUANTITY = 1_000_000
"""Of a tier: the largest of a quote's line."""
_DUPLICATE = "An earlier price has the same kind, variant, recurrence, day and quantity."
_WITH_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
_LIKE_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}([.,])[0-9]{3}")
_DECIMAL_MARKS = {dialect.delimiter: dialect.decimal_mark for dialect in (PLAIN, *SPREADSHEETS.values())}
"""By delimiter: both are of the locale in which a table was saved. A tab tells nothing about the mark."""
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:(?:\.[0-9]{3})+,|(?:,[0-9]{3})+\.)[0-9]+")


class PriceScope(NamedTuple):
    """Whom a list is for: one account, or the accounts of one group; everybody, when it names neither."""

    account_id: str | None = None
    group: str | None = None

    @property
    def name(self) -> Literal["account", "group", "default"]:
        return "account" if self.account_id else "group" if self.group else "default"

    @property
    def phrase(self) -> str:
        """Return what follows the words "price list" in a sentence."""
        if self.account_id:
            return f" of the account {self.account_id}"
        return f" of the group {self.group}" if self.group else ""


EVERYBODY = PriceScope()


class ListPrice(Entity):
    """What one of a kind costs; without a variant, all of the kind that have no price of their own."""

    kind: str
    variant: str | None
    description: str
    unit_price: Decimal
    recurrence: Recurrence
    valid_from: Annotated[Day | None, Field(exclude_if=is_none, description="In force from this day on.")] = None
    from_quantity: Annotated[
        int | None,
        Field(exclude_if=is_none, description="For the whole of an item that has this quantity at least."),
    ] = None

    @property
    def first_day(self) -> date:
        return self.valid_from or date.min

    @property
    def least_quantity(self) -> int:
        return self.from_quantity or 1


class PriceList(Entity):
    """The prices in one currency, in the order in which Customer Success keeps them."""

    currency: str
    account_id: Annotated[str | None, Field(exclude_if=is_none, description="Whose list it is, if an account's.")] = (
        None
    )
    group: Annotated[str | None, Field(exclude_if=is_none, description="Whose list it is, if a group's.")] = None
    version: int
    updated_at: Instant
    prices: tuple[ListPrice, ...]

    @property
    def scope(self) -> PriceScope:
        return PriceScope(self.account_id, self.group)


def _text(kind: Any) -> Any:
    if not isinstance(kind, str):
        raise PydanticCustomError("not_allowed", "the kind is one of the catalog's")
    return kind


class NewListPrice(Request):
    kind: Annotated[str, BeforeValidator(_text, json_schema_input_type=str)]
    """The rules compare it with the catalog."""
    variant: Annotated[Annotated[str, StringConstraints(max_length=MAX_VARIANT_LENGTH)] | None, BlankIsAbsent] = None
    description: Annotated[Line, StringConstraints(max_length=100)]
    unit_price: Price
    recurrence: Recurrence
    valid_from: Annotated[
        RecentDay | None, BlankIsAbsent, Field(description="In force from this day on, in the account's time zone.")
    ] = None
    from_quantity: Annotated[
        int | None,
        Field(
            strict=True,
            ge=2,
            le=MAX_QUANTITY,
            description="A volume tier: the unit price for the whole of an item that has this quantity at least.",
        ),
    ] = None


class NewPriceList(Request):
    """A whole list as Customer Success sends it."""

    prices: Annotated[tuple[NewListPrice, ...], Length(0, MAX_PRICES)]


_PRICE: TypeAdapter[Decimal] = TypeAdapter(Price, config=ConfigDict(defer_build=True))


# -- keeping a list -----------------------------------------------------------------------------------------------


def variants_of(kind: Kind) -> tuple[str, ...]:
    """Return the values of the setting that distinguishes the prices of a kind, as a price list writes them."""
    return tuple(map(str, kind.settings[kind.priced_by].choices)) if kind.priced_by else ()


def parse_prices(
    body: Any,
    currency: str,
    extra_errors: Iterable[FieldError] = (),
    *,
    catalog: Catalog | None = None,
    kept: Collection[ListPrice] = (),
) -> tuple[ListPrice, ...]:
    """Return the prices that Customer Success sent, ignoring the read-only members of the body.

    Without a catalog, kinds and variants are those of the one that ships. `kept` are the prices that the list has by
    now: what they name may stay, although the catalog no longer has it.
    Raises Invalid with every error at once, and with `extra_errors`, which were found elsewhere.
    """
    if isinstance(body, Mapping):
        body = {name: value for name, value in body.items() if name not in READ_ONLY}
    catalog = catalog or shipped()
    found = [*turned_text_errors(body), *extra_errors]
    requested = None
    try:
        requested = NewPriceList.model_validate(body, context=FROM_REQUEST)
    except ValidationError as error:
        found += field_errors_of(error)
    found += _rule_errors(body, currency, catalog, kept)
    if found or requested is None:
        raise Invalid(dict.fromkeys(found))
    return tuple(
        ListPrice(
            kind=price.kind,
            variant=price.variant,
            description=price.description,
            unit_price=money.quantize(price.unit_price, currency),
            recurrence=price.recurrence,
            valid_from=price.valid_from,
            from_quantity=price.from_quantity,
        )
        for price in requested.prices
    )


def _rule_errors(body: Any, currency: str, catalog: Catalog, kept: Collection[ListPrice]) -> Iterator[FieldError]:
    raw_prices = body.get("prices") if isinstance(body, Mapping) else None
    named = {(price.kind, price.variant, price.from_quantity is not None) for price in kept}
    seen: set[tuple[Any, ...]] = set()
    for index, raw in enumerate(raw_prices[:MAX_PRICES] if isinstance(raw_prices, list) else ()):
        if not isinstance(raw, Mapping):
            continue
        kind: Any = raw.get("kind")
        variant, from_quantity = absent_when_blank(raw.get("variant")), raw.get("from_quantity")
        is_named = isinstance(kind, str) and isinstance(variant, (str, type(None)))
        if is_named and (kind, variant, from_quantity is not None) not in named:
            yield from _catalog_errors(catalog, kind, variant, from_quantity, index)
        yield from _price_errors(raw.get("unit_price"), pointer("prices", index, "unit_price"), currency)
        recurrence, valid_from = raw.get("recurrence"), absent_when_blank(raw.get("valid_from"))
        is_dated = isinstance(recurrence, str) and isinstance(valid_from, (str, type(None)))
        if is_named and is_dated and _is_count(from_quantity):
            key = (kind, variant, recurrence, valid_from, from_quantity)
            if key in seen:
                yield FieldError(pointer("prices", index), "duplicate_price", _DUPLICATE)
            seen.add(key)


def _is_count(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _catalog_errors(
    catalog: Catalog, name: str, variant: str | None, from_quantity: Any, index: int
) -> Iterator[FieldError]:
    """Yield an error for what the catalog does not have."""
    kind = catalog.kinds.get(name)
    if kind is None:
        where = pointer("prices", index, "kind")
        yield FieldError(where, "not_allowed", f"The kind is one of {', '.join(catalog.kinds)}.")
        return
    variants = variants_of(kind)
    if variant is not None and variant not in variants:
        known = f"one of {', '.join(variants)}, or none" if variants else "none"
        where = pointer("prices", index, "variant")
        yield FieldError(where, "unknown_variant", f"The variant of {name} is {known}.")
    if from_quantity is not None and QUANTITY not in kind.settings:
        where = pointer("prices", index, "from_quantity")
        yield FieldError(where, "no_quantity", f"An item of the kind {name} has no quantity.")


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
    shown = [price.model_dump(mode="json") for price in prices]
    columns = (*COLUMNS, *(column for column in OPTIONAL_COLUMNS if any(column in each for each in shown)))
    rows = ({**each, "unit_price": each["unit_price"].replace(".", dialect.decimal_mark)} for each in shown)
    return csv_text(columns, ([row.get(column) for column in columns] for row in rows), dialect)


def parse_prices_csv(
    text: str, currency: str, *, catalog: Catalog | None = None, kept: Collection[ListPrice] = ()
) -> tuple[ListPrice, ...]:
    """Return the prices of a CSV file with a header row, its columns in any order; empty rows are ignored.

    `catalog` and `kept` are as in `parse_prices`. Raises BadRequest for what is not CSV, and Invalid with every error,
    each with its row as a spreadsheet counts it.
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
        return parse_prices({"prices": body}, currency, (*too_long, *ambiguous), catalog=catalog, kept=kept)
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
    if len(set(header)) < len(header) or not {*COLUMNS} <= {*header} <= {*COLUMNS, *OPTIONAL_COLUMNS}:
        detail = (
            f"The first row names the columns: {','.join(COLUMNS)}. It may also name {' and '.join(OPTIONAL_COLUMNS)}."
        )
        raise Invalid([FieldError("/prices", "wrong_header", detail)])
    if not rows:
        detail = "The table has no prices. To empty the list, send it as JSON without any."
        raise Invalid([FieldError("/prices", "no_rows", detail)])
    return header, rows


def _raw_price(header: list[str], cells: list[str]) -> dict[str, Any]:
    found = {name: read_cell(cell) for name, cell in zip(header, cells, strict=False) if cell}
    return {name: _READERS[name](cell) if name in _READERS else cell for name, cell in found.items()}


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


_READERS: Mapping[str, Callable[[str], Any]] = {
    "unit_price": _normalized_amount,
    "valid_from": read_day,
    "from_quantity": read_number,
}
"""What is made of a cell, by its column."""


def _with_row(error: FieldError, numbers: list[int]) -> FieldError:
    _, _, *location = error.pointer.split("/")
    return error._replace(detail=f"Row {numbers[int(location[0])]}: {error.detail}") if location else error


# -- which price goes ---------------------------------------------------------------------------------------------


class FoundPrices(NamedTuple):
    """The prices of an item, one a recurrence, and the list that has them; no prices when no list has any."""

    prices: tuple[ListPrice, ...]
    scope: PriceScope = EVERYBODY
    version: int = 0


def find_prices(lists: Iterable[PriceList], kind: str, variant: str | None, quantity: int, today: date) -> FoundPrices:
    """Return the prices of an item from the first list that has one for it on this day.

    A list's prices of the item's own variant go before those of the kind in general.
    """
    for listed in lists:
        for each in dict.fromkeys((variant, None)):
            own = (price for price in listed.prices if price.kind == kind and price.variant == each)
            if found := tuple(_in_force(own, quantity, today)):
                return FoundPrices(found, listed.scope, listed.version)
    return FoundPrices(())


def _in_force(prices: Iterable[ListPrice], quantity: int, today: date) -> Iterator[ListPrice]:
    """Yield the price of each recurrence: of those that began last, the highest tier that the quantity reaches.

    What began on a day replaces the earlier prices of its recurrence, with all their tiers.
    """
    begun: dict[Recurrence, list[ListPrice]] = {}
    for price in prices:
        if price.first_day <= today:
            begun.setdefault(price.recurrence, []).append(price)
    for of_recurrence in begun.values():
        last = max(price.first_day for price in of_recurrence)
        tiers = [price for price in of_recurrence if price.first_day == last and price.least_quantity <= quantity]
        if tiers:
            yield max(tiers, key=lambda price: price.least_quantity)


class IndicativePrice(Entity):
    """What one of a kind costs on a day, from a quantity on."""

    kind: str
    variant: Annotated[str | None, Field(description="Null for all of the kind without a price of their own.")]
    unit_price: Decimal
    recurrence: Recurrence
    from_quantity: Annotated[
        int, Field(ge=1, description="Of the prices of an item, those with the highest one that its quantity reaches.")
    ]


def prices_in_force(catalog: Catalog, lists: Sequence[PriceList], today: date) -> list[IndicativePrice]:
    """Return what the items of an account cost on this day; `catalog` is what it may order.

    An item costs what its variant's rows say or, without any, those without a variant; of these rows, those with the
    highest `from_quantity` that its quantity reaches, one a recurrence.
    """
    rows: list[IndicativePrice] = []
    for name, kind in catalog.kinds.items():
        of_kind = [
            each.model_copy(update={"prices": prices})
            for each in lists
            if (prices := tuple(price for price in each.prices if price.kind == name))
        ]
        named = {price.variant for each in of_kind for price in each.prices}
        general = _steps(of_kind, name, None, today)
        rows += general
        for variant in (each for each in variants_of(kind) if each in named):
            own = _steps(of_kind, name, variant, today)
            if [row.model_copy(update={"variant": None}) for row in own] != general:
                rows += own
    return rows


def _steps(lists: Sequence[PriceList], kind: str, variant: str | None, today: date) -> list[IndicativePrice]:
    """Return the prices of one variant at each quantity where they change, each time all of them."""
    rows: list[IndicativePrice] = []
    before: list[tuple[Recurrence, Decimal]] = []
    for quantity in sorted({1, *(price.least_quantity for each in lists for price in each.prices)}):
        found = find_prices(lists, kind, variant, quantity, today).prices
        now = [(price.recurrence, price.unit_price) for price in found]
        if now != before:
            rows += (
                IndicativePrice(
                    kind=kind,
                    variant=variant,
                    unit_price=price.unit_price,
                    recurrence=price.recurrence,
                    from_quantity=quantity,
                )
                for price in found
            )
        before = now
    return rows


# -- beginning a quote --------------------------------------------------------------------------------------------


class DraftLine(Entity):
    """A line as a quote request has it."""

    item_id: str | None
    description: str
    quantity: int
    unit_price: Decimal
    recurrence: Recurrence
    starts_on: Annotated[Day | None, Field(exclude_if=is_none)] = None
    ends_on: Annotated[Day | None, Field(exclude_if=is_none)] = None
    term_months: Annotated[int | None, Field(exclude_if=is_none)] = None
    prorate: Annotated[bool, Field(exclude_if=is_false)] = False
    discount: Annotated[Discount | None, Field(exclude_if=is_none)] = None
    optional: Annotated[bool, Field(exclude_if=is_false)] = False
    option_group: Annotated[str | None, Field(exclude_if=is_none)] = None
    selected: Annotated[bool, Field(exclude_if=is_false)] = False
    message: Annotated[str | None, Field(exclude_if=is_none)] = None
    tax: Annotated[Tax | None, Field(exclude_if=is_none)] = None
    unit_cost: Annotated[
        Decimal | None,
        Field(exclude_if=is_none, description="As the last request said; only for those who may send the next one."),
    ] = None


class PriceSource(Entity):
    """Which price of which list made a line."""

    item_id: str
    list: Annotated[
        Literal["account", "group", "default"],
        Field(description="The account's list, that of one of its groups, or the default one of the currency."),
    ]
    group: Annotated[str | None, Field(exclude_if=is_none, description="The group, if it is a group's list.")] = None
    version: Annotated[int, Field(description="The list's version.")]
    valid_from: Annotated[Day | None, Field(exclude_if=is_none, description="As the price has it.")] = None
    from_quantity: Annotated[int | None, Field(exclude_if=is_none, description="As the price has it.")] = None


class QuoteDraft(Entity):
    """The body of a quote request, to be looked over and sent; items that have no price yet have no line."""

    currency: str
    valid_until: Day
    lines: tuple[DraftLine, ...]
    message: str | None
    terms: str
    confirmed_start_dates: dict[str, Day]
    discount: Annotated[Discount | None, Field(exclude_if=is_none)] = None
    common_end_on: Annotated[Day | None, Field(exclude_if=is_none)] = None
    tax: Annotated[Tax | None, Field(exclude_if=is_none, description="Of every line without a tax of its own.")] = None
    unpriced: tuple[str, ...]
    price_sources: Annotated[
        tuple[PriceSource, ...] | None,
        Field(
            exclude_if=is_none,
            description="Where the price of each line is from, in the order of the lines; not for a present revision.",
        ),
    ] = None

    def without_costs(self) -> "QuoteDraft":
        """Return the draft for those who may read it and not send it."""
        return self.model_copy(
            update={"lines": tuple(line.model_copy(update={"unit_cost": None}) for line in self.lines)}
        )


def draft_from_prices(
    order: Order,
    site_names: Mapping[str, str],
    lists: Sequence[PriceList],
    *,
    currency: str,
    terms: str,
    today: date,
    valid_until: date,
    catalog: Catalog | None = None,
) -> QuoteDraft:
    """Return the draft that price lists make of an order: a line for each price of each item.

    `lists` are those of the account in the currency, the first that has a price for an item goes. `today` is the
    account's. `site_names`, by site id, is for orders without a snapshot. `catalog` is the present one, which says by
    what a kind is priced; without it, the one that ships.
    """
    catalog = catalog or shipped()
    lines: list[DraftLine] = []
    sources: list[PriceSource] = []
    unpriced = []
    for item_id, item in ((str(index), item) for index, item in enumerate(order.items, start=1)):
        found = find_prices(lists, item.kind, variant_of(item, catalog), quantity_of(item), today)
        if not found.prices:
            unpriced.append(item_id)
        for price in found.prices:
            lines.append(
                DraftLine(
                    item_id=item_id,
                    description=_description(price, order, item, site_names, catalog),
                    quantity=quantity_of(item),
                    unit_price=price.unit_price,
                    recurrence=price.recurrence,
                )
            )
            sources.append(
                PriceSource(
                    item_id=item_id,
                    list=found.scope.name,
                    group=found.scope.group,
                    version=found.version,
                    valid_from=price.valid_from,
                    from_quantity=price.from_quantity,
                )
            )
    return QuoteDraft(
        currency=currency,
        valid_until=valid_until,
        lines=tuple(lines),
        message=None,
        terms=terms,
        confirmed_start_dates={},
        unpriced=tuple(unpriced),
        price_sources=tuple(sources),
    )


def draft_from_revision(
    quote: Quote, *, today: date, valid_until: date, costs: Sequence[Decimal | None] = ()
) -> QuoteDraft:
    """Return the content of a revision, or of one that waits for approval, as a draft of the next one.

    A past `valid_until` is replaced by the given one, and past dates of items are omitted. A tax that all lines have is
    given once, and an end that is the common one is left to it, so that both can be changed in one place. `costs` has
    what one of each line costs, where that is known.
    """
    taxes = [line.tax for line in quote.lines]
    shared = taxes[0] if all(tax == taxes[0] for tax in taxes) else None
    lines = zip_longest(quote.lines, costs[: len(quote.lines)])
    return QuoteDraft(
        currency=quote.currency,
        valid_until=valid_until if quote.is_past(today) else quote.valid_until,
        lines=tuple(_draft_line(line, cost, quote.common_end_on, shared) for line, cost in lines),
        message=quote.message,
        terms=quote.terms,
        confirmed_start_dates={item_id: day for item_id, day in quote.confirmed_start_dates.items() if day >= today},
        discount=quote.discount,
        common_end_on=quote.common_end_on,
        tax=shared,
        unpriced=(),
    )


def _draft_line(
    line: QuoteLine, unit_cost: Decimal | None, common_end_on: date | None, shared_tax: Tax | None
) -> DraftLine:
    kept = {name: getattr(line, name) for name in DraftLine.model_fields if name != "unit_cost"}
    if line.prorate and line.ends_on == common_end_on and line.term_months is None:
        kept["ends_on"] = None
    return DraftLine(**{**kept, "tax": None if shared_tax else line.tax, "unit_cost": unit_cost})


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
