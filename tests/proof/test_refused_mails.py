"""SES takes no mail for a while, or not this one: what waits goes once, and of what does not go somebody is told."""

import os
from typing import Any

import pytest

from online_orders.aws import mail_pause
from tests.lab import Lab, Mail
from tests.proof.conftest import LONG
from tests.proof.flows import CONTACT
from tests.proof.test_mending import counted
from tests.workflow.walking import decide, desk, order_of, place, timeline

Json = dict[str, Any]

BODY = {
    "valid_until": "2027-01-01",
    "lines": [{"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}],
}
SUCCESSOR = {"name": "Nina New", "email": "nina@acme.example"}
NOT_VERIFIED = "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: "


def quote_mails(lab: Lab) -> int:
    return sum(mail.tags["kind"] == "quote" for mail in lab.mails.to(CONTACT))


def kinds(lab: Lab) -> list[tuple[str, str]]:
    """What went to whom."""
    return sorted((mail.tags["kind"], ", ".join(mail.recipients)) for mail in lab.mails)


def quoted(lab: Lab) -> str:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    desk(lab, order_id, "quote", BODY)
    return order_id


def report_contact(lab: Lab) -> None:
    body = {"text": "She has left."}
    assert lab.http("POST", "/api/account/contact-report", json=body, user=lab.users.customer).status == 202
    lab.settle()


def move_contact(lab: Lab) -> None:
    account = lab.http("GET", "/api/desk/accounts/acme", user=lab.users.cs).json()
    account["enrollment"]["contact"] = SUCCESSOR
    assert lab.http("PUT", "/api/desk/accounts/acme", json=account, user=lab.users.cs).status == 200
    lab.settle()


def everything_went_once(lab: Lab, order_id: str) -> None:
    """All that an order, its quote, a report and another contact call for; who was asked first is not written to.

    The new contact gets the order's own mail once more if that comes before the quote.
    """
    mailbox = lab.stack.ref("CustomerSuccessMailbox")
    once_more = ("order_received", SUCCESSOR["email"])
    went = kinds(lab)
    assert went.count(once_more) in {1, 2}
    assert [each for each in went if each != once_more] == [
        ("contact_changed", CONTACT),
        ("contact_changed", SUCCESSOR["email"]),
        ("contact_report", mailbox),
        ("new_order", mailbox),
        ("order_received", lab.users.customer.email),
        ("quote", SUCCESSOR["email"]),
    ]
    assert order_of(lab, order_id)["status"] == "pending_confirmation"
    for queue in ("MailQueue", "AccountChanges", "MailNews", "MailDeadLetters", "StreamDeadLetters"):
        assert lab.messages(queue) == [], queue
    assert {execution.status for execution in lab.executions} == {"RUNNING"}


# -- the installation's fault: it waits --------------------------------------------------------------------------------


INSTALLATIONS_FAULTS = [
    ("AccountSuspendedException", None),
    ("SendingPausedException", None),
    ("MailFromDomainNotVerifiedException", None),
    ("LimitExceededException", None),
    ("TooManyRequestsException", None),
    ("ThrottlingException", "Daily message quota exceeded"),
    ("NotFoundException", "Configuration set <lab-mail> does not exist."),
    ("AccessDeniedException", None),
    ("ServiceUnavailable", None),
    ("MessageRejected", f"{NOT_VERIFIED}orders@example.com"),
    ("MessageRejected", f"{NOT_VERIFIED}virus.blacklisted@illegal.example"),
    ("MessageRejected", "Account is paused."),
    ("MessageRejected", "for a reason that nobody knows"),
]


@pytest.mark.parametrize(
    ("error", "why"),
    # Each is told apart in tests/aws/test_mail.py; the short form lives through every third of them.
    INSTALLATIONS_FAULTS if os.environ.get(LONG) else INSTALLATIONS_FAULTS[::3],
)
def test_what_is_the_installations_fault_waits_and_goes_once(lab: Lab, error: str, why: str | None) -> None:
    lab.ses.refuse(error, times=1_000, why=why)
    order_id = quoted(lab)
    lab.advance(minutes=3)
    assert lab.mails == []
    assert order_of(lab, order_id)["quote"]["state"] == "sending"
    assert counted(lab, "MailsRefused") > 10, "the alarm rings"
    lab.ses._refusals.clear()
    lab.advance(minutes=3)
    assert quote_mails(lab) == 1
    assert len(lab.mails) == len(set(kinds(lab))) == 4
    assert decide(lab, next(mail for mail in lab.mails if mail.attachments), "approve") == 200
    lab.errors.take()


def test_what_was_asked_for_before_the_domain_is_verified_goes_once_it_is(lab: Lab) -> None:
    domain = lab.ses.unverify()
    order_id = quoted(lab)
    report_contact(lab)
    move_contact(lab)
    lab.advance(minutes=40)
    assert lab.mails == []
    assert order_of(lab, order_id)["contact"]["email"] == SUCCESSOR["email"], "the orders do not wait for the mails"
    assert counted(lab, "MailsRefused") > 0
    lab.ses.identities |= domain
    lab.advance(minutes=16)
    everything_went_once(lab, order_id)
    lab.errors.take()


def test_in_the_sandbox_of_ses_mails_wait_until_their_recipients_are_verified(lab: Lab) -> None:
    lab.ses.in_sandbox = True
    order_id = quoted(lab)
    lab.advance(minutes=20)
    verified = {"new_order": lab.stack.ref("CustomerSuccessMailbox"), "order_received": lab.users.customer.email}
    assert kinds(lab) == sorted(verified.items()), "they are of the domain that is verified"
    lab.ses.identities.add(CONTACT)
    lab.advance(minutes=16)
    assert len(lab.mails) == len(set(kinds(lab))) == 4
    assert order_of(lab, order_id)["status"] == "pending_confirmation"
    assert [failure for failure in lab.errors if failure.type == "AccessDenied"] == []
    lab.errors.take()


@pytest.mark.timeout(900)  # some eight hundred tries
def test_a_day_without_ses_delays_mails_and_changes_and_loses_none(lab: Lab, long: bool) -> None:
    """The short form is of a quarter of a day; that queues outlast a day is tried below with fewer messages."""
    hours = 12 if long else 3
    lab.ses.outage = "SendingPausedException"
    order_id = quoted(lab)
    report_contact(lab)
    lab.advance(hours=hours)
    move_contact(lab)
    lab.advance(hours=hours + 1)
    assert lab.messages("MailDeadLetters") == []
    lab.ses.outage = None
    lab.advance(minutes=16)
    everything_went_once(lab, order_id)
    lab.errors.take()


def test_a_day_of_throttled_pollers_delays_mails_and_events_and_loses_none(lab: Lab) -> None:
    order_id = quoted(lab)
    mail = lab.mails.to(CONTACT)[-1]
    before = len(lab.mails)
    lab.queue.throttled |= {"MailerFunction", "AccountChangesFunction", "MailEventsFunction"}
    lab.ses_event("Bounce", mail)
    report_contact(lab)
    move_contact(lab)
    lab.advance(hours=30)
    assert len(lab.mails) == before + 1, "the quote to the new contact, by the workflow, which looks at the account"
    lab.queue.throttled.clear()
    lab.advance(minutes=16)
    assert sorted(kind for kind, _ in kinds(lab)) == sorted(
        [*["quote"] * 2, *["order_received"] * 2, *["contact_changed"] * 2, "new_order", "contact_report"]
    )
    assert order_of(lab, order_id)["quote"]["state"] == "offered"
    assert [lab.messages(queue) for queue in ("MailDeadLetters", "StreamDeadLetters")] == [[], []]


def test_news_of_a_bounce_outlast_a_day_without_the_table(lab: Lab) -> None:
    order_id = quoted(lab)
    for n in range(1, 300):
        lab.wire.fail(n, function="MailEventsFunction", operation="GetItem", error="InternalServerError")
    lab.ses_event("Bounce", lab.mails.to(CONTACT)[-1])
    lab.advance(hours=25)
    assert order_of(lab, order_id)["quote"]["state"] == "offered"
    assert len(lab.errors.take("MailEventsFunction")) < 250, "pauses grow"
    lab.wire.heal()
    lab.advance(minutes=16)
    assert order_of(lab, order_id)["quote"]["state"] == "undeliverable"
    assert timeline(lab, order_id).count("quote.undeliverable") == 1
    assert lab.messages("StreamDeadLetters") == []
    lab.errors.take()


# -- a quote is given up after a day, and not before ------------------------------------------------------------------


def test_a_quote_that_ses_never_accepts_is_given_up_after_a_day(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.ses.refuse("SendingPausedException", times=10_000, to=CONTACT)
    desk(lab, order_id, "quote", BODY)
    lab.advance(hours=23, minutes=59)
    assert order_of(lab, order_id)["quote"]["state"] == "sending"
    assert counted(lab, "QuotesGivenUp") == 0
    lab.advance(minutes=17)
    assert order_of(lab, order_id)["quote"]["state"] == "undeliverable"
    assert sum(mail.tags["kind"] == "quote_undeliverable" for mail in lab.mails) == 1
    assert counted(lab, "QuotesGivenUp") == 1
    (execution,) = lab.executions
    assert len(execution.history) < 2_500, "of the 25,000 events that an execution may have"
    lab.errors.take()


def test_a_quote_whose_step_crashes_is_given_up_after_a_day_and_not_before(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    works = lab.functions["SendQuoteFunction"].handler

    def crashes(event: Json, context: Any) -> None:
        raise RuntimeError("this step never works")

    lab.functions.replace("SendQuoteFunction", crashes)
    desk(lab, order_id, "quote", BODY)
    lab.advance(hours=25)
    assert order_of(lab, order_id)["quote"]["state"] == "sending"
    lab.advance(hours=30)
    assert order_of(lab, order_id)["quote"]["state"] == "undeliverable"
    assert "Give up quote" in lab.executions[0].states
    assert counted(lab, "QuotesGivenUp") == 1
    lab.functions.replace("SendQuoteFunction", works)
    lab.errors.take()


def test_a_revision_quoted_during_retries_has_a_day_of_its_own(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.ses.refuse("SendingPausedException", times=10_000, to=CONTACT)
    desk(lab, order_id, "quote", BODY)
    lab.advance(hours=23, minutes=50)
    desk(lab, order_id, "quote", BODY)
    lab.advance(hours=2)
    assert order_of(lab, order_id)["quote"]["state"] == "sending"
    lab.ses._refusals.clear()
    lab.advance(minutes=16)
    assert (order_of(lab, order_id)["quote"]["revision"], quote_mails(lab)) == (2, 1)
    assert order_of(lab, order_id)["status"] == "pending_confirmation"


def test_quotes_paused_for_over_a_day_are_still_tried_for_a_day(lab: Lab) -> None:
    with lab.as_operator():
        mail_pause.pause("SES has asked us to pause", lab.clock.now())
    order_id = quoted(lab)
    lab.queue.paused = True  # the other mails go round as well, and that is shown elsewhere
    lab.advance(hours=26)
    lab.ses.refuse("SendingPausedException", times=10_000, to=CONTACT)
    with lab.as_operator():
        assert mail_pause.resume()
    lab.advance(hours=2)
    assert order_of(lab, order_id)["quote"]["state"] == "sending"
    lab.ses._refusals.clear()
    lab.advance(minutes=16)
    assert (order_of(lab, order_id)["quote"]["state"], quote_mails(lab)) == ("offered", 1)


# -- the message's or the address's own fault: it is refused ----------------------------------------------------------

FINAL = [
    ("BadRequestException", "Missing final '@domain'"),
    ("MessageRejected", "Address blacklisted."),
    ("MessageRejected", "The message contains invalid content."),
]


@pytest.mark.parametrize(("error", "why"), FINAL)
def test_a_quote_that_ses_refuses_for_good_is_undeliverable(lab: Lab, error: str, why: str) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.ses.refuse(error, to=CONTACT, why=why)
    desk(lab, order_id, "quote", BODY)
    assert order_of(lab, order_id)["quote"]["state"] == "undeliverable"
    assert quote_mails(lab) == 0
    assert counted(lab, "MailsRefused") == 1
    texts = [mail for mail in lab.mails if mail.tags["kind"] == "quote_undeliverable"]
    assert len(texts) == 1
    assert "quote.undeliverable" in timeline(lab, order_id)
    lab.advance(hours=1)
    assert quote_mails(lab) == 0


@pytest.mark.parametrize(("error", "why"), FINAL)
def test_a_mail_that_ses_refuses_for_good_is_tried_once_and_counted(lab: Lab, error: str, why: str) -> None:
    lab.ses.refuse(error, to=CONTACT, why=why)
    place(lab)
    lab.advance(hours=1)
    assert [mail.tags["kind"] for mail in lab.mails.to(CONTACT)] == []
    assert len(lab.mails) == 2
    assert counted(lab, "MailsRefused") == 1
    assert lab.messages("MailQueue") == lab.messages("MailDeadLetters") == []


@pytest.mark.parametrize("contact", [None, SUCCESSOR], ids=["to the same contact", "to a corrected one"])
def test_a_first_quote_that_was_refused_is_resent(lab: Lab, contact: Json | None) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.ses.refuse(to=CONTACT)
    desk(lab, order_id, "quote", BODY)
    assert order_of(lab, order_id)["status"] == "in_process"
    lab.ses.suppressed.add(CONTACT)
    desk(lab, order_id, "resend", {"contact": contact} if contact else {})
    order = order_of(lab, order_id)
    assert (order["status"], order["quote"]["state"]) == ("pending_confirmation", "offered")
    mail = next(mail for mail in lab.mails if mail.attachments)
    assert mail.recipients == ((contact or {"email": CONTACT})["email"],)
    assert lab.ses.suppressed == ({CONTACT} if contact else set()), "its own address is lifted"
    assert decide(lab, mail, "approve") == 200
    assert order_of(lab, order_id)["status"] == "completed"


# -- news are believed of our own mails alone --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "forged", "why"),
    [
        ("Bounce", {"source": "boss@example.com"}, "sender"),
        ("Delivery", {"source": "orders@evil.example"}, "sender"),
        ("Reject", {"source": ""}, "sender"),
        ("Bounce", {"destination": ["bounce@simulator.amazonses.com"]}, "recipient"),
        ("Complaint", {"destination": ["bounce@simulator.amazonses.com"]}, "recipient"),
        ("Delivery", {"destination": [CONTACT, "somebody@else.example"]}, "recipient"),
        ("Reject", {"destination": []}, "recipient"),
        ("Bounce", {"tags": {"order_id": ["01KAND6R0000000000000000AB"]}}, "order"),
    ],
)
def test_events_of_other_mails_are_ignored_counted_and_logged(lab: Lab, kind: Any, forged: Json, why: str) -> None:
    order_id = quoted(lab)
    mail: Mail = lab.mails.to(CONTACT)[-1]
    before = order_of(lab, order_id)["quote"], timeline(lab, order_id)
    lab.ses_event(kind, mail, forged=forged)
    lab.advance(minutes=5)
    assert (order_of(lab, order_id)["quote"], timeline(lab, order_id)) == before
    assert counted(lab, "MailEventsIgnored") == 1
    (line,) = lab.log.entries(message="an event of a mail was ignored")
    assert line["why"] == why
    assert "@" not in str(line)
    assert lab.messages("MailNews") == []


def test_news_that_write_addresses_otherwise_are_believed(lab: Lab) -> None:
    order_id = quoted(lab)
    forged = {"source": "Online Orders <Orders@Example.com>", "destination": [CONTACT.upper()]}
    lab.ses_event("Bounce", lab.mails.to(CONTACT)[-1], forged=forged)
    lab.settle()
    assert order_of(lab, order_id)["quote"]["state"] == "undeliverable"
    assert counted(lab, "MailEventsIgnored") == 0


def test_news_of_a_mail_to_a_former_contact_are_no_forgery(lab: Lab) -> None:
    order_id = quoted(lab)
    former = lab.mails.to(CONTACT)[-1]
    move_contact(lab)
    lab.ses_event("Bounce", former)
    lab.settle()
    assert order_of(lab, order_id)["quote"]["state"] == "offered"
    assert counted(lab, "MailEventsIgnored") == 0


def test_an_event_that_is_given_to_the_function_by_hand_is_heard(lab: Lab) -> None:
    """As the handbook says to do with dead letters, and as rules of an earlier release do."""
    order_id = quoted(lab)
    detail = lab.ses.event("Bounce", lab.mails.to(CONTACT)[-1])
    assert detail
    lab.eventbridge.invoke("MailEventsFunction", "aws.ses", "Email Bounced", detail, [])
    lab.settle()
    assert order_of(lab, order_id)["quote"]["state"] == "undeliverable"
