"""Apply SES's events about mails, which come by EventBridge: delivered, delayed, bounced, rejected, marked as spam.

Those about a quote's mail change the order; those about any mail of an order complete the desk's list of its mails.

The events come through a queue, so that an outage loses none. An event counts only if the mail went from our sender to
the order's contact person, or to whom the list says, because anybody who may send with our configuration set may write
any tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders import clock
from online_orders.aws import mail, order_store, sent_mail_store
from online_orders.aws.keys import OrderKey
from online_orders.aws.queues import process_queue
from online_orders.domain import order_delivery
from online_orders.domain.errors import NotFound
from online_orders.domain.mail_delivery import MailEvent, classify_bounce
from online_orders.domain.orders import Change, Order
from online_orders.domain.sent_mails import MailNews, mail_news
from online_orders.domain.system_reasons import SystemReason
from online_orders.environment import environment
from online_orders.telemetry import logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext


_REASONS = {
    MailEvent.HARD_BOUNCE: SystemReason.ADDRESS_DOES_NOT_WORK,
    MailEvent.FAILED: SystemReason.ADDRESS_DOES_NOT_WORK,
    MailEvent.SOFT_BOUNCE: SystemReason.MAILBOX_DID_NOT_TAKE_IT,
}
_EVENT_MEMBERS = {
    "Bounce": "bounce",
    "Delivery": "delivery",
    "Complaint": "complaint",
    "DeliveryDelay": "deliveryDelay",
}
"""The member of an event with its particulars and its time, by the kind of event."""
_EVENTS: Mapping[str, MailEvent | None] = {
    "Delivery": MailEvent.DELIVERED,
    "Complaint": MailEvent.COMPLAINED,
    "Reject": MailEvent.REJECTED,
    "DeliveryDelay": None,
}
"""By the kind of event but a bounce, of which there are several; see `mail_news`."""


def _event_time(detail: dict[str, Any]) -> datetime | None:
    """Return the event's own time, or None; EventBridge and the queue may deliver an earlier event later."""
    text = detail.get(_EVENT_MEMBERS.get(detail["eventType"], ""), {}).get("timestamp")
    return datetime.fromisoformat(text) if text else None


def _classify_bounce(bounce: dict[str, Any]) -> MailEvent:
    recipient: dict[str, str] = next(iter(bounce.get("bouncedRecipients", [])), {})
    return classify_bounce(bounce["bounceType"], recipient.get("status"), recipient.get("diagnosticCode"))


def _apply_event(order: Order, detail: dict[str, Any], link_number: int, key_id: str) -> Change:
    at, said_at, kind = clock.now(), _event_time(detail), detail["eventType"]
    if kind == "Bounce":
        mail_event = _classify_bounce(detail["bounce"])
        return order_delivery.quote_bounced(order, link_number, key_id, _REASONS[mail_event], at, mail_event, said_at)
    if kind == "Reject":
        return order_delivery.quote_bounced(
            order, link_number, key_id, SystemReason.MAIL_REJECTED, at, MailEvent.REJECTED
        )
    if kind == "Delivery":
        return order_delivery.quote_delivered(order, link_number, key_id, at, said_at)
    if kind == "Complaint":
        return order_delivery.quote_complained(order, link_number, at, said_at)
    return Change(order, ())


def _is_from_us(detail: dict[str, Any]) -> bool:
    source = parseaddr(detail["mail"].get("source", ""))[1]
    return source.casefold() == environment("SENDER_ADDRESS").casefold()


def _is_to(detail: dict[str, Any], address: str) -> bool:
    recipients = {parseaddr(each)[1].casefold() for each in detail["mail"].get("destination", [])}
    return recipients == {address.casefold()}


def _ignore(reason: str) -> None:
    logger.warning("an event of a mail was ignored", extra={"why": reason})
    metrics.add_metric("MailEventsIgnored", MetricUnit.Count, 1)


def _news_of(detail: dict[str, Any]) -> MailNews | None:
    """Return what an event says of its mail; None for an event of a kind that says nothing here."""
    kind = detail["eventType"]
    if kind == "Bounce":
        event: MailEvent | None = _classify_bounce(detail["bounce"])
    elif kind in _EVENTS:
        event = _EVENTS[kind]
    else:
        return None
    return mail_news(event, clock.now(), _event_time(detail))


def _record_in_list(detail: dict[str, Any], tags: dict[str, str], quoted_to: str | None) -> None:
    """Record the event for the desk's list of mails; `quoted_to` is the contact person to whom a quote's mail went.

    A mail that an earlier release sent has no tags for that. The item of a quote's mail may be missing, since the
    workflow goes on without it; any other mail has its item before it is sent, and what has none is left alone.
    """
    news = _news_of(detail)
    if news is None or "sequence" not in tags or "name" not in tags:
        return
    mail_of = tags["order_id"], int(tags["sequence"]), tags["name"]
    if quoted_to is not None:
        sent_at = datetime.fromisoformat(detail["mail"]["timestamp"]) if "timestamp" in detail["mail"] else None
        sent_mail_store.record_quote_mail(*mail_of, quoted_to, sent_at, news)
        return
    recipient = sent_mail_store.recipient_of(*mail_of)
    if recipient is None:
        return
    if _is_to(detail, recipient):
        sent_mail_store.record_news(*mail_of, news)
    else:
        _ignore("recipient")


def _handle_quote_event(detail: dict[str, Any], tags: dict[str, str]) -> None:
    key = OrderKey(tags["account_id"], tags["order_id"], "direct" if tags["source"] == "direct" else "online")
    link_number, key_id = int(tags["link_number"]), tags["key_id"]
    if not _is_from_us(detail):
        _ignore("sender")
        return
    is_to_another: bool
    quoted_to: str | None = None

    def apply_unless_misdirected(order: Order) -> Change:
        """Apply the event unless the mail went to somebody else; events of a dead link change nothing in any case."""
        nonlocal is_to_another, quoted_to
        is_to_another = link_number == order.internals.quote_link and not _is_to(detail, order.contact.email)
        quoted_to = order.contact.email if _is_to(detail, order.contact.email) else None
        return Change(order, ()) if is_to_another else _apply_event(order, detail, link_number, key_id)

    try:
        order_store.update_order(lambda: order_store.get_order(key), apply_unless_misdirected)
    except NotFound:
        _ignore("order")
        return
    if is_to_another:
        _ignore("recipient")
    else:
        _record_in_list(detail, tags, quoted_to)


def _handle_event(event: dict[str, Any]) -> None:
    """Process one event of the configuration set; for mails about no order it is only counted."""
    detail = event["detail"]
    tags = mail.parse_tags(detail["mail"])
    metrics.add_metric(f"Mail{detail['eventType']}", MetricUnit.Count, 1)
    fields = {"order_id": tags.get("order_id"), "correlation_id": mail.parse_correlation_id(tags)}
    with logger.append_context_keys(**{name: value for name, value in fields.items() if value}):
        logger.info("SES event", extra={"kind": tags.get("kind"), "event_type": detail["eventType"]})
        if tags.get("kind") == mail.QUOTE_MAIL:
            _handle_quote_event(detail, tags)
        elif "order_id" in tags and "sequence" in tags:
            if _is_from_us(detail):
                _record_in_list(detail, tags, None)
            else:
                _ignore("sender")


def _handle_record(record: SQSRecord) -> None:
    _handle_event(record.json_body)


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse | None:
    """Process events of SES from the queue, or a single event that an operator or an earlier release passes
    directly.
    """
    if "Records" in event:
        return process_queue(event, _handle_record, context, "MAIL_NEWS_URL")
    _handle_event(event)
    return None
