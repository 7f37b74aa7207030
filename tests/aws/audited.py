"""The entry of the audit trail that a transaction stores as its last action."""

from typing import Any

from online_orders.domain.audit import AuditEntry

Json = dict[str, Any]


def take_entry(actions: list[Json]) -> AuditEntry:
    """Take the last action out of a transaction's, and return the entry that it stores."""
    ((kind, put),) = actions.pop().items()
    entry = AuditEntry.model_validate_json(put["Item"]["document"]["S"])
    assert (kind, put["Item"]["pk"]) == ("Put", {"S": f"AUDIT#{entry.at:%Y-%m}"})
    assert put["ConditionExpression"] == "attribute_not_exists(pk)"
    return entry
