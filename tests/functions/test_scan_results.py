"""What GuardDuty says of files that came with approvals, event by event."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

import scan_results
from online_orders.aws import attachment_store
from online_orders.telemetry import MetricUnit, logger
from tests.aws.desk import Desk
from tests.domain.builders import ORDER_ID
from tests.functions.invocation import Context

Json = dict[str, Any]

SHA256 = "0a" * 32
KEY = f"attachments/{ORDER_ID}/{SHA256}.pdf"
AT = datetime(2026, 11, 29, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stored(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is stored of scans."""
    found: list[Any] = []
    monkeypatch.setenv("DOCUMENTS_BUCKET", "documents")

    def store(*given: Any) -> bool:
        found.append(given)
        return True

    monkeypatch.setattr(attachment_store, "store_scan", store)
    return found


def event(status: str | None = "NO_THREATS_FOUND", **changes: str) -> Json:
    """The event about a file; None: it was not scanned at all."""
    detail: Json = {"s3ObjectDetails": {"bucketName": "documents", "objectKey": KEY, **changes}}
    detail |= {"scanResultDetails": {"scanResultStatus": status}} if status else {}
    return {"time": "2026-11-29T09:30:00Z", "detail": detail}


def handle(happened: Json) -> None:
    scan_results._handle_record(SQSRecord({"body": json.dumps(happened)}))


@pytest.mark.parametrize(
    ("status", "scan"),
    [
        ("NO_THREATS_FOUND", "clean"),
        ("THREATS_FOUND", "infected"),
        ("UNSUPPORTED", "failed"),
        ("ACCESS_DENIED", "failed"),
        ("FAILED", "failed"),
        ("unheard of", "failed"),
        (None, "failed"),
    ],
)
def test_a_result_is_stored_by_order_and_hash(desk: Desk, stored: list[Any], status: str | None, scan: str) -> None:
    handle(event(status))
    assert stored == [(ORDER_ID, SHA256, scan, AT)]
    assert desk.told == [(f"Scan_{scan}", MetricUnit.Count, 1)]


@pytest.mark.parametrize(
    "changes",
    [
        {"bucketName": "another"},
        {"objectKey": f"quotes/{ORDER_ID}/1.pdf"},
        {"objectKey": f"{KEY}x"},
        {"objectKey": KEY.upper()},
        {"objectKey": KEY.replace(ORDER_ID, "8" + ORDER_ID[1:])},
    ],
)
def test_other_files_are_ignored(stored: list[Any], monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]) -> None:
    said: list[str] = []
    monkeypatch.setattr(logger, "warning", said.append)
    handle(event(**changes))
    assert (stored, said) == ([], ["a scan of another file was ignored"])


def test_results_come_through_their_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def process(*given: Any) -> Json:
        calls.append(given)
        return {"batchItemFailures": []}

    monkeypatch.setattr(scan_results, "process_queue", process)
    context = Context()
    records: Json = {"Records": []}
    assert scan_results.handler(records, context) == {"batchItemFailures": []}
    assert calls == [(records, scan_results._handle_record, context, "SCAN_NEWS_URL")]
