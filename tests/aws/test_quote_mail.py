"""What happens after a quote's mail could not be sent, call by call, by the present order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from online_orders import clock
from online_orders.aws import quote_mail
from online_orders.aws.keys import OrderKey, order_key
from online_orders.domain.orders import Order
from online_orders.telemetry import MetricUnit, logger, metrics
from tests.aws.service import Service
from tests.domain.builders import CLARA, NOW, ORDER_ID, held, offered, quote_for, sending

Json = dict[str, Any]

AT = OrderKey("acme", ORDER_ID, "online")
DAY = timedelta(days=1)


@pytest.fixture
def told(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setenv("GRACE_DAYS", "14")
    monkeypatch.setattr(quote_mail, "next_delay_seconds", lambda waited: int(waited.total_seconds()))
    found: list[Any] = []
    monkeypatch.setattr(metrics, "add_metric", lambda *metric: found.append(metric))
    monkeypatch.setattr(logger, "info", lambda *args, **more: found.append((*args, more)))
    monkeypatch.setattr(logger, "warning", lambda *args, **more: found.append(args))
    return found


def route(service: Service, order: Order, at: datetime, released_at: datetime | None = None) -> Json:
    """Where the workflow goes, and whether anything was stored of the order."""
    release = {"Item": {"at": {"S": released_at.isoformat()}}} if released_at else {}
    item = {**order_key(AT), "document": {"S": order.model_dump_json()}}
    service.answers = [release, {"Item": item}, {}]
    service.asked = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clock, "now", lambda: at)
        result = quote_mail.route_after_failure(AT)
    assert service.asked[1][1]["Key"] == order_key(AT)
    return {**result, "stored": len(service.asked) > 2}


WAITS = {"next": "mail_held", "correlation_id": None, "link_number": None, "key_id": None, "stored": False}


@pytest.mark.parametrize("waited", [timedelta(minutes=7), DAY - timedelta(seconds=1)])
def test_a_mail_that_could_not_be_sent_waits_for_a_day(service: Service, told: list[Any], waited: timedelta) -> None:
    seconds = int(waited.total_seconds())
    assert route(service, sending(), NOW + waited) == {**WAITS, "pause": seconds}
    assert told == [("the mail of a quote waits", {"extra": {"seconds": seconds}})]


def test_what_the_operator_held_has_its_day_from_the_release(service: Service, told: list[Any]) -> None:
    released_at = NOW + 2 * DAY
    assert route(service, sending(), released_at + timedelta(seconds=5), released_at) == {**WAITS, "pause": 5}
    assert route(service, sending(), released_at + DAY, released_at)["next"] == "await_review"


def test_after_a_day_the_quote_is_given_up_and_the_desk_is_told(service: Service, told: list[Any]) -> None:
    text = route(service, sending(), NOW + DAY)
    assert text == {**WAITS, "next": "await_review", "pause": 1, "stored": True}
    assert told == [("the mail of a quote was given up",), ("QuotesGivenUp", MetricUnit.Count, 1)]
    order, entry, *_ = [action["Put"]["Item"] for action in service.asked[2][1]["TransactItems"]]
    assert '"undeliverable"' in order["document"]["S"]
    assert "not_handed_over" in entry["document"]["S"]


def test_a_quote_that_is_past_its_last_day_goes_no_more_and_is_not_given_up(service: Service, told: list[Any]) -> None:
    unsent, seen = sending(valid_until="2026-11-22"), offered(valid_until="2026-11-22").resend(CLARA, None, NOW).order
    for order, step in ((unsent, "await_review"), (seen, "await_contact")):
        result = route(service, order, datetime(2026, 11, 23, 1, tzinfo=UTC))
        assert (result["next"], result["stored"]) == (step, True)
    _, entry = service.asked[2][1]["TransactItems"]
    assert "2026-12-06" in entry["Put"]["Item"]["document"]["S"], "as many days as the installation grants"
    assert told == []


def test_a_quote_that_can_still_be_undone_is_held_until_then(service: Service, told: list[Any]) -> None:
    text = route(service, held(), NOW + timedelta(seconds=20))
    assert text == {**WAITS, "pause": 40}
    assert told == []


def test_an_order_that_needs_no_mail_any_more_goes_on(service: Service, told: list[Any]) -> None:
    assert route(service, offered(), NOW + DAY) == {**WAITS, "next": "await_contact", "pause": 1}
    assert told == []


def test_a_revision_that_was_quoted_after_the_failure_has_its_own_time(service: Service, told: list[Any]) -> None:
    before = sending()
    order = before.offer(quote_for(before, NOW + DAY), CLARA, NOW + DAY).order
    assert route(service, order, NOW + DAY + timedelta(seconds=9)) == {**WAITS, "pause": 9}
