"""Orders that ask for what another order of the account asks for already."""

from __future__ import annotations

from typing import Any

import pytest

from online_orders.domain.accounts import Account
from online_orders.domain.catalog import Catalog, Item
from online_orders.domain.duplicates import RECENT, find_duplicates
from online_orders.domain.order_requests import parse_order
from online_orders.domain.orders import Order
from tests.domain.builders import (
    ANNA,
    DAY,
    KINDS,
    LATER,
    NOW,
    ORDER_ID,
    Json,
    account_body,
    account_of,
    claimed,
    item_of,
    offered,
    place,
)
from tests.domain.test_catalog_rules import SITE, TIER, catalog_of, kind_of
from tests.shipped_catalog import CATALOG, UPGRADES


def found(*items: Json, others: list[Order], account: Account | None = None, at: Any = LATER) -> list[tuple[str, str]]:
    placed = place(*items).order.items
    return [
        (each.item_id, each.code)
        for each in find_duplicates(placed, account or account_of(), others, at, CATALOG.kinds, CATALOG)
    ]


def of(*items: Json) -> Order:
    return place(*items).order


def completed(*items: Json) -> Order:
    return offered(claimed(place(*items).order)).approve("Connie", NOW).order


def licensed(**changes: Any) -> Account:
    """The account with another license of both sites that have one."""
    sites = [
        {**site, "license": {**site["license"], **changes}} if site["license"] else site
        for site in account_body()["sites"]
    ]
    return account_of(sites=sites)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_again_is_found_while_an_order_for_it_is_open(kind: str) -> None:
    again = item_of(kind, start_date="2027-02-01")
    assert found(item_of("sdp_users", region="china"), again, others=[of(item_of(kind))]) == [("2", "already_ordered")]


def test_an_upgrade_is_the_same_for_the_same_site_whatever_to() -> None:
    others = [of(item_of("site_bandwidth", bandwidth_mbps=500))]
    assert found(item_of("site_bandwidth"), others=others) == [("1", "already_ordered")]
    assert found(item_of("site_bandwidth", site_id="branch"), item_of("site_early_activation"), others=others) == []


@pytest.mark.parametrize(
    "other",
    [
        item_of("socket", quantity=3),
        item_of("socket", model="X1700"),
        item_of("socket", site_id="office"),
        item_of("accessory", site_id="store", accessory_type="rack_mount_kit", quantity=2),
    ],
)
def test_what_is_no_upgrade_is_the_same_only_in_every_setting(other: Json) -> None:
    assert found(item_of("socket"), others=[of(other)]) == []


def test_what_was_canceled_is_no_duplicate() -> None:
    others = [of(item_of(kind)).withdraw(ANNA, None, NOW).order for kind in UPGRADES]
    assert found(*(item_of(kind) for kind in UPGRADES), others=others) == []


@pytest.mark.parametrize("kind", sorted(UPGRADES))
def test_a_completed_upgrade_is_found_for_a_month_until_the_license_shows_it(kind: str) -> None:
    others = [completed(item_of(kind))]
    assert found(item_of(kind), others=others, at=NOW + RECENT) == [("1", "recently_completed")]
    assert found(item_of(kind), others=others, at=NOW + RECENT + DAY) == []
    done = licensed(bandwidth_mbps=200, starts_on="2027-01-05")
    assert found(item_of(kind), others=others, account=done) == []


def test_completed_orders_of_what_is_no_upgrade_are_no_duplicates() -> None:
    others = [completed(item_of(kind)) for kind in KINDS if kind not in UPGRADES]
    assert found(*(item_of(kind) for kind in KINDS), others=others) == []


def test_of_several_the_open_one_is_named_and_else_the_first() -> None:
    upgrade = item_of("site_bandwidth")
    first, second, done = of(upgrade), of(upgrade), completed(upgrade)
    others = [
        order.model_copy(update={"order_id": order_id})
        for order, order_id in ((done, "done"), (first, "first"), (second, "second"))
    ]
    (duplicate,) = find_duplicates(first.items, account_of(), others, LATER, UPGRADES, CATALOG)
    assert (duplicate.code, duplicate.order_id, duplicate.placed_at) == ("already_ordered", "first", NOW)


def test_only_the_kinds_that_are_asked_for_are_looked_at() -> None:
    items = [item_of(kind) for kind in KINDS]
    duplicates = find_duplicates(place(*items).order.items, account_of(), [of(*items)], LATER, UPGRADES, CATALOG)
    assert [each.item_id for each in duplicates] == ["1", "2"]


def test_a_site_that_is_gone_is_due_nothing() -> None:
    others = [completed(item_of("site_bandwidth"))]
    assert found(item_of("site_bandwidth"), others=others, account=account_of(sites=[])) == []


def test_upgrades_are_those_of_the_catalog_that_is_in_force() -> None:
    """A kind of another catalog is an upgrade by its rules; one that is gone is told by its settings."""
    upgrade = kind_of("support", SITE, TIER, rules=[{"rule": "one_per_site"}])
    catalog = catalog_of(upgrade, kind_of("training", TIER))

    def order(**settings: Any) -> Order:
        body = {"items": [{"start_date": "2027-01-05", **settings}]}
        return parse_order(
            body, order_id=ORDER_ID, account=account_of(), catalog=catalog, source="online", by=ANNA, at=NOW
        ).order

    gold, silver = ({"kind": "support", "site_id": "office", "tier": tier} for tier in ("gold", "silver"))
    training = {"kind": "training", "tier": "gold"}

    def codes(asked: Json, other: Order, by: Catalog = catalog) -> list[str]:
        items = order(**asked).items
        return [each.code for each in find_duplicates(items, account_of(), [other], LATER, ("support", "training"), by)]

    assert codes(gold, order(**silver)) == ["already_ordered"]
    assert codes(gold, order(**silver), CATALOG) == []
    assert codes(gold, order(**gold), CATALOG) == ["already_ordered"]
    assert codes(training, order(**training)) == ["already_ordered"]
    assert codes(training, order(**{**training, "tier": "silver"})) == []
    done = offered(claimed(order(**gold))).approve("Connie", NOW).order
    assert codes(gold, done) == [], "nothing tells whether the site has it already"


def test_a_setting_that_was_of_another_type_when_it_was_ordered_says_nothing_about_the_license() -> None:
    earlier = completed(item_of("site_bandwidth"))
    for settings in ({"bandwidth_mbps": "a lot"}, {}):
        values = earlier.items[0].model_dump(exclude={"bandwidth_mbps"}) | settings
        other = earlier.model_copy(update={"items": (Item.model_validate(values),)})
        assert found(item_of("site_bandwidth"), others=[other]) == []
