"""Reports that a contact person is out of date; Customer Success is told of each by mail, so an account has few a day.

The day is that of the clock, in UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from online_orders.accounts import ContactReport
from online_orders.aws.dynamodb import call, get, number, text
from online_orders.aws.environment import environment
from online_orders.aws.keys import BEYOND, REPORT_PREFIX, account_pk, report_key
from online_orders.aws.marks import pending_mark
from online_orders.errors import NotFound, TooManyRequests
from online_orders.order_ids import first_id_of, new_order_id
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
    """Keep a report; the mail follows from the table's stream (`account_outbox`).

    TooManyRequests once the account has made those of a day.
    """
    if _made_today(account_id, at) >= int(environment("CONTACT_REPORTS_A_DAY")):
        passed = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
        left = int((timedelta(days=1) - passed).total_seconds())
        raise TooManyRequests("The account has made its reports of this day.", left)
    stored = StoredReport(account_id=account_id, report_id=new_order_id(at), reported_by=by, text=report.text, at=at)
    call(
        "put_item",
        Item={
            **report_key(account_id, stored.report_id),
            "document": text(stored.model_dump_json()),
            **pending_mark(stored.report_id, at),
            "expires_at": number(int((at + KEPT).timestamp())),
        },
    )


def _made_today(account_id: str, at: datetime) -> int:
    """How many the account has made since midnight, as far as that matters."""
    answer = call(
        "query",
        KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":pk": text(account_pk(account_id)),
            ":first": text(REPORT_PREFIX + first_id_of(at.date())),
            ":last": text(REPORT_PREFIX + BEYOND),
        },
        Select="COUNT",
        Limit=int(environment("CONTACT_REPORTS_A_DAY")),
        ConsistentRead=True,
    )
    return int(answer["Count"])


def load(account_id: str, report_id: str) -> StoredReport:
    item = get(report_key(account_id, report_id))
    if item is None:
        raise NotFound(f"There is no report {report_id}.")
    return StoredReport.model_validate_json(item["document"]["S"])
