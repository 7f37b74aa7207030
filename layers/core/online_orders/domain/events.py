"""Build the events for the event bus from timeline entries: ids and numbers only, no person and no free text."""

from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.domain.quotes import Totals
from online_orders.domain.timeline import Entry
from online_orders.domain.values import Entity, Instant

SOURCE = "online-orders"


class EventDetail(Entity):
    """The detail of an event. It comes at least once, and not always in order: sort by `sequence`, drop repetitions."""

    event_id: str
    """The same whenever the event is published again."""
    order_id: str
    account_id: str
    status: Status
    version: int
    sequence: int
    """The sequence number of the timeline entry; internal entries are not published, so numbers are missing."""
    at: Instant
    item_kinds: tuple[str, ...]
    revision: int | None
    currency: str | None
    totals: Totals | None
    """Net; of an approved order what was accepted."""


def detail_of(order: Order, entry: Entry) -> EventDetail:
    """Return the detail of an entry's event; `order` is as the entry left it."""
    quote = order.quote
    return EventDetail(
        event_id=f"{order.order_id}-{entry.sequence}",
        order_id=order.order_id,
        account_id=order.account_id,
        status=order.status,
        version=order.version,
        sequence=entry.sequence,
        at=entry.at,
        item_kinds=tuple(item.kind for item in order.items),
        revision=quote.revision if quote else None,
        currency=quote.currency if quote else None,
        totals=quote.final_totals if quote else None,
    )
