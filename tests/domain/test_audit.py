"""The audit trail's entries: what differs, by JSON Pointers, within limits."""

import json
from datetime import UTC, datetime
from typing import Any

from online_orders.domain import audit
from online_orders.domain.audit import MAX_CHANGES, MAX_CHANGES_BYTES, AuditChange, AuditEntry
from online_orders.domain.order_parts import User

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
CLARA = User(user_id="sub-of-clara", email="clara@example.com")


def _changes(was: Any, now: Any) -> Any:
    made = audit.entry(AT, CLARA, "account", "acme", "changed", account_id="acme", was=was, now=now)
    return json.loads(made.model_dump_json())["changes"]


def test_a_change_says_where_what_was_and_what_is() -> None:
    was = {"name": "Acme", "enrollment": {"state": "active", "letter_received_on": "2026-01-02"}, "sites": []}
    now = {"name": "Acme", "enrollment": {"state": "suspended", "letter_received_on": "2026-01-02"}, "sites": []}

    assert _changes(was, now) == [{"pointer": "/enrollment/state", "was": "active", "is": "suspended"}]


def test_a_person_within_the_subject_is_one_value_and_the_subject_itself_is_not() -> None:
    was, now = ({"name": name, "email": "connie@example.com"} for name in ("Connie", "Connie Clark"))

    assert _changes({"contact": was}, {"contact": now}) == [{"pointer": "/contact", "was": was, "is": now}]
    assert _changes(was, now) == [{"pointer": "/name", "was": "Connie", "is": "Connie Clark"}]


def test_what_was_not_there_and_what_is_no_longer_there_are_null() -> None:
    assert _changes({"a": 1, "b": None}, {"b": {"c": 2}}) == [
        {"pointer": "/a", "was": 1, "is": None},
        {"pointer": "/b", "was": None, "is": {"c": 2}},
    ]


def test_a_subject_that_is_created_or_removed_has_a_change_for_each_member() -> None:
    assert _changes(None, {"name": "Acme", "note": None}) == [{"pointer": "/name", "was": None, "is": "Acme"}]
    assert _changes({"name": "Acme"}, None) == [{"pointer": "/name", "was": "Acme", "is": None}]


def test_each_element_of_a_list_that_was_not_there_is_a_change() -> None:
    assert _changes(None, {"prices": ["a", "b"], "sites": []}) == [
        {"pointer": "/prices/0", "was": None, "is": "a"},
        {"pointer": "/prices/1", "was": None, "is": "b"},
    ]
    assert _changes({"prices": ["a"]}, {"prices": None}) == [{"pointer": "/prices/0", "was": "a", "is": None}]


def test_nothing_that_differs_is_no_change() -> None:
    assert _changes(None, None) == _changes({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) == []


def test_an_element_that_is_inserted_or_removed_moves_no_other() -> None:
    sites = [{"site_id": str(number), "name": f"Site {number}"} for number in range(5)]
    new = {"site_id": "new", "name": "New"}

    assert _changes({"sites": sites}, {"sites": [new, *sites]}) == [{"pointer": "/sites/0", "was": None, "is": new}]
    assert _changes({"sites": sites}, {"sites": sites[:3] + sites[4:]}) == [
        {"pointer": "/sites/3", "was": sites[3], "is": None}
    ]


def test_a_list_in_place_of_something_else_is_one_value() -> None:
    for other in ("ab", {"c": 1}):
        assert _changes({"a": ["b"]}, {"a": other}) == [{"pointer": "/a", "was": ["b"], "is": other}]
        assert _changes({"a": other}, {"a": ["b"]}) == [{"pointer": "/a", "was": other, "is": ["b"]}]


def test_the_order_of_members_is_no_difference() -> None:
    was, now = [{"a": 1, "b": 2}], [{"a": 3}, {"b": 2, "a": 1}]

    assert _changes({"sites": was}, {"sites": now}) == [{"pointer": "/sites/0", "was": None, "is": {"a": 3}}]


def test_an_element_that_is_often_in_a_long_list_is_compared_as_any_other() -> None:
    often = ["often"] * 300

    assert _changes({"a": often}, {"a": ["new", *often]}) == [{"pointer": "/a/0", "was": None, "is": "new"}]


def test_an_element_that_is_changed_is_compared_member_by_member() -> None:
    was, now = ({"sites": [{"site_id": "1"}, {"site_id": "2", "address": address}]} for address in ("here", "there"))

    assert _changes(was, now) == [{"pointer": "/sites/1/address", "was": "here", "is": "there"}]


def test_names_are_escaped_in_pointers() -> None:
    assert _changes({"a/b~c": 1}, {"a/b~c": 2})[0]["pointer"] == "/a~1b~0c"


def test_more_changes_than_the_limit_are_counted() -> None:
    found = _changes({str(number): 1 for number in range(MAX_CHANGES + 7)}, None)

    assert len(found) == MAX_CHANGES + 1
    assert found[-1] == {"pointer": "", "was": None, "is": {"more": 7}}
    assert _changes({str(number): 1 for number in range(MAX_CHANGES)}, None)[-1]["pointer"] == f"/{MAX_CHANGES - 1}"


def test_changes_that_are_too_large_together_are_counted() -> None:
    found = _changes({str(number): "ü" * 2_000 for number in range(100)}, None)

    assert found[-1]["is"] == {"more": 100 - len(found[:-1])}
    assert len(found) > 20
    assert len(json.dumps(found, ensure_ascii=False).encode()) < MAX_CHANGES_BYTES + 1_000


def test_a_change_that_fills_an_entry_is_told() -> None:
    room = MAX_CHANGES_BYTES - len(AuditChange(pointer="/a", was=None, is_now="").model_dump_json())

    assert _changes({}, {"a": "x" * room}) == [{"pointer": "/a", "was": None, "is": "x" * room}]
    assert _changes({}, {"a": "x" * (room + 1)}) == [{"pointer": "", "was": None, "is": {"more": 1}}]


def test_an_entry_reads_back_as_it_was_stored() -> None:
    made = audit.entry(AT, CLARA, "terms", "de", "changed", was={"text": "alt"}, now={"text": "neu"})

    assert AuditEntry.model_validate_json(made.model_dump_json()) == made
    assert set(json.loads(made.model_dump_json())) == {
        "audit_id", "at", "by", "subject", "subject_id", "account_id", "action", "changes",
    }  # fmt: skip


def test_entries_sort_by_their_time() -> None:
    later = AT.replace(second=1)

    assert audit.entry(AT, CLARA, "terms", "de", "changed").audit_id < (
        audit.entry(later, CLARA, "terms", "de", "changed").audit_id
    )
