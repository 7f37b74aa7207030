"""Routes of the price lists: listing, reading and replacing them, as JSON or CSV, and their versions."""

import json
from functools import partial
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders.aws import price_store
from online_orders.aws.keys import prices_key
from online_orders.aws.version_store import Version
from online_orders.domain.csv_pages import dialect_for
from online_orders.domain.errors import NotFound
from online_orders.domain.prices import COLUMNS, parse_prices, parse_prices_csv, prices_csv
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
from online_orders.http.parameters import CurrencyCode, IfMatch, IfNoneMatch, Page, SpreadsheetQuery, VersionNumber
from online_orders.http.responses import Response
from online_orders.routes.versions import get_version, version_row, versions_page

PRICES_CSV = {
    "text/csv": {"type": "string", "description": f"RFC 4180, a header row, one row a price: {','.join(COLUMNS)}."}
}

router = Router()


@router.get(
    "/api/desk/price-lists",
    tags=["Price lists"],
    summary="List price lists",
    description="Every list by its currency, without its prices.",
    responses=response_spec("PriceListPage", "A page of price lists."),
)
def list_price_lists(staff: DeskReader, query: Annotated[Page, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, staff)
    page = price_store.list_price_lists(query.limit, cursor.position)
    return responses.page((row._asdict() for row in page.rows), "currency", page.position, cursor)


@router.get(
    "/api/desk/price-lists/<currency>",
    tags=["Price lists"],
    summary="Show a price list",
    description="With `Accept: text/csv` it comes as a table, which may be sent back.",
    responses=response_spec("PriceList", "The list.", headers=("ETag",), other=PRICES_CSV),
)
def show_price_list(
    _staff: DeskReader, currency: CurrencyCode, query: Annotated[SpreadsheetQuery, Query()], request: Request
) -> Response:
    listed = price_store.find_price_list(currency)
    if listed is None:
        raise NotFound(f"There is no price list in {currency}.")
    headers = responses.etag(listed.version)
    if requests.accepts(request, "text/csv"):
        table = prices_csv(listed.prices, dialect_for(query.spreadsheet))
        return responses.csv_response(table, f"prices-{currency}.csv", headers)
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
        "of their own. Of a table's faults, `detail` says the row. `If-None-Match: *` begins a list, `If-Match` "
        "changes the one that you have read."
    ),
    responses=response_spec("PriceList", "The list as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("in_progress"),
)
def put_price_list(
    staff: PriceManager,
    currency: CurrencyCode,
    sent: Annotated[JsonOrCsv, Depends(json_or_csv_body("PriceListRequest"))],
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Create or replace a whole list, from JSON or CSV; preconditions as for an account."""
    conditions = requests.preconditions(if_match, if_none_match)
    requested = parse_prices(sent.json, currency) if sent.csv is None else parse_prices_csv(sent.csv, currency)
    check = partial(conditions.check, f"a price list in {currency}")
    stored = price_store.replace_price_list(currency, requested, staff, check)
    return responses.json_response(stored.model_dump_json(), headers=responses.etag(stored.version))


@router.get(
    "/api/desk/price-lists/<currency>/versions",
    tags=["Price lists"],
    summary="List what has become of a price list",
    description="Every version that is kept, newest first: who stored it and when.",
    responses=response_spec("PriceListVersionPage", "A page of versions."),
)
def list_price_list_versions(
    staff: DeskReader, currency: CurrencyCode, query: Annotated[Page, Query()], request: Request
) -> Response:
    """Return the versions of a price list and who stored them; newest first."""

    def row(version: Version) -> dict[str, Any]:
        return {**version_row(version), "prices": len(json.loads(version.document)["prices"])}

    cursor = cursor_of(request, query, staff)
    return versions_page(prices_key(currency), f"price list in {currency}", row, query.limit, cursor)


@router.get(
    "/api/desk/price-lists/<currency>/versions/<version>",
    tags=["Price lists"],
    summary="Show a price list as it was",
    description="The whole list at a version.",
    responses=response_spec("PriceListVersion", "The version."),
)
def show_price_list_version(_staff: DeskReader, currency: CurrencyCode, version: VersionNumber) -> Response:
    found = get_version(prices_key(currency), version)
    return responses.json_response({**version_row(found), "price_list": json.loads(found.document)})
