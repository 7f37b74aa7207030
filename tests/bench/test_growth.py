"""The orders by the thousand are stored as the product stores them, found as moto finds them, and cost what is said."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from bench import growth, population
from bench.growth import Cost, Grown, Shop, Size
from online_orders.aws import search_index
from online_orders.aws.keys import OrderKey, account_words_key, order_words_key
from online_orders.aws.search_index import inverted

Json = dict[str, Any]
Items = dict[tuple[str, str], Any]

SMALL, MORE = Size(100, 30), Size(150, 40)
SOME = {
    "list one's open orders",
    "search the desk: a word that all have",
    "search the desk: the first letters of words that many have",
    "search accounts: a word that all have",
    "list the queue: open",
    "list the queue: of a colleague who has few",
    "list the queue: of a group that few have",
    "figures of 12 months, by kind",
}


@dataclass
class Grew:
    """What was found in small shops."""

    costs: Mapping[str, Grown]
    in_stock: list[tuple[str, Cost]]
    moved: list[tuple[str, Cost]]
    """Of some requests, and of the same when nothing is in stock any more."""
    postings: tuple[Items, Items]
    """Of an order and of an account: in stock, and as the product writes them when it knows of none."""
    figures: tuple[Json, Json]
    """The counters by month and cell, and the sums of what the orders count for."""


@pytest.fixture(scope="module")
def grew() -> Grew:
    with growth.shop_of(SMALL) as shop:
        figures = figures_of(shop)
        few = {each.name: growth.cost_of(shop.lab, each) for each in growth.requests(shop)}
        postings = postings_of(shop)
        some = [each for each in growth.requests(shop) if each.name in SOME]
        in_stock = [(each.name, growth.cost_of(shop.lab, each)) for each in some]
        shop.stock.move_to(shop.lab.dynamodb.backend.get_table(shop.lab.outputs["TableName"]))
        moved = [(each.name, growth.cost_of(shop.lab, each)) for each in some]
    with growth.shop_of(MORE) as shop:
        costs = {
            each.name: Grown({SMALL: few[each.name], MORE: growth.cost_of(shop.lab, each)}, each.limits)
            for each in growth.requests(shop)
        }
    return Grew(costs, in_stock, moved, postings, figures)


def figures_of(shop: Shop) -> tuple[Json, Json]:
    counters: dict[str, Counter[str]] = {}
    markers = [item for item in shop.lab.items if item["sk"] == "FIGURES"]
    for pk, sk, attributes in shop.stock.items():
        if pk.startswith("FIGURES#"):
            of_cell = counters.setdefault(f"{pk.split('#')[1]} {sk.rpartition('#')[0]}", Counter())
            of_cell.update({name: int(value["N"]) for name, value in attributes.items()})
        elif sk == "FIGURES":
            markers.append({name: value.get("S") for name, value in attributes.items()})
    counted: dict[str, Counter[str]] = {}
    for marker in markers:
        for cell, counts in json.loads(marker["counted"]).items():
            month = json.loads(marker["document"])["month"]
            counted.setdefault(f"{month} {cell}", Counter()).update(counts)
    return counters, counted


def postings_of(shop: Shop) -> tuple[Items, Items]:
    lab, order_id = shop.lab, shop.order_id(growth.OF_STOCK)
    account_id = next(pk.partition("#")[2] for pk, sk, _ in shop.stock.items() if sk == "ACCOUNT")
    ends = inverted(order_id), account_id
    stored = {
        (pk, sk): {name: value["S"] for name, value in attributes.items()}
        for pk, sk, attributes in shop.stock.items()
        if pk.startswith("FIND") and sk.partition("#")[2] in ends
    }
    table, name = lab.client("dynamodb"), lab.outputs["TableName"]
    for key in (order_words_key(order_id), account_words_key(account_id)):
        unknown = {"words": {"S": ""}, "accounts": {"S": ""}, "version": {"N": "2"}, "is_written": {"BOOL": False}}
        table.put_item(TableName=name, Item={**key, **unknown})
    with lab.as_operator():
        search_index.index_order(OrderKey(population.BIG, order_id, "online"))
        search_index.index_account(account_id)
    written = {
        (item.pop("pk"), item.pop("sk")): item
        for item in lab.items
        if item["pk"].startswith("FIND") and item["sk"].partition("#")[2] in ends
    }
    return stored, written


def test_what_is_in_stock_is_indexed_as_the_product_indexes_it(grew: Grew) -> None:
    stored, written = grew.postings
    assert stored == written
    assert {pk.partition("#")[0] for pk, _ in stored} == {"FIND", "FINDACCOUNT"}


def test_the_figures_in_stock_are_the_sums_of_what_the_orders_count_for(grew: Grew) -> None:
    counters, counted = grew.figures
    assert counters == counted
    assert sum(counts["orders"] for cell, counts in counters.items() if cell.endswith(" all#")) == SMALL.orders


def test_what_is_in_stock_costs_what_it_costs_in_moto(grew: Grew) -> None:
    assert {name for name, _ in grew.moved} == SOME
    assert grew.moved == grew.in_stock


def test_a_request_costs_the_same_at_every_size_or_reads_no_more_than_its_limit(grew: Grew) -> None:
    assert {name: faults for name, one in grew.costs.items() if (faults := [*one.faults()])} == {}
    limited = {name for name, one in grew.costs.items() if one.limits is not None}
    assert {"search the desk: two words that many have", "figures of 12 months, by person"} <= limited
    assert {"list the queue: submitted", "search the desk: a word that all have", "claim an order"}.isdisjoint(limited)
