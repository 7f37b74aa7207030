"""Events out: what goes on the bus of a timeline entry. Ids and numbers only; no person, no free text."""

from __future__ import annotations

from typing import Any

from online_orders.orders import Order
from online_orders.timeline import Entry
from online_orders.values import instant_text

SOURCE = "online-orders"


def detail_of(order: Order, entry: Entry) -> dict[str, Any]:
    """The detail of the event; `order` is as the entry left it. Consumers sort by `sequence`."""
    quote = order.quote
    return {
        "event_id": f"{order.order_id}-{entry.sequence}",
        "order_id": order.order_id,
        "account_id": order.account_id,
        "status": order.status,
        "version": order.version,
        "sequence": entry.sequence,
        "at": instant_text(entry.at),
        "item_kinds": order.item_kinds,
        "revision": quote.revision if quote else None,
        "currency": quote.currency if quote else None,
        "totals": quote.totals.model_dump(mode="json") if quote else None,
    }
