"""The same requests with more and more accounts and orders in the table."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from os import devnull
from pathlib import Path
from typing import Any, NamedTuple

from bench import population
from bench.money import QuickWalk
from bench.population import Figures, Model, without_keys
from bench.stock import Stock
from bench.units import PartitionedCapacity
from online_orders.aws import order_queries, search_queries
from online_orders.aws.keys import HISTORY_SHARDS, OrderKey, account_key, entry_key, order_key
from online_orders.aws.order_store import order_from_item
from online_orders.domain.accounts import Account
from online_orders.domain.figures import Dimension
from online_orders.domain.order_numbers import number_of
from online_orders.domain.order_status import Status
from online_orders.http.parameters import DEFAULT_LIMIT as PAGE
from online_orders.routes.desk_figures import DEFAULT_MONTHS
from tests.lab import Lab, Mail, Response, User

Json = dict[str, Any]
Limits = Mapping[str, int]
"""By kind of item, how many a request may read at most."""


class Size(NamedTuple):
    """How much there is in the table."""

    orders: int
    accounts: int

    @property
    def label(self) -> str:
        return f"{self.orders:,} orders, {self.accounts:,} accounts"


SIZES = (Size(100, 30), Size(10_000, 1_000), Size(100_000, 10_000))
"""The smallest fills a page of most lists."""


@dataclass(frozen=True)
class Cost:
    calls: int
    read_units: float
    write_units: float
    read: Limits = field(default_factory=dict)
    """How many items were read, of the kinds that are limited."""


@dataclass(frozen=True)
class Request:
    name: str
    send: Callable[[], Response]
    limits: Limits | None = None
    """None: it is to cost the same at every size."""
    rows: int | None = None
    """How many its page has; None where that depends on the size, and for what is no list."""


@dataclass(frozen=True)
class Grown:
    """What a request costs by what there is in the table."""

    costs: Mapping[Size, Cost]
    limits: Limits | None = None

    @property
    def is_flat(self) -> bool:
        return len({(one.calls, one.read_units, one.write_units) for one in self.costs.values()}) == 1

    def faults(self) -> Iterator[str]:
        """Yield where it does not cost what it may."""
        if self.limits is None:
            if not self.is_flat:
                yield f"does not cost the same at every size: {list(self.costs.values())}"
            return
        for size, cost in self.costs.items():
            for kind, limit in self.limits.items():
                if cost.read.get(kind, 0) > limit:
                    yield f"reads {cost.read[kind]} {kind} of {size.label}, at most {limit}"


def grown(sizes: Sequence[Size] = SIZES) -> Mapping[str, Grown]:
    """Return what each request costs, by its name."""
    costs: dict[str, dict[Size, Cost]] = {}
    limits: dict[str, Limits | None] = {}
    for size in sizes:
        with shop_of(size) as shop:
            for request in requests(shop):
                costs.setdefault(request.name, {})[size] = cost_of(shop.lab, request)
                limits[request.name] = request.limits
    return {name: Grown(by_size, limits[name]) for name, by_size in costs.items()}


def cost_of(lab: Lab, request: Request) -> Cost:
    capacity = PartitionedCapacity(lab.dynamodb)
    lab.wire.calls.clear()
    with capacity.measured():
        response = request.send()
    assert response.status in {200, 201}, (request.name, response)
    found = None if request.rows is None else len(response.json()["items"])
    assert found == request.rows, f"{request.name}: {found} rows, not {request.rows}"
    kinds = Counter(kind for key in capacity.read_keys if (kind := _kind_of(*key)))
    return Cost(len(lab.wire.calls), sum(capacity.read.values()), sum(capacity.written.values()), kinds)


def _kind_of(pk: str, sk: str) -> str | None:
    if pk.startswith("FIND"):
        return "postings"
    if pk.startswith("FIGURES#"):
        return "counters"
    return "orders" if pk.startswith("ACCOUNT#") and sk.startswith(("ORDER#", "DIRECT#")) else None


# -- what there is ------------------------------------------------------------------------------------------------

ADDRESSES: Json = {"kind": "ip_addresses", "quantity": 4}
SOCKET: Json = {"kind": "socket", "site_id": "office", "model": "X1500", "quantity": 1}
UPGRADE: Json = {"kind": "site_bandwidth", "site_id": "office", "bandwidth_mbps": 200}
LIVED = (Status.SUBMITTED, Status.IN_PROCESS, Status.CANCELED, Status.COMPLETED, Status.PENDING_CONFIRMATION)
"""The mail with the quote of the last one is the newest of its kind."""


@dataclass
class Shop:
    """A lab with many orders in stock, and with one of each status that the product has stored itself."""

    lab: Lab
    stock: Stock
    size: Size
    order_ids: Mapping[Status, str]
    upgrade_id: str
    """Of a submitted order for more bandwidth."""
    mail: Mail
    """With the quote that waits for the contact person."""

    def order_id(self, number: int) -> str:
        """Return the id of an order in stock."""
        return population.order_id_of(number, self.size.orders - len(LIVED) - 1, self.lab.clock.now().date())


@contextmanager
def shop_of(size: Size) -> Iterator[Shop]:
    with Lab.started() as lab, Path(devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        lab.account(population.BIG)
        lab.settle()
        order_ids = {status: _lived(lab, status) for status in LIVED}
        mail = QuickWalk(lab).mail(quote=True)
        upgrade_id = _placed(lab, "upgrade", [UPGRADE])
        lab.settle()
        stock = _stock(lab, size, order_ids)
        with stock.attached():
            yield Shop(lab, stock, size, order_ids, upgrade_id, mail)


def _place(lab: Lab, key: str, items: Sequence[Json]) -> Response:
    body = {"items": [{**item, "start_date": "2027-03-05"} for item in items], "purchase_order_number": f"PO-{key}"}
    return lab.http("POST", "/api/orders", json=body, headers={"Idempotency-Key": key}, user=lab.users.customer)


def _placed(lab: Lab, key: str, items: Sequence[Json]) -> str:
    response = _place(lab, key, items)
    assert response.status == 201, response
    return str(response.json()["order_id"])


def _lived(lab: Lab, status: Status) -> str:
    """Take an order of the big account to a status, and return its id."""
    walk = QuickWalk(lab, _placed(lab, status, [ADDRESSES, SOCKET]))
    lab.settle()
    if status is Status.CANCELED:
        walk.withdraw()
    elif status is not Status.SUBMITTED:
        walk.claim()
    if status in {Status.PENDING_CONFIRMATION, Status.COMPLETED}:
        line = {"description": "As ordered", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
        quote = {"valid_until": "2027-02-01", "lines": [{**line, "item_id": each} for each in ("1", "2")]}
        walk.desk("quote", lambda order: order["quote"] is not None, quote)
    if status is Status.COMPLETED:
        walk.decide("approve", walk.mail(quote=True))
    return walk.order_id


def _stock(lab: Lab, size: Size, order_ids: Mapping[Status, str]) -> Stock:
    """Return so many accounts and orders that with those of the lab there are as many as is asked for.

    The figures are in stock alone, with what the lab's own orders count for.
    """
    name, at = lab.outputs["TableName"], lab.clock.now()
    table = lab.dynamodb.backend.get_table(name)
    account = lab.dynamodb.get(name, account_key(population.BIG))
    assert account
    figures: Figures = {}
    for key in [key for key in table.items if key.value.startswith("FIGURES#")]:
        for item in table.items.pop(key).values():
            cell, _, shard = item.range_key.value.rpartition("#")
            counters = without_keys(item.to_json()["Attributes"])
            figures[key.value.split("#")[1], cell, int(shard)] = Counter(
                {counter: int(value["N"]) for counter, value in counters.items()}
            )
    stock = Stock(table)
    population.fill(
        stock,
        {status: _model(lab, name, order_id) for status, order_id in order_ids.items()},
        Account.model_validate_json(account["document"]["S"]),
        figures,
        orders=size.orders - len(LIVED) - 1,
        accounts=size.accounts,
        today=at.date(),
    )
    return stock


def _model(lab: Lab, name: str, order_id: str) -> Model:
    item = lab.dynamodb.get(name, order_key(OrderKey(population.BIG, order_id, "online")))
    entry = lab.dynamodb.get(name, entry_key(order_id, 1))
    assert item
    assert entry
    return Model(order_from_item(item), without_keys(item), without_keys(entry))


# -- what is asked for --------------------------------------------------------------------------------------------

SEARCHED: Limits = {
    "postings": search_queries.MAX_EXAMINED + (search_queries.MAX_TRIED - 1) * search_queries.CHUNK,
    "orders": search_queries.MAX_EXAMINED,
}
"""A search reads a chunk of the postings of each further word that it tries."""
FILTERED: Limits = {"orders": order_queries.MAX_EXAMINED}
OF_AN_ACCOUNT: Limits = {"orders": 2 * order_queries.MAX_EXAMINED + PAGE}
"""As many direct orders as orders of the screen, and a page of them once more."""
COMPARED: Limits = {"orders": 2 * order_queries.MAX_EXAMINED + 1}
"""Looking for duplicates reads as many direct orders as orders of the screen, beside the order itself."""
COMMON_WORDS = "berlin", "schulz"
"""A town of sites, and a name of people: many orders have one, and few both."""
OF_STOCK = 12
"""The number of an order that is asked for by itself."""


def requests(shop: Shop) -> list[Request]:
    """Return all requests, in the order in which they are to be sent: those that change something last."""
    return [*_of_customers(shop), *_searches(shop), *_queue(shop), *_of_the_desk(shop), *_changes(shop)]


def _get(shop: Shop, path: str, user: User | None = None) -> Callable[[], Response]:
    return lambda: shop.lab.http("GET", path, user=user)


def _list(shop: Shop, name: str, target: str, rows: int | None = PAGE, limits: Limits | None = None) -> Request:
    """A list at the desk, or of the user of the big account."""
    users = shop.lab.users
    return Request(name, _get(shop, target, users.cs if "/desk/" in target else users.customer), limits, rows)


def _of_customers(shop: Shop) -> Iterator[Request]:
    order_id, customer = shop.order_id(OF_STOCK), shop.lab.users.customer
    hot, rare, found = population.BIG, population.RARE_WORD.lower(), len(population.WITH_RARE_WORD)
    yield Request("read an order", _get(shop, f"/api/orders/{order_id}", customer))
    yield Request("read an order by its number", _get(shop, f"/api/orders/{number_of(order_id)}", customer))
    yield _list(shop, "list one's orders", "/api/orders")
    yield _list(shop, "list one's open orders", "/api/orders?open=true", PAGE, FILTERED)
    for name, words, rows, limits in (
        ("a word that all have", hot, PAGE, None),
        ("a word that few have", rare, found, None),
        ("a word that all have, and one that few have", f"{hot}+{rare}", found, None),
        ("the first letters of a word", rare[:6], found, None),
        ("a purchase order number", population.purchase_order_number_of(OF_STOCK), 1, None),
        ("an order's number", number_of(order_id), 1, SEARCHED),
        ("two words that many have", "+".join(COMMON_WORDS), None, SEARCHED),
    ):
        yield _list(shop, f"search one's orders: {name}", f"/api/orders?search={words}", rows, limits)


def _searches(shop: Shop) -> Iterator[Request]:
    order_id = shop.order_id(OF_STOCK)
    hot, rare, found = population.BIG, population.RARE_WORD.lower(), len(population.WITH_RARE_WORD)
    for name, words, rows, limits in (
        ("a word that all have", hot, PAGE, None),
        ("a word that few have", rare, found, None),
        ("a word that all have, and one that few have", f"{hot}+{rare}", found, None),
        ("a word that all have, and one that many have", f"{hot}+{COMMON_WORDS[1]}", None, SEARCHED),
        ("two words that many have", "+".join(COMMON_WORDS), None, SEARCHED),
        ("the first letters of a word that few have", rare[:6], found, None),
        ("the first letters of words that many have", COMMON_WORDS[1][:3], None, SEARCHED),
        ("an order's number", number_of(order_id), 1, SEARCHED),
        ("an order's id", order_id, 1, None),
        ("a purchase order number", population.purchase_order_number_of(OF_STOCK), 1, None),
        ("a word that all have, of a team that few have", f"{hot}&team={population.RARE_TEAM}", None, SEARCHED),
        ("a word that all have, of a few days", f"{hot}&from=2026-01-01&to=2026-01-02", None, SEARCHED),
    ):
        yield _list(shop, f"search the desk: {name}", f"/api/desk/orders?search={words}", rows, limits)
    for name, words, rows, limits in (
        ("a word that all have", hot, PAGE, SEARCHED),
        ("a word that many have, and one that few have", f"{population.TRADES[0].lower()}+00001", None, SEARCHED),
        ("a word that all have, and one that many have", f"{hot}+{COMMON_WORDS[0]}", None, SEARCHED),
        ("the first letters of a word", COMMON_WORDS[0][:3], None, SEARCHED),
    ):
        yield _list(shop, f"search accounts: {name}", f"/api/desk/accounts?search={words}", rows, limits)


def _queue(shop: Shop) -> Iterator[Request]:
    agent, rare_agent = population.AGENTS[0].user_id, population.RARE_AGENT.user_id
    for name, query, rows, limits in (
        ("submitted", "status=submitted", PAGE, None),
        ("open", "open=true", PAGE, None),
        ("all", "", PAGE, None),
        ("of a colleague who has few", f"assignee={rare_agent}", len(population.OF_RARE_AGENT), None),
        ("of a colleague", f"assignee={agent}", None, FILTERED),
        ("open, of a colleague", f"assignee={agent}&open=true", None, FILTERED),
        ("open, of an account", f"account_id={population.BIG}&open=true", None, OF_AN_ACCOUNT),
        ("of a kind that few have", "kind=sdp_users&open=true", None, FILTERED),
        ("of a kind that all have", "kind=socket&open=true", PAGE, None),
        ("of a team that few have", f"team={population.RARE_TEAM}&open=true", None, FILTERED),
        ("of a group that few have", f"group={population.RARE_GROUP}&open=true", None, FILTERED),
        ("of an amount that few have", f"amount_from={population.RARE_AMOUNT}&currency=EUR", None, FILTERED),
        (
            "of a saved view: team, priority, kind, to follow up now",
            f"open=true&team={population.COMMON_TEAM}&priority=high&kind=socket&follow_up=now",
            None,
            FILTERED,
        ),
    ):
        yield _list(shop, f"list the queue: {name}", f"/api/desk/orders?{query}", rows, limits)


def _of_the_desk(shop: Shop) -> Iterator[Request]:
    yield _list(shop, "list saved views", "/api/desk/views", 0)
    yield _list(shop, "list accounts", "/api/desk/accounts")
    yield _list(shop, "list accounts of a group", f"/api/desk/accounts?group={population.GROUPS[0]}&limit=5", 5)
    keys = {
        Dimension.ALL: 1,
        Dimension.PERSON: len(population.AGENTS) + 3,  # whoever has few, the lab's own, and nobody
        Dimension.KIND: 3,
        Dimension.GROUP: len(population.GROUPS) + 1,
    }
    for by, count in keys.items():
        limits = {"counters": DEFAULT_MONTHS * HISTORY_SHARDS * count}
        name = f"figures of {DEFAULT_MONTHS} months, {'in all' if by is Dimension.ALL else f'by {by}'}"
        yield Request(name, _get(shop, f"/api/desk/figures?by={by}", shop.lab.users.cs), limits)


def _changes(shop: Shop) -> Iterator[Request]:
    lab, cs = shop.lab, shop.lab.users.cs

    def claim(order_id: str) -> Callable[[], Response]:
        return lambda: lab.http("POST", f"/api/desk/orders/{order_id}/claim", json={}, user=cs)

    link, form = str(shop.mail.link), {"decision": "approve", "name": "Connie", "code": str(shop.mail.code)}
    yield Request("place an order", lambda: _place(lab, "another", [ADDRESSES]))
    yield Request("place an order for an upgrade", lambda: _place(lab, "more", [UPGRADE]), COMPARED)
    yield Request("claim an order", claim(shop.order_ids[Status.SUBMITTED]))
    yield Request("claim an order for an upgrade", claim(shop.upgrade_id), COMPARED)
    yield Request("show the approval page", _get(shop, link))
    yield Request("approve by the page", lambda: lab.http("POST", link, form=form))
