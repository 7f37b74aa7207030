"""Events that went out go out again, as they were, when an operator asks."""

from typing import Any

import pytest

from tests.lab import Lab
from tests.lab.events import Event
from tests.workflow.walking import decide, desk, place, quote

Json = dict[str, Any]


def replay(lab: Lab, payload: Json) -> Json:
    """The answer of one call."""
    called = lab.functions.invoke("ReplayFunction", payload)
    assert called.failure is None, called.failure
    response: Json = called.payload
    return response


def replay_all(lab: Lab, payload: Json | None) -> tuple[list[Json], list[Event]]:
    """The answers of as many calls as it takes, and what they have put on the bus."""
    before, responses = len(lab.events), []
    while payload is not None:
        responses.append(replay(lab, payload))
        payload = responses[-1]["next"]
        assert len(responses) < 50
    return responses, lab.events[before:]


def place_another(lab: Lab, key: str, user: Any = None) -> str:
    body = {"items": [{"kind": "ip_addresses", "quantity": 1, "start_date": "2027-03-05"}]}
    headers = {"Idempotency-Key": key}
    response = lab.http("POST", "/api/orders", json=body, headers=headers, user=user or lab.users.customer)
    assert response.status == 201, response
    lab.settle()
    order_id: str = response.json()["order_id"]
    return order_id


def test_the_events_of_an_order_go_out_again_as_they_were_and_in_their_order(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    quote(lab, order_id)
    desk(lab, order_id, "comment", {"text": "Not for the outside", "internal": True})
    second = quote(lab, order_id)
    assert decide(lab, second, "approve") == 200
    first = list(lab.events)
    assert {event.detail["status"] for event in first} > {"submitted", "pending_confirmation", "completed"}
    lab.advance(days=400)
    (response,), again = replay_all(lab, {"order_id": order_id})
    assert again == first
    assert response == {"orders": 1, "events": len(first), "next": None}


def test_the_newest_event_of_an_order_goes_out_again_too(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.lag()
    lab.advance(seconds=11)
    desk(lab, order_id, "comment", {"text": "Hm.", "internal": False})
    assert [replay(lab, {"order_id": order_id})["events"] for _ in range(20)] == [3] * 20


def test_an_accounts_events_are_replayed_by_placing_day(lab: Lab) -> None:
    lab.account("bolt")
    monday = place(lab)
    lab.advance(days=1)
    tuesday = place_another(lab, "two")
    place_another(lab, "foreign", lab.users.other_customer)
    direct = lab.http(
        "POST",
        "/api/desk/orders",
        json={"account_id": "acme", "items": [{"kind": "ip_addresses", "quantity": 1, "start_date": "2027-03-05"}]},
        headers={"Idempotency-Key": "direct"},
        user=lab.users.cs,
    ).json()["order_id"]
    lab.advance(days=1)
    wednesday = place_another(lab, "three")

    def replayed(**days: str) -> list[str]:
        _, events = replay_all(lab, {"account_id": "acme", **days})
        return list(dict.fromkeys(event.detail["order_id"] for event in events))

    assert replayed() == [monday, tuesday, direct, wednesday]
    assert replayed(**{"from": "2026-11-24"}) == [tuesday, direct, wednesday]
    assert replayed(to="2026-11-24") == [monday, tuesday, direct]
    assert replayed(**{"from": "2026-11-24", "to": "2026-11-24"}) == [tuesday, direct]
    assert replayed(**{"from": "2027-01-01"}) == []


@pytest.mark.parametrize(("entries", "at_once"), [(500, 2), (3, 25), (1, 1), (2, 2)])
def test_a_replay_goes_on_where_it_stopped_and_leaves_nothing_out_or_twice(
    lab: Lab, entries: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("online_orders.aws.replay.ENTRIES_BATCH_SIZE", entries)
    monkeypatch.setattr("online_orders.aws.replay.ORDERS_BATCH_SIZE", at_once)
    place(lab)
    for number in range(4):
        order_id = place_another(lab, str(number))
        for text in "ab"[: number % 3]:
            desk(lab, order_id, "comment", {"text": text})
    first = list(lab.events)
    responses, again = replay_all(lab, {"account_id": "acme"})
    assert sorted(event.detail["event_id"] for event in again) == sorted(event.detail["event_id"] for event in first)
    assert [event.detail["order_id"] for event in again] == sorted(event.detail["order_id"] for event in first)
    assert len(responses) > 1
    assert sum(response["events"] for response in responses) == len(first)


def test_one_order_with_a_long_history_is_replayed_piece_by_piece(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("online_orders.aws.replay.ENTRIES_BATCH_SIZE", 3)
    order_id = place(lab)
    for text in "abcd":
        desk(lab, order_id, "comment", {"text": text})
    first = list(lab.events)
    responses, again = replay_all(lab, {"order_id": order_id})
    assert again == first
    assert [response["next"] for response in responses] == [{"order_id": order_id, "after": f"{order_id}-3"}, None]


def test_a_dry_run_counts_and_publishes_nothing(lab: Lab) -> None:
    order_id = place(lab)
    (response,), events = replay_all(lab, {"order_id": order_id, "dry_run": True})
    assert (response, events) == ({"orders": 1, "events": 1, "next": None}, [])


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({}, "name an order_id or an account_id"),
        ({"order_id": "x", "account_id": "acme"}, "name an order_id or an account_id"),
        ({"order_id": "x", "from": "2026-11-01"}, "from and to are for an account_id"),
        ({"account_id": "acme", "from": "yesterday"}, "YYYY-MM-DD"),
        ({"account_id": "acme", "since": "2026-11-01"}, "since"),
        ({"account_id": "acme", "after": "somewhere"}, "after"),
        ({"account_id": "nobody"}, "There is no account nobody."),
        ({"order_id": "01KAND6R0000000000000000AB"}, "There is no order 01KAND6R0000000000000000AB."),
    ],
)
def test_what_cannot_be_replayed_is_an_error_that_says_so(lab: Lab, payload: Json, said: str) -> None:
    lab.account("acme")
    lab.functions.invoke("ReplayFunction", payload)
    (failure,) = lab.errors.take("ReplayFunction")
    assert said in failure.message
    assert lab.events == []


def test_each_event_tells_what_its_own_entry_left_where_two_were_stored_at_once(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    for attempt in (1, 2):
        lab.wire.fail(attempt, function="SendQuoteFunction", operation="TransactWriteItems")
    mail = quote(lab, order_id)
    lab.errors.take("SendQuoteFunction")
    assert decide(lab, mail, "approve") == 200
    texts = [(event.detail_type, event.detail["status"], event.detail["version"]) for event in lab.events]
    assert texts[-2:] == [("order.quoted", "pending_confirmation", 4), ("order.completed", "completed", 5)]
