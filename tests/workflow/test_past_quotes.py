"""A quote whose mail is held past its last day, by the operator, the time of undoing, or SES; and one resent after."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.lab import Lab, accounts
from tests.lab.mail import Mail
from tests.workflow.test_mail_pause import hold, release
from tests.workflow.walking import decide, desk, order_of, place, quote, timeline

LINE = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}


@pytest.fixture
def undoing() -> Iterator[Lab]:
    with Lab.started(QuoteUndoSeconds="60") as started:
        yield started
        assert not started.errors, f"functions failed: {started.errors}"


def local(lab: Lab) -> datetime:
    """The instant by the account's clock."""
    return lab.clock.now().astimezone(ZoneInfo(accounts.body("acme")["time_zone"]))


def ask_for_quote(lab: Lab, order_id: str, days: int) -> None:
    """With so many days to its last."""
    last_day = (local(lab) + timedelta(days=days)).date().isoformat()
    desk(lab, order_id, "quote", {"valid_until": last_day, "lines": [LINE]})


def quote_mails(lab: Lab) -> list[Mail]:
    return [mail for mail in lab.mails if mail.attachments]


def claimed(lab: Lab) -> str:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    return order_id


def is_back_at_the_desk(lab: Lab, order_id: str) -> None:
    order = order_of(lab, order_id)
    assert (order["status"], order["quote"]["state"]) == ("in_process", "expired")
    assert quote_mails(lab) == []
    about = [mail for mail in lab.mails.about(order_id) if "xpired" in mail.subject]
    assert len(about) == 1, "to the desk, and not to the contact"
    assert "was not written to" in about[0].text
    assert "quote.expired" in timeline(lab, order_id)
    ask_for_quote(lab, order_id, days=9)
    lab.advance(minutes=20)
    (mail,) = quote_mails(lab)
    assert decide(lab, mail, "approve") == 200
    assert [one.status for one in lab.executions] == ["SUCCEEDED"]


def test_a_quote_paused_past_its_last_day_is_not_mailed_and_staff_are_told(lab: Lab) -> None:
    order_id = claimed(lab)
    hold(lab)
    ask_for_quote(lab, order_id, days=0)
    lab.advance(days=1)
    assert order_of(lab, order_id)["quote"]["state"] == "expired", "though mail is held still"
    release(lab)
    lab.advance(hours=1)
    is_back_at_the_desk(lab, order_id)


def test_a_quote_undoable_over_midnight_is_not_mailed_after_its_last_day(undoing: Lab) -> None:
    order_id = claimed(undoing)
    undoing.advance_to(local(undoing).replace(hour=23, minute=59, second=30).astimezone(UTC))
    ask_for_quote(undoing, order_id, days=0)
    undoing.advance(seconds=60)
    is_back_at_the_desk(undoing, order_id)


def test_a_quote_that_ses_did_not_accept_in_time_is_not_mailed(lab: Lab) -> None:
    order_id = claimed(lab)
    lab.advance_to(local(lab).replace(hour=20, minute=0).astimezone(UTC))
    lab.ses.refuse("SendingPausedException", times=500, to="contact@acme.example")
    ask_for_quote(lab, order_id, days=0)
    lab.advance(hours=6)
    assert order_of(lab, order_id)["quote"]["state"] == "expired"
    lab.ses.accept()
    lab.advance(hours=1)
    is_back_at_the_desk(lab, order_id)


def test_a_past_quote_is_not_resent_and_the_refusal_says_so(lab: Lab) -> None:
    order_id = claimed(lab)
    mail = quote(lab, order_id, valid_until="2026-11-30")
    lab.advance(days=30)
    sent = len(quote_mails(lab))
    path = f"/api/desk/orders/{order_id}/resend"
    response = lab.http("POST", path, json={}, user=lab.users.cs)
    assert (response.status, response.json()["code"]) == (409, "conflict")
    lab.settle()
    assert len(quote_mails(lab)) == sent
    assert mail.link


def test_a_resent_mail_paused_past_the_last_day_is_not_sent(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id, valid_until=(lab.clock.now() + timedelta(days=1)).date().isoformat())
    hold(lab)
    desk(lab, order_id, "resend")
    lab.advance(days=3)
    release(lab)
    lab.advance(hours=1)
    order = order_of(lab, order_id)
    assert (order["status"], order["quote"]["state"]) == ("pending_confirmation", "expired")
    assert len(quote_mails(lab)) == 1, "the first"


def test_a_reminder_that_was_held_past_the_last_day_is_not_sent(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id, valid_until=(lab.clock.now() + timedelta(days=5)).date().isoformat())
    lab.advance(days=2, hours=20)
    hold(lab)
    lab.advance(hours=12)
    assert "quote.reminded" in timeline(lab, order_id)
    lab.advance(days=4)
    before = len(lab.mails.about(order_id))
    release(lab)
    lab.advance(hours=1)
    late = [mail.subject for mail in lab.mails.about(order_id)[before:]]
    assert late
    assert all("xpired" in subject for subject in late), late


def test_an_order_closed_while_mail_is_paused_mails_no_cancel_link(lab: Lab) -> None:
    hold(lab)
    order_id = place(lab)
    path = f"/api/orders/{order_id}/cancel"
    assert lab.http("POST", path, json={}, user=lab.users.customer).status == 200
    release(lab)
    lab.advance(hours=1)
    mails = lab.mails.about(order_id)
    assert not [mail for mail in mails if mail.link]
    assert len(mails) == 5, (
        "that the order was received, to whom placed it; that it is new; that it is canceled, to all"
    )
