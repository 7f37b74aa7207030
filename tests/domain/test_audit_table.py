"""The audit trail as CSV."""

import csv
from datetime import UTC, datetime
from io import StringIO

from online_orders.domain import audit
from online_orders.domain.audit_table import COLUMNS, audit_csv
from online_orders.domain.csv_pages import dialect_for
from online_orders.domain.order_parts import User

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
CLARA = User(user_id="sub-of-clara", email="clara@example.com")


def test_a_row_is_a_change_and_an_entry_without_any_has_one_too() -> None:
    was, now = {"name": "=1+1", "a": 1}, {"name": "Acme", "b": {"ç": [True]}}
    changed = audit.entry(AT, CLARA, "account", "acme", "changed", account_id="acme", was=was, now=now)
    renewed = audit.entry(AT, CLARA, "service_user", "sub-1", "secret_renewed")
    rows = list(csv.DictReader(StringIO(audit_csv([changed, renewed]))))

    assert [tuple(row) for row in rows] == [COLUMNS] * 4
    shared = {
        "audit_id": changed.audit_id,
        "at": "2026-11-28T12:00:00.000Z",
        "by": "clara@example.com",
        "user_id": "sub-of-clara",
        "subject": "account",
        "subject_id": "acme",
        "account_id": "acme",
        "action": "changed",
    }
    assert [{**row} for row in rows[:3]] == [
        {**shared, "pointer": "/name", "was": "'=1+1", "is": "Acme"},
        {**shared, "pointer": "/a", "was": "1", "is": ""},
        {**shared, "pointer": "/b", "was": "", "is": '{"ç": [true]}'},
    ]
    assert (rows[3]["action"], rows[3]["account_id"], rows[3]["pointer"]) == ("secret_renewed", "", "")


def test_a_spreadsheet_gets_its_delimiter() -> None:
    table = audit_csv([audit.entry(AT, CLARA, "terms", "de", "removed", was={"text": "alt"})], dialect_for("de"))

    assert table.splitlines()[0] == "\ufeff" + ";".join(COLUMNS)
