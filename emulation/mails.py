"""Read a mail from the MIME message that SES accepted."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage, Message, MIMEPart
from email.utils import getaddresses

NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """A mail. `sender`, `reply_to` and `to` are bare addresses, the last those of the envelope."""

    id: str
    to: tuple[str, ...]
    sender: str
    subject: str
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    sent_at: datetime
    sender_name: str = ""
    reply_to: tuple[str, ...] = ()


def read_mail(message: EmailMessage) -> Mail:
    """Return the mail in a MIME message; sender, recipients and time are those of the envelope."""
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    return Mail(
        id="",
        to=(),
        sender="",
        reply_to=tuple(address for _, address in getaddresses([str(each) for each in message.get_all("Reply-To", [])])),
        subject=str(message.get("Subject", "")),
        text=None if plain is None else _text(plain),
        html=None if html is None else _text(html),
        attachments=tuple(_attachment(part, number) for number, part in enumerate(message.iter_attachments(), start=1)),
        sent_at=NEVER,
    )


def _text(part: MIMEPart) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def _attachment(part: Message, number: int) -> Attachment:
    content = part.get_payload(decode=True)
    return Attachment(
        name=part.get_filename() or f"attachment-{number}",
        content_type=part.get_content_type(),
        content=content if isinstance(content, bytes) else b"",  # a list where it is a message itself
    )
