"""Read the questions of the contact person and their answers, which stand in the timeline alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from online_orders.aws.keys import entry_key
from online_orders.aws.table import get_all
from online_orders.domain.orders import Order
from online_orders.domain.questions import question_bodies, sequences
from online_orders.domain.timeline import Entry


def _entries(order_id: str, numbers: Iterable[int]) -> dict[int, Entry]:
    found = get_all(keys := [entry_key(order_id, number) for number in numbers])
    entries = (Entry.model_validate_json(item["document"]["S"]) for key in keys if (item := found.get(key)))
    return {entry.sequence: entry for entry in entries}


def questions_member(order: Order) -> dict[str, Any]:
    """Return the member of an order's body with the questions about its current revision; nothing without any."""
    if not order.requests.questions:
        return {}
    return {"questions": question_bodies(order, _entries(order.order_id, sequences(order)))}


def open_texts(order: Order) -> frozenset[str]:
    """Return the texts of the questions that wait for an answer."""
    entries = _entries(order.order_id, [question.sequence for question in order.open_questions])
    return frozenset(entry.data["text"] for entry in entries.values())
