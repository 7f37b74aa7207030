"""Quoting at the desk, call by call: what a draft is made from, and what is stored of the next revision."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from online_orders import clock
from online_orders.aws import order_store, quoting, terms_store
from online_orders.aws import table as table_module
from online_orders.aws.keys import Key, account_key, entry_key, order_key, quote_key, terms_key
from online_orders.aws.price_store import put_price_list
from online_orders.domain.errors import Conflict, Invalid, NotFound, VersionMismatch
from online_orders.domain.orders import Order
from online_orders.domain.prices import ListPrice, PriceList
from online_orders.domain.quotes import Recurrence
from online_orders.domain.terms import DEFAULT_TERMS
from tests.aws.table import Table
from tests.domain.builders import (
    CLARA,
    DAY,
    HOUR,
    NOW,
    ORDER_ID,
    account_of,
    claimed,
    item_of,
    offered,
    place,
    quote_body,
    refused,
    standing,
    without_snapshot,
)

Json = dict[str, Any]

AT = NOW + 14 * HOUR
"""In the account's zone it is the next day."""
TODAY = date(2026, 11, 23)
LISTED = ListPrice(
    kind="site_bandwidth",
    variant=None,
    description="Bandwidth",
    unit_price=Decimal("1.50"),
    recurrence=Recurrence.MONTHLY,
)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    table = Table()
    monkeypatch.setattr(table_module, "client", lambda name: table)
    monkeypatch.setattr(table_module, "back_off", lambda attempt: None)
    monkeypatch.setattr(clock, "now", lambda: AT)
    settings = {"QUOTE_VALIDITY_DAYS": "30", "QUOTE_UNDO_SECONDS": "90", "QUOTE_TERMS_PARAMETER": ""}
    for name, value in {**settings, "TABLE_NAME": "Table"}.items():
        monkeypatch.setenv(name, value)
    account = account_of(locale="de", currency="CHF", time_zone="Europe/Berlin")
    document = {"document": {"S": account.model_dump_json()}, "version": {"N": "1"}, "changed_by": {"S": "clara"}}
    table.items[_key(account_key("acme"))] = {**account_key("acme"), **document}
    terms_store.store_terms("de", "Netto.", None, NOW)
    for currency, price in (("CHF", "1.50"), ("USD", "2.50")):
        listed = LISTED.model_copy(update={"unit_price": Decimal(price)})
        put_price_list(PriceList(currency=currency, version=1, updated_at=NOW, prices=(listed,)), None, CLARA)
    yield table
    terms_store.reset()


def _key(key: Key) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]


def store(table: Table, order: Order) -> None:
    table.items[_key(order_key(order_store.key_of(order)))] = order_store._order_item(order)
    entry = {**entry_key(ORDER_ID, 1), "account_id": {"S": order.account_id}, "source": {"S": order.source}}
    table.items[_key(entry_key(ORDER_ID, 1))] = entry


def stored(table: Table, key: Key) -> Json | None:
    return table.items.get(_key(key))


def in_berlin(order: Order) -> Order:
    return order.model_copy(update={"internals": order.internals.model_copy(update={"time_zone": "Europe/Berlin"})})


ORDER = in_berlin(claimed(place(item_of("site_bandwidth")).order))


# -- drafts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "used", "price"), [(None, "CHF", "1.50"), ("USD", "USD", "2.50"), ("SEK", "SEK", None)]
)
def test_a_draft_is_made_from_the_price_list_of_its_currency(
    table: Table, currency: str | None, used: str, price: str | None
) -> None:
    draft = quoting.next_draft(ORDER, currency)
    assert (draft.currency, draft.terms, draft.valid_until) == (used, "Netto.", TODAY + 30 * DAY)
    assert [str(line.unit_price) for line in draft.lines] == ([price] if price else [])
    assert draft.unpriced == (() if price else ("1",))


def test_a_draft_names_the_sites_as_the_order_does_or_else_the_account(table: Table) -> None:
    for order in (ORDER, without_snapshot(ORDER)):
        (line,) = quoting.next_draft(order, None).lines
        assert "Office" in line.description


def test_a_draft_repeats_the_present_revision_unless_a_currency_is_named(table: Table) -> None:
    order = in_berlin(offered(ORDER, valid_until="2026-11-22", confirmed_start_dates={"1": "2026-11-22"}))
    table.calls.clear()
    draft = quoting.next_draft(order, None)
    assert (draft.currency, draft.valid_until) == ("EUR", TODAY + 30 * DAY), "its last day was yesterday"
    assert (len(draft.lines), draft.confirmed_start_dates) == (1, {})
    assert table.calls == []
    assert quoting.next_draft(order, "USD").currency == "USD"


def test_a_closed_order_is_not_quoted(table: Table) -> None:
    with pytest.raises(Conflict) as refusal:
        quoting.next_draft(standing("canceled"), None)
    assert refusal.value.order_status == "canceled"


# -- the next revision --------------------------------------------------------------------------------------------


def test_the_next_revision_is_stored_and_waits_for_the_undo_window(table: Table) -> None:
    store(table, ORDER)
    order = quoting.offer_next_revision(ORDER_ID, quote_body(), CLARA, frozenset({ORDER.version}))
    quote = order.quote
    assert quote
    assert (quote.revision, quote.currency, quote.terms, quote.state) == (1, "CHF", "Netto.", "sending")
    assert order.internals.quote_held_until == AT + timedelta(seconds=90)
    assert order_store.get_order(order_store.key_of(order)) == order
    entry = order_store.get_entry(ORDER_ID, order.internals.sequence)
    assert (entry.event, entry.at, entry.actor.name) == ("quote.prepared", AT, CLARA.email)
    assert stored(table, quote_key(ORDER_ID, 1)) is None
    again = quoting.offer_next_revision(ORDER_ID, quote_body(), CLARA, None)
    assert again.quote
    assert (again.quote.revision, stored(table, quote_key(ORDER_ID, 1)) is not None) == (2, True)


def test_a_quote_that_lost_its_race_is_made_again_from_the_order_as_it_is_then(table: Table) -> None:
    store(table, ORDER)

    def first(method: str, parameters: Json) -> None:
        if method == "transact_write_items":
            table.before = lambda method, parameters: None
            order_store.update_order(lambda: ORDER, lambda order: order.release(CLARA, NOW))

    table.before = first
    order = quoting.offer_next_revision(ORDER_ID, quote_body(), CLARA, None)
    assert (order.assignee, order.internals.sequence) == (None, ORDER.internals.sequence + 2)
    accounts = [each for each in table.calls if each == "get_item"]
    assert len(accounts) == 5, "the account and the terms are read once"


def test_a_quote_that_is_refused_changes_nothing(table: Table) -> None:
    store(table, ORDER)
    with pytest.raises(VersionMismatch):
        quoting.offer_next_revision(ORDER_ID, quote_body(), CLARA, frozenset({ORDER.version + 1}))
    with pytest.raises(Invalid) as refusal:
        quoting.offer_next_revision(ORDER_ID, quote_body(valid_until="2026-11-22"), CLARA, None)
    assert refused(refusal) == [("/valid_until", "date_in_past")]
    assert order_store.get_order(order_store.key_of(ORDER)) == ORDER
    with pytest.raises(NotFound):
        quoting.offer_next_revision(ORDER_ID[:-1] + "Z", quote_body(), CLARA, None)


def test_an_order_is_not_quoted_when_its_status_does_not_allow_it_whatever_the_body(table: Table) -> None:
    store(table, place().order)
    with pytest.raises(Conflict):
        quoting.offer_next_revision(ORDER_ID, {}, CLARA, None)
    assert table.calls.count("get_item") == 2, "neither account nor terms are read"


def test_without_terms_of_its_own_a_quote_has_those_of_the_product_in_the_accounts_language(table: Table) -> None:
    del table.items[_key(terms_key("de"))]
    store(table, ORDER)
    assert quoting.next_draft(ORDER, None).terms == DEFAULT_TERMS["de"]
    order = quoting.offer_next_revision(ORDER_ID, quote_body(), CLARA, None)
    assert order.quote
    assert order.quote.terms == DEFAULT_TERMS["de"]
