"""Store reports that a contact person is out of date.

Customer Success gets a mail about each, so an account may report only a few times a day. A day is one of UTC.
"""

from datetime import datetime, timedelta

from online_orders.aws.keys import PREFIX_END, REPORT_PREFIX, account_pk, report_key
from online_orders.aws.outbox_flags import pending_flag
from online_orders.aws.table import call, get, number, query_range, text
from online_orders.domain.accounts import ContactReport
from online_orders.domain.errors import NotFound, TooManyRequests
from online_orders.domain.order_ids import first_id_of, new_order_id
from online_orders.domain.order_parts import User
from online_orders.domain.values import Entity, Instant
from online_orders.environment import environment

RETENTION = timedelta(days=90)


class StoredReport(Entity):
    account_id: str
    report_id: str
    reported_by: User
    text: str
    at: Instant


def store_report(account_id: str, by: User, report: ContactReport, at: datetime) -> None:
    """Store a report; the outbox of accounts queues its mail.

    Raises TooManyRequests once the account has made its reports of the day.
    """
    if _count_today(account_id, at) >= int(environment("CONTACT_REPORTS_PER_DAY")):
        passed = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
        left = int((timedelta(days=1) - passed).total_seconds())
        raise TooManyRequests("The account has made its reports of this day.", left)
    stored = StoredReport(account_id=account_id, report_id=new_order_id(at), reported_by=by, text=report.text, at=at)
    call(
        "put_item",
        Item={
            **report_key(account_id, stored.report_id),
            "document": text(stored.model_dump_json()),
            **pending_flag(stored.report_id, at),
            "expires_at": number(int((at + RETENTION).timestamp())),
        },
    )


def _count_today(account_id: str, at: datetime) -> int:
    """Return how many reports the account has made since midnight; counting ends at the limit."""
    response = query_range(
        account_pk(account_id),
        REPORT_PREFIX + first_id_of(at.date()),
        REPORT_PREFIX + PREFIX_END,
        Select="COUNT",
        Limit=int(environment("CONTACT_REPORTS_PER_DAY")),
    )
    return int(response["Count"])


def get_report(account_id: str, report_id: str) -> StoredReport:
    item = get(report_key(account_id, report_id))
    if item is None:
        raise NotFound(f"There is no report {report_id}.")
    return StoredReport.model_validate_json(item["document"]["S"])
