"""The parameters that only routes of the desk have, in path and query; see `parameters` for all others."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from online_orders.domain.accounts import Currency
from online_orders.domain.errors import NotFound
from online_orders.domain.iso import MINOR_DIGITS
from online_orders.domain.languages import FALLBACK, LOCALES
from online_orders.domain.order_parts import Priority
from online_orders.domain.values import IDENTIFIER, Day, is_identifier
from online_orders.http.parameters import (
    AccountQuery,
    OrderFilterQuery,
    Page,
    QueryModel,
    SearchQuery,
    UserIdFilter,
    digits,
)

MAX_VERSION = 99_999_999
_AMOUNT = r"^[0-9]{1,12}(\.[0-9]{1,3})?$"


def parse_group(text: str) -> str:
    """Return the group itself; raise NotFound for what cannot be a group's id."""
    if not is_identifier(text):
        raise NotFound(f"There is no group {text[:64]}.")
    return text


def parse_locale(text: str) -> str:
    """Return the locale itself; raise an error for one without texts."""
    if text not in LOCALES:
        raise PydanticCustomError("not_allowed", "it is one of {values}", {"values": ", ".join(LOCALES)})
    return text


def parse_currency(text: str) -> str:
    """Return the code itself; raise NotFound for what is no ISO 4217 currency."""
    if text not in MINOR_DIGITS:
        raise NotFound(f"There is no currency {text[:64]}.")
    return text


def _amount(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_AMOUNT, value):
        raise PydanticCustomError("malformed", "an amount is written in digits, with a point before the decimals")
    return value


# -- of paths -----------------------------------------------------------------------------------------------------

CurrencyCode = Annotated[
    str, AfterValidator(parse_currency), Path(description="ISO 4217.", json_schema_extra={"x-stands-for": "Currency"})
]
CatalogVersionNumber = Annotated[
    int,
    Field(ge=0, le=MAX_VERSION),
    BeforeValidator(digits),
    Path(description="From 1; 0 is the catalog that ships.", json_schema_extra={"x-component": "path_catalog_version"}),
]
VersionNumber = Annotated[int, Field(ge=1, le=MAX_VERSION), BeforeValidator(digits), Path(description="From 1.")]

# -- of queries ---------------------------------------------------------------------------------------------------

Group = Annotated[str, AfterValidator(parse_group), Field(json_schema_extra={"pattern": IDENTIFIER})]
Amount = Annotated[Decimal, BeforeValidator(_amount), WithJsonSchema({"type": "string", "pattern": _AMOUNT})]


class PriceScopeQuery(AccountQuery):
    """Whose price list: an account's, a group's or, with neither, the default one."""

    group: Annotated[Group | None, Field(description="One group of accounts only.")] = None


class LocaleQuery(QueryModel):
    locale: Annotated[
        Annotated[str, AfterValidator(parse_locale)],
        Field(description="The language.", json_schema_extra={"enum": [*LOCALES]}),
    ] = FALLBACK


class CurrencyQuery(QueryModel):
    currency: Annotated[
        Currency | None,
        Field(description="From the price list in this currency, also where there is a quote."),
    ] = None


class AccountListQuery(SearchQuery, Page):
    """Which accounts of the desk."""

    group: Annotated[
        Annotated[str, Field(pattern=IDENTIFIER)] | None, Field(description="One group of accounts only.")
    ] = None


class ComparisonQuery(QueryModel):
    compared_with: Annotated[
        Annotated[int, Field(ge=0, le=MAX_VERSION), BeforeValidator(digits)] | None,
        Field(description="Another version: then `changes` lists what differs from it."),
    ] = None


class DeskOrderQuery(SearchQuery, OrderFilterQuery, Page):
    """Which orders of the queue."""

    kind: Annotated[
        Annotated[str, Field(pattern=IDENTIFIER)] | None, Field(description="With an item of this kind only.")
    ] = None
    group: Annotated[
        Annotated[str, Field(pattern=IDENTIFIER)] | None,
        Field(
            description="Of accounts that are in this group now only.",
            json_schema_extra={"x-component": "account_group"},
        ),
    ] = None
    amount_from: Annotated[
        Amount | None,
        Field(
            description=(
                "Quoted at this amount or more in the first year: what is due once, twelve months, and a year. Orders "
                "without a quote are left out."
            )
        ),
    ] = None
    amount_to: Annotated[Amount | None, Field(description="Quoted at this amount or less in the first year.")] = None
    currency: Annotated[
        Currency | None,
        Field(description="Quoted in this currency only.", json_schema_extra={"x-component": "quoted_in"}),
    ] = None
    first_day: Annotated[
        Day | None,
        Field(
            alias="from",
            description="The first day of placing, in the account's time zone.",
            json_schema_extra={"x-component": "placed_from"},
        ),
    ] = None
    last_day: Annotated[
        Day | None,
        Field(
            alias="to",
            description="The last day of placing, in the account's time zone.",
            json_schema_extra={"x-component": "placed_to"},
        ),
    ] = None
    team: Annotated[
        Annotated[str, Field(pattern=IDENTIFIER)] | None, Field(description="One team's only, by its id.")
    ] = None
    priority: Annotated[Priority | None, Field(description="Of one priority only.")] = None
    follow_up: Annotated[
        Literal["due", "waiting", "now"] | None,
        Field(
            description=(
                "`due`: the day to follow up has come; `waiting`: it is still to come; `now`: all but those that wait."
            )
        ),
    ] = None

    assignee: Annotated[
        UserIdFilter | None,
        Field(description="One assignee only: a user's id, or `me`."),
    ] = None
