"""The operator's mail pause: an item of the table, read before each mail.

While it exists, no mail is sent and none is lost: queued mails go back to their queue, and the workflow checks again
before it sends its quote, both after the same delay.
"""

from datetime import datetime
from typing import NamedTuple

from online_orders.aws.keys import mail_pause_key, mail_resume_key
from online_orders.aws.table import call, get, put, text
from online_orders.clock import now
from online_orders.environment import environment


class MailPause(NamedTuple):
    since: datetime
    reason: str


def current_pause() -> MailPause | None:
    """Return the pause that is on, or None."""
    item = get(mail_pause_key())
    return MailPause(datetime.fromisoformat(item["since"]["S"]), item["reason"]["S"]) if item else None


def retry_seconds() -> int:
    """Return the seconds after which to check again; at most 900, which is SQS's longest delay."""
    return int(environment("PAUSED_MAIL_RETRY_SECONDS"))


def pause(reason: str, at: datetime) -> MailPause:
    """Pause all mail from now on; a pause that is on keeps its start and its reason."""
    item = {**mail_pause_key(), "since": text(at.isoformat()), "reason": text(reason)}
    put(item, ConditionExpression="attribute_not_exists(pk)")
    return current_pause() or MailPause(at, reason)


def resume() -> bool:
    """End the pause; return whether there was one. Paused mails count as due from now on."""
    if current_pause() is None:
        return False
    put({**mail_resume_key(), "at": text(now().isoformat())})
    response = call("delete_item", Key=mail_pause_key(), ReturnValues="ALL_OLD")
    return "Attributes" in response


def resumed_at() -> datetime | None:
    """Return when a pause was last ended, or None when there never was one."""
    item = get(mail_resume_key())
    return datetime.fromisoformat(item["at"]["S"]) if item else None
