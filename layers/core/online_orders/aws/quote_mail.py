"""Decide what happens after a quote's mail could not be sent: it is tried again after a pause, or given up
after a day.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders import clock
from online_orders.aws import mail_pause, order_store, workflow
from online_orders.aws.keys import OrderKey
from online_orders.aws.retry_delays import next_delay_seconds
from online_orders.domain import order_delivery, order_schedule
from online_orders.domain.orders import Change, Order
from online_orders.domain.system_reasons import SystemReason
from online_orders.environment import environment
from online_orders.telemetry import logger, metrics


def route_after_failure(key: OrderKey) -> dict[str, Any]:
    """Return where the workflow goes after a failed attempt: to a pause, or on, once the order says that the mail is
    given up.

    It is given up after a day of attempts, or once the quote is past its last day. The present order decides: a
    revision that was quoted after the failure has its own time.
    """
    now, released_at, grace_days = clock.now(), mail_pause.resumed_at(), int(environment("GRACE_DAYS"))
    given_up = False

    def give_up(order: Order) -> Change:
        nonlocal given_up
        expired = order_schedule.expire_unmailed(order, grace_days, now)
        given_up = not expired.entries and order.is_quote_mail_overdue(now, released_at)
        if not given_up:
            return expired
        return order_delivery.quote_refused(order, order.internals.quote_link, SystemReason.NOT_HANDED_OVER, now)

    order = order_store.update_order(lambda: order_store.get_order(key), give_up)
    route = {**workflow.routing(order, now), "link_number": None, "key_id": None}
    if given_up:
        logger.warning("the mail of a quote was given up")
        metrics.add_metric("QuotesGivenUp", MetricUnit.Count, 1)
    elif route["next"] is workflow.Step.QUOTE:
        pause = next_delay_seconds(order.quote_mail_waiting_time(now, released_at))
        logger.info("the mail of a quote waits", extra={"seconds": pause})
        route |= {"next": workflow.Step.MAIL_PAUSED, "pause": pause}
    return route
