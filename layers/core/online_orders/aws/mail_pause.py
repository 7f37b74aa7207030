"""The operator's switch that holds all mail: an item of the table, read before each mail.

While it is there, nothing is handed to SES and nothing is lost: queued mails go back to their queue, and the
workflow asks again about its quote, both after the same pause.
"""

from __future__ import annotations

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
    """After how long to ask again; at most 900, which is SQS's longest delay."""
    return int(environment("PAUSED_MAIL_RETRY_SECONDS"))


def pause(reason: str, at: datetime) -> MailPause:
    """Hold all mail from now on; a hold that is on stays as it is, since and reason."""
    item = {**mail_pause_key(), "since": text(at.isoformat()), "reason": text(reason)}
    put(item, ConditionExpression="attribute_not_exists(pk)")
    return current_pause() or MailPause(at, reason)


def resume() -> bool:
    """Let mail go again; whether it was held. What was held counts as due from now on."""
    if current_pause() is None:
        return False
    put({**mail_resume_key(), "at": text(now().isoformat())})
    response = call("delete_item", Key=mail_pause_key(), ReturnValues="ALL_OLD")
    return "Attributes" in response


def resumed_at() -> datetime | None:
    """Return when a pause was last lifted, or None when there never was one."""
    item = get(mail_resume_key())
    return datetime.fromisoformat(item["at"]["S"]) if item else None
