"""The same requests with more and more orders in one account and in the desk's queue, and a busy hour's partitions."""

import copy
import heapq
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from os import devnull
from pathlib import Path
from typing import Any

from moto.dynamodb.models.dynamo_type import Item, LimitedSizeDict

from bench.money import Counted
from bench.units import PartitionedCapacity
from online_orders.aws.keys import HISTORY_SHARDS, history_shard
from online_orders.aws.search_index import inverted
from online_orders.aws.table import MAX_ATTEMPTS, max_pause
from online_orders.domain.order_numbers import number_of
from tests.lab import Lab
from tests.proof.flows import Walk

Json = dict[str, Any]

SIZES = (100, 10_000, 100_000)
WRITES_PER_PARTITION = 1000
"""Write units a second that DynamoDB gives one partition key at most."""
ORDERS_PER_SECOND, ACCOUNTS = 100, 10_000
SES_MAILS_PER_SECOND = 14
"""What a new SES account outside its sandbox may send."""
TRANSITIONS_PER_SECOND = 800
"""Step Functions' rate for standard workflows in most regions; 5,000 in the largest."""
TRANSACTION_SECONDS = 0.025
"""For how long a transaction is in the way of others at its items; taken to be, not measured."""
ULID_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FIRST_ID = "01ARZ3NDEKTSV4RRFFQ69G5"


@dataclass(frozen=True)
class Cost:
    calls: int
    read_units: float
    write_units: float


def grown(sizes: Sequence[int] = SIZES) -> Mapping[str, Mapping[int, Cost]]:
    """Return the cost of each request, by the number of stored orders."""
    found: dict[str, dict[int, Cost]] = {}
    for size in sizes:
        for name, cost in _costs(size):
            found.setdefault(name, {})[size] = cost
    return found


def _costs(size: int) -> Iterator[tuple[str, Cost]]:
    with Lab.started() as lab, Path(devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        lab.account("acme")
        walk = Walk(lab)
        _place(walk, "first")
        lab.settle()
        _multiply(lab, walk.order_id, size)
        capacity, customer, cs = PartitionedCapacity(lab.dynamodb), lab.users.customer, lab.users.cs
        path = f"/api/orders/{walk.order_id}"
        requests: dict[str, Callable[[], Any]] = {
            "read an order": lambda: lab.http("GET", path, user=customer),
            "list one's orders": lambda: lab.http("GET", "/api/orders", user=customer),
            "list the desk's queue": lambda: lab.http("GET", "/api/desk/orders?status=submitted", user=cs),
            "search the desk": lambda: lab.http("GET", "/api/desk/orders?search=acme", user=cs),
            "search by two words": lambda: lab.http(
                "GET", f"/api/desk/orders?search=acme%20{walk.order_id[:22]}", user=cs
            ),
            "search one's orders": lambda: lab.http("GET", "/api/orders?search=acme", user=customer),
            "filter the desk's queue": lambda: lab.http("GET", "/api/desk/orders?kind=ip_addresses", user=cs),
            "place an order": lambda: _place(walk, f"at {size}"),
            "claim an order": lambda: lab.http("POST", f"/api/desk/orders/{walk.order_id}/claim", json={}, user=cs),
        }
        for name, request in requests.items():
            lab.wire.calls.clear()
            with capacity.measured():
                response = request()
            assert response.status in {200, 201}, response
            cost = Cost(len(lab.wire.calls), sum(capacity.read.values()), sum(capacity.written.values()))
            yield name, cost


def _place(walk: Walk, key: str) -> Any:
    item = {"kind": "ip_addresses", "quantity": 4, "start_date": "2027-03-05"}
    user, headers = walk.lab.users.customer, {"Idempotency-Key": key.replace(" ", "-")}
    response = walk.lab.http("POST", "/api/orders", json={"items": [item]}, headers=headers, user=user)
    walk.order_id = walk.order_id or response.json()["order_id"]
    return response


def _multiply(lab: Lab, order_id: str, size: int) -> None:
    """Put copies of an order and of its first entry straight into the table, past the stream and the workflow."""
    table = lab.dynamodb.backend.get_table(lab.outputs["TableName"])
    models = [one for one in table.all_items() if order_id in json.dumps(one.to_json())]
    models = [one for one in models if one.attrs["pk"].value.startswith(("ACCOUNT#", "ORDER#"))]
    models = [one for one in models if "IDEMPOTENCY#" not in str(one.attrs["sk"].value)]
    postings = [one for one in table.all_items() if str(one.attrs["pk"].value).startswith("FIND#")]
    for number in range(size - 1):
        another = f"{FIRST_ID[: 26 - 6]}{number:06}"
        for model in models:
            item = copy.copy(model)
            item.__class__ = Copied
            item.attrs = LimitedSizeDict()
            for name, value in model.attrs.items():
                renamed = _renamed(value, order_id, another) if order_id in str(value.value) else value
                dict.__setitem__(item.attrs, name, renamed)  # its own would measure all of it each time
            item.hash_key, item.range_key = item.attrs["pk"], item.attrs["sk"]
            table.items[item.hash_key][item.range_key] = item
        for model in postings:
            _copy_posting(table, model, order_id, another)


def _copy_posting(table: Any, model: Item, order_id: str, another: str) -> None:
    """Copy an order's posting, of one word, for another order; each has its own number and id among its words."""
    old, new = number_of(order_id).lower(), number_of(another).lower()
    own = dict(zip(old.split("-"), new.split("-"), strict=True))
    own |= {old.replace("-", ""): new.replace("-", ""), order_id.lower(): another.lower()}
    word = str(model.attrs["sk"].value).partition("#")[0]
    word = own.get(word, word)
    is_customers = str(model.attrs["pk"].value).startswith("FIND#ACCOUNT#")
    changed = {
        "pk": model.attrs["pk"].value if is_customers else f"FIND#{word[:3]}",
        "sk": f"{word}#{inverted(another)}",
        "words": " ".join(own.get(each, each) for each in model.attrs["words"].value.split(" ")),
    }
    item = copy.copy(model)
    item.__class__ = Copied
    item.attrs = LimitedSizeDict()
    for name, value in model.attrs.items():
        renamed = copy.copy(value)
        renamed.value = changed.get(name, value.value)
        dict.__setitem__(item.attrs, name, renamed)
    item.hash_key, item.range_key = item.attrs["pk"], item.attrs["sk"]
    table.items[item.hash_key][item.range_key] = item


class Copied(Item):
    """Nobody writes to it, so a transaction's snapshot need not copy it."""

    def __deepcopy__(self, memo: object) -> "Copied":
        return self


def _renamed(value: Any, old: str, new: str) -> Any:
    renamed = copy.copy(value)
    renamed.value = value.value.replace(old, new)
    return renamed


@dataclass(frozen=True)
class Partition:
    name: str
    units_per_second: float


def partitions(counted: Counted) -> list[Partition]:
    """The busiest partition keys of each kind at 100 orders a second, from one order's measured writes; hottest first.

    Keys of one order, link or user never see more than that order's writes. Accounts share the load evenly.
    """
    rates: dict[str, float] = {}
    for (index, key), units in counted.partitions.items():
        kind, _, own = key.partition("#")
        if index == "outstanding":
            name, rate = "index outstanding, one of 8 shards", units * ORDERS_PER_SECOND / 8
        elif index == "assignee":
            name, rate = "index assignee, one user of 50", units * ORDERS_PER_SECOND / 50
        elif index == "desk":
            name, rate = f"index desk, {key}", units * ORDERS_PER_SECOND
        elif kind == "ACCOUNT":
            name, rate = "table, one account of 10,000", units * ORDERS_PER_SECOND / ACCOUNTS
        elif kind == "HISTORY":
            name = f"table, history, one of {HISTORY_SHARDS} shards"
            rate = units * ORDERS_PER_SECOND / HISTORY_SHARDS
        elif own:
            name, rate = f"table, one {kind.lower()}", float(units)
        else:
            name, rate = f"table, {kind}", units * ORDERS_PER_SECOND
        rates[name] = max(rates.get(name, 0.0), rate)
    return sorted((Partition(*one) for one in rates.items()), key=lambda one: -one.units_per_second)


def bottlenecks(counted: Counted) -> list[tuple[str, float, str]]:
    """Return the bottlenecks, the lowest first: the limit, at how many orders a second, and what to raise."""
    hottest = partitions(counted)[0]
    share = hottest.units_per_second / ORDERS_PER_SECOND
    mails, transitions = counted.amounts["mail"], counted.amounts["state transition"]
    return sorted(
        [
            ("SES, mails a second", SES_MAILS_PER_SECOND / mails, "the account's maximum send rate"),
            ("Step Functions, transitions a second", TRANSITIONS_PER_SECOND / transitions, "the StateTransition quota"),
            (
                f"DynamoDB, {hottest.name}",
                WRITES_PER_PARTITION / share,
                "more shards of that key: a change of the code",
            ),
        ],
        key=lambda one: one[1],
    )


@dataclass(frozen=True)
class Contention:
    """What became of orders that were completed at random moments and counted in the same statistics."""

    refused: float
    """Share of orders that met another one at the first try."""
    tries: float
    """By order, on average."""
    later: float
    """Share of orders that no try got through."""


def contention(
    per_second: float,
    shard_of: Callable[[str, int], int] = history_shard,
    tries: int = MAX_ATTEMPTS,
    orders: int = 20_000,
    seed: int = 7,
) -> Contention:
    """Simulate counting: in the product's shards, with its tries and pauses, by a clock of its own.

    All orders are of one kind of item, the worst case: else they would be in each other's way in the same items only.
    """
    chance = random.Random(seed)  # noqa: S311 - a simulation
    at, due = 0.0, list[tuple[float, str, int]]()
    for _ in range(orders):
        at += chance.expovariate(per_second)
        heapq.heappush(due, (at, chance.choice(ULID_CHARACTERS), 0))
    busy_until: dict[int, float] = {}
    refused = made = later = 0
    while due:
        at, order_id, attempt = heapq.heappop(due)
        made += 1
        shard = shard_of(order_id, attempt)
        if busy_until.get(shard, 0.0) <= at:
            busy_until[shard] = at + TRANSACTION_SECONDS
            continue
        refused += attempt == 0
        if attempt + 1 < tries:
            pause = chance.uniform(0, max_pause(attempt + 1))
            heapq.heappush(due, (at + pause, order_id, attempt + 1))
        else:
            later += 1
    return Contention(refused / orders, made / orders, later / orders)


def in_one_item(order_id: str, attempt: int) -> int:
    """Return the shard as if there were only one item, for comparison."""
    return 0
