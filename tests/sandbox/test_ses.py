import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from starlette.applications import Starlette

from emulation.ses_rules import EventType, Sending, SesError, accept, describe, detail_of
from sandbox.mailbox import Mailbox
from sandbox.ses import EICAR, Ses
from tests import loopback
from tests.sandbox.serving import serving
from tests.waiting import until

SENDER = "orders@vendor.example"
CONFIGURATION = "mail"
ALL = frozenset({"SEND", "REJECT", "DELIVERY", "BOUNCE", "COMPLAINT"})
SENDING = Sending(
    "eu-central-1", "000000000000", frozenset({"vendor.example"}), {CONFIGURATION: ALL, "silent": frozenset()}
)
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


class Desk:
    """A client of SES, as the functions have one, and what comes of its calls."""

    def __init__(self, client: Any, mailbox: Mailbox, events: list[dict[str, Any]]) -> None:
        self.client = client
        self.mailbox = mailbox
        self.events = events

    def send(self, to: str, configuration_set: str | None = CONFIGURATION, **changed: Any) -> str:
        request: dict[str, Any] = {
            "FromEmailAddress": f"Vendor <{SENDER}>",
            "Destination": {"ToAddresses": [to]},
            "Content": {"Simple": {"Subject": {"Data": "Quote"}, "Body": {"Text": {"Data": "Confirm"}}}},
            "EmailTags": [{"Name": "order_id", "Value": "o1"}],
        }
        if configuration_set:
            request["ConfigurationSetName"] = configuration_set
        return str(self.client.send_email(**(request | changed))["MessageId"])

    def events_of(self, message_id: str, count: int) -> list[dict[str, Any]]:
        def found() -> list[dict[str, Any]]:
            return [event for event in self.events if event["detail"]["mail"]["messageId"] == message_id]

        until(lambda: len(found()) >= count, 5, every=0.02)
        return found()

    def outcome(self, to: str, count: int) -> list[str]:
        return [event["detail-type"] for event in self.events_of(self.send(to), count)]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    mailbox, events = Mailbox("http://localhost:8080"), list[dict[str, Any]]()
    with serving(Starlette(routes=Ses(lambda: SENDING, mailbox, events.append).routes())) as address:
        client = loopback.aws("sesv2", address)
        yield Desk(client, mailbox, events)


def raw(message: EmailMessage) -> dict[str, Any]:
    return {"Raw": {"Data": message.as_bytes()}}


def a_message(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in ({"From": f"Vendor <{SENDER}>", "To": "a@b.example", "Subject": "Grüße"} | headers).items():
        message[name] = value
    message.set_content("Text")
    message.add_alternative("<p>Text</p>", subtype="html")
    message.add_attachment(b"\x00PDF", maintype="application", subtype="pdf", filename="quote.pdf")
    return message


def error_of(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_raw_mail_is_kept_with_its_parts(desk: Desk) -> None:
    message_id = desk.client.send_email(Content=raw(a_message()))["MessageId"]
    (mail,) = [mail for mail in desk.mailbox.mails() if mail.id == message_id]

    assert (mail.to, mail.sender, mail.subject) == (("a@b.example",), SENDER, "Grüße")
    assert (mail.text, mail.html) == ("Text\n", "<p>Text</p>\n")
    assert [(a.name, a.content_type, a.content) for a in mail.attachments] == [
        ("quote.pdf", "application/pdf", b"\x00PDF")
    ]


@pytest.mark.parametrize(
    ("named", "name"),
    [
        ({}, "Vendor"),
        ({"FromEmailAddress": SENDER}, ""),
        ({"FromEmailAddress": f"=?utf-8?q?=C3=9Cb?= <{SENDER}>"}, "Üb"),
    ],
)
def test_the_sender_of_the_call_takes_the_place_of_the_headers(desk: Desk, named: dict[str, str], name: str) -> None:
    """As in SES's second API, where a bare address takes the name away."""
    content = raw(a_message(**{"Reply-To": "Desk <desk@vendor.example>"}))
    message_id = desk.client.send_email(Content=content, **named)["MessageId"]
    (mail,) = [mail for mail in desk.mailbox.mails() if mail.id == message_id]
    assert (mail.sender_name, mail.sender, mail.reply_to) == (name, SENDER, ("desk@vendor.example",))


def test_a_simple_mail_is_kept_with_its_parts(desk: Desk) -> None:
    simple = {
        "Subject": {"Data": "Grüße"},
        "Body": {"Text": {"Data": "Text"}, "Html": {"Data": "<p>Text</p>"}},
        "Attachments": [{"FileName": "quote.pdf", "RawContent": b"\x00PDF", "ContentType": "application/pdf"}],
    }
    message_id = desk.send("a@b.example", Content={"Simple": simple})
    (mail,) = [mail for mail in desk.mailbox.mails() if mail.id == message_id]

    assert (mail.to, mail.sender, mail.subject) == (("a@b.example",), SENDER, "Grüße")
    assert (mail.text, mail.html) == ("Text\n", "<p>Text</p>\n")
    assert [(a.name, a.content) for a in mail.attachments] == [("quote.pdf", b"\x00PDF")]


def test_the_envelope_says_who_gets_a_mail(desk: Desk) -> None:
    message_id = desk.client.send_email(
        Content=raw(a_message(To="shown@b.example")), Destination={"BccAddresses": ["Hidden <hidden@b.example>"]}
    )["MessageId"]

    assert [mail.to for mail in desk.mailbox.mails() if mail.id == message_id] == [("hidden@b.example",)]


def test_a_sender_that_is_not_verified_is_rejected(desk: Desk) -> None:
    assert error_of(lambda: desk.send("a@b.example", FromEmailAddress="x@other.example")) == ("MessageRejected", 400)


def a_raw_body(to: str) -> dict[str, Any]:
    content = {"Raw": {"Data": base64.b64encode(a_message(To=to).as_bytes()).decode()}}
    return {"Content": content, "ConfigurationSetName": CONFIGURATION}


def test_an_identity_that_is_lost_is_missed_at_the_next_mail() -> None:
    known = {"vendor.example"}
    mailbox = Mailbox("http://localhost:8080")

    def look() -> Sending:
        return replace(SENDING, verified=frozenset(known))

    with serving(Starlette(routes=Ses(look, mailbox, lambda event: None).routes())) as address:
        client = loopback.aws("sesv2", address)
        client.send_email(Content=raw(a_message()))
        known.clear()
        assert error_of(lambda: client.send_email(Content=raw(a_message()))) == ("MessageRejected", 400)
        known.add(SENDER)
        client.send_email(Content=raw(a_message()))
    assert len(mailbox.mails()) == 2


def test_the_ses_sandbox_wants_verified_recipients_except_the_simulator() -> None:
    sending = replace(SENDING, in_sandbox=True, verified=frozenset({"vendor.example", "known@b.example"}))
    for to in ("known@b.example", "cs@vendor.example", "bounce@simulator.amazonses.com"):
        assert accept(a_raw_body(to), sending, NOW).mail.to == (to,)
    with pytest.raises(SesError, match=r"not verified.*EU-CENTRAL-1: a@b.example$") as refusal:
        accept(a_raw_body("a@b.example"), sending, NOW)
    assert refusal.value.code == "MessageRejected"


@pytest.mark.parametrize("address", ["nobody", "@b.example", "a@", "ä@b.example"])
def test_an_address_that_is_none_is_refused(desk: Desk, address: str) -> None:
    assert error_of(lambda: desk.send(address)) == ("BadRequestException", 400)


def test_a_mail_has_between_one_and_fifty_recipients(desk: Desk) -> None:
    many = [f"a{number}@b.example" for number in range(51)]
    for addresses in ([], many):
        destination = {"ToAddresses": addresses}
        assert error_of(partial(desk.send, "", Destination=destination)) == ("BadRequestException", 400)


def test_an_unknown_configuration_set_is_not_found(desk: Desk) -> None:
    assert error_of(lambda: desk.send("a@b.example", "unknown")) == ("NotFoundException", 404)


@pytest.mark.parametrize("text", ["acme.de", "a@b", "a b", "ä", "", "x" * 257, "a\n"])
def test_a_tag_that_ses_refuses_is_refused(desk: Desk, text: str) -> None:
    for tag in ({"Name": "account_id", "Value": text}, {"Name": text, "Value": "acme"}):
        assert error_of(partial(desk.send, "a@b.example", EmailTags=[tag])) == ("BadRequestException", 400)


def test_a_mail_has_fifty_tags_at_most_and_none_twice(desk: Desk) -> None:
    tags = [{"Name": f"tag{number}", "Value": "x" * 256} for number in range(51)]
    desk.send("a@b.example", EmailTags=tags[:50])
    for refused in (tags, [tags[0], tags[0]]):
        assert error_of(partial(desk.send, "a@b.example", EmailTags=refused)) == ("BadRequestException", 400)


def test_a_mail_of_more_than_forty_megabytes_is_refused(desk: Desk) -> None:
    body = {"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x" * (40 * 1024 * 1024 + 1)}}}}
    with pytest.raises(SesError, match="Message length is more than"):
        accept(
            {"FromEmailAddress": SENDER, "Destination": {"ToAddresses": ["a@b.example"]}, "Content": body}, SENDING, NOW
        )


def test_a_template_is_refused(desk: Desk) -> None:
    content = {"Template": {"TemplateName": "quote", "TemplateData": "{}"}}
    assert error_of(lambda: desk.send("a@b.example", Content=content)) == ("BadRequestException", 400)


@pytest.mark.parametrize(
    ("to", "then"),
    [
        ("petra@customer.example", ["Email Delivered"]),
        ("success@simulator.amazonses.com", ["Email Delivered"]),
        ("ooto@simulator.amazonses.com", ["Email Delivered"]),
        ("bounce@simulator.amazonses.com", ["Email Bounced"]),
        ("Bounce+order7@simulator.amazonses.com", ["Email Bounced"]),
        ("suppressionlist@simulator.amazonses.com", ["Email Bounced"]),
        ("complaint+x@simulator.amazonses.com", ["Email Delivered", "Email Complaint Received"]),
    ],
)
def test_the_simulators_addresses_do_what_they_do_on_ses(desk: Desk, to: str, then: list[str]) -> None:
    assert desk.outcome(to, 1 + len(then)) == ["Email Sent", *then]


def test_a_mail_with_a_virus_is_accepted_and_then_rejected(desk: Desk) -> None:
    body = {"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": EICAR.decode()}}}}
    message_id = desk.send("a@b.example", Content=body)

    assert [event["detail-type"] for event in desk.events_of(message_id, 1)] == ["Email Rejected"]
    assert message_id not in {mail.id for mail in desk.mailbox.mails()}


@pytest.mark.parametrize("configuration_set", [None, "silent"])
def test_without_a_destination_for_events_there_are_none(desk: Desk, configuration_set: str | None) -> None:
    quiet = desk.send("bounce@simulator.amazonses.com", configuration_set)
    desk.events_of(desk.send("bounce@simulator.amazonses.com"), 2)

    assert desk.events_of(quiet, 0) == []


def test_a_suppressed_address_bounces_until_it_is_lifted(desk: Desk) -> None:
    address = "gone+1@b.example"
    desk.client.put_suppressed_destination(EmailAddress=address, Reason="BOUNCE")
    found = desk.client.get_suppressed_destination(EmailAddress=address)["SuppressedDestination"]
    assert (found["EmailAddress"], found["Reason"]) == (address, "BOUNCE")
    listed = desk.client.list_suppressed_destinations()["SuppressedDestinationSummaries"]
    assert [entry["EmailAddress"] for entry in listed] == [address]
    assert desk.outcome(address, 2) == ["Email Sent", "Email Bounced"]

    desk.client.delete_suppressed_destination(EmailAddress=address)
    assert desk.outcome(address, 2) == ["Email Sent", "Email Delivered"]
    for call in (desk.client.get_suppressed_destination, desk.client.delete_suppressed_destination):
        assert error_of(partial(call, EmailAddress=address)) == ("NotFoundException", 404)


def an_event(event_type: EventType, to: str = "bounce@simulator.amazonses.com") -> dict[str, Any]:
    body = {
        "Content": {"Raw": {"Data": base64.b64encode(a_message(To=to).as_bytes()).decode()}},
        "ConfigurationSetName": CONFIGURATION,
        "EmailTags": [{"Name": "order_id", "Value": "o1"}],
    }
    return describe(detail_of(event_type, accept(body, SENDING, NOW), (to,), SENDING, NOW), SENDING, NOW)


def test_an_event_has_the_shape_that_ses_gives_it_on_the_bus() -> None:
    event = an_event("Bounce")
    mail, bounce = event["detail"]["mail"], event["detail"]["bounce"]

    assert (event["source"], event["detail-type"], event["detail"]["eventType"]) == (
        "aws.ses",
        "Email Bounced",
        "Bounce",
    )
    assert event["resources"] == ["arn:aws:ses:eu-central-1:000000000000:configuration-set/mail"]
    assert mail["tags"]["order_id"] == ["o1"]
    assert mail["tags"]["ses:configuration-set"] == [CONFIGURATION]
    assert mail["destination"] == ["bounce@simulator.amazonses.com"]
    assert mail["timestamp"] == "2026-11-22T10:00:00.000Z"
    assert {"name": "To", "value": "bounce@simulator.amazonses.com"} in mail["headers"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Permanent", "General")
    assert [who["emailAddress"] for who in bounce["bouncedRecipients"]] == ["bounce@simulator.amazonses.com"]


@pytest.mark.parametrize(
    ("event_type", "block"),
    [
        ("Send", "send"),
        ("Delivery", "delivery"),
        ("DeliveryDelay", "deliveryDelay"),
        ("Complaint", "complaint"),
        ("Reject", "reject"),
    ],
)
def test_every_event_has_the_block_of_its_kind(event_type: EventType, block: str) -> None:
    assert block in an_event(event_type)["detail"]
