"""Received mails about orders: which become comments, and which wait at the desk as messages to be judged.

A mail becomes a comment of its sender without anybody's judgment only if all of this is proved:

- The thread: it went to an address for replies that this installation made (see `reply_addresses`).
- The sender: the address in its `From` is the one for which that address was made, the receiving server has
  authenticated the domain of `From`, and it found neither spam nor a virus.
- The person: the address is still the contact person's, or of somebody who may comment on the order.

The domain counts as authenticated if DMARC passed. Where the domain has no DMARC policy, the verdict is GRAY; then a
valid DKIM signature of exactly that domain counts. SPF alone does not, because servers are shared.
"""

import json
import re
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from online_orders.domain.order_parts import User
from online_orders.domain.received_mails import ReceivedMail
from online_orders.domain.values import Entity, Instant, Request

MAX_AGE = timedelta(days=7)
"""Of a mail, by its own date, until it becomes a comment. Mails that were accepted are known for longer, so a mail that
somebody sends again becomes no second comment."""
_CLOCK_SKEW = timedelta(days=1)
_COMMENT = re.compile(r"\([^()]*\)")
_SIGNED_BY = re.compile(r"dkim=pass(?=\s).*?(?<=\s)header\.(?:i=[^@\s]*@|d=)([A-Za-z0-9.-]+)(?!\S)", re.DOTALL)
_MAX_COMMENTS = 20
"""Within each other. None is as deep."""


class Reason(StrEnum):
    """Why a mail waits to be judged."""

    THREAD = "thread_not_proved"
    SENDER = "sender_not_proved"
    """Somebody else than whom the mail was sent to, or nobody knows whether it is him."""
    PERSON = "person_unknown"
    """Whoever may not comment on the order, or not any more."""
    SUSPICIOUS = "spam_or_virus"
    CLOSED = "order_closed"
    TOO_MANY = "too_many_comments"
    UNREADABLE = "unreadable"
    EMPTY = "no_text"
    TOO_LONG = "too_long"
    OLD = "too_old"


class Verdicts(NamedTuple):
    """What the receiving server found, in its words: PASS, FAIL, GRAY, PROCESSING_FAILED."""

    spam: str = ""
    virus: str = ""
    dkim: str = ""
    dmarc: str = ""

    @property
    def is_clean(self) -> bool:
        return self.spam == self.virus == "PASS"

    @property
    def is_malicious(self) -> bool:
        return "FAIL" in (self.spam, self.virus)

    def authenticates(self, mail: ReceivedMail) -> bool:
        """Return whether the domain of the mail's `From` is proved."""
        if self.dmarc == "PASS":
            return True
        if self.dmarc != "GRAY" or self.dkim != "PASS":
            return False
        return mail.sender.rpartition("@")[2].casefold() in _signers(mail.authentication)


def _signers(authentication: str) -> set[str]:
    """Return the domains whose DKIM signature the receiving server has found valid.

    Whoever sends a mail chooses much of what the server writes: the names in its envelope, and what stands before the @
    of who signs. So only whole results count, of those only the domain, and nothing where quotes might hide an end.
    """
    for _ in range(_MAX_COMMENTS):
        authentication, found = _COMMENT.subn(" ", authentication)
        if not found:
            break
    server, *results = authentication.split(";")
    if server.strip().casefold() != "amazonses.com" or set('"\\()') & set(authentication):
        return set()
    signed = (_SIGNED_BY.match(each.strip()) for each in results)
    return {each[1].casefold() for each in signed if each}


class Judgment(Entity):
    """What the desk did with a message."""

    decision: Literal["accepted", "dismissed"]
    by: User
    at: Instant
    order_id: str | None = None


class Message(Entity):
    """A mail that waits at the desk, or that was judged there."""

    message_id: str
    mail_id: str
    """SES's; the raw mail has it as its name."""
    at: Instant
    sender: str
    sender_name: str
    subject: str
    text: str
    files: tuple[str, ...] = ()
    reasons: tuple[str, ...]
    order_id: str | None = None
    """The order whose address for replies it was sent to; it is proved unless the reasons say otherwise."""
    number: str | None = None
    judgment: Judgment | None = None


class AcceptedMessage(Request):
    """How a message becomes a comment: of which order, by its id or number, and for whom."""

    order: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    internal: Annotated[bool, Field(strict=True)] = True
    """Nothing becomes public by mistake."""


def doubts(mail: ReceivedMail, verdicts: Verdicts, at: datetime) -> list[Reason]:
    """Return why a mail with a proved thread and sender is no comment as it is; nothing if it is one."""
    is_dated = mail.sent_at is not None and at - MAX_AGE < mail.sent_at < at + _CLOCK_SKEW
    found = {
        Reason.SUSPICIOUS: not verdicts.is_clean,
        Reason.UNREADABLE: mail.is_unreadable,
        Reason.TOO_LONG: mail.is_cut,
        Reason.EMPTY: not mail.text and not mail.is_unreadable,
        Reason.OLD: not is_dated and not mail.is_unreadable,
    }
    return [reason for reason, holds in found.items() if holds]


def fingerprint(order_id: str, mail: ReceivedMail) -> str:
    """Return what is the same when a mail is sent once more: its order, sender, date and text."""
    sent_at = mail.sent_at.isoformat() if mail.sent_at else ""
    return sha256(json.dumps([order_id, mail.sender.casefold(), sent_at, mail.text]).encode()).hexdigest()
