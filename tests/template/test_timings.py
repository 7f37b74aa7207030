"""Durations that stand in the code and in the template or the state machine, and must go together."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

import account_changes
import reconcile
from emulation.template import read
from online_orders import deadlines
from online_orders.aws import mail, order_store, outbox_flags, workflow
from online_orders.aws.clients import max_call_seconds
from tests.local_run import PROJECT

Json = dict[str, Any]

TEMPLATE = read(PROJECT / "template.yaml")
STATES = json.loads((PROJECT / "statemachine" / "order.asl.json").read_text("utf-8"))["States"]
FUNCTIONS = {
    name: one["Properties"] for name, one in TEMPLATE["Resources"].items() if one["Type"] == "AWS::Serverless::Function"
}
WAITS = {name: state for name, state in STATES.items() if state.get("Resource", "").endswith(".waitForTaskToken")}
SQS_LONGEST_DELAY = 900
GATEWAY_PATIENCE = 30
"""Seconds for which an HTTP API waits for a function, at most."""
STREAM_KEEPS = 86_400


def timeout(function: str) -> int:
    return int(FUNCTIONS[function].get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"]))


def code_of(function: str) -> str:
    """Return the source of a function, and of the routes that it answers."""
    module = FUNCTIONS[function]["Handler"].partition(".")[0]
    source = (PROJECT / "functions" / f"{module}.py").read_text("utf-8")
    imported = re.findall(r"^from online_orders\.routes import (\([^)]+\)|.+)$", source, re.MULTILINE)
    routes = [name for names in imported for name in re.findall(r"\w+", names)]
    folder = PROJECT / "layers" / "core" / "online_orders" / "routes"
    return "\n".join([source, *((folder / f"{name}.py").read_text("utf-8") for name in routes)])


def whose_code_has(text: str) -> list[str]:
    found = [name for name in FUNCTIONS if text in code_of(name)]
    assert found, text
    return found


def with_event(kind: str) -> list[tuple[str, Json]]:
    """The functions that are called so, each with the properties of the event."""
    return [
        (name, event["Properties"])
        for name, function in FUNCTIONS.items()
        for event in function.get("Events", {}).values()
        if event["Type"] == kind
    ]


def interval(function: str) -> int:
    """Seconds between two runs of a function on a schedule."""
    (expression,) = (each["ScheduleExpression"] for name, each in with_event("ScheduleV2") if name == function)
    minutes = re.fullmatch(r"rate\((\d+) minutes\)", expression)
    assert minutes, expression
    return int(minutes[1]) * 60


def test_the_waits_of_the_workflow_end_at_the_tick() -> None:
    assert len(WAITS) == 2
    for name, state in WAITS.items():
        assert timedelta(seconds=state["TimeoutSeconds"]) == workflow.TICK, name


def test_a_wait_is_late_when_its_longest_pause_before_another_try_is_over() -> None:
    for name, state in WAITS.items():
        pauses = [retry["MaxDelaySeconds"] for retry in state["Retry"] if "MaxDelaySeconds" in retry]
        assert pauses, name
        assert timedelta(seconds=max(pauses)) <= workflow.CHECK_GRACE, name
    assert timedelta(seconds=timeout("AwaitDecisionFunction")) < workflow.CHECK_GRACE


def test_an_execution_is_checked_after_its_first_step_and_a_reconciler_run() -> None:
    least = timeout("AwaitDecisionFunction") + interval("ReconcileFunction")
    assert timedelta(seconds=least) < workflow.START_DEADLINE


def test_an_execution_ends_itself_before_the_year_that_step_functions_gives_it() -> None:
    assert timedelta(days=365) > workflow.MAX_EXECUTION_AGE + 2 * workflow.TICK


def test_the_workflow_waits_for_a_function_until_lambda_has_ended_it() -> None:
    called = {
        name: re.sub(r"\W", "", state["Parameters"]["FunctionName"])
        for name, state in STATES.items()
        if state["Type"] == "Task" and name not in WAITS
    }
    assert len(called) >= 2
    for name, function in called.items():
        assert STATES[name]["TimeoutSeconds"] > timeout(function), name


@pytest.mark.parametrize("function", whose_code_has("mail.send_once("))
def test_a_mail_claim_outlasts_its_function_and_ends_before_redelivery(function: str) -> None:
    """Else a second process sends what the first is sending, or finds a dead one's claim and has come for nothing."""
    assert timedelta(seconds=timeout(function)) < mail.CLAIM_DURATION
    ((_, event),) = (each for each in with_event("SQS") if each[0] == function)
    queue = TEMPLATE["Resources"][event["Queue"]["Fn::GetAtt"][0]]["Properties"]
    assert timedelta(seconds=queue["VisibilityTimeout"]) > mail.CLAIM_DURATION


@pytest.mark.parametrize("function", whose_code_has("placed = place("))
def test_orders_being_placed_are_synced_in_the_second_round(function: str) -> None:
    assert timeout(function) < account_changes._SECOND_ROUND_DELAY_SECONDS <= SQS_LONGEST_DELAY


def test_no_pause_is_longer_than_sqs_delays_a_message() -> None:
    names = ("PAUSED_MAIL_RETRY_SECONDS", "MAX_RETRY_DELAY_SECONDS")
    pauses = [
        int(value)
        for function in FUNCTIONS.values()
        for name in names
        if name in function.get("Environment", {}).get("Variables", {})
        for value in function["Environment"]["Variables"][name]["Fn::If"][1:]
    ]
    assert pauses
    assert max(pauses) <= SQS_LONGEST_DELAY
    assert TEMPLATE["Parameters"]["QuoteUndoSeconds"]["MaxValue"] <= workflow.TICK.total_seconds()


def test_a_run_of_the_reconciler_stops_in_time_and_before_the_next_one() -> None:
    """It looks at the time between two orders, and an order may take a write that meets others again and again."""
    to_stop, longest_order = reconcile._TIME_TO_STOP_MS / 1000, order_store._UPDATE_DEADLINE_SECONDS
    assert longest_order + max_call_seconds("dynamodb") < to_stop < timeout("ReconcileFunction") / 2
    assert timeout("ReconcileFunction") < interval("ReconcileFunction")


def test_what_the_stream_may_still_bring_is_not_the_reconcilers_and_the_rest_is() -> None:
    ((name, event),) = with_event("DynamoDB")
    assert timedelta(seconds=timeout(name)) < outbox_flags.PROCESSING_DEADLINE
    assert timedelta(seconds=event["MaximumRecordAgeInSeconds"]) > outbox_flags.PROCESSING_DEADLINE
    assert event["MaximumRecordAgeInSeconds"] < STREAM_KEEPS, "or a record is gone, and is no dead letter"


def test_who_waits_for_an_answer_gets_one_before_the_gateway_gives_up() -> None:
    requested = {name for name, _ in with_event("HttpApi")}
    assert len(requested) >= 4
    for name in requested:
        assert deadlines.MAX_REQUEST_SECONDS + 1 < timeout(name) < GATEWAY_PATIENCE, name
        for patience in (order_store._UPDATE_DEADLINE_SECONDS, max_call_seconds("dynamodb")):
            assert patience <= deadlines.MAX_REQUEST_SECONDS


def test_a_key_is_kept_for_the_day_that_the_contract_promises() -> None:
    assert timedelta(hours=24) < order_store.IDEMPOTENCY_RETENTION
