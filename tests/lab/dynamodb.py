"""What moto's DynamoDB gets wrong and the product relies on, put right.

Stock moto loses acknowledged writes beside a canceled transaction, streams records of canceled transactions, copies the
whole table for every transaction, applies a repeated ClientRequestToken twice, and accepts index keys of any type and
expression values that nothing uses. Its reads are always up to date and complete; `lag` makes them as AWS's may be.

Offered to moto: upstream/moto-dynamodb-client-request-token.patch, upstream/moto-dynamodb-unused-values.patch,
upstream/moto-dynamodb-index-key-types.patch and upstream/moto-dynamodb-stream-records.patch. What was taken goes here.
"""

import copy
import json
import random
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

from boto3.dynamodb.types import TypeDeserializer
from moto.core.responses import EmptyResult
from moto.dynamodb import models
from moto.dynamodb.exceptions import DynamodbException, MockValidationException
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.responses import DynamoHandler

from tests.lab.clock import Clock

Json = dict[str, Any]


class Write(NamedTuple):
    """One that not everybody may read yet."""

    at: datetime
    table: str
    hash_key: Any
    range_key: Any
    before: Any
    """The item as it was, or None."""


StandIn = tuple[Any, str, Any]
"""An object, the name of its attribute, and what stands in for it while the lab runs."""

TOKEN_LIFETIME = timedelta(minutes=10)
MAX_LAG = timedelta(seconds=10)
"""After which everybody reads a write. AWS speaks of a fraction of a second, and of longer in unlikely failures."""
EXPRESSIONS = (
    "ConditionExpression",
    "UpdateExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
)


class DynamoDB:
    def __init__(self, clock: Clock, account: str, region: str) -> None:
        self.lock = threading.RLock()
        self._clock = clock
        self._account = account
        self._region = region
        self._tokens: dict[str, tuple[datetime, str]] = {}
        self._expiring = False
        self._chance: random.Random | None = None
        self._recent: list[Write] = []
        self.behind: set[str] = set()
        """The indexes, and tables, that were read without ConsistentRead since `lag`."""

    def lag(self, seed: int) -> None:
        """From now on what is read of an index, or of the table without ConsistentRead, may miss the newest writes.

        Each item on its own, and by chance: it is seen as it was one write before, or two, and so on, within
        `MAX_LAG`. BatchGetItem may leave keys unprocessed, but never all.
        """
        self._chance = random.Random(seed)

    @property
    def backend(self) -> DynamoDBBackend:
        return dynamodb_backends[self._account][self._region]

    def records(self, table: str, start: int = 0) -> list[Json]:
        """The stream of a table from a position on: one record per committed change, as Lambda's poller hands it on."""
        with self.lock:
            shard = self.backend.get_table(table).stream_shard
            assert shard, f"{table} has no stream"
            return [entry.record for entry in shard.items[start:]]

    def items(self, table: str) -> list[Json]:
        """All items as plain values, by key."""
        deserialize = TypeDeserializer().deserialize
        with self.lock:
            found = [item.to_json()["Attributes"] for item in self.backend.get_table(table).all_items()]
        return [{name: deserialize(value) for name, value in item.items()} for item in found]

    def get(self, table: str, key: Json) -> Json | None:
        """One item as it is stored."""
        with self.lock:
            item = self.backend.get_item(table, key)
            return None if item is None else item.to_json()["Attributes"]

    def expire(self, table: str) -> int:
        """Deletes what the table's TTL attribute says is over, as the service's own deletes; returns how many."""
        with self.lock:
            this = self.backend.get_table(table)
            attribute = this.ttl["AttributeName"]
            over = [
                item
                for item in this.all_items()
                if attribute in item.attrs and float(item.attrs[attribute].value) <= self._clock.timestamp()
            ]
            self._expiring = True
            try:
                for item in over:
                    this.delete_item(item.hash_key, item.range_key)
            finally:
                self._expiring = False
            return len(over)

    @contextmanager
    def attached(self) -> Iterator[None]:
        with ExitStack() as stack:
            for target, name, stand_in in [*self._requests(), *self._reads(), *self._transactions(), *self._writes()]:
                stack.enter_context(patch.object(target, name, stand_in))
            yield

    def _requests(self) -> list[StandIn]:
        call_action, transact = DynamoHandler.call_action, DynamoHandler.transact_write_items

        def locked_call_action(handler: DynamoHandler) -> Any:
            with self.lock:
                return call_action(handler)

        def checked(original: Any) -> Any:
            def action(handler: DynamoHandler) -> Any:
                _refuse_unused_values(handler.body)
                return original(handler)

            return action

        def idempotent_transact(handler: DynamoHandler) -> Any:
            for item in handler.body["TransactItems"]:
                _refuse_unused_values(*item.values())
            if self._is_repeated(handler.body):
                return EmptyResult()
            result = transact(handler)
            self._remember(handler.body)
            return result

        operations = ("put_item", "update_item", "delete_item")
        return [
            (DynamoHandler, "call_action", locked_call_action),
            (DynamoHandler, "transact_write_items", idempotent_transact),
            *[(DynamoHandler, name, checked(getattr(DynamoHandler, name))) for name in operations],
        ]

    def _reads(self) -> list[StandIn]:
        batch_get_item = DynamoHandler.batch_get_item

        def behind(original: Any) -> Any:
            def action(handler: DynamoHandler) -> Any:
                _refuse_unused_values(handler.body)
                with self._behind(handler.body["TableName"], handler.body):
                    return original(handler)

            return action

        def batch_behind(handler: DynamoHandler) -> Any:
            requests = handler.body["RequestItems"]
            left = self._unprocessed(requests)
            with ExitStack() as stack:
                for table, request in requests.items():
                    stack.enter_context(self._behind(table, request))
                response: Any = batch_get_item(handler)
            response.result["UnprocessedKeys"] |= left
            return response

        operations = ("get_item", "query", "scan")
        return [
            (DynamoHandler, "batch_get_item", batch_behind),
            *[(DynamoHandler, name, behind(getattr(DynamoHandler, name))) for name in operations],
        ]

    @contextmanager
    def _behind(self, table_name: str, request: Json) -> Iterator[None]:
        """While a read runs, undoes what it is not to see."""
        if self._chance is None or request.get("ConsistentRead"):
            yield
            return
        self.behind.add(request.get("IndexName", table_name))
        table = self.backend.get_table(table_name)
        since = self._clock.now() - MAX_LAG
        self._recent = [write for write in self._recent if write.at >= since]
        old: dict[tuple[str, str], Write] = {}
        seen: set[tuple[str, str]] = set()
        for write in reversed(self._recent):
            key = (write.hash_key.value, write.range_key.value)
            if write.table == table_name and key not in seen:
                if self._chance.random() < 0.5:
                    old[key] = write
                else:
                    seen.add(key)
        existing = [(write, table.items[write.hash_key].get(write.range_key)) for write in old.values()]
        for write in old.values():
            _set(table, write, write.before)
        try:
            yield
        finally:
            for write, item in existing:
                _set(table, write, item)

    def _unprocessed(self, requests: Json) -> Json:
        """Takes keys out of a batch, and returns them as the answer names them."""
        left: Json = {}
        for table, request in requests.items():
            keys = request["Keys"]
            if self._chance and len(keys) > 1 and self._chance.random() < 0.2:
                kept = self._chance.randrange(1, len(keys))
                left[table] = {**request, "Keys": keys[kept:]}
                request["Keys"] = keys[:kept]
        return left

    def _transactions(self) -> list[StandIn]:
        transact = DynamoDBBackend.transact_write_items
        touched: dict[str, set[str]] = {}
        """The keys of the transaction at hand: hash key to range keys."""
        taken: dict[str, Table] = {}
        """Its snapshots, by table; moto asks for one with every item, before it writes the first."""

        def transact_with_snapshot(backend: DynamoDBBackend, items: list[Json]) -> None:
            touched.clear()
            for operation in (operation for item in items for operation in item.values()):
                table = backend.get_table(operation["TableName"])
                key = operation.get("Key") or operation.get("Item") or {}
                for value in key.get(table.hash_key_attr, {}).values():
                    touched.setdefault(value, set()).update(key.get(table.range_key_attr, {}).values())
            try:
                transact(backend, items)
            finally:
                taken.clear()

        def snapshot(value: Any) -> Any:
            """`copy.deepcopy` of a table, but only of the items that the transaction can change."""
            if not isinstance(value, Table):
                return copy.deepcopy(value)
            if value.name in taken:
                return taken[value.name]
            table = taken[value.name] = copy.copy(value)
            table.items = type(value.items)(dict)
            for key, collection in value.items.items():
                ranges = touched.get(key.value)
                table.items[key] = collection if ranges is None else _copied(collection, ranges)
            if value.stream_shard:
                table.stream_shard = copy.copy(value.stream_shard)
                table.stream_shard.items, table.stream_shard.table = list(value.stream_shard.items), table
            return table

        return [
            (DynamoDBBackend, "transact_write_items", transact_with_snapshot),
            (models, "copy", SimpleNamespace(deepcopy=snapshot, copy=copy.copy)),
        ]

    def _writes(self) -> list[StandIn]:
        put_item, add = Table.put_item, StreamShard.add

        def put_with_typed_index_keys(table: Table, item: Json, *args: Any, **kwargs: Any) -> Any:
            types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table.attr}
            for name, kind in types.items():
                if name in item and kind not in item[name]:
                    raise MockValidationException(
                        "One or more parameter values were invalid: Type mismatch for Index Key "
                        f"{name} Expected: {kind} Actual: {next(iter(item[name]))}"
                    )
            return put_item(table, item, *args, **kwargs)

        def add_as_aws(shard: StreamShard, old: Any, new: Any) -> None:
            if self._chance:
                it = old if new is None else new
                self._recent.append(Write(self._clock.now(), shard.table.name, it.hash_key, it.range_key, old))
            if old is not None and new is not None and old.to_json() == new.to_json():
                return
            if old is None and shard.items and _is_bare_insert_of(shard.items[-1].record, new):
                shard.items.pop()  # UpdateItem that creates an item writes the bare keys first
            add(shard, old, new)
            record = shard.items[-1].record
            stream_arn = f"{shard.table.table_arn}/stream/{shard.table.latest_stream_label}"
            record |= {"eventVersion": "1.1", "awsRegion": self._region, "eventSourceARN": stream_arn}
            record["dynamodb"]["ApproximateCreationDateTime"] = int(self._clock.timestamp())
            if self._expiring:
                record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

        return [(Table, "put_item", put_with_typed_index_keys), (StreamShard, "add", add_as_aws)]

    def _is_repeated(self, body: Json) -> bool:
        token = body.get("ClientRequestToken")
        if token not in self._tokens or self._tokens[token][0] + TOKEN_LIFETIME < self._clock.now():
            return False
        if self._tokens[token][1] != json.dumps(body, sort_keys=True):
            raise DynamodbException(
                "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
                "The token was used for another request",
            )
        return True

    def _remember(self, body: Json) -> None:
        if token := body.get("ClientRequestToken"):
            self._tokens[token] = (self._clock.now(), json.dumps(body, sort_keys=True))


def _set(table: Table, write: Write, item: Any) -> None:
    if item is None:
        table.items[write.hash_key].pop(write.range_key, None)
    else:
        table.items[write.hash_key][write.range_key] = item


def _copied(collection: dict[Any, Any], ranges: set[str]) -> dict[Any, Any]:
    """The items of one hash key, by range key; those of `ranges` are copies."""
    return {key: copy.deepcopy(item) if key.value in ranges else item for key, item in collection.items()}


def _is_bare_insert_of(record: Json, new: Any) -> bool:
    change = record["dynamodb"]
    attributes = new.to_json()["Attributes"]
    return (
        record["eventName"] == "INSERT"
        and change.get("NewImage") == change["Keys"]
        and all(attributes[name] == value for name, value in change["Keys"].items())
    )


def _refuse_unused_values(*operations: Json) -> None:
    for operation in operations:
        used = set(re.findall(r":\w+", " ".join(str(operation.get(name) or "") for name in EXPRESSIONS)))
        if unused := sorted((operation.get("ExpressionAttributeValues") or {}).keys() - used):
            keys = f"{{{', '.join(unused)}}}"
            raise MockValidationException(
                f"Value provided in ExpressionAttributeValues unused in expressions: keys: {keys}"
            )
