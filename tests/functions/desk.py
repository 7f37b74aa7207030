"""One order in a table in memory, for tests that call a handler's functions one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from online_orders.aws import order_store
from online_orders.aws.keys import Key, OrderKey, account_key, entry_key, order_key
from online_orders.domain.accounts import Account
from online_orders.domain.orders import Change, Order
from online_orders.domain.timeline import Entry
from tests.aws.table import Table
from tests.domain.builders import NOW, ORDER_ID

Json = dict[str, Any]

AT = OrderKey("acme", ORDER_ID, "online")
STEP: Json = {**AT._asdict(), "state": {}}
"""What every step of the workflow gets."""


class Context:
    """What Lambda says of an invocation, as far as the logger asks."""

    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "one"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Desk:
    def __init__(self) -> None:
        self.table = Table()
        self.now = NOW
        self.told: list[Any] = []
        """Metrics, by name and value."""

    def store(self, order: Order, account: Account | None = None) -> None:
        self.table.items[_key(order_key(order_store.key_of(order)))] = order_store._order_item(order)
        if account:
            item = {"document": {"S": account.model_dump_json()}, "version": {"N": "1"}, "changed_by": {"S": "clara"}}
            self.table.items[_key(account_key("acme"))] = {**account_key("acme"), **item}

    @property
    def order(self) -> Order:
        return order_store.get_order(AT)

    def follow(self, decide: Callable[[Order], Change]) -> None:
        """Have somebody else change the order."""
        order_store.update_order(lambda: self.order, decide)

    def entry(self, sequence: int) -> Entry:
        return order_store.get_entry(ORDER_ID, sequence)

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

    def before_next(self, method: str, happens: Callable[[], object]) -> None:
        """Have something happen before the next call of a method."""

        def before(called: str, parameters: Json) -> None:
            if called == method:
                self.table.before = lambda method, parameters: None
                happens()

        self.table.before = before

    def put_entry(self, order: Order, entry: Entry) -> None:
        """Store an entry of an order that was stored as it is."""
        self.table.items[_key(entry_key(ORDER_ID, entry.sequence))] = order_store._entry_item(order, entry)

    def at(self, now: datetime) -> Desk:
        self.now = now
        return self


def _key(key: Key) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]
