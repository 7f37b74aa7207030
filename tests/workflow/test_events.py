"""Every event on the bus is what its published schema says."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from online_orders.domain.timeline import PUBLISHED
from tests.lab import Lab

SCHEMAS = Path(__file__).parents[2] / "docs" / "events"


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    return Draft202012Validator(schema, format_checker=FormatChecker())


def quoted(lab: Lab, valid_until: str = "2027-01-01") -> tuple[str, Any]:
    """An order whose quote is offered: its id and the mail with the link."""
    lab.account("acme")
    items = [{"kind": "ip_addresses", "quantity": 4, "start_date": "2027-01-05"}]
    placed = lab.http(
        "POST", "/api/orders", json={"items": items}, headers={"Idempotency-Key": "one"}, user=lab.users.customer
    ).json()
    order_id: str = placed["order_id"]
    desk = f"/api/desk/orders/{order_id}"
    lab.http("POST", f"{desk}/claim", json={}, user=lab.users.cs)
    line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
    lab.http("POST", f"{desk}/quote", json={"valid_until": valid_until, "lines": [line]}, user=lab.users.cs)
    lab.settle()
    return order_id, next(mail for mail in lab.mails.about(order_id) if mail.attachments)


def decide(lab: Lab, mail: Any, decision: str) -> None:
    form = {"decision": decision, "name": "Connie", "code": mail.code, "reason": "Because"}
    assert lab.http("POST", mail.link, form=form).status == 200
    lab.settle()


def test_there_is_a_schema_for_every_published_event_and_for_no_other() -> None:
    assert {path.stem for path in SCHEMAS.iterdir()} == {event.value for event in PUBLISHED}


def assert_published_as_described(lab: Lab) -> None:
    for event in lab.events:
        validator(event.detail_type).validate(
            {"source": event.source, "detail-type": event.detail_type, "detail": event.detail}
        )
        assert "@" not in json.dumps(event.detail)
        assert "Connie" not in json.dumps(event.detail)


@pytest.mark.parametrize("decision", ["approve", "cancel", "request_change"])
def test_the_events_of_an_order_are_as_their_schemas_say_and_name_no_person(lab: Lab, decision: str) -> None:
    order_id, mail = quoted(lab)
    lab.http("POST", f"/api/orders/{order_id}/comment", json={"text": "Hurry, Connie"}, user=lab.users.customer)
    decide(lab, mail, decision)
    names = [event.detail_type for event in lab.events]
    closing = {"approve": "order.completed", "cancel": "order.canceled", "request_change": "order.change_requested"}
    assert names == ["order.submitted", "order.claimed", "order.quoted", "order.commented", closing[decision]]
    assert_published_as_described(lab)
    sequences = [event.detail["sequence"] for event in lab.events]
    assert sequences == sorted(set(sequences))


def test_what_becomes_of_a_quote_by_itself_is_told_as_its_schemas_say(lab: Lab) -> None:
    order_id, mail = quoted(lab, valid_until=(lab.clock.now() + timedelta(days=10)).date().isoformat())
    lab.ses_event("Delivery", mail)
    lab.advance(days=4)
    lab.http("POST", f"/api/desk/orders/{order_id}/resend", json={}, user=lab.users.cs)
    lab.settle()
    lab.ses_event("Bounce", lab.mails.about(order_id)[-1])
    lab.advance(days=40)
    assert_published_as_described(lab)
    texts = [event.detail_type for event in lab.events]
    assert texts[3:] == ["quote.delivered", "quote.reminded", "quote.undeliverable", "quote.expired", "order.canceled"]
