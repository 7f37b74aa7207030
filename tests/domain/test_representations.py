"""What the outside sees of an order: in the API, on the desk, in the timeline and on the bus."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest

from online_orders.domain import order_delivery, order_schedule, representations
from online_orders.domain.duplicates import Duplicate
from online_orders.domain.erasure import ERASED_CONTACT
from online_orders.domain.estimates import History
from online_orders.domain.events import SOURCE, detail_of
from online_orders.domain.order_schedule import Policy
from online_orders.domain.orders import Order
from online_orders.domain.representations import desk_row, entry_body, order_body, to_json
from online_orders.domain.system_reasons import SystemReason
from online_orders.domain.timeline import PUBLISHED, SYSTEM, Event
from online_orders.domain.values import instant_text
from tests.domain.builders import (
    ANNA,
    CARLA,
    CLARA,
    CONNIE,
    DAY,
    KEY_ID,
    KINDS,
    LATER,
    NOW,
    ORDER_ID,
    STATUSES,
    Json,
    account_of,
    claimed,
    expired,
    held,
    item_of,
    judge_quote,
    line_of,
    mailed,
    offered,
    place,
    quote_body,
    sending,
    site_body,
    standing,
    without_snapshot,
)

SHOWN = {
    "order_id",
    "number",
    "account_id",
    "source",
    "status",
    "version",
    "placed_at",
    "updated_at",
    "placed_by",
    "assignee",
    "contact",
    "purchase_order_number",
    "note",
    "closed",
    "items",
    "quote",
    "actions",
}


def shown(order: Order, history: History | None = None) -> Json:
    body: Json = json.loads(to_json(order_body(order, history or {}, NOW)))
    return body


@pytest.mark.parametrize("status", STATUSES)
def test_an_order_shows_the_contracts_members_and_no_more(status: str) -> None:
    body = shown(standing(status))
    assert body.keys() == SHOWN
    assert body["status"] == status
    assert body["placed_by"] == ANNA.model_dump()
    assert body["contact"] == CONNIE.model_dump()
    assert (body["placed_at"], body["source"]) == ("2026-11-22T10:00:00.000Z", "online")


def test_an_item_shows_what_was_asked_its_place_its_status_and_its_start() -> None:
    (first, second) = shown(place(item_of("socket"), item_of("ip_addresses")).order)["items"]
    assert (first["item_id"], second["item_id"]) == ("1", "2")
    assert first == {
        **item_of("socket"),
        "item_id": "1",
        "status": "submitted",
        "site": {"name": "Store", "address": "2 Side St"},
        "confirmed_start_date": None,
        "estimated_start": {
            "date": "2027-01-05",
            "basis": "asked start date; too few orders for an estimate",
            "orders": 0,
        },
    }


@pytest.mark.parametrize("status", STATUSES)
def test_every_item_carries_the_status_of_its_order(status: str) -> None:
    assert {item["status"] for item in shown(standing(status))["items"]} == {status}


def test_the_confirmed_start_stands_at_its_item_alone() -> None:
    order = sending(
        claimed(place(item_of("socket"), item_of("sdp_users")).order), confirmed_start_dates={"2": "2027-01-07"}
    )
    first, second = shown(order)["items"]
    assert (first["confirmed_start_date"], second["confirmed_start_date"]) == (None, "2027-01-07")
    assert second["estimated_start"] == {"date": "2027-01-07", "basis": "confirmed by Customer Success", "orders": 0}


def test_the_estimate_is_by_the_items_kind_and_the_orders_status() -> None:
    history = {("socket", "in_process"): [0] * 30 + [20] + [0]}
    order = claimed(place(item_of("socket"), item_of("sdp_users")).order)
    first, second = shown(order, history)["items"]
    assert (first["estimated_start"]["orders"], second["estimated_start"]["orders"]) == (20, 0)
    assert first["estimated_start"]["date"] > second["estimated_start"]["date"] == "2027-01-05"
    assert shown(place(item_of("socket")).order, history)["items"][0]["estimated_start"]["orders"] == 0


def test_an_order_without_a_quote_shows_none() -> None:
    assert shown(claimed())["quote"] is None


def test_a_quote_shows_the_contracts_members_with_money_as_strings() -> None:
    quote = shown(offered())["quote"]
    assert quote.keys() >= {
        "revision",
        "state",
        "currency",
        "valid_until",
        "message",
        "terms",
        "sha256",
        "lines",
        "totals",
        "offered_at",
        "decided_at",
    }
    assert quote["lines"] == [
        {
            "item_id": "1",
            "description": "Public IPv4",
            "quantity": 4,
            "unit_price": "10.00",
            "recurrence": "monthly",
            "amount": "40.00",
        }
    ]
    assert quote["totals"] == {"once": "0.00", "monthly": "40.00", "yearly": "0.00"}
    assert (quote["valid_until"], quote["offered_at"]) == ("2027-01-01", "2026-11-22T10:00:00.000Z")


def test_a_revision_by_itself_is_shown_as_it_is_in_its_order() -> None:
    order = offered()
    assert order.quote
    assert representations.quote_body(order.quote, date(2027, 1, 1)) == shown(order)["quote"]


@pytest.mark.parametrize(
    ("order", "day", "state"),
    [
        (offered(), date(2027, 1, 1), "offered"),
        (offered(), date(2027, 1, 2), "expired"),
        (order_delivery.quote_bounced(offered(), 1, KEY_ID, "full", NOW).order, date(2027, 1, 1), "undeliverable"),
        (order_delivery.quote_bounced(offered(), 1, KEY_ID, "full", NOW).order, date(2027, 1, 2), "expired"),
        (offered().approve("Connie", NOW).order, date(2027, 1, 2), "approved"),
        (offered().request_change("Connie", "less", NOW).order, date(2027, 1, 2), "change_requested"),
        (sending(), date(2027, 1, 2), "sending"),
        (expired(), date(2027, 1, 2), "expired"),
    ],
    ids=[
        "last day",
        "day after",
        "bounced",
        "bounced, day after",
        "approved",
        "change requested",
        "sending",
        "expired",
    ],
)
def test_a_past_quote_is_shown_expired_before_the_workflow_notices(order: Order, day: date, state: str) -> None:
    assert order.quote
    assert representations.quote_body(order.quote, day)["state"] == state


def test_a_customer_is_told_the_actions_of_customers_and_the_desk_its_own() -> None:
    order = place().order
    assert shown(order)["actions"] == order.actions(NOW, at_desk=False) == ["withdraw", "comment"]
    assert order_body(order, {}, NOW, at_desk=True)["actions"] == order.actions(NOW, at_desk=True)
    assert desk_row(order, {}, NOW)["actions"] == order.actions(NOW, at_desk=True)


def test_who_may_change_no_orders_is_told_no_actions() -> None:
    order = place().order
    for at_desk in (False, True):
        assert order_body(order, {}, NOW, at_desk=at_desk, may_act=False)["actions"] == []
    assert desk_row(order, {}, NOW, may_act=False) == {**desk_row(order, {}, NOW), "actions": []}


def test_a_duplicate_warns_customers_only_of_their_own_orders() -> None:
    found = [
        Duplicate(item_id="1", code="already_ordered", order_id=ORDER_ID, source="online", placed_at=NOW),
        Duplicate(item_id="2", code="recently_completed", order_id=ORDER_ID, source="direct", placed_at=LATER),
    ]
    order = place(item_of("socket"), item_of("ip_addresses")).order.model_copy(update={"duplicates": tuple(found)})
    body = shown(order)
    assert body.keys() == SHOWN | {"warnings"}
    assert body["warnings"] == [
        {
            "pointer": "/items/0",
            "code": "already_ordered",
            "detail": "Another order of the account asks for this already and is open.",
            "order_id": ORDER_ID,
            "placed_at": "2026-11-22T10:00:00.000Z",
        },
        {
            "pointer": "/items/1",
            "code": "recently_completed",
            "detail": ("Another order for this was approved lately; the site's license does not show it yet."),
            "order_id": None,
            "placed_at": "2026-11-22T11:00:00.000Z",
        },
    ]
    at_desk = order_body(order, {}, NOW, at_desk=True)["warnings"]
    assert [warning["order_id"] for warning in at_desk] == [ORDER_ID, ORDER_ID]


def test_a_closed_order_shows_by_whom_why_and_when() -> None:
    body = shown(place().order.withdraw(ANNA, "a mistake", LATER).order)
    assert body["closed"] == {"by": "customer", "reason": "a mistake", "at": "2026-11-22T11:00:00.000Z"}


def test_a_row_of_the_desk_is_the_order_and_its_age() -> None:
    order = claimed()
    row = desk_row(order, {}, NOW + timedelta(minutes=1, milliseconds=999))
    assert row.pop("account_name") == "Acme Ltd"
    assert row.pop("age_seconds") == 60
    assert row.pop("late_after") == "2026-11-25T10:00:00.000Z"
    assert row.pop("flags") == []
    assert row.pop("waits_for_contact") is False
    assert row.pop("undo_until") is None
    assert row.pop("delivery") is None
    assert row.pop("handling") == {"team": None, "priority": "normal", "follow_up_on": None, "note": None}
    assert row == order_body(order, {}, NOW, at_desk=True)
    assert desk_row(order, {}, NOW - DAY)["age_seconds"] == 0


@pytest.mark.parametrize(
    ("order", "flags"),
    [
        (place().order.sync_enrollment(False, None, LATER).order, ["enrollment_suspended"]),
        (place().order.sync_enrollment(False, None, LATER).order.withdraw(ANNA, None, LATER).order, []),
        (order_delivery.quote_complained(offered(), 1, LATER).order, ["contact_complained"]),
        (order_delivery.quote_complained(offered(), 1, LATER).order.resend(CLARA, None, LATER).order, []),
        (expired().ask_for_fresh_quote(LATER + 60 * DAY).order, ["fresh_quote_asked"]),
    ],
    ids=["suspended", "suspended and closed", "complained", "complained and resent", "fresh quote asked"],
)
def test_a_row_of_the_desk_has_the_flags_that_are_up(order: Order, flags: list[str]) -> None:
    assert desk_row(order, {}, LATER)["flags"] == flags


def test_a_row_of_the_desk_says_that_its_order_waits_for_a_contact() -> None:
    removed = offered().sync_contact(None, None, LATER).order
    erased = offered().erased({"contact": ERASED_CONTACT}, LATER).order
    own = mailed(offered().resend(CLARA, CARLA, NOW).order).sync_contact(None, None, LATER).order
    closed = removed.decline(CLARA, "sold out", LATER).order
    back = removed.sync_contact(CONNIE, None, LATER).order
    rows = [desk_row(order, {}, LATER)["waits_for_contact"] for order in (removed, erased, own, closed, back)]
    assert rows == [True, True, False, False, False]


def test_a_row_of_the_desk_says_until_when_its_quote_can_be_undone() -> None:
    assert desk_row(held(), {}, NOW)["undo_until"] == "2026-11-22T10:01:00.000Z"
    assert "undo_until" not in order_body(held(), {}, NOW)


@pytest.mark.parametrize(
    ("order", "late_after"),
    [
        (place().order, NOW + timedelta(hours=5)),
        (claimed(), NOW + timedelta(hours=7)),
        (sending(), None),
        (offered(), None),
        (offered().request_change("Connie", "less", NOW + DAY).order, NOW + DAY + timedelta(hours=7)),
        (offered().approve("Connie", NOW).order, None),
    ],
    ids=["nobody has claimed it", "nobody has quoted it", "mail goes out", "offered", "to be changed", "closed"],
)
def test_a_row_of_the_desk_says_from_when_on_the_installation_calls_it_late(
    order: Order, late_after: datetime | None
) -> None:
    row = desk_row(order, {}, NOW, Policy(unclaimed_hours=5, unquoted_hours=7))
    assert row["late_after"] == (instant_text(late_after) if late_after else None)


def test_the_desk_is_told_of_an_order_from_the_instant_on_that_its_row_says() -> None:
    policy = Policy(unclaimed_hours=5)
    late_after = order_schedule.late_after(place().order, policy)
    assert late_after
    assert order_schedule.tick(place().order, policy, late_after - timedelta(seconds=1)).entries == ()
    (entry,) = order_schedule.tick(place().order, policy, late_after).entries
    assert entry.event is Event.STALE


def test_an_entry_shows_the_contracts_members() -> None:
    assert entry_body(place().entries[0]) == {
        "sequence": 1,
        "at": "2026-11-22T10:00:00.000Z",
        "actor": {"kind": "customer", "name": ANNA.email},
        "event": "order.submitted",
        "data": {"item_kinds": ["ip_addresses"]},
        "internal": False,
    }


def test_a_reason_of_the_systems_own_is_shown_with_its_code() -> None:
    by_customer = place().entries[0].model_copy(update={"data": {"reason": SystemReason.CONTACT_ERASED.value}})
    assert entry_body(by_customer)["data"] == {"reason": "The contact person was erased."}
    by_system = by_customer.model_copy(update={"actor": SYSTEM})
    assert entry_body(by_system)["data"] == {"reason": "The contact person was erased.", "code": "contact_erased"}


def test_json_is_written_compactly_and_in_the_letters_that_were_sent() -> None:
    text = to_json(order_body(place(body={"note": 'Grüße "😀"'}).order, {}, NOW))
    assert '"note":"Grüße \\"😀\\""' in text
    assert json.loads(text)["note"] == 'Grüße "😀"'


# The bus.


def test_the_events_out_are_the_contracts() -> None:
    assert SOURCE == "online-orders"
    assert {event.value for event in PUBLISHED} == {
        "order.submitted",
        "order.claimed",
        "order.quoted",
        "quote.delivered",
        "quote.undeliverable",
        "quote.reminded",
        "quote.expired",
        "order.change_requested",
        "order.asked",
        "order.handed_over",
        "order.commented",
        "order.completed",
        "order.canceled",
    }
    assert set(Event) > PUBLISHED


def test_an_event_tells_ids_numbers_kinds_and_totals() -> None:
    change = offered(claimed(place(item_of("socket"), item_of("sdp_users")).order)).approve("Connie", LATER)
    (entry,) = change.entries
    assert json.loads(detail_of(change.order, entry).model_dump_json()) == {
        "event_id": f"{ORDER_ID}-{entry.sequence}",
        "order_id": ORDER_ID,
        "account_id": "acme",
        "status": "completed",
        "version": change.order.version,
        "sequence": entry.sequence,
        "at": "2026-11-22T11:00:00.000Z",
        "item_kinds": ["socket", "sdp_users"],
        "revision": 1,
        "currency": "EUR",
        "totals": {"once": "0.00", "monthly": "80.00", "yearly": "0.00"},
    }


def test_an_event_names_items_of_every_kind() -> None:
    change = place(*(item_of(kind) for kind in KINDS))
    assert detail_of(change.order, change.entries[0]).item_kinds == KINDS


def test_an_event_of_an_order_without_a_quote_has_no_totals() -> None:
    change = place()
    detail = detail_of(change.order, change.entries[0])
    assert (detail.revision, detail.currency, detail.totals) == (None, None, None)


def test_no_person_and_no_free_text_goes_on_the_bus() -> None:
    order = place(body={"note": "SECRET", "purchase_order_number": "SECRET"}).order.claim(CLARA, NOW).order
    quote = judge_quote(quote_body(line_of(description="SECRET"), message="SECRET", terms="SECRET"))
    pending = order_delivery.quote_mailed(order.offer(quote, CLARA, NOW).order, 1, KEY_ID, NOW).order
    text = ""
    for change in (
        pending.request_change("SECRET", "SECRET", LATER),
        pending.cancel("SECRET", "SECRET", LATER),
        pending.approve("SECRET", LATER),
        order_delivery.quote_bounced(pending, 1, KEY_ID, "SECRET", LATER),
        order.decline(CLARA, "SECRET", LATER),
        order.comment(change_actor := place().entries[0].actor, "SECRET", LATER),
    ):
        text += "".join(detail_of(change.order, entry).model_dump_json() for entry in change.entries)
    assert change_actor.name == ANNA.email
    for person in ("SECRET", "Connie", CONNIE.email, ANNA.email, ANNA.user_id, CLARA.email, CLARA.user_id):
        assert person not in text


def test_what_was_ordered_is_shown_as_it_was_whatever_has_become_of_it() -> None:
    account = account_of(sites=[site_body("store", name="Lager", address="9 New St")])
    order = place(item_of("socket", site_id="store"), item_of("sdp_users"), account=account).order
    first, second = shown(order)["items"]
    assert first["site"] == {"name": "Lager", "address": "9 New St"}
    assert not {"site", "labels"} & second.keys()
    assert order.snapshot
    words = order.snapshot.words["de"] | {"sdp_users.region.europe": "Abendland"}
    older = order.snapshot.model_copy(update={"words": order.snapshot.words | {"de": words}})
    first, second = shown(order.model_copy(update={"snapshot": older}))["items"]
    assert "labels" not in first
    assert second["labels"] == {"de": {"kind": "SDP-Benutzer", "region": "Abendland"}}


def test_what_was_ordered_keeps_its_words_in_a_language_that_has_gone() -> None:
    order = place(item_of("sdp_users")).order
    assert order.snapshot
    older = order.snapshot.model_copy(update={"words": {"fr": {"kind.sdp_users": "Utilisateurs SDP"}}})
    (item,) = shown(order.model_copy(update={"snapshot": older}))["items"]
    assert item["labels"] == {"fr": {"kind": "Utilisateurs SDP"}}


def test_an_order_from_before_snapshots_shows_neither_site_nor_labels() -> None:
    (item,) = shown(without_snapshot(place(item_of("socket")).order))["items"]
    assert not {"site", "labels"} & item.keys()
    assert "account_name" not in desk_row(without_snapshot(place().order), {}, NOW)


def test_a_start_that_has_passed_is_derived_at_its_item() -> None:
    order = place(item_of("ip_addresses", start_date="2026-11-22"), item_of("sdp_users")).order
    for at, expected in ((NOW, [False, False]), (NOW + DAY, [True, False])):
        items = order_body(order, {}, at)["items"]
        assert ["start_passed" in item for item in items] == expected
        assert all(item.get("start_passed", True) is True for item in items)
