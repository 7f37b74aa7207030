"""The parameters of routes, in path, query and header, as the resolver validates and documents them; see
`desk_parameters` for those of the desk alone.
"""

import re
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Header, Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from online_orders.domain.accounts import is_time_zone
from online_orders.domain.errors import NotFound
from online_orders.domain.languages import LOCALES
from online_orders.domain.order_status import Status
from online_orders.domain.values import IDENTIFIER, MAX_LIMIT, MAX_TIME_ZONE_LENGTH, Day, is_identifier

if TYPE_CHECKING:
    from online_orders.domain.search_words import Search

MAX_IDEMPOTENCY_KEY_LENGTH = 255
MAX_USER_ID_LENGTH = 128
MAX_SEARCH_LENGTH = 200
DEFAULT_LIMIT = 25
MAX_REVISION = 9_999
_ETAG = r'(W/)?"[0-9]{1,9}"'
_ETAGS = rf"(\*|{_ETAG}(, *{_ETAG})*)"
_LENIENT_ETAGS = _ETAGS.replace('"', '"?').replace(", *", r"\s*,\s*")
"""What older clients send: tags without quotes, and blanks before a comma."""


def parse_account_id(text: str) -> str:
    """Return the id itself; raise NotFound for what cannot be an account's id."""
    if not is_identifier(text):
        raise NotFound(f"There is no account {text[:64]}.")
    return text


def parse_user_id(text: str) -> str:
    """Return the id itself; raise NotFound for one that is too long to be a user's, or a key of the table."""
    if len(text) > MAX_USER_ID_LENGTH:
        raise NotFound(f"There is no user {text[:64]}.")
    return text


def digits(value: Any) -> Any:
    """Return a number written in digits only; pydantic also takes a sign, white space and underscores."""
    if isinstance(value, str) and not re.fullmatch("[0-9]{1,9}", value):
        raise PydanticCustomError("malformed", "a number is written in digits")
    return value


def _flag(value: Any) -> Any:
    if isinstance(value, str) and value not in {"true", "false"}:
        raise PydanticCustomError("malformed", "it is true or false")
    return value


def _zone(text: str) -> str:
    if not is_time_zone(text):
        raise PydanticCustomError("not_allowed", "there is no such IANA time zone")
    return text


def _spreadsheet(text: str) -> str:
    if text not in LOCALES:
        raise PydanticCustomError("not_allowed", "it is one of {values}", {"values": ", ".join(LOCALES)})
    return text


def _user_id(text: str) -> str:
    if len(text) > MAX_USER_ID_LENGTH:
        raise PydanticCustomError("malformed", "it is me or a user's id")
    return text


UserIdFilter = Annotated[str, AfterValidator(_user_id)]


def _etags(text: str) -> str:
    if text.strip() and not re.fullmatch(_LENIENT_ETAGS, text.strip()):
        raise PydanticCustomError("malformed", "it holds ETags as they were answered, or *")
    return text


def _star(text: str) -> str:
    if text.strip() not in {"", "*"}:
        raise PydanticCustomError("malformed", "it is *")
    return text


# -- of paths -----------------------------------------------------------------------------------------------------

OrderId = Annotated[
    str,
    Path(
        description=(
            "The order's id, a ULID: ids sort as the orders were placed. Or its `number`, in any case, with or without "
            "hyphens and blanks."
        ),
    ),
]
"""Any text: an unknown order is found out where it is read."""
AccountId = Annotated[
    str, AfterValidator(parse_account_id), Path(description="The account.", json_schema_extra={"pattern": IDENTIFIER})
]
UserId = Annotated[
    str,
    AfterValidator(parse_user_id),
    Path(description="A person's or a service user's id, the `sub` of its tokens."),
]
"""Any text of a user id's length: an unknown person is found out where it is read."""
Revision = Annotated[int, Field(ge=1, le=MAX_REVISION), BeforeValidator(digits), Path(description="From 1.")]
DecisionSequence = Annotated[
    int, Field(ge=1), BeforeValidator(digits), Path(description="Of the timeline entry that tells of the decision.")
]

# -- of queries ---------------------------------------------------------------------------------------------------

Account = Annotated[str, AfterValidator(parse_account_id), Field(json_schema_extra={"pattern": IDENTIFIER})]


class QueryModel(BaseModel):
    """The parameters of a query; a route that takes one refuses all others."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, defer_build=True)


class NoQuery(QueryModel):
    """A query without parameters."""


class Page(QueryModel):
    """Which page of a list."""

    limit: Annotated[
        int,
        Field(ge=1, le=MAX_LIMIT, description="How many rows a page has at most."),
        BeforeValidator(digits),
    ] = DEFAULT_LIMIT
    cursor: Annotated[
        str | None,
        Field(description="The `next_cursor` of the page before; good for the same user and the same query only."),
    ] = None


class AccountQuery(QueryModel):
    account_id: Annotated[Account | None, Field(description="One account only.")] = None


class AccountPageQuery(AccountQuery, Page):
    """Which page of what an account has."""


class SearchQuery(QueryModel):
    """Which rows, by words."""

    search: Annotated[
        str | None,
        Field(
            max_length=MAX_SEARCH_LENGTH,
            description=(
                "Words, all of which a row must have, in any case and with or without accents. A word finds longer "
                "ones that begin like it; one of fewer than three characters does beside a longer word only. The best "
                "matches come first in a page, then the newest. A page may be short, and changes take seconds."
            ),
        ),
    ] = None

    @property
    def words(self) -> "Search | None":
        """Return what to search for; None where nothing is."""
        from online_orders.domain.search_words import Search  # not needed to place or read orders

        return Search.parse(self.search) if self.search and self.search.strip() else None


class SpreadsheetQuery(QueryModel):
    spreadsheet: Annotated[
        Annotated[str, AfterValidator(_spreadsheet)] | None,
        Field(
            json_schema_extra={"enum": [*LOCALES]},
            description=(
                "For `text/csv`: the language of the spreadsheet that is to open the file. There is a byte-order mark "
                "then and, for `de`, semicolons between the cells and commas before the decimals. Without it, CSV is "
                "for programs: commas, decimal points, no mark."
            ),
        ),
    ] = None


class OrderFilterQuery(QueryModel):
    account_id: Annotated[Account | None, Field(description="One account only.")] = None
    status: Annotated[Status | None, Field(description="One status only.")] = None
    open: Annotated[
        Annotated[bool, BeforeValidator(_flag)] | None,
        Field(description="Open orders only (`true`), or closed ones only (`false`)."),
    ] = None


class DaysQuery(QueryModel):
    """From which day to which; days of placing, in lists of orders."""

    first_day: Annotated[Day | None, Field(alias="from", description="The first day, in `time_zone`.")] = None
    last_day: Annotated[Day | None, Field(alias="to", description="The last day, in `time_zone`.")] = None
    time_zone: Annotated[
        str,
        AfterValidator(_zone),
        Field(
            max_length=MAX_TIME_ZONE_LENGTH,
            description=(
                "The IANA time zone of `from` and `to`, one for all rows. The screens send the one in which they "
                "show days."
            ),
        ),
    ] = "UTC"


class OrderQuery(SearchQuery, SpreadsheetQuery, DaysQuery, OrderFilterQuery, Page):
    """Which orders of a customer, by the days of placing."""

    purchase_order_number: Annotated[str | None, Field(description="This purchase order number only.")] = None


# -- of headers ---------------------------------------------------------------------------------------------------

IdempotencyKey = Annotated[
    str,
    StringConstraints(strip_whitespace=True),
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=MAX_IDEMPOTENCY_KEY_LENGTH,
        pattern="^[!-~]+$",
        description="Tells repetitions of one request from new ones; kept per account for at least 24 hours.",
    ),
]
IfMatch = Annotated[
    str | None,
    AfterValidator(_etags),
    Header(
        alias="If-Match",
        description="Versions, as ETags, on which the change is wanted; 412 on any other.",
        json_schema_extra={"pattern": f"^{_ETAGS}$"},
    ),
]
IfNoneMatch = Annotated[
    str | None,
    AfterValidator(_star),
    Header(
        alias="If-None-Match",
        description="`*`: create, and replace nothing; 412 where the thing exists.",
        json_schema_extra={"const": "*"},
    ),
]
IfNoneMatchTag = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        description="The ETag of what you have read: 304 without a body while it is the same.",
        json_schema_extra={"x-component": "If-None-Match-Tag"},
    ),
]
"""Of reading."""
