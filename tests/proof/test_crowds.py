"""Many at once on one order of the local run, over HTTP, while its quote runs out: all its records tell one story."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from tests.contract.live import DEADLINE_SECONDS, Live
from tests.contract.orders import Order, enroll, offer, place_for, quote
from tests.contract.site import Json, Mail, Response
from tests.proof.conftest import Bus
from tests.proof.records import Records, disagreements, expected_mail_of

CONCURRENCY, SEEDS = (40, range(8)) if os.environ.get("PROVE") else (18, range(5, 6))
"""How many act on one order at the same time, and on how many orders in which order."""
STATUSES = {"submitted", "in_process", "pending_confirmation", "completed", "canceled"}
A_DAY_AND_MORE = {"days": "3"}
Act = Callable[[], Response]


def today(live: Live) -> date:
    """By the clock that the local run's product goes by."""
    return date.fromisoformat(live.get("/sandbox/clock").json["now"][:10])


def put_clock_forward(live: Live) -> Response:
    """By days; every wait of the workflow ends as its tick would."""
    return live.request("POST", "/sandbox/clock", form=A_DAY_AND_MORE)


def move(order: Order, account: Json, number: int) -> Response:
    """The account gets another contact person, and its orders follow."""
    contact = {"name": "Next", "email": f"next-{number}@{account['account_id']}.example"}
    moved = {**account, "enrollment": {**account["enrollment"], "contact": contact}}
    return order.site.put(f"/api/desk/accounts/{account['account_id']}", order.site.people.cs, moved)


def acts_on_a_new_order(order: Order, mail: Mail, account: Json, number: int) -> Sequence[Act]:
    live = order.site
    return [
        lambda: order.desk("claim", user=live.people.cs),
        lambda: order.ask("cancel", {}),
        lambda: live.decide(mail, "cancel", reason="No."),
        lambda: order.desk("claim", user=live.people.cs2),
        lambda: order.desk("quote", quote(live)),
        lambda: order.desk("release", {}),
        lambda: move(order, account, number),
        lambda: order.ask("comment", {"text": str(number)}),
        lambda: order.desk("decline", {"reason": "Sold out"}) if number % 2 else order.desk("claim"),
    ]


def acts_on_an_offer(order: Order, mail: Mail, account: Json, number: int) -> Sequence[Act]:
    live = order.site
    assert isinstance(live, Live)
    return [
        lambda: live.decide(mail, "approve"),
        lambda: live.decide(mail, "cancel", reason="No."),
        lambda: live.decide(mail, "request_change", reason="Less."),
        lambda: order.desk("decline", {"reason": "Sold out"}),
        lambda: put_clock_forward(live) if number < 9 else order.ask("comment", {"text": str(number)}),
        lambda: order.ask("cancel", {}),
        lambda: order.desk("quote", quote(live)),
        lambda: order.desk("resend", {}),
        lambda: move(order, account, number),
    ]


def records_of(order: Order, bus: Bus) -> Records:
    live = order.site
    assert isinstance(live, Live)
    mails = live.mails(about=order.order_id)
    placer, staff = order.user.email, [live.people.cs.email, live.people.cs2.email]
    letters = [(mail, expected_mail_of(mail.subject, mail.to, placer, live.cs_mailbox, staff)) for mail in mails]
    return Records(
        order=live.get(order.desk_path, live.people.cs).ok(),
        entries=order.desk_timeline(),
        events=bus.about(order.order_id),
        mails=Counter(outgoing for _, outgoing in letters),
        links=Counter(mail.link for mail, (kind, _) in letters if kind == "quote"),
        executions=[execution.status for execution in live.executions(order.order_id)],
    )


def all_at_once(seed: int, acts: Callable[[int], Sequence[Act]]) -> list[Response]:
    """In an order of chance; the answers by number, of which the n-th takes the n-th act (modulo)."""
    numbers = list(range(CONCURRENCY))
    random.Random(seed).shuffle(numbers)

    def act(number: int) -> Response:
        several = acts(number)
        return several[number % len(several)]()

    with ThreadPoolExecutor(CONCURRENCY) as crowd:
        responses = dict(zip(numbers, crowd.map(act, numbers), strict=True))
    return [responses[number] for number in range(CONCURRENCY)]


def settles_alike(order: Order, bus: Bus, answers: list[Response]) -> Counter[str]:
    """Closes the order if nobody has, and holds its records together; answers how often what is on its timeline."""
    assert {response.status for response in answers} <= {200, 202, 409, 410}, Counter(one.status for one in answers)
    for response in answers:
        if response.status == 409 and response.headers["content-type"] == "application/problem+json":
            assert response.json["code"] == "in_progress" or response.json["status"] in STATUSES, response
    if order.site.get(order.desk_path, order.site.people.cs).ok()["closed"] is None:
        order.desk("decline", {"reason": "Nobody has won"}).ok()
    patient_until = time.monotonic() + DEADLINE_SECONDS
    while wrong := list(disagreements(records_of(order, bus))):
        assert time.monotonic() < patient_until, wrong
        time.sleep(0.5)
    return Counter(entry["event"] for entry in records_of(order, bus).entries)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", SEEDS)
def test_of_all_that_is_done_at_once_to_a_new_order_one_story_comes(
    live: Live, bus: Bus, seed: int, report: Callable[[str], None]
) -> None:
    account = enroll(live, locale="en")
    order = place_for(live, account)
    mail = order.mail_to(order.contact)
    responses = all_at_once(seed, lambda number: acts_on_a_new_order(order, mail, account, number))
    happened = settles_alike(order, bus, responses)
    report(f"{CONCURRENCY} at once on a new order: {dict(Counter(one.status for one in responses))}, {dict(happened)}")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", SEEDS)
def test_of_all_that_is_done_at_once_to_a_quote_that_runs_out_one_story_comes(
    live: Live, bus: Bus, seed: int, report: Callable[[str], None]
) -> None:
    account = enroll(live, locale="en")
    order = place_for(live, account)
    mail = offer(order, valid_until=(today(live) + timedelta(days=1)).isoformat())
    responses = all_at_once(seed, lambda number: acts_on_an_offer(order, mail, account, number))
    happened = settles_alike(order, bus, responses)
    decided = [
        response for number, response in enumerate(responses) if number % 9 in {0, 1, 3} and response.status == 200
    ]
    assert len({response.text for response in decided}) <= 1
    report(f"{CONCURRENCY} at once on an offer: {dict(Counter(one.status for one in responses))}, {dict(happened)}")
