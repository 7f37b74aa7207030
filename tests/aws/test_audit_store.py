"""The audit trail in the table: how entries are stored, and listed by pages of bounded work."""

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from online_orders.aws import audit_store
from online_orders.aws.audit_store import FIRST_DAY, MAX_EXAMINED, MAX_MONTHS, AuditFilter, audit_write, list_audit
from online_orders.aws.keys import PREFIX_END
from online_orders.domain import audit
from online_orders.domain.audit import AuditEntry
from online_orders.domain.order_ids import first_id_of
from tests.aws.service import Service
from tests.domain.builders import CLARA

Json = dict[str, Any]

TODAY = date(2026, 3, 20)


def entry_at(at: datetime, account_id: str | None = "acme") -> AuditEntry:
    return audit.entry(at, CLARA, "account", "acme", "changed", account_id=account_id, was={"a": 1}, now={"a": 2})


def in_march(*days: int) -> list[AuditEntry]:
    return [entry_at(datetime(2026, 3, day, 12, tzinfo=UTC)) for day in days]


def stored(entry: AuditEntry) -> Json:
    item: Json = audit_write(entry)["Put"]["Item"]
    return item


def answer(*entries: AuditEntry, more: bool = False, examined: int | None = None) -> Json:
    items = [stored(each) for each in entries]
    last = {"LastEvaluatedKey": {"pk": items[-1]["pk"], "sk": items[-1]["sk"]}} if more else {}
    return {"Items": items, "ScannedCount": len(items) if examined is None else examined, **last}


def asked_ranges(service: Service) -> list[tuple[str, str, str]]:
    values = [requested["ExpressionAttributeValues"] for _, requested in service.asked]
    return [(each[":pk"]["S"], each[":first"]["S"], each[":last"]["S"]) for each in values]


def test_an_entry_is_stored_in_the_partition_of_its_month_and_once() -> None:
    entry = entry_at(datetime(2026, 3, 31, 23, 59, tzinfo=UTC))
    assert audit_write(entry) == {
        "Put": {
            "Item": {
                "pk": {"S": "AUDIT#2026-03"},
                "sk": {"S": entry.audit_id},
                "user_id": {"S": "clara"},
                "subject": {"S": "account"},
                "account_id": {"S": "acme"},
                "document": {"S": entry.model_dump_json()},
            },
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }
    assert "account_id" not in stored(entry_at(entry.at, account_id=None))


def test_entries_come_newest_first_and_a_page_goes_on_below_the_last(service: Service) -> None:
    third, second, first = in_march(3, 2, 1)
    service.answers = [answer(third, second, more=True), answer(first)]
    assert list_audit(AuditFilter(), 2, None, TODAY) == ([third, second], second.audit_id)
    assert list_audit(AuditFilter(), 2, second.audit_id, TODAY).entries[0] == first
    method, requested = service.asked[0]
    assert (method, requested["KeyConditionExpression"]) == ("query", "pk = :pk AND sk BETWEEN :first AND :last")
    assert (requested["Limit"], requested["ScanIndexForward"], requested["ConsistentRead"]) == (2, False, True)
    assert "FilterExpression" not in requested
    (pk, lowest, until), (_, _, below) = asked_ranges(service)[:2]
    assert (pk, lowest) == ("AUDIT#2026-03", first_id_of(FIRST_DAY))
    assert in_march(21)[0].audit_id < until < first_id_of(date(2026, 3, 22))
    assert first.audit_id < below < second.audit_id
    just_before = second.audit_id[:-1] + chr(ord(second.audit_id[-1]) - 1)
    assert below == just_before + PREFIX_END


def test_a_page_goes_on_in_the_month_before_until_there_is_none(service: Service) -> None:
    (march,), february = in_march(1), entry_at(datetime(2026, 2, 28, 23, 59, 59, 999_000, tzinfo=UTC))
    service.answers = [answer(march), answer(february), answer()]
    assert list_audit(AuditFilter(), 25, None, TODAY) == ([march, february], None)
    assert [pk for pk, _, _ in asked_ranges(service)] == ["AUDIT#2026-03", "AUDIT#2026-02", "AUDIT#2026-01"]
    assert [requested["Limit"] for _, requested in service.asked] == [25, 24, 23]


def test_a_filtered_page_is_cut_where_an_earlier_month_has_begun_it(service: Service) -> None:
    (march,) = in_march(1)
    february = [entry_at(datetime(2026, 2, day, tzinfo=UTC)) for day in (4, 3, 2, 1)]
    service.answers = [answer(march), answer(*february)]
    page = list_audit(AuditFilter(subject="account"), 3, None, TODAY)
    assert page == ([march, *february[:2]], february[1].audit_id)


def test_a_page_that_a_month_fills_goes_on_in_the_month_before(service: Service) -> None:
    (march,) = in_march(1)
    service.answers = [answer(march), answer()]
    beginning = first_id_of(date(2026, 3, 1))
    assert list_audit(AuditFilter(), 1, None, TODAY) == ([march], beginning)
    list_audit(AuditFilter(), 1, beginning, TODAY)
    assert asked_ranges(service)[1][0] == "AUDIT#2026-02"


def test_days_bound_the_months_and_the_entries(service: Service) -> None:
    service.answers = [answer()]
    found = list_audit(AuditFilter(first_day=date(2026, 2, 10), last_day=date(2026, 3, 4)), 25, None, TODAY)
    assert found == ([], None)
    ranges = asked_ranges(service)
    assert [pk for pk, _, _ in ranges] == ["AUDIT#2026-03", "AUDIT#2026-02"]
    assert {first for _, first, _ in ranges} == {first_id_of(date(2026, 2, 10))}
    assert ranges[0][2] < first_id_of(date(2026, 3, 5))
    service.asked.clear()
    assert list_audit(AuditFilter(first_day=date(2026, 3, 5), last_day=date(2026, 3, 4)), 9, None, TODAY) == ([], None)
    assert list_audit(AuditFilter(last_day=date(2025, 12, 31)), 9, None, TODAY) == ([], None)
    assert list_audit(AuditFilter(first_day=date(2030, 1, 1), last_day=date.max), 9, None, TODAY) == ([], None)
    assert service.asked == []


def test_days_are_those_of_a_time_zone(service: Service) -> None:
    service.answers = [answer()]
    zone, day = ZoneInfo("Asia/Tokyo"), date(2026, 3, 4)
    list_audit(AuditFilter(first_day=day, last_day=day, zone=zone), 25, None, TODAY)
    ((_, first, last),) = asked_ranges(service)
    assert first == first_id_of(day, zone) < first_id_of(day)
    assert first < last < first_id_of(date(2026, 3, 5), zone)


def test_filters_are_the_tables_and_the_page_is_cut_where_it_is_full(service: Service) -> None:
    third, second, first = in_march(3, 2, 1)
    service.answers = [answer(third, second, first)]
    page = list_audit(AuditFilter(subject="account", account_id="acme", user_id="clara"), 2, None, TODAY)
    assert page == ([third, second], second.audit_id)
    _, requested = service.asked[0]
    assert requested["FilterExpression"] == "subject = :subject AND account_id = :account_id AND user_id = :user_id"
    values = {name: value["S"] for name, value in requested["ExpressionAttributeValues"].items()}
    assert (values[":subject"], values[":account_id"], values[":user_id"]) == ("account", "acme", "clara")
    assert requested["Limit"] == MAX_EXAMINED


def test_a_page_examines_a_bounded_number_of_entries_and_months(service: Service) -> None:
    service.answers = [answer(examined=MAX_EXAMINED)]
    assert list_audit(AuditFilter(subject="terms"), 25, None, TODAY) == ([], first_id_of(date(2026, 3, 1)))
    assert len(service.asked) == 1
    service.asked.clear()
    service.answers = [answer()]
    found = list_audit(AuditFilter(), 25, None, date(2030, 12, 5))
    assert found == ([], first_id_of(date(2030, 1, 1)))
    assert len(service.asked) == MAX_MONTHS


def test_a_page_of_large_entries_ends_before_it_is_too_large_for_a_response(service: Service) -> None:
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    large = [
        audit.entry(at, CLARA, "account", "acme", "changed", account_id="acme", was={}, now={"a": "ü" * 50_000})
        for _ in range(6)
    ]
    service.answers = [answer(*large, more=True), answer(*in_march(1))]
    assert list_audit(AuditFilter(), 100, None, TODAY) == (large, large[-1].audit_id)
    assert len(service.asked) == 1


def test_the_entries_of_all_months_of_a_page_count(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    (march,), february = in_march(1), entry_at(datetime(2026, 2, 2, tzinfo=UTC))
    service.answers = [answer(march), answer(february), answer()]
    size = sum(len(stored(each)["document"]["S"]) for each in (march, february))
    monkeypatch.setattr(audit_store, "MAX_PAGE_BYTES", size)
    assert list_audit(AuditFilter(), 25, None, TODAY) == ([march, february], first_id_of(date(2026, 2, 1)))
    assert len(service.asked) == 2


@pytest.mark.parametrize("today", [date(2026, 1, 31), date(2026, 3, 20), date(2026, 3, 30)])
def test_the_whole_trail_is_gone_through_month_by_month(service: Service, today: date) -> None:
    entry = entry_at(datetime(2026, 1, 2, tzinfo=UTC))
    service.answers = [{"Items": []}, {"Items": [stored(entry)]}] if today.month == 1 else [{"Items": []}]
    pages = [page for page in audit_store.all_entries(today) if page]
    assert pages == ([[entry]] if today.month == 1 else [])
    expected = ["AUDIT#2026-02", "AUDIT#2026-01"] if today.month == 1 else [f"AUDIT#2026-0{n}" for n in (3, 2, 1)]
    assert asked_ranges(service) == [(pk, "!", PREFIX_END) for pk in expected]
    assert {requested["Limit"] for _, requested in service.asked} == {100}


def test_an_entry_is_replaced_unless_it_has_changed_since(service: Service) -> None:
    (before,) = in_march(1)
    after = before.model_copy(update={"subject_id": "other"})
    assert audit_store.replace_entry(before, after)
    assert service.asked == [
        (
            "put_item",
            {
                "TableName": "Table",
                "Item": stored(after),
                "ConditionExpression": "document = :before",
                "ExpressionAttributeValues": {":before": {"S": before.model_dump_json()}},
            },
        )
    ]
    assert json.loads(stored(after)["document"]["S"])["subject_id"] == "other"
