"""An account has another contact person: both are told, and its open orders follow, page by page."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from online_orders import clock
from online_orders.accounts import Contact
from online_orders.aws import lists, mail, mail_hold, orders
from online_orders.aws.accounts import get_account
from online_orders.aws.clients import client, environment
from online_orders.aws.keys import OrderKey
from online_orders.orders import OPEN
from online_orders.telemetry import logger, metrics
from online_orders_rendering.letters import contact_changed_letter

processor = BatchProcessor(event_type=EventType.SQS)

_AT_ONCE = 25
"""Orders of one message; the rest follow in messages of their own."""


def _tell(account_id: str, version: int, old: Contact, new: Contact) -> None:
    account = get_account(account_id)
    for who, to in (("former", old), ("new", new)):
        mail.send_once(
            account_id,
            version,
            f"contact_changed#{who}",
            partial(contact_changed_letter, account, old, new, to),
            {"kind": "contact_changed"},
        )


def _let_follow(at: OrderKey, new: Contact, by: str) -> None:
    orders.decide(lambda: orders.get_order(at), lambda order: order.follow_contact(new, by, clock.now()))


def _enqueue(message: dict[str, Any], delay_seconds: int = 0) -> None:
    client("sqs").send_message(
        QueueUrl=environment("CONTACT_CHANGES_URL"), MessageBody=json.dumps(message), DelaySeconds=delay_seconds
    )


def _follow(record: SQSRecord) -> None:
    change = record.json_body
    account_id, after = change["account_id"], change.get("after")
    logger.append_keys(account_id=account_id)
    old = Contact.model_validate(change["old"]) if change["old"] else None
    new = Contact.model_validate(change["new"])
    if after is None and old:
        if mail_hold.standing_hold():
            _enqueue({**change, "tell_alone": True}, mail_hold.pause_seconds())
        else:
            _tell(account_id, change["version"], old, new)
    if change.get("tell_alone"):
        return
    present = get_account(account_id).enrollment
    if present is None or present.contact != new:
        return  # a later change has a message of its own; an erased contact must not come back
    page = lists.list_desk_orders(lists.Wanted(statuses=OPEN, account_id=account_id), _AT_ONCE, after)
    for order in page.orders:
        _let_follow(orders.key_of(order), new, change["by"])
    if page.position:
        _enqueue({**change, "after": page.position})


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Messages of the outbox: {account_id, version, by, old, new}, `after` on a later page, and
    `tell_alone` where the orders have followed and the mails were held."""
    return process_partial_response(event=event, record_handler=_follow, processor=processor, context=context)
