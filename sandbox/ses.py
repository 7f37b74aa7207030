"""The few calls of SES v2 that the functions make, SES's mailbox simulator, and the events that follow a mail.

Boto sends the calls here by its own setting, `AWS_ENDPOINT_URL_SESV2`. Mails go to the `Mailbox`, and the events of
the configuration set to the rules on the default bus, in the shape that SES gives them on EventBridge.
"""

import asyncio
import base64
import binascii
import email.policy
import json
import re
import secrets
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import formataddr, formatdate, getaddresses, parseaddr
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.mailbox import Mail, Mailbox, read_mail

SIMULATOR = "simulator.amazonses.com"
# A virus scanner's test file; SES rejects a mail with it after it has accepted the call.
EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
MOST_RECIPIENTS = 50
MOST_TAGS = 50  # believed: the reference says what a tag may hold, and no number
LONGEST_TAG = 256
LARGEST_MESSAGE = 40 * 1024 * 1024
DETAIL_TYPES = {
    "Send": "Email Sent",
    "Reject": "Email Rejected",
    "Delivery": "Email Delivered",
    "Bounce": "Email Bounced",
    "Complaint": "Email Complaint Received",
}
# Seconds after the mail; on SES it is seconds to minutes.
DELAYS = {"Send": 0.0, "Reject": 0.1, "Delivery": 0.2, "Bounce": 0.4, "Complaint": 0.6}

Event = dict[str, Any]


class SesError(Exception):
    """A refusal, as SES words it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Sending:
    """What SES knows of the installation. `event_types` goes by configuration set, in SES's upper case.

    `in_sandbox`: the account is in SES's sandbox, where recipients must be verified, too.
    """

    region: str
    account: str
    verified: frozenset[str]
    event_types: dict[str, frozenset[str]]
    in_sandbox: bool = False


@dataclass(frozen=True)
class Message:
    """One accepted SendEmail."""

    mail: Mail
    raw: bytes
    headers: list[tuple[str, str]]
    configuration_set: str | None
    tags: dict[str, str]


@dataclass
class Ses:
    """`look` says what SES knows of the installation before each mail: identities come and go."""

    look: Callable[[], Sending]
    mailbox: Mailbox
    publish: Callable[[Event], None]
    _suppressed: dict[str, dict[str, Any]] = field(default_factory=dict)
    _pending: set[asyncio.Task[None]] = field(default_factory=set)
    _closed: bool = False

    def routes(self) -> list[Route]:
        suppressed = "/v2/email/suppression/addresses"
        operations: list[tuple[str, str, Operation]] = [
            ("POST", "/v2/email/outbound-emails", self.send),
            ("GET", suppressed, self.list_suppressed),
            ("PUT", suppressed, self.suppress),
            ("GET", suppressed + "/{address:path}", self.get_suppressed),
            ("DELETE", suppressed + "/{address:path}", self.lift_suppression),
        ]
        return [Route(path, _answering(operation), methods=[method]) for method, path, operation in operations]

    async def send(self, call: "Call") -> dict[str, Any]:
        sending = await asyncio.to_thread(self.look)
        message = accept(call.body, sending, datetime.now(UTC))
        if EICAR in message.raw:
            self._publish_later("Reject", message, message.mail.to, sending)
        else:
            self.mailbox.keep(message.mail)
            self._publish_later("Send", message, message.mail.to, sending)
            for recipient in message.mail.to:
                for event_type in self._outcome(recipient):
                    self._publish_later(event_type, message, (recipient,), sending)
        return {"MessageId": message.mail.id}

    def _outcome(self, recipient: str) -> tuple[str, ...]:
        if recipient.lower() in self._suppressed:
            return ("Bounce",)
        local, _, domain = recipient.lower().rpartition("@")
        if domain != SIMULATOR:
            return ("Delivery",)
        outcomes = {"bounce": ("Bounce",), "suppressionlist": ("Bounce",), "complaint": ("Delivery", "Complaint")}
        return outcomes.get(local.partition("+")[0], ("Delivery",))

    def _publish_later(self, event_type: str, message: Message, recipients: tuple[str, ...], sending: Sending) -> None:
        wanted = sending.event_types.get(message.configuration_set or "", frozenset())
        if self._closed or event_type.upper() not in wanted:
            return

        async def publish() -> None:
            await asyncio.sleep(DELAYS[event_type])
            suppressed = any(recipient.lower() in self._suppressed for recipient in recipients)
            event = describe(event_type, message, recipients, sending, datetime.now(UTC), suppressed=suppressed)
            await asyncio.to_thread(self.publish, event)

        task = asyncio.get_running_loop().create_task(publish())
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    def close(self) -> None:
        """From now on no event is published."""
        self._closed = True
        for task in self._pending:
            task.cancel()

    async def list_suppressed(self, _: "Call") -> dict[str, Any]:
        return {"SuppressedDestinationSummaries": list(self._suppressed.values())}

    async def suppress(self, call: "Call") -> dict[str, Any]:
        body = call.body
        if body.get("Reason") not in {"BOUNCE", "COMPLAINT"}:
            raise SesError("BadRequestException", "Reason must be BOUNCE or COMPLAINT")
        self._suppressed[body["EmailAddress"].lower()] = {
            "EmailAddress": body["EmailAddress"],
            "Reason": body["Reason"],
            "LastUpdateTime": datetime.now(UTC).timestamp(),
        }
        return {}

    async def get_suppressed(self, call: "Call") -> dict[str, Any]:
        return {"SuppressedDestination": self._suppressed[self._known(call.address)]}

    async def lift_suppression(self, call: "Call") -> dict[str, Any]:
        del self._suppressed[self._known(call.address)]
        return {}

    def _known(self, address: str) -> str:
        if address.lower() not in self._suppressed:
            message = f"Email address {address} does not exist on your suppression list."
            raise SesError("NotFoundException", message, 404)
        return address.lower()


@dataclass(frozen=True)
class Call:
    """A request, as far as an operation may need it; `address` is the one that the path names."""

    body: dict[str, Any]
    address: str


Operation = Callable[[Call], Awaitable[dict[str, Any]]]


def _answering(operation: Operation) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        body = await request.body()
        try:
            call = Call(json.loads(body) if body else {}, request.path_params.get("address", ""))
            return JSONResponse(await operation(call))
        except SesError as error:
            return JSONResponse({"message": error.message}, error.status, {"x-amzn-ErrorType": error.code})

    return answer


_HEADERS = BytesHeaderParser(policy=email.policy.compat32)
"""Headers as they are written: the newer policy stumbles over addresses that are none."""
_MAILS = BytesParser(policy=email.policy.default.clone(header_factory=lru_cache(256)(HeaderRegistry())))
"""A part's type is looked at half a dozen times, and each look would parse it anew."""


def accept(body: dict[str, Any], sending: Sending, now: datetime) -> Message:
    """The message of a SendEmail request; raises SesError where SES would refuse it."""
    content = body.get("Content", {})
    if "Raw" not in content and "Simple" not in content:
        raise SesError("BadRequestException", "Content must be Raw or Simple; the sandbox has no templates.")
    raw = _decoded(content["Raw"].get("Data", "")) if "Raw" in content else b""
    headers = _HEADERS.parsebytes(raw)
    # The name of the call, or none, takes the place of the header's.
    sender_name, sender = parseaddr(str(body.get("FromEmailAddress") or headers.get("From", "")))
    recipients = _recipients(body.get("Destination", {}), headers)
    _check_recipients(recipients)
    _check_identities(sender, recipients, sending)
    if "Simple" in content:
        raw = _compose(body, content["Simple"])
        headers = _HEADERS.parsebytes(raw)
    if len(raw) > LARGEST_MESSAGE:
        raise SesError("BadRequestException", f"Message length is more than {LARGEST_MESSAGE} bytes long.")

    configuration_set = body.get("ConfigurationSetName") or headers.get("X-SES-CONFIGURATION-SET")
    if configuration_set and configuration_set not in sending.event_types:
        raise SesError("NotFoundException", f"Configuration set <{configuration_set}> does not exist.", 404)
    message_id = f"0107{secrets.token_hex(6)}-{uuid.uuid4()}-000000"
    mail = read_mail(_MAILS.parsebytes(raw))
    return Message(
        mail=replace(mail, id=message_id, to=recipients, sender=sender, sender_name=_spelled(sender_name), sent_at=now),
        raw=raw,
        headers=[(name, str(value)) for name, value in headers.items()],
        configuration_set=configuration_set,
        tags=_tags(body.get("EmailTags", [])),
    )


def _spelled(name: str) -> str:
    """A name of a header, encoded words read."""
    return str(make_header(decode_header(name)))


def _check_identities(sender: str, recipients: tuple[str, ...], sending: Sending) -> None:
    """In SES's sandbox recipients are checked, too, save those of the simulator."""
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
    """Those that the call names; those of the headers only where it names none."""
    kinds = ("To", "Cc", "Bcc")
    named = [address for kind in kinds for address in destination.get(f"{kind}Addresses", [])]
    named = named or [str(value) for kind in kinds for value in headers.get_all(kind, [])]
    return tuple(dict.fromkeys(address for _, address in getaddresses(named)))


def _check_recipients(recipients: tuple[str, ...]) -> None:
    if not recipients:
        raise SesError("BadRequestException", "No recipients specified")
    if len(recipients) > MOST_RECIPIENTS:
        raise SesError("BadRequestException", f"Recipient count exceeds {MOST_RECIPIENTS}.")
    for recipient in recipients:
        local, at, domain = recipient.rpartition("@")
        if not local or not at or not domain:
            raise SesError("BadRequestException", "Missing final '@domain'")
        if not local.isascii():
            raise SesError("BadRequestException", "Local address contains control or whitespace")


def _tags(asked: list[dict[str, str]]) -> dict[str, str]:
    """The tags of a mail by name; raises SesError where SES would refuse them."""
    if len(asked) > MOST_TAGS:
        raise SesError("BadRequestException", f"There are more than {MOST_TAGS} tags.")
    for tag in asked:
        for part in ("Name", "Value"):
            text = tag.get(part, "")
            if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
                allowed = "only alphanumeric ASCII characters, '_', and '-' are allowed."
                raise SesError("BadRequestException", f"Invalid tag {part.lower()} <{text}>: {allowed}")
            if not 1 <= len(text) <= LONGEST_TAG:
                raise SesError("BadRequestException", f"A tag {part.lower()} has from 1 to {LONGEST_TAG} characters.")
    tags = {tag["Name"]: tag["Value"] for tag in asked}
    if len(tags) < len(asked):
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


def describe(
    event_type: str,
    message: Message,
    recipients: tuple[str, ...],
    sending: Sending,
    now: datetime,
    *,
    suppressed: bool = False,
) -> Event:
    """The event as SES puts it on the default bus."""
    mail = message.mail
    source = formataddr((mail.sender_name, mail.sender))
    at = _instant(now)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": DETAIL_TYPES[event_type],
        "source": "aws.ses",
        "account": sending.account,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": sending.region,
        "resources": [f"arn:aws:ses:{sending.region}:{sending.account}:configuration-set/{message.configuration_set}"],
        "detail": {
            "eventType": event_type,
            "mail": {
                "timestamp": _instant(mail.sent_at),
                "source": source,  # with the name, as in the examples of SES's documents
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
                    "ses:source-ip": ["127.0.0.1"],
                    "ses:from-domain": [mail.sender.rpartition("@")[2]],
                    **{name: [value] for name, value in message.tags.items()},
                },
            },
            **_particulars(event_type, recipients, at, suppressed=suppressed),
        },
    }


def _particulars(event_type: str, recipients: tuple[str, ...], at: str, *, suppressed: bool) -> dict[str, Any]:
    if event_type == "Bounce":
        on_list = recipients[0].lower().startswith("suppressionlist")
        reason = "OnAccountSuppressionList" if suppressed else "Suppressed" if on_list else "General"
        listed = "Amazon SES did not send the message to this address because it is on the suppression list."
        bounced = {
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": listed if reason != "General" else "smtp; 550 5.1.1 user unknown",
        }
        return {
            "bounce": {
                "feedbackId": str(uuid.uuid4()),
                "bounceType": "Permanent",
                "bounceSubType": reason,
                "bouncedRecipients": [{"emailAddress": recipient, **bounced} for recipient in recipients],
                "timestamp": at,
                "reportingMTA": f"dns; {SIMULATOR}",
            }
        }
    if event_type == "Complaint":
        return {
            "complaint": {
                "feedbackId": str(uuid.uuid4()),
                "complaintSubType": None,
                "complainedRecipients": [{"emailAddress": recipient} for recipient in recipients],
                "timestamp": at,
                "userAgent": "Amazon SES Mailbox Simulator",
                "complaintFeedbackType": "abuse",
                "arrivalDate": at,
            }
        }
    if event_type == "Delivery":
        return {
            "delivery": {
                "timestamp": at,
                "processingTimeMillis": int(DELAYS["Delivery"] * 1000),
                "recipients": list(recipients),
                "smtpResponse": "250 2.6.0 Message received",
                "reportingMTA": "sandbox.smtp-out.amazonses.com",
            }
        }
    return {"reject": {"reason": "Bad content"}} if event_type == "Reject" else {"send": {}}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
