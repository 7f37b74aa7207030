"""Process received mails: a reply becomes a comment of its sender where thread and sender are proved, and else a
message that the desk is to judge.

SES stores each mail and publishes what it found out about it. The notifications come through a queue, so that an outage
loses none; a mail that comes twice is processed once. Nothing of a mail is logged but SES's id of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders import clock
from online_orders.aws import inbound_store, message_store, order_store
from online_orders.aws.keys import OrderKey
from online_orders.aws.mail_authors import Author, find_author
from online_orders.aws.queues import process_queue
from online_orders.aws.signing_keys import signing_keys
from online_orders.domain.accounts import Account
from online_orders.domain.errors import Conflict, NotFound, TooManyRequests
from online_orders.domain.messages import Message, Reason, Verdicts, doubts, fingerprint
from online_orders.domain.order_ids import new_order_id
from online_orders.domain.order_numbers import number_of
from online_orders.domain.orders import Change, Order
from online_orders.domain.received_mails import ReceivedMail, is_only_sender, parse_mail
from online_orders.domain.reply_addresses import ReplyAddress, parse_reply_address
from online_orders.environment import environment
from online_orders.telemetry import logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

_DAEMONS = {"mailer-daemon", "postmaster"}


class _Unfit(Exception):
    """The mail is no comment. Has the reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class _Repeated(Exception):
    """The mail became a comment before. Has whether it was another copy that did."""

    def __init__(self, *, is_replay: bool) -> None:
        super().__init__("repeated")
        self.is_replay = is_replay


def _count(metric: str) -> None:
    metrics.add_metric(metric, MetricUnit.Count, 1)


def _verdicts(receipt: Mapping[str, Any]) -> Verdicts:
    names = ("spam", "virus", "dkim", "dmarc")
    return Verdicts(*(str((receipt.get(f"{name}Verdict") or {}).get("status", "")) for name in names))


def _is_automatic(mail: ReceivedMail, envelope_sender: str) -> bool:
    """Return whether a program wrote the mail, or this installation did; replies to such mails would make loops."""
    sender = mail.sender.casefold()
    is_report = (
        not envelope_sender.strip("<> ") or parseaddr(envelope_sender)[1].partition("@")[0].casefold() in _DAEMONS
    )
    is_ours = sender == environment("SENDER_ADDRESS").casefold()
    is_to_itself = parse_reply_address(sender, environment("INBOUND_DOMAIN")) is not None
    return mail.is_automatic or is_report or is_ours or is_to_itself or sender.partition("@")[0] in _DAEMONS


def _addresses(recipients: Iterable[object]) -> list[ReplyAddress]:
    domain = environment("INBOUND_DOMAIN")
    parsed = (parse_reply_address(str(each), domain) for each in recipients)
    return [each for each in parsed if each]


def _proved(addresses: Sequence[ReplyAddress], sender: str) -> tuple[ReplyAddress | None, bool]:
    """Return the address that belongs to its order, preferably the sender's, and whether it is the sender's."""
    found: ReplyAddress | None = None
    for is_fresh in (False, True):  # a key may have been made since the keys were read
        keys = signing_keys("replies", fresh=is_fresh) if addresses else []
        for each in addresses:
            if each.is_of_order(keys):
                found = found or each
                if sender and each.is_of_recipient(keys, sender):
                    return each, True
        if found:
            break
    return found, False


def _locate(address: ReplyAddress | None) -> OrderKey | None:
    try:
        return order_store.locate_order(address.order_id) if address else None
    except NotFound:
        return None


def _comment(key: OrderKey, mail: ReceivedMail, mail_id: str, at: datetime) -> None:
    """Add the mail to the order as a comment of its sender; raise _Unfit where it may be none, and _Repeated."""
    mark = fingerprint(key.order_id, mail)
    author: Author

    def load() -> Order:
        nonlocal author
        for each in (mail_id, mark):
            if message_store.is_processed(each):
                raise _Repeated(is_replay=each == mark)
        order, account = order_store.get_order_and_account(key)
        author = _author(order, account, mail.sender)
        return order

    def decide(order: Order) -> Change:
        # Of staff too: two mail programs that answer each other do not always say so.
        limit = int(environment("COMMENTS_PER_HOUR"))
        files = {"files": ", ".join(mail.files)} if mail.files else {}
        more = {**author.data, "by_mail": True, **files}
        return order.comment(author.actor, mail.text, at, internal=author.is_staff, max_per_hour=limit, more=more)

    try:
        order_store.update_order(
            load,
            decide,
            extra_writes=lambda _: [message_store.mark_action(each, at) for each in (mail_id, mark)],
        )
    except Conflict:
        raise _Unfit(Reason.CLOSED) from None
    except TooManyRequests:
        raise _Unfit(Reason.TOO_MANY) from None


def _author(order: Order, account: Account, sender: str) -> Author:
    author = find_author(order, account, sender)
    if author is None:
        raise _Unfit(Reason.PERSON)
    return author


def _store_message(
    mail: ReceivedMail, mail_id: str, key: OrderKey | None, reasons: Sequence[Reason], at: datetime
) -> None:
    message = Message(
        message_id=new_order_id(at),
        mail_id=mail_id,
        at=at,
        sender=mail.sender,
        sender_name=mail.sender_name,
        subject=mail.subject,
        text=mail.text,
        files=mail.files,
        reasons=tuple(reasons),
        order_id=key.order_id if key else None,
        number=number_of(key.order_id) if key else None,
    )
    is_stored = message_store.store_message(message)
    if not is_stored:
        logger.warning("the day has its messages; this mail is only kept in its bucket")
    _count("InboundMessages" if is_stored else "InboundMessagesBeyondLimit")


def _receive(notification: Mapping[str, Any], mail_id: str) -> None:
    if message_store.is_processed(mail_id):
        return
    raw = inbound_store.find_mail(mail_id)
    if raw is None:  # it expired, or its sender was erased
        logger.warning("a received mail is no longer there")
        return
    mail = parse_mail(raw.content, size=raw.size, is_head=True)
    if _is_automatic(mail, str(notification["mail"].get("source", ""))):
        logger.info("an automatic mail was dropped")
        _count("InboundAutomatic")
        return
    shown = (notification["mail"].get("commonHeaders") or {}).get("from")
    _judge(mail, raw, mail_id, notification["receipt"], is_sure=is_only_sender(shown, mail.sender))


def _judge(
    mail: ReceivedMail, raw: inbound_store.RawMail, mail_id: str, receipt: Mapping[str, Any], *, is_sure: bool
) -> None:
    """Make a mail a comment or a message. `is_sure`: SES, which has judged the sender, names the same one."""
    at, verdicts = clock.now(), _verdicts(receipt)
    address, is_recipient = _proved(_addresses(receipt.get("recipients") or ()), mail.sender)
    key = _locate(address)
    if key is None and verdicts.is_malicious:
        logger.info("spam was dropped")
        _count("InboundSpam")
        return
    mail = parse_mail(raw.content, size=raw.size)  # the text of what was dropped costs nothing
    reasons = [] if key else [Reason.THREAD]
    # Nobody signs the envelope: without this, a mail that its sender wrote to somebody else could be sent on to here.
    is_meant = address in _addresses(mail.recipients)
    if not (is_sure and is_recipient and is_meant) or not verdicts.authenticates(mail):
        reasons.append(Reason.SENDER)
    reasons += doubts(mail, verdicts, at)
    if key is None or reasons:
        _store_message(mail, mail_id, key, reasons, at)
        return
    with logger.append_context_keys(order_id=key.order_id):
        _comment_or_store(key, mail, mail_id, at)


def _comment_or_store(key: OrderKey, mail: ReceivedMail, mail_id: str, at: datetime) -> None:
    try:
        _comment(key, mail, mail_id, at)
    except _Unfit as unfit:
        _store_message(mail, mail_id, key, [unfit.reason], at)
    except _Repeated as repeated:
        if repeated.is_replay:
            logger.info("a mail came again under another id")
            _count("InboundRepeated")
    else:
        logger.info("a reply became a comment")
        _count("InboundComments")


def _process(record: SQSRecord) -> None:
    notification = record.json_body
    mail_id: Any = (notification.get("mail") or {}).get("messageId")
    if notification.get("notificationType") != "Received" or not inbound_store.is_mail_id(mail_id):
        logger.warning("a notification about no mail was ignored")
        _count("InboundIgnored")
        return
    with logger.append_context_keys(mail_id=mail_id):
        _receive(notification, mail_id)


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process SES's notifications about received mails, by a queue; failed ones are tried again for days."""
    return process_queue(event, _process, context, "INBOUND_MAIL_URL")
