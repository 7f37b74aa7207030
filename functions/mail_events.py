"""What became of the quote mails, as SES tells by EventBridge: delivered, bounced, rejected, complained of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders import clock
from online_orders.aws import mail, orders
from online_orders.aws.keys import OrderKey
from online_orders.orders import Change, Order
from online_orders.telemetry import discreet, logger, metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def _news(order: Order, detail: dict[str, Any], link_number: int, key_id: str) -> Change:
    at = clock.now()
    kind = detail["eventType"]
    if kind == "Bounce" and detail["bounce"]["bounceType"] == "Permanent":
        return order.quote_bounced(link_number, key_id, "The mail was returned: the address does not work.", at)
    if kind == "Bounce":  # SES tells of a soft bounce when it has stopped trying
        return order.quote_given_up(link_number, key_id, "The mail was returned: the mailbox did not take it.", at)
    if kind == "Reject":
        return order.quote_bounced(link_number, key_id, "The mail system rejected the mail.", at, "rejected")
    if kind == "Delivery":
        return order.quote_delivered(link_number, key_id, at)
    if kind == "Complaint":
        return order.quote_complained(link_number, at)
    return Change(order, ())


@discreet
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """One event of the configuration set; mails that are no quotes are only counted."""
    detail = event["detail"]
    tags = mail.tags_in(detail["mail"])
    metrics.add_metric(f"Mail{detail['eventType']}", MetricUnit.Count, 1)
    if "order_id" in tags:
        logger.append_keys(order_id=tags["order_id"])
    logger.set_correlation_id(mail.correlation_in(tags))
    logger.info("SES tells of a mail", extra={"kind": tags.get("kind"), "event_type": detail["eventType"]})
    if tags.get("kind") != mail.QUOTE_MAIL:
        return
    at = OrderKey(tags["account_id"], tags["order_id"], "direct" if tags["source"] == "direct" else "online")
    orders.decide(
        lambda: orders.get_order(at),
        lambda order: _news(order, detail, int(tags["link_number"]), tags["key_id"]),
    )
