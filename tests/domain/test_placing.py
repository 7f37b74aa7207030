"""Placing an order: what it is at first, who may, and every fault of the body at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.errors import Forbidden, Invalid
from online_orders.domain.order_requests import parse_order
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.domain.timeline import Actor, Event
from online_orders.domain.values import TURNING
from tests.domain.builders import (
    ANNA,
    CLARA,
    CONNIE,
    DAY,
    HOUR,
    KINDS,
    NOW,
    ORDER_ID,
    Json,
    account_of,
    item_of,
    place,
    property_of,
    refused,
    without_snapshot,
)
from tests.shipped_catalog import CATALOG, UPGRADES

MILLISECOND = timedelta(milliseconds=1)


def place_body(body: Any) -> None:
    parse_order(body, order_id=ORDER_ID, account=account_of(), catalog=CATALOG, source="online", by=ANNA, at=NOW)


def field_errors_of(body: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        place_body(body)
    assert (refusal.value.status, refusal.value.code) == (422, "invalid")
    return refused(refusal)


def test_a_new_order_is_submitted_at_version_one_with_one_entry() -> None:
    change = place(item_of("socket"), item_of("sdp_users"), body={"note": "Soon", "purchase_order_number": "PO-7"})
    order = change.order
    assert (order.order_id, order.account_id, order.status, order.version) == (ORDER_ID, "acme", "submitted", 1)
    assert (order.placed_at, order.updated_at, order.internals.since) == (NOW, NOW, {Status.SUBMITTED: NOW})
    assert (order.placed_by, order.assignee, order.contact) == (ANNA, None, CONNIE)
    assert (order.note, order.purchase_order_number) == ("Soon", "PO-7")
    assert (order.quote, order.closed, order.source) == (None, None, "online")
    assert order.internals.sequence == 1
    (entry,) = change.entries
    assert (entry.sequence, entry.at, entry.event, entry.internal) == (1, NOW, Event.SUBMITTED, False)
    assert entry.actor == Actor(kind="customer", name=ANNA.email)
    assert entry.data == {"item_kinds": ["socket", "sdp_users"]}
    assert change.replaced is None


def test_a_direct_order_was_placed_by_customer_success() -> None:
    change = place(source="direct", by=CLARA)
    assert (change.order.source, change.order.placed_by) == ("direct", CLARA)
    assert change.entries[0].actor == Actor(kind="customer_success", name=CLARA.email)


def test_the_items_keep_the_order_of_the_request() -> None:
    kinds = [*KINDS, *(kind for kind in reversed(KINDS) if kind not in UPGRADES)]
    order = place(*(item_of(kind) for kind in kinds)).order
    assert order.item_kinds == kinds
    assert [item.model_dump(mode="json") for item in order.items] == [item_of(kind) for kind in kinds]


def test_the_order_keeps_the_accounts_language_and_time_zone() -> None:
    order = place(account=account_of(locale="de", time_zone="Asia/Tokyo")).order
    assert (order.internals.locale, order.internals.time_zone) == ("de", "Asia/Tokyo")


@pytest.mark.parametrize(
    "enrollment",
    [
        None,
        {"letter_received_on": "2026-01-15", "contact": CONNIE.model_dump(), "state": "suspended"},
        {"letter_received_on": "2026-01-15", "contact": None, "state": "active"},
    ],
    ids=["none", "suspended", "no contact"],
)
def test_an_account_needs_an_active_enrollment_with_a_contact_to_order(enrollment: Json | None) -> None:
    with pytest.raises(Forbidden) as refusal:
        place(account=account_of(enrollment=enrollment))
    assert (refusal.value.status, refusal.value.code) == (403, "not_enrolled")


def test_that_an_account_may_not_order_is_said_before_the_body_is_judged() -> None:
    with pytest.raises(Forbidden):
        place({"kind": "nonsense"}, account=account_of(enrollment=None))


# The body.


@pytest.mark.parametrize("body", [None, [], "order", 7, True])
def test_a_body_is_an_object(body: Any) -> None:
    assert field_errors_of(body) == [("", "wrong_type")]


@pytest.mark.parametrize("items", [None, {}, "socket", 7, True, {"0": item_of("socket")}])
def test_the_items_are_a_list(items: Any) -> None:
    assert field_errors_of({"items": items}) == [("/items", "wrong_type")]


def test_an_order_has_items() -> None:
    assert field_errors_of({}) == [("/items", "required")]
    assert field_errors_of({"items": []}) == [("/items", "too_few")]


def test_fifty_items_are_the_most() -> None:
    assert len(place(*[item_of("socket")] * 50).order.items) == 50
    assert field_errors_of({"items": [item_of("socket")] * 51}) == [("/items", "too_many")]


def test_too_many_items_hide_no_fault_of_the_first_fifty() -> None:
    found = field_errors_of({"items": [item_of("socket", quantity=0)] * 51})
    assert found == [("/items", "too_many"), *((f"/items/{index}/quantity", "too_small") for index in range(50))]


def test_all_faults_of_a_body_are_told_at_once() -> None:
    body = {
        "items": [item_of("socket", quantity=0), item_of("ip_addresses"), item_of("sdp_users", region="mars"), 7],
        "note": 7,
        "purchase_order_number": "x" * 65,
        "account_id": "no such id!",
        "priority": "high",
    }
    assert sorted(field_errors_of(body)) == [
        ("/account_id", "malformed"),
        ("/items/0/quantity", "too_small"),
        ("/items/2/region", "not_allowed"),
        ("/items/3", "wrong_type"),
        ("/note", "wrong_type"),
        ("/priority", "unknown_field"),
        ("/purchase_order_number", "too_long"),
    ]


def test_no_fault_is_told_twice() -> None:
    found = field_errors_of({"items": [{}, {}, None], "x": 1})
    assert len(found) == len(set(found))


@pytest.mark.parametrize(("name", "most"), [("note", 2_000), ("purchase_order_number", 64)])
@pytest.mark.parametrize("character", ["x", "é", "😀"], ids=["ascii", "accented", "astral"])
def test_a_text_is_measured_in_characters(name: str, most: int, character: str) -> None:
    assert getattr(place(body={name: character * most}).order, name) == character * most
    assert field_errors_of({"items": [item_of("socket")], name: character * (most + 1)}) == [(f"/{name}", "too_long")]


@pytest.mark.parametrize("name", ["note", "purchase_order_number"])
@pytest.mark.parametrize("blank", [None, "", " ", "\t \n"])
def test_a_blank_text_was_not_sent(name: str, blank: str | None) -> None:
    assert getattr(place(body={name: blank}).order, name) is None


@pytest.mark.parametrize("name", ["note", "purchase_order_number"])
def test_white_space_around_a_text_is_not_kept(name: str) -> None:
    assert getattr(place(body={name: "  PO 7\n"}).order, name) == "PO 7"


def test_a_note_may_have_several_lines_and_a_purchase_order_number_may_not() -> None:
    assert place(body={"note": "one\r\n\ttwo\n\nthree"}).order.note == "one\r\n\ttwo\n\nthree"
    for separator in "\n\r\t\v\f\x1c\x85\u2028\u2029":
        body = {"items": [item_of("socket")], "purchase_order_number": f"PO{separator}7"}
        assert field_errors_of(body) == [("/purchase_order_number", "malformed")]


@pytest.mark.parametrize("name", ["note", "purchase_order_number"])
@pytest.mark.parametrize("character", ["\x00", "\x07", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\x7f", "\x80", "\x9f"])
def test_a_text_has_no_control_characters(name: str, character: str) -> None:
    assert field_errors_of({"items": [item_of("socket")], name: f"a{character}b"}) == [(f"/{name}", "malformed")]


@pytest.mark.parametrize("name", ["note", "purchase_order_number"])
@pytest.mark.parametrize("character", sorted(TURNING))
def test_a_text_does_not_turn_its_direction(name: str, character: str) -> None:
    assert field_errors_of({"items": [item_of("socket")], name: f"a{character}b"}) == [(f"/{name}", "malformed")]


def test_a_text_may_be_of_a_script_from_right_to_left_with_marks_that_turn_nothing() -> None:
    note = "\u05d0\u05d1 (Acme\u200f) \u0623\u200d\u061c"
    assert place(body={"note": note}).order.note == note


@pytest.mark.parametrize("name", ["note", "purchase_order_number", "account_id"])
def test_half_a_surrogate_pair_is_no_text(name: str) -> None:
    assert field_errors_of({"items": [item_of("socket")], name: "a\ud83d"}) == [(f"/{name}", "malformed")]


@pytest.mark.parametrize("name", ["note", "purchase_order_number", "account_id"])
@pytest.mark.parametrize("value", [7, True, 1.5, [], {}])
def test_a_text_is_a_string(name: str, value: Any) -> None:
    assert field_errors_of({"items": [item_of("socket")], name: value}) == [(f"/{name}", "wrong_type")]


@property_of
@given(st.text(max_size=40))
def test_an_accepted_note_is_the_sent_text_without_surrounding_space(text: str) -> None:
    body = {"items": [item_of("socket")], "note": text}
    try:
        order = parse_order(
            body, order_id=ORDER_ID, account=account_of(), catalog=CATALOG, source="online", by=ANNA, at=NOW
        ).order
    except Invalid:
        assert any(ord(character) < 32 or 127 <= ord(character) < 160 or character in TURNING for character in text)
    else:
        assert (order.note or "").strip() == text.strip()


# The account's day.


ZONES = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Europe/Berlin", "America/New_York"]


def _midnight(zone: str, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_today_is_the_accounts_day_to_the_millisecond(zone: str) -> None:
    day = date(2026, 11, 22)
    account = account_of(time_zone=zone)
    today, tomorrow = (item_of("ip_addresses", start_date=(day + ahead * DAY).isoformat()) for ahead in (0, 1))
    for at in (_midnight(zone, day), _midnight(zone, day + DAY) - MILLISECOND):
        assert place(today, account=account, at=at).order.status == "submitted"
    with pytest.raises(Invalid) as refusal:
        place(today, tomorrow, account=account, at=_midnight(zone, day + DAY))
    assert refused(refusal) == [("/items/0/start_date", "date_in_past")]


@pytest.mark.parametrize("zone", ZONES)
def test_two_years_ahead_end_in_the_accounts_time_zone_too(zone: str) -> None:
    account = account_of(time_zone=zone)
    item = item_of("ip_addresses", start_date="2028-11-22")
    assert place(item, account=account, at=_midnight(zone, date(2026, 11, 22))).order.version == 1
    with pytest.raises(Invalid) as refusal:
        place(item, account=account, at=_midnight(zone, date(2026, 11, 22)) - MILLISECOND)
    assert refused(refusal) == [("/items/0/start_date", "date_too_late")]


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Berlin", date(2027, 3, 28)), ("Europe/Berlin", date(2026, 10, 25)), ("Africa/Cairo", date(2026, 4, 24))],
    ids=["spring", "autumn", "midnight is left out"],
)
def test_a_day_on_which_the_clocks_change_lasts_from_midnight_to_midnight(zone: str, day: date) -> None:
    account = account_of(time_zone=zone)
    item = item_of("ip_addresses", start_date=day.isoformat())
    at, end = _midnight(zone, day), _midnight(zone, day + DAY)
    while at < end:
        place(item, account=account, at=at)
        at += HOUR
    with pytest.raises(Invalid):
        place(item, account=account, at=end)


def test_a_license_has_begun_by_the_accounts_day() -> None:
    sites = [
        {
            "site_id": "branch",
            "name": "B",
            "country": "JP",
            "license": {"bandwidth_mbps": 10, "starts_on": "2026-11-23"},
        }
    ]
    account = account_of(time_zone="Asia/Tokyo", sites=sites)
    item = item_of("site_early_activation", start_date="2026-11-22")
    midnight = _midnight("Asia/Tokyo", date(2026, 11, 23))
    assert place(item, account=account, at=midnight - MILLISECOND).order.version == 1
    with pytest.raises(Invalid) as refusal:
        place(item, account=account, at=midnight)
    assert sorted(refused(refusal)) == [
        ("/items/0/site_id", "license_already_begun"),
        ("/items/0/start_date", "date_in_past"),
    ]


def test_an_account_without_sites_may_order_what_needs_none() -> None:
    account = account_of(sites=[])
    assert place(item_of("ip_addresses"), item_of("sdp_users"), account=account).order.version == 1


def test_an_order_keeps_its_account_name_sites_and_item_labels() -> None:
    order = place(item_of("site_bandwidth"), item_of("sdp_users"), item_of("accessory"), item_of("accessory")).order
    assert order.snapshot
    assert order.snapshot.model_dump() == {
        "account_name": "Acme Ltd",
        "sites": {"lab": {"name": "Lab", "address": "3 Back St"}, "office": {"name": "Office", "address": "1 Main St"}},
        "words": {
            "en": {
                "accessory.accessory_type.network_card": "X1700 Socket network card",
                "kind.accessory": "Accessories",
                "kind.sdp_users": "SDP Users",
                "kind.site_bandwidth": "Site Bandwidth License",
                "sdp_users.region.europe": "Europe",
                "site_bandwidth.bandwidth_mbps.200": "200 Mbps",
                "summary.accessory": "{quantity} × {accessory_type} for {site}",
                "summary.sdp_users": "{quantity} in {region}",
                "summary.site_bandwidth": "{bandwidth_mbps} for {site}",
            },
            "de": {
                "accessory.accessory_type.network_card": "Netzwerkkarte für X1700",
                "kind.accessory": "Zubehör",
                "kind.sdp_users": "SDP-Benutzer",
                "kind.site_bandwidth": "Bandbreite für einen Standort",
                "sdp_users.region.europe": "Europa",
                "site_bandwidth.bandwidth_mbps.200": "200 Mbit/s",
                "summary.accessory": "{quantity} × {accessory_type} für {site}",
                "summary.sdp_users": "{quantity} in {region}",
                "summary.site_bandwidth": "{bandwidth_mbps} für {site}",
            },
        },
    }


def test_an_order_from_before_snapshots_is_read_and_stored_as_it_was() -> None:
    stored = without_snapshot(place(item_of("socket")).order).model_dump_json()
    assert "snapshot" not in stored
    assert Order.model_validate_json(stored).model_dump_json() == stored
