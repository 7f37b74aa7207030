"""Routes of the price lists: listing, reading and replacing them, as JSON or CSV, and their versions.

Each is about the default list of a currency or, with `account_id` or `group`, about an account's or a group's list.
"""

import json
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from online_orders.aws import price_store
from online_orders.aws.keys import prices_key
from online_orders.aws.version_store import Version
from online_orders.domain.catalog import Catalog
from online_orders.domain.csv_pages import dialect_for
from online_orders.domain.errors import BadRequest, NotFound
from online_orders.domain.prices import (
    COLUMNS,
    OPTIONAL_COLUMNS,
    ListPrice,
    PriceScope,
    parse_prices,
    parse_prices_csv,
    prices_csv,
)
from online_orders.http import requests, responses
from online_orders.http.app import (
    DeskReader,
    JsonOrCsv,
    PriceManager,
    Router,
    cursor_of,
    error_codes,
    json_or_csv_body,
    response_spec,
)
from online_orders.http.desk_parameters import CurrencyCode, PriceScopeQuery, VersionNumber
from online_orders.http.parameters import IfMatch, IfNoneMatch, Page, SpreadsheetQuery
from online_orders.http.responses import Response
from online_orders.routes.versions import get_version, version_row, versions_page

PRICES_CSV = {
    "text/csv": {
        "type": "string",
        "description": (
            f"RFC 4180, a header row, one row a price: {','.join(COLUMNS)} and, where a price has them, "
            f"{','.join(OPTIONAL_COLUMNS)}."
        ),
    }
}

router = Router()


class PriceListQuery(SpreadsheetQuery, PriceScopeQuery):
    """Whose price list, and for which spreadsheet."""


class PriceListVersionsQuery(PriceScopeQuery, Page):
    """Which versions, of whose price list."""


class PriceListsQuery(PriceScopeQuery, Page):
    """Which price lists."""

    scope: Annotated[
        Literal["account", "group"] | None,
        Field(description="The lists of all accounts, or of all groups, in place of the default ones."),
    ] = None


def scope_of(query: PriceScopeQuery) -> PriceScope:
    """Return whose list a query is about; raise BadRequest when it names both an account and a group."""
    if query.account_id and query.group:
        raise BadRequest("invalid_query", "A price list is of an account or of a group: send one of the two.")
    return PriceScope(query.account_id, query.group)


@router.get(
    "/api/desk/price-lists",
    tags=["Price lists"],
    summary="List price lists",
    description=(
        "Every default list by its currency, without its prices. With `scope` the lists of all accounts or of all "
        "groups come, with `account_id` or `group` those of one; their rows name the account or the group. Send one of "
        "the three at most."
    ),
    responses=response_spec("PriceListPage", "A page of price lists."),
)
def list_price_lists(staff: DeskReader, query: Annotated[PriceListsQuery, Query()], request: Request) -> Response:
    scope = scope_of(query)
    if query.scope and any(scope):
        raise BadRequest("invalid_query", "Send one of scope, account_id and group.")
    cursor = cursor_of(request, query, staff)
    page = price_store.list_price_lists(query.limit, cursor.position, query.scope or scope.name, scope)
    # Rows are far too small for a page to be cut, which is what the member that names a position is for.
    return responses.page((row.body() for row in page.rows), "currency", page.position, cursor)


@router.get(
    "/api/desk/price-lists/<currency>",
    tags=["Price lists"],
    summary="Show a price list",
    description="With `Accept: text/csv` it comes as a table, which may be sent back.",
    responses=response_spec("PriceList", "The list.", headers=("ETag",), other=PRICES_CSV),
)
def show_price_list(
    _staff: DeskReader, currency: CurrencyCode, query: Annotated[PriceListQuery, Query()], request: Request
) -> Response:
    scope = scope_of(query)
    listed = price_store.find_price_list(currency, scope)
    if listed is None:
        raise NotFound(f"There is no {_name(currency, scope)}.")
    headers = responses.etag(listed.version)
    if requests.accepts(request, "text/csv"):
        table = prices_csv(listed.prices, dialect_for(query.spreadsheet))
        owner = "".join(f"-{each}" for each in scope if each)
        return responses.csv_response(table, f"prices-{currency}{owner}.csv", headers)
    return responses.json_response(listed.model_dump_json(), headers=headers)


@router.put(
    "/api/desk/price-lists/<currency>",
    tags=["Price lists"],
    summary="Create or replace a price list",
    description=(
        "The body is the whole list, as reading it answers it, or a table (`Content-Type: text/csv`) whose first "
        "row names the columns, parted by comma, semicolon or tab, in UTF-8; a table without prices is refused. A "
        "comma may stand before the decimals. `variant` tells prices of one kind apart: a socket's model, an "
        "accessory's type, a region, a bandwidth step. A price without one is for all of its kind that have none "
        "of their own. A price with `valid_from` is used from that day on; one with `from_quantity` for items of that "
        "quantity at least. With `account_id` or `group` it is the list of one account or group, whose prices go "
        "before those of the default list. Of a table's faults, `detail` says the row. `If-None-Match: *` begins a "
        "list, `If-Match` changes the one that you have read."
    ),
    responses=response_spec("PriceList", "The list as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("in_progress"),
)
def put_price_list(
    staff: PriceManager,
    currency: CurrencyCode,
    query: Annotated[PriceScopeQuery, Query()],
    sent: Annotated[JsonOrCsv, Depends(json_or_csv_body("PriceListRequest"))],
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Create or replace a whole list, from JSON or CSV; preconditions as for an account."""
    conditions = requests.preconditions(if_match, if_none_match)
    scope = scope_of(query)

    def parse(catalog: Catalog, kept: Collection[ListPrice]) -> tuple[ListPrice, ...]:
        if sent.csv is None:
            return parse_prices(sent.json, currency, catalog=catalog, kept=kept)
        return parse_prices_csv(sent.csv, currency, catalog=catalog, kept=kept)

    check = partial(conditions.check, f"a {_name(currency, scope)}")
    stored = price_store.replace_price_list(currency, parse, staff, check, scope)
    return responses.json_response(stored.model_dump_json(), headers=responses.etag(stored.version))


def _name(currency: str, scope: PriceScope) -> str:
    return f"price list{scope.phrase} in {currency}"


@router.get(
    "/api/desk/price-lists/<currency>/versions",
    tags=["Price lists"],
    summary="List what has become of a price list",
    description="Every version that is kept, newest first: who stored it and when.",
    responses=response_spec("PriceListVersionPage", "A page of versions."),
)
def list_price_list_versions(
    staff: DeskReader, currency: CurrencyCode, query: Annotated[PriceListVersionsQuery, Query()], request: Request
) -> Response:
    """Return the versions of a price list and who stored them; newest first."""

    def row(version: Version) -> dict[str, Any]:
        return {**version_row(version), "prices": len(json.loads(version.document)["prices"])}

    scope = scope_of(query)
    cursor = cursor_of(request, query, staff)
    return versions_page(prices_key(currency, *scope), _name(currency, scope), row, query.limit, cursor)


@router.get(
    "/api/desk/price-lists/<currency>/versions/<version>",
    tags=["Price lists"],
    summary="Show a price list as it was",
    description="The whole list at a version.",
    responses=response_spec("PriceListVersion", "The version."),
)
def show_price_list_version(
    _staff: DeskReader, currency: CurrencyCode, version: VersionNumber, query: Annotated[PriceScopeQuery, Query()]
) -> Response:
    found = get_version(prices_key(currency, *scope_of(query)), version)
    return responses.json_response({**version_row(found), "price_list": json.loads(found.document)})
