"""Completed orders are counted once, in shards, after all that people wait for, and whatever stands in the way."""

from collections import Counter
from typing import Any

import pytest

from online_orders.aws.keys import HISTORY_SHARDS
from tests.lab import Lab
from tests.lab.mail import Mail
from tests.lab.wire import Call
from tests.proof.test_mending import counted
from tests.workflow.walking import decide, desk, order_of, place, quote

Json = dict[str, Any]
STATUSES = ("submitted", "in_process", "pending_confirmation")


def on_offer(lab: Lab) -> tuple[str, Mail]:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    return order_id, quote(lab, order_id)


def history(lab: Lab) -> Counter[str]:
    """How many orders were counted, by status, over all shards."""
    shards = [item for item in lab.items if item["pk"].partition("#")[0] == "HISTORY"]
    return Counter(
        {
            status: sum(int(count) for item in shards for name, count in item.items() if name.startswith(f"{status}#"))
            for status in STATUSES
        }
    )


def marks(lab: Lab) -> list[str]:
    return [item["sk"] for item in lab.items if "outstanding" in item and item["sk"] != "WORKFLOW"]


def let_no_count_through(lab: Lab) -> None:
    """Others are at the same counters whenever the outbox is."""

    def meet(call: Call) -> None:
        if (call.function, call.operation) == ("OutboxFunction", "TransactWriteItems"):
            lab.wire.fail(how="conflict")

    lab.wire.watch = meet


def assert_told(lab: Lab, order_id: str) -> None:
    assert [event.detail_type for event in lab.events].count("order.completed") == 1
    assert len([mail for mail in lab.mails.about(order_id) if "is confirmed" in mail.subject]) == 3
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED"]


def test_an_order_that_cannot_be_counted_yet_is_told_of_at_once(lab: Lab) -> None:
    order_id, mail = on_offer(lab)
    let_no_count_through(lab)
    assert decide(lab, mail, "approve") == 200
    assert_told(lab, order_id)
    assert (counted(lab, "OrdersParked"), counted(lab, "OrdersCountedLater")) == (0, 1)
    assert marks(lab) == ["FIGURESDUE", "STATISTICS"]
    assert not any(history(lab).values())
    lab.wire.watch = None
    lab.schedules.start()
    lab.advance(minutes=25)
    assert history(lab) == dict.fromkeys(STATUSES, 1)
    assert marks(lab) == []
    assert_told(lab, order_id)


@pytest.mark.parametrize("on_demand", [False, True])
def test_an_order_that_is_counted_late_is_counted_once(lab: Lab, on_demand: bool) -> None:
    order_id, mail = on_offer(lab)
    let_no_count_through(lab)
    assert decide(lab, mail, "approve") == 200
    lab.wire.watch = None
    lab.stream.replay()
    lab.settle()
    assert history(lab) == dict.fromkeys(STATUSES, 1)
    assert marks(lab) == ["FIGURESDUE", "STATISTICS"]
    if on_demand:
        assert lab.functions.invoke("ReconcileFunction", {"order_id": order_id}).failure is None
    else:
        lab.schedules.start()
        lab.advance(minutes=25)
    assert history(lab) == dict.fromkeys(STATUSES, 1)
    assert marks(lab) == []


def test_an_order_that_still_cannot_be_counted_waits_and_holds_up_no_other(lab: Lab) -> None:
    order_id, mail = on_offer(lab)
    let_no_count_through(lab)
    assert decide(lab, mail, "approve") == 200
    lab.wire.watch = lambda call: (
        lab.wire.fail(how="conflict")
        if (call.function, call.operation) == ("ReconcileFunction", "TransactWriteItems")
        else None
    )
    lab.schedules.start()
    lab.advance(minutes=25)
    assert marks(lab) == ["FIGURESDUE", "STATISTICS"]
    assert counted(lab, "OrdersCountedLater") == 2
    (item,) = (item for item in lab.items if item["sk"] == "STATISTICS")
    assert int(item["check_at"]) > lab.clock.timestamp()
    assert order_of(lab, order_id)["status"] == "completed"
    assert lab.errors == []


def test_a_count_that_meets_another_goes_to_the_next_shard(lab: Lab) -> None:
    _, mail = on_offer(lab)
    lab.wire.fail(function="OutboxFunction", operation="TransactWriteItems", how="conflict")
    assert decide(lab, mail, "approve") == 200
    assert history(lab) == dict.fromkeys(STATUSES, 1)
    assert counted(lab, "OrdersCountedLater") == 0
    assert marks(lab) == []


def estimate(lab: Lab, order_id: str) -> Json:
    response: Json = lab.http("GET", f"/api/orders/{order_id}", user=lab.users.customer).json()
    estimated: Json = response["items"][0]["estimated_start"]
    return estimated


def test_all_shards_and_the_former_counters_make_the_estimate(lab: Lab) -> None:
    order_id = place(lab)
    assert estimate(lab, order_id)["orders"] == 0
    table = lab.client("dynamodb")
    for shard in ["HISTORY", *(f"HISTORY#{number}" for number in range(1, HISTORY_SHARDS))]:
        item = {"pk": {"S": shard}, "sk": {"S": "ip_addresses"}, "submitted#3": {"N": "2"}, "submitted#20": {"N": "1"}}
        table.put_item(TableName=lab.outputs["TableName"], Item=item)
    lab.advance(minutes=6)
    lab.wire.calls.clear()
    assert estimate(lab, order_id)["orders"] == 3 * HISTORY_SHARDS
    assert [call.operation for call in lab.wire.calls] == ["BatchGetItem"]


def test_a_quota_that_cannot_be_counted_holds_up_nothing(lab: Lab) -> None:
    seen: list[Call] = []

    def meet(call: Call) -> None:
        seen.append(call)
        updates = [one for one in seen if (one.function, one.operation) == ("OutboxFunction", "UpdateItem")]
        if call.function == "OutboxFunction" and call.operation == "UpdateItem" and len(updates) == 2:
            lab.wire.fail(error="ThrottlingException")

    lab.wire.watch = meet
    order_id = place(lab)
    lab.wire.watch = None
    assert not [item for item in lab.items if item["sk"].startswith("PLACED#")]
    assert counted(lab, "OrdersParked") == 0
    assert marks(lab) == []
    assert len(lab.mails.about(order_id)) == 3
    assert [line["message"] for line in lab.log.entries(level="ERROR")] == [
        "an order was not counted towards its account's quota"
    ]
