"""One order can be followed through all logs: API, stream, workflow and mail."""

import json
from typing import Any

from tests.lab import Lab
from tests.operating.watched import observability
from tests.workflow.walking import decide, desk, place, quote

Json = dict[str, Any]


def written(lab: Lab, since: int = 0) -> list[Json]:
    """Lines of functions that are no metrics."""
    return [line for line in lab.log.entries()[since:] if "_aws" not in line and "message" in line]


def test_every_line_of_a_whole_life_carries_the_orders_id(lab: Lab) -> None:
    lab.account("acme")
    since = len(lab.log.entries())
    order_id = place(lab)
    desk(lab, order_id, "claim")
    desk(lab, order_id, "comment", {"text": "Looks good", "internal": True})
    first = quote(lab, order_id)
    lab.ses_event("Delivery", first)
    lab.settle()
    assert decide(lab, first, "request_change") == 200
    second = quote(lab, order_id)
    lab.advance(days=4)
    assert lab.http("GET", str(second.link)).status == 200
    assert decide(lab, second, "approve") == 200
    lines = [line for line in written(lab, since) if line.get("route") != "PUT /api/desk/accounts/<account_id>"]
    without = [line for line in lines if line.get("order_id") != order_id]
    assert not without, without
    speaking = {line["function_name"] for line in lines}
    assert speaking >= {
        "OrdersApiFunction",
        "DeskApiFunction",
        "ConfirmPageFunction",
        "OutboxFunction",
        "AwaitDecisionFunction",
        "SendQuoteFunction",
        "MailEventsFunction",
        "MailerFunction",
    }


def found_by(lab: Lab, wanted: str) -> list[Json]:
    """What the saved query finds with an id in place of ORDER, in its order."""
    query = saved_query(lab)
    (condition,) = (part.removeprefix("filter ") for part in query if part.startswith("filter "))
    assert "sort @timestamp asc" in query
    matching = []
    for line in lab.log.entries():
        for alternative in condition.replace("ORDER", wanted).split(" or "):
            name, operator, value = alternative.split(" ")
            has = {"=": line.get(name) == value.strip('"'), "like": value.strip('"') in json.dumps(line)}
            if has[operator]:
                matching.append(line)
                break
    return matching


def saved_query(lab: Lab) -> list[str]:
    """Its parts, as a pipe divides them."""
    query = observability(lab).template["Resources"]["FollowOrder"]["Properties"]["QueryString"]
    return [part.strip() for part in query.split("|")]


def way(lines: list[Json]) -> list[str]:
    """The functions that speak, each where it speaks first."""
    return list(dict.fromkeys(line["function_name"].removesuffix("Function") for line in lines))


def request_that(lab: Lab, route: str) -> str:
    """The correlation id of the only request by a route."""
    (requested,) = (line for line in written(lab) if line.get("route") == route)
    return str(requested["correlation_id"])


def test_the_saved_query_shows_an_order_from_placing_to_its_mails(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    lab.ses_event("Delivery", mail)
    lab.settle()
    lines = found_by(lab, order_id)
    assert way(lines)[:2] == ["OrdersApi", "Outbox"]
    assert set(way(lines)) == {
        "OrdersApi",
        "Outbox",
        "AwaitDecision",
        "Mailer",
        "DeskApi",
        "SendQuote",
        "MailEvents",
    }
    assert all(line["correlation_id"] for line in lines)


def test_the_correlation_id_reaches_stream_workflow_and_mail(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    lab.ses_event("Delivery", mail)
    lab.settle()
    placed = found_by(lab, request_that(lab, "POST /api/orders"))
    assert way(placed)[:2] == ["OrdersApi", "Outbox"]
    assert set(way(placed)) == {"OrdersApi", "Outbox", "AwaitDecision", "Mailer"}
    assert sum(line["message"] == "SES took a mail" for line in placed) == 3
    quoted = found_by(lab, request_that(lab, "POST /api/desk/orders/<order_id>/quote"))
    assert way(quoted) == ["DeskApi", "Outbox", "SendQuote", "AwaitDecision", "MailEvents"]
    assert {line["order_id"] for line in placed + quoted} == {order_id}
    assert decide(lab, mail, "approve") == 200
    approved = found_by(lab, request_that(lab, "POST /confirm/<token>"))
    assert way(approved) == ["ConfirmPage", "Outbox", "Mailer"]


def test_a_tick_carries_the_id_of_the_request_that_began_the_wait(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    quote(lab, order_id)
    quoted = request_that(lab, "POST /api/desk/orders/<order_id>/quote")
    lab.advance(days=4)
    (reminded,) = (line for line in found_by(lab, quoted) if line.get("event") == "quote.reminded")
    assert reminded["function_name"] == "OutboxFunction"
    assert [line["mail"] for line in found_by(lab, quoted) if line["function_name"] == "MailerFunction"] == [
        "reminder#contact"
    ]


def test_the_next_execution_of_an_order_goes_on_under_the_same_id(lab: Lab) -> None:
    order_id = place(lab)
    placed = request_that(lab, "POST /api/orders")
    machine = lab.client("stepfunctions")
    (one,) = machine.list_executions(stateMachineArn=lab.outputs["StateMachineArn"])["executions"]
    machine.stop_execution(executionArn=one["executionArn"])
    lab.settle()
    lab.functions.invoke("ReconcileFunction", {"order_id": order_id})
    lab.settle()
    assert lab.executions[1].input["correlation_id"] == placed
    waits = [line["execution"] for line in found_by(lab, placed) if line["message"] == "waiting"]
    assert waits == [f"{order_id}-1", f"{order_id}-2"]


def test_a_parked_order_is_found_by_the_request_that_it_could_not_follow(lab: Lab) -> None:
    lab.wire.fail(1, operation="PutEvents", error="InternalFailure")
    place(lab)
    parked = [line for line in found_by(lab, request_that(lab, "POST /api/orders")) if line["message"] == "parked"]
    assert [line["function_name"] for line in parked] == ["OutboxFunction"]


def test_an_execution_of_an_earlier_release_goes_on_without_a_correlation_id(lab: Lab) -> None:
    order_id = place(lab)
    machine = lab.client("stepfunctions")
    (one,) = machine.list_executions(stateMachineArn=lab.outputs["StateMachineArn"])["executions"]
    machine.stop_execution(executionArn=one["executionArn"])
    as_then = {"account_id": "acme", "order_id": order_id, "source": "online"}
    machine.start_execution(
        stateMachineArn=lab.outputs["StateMachineArn"], name=f"{order_id}-2", input=json.dumps(as_then)
    )
    lab.settle()
    assert lab.functions.invoke("SendQuoteFunction", as_then).failure is None
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    assert decide(lab, mail, "approve") == 200
    assert lab.executions[-1].status == "SUCCEEDED"
    del mail.tags["correlation"]
    lab.ses_event("Delivery", mail)
    lab.settle()
    assert not lab.errors


def test_mails_of_one_batch_do_not_pass_for_each_others(lab: Lab) -> None:
    lab.queue.paused = True
    order_id = place(lab)
    lab.http("POST", "/api/account/contact-report", json={"text": "She has left"}, user=lab.users.customer)
    lab.settle()
    lab.queue.paused = False
    lab.settle()
    sent = [line for line in written(lab) if line["message"] == "SES took a mail"]
    assert {line.get("order_id") for line in sent if line["mail"].startswith("contact_report")} == {None}
    assert {line["order_id"] for line in sent if not line["mail"].startswith("contact_report")} == {order_id}


def test_no_person_no_code_and_no_path_of_a_link_is_in_the_logs(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    assert decide(lab, mail, "approve") == 200
    text = "\n".join(lab.log.lines)
    for secret in (mail.recipients[0], str(mail.code), str(mail.link).rpartition("/")[2], "Connie"):
        assert secret not in text


def test_the_saved_query_asks_for_fields_that_the_logs_have(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.ses_event("Delivery", quote(lab, order_id))
    lab.settle()
    fields = {name.strip() for name in saved_query(lab)[0].removeprefix("fields ").split(",")} - {"@timestamp"}
    assert fields <= {name for line in written(lab) for name in line}
