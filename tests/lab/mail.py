"""SES: the mails that it accepted, how it refuses, and the events that it sends about a mail."""

import base64
import functools
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import EmailPolicy, default
from email.utils import getaddresses
from typing import Any, Literal, TypedDict, Unpack
from unittest.mock import patch

from moto.core.exceptions import JsonRESTError
from moto.sesv2.responses import SESV2Response

from tests.lab.clock import Clock

Json = dict[str, Any]
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
"""What the event destination of a configuration set calls them."""

RECIPIENT_LIMIT = 50
TAG_LIMIT = 50  # believed: the reference says what a tag may hold, and no number
LARGEST_MESSAGE = 40 * 1024 * 1024
SIMULATOR = "simulator.amazonses.com"
"""Whose addresses SES takes as recipients without their being verified, also in its sandbox."""

STATUS_OF_ERROR = {"TooManyRequestsException": 429, "InternalFailure": 500, "ServiceUnavailable": 503}
"""Others are answered with 400."""

_header = functools.lru_cache(1000)(default.header_fetch_parse)


class _Policy(EmailPolicy):
    """The default one, which parses a header anew whenever it is looked at."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return _header(name, value)


_POLICY = _Policy()


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Mail:
    message_id: str
    recipients: tuple[str, ...]
    """Of the envelope."""
    sender: str
    sender_name: str
    reply_to: tuple[str, ...]
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    attachments: tuple[Attachment, ...]
    tags: dict[str, str]
    configuration_set: str | None
    sent_at: datetime
    message: EmailMessage = field(repr=False, compare=False)

    @property
    def link(self) -> str | None:
        """The URL with `/confirm/` in the text."""
        found = re.search(r"https?://\S+/confirm/\S+", self.text)
        return found[0] if found else None

    @property
    def token(self) -> str | None:
        return self.link.rpartition("/")[2] if self.link else None

    @property
    def code(self) -> str | None:
        found = re.search(r"^Code: (\d{6})$", self.text, re.MULTILINE)
        return found[1] if found else None


class Mails(list[Mail]):
    """Accepted mails, oldest first."""

    def to(self, address: str) -> "Mails":
        return Mails(mail for mail in self if address in mail.recipients)

    def about(self, text: str) -> "Mails":
        """Those with this text in their subject or text part."""
        return Mails(mail for mail in self if text in mail.subject or text in mail.text)


class SaidOfMail(TypedDict, total=False):
    """How an event about a mail is: a permanent bounce, said now, unless told otherwise."""

    permanent: bool
    status: str | None
    """Of a bounce that is not permanent: `4.2.2`, or `5.1.1`, as of some receivers; an automatic reply has none."""
    at: datetime | None


@dataclass
class Ses:
    clock: Clock
    account: str
    region: str
    identities: set[str] = field(default_factory=set)
    """Verified addresses and domains."""
    event_types: dict[str, set[str]] = field(default_factory=dict)
    """Configuration sets and the event types that each sends to EventBridge."""
    mails: Mails = field(default_factory=Mails)
    suppressed: set[str] = field(default_factory=set)
    """The account's suppression list; SES accepts a mail to such an address and bounces it."""
    in_sandbox: bool = False
    """Whether the account is in SES's sandbox: recipients must be verified, and IAM is asked for their identities."""
    outage: str | None = None
    """The error that every mail is answered with."""
    _refusals: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def refuse(
        self, error: str = "BadRequestException", times: int = 1, to: str | None = None, why: str | None = None
    ) -> None:
        """Answer the next mails (to an address) with an error, that says `why`.

        Such as `BadRequestException`, which is final, `MessageRejected`, `TooManyRequestsException`,
        `SendingPausedException`, `LimitExceededException`.
        """
        self._refusals += [(error, to, why)] * times

    def accept(self) -> None:
        """Take all mails again."""
        self._refusals.clear()

    def unverify(self) -> set[str]:
        """Take all identities for not verified, as while DKIM is pending or once its records are lost; returns them."""
        lost, self.identities = self.identities, set()
        return lost

    def _unverified(self, addresses: Iterable[str]) -> list[str]:
        return [each for each in addresses if not {each, each.partition("@")[2]} & self.identities]

    def event(self, kind: EventType, mail: Mail, **said: Unpack[SaidOfMail]) -> Json | None:
        """The detail of SES's event about a mail; None when the mail's configuration set sends no such events."""
        if MATCHING_TYPES[kind] not in self.event_types.get(mail.configuration_set or "", set()):
            return None
        permanent = said.get("permanent", True)
        instant = _iso(said.get("at") or self.clock.now())
        status = said.get("status") or ("5.1.1" if permanent else None)
        reply = {"5.1.1": "smtp; 550 5.1.1 user unknown", "4.2.2": "smtp; 452 4.2.2 mailbox full"}
        report = {"action": "failed", "status": status, "diagnosticCode": reply[status]} if status else {}
        feedback = f"0100018b-{mail.message_id}-feedback"
        about: dict[EventType, Json] = {
            "Send": {},
            "Reject": {"reason": "Bad content"},
            "Bounce": {
                "feedbackId": feedback,
                "bounceType": "Permanent" if permanent else "Transient",
                "bounceSubType": "General",
                "bouncedRecipients": [{"emailAddress": address, **report} for address in mail.recipients],
                "timestamp": instant,
                "reportingMTA": "dns; a8-70.smtp-out.amazonses.com",
            },
            "Complaint": {
                "feedbackId": feedback,
                "complaintSubType": None,
                "complainedRecipients": [{"emailAddress": address} for address in mail.recipients],
                "timestamp": instant,
                "userAgent": "Amazon SES Mailbox Simulator",
                "complaintFeedbackType": "abuse",
                "arrivalDate": instant,
            },
            "Delivery": {
                "timestamp": instant,
                "processingTimeMillis": 546,
                "recipients": list(mail.recipients),
                "smtpResponse": "250 2.6.0 Message received",
                "reportingMTA": "a8-70.smtp-out.amazonses.com",
            },
            "DeliveryDelay": {
                "timestamp": instant,
                "delayType": "TransientCommunicationFailure",
                "expirationTime": instant,
                "delayedRecipients": [
                    {
                        "emailAddress": address,
                        "status": "4.4.1",
                        "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
                    }
                    for address in mail.recipients
                ],
            },
        }
        sent = {
            "timestamp": _iso(mail.sent_at),
            "source": str(mail.message["From"]),  # with the name, as in the examples of SES's documents
            "sourceArn": f"arn:aws:ses:{self.region}:{self.account}:identity/{mail.sender}",
            "sendingAccountId": self.account,
            "messageId": mail.message_id,
            "destination": list(mail.recipients),
            "headersTruncated": False,
            "headers": [{"name": name, "value": str(value)} for name, value in mail.message.items()],
            "commonHeaders": {
                "from": [str(mail.message["From"])],
                "to": [str(value) for value in mail.message.get_all("To", [])],
                "messageId": mail.message_id,
                "subject": mail.subject,
            },
            "tags": {
                "ses:operation": ["SendEmail"],
                "ses:configuration-set": [mail.configuration_set],
                "ses:source-ip": ["192.0.2.0"],
                "ses:from-domain": [mail.sender.partition("@")[2]],
                "ses:caller-identity": ["function"],
                **{name: [value] for name, value in mail.tags.items()},
            },
        }
        return {"eventType": kind, "mail": sent, kind[0].lower() + kind[1:]: about[kind]}

    @contextmanager
    def attached(self) -> Iterator[None]:
        def send_email(response: SESV2Response) -> str:
            mail = self._accept(json.loads(response.body))
            return json.dumps({"MessageId": mail.message_id})

        def delete_suppressed_destination(response: SESV2Response) -> str:
            address = response._get_param("EmailAddress")
            if address not in self.suppressed:
                raise _error(
                    "NotFoundException", f"Email address {address} does not exist on your suppression list.", 404
                )
            self.suppressed.remove(address)
            return "{}"

        with (
            patch.object(SESV2Response, "send_email", send_email),
            patch.object(SESV2Response, "delete_suppressed_destination", delete_suppressed_destination, create=True),
        ):
            yield

    def _accept(self, request: Json) -> Mail:
        raw = base64.b64decode(request["Content"]["Raw"]["Data"])
        if len(raw) > LARGEST_MESSAGE:
            raise _error("BadRequestException", f"Message length is more than {LARGEST_MESSAGE} bytes long.")
        message = message_from_bytes(raw, policy=_POLICY)
        assert isinstance(message, EmailMessage)
        assert not message.defects, f"the MIME is defective: {message.defects}"
        destination = request.get("Destination", {})
        named = [
            address for kind in ("ToAddresses", "CcAddresses", "BccAddresses") for address in destination.get(kind, [])
        ]
        recipients = _addresses(
            named or [str(value) for header in ("To", "Cc", "Bcc") for value in message.get_all(header, [])]
        )
        if "FromEmailAddress" in request:  # SES puts it in the place of the header, its name or none
            del message["From"]
            message["From"] = request["FromEmailAddress"]
        ((sender_name, sender),) = getaddresses([str(message["From"])])
        if self.outage:
            raise _error(self.outage, "injected", STATUS_OF_ERROR.get(self.outage, 400))
        for refusal in self._refusals:
            error, to, why = refusal
            if to is None or to in recipients:
                self._refusals.remove(refusal)
                why = why or f"injected for {', '.join(recipients)}"  # SES too names whom it refuses
                raise _error(error, why, STATUS_OF_ERROR.get(error, 400))
        addressed = [each for each in recipients if not each.endswith(f"@{SIMULATOR}")] if self.in_sandbox else []
        if failed := self._unverified([sender, *addressed]):
            raise _error(
                "MessageRejected",
                "Email address is not verified. The following identities failed the check in region "
                f"{self.region.upper()}: {', '.join(failed)}",
            )
        if not 1 <= len(recipients) <= RECIPIENT_LIMIT:
            raise _error("BadRequestException", f"Recipient count must be from 1 to {RECIPIENT_LIMIT}.")
        configuration_set = request.get("ConfigurationSetName")
        if configuration_set is not None and configuration_set not in self.event_types:
            raise _error("NotFoundException", f"Configuration set <{configuration_set}> does not exist.", 404)
        tags = _tags(request.get("EmailTags", []))
        mail = Mail(
            message_id=f"0107018b{len(self.mails):024x}-000000",
            recipients=tuple(recipients),
            sender=sender,
            sender_name=sender_name,
            reply_to=tuple(_addresses([str(value) for value in message.get_all("Reply-To", [])])),
            subject=str(message["Subject"]),
            text=_part(message, "plain"),
            html=_part(message, "html"),
            attachments=tuple(
                Attachment(part.get_filename() or "", part.get_content_type(), bytes(part.get_content()))
                for part in message.iter_attachments()
            ),
            tags=tags,
            configuration_set=configuration_set,
            sent_at=self.clock.now(),
            message=message,
        )
        self.mails.append(mail)
        return mail


def _part(message: EmailMessage, kind: str) -> str:
    """The text of a body part as a reader shows it, with plain line ends."""
    part = message.get_body((kind,))
    return part.get_content().replace("\r\n", "\n") if part else ""


def _tags(asked: list[Json]) -> dict[str, str]:
    """The tags of a mail; refused as SES refuses them, in its own words."""
    if len(asked) > TAG_LIMIT:
        raise _error("BadRequestException", f"The number of tags must be {TAG_LIMIT} or fewer.")
    tags: dict[str, str] = {}
    for tag in asked:
        for part, text in (("name", tag["Name"]), ("value", tag["Value"])):
            if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
                detail = "only alphanumeric ASCII characters, '_', and '-' are allowed."
                raise _error("BadRequestException", f"Invalid tag {part} <{text}>: {detail}")
            if not 1 <= len(text) <= 256:
                raise _error("BadRequestException", f"The tag {part} must have from 1 to 256 characters.")
        if tag["Name"] in tags:
            raise _error("BadRequestException", f"Duplicate tag name <{tag['Name']}>.")
        tags[tag["Name"]] = tag["Value"]
    return tags


def _addresses(values: list[str]) -> list[str]:
    return [address for _, address in getaddresses(values)]


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error(code: str, message: str, status: int = 400) -> JsonRESTError:
    error = JsonRESTError(code, message)
    error.code = status
    return error
