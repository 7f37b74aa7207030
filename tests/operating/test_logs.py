"""One order can be followed through all logs: API, stream, workflow and mail."""

from typing import Any

from tests.lab import Lab
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


def test_what_follows_from_a_request_carries_its_correlation_id(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    (asked,) = (line for line in written(lab) if line.get("route") == "POST /api/orders")
    correlation_id = asked["correlation_id"]
    of_request = [line for line in written(lab) if line.get("correlation_id") == correlation_id]
    assert {line["function_name"] for line in of_request} == {"OrdersApiFunction", "OutboxFunction", "MailerFunction"}
    assert sum(line["message"] == "SES took a mail" for line in of_request) == 3
    (claimed,) = (line for line in written(lab) if line.get("event") == "order.claimed")
    assert claimed["correlation_id"] not in {correlation_id, None}


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
    said = "\n".join(lab.log.lines)
    for secret in (mail.recipients[0], str(mail.code), str(mail.link).rpartition("/")[2], "Connie"):
        assert secret not in said


def test_the_saved_query_asks_for_fields_that_the_logs_have(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.ses_event("Delivery", quote(lab, order_id))
    lab.settle()
    query = lab.stack._value(lab.stack.template["Resources"]["FollowOrder"]["Properties"])["QueryString"]
    fields = {name.strip() for name in query.splitlines()[0].removeprefix("fields ").split(",")} - {"@timestamp"}
    assert fields <= {name for line in written(lab) for name in line}
    assert 'order_id = "ORDER"' in query
