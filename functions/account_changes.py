"""Sync orders with an account that has changed, one page a message, and mail the people whom the change concerns.

Open orders are synced with a new enrollment, language or time zone; all orders with a new reseller. They are synced
with the account as it is when the message is processed, so the order of messages does not matter. A second round
follows later, for orders that were being placed during the first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from online_orders import clock
from online_orders.aws import account_store, mail, mail_pause, order_queries, order_store, search_index
from online_orders.aws.clients import client
from online_orders.aws.queues import process_queue
from online_orders.domain.account_notifications import Notice, notices
from online_orders.domain.accounts import Account, Contact, Enrollment
from online_orders.domain.mail_kinds import MailKind, Role
from online_orders.domain.order_status import OPEN_STATUSES
from online_orders.environment import environment, installation
from online_orders.telemetry import logger, metrics, redact_exceptions
from online_orders_rendering.mails.compose import render_notice

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

_BATCH_SIZE = 25
"""Orders synced by one message; further pages follow in messages of their own."""
_SECOND_ROUND_DELAY_SECONDS = 30
"""Longer than the timeout of the functions that place orders: orders placed on the account's earlier version are stored
by then."""


def _send_notices(account_id: str, version: int, old: Account, new: Account) -> None:
    """Mail the people whom the change to version `version` of an account concerns."""
    for index, notice in enumerate(notices(old, new)):
        mail.send_once(
            account_id,
            version,
            _mail_name(notice, index),
            partial(_compose, notice, old, new),
            {"kind": notice.kind},
        )


def _compose(notice: Notice, old: Account, new: Account) -> mail.OutgoingMail:
    content = render_notice(notice, old, new, _reseller_names(old, new), installation())
    return mail.OutgoingMail(notice.to.email, *content)


def _reseller_names(*versions: Account) -> dict[str, str]:
    ids = {account.parent_account_id for account in versions if account.parent_account_id}
    found = (account_store.find_account(account_id) for account_id in sorted(ids))
    return {stored.account.account_id: stored.account.name for stored in found if stored}


def _mail_name(notice: Notice, index: int) -> str:
    """Return the name under which a mail about a version is claimed and marked as sent."""
    if notice.kind is MailKind.CONTACT_CHANGED:
        return f"{notice.kind}#{'new' if notice.reader is Role.NEW_CONTACT else 'former'}"
    return f"{notice.kind}#{notice.reader}#{index}"


def _send_notices_or_wait(change: Mapping[str, Any]) -> None:
    """Send the notices of a change, or enqueue the message again while mail is paused.

    Both versions of the account lack persons who were erased since.
    """
    if mail_pause.current_pause():
        _enqueue_next(change, mail_pause.retry_seconds())
        return
    account_id, version = change["account_id"], change["version"]
    if "new" in change:
        old, new = _versions_of_earlier_release(account_store.get_account(account_id), change)
    else:
        old, new = (
            account_store.get_account_version(account_id, version - 1),
            account_store.get_account_version(account_id, version),
        )
    _send_notices(account_id, version, old, new)


def _versions_of_earlier_release(account: Account, change: Mapping[str, Any]) -> tuple[Account, ...]:
    """Return the account before and after a change, with the contact persons of a message of an earlier release.

    That release did not keep the versions themselves.
    """
    enrollment = account.enrollment or Enrollment(letter_received_on=clock.now().date())
    contacts = (Contact.model_validate(change[name]) if change[name] else None for name in ("old", "new"))
    return tuple(
        account.model_copy(update={"enrollment": enrollment.model_copy(update={"contact": contact})})
        for contact in contacts
    )


def _sync_orders(account: Account, by: str, after: str | None) -> str | None:
    """Sync a page of the account's open orders; return the order id after which the next page begins, or None."""
    page = order_queries.list_desk_orders(
        order_queries.OrderFilter(statuses=OPEN_STATUSES, account_id=account.account_id), _BATCH_SIZE, after
    )
    for order in page.orders:
        order_store.update_order_with_account(
            order_store.key_of(order), lambda order, account: order.sync_with_account(account, by, clock.now())
        )
    return page.position


def _sync_reseller(account: Account, after: str | None) -> str | None:
    """Add pointers of the account's reseller to a page of its orders; return the order id after which the next page
    begins.

    A former reseller's pointers stay and are ignored (see `order_queries`). None: that was the last page, or there is
    no reseller.
    """
    if account.parent_account_id is None:
        return None
    page = order_queries.list_account_orders(account.account_id, order_queries.OrderFilter(), _BATCH_SIZE, after)
    order_ids = [order.order_id for order in page.orders]
    order_store.add_reseller_pointers(account.parent_account_id, account.account_id, order_ids)
    return page.position


def _index(account_id: str, after: str | None, *, orders: bool) -> str | None:
    """Index the account for the search and, with `orders`, a page of its orders; return the order id after which the
    next page begins, or None.
    """
    if after is None:
        search_index.index_account(account_id)
    if not orders:
        return None
    page = order_queries.list_desk_orders(order_queries.OrderFilter(account_id=account_id), _BATCH_SIZE, after)
    for order in page.orders:
        search_index.index_order(order_store.key_of(order))
    return page.position


def _process(record: SQSRecord) -> None:
    change = record.json_body
    account_id, after = change["account_id"], change.get("after")
    logger.append_keys(account_id=account_id)
    if change["kind"] == "notices" or change.get("tell_alone"):
        _send_notices_or_wait(change)
        return
    account = account_store.get_account(account_id)
    if change["kind"] == "search":
        position = _index(account_id, after, orders=change["orders"])
        if not change["orders"]:
            return
    elif change["kind"] == "parent":
        position = _sync_reseller(account, after)
    else:
        position = _sync_orders(account, change["by"], after)
    if after is None and not change.get("again") and "new" in change:
        _enqueue_next({**change, "tell_alone": True}, 0)
    if position:
        _enqueue_next({**change, "after": position}, 0)
    elif not change.get("again"):
        _enqueue_next({**change, "after": None, "again": True}, _SECOND_ROUND_DELAY_SECONDS)


def _enqueue_next(change: Mapping[str, Any], delay_seconds: int) -> None:
    url = environment("ACCOUNT_CHANGES_URL")
    client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(change), DelaySeconds=delay_seconds)


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process messages of the outbox: {kind, account_id, version, by}.

    Messages of the kind `notices` mail people. They are separate, so that a mail that SES does not accept delays no
    orders. Messages of the kind `search` index the account and, with `orders`, its orders for the search; messages of
    the other kinds sync orders. They have `after` on later pages and `again` in the second round.
    Messages of an earlier release hold the `old` and `new` contact persons, and `tell_alone` when only mails are left
    to send.
    """
    return process_queue(event, _process, context, "ACCOUNT_CHANGES_URL")
