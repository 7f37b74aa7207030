"""Generate the JSON Schemas of the published events, one document an event."""

from __future__ import annotations

from typing import Any

from online_orders.domain.events import SOURCE, EventDetail
from online_orders.domain.timeline import PUBLISHED

MEANINGS = {
    "order.submitted": "An order was placed.",
    "order.claimed": "Customer Success has taken the order on, or over.",
    "order.quoted": "SES has taken the mail with a quote; the contact person can decide.",
    "quote.delivered": "The mail with the quote has arrived.",
    "quote.undeliverable": "The mail with the quote did not arrive.",
    "quote.reminded": "The contact person was reminded of the quote.",
    "quote.expired": "The quote's last day is over.",
    "order.change_requested": "The contact person asks for a change of the quote.",
    "order.asked": "The contact person asks a question about the quote, which stays on offer.",
    "order.handed_over": "A colleague decides on the quote in place of the contact person.",
    "order.commented": "Somebody has commented on the order.",
    "order.completed": "The contact person has approved the quote.",
    "order.canceled": "The order was withdrawn, declined, canceled by the contact person, or has expired.",
}


def documents() -> dict[str, dict[str, Any]]:
    """Return the schema of the whole EventBridge event, as a target receives it, by event name."""
    detail = EventDetail.model_json_schema(mode="serialization")
    definitions = detail.pop("$defs")
    for part in (detail, *definitions.values()):
        part.pop("additionalProperties", None)  # a consumer must accept members that a later version adds
    return {
        event.value: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": event.value,
            "description": MEANINGS[event],
            "type": "object",
            "required": ["source", "detail-type", "detail"],
            "properties": {
                "source": {"const": SOURCE},
                "detail-type": {"const": event.value},
                "detail": detail,
            },
            "$defs": definitions,
        }
        for event in sorted(PUBLISHED)
    }
