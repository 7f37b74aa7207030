"""Minutes of mixed lives against the local run: none gets stuck, and the last are answered as quickly as the first."""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.orders import claimed, offered, place
from tests.proof.conftest import Running

PEOPLE = 6
"""At work at the same time."""
LIVES = ("approve", "cancel", "request_change", "decline", "withdraw")
SLOWER_AT_MOST = 2.0
GROWN_AT_MOST_MB = 40
"""A process of a function. The local run keeps every mail and every execution, so it grows with the orders."""
DEADLINE_SECONDS = 60


@pytest.mark.timeout(3600)
def test_no_order_gets_stuck_and_the_last_are_answered_as_quickly_as_the_first(
    running: Running, long: bool, report: Callable[[str], None]
) -> None:
    site = running.site
    seconds: list[float] = []
    ends: Counter[str] = Counter()

    def live_through(number: int) -> str:
        """One order from its placing to its end; answers its id."""
        how = LIVES[number % len(LIVES)]
        if how == "withdraw":
            began = time.monotonic()
            order = place(site)
            seconds.append(time.monotonic() - began)
            order.ask("cancel").ok()
        elif how == "decline":
            order = claimed(site)
            began = time.monotonic()
            order.desk("decline", {"reason": "Sold out"}).ok()
            seconds.append(time.monotonic() - began)
        else:
            order, mail = offered(site)
            began = time.monotonic()
            site.decide(mail, how, reason="Less").page()
            seconds.append(time.monotonic() - began)
            if how == "request_change":
                order.desk("decline", {"reason": "Sold out"}).ok()
        ends[order.status] += 1
        return order.order_id

    def run(first: int, count: int) -> list[str]:
        with ThreadPoolExecutor(PEOPLE) as crowd:
            return list(crowd.map(live_through, range(first, first + count)))

    batch = 100 if long else 10
    order_ids = run(0, batch)
    early, (function_before, store_before) = sorted(seconds), running.resident_megabytes()
    for place_in_run in range(1, 6 if long else 2):
        seconds.clear()
        order_ids += run(place_in_run * batch, batch)
    late, (function_after, store_after) = sorted(seconds), running.resident_megabytes()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while stuck := [
        one.name for order_id in order_ids[-batch:] for one in site.executions(order_id) if one.status == "RUNNING"
    ]:
        assert time.monotonic() < deadline, f"still running: {stuck}"
        time.sleep(1)
    report(
        f"soak: {len(order_ids)} orders, {dict(ends)}; median answer {statistics.median(early) * 1000:.0f} ms at first,"
        f" {statistics.median(late) * 1000:.0f} ms at last; the largest process of a function"
        f" {function_before} MB, then {function_after} MB; the local run, which keeps everything,"
        f" {store_before} MB, then {store_after} MB"
    )
    assert set(ends) == {"completed", "canceled"}
    if long:
        assert statistics.median(late) < SLOWER_AT_MOST * statistics.median(early)
        assert function_after - function_before < GROWN_AT_MOST_MB
