"""Which price goes: of which list, which variant, which day, which tier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.catalog import Catalog, shipped
from online_orders.domain.csv_pages import SPREADSHEETS
from online_orders.domain.errors import Invalid
from online_orders.domain.prices import (
    COLUMNS,
    EVERYBODY,
    IndicativePrice,
    ListPrice,
    PriceList,
    PriceScope,
    draft_from_prices,
    find_prices,
    parse_prices,
    parse_prices_csv,
    prices_csv,
    prices_in_force,
)
from online_orders.domain.quotes import Recurrence
from tests.domain.builders import NOW, TERMS, TODAY, Json, item_of, place, property_of

DAY = timedelta(days=1)
ACME, PARTNERS, SCHOOLS = PriceScope("acme"), PriceScope(group="partners"), PriceScope(group="schools")


def price(unit_price: int, **changes: Any) -> ListPrice:
    members: Json = {
        "kind": "socket",
        "variant": None,
        "description": "Socket",
        "unit_price": Decimal(unit_price),
        "recurrence": "once",
    }
    return ListPrice(**{**members, **changes})


def list_of(scope: PriceScope, *prices: ListPrice, version: int = 1) -> PriceList:
    return PriceList(currency="EUR", **scope._asdict(), version=version, updated_at=NOW, prices=prices)


def costs(*lists: PriceList, variant: str | None = "X1500", quantity: int = 1, today: date = TODAY) -> list[int]:
    return [int(each.unit_price) for each in find_prices(lists, "socket", variant, quantity, today).prices]


# -- examples -----------------------------------------------------------------------------------------------------


def test_the_accounts_list_goes_before_its_groups_and_those_before_the_default_one() -> None:
    lists = [
        list_of(ACME, price(1)),
        list_of(PARTNERS, price(2)),
        list_of(SCHOOLS, price(3)),
        list_of(EVERYBODY, price(4)),
    ]
    assert [costs(*lists[first:]) for first in range(5)] == [[1], [2], [3], [4], []]


def test_all_prices_of_an_item_are_of_one_list() -> None:
    default = list_of(EVERYBODY, price(10), price(2, recurrence="monthly"))
    assert costs(list_of(ACME, price(8)), default) == [8]
    assert costs(list_of(ACME, price(8, kind="ip_addresses")), default) == [10, 2]


def test_a_price_of_the_kind_in_a_list_goes_before_one_of_the_variant_in_the_next() -> None:
    assert costs(list_of(ACME, price(8)), list_of(EVERYBODY, price(9, variant="X1500"))) == [8]


def test_a_price_is_not_used_before_its_day_and_replaces_the_earlier_ones_from_then_on() -> None:
    listed = list_of(EVERYBODY, price(10), price(9, from_quantity=5), price(12, valid_from=TODAY + DAY))
    assert costs(listed, quantity=5) == [9]
    assert costs(listed, quantity=5, today=TODAY + DAY) == [12]
    assert costs(listed, quantity=5, today=TODAY + 800 * DAY) == [12]


def test_a_variant_whose_price_has_not_begun_costs_what_the_kind_does() -> None:
    listed = list_of(EVERYBODY, price(12, variant="X1500", valid_from=TODAY + DAY), price(10))
    assert [costs(listed), costs(listed, today=TODAY + DAY)] == [[10], [12]]


def test_a_tier_is_for_the_whole_item_from_its_quantity_on() -> None:
    listed = list_of(EVERYBODY, price(8, from_quantity=10), price(10), price(6, from_quantity=100))
    assert [costs(listed, quantity=quantity) for quantity in (1, 9, 10, 99, 100, 5_000)] == [
        [10],
        [10],
        [8],
        [8],
        [6],
        [6],
    ]


def test_an_item_below_the_only_tier_costs_what_the_next_list_says() -> None:
    lists = [list_of(ACME, price(7, from_quantity=10)), list_of(EVERYBODY, price(10))]
    assert [costs(*lists, quantity=quantity) for quantity in (9, 10)] == [[10], [7]]


# -- against another way of finding out ---------------------------------------------------------------------------

offsets = st.none() | st.integers(-2, 2).map(lambda days: TODAY + days * DAY)
tiers = st.none() | st.integers(2, 6)
keys = st.tuples(
    st.sampled_from(["socket", "ip_addresses"]),
    st.sampled_from([None, "X1500", "X1700"]),
    st.sampled_from([*Recurrence]),
    offsets,
    tiers,
)


@st.composite
def several_lists(draw: st.DrawFn) -> list[PriceList]:
    """Lists in the order in which they go, with prices that are all different."""
    scopes = draw(st.lists(st.sampled_from([ACME, PARTNERS, SCHOOLS, EVERYBODY]), unique=True))
    amounts = iter(range(1, 1_000))
    return [
        list_of(
            scope,
            *(
                price(
                    next(amounts),
                    kind=kind,
                    variant=None if kind == "ip_addresses" else variant,
                    recurrence=recurrence,
                    valid_from=valid_from,
                    from_quantity=from_quantity,
                )
                for kind, variant, recurrence, valid_from, from_quantity in draw(
                    st.lists(keys, max_size=14, unique=True)
                )
                if kind == "socket" or variant is None
            ),
            version=version,
        )
        for version, scope in enumerate(scopes, 1)
    ]


def beaten(one: ListPrice, others: Iterable[ListPrice], quantity: int, today: date) -> bool:
    """Whether a price of the same kind, variant and recurrence goes before one that is in force."""
    for other in others:
        same = (other.kind, other.variant, other.recurrence) == (one.kind, one.variant, one.recurrence)
        if not same or (other.valid_from is not None and other.valid_from > today):
            continue
        if other.valid_from is not None and (one.valid_from is None or other.valid_from > one.valid_from):
            return True
        reached = (other.from_quantity or 0) <= quantity
        if other.valid_from == one.valid_from and reached and (other.from_quantity or 0) > (one.from_quantity or 0):
            return True
    return False


def by_elimination(
    lists: list[PriceList], kind: str, variant: str | None, quantity: int, today: date
) -> tuple[PriceScope | None, set[ListPrice]]:
    for each in lists:
        left = {
            one
            for one in each.prices
            if one.kind == kind
            and one.variant in {variant, None}
            and not (one.valid_from is not None and one.valid_from > today)
            and not (one.from_quantity is not None and one.from_quantity > quantity)
            and not beaten(one, each.prices, quantity, today)
        }
        if left:
            own = {one for one in left if one.variant is not None}
            return each.scope, own or left
    return None, set()


@property_of
@given(
    several_lists(),
    st.sampled_from([("socket", "X1500"), ("socket", "X1700"), ("ip_addresses", None)]),
    st.integers(1, 7),
    st.integers(-3, 3),
)
def test_the_price_that_goes_is_the_one_that_no_other_beats(
    lists: list[PriceList], of: tuple[str, str | None], quantity: int, days: int
) -> None:
    today = TODAY + days * DAY
    found = find_prices(lists, *of, quantity, today)
    scope, expected = by_elimination(lists, *of, quantity, today)
    assert set(found.prices) == expected
    assert len(found.prices) == len({each.recurrence for each in found.prices})
    if scope is not None:
        assert found.scope == scope
        assert [found.version] == [each.version for each in lists if each.scope == scope]


# -- indicative prices --------------------------------------------------------------------------------------------

VARIANTS = {"socket": ("X1500", "X1700"), "ip_addresses": (), "sdp_users": ("europe",)}


def catalog_of(variants: Mapping[str, Sequence[str]]) -> Catalog:
    """The catalog that ships, with these kinds and variants alone."""
    return Catalog(
        {
            "kinds": [
                {
                    **kind,
                    "settings": [
                        {
                            **setting,
                            "choices": [each for each in setting["choices"] if each["value"] in variants[kind["kind"]]],
                        }
                        if "choices" in setting
                        else setting
                        for setting in kind["settings"]
                    ],
                }
                for kind in shipped().document["kinds"]
                if kind["kind"] in variants
            ]
        },
        1,
    )


def read_off(rows: list[IndicativePrice], kind: str, variant: str | None, quantity: int) -> dict[str, int]:
    """What an item costs, read off the rows as a client does."""
    of_kind = [row for row in rows if row.kind == kind]
    own = [row for row in of_kind if row.variant == variant] or [row for row in of_kind if row.variant is None]
    reached = [row for row in own if row.from_quantity <= quantity]
    last = max((row.from_quantity for row in reached), default=0)
    return {row.recurrence: int(row.unit_price) for row in reached if row.from_quantity == last}


@property_of
@given(several_lists())
def test_what_is_read_off_the_indicative_prices_is_what_a_draft_would_say(lists: list[PriceList]) -> None:
    rows = prices_in_force(catalog_of(VARIANTS), lists, TODAY)
    for kind, variants in VARIANTS.items():
        for variant in variants or (None,):
            for quantity in range(1, 8):
                found = find_prices(lists, kind, variant, quantity, TODAY).prices
                expected = {each.recurrence: int(each.unit_price) for each in found}
                assert read_off(rows, kind, variant, quantity) == expected


def test_indicative_prices_are_of_what_the_account_may_order() -> None:
    listed = list_of(EVERYBODY, price(1, variant="X1500"), price(2, variant="X1700"), price(3, kind="accessory"))
    rows = prices_in_force(catalog_of({"socket": ["X1700"], "ip_addresses": []}), [listed], TODAY)
    assert [row.model_dump(mode="json") for row in rows] == [
        {"kind": "socket", "variant": "X1700", "unit_price": "2", "recurrence": "once", "from_quantity": 1}
    ]


# -- the draft ----------------------------------------------------------------------------------------------------


def test_a_draft_says_of_each_line_where_its_price_is_from() -> None:
    lists = [
        list_of(ACME, price(300, variant="X1500", valid_from=TODAY, from_quantity=2), version=7),
        list_of(PARTNERS, price(9, kind="ip_addresses"), version=3),
        list_of(EVERYBODY, price(5, kind="sdp_users"), price(6, kind="sdp_users", recurrence="yearly"), version=2),
    ]
    items = [item_of(kind) for kind in ("socket", "ip_addresses", "accessory", "sdp_users")]
    draft = draft_from_prices(
        place(*items).order, {}, lists, currency="EUR", terms=TERMS, today=TODAY, valid_until=TODAY
    ).model_dump(mode="json")
    assert [line["item_id"] for line in draft["lines"]] == ["1", "2", "4", "4"]
    assert all(
        set(line) == {"item_id", "description", "quantity", "unit_price", "recurrence"} for line in draft["lines"]
    )
    assert draft["unpriced"] == ["3"]
    of_default = {"item_id": "4", "list": "default", "version": 2}
    assert draft["price_sources"] == [
        {"item_id": "1", "list": "account", "version": 7, "valid_from": TODAY.isoformat(), "from_quantity": 2},
        {"item_id": "2", "list": "group", "group": "partners", "version": 3},
        of_default,
        of_default,
    ]


# -- what a list may say ------------------------------------------------------------------------------------------

SOCKET = {"kind": "socket", "variant": None, "description": "Socket", "unit_price": "1", "recurrence": "once"}
BANDWIDTH = {**SOCKET, "kind": "site_bandwidth"}


def errors_of(*prices: Json, kept: tuple[ListPrice, ...] = ()) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        parse_prices({"prices": list(prices)}, "EUR", kept=kept)
    return [(error.pointer.removeprefix("/prices"), error.code) for error in refusal.value.errors]


def test_all_errors_of_days_and_tiers_come_at_once() -> None:
    assert errors_of(
        SOCKET,
        {**SOCKET, "from_quantity": 1},
        {**SOCKET, "from_quantity": "10"},
        {**SOCKET, "from_quantity": 2_000_000},
        {**SOCKET, "valid_from": "1.1.2027"},
        {**SOCKET, "valid_from": "0027-01-01"},
        {**BANDWIDTH, "from_quantity": 10},
        {**SOCKET, "valid_from": "2027-01-01", "from_quantity": 10},
        {**SOCKET, "valid_from": "2027-01-01", "from_quantity": 10, "unit_price": "2"},
        {**SOCKET, "valid_from": " "},
    ) == [
        ("/1/from_quantity", "too_small"),
        ("/2/from_quantity", "wrong_type"),
        ("/3/from_quantity", "too_large"),
        ("/4/valid_from", "invalid_date"),
        ("/5/valid_from", "date_too_early"),
        ("/6/from_quantity", "no_quantity"),
        ("/8", "duplicate_price"),
        ("/9", "duplicate_price"),
    ]


def test_a_price_that_differs_in_its_day_or_tier_is_another_one() -> None:
    dated = {**SOCKET, "valid_from": "2027-01-01"}
    prices = parse_prices(
        {"prices": [SOCKET, dated, {**SOCKET, "from_quantity": 2}, {**dated, "from_quantity": 2}]}, "EUR"
    )
    assert [(each.valid_from, each.from_quantity) for each in prices] == [
        (None, None),
        (date(2027, 1, 1), None),
        (None, 2),
        (date(2027, 1, 1), 2),
    ]
    assert [sorted(set(each.model_dump()) - set(SOCKET)) for each in prices] == [
        [],
        ["valid_from"],
        ["from_quantity"],
        ["from_quantity", "valid_from"],
    ]


def test_prices_that_a_list_has_stay_although_the_catalog_no_longer_has_what_they_name() -> None:
    gone: list[Json] = [
        {**SOCKET, "kind": "telephone", "variant": "T1"},
        {**SOCKET, "variant": "X1600"},
        {**BANDWIDTH, "from_quantity": 10},
    ]
    kept = tuple(ListPrice(**each) for each in gone)
    changed = [{**each, "unit_price": "2", "recurrence": "yearly"} for each in gone]
    assert len(parse_prices({"prices": [*gone, *changed]}, "EUR", kept=kept)) == 6
    expected = [("/0/kind", "not_allowed"), ("/1/variant", "unknown_variant"), ("/2/from_quantity", "no_quantity")]
    assert errors_of(*gone) == expected
    assert errors_of({**gone[0], "variant": "T2"}, kept=kept) == [("/0/kind", "not_allowed")]
    assert errors_of({**gone[1], "from_quantity": 5}, kept=kept) == [("/0/variant", "unknown_variant")]


# -- tables -------------------------------------------------------------------------------------------------------


def test_a_table_has_the_columns_that_its_prices_use() -> None:
    plain = price(1)
    for prices, more in (
        ([plain], ""),
        ([plain, price(2, from_quantity=5)], ",from_quantity"),
        ([plain, price(2, valid_from=TODAY)], ",valid_from"),
        ([price(2, valid_from=TODAY), price(2, from_quantity=5)], ",valid_from,from_quantity"),
    ):
        assert prices_csv(prices).splitlines()[0] == ",".join(COLUMNS) + more


def test_a_table_is_read_as_a_german_spreadsheet_saves_it() -> None:
    listed = [price(1), price(2, valid_from=date(2027, 2, 1), from_quantity=10)]
    table = prices_csv(listed, SPREADSHEETS["de"])
    assert table.splitlines()[2] == "socket;;Socket;2;once;2027-02-01;10"
    read = parse_prices_csv(table.replace("2027-02-01", "01.02.2027"), "JPY")
    assert read == tuple(listed)


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ("2/1/2027,", [("/prices/0/valid_from", "invalid_date")]),
        ("31.2.2027,", [("/prices/0/valid_from", "invalid_date")]),
        (",1.000", [("/prices/0/from_quantity", "wrong_type")]),
        (",ten", [("/prices/0/from_quantity", "wrong_type")]),
        (f",{'9' * 5_000}", [("/prices/0/from_quantity", "wrong_type")]),
        (f",{'9' * 9}", [("/prices/0/from_quantity", "too_large")]),
        (",1", [("/prices/0/from_quantity", "too_small")]),
    ],
)
def test_a_day_or_a_quantity_is_never_guessed(cells: str, found: list[tuple[str, str]]) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_prices_csv(f"{','.join(COLUMNS)},valid_from,from_quantity\nsocket,,Socket,1,once,{cells}\n", "EUR")
    assert [(error.pointer, error.code) for error in refusal.value.errors] == found
    assert all(error.detail.startswith("Row 2: ") for error in refusal.value.errors)


@pytest.mark.parametrize("more", [("valid_from", "valid_from"), ("valid_until",), ("kind",)])
def test_a_column_that_is_unknown_or_comes_twice_is_refused(more: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_prices_csv(f"{','.join((*COLUMNS, *more))}\nsocket,,Socket,1,once\n", "EUR")
    assert [error.code for error in refusal.value.errors] == ["wrong_header"]
