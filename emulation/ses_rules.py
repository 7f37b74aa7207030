"""SES's rules for accepting a mail, and its events about a mail; for the local run and the lab of the tests."""

import base64
import binascii
import email.policy
import re
import secrets
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import formataddr, formatdate, getaddresses, parseaddr
from functools import lru_cache
from typing import Any, Literal

from emulation.default_bus import Event, envelope
from emulation.mails import Mail, read_mail

EventType = Literal["Send", "Reject", "Bounce", "Complaint", "Delivery", "DeliveryDelay"]

DETAIL_TYPES: dict[EventType, str] = {
    "Send": "Email Sent",
    "Reject": "Email Rejected",
    "Bounce": "Email Bounced",
    "Complaint": "Email Complaint Received",
    "Delivery": "Email Delivered",
    "DeliveryDelay": "Email Delivery Delayed",
}
MATCHING_TYPES: dict[EventType, str] = {
    "Send": "SEND",
    "Reject": "REJECT",
    "Bounce": "BOUNCE",
    "Complaint": "COMPLAINT",
    "Delivery": "DELIVERY",
    "DeliveryDelay": "DELIVERY_DELAY",
}
"""By event type, its name in the event destination of a configuration set."""

SIMULATOR = "simulator.amazonses.com"
"""The domain of recipients that SES accepts unverified, also in its sandbox."""
MAX_RECIPIENTS = 50
MAX_TAGS = 50  # believed: the reference says what a tag may hold, and no number
MAX_TAG_LENGTH = 256
MAX_MESSAGE_BYTES = 40 * 1024 * 1024


class SesError(Exception):
    """A refusal, in SES's words."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Sending:
    """What SES knows about the installation. `event_types` is by configuration set, in SES's upper case.

    `in_sandbox`: the account is in SES's sandbox, where recipients must be verified, too.
    """

    region: str
    account: str
    verified: frozenset[str]
    event_types: dict[str, frozenset[str]]
    in_sandbox: bool = False

    def wants(self, event_type: EventType, configuration_set: str | None) -> bool:
        """Return whether the configuration set publishes such an event."""
        return MATCHING_TYPES[event_type] in self.event_types.get(configuration_set or "", frozenset())


@dataclass(frozen=True)
class Message:
    """One accepted SendEmail."""

    mail: Mail
    raw: bytes
    parsed: EmailMessage
    headers: list[tuple[str, str]]
    configuration_set: str | None
    tags: dict[str, str]


_HEADERS = BytesHeaderParser(policy=email.policy.compat32)
"""Headers as they are written: the newer policy fails at invalid addresses."""
_MAILS = BytesParser(policy=email.policy.default.clone(header_factory=lru_cache(1024)(HeaderRegistry())))
"""Reads of a part's type would each parse it anew, half a dozen times."""


def accept(body: dict[str, Any], sending: Sending, now: datetime) -> Message:
    """Return the message of a SendEmail request; raise SesError where SES would refuse it."""
    content = body.get("Content", {})
    if "Raw" not in content and "Simple" not in content:
        raise SesError("BadRequestException", "Content must be Raw or Simple; there are no templates here.")
    raw = _decoded(content["Raw"].get("Data", "")) if "Raw" in content else b""
    if len(raw) > MAX_MESSAGE_BYTES:
        raise _too_large()
    headers = _HEADERS.parsebytes(raw)
    # The display name is that of the call's sender, even where it has none.
    sender_name, sender = parseaddr(str(body.get("FromEmailAddress") or headers.get("From", "")))
    recipients = _recipients(body.get("Destination", {}), headers)
    _check_recipients(recipients)
    _check_identities(sender, recipients, sending)
    if "Simple" in content:
        raw = _compose(body, content["Simple"])
        if len(raw) > MAX_MESSAGE_BYTES:
            raise _too_large()
        headers = _HEADERS.parsebytes(raw)

    configuration_set = body.get("ConfigurationSetName") or headers.get("X-SES-CONFIGURATION-SET")
    if configuration_set and configuration_set not in sending.event_types:
        raise SesError("NotFoundException", f"Configuration set <{configuration_set}> does not exist.", 404)
    message_id = f"0107{secrets.token_hex(6)}-{uuid.uuid4()}-000000"
    parsed = _MAILS.parsebytes(raw)
    return Message(
        mail=replace(
            read_mail(parsed),
            id=message_id,
            to=recipients,
            sender=sender,
            sender_name=_canonical_header(sender_name),
            sent_at=now,
        ),
        raw=raw,
        parsed=parsed,
        headers=[(name, str(value)) for name, value in headers.items()],
        configuration_set=configuration_set,
        tags=_tags(body.get("EmailTags", [])),
    )


def _too_large() -> SesError:
    return SesError("BadRequestException", f"Message length is more than {MAX_MESSAGE_BYTES} bytes long.")


def _canonical_header(name: str) -> str:
    """Return a header's value with its encoded words decoded."""
    return str(make_header(decode_header(name)))


def _check_identities(sender: str, recipients: tuple[str, ...], sending: Sending) -> None:
    """Raise SesError for an unverified sender; in SES's sandbox also for unverified recipients but the simulator's."""
    addressed = [each for each in recipients if each.rpartition("@")[2].lower() != SIMULATOR]
    checked = [sender, *(addressed if sending.in_sandbox else [])]
    failed = [each for each in checked if not {each, each.rpartition("@")[2]} & sending.verified]
    if failed:
        raise SesError(
            "MessageRejected",
            "Email address is not verified. The following identities failed the check in region "
            f"{sending.region.upper()}: {', '.join(failed)}",
        )


def _recipients(destination: dict[str, list[str]], headers: email.message.Message) -> tuple[str, ...]:
    """Return the recipients that the call names, or those of the headers where it names none."""
    kinds = ("To", "Cc", "Bcc")
    named = [address for kind in kinds for address in destination.get(f"{kind}Addresses", [])]
    named = named or [str(value) for kind in kinds for value in headers.get_all(kind, [])]
    return tuple(dict.fromkeys(address for _, address in getaddresses(named)))


def _check_recipients(recipients: tuple[str, ...]) -> None:
    if not recipients:
        raise SesError("BadRequestException", "No recipients specified")
    if len(recipients) > MAX_RECIPIENTS:
        raise SesError("BadRequestException", f"Recipient count exceeds {MAX_RECIPIENTS}.")
    for recipient in recipients:
        local, at, domain = recipient.rpartition("@")
        if not local or not at or not domain:
            raise SesError("BadRequestException", "Missing final '@domain'")
        if not local.isascii():
            raise SesError("BadRequestException", "Local address contains control or whitespace")


def _tags(requested: list[dict[str, str]]) -> dict[str, str]:
    """Return the tags of a mail by name; raise SesError where SES would refuse them."""
    if len(requested) > MAX_TAGS:
        raise SesError("BadRequestException", f"There are more than {MAX_TAGS} tags.")
    for tag in requested:
        for part in ("Name", "Value"):
            text = tag.get(part, "")
            if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
                allowed = "only alphanumeric ASCII characters, '_', and '-' are allowed."
                raise SesError("BadRequestException", f"Invalid tag {part.lower()} <{text}>: {allowed}")
            if not 1 <= len(text) <= MAX_TAG_LENGTH:
                raise SesError(
                    "BadRequestException", f"A tag {part.lower()} has from 1 to {MAX_TAG_LENGTH} characters."
                )
    tags = {tag["Name"]: tag["Value"] for tag in requested}
    if len(tags) < len(requested):
        raise SesError("BadRequestException", "Two tags have the same name.")
    return tags


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise SesError("SerializationException", str(error)) from error


def _compose(body: dict[str, Any], simple: dict[str, Any]) -> bytes:
    message = EmailMessage()
    message["From"] = body.get("FromEmailAddress", "")
    for name, header in (("ToAddresses", "To"), ("CcAddresses", "Cc")):
        if addresses := body.get("Destination", {}).get(name):
            message[header] = ", ".join(addresses)
    message["Subject"] = simple.get("Subject", {}).get("Data", "")
    message["Date"] = formatdate()
    for header in simple.get("Headers", []):
        message[header["Name"]] = header["Value"]
    parts = simple.get("Body", {})
    message.set_content(parts.get("Text", {}).get("Data", ""))
    if "Html" in parts:
        message.add_alternative(parts["Html"]["Data"], subtype="html")
    for attachment in simple.get("Attachments", []):
        main, _, sub = attachment.get("ContentType", "application/octet-stream").partition("/")
        content, name = _decoded(attachment["RawContent"]), attachment["FileName"]
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


@dataclass(frozen=True)
class Bounce:
    """How a mail bounced: the bounce type, and what the receiver reported, if anything."""

    permanent: bool = True
    kind: Literal["General", "Suppressed", "OnAccountSuppressionList"] = "General"
    status: str | None = "5.1.1"
    """`4.2.2`, or `5.1.1` (some receivers send that also for one that is not permanent); None for an
    automatic reply."""

    @property
    def report(self) -> dict[str, str]:
        """Return what is reported of each recipient."""
        if self.status is None:
            return {}
        replies = {"5.1.1": "smtp; 550 5.1.1 user unknown", "4.2.2": "smtp; 452 4.2.2 mailbox full"}
        listed = "Amazon SES did not send the message to this address because it is on the suppression list."
        code = replies[self.status] if self.kind == "General" else listed
        return {"action": "failed", "status": self.status, "diagnosticCode": code}


def detail_of(
    event_type: EventType,
    message: Message,
    recipients: tuple[str, ...],
    sending: Sending,
    at: datetime,
    bounce: Bounce | None = None,
) -> Event:
    """Return SES's event about a mail to these of its recipients; without a `bounce` it is a hard one."""
    mail = message.mail
    source = formataddr((mail.sender_name, mail.sender))
    return {
        "eventType": event_type,
        "mail": {
            "timestamp": _instant(mail.sent_at),
            "source": source,  # with the name, as in the examples of SES's documentation
            "sourceArn": f"arn:aws:ses:{sending.region}:{sending.account}:identity/{mail.sender}",
            "sendingAccountId": sending.account,
            "messageId": mail.id,
            "destination": list(mail.to),
            "headersTruncated": False,
            "headers": [{"name": name, "value": value} for name, value in message.headers],
            "commonHeaders": {
                "from": [source],
                "to": list(mail.to),
                "messageId": mail.id,
                "subject": mail.subject,
            },
            "tags": {
                "ses:operation": ["SendEmail"],
                "ses:configuration-set": [message.configuration_set],
                "ses:source-ip": ["192.0.2.0"],
                "ses:from-domain": [mail.sender.rpartition("@")[2]],
                "ses:caller-identity": ["function"],
                **{name: [value] for name, value in message.tags.items()},
            },
        },
        event_type[0].lower() + event_type[1:]: _particulars(event_type, recipients, _instant(at), bounce or Bounce()),
    }


def describe(detail: Event, sending: Sending, at: datetime) -> Event:
    """Return the event as SES publishes it on the default bus."""
    (configuration_set,) = detail["mail"]["tags"]["ses:configuration-set"]
    return envelope(
        "aws.ses",
        DETAIL_TYPES[detail["eventType"]],
        detail,
        account=sending.account,
        region=sending.region,
        at=at,
        resources=[f"arn:aws:ses:{sending.region}:{sending.account}:configuration-set/{configuration_set}"],
    )


def _particulars(event_type: EventType, recipients: tuple[str, ...], at: str, bounce: Bounce) -> dict[str, Any]:
    """Return the object under the event's own name."""
    text: dict[EventType, dict[str, Any]] = {
        "Send": {},
        "Reject": {"reason": "Bad content"},
        "Bounce": {
            "feedbackId": str(uuid.uuid4()),
            "bounceType": "Permanent" if bounce.permanent else "Transient",
            "bounceSubType": bounce.kind,
            "bouncedRecipients": [{"emailAddress": recipient, **bounce.report} for recipient in recipients],
            "timestamp": at,
            "reportingMTA": "dns; a8-70.smtp-out.amazonses.com",
        },
        "Complaint": {
            "feedbackId": str(uuid.uuid4()),
            "complaintSubType": None,
            "complainedRecipients": [{"emailAddress": recipient} for recipient in recipients],
            "timestamp": at,
            "userAgent": "Amazon SES Mailbox Simulator",
            "complaintFeedbackType": "abuse",
            "arrivalDate": at,
        },
        "Delivery": {
            "timestamp": at,
            "processingTimeMillis": 546,
            "recipients": list(recipients),
            "smtpResponse": "250 2.6.0 Message received",
            "reportingMTA": "a8-70.smtp-out.amazonses.com",
        },
        "DeliveryDelay": {
            "timestamp": at,
            "delayType": "TransientCommunicationFailure",
            "expirationTime": at,
            "delayedRecipients": [
                {
                    "emailAddress": recipient,
                    "status": "4.4.1",
                    "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
                }
                for recipient in recipients
            ],
        },
    }
    return text[event_type]


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
