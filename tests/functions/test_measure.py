"""The figures that a schedule asks for, and the events that an operator has published again."""

from datetime import timedelta
from typing import Any

import pytest

import measure
import replay
from online_orders.aws import mail_pause, metrics_snapshot
from online_orders.aws.keys import open_message_key
from online_orders.aws.mail_pause import MailPause
from online_orders.aws.replay import Replay, Replayed
from online_orders.domain.order_ids import new_order_id
from online_orders.domain.order_status import Status
from online_orders.telemetry import MetricUnit, logger
from tests.aws.desk import Desk
from tests.domain.builders import HOUR, NOW
from tests.functions.invocation import Context


@pytest.mark.parametrize(
    ("oldest", "pause", "age", "paused", "waits"),
    [(NOW - 90 * HOUR / 60, MailPause(NOW - 6 * HOUR, "Move"), 1.5, 6.0, 2.0), (None, None, 0, 0, 0)],
)
def test_every_figure_is_told_also_when_there_is_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, oldest: Any, pause: Any, age: float, paused: float, waits: float
) -> None:
    counts = {Status.SUBMITTED: 3, Status.IN_PROCESS: 2, Status.PENDING_CONFIRMATION: 1}
    monkeypatch.setattr(measure, "now", lambda: NOW)
    monkeypatch.setattr(metrics_snapshot, "count_orders", counts.__getitem__)
    monkeypatch.setattr(metrics_snapshot, "oldest_placed_at", {Status.SUBMITTED: oldest}.__getitem__)
    monkeypatch.setattr(metrics_snapshot, "max_overdue", {NOW: timedelta(minutes=7)}.__getitem__)
    monkeypatch.setattr(mail_pause, "current_pause", lambda: pause)
    if waits:
        for at in (NOW - HOUR, NOW - 2 * HOUR):
            key = open_message_key(new_order_id(at))
            desk.table.items[key["pk"]["S"], key["sk"]["S"]] = key
    assert measure.handler({}, Context()) is None
    assert desk.told == [
        ("OrdersSubmitted", MetricUnit.Count, 3),
        ("OrdersInProcess", MetricUnit.Count, 2),
        ("OrdersPendingConfirmation", MetricUnit.Count, 1),
        ("QueueAgeHours", MetricUnit.NoUnit, age),
        ("OverdueMinutes", MetricUnit.NoUnit, 7.0),
        ("MailPausedHours", MetricUnit.NoUnit, paused),
        ("MessageAgeHours", MetricUnit.NoUnit, waits),
    ]


@pytest.mark.parametrize(("dry_run", "told"), [(False, [("EventsReplayed", MetricUnit.Count, 5)]), (True, [])])
def test_events_that_were_published_again_are_counted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, dry_run: bool, told: list[Any]
) -> None:
    lines: list[Any] = []
    event = {"account_id": "acme", "from": "2026-11-01"} | ({"dry_run": True} if dry_run else {})
    asked = Replay.model_validate(event)
    monkeypatch.setattr(logger, "info", lambda text, extra: lines.append(extra))
    monkeypatch.setattr(replay, "replay", lambda request: {True: Replayed(2, 5, {"after": "x"})}[request == asked])
    assert replay.handler(event, Context()) == {"orders": 2, "events": 5, "next": {"after": "x"}}
    assert desk.told == told
    noted = {"account_id": "acme", "first_day": "2026-11-01", "dry_run": False, "events": 5}
    assert lines == ([] if dry_run else [noted])
