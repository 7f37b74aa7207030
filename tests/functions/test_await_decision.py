"""The wait of the workflow, call by call: the token first, then what time brings, then where the order goes."""

from datetime import timedelta
from typing import Any

import pytest

import await_decision
from online_orders.aws import workflow
from online_orders.aws.workflow import PendingTask, Step
from online_orders.domain.order_schedule import Policy
from tests.aws.desk import AT, Desk
from tests.domain.builders import CARLA, DAY, HOUR, NOW, account_of, claimed, held, offered
from tests.functions.invocation import STEP, Context

Json = dict[str, Any]

WAIT = PendingTask(Step.CONTACT, "token")
WAITS: Json = {
    **STEP,
    "waiting_for": "await_contact",
    "token": "token",
    "execution": "order-1",
    "started_at": NOW.isoformat(),
}
STORED = ("store_task_token", AT, WAIT, "order-1")


@pytest.fixture
def called(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is done to the execution, call by call; a token is stored where the list does not say otherwise."""
    calls: list[Any] = []

    def noting(name: str, response: Any = None) -> None:
        def called(*arguments: Any) -> Any:
            calls.append((name, *arguments))
            return response

        monkeypatch.setattr(workflow, name, called)

    for name in ("end_execution", "complete_task", "continue_as_new_execution"):
        noting(name)
    noting("store_task_token", True)
    settings = {
        "REMIND_AFTER_DAYS": "4",
        "REMIND_BEFORE_END_DAYS": "3",
        "ALARM_UNCLAIMED_HOURS": "20",
        "ALARM_UNQUOTED_HOURS": "30",
        "GRACE_DAYS": "10",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return calls


def test_an_order_that_has_nothing_to_do_waits(desk: Desk, called: list[Any]) -> None:
    desk.store(offered(), account_of())
    assert await_decision.handler(WAITS, Context()) is None
    assert called == [STORED]
    assert (desk.events, desk.order) == ([], offered())


def test_a_decision_that_came_before_the_token_ends_the_wait_at_once(desk: Desk, called: list[Any]) -> None:
    desk.store(offered().approve("Connie", NOW).order, account_of())
    await_decision.handler({**WAITS, "state": {"correlation_id": "first"}}, Context())
    route = {"next": Step.DONE, "pause": 1, "correlation_id": "first"}
    assert called == [STORED, ("complete_task", WAIT, route)]


def test_a_quote_that_can_still_be_undone_waits_for_the_rest_of_that_time(desk: Desk, called: list[Any]) -> None:
    desk.store(held(), account_of())
    desk.now = NOW + timedelta(seconds=20)
    await_decision.handler({**WAITS, "waiting_for": "await_review"}, Context())
    (_, _, route) = called[-1]
    assert (route["next"], route["pause"]) == (Step.UNDO_WINDOW, 40)


def test_an_execution_that_is_not_the_newest_ends(
    desk: Desk, called: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "store_task_token", lambda *arguments: called.append(arguments))
    await_decision.handler(WAITS, Context())
    assert called == [(AT, WAIT, "order-1"), ("end_execution", WAIT)]
    assert desk.table.calls == [], "the order is the affair of the later one"


def test_the_patience_is_the_installations(desk: Desk, called: list[Any]) -> None:
    assert await_decision._policy() == Policy(
        remind_after_days=4, remind_before_end_days=3, grace_days=10, unclaimed_hours=20, unquoted_hours=30
    )
    desk.store(claimed(), account_of())
    for desk.now, told in ((NOW + 30 * HOUR - timedelta(seconds=1), []), (NOW + 30 * HOUR, ["order.stale"])):
        await_decision.handler({**WAITS, "waiting_for": "await_review"}, Context())
        assert desk.events == told
    assert desk.entries()[0].at == NOW + 30 * HOUR
    assert {call[0] for call in called} == {"store_task_token"}


def test_an_order_follows_its_account_before_time_is_judged(desk: Desk, called: list[Any]) -> None:
    enrollment = account_of().model_dump(mode="json")["enrollment"]
    desk.store(offered(), account_of(enrollment={**enrollment, "contact": CARLA.model_dump()}))
    desk.now = NOW + 4 * DAY
    await_decision.handler(WAITS, Context())
    assert desk.events == ["order.contact_changed"], "the new contact gets the quote, and no reminder"
    (entry,) = desk.entries()
    assert (entry.at, entry.actor.kind) == (desk.now, "system")
    (_, task, route) = called[-1]
    assert (task, route["next"]) == (WAIT, Step.QUOTE)


@pytest.mark.parametrize(("days", "done"), [(timedelta(days=300), []), (timedelta(days=300, seconds=1), [AT, WAIT])])
def test_an_execution_of_three_hundred_days_makes_way_for_the_next(
    desk: Desk, called: list[Any], days: timedelta, done: list[Any]
) -> None:
    desk.store(offered(valid_until="2028-01-01"), account_of())
    desk.now = NOW + days
    await_decision.handler(WAITS, Context())
    assert [call[1:] for call in called if call[0] == "continue_as_new_execution"] == ([tuple(done)] if done else [])
    assert all(call[0] != "complete_task" for call in called)
