"""What follows from a timeline entry and delays nothing: an order is counted in the statistics, and indexed for the
search.

An effect that fails keeps its order from nothing. The order gets a pending item of its own, and the reconciler repeats
the effect by it. Every effect may be repeated.
"""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import NamedTuple

from online_orders.aws import lead_time_statistics, search_index
from online_orders.aws.keys import SEARCH_SK, STATISTICS_SK, OrderKey, later_key, pending_shard
from online_orders.aws.order_store import get_order, locate_order
from online_orders.aws.outbox_flags import run_or_log
from online_orders.aws.table import call, get, number, put, text
from online_orders.clock import now
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


EFFECTS = (
    LaterEffect(
        STATISTICS_SK, frozenset({Event.COMPLETED}), _count, "an order is to be counted later", "OrdersCountedLater"
    ),
    LaterEffect(SEARCH_SK, search_index.CHANGES_WORDS, _index, "an order is to be indexed later", "OrdersIndexedLater"),
)
SORT_KEYS = frozenset(effect.sk for effect in EFFECTS)


def run_due(order_location: OrderKey, events: Collection[Event]) -> None:
    """Run the effects that are due after these events, or postpone them."""
    for effect in EFFECTS:
        if effect.events.intersection(events):
            _run_or_postpone(effect, order_location.order_id, lambda: order_location)


def run_postponed(order_id: str, sk: str | None = None) -> None:
    """Run the effects that were postponed, or the one whose pending item has this sort key, if they still are; postpone
    them again on an error.
    """
    for effect in EFFECTS:
        key = later_key(order_id, effect.sk)
        is_asked = sk in {None, effect.sk}
        if is_asked and get(key) and _run_or_postpone(effect, order_id, lambda: locate_order(order_id)):
            call("delete_item", Key=key)


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
