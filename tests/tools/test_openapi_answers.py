"""What the code really shows is what the document says, for every kind of item, status, state and event."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from online_orders.domain import order_delivery
from online_orders.domain.catalog import catalog_body, shipped
from online_orders.domain.estimates import BUCKET_DAYS, MIN_ORDERS
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change, Order
from online_orders.domain.prices import draft_from_revision
from online_orders.domain.quote_requests import parse_quote
from online_orders.domain.quotes import Quote, QuoteState
from online_orders.domain.representations import desk_row, entry_body, order_body, quote_body
from online_orders.domain.timeline import SYSTEM, Actor, Entry, Event
from online_orders.http import problems
from tests.tools.described import at, faults, followed, operations, schema
from tools.openapi import examples
from tools.openapi.refusals import ALL, Refusal

HISTORY = {(kind, status.value): [MIN_ORDERS] * len(BUCKET_DAYS) for kind in shipped().kinds for status in Status}
LATER = examples.PLACED_AT + timedelta(days=1)


def order_of_every_kind() -> Order:
    return examples.placed(examples.EVERY_KIND).order


def quote_of(order: Order, **changes: Any) -> Quote:
    """A revision in which every item has a line and a confirmed date."""
    ids = [str(number) for number in range(1, len(order.items) + 1)]
    line = {"description": "Item", "quantity": 1, "unit_price": "1234.5", "recurrence": "once"}
    return parse_quote(
        {
            "valid_until": "2027-01-01",
            "lines": [{"item_id": item_id, **line} for item_id in ids],
            "confirmed_start_dates": dict.fromkeys(ids, "2027-02-01"),
            **changes,
        },
        order_id=order.order_id,
        account_id=order.account_id,
        revision=1,
        items=len(ids),
        currency="EUR",
        terms="Net of taxes.",
        today=date(2026, 11, 22),
    )


def orders_of_every_status() -> dict[Status, Order]:
    submitted = order_of_every_kind()
    in_process = submitted.claim(examples.STAFF, LATER).order
    sending = in_process.offer(quote_of(in_process), examples.STAFF, LATER).order
    pending = order_delivery.quote_mailed(sending, 1, examples.KEY_ID, LATER).order
    return {
        Status.SUBMITTED: submitted,
        Status.IN_PROCESS: in_process,
        Status.PENDING_CONFIRMATION: pending,
        Status.COMPLETED: pending.approve("Dana Contact", LATER).order,
        Status.CANCELED: pending.decline(examples.STAFF, "Out of stock.", LATER).order,
    }


@pytest.mark.parametrize("history", [{}, HISTORY], ids=["no history", "history"])
@pytest.mark.parametrize("status", Status)
def test_an_order_of_every_kind_of_item_is_as_described(status: Status, history: dict[Any, Any]) -> None:
    order = orders_of_every_status()[status]
    assert order.status is status
    assert [item.kind for item in order.items] == list(shipped().kinds)
    assert faults(order_body(order, history, LATER), schema("Order")) == []
    assert faults(desk_row(order, history, LATER), schema("DeskOrder")) == []


def test_a_member_that_nobody_described_is_a_fault() -> None:
    body = order_body(order_of_every_kind(), {}, LATER)
    assert faults({**body, "marks": {}}, schema("Order"))
    assert faults({name: value for name, value in body.items() if name != "assignee"}, schema("Order"))
    assert faults({**body, "placed_at": "2026-11-22 10:00"}, schema("Order"))
    assert faults(body, schema("DeskOrder"))


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
@pytest.mark.parametrize("state", QuoteState)
def test_a_quote_of_every_state_is_as_described(state: QuoteState, currency: str) -> None:
    order = order_of_every_kind()
    discount = {"description": "Less", "quantity": 1, "unit_price": -5, "recurrence": "yearly"}
    pricey = {"item_id": "1", "description": "More", "quantity": 1, "unit_price": 999_999, "recurrence": "yearly"}
    lines = [
        *({**pricey, "item_id": str(number)} for number in range(1, len(order.items) + 1)),
        discount,
    ]
    quote = quote_of(order, currency=currency, lines=lines).model_copy(update={"state": state})
    for decided_at in (None, LATER):
        shown = quote_body(quote.model_copy(update={"offered_at": LATER, "decided_at": decided_at}), LATER.date())
        assert faults(shown, schema("Quote")) == []


def test_a_quote_with_everything_is_as_described() -> None:
    order = order_of_every_kind().claim(examples.STAFF, LATER).order
    line = {"description": "Item", "quantity": 1, "unit_price": "100", "recurrence": "yearly"}
    ids = [str(number) for number in range(1, len(order.items) + 1)]
    tax = {"treatment": "rate", "label": "VAT", "rate": "7.125", "sentence": "As agreed."}
    lines = [
        *({"item_id": item_id, **line} for item_id in ids),
        {**line, "starts_on": "2027-01-31", "prorate": True, "discount": {"percent": "33.3333"}, "message": "x"},
        {**line, "starts_on": "2027-01-01", "term_months": 12, "discount": {"amount": "1"}},
        {**line, "optional": True, "option_group": "a", "selected": True, "tax": {"treatment": "exempt", "label": "x"}},
    ]
    quote = quote_of(
        order, lines=lines, tax=tax, discount={"percent": "0.0001"}, common_end_on="2027-12-31"
    ).accepted_with(None, "PO-1", order.account_id, order.order_id)
    assert {*quote.model_dump(mode="json")} == {*Quote.model_fields} - {"buyer", "terms_version", "letterhead_version"}
    assert faults(quote_body(quote, date(2026, 11, 22)), schema("Quote")) == []
    draft = draft_from_revision(quote, today=date(2026, 11, 22), valid_until=date(2027, 1, 1))
    assert faults(draft.model_dump(mode="json"), schema("QuoteDraft")) == []
    assert faults(draft.model_dump(mode="json"), schema("NewQuote")) == []


@pytest.mark.parametrize("event", Event)
def test_an_entry_of_every_event_is_as_described(event: Event) -> None:
    for actor in (SYSTEM, Actor(kind="contact", name="Dana Contact")):
        entry = Entry(sequence=1, at=LATER, actor=actor, event=event, data={"revision": 1}, internal=True)
        assert faults(entry_body(entry), schema("Entry")) == []


def test_entries_of_an_order_are_as_described() -> None:
    change: Change = examples.placed(examples.EVERY_KIND)
    for entry in (*change.entries, *examples.story().entries):
        assert faults(entry_body(entry), schema("Entry")) == []


def test_the_catalog_is_as_described() -> None:
    assert faults(catalog_body(shipped()), schema("Catalog")) == []


def test_an_account_is_as_described_with_and_without_what_may_be_absent() -> None:
    full = examples.account().model_dump(mode="json")
    bare = {**full, "enrollment": None, "sites": []}
    outgoing = {"letter_received_on": "2026-01-15", "contact": None, "state": "suspended"}
    for body in (full, bare, {**full, "enrollment": outgoing}):
        assert faults(body, schema("Account")) == []
    assert faults({**bare, "locale": "fr"}, schema("Account"))


@pytest.mark.parametrize("refusal", ALL, ids=lambda refusal: refusal.code)
def test_a_refusal_is_as_every_response_with_its_code_says(refusal: Refusal) -> None:
    result = problems.problem(refusal.error)
    body = json.loads(result.body or "")
    found = 0
    for _, _, operation in operations():
        for status, response in operation["responses"].items():
            problem = followed(response).get("content", {}).get("application/problem+json", {})
            if refusal.code not in problem.get("examples", {}):
                continue
            found += 1
            assert int(status) == result.status_code
            location = ("components", "responses", response["$ref"].split("/")[-1])
            assert faults(body, (*location, "content", "application/problem+json", "schema")) == []
            assert set(at(location).get("headers", {})) >= set(refusal.error.headers())
    assert found
