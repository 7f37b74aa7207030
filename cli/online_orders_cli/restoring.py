"""Restore a backup: make the stack's table equal to a restored one, item by item; any part may be repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tenacity import RetryError, Retrying, retry_if_not_result, stop_after_attempt, wait_exponential

from online_orders.aws.keys import mail_pause_key
from online_orders_cli.installation import Installation, Refused, Unreachable

Item = dict[str, Any]
_READ_BATCH_SIZE = 100
_WRITE_BATCH_SIZE = 25
_MAX_ATTEMPTS = 10


class Restored(NamedTuple):
    """What one page did: items put as in the backup, items that were equal already, and items deleted."""

    written: int = 0
    unchanged: int = 0
    removed: int = 0


def restore(installation: Installation, source: str, *, replace: bool, dry_run: bool) -> Iterator[Restored]:
    """Make the stack's table equal to the table `source`, page by page; the mail pause stays.

    Raises Refused while mail is not paused, since records of sent mails come back in any order; and for a table that is
    not empty, unless `replace` allows to delete what the backup lacks.
    """
    tables = _Tables(installation.aws("dynamodb"), source, installation.resource("Table"))
    if not tables.get(tables.target, [mail_pause_key()]):
        raise Refused(409, {"code": "mail_goes", "detail": "Hold all mail first: mail hold."})
    if not replace and any(not _is_mail_pause(item) for item in next(tables.pages(tables.target, Limit=3))):
        raise Refused(409, {"code": "not_empty", "detail": f"{tables.target} is not empty; see --replace."})
    for page in tables.pages(source, Limit=_READ_BATCH_SIZE):
        existing = tables.get(tables.target, page)
        due = [item for item in page if existing.get(_place(item)) != item and not _is_mail_pause(item)]
        if not dry_run:
            tables.write([{"PutRequest": {"Item": item}} for item in due])
        yield Restored(written=len(due), unchanged=len(page) - len(due))
    if not replace:
        return
    for page in tables.pages(tables.target, Limit=_READ_BATCH_SIZE, ProjectionExpression="pk, sk"):
        kept = tables.get(source, page)
        gone = [key for key in page if _place(key) not in kept and not _is_mail_pause(key)]
        if not dry_run:
            tables.write([{"DeleteRequest": {"Key": key}} for key in gone])
        yield Restored(removed=len(gone))


class _Tables:
    def __init__(self, client: Any, source: str, target: str) -> None:
        self._client = client
        self.source = source
        self.target = target

    def pages(self, table: str, **requested: Any) -> Iterator[list[Item]]:
        """Yield all items of a table; a page may be empty."""
        start: dict[str, Any] = {}
        while True:
            result = self._client.scan(TableName=table, ConsistentRead=True, **requested, **start)
            yield result["Items"]
            if "LastEvaluatedKey" not in result:
                return
            start = {"ExclusiveStartKey": result["LastEvaluatedKey"]}

    def get(self, table: str, items: Sequence[Item]) -> dict[tuple[str, str], Item]:
        """Return which of up to 100 items a table has under the same keys, by key."""
        found: dict[tuple[str, str], Item] = {}
        keys = [{"pk": item["pk"], "sk": item["sk"]} for item in items]
        left: Mapping[str, Any] = {table: {"Keys": keys, "ConsistentRead": True}} if keys else {}

        def read() -> bool:
            nonlocal left
            if left:
                response = self._client.batch_get_item(RequestItems=left)
                found.update({_place(item): item for item in response["Responses"].get(table, ())})
                left = response.get("UnprocessedKeys") or {}
            return not left

        _until_done(read, f"{table} is too busy to be read; run this again later.")
        return found

    def write(self, requests: Sequence[Item]) -> None:
        """Write puts and deletions to the stack's table."""
        for first in range(0, len(requests), _WRITE_BATCH_SIZE):
            left: Mapping[str, Any] = {self.target: requests[first : first + _WRITE_BATCH_SIZE]}

            def written() -> bool:
                nonlocal left
                left = self._client.batch_write_item(RequestItems=left).get("UnprocessedItems") or {}
                return not left

            _until_done(written, f"{self.target} is too busy to be written; run this again later.")


def _until_done(work: Callable[[], bool], too_busy: str) -> None:
    """Repeat what DynamoDB accepts only in part until it is done; raise Unreachable where some is left in the end."""
    again = Retrying(
        retry=retry_if_not_result(bool),
        wait=wait_exponential(multiplier=0.2, max=10),
        stop=stop_after_attempt(_MAX_ATTEMPTS),
    )
    try:
        again(work)
    except RetryError:
        raise Unreachable(too_busy) from None


def _place(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _is_mail_pause(item: Item) -> bool:
    """Return whether the item is the mail pause, or records when that ended last."""
    return bool(item["pk"] == mail_pause_key()["pk"])
