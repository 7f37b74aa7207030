"""Store received mails that the desk is to judge, and which mails were processed.

A mail is processed by one transaction that writes its comment or its message, and the mark that it is done: so nothing
is lost or doubled, whenever a process ends. An open message is judged by one transaction, too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from online_orders.aws.keys import (
    DONE_MESSAGE_PREFIX,
    MESSAGES_PK,
    OPEN_MESSAGE_PREFIX,
    PREFIX_END,
    Item,
    Key,
    inbound_day_key,
    inbound_key,
    judged_message_key,
    key,
    open_message_key,
)
from online_orders.aws.table import (
    IF_NOT_EXISTS,
    WriteConflict,
    attempts,
    call,
    get,
    get_all,
    number,
    put,
    query_pages,
    query_range,
    text,
    transact,
)
from online_orders.domain.errors import InProgress, NotFound, StateConflict
from online_orders.domain.messages import Judgment, Message
from online_orders.domain.order_ids import placed_at
from online_orders.environment import environment

STRANGERS = "STRANGERS"
MAX_PER_ORDER = 20
"""Messages of a day with the address for replies of one order."""
_MARK_RETENTION = timedelta(days=30)
"""Longer than a message stays in its queue, and than a mail may be old that becomes a comment."""
_JUDGED_RETENTION = timedelta(days=90)
_DAY_RETENTION = timedelta(days=3)


class MessagePage(NamedTuple):
    """Messages, and the sort key after which the next page begins (None: this was the last)."""

    messages: list[Message]
    position: str | None


def is_processed(mark: str) -> bool:
    return get(inbound_key(mark)) is not None


def mark_action(mark: str, at: datetime) -> Item:
    """Return the write that marks a mail as processed, for the transaction with what became of it."""
    return {"Put": {"Item": _mark(mark, at), **IF_NOT_EXISTS}}


def _mark(mark: str, at: datetime) -> Item:
    return {**inbound_key(mark), "expires_at": _seconds(at + _MARK_RETENTION)}


def _seconds(at: datetime) -> dict[str, str]:
    return number(int(at.timestamp()))


def store_message(message: Message) -> bool:
    """Store an open message and return True; return False, and only count it, once the day has as many as it may.

    Raises InProgress when others keep changing the same items.
    """
    bucket = message.order_id or STRANGERS
    most = MAX_PER_ORDER if message.order_id else int(environment("INBOUND_MESSAGES_PER_DAY"))
    day = inbound_day_key(message.at, bucket)
    for _ in attempts():
        counted = get(day)
        if counted and int(counted["messages"]["N"]) >= most:
            put(_mark(message.mail_id, message.at))
            return False
        try:
            transact(_store_actions(message, day))
        except WriteConflict:
            if is_processed(message.mail_id):
                return True
            continue
        return True
    raise InProgress("Others keep storing messages; nothing was done.")


def _store_actions(message: Message, day: Key) -> list[Item]:
    item = {**open_message_key(message.message_id), "document": text(message.model_dump_json())}
    count = {
        "Key": day,
        "UpdateExpression": "ADD messages :one SET expires_at = :later",
        "ExpressionAttributeValues": {":one": number(1), ":later": _seconds(message.at + _DAY_RETENTION)},
    }
    return [
        {"Put": {"Item": item, **IF_NOT_EXISTS}},
        mark_action(message.mail_id, message.at),
        {"Update": count},
    ]


def list_messages(limit: int, after: str | None) -> MessagePage:
    """Return a page of messages, open ones first, and the newest first of both."""
    last = OPEN_MESSAGE_PREFIX + PREFIX_END
    start = {} if after is None else {"ExclusiveStartKey": key(MESSAGES_PK, after)}
    response = query_range(MESSAGES_PK, DONE_MESSAGE_PREFIX, last, ScanIndexForward=False, Limit=limit, **start)
    messages = [_message(item) for item in response["Items"]]
    return MessagePage(messages, response["LastEvaluatedKey"]["sk"]["S"] if "LastEvaluatedKey" in response else None)


def count_open() -> int:
    """Return how many messages wait; at most one page is counted."""
    last = OPEN_MESSAGE_PREFIX + PREFIX_END
    return int(query_range(MESSAGES_PK, OPEN_MESSAGE_PREFIX, last, Select="COUNT")["Count"])


def oldest_open_at() -> datetime | None:
    """Return when the oldest open message came; None while none waits."""
    last = OPEN_MESSAGE_PREFIX + PREFIX_END
    items = query_range(MESSAGES_PK, OPEN_MESSAGE_PREFIX, last, Limit=1, ProjectionExpression="pk, sk")["Items"]
    return placed_at(items[0]["sk"]["S"].removeprefix(OPEN_MESSAGE_PREFIX)) if items else None


def get_message(message_id: str) -> Message:
    """Return an open or judged message; raise NotFound."""
    keys = [open_message_key(message_id), judged_message_key(message_id)]
    found = get_all(keys)
    item = found.get(keys[1]) or found.get(keys[0])
    if item is None:
        raise NotFound("There is no such message.")
    return _message(item)


def get_open_message(message_id: str) -> Message:
    """Return an open message; raise NotFound, and StateConflict `already_judged` for another."""
    message = get_message(message_id)
    if message.judgment is not None:
        raise StateConflict("already_judged", f"The message was {message.judgment.decision} already.")
    return message


def _message(item: Item) -> Message:
    return Message.model_validate_json(item["document"]["S"])


def judge_actions(message: Message, judgment: Judgment) -> list[Item]:
    """Return the writes by which an open message becomes a judged one; they fail for one that is not open."""
    judged = message.model_copy(update={"judgment": judgment})
    item = {
        **judged_message_key(message.message_id),
        "document": text(judged.model_dump_json()),
        "expires_at": _seconds(judgment.at + _JUDGED_RETENTION),
    }
    is_open = {"ConditionExpression": "attribute_exists(pk)"}
    return [
        {"Delete": {"Key": open_message_key(message.message_id), **is_open}},
        {"Put": {"Item": item, **IF_NOT_EXISTS}},
    ]


def dismiss(message: Message, judgment: Judgment) -> Message:
    """Store that an open message becomes nothing; raise StateConflict where somebody else has judged it meanwhile."""
    try:
        transact(judge_actions(message, judgment))
    except WriteConflict:
        get_open_message(message.message_id)
        raise InProgress("Others are judging the message; nothing was done.") from None
    return get_message(message.message_id)


def all_messages() -> list[Message]:
    """Return every message, for an operator who erases a person."""
    pages = query_pages(MESSAGES_PK, DONE_MESSAGE_PREFIX, OPEN_MESSAGE_PREFIX + PREFIX_END, Limit=100)
    return [_message(item) for page in pages for item in page]


def remove(message: Message) -> None:
    """Remove a message for good, whether or not it was judged."""
    for each in (open_message_key(message.message_id), judged_message_key(message.message_id)):
        call("delete_item", Key=each)
