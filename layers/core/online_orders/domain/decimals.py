"""Decimals as they are sent in a quote: amounts and percentages, in digits and never in binary floating point."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from online_orders.domain import money

_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
MAX_PERCENT = 100
MAX_PERCENT_DECIMALS = 4


def decimal_text(value: Any) -> Any:
    """Convert a decimal string or an exactly read JSON number; binary floating point is not accepted."""
    if isinstance(value, (float, bool)):
        return None
    if isinstance(value, str) and not _AMOUNT.fullmatch(value):
        raise PydanticCustomError("malformed", "an amount is written in digits, with a point before its decimals")
    return value


def shortest(value: Decimal) -> Decimal:
    """Return the same number without zeros at its end: "5" for "5.00", so that it is written in one way."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def _percent(value: Decimal) -> Decimal:
    value = shortest(value)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MAX_PERCENT_DECIMALS:
        raise PydanticCustomError(
            "too_many_decimals", "a percentage has {most} decimals at most", {"most": MAX_PERCENT_DECIMALS}
        )
    return value


Price = Annotated[Decimal, BeforeValidator(decimal_text), Field(gt=-money.MAX_AMOUNT, lt=money.MAX_AMOUNT)]
PositivePrice = Annotated[Decimal, BeforeValidator(decimal_text), Field(gt=0, lt=money.MAX_AMOUNT)]
Cost = Annotated[Decimal, BeforeValidator(decimal_text), Field(ge=0, lt=money.MAX_AMOUNT)]
PercentOrZero = Annotated[Decimal, BeforeValidator(decimal_text), Field(ge=0, le=MAX_PERCENT), AfterValidator(_percent)]
Percent = Annotated[Decimal, BeforeValidator(decimal_text), Field(gt=0, le=MAX_PERCENT), AfterValidator(_percent)]
