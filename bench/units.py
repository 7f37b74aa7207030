"""Write and read units by partition: what the lab's capacity counts, and under which key."""

from collections import Counter
from typing import Any

from tests.lab.capacity import Capacity
from tests.lab.dynamodb import DynamoDB

Json = dict[str, Any]


class PartitionedCapacity(Capacity):
    """`by_partition` counts write units by table or index, and the value of its partition key."""

    def __init__(self, dynamodb: DynamoDB) -> None:
        super().__init__(dynamodb)
        self.by_partition: Counter[tuple[str, str]] = Counter()

    def _wrote(self, table_name: str, old: Json | None, new: Json | None) -> None:
        before = Counter(self.written)
        super()._wrote(table_name, old, new)
        table = self._dynamodb.backend.get_table(table_name)
        keys = {table.name: "pk"} | {
            f"{table.name}/{one.name}": one.schema_key_attrs[0] for one in table.global_indexes
        }
        for location, units in (self.written - before).items():
            image = new if new and keys[location] in new else old
            value = (image or {}).get(keys[location], {"S": "?"})
            self.by_partition[location.partition("/")[2] or "table", next(iter(value.values()))] += units
