"""Quotes: what Customer Success asks for an order, revision by revision; see `quote_requests` for how one is made."""

import hashlib
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import rfc8785
from pydantic import Field

from online_orders.domain.values import Day, Entity, Instant, is_none, later_part

if TYPE_CHECKING:
    from online_orders.domain.quote_parts import Accepted, Buyer, Discount, Proration, TaxAmount, TermsVersion
    from online_orders.domain.taxes import Tax
else:
    Accepted = later_part("Accepted", "quote_parts")
    Buyer = later_part("Buyer", "quote_parts")
    Discount = later_part("Discount", "quote_parts")
    Proration = later_part("Proration", "quote_parts")
    TaxAmount = later_part("TaxAmount", "quote_parts")
    TermsVersion = later_part("TermsVersion", "quote_parts")
    Tax = later_part("Tax", "taxes")


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
    recurrence: Annotated[
        Recurrence,
        Field(description="How often it is charged; of a line with `prorate`, what the unit price is for."),
    ]
    amount: Annotated[Decimal, Field(description="Net, after the line's discount.")]
    list_amount: Annotated[
        Decimal | None, Field(exclude_if=is_none, description="Before the line's discount; left out without one.")
    ] = None
    discount: Annotated[Discount | None, Field(exclude_if=is_none)] = None
    starts_on: Annotated[Day | None, Field(exclude_if=is_none)] = None
    ends_on: Annotated[Day | None, Field(exclude_if=is_none, description="The last day.")] = None
    term_months: Annotated[int | None, Field(exclude_if=is_none)] = None
    prorate: Annotated[
        bool,
        Field(
            exclude_if=lambda prorated: not prorated,
            description="Whether it is charged once, for the days from `starts_on` through `ends_on` alone.",
        ),
    ] = False
    proration: Annotated[Proration | None, Field(exclude_if=is_none)] = None
    optional: Annotated[
        bool,
        Field(
            exclude_if=lambda optional: not optional,
            description="Whether the contact person may choose it or leave it.",
        ),
    ] = False
    option_group: Annotated[
        str | None, Field(exclude_if=is_none, description="Of the optional lines of one group, one may be chosen.")
    ] = None
    selected: Annotated[
        bool,
        Field(exclude_if=lambda selected: not selected, description="Whether the optional line is offered as chosen."),
    ] = False
    message: Annotated[str | None, Field(exclude_if=is_none)] = None
    tax: Annotated[Tax | None, Field(exclude_if=is_none)] = None


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
    discount: Annotated[Discount | None, Field(exclude_if=is_none)] = None
    discount_amounts: Annotated[
        Totals | None, Field(exclude_if=is_none, description="What the discount takes off each total.")
    ] = None
    common_end_on: Annotated[
        Day | None, Field(exclude_if=is_none, description="Through which day lines with `prorate` run.")
    ] = None
    taxes: Annotated[
        tuple[TaxAmount, ...], Field(exclude_if=lambda taxes: not taxes, description="On the totals, which are net.")
    ] = ()
    gross_totals: Annotated[
        Totals | None, Field(exclude_if=is_none, description="With taxes; left out where no line has any.")
    ] = None
    tax_sentences: Annotated[
        tuple[str, ...],
        Field(exclude_if=lambda sentences: not sentences, description="What the paper says of the lines' taxes."),
    ] = ()
    buyer: Annotated[Buyer | None, Field(exclude_if=is_none)] = None
    terms_version: Annotated[
        TermsVersion | None,
        Field(exclude_if=is_none, description="Of the terms, where they are one of the installation's own texts."),
    ] = None
    letterhead_version: Annotated[
        int | None, Field(exclude_if=is_none, description="Of the letterhead that its paper has.")
    ] = None
    accepted: Annotated[Accepted | None, Field(exclude_if=is_none)] = None

    @property
    def first_year_value(self) -> Decimal:
        """Return what the quote comes to in its first year: what is due once, twelve months, and a year."""
        return self.totals.once + 12 * self.totals.monthly + self.totals.yearly

    def is_past(self, today: date) -> bool:
        """Return whether the last day of validity is over; `today` is the account's."""
        return today > self.valid_until

    def completed(self, account_id: str, order_id: str, **members: Any) -> "Quote":
        """Return the revision with further members, and with the hash of all that is offered then."""
        quote = self.model_copy(update=members)
        return quote.model_copy(update={"sha256": quote.content_hash(account_id, order_id)})

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
