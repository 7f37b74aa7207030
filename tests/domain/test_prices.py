"""Price lists: what may stand in one, what a spreadsheet makes of it, and the quotes that begin from it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from online_orders.domain.catalog import quantity_of
from online_orders.domain.csv_pages import PLAIN, SPREADSHEETS, Dialect
from online_orders.domain.errors import BadRequest, FieldError, Invalid
from online_orders.domain.iso import MINOR_DIGITS
from online_orders.domain.money import MAX_AMOUNT, quantize
from online_orders.domain.orders import Order
from online_orders.domain.prices import (
    COLUMNS,
    EVERYBODY,
    MAX_PRICES,
    ListPrice,
    PriceList,
    PriceScope,
    QuoteDraft,
    draft_from_prices,
    draft_from_revision,
    find_prices,
    parse_prices,
    parse_prices_csv,
    prices_csv,
    variant_of,
    variants_of,
)
from online_orders.domain.quote_requests import MAX_DESCRIPTION_LENGTH, parse_quote
from online_orders.domain.quotes import Quote, Recurrence
from online_orders.domain.values import TURNING
from tests.domain.builders import (
    KINDS,
    NOW,
    TERMS,
    TODAY,
    Json,
    account_body,
    account_of,
    item_of,
    offered,
    place,
    property_of,
    without_snapshot,
)
from tests.shipped_catalog import CATALOG, LIMITS, UPGRADES

SITES = {"office": "Berlin", "store": "Lager", "branch": "Ulm"}

VARIANTS = {name: variants_of(kind) for name, kind in CATALOG.kinds.items()}


def price_of(kind: str = "socket", variant: str | None = None, **changes: Any) -> Json:
    return {
        "kind": kind,
        "variant": variant,
        "description": "Socket",
        "unit_price": "420",
        "recurrence": "once",
    } | changes


def listed(*prices: Json, currency: str = "EUR") -> tuple[ListPrice, ...]:
    return parse_prices({"prices": list(prices)}, currency)


def field_errors_of(body: Any, currency: str = "EUR") -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        parse_prices(body, currency)
    return {fault.pointer: fault.code for fault in refusal.value.errors}


def said_of(*prices: Any, currency: str = "EUR") -> dict[str, str]:
    """What a list's faults say, by their code."""
    with pytest.raises(Invalid) as refusal:
        parse_prices({"prices": list(prices)}, currency)
    return {fault.code: fault.detail for fault in refusal.value.errors}


def faults_of_csv(text: str) -> list[FieldError]:
    with pytest.raises(Invalid) as refusal:
        parse_prices_csv(text, "EUR")
    return list(refusal.value.errors)


def list_of(
    *prices: Json | ListPrice, scope: PriceScope = EVERYBODY, version: int = 1, currency: str = "EUR"
) -> PriceList:
    kept = tuple(price if isinstance(price, ListPrice) else listed(price, currency=currency)[0] for price in prices)
    return PriceList(currency=currency, **scope._asdict(), version=version, updated_at=NOW, prices=kept)


def draft_of(
    *items: Json, prices: tuple[ListPrice, ...] = (), lists: Sequence[PriceList] = (), currency: str = "EUR"
) -> QuoteDraft:
    """The draft that the default list makes, or several lists."""
    sites = [{**site, "name": SITES.get(site["site_id"], site["name"])} for site in account_body()["sites"]]
    order = place(*items, account=account_of(sites=sites)).order
    return drafted(order, *(lists or [list_of(*prices)]), names={"store": "Another place by now"}, currency=currency)


def drafted(
    order: Order, *lists: PriceList, names: Mapping[str, str] = MappingProxyType({}), currency: str = "EUR"
) -> QuoteDraft:
    days = timedelta(days=30)
    return draft_from_prices(order, names, lists, currency=currency, terms=TERMS, today=TODAY, valid_until=TODAY + days)


def quoted(draft: QuoteDraft, items: int, today: date = TODAY) -> Quote:
    """What the desk makes of a draft that is sent as it is."""
    return parse_quote(
        draft.model_dump(mode="json"),
        order_id="o",
        account_id="acme",
        revision=1,
        items=items,
        currency="EUR",
        terms="other terms",
        today=today,
    )


amounts = st.decimals(min_value=0, max_value=MAX_AMOUNT - 1, places=0, allow_nan=False)
texts = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"], exclude_characters=TURNING) | st.just(" "),
    min_size=1,
    max_size=40,
)
days = st.dates(TODAY - timedelta(days=400), TODAY + timedelta(days=400))
descriptions = (
    st.one_of(texts, st.sampled_from(["=1+1", "'=1", "''@x", "-5 %", "+49", "a;b", 'say "so"', "a,b", "'", "@"]))
    .map(str.strip)
    .filter(bool)
)


@st.composite
def price_lists(draw: st.DrawFn) -> tuple[str, list[Json]]:
    """A currency and the prices of a list that is sound in it."""
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD", "BHD"]))
    unit = Decimal(1).scaleb(-MINOR_DIGITS[currency])
    places = [(kind, variant) for kind in KINDS for variant in (None, *VARIANTS[kind])]
    tiers = st.none() | st.integers(2, 1_000)
    key = st.tuples(st.sampled_from(places), st.sampled_from([*Recurrence]), st.none() | days, tiers)
    keys = draw(st.lists(key, max_size=12, unique=True))
    prices = [
        price_of(
            kind,
            variant,
            recurrence=recurrence.value,
            description=draw(descriptions),
            unit_price=f"{draw(amounts) * unit:f}",
            **({"valid_from": valid_from.isoformat()} if valid_from else {}),
            **({"from_quantity": from_quantity} if from_quantity and kind in LIMITS else {}),
        )
        for (kind, variant), recurrence, valid_from, from_quantity in keys
        if kind in LIMITS or from_quantity is None
    ]
    return currency, prices


# -- keeping a list -----------------------------------------------------------------------------------------------


@property_of
@given(price_lists())
def test_what_reading_a_list_gives_is_accepted_back(drawn: tuple[str, list[Json]]) -> None:
    currency, bodies = drawn
    prices = listed(*bodies, currency=currency)
    assert listed(*(price.model_dump(mode="json") for price in prices), currency=currency) == prices


@property_of
@given(price_lists(), st.sampled_from([PLAIN, *SPREADSHEETS.values()]))
def test_a_list_goes_through_csv_and_back_unchanged(drawn: tuple[str, list[Json]], dialect: Dialect) -> None:
    currency, bodies = drawn
    assume(bodies)
    prices = listed(*bodies, currency=currency)
    assert parse_prices_csv(prices_csv(prices, dialect), currency) == prices


@pytest.mark.parametrize(
    ("dialect", "row"),
    [(PLAIN, "socket,,Socket,9.50,once"), (SPREADSHEETS["de"], "socket;;Socket;9,50;once")],
    ids=["plain", "German"],
)
def test_amounts_are_written_with_the_decimal_mark_of_the_table(dialect: Dialect, row: str) -> None:
    assert prices_csv(listed(price_of(unit_price="9.5")), dialect).splitlines()[1] == row


@property_of
@given(price_lists())
def test_no_cell_of_a_list_begins_like_a_formula(drawn: tuple[str, list[Json]]) -> None:
    currency, bodies = drawn
    for row in csv.reader(StringIO(prices_csv(listed(*bodies, currency=currency)), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_prices_have_exactly_the_minor_digits_of_the_currency() -> None:
    for currency, sent, kept in (("EUR", "9.5", "9.50"), ("JPY", "9", "9"), ("KWD", "9.5", "9.500")):
        (price,) = listed(price_of(unit_price=sent), currency=currency)
        assert price.model_dump(mode="json")["unit_price"] == kept


@pytest.mark.parametrize(
    ("currency", "price"), [("EUR", "1.001"), ("JPY", "1.0"), ("KWD", "1.0001"), ("BHD", "0.1234")]
)
def test_more_decimals_than_the_currency_has_are_a_fault(currency: str, price: str) -> None:
    found = field_errors_of({"prices": [price_of(), price_of(recurrence="yearly", unit_price=price)]}, currency)
    assert found == {"/prices/1/unit_price": "too_many_decimals"}


def test_what_is_read_only_is_ignored() -> None:
    body = {"prices": [price_of()], "currency": 7, "account_id": 1, "group": [], "version": "x", "updated_at": None}
    assert parse_prices(body, "EUR") == listed(price_of())


@pytest.mark.parametrize("kind", KINDS)
def test_a_variant_is_one_of_the_catalog_s_for_its_kind(kind: str) -> None:
    assert [price.variant for price in listed(*(price_of(kind, each) for each in VARIANTS[kind]))] == [*VARIANTS[kind]]
    for variant in {"X1500", "europe", "250", "rack_mount_kit", "nothing"} - set(VARIANTS[kind]):
        assert field_errors_of({"prices": [price_of(kind, variant)]}) == {"/prices/0/variant": "unknown_variant"}


@pytest.mark.parametrize(
    ("currency", "prices", "said"),
    [
        (
            "EUR",
            [price_of(variant="X1600")],
            {"unknown_variant": "The variant of socket is one of X1500, X1700, or none."},
        ),
        ("EUR", [price_of("ip_addresses", "X1500")], {"unknown_variant": "The variant of ip_addresses is none."}),
        (
            "EUR",
            [price_of(), price_of()],
            {"duplicate_price": "An earlier price has the same kind, variant, recurrence, day and quantity."},
        ),
        ("EUR", [price_of(unit_price="1.001")], {"too_many_decimals": "Amounts in EUR have 2 decimals at most."}),
        ("JPY", [price_of(unit_price="1.0")], {"too_many_decimals": "Amounts in JPY have 0 decimals at most."}),
    ],
)
def test_a_fault_says_what_would_do(currency: str, prices: list[Json], said: dict[str, str]) -> None:
    assert said_of(*prices, currency=currency) == said


@pytest.mark.parametrize("value", [["socket"], {"socket": 1}, 7, True])
@pytest.mark.parametrize("member", ["kind", "variant", "recurrence"])
def test_variants_are_text_and_a_duplicate_of_another_type_is_one_error(member: str, value: Any) -> None:
    found = field_errors_of({"prices": [price_of(**{member: value})] * 2})
    assert found.keys() == {f"/prices/0/{member}", f"/prices/1/{member}"}


def test_a_blank_variant_is_none() -> None:
    assert listed(price_of(variant=" "))[0].variant is None


def test_a_duplicate_price_is_an_error_unless_its_recurrence_differs() -> None:
    prices = [price_of(), price_of(recurrence="monthly"), price_of(variant="X1500"), price_of(variant="")]
    assert field_errors_of({"prices": prices}) == {"/prices/3": "duplicate_price"}


def test_a_discount_is_no_price_of_a_list() -> None:
    assert field_errors_of({"prices": [price_of(unit_price="-1")]}) == {"/prices/0/unit_price": "negative_price"}
    assert listed(price_of(unit_price="0"))[0].unit_price == quantize(Decimal(0), "EUR")


def test_all_faults_of_a_list_come_at_once_and_each_at_its_place() -> None:
    prices = [
        price_of(),
        price_of("toaster"),
        price_of(variant="X1600", unit_price="0.001"),
        price_of(description=" ", recurrence="weekly"),
        price_of(unit_price="-0.001", amount="1"),
        7,
        price_of(),
    ]
    assert field_errors_of({"prices": prices, "color": "red"}) == {
        "/prices/1/kind": "not_allowed",
        "/prices/2/variant": "unknown_variant",
        "/prices/2/unit_price": "too_many_decimals",
        "/prices/3/description": "too_short",
        "/prices/3/recurrence": "not_allowed",
        "/prices/4/unit_price": "negative_price",
        "/prices/4/amount": "unknown_field",
        "/prices/4": "duplicate_price",
        "/prices/5": "wrong_type",
        "/prices/6": "duplicate_price",
        "/color": "unknown_field",
    }


def test_a_list_has_500_prices_at_most() -> None:
    places = [(kind, variant) for kind in KINDS for variant in (None, *VARIANTS[kind])]
    keys = [(*place, recurrence.value) for place in places for recurrence in Recurrence]
    sound = [price_of(kind, variant, recurrence=recurrence) for kind, variant, recurrence in keys]
    assert len(listed(*sound)) == len(keys) < MAX_PRICES
    assert field_errors_of({"prices": [*sound, *[7] * (MAX_PRICES + 1 - len(sound))]})["/prices"] == "too_many"


def test_no_description_turns_the_direction_of_its_text() -> None:
    turned = price_of(description="Socket\u2067")
    assert field_errors_of({"prices": [price_of(), {**turned, "recurrence": "yearly"}]}) == {
        "/prices/1/description": "malformed"
    }
    text = "kind,variant,description,unit_price,recurrence\r\nsocket,,Socket\u202e,420,once\r\n"
    assert [each.code for each in faults_of_csv(text)] == ["malformed"]


@pytest.mark.parametrize("body", [None, [], "prices", {}, {"prices": None}, {"prices": {"0": price_of()}}])
def test_a_body_that_is_no_list_is_refused(body: Any) -> None:
    assert len(field_errors_of(body)) == 1


# -- CSV ----------------------------------------------------------------------------------------------------------

SHEET = """\
kind,variant,description,unit_price,recurrence
socket,X1500,Socket X1500,420,once
ip_addresses,,Public IPv4,10.00,monthly
"""


@pytest.mark.parametrize(
    "sheet",
    [
        SHEET,
        SHEET.replace("\n", "\r\n"),
        SHEET.replace(",", ";"),
        SHEET.replace(",", "\t"),
        SHEET.replace("once\n", "once\n,,,,\n\n"),
        SHEET.replace(",", " , "),
        "\n" + SHEET,
    ],
    ids=["commas", "line ends of Windows", "semicolons", "tabs", "empty rows", "spaces", "an empty first row"],
)
def test_a_table_is_read_as_spreadsheets_write_it(sheet: str) -> None:
    assert parse_prices_csv(sheet, "EUR") == listed(
        price_of(variant="X1500", description="Socket X1500"),
        price_of("ip_addresses", description="Public IPv4", unit_price="10", recurrence="monthly"),
    )


def test_the_columns_of_a_table_come_in_any_order() -> None:
    sheet = "recurrence,unit_price,description,variant,kind\nonce,420,Socket,,socket\n"
    assert parse_prices_csv(sheet, "EUR") == listed(price_of())


@pytest.mark.parametrize("rows", ["", "\n", "\n,,,,\n\n"])
def test_a_table_without_rows_empties_no_list(rows: str) -> None:
    ((where, code, text),) = faults_of_csv(",".join(COLUMNS) + rows)
    assert (where, code) == ("/prices", "no_rows")
    assert text.startswith("The table has no prices.")
    assert listed() == ()


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("95,00", "95.00"),
        ("95,5", "95.50"),
        ("95", "95.00"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234.567,8", "1234567.80"),
    ],
)
def test_an_amount_is_read_with_either_decimal_mark(cell: str, kept: str) -> None:
    (price,) = parse_prices_csv(f"{';'.join(COLUMNS)}\nsocket;;Socket;{cell};once\n", "EUR")
    assert price.model_dump(mode="json")["unit_price"] == kept
    (price,) = parse_prices_csv(f'{",".join(COLUMNS)}\nsocket,,Socket,"{cell}",once\n', "EUR")
    assert price.model_dump(mode="json")["unit_price"] == kept


@pytest.mark.parametrize(
    ("currency", "cell", "code"),
    [
        ("EUR", "1,000", "too_many_decimals"),
        ("EUR", "1.000", "too_many_decimals"),
        ("EUR", "1.234,567", "too_many_decimals"),
        ("JPY", "150,000", "too_many_decimals"),
        ("JPY", "150.000", "too_many_decimals"),
        ("EUR", "1,234,567", None),
        ("EUR", "1.23,456,7", None),
        ("EUR", "1,23.456", None),
        ("EUR", ",5", None),
        ("EUR", "5,", None),
        ("EUR", "1 000,00", None),
        ("EUR", "95,00 €", None),
    ],
)
def test_an_amount_that_could_be_another_one_is_never_guessed(currency: str, cell: str, code: str | None) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_prices_csv(f"{';'.join(COLUMNS)}\nsocket;;Socket;{cell};once\n", currency)
    ((where, found, _),) = refusal.value.errors
    assert where == "/prices/0/unit_price"
    assert code is None or found == code


@pytest.mark.parametrize(
    ("delimiter", "cell", "outcome"),
    [
        (",", "12.500", "12.500"),
        (";", "12,500", "12.500"),
        (",", "12,500", "12500 or 12.500"),
        (";", "12.500", "12500 or 12,500"),
        ("\t", "12.500", "12500 or 012.500"),
        ("\t", "-1,234", "-1234 or -01.234"),
        ("\t", "012.500", "12.500"),
        (";", "0.500", "0.500"),
        (";", "12.50", "12.500"),
        (";", "1234.567", "1234.567"),
        (";", "1.234,567", "1234.567"),
    ],
)
def test_three_decimals_are_read_by_the_tables_decimal_mark(delimiter: str, cell: str, outcome: str) -> None:
    table = f'{delimiter.join(COLUMNS)}\nsocket{delimiter * 2}Socket{delimiter}"{cell}"{delimiter}once\n'
    if " or " not in outcome:
        (price,) = parse_prices_csv(table, "KWD")
        assert price.model_dump(mode="json")["unit_price"] == outcome
        return
    with pytest.raises(Invalid) as refusal:
        parse_prices_csv(table, "KWD")
    (fault,) = (each for each in refusal.value.errors if each.code == "ambiguous_amount")
    assert fault.pointer == "/prices/0/unit_price"
    assert fault.detail == f"Row 2: {cell} can be read in two ways; write {outcome}."


def test_rows_of_wrong_length_are_errors_with_three_decimals_too() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_prices_csv(f"{','.join(COLUMNS)}\nsocket\nsocket,X1500,Socket,1.5,once,extra\n", "KWD")
    found = [(fault.pointer, fault.code) for fault in refusal.value.errors]
    assert found == [
        ("/prices/1", "too_many"),
        ("/prices/0/description", "required"),
        ("/prices/0/unit_price", "required"),
        ("/prices/0/recurrence", "required"),
    ]


def test_a_fault_of_the_whole_table_is_said_of_no_row() -> None:
    rows = [f"ip_addresses,,IPv4 {number},1,once" for number in range(501)]
    faults = {(where, code): detail for where, code, detail in faults_of_csv("\n".join([",".join(COLUMNS), *rows]))}
    (of_whole,) = (detail for (where, _), detail in faults.items() if where == "/prices")
    assert not of_whole.startswith("Row")
    assert faults["/prices/1", "duplicate_price"].startswith("Row 3: ")


@pytest.mark.parametrize("header", ["", "kind,variant", SHEET.split("\n")[1], ",".join((*COLUMNS, "amount"))])
def test_a_table_without_its_header_is_refused_as_a_whole(header: str) -> None:
    ((where, code, text),) = faults_of_csv(header)
    assert (where, code) == ("/prices", "wrong_header")
    names = "It may also name valid_from and from_quantity."
    assert text == f"The first row names the columns: {','.join(COLUMNS)}. {names}"


def test_the_faults_of_a_table_say_the_row_as_a_spreadsheet_counts_it() -> None:
    sheet = SHEET + "\nsocket,X1600,Socket,1.234,once,extra\n,,,,\nsocket,X1500,Again,,once\n"
    found = faults_of_csv(sheet)
    assert [(where, code, text.partition(":")[0]) for where, code, text in found] == [
        ("/prices/2", "too_many", "Row 5"),
        ("/prices/3/unit_price", "required", "Row 7"),
        ("/prices/2/variant", "unknown_variant", "Row 5"),
        ("/prices/2/unit_price", "too_many_decimals", "Row 5"),
        ("/prices/3", "duplicate_price", "Row 7"),
    ]


def test_what_is_no_csv_is_refused() -> None:
    for text in ('kind,"variant', f'{SHEET}socket,"X1500"x,Socket,1,once\n'):
        with pytest.raises(BadRequest) as refusal:
            parse_prices_csv(text, "EUR")
        assert refusal.value.code == "invalid_csv"


# -- beginning a quote --------------------------------------------------------------------------------------------


def test_every_price_of_the_most_specific_variant_makes_a_line() -> None:
    prices = listed(
        price_of(description="Any socket"),
        price_of(variant="X1500", description="Socket X1500"),
        price_of(variant="X1500", description="Care", unit_price="18", recurrence="monthly"),
        price_of(variant="X1700", description="Socket X1700"),
    )
    draft = draft_of(item_of("socket", model="X1500", quantity=3), prices=prices)
    lines = [(line.description, line.quantity, str(line.unit_price), line.recurrence.value) for line in draft.lines]
    assert lines == [("Socket X1500, Lager", 3, "420.00", "once"), ("Care, Lager", 3, "18.00", "monthly")]


def test_a_price_without_variant_is_the_default_and_the_line_names_it() -> None:
    prices = listed(*(price_of(kind, description="Item") for kind in KINDS), price_of("sdp_users", "china"))
    draft = draft_of(*(item_of(kind) for kind in KINDS), prices=prices)
    assert [(line.item_id, line.description, line.quantity) for line in draft.lines] == [
        ("1", "Item, 200 Mbps, Berlin", 1),
        ("2", "Item, Ulm", 1),
        ("3", "Item, X1500, Lager", 2),
        ("4", "Item", 4),
        ("5", "Item, Europe", 100),
        ("6", "Item, network card, Lab", 1),
    ]


def test_a_region_is_named_as_when_ordered_or_else_as_now() -> None:
    order = place(item_of("sdp_users", region="europe")).order
    assert order.snapshot
    words = {**order.snapshot.words, "en": {"region.europe": "Old Europe"}}
    renamed = order.model_copy(update={"snapshot": order.snapshot.model_copy(update={"words": words})})
    for one, text in ((order, "Europe"), (renamed, "Old Europe"), (without_snapshot(order), "Europe")):
        draft = drafted(one, list_of(price_of("sdp_users", description="Users")))
        assert draft.lines[0].description == f"Users, {text}"


def test_a_description_that_just_fits_is_whole() -> None:
    order = without_snapshot(place(item_of("socket")).order)
    name = "y" * (MAX_DESCRIPTION_LENGTH - len("Socket, X1500, "))
    for more, text in (("", f"Socket, X1500, {name}"), ("y", f"Socket, X1500, {name[1:]}…")):
        draft = drafted(order, list_of(price_of()), names={"store": name + more})
        assert draft.lines[0].description == text


def test_an_item_without_a_price_is_named_and_has_no_line() -> None:
    prices = listed(price_of(variant="X1700"), price_of("ip_addresses"))
    draft = draft_of(item_of("socket"), item_of("ip_addresses"), item_of("sdp_users"), prices=prices)
    assert draft.unpriced == ("1", "3")
    assert [line.item_id for line in draft.lines] == ["2"]
    with pytest.raises(Invalid) as refusal:
        quoted(draft, 3)
    assert {fault.code for fault in refusal.value.errors} == {"item_without_line"}


@property_of
@given(price_lists(), st.lists(st.sampled_from(KINDS), min_size=1, max_size=50))
def test_a_draft_is_accepted_as_it_is_once_every_item_has_a_price(
    drawn: tuple[str, list[Json]], kinds: list[str]
) -> None:
    currency, bodies = drawn
    kinds = [kind for index, kind in enumerate(kinds) if kind not in UPGRADES or kind not in kinds[:index]]
    prices = listed(*bodies, currency=currency)
    draft = draft_of(*(item_of(kind) for kind in kinds), prices=prices, currency=currency)
    items = place(*(item_of(kind) for kind in kinds)).order.items
    of_all = [list_of(*prices, currency=currency)]
    found = [find_prices(of_all, item.kind, variant_of(item, CATALOG), quantity_of(item), TODAY) for item in items]
    priced = [str(number) for number, each in enumerate(found, 1) if each.prices]
    assert sorted({line.item_id or "" for line in draft.lines} | set(draft.unpriced), key=int) == [
        str(number) for number in range(1, len(items) + 1)
    ]
    assert [number for number in priced if number in draft.unpriced] == []
    if not draft.unpriced:
        quote = quoted(draft, len(items))
        assert (quote.currency, quote.terms, quote.valid_until) == (currency, TERMS, draft.valid_until)
        assert [line.model_dump(exclude={"amount"}) for line in quote.lines] == [
            line.model_dump() for line in draft.lines
        ]


def test_the_largest_draft_fits_a_quote_and_a_long_description_is_cut() -> None:
    prices = listed(
        *(price_of(recurrence=each.value, description="x" * 100, unit_price="999999999999.99") for each in Recurrence)
    )
    order = without_snapshot(place(*[item_of("socket")] * 50).order)
    draft = drafted(order, list_of(*prices), names={"store": "y" * 200})
    assert len(draft.lines) == 150
    assert {len(line.description) for line in draft.lines} == {MAX_DESCRIPTION_LENGTH}
    assert draft.lines[0].description.endswith("y…")
    assert len(quoted(draft, 50).lines) == 150


def test_a_site_without_snapshot_is_shown_by_its_present_name_or_id() -> None:
    order = without_snapshot(place(item_of("socket")).order)
    for names, text in (({}, "store"), ({"store": "Lager"}, "Lager")):
        draft = drafted(order, list_of(price_of()), names=names)
        assert draft.lines[0].description == f"Socket, X1500, {text}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_item_of_the_catalog_has_a_variant_that_a_list_can_name(kind: str) -> None:
    (item,) = place(item_of(kind)).order.items
    variant = variant_of(item, CATALOG)
    assert variant in VARIANTS[kind] if VARIANTS[kind] else variant is None


def test_the_draft_of_a_quoted_order_is_the_present_revision() -> None:
    order = offered(message="As agreed.", confirmed_start_dates={"1": TODAY.isoformat()})
    assert order.quote
    draft = draft_from_revision(order.quote, today=TODAY, valid_until=date(2027, 3, 1))
    again = quoted(draft, len(order.items))
    for name in ("currency", "valid_until", "lines", "totals", "message", "terms", "confirmed_start_dates"):
        assert getattr(again, name) == getattr(order.quote, name), name


def test_dates_of_a_revision_that_are_past_do_not_come_again() -> None:
    order = offered()
    assert order.quote
    quote = order.quote.model_copy(
        update={"valid_until": TODAY, "confirmed_start_dates": {"1": TODAY, "2": TODAY + timedelta(days=9)}}
    )
    tomorrow, in_a_month = TODAY + timedelta(days=1), TODAY + timedelta(days=31)
    draft = draft_from_revision(quote, today=tomorrow, valid_until=in_a_month)
    assert (draft.valid_until, draft.confirmed_start_dates) == (in_a_month, {"2": TODAY + timedelta(days=9)})
    assert draft_from_revision(quote, today=TODAY, valid_until=in_a_month).valid_until == TODAY
