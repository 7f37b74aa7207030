from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from online_orders.domain.accounts import Account, parse_account
from online_orders.domain.prices import ListPrice, parse_prices
from sandbox.seed import CS_MAILBOX, GIVEN_ROLES, SENDER, UNITS_PER_EURO, USERS, accounts, fitted, price_list
from tests.example_catalog import example
from tests.shipped_catalog import BANDWIDTH_STEPS, CATALOG

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def seeded() -> dict[str, Account]:
    """By account id; each as the product reads it."""
    return {body["account_id"]: parse_account(body["account_id"], body) for body in accounts(TODAY)}


def customers(seeded: dict[str, Account]) -> list[Account]:
    resellers = {account.parent_account_id for account in seeded.values()}
    return [a for a in seeded.values() if a.parent_account_id is None and a.account_id not in resellers]


def state(account: Account) -> str:
    return account.enrollment.state.value if account.enrollment else "none"


def test_three_customers_are_enrolled_and_one_is_suspended(seeded: dict[str, Account]) -> None:
    assert Counter(state(account) for account in customers(seeded)) == {"active": 3, "suspended": 1}
    assert sum(account.locale == "de" for account in customers(seeded)) == 1
    assert sum(account.currency != "JPY" for account in customers(seeded) if state(account) == "active") == 2


def test_each_enrolled_customer_has_the_sites_that_orders_need(seeded: dict[str, Account]) -> None:
    for account in customers(seeded):
        if state(account) == "active":
            starts = [site.license.starts_on for site in account.sites if site.license]
            assert any(start <= TODAY for start in starts)
            assert any(start > TODAY + timedelta(days=30) for start in starts)
            assert any(site.address for site in account.sites)


def test_every_begun_license_leaves_room_for_more(seeded: dict[str, Account]) -> None:
    sites = [site for account in seeded.values() for site in account.sites]
    assert all(site.license.bandwidth_mbps < max(BANDWIDTH_STEPS) for site in sites if site.license)


def test_a_reseller_has_two_enrolled_sub_accounts_and_comes_before_them(seeded: dict[str, Account]) -> None:
    parents = {account.parent_account_id for account in seeded.values()} - {None}
    assert len(parents) == 1
    children = [account for account in seeded.values() if account.parent_account_id]
    assert [state(child) for child in children] == ["active", "active"]
    order = list(seeded)
    assert all(order.index(str(child.parent_account_id)) < order.index(child.account_id) for child in children)


def test_every_account_has_a_user_and_two_work_at_the_desk(seeded: dict[str, Account]) -> None:
    roles = Counter(user.role for user in USERS)
    assert {user.account_id for user in USERS} - {None} == seeded.keys()
    assert (roles["customer-success"], roles["reseller"]) == (2, 1)
    assert {user.group for user in USERS if user.account_id} == {"customers"}
    assert {user.group for user in USERS if not user.account_id} == {"customer-success"}
    assert [user.role for user in USERS[-len(GIVEN_ROLES) :]] == ["viewer", "buyer", "auditor", "agent"]
    assert {user.people_path for user in USERS} >= {"people", "accounts/nordlicht/people"}


def test_every_account_s_currency_has_prices_for_every_kind_of_item(seeded: dict[str, Account]) -> None:
    assert {account.currency for account in seeded.values()} == set(UNITS_PER_EURO)
    for currency in UNITS_PER_EURO:
        listed: tuple[ListPrice, ...] = parse_prices(price_list(currency), currency)
        assert {price.kind for price in listed} == set(CATALOG.kinds)


def test_with_another_catalog_accounts_have_its_equipment_and_are_in_its_groups() -> None:
    document = {"equipment": ["A", "B"], "groups": [{"group": "gold"}, {"group": "silver"}]}
    before = {each["account_id"]: each for each in accounts(TODAY)}
    after = {each["account_id"]: fitted(each, document) for each in accounts(TODAY)}
    stock = {name: [site["sockets"] for site in each["sites"]] for name, each in after.items()}
    assert stock["nordlicht"] == [[{"model": "B", "quantity": 1}], [], []]
    assert stock["aozora"][0] == [{"model": "B", "quantity": 1}, {"model": "A", "quantity": 1}]
    assert {name: each["groups"] for name, each in after.items() if "groups" in each} == {
        "brightwater": ["gold"],
        "nordlicht": ["silver"],
    }
    for name, each in after.items():
        sites = [
            {**site, "sockets": old["sockets"]} for site, old in zip(each["sites"], before[name]["sites"], strict=True)
        ]
        assert {**each, "sites": sites, "groups": []} == {**before[name], "groups": []}


def test_with_one_model_a_site_has_all_of_it_and_with_none_nothing() -> None:
    tokyo = next(each for each in accounts(TODAY) if each["account_id"] == "aozora")
    one, none = (fitted(tokyo, {"equipment": models, "groups": []}) for models in (["A"], []))
    assert one["sites"][0]["sockets"] == [{"model": "A", "quantity": 2}]
    assert none["sites"][0]["sockets"] == []


def test_the_example_has_prices_in_every_account_s_currency() -> None:
    listed = {each["currency"] for each in example().price_lists if each["group"] is None}
    assert {account["currency"] for account in accounts(TODAY)} == listed


def test_no_address_is_used_twice(seeded: dict[str, Account]) -> None:
    contacts = [account.enrollment.contact for account in seeded.values() if account.enrollment]
    addresses = [contact.email for contact in contacts if contact] + [user.email for user in USERS]
    assert len({*addresses, CS_MAILBOX, SENDER}) == len(addresses) + 2


def test_dates_move_with_the_day() -> None:
    def starts(day: date) -> list[Any]:
        return [site["license"] and site["license"]["starts_on"] for a in accounts(day) for site in a["sites"]]

    assert starts(TODAY) != starts(TODAY + timedelta(days=1))
