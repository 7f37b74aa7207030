"""An execution goes on with the state machine that it began with, whatever has been deployed since.

`executions` holds the state machine of each release, and of a day before the first, with the input of an execution and
what its tasks sent, as recorded then. The functions of today carry them to their ends. At a release, and only then, its
own are added: `python -m tests.proof.test_earlier_releases VERSION`, with PYTHONPATH as in `make samples`.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab
from tests.proof.records import disagreements, records_of
from tests.workflow.walking import decide, desk, order_of, place

Json = dict[str, Any]

EXECUTIONS = Path(__file__).parent / "executions"
ROOT = Path(__file__).parents[2]
MACHINE = ROOT / "statemachine" / "order.asl.json"
RELEASES = sorted(path.name.removesuffix(".asl.json") for path in EXECUTIONS.glob("*.asl.json"))
FUNCTIONS = ("AwaitDecisionFunction", "SendQuoteFunction", "GiveUpQuoteFunction")
ORDER_ID, TOKEN = "{order_id}", "of a wait that is over"
"""What stands for them in a recording."""
LINE = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
QUOTE = {"valid_until": "2027-01-01", "lines": [LINE]}


@contextmanager
def lab_with(definition: str) -> Iterator[Lab]:
    """A lab in which executions begin with this state machine."""
    with Lab.started(QuoteUndoSeconds="60") as lab:
        for function in FUNCTIONS:
            definition = definition.replace(f"${{{function}}}", lab.stack.attribute(function, "Arn"))
        machine = lab.outputs["StateMachineArn"]
        lab.client("stepfunctions").update_state_machine(stateMachineArn=machine, definition=definition)
        yield lab


def live_through_every_state(lab: Lab, order_id: str) -> None:
    """Held; mailed, and noted later; changed; given up; quoted anew, mailed when SES takes it again, and approved."""
    desk(lab, order_id, "claim")
    lost = lab.wire.fail(2, function="SendQuoteFunction", operation="TransactWriteItems")
    desk(lab, order_id, "quote", QUOTE)
    lab.advance(minutes=5)
    assert lost.fired
    (mail,) = (mail for mail in lab.mails if mail.attachments)
    assert decide(lab, mail, "request_change") == 200
    crash_for_two_days(lab, order_id)
    lab.ses.refuse("TooManyRequestsException", 10_000, to=mail.recipients[0])
    desk(lab, order_id, "quote", QUOTE)
    lab.advance(hours=3)
    assert order_of(lab, order_id)["quote"]["state"] == "sending"
    lab.ses._refusals.clear()
    lab.advance(minutes=16)
    assert decide(lab, lab.mails.to(mail.recipients[0])[-1], "approve") == 200


def crash_for_two_days(lab: Lab, order_id: str) -> None:
    """The machine gives up when its tries are over, and the order only when its day is."""
    works = lab.functions["SendQuoteFunction"].handler

    def crashes(event: Json, context: Any) -> None:
        raise RuntimeError("this step never works")

    lab.functions.replace("SendQuoteFunction", crashes)
    desk(lab, order_id, "quote", QUOTE)
    lab.advance(hours=23)
    assert order_of(lab, order_id)["quote"]["state"] == "sending"
    lab.advance(hours=25)
    assert order_of(lab, order_id)["quote"]["state"] == "undeliverable"
    lab.functions.replace("SendQuoteFunction", works)
    assert {failure.type for failure in lab.errors.take()} == {"RuntimeError"}


def recorded(release: str) -> Json:
    found: Json = json.loads((EXECUTIONS / f"{release}.json").read_text("utf-8"))
    return found


def about(order_id: str, recording: Json) -> Json:
    """What was recorded, for another order."""
    found: Json = json.loads(json.dumps(recording).replace(ORDER_ID, order_id))
    return found


def tasks_of(definition: str) -> dict[str, Json]:
    states: Json = json.loads(definition)["States"]
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


def test_every_release_of_the_api_has_its_state_machine_here() -> None:
    assert {path.stem for path in (ROOT / "docs" / "openapi").glob("*.json")} <= set(RELEASES)


@pytest.mark.parametrize("release", RELEASES)
def test_an_earlier_releases_execution_runs_through_every_state(release: str) -> None:
    definition = (EXECUTIONS / f"{release}.asl.json").read_text("utf-8")
    with lab_with(definition) as lab:
        lab.stream.paused = True
        order_id = place(lab)
        lab.client("stepfunctions").start_execution(
            stateMachineArn=lab.outputs["StateMachineArn"],
            name=f"{order_id}-1",
            input=json.dumps(about(order_id, recorded(release)["input"])),
        )
        lab.stream.paused = False
        live_through_every_state(lab, order_id)
        (execution,) = lab.executions
        assert set(execution.states) == set(json.loads(definition)["States"])
        assert list(disagreements(records_of(lab, order_id))) == []


@pytest.mark.parametrize("release", RELEASES)
def test_an_earlier_releases_task_input_is_accepted(release: str) -> None:
    """With a key more, of a release that is still to come, as when it was rolled back."""
    tasks = tasks_of((EXECUTIONS / f"{release}.asl.json").read_text("utf-8"))
    sent = recorded(release)["tasks"]
    assert sent.keys() == tasks.keys()
    with Lab.started() as lab:
        order_id = place(lab)
        desk(lab, order_id, "claim")
        for name, task in tasks.items():
            payload = about(order_id, {**sent[name], "of_a_later_release": {"n": 1}})
            (function,) = (one for one in FUNCTIONS if f"${{{one}}}" == task["Parameters"]["FunctionName"])
            response = lab.functions.invoke(function, payload)
            assert response.failure is None, (name, response.failure)
            expected = {path.removeprefix("$.Payload.") for path in task.get("ResultSelector", {}).values()}
            assert expected <= (response.payload or {}).keys()
        records = records_of(lab, order_id)
        assert (records.order["status"], len(records.entries)) == ("in_process", 2)


def record(release: str) -> None:
    """What executions of today are made of, as those of `release`."""
    definition = MACHINE.read_text("utf-8")
    with lab_with(definition) as lab:
        order_id = place(lab)
        live_through_every_state(lab, order_id)
        sent: dict[str, Json] = {}
        for one in lab.functions.invocations:
            if one.function in FUNCTIONS:
                sent.setdefault(_task(one.function, one.event), _harmless(one.event, order_id))
        recording = {"input": _harmless(lab.executions[0].input, order_id), "tasks": sent}
    (EXECUTIONS / f"{release}.asl.json").write_text(definition, "utf-8")
    (EXECUTIONS / f"{release}.json").write_text(json.dumps(recording, indent=1) + "\n", "utf-8")


def _task(function: str, event: Json) -> str:
    """The state that sent it."""
    if function == "AwaitDecisionFunction":
        return str(event["waiting_for"]).replace("_", " ").capitalize()
    if function == "SendQuoteFunction":
        return "Note quote mailed" if event.get("link_number") else "Send quote"
    return "Give up quote"


def _harmless(event: Json, order_id: str) -> Json:
    payload: Json = json.loads(json.dumps(event).replace(order_id, ORDER_ID))
    return {**payload, "token": TOKEN} if "token" in payload else payload


if __name__ == "__main__":
    record(sys.argv[1])
