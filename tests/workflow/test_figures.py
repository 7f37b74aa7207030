"""The figures follow every order, once, whatever is repeated, refused or comes late."""

import json
from typing import Any

from online_orders.aws import figures_store
from online_orders.aws.order_store import locate_order
from tests.lab import Lab
from tests.lab.wire import Call
from tests.workflow.walking import decide, desk, order_of, place, quote

Json = dict[str, Any]


def counters(lab: Lab) -> Json:
    """All counters that are not zero, summed over shards."""
    found: dict[str, dict[str, int]] = {}
    for item in lab.items:
        if item["pk"].startswith("FIGURES#"):
            month = item["pk"].split("#")[1]
            of_cell = found.setdefault(f"FIGURES#{month} {item['sk'].rpartition('#')[0]}", {})
            for name, count in item.items():
                if name not in {"pk", "sk"}:
                    of_cell[name] = of_cell.get(name, 0) + int(count)
    sums = {cell: {name: count for name, count in counts.items() if count} for cell, counts in found.items()}
    return {cell: counts for cell, counts in sums.items() if counts}


def markers(lab: Lab) -> Json:
    """What the orders count for, summed."""
    found: dict[str, dict[str, int]] = {}
    for item in lab.items:
        if item["sk"] == "FIGURES":
            month = json.loads(item["document"])["month"]
            for cell, counts in json.loads(item["counted"]).items():
                of_cell = found.setdefault(f"FIGURES#{month} {cell}", {})
                for name, count in counts.items():
                    of_cell[name] = of_cell.get(name, 0) + count
    return found


def figures(lab: Lab, by: str = "all") -> Json:
    response = lab.http("GET", f"/api/desk/figures?by={by}", user=lab.users.cs)
    assert response.status == 200, response
    (row,) = response.json()["rows"]
    found: Json = row
    return found


def approved(lab: Lab) -> str:
    order_id = place(lab)
    lab.advance(hours=2)
    desk(lab, order_id, "claim")
    lab.advance(hours=1)
    mail = quote(lab, order_id)
    lab.advance(hours=30)
    assert decide(lab, mail, "approve") == 200
    return order_id


def test_an_order_is_in_the_figures_from_placing_to_its_end(lab: Lab) -> None:
    order_id = place(lab)
    assert (figures(lab)["orders"], figures(lab)["open"]) == (1, 1)
    desk(lab, order_id, "claim")
    assignee = order_of(lab, order_id)["assignee"]["user_id"]
    assert figures(lab, "person")["key"] == assignee
    mail = quote(lab, order_id)
    assert decide(lab, mail, "approve") == 200
    row = figures(lab)
    assert (row["orders"], row["won"], row["open"]) == (1, 1, 0)
    assert row["value"] == [{"currency": "EUR", "once": "0.00", "monthly": "40.00", "yearly": "0.00"}]
    assert figures(lab, "kind")["label"] == "IP Addresses"
    assert counters(lab) == markers(lab)


def test_what_the_stream_brings_again_counts_once(lab: Lab) -> None:
    approved(lab)
    before = counters(lab)
    lab.stream.replay()
    lab.settle()
    assert counters(lab) == before == markers(lab)


def test_an_order_that_cannot_be_counted_now_is_counted_later_and_delays_nothing(lab: Lab) -> None:
    def meet(call: Call) -> None:
        if (call.function, call.operation) == ("OutboxFunction", "TransactWriteItems"):
            lab.wire.fail(how="conflict")

    order_id = place(lab)
    lab.wire.watch = meet
    desk(lab, order_id, "claim")
    lab.wire.watch = None
    assert [event.detail_type for event in lab.events] == ["order.submitted", "order.claimed"]
    assert [item["sk"] for item in lab.items if "outstanding" in item and item["sk"] != "WORKFLOW"] == ["FIGURESDUE"]
    assert figures(lab)["hours_to_claim"]["count"] == 0
    lab.schedules.start()
    lab.advance(minutes=25)
    assert figures(lab)["hours_to_claim"]["count"] == 1
    assert [item["sk"] for item in lab.items if "outstanding" in item and item["sk"] != "WORKFLOW"] == []
    assert counters(lab) == markers(lab)


def test_an_order_of_an_earlier_release_is_counted_from_its_timeline(lab: Lab) -> None:
    order_id = approved(lab)
    before = counters(lab)
    table, name = lab.client("dynamodb"), lab.outputs["TableName"]
    for item in lab.items:
        if item["sk"] == "FIGURES" or item["pk"].startswith("FIGURES#"):
            table.delete_item(TableName=name, Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}})
    assert counters(lab) == {}
    with lab.as_operator():
        assert figures_store.count_order(locate_order(order_id), afresh=True)
        assert not figures_store.count_order(locate_order(order_id), afresh=True)
    assert counters(lab) == before == markers(lab)
