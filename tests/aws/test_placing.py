"""Placing an order: the two calls that it makes."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from online_orders import clock
from online_orders.aws import lead_time_statistics, placing
from online_orders.aws.keys import (
    account_key,
    catalog_key,
    idempotency_key,
    newest_catalog_key,
    number_key,
    order_key,
    person_key,
    placed_key,
    subaccount_key,
)
from online_orders.aws.order_store import key_of
from online_orders.aws.table import MAX_ATTEMPTS
from online_orders.domain.errors import Forbidden, InProgress, Invalid, NotFound, TooManyRequests, Unprocessable
from online_orders.domain.order_numbers import number_of
from online_orders.domain.orders import Order
from tests.aws.service import Service, canceled
from tests.domain.builders import ANNA, CALLER, NOW, ORDER_ID, account_of, claimed, item_of, offered, place

Json = dict[str, Any]

BODY: Json = {"note": "Soon", "items": [item_of("ip_addresses")]}
CANONICAL = '{"items":[{"kind":"ip_addresses","quantity":4,"start_date":"2027-01-05"}],"note":"Soon"}'
RACED = canceled("ConditionalCheckFailed")


@pytest.fixture
def service(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(placing, "new_order_id", {NOW: ORDER_ID}.__getitem__)
    monkeypatch.setattr(lead_time_statistics, "monotonic", lambda: service.now)
    monkeypatch.setenv("HISTORY_CACHE_SECONDS", "60")
    monkeypatch.setenv("ORDERS_PER_HOUR", "3")
    lead_time_statistics.reset()
    yield service
    lead_time_statistics.reset()


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def record_key(source: Any = "online") -> Json:
    return idempotency_key("acme", source, hashed("key"))


WHO = person_key(CALLER.user.user_id)
ACCOUNT = {
    **account_key("acme"),
    "document": {"S": account_of(parent_account_id="relay").model_dump_json()},
    "version": {"N": "1"},
    "changed_by": {"S": "clara"},
}


def record(fingerprint: str, expires_in: int = 60, answer: str = '{"order_id": "first"}') -> Json:
    return {
        **record_key(),
        "fingerprint": {"S": fingerprint},
        "answer": {"S": answer},
        "expires_at": {"N": str(int(NOW.timestamp()) + expires_in)},
    }


def found(*items: Json) -> Json:
    return {"Responses": {"Table": list(items)}}


def send(body: Any = None, **more: Any) -> placing.Placed:
    requested: Json = {"by": CALLER, "account_id": "acme", "caller_account_id": "acme", "source": "online", **more}
    return placing.place("key", BODY if body is None else body, **requested)


def preview(body: Any = BODY, **more: Any) -> list[Json]:
    requested: Json = {"by": ANNA, "account_id": "acme", "caller_account_id": "acme", "source": "online", **more}
    return placing.preview(body, **requested)


def keys_read(service: Service, call: int = 0) -> list[Json]:
    keys: list[Json] = service.asked[call][1]["RequestItems"]["Table"]["Keys"]
    return [key for key in keys if not key["pk"]["S"].startswith("HISTORY")]


def stored(service: Service) -> list[Json]:
    method, requested = service.asked[-1]
    assert method == "transact_write_items"
    return [action["Put"]["Item"] for action in requested["TransactItems"]]


def test_an_order_of_the_screen_is_read_for_and_placed_in_two_calls(service: Service) -> None:
    service.answers = [found(ACCOUNT), {}]
    placed = send()
    assert placed.order_id == ORDER_ID
    assert len(service.asked) == 2
    read = service.asked[0][1]["RequestItems"]["Table"]["Keys"]
    assert keys_read(service) == [account_key("acme"), record_key(), placed_key("acme", NOW), WHO, catalog_key()]
    assert len(read) > 5, "the history comes along"
    order, entry, numbered, kept, pointer = stored(service)
    assert numbered == {**number_key(number_of(ORDER_ID)), "order_id": {"S": ORDER_ID}}
    assert order["sk"] == {"S": f"ORDER#{ORDER_ID}"}
    assert entry["event"] == {"S": "order.submitted"}
    assert (kept["fingerprint"], kept["answer"]) == ({"S": hashed(CANONICAL)}, {"S": placed.response})
    assert pointer["pk"] == {"S": "ACCOUNT#relay"}
    assert f'"order_id":"{ORDER_ID}"' in placed.response.replace(" ", "")
    assert "assignee" in placed.response
    assert '"email":"anna@acme.example"' in placed.response.replace(" ", "")
    assert '"placed_at":"2026-11-22T10:00:00.000Z"' in placed.response.replace(" ", "")


def test_a_direct_order_takes_no_share_of_the_hour_and_no_reseller_sees_it(service: Service) -> None:
    service.answers = [found(ACCOUNT), {}]
    placed = send(source="direct")
    assert keys_read(service) == [account_key("acme"), record_key("direct"), WHO, catalog_key()]
    assert [item["sk"]["S"].partition("#")[0] for item in stored(service)] == [
        "DIRECT",
        "ENTRY",
        "NUMBER",
        "IDEMPOTENCY",
    ]
    assert placed.order_id == ORDER_ID


def test_an_account_is_reached_by_whoever_may(service: Service) -> None:
    service.answers = [found(ACCOUNT, subaccount_key("relay", "acme")), {}, found(ACCOUNT), found(ACCOUNT)]
    send(caller_account_id="relay")
    assert subaccount_key("relay", "acme") in keys_read(service)
    with pytest.raises(NotFound):
        send(caller_account_id="other")
    with pytest.raises(NotFound):
        preview(caller_account_id="other")


def test_a_repetition_has_the_first_answer_and_another_body_a_refusal(service: Service) -> None:
    service.answers = [found(ACCOUNT, record(hashed(CANONICAL)))]
    assert send() == ("first", '{"order_id": "first"}')
    assert send({"items": BODY["items"], "note": "Soon"}) == ("first", '{"order_id": "first"}'), "in whatever order"
    with pytest.raises(Unprocessable) as refusal:
        send({**BODY, "note": "Later"})
    assert refusal.value.code == "idempotency_key_reused"
    assert len(service.asked) == 3


def test_a_record_that_has_run_out_is_none(service: Service) -> None:
    service.answers = [found(ACCOUNT, record(hashed(CANONICAL), 0)), {}]
    assert send().order_id == ORDER_ID


def test_any_body_has_a_fingerprint(service: Service) -> None:
    """Also one that no order is made of: the refusal comes from the judgment of the body."""
    service.answers = [found(ACCOUNT)]
    for body in ({"note": "\ud800"}, {"note": NOW}, {"a": 1, "b": 2}):
        with pytest.raises(Invalid):
            send(body)


def test_an_account_that_may_not_order_or_not_now_is_refused(service: Service) -> None:
    key = placed_key("acme", NOW)
    service.answers = [found(ACCOUNT, {**key, "placed": {"N": "3"}})]
    for refused in (send, preview):
        with pytest.raises(TooManyRequests):
            refused()
    service.answers = [found(ACCOUNT, {**key, "placed": {"N": "3"}}), {}]
    assert send(source="direct").order_id == ORDER_ID
    suspended = account_of(enrollment=None).model_dump_json()
    service.answers = [found({**ACCOUNT, "document": {"S": suspended}})]
    with pytest.raises(Forbidden):
        send()


def test_of_two_requests_under_one_key_the_later_has_the_first_ones_answer(service: Service) -> None:
    service.answers = [found(ACCOUNT), RACED, found(ACCOUNT), RACED, found(ACCOUNT, record(hashed(CANONICAL)))]
    assert send().order_id == "first"
    assert service.pauses == [0.04, 0.08]


def test_a_request_that_never_gets_its_turn_is_in_progress(service: Service) -> None:
    service.answers = [found(ACCOUNT), RACED] * MAX_ATTEMPTS + [found(ACCOUNT)]
    with pytest.raises(InProgress):
        send()
    assert len(service.asked) == 2 * MAX_ATTEMPTS


# -- duplicates ---------------------------------------------------------------------------------------------------

UPGRADE: Json = {"items": [item_of("ip_addresses"), item_of("site_bandwidth")]}


def other(last: str, *items: Json, **body: Any) -> Order:
    order = place(*items, body=body).order
    return order.model_copy(update={"order_id": ORDER_ID[:-1] + last})


def listed(*orders: Order) -> list[Json]:
    """The answers to the two queries for candidates."""
    items = [{**order_key(key_of(order)), "document": {"S": order.model_dump_json()}} for order in orders]
    return [{"Items": items}, {"Items": []}]


def test_an_order_with_upgrades_names_those_that_are_asked_for_already(service: Service) -> None:
    earlier = other("C", item_of("site_bandwidth"))
    service.answers = [found(ACCOUNT), *listed(earlier), {}]
    send(UPGRADE)
    assert [method for method, _ in service.asked] == ["batch_get_item", "query", "query", "transact_write_items"]
    order = Order.model_validate_json(stored(service)[0]["document"]["S"])
    assert [(each.item_id, each.order_id) for each in order.duplicates] == [("2", earlier.order_id)]
    direct = earlier.model_copy(update={"source": "direct"})
    for source, is_named in (("online", False), ("direct", True)):
        service.answers = [found(ACCOUNT), *listed(direct), {}]
        assert (direct.order_id in send(UPGRADE, source=source).response) is is_named


def test_duplicates_by_now_are_those_of_an_order_and_those_found_since(service: Service) -> None:
    upgrades = [item_of("site_bandwidth"), item_of("site_early_activation")]
    earlier = other("C", item_of("site_bandwidth"))
    order = place(*upgrades).order
    service.answers = [{"Item": ACCOUNT}, *listed(earlier, order)]
    (found_now,) = placing.current_duplicates(order, NOW)
    assert (found_now.item_id, found_now.order_id) == ("1", earlier.order_id)
    assert [requested.get("Key") for _, requested in service.asked] == [account_key("acme"), None, None]
    of_second = found_now.model_copy(update={"item_id": "2"})
    warned = order.model_copy(update={"duplicates": (of_second,)})
    service.answers = [{"Item": ACCOUNT}, *listed(earlier, order)]
    assert [each.item_id for each in placing.current_duplicates(warned, NOW)] == ["1", "2"]
    existing = found_now.model_copy(update={"order_id": ORDER_ID[:-1] + "Z"})
    service.answers = [{"Item": ACCOUNT}, *listed(earlier, order)]
    kept = order.model_copy(update={"duplicates": (existing,)})
    assert placing.current_duplicates(kept, NOW) == (existing,), "what it was warned of stays as it was"


def test_recently_completed_upgrades_are_warned_of_by_the_license(service: Service) -> None:
    order = other("C", item_of("site_bandwidth"))
    completed = offered(claimed(order), NOW).approve("C.", NOW).order
    service.answers = [found(ACCOUNT), *listed(completed), {}]
    send(UPGRADE)
    (placed,) = Order.model_validate_json(stored(service)[0]["document"]["S"]).duplicates
    assert (placed.code, placed.order_id) == ("recently_completed", order.order_id)
    assert [requested["ExpressionAttributeValues"][":pk"]["S"] for _, requested in service.asked[1:3]] == [
        "ACCOUNT#acme"
    ] * 2
    service.answers = [{"Item": ACCOUNT}, *listed(completed)]
    (by_now,) = placing.current_duplicates(place(item_of("site_bandwidth")).order, NOW)
    assert by_now.code == "recently_completed"
    service.answers, service.asked = [found(ACCOUNT), *listed(completed)], []
    (warning,) = preview(UPGRADE)
    assert warning["code"] == "recently_completed"
    assert service.asked[1][1]["ExpressionAttributeValues"][":pk"]["S"] == "ACCOUNT#acme"


def test_of_an_order_without_upgrades_nothing_is_asked(service: Service) -> None:
    assert placing.current_duplicates(place().order, NOW) == ()
    assert service.asked == []


def test_a_preview_warns_of_every_kind_and_places_nothing(service: Service) -> None:
    earlier = other("C", item_of("ip_addresses"), purchase_order_number="PO-7")
    service.answers = [found(ACCOUNT), *listed(earlier)]
    (warning,) = preview()
    assert (warning["order_id"], warning["purchase_order_number"]) == (earlier.order_id, "PO-7")
    assert keys_read(service) == [account_key("acme"), placed_key("acme", NOW), catalog_key()]
    assert [method for method, _ in service.asked] == ["batch_get_item", "query", "query"]
    service.answers, service.asked = [found(ACCOUNT), *listed(earlier)], []
    preview(source="direct")
    assert keys_read(service) == [account_key("acme"), newest_catalog_key()]
    service.answers = [found(ACCOUNT)]
    with pytest.raises(Invalid):
        preview({})


def test_a_preview_tells_the_customer_of_no_direct_order(service: Service) -> None:
    direct = other("C", item_of("ip_addresses"), purchase_order_number="PO-7").model_copy(update={"source": "direct"})
    for source, order_id, number in (("online", None, None), ("direct", direct.order_id, "PO-7")):
        service.answers = [found(ACCOUNT), *listed(direct)]
        (warning,) = preview(source=source)
        assert (warning["order_id"], warning["purchase_order_number"]) == (order_id, number)
