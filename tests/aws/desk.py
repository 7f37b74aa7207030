"""One order in a table in memory, for tests that look at single calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from online_orders import clock
from online_orders.aws import order_store, signing_keys
from online_orders.aws import table as table_module
from online_orders.aws.keys import Key, OrderKey, account_key, entry_key, order_key
from online_orders.domain.accounts import Account
from online_orders.domain.orders import Change, Order
from online_orders.domain.timeline import Entry
from online_orders.telemetry import logger, metrics
from tests.aws.table import Table
from tests.domain.builders import NOW, ORDER_ID

Json = dict[str, Any]

AT = OrderKey("acme", ORDER_ID, "online")


class Secrets:
    """Secrets Manager with the installation's keys."""

    def get_secret_value(self, **asked: str) -> Json:
        return {"SecretString": json.dumps({"key_id": "key-1", "key": "secret"})}


class Desk:
    def __init__(self) -> None:
        self.table = Table()
        self.now = NOW
        self.told: list[Any] = []
        """Metrics: name, unit and value."""

    def store(self, order: Order, account: Account | None = None) -> None:
        """Store an order as it is, without its timeline; with an account, that too."""
        self.table.items[text_of(order_key(order_store.key_of(order)))] = order_store._order_item(order)
        if account:
            item = {"document": {"S": account.model_dump_json()}, "version": {"N": "1"}, "changed_by": {"S": "clara"}}
            self.table.items[text_of(account_key("acme"))] = {**account_key("acme"), **item}

    def put_entry(self, order: Order, entry: Entry) -> None:
        """Store an entry of an order that was stored as it is."""
        self.table.items[text_of(entry_key(ORDER_ID, entry.sequence))] = order_store._entry_item(order, entry)

    @property
    def order(self) -> Order:
        return order_store.get_order(AT)

    def follow(self, decide: Callable[[Order], Change]) -> None:
        """Have somebody else change the order."""
        order_store.update_order(lambda: self.order, decide)

    def entries(self) -> list[Entry]:
        """Return what has happened since the order was stored."""
        return [
            Entry.model_validate_json(item["document"]["S"])
            for (_, sk), item in sorted(self.table.items.items())
            if sk.startswith("ENTRY#")
        ]

    @property
    def events(self) -> list[str]:
        return [entry.event for entry in self.entries()]

    def before_next(self, method: str, *happen: Callable[[], object]) -> None:
        """Have something happen before the next call of a method, and something else before the one after it."""
        left = list(happen)

        def before(called: str, parameters: Json) -> None:
            if called == method and left:
                self.table.before = lambda method, parameters: None
                left.pop(0)()
                self.table.before = before

        self.table.before = before


def text_of(key: Key) -> tuple[str, str]:
    """Return a key as the table in memory has it."""
    return key["pk"]["S"], key["sk"]["S"]


@contextmanager
def in_place_of_aws(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The product's table, time, keys and metrics are the desk's."""
    monkeypatch.setattr(table_module, "client", lambda name: desk.table)
    monkeypatch.setattr(table_module, "back_off", lambda attempt: None)
    monkeypatch.setattr(signing_keys, "client", lambda name: Secrets())
    monkeypatch.setattr(clock, "now", lambda: desk.now)
    monkeypatch.setattr(metrics, "add_metric", lambda *metric: desk.told.append(metric))
    monkeypatch.setenv("TABLE_NAME", "Table")
    monkeypatch.setenv("SIGNING_KEYS_SECRET", "keys")
    signing_keys.reset()
    yield
    signing_keys.reset()
    logger.set_correlation_id(None)
