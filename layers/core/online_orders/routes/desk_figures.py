"""The route of the figures, as JSON or as a table."""

from collections.abc import Mapping
from typing import Annotated

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from online_orders import clock
from online_orders.aws import catalog_store, figures_store
from online_orders.domain.catalog import text_in
from online_orders.domain.csv_pages import csv_text, dialect_for
from online_orders.domain.errors import BadRequest
from online_orders.domain.figures import COLUMNS, Dimension, Figures, figures_row, figures_table, months_between
from online_orders.domain.languages import FALLBACK
from online_orders.http import requests, responses
from online_orders.http.app import FiguresReader, Router, response_spec
from online_orders.http.parameters import SpreadsheetQuery
from online_orders.http.responses import Response

MAX_MONTHS = 36
DEFAULT_MONTHS = 12
_MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
FIGURES_CSV = {
    "text/csv": {
        "type": "string",
        "description": (
            f"RFC 4180, a header row, one row a month and key: {','.join(COLUMNS)}, and three columns for the value in "
            "each currency."
        ),
    }
}

router = Router()


class FiguresQuery(SpreadsheetQuery):
    """Which months, and by what the figures are told apart."""

    first_month: Annotated[
        Annotated[str, Field(pattern=_MONTH)] | None,
        Field(
            alias="from",
            description="The first month, YYYY-MM; without it, eleven months before the last.",
            json_schema_extra={"x-component": "first_month"},
        ),
    ] = None
    last_month: Annotated[
        Annotated[str, Field(pattern=_MONTH)] | None,
        Field(
            alias="to",
            description="The last month; without it, the present one, in UTC.",
            json_schema_extra={"x-component": "last_month"},
        ),
    ] = None
    by: Annotated[
        Dimension,
        Field(
            description=(
                "`person`: the assignee. `kind`: of item; an order of several kinds counts for each, in whole. "
                "`group`: of accounts, likewise."
            )
        ),
    ] = Dimension.ALL

    def months(self) -> tuple[str, ...]:
        """Return the months; raise BadRequest where there are none, or too many."""
        last = self.last_month or clock.now().date().isoformat()[:7]
        first = self.first_month or _months_before(last, DEFAULT_MONTHS - 1)
        months = months_between(first, last)
        if not 1 <= len(months) <= MAX_MONTHS:
            raise BadRequest("invalid_query", f"from and to are 1 to {MAX_MONTHS} months, the first one first.")
        return months


def _months_before(month: str, count: int) -> str:
    index = int(month[:4]) * 12 + int(month[5:]) - 1 - count
    return f"{index // 12:04}-{index % 12 + 1:02}"


@router.get(
    "/api/desk/figures",
    tags=["Figures"],
    summary="Show how many orders there were, how they ended, and how long each step took",
    description=(
        "Of the orders that were placed in each month, in the time zone of their accounts. Medians and percentiles "
        "come from counters in buckets, so they are about right. With `Accept: text/csv` the same numbers come as a "
        "table."
    ),
    responses=response_spec("Figures", "The figures.", other=FIGURES_CSV),
)
def show_figures(_reader: FiguresReader, query: Annotated[FiguresQuery, Query()], request: Request) -> Response:
    months = query.months()
    found = list(figures_store.read_figures(months, query.by))
    labels = _labels(query.by, sorted({key for _, of_month in found for key in of_month}))
    rows = [
        figures_row(month, key, labels.get(key), counts)
        for month, of_month in found
        for key, counts in of_month.items()
    ]
    figures = Figures(months=months, by=query.by, rows=tuple(rows))
    if requests.accepts(request, "text/csv"):
        dialect = dialect_for(query.spreadsheet)
        header, cells = figures_table(figures, dialect.decimal_mark)
        return responses.csv_response(csv_text(header, cells, dialect), f"figures-{query.by}.csv")
    return responses.json_response(figures.model_dump(mode="json"))


def _labels(by: Dimension, keys: list[str]) -> Mapping[str, str]:
    if by is Dimension.PERSON:
        return figures_store.names_of(keys)
    if by is Dimension.KIND:
        kinds = catalog_store.get_catalog().kinds
        return {key: kinds[key].label(FALLBACK) for key in keys if key in kinds}
    if by is Dimension.GROUP:
        groups = catalog_store.get_catalog().groups
        return {key: text_in(groups[key], FALLBACK) for key in keys if key in groups}
    return {}
