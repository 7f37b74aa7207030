"""The figures' counters and the effects that may come later, call by call."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from online_orders.aws import figures_store, later_effects
from online_orders.aws.keys import (
    FIGURES_DUE_SK,
    OrderKey,
    account_key,
    entry_key,
    figures_key,
    figures_marker_key,
    later_key,
    order_key,
    person_key,
)
from online_orders.aws.table import MAX_ATTEMPTS
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.events import detail_of
from online_orders.domain.figures import Dimension, bucket_of
from online_orders.domain.orders import Change, Order
from online_orders.domain.timeline import Event
from online_orders.telemetry import MetricUnit, logger, metrics
from tests.aws.service import Service, error_of
from tests.domain.builders import CLARA, HOUR, NOW, ORDER_ID, account_of, item_of, place

Json = dict[str, Any]
AT = OrderKey("acme", ORDER_ID, "online")
PLACED = place(item_of("ip_addresses"), item_of("socket"))
CLAIMED = PLACED.order.claim(CLARA, NOW + 2 * HOUR)
BUSY = error_of("TransactionCanceledException", {"Code": "None"}, {"Code": "TransactionConflict"})
OVERTAKEN = error_of("TransactionCanceledException", {"Code": "ConditionalCheckFailed"}, {"Code": "None"})


def stored(order: Order, *, groups: tuple[str, ...] = ("gold",), marker: Json | None = None) -> Json:
    items = [
        {**order_key(AT), "document": {"S": order.model_dump_json()}},
        {**account_key("acme"), "document": {"S": account_of(groups=list(groups)).model_dump_json()}},
        *([marker] if marker else []),
    ]
    return {"Responses": {"Table": items}}


def entries(*changes: Change) -> Json:
    return {
        "Items": [
            {
                **entry_key(ORDER_ID, entry.sequence),
                "event": {"S": entry.event},
                "detail": {"S": detail_of(order, entry).model_dump_json()},
                "document": {"S": entry.model_dump_json()},
            }
            for change in changes
            for order, entry in change.steps
        ]
    }


def written(service: Service) -> list[list[Json]]:
    return [requested["TransactItems"] for method, requested in service.asked if method == "transact_write_items"]


def adding(cell: str, shard: int = 2, **deltas: int) -> Json:
    names = sorted(deltas)
    return {
        "Update": {
            "TableName": "Table",
            "Key": figures_key("2026-11", cell, shard),
            "UpdateExpression": "ADD " + ", ".join(f"#{index} :{index}" for index in range(len(names))),
            "ExpressionAttributeNames": {f"#{index}": name for index, name in enumerate(names)},
            "ExpressionAttributeValues": {f":{index}": {"N": str(deltas[name])} for index, name in enumerate(names)},
        }
    }


def marker_of(action: Json) -> Json:
    item: Json = action["Put"]["Item"]
    return item


def first_count(service: Service) -> Json:
    """The marker of an order that was just placed and counted."""
    service.answers = [stored(PLACED.order), entries(PLACED), {}]
    assert figures_store.count_order(AT)
    return marker_of(written(service)[-1][0])


def test_a_new_order_is_counted_in_every_cell_in_one_transaction(service: Service) -> None:
    service.answers = [stored(PLACED.order), entries(PLACED), {}]
    assert figures_store.count_order(AT)
    marker, *added = written(service)[0]
    assert marker["Put"]["ConditionExpression"] == "attribute_not_exists(pk)"
    assert {name: marker_of(marker)[name] for name in ("pk", "sk", "sequence")} == {
        **figures_marker_key(ORDER_ID),
        "sequence": {"N": "1"},
    }
    new = {"orders": 1, "open": 1}
    cells = ("all#", "group#gold", "kind#ip_addresses", "kind#socket", "person#")
    assert added == [adding(cell, **new) for cell in cells]
    batch, query = service.asked[0][1], service.asked[1][1]
    assert [key["sk"]["S"] for key in batch["RequestItems"]["Table"]["Keys"]] == [
        "FIGURES",
        f"ORDER#{ORDER_ID}",
        "ACCOUNT",
    ]
    assert query["ExpressionAttributeValues"][":first"] == {"S": "ENTRY#000001"}


def test_a_later_entry_changes_what_differs_and_groups_stay_as_counted(service: Service) -> None:
    marker = first_count(service)
    service.answers = [stored(CLAIMED.order, groups=("base",), marker=marker), entries(CLAIMED), {}]
    assert figures_store.count_order(AT)
    put, *added = written(service)[-1]
    assert put["Put"]["ConditionExpression"] == "#sequence = :before AND counted = :counted"
    assert put["Put"]["ExpressionAttributeNames"] == {"#sequence": "sequence"}
    assert put["Put"]["ExpressionAttributeValues"] == {":before": {"N": "1"}, ":counted": marker["counted"]}
    assert marker_of(put)["sequence"] == {"N": "2"}
    claim = {f"claim#{bucket_of(2)}": 1}
    assert added == [
        *(adding(cell, **claim) for cell in ("all#", "group#gold", "kind#ip_addresses", "kind#socket")),
        adding("person#", orders=-1, open=-1),
        adding("person#clara", orders=1, open=1, **claim),
    ]
    assert service.asked[-2][1]["ExpressionAttributeValues"][":first"] == {"S": "ENTRY#000002"}


def test_an_entry_that_was_counted_changes_nothing(service: Service) -> None:
    marker = first_count(service)
    service.answers = [stored(PLACED.order, marker=marker), {"Items": []}]
    assert not figures_store.count_order(AT)
    assert len(written(service)) == 1


def test_an_order_that_is_counted_afresh_is_as_before(service: Service) -> None:
    marker = first_count(service)
    service.answers = [stored(PLACED.order, marker=marker), entries(PLACED)]
    assert not figures_store.count_order(AT, afresh=True)
    assert service.asked[-1][1]["ExpressionAttributeValues"][":first"] == {"S": "ENTRY#000001"}
    wrong = {**marker, "counted": {"S": json.dumps({"all#": {"orders": 2, "won": 1}, "kind#old": {"orders": 1}})}}
    service.answers = [stored(PLACED.order, marker=wrong), entries(PLACED), {}]
    assert figures_store.count_order(AT, afresh=True)
    added = written(service)[-1][1:]
    assert added[0] == adding("all#", orders=-1, won=-1, open=1)
    assert adding("kind#old", orders=-1) in added


def test_an_order_of_an_erased_person_counts_for_an_erased_one_and_empty_counters_go(service: Service) -> None:
    service.answers = [stored(CLAIMED.order), entries(PLACED, CLAIMED), {}]
    assert figures_store.count_order(AT)
    marker = marker_of(written(service)[-1][0])
    left = [counters("person#clara", 2, orders=1, open=1), counters("person#clara", 5, orders=-1, open=-1)]
    service.answers = [stored(CLAIMED.order, marker=marker), OVERTAKEN, stored(CLAIMED.order, marker=marker), {}]
    service.answers += [{"Items": left[:1]}, {"Items": left[1:]}, {}]
    figures_store.erase_person(AT, {"clara"})
    put, *moved = written(service)[-2]
    claim = {f"claim#{bucket_of(2)}": 1}
    gone = {name: -count for name, count in {"orders": 1, "open": 1, **claim}.items()}
    assert moved == [
        adding("person#clara", shard=3, **gone),
        adding("person#erased", shard=3, orders=1, open=1, **claim),
    ]
    assert json.loads(marker_of(put)["document"]["S"])["person"] == "erased"
    condition = {
        "ConditionExpression": "#0 = :0 AND #1 = :1",
        "ExpressionAttributeNames": {"#0": "open", "#1": "orders"},
    }
    assert written(service)[-1] == [
        {
            "Delete": {
                "TableName": "Table",
                "Key": figures_key("2026-11", "person#clara", shard),
                **condition,
                "ExpressionAttributeValues": {":0": {"N": count}, ":1": {"N": count}},
            }
        }
        for shard, count in ((2, "1"), (5, "-1"))
    ]


def test_counters_of_a_persons_other_orders_stay(service: Service) -> None:
    marker = first_count(service)
    service.answers = [stored(PLACED.order, marker=marker), {"Items": [counters("person#clara", 2, orders=1)]}]
    figures_store.erase_person(AT, {"clara"})
    assert len(written(service)) == 1
    service.answers = [stored(PLACED.order, marker=marker), {"Items": [counters("person#clara#2", 2, orders=0)]}]
    figures_store.erase_person(AT, {"clara"})
    assert len(written(service)) == 1


def test_an_erasure_that_others_never_leave_alone_is_in_progress(service: Service) -> None:
    empty = {"Items": [counters("person#clara", 2, orders=0)]}
    service.answers = [stored(PLACED.order), empty, {"Items": []}, OVERTAKEN] * MAX_ATTEMPTS
    with pytest.raises(InProgress):
        figures_store.erase_person(AT, {"clara"})


def test_a_count_that_meets_others_is_made_again_in_the_next_shard(service: Service) -> None:
    service.answers = [stored(PLACED.order), entries(PLACED), BUSY, stored(PLACED.order), entries(PLACED), OVERTAKEN]
    service.answers += [stored(PLACED.order), entries(PLACED), {}]
    assert figures_store.count_order(AT)
    assert [actions[1]["Update"]["Key"]["sk"]["S"] for actions in written(service)] == ["all##2", "all##3", "all##4"]
    service.answers = [*[stored(PLACED.order), entries(PLACED), BUSY] * MAX_ATTEMPTS]
    service.asked.clear()
    with pytest.raises(InProgress):
        figures_store.count_order(AT)
    assert len(written(service)) == MAX_ATTEMPTS


def test_an_order_that_is_not_there_is_not_counted(service: Service) -> None:
    service.answers = [{"Responses": {"Table": []}}]
    with pytest.raises(NotFound):
        figures_store.count_order(AT)


# -- reading ------------------------------------------------------------------------------------------------------


def counters(cell: str, shard: int, **counts: int) -> Json:
    return {**figures_key("2026-11", cell, shard), **{name: {"N": str(count)} for name, count in counts.items()}}


def test_the_shards_of_a_month_are_summed_by_key_and_page(service: Service) -> None:
    first = [counters("person#a#b", 0, orders=1), counters("person#a#b", 7, orders=2, won=1)]
    last = [counters("person#", 3, orders=1, open=1), counters("person#gone", 1, orders=0)]
    service.answers = [{"Items": first[:1], "LastEvaluatedKey": {"pk": 1}}, {"Items": last[:0]}]
    service.answers += [{"Items": [*first[1:], *last]}, {"Items": []}, {"Items": []}]
    found = list(figures_store.read_figures(["2026-11", "2026-12"], Dimension.PERSON))
    assert found == [
        ("2026-11", {"": {"orders": 1, "open": 1}, "a#b": {"orders": 3, "won": 1}}),
        ("2026-12", {}),
    ]
    values = [requested["ExpressionAttributeValues"] for _, requested in service.asked]
    assert values[0] == {
        ":pk": {"S": "FIGURES#2026-11#person#0"},
        ":first": {"S": "person#"},
        ":last": {"S": "person#\uffff"},
    }
    later = [value[":pk"]["S"] for value in values[1:]]
    assert later == [
        f"FIGURES#{each}" for each in ("2026-11#person#0", "2026-11#person#1", "2026-12#person#0", "2026-12#person#1")
    ]


def test_people_are_named_in_batches_and_nobody_is_nobody(service: Service) -> None:
    known = {**person_key("u1"), "document": {"S": json.dumps({"name": "Clara"})}}
    service.answers = [{"Responses": {"Table": [known]}}, {"Responses": {"Table": []}}]
    assert figures_store.names_of(["", *(f"u{number}" for number in range(101))]) == {"u1": "Clara"}
    asked = [requested["RequestItems"]["Table"]["Keys"] for _, requested in service.asked]
    assert [len(keys) for keys in asked] == [100, 1]
    service.asked.clear()
    assert figures_store.names_of([""]) == {}
    assert service.asked == []


# -- later effects ------------------------------------------------------------------------------------------------


def the_figures(monkeypatch: pytest.MonkeyPatch, work: Callable[[OrderKey], None]) -> None:
    (effect,) = (each for each in later_effects.EFFECTS if each.sk == FIGURES_DUE_SK)
    monkeypatch.setattr(later_effects, "EFFECTS", (effect._replace(run=work),))


@pytest.fixture
def done(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is done, logged and counted."""
    found: list[Any] = []
    the_figures(monkeypatch, found.append)
    monkeypatch.setattr(later_effects, "now", lambda: NOW)
    monkeypatch.setattr(later_effects, "locate_order", lambda order_id: AT._replace(order_id=order_id))
    monkeypatch.setattr(logger, "exception", lambda *of, **more: found.append((*of, more)))
    monkeypatch.setattr(metrics, "add_metric", lambda *of: found.append(of))
    return found


def fail(order: OrderKey) -> None:
    raise ValueError(order)


DUE = later_key(ORDER_ID, FIGURES_DUE_SK)
LATER = {"N": str(int((NOW + timedelta(minutes=15)).timestamp()))}


def test_an_effect_follows_from_its_events_alone(service: Service, done: list[Any]) -> None:
    later_effects.run_due(AT, {Event.COMMENTED})
    assert done == []
    later_effects.run_due(AT, {Event.COMMENTED, Event.CLAIMED})
    assert done == [AT]
    assert service.asked == []


def test_an_effect_that_fails_is_postponed_and_told_of(
    service: Service, done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    the_figures(monkeypatch, fail)
    later_effects.run_due(AT, {Event.SUBMITTED})
    assert service.asked == [
        ("put_item", {"TableName": "Table", "Item": {**DUE, "outstanding": {"S": "2"}, "check_at": LATER}})
    ]
    assert done == [
        ("the figures of an order are to be counted later", {"extra": {"order_id": ORDER_ID}}),
        ("FiguresCountedLater", MetricUnit.Count, 1),
    ]
    service.answers = [{"Item": {"check_at": {"N": "1"}}}, {}]
    service.asked.clear()
    later_effects.run_postponed(ORDER_ID, FIGURES_DUE_SK)
    assert [method for method, _ in service.asked] == ["get_item", "put_item"]


def test_a_postponed_effect_is_run_once_and_its_item_removed_unless_it_was_postponed_again(
    service: Service, done: list[Any]
) -> None:
    service.answers = [{"Item": {"check_at": {"N": "7"}}}, {}, {}]
    later_effects.run_postponed(ORDER_ID)
    assert done == [AT]
    condition = {"ConditionExpression": "check_at = :found", "ExpressionAttributeValues": {":found": {"N": "7"}}}
    assert written(service) == [[{"Delete": {"TableName": "Table", "Key": DUE, **condition}}]]
    later_effects.run_postponed(ORDER_ID)
    assert done == [AT]
    service.answers = [{"Item": {"check_at": {"N": "7"}}}, OVERTAKEN]
    later_effects.run_postponed(ORDER_ID, FIGURES_DUE_SK)
    assert done == [AT, AT]


def test_the_figures_are_counted_by_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[OrderKey] = []
    monkeypatch.setattr(figures_store, "count_order", counted.append)
    (effect,) = (each for each in later_effects.EFFECTS if each.sk == FIGURES_DUE_SK)
    effect.run(AT)
    assert counted == [AT]
