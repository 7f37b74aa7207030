"""The audit trail as CSV, one row a change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from online_orders.domain.audit import AuditEntry
from online_orders.domain.csv_pages import PLAIN, Dialect, csv_text
from online_orders.domain.values import instant_text

COLUMNS = (
    "audit_id",
    "at",
    "by",
    "user_id",
    "subject",
    "subject_id",
    "account_id",
    "action",
    "pointer",
    "was",
    "is",
)


def audit_csv(entries: Iterable[AuditEntry], dialect: Dialect = PLAIN) -> str:
    """Return entries as CSV with a header row, one row a change; an entry without changes has one as well."""
    return csv_text(COLUMNS, (row for each in entries for row in _rows_of(each)), dialect)


def _rows_of(entry: AuditEntry) -> Iterator[list[str | None]]:
    shared = [
        entry.audit_id,
        instant_text(entry.at),
        entry.by.shown_name,
        entry.by.user_id,
        entry.subject,
        entry.subject_id,
        entry.account_id,
        entry.action,
    ]
    for change in entry.changes or (None,):
        yield shared + ([change.pointer, _cell(change.was), _cell(change.is_now)] if change else [None] * 3)


def _cell(value: Any) -> str | None:
    """Return a text or an absent value as it is, and any other value as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
