"""What runs behind an order, and what it tells the world: executions, events and logs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, claimed, offered, place, place_direct, quote
from tests.contract.site import Json, Site

SCHEMAS = Path(__file__).parents[2] / "docs" / "events"
PUBLISHED = {
    "order.submitted",
    "order.claimed",
    "order.quoted",
    "quote.delivered",
    "quote.undeliverable",
    "quote.reminded",
    "quote.expired",
    "order.change_requested",
    "order.asked",
    "order.handed_over",
    "order.commented",
    "order.completed",
    "order.canceled",
}


def approved(site: Site) -> Order:
    order, mail = offered(site)
    site.decide(mail, "approve").page()
    return order


def approved_after_a_change(site: Site) -> Order:
    order, mail = offered(site)
    site.decide(mail, "request_change", reason="Fewer.").page()
    order.desk("quote", quote(site)).ok(202)
    site.decide(order.quote_mail(revision=2), "approve").page()
    return order


def approved_after_a_resend(site: Site) -> Order:
    order, _ = offered(site)
    order.desk("resend").ok(202)
    site.decide(order.mail_to(order.contact, 3), "approve").page()
    return order


def canceled_by_link(site: Site) -> Order:
    order, mail = offered(site)
    site.decide(mail, "cancel").page()
    return order


def canceled_by_first_link(site: Site) -> Order:
    order = place(site)
    site.decide(order.mail_to(order.contact), "cancel").page()
    return order


def withdrawn(site: Site) -> Order:
    order = place(site)
    order.ask("cancel").ok()
    return order


def declined(site: Site) -> Order:
    order = claimed(site)
    order.desk("decline", {"reason": "No stock."}).ok()
    return order


def declined_while_it_is_quoted(site: Site) -> Order:
    order = claimed(site)
    order.desk("quote", quote(site)).ok(202)
    order.desk("decline", {"reason": "No stock."}).ok()
    return order


def direct(site: Site) -> Order:
    account_id = site.people.customer.account_id
    assert account_id
    order = place_direct(site, account_id)
    order.desk("decline", {"reason": "No stock."}).ok()
    return order


@pytest.mark.parametrize(
    "closed",
    [
        approved,
        approved_after_a_change,
        approved_after_a_resend,
        canceled_by_link,
        canceled_by_first_link,
        withdrawn,
        declined,
        declined_while_it_is_quoted,
        direct,
    ],
)
def test_one_execution_bears_the_orders_name_and_succeeds_with_it(site: Site, closed: Callable[[Site], Order]) -> None:
    order = closed(site)
    assert order.status in {"completed", "canceled"}
    executions = site.eventually(
        lambda: (
            (found := site.executions(order.order_id))
            and all(execution.status != "RUNNING" for execution in found)
            and found
        )
    )
    assert executions
    (execution,) = executions
    assert (execution.name, execution.status) == (f"{order.order_id}-1", "SUCCEEDED")


def test_an_execution_knows_ids_only(site: Site) -> None:
    order = place(site, note="A secret note", purchase_order_number="PO-SECRET")
    (execution,) = site.eventually(lambda: site.executions(order.order_id))
    assert execution.status == "RUNNING"
    assert order.order_id in execution.input
    for personal in (order.contact, order.user.email, "secret", "PO-SECRET"):
        assert personal not in execution.input


def test_logs_hold_no_token_code_or_person(site: Site) -> None:
    order, mail = offered(site)
    site.request("GET", mail.link).page()
    site.decide(mail, "approve", code="000000")
    site.decide(mail, "request_change", reason="A secret reason").page()
    order.desk("decline", {"reason": "Another secret reason"}).ok()
    order.mail_to(site.cs_mailbox, 3)
    logs = site.eventually(lambda: order.order_id in (found := site.logs()) and found)
    assert logs
    token = mail.link.rpartition("/")[2]
    first = order.mails_to(order.contact)[0]
    for path in ("", "/timeline", "/quotes/1"):
        seen = site.get(f"{order.desk_path}{path}", site.people.cs).text
        assert token not in seen
        assert first.link.rpartition("/")[2] not in seen
    for secret in (token, first.link.rpartition("/")[2], order.contact, order.user.email, "secret reason", "Connie"):
        assert secret not in logs
    for line in logs.splitlines():
        assert order.order_id not in line or mail.code not in line.replace(order.order_id, "")


def test_events_are_told_in_order_with_their_sequence(in_process: InProcess) -> None:
    site = in_process
    order, mail = offered(site, note="A secret note")
    order.ask("comment", {"text": "A secret comment"}).ok()
    site.decide(mail, "request_change", reason="A secret reason").page()
    order.desk("quote", quote(site)).ok(202)
    site.decide(order.quote_mail(revision=2), "approve").page()
    site.settle()
    events = [event for event in site.lab.events if event.detail["order_id"] == order.order_id]
    assert [event.detail_type for event in events] == [
        "order.submitted",
        "order.claimed",
        "order.quoted",
        "quote.delivered",
        "order.commented",
        "order.change_requested",
        "order.quoted",
        "quote.delivered",
        "order.completed",
    ]
    assert {event.source for event in events} == {"online-orders"}
    sequences = [event.detail["sequence"] for event in events]
    entries = {entry["sequence"]: entry["event"] for entry in order.desk_timeline()}
    assert sequences == sorted(set(sequences))
    assert [entries[sequence] for sequence in sequences] == [event.detail_type for event in events]
    assert len({event.detail["event_id"] for event in events}) == len(events)
    for event in events:
        check(event.detail, order)
    versions = [event.detail["version"] for event in events]
    assert versions == sorted(versions)
    last: Json = events[-1].detail
    assert (last["status"], last["version"]) == ("completed", order.read()["version"])
    assert last["totals"] == {"once": "0.00", "monthly": "40.00", "yearly": "0.00"}


def check(detail: dict[str, Any], order: Order) -> None:
    assert {"event_id", "order_id", "account_id", "status", "version", "sequence"} <= set(detail)
    assert detail["account_id"] == order.created.json["account_id"]
    assert detail["item_kinds"] == ["ip_addresses"]
    for personal in (order.contact, order.user.email, order.user.username, "secret", "Connie", "@"):
        assert personal not in str(detail)


def test_every_event_is_as_its_published_schema_says(in_process: InProcess) -> None:
    approved_after_a_change(in_process)
    withdrawn(in_process)
    order, mail = offered(in_process)
    order.ask("comment", {"text": "Hello."}).ok()
    in_process.decide(mail, "ask", reason="How soon?").page()
    order.desk("answer", {"text": "Soon."}).ok()
    in_process.decide(mail, "hand_over", new_name="Robin", new_email="robin@acme.example").page()
    order.desk("hand-over", {"decision": "approve"}).ok()
    in_process.settle()
    in_process.lab.advance(days=80)
    in_process.settle()
    events = in_process.lab.events
    assert {event.detail_type for event in events} == PUBLISHED - {"quote.undeliverable"}
    for event in events:
        schema = json.loads((SCHEMAS / f"{event.detail_type}.json").read_text())
        texts = {"source": event.source, "detail-type": event.detail_type, "detail": event.detail}
        Draft202012Validator(schema).validate(texts)


def test_every_event_has_a_published_schema() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == PUBLISHED
    for path in SCHEMAS.glob("*.json"):
        Draft202012Validator.check_schema(json.loads(path.read_text()))


def test_a_cancellation_is_told_as_an_event(in_process: InProcess) -> None:
    order = withdrawn(in_process)
    in_process.settle()
    last = in_process.lab.events[-1]
    assert (last.detail_type, last.detail["order_id"], last.detail["status"]) == (
        "order.canceled",
        order.order_id,
        "canceled",
    )
