"""The mail pause: no mail is sent, none is lost or fails, and after it each mail is sent once."""

from datetime import timedelta

from online_orders.aws import mail_pause
from tests.lab import Lab
from tests.workflow.walking import decide, desk, order_of, place, quote


def hold(lab: Lab) -> None:
    with lab.as_operator():
        mail_pause.pause("SES has asked us to pause", lab.clock.now())


def release(lab: Lab) -> bool:
    with lab.as_operator():
        return mail_pause.resume()


def ask_for_quote(lab: Lab, order_id: str) -> None:
    line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
    desk(lab, order_id, "quote", {"valid_until": "2027-01-01", "lines": [line]})


def test_mails_that_are_held_for_longer_than_a_message_has_tries_go_once_each(lab: Lab) -> None:
    hold(lab)
    order_id = place(lab)
    lab.advance(hours=5)
    assert lab.mails == []
    assert lab.messages("MailDeadLetters") == []
    assert len(lab.messages("MailQueue")) == 3
    assert release(lab)
    lab.advance(minutes=11)
    assert len(lab.mails.about(order_id)) == 3 == len(lab.mails)
    lab.advance(days=1)
    assert len(lab.mails.about(order_id)) == 3 + 1, "the three, and that nobody has claimed the order"


def test_a_paused_quote_stays_sending_and_goes_after_resuming(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    hold(lab)
    ask_for_quote(lab, order_id)
    lab.advance(hours=8)
    assert order_of(lab, order_id)["quote"]["state"] == "sending"
    assert not [mail for mail in lab.mails if mail.attachments]
    release(lab)
    lab.advance(minutes=16)
    order = order_of(lab, order_id)
    assert (order["status"], order["quote"]["state"]) == ("pending_confirmation", "offered")
    (mail,) = (mail for mail in lab.mails if mail.attachments)
    assert decide(lab, mail, "approve") == 200
    assert [(one.name, one.status) for one in lab.executions] == [(f"{order_id}-1", "SUCCEEDED")]
    assert "Mail is held" in lab.executions[0].states


def test_mails_that_were_held_tell_what_was_when_it_happened(lab: Lab) -> None:
    """Of the revision that was to be changed, and of the contact who had the link, whatever has become of both."""
    order_id = place(lab)
    desk(lab, order_id, "claim")
    ask_for_quote(lab, order_id)
    lab.settle()
    (mail,) = (mail for mail in lab.mails if mail.attachments)
    before, had = len(lab.mails), mail.recipients[0]
    hold(lab)
    wrong = "000000" if mail.code != "000000" else "111111"
    assert [decide(lab, mail, "approve", code=wrong) for _ in range(5)][-1] == 423
    desk(lab, order_id, "resend", {"contact": {"name": "Newt Later", "email": "newt@later.example"}})
    lab.advance(hours=1)
    release(lab)
    lab.advance(minutes=16)
    (locked,) = (each for each in lab.mails[before:] if "Link locked" in each.subject)
    assert f"<{had}>" in locked.text
    assert "Newt" not in locked.text
    assert "Status: Pending confirmation" in locked.text

    mail = lab.mails.to("newt@later.example")[-1]
    before = len(lab.mails)
    hold(lab)
    assert decide(lab, mail, "request_change") == 200
    line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "7", "recurrence": "monthly"}
    desk(lab, order_id, "quote", {"valid_until": "2027-01-02", "lines": [line]})
    release(lab)
    lab.advance(minutes=16)
    (requested,) = (each for each in lab.mails[before:] if "Change requested" in each.subject)
    assert "change of revision 1" in requested.text
    assert "Revision: 1" in requested.text
    assert "40.00" in requested.text
    assert "28.00" not in requested.text
    assert any("28.00" in each.text for each in lab.mails[before:]), "the next revision has its own mail"


def test_an_order_declined_while_mail_is_paused_never_mails_its_quote(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    hold(lab)
    ask_for_quote(lab, order_id)
    desk(lab, order_id, "decline", {"reason": "Sold out"})
    lab.advance(minutes=16)
    assert [one.status for one in lab.executions] == ["SUCCEEDED"]
    release(lab)
    lab.advance(minutes=16)
    assert not [mail for mail in lab.mails if mail.attachments]


def test_contact_changes_reach_orders_while_mail_is_paused(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    former = quote(lab, order_id)
    hold(lab)
    account = lab.http("GET", "/api/desk/accounts/acme", user=lab.users.cs).json()
    account["enrollment"]["contact"] = {"name": "Nina New", "email": "nina@acme.example"}
    lab.http("PUT", "/api/desk/accounts/acme", json=account, user=lab.users.cs)
    before = len(lab.mails)
    lab.advance(hours=1)
    assert order_of(lab, order_id)["contact"]["email"] == "nina@acme.example"
    assert lab.http("GET", str(former.link)).status == 410
    assert len(lab.mails) == before
    release(lab)
    lab.advance(minutes=20)
    texts = [mail.recipients[0] for mail in lab.mails[before:]]
    assert "nina@acme.example" in texts
    assert former.recipients[0] in texts
    assert lab.messages("AccountChanges") == []
    fresh = next(mail for mail in lab.mails[before:] if mail.attachments)
    assert decide(lab, fresh, "approve") == 200


def test_a_pause_keeps_its_reason_and_resuming_says_whether_there_was_one(lab: Lab) -> None:
    assert release(lab) is False
    hold(lab)
    since = lab.clock.now()
    lab.clock.move_to(since + timedelta(hours=1))
    with lab.as_operator():
        assert mail_pause.pause("another", lab.clock.now()).reason == "SES has asked us to pause"
    assert release(lab) is True
