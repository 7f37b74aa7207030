"""Many at once, on the local run."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.live import Live
from tests.contract.orders import Order, enroll, fresh, item, offered, place_for, place_response
from tests.contract.site import Response

pytestmark = pytest.mark.live

CROWD_SECONDS = 120
TIMES = 5 if os.environ.get("PROVE") else 1


def test_sixty_orders_at_once_all_get_their_mails_and_executions(live: Live) -> None:
    account = enroll(live)
    contact = account["enrollment"]["contact"]["email"]
    live.tokens(live.people.reseller)
    with ThreadPoolExecutor(60) as crowd:
        orders = list(crowd.map(lambda _: place_for(live, account), range(60)))
    expected = {order.order_id for order in orders}
    assert len(expected) == 60

    def told() -> bool:
        mails = live.mails(to=contact)
        return len(mails) >= 60 and expected == {
            order_id for order_id in expected if any(order_id in mail.text for mail in mails)
        }

    live.within(CROWD_SECONDS, told)
    assert len(live.mails(to=contact)) == 60

    def desk_told() -> bool:
        mails = live.mails(to=live.cs_mailbox)
        return all(any(order_id in mail.text for mail in mails) for order_id in expected)

    live.within(CROWD_SECONDS, desk_told)
    customer_success = live.mails(to=live.cs_mailbox)
    assert all(sum(order_id in mail.text for mail in customer_success) == 1 for order_id in expected)
    live.within(CROWD_SECONDS, lambda: expected <= {name.rpartition("-")[0] for name in live.execution_names()})
    assert (
        Counter(name.rpartition("-")[0] for name in live.execution_names() if name[:-2] in expected).most_common(1)[0][
            1
        ]
        == 1
    )


@pytest.mark.parametrize("time", range(TIMES))
def test_thirty_equal_requests_at_once_place_one_order(live: Live, time: int) -> None:
    account, key = enroll(live), fresh("key")
    body = {"account_id": account["account_id"], "items": [item(live)]}
    reseller = live.people.reseller
    with ThreadPoolExecutor(30) as crowd:
        responses = list(crowd.map(lambda _: place_response(live, reseller, body, key), range(30)))
    for response in responses:
        if response.status == 409:
            response.refused(409, "in_progress")
    placed = [response for response in responses if response.status != 409]
    assert placed
    assert {str(response.ok(201)) for response in placed} == {str(placed[0].json)}
    assert {response.headers["location"] for response in placed} == {placed[0].headers["location"]}
    listed = live.get(f"/api/orders?account_id={account['account_id']}", reseller).ok()["items"]
    assert [row["order_id"] for row in listed] == [placed[0].json["order_id"]]


def test_of_twenty_decisions_at_once_one_wins(live: Live) -> None:
    order, mail = offered(live)
    decisions = ["approve", "cancel", "request_change", "approve"] * 5
    with ThreadPoolExecutor(20) as crowd:
        responses = list(crowd.map(lambda decision: live.decide(mail, decision, reason="So."), decisions))
    outcomes = Counter(zip(decisions, [response.status for response in responses], strict=True))
    won = {decision for decision, status in outcomes if status == 200}
    assert len(won) == 1, outcomes
    (winner,) = won
    assert {status for decision, status in outcomes if decision != winner} == {409}, outcomes
    status = {"approve": "completed", "cancel": "canceled", "request_change": "in_process"}[winner]
    assert order.status == status
    entries = [entry["event"] for entry in order.happened()]
    assert len(entries) == 4, entries


def test_no_more_than_five_of_many_wrong_codes_at_once_are_judged(live: Live) -> None:
    order, mail = offered(live)
    codes = [f"{(int(mail.code) + number) % 1_000_000:06}" for number in range(1, 21)]
    with ThreadPoolExecutor(20) as crowd:
        responses = list(crowd.map(lambda code: live.decide(mail, "approve", code=code), codes))
    assert Counter(response.status for response in responses) == {403: 4, 423: 16}
    live.decide(mail, "approve").page(423)
    assert order.status == "pending_confirmation"
    order.mail_to(live.cs_mailbox, 2)


def test_of_many_changes_at_once_each_is_taken_in_turn_or_refused(live: Live) -> None:
    order: Order = place_for(live, enroll(live))

    def act(number: int) -> Response:
        if number % 4 == 0:
            return order.desk("claim", user=live.people.cs if number % 8 else live.people.cs2)
        if number % 4 == 1:
            return order.ask("cancel", {"reason": str(number)})
        return order.desk("comment", {"text": str(number), "internal": number % 4 == 2})

    with ThreadPoolExecutor(24) as crowd:
        responses = list(crowd.map(act, range(24)))
    assert {response.status for response in responses} <= {200, 409}
    whole = order.desk_timeline()
    assert [entry["sequence"] for entry in whole] == list(range(1, len(whole) + 1))
    text = [entry["data"]["text"] for entry in whole if entry["event"] == "order.commented"]
    assert len(text) == len(set(text)) == sum(responses[number].status == 200 for number in range(24) if number % 4 > 1)
    assert sum(entry["event"] == "order.canceled" for entry in whole) <= 1
