"""The numbers and tables that decide, beside those that the code has: whoever changes one says so twice."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from online_orders.domain import (
    accounts,
    approval_links,
    catalog,
    duplicates,
    errors,
    estimates,
    hand_over,
    money,
    order_status,
    orders,
    prices,
    questions,
    quote_requests,
    quote_rules,
    quotes,
    values,
)
from online_orders.domain.order_parts import OrderInternals
from online_orders.domain.order_schedule import Policy
from online_orders.domain.order_status import Status
from online_orders.domain.quotes import QuoteState
from tests.shipped_catalog import CATALOG
from tests.shipped_catalog import LIMITS as SHIPPED_LIMITS

LIMITS: dict[str, tuple[Any, Any]] = {
    "wrong codes that lock a link": (approval_links.WRONG_CODES_ALLOWED, 5),
    "items of an order": (catalog.MAX_ITEMS, 50),
    "years ahead of a start": (
        [
            rule.get("latest_years")
            for kind in CATALOG.kinds.values()
            for rule in kind.rules
            if rule["rule"] == "start_date_window"
        ],
        [2] * 6,
    ),
    "quantities": (SHIPPED_LIMITS, {"socket": 50, "ip_addresses": 256, "sdp_users": 50_000, "accessory": 50}),
    "days in which a completed upgrade is spoken of": (duplicates.RECENT, timedelta(days=30)),
    "faults that are told": (errors.MAX_FIELD_ERRORS, 1_000),
    "orders that an estimate can rest on": (estimates.MIN_ORDERS, 10),
    "of 100 orders, those that an estimate is of": (estimates.PERCENTILE, 90),
    "an amount": (money.MAX_AMOUNT, Decimal(1_000_000_000_000)),
    "bytes of an order": (orders.MAX_STORED_BYTES, 389_120),
    "hours for which a quote's mail is tried": (orders.QUOTE_MAIL_DEADLINE, timedelta(hours=24)),
    "prices of a list": (prices.MAX_PRICES, 500),
    "lines of a quote": (quote_requests.MAX_LINES, 200),
    "characters of a line": (quote_requests.MAX_DESCRIPTION_LENGTH, 200),
    "characters of terms": (quote_requests.MAX_TERMS_LENGTH, 10_000),
    "open questions about a quote": (questions.MAX_OPEN_QUESTIONS, 10),
    "questions about a quote": (questions.MAX_QUESTIONS, 45),
    "hand-overs of a quote": (hand_over.MAX_HAND_OVERS, 5),
    "years for which a quote is valid": (quote_rules.MAX_VALIDITY_YEARS, 2),
    "years ahead of a confirmed start": (quote_rules.MAX_START_YEARS, 5),
    "the first year of a date": (values.MIN_YEAR, 2_000),
    "what stands for the erased": ((accounts.ERASED, accounts.ERASED_EMAIL), ("[erased]", "erased@erased.invalid")),
    "an installation's patience": (Policy(), (3, 2, 14, 24, 72)),
}

ACTIONS = {
    "claim": "submitted in_process",
    "assign": "submitted in_process",
    "change the handling of": "submitted in_process pending_confirmation",
    "release": "in_process",
    "quote": "in_process pending_confirmation",
    "undo the quote of": "in_process pending_confirmation",
    "decline": "submitted in_process pending_confirmation",
    "withdraw": "submitted",
    "cancel": "submitted in_process pending_confirmation",
    "approve": "pending_confirmation",
    "request a change of": "pending_confirmation",
    "resend the quote of": "pending_confirmation",
    "ask for a fresh quote of": "in_process pending_confirmation",
    "ask for a fresh order mail of": "submitted in_process",
    "ask for a fresh quote mail of": "pending_confirmation",
    "lock a link of": "submitted in_process pending_confirmation",
    "comment on": "submitted in_process pending_confirmation",
    "ask a question about": "pending_confirmation",
    "answer a question about": "pending_confirmation",
    "hand over": "pending_confirmation",
    "decide on the hand-over of": "pending_confirmation",
    "decide on the discount of": "in_process pending_confirmation",
}


@pytest.mark.parametrize("what", LIMITS)
def test_a_limit_is_what_it_was(what: str) -> None:
    present, expected = LIMITS[what]
    assert present == expected


def test_an_action_may_be_taken_from_these_statuses_and_no_other() -> None:
    assert {action: set(statuses) for action, statuses in order_status.ALLOWED_STATUSES.items()} == {
        action: set(map(Status, statuses.split())) for action, statuses in ACTIONS.items()
    }


def test_an_order_is_open_until_it_is_completed_or_canceled() -> None:
    assert set(Status) - order_status.OPEN_STATUSES == {Status.COMPLETED, Status.CANCELED}


def test_a_revision_is_decided_while_it_is_on_offer() -> None:
    assert {QuoteState.OFFERED, QuoteState.UNDELIVERABLE} == quotes.DECIDABLE


def test_an_order_begins_with_one_live_link_and_nothing_mailed() -> None:
    internals = OrderInternals(sequence=1, locale="en", time_zone="UTC")
    texts = {name: value for name, value in internals.model_dump().items() if value}
    assert texts == {"sequence": 1, "locale": "en", "time_zone": "UTC", "order_link": 1}
