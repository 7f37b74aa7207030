"""The example of a webhook: a real order's events, filtered by its template's rule and posted to its receiver."""

import importlib.util
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from emulation.template import read
from tests import loopback
from tests.docs.test_commands import ROOT
from tests.lab import Lab
from tests.lab.events import Rule
from tests.workflow.walking import decide, desk, place, quote

EXAMPLE = ROOT / "examples" / "webhook"
KEY = "a-key-of-more-than-twenty-characters"
HALF = '{"detail": {"event_id": "1"}}'
RESOURCES = read(EXAMPLE / "template.yaml")["Resources"]


def receiver() -> Any:
    spec = importlib.util.spec_from_file_location("webhook_receiver", EXAMPLE / "receiver.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def running() -> Iterator[tuple[str, Any]]:
    """Its address, and what it keeps."""
    ours = receiver()
    orders = ours.Orders()
    server = ours.serve(0, KEY, orders)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", orders
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def sent_by_rule(lab: Lab) -> list[dict[str, Any]]:
    """The events of the lab as EventBridge hands them on, those that the example's rule takes."""
    rule = Rule("lab-orders", RESOURCES["Rule"]["Properties"]["EventPattern"], ())
    whole = [lab.eventbridge._event(each.source, each.detail_type, each.detail, []) for each in lab.events]
    return [event for event in whole if rule.matches("lab-orders", event)]


def test_what_comes_twice_and_in_any_order_ends_as_the_order_did(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    assert decide(lab, quote(lab, order_id), "approve") == 200
    events = sent_by_rule(lab)
    assert [event["detail-type"] for event in events] == ["order.submitted", "order.completed"]
    header = RESOURCES["Connection"]["Properties"]["AuthParameters"]["ApiKeyAuthParameters"]["ApiKeyName"]
    shuffled = events * 3
    random.Random(7).shuffle(shuffled)
    with running() as (address, orders), loopback.client(headers={header: KEY}) as client:
        responses = [client.post(address, content=json.dumps(event)).status_code for event in shuffled]
    assert set(responses) == {204}
    assert orders.known[order_id]["status"] == "completed"
    assert orders.known[order_id]["totals"]["monthly"] == "40.00"


@pytest.mark.parametrize(
    ("key", "body", "status"),
    [("wrong", "{}", 401), (KEY, "no json", 400), (KEY, "[]", 400), (KEY, '{"detail": {}}', 400), (KEY, HALF, 400)],
)
def test_what_is_no_event_or_has_no_key_is_not_taken(key: str, body: str, status: int) -> None:
    with running() as (address, orders):
        assert loopback.post(address, content=body, headers={"x-api-key": key}).status_code == status
        again = loopback.post(address, content=body, headers={"x-api-key": key})
        assert again.status_code == status, "what was not taken once is not taken for known"
    assert orders.known == {}


def test_a_body_of_unknown_or_too_great_length_is_not_read() -> None:
    with running() as (address, _):
        chunks = iter([b"{}"])
        assert loopback.post(address, content=chunks, headers={"x-api-key": KEY}).status_code == 411
        large = loopback.post(address, content=b" " * 300_000, headers={"x-api-key": KEY})
        assert large.status_code == 413
