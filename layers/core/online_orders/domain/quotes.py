"""Quotes: what Customer Success asks for an order, revision by revision; see `quote_requests` for how one is made."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import rfc8785
from pydantic import Field

from online_orders.domain.values import Day, Entity, Instant, is_false, is_none, later_part

if TYPE_CHECKING:
    from online_orders.domain.quote_amounts import Priced
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
            exclude_if=is_false,
            description="Whether it is charged once, for the days from `starts_on` through `ends_on` alone.",
        ),
    ] = False
    proration: Annotated[Proration | None, Field(exclude_if=is_none)] = None
    optional: Annotated[
        bool,
        Field(
            exclude_if=is_false,
            description="Whether the contact person may choose it or leave it.",
        ),
    ] = False
    option_group: Annotated[
        str | None, Field(exclude_if=is_none, description="Of the optional lines of one group, one may be chosen.")
    ] = None
    selected: Annotated[
        bool,
        Field(exclude_if=is_false, description="Whether the optional line is offered as chosen."),
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
        totals = self.final_totals
        return totals.once + 12 * totals.monthly + totals.yearly

    @property
    def final_totals(self) -> Totals:
        """Return the net totals of what was accepted or, before that, of what is offered as chosen."""
        return self.accepted.totals if self.accepted else self.totals

    @property
    def options(self) -> Mapping[str, QuoteLine]:
        """Return the optional lines by their ids, which are their places among the lines, from "1"."""
        return {str(number): line for number, line in enumerate(self.lines, start=1) if line.optional}

    @property
    def offered_options(self) -> tuple[str, ...]:
        """Return the ids of the optional lines that are offered as chosen."""
        return tuple(number for number, line in self.options.items() if line.selected)

    def priced_with(self, options: Collection[str]) -> "Priced":
        """Return what the quote comes to with these of its optional lines alone; raise the errors of
        `quote_amounts.check_options`.
        """
        from online_orders.domain import quote_amounts  # which most quotes that are read do not need

        return quote_amounts.priced_with(self, options)

    def accepted_with(
        self, options: Collection[str] | None, purchase_order_number: str | None, account_id: str, order_id: str
    ) -> "Quote":
        """Return the revision with what was accepted of it: these of its options, or None for those that are offered
        as chosen, and under this number.
        """
        from online_orders.domain import quote_amounts

        chosen = self.offered_options if options is None else options
        accepted = quote_amounts.accepted(self, chosen, purchase_order_number, account_id, order_id)
        return self.model_copy(update={"accepted": accepted})

    def is_past(self, today: date) -> bool:
        """Return whether the last day of validity is over; `today` is the account's."""
        return today > self.valid_until

    def content_hash(self, account_id: str, order_id: str) -> str:
        """Return the SHA-256 over the RFC 8785 form of everything that was offered; no person is in it."""
        offered = self.model_dump(mode="json", exclude=_NOT_OFFERED)
        return hashlib.sha256(rfc8785.dumps({**offered, "order_id": order_id, "account_id": account_id})).hexdigest()


_NOT_OFFERED = {"state", "sha256", "offered_at", "decided_at", "accepted"}
"""What a revision has come to since, and the hash itself."""
