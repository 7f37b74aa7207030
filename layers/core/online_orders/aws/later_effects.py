"""What follows from a timeline entry and delays nothing: an order is counted in the statistics and in the figures, and
indexed for the search.

An effect that fails keeps its order from nothing. The order gets a pending item of its own, and the reconciler repeats
the effect by it. Every effect may be repeated.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

from online_orders.aws import figures_store, lead_time_statistics, search_index
from online_orders.aws.keys import FIGURES_DUE_SK, SEARCH_SK, STATISTICS_SK, Item, OrderKey, later_key, pending_shard
from online_orders.aws.order_store import get_order, locate_order
from online_orders.aws.outbox_flags import run_or_log
from online_orders.aws.table import WriteConflict, get, number, put, text, transact
from online_orders.clock import now
from online_orders.domain.figures import COUNTED_EVENTS
from online_orders.domain.timeline import Event

RETRY_DELAY = timedelta(minutes=15)


class LaterEffect(NamedTuple):
    """An effect, the sort key of its pending item, and the events after which it is due."""

    sk: str
    events: frozenset[Event]
    run: Callable[[OrderKey], None]
    failure: str
    """What is logged, and the metric that counts it."""
    metric: str


def _count(order_location: OrderKey) -> None:
    lead_time_statistics.count_order(get_order(order_location))


def _index(order_location: OrderKey) -> None:
    search_index.index_order(order_location)


def _count_figures(order_location: OrderKey) -> None:
    figures_store.count_order(order_location)


_INDEXING = LaterEffect(
    SEARCH_SK, search_index.CHANGES_WORDS, _index, "an order is to be indexed later", "OrdersIndexedLater"
)
EFFECTS = (
    LaterEffect(
        STATISTICS_SK, frozenset({Event.COMPLETED}), _count, "an order is to be counted later", "OrdersCountedLater"
    ),
    _INDEXING,
    LaterEffect(
        FIGURES_DUE_SK,
        COUNTED_EVENTS,
        _count_figures,
        "the figures of an order are to be counted later",
        "FiguresCountedLater",
    ),
)
SORT_KEYS = frozenset(effect.sk for effect in EFFECTS)


def run_due(order_location: OrderKey, events: Collection[Event]) -> None:
    """Run the effects that are due after these events, or postpone them."""
    for effect in EFFECTS:
        if effect.events.intersection(events):
            _run_or_postpone(effect, order_location.order_id, lambda: order_location)


def index_numbered(order_location: OrderKey) -> None:
    """Index an order that was approved under a purchase order number; no other approval brings new words."""
    _run_or_postpone(_INDEXING, order_location.order_id, lambda: order_location)


def run_postponed(order_id: str, sk: str | None = None) -> None:
    """Run the effects that were postponed, or the one whose pending item has this sort key, if they still are; postpone
    them again on an error.
    """
    for effect in EFFECTS:
        found = get(later_key(order_id, effect.sk)) if sk in {None, effect.sk} else None
        if found and _run_or_postpone(effect, order_id, lambda: locate_order(order_id)):
            _clear(order_id, effect.sk, found)


def _clear(order_id: str, sk: str, found: Item) -> None:
    """Delete a pending item as it was found; not one that was postponed once more, because of what happened since."""
    unchanged = {":found": found["check_at"]}
    condition = {"ConditionExpression": "check_at = :found", "ExpressionAttributeValues": unchanged}
    with suppress(WriteConflict):
        transact([{"Delete": {"Key": later_key(order_id, sk), **condition}}])


def _run_or_postpone(effect: LaterEffect, order_id: str, locate: Callable[[], OrderKey]) -> bool:
    """Run an effect; return False if the reconciler has to do it later."""
    is_done = run_or_log(lambda: effect.run(locate()), effect.failure, effect.metric, order_id=order_id)
    if not is_done:
        put(
            {
                **later_key(order_id, effect.sk),
                "outstanding": text(pending_shard(order_id)),
                "check_at": number(int((now() + RETRY_DELAY).timestamp())),
            }
        )
    return is_done
