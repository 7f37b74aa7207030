"""Each alarm has its entry in the handbook, and each metric of ours that is watched comes from a fault that happens."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import typer.main

from online_orders.aws import mail_pause
from online_orders.aws.table import MAX_ATTEMPTS
from online_orders_cli.app import app
from tests.lab import Lab
from tests.operating.watched import (
    OWN,
    ROOT,
    Metric,
    alarms,
    emitted,
    is_measured,
    metrics_of,
    metrics_shown,
    observability,
    widgets,
)
from tests.workflow.walking import decide, desk, place, quote

HANDBOOK = (ROOT / "docs" / "operating.md").read_text("utf-8")


def run_measures(lab: Lab) -> None:
    assert lab.functions.invoke("MeasureFunction", {}).failure is None


def a_whole_life(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    lab.ses_event("Delivery", mail)
    lab.advance(hours=5)
    assert decide(lab, mail, "approve") == 200


def a_change_and_a_cancellation(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    assert decide(lab, quote(lab, order_id), "request_change") == 200
    assert decide(lab, quote(lab, order_id), "cancel") == 200


def a_direct_order(lab: Lab) -> None:
    lab.account("acme")
    body = {"account_id": "acme", "items": [{"kind": "ip_addresses", "quantity": 4, "start_date": "2027-03-05"}]}
    headers = {"Idempotency-Key": "1"}
    assert lab.http("POST", "/api/desk/orders", json=body, headers=headers, user=lab.users.cs).status == 201


def a_bounce_a_complaint_and_a_rejection(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    for kind in ("Complaint", "Bounce", "Reject"):
        lab.ses_event(kind, mail)
        lab.settle()


def a_quote_that_ses_never_takes(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.ses.refuse("TooManyRequestsException", times=1_000, to="contact@acme.example")
    line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
    desk(lab, order_id, "quote", {"valid_until": "2027-01-01", "lines": [line]})
    lab.advance(hours=25)


def a_mail_that_ses_refuses_for_good(lab: Lab) -> None:
    lab.ses.refuse("BadRequestException")
    place(lab)


def a_domain_that_is_not_verified(lab: Lab) -> None:
    lab.ses.unverify()
    place(lab)
    assert lab.mails == []
    lab.errors.take("MailerFunction")


def news_of_a_mail_of_somebody_else(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.ses_event("Bounce", quote(lab, order_id), forged={"source": "somebody@example.com"})
    lab.settle()


def an_order_that_is_parked_and_mended(lab: Lab) -> None:
    lab.wire.fail(1, operation="PutEvents", error="InternalFailure")
    place(lab)
    lab.wire.heal()
    lab.schedules.start()
    lab.advance(minutes=10)


def an_order_that_is_counted_later(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    for n in range(1, 2 * MAX_ATTEMPTS + 1):
        lab.wire.fail(n, function="OutboxFunction", operation="TransactWriteItems", how="conflict")
    assert decide(lab, mail, "approve") == 200


def an_order_that_is_indexed_later(lab: Lab) -> None:
    lab.account("acme")
    lab.settle()
    lab.wire.fail(function="OutboxFunction", operation="BatchWriteItem")
    place(lab)


def a_workflow_that_was_stopped(lab: Lab) -> None:
    order_id = place(lab)
    machine = lab.client("stepfunctions")
    (one,) = machine.list_executions(stateMachineArn=lab.outputs["StateMachineArn"])["executions"]
    machine.stop_execution(executionArn=one["executionArn"])
    lab.settle()
    lab.functions.invoke("ReconcileFunction", {"order_id": order_id})
    lab.settle()


def a_workflow_that_cannot_be_looked_after(lab: Lab) -> None:
    order_id = place(lab)
    machine = lab.client("stepfunctions")
    (one,) = machine.list_executions(stateMachineArn=lab.outputs["StateMachineArn"])["executions"]
    machine.stop_execution(executionArn=one["executionArn"])
    lab.settle()
    lab.clock.move_to(lab.clock.now() + timedelta(hours=7))
    lab.wire.fail(1, operation="DescribeExecution", error="AccessDeniedException")
    assert lab.functions.invoke("ReconcileFunction", {}).failure is None
    (line,) = lab.log.entries(message="a workflow could not be repaired")
    assert line["order_id"] == order_id


def mail_that_is_held(lab: Lab) -> None:
    with lab.as_operator():
        mail_pause.pause("a trial", lab.clock.now())
    place(lab)
    lab.advance(hours=2)
    run_measures(lab)


def an_order_that_nobody_claims(lab: Lab) -> None:
    place(lab)
    lab.advance(hours=30)
    run_measures(lab)


def entries_that_the_stream_lost(lab: Lab) -> None:
    lab.stream.paused = True
    place(lab)
    lab.clock.move_to(lab.clock.now() + timedelta(hours=1))
    run_measures(lab)
    lab.stream.paused = False
    lab.settle()


def a_contact_report_that_no_queue_takes(lab: Lab) -> None:
    lab.account("acme")
    lab.settle()
    lab.wire.fail(service="sqs", operation="SendMessageBatch", function="OutboxFunction")
    body = {"text": "She has left."}
    assert lab.http("POST", "/api/account/contact-report", json=body, user=lab.users.customer).status == 202
    lab.settle()
    lab.schedules.start()
    lab.advance(minutes=10)


DRIVEN: dict[Callable[[Lab], None], tuple[str, ...]] = {
    a_whole_life: (
        "OrdersPlaced",
        "EntriesProcessed",
        "QuotesMailed",
        "MailsSent",
        "MailDelivery",
        "Decided_approve",
        "DecisionHours",
    ),
    a_change_and_a_cancellation: ("Decided_request_change", "Decided_cancel"),
    a_direct_order: ("DirectOrdersPlaced",),
    a_bounce_a_complaint_and_a_rejection: ("MailBounce", "MailComplaint", "MailReject"),
    a_quote_that_ses_never_takes: ("QuotesGivenUp",),
    a_mail_that_ses_refuses_for_good: ("MailsRefused",),
    a_domain_that_is_not_verified: ("MailsRefused",),
    news_of_a_mail_of_somebody_else: ("MailEventsIgnored",),
    an_order_that_is_parked_and_mended: ("OrdersParked", "EntriesRepaired"),
    an_order_that_is_counted_later: ("OrdersCountedLater", "FiguresCountedLater"),
    an_order_that_is_indexed_later: ("OrdersIndexedLater",),
    a_workflow_that_was_stopped: ("WorkflowsRepaired",),
    a_workflow_that_cannot_be_looked_after: ("WorkflowRepairsFailed",),
    mail_that_is_held: ("MailPausedHours", "MailsRequeued"),
    an_order_that_nobody_claims: ("QueueAgeHours", "OrdersSubmitted"),
    entries_that_the_stream_lost: ("OverdueMinutes",),
    a_contact_report_that_no_queue_takes: ("AccountItemsNotProcessed", "AccountItemsRepaired"),
}
ALWAYS_MEASURED = {"OrdersInProcess", "OrdersPendingConfirmation", "MessageAgeHours"}
OF_RECEIVED_MAILS = {"InboundMessagesBeyondLimit"}
"""The lab receives no mails; tests/functions/test_inbound_mail.py shows that these are emitted."""


def own(name: str) -> Metric:
    return Metric(OWN, name, frozenset({("service", "lab")}))


@pytest.mark.parametrize("happening", DRIVEN, ids=lambda each: each.__name__)
def test_what_happens_is_measured_under_the_name_and_dimension_that_are_watched(
    lab: Lab, happening: Callable[[Lab], None]
) -> None:
    happening(lab)
    values = emitted(lab)
    for name in DRIVEN[happening]:
        assert max(values[own(name)]) > 0, name


def test_every_watched_metric_of_ours_is_emitted_with_the_stack_dimension(lab: Lab) -> None:
    watched = metrics_shown(lab).union(*map(metrics_of, alarms(lab).values()))
    names = {name for driven in DRIVEN.values() for name in driven} | ALWAYS_MEASURED | OF_RECEIVED_MAILS
    assert {metric for metric in watched if metric.namespace == OWN} == {own(name) for name in names}
    assert all(function.environment["POWERTOOLS_SERVICE_NAME"] == "lab" for function in lab.functions)


def test_open_orders_are_counted_by_status_and_max_wait_is_in_hours(lab: Lab) -> None:
    for happening in (a_direct_order, an_order_that_nobody_claims):
        happening(lab)
    values = emitted(lab)
    assert values[own("OrdersSubmitted")][-1] == 2
    assert values[own("OrdersInProcess")][-1] == 0
    assert values[own("QueueAgeHours")][-1] == pytest.approx(30, abs=0.1)


def test_every_alarm_has_its_entry_in_the_handbook_and_every_entry_its_alarm(lab: Lab) -> None:
    entries = re.findall(r"^### (\w+)$", HANDBOOK, re.MULTILINE)
    assert sorted(entries) == sorted(name.removesuffix("Alarm") for name in alarms(lab))
    for entry in re.split(r"^### ", HANDBOOK.partition("## The alarms")[2], flags=re.MULTILINE)[1:]:
        for part in ("**Means**", "**Look at**", "**Do**"):
            assert part in entry, entry


def test_every_alarm_rings_somewhere_and_says_what_missing_data_mean(lab: Lab) -> None:
    topic = observability(lab).ref("Alarms")
    assert lab.outputs["AlarmTopicArn"] == topic
    for name, alarm in alarms(lab).items():
        assert alarm["AlarmActions"] == [topic] == alarm["OKActions"], name
        assert alarm["TreatMissingData"] in {"notBreaching", "breaching"}, name
        assert len(alarm.get("Metrics", ())) <= 10, f"{name}: CloudWatch takes ten metrics at most"


def test_an_alarm_over_several_metrics_treats_missing_values_as_zero(lab: Lab) -> None:
    summed = {name: alarm for name, alarm in alarms(lab).items() if "Metrics" in alarm}
    assert len(summed) == 5
    for name, alarm in summed.items():
        assert is_measured(alarm), name
        # What is measured comes minutes late, and a zero in its place must not hide it.
        assert alarm["DatapointsToAlarm"] < alarm["EvaluationPeriods"], name


def test_no_alarm_watches_dynamodb_but_by_a_sum(lab: Lab) -> None:
    """Such an alarm stays as it is while there are no data, whatever it says of missing ones: it would ring on."""
    for name, alarm in alarms(lab).items():
        if any(metric.namespace == "AWS/DynamoDB" for metric in metrics_of(alarm)):
            assert "Metrics" in alarm, name


def test_throttles_of_the_table_and_of_each_of_its_indexes_ring(lab: Lab) -> None:
    template = lab.stack.template["Resources"]
    indexes = [each["IndexName"] for each in template["Table"]["Properties"]["GlobalSecondaryIndexes"]]
    own: list[dict[str, str]] = [{}, *({"GlobalSecondaryIndexName": name} for name in indexes)]
    assert metrics_of(alarms(lab)["TableThrottledAlarm"]) == {
        Metric("AWS/DynamoDB", name, frozenset({"TableName": lab.stack.ref("Table"), **more}.items()))
        for name in ("ReadThrottleEvents", "WriteThrottleEvents")
        for more in own
    }


def behind_the_api(lab: Lab) -> set[str]:
    """The functions of the API's routes: one that fails, or is turned away, is a 5xx, which ServerErrors counts."""
    return {
        name for name in lab.stack.functions if f"${{{name}." in json.dumps(lab.stack.template["Resources"]["Api"])
    } | {
        resource["Properties"]["FunctionName"]["Ref"]
        for resource in lab.stack.template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Alias"
    }


RINGS_BY_ITS_SILENCE = {"MeasureFunction": "MeasuringStoppedAlarm"}


@pytest.mark.parametrize(
    ("name", "metric"), [("FunctionErrorsAlarm", "Errors"), ("FunctionsThrottledAlarm", "Throttles")]
)
def test_every_function_that_fails_or_is_turned_away_rings(lab: Lab, name: str, metric: str) -> None:
    alarm = alarms(lab)
    of_people = {each for each in metrics_of(alarm["PeopleFunctionsAlarm"]) if each.name == metric}
    watched = metrics_of(alarm[name]) | of_people
    summed = {function for function in lab.stack.functions if function_metric(lab, metric, function) in watched}
    assert len(summed) == len(watched)
    assert metrics_of(alarm["ServerErrorsAlarm"]) == {
        Metric("AWS/ApiGateway", "5xx", frozenset({("ApiId", lab.stack.ref("Api"))}))
    }
    assert len(behind_the_api(lab)) == 6
    for silent in RINGS_BY_ITS_SILENCE.values():
        assert alarm[silent]["TreatMissingData"] == "breaching"
    covered = [summed, behind_the_api(lab), RINGS_BY_ITS_SILENCE.keys()]
    assert sorted(function for part in covered for function in part) == sorted(lab.stack.functions)


def function_metric(lab: Lab, name: str, function: str) -> Metric:
    return Metric("AWS/Lambda", name, frozenset({("FunctionName", lab.stack.ref(function))}))


def test_the_dashboard_is_made_of_widgets_that_do_not_overlap(lab: Lab) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets(lab):
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not taken & cells, widget["properties"]["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_dashboard_asks_the_log_for_lines_and_fields_that_it_has(lab: Lab) -> None:
    (query,) = (widget["properties"]["query"] for widget in widgets(lab) if widget["type"] == "log")
    place(lab)
    (message,) = re.findall(r"filter message = '(\w+)'", query)
    lines = lab.log.entries(message=message)
    assert lines
    for field in ("milliseconds", "route", "status"):
        assert field in query
        assert all(field in line for line in lines), field


def test_the_routes_in_the_log_are_rules_and_never_the_path_of_a_link(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    assert mail.link
    lab.http("GET", mail.link)
    lab.http("GET", "/api/nothing/here", user=lab.users.customer)
    text: list[dict[str, Any]] = [line for line in lab.log.entries() if line.get("message") == "responded"]
    routes = {line["route"] for line in text}
    assert {"GET /confirm/<token>", "POST /api/desk/orders/<order_id>/claim", "GET none"} <= routes
    assert all(line["milliseconds"] >= 0 and line["status"] >= 200 for line in text)
    assert mail.link.rpartition("/")[2] not in "\n".join(lab.log.lines)


def told_fields() -> list[tuple[str, str]]:
    """The fields and their values that the handbook says to look for in the logs."""
    return sorted(set(re.findall(r'\b(\w+) = "([^"]+)"', HANDBOOK.partition("## The alarms")[2])))


@pytest.mark.parametrize(("field", "value"), told_fields())
def test_the_handbook_looks_for_what_the_logs_can_say(field: str, value: str) -> None:
    sources = [*(ROOT / "functions").glob("*.py"), *(ROOT / "layers" / "core" / "online_orders").rglob("*.py")]
    code = "\n".join(path.read_text("utf-8") for path in sources)
    can_say = {
        "message": f'("{value}"' in code,
        "level": re.search(r"logger\.(error|exception)\(", code) is not None and value == "ERROR",
        "event_type": f'== "{value}"' in code and '"event_type": ' in code,
    }
    assert can_say[field], f"no line says {field} = {value}"


def test_the_handbook_names_functions_outputs_and_widgets_that_are_there(lab: Lab) -> None:
    template = lab.stack.template
    for name in re.findall(r"`(\w+Function)`", HANDBOOK):
        assert template["Resources"][name]["Type"] == "AWS::Lambda::Function", name
    for name in re.findall(r"`(\w+(?:Url|FunctionName))`", HANDBOOK):
        assert name in template["Outputs"]
    titles = {widget["properties"]["title"] for widget in widgets(lab)}
    texts = re.findall(r"dashboard's \*([^*]+)\*|^\*\*Look at\*\* \*(Latency[^*]+)\*", HANDBOOK, re.MULTILINE)
    assert texts
    assert {name for pair in texts for name in pair if name} <= titles


def test_the_handbook_names_commands_of_the_tool_that_are_there() -> None:
    groups: Any = typer.main.get_command(app)
    texts = re.findall(r"`((?:redrive|mail|keys|export|follow)(?: [a-z]+)?)\b[^`]*`", HANDBOOK)
    assert len(texts) > 10
    for each in texts:
        command = groups
        for word in each.split():
            command = command.commands[word] if hasattr(command, "commands") else command
        assert not hasattr(command, "commands"), f"{each} names no command"
