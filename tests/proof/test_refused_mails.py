"""SES throttles, fails for a while, or refuses for good: every mail goes once, or Customer Success is told."""

import pytest

from tests.lab import Lab
from tests.proof.flows import CONTACT
from tests.proof.test_mending import counted
from tests.workflow.walking import decide, desk, order_of, place, timeline

BODY = {
    "valid_until": "2027-01-01",
    "lines": [{"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}],
}
ATTEMPTS_OF_ONE_CALL = 5
"""The SDK's own, at most."""


def quote_mails(lab: Lab) -> int:
    return sum(mail.tags["kind"] == "quote" for mail in lab.mails.to(CONTACT))


@pytest.mark.parametrize(
    ("error", "times"), [("TooManyRequestsException", 2 * ATTEMPTS_OF_ONE_CALL), ("SendingPausedException", 3)]
)
def test_a_quote_that_ses_cannot_take_yet_is_tried_again_later_and_goes_once(lab: Lab, error: str, times: int) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.ses.refuse(error, times=times, to=CONTACT)
    desk(lab, order_id, "quote", BODY)
    assert order_of(lab, order_id)["quote"]["state"] == "sending"
    began = lab.clock.now()
    lab.advance(minutes=30)
    assert order_of(lab, order_id)["quote"]["state"] == "offered"
    assert quote_mails(lab) == 1
    waited = lab.mails.to(CONTACT)[-1].sent_at - began
    assert waited.total_seconds() >= 2, "it came back at once"
    assert decide(lab, lab.mails.to(CONTACT)[-1], "approve") == 200
    lab.errors.take()


def test_a_quote_that_ses_refuses_for_good_is_undeliverable_and_customer_success_is_told(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.ses.refuse("MessageRejected", to=CONTACT)
    desk(lab, order_id, "quote", BODY)
    assert order_of(lab, order_id)["quote"]["state"] == "undeliverable"
    assert quote_mails(lab) == 0
    told = [mail for mail in lab.mails if mail.tags["kind"] == "quote_undeliverable"]
    assert len(told) == 1
    assert "quote.undeliverable" in timeline(lab, order_id)
    lab.advance(hours=1)
    assert quote_mails(lab) == 0


def test_a_quote_that_ses_throttles_for_ever_is_given_up_and_customer_success_is_told(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.ses.refuse("TooManyRequestsException", times=1_000, to=CONTACT)
    desk(lab, order_id, "quote", BODY)
    lab.advance(hours=2)
    assert order_of(lab, order_id)["quote"]["state"] == "undeliverable"
    assert sum(mail.tags["kind"] == "quote_undeliverable" for mail in lab.mails) == 1
    assert counted(lab, "QuotesGivenUp") == 1
    lab.errors.take()


def test_a_mail_that_tells_of_something_waits_for_ses_and_goes_once(lab: Lab) -> None:
    lab.ses.refuse("TooManyRequestsException", times=2 * ATTEMPTS_OF_ONE_CALL)
    place(lab)
    lab.advance(minutes=30)
    kinds = sorted((mail.recipients, mail.tags["kind"]) for mail in lab.mails)
    assert len(kinds) == len(set(kinds)) == 3
    assert lab.messages("MailDeadLetters") == []
    lab.errors.take()
