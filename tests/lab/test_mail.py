"""SES takes mails, refuses them, and tells what became of them."""

import json
from email.message import EmailMessage
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab import Lab, Mail

Json = dict[str, Any]


def mime(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in {"From": "orders@example.com", "To": "Connie <connie@acme.example>", **headers}.items():
        message[name] = value
    message.set_content("Grüße\nhttps://orders.example.com/confirm/abc-123\n\nCode: 123456\n")
    message.add_alternative("<p>Grüße</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="quote.pdf")
    return message


def send(lab: Lab, message: EmailMessage, **options: Any) -> Any:
    return lab.client("sesv2").send_email(
        FromEmailAddress="orders@example.com",
        Content={"Raw": {"Data": message.as_bytes()}},
        ConfigurationSetName=lab.stack.ref("MailConfiguration"),
        EmailTags=[{"Name": "order_id", "Value": "o-1"}],
        **options,
    )


def sent(lab: Lab) -> Mail:
    send(lab, mime(Subject="Über"))
    return lab.mails[-1]


def test_a_mail_can_be_read(lab: Lab) -> None:
    response = send(lab, mime(Subject="Über"))
    (mail,) = lab.mails.to("connie@acme.example")
    assert response["MessageId"] == mail.message_id
    assert (mail.subject, mail.html.strip()) == ("Über", "<p>Grüße</p>")
    assert (mail.link, mail.token, mail.code) == ("https://orders.example.com/confirm/abc-123", "abc-123", "123456")
    assert [(one.name, one.content_type, one.content) for one in mail.attachments] == [
        ("quote.pdf", "application/pdf", b"%PDF")
    ]
    assert (mail.tags, mail.configuration_set) == ({"order_id": "o-1"}, lab.stack.ref("MailConfiguration"))


def test_the_envelope_says_whom_a_mail_goes_to(lab: Lab) -> None:
    send(lab, mime(), Destination={"ToAddresses": ["other@acme.example"]})
    assert lab.mails[-1].recipients == ("other@acme.example",)


def test_a_sender_that_is_not_verified_is_rejected(lab: Lab) -> None:
    with pytest.raises(ClientError, match="MessageRejected"):
        lab.client("sesv2").send_email(FromEmailAddress="x@else.example", Content={"Raw": {"Data": mime().as_bytes()}})


def test_ses_refuses_when_told_to(lab: Lab) -> None:
    lab.ses.refuse(to="connie@acme.example")
    lab.ses.refuse("TooManyRequestsException", times=1, to="nobody@acme.example")
    with pytest.raises(ClientError, match="BadRequestException"):
        sent(lab)
    assert sent(lab) in lab.mails


def test_an_outage_of_ses_lasts_until_it_is_over(lab: Lab) -> None:
    lab.ses.outage = "ServiceUnavailable"
    for _ in range(2):
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            sent(lab)
    lab.ses.outage = None
    assert sent(lab) in lab.mails


def test_a_domain_without_verification_sends_nothing_until_verified(lab: Lab) -> None:
    lost = lab.ses.unverify()
    assert lost == {"example.com"}
    with pytest.raises(ClientError, match=r"not verified.* in region EU-CENTRAL-1: orders@example.com$"):
        sent(lab)
    lab.ses.identities |= lost
    assert sent(lab) in lab.mails


def test_the_ses_sandbox_wants_verified_recipients_except_the_simulator(lab: Lab) -> None:
    lab.ses.in_sandbox = True
    with pytest.raises(ClientError, match=r"not verified.*: connie@acme.example$"):
        sent(lab)
    send(lab, mime(), Destination={"ToAddresses": ["success@simulator.amazonses.com"]})
    lab.ses.identities.add("acme.example")
    assert sent(lab) in lab.mails


@pytest.mark.parametrize(
    ("kind", "detail_type"),
    [
        ("Bounce", "Email Bounced"),
        ("Complaint", "Email Complaint Received"),
        ("Delivery", "Email Delivered"),
        ("Reject", "Email Rejected"),
    ],
)
def test_news_of_a_mail_reach_the_function_of_the_rule(lab: Lab, kind: Any, detail_type: str) -> None:
    heard: list[Json] = []
    lab.functions.replace("MailEventsFunction", lambda event, context: heard.append(event))
    mail = sent(lab)
    lab.ses_event(kind, mail)
    lab.settle()
    ((record,),) = (event["Records"] for event in heard)
    event = json.loads(record["body"])
    assert (event["source"], event["detail-type"]) == ("aws.ses", detail_type)
    assert event["detail"]["eventType"] == kind
    assert event["detail"]["mail"]["messageId"] == mail.message_id
    assert event["detail"]["mail"]["tags"]["order_id"] == ["o-1"]
    assert kind[0].lower() + kind[1:] in event["detail"]


def test_events_that_the_configuration_set_does_not_send_cannot_be_played(lab: Lab) -> None:
    with pytest.raises(AssertionError, match="sends no Send events"):
        lab.ses_event("Send", sent(lab))


def test_a_function_that_fails_on_an_event_is_retried_three_times(lab: Lab) -> None:
    """Of an asynchronous invocation, as a rule's without a queue is."""

    def handler(event: Json, context: Any) -> None:
        raise RuntimeError("not now")

    lab.functions.replace("MailEventsFunction", handler)
    lab.eventbridge.invoke("MailEventsFunction", "aws.ses", "Email Bounced", {}, [])
    lab.settle()
    assert len(lab.errors) == 1
    lab.advance(minutes=4)
    assert len(lab.errors.take("MailEventsFunction")) == 3
    (given_up,) = lab.eventbridge.discarded
    assert given_up.event["detail-type"] == "Email Bounced"


def test_a_queue_whose_policy_does_not_let_the_rule_in_is_refused(lab: Lab) -> None:
    (rule,) = (each for each in lab.stack.rules if ":sqs:" in each["Targets"][0]["Arn"])
    queue = rule["Targets"][0]["Arn"]
    assert lab._lets_in(queue, rule["Arn"])
    assert not lab._lets_in(queue, f"{rule['Arn']}-of-another")
    assert not lab._lets_in(lab.stack.attribute("MailQueue", "Arn"), rule["Arn"])


def test_a_suppressed_address_can_be_lifted_once(lab: Lab) -> None:
    lab.ses.suppressed.add("connie@acme.example")
    lab.client("sesv2").delete_suppressed_destination(EmailAddress="connie@acme.example")
    assert not lab.ses.suppressed
    with pytest.raises(ClientError, match="NotFoundException"):
        lab.client("sesv2").delete_suppressed_destination(EmailAddress="connie@acme.example")


def _tagged(lab: Lab, tags: list[Json]) -> Any:
    content = {"Raw": {"Data": mime().as_bytes()}}
    return lab.client("sesv2").send_email(FromEmailAddress="orders@example.com", Content=content, EmailTags=tags)


@pytest.mark.parametrize("text", ["acme.de", "a@b", "a b", "ä", "", "x" * 257, "a\n"])
def test_a_tag_that_ses_refuses_is_refused(lab: Lab, text: str) -> None:
    for tag in ({"Name": "account_id", "Value": text}, {"Name": text, "Value": "acme"}):
        with pytest.raises(ClientError, match="BadRequestException"):
            _tagged(lab, [tag])


def test_a_mail_has_fifty_tags_at_most_and_none_twice(lab: Lab) -> None:
    tags = [{"Name": f"tag{number}", "Value": "x" * 256} for number in range(51)]
    _tagged(lab, tags[:50])
    for refused in (tags, [tags[0], tags[0]]):
        with pytest.raises(ClientError, match="BadRequestException"):
            _tagged(lab, refused)


def test_the_sender_of_the_call_takes_the_place_of_the_headers(lab: Lab) -> None:
    """As in SES's second API, where a bare address takes the name away."""
    message = mime(**{"From": "Orders <orders@example.com>", "Reply-To": "Desk <desk@example.com>"})
    send(lab, message)
    lab.client("sesv2").send_email(Content={"Raw": {"Data": message.as_bytes()}})
    assert [(mail.sender_name, mail.sender) for mail in lab.mails] == [
        ("", "orders@example.com"),
        ("Orders", "orders@example.com"),
    ]
    assert lab.mails[0].reply_to == ("desk@example.com",)
