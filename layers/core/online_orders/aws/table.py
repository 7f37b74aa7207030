"""Call the table, and raise WriteConflict after a lost race (optimistic locking).

What DynamoDB refuses because another write has the same item is handled here and nowhere else:

| error or response                      | of which calls             | handling                                     |
|----------------------------------------|----------------------------|----------------------------------------------|
| `ConditionalCheckFailedException`      | PutItem, UpdateItem        | False, for the caller to read again          |
| `TransactionConflictException`         | PutItem, UpdateItem,       | retried; InProgress if it goes on            |
|                                        | DeleteItem                 |                                              |
| `TransactionCanceledException`:        | TransactWriteItems         |                                              |
| - a condition, or another transaction  |                            | WriteConflict, for the caller to read again  |
| - throttling                           |                            | retried; Unavailable if it goes on           |
| - anything else                        |                            | raised as it is: an internal error           |
| `TransactionInProgressException`       | TransactWriteItems         | repeated with the same token, which          |
|                                        |                            | returns the outcome; Unavailable if it goes  |
|                                        |                            | on                                           |
| `UnprocessedKeys`                      | BatchGetItem               | read again; Unavailable if it goes on        |
| `UnprocessedItems`                     | BatchWriteItem             | written again; Unavailable if it goes on     |

Reads are never refused because of a transaction: the product has no TransactGetItems, and GetItem, BatchGetItem and
Query return each item as it is before or after one. `ItemCollectionSizeLimitExceeded` is for tables with local indexes,
`ReplicatedWriteConflictException` for tables in several regions, and `IdempotentParameterMismatchException` for a token
that comes with two bodies; none of them can happen here. The SDK retries throttled calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from random import SystemRandom
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from online_orders.aws.clients import client, error_code
from online_orders.aws.keys import PREFIX_END, Item, Key
from online_orders.domain.errors import InProgress, Unavailable
from online_orders.environment import environment

IF_NOT_EXISTS = {"ConditionExpression": "attribute_not_exists(pk)"}
TABLE_ERRORS = (BotoCoreError, ClientError, InProgress, Unavailable)
"""What a call to the table may raise besides WriteConflict."""
MAX_BATCH_WRITES = 25
"""Writes of one BatchWriteItem."""
MAX_ATTEMPTS = 8
"""Attempts of a call that conflicts with others; their pauses take two seconds on average and four at most."""
_MAX_PAUSE_SECONDS = 1.0
_TRANSACTION_DEADLINE_SECONDS = 6.0
"""DynamoDB itself ends a stuck transaction after five seconds, at the next attempt."""
_CONFLICTS = {"None", "ConditionalCheckFailed", "TransactionConflict"}
_THROTTLED = {"ProvisionedThroughputExceeded", "ThrottlingError"}
"""Reasons for which a transaction was canceled."""


class WriteConflict(Exception):
    """Somebody else wrote first, and nothing was written. Has the existing item where a condition failed,
    by position.
    """

    def __init__(self, existing: Sequence[Item | None]) -> None:
        super().__init__("a condition of the write failed")
        self.existing = existing


class Items:
    """Items that were read together, by key."""

    def __init__(self, *items: Item) -> None:
        self._items: dict[tuple[str, str], Item] = {}
        for item in items:
            self.add(item)

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Item) -> None:
        """Add an item under its own key."""
        self._items[item["pk"]["S"], item["sk"]["S"]] = item

    def get(self, key: Key) -> Item | None:
        """Return the item under a key; None where there is none."""
        return self._items.get((key["pk"]["S"], key["sk"]["S"]))


def text(value: str) -> dict[str, str]:
    return {"S": value}


def number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def if_version(before: int) -> Item:
    """Return the parameters of a write that succeeds only while the item is at a version."""
    return {"ConditionExpression": "version = :before", "ExpressionAttributeValues": {":before": number(before)}}


def call(method: str, **parameters: Any) -> Any:
    """Make one call to the table, by a method of boto3's client (`get_item`), and return its response.

    Raises InProgress as `_call_with_retries` does, and ClientError and BotoCoreError as the client does.
    """
    return _call_with_retries(method, TableName=environment("TABLE_NAME"), **parameters)


def _call_with_retries(method: str, **parameters: Any) -> Any:
    """Return DynamoDB's response; retry a write that conflicts with a transaction.

    Such a write is refused at once and changes nothing, and neither DynamoDB nor the SDK retries it. Raises InProgress
    when the conflict does not end.
    """
    for _ in attempts():
        try:
            return getattr(client("dynamodb"), method)(**parameters)
        except ClientError as error:
            if error_code(error) != "TransactionConflictException":
                raise
    raise InProgress("Others keep changing this; nothing was done.")


def get(key: Key) -> Item | None:
    response: Item = call("get_item", Key=key, ConsistentRead=True)
    return response.get("Item")


def get_all(keys: Sequence[Key]) -> Items:
    """Return the items under up to 100 keys, each read consistently; raise Unavailable when some stay unprocessed.

    A key that is given twice is read once, since DynamoDB refuses it.
    """
    table, found = environment("TABLE_NAME"), Items()
    if not keys:
        return found
    unique = {(key["pk"]["S"], key["sk"]["S"]): key for key in keys}
    left: Any = {table: {"Keys": list(unique.values()), "ConsistentRead": True}}
    for _ in attempts():
        response = _call_with_retries("batch_get_item", RequestItems=left)
        for item in response["Responses"].get(table, ()):
            found.add(item)
        left = response.get("UnprocessedKeys")
        if not left:
            return found
    raise Unavailable("The table is busy.")


def query_range(pk: str, first: str, last: str, **parameters: Any) -> Any:
    """Query a partition's items from one sort key to another, both included, consistently, and return the response.

    `parameters` are further ones of the client's `query`, such as `Limit`. Raises what `call` raises.
    """
    return call(
        "query",
        KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
        ExpressionAttributeValues={":pk": text(pk), ":first": text(first), ":last": text(last)},
        ConsistentRead=True,
        **parameters,
    )


def query_pages(pk: str, first: str, last: str, **parameters: Any) -> Iterator[list[Item]]:
    """Yield all items that `query_range` finds, page by page; the next page is read when it is asked for."""
    start: dict[str, Key] = {}
    while True:
        response = query_range(pk, first, last, **parameters, **start)
        yield response["Items"]
        if "LastEvaluatedKey" not in response:
            return
        start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}


def query_pointed(
    pk: str, prefix: str, key_of: Callable[[str], Key], limit: int, after: str | None, *, first: str = ""
) -> tuple[list[Item], str | None]:
    """Return a page of the items whose ids a partition lists, as sort keys that begin with a prefix; and the id after
    which the next page begins (None: this was the last).

    `key_of` returns the key of an item by its id; an item that is not there is left out. No id is below `first`.
    """
    start = prefix + (after + "\0" if after else first)
    response = query_range(pk, start, prefix + PREFIX_END, Limit=limit)
    ids = [item["sk"]["S"].removeprefix(prefix) for item in response["Items"]]
    keys = [key_of(each) for each in ids]
    found = get_all(keys)
    items = [item for key in keys if (item := found.get(key))]
    return items, ids[-1] if "LastEvaluatedKey" in response and ids else None


def put(item: Item, **condition: Any) -> bool:
    """Store an item and return True; return False when the condition failed."""
    return _write_conditionally("put_item", Item=item, **condition)


def update(key: Key, expression: str, values: Item | None = None, **condition: Any) -> bool:
    """Update an item and return True; return False when the condition failed."""
    filled = {"ExpressionAttributeValues": values} if values else {}
    return _write_conditionally("update_item", Key=key, UpdateExpression=expression, **filled, **condition)


def _write_conditionally(method: str, **parameters: Any) -> bool:
    try:
        call(method, **parameters)
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True


def write_all(requests: Sequence[Item], *, for_seconds: float) -> None:
    """Put and delete any number of items without conditions, a batch at a time; raise Unavailable when some stay
    unprocessed, and after `for_seconds`.

    Each is a `PutRequest` or a `DeleteRequest`, of one key once.
    """
    table, deadline = environment("TABLE_NAME"), monotonic() + for_seconds
    for first in range(0, len(requests), MAX_BATCH_WRITES):
        if monotonic() > deadline:
            raise Unavailable("The table is busy.")
        left: Any = {table: list(requests[first : first + MAX_BATCH_WRITES])}
        for _ in attempts():
            left = _call_with_retries("batch_write_item", RequestItems=left).get("UnprocessedItems")
            if not left:
                break
        else:
            raise Unavailable("The table is busy.")


def transact(actions: Sequence[Item]) -> None:
    """Write all actions or none; raise WriteConflict when a condition fails or another transaction has the same items.

    Raises Unavailable while the table is throttled, and when the outcome of the transaction cannot be determined.
    """
    table = environment("TABLE_NAME")
    stamped = [{kind: {"TableName": table, **body} for kind, body in action.items()} for action in actions]
    # By the token DynamoDB recognizes a transaction that is sent again because its response was lost.
    token = str(uuid4())
    refusal = None
    for _ in attempts(for_seconds=_TRANSACTION_DEADLINE_SECONDS):
        try:
            _call_with_retries("transact_write_items", TransactItems=stamped, ClientRequestToken=token)
        except ClientError as error:
            is_at_work = error_code(error) == "TransactionInProgressException"
            if not is_at_work:
                _raise_unless_throttled(error)
                token = str(uuid4())  # this one was canceled for good, and nothing was written
            refusal = error
        else:
            return
    raise Unavailable("The table is busy.") from refusal


def _raise_unless_throttled(error: ClientError) -> None:
    if error_code(error) != "TransactionCanceledException":
        raise error
    reasons = error.response.get("CancellationReasons", [])
    codes = {reason["Code"] for reason in reasons}
    if not codes <= _CONFLICTS | _THROTTLED:
        raise error
    if codes <= _CONFLICTS or "ConditionalCheckFailed" in codes:
        raise WriteConflict([reason.get("Item") for reason in reasons]) from error


def attempts(*, for_seconds: float | None = None) -> Iterator[int]:
    """Yield the numbers of the attempts at what may conflict with others, from 0, with a pause before all but the
    first.

    They end after MAX_ATTEMPTS or, with `for_seconds`, with the first that ends later.
    """
    deadline = None if for_seconds is None else monotonic() + for_seconds
    for attempt in count() if deadline is not None else range(MAX_ATTEMPTS):
        if attempt:
            if deadline is not None and monotonic() > deadline:
                return
            back_off(attempt)
        yield attempt


def back_off(attempt: int) -> None:
    """Back off before another attempt, with full jitter, up to a second."""
    # Processes that start from one snapshot would share a seed, and conflict again.
    sleep(SystemRandom().uniform(0, max_pause(attempt)))


def max_pause(attempt: int) -> float:
    """Return the seconds that the pause before an attempt (1: the second) takes at most."""
    return min(_MAX_PAUSE_SECONDS, 0.02 * 2.0**attempt)
