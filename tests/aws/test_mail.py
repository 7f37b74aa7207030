"""A mail as SES gets it, the errors of SES, and the claim by which no mail is sent twice."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.header import decode_header, make_header
from email.policy import default
from email.utils import getaddresses
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from online_orders.aws import mail
from online_orders.aws.keys import mail_key
from online_orders.aws.mail import (
    Attachment,
    MailInFlight,
    MailRefused,
    OutgoingMail,
    _mime,
    parse_tags,
    send,
    send_once,
    sender,
)
from online_orders.aws.signing_keys import SigningKey
from online_orders.clock import now
from online_orders.domain.approval_links import Link
from online_orders.domain.reply_addresses import reply_address
from online_orders.telemetry import MetricUnit, logger, metrics
from tests.aws.service import Service, error_of

ADDRESS = "orders@vendor.example"
BRANDS = [
    "Northwind Networks",
    'Acme, Inc. "Orders" <a@b.example>',
    "Müller & Söhne (Zürich)",
    "山" * 60,
    "Ünlü " * 12,
]

FOLDED = ["=?utf-8?b?" + "w7zDvMO8" * 6 + "w7zDvMO8?=", "=?utf-8?b?" + "w7zDvMO8" * 6 + "w7w=?="]
"""Forty times ü."""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDER_ADDRESS", ADDRESS)
    monkeypatch.setenv("REPLY_ADDRESS", "success@vendor.example")
    monkeypatch.setenv("INBOUND_DOMAIN", "")


def head(brand: str, subject: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Any]:
    """Return the head as it is written, and as a mail program reads it."""
    monkeypatch.setenv("BRAND_NAME", brand)
    mime = _mime(OutgoingMail("connie@acme.example", subject, "Hello", "<p>Hello</p>"), now())
    return mime.partition(b"\r\n\r\n")[0].decode("ascii"), message_from_bytes(mime, policy=default)


@pytest.mark.parametrize("subject", ["Quote for order 7", "Angebot für Bestellung 7", "x" * 300])
@pytest.mark.parametrize("brand", BRANDS)
def test_a_mail_names_the_brand_before_its_address(brand: str, subject: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written, message = head(brand, subject, monkeypatch)
    # As it is written: Python's reader of addresses sets a blank between two encoded words.
    ((name, address),) = getaddresses([message_from_string(written)["From"]])
    assert str(make_header(decode_header(name))) == brand.strip()
    assert address == ADDRESS
    assert (str(message["Subject"]), str(message["Reply-To"])) == (subject, "success@vendor.example")
    assert not message.defects
    from_lines = written.partition("Reply-To:")[0].splitlines()
    assert all(len(line) <= 78 or "=?" not in line for line in from_lines)


@pytest.mark.parametrize("brand", BRANDS)
def test_the_call_names_the_sender_in_ascii_and_one_line(brand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SES reads it strictly, and writes it in the place of the message's own."""
    monkeypatch.setenv("BRAND_NAME", brand)
    assert sender().isascii()
    assert sender().isprintable()
    assert [address for _, address in getaddresses([sender()])] == [ADDRESS]
    assert all(len(word) <= 75 for word in sender().split() if word.startswith("=?"))


def test_a_brand_of_any_length_is_folded_into_short_words_and_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RFC 2047: 75 characters a word, 76 a line."""
    for brand in ("ü", "ü" * 20, "ü" * 40, "ü" * 79, "é" + "a" * 70):
        written, _ = head(brand, "Hello", monkeypatch)
        lines = written.partition("Reply-To:")[0].splitlines()
        assert max(map(len, lines[:-1]), default=0) <= 76, brand
        assert all(len(word) <= 75 for word in sender().split()), brand
    monkeypatch.setenv("BRAND_NAME", "ü" * 40)
    assert sender() == " ".join([*FOLDED, f"<{ADDRESS}>"])


def test_a_subject_is_left_in_one_line_or_folded_into_lines_of_76(monkeypatch: pytest.MonkeyPatch) -> None:
    written, _ = head("Northwind", "x" * 300, monkeypatch)
    assert f"\r\nSubject: {'x' * 300}\r\n" in written
    for count in (1, 20, 79):
        written, message = head("Northwind", "ü" * count, monkeypatch)
        assert max(map(len, written.splitlines())) <= 76
        assert message["Subject"] == "ü" * count


def test_the_head_of_a_mail_is_written_as_mail_programs_are_used_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAND_NAME", "Northwind")
    outgoing = OutgoingMail("connie@acme.example", "Hello", "Hello", "<p>Hello</p>", (Attachment("q.pdf", b"%PDF"),))
    mime = _mime(outgoing, datetime(2026, 3, 5, 7, 30, tzinfo=UTC)).decode("ascii")
    assert mime.startswith(
        "From: Northwind <orders@vendor.example>\r\n"
        "Reply-To: success@vendor.example\r\n"
        "To: connie@acme.example\r\n"
        "Subject: Hello\r\n"
        "Date: Thu, 05 Mar 2026 07:30:00 +0000\r\n"
        "Auto-Submitted: auto-generated\r\n"
    )
    for kind in ("plain", "html"):
        part = mime.partition(f'Content-Type: text/{kind}; charset="utf-8"\r\n')[2]
        assert part.startswith("Content-Transfer-Encoding: quoted-printable\r\n")
    assert "\r\nContent-Type: application/pdf\r\n" in mime


def test_a_line_end_in_the_brand_adds_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    written, message = head("North\r\nBcc: all@evil.example", "Hello", monkeypatch)
    assert message["Bcc"] is None
    assert "\nBcc" not in written


# -- sending ------------------------------------------------------------------------------------------------------

AT = datetime(2026, 3, 5, 7, 30, tzinfo=UTC)
SECONDS = int(AT.timestamp())
LETTER = OutgoingMail("connie@acme.example", "Hello", "Grüße,\n\n" + "lang " * 40, "<p>Grüße</p>")


@pytest.fixture
def service(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(mail, "now", lambda: AT)
    monkeypatch.setenv("BRAND_NAME", "Northwind")
    monkeypatch.setenv("CONFIGURATION_SET", "set")
    yield service
    logger.set_correlation_id(None)


def test_a_mail_has_both_texts_as_they_were_and_its_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAND_NAME", "Northwind")
    outgoing = LETTER._replace(attachments=(Attachment("quote.pdf", b"%PDF"), Attachment("ä.pdf", b"\x00\xff")))
    mime = _mime(outgoing, AT)
    assert mime.isascii()
    assert b"\r\n" in mime
    assert max(len(line) for line in mime.split(b"\r\n") if b"lang" in line) == 76
    message = message_from_bytes(mime, policy=default)
    assert message["To"] == outgoing.to
    assert message["Date"] == "Thu, 05 Mar 2026 07:30:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    parts = {part.get_content_type(): part for part in message.walk()}
    for kind, text in (("text/plain", outgoing.text), ("text/html", outgoing.html)):
        assert parts[kind].get_content().replace("\r\n", "\n") == text + "\n"
        assert parts[kind]["Content-Transfer-Encoding"] == "quoted-printable"
        assert parts[kind].get_content_charset() == "utf-8"
    pdfs = [part for part in message.walk() if part.get_content_type() == "application/pdf"]
    assert [(part.get_filename(), part.get_content()) for part in pdfs] == list(outgoing.attachments)


@pytest.mark.parametrize("subject", ["Hello", "Grüße"])
@pytest.mark.parametrize("domain", ["vendor.example", f"{'long-' * 11}name.vendor.example"])
def test_all_mails_about_an_order_are_one_thread(
    service: Service, monkeypatch: pytest.MonkeyPatch, subject: str, domain: str
) -> None:
    monkeypatch.setenv("SENDER_ADDRESS", f"orders@{domain}")
    outgoing = LETTER._replace(subject=subject)
    thread = f"<order.01KAND6R0000000000000000AB@{domain}>"
    for tags, expected in (({"order_id": "01KAND6R0000000000000000AB"}, [thread]), ({"kind": "invitation"}, [])):
        send(outgoing, tags, AT)
        written = message_from_bytes(service.asked[-1][1]["Content"]["Raw"]["Data"])
        assert written.get_all("In-Reply-To", []) == written.get_all("References", []) == expected
        assert str(make_header(decode_header(written["Subject"]))) == subject


def test_a_reply_to_a_mail_about_an_order_proves_order_and_recipient(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = f"{'long-' * 30}reply.vendor.example"
    order_id = "01KAND6R0000000000000000AB"
    monkeypatch.setenv("INBOUND_DOMAIN", domain)
    monkeypatch.setattr(mail, "signing_key", lambda purpose: SigningKey("1", purpose.encode()))
    for outgoing, tags, expected in (
        (LETTER, {"order_id": order_id}, reply_address(b"replies", order_id, LETTER.to, domain)),
        (LETTER._replace(takes_replies=False), {"order_id": order_id}, "success@vendor.example"),
        (LETTER, {"kind": "invitation"}, "success@vendor.example"),
    ):
        send(outgoing, tags, AT)
        raw = service.asked[-1][1]["Content"]["Raw"]["Data"]
        assert f"Reply-To: {expected}\r\n".encode() in raw
        assert message_from_bytes(raw, policy=default)["Reply-To"] == expected


def test_ses_is_asked_in_the_senders_name_for_one_recipient(service: Service) -> None:
    send(LETTER, {"kind": "quote", "account_id": "acme.de", "n": "", "long": "x" * 256, "longer": "x" * 257}, AT)
    ((method, requested),) = service.asked
    data = requested["Content"]["Raw"].pop("Data")
    assert message_from_bytes(data, policy=default)["Subject"] == "Hello"
    assert (method, requested) == (
        "send_email",
        {
            "FromEmailAddress": f"Northwind <{ADDRESS}>",
            "Destination": {"ToAddresses": [LETTER.to]},
            "Content": {"Raw": {}},
            "EmailTags": [
                {"Name": "kind", "Value": "quote"},
                {"Name": "account_id_hex", "Value": b"acme.de".hex()},
                {"Name": "n_hex", "Value": ""},
                {"Name": "long", "Value": "x" * 256},
                {"Name": "longer_hex", "Value": "78" * 257},
            ],
            "ConfigurationSetName": "set",
        },
    )


def test_the_tags_of_a_mail_come_back_as_they_went(service: Service) -> None:
    tags = {"kind": "quote", "account_id": "acme.de", "name": "Zürich"}
    logger.set_correlation_id("Id=")
    send(LETTER, tags, AT)
    text = {each["Name"]: [each["Value"]] for each in service.asked[0][1]["EmailTags"]}
    found = parse_tags({"tags": text})
    assert mail.parse_correlation_id(found) == "Id="
    assert found == {**tags, "correlation": b"Id=".hex()}
    assert parse_tags({}) == {}
    assert mail.parse_correlation_id(tags) is None


def test_a_quotes_mail_names_its_link_by_number_and_key_and_not_by_token() -> None:
    link = Link(purpose="quote", account_id="acme", order_id="O", source="direct", revision=1, number=3, key_id="k")
    assert mail.tags_of(link, 8) == {
        "kind": "quote",
        "account_id": "acme",
        "order_id": "O",
        "source": "direct",
        "link_number": "3",
        "key_id": "k",
        "sequence": "8",
        "name": "quote_to_confirm#contact#3",
    }


def saying(code: str, message: str | None) -> ClientError:
    error = error_of(code)
    if message is None:
        del error.response["Error"]["Message"]
    else:
        error.response["Error"]["Message"] = message
    return error


@pytest.mark.parametrize(
    ("code", "message", "is_final"),
    [
        ("BadRequestException", "", True),
        ("InvalidParameterValue", "", True),
        ("MessageRejected", "Address blacklisted: a@b.example", True),
        ("MessageRejected", "ADDRESS is on the SUPPRESSion list. See unverified", True),
        ("MessageRejected", "Email contains a virus", True),
        ("MessageRejected", "Invalid content", True),
        ("MessageRejected", "Illegal filename", True),
        ("MessageRejected", "Unsupported attachment", True),
        ("MessageRejected", "Email address is not verified: virus@b.example", False),
        ("MessageRejected", "Sending paused. It was suppressed", False),
        ("MessageRejected", "Something else", False),
        ("MessageRejected", None, False),
        ("AccountSuspendedException", "blacklisted", False),
        ("SendingPausedException", "", False),
        ("MailFromDomainNotVerifiedException", "", False),
        ("NotFoundException", "", False),
        ("LimitExceededException", "", False),
        ("TooManyRequestsException", "", False),
        ("ThrottlingException", "", False),
        ("AccessDeniedException", "", False),
    ],
)
def test_what_ses_says_of_address_or_message_is_final_and_nothing_else(
    service: Service, code: str, message: str | None, is_final: bool
) -> None:
    service.answers = [saying(code, message)]
    with pytest.raises(MailRefused if is_final else ClientError) as raised:
        send(LETTER, {}, AT)
    if is_final:
        assert str(raised.value) == f"ClientError {code} of Operation"


def test_no_answer_of_ses_is_not_final(service: Service) -> None:
    service.answers = [EndpointConnectionError(endpoint_url="")]
    with pytest.raises(EndpointConnectionError):
        send(LETTER, {}, AT)


def test_an_address_that_is_on_no_list_needs_not_be_taken_from_it(service: Service) -> None:
    service.answers = [{}, error_of("NotFoundException"), error_of("BadRequestException"), error_of("AccessDenied")]
    for _ in range(3):
        mail.lift_suppression("a@b.example")
    with pytest.raises(ClientError):
        mail.lift_suppression("a@b.example")
    assert service.asked == [("delete_suppressed_destination", {"EmailAddress": "a@b.example"})] * 4


# -- once ---------------------------------------------------------------------------------------------------------

KEY = mail_key("O", 7, "customer")
CLAIM = (
    "put_item",
    {
        "TableName": "Table",
        "Item": {**KEY, "state": {"S": "claimed"}, "until": {"N": str(SECONDS + 60)}},
        "ConditionExpression": "attribute_not_exists(pk) OR (#state = :claimed AND #until < :now)",
        "ExpressionAttributeNames": {"#state": "state", "#until": "until"},
        "ExpressionAttributeValues": {":claimed": {"S": "claimed"}, ":now": {"N": str(SECONDS)}},
    },
)
LOOK = ("get_item", {"TableName": "Table", "Key": KEY, "ConsistentRead": True})
SENT = (
    "update_item",
    {
        "TableName": "Table",
        "Key": KEY,
        "UpdateExpression": "SET #state = :sent",
        "ExpressionAttributeValues": {":sent": {"S": "sent"}},
        "ExpressionAttributeNames": {"#state": "state"},
    },
)
GIVEN_BACK = (
    "update_item",
    {
        "TableName": "Table",
        "Key": KEY,
        "UpdateExpression": "SET #until = :past",
        "ExpressionAttributeValues": {":past": {"N": "0"}},
        "ExpressionAttributeNames": {"#until": "until"},
    },
)
REFUSED = error_of("ConditionalCheckFailedException")
BROKEN = error_of("InternalServerError")


def once(service: Service) -> list[Any]:
    """What is asked of the table, and `mail` where a mail was handed over."""
    send_once("O", 7, "customer", lambda: LETTER, {"kind": "news"})
    return asked_of(service)


def asked_of(service: Service) -> list[Any]:
    return ["mail" if requested[0] == "send_email" else requested for requested in service.asked]


def test_a_mail_is_claimed_sent_and_marked_as_sent(service: Service) -> None:
    assert once(service) == [CLAIM, "mail", SENT]
    requested = service.asked[1][1]
    assert requested["Destination"] == {"ToAddresses": [LETTER.to]}
    assert requested["EmailTags"] == [{"Name": "kind", "Value": "news"}]
    assert b"Date: Thu, 05 Mar 2026 07:30:00 +0000" in requested["Content"]["Raw"]["Data"]


def test_a_mail_that_was_sent_is_not_sent_again(service: Service) -> None:
    service.answers = [REFUSED, {"Item": {"state": {"S": "sent"}}}]
    assert once(service) == [CLAIM, LOOK]


def test_what_ses_takes_and_refuses_is_counted(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[Any] = []
    monkeypatch.setattr(metrics, "add_metric", lambda *metric: counted.append(metric))
    once(service)
    service.answers = [{}, error_of("BadRequestException"), {}]
    once(service)
    assert counted == [("MailsSent", MetricUnit.Count, 1), ("MailsRefused", MetricUnit.Count, 1)]


@pytest.mark.parametrize("standing", [{"Item": {"state": {"S": "claimed"}}}, {}])
def test_a_mail_that_another_may_be_sending_is_left_to_come_again(service: Service, standing: Any) -> None:
    service.answers = [REFUSED, standing]
    with pytest.raises(MailInFlight, match="customer"):
        once(service)
    assert service.asked == [CLAIM, LOOK]


def test_a_mail_that_is_refused_for_good_counts_as_sent(service: Service) -> None:
    service.answers = [{}, error_of("BadRequestException"), {}]
    assert once(service) == [CLAIM, "mail", SENT]


@pytest.mark.parametrize("answer", [{}, BROKEN], ids=["given back", "runs out by itself"])
def test_a_mail_that_may_be_taken_later_is_given_back_at_once(service: Service, answer: Any) -> None:
    service.answers = [{}, error_of("TooManyRequestsException"), answer]
    with pytest.raises(ClientError, match="TooManyRequests"):
        once(service)
    assert asked_of(service) == [CLAIM, "mail", GIVEN_BACK]


def test_a_mail_of_which_ses_has_said_nothing_stays_claimed(service: Service) -> None:
    service.answers = [{}, EndpointConnectionError(endpoint_url="")]
    with pytest.raises(EndpointConnectionError):
        once(service)
    assert asked_of(service) == [CLAIM, "mail"]


def test_a_mail_that_went_and_cannot_be_marked_is_not_sent_again_at_once(service: Service) -> None:
    service.answers = [{}, {}, BROKEN]
    assert once(service) == [CLAIM, "mail", SENT]


# -- about an order -----------------------------------------------------------------------------------------------


def about_an_order(service: Service) -> list[Any]:
    """What is asked of the table after the claim, and the tags of the mail."""
    send_once("O", 7, "approved#contact", lambda: LETTER, {"kind": "approved", "order_id": "O"}, LETTER.to)
    return service.asked


def test_of_a_mail_about_an_order_is_kept_to_whom_it_goes(service: Service) -> None:
    claim, sending, marking = about_an_order(service)
    assert claim[1]["Item"] == {
        **mail_key("O", 7, "approved#contact"),
        "state": {"S": "claimed"},
        "until": {"N": str(SECONDS + 60)},
        "kind": {"S": "approved"},
        "recipient": {"S": LETTER.to},
        "claimed_at": {"S": "2026-03-05T07:30:00.000Z"},
    }
    tags = {tag["Name"]: [tag["Value"]] for tag in sending[1]["EmailTags"]}
    said = {"kind": "approved", "order_id": "O", "sequence": "7", "name": "approved#contact"}
    assert parse_tags({"tags": tags}) == said
    assert marking[1]["UpdateExpression"] == "SET #state = :sent, sent_at = :at"
    assert marking[1]["ExpressionAttributeValues"] == {":sent": {"S": "sent"}, ":at": {"S": "2026-03-05T07:30:00.000Z"}}


def test_of_a_mail_about_an_order_that_ses_refuses_is_kept_that_it_did(service: Service) -> None:
    service.answers = [{}, error_of("BadRequestException"), {}]
    marking = about_an_order(service)[-1][1]
    assert marking["UpdateExpression"] == "SET #state = :sent, #news = :news, news_at = :at, news_rank = :rank"
    assert marking["ExpressionAttributeNames"] == {"#state": "state", "#news": "news"}
    assert marking["ExpressionAttributeValues"] == {
        ":sent": {"S": "sent"},
        ":news": {"S": "rejected"},
        ":at": {"S": "2026-03-05T07:30:00.000Z"},
        ":rank": {"S": "1#2026-03-05T07:30:00.000000+00:00#1"},
    }
