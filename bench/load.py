"""What a busy hour asks of each partition key, and which limit comes first."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass

from bench.money import Counted
from online_orders.aws.keys import FIGURES_PARTITIONS, HISTORY_SHARDS, history_shard
from online_orders.aws.table import MAX_ATTEMPTS, max_pause

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


@dataclass(frozen=True)
class Partition:
    name: str
    units_per_second: float


def partitions(counted: Counted) -> list[Partition]:
    """The busiest partition keys of each kind at 100 orders a second, from one order's measured writes; hottest first.

    Keys of one order, link or user never see more than that order's writes. Accounts share the load evenly. A word of
    the search is taken to be one of every order's, and every order to be placed in the present month.
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
        elif kind == "ACCOUNT" or key.startswith("FIND#ACCOUNT#"):
            what = "" if kind == "ACCOUNT" else "words of "
            name, rate = f"table, {what}one account of 10,000", units * ORDERS_PER_SECOND / ACCOUNTS
        elif kind == "FIND":
            name, rate = "table, words that begin alike", units * ORDERS_PER_SECOND
        elif kind == "FIGURES":
            _, _, dimension, _ = key.split("#")
            name = f"table, figures of a month by {dimension}, one of {FIGURES_PARTITIONS} partitions"
            rate = units * ORDERS_PER_SECOND / FIGURES_PARTITIONS
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
