"""What time alone brings to an order that waits."""

import json
from datetime import UTC, datetime, timedelta

from tests.lab import Lab, accounts
from tests.workflow.walking import Json, decide, desk, order_of, place, quote, timeline


def day_after(lab: Lab, days: int) -> str:
    return (lab.clock.now() + timedelta(days=days)).date().isoformat()


def test_the_contact_is_reminded_after_three_days_and_two_before_the_end(
    lab: Lab,
) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id, day_after(lab, 20))
    lab.advance(days=2)
    assert timeline(lab, order_id).count("quote.reminded") == 0
    lab.advance(days=2)
    assert timeline(lab, order_id).count("quote.reminded") == 1
    reminder = lab.mails.to(mail.recipients[0])[-1]
    assert (reminder.link, reminder.code) == (mail.link, mail.code)
    lab.advance(days=13)
    assert timeline(lab, order_id).count("quote.reminded") == 1
    lab.advance(days=2)
    assert timeline(lab, order_id).count("quote.reminded") == 2
    assert decide(lab, mail, "approve") == 200
    lab.advance(days=30)
    assert timeline(lab, order_id).count("quote.reminded") == 2
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED"]


def test_an_unanswered_quote_expires_and_its_order_is_canceled_after_grace(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id, day_after(lab, 5))
    lab.advance(days=7)
    order = order_of(lab, order_id)
    assert (order["status"], order["quote"]["state"]) == ("pending_confirmation", "expired")
    assert decide(lab, mail, "approve") == 410
    lab.advance(days=15)
    order = order_of(lab, order_id)
    assert (order["status"], order["closed"]["by"]) == ("canceled", "expiry")
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED"]
    assert {"quote.expired", "order.canceled"} <= set(timeline(lab, order_id))
    assert all(mail.subject == mail.subject.strip() for mail in lab.mails)


def test_a_past_quote_cannot_be_approved_before_the_workflow_notices(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id, day_after(lab, 0))
    lab.clock.move_to(lab.clock.now() + timedelta(days=1))
    assert "quote.expired" not in timeline(lab, order_id)
    assert order_of(lab, order_id)["quote"]["state"] == "expired"
    assert decide(lab, mail, "approve") == 410
    assert order_of(lab, order_id)["status"] == "pending_confirmation"


def test_the_contact_asks_for_a_fresh_quote_and_a_new_revision_can_be_approved(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id, day_after(lab, 1))
    lab.advance(days=3)
    assert decide(lab, mail, "request_quote") == 200
    assert decide(lab, mail, "request_quote") == 200
    assert timeline(lab, order_id).count("quote.fresh_asked") == 1
    fresh = quote(lab, order_id, day_after(lab, 30))
    assert decide(lab, mail, "approve") == 410
    assert decide(lab, fresh, "approve") == 200
    assert order_of(lab, order_id)["status"] == "completed"


def retire_key(lab: Lab) -> None:
    """Sign with another key from now on, and let the one before it be gone."""
    secret = json.dumps({"key_id": "another", "key": "another key of sixty-four characters".ljust(64, ".")})
    lab.client("secretsmanager").put_secret_value(SecretId=lab.stack.ref("SigningKeys"), SecretString=secret)
    lab.advance(minutes=6)


def test_a_reminder_of_a_link_whose_key_was_retired_brings_a_fresh_one(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id, day_after(lab, 20))
    retire_key(lab)
    lab.advance(days=4)
    assert timeline(lab, order_id).count("quote.reminded") == 1
    reminder = lab.mails.to(mail.recipients[0])[-1]
    assert reminder.link != mail.link
    assert lab.messages("MailDeadLetters") == []
    assert decide(lab, mail, "approve") == 404
    assert decide(lab, reminder, "approve") == 200


def test_a_bounce_under_a_retired_key_still_leads_to_a_fresh_link(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id, day_after(lab, 1))
    retire_key(lab)
    lab.advance(days=3)
    expired = lab.mails.to(mail.recipients[0])[-1]
    assert decide(lab, expired, "request_quote") == 200
    assert timeline(lab, order_id).count("quote.fresh_asked") == 1


def test_a_fresh_order_mail_after_the_key_was_retired_leads_somewhere(lab: Lab) -> None:
    order_id = place(lab)
    retire_key(lab)
    enrollment = accounts.body("acme")["enrollment"]
    lab.account("acme", enrollment={**enrollment, "contact": {"name": "Nora New", "email": "nora@acme.example"}})
    lab.settle()
    (fresh,) = (mail for mail in lab.mails.to("nora@acme.example") if mail.code)
    assert decide(lab, fresh, "cancel") == 200
    assert order_of(lab, order_id)["status"] == "canceled"


def test_a_new_contact_can_ask_for_a_fresh_quote_after_expiry(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    old = quote(lab, order_id, day_after(lab, 1))
    lab.advance(days=3)
    enrollment = accounts.body("acme")["enrollment"]
    lab.account("acme", enrollment={**enrollment, "contact": {"name": "Nora New", "email": "nora@acme.example"}})
    lab.settle()
    (mail,) = (mail for mail in lab.mails.to("nora@acme.example") if mail.code)
    assert "has expired" in mail.subject
    assert decide(lab, old, "request_quote") == 410
    assert timeline(lab, order_id).count("quote.fresh_asked") == 0
    assert decide(lab, mail, "request_quote") == 200
    assert timeline(lab, order_id).count("quote.fresh_asked") == 1
    fresh = quote(lab, order_id, day_after(lab, 30))
    assert decide(lab, fresh, "approve") == 200


def test_a_new_contact_is_not_asked_for_a_quote_request_already_made(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    old = quote(lab, order_id, day_after(lab, 1))
    lab.advance(days=3)
    assert decide(lab, old, "request_quote") == 200
    enrollment = accounts.body("acme")["enrollment"]
    lab.account("acme", enrollment={**enrollment, "contact": {"name": "Nora New", "email": "nora@acme.example"}})
    lab.settle()
    assert not [mail for mail in lab.mails.to("nora@acme.example") if mail.code]


def test_a_locked_out_contact_gets_a_fresh_link_to_request_a_quote(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id, day_after(lab, 1))
    lab.advance(days=3)
    assert mail.link
    wrong = "000000" if mail.code != "000000" else "000001"
    for _ in range(5):
        lab.http("POST", mail.link, form={"decision": "request_quote", "code": wrong})
    lab.settle()
    assert decide(lab, mail, "request_quote") == 423
    assert lab.http("POST", mail.link, form={"decision": "request_mail"}).status == 200
    lab.settle()
    fresh = lab.mails.to(mail.recipients[0])[-1]
    assert fresh.link != mail.link
    assert decide(lab, fresh, "request_quote") == 200


def test_staff_are_told_once_of_an_unclaimed_and_once_of_an_unquoted_order(lab: Lab) -> None:
    order_id = place(lab)
    lab.advance(days=4)
    assert timeline(lab, order_id).count("order.stale") == 1
    desk(lab, order_id, "claim")
    lab.advance(days=10)
    assert timeline(lab, order_id).count("order.stale") == 2
    texts = [mail for mail in lab.mails.about(order_id) if "waiting" in mail.subject]
    assert len(texts) == 2


def test_an_order_older_than_an_execution_continues_in_the_next(lab: Lab) -> None:
    order_id = place(lab)
    lab.advance(days=301)
    lab.functions.invoke("ReconcileFunction", {})
    lab.settle()
    assert [(execution.name, execution.status) for execution in lab.executions] == [
        (f"{order_id}-1", "SUCCEEDED"),
        (f"{order_id}-2", "RUNNING"),
    ]
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id, day_after(lab, 20))
    assert decide(lab, mail, "approve") == 200
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED", "SUCCEEDED"]


def test_a_quote_ends_with_the_accounts_day_on_the_day_when_clocks_go_forward(lab: Lab) -> None:
    lab.clock.move_to(datetime(2027, 3, 22, 9, tzinfo=UTC))
    lab.account("bolt")
    body = {"items": [{"kind": "ip_addresses", "quantity": 4, "start_date": "2027-06-01"}]}
    key = {"Idempotency-Key": "one"}
    response = lab.http("POST", "/api/orders", json=body, headers=key, user=lab.users.other_customer)
    order_id = response.json()["order_id"]
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id, "2027-03-28")
    lab.advance_to(datetime(2027, 3, 28, 21, 59, tzinfo=UTC))
    assert timeline(lab, order_id).count("quote.reminded") == 2
    assert lab.http("GET", str(mail.link)).status == 200
    lab.clock.move_to(datetime(2027, 3, 28, 22, tzinfo=UTC))
    assert lab.http("GET", str(mail.link)).status == 410
    assert decide(lab, mail, "approve") == 410
    lab.advance(hours=6)
    assert timeline(lab, order_id)[-1] == "quote.expired"
    assert [execution.status for execution in lab.executions] == ["RUNNING"]


def test_the_desk_calls_an_order_late_when_the_installation_does() -> None:
    with Lab.started(AlarmUnclaimedHours="5", AlarmUnquotedHours="7") as lab:
        order_id = place(lab)
        order = order_of(lab, order_id)
        assert _hours_until_late(order, order["placed_at"]) == 5
        lab.advance(hours=4)
        desk(lab, order_id, "claim")
        order = order_of(lab, order_id)
        assert _hours_until_late(order, order["updated_at"]) == 7
        (row,) = lab.http("GET", "/api/desk/orders?account_id=acme", user=lab.users.cs).json()["items"]
        assert row["late_after"] == order["late_after"]
        lab.advance(hours=8)
        assert timeline(lab, order_id).count("order.stale") == 1


def _hours_until_late(order: Json, since: str) -> float:
    waits = datetime.fromisoformat(order["late_after"]) - datetime.fromisoformat(since)
    return waits / timedelta(hours=1)
