"""Reports that a contact person is out of date; Customer Success is told of each by mail."""

from __future__ import annotations

from datetime import datetime, timedelta

from online_orders.accounts import ContactReport
from online_orders.aws.dynamodb import call, get, number, text
from online_orders.aws.keys import report_key
from online_orders.errors import NotFound
from online_orders.order_ids import new_order_id
from online_orders.orders import User
from online_orders.values import Entity, Instant

KEPT = timedelta(days=90)


class StoredReport(Entity):
    account_id: str
    report_id: str
    reported_by: User
    text: str
    at: Instant


def store(account_id: str, by: User, report: ContactReport, at: datetime) -> None:
    """Keep a report; the table's stream sees to the mail."""
    stored = StoredReport(account_id=account_id, report_id=new_order_id(at), reported_by=by, text=report.text, at=at)
    call(
        "put_item",
        Item={
            **report_key(account_id, stored.report_id),
            "document": text(stored.model_dump_json()),
            "expires_at": number(int((at + KEPT).timestamp())),
        },
    )


def load(account_id: str, report_id: str) -> StoredReport:
    item = get(report_key(account_id, report_id))
    if item is None:
        raise NotFound(f"There is no report {report_id}.")
    return StoredReport.model_validate_json(item["document"]["S"])
