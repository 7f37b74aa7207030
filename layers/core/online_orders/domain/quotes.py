"""Quotes: what Customer Success asks for an order, revision by revision; see `quote_requests` for how one is made."""

import hashlib
from datetime import date
from decimal import Decimal
from enum import StrEnum

import rfc8785

from online_orders.domain.values import Day, Entity, Instant


class Recurrence(StrEnum):
    ONCE = "once"
    MONTHLY = "monthly"
    YEARLY = "yearly"


class QuoteState(StrEnum):
    SENDING = "sending"
    OFFERED = "offered"
    APPROVED = "approved"
    DECLINED = "declined"
    CHANGE_REQUESTED = "change_requested"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    UNDELIVERABLE = "undeliverable"


DECIDABLE = frozenset({QuoteState.OFFERED, QuoteState.UNDELIVERABLE})
"""A revision that may be decided on. A bounce of one mail does not invalidate the link of another mail."""


class QuoteLine(Entity):
    item_id: str | None
    description: str
    quantity: int
    unit_price: Decimal
    recurrence: Recurrence
    amount: Decimal


class Totals(Entity):
    once: Decimal
    monthly: Decimal
    yearly: Decimal


class Quote(Entity):
    """One revision. Its content never changes, only its state and the two instants."""

    revision: int
    state: QuoteState
    currency: str
    valid_until: Day
    message: str | None
    terms: str
    sha256: str
    lines: tuple[QuoteLine, ...]
    totals: Totals
    confirmed_start_dates: dict[str, Day]
    offered_at: Instant | None = None
    decided_at: Instant | None = None

    @property
    def first_year_value(self) -> Decimal:
        """Return what the quote comes to in its first year: what is due once, twelve months, and a year."""
        return self.totals.once + 12 * self.totals.monthly + self.totals.yearly

    def is_past(self, today: date) -> bool:
        """Return whether the last day of validity is over; `today` is the account's."""
        return today > self.valid_until

    def content_hash(self, account_id: str, order_id: str) -> str:
        """Return the SHA-256 over the RFC 8785 form of everything that was offered; no person is in it."""
        offered = self.model_dump(
            mode="json",
            include={
                "revision",
                "currency",
                "lines",
                "totals",
                "valid_until",
                "message",
                "terms",
                "confirmed_start_dates",
            },
        )
        return hashlib.sha256(rfc8785.dumps({**offered, "order_id": order_id, "account_id": account_id})).hexdigest()
