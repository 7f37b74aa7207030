"""What delays nothing: an order is counted and indexed at once or later, and once it is done it is not done again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from online_orders.aws import figures_store, later_effects, lead_time_statistics, search_index
from online_orders.aws.keys import OrderKey, later_key
from online_orders.domain.timeline import Event
from online_orders.telemetry import MetricUnit, logger, metrics
from tests.aws.service import Service

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
AT = OrderKey("acme", "01KAND6R00000000000000000A", "online")
ORDER: Any = object()


class Effects:
    def __init__(self) -> None:
        self.done: list[Any] = []
        self.failing: set[str] = set()

    def note(self, name: str, *of: Any) -> None:
        if name in self.failing:
            raise ValueError
        self.done.append((name, *of))


@pytest.fixture
def effects(service: Service, monkeypatch: pytest.MonkeyPatch) -> Effects:
    found = Effects()
    monkeypatch.setattr(later_effects, "now", lambda: NOW)
    monkeypatch.setattr(later_effects, "get_order", lambda at: ORDER if at == AT else None)
    monkeypatch.setattr(later_effects, "locate_order", lambda order_id: AT if order_id == AT.order_id else None)
    monkeypatch.setattr(lead_time_statistics, "count_order", lambda order: found.note("counted", order))
    monkeypatch.setattr(search_index, "index_order", lambda at: found.note("indexed", at))
    monkeypatch.setattr(figures_store, "count_order", lambda at: found.note("figured", at))
    monkeypatch.setattr(logger, "exception", lambda text, extra: found.note("logged", text, extra["order_id"]))
    monkeypatch.setattr(metrics, "add_metric", lambda *of: found.note("metric", *of))
    return found


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ({Event.COMMENTED, Event.DELIVERED}, []),
        ({Event.CLAIMED, Event.QUOTED}, [("figured", AT)]),
        ({Event.COMPLETED}, [("counted", ORDER), ("figured", AT)]),
        ({Event.SUBMITTED}, [("indexed", AT), ("figured", AT)]),
        ({Event.PERSON_ERASED, Event.COMPLETED}, [("counted", ORDER), ("indexed", AT), ("figured", AT)]),
    ],
)
def test_effects_follow_from_their_events(
    service: Service, effects: Effects, events: set[Event], expected: list[Any]
) -> None:
    later_effects.run_due(AT, events)
    assert (effects.done, service.asked) == (expected, [])


@pytest.mark.parametrize(
    ("name", "sk", "failure", "metric"),
    [
        ("counted", "STATISTICS", "an order is to be counted later", "OrdersCountedLater"),
        ("indexed", "SEARCH", "an order is to be indexed later", "OrdersIndexedLater"),
        ("figured", "FIGURESDUE", "the figures of an order are to be counted later", "FiguresCountedLater"),
    ],
)
def test_an_effect_that_fails_is_postponed_and_keeps_back_no_other(
    service: Service, effects: Effects, name: str, sk: str, failure: str, metric: str
) -> None:
    effects.failing = {name}
    later_effects.run_due(AT, {Event.COMPLETED, Event.SUBMITTED})
    told = [("logged", failure, AT.order_id), ("metric", metric, MetricUnit.Count, 1)]
    assert {each[0] for each in effects.done if each not in told} == {"counted", "indexed", "figured"} - {name}
    seconds = int((NOW + timedelta(minutes=15)).timestamp())
    item = {**later_key(AT.order_id, sk), "outstanding": {"S": "1"}, "check_at": {"N": str(seconds)}}
    assert service.asked == [("put_item", {"TableName": "Table", "Item": item})]


def test_a_postponed_effect_is_repeated_once(service: Service, effects: Effects) -> None:
    service.answers = [{"Item": {"check_at": {"N": "7"}}}, {}]
    later_effects.run_postponed(AT.order_id, "SEARCH")
    key = {"TableName": "Table", "Key": later_key(AT.order_id, "SEARCH")}
    (read, asked), (written, requested) = service.asked
    assert (read, asked, written) == ("get_item", {**key, "ConsistentRead": True}, "transact_write_items")
    (action,) = requested["TransactItems"]
    condition = {"ConditionExpression": "check_at = :found", "ExpressionAttributeValues": {":found": {"N": "7"}}}
    assert action == {"Delete": {**key, **condition}}
    assert effects.done == [("indexed", AT)]
    service.answers, service.asked = [{}, {}, {}], []
    later_effects.run_postponed(AT.order_id)
    assert [method for method, _ in service.asked] == ["get_item"] * 3
    assert len(effects.done) == 1


def test_an_effect_that_fails_again_stays_postponed(service: Service, effects: Effects) -> None:
    effects.failing = {"counted"}
    service.answers = [{"Item": {"check_at": {"N": "7"}}}, {}]
    later_effects.run_postponed(AT.order_id, "STATISTICS")
    assert [method for method, _ in service.asked] == ["get_item", "put_item"]
