"""Read and write units by DynamoDB's size rules, which moto answers with constants."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import GlobalSecondaryIndex, Table
from moto.dynamodb.responses import DynamoHandler

from tests.lab.dynamodb import DynamoDB

Json = dict[str, Any]

READ_UNIT = 4096
WRITE_UNIT = 1024


class Capacity:
    """Counts while `measured()` runs. Exact for writes and gets, and for queries without filter and projection."""

    def __init__(self, dynamodb: DynamoDB) -> None:
        self.read: defaultdict[str, float] = defaultdict(float)
        """Units by table, or by `table/index`; an eventually consistent read takes halves."""
        self.written: Counter[str] = Counter()
        self._dynamodb = dynamodb
        self._factor = 1

    @contextmanager
    def measured(self) -> Iterator["Capacity"]:
        self.read.clear()
        self.written.clear()
        transact, call_action = DynamoDBBackend.transact_write_items, DynamoHandler.call_action

        def counted(original: Any) -> Any:
            def write(backend: DynamoDBBackend, table_name: str, key_or_item: Json, *args: Any, **kwargs: Any) -> Any:
                old = self._image(table_name, key_or_item)
                try:
                    return original(backend, table_name, key_or_item, *args, **kwargs)
                finally:  # a condition that fails costs a write too
                    self._wrote(table_name, old, self._image(table_name, key_or_item))

            return write

        def transact_twice_as_dear(backend: DynamoDBBackend, items: list[Json]) -> Any:
            for check in (item["ConditionCheck"] for item in items if "ConditionCheck" in item):
                self.written[check["TableName"]] += 2 * _units(
                    _size(self._image(check["TableName"], check["Key"])), WRITE_UNIT
                )
            self._factor = 2
            try:
                return transact(backend, items)
            finally:
                self._factor = 1

        def call_and_count_reads(handler: DynamoHandler) -> Any:
            response = call_action(handler)
            if response[0] == 200:
                self._reads(handler._get_action(), handler.body, json.loads(response[2] or "{}"))
            return response

        with ExitStack() as stack:
            for name in ("put_item", "update_item", "delete_item"):
                stack.enter_context(patch.object(DynamoDBBackend, name, counted(getattr(DynamoDBBackend, name))))
            stack.enter_context(patch.object(DynamoDBBackend, "transact_write_items", transact_twice_as_dear))
            stack.enter_context(patch.object(DynamoHandler, "call_action", call_and_count_reads))
            yield self

    def _image(self, table_name: str, key: Json) -> Json | None:
        table = self._dynamodb.backend.get_table(table_name)
        item = self._dynamodb.backend.get_item(table_name, {name: key[name] for name in table.table_key_attrs})
        return dict(item.to_json()["Attributes"]) if item else None

    def _wrote(self, table_name: str, old: Json | None, new: Json | None) -> None:
        table = self._dynamodb.backend.get_table(table_name)
        self.written[table.name] += self._factor * _units(max(_size(old), _size(new)), WRITE_UNIT)
        for index in table.global_indexes:
            before, after = _projected(table, index, old), _projected(table, index, new)
            if before == after:
                continue
            if before and after and all(before[name] == after[name] for name in index.schema_key_attrs):
                units = _units(max(_size(before), _size(after)), WRITE_UNIT)
            else:  # a changed index key is a delete and a put
                units = sum(_units(_size(image), WRITE_UNIT) for image in (before, after) if image)
            self.written[f"{table.name}/{index.name}"] += units

    def _reads(self, action: str, request: Json, answer: Json) -> None:
        if action == "GetItem":
            self._read(request["TableName"], request, _size(self._image(request["TableName"], request["Key"])))
        elif action == "BatchGetItem":
            for table, expected in request["RequestItems"].items():
                for key in expected["Keys"]:
                    self._read(table, expected, _size(self._image(table, key)))
        elif action == "TransactGetItems":
            for get in (item["Get"] for item in request["TransactItems"]):
                self.read[get["TableName"]] += 2 * _units(_size(self._image(get["TableName"], get["Key"])), READ_UNIT)
        elif action in ("Query", "Scan"):
            name = "/".join(filter(None, (request["TableName"], request.get("IndexName"))))
            self._read(name, request, sum(_size(item) for item in answer.get("Items", [])))

    def _read(self, name: str, request: Json, size: int) -> None:
        self.read[name] += _units(size, READ_UNIT) * (1 if request.get("ConsistentRead") else 0.5)


def _projected(table: Table, index: GlobalSecondaryIndex, item: Json | None) -> Json | None:
    """The image that the index holds, if it holds the item."""
    if not item or not all(name in item for name in index.schema_key_attrs):
        return None
    if index.projection["ProjectionType"] == "ALL":
        return item
    kept = {*index.schema_key_attrs, *table.table_key_attrs, *index.projection.get("NonKeyAttributes", [])}
    return {name: value for name, value in item.items() if name in kept}


def _units(size: int, unit: int) -> int:
    return max(1, math.ceil(size / unit))


def _size(item: Json | None) -> int:
    return sum(len(name.encode()) + _value_size(value) for name, value in (item or {}).items())


def _value_size(value: Json) -> int:
    ((kind, content),) = value.items()
    sizes: dict[str, Callable[[], int]] = {
        "S": lambda: len(content.encode()),
        "N": lambda: len(content.lstrip("-0.").replace(".", "").rstrip("0")) // 2 + 2,
        "BOOL": lambda: 1,
        "NULL": lambda: 1,
        "M": lambda: 3 + sum(len(name.encode()) + 1 + _value_size(member) for name, member in content.items()),
        "L": lambda: 3 + sum(1 + _value_size(member) for member in content),
        "SS": lambda: sum(len(member.encode()) for member in content),
        "NS": lambda: sum(_value_size({"N": member}) for member in content),
    }
    return sizes[kind]()
