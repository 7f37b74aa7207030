"""Who may order what: accounts by name, by group, and callers without an account."""

import copy
from typing import Any

import pytest

from online_orders.domain.accounts import Account
from online_orders.domain.catalog import MAX_ITEMS, Catalog, kinds_named, shipped
from tests.domain.builders import account_of

LIMITED: dict[str, dict[str, Any]] = {
    "ip_addresses": {"only_for": {"groups": ["partners"]}},
    "sdp_users": {"only_for": {"accounts": ["acme"], "groups": ["schools"]}},
    "accessory": {"retired": True},
}


def catalog() -> Catalog:
    document = copy.deepcopy(dict(shipped().document))
    document["kinds"] = [{**kind, **LIMITED.get(kind["kind"], {})} for kind in document["kinds"]]
    return Catalog.from_document(document, 7)


def account(account_id: str, *groups: str) -> Account:
    return account_of().model_copy(update={"account_id": account_id, "groups": groups})


@pytest.mark.parametrize(
    ("caller", "may_order"),
    [
        (None, set()),
        (account("bolt"), set()),
        (account("acme"), {"sdp_users"}),
        (account("bolt", "partners"), {"ip_addresses"}),
        (account("bolt", "others", "schools"), {"sdp_users"}),
        (account("acme", "partners"), {"ip_addresses", "sdp_users"}),
    ],
)
def test_what_is_for_some_is_ordered_by_them_alone_and_what_is_retired_by_nobody(
    caller: Account | None, may_order: set[str]
) -> None:
    offered = catalog().for_account(caller)
    assert offered.kinds.keys() & LIMITED.keys() == may_order
    assert offered.kinds.keys() - LIMITED.keys() == shipped().kinds.keys() - LIMITED.keys()
    assert offered.version == 7


def test_without_limits_everybody_may_order_all() -> None:
    assert shipped().for_account(None) is shipped().for_account(account("acme", "partners")) is shipped()


@pytest.mark.parametrize(
    ("raw_items", "named"),
    [
        (None, ()),
        ({"kind": "socket"}, ()),
        ([{"kind": "socket"}, {"kind": "seats"}, {"kind": "socket"}], ("socket", "seats")),
        ([7, {}, {"kind": 7}, {"kind": "No Kind"}, {"kind": "x" * 41}, {"kind": "socket\n"}], ()),
        ([{"kind": f"kind{number}"} for number in range(60)], tuple(f"kind{number}" for number in range(MAX_ITEMS))),
    ],
)
def test_the_kinds_that_a_body_names_are_found_whatever_the_body(raw_items: Any, named: tuple[str, ...]) -> None:
    assert kinds_named(raw_items) == named
