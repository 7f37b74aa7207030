"""Send mail by SES, and claim mails so that none is sent twice for one event.

A mail is claimed for as long as a function may run, sent, and marked as sent. An expired claim means that a process
crashed before that; the mail is then sent again, since nobody can know whether SES had accepted it.

The errors of SES's `SendEmail` (v2), their causes, and what follows:

| error                                                  | cause            | then        |
|--------------------------------------------------------|------------------|-------------|
| BadRequestException: no address, a malformed message   | address, message | refused     |
| MessageRejected that says so of message or address     | address, message | refused     |
| MessageRejected: identity not verified, account paused | installation     | tried again |
| MessageRejected that says anything else                | unclear          | tried again |
| AccountSuspendedException, SendingPausedException      | installation     | tried again |
| MailFromDomainNotVerifiedException                     | installation     | tried again |
| NotFoundException: no such configuration set           | installation     | tried again |
| LimitExceeded-, TooManyRequests-, ThrottlingException  | installation     | tried again |
| a missing permission, an error of SES, no response     | installation     | tried again |

A mail that is tried again waits for as long as its queue or the quote's validity allows.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Any, NamedTuple

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from online_orders.aws.clients import client, error_code
from online_orders.aws.keys import mail_key
from online_orders.aws.signing_keys import signing_key
from online_orders.aws.table import TABLE_ERRORS, get, number, put, text, update
from online_orders.clock import now
from online_orders.domain.approval_links import Link
from online_orders.domain.mail_delivery import MailEvent
from online_orders.domain.reply_addresses import reply_address
from online_orders.domain.sent_mails import mail_news, quote_mail_name
from online_orders.domain.values import instant_text
from online_orders.environment import environment
from online_orders.telemetry import error_kind, logger, metrics

QUOTE_MAIL = "quote"
CLAIM_DURATION = timedelta(seconds=60)
_PERMANENT_ERRORS = {"BadRequestException", "InvalidParameterValue"}
_MESSAGE_ERRORS = re.compile(r"blacklisted|suppress|virus|invalid content|illegal|unsupported", re.IGNORECASE)
"""What MessageRejected says about a message or an address. It has no code for that, and all its other texts are about
the account."""
_TAG_VALUE = re.compile(r"[A-Za-z0-9_-]{1,256}")
_HEX = "_hex"
"""Ends the name of a tag whose value is the hex of a text that SES accepts as no value, such as `acme.de`."""


class MailRefused(Exception):
    """SES will never accept this message. The text is SES's code only, because SES's message may name the address."""


class MailInFlight(Exception):
    """Another process has claimed this mail and may still send it: retry later."""


class Attachment(NamedTuple):
    name: str
    content: bytes


class OutgoingMail(NamedTuple):
    """A rendered mail; both parts are UTF-8, and their lines are sent unchanged."""

    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    takes_replies: bool = True
    """Whether a reply may become a comment, where mails are received: not to a mailbox that several people read."""


def quote_attachment(order_id: str, revision: int, pdf: bytes) -> Attachment:
    """Return the PDF of a revision under its file name."""
    return Attachment(f"quote-{order_id}-{revision}.pdf", pdf)


def sender() -> str:
    """Return the sender for a header: the brand's name before the address, in ASCII and one line."""
    brand, address = " ".join(environment("BRAND_NAME").split()), environment("SENDER_ADDRESS")
    if brand.isascii():
        return formataddr((brand, address))
    words = (
        Header(brand, "utf-8", maxlinelen=75, header_name="From").encode().split()
    )  # of 75 characters at most, as RFC 2047 requires
    return f"{' '.join(words)} <{address}>"


def thread_id(order_id: str) -> str:
    """Return the message id that every mail about an order answers, so that mail programs show them as one thread.

    No mail has it: SES gives each mail an id of its own.
    """
    return f"<order.{order_id}@{environment('SENDER_ADDRESS').rpartition('@')[2]}>"


def _reply_to(outgoing: OutgoingMail, order_id: str | None) -> str:
    """Return where a reply goes: where mails are received, to an address that proves order and recipient."""
    if order_id is None or not outgoing.takes_replies or not (domain := environment("INBOUND_DOMAIN")):
        return environment("REPLY_ADDRESS")
    return reply_address(signing_key("replies").key, order_id, outgoing.to, domain)


def _mime(outgoing: OutgoingMail, at: datetime, thread: str | None = None, order_id: str | None = None) -> bytes:
    message = EmailMessage(policy=SMTP.clone(max_line_length=76))
    message["To"] = outgoing.to
    message["Subject"] = outgoing.subject
    message["Date"] = format_datetime(at)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(outgoing.text, cte="quoted-printable")
    message.add_alternative(outgoing.html, subtype="html", cte="quoted-printable")
    for attachment in outgoing.attachments:
        message.add_attachment(attachment.content, maintype="application", subtype="pdf", filename=attachment.name)
    # Python may fold right after "Subject:", which leaves a line without text; a subject in ASCII needs no folding.
    longest = 998 if outgoing.subject.isascii() else 76
    rest = message.as_bytes(policy=message.policy.clone(max_line_length=longest))
    # Not by EmailMessage, which encodes a name that is not ASCII again, in one encoded word of any length.
    head = f"From: {sender()}\r\n".replace("?= ", "?=\r\n ")
    head += f"Reply-To: {_reply_to(outgoing, order_id)}\r\n"  # in one line, however long
    if thread:  # nor this, since EmailMessage makes encoded words of an id that is longer than a line
        head += f"In-Reply-To: {thread}\r\nReferences: {thread}\r\n"
    return head.encode() + rest


def tags_of(link: Link, sequence: int) -> dict[str, str]:
    """Return the tags by which SES's events about a quote mail find their order and its item; none of them is secret.

    `sequence` is that of the order's newest entry.
    """
    return {
        "kind": QUOTE_MAIL,
        "account_id": link.account_id,
        "order_id": link.order_id,
        "source": link.source,
        "link_number": str(link.number),
        "key_id": link.key_id,
        **_item_tags(sequence, quote_mail_name(link.number)),
    }


def _item_tags(sequence: int, name: str) -> dict[str, str]:
    return {"sequence": str(sequence), "name": name}


def send(outgoing: OutgoingMail, tags: Mapping[str, str], at: datetime) -> None:
    """Send a mail by SES; its events carry `tags`, and the order that they name is its thread.

    Raises MailRefused when SES will never accept it, and the SDK's error when it may accept it later.
    """
    order_id = tags.get("order_id")
    thread = thread_id(order_id) if order_id else None
    with _count_refusals():
        client("sesv2").send_email(
            FromEmailAddress=sender(),  # with the name, because SES replaces the header by this
            Destination={"ToAddresses": [outgoing.to]},
            Content={"Raw": {"Data": _mime(outgoing, at, thread, order_id)}},
            EmailTags=_email_tags({**tags, **_correlation_tag()}),
            ConfigurationSetName=environment("CONFIGURATION_SET"),
        )


@contextmanager
def _count_refusals() -> Iterator[None]:
    """Count and log whatever SES refuses in a call; an alarm watches the metric."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        is_final = isinstance(error, ClientError) and _is_final(error.response["Error"])
        logger.warning("SES refused a mail", extra={"fault": error_kind(error), "is_final": is_final})
        metrics.add_metric("MailsRefused", MetricUnit.Count, 1)
        if is_final:
            raise MailRefused(error_kind(error)) from None
        raise


def _email_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the tags in SES's form; `parse_tags` reads them back. A value may have 128 bytes in UTF-8."""
    return [
        {"Name": name, "Value": value}
        if _TAG_VALUE.fullmatch(value)
        else {"Name": name + _HEX, "Value": value.encode().hex()}
        for name, value in tags.items()
    ]


def parse_tags(mail: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of the mail that an event of SES is about, as `send` got them."""
    found = {name: values[0] for name, values in mail.get("tags", {}).items()}
    return {
        name.removesuffix(_HEX): bytes.fromhex(value).decode() if name.endswith(_HEX) else value
        for name, value in found.items()
    }


def _is_final(error: Mapping[str, str]) -> bool:
    """Return whether SES will always refuse this message: see the table above."""
    if error["Code"] != "MessageRejected":
        return error["Code"] in _PERMANENT_ERRORS
    text = error.get("Message", "").partition(":")[0].partition(". ")[0]  # without the addresses that follow
    return _MESSAGE_ERRORS.search(text) is not None


def _correlation_tag() -> dict[str, str]:
    """Return the correlation id of the present request as a tag, in hex: API Gateway's ids have `=`, which a tag may
    not.
    """
    correlation_id = logger.get_correlation_id()
    return {"correlation": correlation_id.encode().hex()} if correlation_id else {}


def parse_correlation_id(tags: Mapping[str, str]) -> str | None:
    """Return the correlation id of the mail that SES's event is about; None for a mail without one."""
    return bytes.fromhex(tags["correlation"]).decode() if "correlation" in tags else None


def lift_suppression(address: str) -> None:
    """Remove an address from SES's suppression list, so that a mail to it is tried again."""
    try:
        client("sesv2").delete_suppressed_destination(EmailAddress=address)
    except ClientError as error:
        # SES suppresses no invalid address; SendEmail reports the error.
        if error_code(error) not in {"NotFoundException", "BadRequestException"}:
            raise


def send_once(
    owner_id: str,
    sequence: int,
    name: str,
    compose: Callable[[], OutgoingMail],
    tags: Mapping[str, str],
    recipient: str | None = None,
) -> None:
    """Send the mail `name` of an event unless it was sent; `owner_id` is the id of the order or the account.

    Of a mail about an order its `recipient` is kept, and SES's events find the item by their tags.

    Raises MailInFlight while another process may still be sending it, and the SDK's error when SES may accept it later.
    What SES refuses for good counts as sent.
    """
    is_refused = False
    if recipient is not None:
        tags = {**tags, **_item_tags(sequence, name)}
    if not _claim(owner_id, sequence, name, now(), recipient, tags["kind"]):
        if _is_sent(owner_id, sequence, name):
            return
        raise MailInFlight(name)
    try:
        send(compose(), tags, now())
        logger.info("SES took a mail", extra={"mail": name})
        metrics.add_metric("MailsSent", MetricUnit.Count, 1)
    except MailRefused as refusal:
        is_refused = True
        logger.warning("a mail was refused for good", extra={"mail": name, "fault": str(refusal)})
    except ClientError:
        _release_claim(
            owner_id, sequence, name
        )  # SES has refused it, so there is no need to wait until the claim expires
        raise
    try:
        _mark_sent(owner_id, sequence, name, None if recipient is None else now(), is_refused=is_refused)
    except TABLE_ERRORS:
        # SES has accepted it; an error now would only bring the message back, and the mail would be sent twice.
        logger.exception("a mail went out and could not be marked as sent", extra={"mail": name})


def _is_sent(owner_id: str, sequence: int, name: str) -> bool:
    item = get(mail_key(owner_id, sequence, name))
    return item is not None and item["state"]["S"] == "sent"


def _claim(owner_id: str, sequence: int, name: str, at: datetime, recipient: str | None, kind: str) -> bool:
    """Return whether this process may send the mail: it was not sent, and no other process has claimed it."""
    about = (
        {"kind": text(kind), "recipient": text(recipient), "claimed_at": text(instant_text(at))} if recipient else {}
    )
    return put(
        {
            **mail_key(owner_id, sequence, name),
            "state": text("claimed"),
            "until": number(int((at + CLAIM_DURATION).timestamp())),
            **about,
        },
        ConditionExpression="attribute_not_exists(pk) OR (#state = :claimed AND #until < :now)",
        ExpressionAttributeNames={"#state": "state", "#until": "until"},
        ExpressionAttributeValues={":claimed": text("claimed"), ":now": number(int(at.timestamp()))},
    )


def _release_claim(owner_id: str, sequence: int, name: str) -> None:
    """Release the claim of this process at once; should that fail, it expires by itself."""
    try:
        update(
            mail_key(owner_id, sequence, name),
            "SET #until = :past",
            {":past": number(0)},
            ExpressionAttributeNames={"#until": "until"},
        )
    except TABLE_ERRORS:
        logger.exception("a claim could not be released", extra={"mail": name})


def _mark_sent(owner_id: str, sequence: int, name: str, at: datetime | None, *, is_refused: bool) -> None:
    """Mark a mail as sent; of one about an order, also since when, or that SES refused it."""
    sets, values, names = ["#state = :sent"], {":sent": text("sent")}, {"#state": "state"}
    if at and is_refused:
        news = mail_news(MailEvent.REFUSED, at)
        sets += ["#news = :news", "news_at = :at", "news_rank = :rank"]
        values |= {":news": text(news.state), ":at": text(instant_text(at)), ":rank": text(news.rank)}
        names |= {"#news": "news"}
    elif at:
        sets.append("sent_at = :at")
        values[":at"] = text(instant_text(at))
    update(
        mail_key(owner_id, sequence, name),
        f"SET {', '.join(sets)}",
        values,
        ExpressionAttributeNames=names,
    )
