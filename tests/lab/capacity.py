"""Read and write units by DynamoDB's size rules, which moto answers with constants."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from inspect import signature
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import GlobalSecondaryIndex, Table
from moto.dynamodb.responses import DynamoHandler

from tests.lab.dynamodb import DynamoDB

Json = dict[str, Any]

READ_UNIT = 4096
WRITE_UNIT = 1024


class Capacity:
    """Counts while `measured()` runs. Exact for writes, gets and queries; of a scan without filter and projection."""

    def __init__(self, dynamodb: DynamoDB) -> None:
        self.read: defaultdict[str, float] = defaultdict(float)
        """Units by table, or by `table/index`; an eventually consistent read takes halves."""
        self.written: Counter[str] = Counter()
        self.read_keys: list[tuple[str, str]] = []
        """Of all items of tables that gets named and queries came to, those that a filter then dropped too; indexes are
        not among them.
        """
        self._queried = 0
        """Bytes that the query at hand came to."""
        self._dynamodb = dynamodb
        self._factor = 1

    @contextmanager
    def measured(self) -> Iterator["Capacity"]:
        self.read.clear()
        self.written.clear()
        self.read_keys.clear()
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
            stack.enter_context(patch.object(Table, "query", self._counting_query(Table.query)))
            yield self

    def _counting_query(self, original: Any) -> Any:
        """Return moto's query, with a filter that also counts what it is shown: the page before it is filtered."""
        parameters = signature(original)

        def query(*args: Any, **kwargs: Any) -> Any:
            asked = parameters.bind(*args, **kwargs)
            lets_through, self._queried = asked.arguments["filter_expression"].expr, 0

            def count(item: Item) -> Any:
                attributes = item.to_json()["Attributes"]
                self._queried += _size(attributes)
                if not asked.arguments.get("index_name"):
                    self.read_keys.append((attributes["pk"]["S"], attributes["sk"]["S"]))
                return lets_through(item)

            asked.arguments["filter_expression"] = SimpleNamespace(expr=count)
            return original(*asked.args, **asked.kwargs)

        return query

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
            self._get(request["TableName"], request, request["Key"])
        elif action == "BatchGetItem":
            for table, expected in request["RequestItems"].items():
                for key in expected["Keys"]:
                    self._get(table, expected, key)
        elif action == "TransactGetItems":
            for get in (item["Get"] for item in request["TransactItems"]):
                self.read[get["TableName"]] += 2 * _units(_size(self._image(get["TableName"], get["Key"])), READ_UNIT)
        elif action in ("Query", "Scan"):
            name = "/".join(filter(None, (request["TableName"], request.get("IndexName"))))
            of_scan = sum(_size(item) for item in answer.get("Items", []))
            self._read(name, request, self._queried if action == "Query" else of_scan)

    def _get(self, table: str, request: Json, key: Json) -> None:
        self._read(table, request, _size(self._image(table, key)))
        self.read_keys.append((key["pk"]["S"], key["sk"]["S"]))

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
