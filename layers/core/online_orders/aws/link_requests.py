"""Take what a contact person asks for by a link beside deciding: a question, or a hand-over to a colleague."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from online_orders import clock
from online_orders.aws import evidence_store, question_store
from online_orders.aws.keys import Item
from online_orders.aws.link_decisions import respond_to_lost_race, update_by_link
from online_orders.domain.approval_links import LinkContext, LinkState
from online_orders.domain.confirmation import (
    ASK,
    DecisionForm,
    FormNotice,
    FormState,
    LinkResult,
    Outcome,
    ask_by_link,
    hand_over_by_link,
)
from online_orders.domain.errors import Conflict, TooManyRequests
from online_orders.domain.evidence import evidence_of
from online_orders.domain.orders import Change
from online_orders.telemetry import MetricUnit, metrics


def handle_request(context: LinkContext, form: DecisionForm, sender: tuple[str | None, str | None]) -> LinkResult:
    """Store what was asked for with the right code, if the link is still open; a hand-over with its evidence.

    `sender` is an IP address and a User-Agent.
    """
    is_question = form.decision == ASK

    def ask(current: LinkContext) -> Change:
        at = clock.now()  # after the order was read: no entry of its timeline is later
        if current.state(at) is not LinkState.OPEN:
            raise Conflict("Another decision was faster.", current.order.status)
        if is_question:
            return ask_by_link(current, form, question_store.open_texts(current.order), at)
        return hand_over_by_link(current, form, at)

    def evidence_action(change: Change) -> Item:
        recipient = context.order.contact.email
        found = evidence_of(change.order, "hand_over", form.name, recipient, *sender)
        return evidence_store.evidence_action(change.order.order_id, found)

    try:
        order = update_by_link(context, ask, *(() if is_question else (evidence_action,)))
    except TooManyRequests as error:
        notice = FormNotice.TOO_MANY_QUESTIONS if is_question else FormNotice.TOO_MANY_HAND_OVERS
        form_again = replace(form.shown_with(), notice=notice)
        return LinkResult(context, None, HTTPStatus.TOO_MANY_REQUESTS, form_again, retry_after_seconds=error.seconds)
    except Conflict:
        return respond_to_lost_race(context, form)
    metrics.add_metric(f"Requested_{form.decision}", MetricUnit.Count, 1)
    after = context._replace(order=order)
    if is_question:
        return LinkResult(after, None, HTTPStatus.OK, FormState(notice=FormNotice.QUESTION_SENT))
    if order.contact.has_mailbox(form.new_email):
        return LinkResult(after, Outcome.HANDED_OVER, HTTPStatus.OK)
    return LinkResult(after, None, HTTPStatus.OK, FormState(notice=FormNotice.HAND_OVER_ASKED))
