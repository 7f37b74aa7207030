"""Send the notifications: one queue message a mail, each mail sent once per event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from aws_lambda_powertools.metrics import MetricUnit

from online_orders import clock
from online_orders.aws import (
    account_store,
    contact_report_store,
    letterhead_store,
    link_store,
    mail,
    mail_choice_store,
    mail_pause,
    order_store,
    pdf_store,
    watcher_store,
)
from online_orders.aws.clients import client
from online_orders.aws.keys import OrderKey
from online_orders.aws.outbox import enqueue
from online_orders.aws.queues import process_queue
from online_orders.domain.accounts import Account
from online_orders.domain.approval_links import ConfirmLink
from online_orders.domain.followers import Follower, candidates, followers, mail_name, may_follow
from online_orders.domain.installation import Installation
from online_orders.domain.mail_kinds import MAILS, MailKind, Role
from online_orders.domain.mail_preferences import is_wanted
from online_orders.domain.notifications import Notification, address_of, has_link, is_still_due, notifications
from online_orders.domain.orders import Order
from online_orders.domain.quotes import Quote
from online_orders.domain.timeline import Entry, Event
from online_orders.environment import environment, installation
from online_orders.telemetry import logger, metrics, redact_exceptions
from online_orders_rendering.mails.compose import render_contact_report, render_mail
from online_orders_rendering.quote_pdf import render_quote_pdf

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

_OF_CUSTOMER = {Role.CONTACT, Role.ACCOUNT_CONTACT}
"""Roles of people whom the account names."""


class OrderNotSynced(Exception):
    """The account has another contact person than the order, which is about to be synced: retry the mail later."""


def _send_notification(message: dict[str, Any]) -> None:
    due = Notification(MailKind(message["kind"]), Role(message["role"]))
    order_id, sequence = message["order_id"], message["sequence"]
    order = order_store.get_order(OrderKey(message["account_id"], order_id, message["source"]))
    account = account_store.get_account(message["account_id"])
    entry, then = order_store.get_entry_and_order(order, sequence)
    if not _is_due(due, order, entry):
        return
    if due.role is Role.FOLLOWER:
        _queue_for_each(message, _followers(due.kind, order, account, entry))
        return
    if "user_id" in message:
        name = mail_name(due.kind, message["user_id"])  # whose role may have changed meanwhile
        told = _followers(due.kind, order, account, entry)
        to = next((each.address for each in told if each.user_id == message["user_id"]), None)
    else:
        name, to = f"{due.kind}#{due.role}", _address_of(due, order, account, entry)
    if to is None:
        return
    if due.role in _OF_CUSTOMER and order.has_stale_contact(account):
        raise OrderNotSynced(order_id)
    tags = {"order_id": order_id, "kind": due.kind}
    mail.send_once(order_id, sequence, name, lambda: _compose(due, to, order, then, account, entry), tags, to)


def _is_due(due: Notification, order: Order, entry: Entry) -> bool:
    soon = {"soon_days": int(environment("REMIND_BEFORE_END_DAYS"))} if due.kind is MailKind.EXPIRES_SOON else {}
    return is_still_due(due, order, entry, clock.now(), **soon)


def _address_of(due: Notification, order: Order, account: Account, entry: Entry) -> str | None:
    """Return the reader's address; None also for one who does not want this mail."""
    to = address_of(due, order, account, entry, environment("CUSTOMER_SUCCESS_MAILBOX"))
    user_id = _user_id_of(due.role, order, entry)
    if to is None or user_id is None:
        return to
    if due.role is Role.PLACED_BY:
        return to if is_wanted(due.kind, due.role, mail_choice_store.find_choices(user_id)) else None
    people, chosen = watcher_store.people_with_choices([user_id])
    person = people.get(user_id)
    is_told = person is not None and may_follow(person, order, account)
    return to if is_told and is_wanted(due.kind, due.role, chosen[user_id]) else None


def _user_id_of(role: Role, order: Order, entry: Entry) -> str | None:
    """Return whose choices and place at the desk or the account count for a role; None where nobody's do."""
    if role is Role.PLACED_BY:
        return order.placed_by.user_id
    if role is Role.ASSIGNEE:
        return order.assignee.user_id if order.assignee else None
    return str(entry.data["proposed_by"]) if role is Role.ASKER else None


def _queue_for_each(message: dict[str, Any], told: tuple[Follower, ...]) -> None:
    """Put one message on the queue for each follower. Should that happen twice, each mail is sent once all the same."""
    enqueue("MAIL_QUEUE_URL", ({**message, "role": each.role, "user_id": each.user_id} for each in told))


def _followers(kind: MailKind, order: Order, account: Account, entry: Entry) -> tuple[Follower, ...]:
    """Return who of those who follow the order is told of the entry, by what is stored now."""
    watchers = watcher_store.watcher_ids(order.order_id)
    user_ids = candidates(kind, order, watchers)
    if not user_ids:
        return ()
    people, chosen = watcher_store.people_with_choices(user_ids)
    told = _told_otherwise(order, account, entry)
    return followers(kind, order, account, entry, watchers, people, chosen, told)


def _told_otherwise(order: Order, account: Account, entry: Entry) -> Iterator[str]:
    """Yield the addresses that get another mail about the entry."""
    if entry.event is Event.QUOTED:
        yield order.contact.email  # who has the workflow's mail
    for due in notifications(entry.event, entry.data, by=entry.actor, internal=entry.internal, source=order.source):
        if _is_due(due, order, entry) and (to := _address_of(due, order, account, entry)):
            yield to


def _compose(
    due: Notification, to: str, order: Order, then: Order, account: Account, entry: Entry
) -> mail.OutgoingMail:
    """Return the mail of a notification.

    It may have waited for days. So it shows the order as the entry left it (`then`), except for a mail with a link:
    that one shows the present order, because it asks for what can be done now.
    """
    row, installation_info = MAILS[due.kind], installation()
    link = _make_link(row.link, order) if row.link and has_link(due, order, entry) else None
    shown = order if link else then
    entry = _with_question(order, entry)
    content = render_mail(due.kind, due.role, shown, entry, installation_info, account.name, link, account.site_names)
    attached = (
        (_attach_quote(shown, shown.quote, account, installation_info),) if row.attaches_pdf and shown.quote else ()
    )
    return mail.OutgoingMail(to, *content, attached, takes_replies=due.role is not Role.CUSTOMER_SUCCESS)


def _with_question(order: Order, entry: Entry) -> Entry:
    """Return an answer together with the text of its question, and any other entry as it is."""
    if entry.event is not Event.ANSWERED:
        return entry
    question = order_store.get_entry(order.order_id, entry.data["question"])
    return entry.model_copy(update={"data": {**entry.data, "question_text": question.data["text"]}})


def _make_link(purpose: Literal["order", "quote"], order: Order) -> ConfirmLink:
    """Return the link for the contact person's mail; for a quote, the link that went out with the quote."""
    internals = order.internals
    is_mailed = purpose == "quote" and internals.quote_link == internals.quote_link_mailed
    return link_store.issue_link(order, purpose, internals.quote_link_key_id if is_mailed else None)[1]


def _attach_quote(order: Order, quote: Quote, account: Account, installation: Installation) -> mail.Attachment:
    """Return the PDF of the quote, made when it is first needed and stored."""
    pdf = pdf_store.find_or_store(
        order.order_id,
        quote.revision,
        lambda: render_quote_pdf(order, quote, account, installation, letterhead_store.letterhead_of(quote)),
    )
    return mail.quote_attachment(order.order_id, quote.revision, pdf)


def _report_contact(message: dict[str, Any]) -> None:
    report = contact_report_store.get_report(message["account_id"], message["report_id"])
    to, kind = environment("CUSTOMER_SUCCESS_MAILBOX"), MailKind.CONTACT_REPORT

    def compose() -> mail.OutgoingMail:
        account = account_store.get_account(report.account_id)
        return mail.OutgoingMail(
            to, *render_contact_report(account, report.text, report.reported_by.shown_name, installation())
        )

    mail.send_once(report.account_id, 0, f"{kind}#{report.report_id}", compose, {"kind": kind})


def _process(record: SQSRecord) -> None:
    message = record.json_body
    about = {name: message[name] for name in ("order_id", "sequence", "correlation_id") if message.get(name)}
    with logger.append_context_keys(**about):
        if message["kind"] == MailKind.CONTACT_REPORT:
            _report_contact(message)
        else:
            _send_notification(message)


def _requeue(record: SQSRecord) -> None:
    """Put the mail on the queue again as a new message, with all its receives and its whole retention period."""
    client("sqs").send_message(
        QueueUrl=environment("MAIL_QUEUE_URL"), MessageBody=record.body, DelaySeconds=mail_pause.retry_seconds()
    )
    metrics.add_metric("MailsRequeued", MetricUnit.Count, 1)


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Send a batch of queued mails. Failed mails are retried for days and end in the dead-letter queue.

    While mail is paused, the mails go back to the queue instead.
    """
    handle = _requeue if mail_pause.current_pause() else _process
    return process_queue(event, handle, context, "MAIL_QUEUE_URL")
