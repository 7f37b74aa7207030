"""Estimates, from the stream that counts completed orders to the order that shows them."""

import random
from datetime import date, datetime, timedelta
from typing import Any

from online_orders.domain.estimates import BUCKET_DAYS
from tests.lab import Lab
from tests.workflow.walking import decide, desk, order_of

Json = dict[str, Any]

ENTERS = {
    "order.submitted": "submitted",
    "order.claimed": "in_process",
    "order.quoted": "pending_confirmation",
    "order.change_requested": "in_process",
}


def place(lab: Lab, key: str, kinds: list[str]) -> str:
    settings: dict[str, Json] = {"ip_addresses": {"quantity": 1}, "sdp_users": {"quantity": 5, "region": "europe"}}
    day = (lab.clock.now() + timedelta(days=1)).date().isoformat()
    body = {"items": [{"kind": kind, "start_date": day, **settings[kind]} for kind in kinds]}
    headers = {"Idempotency-Key": key}
    response = lab.http("POST", "/api/orders", json=body, headers=headers, user=lab.users.customer)
    assert response.status == 201, response
    lab.settle()
    order_id: str = response.json()["order_id"]
    return order_id


def pass_hours(lab: Lab, hours: float) -> None:
    """At once: the ticks in between change nothing here and take most of the time."""
    lab.clock.move_to(lab.clock.now() + timedelta(hours=hours))
    lab.settle()


def offer(lab: Lab, order_id: str, kinds: list[str]) -> Any:
    lines = [
        {"item_id": str(number), "description": kind, "quantity": 1, "unit_price": "1", "recurrence": "once"}
        for number, kind in enumerate(kinds, start=1)
    ]
    valid_until = (lab.clock.now() + timedelta(days=300)).date().isoformat()
    desk(lab, order_id, "quote", {"valid_until": valid_until, "lines": lines})
    return lab.mails.about(order_id)[-1]


def taken(lab: Lab, order_id: str) -> dict[str, int]:
    """Days, begun ones whole, that a completed order still took from each status on: told from its timeline."""
    path = f"/api/desk/orders/{order_id}/timeline?limit=100"
    entries = lab.http("GET", path, user=lab.users.cs).json()["items"]
    since: dict[str, datetime] = {}
    for entry in entries:
        if status := ENTERS.get(entry["event"]):
            since[status] = datetime.fromisoformat(entry["at"])
    (end,) = (datetime.fromisoformat(entry["at"]) for entry in entries if entry["event"] == "order.completed")
    return {status: -(-(end - at) // timedelta(days=1)) for status, at in since.items()}


def test_stream_counters_match_the_timelines_within_a_bucket(lab: Lab) -> None:
    chance = random.Random(7)
    lab.account("acme")
    lab.shuffle(7)
    exact: dict[tuple[str, str], list[int]] = {}
    for number in range(6):
        kinds = chance.choice([["ip_addresses"], ["sdp_users"], ["ip_addresses", "sdp_users", "ip_addresses"]])
        order_id = place(lab, str(number), kinds)
        pass_hours(lab, chance.randint(0, 60))
        desk(lab, order_id, "claim")
        mail = offer(lab, order_id, kinds)
        if chance.random() < 0.3:
            pass_hours(lab, chance.randint(0, 40))
            assert decide(lab, mail, "request_change") == 200
            pass_hours(lab, chance.randint(0, 30))
            mail = offer(lab, order_id, kinds)
        pass_hours(lab, chance.choice([chance.randint(0, 70), chance.randint(400, 600)]))
        assert decide(lab, mail, "approve") == 200
        for status, days in taken(lab, order_id).items():
            for kind in set(kinds):
                exact.setdefault((kind, status), []).append(days)

    kinds = ["ip_addresses", "sdp_users"]
    order_id = place(lab, "next", kinds)
    seen = 0
    for step in ("submitted", "in_process", "pending_confirmation"):
        if step == "in_process":
            desk(lab, order_id, "claim")
        if step == "pending_confirmation":
            offer(lab, order_id, kinds)
        order = order_of(lab, order_id)
        assert order["status"] == step
        today = date.fromisoformat(order["placed_at"][:10])
        for item in order["items"]:
            many = sorted(exact[item["kind"], step])
            true = next(days for days in many if sum(each <= days for each in many) * 100 >= 90 * len(many))
            days = (date.fromisoformat(item["estimated_start"]["date"]) - today).days
            assert item["estimated_start"]["orders"] == len(many)
            assert true <= days
            assert max(end for end in (-1, *BUCKET_DAYS) if end < days) < true, (step, item, many)
            seen += true > BUCKET_DAYS[14]
    assert seen, "no estimate has come from a bucket that is wider than a day"
