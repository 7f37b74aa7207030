"""The reader of the table's stream, call by call: which items it takes, in which order, and what it leaves out."""

from typing import Any

import pytest

import outbox
from online_orders.aws import account_outbox
from online_orders.aws.keys import REPORT_PREFIX
from online_orders.aws.order_store import _entry_item
from online_orders.aws.outbox import BlockedOrders, StoredEntry
from online_orders.domain.orders import Change
from online_orders.telemetry import MetricUnit, logger
from tests.aws.desk import Desk
from tests.domain.builders import CLARA, LATER, NOW, place
from tests.functions.invocation import Context

Json = dict[str, Any]


class Work:
    def __init__(self) -> None:
        self.done: list[Any] = []
        self.first: Any = None
        self.blocked = BlockedOrders(set(), set())

    def find_blocked(self, first: dict[str, StoredEntry]) -> BlockedOrders:
        self.first = {order_id: entry.sequence for order_id, entry in first.items()}
        return self.blocked


@pytest.fixture
def work(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()
    monkeypatch.setattr(outbox, "find_blocked", work.find_blocked)
    monkeypatch.setattr(outbox, "park", lambda order_id, error: work.done.append(("park", order_id, type(error))))
    monkeypatch.setattr(outbox, "repair_entries", lambda order_id: work.done.append(("repair", order_id)))
    monkeypatch.setattr(
        outbox,
        "process_or_park",
        lambda entries: work.done.append(("process", [(each.key.order_id, each.sequence) for each in entries])),
    )
    monkeypatch.setattr(account_outbox, "process_or_leave", lambda item: work.done.append(("account", item["n"])))
    return work


def images_of(order_id: str) -> list[Json]:
    """The entries of an order that was placed, claimed and declined."""
    placed = place().order.model_copy(update={"order_id": order_id})
    claimed = placed.claim(CLARA, NOW)
    declined = claimed.order.decline(CLARA, "Over.", LATER)
    changes: list[Change] = [Change(placed, place().entries), claimed, declined]
    return [_entry_item(order, entry) for change in changes for order, entry in change.steps]


ONE, TWO = images_of("01KAND6R00000000000000000A"), images_of("01KAND6R00000000000000000B")
FIRST, SECOND = "01KAND6R00000000000000000A", "01KAND6R00000000000000000B"
REPORT = {"pk": {"S": "ACCOUNT#acme"}, "sk": {"S": REPORT_PREFIX + "1"}, "outstanding": {"S": "1"}, "n": 1}


def handle(*images: Json) -> None:
    records = [{"dynamodb": {"NewImage": image}} for image in images]
    assert outbox.handler({"Records": records}, Context()) is None


def test_the_entries_of_each_order_are_processed_in_sequence(desk: Desk, work: Work) -> None:
    handle(ONE[2], TWO[0], ONE[0], TWO[1], ONE[1])
    assert work.first == {FIRST: 1, SECOND: 1}
    assert work.done == [
        ("process", [(FIRST, 1), (FIRST, 2), (FIRST, 3)]),
        ("process", [(SECOND, 1), (SECOND, 2)]),
    ]
    assert desk.told == [("EntriesProcessed", MetricUnit.Count, 5)]


def test_what_is_not_pending_and_what_is_no_entry_is_left_alone(desk: Desk, work: Work) -> None:
    done = {name: value for name, value in ONE[0].items() if name != "outstanding"}
    handle(done, ONE[1], {**ONE[2], "sk": {"S": "WORKFLOW"}}, REPORT, {**REPORT, "sk": {"S": "ACCOUNT"}, "n": 2})
    assert work.done == [("process", [(FIRST, 2)]), ("account", 1)]


def test_an_order_with_an_entry_that_cannot_be_parsed_is_parked(desk: Desk, work: Work) -> None:
    handle({**ONE[0], "document": {"S": "{"}}, ONE[1], TWO[0], {**TWO[1], "event": {"S": "unknown"}})
    assert [each[:2] for each in work.done] == [("park", FIRST), ("park", SECOND)]
    assert desk.told == [("EntriesProcessed", MetricUnit.Count, 0)]
    work.done.clear()
    without_document = {name: value for name, value in ONE[0].items() if name != "document"}
    handle(without_document)
    assert work.done == [("park", FIRST, KeyError)]


def test_parked_orders_wait_and_lost_entries_come_first(desk: Desk, work: Work) -> None:
    work.blocked = BlockedOrders(parked={FIRST}, behind={SECOND})
    handle(ONE[0], TWO[1])
    assert work.done == [("repair", SECOND)]


def test_every_entry_is_logged_with_the_request_that_caused_it(
    desk: Desk, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[Any] = []
    monkeypatch.setattr(logger, "info", lambda text, extra: lines.append(extra))
    handle({**ONE[0], "correlation_id": {"S": "request"}})
    assert lines == [
        {"order_id": FIRST, "sequence": 1, "event": "order.submitted", "correlation_id": "request"},
    ]
