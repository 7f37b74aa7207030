"""Received mails that wait at the desk, as the function stores them."""

import os
from typing import Any
from unittest.mock import patch

from online_orders import clock
from online_orders.aws.message_store import store_message
from online_orders.domain.messages import Message
from online_orders.domain.order_ids import new_order_id
from tests.lab import Lab


def wait(lab: Lab, **changes: Any) -> str:
    """Store a message; return its id."""
    at = clock.now()
    message_id = new_order_id(at)
    message = {
        "message_id": message_id,
        "mail_id": f"mail{message_id}",
        "at": at,
        "sender": "eve@elsewhere.example",
        "sender_name": "Eve",
        "subject": "Re: Quote",
        "text": "<b>Next week</b>, please.",
        "reasons": ("thread_not_proved", "sender_not_proved"),
        **changes,
    }
    with lab.as_operator(), patch.dict(os.environ, {"INBOUND_MESSAGES_PER_DAY": "100"}):
        assert store_message(Message.model_validate(message))
    return message_id
