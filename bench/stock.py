"""Many items of the lab's table that only few requests meet, and how moto finds them without looking at all of them.

moto keeps an item as dozens of objects, and every query sorts and compares all items of the table. So what lies in
stock is kept as plain text, by key. A read that names an item puts it into moto's table, and a query gets from the
stock what it may come to: moto still compares, counts and cuts the page.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from inspect import signature
from typing import Any, NamedTuple
from unittest.mock import patch

from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table

Attributes = Mapping[str, Mapping[str, Any]]
"""As DynamoDB's JSON has them, without the keys; items may share one."""
Sorted = tuple[str, str, str]
"""The sort key by which an item is found, and the item's own keys."""
_LAST = "\U0010ffff"


class _Range(NamedTuple):
    """The sort keys that a query asks for; None: no bound."""

    first: str | None = None
    last: str | None = None

    @classmethod
    def of(cls, comparison: str | None, values: Sequence[DynamoType]) -> "_Range":
        """Return at least what a condition lets through."""
        texts = [value.value for value in values]
        if comparison == "BETWEEN":
            return cls(*texts)
        if comparison == "BEGINS_WITH":
            return cls(texts[0], texts[0] + _LAST)
        if comparison in {"=", "EQ"}:
            return cls(texts[0], texts[0])
        if comparison in {">", ">=", "GT", "GE"}:
            return cls(texts[0])
        return cls(None, texts[0]) if comparison in {"<", "<=", "LT", "LE"} else cls()


class Stock:
    """The stored items of one table. Attach it once all are put."""

    def __init__(self, table: Table) -> None:
        self.count = 0
        self._name = table.name
        self._keys = {one.name: (one.schema_key_attrs[0], one.schema_key_attrs[1]) for one in table.global_indexes}
        self._partitions: defaultdict[str, dict[str, Attributes]] = defaultdict(dict)
        self._found: defaultdict[tuple[str | None, str], list[Sorted]] = defaultdict(list)
        """By index (None: the table) and partition key; of the table, only those that a query has asked for."""
        self._narrowed: list[Item] | None = None

    def put(self, pk: str, sk: str, attributes: Attributes) -> None:
        self._partitions[pk][sk] = attributes
        self.count += 1
        for index, (hash_name, range_name) in self._keys.items():
            if hash_name in attributes and range_name in attributes:
                of_hash, of_range = attributes[hash_name]["S"], attributes[range_name]["S"]
                self._found[index, of_hash].append((of_range, pk, sk))

    def move_to(self, table: Table) -> None:
        """Put all into moto's table, which then finds them by itself."""
        for pk, sk, _ in self.items():
            self._take_out(table, DynamoType({"S": pk}), DynamoType({"S": sk}))
        self._partitions.clear()
        self._found.clear()

    def items(self) -> Iterator[tuple[str, str, Attributes]]:
        """Yield all, with their keys."""
        for pk, partition in self._partitions.items():
            for sk, attributes in partition.items():
                yield pk, sk, attributes

    @contextmanager
    def attached(self) -> Iterator[None]:
        for found in self._found.values():
            found.sort()
        get_item, delete_item, query, all_items = Table.get_item, Table.delete_item, Table.query, Table.all_items
        parameters = signature(query)

        def get_from_either(table: Table, hash_key: DynamoType, range_key: Any = None, *args: Any, **kw: Any) -> Any:
            if table.name == self._name:
                self._take_out(table, hash_key, range_key)
            return get_item(table, hash_key, range_key, *args, **kw)

        def delete_new_ones(table: Table, hash_key: DynamoType, range_key: Any) -> Any:
            is_stored = table.name == self._name and range_key.value in self._partitions.get(hash_key.value, ())
            assert not is_stored, f"nothing in stock can be deleted: {hash_key.value} {range_key.value}"
            return delete_item(table, hash_key, range_key)

        @wraps(query)
        def query_candidates(table: Table, *args: Any, **kw: Any) -> Any:
            if table.name == self._name and self._partitions:
                self._narrowed = self._candidates(table, parameters.bind(table, *args, **kw).arguments)
            try:
                return query(table, *args, **kw)
            finally:
                self._narrowed = None

        def candidates_or_all(table: Table) -> list[Item]:
            return all_items(table) if self._narrowed is None else self._narrowed

        stand_ins: list[tuple[str, Any]] = [
            ("get_item", get_from_either),
            ("delete_item", delete_new_ones),
            ("query", query_candidates),
            ("all_items", candidates_or_all),
        ]
        with ExitStack() as stack:
            for name, stand_in in stand_ins:
                stack.enter_context(patch.object(Table, name, stand_in))
            yield

    def _take_out(self, table: Table, hash_key: DynamoType, range_key: DynamoType) -> None:
        """Put an item into moto's table, where it may be changed, unless it is there. A canceled transaction removes it
        there, and nowhere else.
        """
        pk, sk = hash_key.value, range_key.value
        attributes = self._partitions.get(pk, {}).get(sk)
        if attributes is not None and range_key not in table.items.get(hash_key, {}):
            table.items[hash_key][range_key] = _item(pk, sk, attributes)

    def _candidates(self, table: Table, asked: Mapping[str, Any]) -> list[Item]:
        """Return all new items that a query may be after, and those in stock, from where it begins, that it can come
        to.
        """
        index, hash_key, is_backward = asked.get("index_name"), asked["hash_key"], asked["scan_index_forward"] is False
        if index:
            named = (
                (item, item.attrs.get(self._keys[index][0])) for each in table.items.values() for item in each.values()
            )
            new = [item for item, value in named if value and value.value == hash_key.value]
        else:
            new = list(table.items.get(hash_key, {}).values())
        known = {(item.hash_key.value, item.range_key.value) for item in new}
        sorted_keys = self._sorted(index, hash_key.value)
        wanted = _Range.of(asked["range_comparison"], asked["range_objs"])
        begin = 0 if wanted.first is None else bisect_left(sorted_keys, (wanted.first,))
        end = len(sorted_keys) if wanted.last is None else bisect_right(sorted_keys, (wanted.last, _LAST))
        # moto says that there is more where a page is full and another item follows, wanted or not.
        begin, end = max(begin - 1, 0), min(end + 1, len(sorted_keys))
        if start := asked["exclusive_start_key"]:
            keys = tuple(start[name]["S"] for name in (self._keys[index][1] if index else "sk", "pk", "sk"))
            if is_backward:
                end = min(end, bisect_left(sorted_keys, keys))
            else:
                begin = max(begin, bisect_right(sorted_keys, keys))
        enough = (asked["limit"] or len(sorted_keys)) + 2
        found: list[Item] = []
        for number in range(end - 1, begin - 1, -1) if is_backward else range(begin, end):
            _, pk, sk = sorted_keys[number]
            if (pk, sk) not in known:
                found.append(_item(pk, sk, self._partitions[pk][sk]))
                if len(found) == enough:
                    break
        return new + found

    def _sorted(self, index: str | None, hash_value: str) -> list[Sorted]:
        if index is None and (index, hash_value) not in self._found:
            self._found[index, hash_value] = [(sk, hash_value, sk) for sk in sorted(self._partitions[hash_value])]
        return self._found[index, hash_value]


def _item(pk: str, sk: str, attributes: Attributes) -> Item:
    """Return moto's item, without measuring all of it for each attribute."""
    item = Item(DynamoType({"S": pk}), DynamoType({"S": sk}), {})
    item.attrs = LimitedSizeDict()
    for name, value in {"pk": {"S": pk}, "sk": {"S": sk}, **attributes}.items():
        dict.__setitem__(item.attrs, name, DynamoType(dict(value)))
    return item
