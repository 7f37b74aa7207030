"""The versions of accounts, price lists and terms in the table, call by call."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from online_orders.aws import version_store
from online_orders.aws.keys import account_key, prices_directory_key, prices_key, version_key
from online_orders.aws.price_store import (
    PriceListRow,
    ScopeName,
    find_price_list,
    list_price_lists,
    price_lists_for,
    put_price_list,
    replace_price_list,
)
from online_orders.aws.table import MAX_ATTEMPTS, WriteConflict
from online_orders.aws.version_store import Version
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.prices import EVERYBODY, ListPrice, PriceList, PriceScope
from online_orders.domain.quotes import Recurrence
from tests.aws.audited import take_entry
from tests.aws.service import Service, canceled
from tests.domain.builders import CALLER, CLARA, account_of

Json = dict[str, Any]

AT = datetime(2026, 3, 5, 7, 30, tzinfo=UTC)
TEXT_OF_AT = "2026-03-05T07:30:00.000Z"
KEY = account_key("acme")
NEW = {"ConditionExpression": "attribute_not_exists(pk)"}


def item_of(version: int, **more: Json) -> Json:
    return {
        **KEY,
        "version": {"N": str(version)},
        "changed_by": {"S": f"by {version}"},
        "changed_at": {"S": f"at {version}"},
        "changed": {"S": '["/name"]'},
        "document": {"S": f"document {version}"},
        **more,
    }


def version_of(number: int) -> Version:
    return Version(number, f"at {number}", f"by {number}", ["/name"], f"document {number}")


def test_a_version_is_read_as_it_was_stored() -> None:
    item = version_store.version_item(KEY, 3, "document", "clara", AT, ("/name", "/sites"))
    assert item == {
        **KEY,
        "version": {"N": "3"},
        "changed_by": {"S": "clara"},
        "changed_at": {"S": TEXT_OF_AT},
        "changed": {"S": '["/name", "/sites"]'},
        "document": {"S": "document"},
    }
    assert Version.from_item(item) == Version(3, TEXT_OF_AT, "clara", ["/name", "/sites"], "document")
    earlier = {name: value for name, value in item.items() if name not in {"changed", "changed_at"}}
    assert Version.from_item(earlier) == Version(3, None, "clara", None, "document")


def test_a_new_version_replaces_the_one_read_which_is_kept(service: Service) -> None:
    service.answers = [{"Item": item_of(2, more={"S": "kept"})}]
    new = item_of(3)
    first, second = version_store.replace_actions(new, 2, changed_by="erased")
    assert first == {
        "Put": {
            "Item": new,
            "ConditionExpression": "version = :before AND changed_by = :by",
            "ExpressionAttributeValues": {":before": {"N": "2"}, ":by": {"S": "by 2"}},
        }
    }
    kept = item_of(2, more={"S": "kept"}, changed_by={"S": "erased"})
    assert second == {"Put": {"Item": {**kept, **version_key(KEY, 2)}}}
    assert service.asked == [("get_item", {"TableName": "Table", "Key": KEY, "ConsistentRead": True})]


@pytest.mark.parametrize("answer", [{}, {"Item": item_of(3)}, {"Item": item_of(1)}], ids=["gone", "later", "earlier"])
def test_a_version_that_does_not_stand_any_more_is_not_replaced(service: Service, answer: Json) -> None:
    service.answers = [answer]
    with pytest.raises(WriteConflict) as raced:
        version_store.replace_actions(item_of(3), 2)
    assert raced.value.existing == []


def query(last: int, limit: int) -> tuple[str, Json]:
    return (
        "query",
        {
            "TableName": "Table",
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": KEY["pk"],
                ":first": {"S": "VERSION#00000000"},
                ":last": {"S": f"VERSION#{last:08}"},
            },
            "ConsistentRead": True,
            "ScanIndexForward": False,
            "Limit": limit,
        },
    )


GET = ("get_item", {"TableName": "Table", "Key": KEY, "ConsistentRead": True})


def test_versions_come_newest_first_page_by_page(service: Service) -> None:
    service.answers = [{"Item": item_of(9)}, {"Items": [item_of(8), item_of(7)], "LastEvaluatedKey": KEY}]
    assert version_store.list_versions(KEY, 3, None) == ([version_of(9), version_of(8), version_of(7)], 7)
    assert service.asked == [GET, query(8, 2)]
    service.asked.clear()
    service.answers = [{"Items": [item_of(6)]}]
    assert version_store.list_versions(KEY, 3, 7) == ([version_of(6)], None)
    assert service.asked == [query(6, 3)]


def test_a_page_of_one_version_asks_for_no_other(service: Service) -> None:
    service.answers = [{"Item": item_of(9)}]
    assert version_store.list_versions(KEY, 1, None) == ([version_of(9)], 9)
    service.answers = [{"Item": item_of(2)}]
    assert version_store.list_versions(KEY, 1, None) == ([version_of(2)], 2)
    service.answers = [{"Item": item_of(1)}]
    assert version_store.list_versions(KEY, 1, None) == ([version_of(1)], None)
    assert service.asked == [GET] * 3


def test_of_what_is_not_there_there_are_no_versions(service: Service) -> None:
    assert version_store.list_versions(KEY, 3, None) is None
    service.answers = [{"Items": [], "LastEvaluatedKey": KEY}]
    assert version_store.list_versions(KEY, 3, 2) == ([], None)


def test_a_version_is_the_newest_or_one_that_was_kept(service: Service) -> None:
    service.answers = [{"Item": item_of(3)}]
    assert version_store.find_version(KEY, 3) == version_of(3)
    service.answers = [{"Item": item_of(3)}, {"Item": item_of(2)}]
    assert version_store.find_version(KEY, 2) == version_of(2)
    kept = ("get_item", {"TableName": "Table", "Key": version_key(KEY, 2), "ConsistentRead": True})
    assert service.asked == [GET, GET, kept]
    service.answers = [{"Item": item_of(3)}, {}]
    assert version_store.find_version(KEY, 1) is None
    service.answers = [{}]
    assert version_store.find_version(KEY, 1) is None


# -- price lists --------------------------------------------------------------------------------------------------


def prices(version: int) -> PriceList:
    return PriceList(currency="EUR", version=version, updated_at=AT, prices=())


def stored_prices(version: int, changed: list[str]) -> Json:
    return {
        **prices_key("EUR"),
        "version": {"N": str(version)},
        "changed_by": {"S": "clara@vendor.example"},
        "changed_at": {"S": TEXT_OF_AT},
        "changed": {"S": json.dumps(changed)},
        "document": {"S": prices(version).model_dump_json()},
    }


def directory(version: int) -> Json:
    item = {
        **prices_directory_key("EUR"),
        "version": {"N": str(version)},
        "updated_at": {"S": TEXT_OF_AT},
        "prices": {"N": "0"},
    }
    return {"Put": {"TableName": "Table", "Item": item}}


def test_the_first_price_list_of_a_currency_is_new_and_listed(service: Service) -> None:
    put_price_list(prices(1), None, CLARA)
    ((method, requested),) = service.asked
    assert method == "transact_write_items"
    created = take_entry(requested["TransactItems"])
    assert (created.by, created.subject, created.subject_id, created.action) == (CLARA, "price_list", "EUR", "created")
    assert requested["TransactItems"] == [
        {"Put": {"TableName": "Table", "Item": stored_prices(1, []), **NEW}},
        directory(1),
    ]


def test_a_later_price_list_takes_the_place_of_the_one_before(service: Service) -> None:
    service.answers = [{"Item": stored_prices(1, [])}, {}]
    put_price_list(prices(2), prices(1), CLARA)
    actions = service.asked[1][1]["TransactItems"]
    assert (take_entry(actions).action, len(actions)) == ("changed", 3)
    first, kept, listed = actions
    assert first["Put"]["Item"] == stored_prices(2, ["/prices"])
    assert first["Put"]["ExpressionAttributeValues"][":before"] == {"N": "1"}
    assert kept["Put"]["Item"] == {**stored_prices(1, []), **version_key(prices_key("EUR"), 1)}
    assert listed == directory(2)


def found(*items: Json) -> Json:
    return {"Responses": {"Table": list(items)}}


def found_at(version: int) -> list[Json]:
    """The answers to the two reads before a list is stored: to decide on, and to keep."""
    item = stored_prices(version, [])
    return [found(item), {"Item": item}]


def replace(*seen: int | None) -> PriceList:
    """Replace the list by one of a price, and look that the versions `seen` were checked before."""
    checked: list[int | None] = []
    requested = ListPrice(
        kind="sdp_users", variant=None, description="A user", unit_price=Decimal("2.00"), recurrence=Recurrence.MONTHLY
    )
    try:
        return replace_price_list("EUR", lambda catalog, kept: (requested,), CALLER, checked.append)
    finally:
        assert checked == [*seen]


def test_a_price_list_is_created_or_replaced_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("online_orders.aws.price_store.now", lambda: AT)
    service.answers = [found(), {}]
    after = replace(None)
    (change,) = take_entry(service.asked[-1][1]["TransactItems"]).changes
    assert (change.pointer, change.was, change.is_now["unit_price"]) == ("/prices/0", None, "2.00")
    assert (after.currency, after.version, after.updated_at, len(after.prices)) == ("EUR", 1, AT, 1)
    service.answers = [*found_at(3), {}]
    assert replace(3) == after.model_copy(update={"version": 4})
    service.answers = [found({**stored_prices(4, []), "document": {"S": after.model_dump_json()}})]
    assert replace(1) == after


def test_who_loses_the_race_for_a_price_list_is_judged_anew(service: Service) -> None:
    lost = [*found_at(3), canceled("ConditionalCheckFailed")]
    service.answers = [*lost, *found_at(4), {}]
    assert replace(3, 4).version == 5
    service.answers = lost * MAX_ATTEMPTS
    with pytest.raises(InProgress, match="this price list"):
        replace(*[3] * MAX_ATTEMPTS)


def test_a_price_list_is_found_by_its_currency(service: Service) -> None:
    service.answers = [{"Item": stored_prices(1, [])}, {}]
    assert find_price_list("EUR") == prices(1)
    assert find_price_list("EUR") is None
    assert service.asked[0][1]["Key"] == prices_key("EUR")


def test_price_lists_come_by_currency_page_by_page(service: Service) -> None:
    row = directory(3)["Put"]["Item"]
    service.answers = [
        {"Items": [row], "LastEvaluatedKey": {}},
        {"Items": [row]},
        {"Items": [], "LastEvaluatedKey": {}},
    ]
    pages = [list_price_lists(7, after) for after in (None, "EUR", "USD")]
    expected = PriceListRow("EUR", EVERYBODY, 3, TEXT_OF_AT, 0)
    assert pages == [([expected], "EUR"), ([expected], None), ([], None)]
    requested = {
        "TableName": "Table",
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ConsistentRead": True,
        "Limit": 7,
    }
    for (method, text), first in zip(service.asked, ("!", "EUR\0", "USD\0"), strict=True):
        values = {":pk": {"S": "PRICES"}, ":first": {"S": first}, ":last": {"S": "\uffff"}}
        assert (method, text) == ("query", requested | {"ExpressionAttributeValues": values})


ACME, PARTNERS = PriceScope("acme"), PriceScope(group="partners")


@pytest.mark.parametrize("scope", [ACME, PARTNERS], ids=["account", "group"])
def test_a_list_of_an_account_or_a_group_has_its_own_keys_and_says_so_in_the_trail(
    service: Service, scope: PriceScope
) -> None:
    put_price_list(prices(1).model_copy(update=scope._asdict()), None, CLARA)
    actions = service.asked[0][1]["TransactItems"]
    created = take_entry(actions)
    query = "account_id=acme" if scope.account_id else "group=partners"
    assert (created.subject_id, created.account_id) == (f"EUR?{query}", scope.account_id)
    keys = [{name: action["Put"]["Item"][name] for name in ("pk", "sk")} for action in actions]
    assert keys == [prices_key("EUR", *scope), prices_directory_key("EUR", *scope)]


def test_a_list_of_an_account_is_stored_if_the_account_exists_and_the_prices_there_are_are_known(
    service: Service,
) -> None:
    def replace_of(scope: PriceScope) -> PriceList:
        return replace_price_list("EUR", lambda catalog, kept: tuple(kept), CALLER, print, scope)

    service.answers = [found({**account_key("acme")}), {}]
    assert replace_of(ACME).scope == ACME
    assert account_key("acme") in service.asked[0][1]["RequestItems"]["Table"]["Keys"]
    service.answers = [found()]
    with pytest.raises(NotFound, match="account acme"):
        replace_of(ACME)
    one = ListPrice(kind="gone", variant=None, description="-", unit_price=Decimal(1), recurrence=Recurrence.ONCE)
    stored = prices(4).model_copy(update={"group": "partners", "prices": (one,)})
    item = {**stored_prices(4, []), **prices_key("EUR", *PARTNERS), "document": {"S": stored.model_dump_json()}}
    service.answers = [found(item)]
    assert replace_of(PARTNERS) == stored, "which was given to the parser, and changed nothing"
    service.answers = [found()]
    with pytest.raises(NotFound, match="group partners"):
        replace_of(PARTNERS)


def test_the_lists_of_an_account_are_read_at_once_and_come_as_they_go_before_each_other(service: Service) -> None:
    account = account_of(currency="EUR", groups=["schools", "partners", "schools"])
    scopes = [EVERYBODY, PriceScope(group="partners"), PriceScope(account.account_id)]
    lists = [prices(version).model_copy(update=scope._asdict()) for version, scope in enumerate(scopes, 1)]
    service.answers = [
        found(
            *(
                {**prices_key("EUR", *each.scope), "document": {"S": each.model_dump_json()}, "version": {"N": "1"}}
                for each in lists
            )
        )
    ]
    assert price_lists_for(account) == [lists[2], lists[1], lists[0]]
    ((method, requested),) = service.asked
    keys = [PriceScope(account.account_id), PriceScope(group="schools"), PriceScope(group="partners"), EVERYBODY]
    assert method == "batch_get_item"
    assert requested["RequestItems"]["Table"]["Keys"] == [prices_key("EUR", *scope) for scope in keys]
    service.answers = [found()]
    assert price_lists_for(account, "USD") == []
    assert service.asked[-1][1]["RequestItems"]["Table"]["Keys"][-1] == prices_key("USD")


@pytest.mark.parametrize(
    ("of", "scope", "pk", "first", "last"),
    [
        ("account", EVERYBODY, "ACCOUNTPRICES", "!", "\uffff"),
        ("group", EVERYBODY, "GROUPPRICES", "!", "\uffff"),
        ("default", ACME, "ACCOUNTPRICES", "acme#", "acme#\uffff"),
        ("default", PARTNERS, "GROUPPRICES", "partners#", "partners#\uffff"),
    ],
)
def test_lists_of_accounts_and_groups_come_from_their_directories(
    service: Service, of: ScopeName, scope: PriceScope, pk: str, first: str, last: str
) -> None:
    owner = "acme" if pk == "ACCOUNTPRICES" else "partners"
    row = {**directory(3)["Put"]["Item"], "pk": {"S": pk}, "sk": {"S": f"{owner}#EUR"}}
    service.answers = [{"Items": [row], "LastEvaluatedKey": {}}, {"Items": []}]
    page = list_price_lists(7, None, of, scope)
    (listed,) = page.rows
    assert listed.scope == (ACME if owner == "acme" else PARTNERS)
    assert (listed.currency, page.position) == ("EUR", f"{owner}#EUR")
    assert listed.body() == {
        "currency": "EUR",
        "account_id" if owner == "acme" else "group": owner,
        "version": 3,
        "updated_at": TEXT_OF_AT,
        "prices": 0,
    }
    list_price_lists(7, page.position, of, scope)
    starts = [first, f"{owner}#EUR\0"]
    for (_, requested), start in zip(service.asked, starts, strict=True):
        assert requested["ExpressionAttributeValues"] == {
            ":pk": {"S": pk},
            ":first": {"S": start},
            ":last": {"S": last},
        }
