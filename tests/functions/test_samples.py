"""The sample events are what the triggers get today, and the handlers take them."""

import json
import re
from typing import Any

from tests.functions.recording import EVENTS, ORIGIN_HEADER, live, recorded
from tests.lab import Lab
from tests.workflow.walking import place

IN_THEIR_ORDER = (
    "Outbox.json",
    "AccountChanges.json",
    "Mailer.json",
    "AwaitDecision.json",
    "OrdersApi-post-orders.json",
    "OrdersApi-get-orders.json",
    "DeskApi-put-acme.json",
    "DeskApi-post-claim.json",
    "DeskApi-post-quote.json",
    "SendQuote.json",
    "MailEvents.json",
    "Reconcile.json",
    "Replay.json",
    "Measure.json",
    "IssueClaims.json",
)
ORDER_ID = re.compile(r"01[0-9A-HJKMNP-TV-Z]{24}")


def shape(value: Any) -> Any:
    """Names and types, without values; of a list, those of its first."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items() if not name.startswith("custom:")}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_they_have_the_shape_of_what_the_triggers_get_and_none_is_missing(lab: Lab) -> None:
    live(lab)
    today = recorded(lab)
    committed = {path.name: json.loads(path.read_text("utf-8")) for path in EVENTS.glob("*.json")}
    assert committed.keys() == today.keys() == set(IN_THEIR_ORDER), "record them anew: make samples"
    for name, event in committed.items():
        assert shape(event) == shape(today[name]), f"{name}: record it anew: make samples"


def test_the_handlers_take_them_one_after_the_other(lab: Lab) -> None:
    order_id = place(lab)
    for name in IN_THEIR_ORDER:
        event = json.loads(ORDER_ID.sub(order_id, (EVENTS / name).read_text("utf-8")))
        if "headers" in event:
            event["headers"][ORIGIN_HEADER] = lab.stack.front_headers[ORIGIN_HEADER]
        function = name.partition("-")[0].removesuffix(".json") + "Function"
        invocation = lab.functions.invoke(function, event)
        assert invocation.failure is None, (name, invocation.failure)
        if "rawPath" in event:
            assert invocation.payload["statusCode"] < 400, (name, invocation.payload)


def test_no_secret_is_in_them() -> None:
    payload = "\n".join(path.read_text("utf-8") for path in EVENTS.glob("*.json"))
    assert "/confirm/" not in payload
    assert ORIGIN_HEADER not in payload
    assert "Code: " not in payload
