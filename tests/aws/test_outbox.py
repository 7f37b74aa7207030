"""How the outbox processes timeline entries, call by call, and how an order is parked."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from online_orders.aws import later_effects, outbox, quotas, workflow
from online_orders.aws.keys import OrderKey, entry_key, parked_key
from online_orders.aws.outbox import BatchRejected, StoredEntry, enqueue, park, publish
from online_orders.domain.timeline import Actor, Event
from online_orders.telemetry import MetricUnit, logger, metrics
from tests.aws.service import Service, error_of

Json = dict[str, Any]

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
AT = OrderKey("acme", "01KAND6R00000000000000000A", "online")
CS = Actor(kind="customer_success", name="clara")


@pytest.fixture
def service(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(outbox, "now", lambda: NOW)
    monkeypatch.setenv("EVENT_BUS_NAME", "bus")
    monkeypatch.setenv("MAIL_QUEUE_URL", "https://queue")
    return service


def stored(sequence: int, event: Event = Event.CLAIMED, *, internal: bool = False, **more: Json) -> Json:
    document = {"sequence": sequence, "data": {"n": sequence}, "actor": CS.model_dump(), "internal": internal}
    return {
        **entry_key(AT.order_id, sequence),
        "account_id": {"S": AT.account_id},
        "source": {"S": AT.source},
        "event": {"S": event.value},
        "detail": {"S": f'{{"of": {sequence}}}'},
        "document": {"S": json.dumps(document)},
        **more,
    }


def test_an_entry_is_read_from_the_table_and_its_stream_alike() -> None:
    entry = StoredEntry.from_item(stored(7, correlation_id={"S": "c"}))
    assert entry == StoredEntry(AT, 7, Event.CLAIMED, '{"of": 7}', {"n": 7}, CS, "c", internal=False)
    assert entry.is_published
    assert StoredEntry.from_item(stored(7)).correlation_id is None
    assert not StoredEntry.from_item(stored(7, internal=True)).is_published
    assert not StoredEntry.from_item(stored(7, Event.STALE)).is_published


def test_events_go_on_the_bus_ten_at_a_time_and_without_what_is_internal(service: Service) -> None:
    entries = [StoredEntry.from_item(stored(n, internal=n == 3)) for n in range(1, 14)]
    publish(entries)
    assert [method for method, _ in service.asked] == ["put_events", "put_events"]
    texts = [entry for _, requested in service.asked for entry in requested["Entries"]]
    assert [len(requested["Entries"]) for _, requested in service.asked] == [10, 2]
    assert [json.loads(entry["Detail"])["of"] for entry in texts] == [n for n in range(1, 14) if n != 3]
    assert {(entry["EventBusName"], entry["Source"], entry["DetailType"]) for entry in texts} == {
        ("bus", "online-orders", "order.claimed")
    }
    publish(entries[2:3])
    assert len(service.asked) == 2


def test_messages_go_on_their_queue_ten_at_a_time(service: Service) -> None:
    enqueue("MAIL_QUEUE_URL", ({"n": n} for n in range(11)))
    assert [(method, requested["QueueUrl"]) for method, requested in service.asked] == [
        ("send_message_batch", "https://queue")
    ] * 2
    first, second = (requested["Entries"] for _, requested in service.asked)
    assert first == [{"Id": str(n), "MessageBody": json.dumps({"n": n})} for n in range(10)]
    assert second == [{"Id": "0", "MessageBody": '{"n": 10}'}]


def test_a_batch_of_which_some_was_not_taken_is_refused(service: Service) -> None:
    service.answers = [{"FailedEntryCount": 1}, {"FailedEntryCount": 0}, {"Failed": [{}]}, {"Failed": []}]
    with pytest.raises(BatchRejected, match="1 events"):
        publish([StoredEntry.from_item(stored(1))])
    publish([StoredEntry.from_item(stored(1))])
    with pytest.raises(BatchRejected, match="1 messages"):
        enqueue("MAIL_QUEUE_URL", [{}])
    enqueue("MAIL_QUEUE_URL", [{}])


@pytest.mark.parametrize(
    ("tries", "pause"),
    [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (7, 60), (1_000, 60)],
)
def test_parking_time_doubles_from_a_minute_to_an_hour(service: Service, tries: int, pause: int) -> None:
    service.answers = [{"Item": {"tries": {"N": str(tries)}}} if tries else {}, {}]
    until = park(AT.order_id, error_of("Throttled"))
    assert until == NOW + timedelta(minutes=pause)
    assert service.asked == [
        ("get_item", {"TableName": "Table", "Key": parked_key(AT.order_id), "ConsistentRead": True}),
        (
            "put_item",
            {
                "TableName": "Table",
                "Item": {
                    **parked_key(AT.order_id),
                    "fault": {"S": "Throttled"},
                    "tries": {"N": str(tries + 1)},
                    "outstanding": {"S": "1"},
                    "check_at": {"N": str(int(until.timestamp()))},
                },
            },
        ),
    ]


def test_a_parked_order_says_the_kind_of_a_fault_that_no_service_has_said(service: Service) -> None:
    park(AT.order_id, ValueError("of clara@vendor.example"))
    assert service.asked[-1][1]["Item"]["fault"] == {"S": "ValueError"}


def test_due_marks_are_asked_for_by_shard_and_time(service: Service) -> None:
    service.answers = [{"Items": [{"pk": 1}]}]
    assert outbox.due_items("3", NOW, 7) == [{"pk": 1}]
    ((method, requested),) = service.asked
    assert (method, requested) == (
        "query",
        {
            "TableName": "Table",
            "IndexName": "outstanding",
            "KeyConditionExpression": "outstanding = :shard AND check_at <= :now",
            "ExpressionAttributeValues": {":shard": {"S": "3"}, ":now": {"N": str(int(NOW.timestamp()))}},
            "Limit": 7,
        },
    )


def test_all_marks_are_asked_for_page_by_page_the_latest_due_first(service: Service) -> None:
    service.answers = [{"Items": [{"pk": 1}], "LastEvaluatedKey": {"pk": {"S": "2"}}}, {"Items": []}]
    assert outbox.newest_pending_items("3", 7, None) == ([{"pk": 1}], {"pk": {"S": "2"}})
    assert outbox.newest_pending_items("3", 7, {"pk": {"S": "2"}}) == ([], None)
    requested = {
        "TableName": "Table",
        "IndexName": "outstanding",
        "KeyConditionExpression": "outstanding = :shard",
        "ExpressionAttributeValues": {":shard": {"S": "3"}},
        "ScanIndexForward": False,
        "Limit": 7,
    }
    assert service.asked == [("query", requested), ("query", requested | {"ExclusiveStartKey": {"pk": {"S": "2"}}})]


def test_entries_with_a_mark_are_asked_for_to_the_last_page(service: Service) -> None:
    service.answers = [{"Items": [{"n": 1}], "LastEvaluatedKey": {"sk": 1}}, {"Items": [{"n": 2}]}]
    assert outbox.pending_entries("O") == [{"n": 1}, {"n": 2}]
    requested = {
        "TableName": "Table",
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "FilterExpression": "attribute_exists(outstanding)",
        "ExpressionAttributeValues": {
            ":pk": {"S": "ORDER#O"},
            ":first": {"S": "ENTRY#"},
            ":last": {"S": "ENTRY#\uffff"},
        },
        "ConsistentRead": True,
    }
    assert service.asked == [("query", requested), ("query", requested | {"ExclusiveStartKey": {"sk": 1}})]


def test_an_order_is_blocked_when_parked_or_behind(service: Service) -> None:
    orders = {
        "A": StoredEntry.from_item(stored(1)),
        "B": StoredEntry.from_item(stored(2)),
        "C": StoredEntry.from_item(stored(5)),
    }
    service.answers = [
        {"Responses": {"Table": [parked_key("A"), {**entry_key("B", 1), "outstanding": {"S": "1"}}, entry_key("C", 4)]}}
    ]
    assert outbox.find_blocked(orders) == ({"A"}, {"B"})
    ((_, requested),) = service.asked
    assert requested["RequestItems"]["Table"]["Keys"] == [
        *(parked_key(order_id) for order_id in orders),
        entry_key("B", 1),
        entry_key("C", 4),
    ]


# -- all that follows ---------------------------------------------------------------------------------------------


@pytest.fixture
def done(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is done to the workflow and the account's hour, what is done later, and what is logged and counted."""
    found: list[Any] = []

    def note(name: str) -> Any:
        return lambda *of, **more: found.append((name, *of, more) if more else (name, *of))

    for module, names in (
        (workflow, ("start", "resume")),
        (later_effects, ("run_due",)),
        (quotas, ("count_order",)),
    ):
        for name in names:
            monkeypatch.setattr(module, name, note(f"{module.__name__.rpartition('.')[2]}.{name}"))
    for name in ("exception", "error"):
        monkeypatch.setattr(logger, name, note(name))
    monkeypatch.setattr(metrics, "add_metric", note("metric"))
    return found


def unmarking(sequence: int) -> tuple[str, Json]:
    requested = {
        "TableName": "Table",
        "Key": entry_key(AT.order_id, sequence),
        "UpdateExpression": "REMOVE outstanding, check_at",
        "ConditionExpression": "attribute_exists(outstanding)",
    }
    return ("update_item", requested)


def events_of(service: Service) -> list[str]:
    return [
        entry["DetailType"]
        for method, requested in service.asked
        if method == "put_events"
        for entry in requested["Entries"]
    ]


def mails_of(service: Service) -> list[Json]:
    batches = [requested["Entries"] for method, requested in service.asked if method == "send_message_batch"]
    return [json.loads(entry["MessageBody"]) for batch in batches for entry in batch]


def unmarked(service: Service) -> list[Any]:
    return [requested for requested in service.asked if requested[0] == "update_item"]


def test_of_a_new_order_the_workflow_is_started_and_it_counts_towards_the_hour(
    service: Service, done: list[Any]
) -> None:
    outbox.process_entries([StoredEntry.from_item(stored(1, Event.SUBMITTED, correlation_id={"S": "c"}))])
    assert done == [
        ("workflow.start", AT),
        ("later_effects.run_due", AT, {Event.SUBMITTED}),
        ("quotas.count_order", "acme", NOW),
    ]
    assert events_of(service) == ["order.submitted"]
    assert unmarked(service) == [unmarking(1)]
    mails = mails_of(service)
    assert mails
    assert all({**mail, **AT._asdict(), "sequence": 1, "correlation_id": "c"} == mail for mail in mails)
    assert [method for method, _ in service.asked] == ["put_events", "send_message_batch", "update_item"]


def test_mails_are_those_that_the_entry_calls_for(
    service: Service, done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    requested: list[Any] = []

    def announcements(*of: Any, **more: Any) -> list[Any]:
        requested.append((of, more))
        return []

    monkeypatch.setattr(outbox, "notifications", announcements)
    outbox.process_entries([StoredEntry.from_item(stored(7, internal=True, source={"S": "direct"}))])
    assert requested == [((Event.CLAIMED, {"n": 7}), {"by": CS, "internal": True, "source": "direct"})]


def test_of_later_entries_the_workflow_is_woken_before_anybody_is_told(
    service: Service, done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wake(at: OrderKey) -> None:
        assert service.asked == []
        done.append(("woken", at))

    monkeypatch.setattr(workflow, "resume", wake)
    outbox.process_entries([StoredEntry.from_item(stored(2)), StoredEntry.from_item(stored(3, Event.CANCELED))])
    assert done == [("woken", AT), ("later_effects.run_due", AT, {Event.CLAIMED, Event.CANCELED})]
    assert events_of(service) == ["order.claimed", "order.canceled"]
    assert {mail["sequence"] for mail in mails_of(service)} == {3}
    assert unmarked(service) == [unmarking(2), unmarking(3)]


def test_of_entries_from_the_first_on_the_workflow_is_started_and_woken(service: Service, done: list[Any]) -> None:
    outbox.process_entries([StoredEntry.from_item(stored(1, Event.SUBMITTED)), StoredEntry.from_item(stored(2))])
    assert done == [
        ("workflow.start", AT),
        ("workflow.resume", AT),
        ("later_effects.run_due", AT, {Event.SUBMITTED, Event.CLAIMED}),
        ("quotas.count_order", "acme", NOW),
    ]


def test_a_new_order_counts_once_and_only_on_the_screen(service: Service, done: list[Any]) -> None:
    service.answers = [{}, {}, error_of("ConditionalCheckFailedException")]
    outbox.process_entries([StoredEntry.from_item(stored(1, Event.SUBMITTED))])
    service.answers = [{}]
    outbox.process_entries([StoredEntry.from_item(stored(1, Event.SUBMITTED, source={"S": "direct"}))])
    assert [name for name, *_ in done] == ["workflow.start", "later_effects.run_due"] * 2


def test_an_hour_that_cannot_be_counted_holds_up_nothing(
    service: Service, done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise error_of("InternalServerError")

    monkeypatch.setattr(quotas, "count_order", fail)
    outbox.process_entries([StoredEntry.from_item(stored(1, Event.SUBMITTED))])
    assert [name for name, *_ in done] == ["workflow.start", "later_effects.run_due", "exception"]


def test_what_may_come_later_comes_after_the_mails_and_before_the_flag_is_cleared(
    service: Service, done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(later_effects, "run_due", lambda *_: asked.extend(method for method, _ in service.asked))
    outbox.process_entries([StoredEntry.from_item(stored(9, Event.COMPLETED))])
    assert asked == ["put_events", "send_message_batch"]
    assert unmarked(service) == [unmarking(9)]


def test_later_effects_follow_when_everybody_is_told_and_before_the_entry_is_done(
    service: Service, done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def follow(*of: Any) -> None:
        assert [method for method, _ in service.asked] == ["put_events", "send_message_batch"]
        done.append(of)

    monkeypatch.setattr(later_effects, "run_due", follow)
    outbox.process_entries([StoredEntry.from_item(stored(2)), StoredEntry.from_item(stored(3, Event.CANCELED))])
    assert done == [("workflow.resume", AT), (AT, {Event.CLAIMED, Event.CANCELED})]
    assert unmarked(service) == [unmarking(2), unmarking(3)]


def test_an_order_with_a_fault_is_parked_and_holds_up_no_other(service: Service, done: list[Any]) -> None:
    service.answers = [error_of("InternalException"), {}]
    outbox.process_or_park([StoredEntry.from_item(stored(2, correlation_id={"S": "c"}))])
    woken, (level, text, more), counted = done
    assert (woken, level, text) == (("workflow.resume", AT), "error", "parked")
    assert more.pop("exc_info").response["Error"]["Code"] == "InternalException"
    assert more == {"extra": {"order_id": AT.order_id, "correlation_id": "c", "tries": 1}}
    assert counted == ("metric", "OrdersParked", MetricUnit.Count, 1)
    assert service.asked[-1][1]["Item"]["fault"] == {"S": "InternalException"}


UNPARKED = ("delete_item", {"TableName": "Table", "Key": parked_key(AT.order_id)})


def test_what_is_outstanding_of_an_order_is_followed_and_the_order_unparked(service: Service, done: list[Any]) -> None:
    service.answers = [{"Items": [stored(2), stored(3)]}, {}]
    assert outbox.repair_entries(AT.order_id) == 2
    assert events_of(service) == ["order.claimed", "order.claimed"]
    assert service.asked[-1] == UNPARKED
    assert done[-1] == ("metric", "EntriesRepaired", MetricUnit.Count, 2)
    service.asked.clear()
    service.answers = [{"Items": []}, {}]
    assert outbox.repair_entries(AT.order_id) == 0
    assert service.asked[-1] == UNPARKED
    assert len(service.asked) == 2


def test_an_order_that_cannot_be_mended_waits_again_with_all_its_entries(service: Service, done: list[Any]) -> None:
    internals = [stored(2), stored(3)]
    service.answers = [{"Items": internals}, error_of("InternalException"), {"Item": {"tries": {"N": "2"}}}, {}]
    assert outbox.repair_entries(AT.order_id) == 0
    until = {"N": str(int((NOW + timedelta(minutes=4)).timestamp()))}
    assert service.asked[-3][1]["Item"]["check_at"] == until
    assert service.asked[-2:] == [
        (
            "update_item",
            {
                "TableName": "Table",
                "Key": entry_key(AT.order_id, sequence),
                "UpdateExpression": "SET check_at = :until",
                "ExpressionAttributeValues": {":until": until},
            },
        )
        for sequence in (2, 3)
    ]
    assert UNPARKED not in service.asked
    assert done[-2][2]["extra"]["tries"] == 3
    assert service.asked[-3][1]["Item"]["fault"] == {"S": "InternalException"}
    assert service.asked[0][1]["ExpressionAttributeValues"][":pk"] == {"S": f"ORDER#{AT.order_id}"}
