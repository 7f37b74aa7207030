"""Send the quote: store its PDF, store the link, send the mail by SES, and record that SES has accepted it.

Nobody can ask SES what it has accepted, so after SES has accepted a mail it must not be sent again. If that cannot be
recorded, the step says so, and the workflow comes back to record it until it succeeds. While mail is paused, or SES or
the bucket of PDFs fails, the workflow comes back after a pause. The undo window of a quote is closed first, by a write
of its own, so that the quote is either undone or mailed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders import clock
from online_orders.aws import (
    account_store,
    letterhead_store,
    link_store,
    mail,
    mail_pause,
    order_store,
    pdf_store,
    sent_mail_store,
    workflow,
)
from online_orders.aws.keys import OrderKey
from online_orders.aws.quote_mail import route_after_failure
from online_orders.aws.table import TABLE_ERRORS
from online_orders.domain import order_delivery, order_schedule
from online_orders.domain.accounts import Account
from online_orders.domain.approval_links import Link
from online_orders.domain.mail_delivery import MailEvent
from online_orders.domain.orders import Change, Order
from online_orders.domain.quotes import QuoteState
from online_orders.domain.sent_mails import mail_news, quote_mail_name
from online_orders.domain.system_reasons import SystemReason
from online_orders.environment import environment, installation
from online_orders.telemetry import error_kind, logger, metrics, redact_exceptions
from online_orders_rendering.mails.compose import render_quote_mail
from online_orders_rendering.quote_pdf import render_quote_pdf

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


Route = dict[str, Any]
"""Where the workflow goes next (see `workflow.routing`)."""


def _next_route(order: Order) -> Route:
    return {**workflow.routing(order, clock.now()), "link_number": None, "key_id": None}


def _prepare(key: OrderKey) -> tuple[Order, Route | None]:
    """Return the order ready to be mailed, with None; or the order and the route on which the workflow goes instead."""
    grace_days = int(environment("GRACE_DAYS"))

    def sync_and_expire(order: Order, account: Account) -> Change:
        """Sync with the account, and expire a quote that is past its last day, for whatever reason it was
        not mailed.
        """
        now = clock.now()
        return order.sync_with_account(account, None, now).then(
            lambda order: order_schedule.expire_unmailed(order, grace_days, now)
        )

    order = order_store.update_order_with_account(key, sync_and_expire)
    if workflow.next_step(order, clock.now()) is not workflow.Step.QUOTE:
        return order, _next_route(order)
    if order.contact.is_erased:
        return order, _record_refusal(key, order.internals.quote_link, SystemReason.CONTACT_ERASED)
    if mail_pause.current_pause():
        logger.info("mail is paused")
        return order, {**_next_route(order), "next": workflow.Step.MAIL_PAUSED, "pause": mail_pause.retry_seconds()}
    if order.undo_until:
        order = order_store.update_order(
            lambda: order_store.get_order(key), lambda order: order_delivery.release_mail(order, clock.now())
        )
        if workflow.next_step(order, clock.now()) is not workflow.Step.QUOTE:
            return order, _next_route(order)
    return order, None


def _compose(order: Order) -> tuple[mail.OutgoingMail, Link]:
    """Return the quote's mail with PDF, link and code, and the link; raise ValueError for an order without a quote."""
    quote = order.quote
    if quote is None:
        raise ValueError(f"order {order.order_id} has no quote")
    account, installation_info = account_store.get_account(order.account_id), installation()
    pdf = pdf_store.find_or_store(
        order.order_id,
        quote.revision,
        lambda: render_quote_pdf(order, quote, account, installation_info, letterhead_store.letterhead_of(quote)),
    )
    link, confirm = link_store.issue_link(order, "quote")
    content = render_quote_mail(order, account, confirm, installation_info, clock.now())
    attached = mail.quote_attachment(order.order_id, quote.revision, pdf)
    return mail.OutgoingMail(order.contact.email, *content, (attached,)), link


def _send_mail(key: OrderKey, order: Order) -> Route:
    """Send the mail by SES, and record that SES has accepted it."""
    try:
        if order.quote and order.quote.state is not QuoteState.SENDING:
            mail.lift_suppression(order.contact.email)  # somebody resends it because it should arrive
        outgoing, link = _compose(order)
        mail.send(outgoing, mail.tags_of(link, order.internals.sequence), clock.now())
    except mail.MailRefused:
        _keep(order, is_refused=True)
        return _record_refusal(key, order.internals.quote_link, SystemReason.ADDRESS_REFUSED)
    except TABLE_ERRORS as error:
        logger.warning("the quote could not be sent yet", extra={"fault": error_kind(error)})
        return route_after_failure(key)
    logger.info("SES took the quote", extra={"revision": link.revision})
    metrics.add_metric("QuotesMailed", MetricUnit.Count, 1)
    try:
        route = _record_sent(key, link.number, link.key_id)
    except TABLE_ERRORS:
        logger.exception("SES took the quote, and that could not be noted yet")
        return {**_next_route(order), "next": workflow.Step.NOTE, "link_number": link.number, "key_id": link.key_id}
    _keep(order, is_refused=False)  # last: a process that ended between SES and the note would send the mail again
    return route


def _keep(order: Order, *, is_refused: bool) -> None:
    """Keep the mail for the desk's list of them. The quote does not wait for that: SES's events complete the list."""
    now, name = clock.now(), quote_mail_name(order.internals.quote_link)
    sent_at, news = (None, mail_news(MailEvent.REFUSED, now)) if is_refused else (now, None)
    try:
        sent_mail_store.record_quote_mail(
            order.order_id, order.internals.sequence, name, order.contact.email, sent_at, news
        )
    except TABLE_ERRORS:
        logger.exception("a quote's mail could not be kept for the list of mails")


def _record_sent(key: OrderKey, link_number: int, key_id: str) -> Route:
    order = order_store.update_order(
        lambda: order_store.get_order(key),
        lambda order: order_delivery.quote_mailed(order, link_number, key_id, clock.now()),
    )
    return _next_route(order)


def _record_refusal(key: OrderKey, link_number: int, why: SystemReason) -> Route:
    order = order_store.update_order(
        lambda: order_store.get_order(key),
        lambda order: order_delivery.quote_refused(order, link_number, why, clock.now()),
    )
    return _next_route(order)


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Route:
    """Send the quote, or record that its mail went out.

    Payload: the order and the execution's `state`; `link_number` and `key_id` of a mail that SES has accepted and that
    is still to be recorded.
    """
    key = workflow.order_key_from_step(event)
    if event.get("link_number") is not None:
        return _record_sent(key, event["link_number"], event["key_id"])
    order, route = _prepare(key)
    return route or _send_mail(key, order)
