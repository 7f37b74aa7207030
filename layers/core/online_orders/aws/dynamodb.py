"""Calls to the table, and the one way in which a lost race shows itself."""

from __future__ import annotations

from collections.abc import Sequence
from random import SystemRandom
from time import sleep
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from online_orders.aws import json_services
from online_orders.aws.environment import environment
from online_orders.aws.keys import Item, Key
from online_orders.errors import Unavailable

IS_NEW = {"ConditionExpression": "attribute_not_exists(pk)"}
_LOST_RACES = {"None", "ConditionalCheckFailed", "TransactionConflict"}


class Raced(Exception):
    """Someone else wrote first; nothing was written. Carries what stands where a condition failed, by position."""

    def __init__(self, standing: Sequence[Item | None]) -> None:
        super().__init__("a condition of the write failed")
        self.standing = standing


class Found(dict[tuple[str, str], Item]):
    """Items by key."""

    def under(self, key: Key) -> Item | None:
        return self.get((key["pk"]["S"], key["sk"]["S"]))


def text(value: str) -> dict[str, str]:
    return {"S": value}


def number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def call(operation: str, **parameters: Any) -> Any:
    """One call to the table, by the operation's name in DynamoDB's API reference."""
    return _ask(operation, TableName=environment("TABLE_NAME"), **parameters)


def _ask(operation: str, **parameters: Any) -> Any:
    return json_services.call(json_services.DYNAMODB, operation, parameters)


def get(key: Key) -> Item | None:
    answer: Item = call("GetItem", Key=key, ConsistentRead=True)
    return answer.get("Item")


def get_all(keys: Sequence[Key]) -> Found:
    """The items under up to 100 keys, each read consistently."""
    table = environment("TABLE_NAME")
    found = Found()
    left: Any = {table: {"Keys": list(keys), "ConsistentRead": True}} if keys else {}
    for attempt in range(8):
        if not left:
            return found
        if attempt:
            pause(attempt)
        answer = _ask("BatchGetItem", RequestItems=left)
        for item in answer["Responses"].get(table, ()):
            found[item["pk"]["S"], item["sk"]["S"]] = item
        left = answer.get("UnprocessedKeys")
    raise Unavailable("The table is busy.")


def put(item: Item, **condition: Any) -> bool:
    """Whether the item was stored: False when the condition failed."""
    return _unless_refused("PutItem", Item=item, **condition)


def update(key: Key, expression: str, values: Item, **condition: Any) -> bool:
    """Whether the item was updated: False when the condition failed."""
    filled = {"ExpressionAttributeValues": values} if values else {}
    return _unless_refused("UpdateItem", Key=key, UpdateExpression=expression, **filled, **condition)


def _unless_refused(operation: str, **parameters: Any) -> bool:
    try:
        call(operation, **parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def transact(actions: Sequence[Item]) -> None:
    """All of it or nothing; raises Raced when a condition fails or another transaction is at the same items."""
    table = environment("TABLE_NAME")
    stamped = [{kind: {"TableName": table, **body} for kind, body in action.items()} for action in actions]
    try:
        # By its token DynamoDB knows the transaction again when it comes once more because its answer was lost.
        _ask("TransactWriteItems", TransactItems=stamped, ClientRequestToken=str(uuid4()))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "TransactionInProgressException":
            raise Raced([]) from error
        if code != "TransactionCanceledException":
            raise
        reasons = error.response.get("CancellationReasons", [])
        if not {reason["Code"] for reason in reasons} <= _LOST_RACES:
            raise
        raise Raced([reason.get("Item") for reason in reasons]) from error


def pause(attempt: int) -> None:
    """Back off before another attempt, with full jitter, up to a second."""
    # Processes that start from one snapshot would share a seed, and meet again.
    sleep(SystemRandom().uniform(0, min(1.0, 0.02 * 2**attempt)))
