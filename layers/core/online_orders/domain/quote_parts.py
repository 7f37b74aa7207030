"""Parts that only some quotes have: discounts, periods, taxes, the buyer's particulars, and what was accepted.

They are imported with the first quote that has one (see `values.later_part`): an order without waits for none.
"""

import hashlib
from decimal import Decimal
from typing import Annotated

import rfc8785
from pydantic import Field

from online_orders.domain.decimals import Percent
from online_orders.domain.quotes import Recurrence, Totals
from online_orders.domain.taxes import Treatment
from online_orders.domain.values import Entity, is_none


class Discount(Entity):
    """Of a line or a whole quote: a percentage, or an amount."""

    percent: Annotated[Percent | None, Field(exclude_if=is_none)] = None
    amount: Annotated[Decimal | None, Field(exclude_if=is_none)] = None
    recurrence: Annotated[
        Recurrence | None, Field(exclude_if=is_none, description="From which total of the quote the amount goes off.")
    ] = None


class Proration(Entity):
    """How long a part of a period is: whole months, and days of the month that begins after them."""

    months: int
    days: int
    days_in_month: int


class TaxAmount(Entity):
    """What one tax comes to, of what is charged in one recurrence."""

    label: str
    treatment: Annotated[
        Treatment | None,
        Field(exclude_if=is_none, description="Left out for a tax with a rate."),
    ] = None
    rate: Annotated[Decimal, Field(description="Percent; 0 where none is charged.")]
    recurrence: Recurrence
    net: Annotated[Decimal, Field(description="Of the lines with this tax, after all discounts.")]
    amount: Decimal


class Buyer(Entity):
    """What the account wants on its invoices, as it was when the quote was made."""

    billing_address: Annotated[str | None, Field(exclude_if=is_none)] = None
    tax_number: Annotated[str | None, Field(exclude_if=is_none)] = None


class TermsVersion(Entity):
    """Which version of the installation's texts in a language the terms are.

    For which group of accounts the text was written is not said: customers get the whole of a quote, and how the vendor
    groups them is the desk's alone.
    """

    locale: str
    version: int


class Accepted(Entity):
    """What the contact person has accepted of a revision, where that is not the whole as it was offered."""

    options: Annotated[tuple[str, ...], Field(description="The ids of the optional lines that were chosen.")]
    totals: Totals
    taxes: Annotated[tuple[TaxAmount, ...], Field(exclude_if=lambda taxes: not taxes)] = ()
    gross_totals: Annotated[Totals | None, Field(exclude_if=is_none)] = None
    purchase_order_number: Annotated[
        str | None, Field(exclude_if=is_none, description="As it was given with the approval.")
    ] = None
    sha256: str

    def content_hash(self, order_id: str, account_id: str, revision: int, quote_sha256: str) -> str:
        """Return the SHA-256 over the RFC 8785 form of what was accepted of the revision with this hash."""
        content = {
            **self.model_dump(mode="json", exclude={"sha256"}),
            "order_id": order_id,
            "account_id": account_id,
            "revision": revision,
            "quote_sha256": quote_sha256,
        }
        return hashlib.sha256(rfc8785.dumps(content)).hexdigest()
