"""The route of the audit trail, as pages of entries or as a table."""

from typing import Annotated
from zoneinfo import ZoneInfo

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from online_orders import clock
from online_orders.aws.audit_store import AuditFilter, list_audit
from online_orders.domain.audit import Subject
from online_orders.domain.audit_table import COLUMNS, audit_csv
from online_orders.domain.csv_pages import dialect_for
from online_orders.http import requests, responses
from online_orders.http.app import AuditReader, Router, cursor_of, response_spec
from online_orders.http.parameters import AccountQuery, DaysQuery, Page, SpreadsheetQuery, UserIdFilter
from online_orders.http.responses import Response

AUDIT_CSV = {
    "text/csv": {"type": "string", "description": f"RFC 4180, a header row, one row a change: {','.join(COLUMNS)}."}
}

router = Router()


class AuditQuery(SpreadsheetQuery, DaysQuery, AccountQuery, Page):
    """Which entries of the audit trail."""

    subject: Annotated[Subject | None, Field(description="What was changed.")] = None
    user_id: Annotated[UserIdFilter | None, Field(description="Changes by this user only.")] = None


@router.get(
    "/api/desk/audit",
    tags=["Audit"],
    summary="List what was changed, by whom and when",
    description=(
        "Every change of an account, a price list, the catalog, the standard terms, a person or a service user, "
        "newest first. A page may be short, also an empty one: go on until `next_cursor` is null. With "
        "`Accept: text/csv` the same page comes as a table, one row a change, and `Link` leads to the next one."
    ),
    responses=response_spec("AuditPage", "A page of entries.", headers=("Link",), other=AUDIT_CSV),
)
def list_audit_entries(auditor: AuditReader, query: Annotated[AuditQuery, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, auditor)
    audit_filter = AuditFilter(
        first_day=query.first_day,
        last_day=query.last_day,
        zone=ZoneInfo(query.time_zone),
        subject=query.subject,
        account_id=query.account_id,
        user_id=query.user_id,
    )
    page = list_audit(audit_filter, query.limit, cursor.position, clock.now().date())
    if requests.accepts(request, "text/csv"):
        table = audit_csv(page.entries, dialect_for(query.spreadsheet))
        link = responses.next_link(request, cursor.after(page.position))
        return responses.csv_response(table, "audit.csv", link)
    entries = (entry.model_dump(mode="json") for entry in page.entries)
    return responses.page(entries, "audit_id", page.position, cursor)
