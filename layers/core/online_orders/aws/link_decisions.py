"""Take decisions by link: check the code, and store the decision with its evidence unless another one was first.

A right code is accepted only while the link's count of wrong codes is the one that it was checked with. Otherwise,
requests at the same time could try more codes than the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import cast

from online_orders import clock
from online_orders.aws import evidence_store, link_store, order_store
from online_orders.aws.keys import Item
from online_orders.aws.table import WriteConflict, back_off
from online_orders.domain.approval_links import WRONG_CODES_ALLOWED, LinkContext, LinkState, matches
from online_orders.domain.attachments import Attached, Upload
from online_orders.domain.confirmation import (
    ASK,
    DECIDED,
    HAND_OVER,
    NAMES_DECIDER,
    RECALCULATE,
    REQUEST_MAIL,
    REQUEST_QUOTE,
    DecisionForm,
    FormError,
    LinkResult,
    Outcome,
    decide_by_link,
    judge,
    recalculate,
    result_of,
    result_of_lost_race,
    view,
)
from online_orders.domain.errors import Conflict
from online_orders.domain.evidence import LinkDecision, evidence_of
from online_orders.domain.orders import Change, Order
from online_orders.environment import environment
from online_orders.telemetry import MetricUnit, metrics

_DAY_SECONDS = 86_400


def handle_view(context: LinkContext, at: datetime) -> LinkResult:
    """Return what the page behind a link shows; nothing is written."""
    return _with_decider(view(context, at))


def handle_decision(
    context: LinkContext, form: DecisionForm, sender: tuple[str | None, str | None], at: datetime
) -> LinkResult:
    """Return the result of a form: check it, check its code, then do what it asks for.

    `sender` is an IP address and a User-Agent.
    """
    if form.decision == REQUEST_MAIL and not form.errors:
        result = request_fresh_mail(context, form, at)
    elif form.decision == RECALCULATE and context.link.purpose == "quote":
        result = recalculate(context, form, at)
    elif decided := judge(context, form, at):
        result = decided
    elif not matches(context.code, form.code):
        result = count_wrong_code(context, form)
    elif form.decision == REQUEST_QUOTE:
        result = request_fresh_quote(context, form)
    elif form.decision in (ASK, HAND_OVER):
        from online_orders.aws import link_requests

        result = link_requests.handle_request(context, form, sender)
    else:
        result = apply_decision(context, form, sender)
    return _with_decider(result)


def _with_decider(result: LinkResult) -> LinkResult:
    """Add the name given with the newest decision by link, unless the order was closed in another way since."""
    order = result.context.order
    if result.outcome not in NAMES_DECIDER or (order.closed is not None and order.closed.by != "contact"):
        return result
    entry = order_store.get_entry(order.order_id, order.internals.decision_sequence or order.internals.sequence)
    return result._replace(decided_by=entry.actor.name if entry.actor.kind == "contact" else None)


# -- with the code ------------------------------------------------------------------------------------------------


def apply_decision(context: LinkContext, form: DecisionForm, sender: tuple[str | None, str | None]) -> LinkResult:
    """Store the decision and its evidence, on the order as it is then, if the link is still open.

    A file that comes with it is stored before.
    """
    attached = _stored_attachment(context, form.upload) if form.upload else None

    def decide(current: LinkContext) -> Change:
        at = clock.now()  # after the order was read: no entry of its timeline is later
        if current.state(at) is not LinkState.OPEN:
            raise Conflict("Another decision was faster.", current.order.status)
        return decide_by_link(current, form, at)

    def evidence_action(change: Change) -> Item:
        decision = cast("LinkDecision", form.decision)  # one of DECISIONS by now
        found = evidence_of(change.order, decision, form.name, context.order.contact.email, *sender, attached)
        return evidence_store.evidence_action(change.order.order_id, found)

    def attachment_action(change: Change, attached: Attached) -> Item:
        from online_orders.aws import attachment_store

        (entry,) = change.entries[-1:]
        return attachment_store.attachment_action(change.order.order_id, entry.sequence, entry.at, attached)

    extra_writes = [evidence_action]
    if attached:
        extra_writes.append(lambda change: attachment_action(change, attached))
    try:
        order = update_by_link(context, decide, *extra_writes)
    except Conflict:
        return respond_to_lost_race(context, form)
    metrics.add_metric(f"Decided_{form.decision}", MetricUnit.Count, 1)
    if order.quote and order.quote.offered_at:
        hours = (order.updated_at - order.quote.offered_at).total_seconds() / 3600
        metrics.add_metric("DecisionHours", MetricUnit.NoUnit, hours)
    return LinkResult(context._replace(order=order), DECIDED[form.decision], HTTPStatus.OK)


def _stored_attachment(context: LinkContext, upload: Upload) -> Attached:
    """Store the file of an approval, and return what the evidence says of it."""
    from online_orders.aws import attachment_store  # which few approvals need

    attachment_store.store_upload(context.order.order_id, upload)
    return upload.attached()


def request_fresh_quote(context: LinkContext, form: DecisionForm) -> LinkResult:
    """Store that the contact person asks for another quote in place of an expired one."""

    def ask(current: LinkContext) -> Change:
        at = clock.now()
        if current.state(at) is not LinkState.EXPIRED or current.link.locked:
            raise Conflict("Another decision was faster.", current.order.status)
        return current.order.ask_for_fresh_quote(at)

    try:
        order = update_by_link(context, ask)
    except Conflict:
        return respond_to_lost_race(context, form)
    return LinkResult(context._replace(order=order), Outcome.FRESH_QUOTE_ASKED, HTTPStatus.OK)


def update_by_link(
    context: LinkContext, decision: Callable[[LinkContext], Change], *extra_writes: Callable[[Change], Item]
) -> Order:
    """Update the order with a decision on it and its link as loaded; raise what `order_store.update_order` raises.

    Each of `extra_writes` returns a further write of the same transaction.
    """
    current: LinkContext

    def load() -> Order:
        nonlocal current
        current = link_store.load_link(context.token, context.proofs)
        return current.order

    def all_extra_writes(change: Change) -> list[Item]:
        return [link_store.expected_attempts(current.token, current.link), *(action(change) for action in extra_writes)]

    return order_store.update_order(load, lambda _: decision(current), extra_writes=all_extra_writes)


def respond_to_lost_race(context: LinkContext, form: DecisionForm) -> LinkResult:
    """Return the result of a decision that came second, from the order as it is now."""
    return result_of_lost_race(link_store.load_link(context.token, context.proofs), form, clock.now())


# -- without the code ---------------------------------------------------------------------------------------------


def count_wrong_code(context: LinkContext, form: DecisionForm) -> LinkResult:
    """Count a wrong code and return its result; the fifth locks the link and notifies Customer Success."""
    attempt = 0
    while not context.link.locked:
        if _is_counted(context):
            context = context._replace(link=context.link.with_wrong_code())
            break
        attempt += 1
        back_off(attempt)
        context = link_store.load_link(context.token, context.proofs)
        if not context.order.is_open:
            return respond_to_lost_race(context, form)
    metrics.add_metric("WrongCodes", MetricUnit.Count, 1)
    if context.link.locked:
        return LinkResult(context, Outcome.LOCKED, HTTPStatus.LOCKED)
    shown = form.shown_with(FormError.CODE_WRONG, tries_left=WRONG_CODES_ALLOWED - context.link.tries)
    outcome = Outcome.EXPIRED if form.decision == REQUEST_QUOTE else None
    return LinkResult(context, outcome, HTTPStatus.FORBIDDEN, shown)


def _is_counted(context: LinkContext) -> bool:
    """Count a wrong code; return False when another request was first."""
    if context.link.tries + 1 < WRONG_CODES_ALLOWED:
        return link_store.count_wrong_code(context.token, context.link)
    change = context.order.link_locked(context.link.purpose, clock.now())
    try:
        order_store.save(context.order, change, link_store.count_wrong_code_write(context.token, context.link))
    except WriteConflict:
        return False
    return True


def request_fresh_mail(context: LinkContext, form: DecisionForm, at: datetime) -> LinkResult:
    """Send a fresh mail to the same address in place of a link that wrong codes have locked, with a rate limit.

    Anybody may ask. A request with the locked link's code comes from a reader of the mail: it is limited apart from all
    others, and the wrong codes of others do not lock the fresh link for the same browser. Any other text in the code's
    place counts as none. So a guesser can find the code of a locked link, which decides nothing; the fresh link goes to
    the mailbox only.
    """
    result = result_of(context, at)
    if result.outcome is None:
        return result._replace(status=HTTPStatus.BAD_REQUEST)
    is_expired_and_locked = result.outcome is Outcome.EXPIRED and context.link.locked
    if result.outcome is not Outcome.LOCKED and not is_expired_and_locked:
        return result
    with_code = matches(context.code, form.code)
    if seconds := _seconds_until_fresh_mail(context.order, at, with_code=with_code):
        return LinkResult(context, Outcome.TOO_MANY_MAILS, HTTPStatus.TOO_MANY_REQUESTS, retry_after_seconds=seconds)
    purpose = context.link.purpose

    def ask(order: Order) -> Change:
        number = order.internals.quote_link if purpose == "quote" else order.internals.order_link
        if number != context.link.number:
            return Change(order, ())
        return order.ask_for_fresh_mail(purpose, clock.now(), with_code=with_code)

    try:
        order = order_store.update_order(lambda: order_store.get_order(order_store.key_of(context.order)), ask)
    except Conflict:
        current = link_store.load_link(context.token, context.proofs)
        if current.order.is_open:  # past the quote's last day, which the workflow is yet to record
            return result_of(current, clock.now())
        return LinkResult(current, Outcome.CLOSED, HTTPStatus.CONFLICT)
    outcome, proof = Outcome.FRESH_MAIL_SENT, None
    if with_code:
        outcome, proof = Outcome.FRESH_MAIL_FOR_ASKER, link_store.proof_of_next(context)
    return LinkResult(context._replace(order=order), outcome, HTTPStatus.OK, proof=proof)


def _seconds_until_fresh_mail(order: Order, at: datetime, *, with_code: bool) -> int:
    """Return the seconds until the next fresh mail is allowed; 0 when it is allowed now.

    A request without a code cannot replace the link of somebody who has given one.
    """
    sent = order.fresh_mails_of_day(at, with_code=with_code)
    pause_seconds = int(environment("FRESH_MAIL_INTERVAL_SECONDS"))
    has_request_with_code = not with_code and bool(order.fresh_mails_of_day(at, with_code=True))
    if has_request_with_code or len(sent) >= int(environment("FRESH_MAILS_PER_DAY")):
        return _DAY_SECONDS
    return pause_seconds if sent and (at - sent[-1]).total_seconds() < pause_seconds else 0
