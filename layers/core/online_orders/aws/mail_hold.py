"""The operator's switch that holds all mail: an item of the table, read before each mail.

While it is there, nothing is handed to SES and nothing is lost: queued mails go back to their queue, and the
workflow asks again about its quote, both after the same pause.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from online_orders.aws.dynamodb import call, get, put, text
from online_orders.aws.environment import environment
from online_orders.aws.keys import mail_hold_key, mail_release_key
from online_orders.clock import now


class Hold(NamedTuple):
    since: datetime
    reason: str


def standing_hold() -> Hold | None:
    """The hold that is on, or None."""
    item = get(mail_hold_key())
    return Hold(datetime.fromisoformat(item["since"]["S"]), item["reason"]["S"]) if item else None


def pause_seconds() -> int:
    """After how long to ask again; at most 900, which is SQS's longest delay."""
    return int(environment("HELD_MAIL_PAUSE_SECONDS"))


def hold(reason: str, at: datetime) -> Hold:
    """Hold all mail from now on; a hold that is on stays as it is, since and reason."""
    item = {**mail_hold_key(), "since": text(at.isoformat()), "reason": text(reason)}
    put(item, ConditionExpression="attribute_not_exists(pk)")
    return standing_hold() or Hold(at, reason)


def release() -> bool:
    """Let mail go again; whether it was held. What was held counts as due from now on."""
    if standing_hold() is None:
        return False
    put({**mail_release_key(), "at": text(now().isoformat())})
    said = call("delete_item", Key=mail_hold_key(), ReturnValues="ALL_OLD")
    return "Attributes" in said


def released_at() -> datetime | None:
    """Return when a hold was last lifted, or None when there never was one."""
    item = get(mail_release_key())
    return datetime.fromisoformat(item["at"]["S"]) if item else None
