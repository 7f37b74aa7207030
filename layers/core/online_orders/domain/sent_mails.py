"""What the desk sees of the mails about an order: to whom each went, and what is known to have become of it.

Of several events about a mail one counts, as of quote mails (see `mail_delivery`). Here the events of a mail are
compared by a text, so that a condition of a write can do it.
"""

from datetime import UTC, datetime
from typing import Literal, NamedTuple

from online_orders.domain.mail_delivery import CREDIBILITY, NOT_ARRIVED, SHOWN_AS, MailEvent, MailState
from online_orders.domain.mail_kinds import MailKind, Role
from online_orders.domain.values import Entity, Instant

SentMailState = Literal["claimed", "delayed", MailState]
_DELAY_LEVEL = 0
"""Any news but an earlier delay counts more than a delay."""


class SentMail(Entity):
    """A mail about an order."""

    kind: str
    recipient: str | None
    """None of a mail that an earlier release sent; likewise of the two times."""
    sent_at: Instant | None
    """None, too, while SES has not accepted it."""
    state: SentMailState
    state_at: Instant | None
    sequence: int
    """Of the timeline entry that caused it; of a quote's mail, of the newest entry when it was sent."""


class MailNews(NamedTuple):
    """An event about a mail, as it is shown, and the text by which it is compared with another one."""

    state: SentMailState
    at: datetime
    rank: str


def mail_news(event: MailEvent | None, at: datetime, said_at: datetime | None = None) -> MailNews:
    """Return the news of an event (None: the mail is delayed); `said_at` is the event's own time, if known."""
    level = _DELAY_LEVEL if event is None else CREDIBILITY[event]
    state: SentMailState = "delayed" if event is None else SHOWN_AS[event]
    happened_at = said_at or at
    written = happened_at.astimezone(UTC).isoformat(timespec="microseconds")  # of one width, so that texts compare
    return MailNews(state, happened_at, f"{level}#{written}#{int(event in NOT_ARRIVED)}")


def quote_mail_name(link_number: int) -> str:
    """Return the name of the mail with a link to the quote, as of those that the mailer sends."""
    return f"{MailKind.QUOTE_TO_CONFIRM}#{Role.CONTACT}#{link_number}"


def kind_of(name: str) -> str:
    """Return the kind of a mail by its name."""
    return name.partition("#")[0]
