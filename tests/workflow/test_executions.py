"""Which execution runs for an order, and what a step does that could not be recorded."""

from collections.abc import Iterator
from typing import Any

import pytest

from online_orders.aws import workflow
from online_orders.aws.keys import OrderKey
from tests.lab import Lab
from tests.workflow.walking import decide, desk, order_of, place, quote, timeline


@pytest.fixture
def operator(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Who may start executions."""
    monkeypatch.setenv("STATE_MACHINE_ARN", lab.outputs["StateMachineArn"])
    with lab.as_operator():
        yield


def known(lab: Lab) -> Any:
    (item,) = (item for item in lab.items if item["sk"] == "WORKFLOW")
    return item


@pytest.mark.parametrize(
    ("asked", "becomes"),
    [(1, None), (2, None), (3, None), (4, 4)],
    ids=["long over", "over", "runs and waits", "the next one"],
)
def test_a_start_overwrites_nothing_but_an_earlier_execution(
    lab: Lab, operator: None, asked: int, becomes: int | None
) -> None:
    """The token of the wait stands in the same item: a start that took its place would leave the wait unanswered."""
    order_id = place(lab)
    key = OrderKey("acme", order_id, "online")
    waits = workflow.PendingTask(workflow.Step.REVIEW, "a token")
    assert workflow.store_task_token(key, waits, f"{order_id}-3")
    before = known(lab)
    assert before["token"] == "a token"
    workflow.start(key, asked)
    after = known(lab)
    if becomes is None:
        assert after == before
    else:
        assert (after["executions"], "token" in after) == (becomes, False)


def test_a_start_of_an_earlier_execution_asks_step_functions_for_nothing(lab: Lab, operator: None) -> None:
    """After 90 days it would take the name again."""
    order_id = place(lab)
    key = OrderKey("acme", order_id, "online")
    assert workflow.start(key, 2)
    assert not workflow.start(key, 1)
    assert workflow.start(key, 3)
    assert not workflow.store_task_token(key, workflow.PendingTask(workflow.Step.REVIEW, "late"), f"{order_id}-2")
    assert [execution.name for execution in lab.executions] == [f"{order_id}-{n}" for n in (1, 2, 3)]
    assert known(lab)["executions"] == 3


def test_a_quote_that_ses_took_is_noted_later_and_not_mailed_again(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    fault = lab.wire.fail(function="SendQuoteFunction", operation="TransactWriteItems", error="InternalServerError")
    mail = quote(lab, order_id)
    assert fault.fired
    order = order_of(lab, order_id)
    assert (order["status"], order["quote"]["state"]) == ("pending_confirmation", "offered")
    assert [each for each in lab.mails.about(order_id) if each.attachments] == [mail]
    (execution,) = lab.executions
    assert execution.states.count("Send quote") == 1
    assert "Note quote mailed" in execution.states
    assert timeline(lab, order_id).count("order.quoted") == 1
    assert decide(lab, mail, "approve") == 200
