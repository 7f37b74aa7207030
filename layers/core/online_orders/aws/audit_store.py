"""Store the audit trail, a partition a month, and list it by pages that examine a bounded number of entries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, timedelta, tzinfo
from typing import Any, NamedTuple

from online_orders.aws.keys import PREFIX_END, Item, audit_key, audit_pk
from online_orders.aws.table import IF_NOT_EXISTS, call, put, query_pages, text
from online_orders.domain.audit import AuditEntry, Subject
from online_orders.domain.order_ids import first_id_of, placed_at

FIRST_DAY = date(2026, 1, 1)
"""Before the first release with an audit trail; lists and erasures end here."""
MAX_EXAMINED = 400
"""Items that one page examines where it is filtered."""
MAX_PAGE_BYTES = 512 * 1024
"""Of entries, after which a page reads no more. A query returns 1 MB at most, so a page has less than 1.5 MB, and fits
the 6 MB of a function's response even where JSON writes two bytes as six.
"""
MAX_MONTHS = 12
"""Months that one page examines."""


class AuditFilter(NamedTuple):
    """The filters of a list; None: any."""

    first_day: date | None = None
    last_day: date | None = None
    zone: tzinfo = UTC
    """The time zone of these days."""
    subject: Subject | None = None
    account_id: str | None = None
    user_id: str | None = None
    """Of the author."""

    def bounds(self, today: date) -> tuple[str, str]:
        """Return the range of ids that the days leave: from the first on, and below the second."""
        first = first_id_of(self.first_day, self.zone) if self.first_day else ""
        end = first_id_of(min(self.last_day or date.max, today + timedelta(days=1)) + timedelta(days=1), self.zone)
        return max(first, first_id_of(FIRST_DAY)), end

    @property
    def attributes(self) -> dict[str, str]:
        names = ("subject", "account_id", "user_id")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class AuditPage(NamedTuple):
    """Entries, newest first, and the position after which the next page begins (None: this was the last)."""

    entries: list[AuditEntry]
    position: str | None


def audit_write(entry: AuditEntry) -> Item:
    """Return the action that stores an entry, for the transaction of the change that it is about."""
    return {"Put": {"Item": _item(entry), **IF_NOT_EXISTS}}


def _item(entry: AuditEntry) -> Item:
    item = {
        **audit_key(entry.at, entry.audit_id),
        "user_id": text(entry.by.user_id),
        "subject": text(entry.subject),
        "document": text(entry.model_dump_json()),
    }
    return item if entry.account_id is None else {**item, "account_id": text(entry.account_id)}


def list_audit(audit_filter: AuditFilter, limit: int, after: str | None, today: date) -> AuditPage:
    """Return entries, newest first; `today` is of UTC.

    A position is a text that sorts after every entry that is still to come: an entry's id, or the first id of a month
    whose entries are all examined.
    """
    first, end = audit_filter.bounds(today)
    below = after or end
    found: list[AuditEntry] = []
    examined = months = size = 0
    while (
        first < below
        and len(found) < limit
        and size < MAX_PAGE_BYTES
        and examined < MAX_EXAMINED
        and months < MAX_MONTHS
    ):
        month = _month_before(below)
        response = _query(audit_filter, month, first, below, limit - len(found))
        items, last = response["Items"], response.get("LastEvaluatedKey")
        if len(items) > limit - len(found):  # only a query with a filter examines more than the page holds
            items, last = items[: limit - len(found)], items[limit - len(found) - 1]
        found += [AuditEntry.model_validate_json(item["document"]["S"]) for item in items]
        size += sum(len(item["document"]["S"].encode()) for item in items)
        below = last["sk"]["S"] if last else first_id_of(month)
        examined, months = examined + response["ScannedCount"], months + 1
    return AuditPage(found, below if first < below else None)


def _month_before(below: str) -> date:
    """Return the first day of the month with the newest entries below a position."""
    month = placed_at(below).date().replace(day=1)
    return month if below != first_id_of(month) else (month - timedelta(days=1)).replace(day=1)


def _query(audit_filter: AuditFilter, month: date, first: str, below: str, limit: int) -> Any:
    filtered = audit_filter.attributes
    last = below[:-1] + chr(ord(below[-1]) - 1) + PREFIX_END  # sorts just before it
    values = {":pk": audit_pk(month.isoformat()[:7]), ":first": first, ":last": last}
    values |= {f":{name}": value for name, value in filtered.items()}
    filters = {"FilterExpression": " AND ".join(f"{name} = :{name}" for name in filtered)} if filtered else {}
    return call(
        "query",
        KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
        ExpressionAttributeValues={name: text(value) for name, value in values.items()},
        **filters,
        ConsistentRead=True,
        ScanIndexForward=False,
        Limit=MAX_EXAMINED if filters else limit,
    )


def all_entries(today: date) -> Iterator[list[AuditEntry]]:
    """Yield all entries, newest month first, page by page; for an operator's work on the whole trail."""
    month = (today + timedelta(days=1)).replace(day=1)
    while month >= FIRST_DAY:
        for page in query_pages(audit_pk(month.isoformat()[:7]), "!", PREFIX_END, Limit=100):
            yield [AuditEntry.model_validate_json(item["document"]["S"]) for item in page]
        month = (month - timedelta(days=1)).replace(day=1)


def replace_entry(before: AuditEntry, after: AuditEntry) -> bool:
    """Store an entry without an erased person; return False, and store nothing, when it has changed since."""
    unchanged = {":before": text(before.model_dump_json())}
    return put(_item(after), ConditionExpression="document = :before", ExpressionAttributeValues=unchanged)
