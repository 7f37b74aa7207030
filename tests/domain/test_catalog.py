"""What can be ordered, kind by kind: each rule, at and beside its boundary, and all faults at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from online_orders.domain.accounts import Account
from online_orders.domain.catalog import Item
from online_orders.domain.catalog import item_errors as errors_by
from online_orders.domain.catalog import schema_of as schema_of_kind
from online_orders.domain.catalog_rules import years_after
from online_orders.domain.errors import FieldError
from tests.domain.builders import (
    DAY,
    KINDS,
    TODAY,
    Json,
    account_of,
    item_of,
    property_of,
    site_body,
)
from tests.shipped_catalog import (
    ACCESSORY_TYPES,
    BANDWIDTH_STEPS,
    CATALOG,
    KIND_LABELS,
    LIMITS,
    REGIONS,
    SOCKET_MODELS,
    UPGRADES,
)

ACME = account_of()


def item_errors(raw_items: Any, account: Account | None = None, today: date | None = None) -> list[FieldError]:
    """The errors by the catalog that ships."""
    return errors_by(raw_items, CATALOG, account, today)


def schema_of(kind: str) -> Json:
    return schema_of_kind(CATALOG.kinds[kind])


def field_errors_of(*items: Any, account: Account = ACME, today: date = TODAY) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in item_errors(list(items), account, today)]


def without(item: Json, *names: str) -> Json:
    return {name: value for name, value in item.items() if name not in names}


class Flaw(NamedTuple):
    """What makes a sound item of a kind unsound, in one member."""

    kind: str
    changes: Json
    member: str
    code: str


NO_COUNT: tuple[Any, ...] = (
    True,
    False,
    4.0,
    "4",
    None,
    [],
    {},
    Decimal("4.0"),
    Decimal("4.5"),
    float("nan"),
    "\ud800",
)
NO_DAY: tuple[Any, ...] = (
    "2027-1-5",
    "20270105",
    "2027-01-05T00:00:00Z",
    " 2027-01-05",
    "2027-01-05\n",
    "2027-W01-2",
    "05.01.2027",
    "٢٠٢٧-01-05",
    "2027-02-29",
    "2027-02-30",
    "2027-13-01",
    "0000-01-01",
    "10000-01-01",
    "-2027-01-01",
    "",
    "\ud800",
    None,
    True,
    20270105,
    1798761600,
    1.5,
    [],
    {},
)
NO_IDENTIFIER: tuple[Any, ...] = (
    7,
    None,
    True,
    [],
    {},
    "",
    " ",
    "of fice",
    "office\n",
    "-office",
    "\x00",
    "\ud800",
    "ö",
    "x" * 65,
)
MODELS_UNKNOWN: tuple[Any, ...] = ("X1600", "x1500", "", None, 1500, [])
REGIONS_UNKNOWN: tuple[Any, ...] = ("atlantis", "Europe", "", None, 1, {})
ACCESSORIES_UNKNOWN: tuple[Any, ...] = ("cable", "", None, True, [])
SITED = tuple(kind for kind in KINDS if "site_id" in item_of(kind))
COUNTED = tuple(kind for kind in KINDS if "quantity" in item_of(kind))


def _code_of_site_id(value: Any) -> str:
    return "malformed" if isinstance(value, str) else "wrong_type"


FLAWS = [
    *(Flaw(kind, {"start_date": day}, "start_date", "invalid_date") for kind in KINDS for day in NO_DAY),
    *(Flaw(kind, {"start_date": "2026-11-21"}, "start_date", "date_in_past") for kind in KINDS),
    *(Flaw(kind, {"start_date": "0001-01-01"}, "start_date", "date_in_past") for kind in KINDS),
    *(Flaw(kind, {"start_date": "2028-11-23"}, "start_date", "date_too_late") for kind in KINDS),
    *(Flaw(kind, {"start_date": "9999-12-31"}, "start_date", "date_too_late") for kind in KINDS),
    *(Flaw(kind, {"site_id": value}, "site_id", _code_of_site_id(value)) for kind in SITED for value in NO_IDENTIFIER),
    *(Flaw(kind, {"site_id": "elsewhere"}, "site_id", "unknown_site") for kind in SITED),
    *(Flaw(kind, {"site_id": "OFFICE"}, "site_id", "unknown_site") for kind in SITED),
    *(Flaw(kind, {"quantity": value}, "quantity", "wrong_type") for kind in COUNTED for value in NO_COUNT),
    *(Flaw(kind, {"quantity": value}, "quantity", "too_small") for kind in COUNTED for value in (0, -1, -(10**400))),
    *(
        Flaw(kind, {"quantity": value}, "quantity", "too_large")
        for kind in COUNTED
        for value in (LIMITS[kind] + 1, 2**63, 10**400)
    ),
    *(Flaw("site_bandwidth", {"bandwidth_mbps": value}, "bandwidth_mbps", "wrong_type") for value in NO_COUNT),
    *(
        Flaw("site_bandwidth", {"bandwidth_mbps": value}, "bandwidth_mbps", "not_a_step")
        for value in (0, -200, 99, 101, 201, 20_000, 10**400)
    ),
    *(
        Flaw("site_bandwidth", {"site_id": site_id, "bandwidth_mbps": value}, "bandwidth_mbps", "not_above_license")
        for site_id in ("office", "branch")
        for value in (10, 50, 100)
    ),
    *(
        Flaw("site_bandwidth", {"site_id": site_id}, "site_id", "site_without_license")
        for site_id in ("store", "shell")
    ),
    *(
        Flaw("site_early_activation", {"site_id": site_id}, "site_id", "site_without_license")
        for site_id in ("store", "shell")
    ),
    Flaw("site_early_activation", {"site_id": "office"}, "site_id", "license_already_begun"),
    *(
        Flaw("site_early_activation", {"start_date": day}, "start_date", "not_before_license")
        for day in ("2027-06-01", "2027-06-02", "2028-01-01")
    ),
    *(Flaw("socket", {"site_id": site_id}, "site_id", "site_without_address") for site_id in ("branch", "shell")),
    *(Flaw("socket", {"model": model}, "model", "not_allowed") for model in MODELS_UNKNOWN),
    *(Flaw("sdp_users", {"region": region}, "region", "not_allowed") for region in REGIONS_UNKNOWN),
    Flaw("accessory", {"site_id": "branch", "accessory_type": "rack_mount_kit"}, "site_id", "site_without_address"),
    *(Flaw("accessory", {"accessory_type": value}, "accessory_type", "not_allowed") for value in ACCESSORIES_UNKNOWN),
    *(Flaw("accessory", {"site_id": site_id}, "accessory_type", "no_x1700_at_site") for site_id in ("store", "office")),
    *(Flaw(kind, {"color": "red"}, "color", "unknown_field") for kind in KINDS),
    *(Flaw(kind, {"a/b~c": 1}, "a~1b~0c", "unknown_field") for kind in KINDS),
    *(Flaw(kind, {"item_id": "1"}, "item_id", "unknown_field") for kind in KINDS),
    *(Flaw(kind, {"status": "completed"}, "status", "unknown_field") for kind in KINDS),
    Flaw("ip_addresses", {"site_id": "office"}, "site_id", "unknown_field"),
]
GROUPS = sorted({(flaw.kind, flaw.member, flaw.code) for flaw in FLAWS})


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_item_of_each_kind_has_no_fault(kind: str) -> None:
    assert field_errors_of(item_of(kind)) == []


@pytest.mark.parametrize(("kind", "member", "code"), GROUPS)
def test_an_unsound_member_is_the_one_fault_that_is_told(kind: str, member: str, code: str) -> None:
    for flaw in FLAWS:
        if (flaw.kind, flaw.member, flaw.code) == (kind, member, code):
            assert field_errors_of(item_of(kind, **flaw.changes)) == [(f"/items/0/{member}", code)], flaw.changes


@pytest.mark.parametrize(("kind", "member"), [(kind, member) for kind in KINDS for member in item_of(kind)])
def test_no_member_of_an_item_may_be_missing(kind: str, member: str) -> None:
    assert field_errors_of(without(item_of(kind), member)) == [(f"/items/0/{member}", "required")]


@pytest.mark.parametrize("kind", ["rack", "SOCKET", "", "sockets", None, 7, True, [], {}, "\ud800"])
def test_there_are_six_kinds_and_no_other(kind: Any) -> None:
    assert field_errors_of({"kind": kind}) == [("/items/0/kind", "not_allowed")]


@pytest.mark.parametrize("item", [None, 7, "socket", True, [], [item_of("socket")], 1.5])
def test_an_item_is_an_object(item: Any) -> None:
    assert field_errors_of(item) == [("/items/0", "wrong_type")]


def test_a_name_that_no_text_can_have_is_a_fault_of_its_item_alone() -> None:
    found = field_errors_of(item_of("sdp_users"), item_of("ip_addresses", **{"\ud800": 1}), item_of("socket"))
    assert found
    assert all(pointer.startswith("/items/1") and pointer.isascii() for pointer, _ in found)


def test_all_faults_of_an_item_are_told_at_once() -> None:
    item = {"kind": "socket", "site_id": "nowhere", "model": "X1", "quantity": 0, "start_date": "soon", "color": "red"}
    assert sorted(field_errors_of(item)) == [
        ("/items/0/color", "unknown_field"),
        ("/items/0/model", "not_allowed"),
        ("/items/0/quantity", "too_small"),
        ("/items/0/site_id", "unknown_site"),
        ("/items/0/start_date", "invalid_date"),
    ]


# Dates.


@pytest.mark.parametrize("day", ["2026-11-22", "2026-11-23", "2028-02-29", "2028-11-22"])
def test_an_item_starts_today_or_within_two_years(day: str) -> None:
    assert field_errors_of(item_of("ip_addresses", start_date=day)) == []


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (date(2026, 2, 28), date(2028, 2, 28)),
        (date(2027, 3, 1), date(2029, 3, 1)),
        (date(2028, 2, 29), date(2030, 3, 1)),
        (date(2026, 12, 31), date(2028, 12, 31)),
        (date(2027, 1, 1), date(2029, 1, 1)),
    ],
)
def test_two_years_ahead_are_counted_by_the_calendar_leap_days_included(today: date, last: date) -> None:
    def on(day: date) -> list[tuple[str, str]]:
        return field_errors_of(item_of("ip_addresses", start_date=day.isoformat()), today=today)

    assert on(last) == []
    assert on(last + DAY) == [("/items/0/start_date", "date_too_late")]
    assert on(today) == []
    assert on(today - DAY) == [("/items/0/start_date", "date_in_past")]


@property_of
@given(st.dates(max_value=date(9990, 1, 1)), st.integers(0, 5))
def test_the_same_day_years_later_is_the_same_day_of_the_calendar(day: date, years: int) -> None:
    later = years_after(day, years)
    assert later.year == day.year + years
    if (later.month, later.day) != (day.month, day.day):
        assert (day.month, day.day, later.month, later.day) == (2, 29, 3, 1)


# Licenses.


def _licensed(mbps: int, starts_on: date) -> Account:
    license_of = {"bandwidth_mbps": mbps, "starts_on": starts_on.isoformat()}
    return account_of(sites=[site_body("office", license=license_of)])


@pytest.mark.parametrize("starts_on", [TODAY - DAY, TODAY, TODAY + DAY], ids=["begun", "today", "begins"])
@pytest.mark.parametrize("mbps", [5, 10, 75, 100, 5_000, 10_000])
def test_bandwidth_is_a_step_above_the_license_whether_or_not_it_has_begun(mbps: int, starts_on: date) -> None:
    account = _licensed(mbps, starts_on)
    for step in BANDWIDTH_STEPS:
        item = item_of("site_bandwidth", bandwidth_mbps=step)
        expected = [] if step > mbps else [("/items/0/bandwidth_mbps", "not_above_license")]
        assert field_errors_of(item, account=account) == expected


@pytest.mark.parametrize(
    ("starts_in", "day", "fault"),
    [
        (-1, 0, ("site_id", "license_already_begun")),
        (0, 0, ("site_id", "license_already_begun")),
        (1, 0, None),
        (1, 1, ("start_date", "not_before_license")),
        (30, 29, None),
        (30, 30, ("start_date", "not_before_license")),
        (30, 31, ("start_date", "not_before_license")),
        (30, -1, ("start_date", "date_in_past")),
        (3_000, 10, None),
    ],
)
def test_early_activation_is_for_a_license_that_begins_and_before_it_does(
    starts_in: int, day: int, fault: tuple[str, str] | None
) -> None:
    account = _licensed(100, TODAY + timedelta(days=starts_in))
    item = item_of("site_early_activation", site_id="office", start_date=(TODAY + timedelta(days=day)).isoformat())
    assert field_errors_of(item, account=account) == ([(f"/items/0/{fault[0]}", fault[1])] if fault else [])


# Deliveries to a site.


@pytest.mark.parametrize("model", ["X1500", "X1700"])
@pytest.mark.parametrize("site_id", ["office", "store", "lab"])
def test_a_socket_goes_to_any_site_with_an_address(model: str, site_id: str) -> None:
    assert field_errors_of(item_of("socket", model=model, site_id=site_id)) == []


@pytest.mark.parametrize("site_id", ["office", "store", "lab"])
def test_a_rack_mount_kit_needs_the_address_alone(site_id: str) -> None:
    assert field_errors_of(item_of("accessory", accessory_type="rack_mount_kit", site_id=site_id)) == []


CARD = item_of("accessory", accessory_type="network_card", site_id="store")
X1700 = item_of("socket", model="X1700", site_id="store")


@pytest.mark.parametrize("items", [(X1700, CARD), (CARD, X1700)], ids=["before", "after"])
def test_a_network_card_fits_an_x1700_anywhere_in_the_same_order(items: tuple[Json, ...]) -> None:
    assert field_errors_of(*items) == []


@pytest.mark.parametrize(
    "flaw",
    [{"quantity": 0}, {"start_date": "2020-01-01"}, {"quantity": None, "color": "red"}],
    ids=["quantity", "start_date", "two"],
)
def test_a_card_is_sound_beside_an_x1700_item_that_is_not(flaw: Json) -> None:
    found = field_errors_of(CARD, X1700 | flaw)
    assert found
    assert all(pointer.startswith("/items/1/") for pointer, _ in found)


@pytest.mark.parametrize(
    "other",
    [
        item_of("socket", model="X1500", site_id="store"),
        item_of("socket", model="X1700", site_id="office"),
        item_of("accessory", accessory_type="rack_mount_kit", site_id="store"),
    ],
    ids=["X1500", "another site", "no socket"],
)
def test_a_card_is_unsound_when_the_order_brings_its_site_no_x1700(other: Json) -> None:
    assert field_errors_of(CARD, other) == [("/items/0/accessory_type", "no_x1700_at_site")]


def test_an_x1500_at_the_site_takes_no_network_card() -> None:
    sites = [site_body("store", address="2 Side St", sockets=[{"model": "X1500", "quantity": 3}])]
    assert field_errors_of(CARD, account=account_of(sites=sites)) == [("/items/0/accessory_type", "no_x1700_at_site")]


@pytest.mark.parametrize("site_id", ["shell", "branch"])
def test_a_card_for_a_site_without_address_and_without_an_x1700_has_two_faults(site_id: str) -> None:
    assert sorted(field_errors_of(CARD | {"site_id": site_id})) == [
        ("/items/0/accessory_type", "no_x1700_at_site"),
        ("/items/0/site_id", "site_without_address"),
    ]
    assert field_errors_of(CARD | {"site_id": site_id}, X1700 | {"site_id": site_id}) == [
        ("/items/0/site_id", "site_without_address"),
        ("/items/1/site_id", "site_without_address"),
    ]


@pytest.mark.parametrize("site_id", [["store"], {}, 7, None])
def test_an_x1700_for_what_is_no_site_brings_none(site_id: Any) -> None:
    assert ("/items/0/accessory_type", "no_x1700_at_site") in field_errors_of(CARD, X1700 | {"site_id": site_id})


# Quantities.


@pytest.mark.parametrize("kind", COUNTED)
def test_quantities_run_from_one_to_the_catalogs_limit(kind: str) -> None:
    assert field_errors_of(*(item_of(kind, quantity=quantity) for quantity in (1, LIMITS[kind]))) == []


@pytest.mark.parametrize("region", list(REGIONS))
def test_sdp_users_may_be_in_any_region_of_the_catalog(region: str) -> None:
    assert field_errors_of(item_of("sdp_users", region=region)) == []


# The order as a whole.


@pytest.mark.parametrize(
    "twice",
    [
        (item_of("site_bandwidth"), item_of("site_bandwidth")),
        (item_of("site_bandwidth"), item_of("site_bandwidth", bandwidth_mbps=500, start_date="2027-03-01")),
        (item_of("site_early_activation"), item_of("site_early_activation", start_date="2027-02-01")),
    ],
    ids=["one upgrade", "two bandwidths", "one early activation"],
)
def test_what_an_order_asks_of_one_site_twice_is_refused_at_each_later_item(twice: tuple[Json, Json]) -> None:
    first, second = twice
    assert field_errors_of(first, item_of("sdp_users"), second, first) == [
        ("/items/2/site_id", "duplicate_upgrade"),
        ("/items/3/site_id", "duplicate_upgrade"),
    ]


def test_what_is_no_contradiction_may_stand_in_one_order() -> None:
    both = [item_of("site_bandwidth", site_id=site_id) for site_id in ("office", "branch")]
    others = [item_of(kind) for kind in KINDS if kind not in UPGRADES]
    assert field_errors_of(*both, item_of("site_early_activation"), *others, *others) == []


def test_an_unsound_upgrade_is_no_reason_to_refuse_a_sound_one() -> None:
    assert field_errors_of(item_of("site_bandwidth", bandwidth_mbps=100), item_of("site_bandwidth")) == [
        ("/items/0/bandwidth_mbps", "not_above_license")
    ]


_sound = st.sampled_from([item_of(kind) for kind in KINDS])
_unsound: st.SearchStrategy[Any] = st.sampled_from(FLAWS).map(
    lambda flaw: item_of(flaw.kind, **flaw.changes)
) | st.sampled_from([None, 7, {}])


def repeated(items: list[tuple[int, Any]]) -> list[int]:
    """The places of upgrades that an earlier one of the same site and kind contradicts."""
    seen: set[tuple[str, str]] = set()
    found = []
    for index, item in items:
        if item["kind"] in UPGRADES:
            upgrade = (item["kind"], item["site_id"])
            if upgrade in seen:
                found.append(index)
            seen.add(upgrade)
    return found


@property_of
@given(st.lists(st.tuples(st.booleans(), _sound, _unsound), max_size=50))
def test_every_unsound_item_has_a_fault_and_no_sound_one_has(choices: list[tuple[bool, Json, Any]]) -> None:
    items = [sound if is_sound else unsound for is_sound, sound, unsound in choices]
    sound_items = [(index, sound) for index, (is_sound, sound, _) in enumerate(choices) if is_sound]
    at_fault = {int(pointer.split("/")[2]) for pointer, _ in field_errors_of(*items)}
    assert at_fault == {index for index in range(len(items)) if not choices[index][0]} | set(repeated(sound_items))


@property_of
@given(st.lists(_sound | _unsound, min_size=1, max_size=8))
def test_an_item_is_judged_alike_alone_and_among_others(items: list[Any]) -> None:
    alone = [
        (f"/items/{index}{pointer.removeprefix('/items/0')}", code)
        for index, item in enumerate(items)
        for pointer, code in field_errors_of(item)
    ]
    sound_items = [(index, item) for index, item in enumerate(items) if not field_errors_of(item)]
    again = [(f"/items/{index}/site_id", "duplicate_upgrade") for index in repeated(sound_items)]
    assert sorted(field_errors_of(*items)) == sorted(alone + again)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(), max_size=5)
    | st.sampled_from(["socket", "office", "X1700"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*item_of("socket"), "region", "x"]), inner, max_size=6)
    ),
    max_leaves=12,
)


@property_of
@given(_json)
def test_whatever_json_comes_as_items_is_judged_and_never_breaks(items: Any) -> None:
    judge: Callable[..., Any] = item_errors
    for fault in judge(items, ACME, TODAY):
        assert fault.pointer.startswith("/items/")
        assert fault.pointer.encode()
        assert fault.code
        assert fault.detail.endswith(".")


@pytest.mark.parametrize(
    ("item", "detail"),
    [
        (item_of("site_bandwidth", bandwidth_mbps=50), "The site's license already has 100 Mbps."),
        (item_of("socket", quantity=51), "One item has 50 at most."),
        (
            item_of("accessory", accessory_type="network_card", site_id="store"),
            "The site has no X1700 and this order brings none.",
        ),
    ],
)
def test_a_fault_tells_the_number_or_the_model_that_a_rule_is_about(item: Json, detail: str) -> None:
    assert [fault.detail for fault in item_errors([item], ACME, TODAY)] == [detail]


def test_a_second_upgrade_is_told_which_item_has_the_first() -> None:
    upgrade = item_of("site_bandwidth")
    (fault,) = item_errors([item_of("sdp_users"), upgrade, upgrade], ACME, TODAY)
    assert (fault.pointer, fault.code) == ("/items/2/site_id", "duplicate_upgrade")
    assert fault.detail == "Item 2 of this order asks for the same site's Site Bandwidth License already."


@pytest.mark.parametrize("stored", [None, 7, "socket", [], {}, {"kind": None}, {"kind": []}, {"kind": "rack"}])
def test_what_has_no_kind_and_date_is_not_read_as_a_stored_item(stored: Any) -> None:
    with pytest.raises(ValidationError):
        Item.model_validate(stored)


@pytest.mark.parametrize("items", [None, {}, "socket", 7, {"0": item_of("socket")}])
def test_what_is_no_list_has_no_items_to_judge(items: Any) -> None:
    assert item_errors(items, ACME, TODAY) == []


def test_without_an_account_the_schema_alone_is_judged() -> None:
    items = [
        item_of("site_bandwidth", site_id="elsewhere", bandwidth_mbps=7, start_date="2001-01-01"),
        item_of("accessory", site_id="elsewhere", quantity=10**6),
        item_of("socket", model="X9", quantity="2", color="red"),
    ]
    assert sorted((fault.pointer, fault.code) for fault in item_errors(items)) == [
        ("/items/2/color", "unknown_field"),
        ("/items/2/model", "not_allowed"),
        ("/items/2/quantity", "wrong_type"),
    ]


# What the catalog says of itself.


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_of_a_kind_names_its_settings_and_refuses_others(kind: str) -> None:
    schema = schema_of(kind)
    assert set(schema["properties"]) == set(schema["required"]) == set(item_of(kind))
    assert schema["additionalProperties"] is False
    assert schema["properties"]["kind"]["const"] == kind
    assert schema["properties"]["start_date"]["format"] == "date"


@pytest.mark.parametrize("kind", COUNTED)
def test_the_schema_of_a_kind_has_the_catalogs_limit(kind: str) -> None:
    quantity = schema_of(kind)["properties"]["quantity"]
    assert (quantity["minimum"], quantity["maximum"]) == (1, LIMITS[kind])


def test_the_schema_of_bandwidth_lists_the_steps() -> None:
    assert schema_of("site_bandwidth")["properties"]["bandwidth_mbps"]["enum"] == list(BANDWIDTH_STEPS)


@pytest.mark.parametrize(
    ("kind", "member", "offered"),
    [
        ("socket", "model", SOCKET_MODELS),
        ("sdp_users", "region", tuple(REGIONS)),
        ("accessory", "accessory_type", ACCESSORY_TYPES),
    ],
)
def test_the_schema_of_a_kind_allows_what_the_catalog_offers(kind: str, member: str, offered: tuple[str, ...]) -> None:
    assert tuple(schema_of(kind)["properties"][member]["enum"]) == offered


def test_every_kind_has_a_label_and_every_counted_kind_a_limit() -> None:
    assert tuple(KIND_LABELS) == KINDS
    assert set(LIMITS) == set(COUNTED)


def test_the_steps_rise() -> None:
    assert list(BANDWIDTH_STEPS) == sorted(set(BANDWIDTH_STEPS))


def test_the_schemas_tell_clients_the_rules_of_sites_and_dates() -> None:
    texts = {
        f"{kind}.{name}.{keyword}": value
        for kind in KINDS
        for name, setting in schema_of(kind)["properties"].items()
        for keyword, value in setting.items()
        if keyword.startswith("x-")
    }
    assert texts == {
        **{f"{kind}.start_date.x-years-ahead": 2 for kind in KINDS},
        "site_bandwidth.site_id.x-needs": "license",
        "site_bandwidth.bandwidth_mbps.x-above-license": True,
        "site_early_activation.site_id.x-needs": "license_to_begin",
        "site_early_activation.start_date.x-before-license": True,
        "socket.site_id.x-needs": "address",
        "accessory.site_id.x-needs": "address",
        "accessory.accessory_type.x-needs-socket": {"network_card": "X1700"},
    }
