"""Taxes: what an account's quotes are taxed by, as Customer Success keeps it; see `quote_amounts` for what it comes to.

They are imported with the first account or quote that has one (see `values.later_part`).
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from online_orders.domain.decimals import decimal_text, shortest
from online_orders.domain.values import BlankIsAbsent, Entity, Line, is_none

MAX_RATE = 100
MAX_RATE_DECIMALS = 3
MAX_LABEL_LENGTH = 40
MAX_SENTENCE_LENGTH = 300


class Treatment(StrEnum):
    RATE = "rate"
    REVERSE_CHARGE = "reverse_charge"
    """The buyer owes the tax."""
    EXEMPT = "exempt"


def _rate(value: Decimal) -> Decimal:
    exponent = shortest(value).as_tuple().exponent if 0 <= value <= MAX_RATE else None
    if not isinstance(exponent, int) or -exponent > MAX_RATE_DECIMALS:
        raise PydanticCustomError(
            "tax_rate_out_of_range",
            "a tax rate is from 0 to {most} percent, with {decimals} decimals at most",
            {"most": MAX_RATE, "decimals": MAX_RATE_DECIMALS},
        )
    return shortest(value)


Rate = Annotated[Decimal, BeforeValidator(decimal_text), AfterValidator(_rate)]


class Tax(Entity):
    """One tax: how a line or an account is treated, and what the paper says of it."""

    treatment: Treatment
    label: Annotated[
        Line, StringConstraints(max_length=MAX_LABEL_LENGTH), Field(description="What the paper calls it, as `VAT`.")
    ]
    rate: Annotated[
        Rate | None,
        Field(
            exclude_if=is_none,
            validate_default=True,
            description="Percent; needed for the treatment `rate`, and of no other.",
        ),
    ] = None
    sentence: Annotated[
        Annotated[Line, StringConstraints(max_length=MAX_SENTENCE_LENGTH)] | None,
        BlankIsAbsent,
        Field(exclude_if=is_none, description="What the paper has to say of it, as why no tax is charged."),
    ] = None

    @field_validator("rate")
    @classmethod
    def _goes_with_treatment(cls, rate: Decimal | None, others: ValidationInfo) -> Decimal | None:
        treatment = others.data.get("treatment")
        if treatment is Treatment.RATE and rate is None:
            raise PydanticCustomError("required", "the treatment rate needs a rate")
        if treatment not in {None, Treatment.RATE} and rate is not None:
            raise PydanticCustomError("not_allowed", "only the treatment rate has a rate")
        return rate
