"""Orders in the table: their reads and writes, call by call."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from online_orders.aws import lead_time_statistics, order_store, table
from online_orders.aws.keys import (
    OrderKey,
    account_key,
    entry_key,
    number_key,
    order_key,
    quote_key,
    subaccount_key,
    suborder_key,
)
from online_orders.aws.order_store import IdempotencyRecord, IdempotentRequest
from online_orders.aws.table import WriteConflict
from online_orders.domain.errors import InProgress, NotFound, Unprocessable, VersionMismatch
from online_orders.domain.order_numbers import number_of
from online_orders.domain.orders import Change, Order
from online_orders.domain.timeline import Actor
from online_orders.telemetry import logger
from tests.aws.service import Service, canceled
from tests.domain.builders import (
    CLARA,
    HOUR,
    NOW,
    ORDER_ID,
    account_of,
    claimed,
    item_of,
    offered,
    place,
    quote_for,
    standing,
)

Json = dict[str, Any]

AT = OrderKey("acme", ORDER_ID, "online")
ACCOUNT = {
    **account_key("acme"),
    "document": {"S": account_of().model_dump_json()},
    "version": {"N": "1"},
    "changed_by": {"S": "clara@vendor.example"},
}


@pytest.fixture
def service(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("HISTORY_CACHE_SECONDS", "60")
    lead_time_statistics.reset()
    yield service
    lead_time_statistics.reset()
    logger.set_correlation_id(None)


def stored(order: Order) -> Json:
    return {**order_key(order_store.key_of(order)), "document": {"S": order.model_dump_json()}}


def found(*items: Json) -> Json:
    return {"Responses": {"Table": list(items)}}


def asked_keys(service: Service) -> list[Any]:
    """What was read, call by call."""
    return [
        requested["Key"] if method == "get_item" else requested["RequestItems"]["Table"]["Keys"]
        for method, requested in service.asked
    ]


# -- reading ------------------------------------------------------------------------------------------------------


def test_an_order_is_read_by_whose_it_is(service: Service) -> None:
    service.answers = [{"Item": stored(claimed())}, {}]
    assert order_store.get_order(AT) == claimed()
    with pytest.raises(NotFound, match=ORDER_ID):
        order_store.get_order(AT)
    with pytest.raises(NotFound):
        order_store.get_order(AT._replace(order_id="none"))
    assert asked_keys(service) == [order_key(AT)] * 2


def test_an_order_and_its_account_are_read_at_once(service: Service) -> None:
    service.answers = [found(stored(claimed()), ACCOUNT), found(ACCOUNT), found(stored(claimed()))]
    assert order_store.get_order_and_account(AT) == (claimed(), account_of())
    for missing in (ORDER_ID, "acme"):
        with pytest.raises(NotFound, match=missing):
            order_store.get_order_and_account(AT)
    assert asked_keys(service) == [[order_key(AT), account_key("acme")]] * 3


def test_orders_come_in_the_order_of_their_keys_without_those_that_are_gone(service: Service) -> None:
    first, last = claimed(), claimed().model_copy(update={"order_id": ORDER_ID[:-1] + "Z"})
    keys = [order_key(order_store.key_of(each)) for each in (first, last)]
    service.answers = [found(stored(last), stored(first))]
    assert order_store.get_orders([keys[0], order_key(AT._replace(source="direct")), keys[1]]) == [first, last]


ENTRY = {**entry_key(ORDER_ID, 1), "account_id": {"S": "acme"}, "source": {"S": "online"}}
DIRECT_ENTRY = {**ENTRY, "source": {"S": "direct"}}
SUBACCOUNT = subaccount_key("relay", "acme")


@pytest.mark.parametrize(
    ("caller", "answers"),
    [
        ("acme", [found(stored(claimed()))]),
        ("relay", [found(), {"Item": ENTRY}, found(SUBACCOUNT), {"Item": stored(claimed())}]),
    ],
    ids=["its own", "a sub-account's"],
)
def test_an_order_is_reached_by_its_account_and_its_reseller(
    service: Service, caller: str, answers: list[Json]
) -> None:
    service.answers = [*answers, {}]
    assert order_store.get_order_for_caller(caller, ORDER_ID) == claimed()
    first, *later = asked_keys(service)
    assert first[0] == order_key(AT._replace(account_id=caller))
    assert len(first) > 1, "the history comes along"
    assert later == ([] if caller == "acme" else [entry_key(ORDER_ID, 1), [SUBACCOUNT], order_key(AT)])


@pytest.mark.parametrize(
    "answers",
    [
        [found(), {}],
        [found(), {"Item": ENTRY}, found()],
        [found(), {"Item": DIRECT_ENTRY}],
        [found(), {"Item": ENTRY}, found(SUBACCOUNT), {}],
    ],
    ids=["of nobody", "of no sub-account", "not of the screen", "that is gone"],
)
def test_any_other_order_is_not_found(service: Service, answers: list[Json]) -> None:
    service.answers = [*answers, found(stored(claimed()))]
    with pytest.raises(NotFound, match=ORDER_ID):
        order_store.get_order_for_caller("relay", ORDER_ID)
    assert len(service.asked) == len(answers)


def test_a_read_of_an_order_brings_the_history_along_only_when_that_is_due(service: Service) -> None:
    service.answers = [found(stored(claimed()))]
    order_store.get_order_for_caller("acme", ORDER_ID)
    order_store.get_order_for_caller("acme", ORDER_ID)
    assert [len(keys) > 1 for keys in asked_keys(service)] == [True, False]


def test_what_can_be_no_orders_id_is_not_looked_for(service: Service) -> None:
    for read in (
        order_store.locate_order,
        order_store.get_any_order,
        lambda id_: order_store.get_order_for_caller("acme", id_),
    ):
        with pytest.raises(NotFound) as refusal:
            read("x" * 100)
        assert "x" * 64 + "." in str(refusal.value)
    assert service.asked == []


def test_whose_an_order_is_stands_in_its_first_entry(service: Service) -> None:
    service.answers = [{"Item": DIRECT_ENTRY}, {"Item": stored(claimed())}, {}]
    assert order_store.get_any_order(ORDER_ID) == claimed()
    with pytest.raises(NotFound, match=ORDER_ID):
        order_store.locate_order(ORDER_ID)
    direct = order_key(AT._replace(source="direct"))
    assert asked_keys(service) == [entry_key(ORDER_ID, 1), direct, entry_key(ORDER_ID, 1)]


def test_a_revision_is_the_orders_own_or_one_that_was_replaced(service: Service) -> None:
    order = offered()
    assert order_store.get_quote(order, 1) == order.quote
    assert service.asked == []
    before = quote_for(claimed())
    service.answers = [{"Item": {"document": {"S": before.model_dump_json()}}}, {}]
    assert order_store.get_quote(order, 2) == before
    for missing in (3, 0, -1):
        with pytest.raises(NotFound):
            order_store.get_quote(order, missing)
    assert asked_keys(service) == [quote_key(ORDER_ID, 2), quote_key(ORDER_ID, 3)]
    with pytest.raises(NotFound):
        order_store.get_quote(claimed(), 1)


def entry_item(change: Change, index: int = 0) -> Json:
    item: Json = order_store._put_entries(change)[index]["Put"]["Item"]
    return item


def test_an_entry_is_read_with_its_order_as_it_left_it(service: Service) -> None:
    order = offered()
    assert order.quote
    offer = claimed().offer(quote_for(claimed()), CLARA, NOW)
    replaced = order.model_copy(update={"quote": order.quote.model_copy(update={"revision": 2})})
    document = {"document": {"S": order.quote.model_dump_json()}}
    service.answers = [{"Item": entry_item(offer)}, {"Item": document}, {"Item": entry_item(place())}, {}]
    entry, then = order_store.get_entry_and_order(replaced, 3)
    assert (entry, then.status, then.quote) == (offer.entries[0], offer.order.status, order.quote)
    entry, then = order_store.get_entry_and_order(replaced, 1)
    assert (entry, then.status, then.quote) == (place().entries[0], "submitted", None)
    with pytest.raises(NotFound):
        order_store.get_entry_and_order(order, 4)
    assert asked_keys(service) == [
        entry_key(ORDER_ID, 3),
        quote_key(ORDER_ID, 1),
        entry_key(ORDER_ID, 1),
        entry_key(ORDER_ID, 4),
    ]


def test_an_entry_is_read_by_its_number(service: Service) -> None:
    service.answers = [{"Item": entry_item(place())}, {}]
    assert order_store.get_entry(ORDER_ID, 1) == place().entries[0]
    with pytest.raises(NotFound):
        order_store.get_entry(ORDER_ID, 2)
    assert asked_keys(service) == [entry_key(ORDER_ID, 1), entry_key(ORDER_ID, 2)]


def test_a_timeline_is_read_page_by_page(service: Service) -> None:
    entry = entry_item(place())
    service.answers = [
        {"Items": [entry], "LastEvaluatedKey": entry_key(ORDER_ID, 1)},
        {"Items": [entry]},
        {"Items": [], "LastEvaluatedKey": entry_key(ORDER_ID, 1)},
    ]
    pages = [order_store.list_entries(ORDER_ID, 7, 11) for _ in range(3)]
    (read,) = place().entries
    assert pages == [([read], 1), ([read], None), ([], None)]
    assert service.asked[0] == (
        "query",
        {
            "TableName": "Table",
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": f"ORDER#{ORDER_ID}"},
                ":first": {"S": "ENTRY#000012"},
                ":last": {"S": "ENTRY#\uffff"},
            },
            "ConsistentRead": True,
            "Limit": 7,
        },
    )


# -- writing ------------------------------------------------------------------------------------------------------


def actions(service: Service) -> list[Json]:
    (method, requested) = service.asked[-1]
    assert method == "transact_write_items"
    for action in requested["TransactItems"]:
        for body in action.values():
            assert body.pop("TableName") == "Table"
    found: list[Json] = requested["TransactItems"]
    return found


def order_item(order: Order, **more: Json) -> Json:
    return {
        **stored(order),
        "order_id": {"S": order.order_id},
        "sequence": {"N": str(order.internals.sequence)},
        "status": {"S": order.status.value},
        "desk_status": {"S": order.status.value},
        **more,
    }


def test_a_change_is_stored_whole_on_the_order_that_it_was_decided_on(service: Service) -> None:
    logger.set_correlation_id("c")
    before = place(body={"purchase_order_number": "PO-1"}).order
    change = before.claim(CLARA, NOW)
    order_store.save(before, change, {"Delete": {"Key": {}}})
    first, second, third = actions(service)
    assert first == {
        "Put": {
            "Item": order_item(change.order, purchase_order_number={"S": "PO-1"}, assignee_id={"S": "clara"}),
            "ConditionExpression": "#sequence = :before",
            "ExpressionAttributeNames": {"#sequence": "sequence"},
            "ExpressionAttributeValues": {":before": {"N": "1"}},
        }
    }
    detail = json.loads(second["Put"]["Item"].pop("detail")["S"])
    assert (detail["event_id"], detail["status"], detail["sequence"]) == (f"{ORDER_ID}-2", "in_process", 2)
    assert second == {
        "Put": {
            "Item": {
                **entry_key(ORDER_ID, 2),
                "account_id": {"S": "acme"},
                "source": {"S": "online"},
                "event": {"S": "order.claimed"},
                "outstanding": {"S": "2"},
                "check_at": {"N": str(int((NOW + timedelta(minutes=3)).timestamp()))},
                "document": {"S": change.entries[0].model_dump_json()},
                "correlation_id": {"S": "c"},
            },
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }
    assert third == {"Delete": {"Key": {}}}


def test_a_revision_that_is_replaced_is_kept_beside_the_order(service: Service) -> None:
    before = offered()
    change = before.offer(quote_for(before), CLARA, NOW)
    assert change.replaced
    order_store.save(before, change)
    *_, last = actions(service)
    archived = {**quote_key(ORDER_ID, 1), "document": {"S": change.replaced.model_dump_json()}}
    assert last == {"Put": {"Item": archived}}


def test_an_item_of_no_request_names_none() -> None:
    logger.set_correlation_id(None)
    assert order_store.correlation_attribute() == {}
    assert set(order_item(place().order)) == set(order_store._order_item(place().order))


RACED = canceled("ConditionalCheckFailed")


def test_whoever_is_overtaken_decides_on_the_order_as_it_stands_then(service: Service) -> None:
    service.answers = [RACED, RACED, {}]
    loaded = iter([place().order, place().order, claimed()])
    beside: list[Change] = []

    def note(change: Change) -> list[Json]:
        beside.append(change)
        return [{"Delete": {"Key": {}}}]

    def comment(order: Order) -> Change:
        return order.comment(Actor(kind="customer_success", name="Clara"), "Hm.", NOW, internal=True)

    after = order_store.update_order(lambda: next(loaded), comment, None, note)
    assert after.status == "in_process"
    assert [change.order.status for change in beside] == ["submitted", "submitted", "in_process"]
    assert actions(service)[-1] == {"Delete": {"Key": {}}}
    assert service.pauses == [0.04, 0.08]


def test_a_decision_that_changes_nothing_writes_nothing(service: Service) -> None:
    order = claimed()
    assert order_store.update_order(lambda: order, lambda each: Change(each, ())) == order
    assert service.asked == []


def test_a_decision_is_taken_on_the_version_that_was_read_alone(service: Service) -> None:
    order = claimed()
    with pytest.raises(VersionMismatch):
        order_store.update_order(lambda: order, lambda each: each.release(CLARA, NOW), frozenset({order.version + 1}))
    assert service.asked == []
    order_store.update_order(lambda: order, lambda each: each.release(CLARA, NOW), frozenset({order.version}))
    assert len(service.asked) == 1


def test_a_decision_that_others_always_overtake_ends_after_some_seconds(service: Service) -> None:
    service.answers, begun = [RACED], service.now
    with pytest.raises(InProgress):
        order_store.update_order(claimed, lambda order: order.release(CLARA, NOW))
    assert 6 < service.now - begun <= 7


def test_a_decision_is_tried_to_the_last_instant(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.answers = [RACED, RACED, {}]
    monkeypatch.setattr(table, "back_off", lambda attempt: setattr(service, "now", 1_006.0))
    order_store.update_order(claimed, lambda order: order.release(CLARA, NOW))
    assert len(service.asked) == 3


def test_a_decision_with_the_account_reads_both_again_each_time(service: Service) -> None:
    both = found(stored(claimed()), ACCOUNT)
    service.answers = [both, RACED, both, {}]
    seen: list[str] = []

    def release(order: Order, account: Any) -> Change:
        seen.append(account.account_id)
        return order.release(CLARA, NOW)

    assert order_store.update_order_with_account(AT, release).assignee is None
    assert seen == ["acme", "acme"]
    assert [method for method, _ in service.asked] == ["batch_get_item", "transact_write_items"] * 2


def test_a_reseller_is_shown_orders_one_by_one(service: Service) -> None:
    order_store.add_reseller_pointers("relay", "acme", ["A", "B"])
    pointers = [{**suborder_key("relay", order_id), "account_id": {"S": "acme"}} for order_id in "AB"]
    assert service.asked == [("put_item", {"TableName": "Table", "Item": item}) for item in pointers]


# -- placing ------------------------------------------------------------------------------------------------------

ASKED = IdempotentRequest({"pk": {"S": "p"}, "sk": {"S": "s"}}, "hash")
KEPT = 48 * 3600


@pytest.mark.parametrize(
    ("source", "reseller_id", "is_shown"),
    [("online", None, False), ("online", "relay", True), ("direct", "relay", False)],
)
def test_an_order_is_placed_with_its_entry_its_record_and_its_resellers_pointer(
    service: Service, source: Any, reseller_id: str | None, is_shown: bool
) -> None:
    change = place(item_of("ip_addresses"), source=source, at=NOW + HOUR)
    order_store.store_new_order(change, ASKED, "answer", reseller_id)
    order, entry, numbered, record, *pointer = actions(service)
    new = {"ConditionExpression": "attribute_not_exists(pk)"}
    assert order == {"Put": {"Item": order_item(change.order), **new}}
    assert entry["Put"]["Item"]["source"] == {"S": source}
    assert {**entry["Put"], "Item": {}} == {"Item": {}, **new}
    assert numbered == {"Put": {"Item": {**number_key(number_of(ORDER_ID)), "order_id": {"S": ORDER_ID}}, **new}}
    seconds = int((NOW + HOUR).timestamp())
    assert record == {
        "Put": {
            "Item": {
                **ASKED.key,
                "fingerprint": {"S": "hash"},
                "answer": {"S": "answer"},
                "expires_at": {"N": str(seconds + KEPT)},
            },
            "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
            "ExpressionAttributeValues": {":now": {"N": str(seconds)}},
        }
    }
    shown = [{"Put": {"Item": {**suborder_key("relay", ORDER_ID), "account_id": {"S": "acme"}}}}]
    assert pointer == (shown if is_shown else [])


def test_an_order_is_found_by_its_number_with_one_more_read(service: Service) -> None:
    pointer = {**number_key(number_of(ORDER_ID)), "order_id": {"S": ORDER_ID}}
    item = order_item(place().order)
    service.answers = [{"Item": pointer}, {"Responses": {"Table": [item]}}]
    typed = number_of(ORDER_ID).lower().replace("-", " ")
    assert order_store.get_order_for_caller("acme", typed).order_id == ORDER_ID
    assert [method for method, _ in service.asked] == ["get_item", "batch_get_item"]
    assert service.asked[0][1]["Key"] == number_key(number_of(ORDER_ID))


@pytest.mark.parametrize("find", [order_store.locate_order, partial(order_store.get_order_for_caller, "acme")])
def test_an_unknown_number_is_not_found(service: Service, find: Callable[[str], object]) -> None:
    service.answers = [{}]
    with pytest.raises(NotFound, match="There is no order k7m 439 qxr"):
        find("k7m 439 qxr")
    assert len(service.asked) == 1
    with pytest.raises(NotFound):
        find("K7M-439-QX")
    assert len(service.asked) == 1, "what can be no number is not looked up"


def test_a_request_under_the_same_key_that_was_faster_is_told(service: Service) -> None:
    service.answers = [RACED]
    with pytest.raises(WriteConflict):
        order_store.store_new_order(place(), ASKED, "answer", None)


@pytest.mark.parametrize(("left", "is_there"), [(1, True), (0, False), (-1, False)])
def test_a_record_holds_until_it_runs_out(left: int, is_there: bool) -> None:
    at = datetime(2026, 3, 5, tzinfo=UTC)
    item = {
        "expires_at": {"N": str(int(at.timestamp()) + left)},
        "fingerprint": {"S": "hash"},
        "answer": {"S": "answer"},
    }
    assert order_store.find_record(item, at) == (IdempotencyRecord("hash", "answer") if is_there else None)
    assert order_store.find_record(None, at) is None


def test_a_record_answers_the_same_body_alone() -> None:
    record = IdempotencyRecord("hash", "answer")
    assert order_store.replay_response(record, ASKED) == "answer"
    with pytest.raises(Unprocessable) as refusal:
        order_store.replay_response(record, ASKED._replace(fingerprint="other"))
    assert refusal.value.code == "idempotency_key_reused"


def test_an_orders_item_says_what_lists_ask_for_and_no_more() -> None:
    item = order_store._order_item(standing("completed"))
    assert item["desk_status"] == item["status"] == {"S": "completed"}
    assert "purchase_order_number" not in item
