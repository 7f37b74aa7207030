"""Accounts and orders by the thousand, made of orders that the lab has taken through their lives.

Order number 0 is the newest, and what it is made of depends on its number alone: the newest hundred orders are the same
however many there are. The big account has these and every second of the others. All accounts are branches of one
company, so its name is a word of every order.
"""

import gc
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple
from unittest.mock import patch

from bench.stock import Attributes, Stock
from online_orders.aws.keys import (
    account_key,
    account_words_key,
    customer_find_pk,
    directory_key,
    entry_key,
    figures_key,
    figures_marker_key,
    find_account_pk,
    find_pk,
    group_member_key,
    history_shard,
    order_key,
    order_words_key,
    person_key,
)
from online_orders.aws.order_store import key_of, number_pointer
from online_orders.aws.people_store import person_item
from online_orders.aws.search_index import inverted
from online_orders.domain import search_words
from online_orders.domain.accounts import Account
from online_orders.domain.figures import NOBODY, Facts, Outcome, contribution
from online_orders.domain.later_parts import Handling
from online_orders.domain.order_ids import first_id_of
from online_orders.domain.order_parts import User
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.roles import DESK, Role
from online_orders.domain.search_words import account_words, order_words

Json = dict[str, Any]


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


BIG = "acme"
OF_THE_BIG_ACCOUNT_ALONE = 100
"""The newest orders."""
DAYS = 365
"""Over which the orders were placed."""
AGENTS = tuple(User(user_id=f"agent-{number:02}", email=f"agent{number:02}@desk.example") for number in range(20))
RARE_AGENT = User(user_id="agent-rare", email="rare@desk.example")
RARE_TEAM, COMMON_TEAM = "fiber", "hardware"
RARE_GROUP, GROUPS = "hospitals", ("retail", "public", "industry")
RARE_WORD, RARE_AMOUNT = "Observatory", Decimal(250_000)
"""The name of a site, and what is due once by a quote."""
WITH_RARE_WORD, OF_RARE_AGENT, OF_RARE_TEAM, WITH_RARE_AMOUNT = (5, 25, 45), (4, 12, 20), (31, 39, 58), (26, 53, 72)
"""The orders that have what no other has: new ones, of a status that can have it. The queue begins with the oldest."""
TOWNS = _listed(
    """
    Aachen Augsburg Bamberg Berlin Bielefeld Bochum Bonn Bremen Brest Calais Chemnitz Cottbus Dortmund Dresden
    Duisburg Erfurt Essen Frankfurt Freiburg Gdynia Genf Graz Hagen Halle Hamburg Hannover Heilbronn Innsbruck Jena
    Kassel Kiel Krefeld Leipzig Linz Lyon Magdeburg Mainz Mannheim Metz Nancy Nantes Odense Oldenburg Potsdam
    Regensburg Rostock Salzburg Siegen Stuttgart Trier Turin Ulm Verona Wien Wismar Worms Zwickau
    """
)
TRADES = _listed(
    """
    Anlagenbau Bakery Brewery Carpentry Clinic Dairy Druckerei Foundry Garage Glazing Hotels Joinery Kiln Laundry
    Logistik Mill Nursery Optics Paint Printing Quarry Robotics Roofing Sawmill Shipping Textil Tooling Vineyard
    """
)
FIRST_NAMES = _listed(
    """
    Ada Boris Carla Dirk Elena Farid Greta Hugo Ines Jonas Katja Lars Mona Nils Olga Pavel Quinn Rosa Sven Tarek
    Ulla Viktor Wanda Xenia Yusuf Zoe
    """
)
LAST_NAMES = _listed(
    """
    Albers Becker Conrad Dietz Ebert Fischer Graf Huber Ivanov Jansen Keller Lorenz Maurer Neumann Otto Peters Quast
    Richter Schulz Thiel Ulrich Vogel Weber Yilmaz Zander Brandt Busch Dahl Eckert Franke Gross Hahn Jung Koch Lang
    Moser Nagel Pohl Roth Sauer Simon Voigt Wolf Ziegler
    """
)


class Model(NamedTuple):
    """An order as the product has stored it, with its first timeline entry."""

    order: Order
    item: Attributes
    entry: Attributes


Figures = dict[tuple[str, str, int], Counter[str]]
"""The counters of a cell, by month, cell and shard."""


STATUSES = (
    *(Status.SUBMITTED,) * 40,
    *(Status.IN_PROCESS,) * 20,
    *(Status.PENDING_CONFIRMATION,) * 15,
    *(Status.COMPLETED,) * 20,
    *(Status.CANCELED,) * 5,
)
"""Of a hundred orders: each status has more than a page shows once there are some hundreds, and the queue has more than
any desk would let wait."""
_CLOSED = STATUSES.index(Status.COMPLETED)


def _status(number: int, orders: int) -> Status:
    """Return the status of an order: of the older half all are closed."""
    place = number * 37 % len(STATUSES)
    if number >= OF_THE_BIG_ACCOUNT_ALONE and number > orders / 2:
        place = _CLOSED + place % (len(STATUSES) - _CLOSED)
    return STATUSES[place]


@contextmanager
def _in_haste() -> Iterator[None]:
    """Split a text into words once, and let the collector rest, since nothing here is thrown away."""
    with patch.object(search_words, "words_of", cache(search_words.words_of)):
        gc.disable()
        try:
            yield
        finally:
            gc.freeze()
            gc.enable()


@_in_haste()
def fill(
    stock: Stock,
    models: Mapping[Status, Model],
    big: Account,
    figures: Figures,
    *,
    orders: int,
    accounts: int,
    today: date,
) -> None:
    """Put accounts and orders in stock with all that the product stores of them but what no request here reads: mails,
    workflows, further entries, idempotency records and the audit trail.

    There is a model of each status; `big` is an account that is stored already, one of `accounts`. What the orders
    count for is added to `figures`, which are put in stock, too.
    """
    others = [_account(number, big) for number in range(1, accounts)]
    for account in others:
        _put_account(stock, account)
    for agent in (*AGENTS, RARE_AGENT):
        _put(stock, person_key(agent.user_id), without_keys(person_item(_person(agent), 1)))
    for number in range(orders):
        is_big = number < OF_THE_BIG_ACCOUNT_ALONE or number % 2 == 0
        account = big if is_big else others[number // 2 % len(others)]
        model = models[_status(number, orders)]
        order = _order(number, orders, model.order, account, today)
        _put_order(stock, model, order, account)
        _put_figures_marker(stock, figures, order, account)
    for (month, of, shard), counts in figures.items():
        counters = {name: {"N": str(amount)} for name, amount in sorted(counts.items())}
        _put(stock, figures_key(month, of, shard), counters)


# -- accounts -----------------------------------------------------------------------------------------------------


def _account(number: int, like: Account) -> Account:
    chance = random.Random(f"account {number}")  # noqa: S311 - no secret
    town, trade = chance.choice(TOWNS), chance.choice(TRADES)
    name = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
    address = f"{name.replace(' ', '.').lower()}@{trade.lower()}-{number}.example"
    enrollment = like.enrollment
    assert enrollment
    contact = enrollment.contact
    assert contact
    return like.model_copy(
        update={
            "account_id": f"{trade[:8].lower()}-{number:05}",
            "name": f"{trade} {town} Acme {number}",
            "enrollment": enrollment.model_copy(
                update={"contact": contact.model_copy(update={"name": name, "email": address})}
            ),
            "sites": tuple(
                site.model_copy(update={"name": f"{chance.choice(TOWNS)} {chance.randrange(1000)}"})
                for site in like.sites
            ),
            "groups": ((RARE_GROUP,) if number % 100 == 7 else ()) + (GROUPS[number % 3],),
        }
    )


def _put_account(stock: Stock, account: Account) -> None:
    words = account_words(account)
    stored: Attributes = {
        "version": {"N": "1"},
        "changed_by": {"S": AGENTS[0].email},
        "changed_at": {"S": "2026-01-15T09:00:00.000Z"},
        "changed": {"S": "[]"},
        "document": {"S": account.model_dump_json()},
    }
    _put(stock, account_key(account.account_id), stored)
    _put(stock, directory_key(account.account_id), {})
    for group in account.groups:
        _put(stock, group_member_key(group, account.account_id), {})
    _put(stock, account_words_key(account.account_id), _words_item(words, ()))
    posting: Attributes = {"words": {"S": " ".join(words)}}
    for word in words:
        stock.put(find_account_pk(word), f"{word}#{account.account_id}", posting)


def _words_item(words: Sequence[str], accounts: Sequence[str]) -> Attributes:
    return {
        "words": {"S": " ".join(words)},
        "accounts": {"S": " ".join(accounts)},
        "version": {"N": "2"},
        "is_written": {"BOOL": True},
    }


# -- orders -------------------------------------------------------------------------------------------------------


def _day(number: int, orders: int, today: date) -> date:
    return today - timedelta(days=1 + number * DAYS // max(orders, OF_THE_BIG_ACCOUNT_ALONE))


def order_id_of(number: int, orders: int, today: date) -> str:
    """Return the id of an order; a greater number is an older order."""
    day = _day(number, orders, today)
    chance = random.Random(number)  # noqa: S311 - no secret
    # Within a day the id alone says which is older, so it falls with the number.
    return f"{first_id_of(day)[:10]}{_base32(10**7 - number)}{_base32(chance.getrandbits(40))}"


OUTCOMES = {Status.COMPLETED: Outcome.WON, Status.CANCELED: Outcome.WITHDRAWN}


def purchase_order_number_of(number: int) -> str:
    return f"PO-{2026_0000000 + number}"


def _base32(number: int) -> str:
    return "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[number >> shift & 31] for shift in range(35, -1, -5))


def _order(number: int, orders: int, like: Order, account: Account, today: date) -> Order:
    chance = random.Random(f"order {number}")  # noqa: S311 - no secret
    order_id = order_id_of(number, orders, today)
    placed_at = datetime.combine(_day(number, orders, today), time(12), UTC)
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    contact = account.contact
    assert contact
    assert like.snapshot
    site = RARE_WORD if number in WITH_RARE_WORD else f"{chance.choice(TOWNS)} {chance.randrange(1000)}"
    sites = {site_id: each.model_copy(update={"name": site}) for site_id, each in like.snapshot.sites.items()}
    changes: Json = {
        "order_id": order_id,
        "account_id": account.account_id,
        "placed_at": placed_at,
        "updated_at": placed_at,
        "placed_by": User(user_id=f"{account.account_id}-{last}", email=f"{first}.{last}@{account.account_id}.example"),
        "contact": contact,
        "purchase_order_number": purchase_order_number_of(number),
        "snapshot": like.snapshot.model_copy(update={"account_name": account.name, "sites": sites}),
    }
    if like.assignee:
        changes["assignee"] = RARE_AGENT if number in OF_RARE_AGENT else chance.choice(AGENTS)
        team = RARE_TEAM if number in OF_RARE_TEAM else COMMON_TEAM
        changes["handling"] = Handling(team=team, priority="high" if number % 50 == 0 else "normal")
    if like.quote and number in WITH_RARE_AMOUNT:
        totals = like.quote.totals.model_copy(update={"once": RARE_AMOUNT})
        changes["quote"] = like.quote.model_copy(update={"totals": totals})
    return like.model_copy(update=changes)


def _put_order(stock: Stock, model: Model, order: Order, account: Account) -> None:
    words = order_words(order, account)
    key = key_of(order)
    item: Json = {
        **model.item,
        "order_id": {"S": order.order_id},
        "purchase_order_number": {"S": order.purchase_order_number},
        "document": {"S": order.model_dump_json()},
    }
    if order.assignee:
        item["assignee_id"] = {"S": order.assignee.user_id}
    _put(stock, order_key(key), item)
    entry = json.dumps(model.entry).replace(model.order.order_id, order.order_id)
    _put(stock, entry_key(order.order_id, 1), {**json.loads(entry), "account_id": {"S": order.account_id}})
    pointer = number_pointer(order.order_id)
    _put(stock, pointer, {"order_id": pointer["order_id"]})
    accounts = [order.account_id]
    _put(stock, order_words_key(order.order_id), _words_item(words, accounts))
    attributes: Attributes = {
        "account_id": {"S": order.account_id},
        "source": {"S": order.source},
        "words": {"S": " ".join(words)},
    }
    suffix = inverted(order.order_id)
    for word in words:
        sk = f"{word}#{suffix}"
        stock.put(find_pk(word), sk, attributes)
        stock.put(customer_find_pk(order.account_id), sk, attributes)


def _put_figures_marker(stock: Stock, figures: Figures, order: Order, account: Account) -> None:
    """Count an order in the figures, with steps that took from a minute to some weeks."""
    chance = random.Random(f"facts {order.order_id[-8:]}")  # noqa: S311 - no secret
    at = [order.placed_at]
    for _ in range(3):
        at.append(at[-1] + timedelta(hours=chance.expovariate(1 / 40)))
    is_decided = order.status in {Status.COMPLETED, Status.CANCELED}
    facts = Facts(
        month=order.placed_on.isoformat()[:7],
        kinds=tuple(order.item_kinds),
        groups=account.groups,
        placed_at=at[0],
        person=order.assignee.user_id if order.assignee else NOBODY,
        claimed_at=at[1] if order.assignee else None,
        quoted_at=at[2] if order.quote else None,
        offered_at=at[2] if order.quote else None,
        answered_at=at[3] if order.quote and is_decided else None,
        outcome=OUTCOMES.get(order.status, Outcome.OPEN),
        currency=order.quote.currency if order.status is Status.COMPLETED and order.quote else None,
        totals=order.quote.totals if order.status is Status.COMPLETED and order.quote else None,
    )
    counted = contribution(facts)
    marker: Attributes = {
        "sequence": {"N": str(order.internals.sequence)},
        "document": {"S": facts.model_dump_json()},
        "counted": {"S": json.dumps(counted)},
    }
    _put(stock, figures_marker_key(order.order_id), marker)
    shard = history_shard(order.order_id, 0)
    for of, counts in counted.items():
        figures.setdefault((facts.month, of, shard), Counter()).update(counts)


def _person(agent: User) -> Person:
    membership = Membership(role=Role.AGENT, state=PersonState.ACTIVE)
    name = agent.email.partition("@")[0].title()
    return Person(
        user_id=agent.user_id, email=agent.email, name=name, group="customer-success", memberships={DESK: membership}
    )


def without_keys(item: Mapping[str, Any]) -> Attributes:
    return {name: value for name, value in item.items() if name not in {"pk", "sk"}}


def _put(stock: Stock, key: Mapping[str, Any], attributes: Attributes) -> None:
    stock.put(key["pk"]["S"], key["sk"]["S"], attributes)
