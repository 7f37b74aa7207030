"""Decide which of several events about a quote's mail counts: the newest credible one, in whatever order they arrive.

Each kind of event has a level of credibility, and of two on one level the later by the sender's clock counts. So the
outcome does not depend on the order in which the events arrive.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from online_orders.domain.values import Entity, Instant

MailState = Literal["sent", "delivered", "complained", "rejected", "bounced"]


class MailEvent(StrEnum):
    """A kind of event about a mail."""

    SENT = "sent"
    """SES has accepted it."""
    REFUSED = "refused"
    """SES refused it, or the product gave it up; any later event shows that it went out all the same."""
    SOFT_BOUNCE = "soft_bounce"
    """SES gave up its attempts, or the mailbox sent an automatic reply: SES reports both in the same way."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """A bounce that is not called permanent but names a permanent failure (5.x.x, or 5xx of SMTP)."""
    COMPLAINED = "complained"
    """The recipient has marked it as spam, and so has received it."""
    HARD_BOUNCE = "hard_bounce"
    REJECTED = "rejected"
    """SES has found something in it that it does not send."""


SHOWN_AS: Mapping[MailEvent, MailState] = {
    MailEvent.SENT: "sent",
    MailEvent.REFUSED: "rejected",
    MailEvent.SOFT_BOUNCE: "bounced",
    MailEvent.DELIVERED: "delivered",
    MailEvent.FAILED: "bounced",
    MailEvent.COMPLAINED: "complained",
    MailEvent.HARD_BOUNCE: "bounced",
    MailEvent.REJECTED: "rejected",
}
CREDIBILITY: Mapping[MailEvent, int] = {
    MailEvent.SENT: 0,
    MailEvent.REFUSED: 1,
    MailEvent.SOFT_BOUNCE: 1,
    MailEvent.DELIVERED: 2,
    MailEvent.FAILED: 2,
    MailEvent.COMPLAINED: 3,
    MailEvent.HARD_BOUNCE: 4,
    MailEvent.REJECTED: 4,
}
"""An event of a higher level counts whatever the times: no delivery follows a hard bounce, unless a clock is wrong."""
NOT_ARRIVED = frozenset(
    {MailEvent.REFUSED, MailEvent.SOFT_BOUNCE, MailEvent.FAILED, MailEvent.HARD_BOUNCE, MailEvent.REJECTED}
)
_PERMANENT_STATUS = r"5\.[0-9]{1,3}\.[0-9]{1,3}"
_PERMANENT_REPLY = r"(?:smtp;)?\s*5[0-9]{2}(?:[\s-]|$)"
_FROM_STORED_STATE: Mapping[MailState, MailEvent] = {
    "sent": MailEvent.SENT,
    "rejected": MailEvent.REFUSED,
    "bounced": MailEvent.FAILED,
    "delivered": MailEvent.DELIVERED,
    "complained": MailEvent.COMPLAINED,
}
"""For MailStatus of earlier releases, which stored the shown state but not the event."""


def classify_bounce(bounce_type: str, status: str | None, diagnostic: str | None) -> MailEvent:
    """Return the kind of bounce, by SES's `bounceType` and the `status` and `diagnosticCode` of the recipient.

    SES calls the permanent failures of some receivers `Transient`.
    """
    if bounce_type == "Permanent":
        return MailEvent.HARD_BOUNCE
    has_status = re.fullmatch(_PERMANENT_STATUS, (status or "").strip())
    if has_status or re.match(_PERMANENT_REPLY, (diagnostic or "").strip(), re.IGNORECASE):
        return MailEvent.FAILED
    return MailEvent.SOFT_BOUNCE


class MailStatus(Entity):
    """The event that counts of the newest mail with a link to the quote."""

    link: int
    state: MailState
    at: Instant
    """When the product received it."""
    word: Annotated[MailEvent | None, Field(exclude_if=lambda word: word is None)] = None
    """None in what an earlier release stored."""
    said_at: Annotated[Instant | None, Field(exclude_if=lambda said_at: said_at is None)] = None
    """The event's own time, by the clock of whoever sent it; None where it has none."""

    @property
    def event(self) -> MailEvent:
        return self.word or _FROM_STORED_STATE[self.state]

    @property
    def rank(self) -> tuple[int, datetime, bool]:
        """Return the key by which the events of one mail are compared.

        Of two events at the same instant a failure counts, since it is the final result of the delivery.
        """
        return CREDIBILITY[self.event], self.said_at or self.at, self.event in NOT_ARRIVED

    def supersedes(self, known: "MailStatus | None") -> bool:
        """Return whether this event replaces the known one; an equal event of the same mail does not."""
        if known is None or known.link != self.link:
            return True
        return self.event is not known.event and self.rank > known.rank


def mail_status(link: int, word: MailEvent, at: datetime, said_at: datetime | None = None) -> MailStatus:
    """Return the status of the mail with link number `link`; `said_at` is the event's own time, if known."""
    return MailStatus(link=link, state=SHOWN_AS[word], at=at, word=word, said_at=said_at)
