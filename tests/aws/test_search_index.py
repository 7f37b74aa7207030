"""The index of the search: which postings an order and an account have, and that none is left of what has changed."""

from collections.abc import Iterator
from typing import Any

import pytest

from online_orders import clock
from online_orders.aws import order_store, search_index, search_queries
from online_orders.aws import table as table_module
from online_orders.aws.account_store import StoredAccount, put_account
from online_orders.aws.keys import OrderKey, account_words_key, order_words_key
from online_orders.aws.order_queries import OrderFilter
from online_orders.domain.accounts import Account
from online_orders.domain.errors import BadRequest, InProgress, NotFound, Unavailable
from online_orders.domain.orders import Order
from online_orders.domain.search_words import Search, account_words, order_words
from tests.aws.service import Service
from tests.aws.table import Table
from tests.domain.builders import CLARA, NOW, ORDER_ID, account_of, item_of, place

Json = dict[str, Any]
AT = OrderKey("acme", ORDER_ID, "online")


@pytest.fixture
def table(service: Service, monkeypatch: pytest.MonkeyPatch) -> Table:
    found = Table()
    monkeypatch.setattr(table_module, "client", lambda _: found)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return found


def store_account(table: Table, account: Account, before: Account | None = None) -> Account:
    put_account(account, StoredAccount(before, 1, "x") if before else None, CLARA)
    for key in [key for key in table.items if key[1].startswith("VERSION#")]:
        del table.items[key]
    return account


def store_order(table: Table, **changes: Any) -> Order:
    order = place(item_of("ip_addresses"), body=changes).order
    table.items[("ACCOUNT#acme", f"ORDER#{ORDER_ID}")] = order_store._order_item(order)
    return order


def postings(table: Table, beginning: str = "FIND") -> set[tuple[str, str]]:
    return {key for key in table.items if key[0].startswith(beginning)}


def words_at(table: Table, pk: str) -> set[str]:
    return {key[1].partition("#")[0] for key in table.items if key[0] == pk}


def test_an_order_has_a_posting_for_each_word_at_the_desk_and_at_its_customers(table: Table) -> None:
    account, order = store_account(table, account_of(parent_account_id="relay")), store_order(table)
    search_index.index_order(AT)
    words = order_words(order, account)
    inverted = search_index.inverted(ORDER_ID)
    assert search_index.inverted(inverted) == ORDER_ID
    assert postings(table) == {
        (pk, f"{word}#{inverted}")
        for word in words
        for pk in (f"FIND#{word[:3]}", "FIND#ACCOUNT#acme", "FIND#ACCOUNT#relay")
    }
    item = table.items["FIND#ACCOUNT#acme", f"acme#{inverted}"]
    assert (item["account_id"], item["source"]) == ({"S": "acme"}, {"S": "online"})
    assert item["words"] == {"S": " ".join(words)}
    table.calls.clear()
    search_index.index_order(AT)
    assert table.calls == ["batch_get_item"], "what is written is not written again"


def test_a_direct_order_has_postings_at_the_desk_alone(table: Table) -> None:
    store_account(table, account_of())
    order = place(item_of("ip_addresses"), source="direct").order
    table.items[("ACCOUNT#acme", f"DIRECT#{ORDER_ID}")] = order_store._order_item(order)
    search_index.index_order(AT._replace(source="direct"))
    assert postings(table)
    assert not postings(table, "FIND#ACCOUNT#")


def test_newer_orders_sort_first() -> None:
    ids = ["01KAND6R0000000000000000AB", "01KAND6R0000000000000000AC", "01KBND6R000000000000000000"]
    assert sorted(map(search_index.inverted, ids)) == [search_index.inverted(each) for each in reversed(ids)]


def test_what_has_changed_leaves_no_posting(table: Table) -> None:
    before = store_account(table, account_of(parent_account_id="relay"))
    store_order(table, purchase_order_number="OLD-1")
    search_index.index_order(AT)
    after = store_account(table, account_of(name="Renamed Ltd"), before)
    order = store_order(table, purchase_order_number="NEW-2")
    search_index.index_order(AT)
    assert words_at(table, "FIND#ACCOUNT#acme") == {*order_words(order, after)}
    assert not postings(table, "FIND#ACCOUNT#relay")
    assert not postings(table, "FIND#old")
    stored = table.items[order_words_key(ORDER_ID)["pk"]["S"], "WORDS"]
    assert (stored["accounts"], stored["is_written"]) == ({"S": "acme"}, {"BOOL": True})


@pytest.mark.parametrize("method", ["put_item", "batch_write_item"])
@pytest.mark.parametrize("call", [1, 2])
def test_a_run_that_dies_leaves_nothing_that_the_next_does_not_know_of(table: Table, method: str, call: int) -> None:
    account, left = store_account(table, account_of()), call
    store_order(table, purchase_order_number="OLD-1")
    search_index.index_order(AT)
    order = store_order(table, purchase_order_number="NEW-2")

    def die(called: str, _: Json) -> None:
        nonlocal left
        left -= called == method
        if not left:
            raise MemoryError

    table.before = die
    with pytest.raises(MemoryError):
        search_index.index_order(AT)
    table.before = lambda *_: None
    order = store_order(table, purchase_order_number="THIRD-3")
    search_index.index_order(AT)
    assert words_at(table, "FIND#ACCOUNT#acme") == {*order_words(order, account)}
    assert {key[1].partition("#")[0] for key in postings(table, "FIND#")} == {*order_words(order, account)}


@pytest.mark.parametrize("method", ["put_item", "batch_write_item"])
@pytest.mark.parametrize("call", [1, 2])
def test_of_two_runs_at_once_the_words_of_the_last_remain(table: Table, method: str, call: int) -> None:
    account, left = store_account(table, account_of()), call
    store_order(table, purchase_order_number="OLD-1")
    search_index.index_order(AT)
    order = store_order(table, purchase_order_number="SLOW-2")

    def meet(called: str, _: Json) -> None:
        nonlocal left, order
        left -= called == method
        if not left:
            table.before = lambda *_: None
            order = store_order(table, purchase_order_number="FAST-3")
            search_index.index_order(AT)

    table.before = meet
    search_index.index_order(AT)
    assert {key[1].partition("#")[0] for key in postings(table, "FIND#")} == {*order_words(order, account)}


def test_others_that_keep_indexing_put_it_off(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    store_account(table, account_of())
    store_order(table)
    monkeypatch.setattr(search_index, "put", lambda *_, **__: False)
    with pytest.raises(InProgress):
        search_index.index_order(AT)


def test_an_account_has_its_postings_and_loses_those_that_no_longer_hold(table: Table) -> None:
    before = store_account(table, account_of())
    search_index.index_account("acme")
    assert postings(table) == {(f"FINDACCOUNT#{word[:3]}", f"{word}#acme") for word in account_words(before)}
    after = store_account(table, account_of(name="Renamed"), before)
    search_index.index_account("acme")
    assert postings(table) == {(f"FINDACCOUNT#{word[:3]}", f"{word}#acme") for word in account_words(after)}
    assert table.items[account_words_key("acme")["pk"]["S"], "WORDS"]["is_written"] == {"BOOL": True}


def test_what_is_not_there_is_not_indexed(table: Table) -> None:
    with pytest.raises(NotFound):
        search_index.index_order(AT)
    with pytest.raises(NotFound):
        search_index.index_account("acme")
    assert table.items == {}


def test_an_order_of_an_earlier_release_gets_its_number_once(table: Table) -> None:
    search_index.add_number(ORDER_ID)
    search_index.add_number(ORDER_ID)
    assert order_store.number_pointer(ORDER_ID) in table.items.values()


def test_writes_that_stay_unprocessed_are_made_again(service: Service) -> None:
    writes = [{"DeleteRequest": {"Key": {"pk": {"S": str(n)}, "sk": {"S": "x"}}}} for n in range(30)]
    service.answers = [{"UnprocessedItems": {"Table": writes[:2]}}, {}, {}]
    table_module.write_all(writes, for_seconds=60)
    assert [len(requested["RequestItems"]["Table"]) for _, requested in service.asked] == [25, 2, 5]
    service.answers = [{"UnprocessedItems": {"Table": writes[:2]}}]
    with pytest.raises(Unavailable):
        table_module.write_all(writes, for_seconds=60)
    table_module.write_all([], for_seconds=0)


# -- reading ------------------------------------------------------------------------------------------------------


def many(table: Table, count: int, **changes: Any) -> list[str]:
    """Index copies of an order; their ids, oldest first."""
    store_account(table, account_of())
    order = place(item_of("ip_addresses"), body=changes).order
    ids = [f"{ORDER_ID[:-4]}{number:04}" for number in range(count)]
    for order_id in ids:
        copied = order.model_copy(update={"order_id": order_id})
        table.items["ACCOUNT#acme", f"ORDER#{order_id}"] = order_store._order_item(copied)
        search_index.index_order(AT._replace(order_id=order_id))
    return ids


def pages(text: str, limit: int) -> Iterator[list[str]]:
    position = None
    while True:
        page = search_queries.search_orders(Search.parse(text), OrderFilter(), limit, position)
        yield [order.order_id for order in page.orders]
        position = page.position
        if position is None:
            return


def test_a_search_reads_a_bounded_number_of_postings_and_says_where_it_stopped(table: Table) -> None:
    ids = many(table, 450)
    table.calls.clear()
    page = search_queries.search_orders(Search.parse("acme"), OrderFilter(purchase_order_number="none"), 25, None)
    assert (page.orders, bool(page.position)) == ([], True)
    assert table.calls.count("query") == 4
    assert next(pages("acme", 100)) == list(reversed(ids))[:100]
    assert [each for page_ids in pages("acme", 70) for each in page_ids] == list(reversed(ids))


def test_a_telling_word_is_looked_up_in_place_of_a_longer_common_one(table: Table) -> None:
    ids = many(table, 120)
    table.calls.clear()
    (found,) = pages(f"example {ids[7][-8:]}", 25)
    assert found == [], "an id is found from its beginning"
    table.calls.clear()
    (found,) = pages(f"connie {ids[7].lower()}", 25)
    assert found == [ids[7]]
    assert table.calls == ["query", "batch_get_item"]


def test_a_page_that_ends_with_the_last_posting_is_the_last(table: Table) -> None:
    many(table, 4)
    assert [len(page) for page in pages("acme", 2)] == [2, 2]
    assert [len(page) for page in pages("acme", 4)] == [4]


def test_a_position_of_another_search_is_refused(table: Table) -> None:
    for position in ("other other#1", "acme zzz#1", "nonsense"):
        with pytest.raises(BadRequest):
            search_queries.search_orders(Search.parse("acme"), OrderFilter(), 5, position)


def test_a_search_without_words_or_with_filters_that_exclude_each_other_reads_nothing(table: Table) -> None:
    assert search_queries.search_orders(Search.parse("?"), OrderFilter(), 5, None).orders == []
    none = OrderFilter(statuses=frozenset())
    assert search_queries.search_orders(Search.parse("acme"), none, 5, None).position is None
    assert table.calls == []


def test_writes_that_take_too_long_are_left_to_a_later_run(service: Service) -> None:
    with pytest.raises(Unavailable):
        table_module.write_all([{"DeleteRequest": {"Key": {}}}], for_seconds=-1)
    assert service.asked == []
