"""How long a quote under way outlasts an outage: the times of giving up, drawn many times over, by the real numbers.

The numbers are those of the state machine, the template and the domain; chance is seeded. Two kinds of outage differ:
of SES or the papers' bucket, which the function meets and answers with a pause, and of the table or of Lambda, in which
the function crashes and Step Functions tries again. Of each, the share of quotes that are given up is what the table in
docs/reliability.md says, beside that of the state machine before.
"""

import json
import random
import re
from bisect import bisect_left
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from online_orders.domain.backoff import retry_delay
from online_orders.domain.orders import QUOTE_MAIL_DEADLINE
from tests.lab.lab import TEMPLATE
from tests.lab.stack import translate

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
TODAY, BEFORE = ROOT / "statemachine" / "order.asl.json", Path(__file__).parent / "executions" / "2026-11-22.asl.json"
RUNS = 4_000
MINUTE, HOUR = 60, 3_600
OUTAGES = {
    "10 minutes": 10 * MINUTE,
    "15 minutes": 15 * MINUTE,
    "2 hours": 2 * HOUR,
    "12 hours": 12 * HOUR,
    "23 hours": 23 * HOUR,
    "2 days": 48 * HOUR,
}
ROW = re.compile(r"^\| (\d+ \w+) \| (\d+) % \| (\d+) % \| (\d+) % \|$", re.MULTILINE)


def retrier(machine: Path) -> Json:
    (found,) = json.loads(machine.read_text("utf-8"))["States"]["Send quote"]["Retry"]
    assert found["JitterStrategy"] == "FULL"
    return dict(found)


def last_try_of_workflow(machine: Path, generator: random.Random) -> float:
    """Seconds after the first try at which the last one fails, of a step that always crashes.

    Then comes the state that gives up. Today it crashes too, until the outage ends, and asks the domain for the day.
    """
    numbers, total, interval = retrier(machine), 0.0, 0.0
    for attempt in range(numbers["MaxAttempts"]):
        interval = numbers["IntervalSeconds"] * numbers["BackoffRate"] ** min(attempt, 60)
        total += generator.uniform(0, min(interval, numbers["MaxDelaySeconds"]))
    return total


@cache
def max_pause() -> timedelta:
    environment = translate(TEMPLATE)["Resources"]["SendQuoteFunction"]["Properties"]["Environment"]["Variables"]
    _, _, on_aws = environment["MAX_RETRY_DELAY_SECONDS"]["Fn::If"]
    return timedelta(seconds=int(on_aws))


def given_up_by_domain(generator: random.Random) -> float:
    """Seconds after which a quote is given up that SES never takes: the first try after its day."""
    maximum, waited = max_pause(), timedelta(0)
    while waited < QUOTE_MAIL_DEADLINE:
        waited += retry_delay(waited, maximum, generator.random())
    return waited.total_seconds()


@cache
def times(draw: Callable[[random.Random], float], runs: int = RUNS) -> list[float]:
    """The times of giving up, the earliest first."""
    generator = random.Random(22)
    return sorted(draw(generator) for _ in range(runs))


def before(generator: random.Random) -> float:
    """Whatever was down: the state machine gave up by itself."""
    return last_try_of_workflow(BEFORE, generator)


def crashing_today(generator: random.Random) -> float:
    return last_try_of_workflow(TODAY, generator)


def share_given_up(draw: Callable[[random.Random], float], seconds: float) -> float:
    """The share of quotes that are given up in an outage of so many seconds that begins with their first try."""
    found = times(draw)
    return bisect_left(found, seconds) / len(found)


def test_the_state_machine_before_gave_quotes_up_within_minutes() -> None:
    """What was promised was two hours; the mean of the draws is eleven minutes, and so the model is the right one."""
    found = times(before)
    assert sum(found) / len(found) == pytest.approx(11 * MINUTE, rel=0.05)
    assert share_given_up(before, 10 * MINUTE) == pytest.approx(0.40, abs=0.03)
    assert share_given_up(before, 15 * MINUTE) == pytest.approx(0.83, abs=0.03)
    assert max(found) < 32 * MINUTE


@pytest.mark.parametrize("draw", [given_up_by_domain, crashing_today])
@pytest.mark.parametrize("outage", ["10 minutes", "15 minutes", "2 hours", "12 hours", "23 hours"])
def test_no_quote_is_given_up_in_an_outage_of_less_than_a_day(
    draw: Callable[[random.Random], float], outage: str
) -> None:
    assert share_given_up(draw, OUTAGES[outage]) == 0


def test_none_is_given_up_before_a_day_and_all_are_in_the_end() -> None:
    by_domain, by_workflow = times(given_up_by_domain), times(crashing_today)
    assert min(by_domain) >= 24 * HOUR
    assert max(by_domain) <= 24.25 * HOUR
    assert min(by_workflow) > 24 * HOUR
    assert max(by_workflow) < 48 * HOUR


def test_the_tries_of_a_day_fill_a_fraction_of_what_an_execution_may_remember() -> None:
    """A round of try and pause is nine events; a crash and its retry four."""
    tries, waited, generator = 0, timedelta(0), random.Random(22)
    while waited < QUOTE_MAIL_DEADLINE:
        waited += retry_delay(waited, max_pause(), generator.random() / 2)
        tries += 1
    assert tries * 9 < 25_000 / 10
    assert retrier(TODAY)["MaxAttempts"] * 4 < 25_000 / 10


def test_every_retry_of_the_workflow_lasts_longer_than_a_day() -> None:
    """Also of waits, and of the note that SES has a mail, without which the mail would go again."""
    for name, state in json.loads(TODAY.read_text("utf-8"))["States"].items():
        for numbers in state.get("Retry", []):
            if numbers["ErrorEquals"] == ["States.ALL"]:
                assert {key: numbers[key] for key in ("BackoffRate", "MaxAttempts", "MaxDelaySeconds")} == {
                    key: retrier(TODAY)[key] for key in ("BackoffRate", "MaxAttempts", "MaxDelaySeconds")
                }, name


def test_the_handbook_says_what_is_given_up_in_which_outage_before_and_after() -> None:
    rows = {
        outage: tuple(int(share) for share in shares)
        for outage, *shares in ROW.findall((ROOT / "docs" / "reliability.md").read_text("utf-8"))
    }
    assert rows == {
        outage: tuple(
            round(100 * share_given_up(draw, seconds)) for draw in (before, given_up_by_domain, crashing_today)
        )
        for outage, seconds in OUTAGES.items()
    }
