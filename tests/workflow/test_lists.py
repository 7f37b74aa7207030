"""Pages of a list stay right while orders are written between them, and cost no more in a large table."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.lab import Lab
from tests.lab.users import User

Json = dict[str, Any]

OPEN = {"submitted", "in_process"}
ACCOUNTS = ("relay", "relay-north", "relay-south")


@dataclass
class Known:
    """What the test knows of an order, and whether that has been so since the walk began."""

    order_id: str
    account_id: str
    day: str
    number: str
    status: str = "submitted"
    assignee: str | None = None


@dataclass
class Shop:
    """Orders of a reseller and its two sub-accounts, written by chance."""

    lab: Lab
    chance: random.Random
    orders: dict[str, Known] = field(default_factory=dict)

    @property
    def users(self) -> dict[str, User]:
        people = self.lab.users
        return dict(zip(ACCOUNTS, (people.reseller, people.sub_customer, people.other_sub_customer), strict=True))

    def place(self) -> None:
        account_id = self.chance.choice(ACCOUNTS)
        number = self.chance.choice(["PO-1", "PO-2"])
        body = {
            "items": [{"kind": "ip_addresses", "quantity": 1, "start_date": "2027-03-05"}],
            "purchase_order_number": number,
            "account_id": account_id,
        }
        key = {"Idempotency-Key": str(self.chance.random())}
        user = self.chance.choice([self.users[account_id], self.lab.users.reseller])
        response = self.lab.http("POST", "/api/orders", json=body, headers=key, user=user)
        assert response.status == 201, response
        placed = response.json()
        self.orders[placed["order_id"]] = Known(placed["order_id"], account_id, placed["placed_at"][:10], number)

    def write(self) -> None:
        """Anything to anyone."""
        those_open = [each for each in self.orders.values() if each.status in OPEN]
        action = self.chance.choice(["place", "claim", "claim", "comment", "decline", "release"])
        known = self.chance.choice(those_open or [None])
        if action == "place" or known is None:
            self.place()
            return
        user = self.chance.choice([self.lab.users.cs, self.lab.users.cs2])
        body = {"comment": {"text": "Hm.", "internal": True}, "decline": {"reason": "No"}}.get(action, {})
        response = self.lab.http("POST", f"/api/desk/orders/{known.order_id}/{action}", json=body, user=user)
        assert response.status in {200, 409}, response
        if response.status == 200:
            after = response.json()
            known.status, known.assignee = after["status"], (after["assignee"] or {}).get("user_id")


@pytest.fixture
def shop(lab: Lab) -> Shop:
    for account_id in ACCOUNTS:
        lab.account(account_id)
    shop = Shop(lab, random.Random(6))
    for _ in range(14):
        shop.place()
        lab.clock.move_to(lab.clock.now() + timedelta(hours=7))
    for _ in range(12):
        shop.write()
    return shop


Matches = Callable[[Known], bool]


def everything(known: Known) -> bool:
    return True


def both(one: Matches, other: Matches) -> Matches:
    return lambda known: one(known) and other(known)


def is_open(known: Known) -> bool:
    return known.status in OPEN


def of_status(status: str) -> Matches:
    return lambda known: known.status == status


FILTERS: list[tuple[str, Matches]] = [
    ("", everything),
    ("status=submitted", of_status("submitted")),
    ("status=in_process", of_status("in_process")),
    ("open=true", is_open),
    ("open=false", lambda known: not is_open(known)),
]
PLACED: list[tuple[str, Matches]] = [
    ("purchase_order_number=PO-1", lambda known: known.number == "PO-1"),
    ("from=2026-11-24&to=2026-11-25", lambda known: "2026-11-24" <= known.day <= "2026-11-25"),
    (
        "status=submitted&purchase_order_number=PO-2&from=2026-11-24",
        lambda known: known.status == "submitted" and known.number == "PO-2" and known.day >= "2026-11-24",
    ),
]


def walk(shop: Shop, user: User, path: str, query: str, matches: Matches, *, newest_first: bool) -> None:
    """Page by page, with writes in between; then what was seen is compared with what was there all the time."""
    steady = {known.order_id for known in shop.orders.values() if matches(known)}
    seen: list[str] = []
    cursor = ""
    for _ in range(40):
        page = shop.lab.http("GET", f"{path}?limit=3&{query}{cursor}", user=user)
        assert page.status == 200, page
        found = page.json()
        assert len(found["items"]) <= 3
        for row in found["items"]:
            assert matches(shop.orders[row["order_id"]]), row
        seen += [row["order_id"] for row in found["items"]]
        if found["next_cursor"] is None:
            break
        cursor = f"&cursor={found['next_cursor']}"
        for _ in range(2):
            shop.write()
            steady &= {known.order_id for known in shop.orders.values() if matches(known)}
    else:
        raise AssertionError("the list has no end")
    assert len(seen) == len(set(seen)), "a row came twice"
    assert seen == sorted(seen, reverse=newest_first)
    assert steady <= set(seen), "a row is missing that was there all the time"


def test_pages_of_a_customer_stay_right_while_orders_are_written(shop: Shop) -> None:
    for query, matches in FILTERS + PLACED:
        of_north = both(matches, lambda known: known.account_id == "relay-north")
        walk(shop, shop.lab.users.sub_customer, "/api/orders", query, of_north, newest_first=True)


def test_pages_of_a_reseller_stay_right_while_orders_are_written(shop: Shop) -> None:
    for query, matches in FILTERS + PLACED:
        walk(shop, shop.lab.users.reseller, "/api/orders", query, matches, newest_first=True)
        of_north = both(matches, lambda known: known.account_id == "relay-north")
        narrowed = f"account_id=relay-north&{query}"
        walk(shop, shop.lab.users.reseller, "/api/orders", narrowed, of_north, newest_first=True)


def test_pages_of_the_desk_stay_right_while_orders_are_written(shop: Shop) -> None:
    cs = shop.lab.users.cs
    mine: Matches = lambda known: known.assignee == cs.user_id  # noqa: E731 - a filter like the others
    of_south: Matches = lambda known: known.account_id == "relay-south"  # noqa: E731
    narrowed = {
        "": everything,
        "assignee=me&": mine,
        "account_id=relay-south&": of_south,
        "account_id=relay-south&assignee=me&": both(mine, of_south),
    }
    for query, matches in FILTERS:
        for more, narrower in narrowed.items():
            walk(shop, cs, "/api/desk/orders", more + query, both(matches, narrower), newest_first=False)


# Cost.


@contextmanager
def cost(lab: Lab) -> Iterator[Json]:
    """Calls to the table and read units of what happens meanwhile."""
    spent: Json = {}
    before = len(lab.wire.calls)
    with lab.capacity.measured() as capacity:
        yield spent
    spent["calls"] = sum(call.service == "dynamodb" for call in lab.wire.calls[before:])
    spent["units"] = sum(capacity.read.values())


LISTS = [
    ("/api/orders", "sub_customer"),
    ("/api/orders", "reseller"),
    ("/api/desk/orders", "cs"),
    ("/api/desk/orders?account_id=relay-north", "cs"),
    ("/api/desk/orders?status=submitted", "cs"),
]


def test_a_page_costs_the_same_however_large_the_table_is(shop: Shop) -> None:
    lab = shop.lab

    def costs() -> list[Json]:
        spent = []
        for path, who in LISTS:
            joint = "&" if "?" in path else "?"
            with cost(lab) as each:
                page = lab.http("GET", f"{path}{joint}limit=3", user=getattr(lab.users, who))
            assert len(page.json()["items"]) == 3
            spent.append(each)
        return spent

    few = costs()
    for _ in range(25):
        shop.place()
    many = costs()
    for before, after, (path, _) in zip(few, many, LISTS, strict=True):
        assert after["calls"] <= before["calls"], path
        assert after["units"] <= before["units"] + 1, path


def test_ones_own_list_shows_ones_write_at_once_however_far_indexes_lag_behind(lab: Lab) -> None:
    for account_id in ("relay", "relay-north"):
        lab.account(account_id, parent_account_id=None if account_id == "relay" else "relay")
    lab.lag()
    users = {"relay-north": lab.users.sub_customer, "relay": lab.users.reseller}
    for turn in range(5):
        for account_id, user in users.items():
            body = {"items": [{"kind": "ip_addresses", "quantity": 1, "start_date": "2027-03-05"}]}
            key = {"Idempotency-Key": f"{turn} of {account_id}".replace(" ", "-")}
            placed = lab.http("POST", "/api/orders", json=body, headers=key, user=user).json()
            for reader in (user, lab.users.reseller):
                rows = lab.http("GET", "/api/orders", user=reader).json()["items"]
                assert (rows[0]["order_id"], rows[0]["status"]) == (placed["order_id"], "submitted")
            response = lab.http("POST", f"/api/orders/{placed['order_id']}/cancel", json={}, user=user)
            assert response.status == 200
            assert lab.http("GET", "/api/orders?status=submitted", user=user).json()["items"] == []
            assert lab.http("GET", "/api/orders", user=user).json()["items"][0]["status"] == "canceled"
    assert lab.dynamodb.behind == set()
