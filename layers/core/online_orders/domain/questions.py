"""Questions of the contact person about a quote, and their answers: neither decides anything, nor touches the quote.

Each function takes the order as it was and returns a Change, as the actions of `orders` do. The texts stand in the
timeline alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from online_orders.domain.errors import TooManyRequests
from online_orders.domain.later_parts import Question
from online_orders.domain.order_parts import User
from online_orders.domain.orders import Change, Order, staff_actor
from online_orders.domain.timeline import Actor, Entry, Event
from online_orders.domain.values import instant_text

MAX_OPEN_QUESTIONS = 10
MAX_QUESTIONS = 45
"""About one revision, answered ones included: their entries are read together, of which DynamoDB returns a hundred."""
_RETRY_SECONDS = 3_600


def ask(order: Order, name: str, text: str, open_texts: Collection[str], at: datetime) -> Change:
    """Record a question about the quote on offer. The text of an open one, `open_texts`, changes nothing.

    Raises Conflict when the quote is not on offer, TooManyRequests once as many questions are open as may be.
    """
    order.require_on_offer("ask a question about", at)
    if text in open_texts:
        return Change(order, ())
    requests = order.requests
    if len(order.open_questions) >= MAX_OPEN_QUESTIONS or len(requests.questions) >= MAX_QUESTIONS:
        raise TooManyRequests("There are as many questions about the quote as there may be.", _RETRY_SECONDS)
    question = Question(sequence=order.internals.sequence + 1, at=at)
    return order.with_entry(
        at,
        Actor(kind="contact", name=name),
        Event.ASKED,
        {**order.revision_data(), **order.asked_data(), "text": text},
        decision=False,
        internals={"requests": requests.model_copy(update={"questions": (*requests.questions, question)})},
    )


def answer(order: Order, by: User, text: str, at: datetime) -> Change:
    """Answer the oldest open question, so that a question that comes meanwhile stays open; Conflict without any."""
    question = order.require_open_question()
    answered = question.model_copy(update={"answer": order.internals.sequence + 1, "answered_at": at})
    questions = tuple(answered if each == question else each for each in order.requests.questions)
    return order.with_entry(
        at,
        staff_actor(by),
        Event.ANSWERED,
        {**order.revision_data(), "question": question.sequence, "text": text},
        internals={"requests": order.requests.model_copy(update={"questions": questions})},
    )


def sequences(order: Order) -> list[int]:
    """Return the sequence numbers of the entries with the questions about the current revision and their answers."""
    found = order.requests.questions
    return [*(each.sequence for each in found), *(each.answer for each in found if each.answer is not None)]


def question_bodies(order: Order, entries: Mapping[int, Entry]) -> list[dict[str, Any]]:
    """Return the questions about the current revision as the API shows them; `entries` are those of `sequences`."""
    return [
        {
            "sequence": each.sequence,
            "at": instant_text(entries[each.sequence].at),
            "name": entries[each.sequence].actor.name,
            "text": entries[each.sequence].data["text"],
            "answer": None if each.answer is None else _answer_body(entries[each.answer]),
        }
        for each in order.requests.questions
    ]


def _answer_body(entry: Entry) -> dict[str, Any]:
    return {"at": instant_text(entry.at), "text": entry.data["text"], "by": entry.actor.name}
