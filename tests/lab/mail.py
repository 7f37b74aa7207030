"""SES: the mails that it accepted, how it refuses, and the events that it sends about a mail."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypedDict, Unpack
from unittest.mock import patch

from moto.core.exceptions import JsonRESTError
from moto.sesv2.responses import SESV2Response

from emulation.mails import Attachment
from emulation.ses_rules import Bounce, EventType, Message, Sending, SesError, accept, detail_of
from tests.lab.clock import Clock

Json = dict[str, Any]
STATUS_OF_ERROR = {"TooManyRequestsException": 429, "InternalFailure": 500, "ServiceUnavailable": 503}
"""Others are answered with 400."""


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
    accepted: Message = field(repr=False, compare=False)
    """As SES has taken it."""

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


class MailReport(TypedDict, total=False):
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

    @property
    def _sending(self) -> Sending:
        return Sending(
            region=self.region,
            account=self.account,
            verified=frozenset(self.identities),
            event_types={name: frozenset(kinds) for name, kinds in self.event_types.items()},
            in_sandbox=self.in_sandbox,
        )

    def event(self, kind: EventType, mail: Mail, **said: Unpack[MailReport]) -> Json | None:
        """The detail of SES's event about a mail; None when the mail's configuration set sends no such events."""
        if not self._sending.wants(kind, mail.configuration_set):
            return None
        permanent = said.get("permanent", True)
        bounce = Bounce(permanent, status=said.get("status") or ("5.1.1" if permanent else None))
        at = said.get("at") or self.clock.now()
        return detail_of(kind, mail.accepted, mail.recipients, self._sending, at, bounce)

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
        if self.outage:
            raise _error(self.outage, "injected", STATUS_OF_ERROR.get(self.outage, 400))
        try:
            accepted = accept(request, self._sending, self.clock.now())
        except SesError as fault:
            raise _error(fault.code, fault.message, fault.status) from None
        assert not accepted.parsed.defects, f"the MIME is defective: {accepted.parsed.defects}"
        recipients = accepted.mail.to
        for refusal in self._refusals:
            error, to, why = refusal
            if to is None or to in recipients:
                self._refusals.remove(refusal)
                why = why or f"injected for {', '.join(recipients)}"  # SES too names whom it refuses
                raise _error(error, why, STATUS_OF_ERROR.get(error, 400))
        message_id = f"0107018b{len(self.mails):024x}-000000"
        accepted = replace(accepted, mail=replace(accepted.mail, id=message_id))
        read = accepted.mail
        mail = Mail(
            message_id=message_id,
            recipients=recipients,
            sender=read.sender,
            sender_name=read.sender_name,
            reply_to=read.reply_to,
            subject=read.subject,
            text=read.text or "",
            html=read.html or "",
            attachments=read.attachments,
            tags=accepted.tags,
            configuration_set=accepted.configuration_set,
            sent_at=read.sent_at,
            accepted=accepted,
        )
        self.mails.append(mail)
        return mail


def _error(code: str, message: str, status: int = 400) -> JsonRESTError:
    error = JsonRESTError(code, message)
    error.code = status
    return error
