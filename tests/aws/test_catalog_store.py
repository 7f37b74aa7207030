"""Which catalog a process goes by: what it reads, and when it reads the whole of it."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from online_orders.aws import catalog_store
from online_orders.aws.keys import catalog_key, newest_catalog_key
from online_orders.aws.table import Items
from online_orders.domain.catalog import Catalog, shipped
from tests.aws.service import Service

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    catalog_store.reset()
    yield
    catalog_store.reset()


def document(version: int) -> Json:
    found: Json = copy.deepcopy(dict(shipped().document))
    return {**found, "equipment": [f"X{version}"]}


def stamp(version: int, at: str = "") -> Json:
    return {"version": {"N": str(version)}, "changed_at": {"S": at or f"at {version}"}}


def whole(version: int, at: str = "") -> Json:
    return {**catalog_key(), **stamp(version, at), "document": {"S": json.dumps(document(version))}}


def newest(version: int, at: str = "") -> Json:
    return {**newest_catalog_key(), **stamp(version, at)}


def seen(catalog: Catalog) -> tuple[int, tuple[str, ...]]:
    return catalog.version, catalog.equipment


def test_a_process_reads_the_whole_once_and_then_which_one_is_in_force(service: Service) -> None:
    assert catalog_store.keys_to_read() == [catalog_key()]
    first = catalog_store.from_items(Items(whole(3)))
    assert seen(first) == (3, ("X3",))
    assert catalog_store.keys_to_read() == [newest_catalog_key()]
    assert catalog_store.from_items(Items(newest(3))) is first
    assert catalog_store.cached() is first
    assert service.asked == []


def test_without_a_published_one_the_catalog_that_ships_is_in_force(service: Service) -> None:
    assert catalog_store.cached() is shipped()
    for _ in range(2):
        assert catalog_store.from_items(Items()) is shipped()
        assert catalog_store.keys_to_read() == [newest_catalog_key()]
    assert service.asked == []
    service.answers = [{}]
    assert catalog_store.get_catalog() is shipped()


@pytest.mark.parametrize("known", [newest(0), newest(2), newest(3, "before a table was restored")], ids=str)
def test_another_one_in_force_is_read_at_once_by_one_call(service: Service, known: Json) -> None:
    version, at = int(known["version"]["N"]), known["changed_at"]["S"]
    if version:
        catalog_store.from_items(Items(whole(version, at)))
    else:
        catalog_store.from_items(Items())
    service.answers = [{"Item": whole(3)}]
    assert seen(catalog_store.from_items(Items(newest(3)))) == (3, ("X3",))
    assert service.asked == [("get_item", {"TableName": "Table", "Key": catalog_key(), "ConsistentRead": True})]
    assert seen(catalog_store.from_items(Items(newest(3)))) == (3, ("X3",))
    assert len(service.asked) == 1


def test_a_restored_table_without_one_has_the_catalog_that_ships(service: Service) -> None:
    catalog_store.from_items(Items(whole(3)))
    assert catalog_store.from_items(Items()) is shipped()
    assert service.asked == []


def test_a_catalog_that_was_read_again_unchanged_is_not_parsed_again() -> None:
    first = catalog_store.from_items(Items(whole(3)))
    assert catalog_store.from_items(Items(whole(3))) is first


def test_what_a_process_knows_is_read_once(service: Service) -> None:
    service.answers = [{"Item": whole(3)}]
    assert [seen(catalog_store.known()) for _ in range(2)] == [(3, ("X3",))] * 2
    assert len(service.asked) == 1
