"""The files that come with approvals, call by call."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from online_orders.aws import attachment_store, outbox
from online_orders.aws.keys import OrderKey, attachment_key, scan_key
from online_orders.aws.table import MAX_ATTEMPTS
from online_orders.domain.attachments import Attachment, ScanState, Upload
from online_orders.domain.errors import InProgress, NotFound, StateConflict
from online_orders.domain.timeline import Actor, Event
from tests.aws.service import Service, error_of

Json = dict[str, Any]

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
FILE = Upload("a.pdf", b"%PDF-1.7\n%%EOF")
WHERE = {"Bucket": "Documents", "Key": f"attachments/O/{FILE.sha256}.pdf"}
STORING = (
    "put_object",
    {
        **WHERE,
        "Body": FILE.content,
        "ContentType": "application/pdf",
        "IfNoneMatch": "*",
        "Tagging": "decision=none",
    },
)
KEEPING = ("delete_object_tagging", WHERE)


@pytest.fixture
def service(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv("DOCUMENTS_BUCKET", "Documents")
    return service


def attachment(**changes: Any) -> Attachment:
    return Attachment(**{**FILE.attached().model_dump(), "sequence": 7, "at": AT, "scan": "clean"} | changes)


def test_a_file_is_stored_once_with_the_tag_of_no_decision(service: Service) -> None:
    attachment_store.store_upload("O", FILE)
    assert service.asked == [STORING]


@pytest.mark.parametrize("code", ["PreconditionFailed", "412"])
def test_a_file_that_is_there_stays_as_it_is(service: Service, code: str) -> None:
    service.answers = [error_of(code), {}]
    attachment_store.store_upload("O", FILE)
    assert service.asked == [STORING]


def test_a_file_that_is_being_stored_is_stored_again(service: Service) -> None:
    service.answers = [error_of("ConditionalRequestConflict"), error_of("PreconditionFailed"), {}]
    attachment_store.store_upload("O", FILE)
    assert service.asked == [STORING, STORING]
    service.asked.clear()
    service.answers = [error_of("ConditionalRequestConflict")]
    with pytest.raises(InProgress):
        attachment_store.store_upload("O", FILE)
    assert service.asked == [STORING] * MAX_ATTEMPTS


@pytest.mark.parametrize("code", ["NoSuchKey", "404", "MethodNotAllowed", "405"])
def test_a_file_that_was_removed_stays_removed(service: Service, code: str) -> None:
    service.answers = [error_of(code)]
    attachment_store.keep_upload("O", FILE.sha256)
    with pytest.raises(NotFound):
        attachment_store.read_file("O", attachment())


def test_other_refusals_of_the_bucket_are_raised(service: Service) -> None:
    service.answers = [error_of("AccessDenied")]
    for call in (
        lambda: attachment_store.store_upload("O", FILE),
        lambda: attachment_store.keep_upload("O", FILE.sha256),
        lambda: attachment_store.read_file("O", attachment()),
    ):
        with pytest.raises(ClientError):
            call()


def test_a_file_is_read_unless_it_was_removed_or_is_kept_back(service: Service) -> None:
    service.answers = [{"Body": BytesIO(b"one")}, {"Body": BytesIO(b"two")}, {"Body": BytesIO(b"three")}]
    scans: tuple[ScanState, ...] = ("clean", "failed", "not_scanned")
    read = [attachment_store.read_file("O", attachment(scan=scan)) for scan in scans]
    assert read == [b"one", b"two", b"three"]
    assert service.asked == [("get_object", WHERE)] * 3
    for scan, why in (("pending", "yet to be scanned"), ("infected", "found malware")):
        with pytest.raises(StateConflict, match=why) as refused:
            attachment_store.read_file("O", attachment(scan=scan))
        assert refused.value.code == "quarantined"
    with pytest.raises(NotFound, match="erased"):
        attachment_store.read_file("O", attachment(removed=True))
    assert len(service.asked) == 3


@pytest.mark.parametrize(("setting", "scan"), [("none", "not_scanned"), ("guardduty", "pending")])
def test_the_item_about_a_file_says_whether_it_is_to_be_scanned(
    monkeypatch: pytest.MonkeyPatch, setting: str, scan: str
) -> None:
    monkeypatch.setenv("MALWARE_SCAN", setting)
    put = attachment_store.attachment_action("O", 7, AT, FILE.attached())["Put"]
    assert put["ConditionExpression"] == "attribute_not_exists(pk)"
    assert {name: put["Item"][name] for name in ("pk", "sk")} == attachment_key("O", 7)
    assert json.loads(put["Item"]["document"]["S"]) == {
        "sha256": FILE.sha256,
        "size": 14,
        "name": "a.pdf",
        "sequence": 7,
        "at": "2026-11-23T09:00:00.000Z",
        "scan": scan,
    }


def test_what_a_scan_has_found_counts_for_files_that_are_scanned_alone(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [
        {"document": {"S": attachment(scan=scan, sequence=number).model_dump_json()}}
        for number, scan in enumerate(("pending", "not_scanned"), start=1)
    ]
    found = {**scan_key("O", FILE.sha256), "scan_result": {"S": "infected"}}
    service.answers = [{"Items": items}, {"Responses": {"Table": [found]}}]
    listed = attachment_store.list_attachments("O")
    assert [(each.sequence, each.scan) for each in listed] == [(1, "infected"), (2, "not_scanned")]
    assert service.asked[1][1]["RequestItems"]["Table"]["Keys"] == [scan_key("O", FILE.sha256)]
    for hours, scan in ((24, "pending"), (25, "failed")):
        monkeypatch.setattr(attachment_store, "now", lambda hours=hours: AT + timedelta(hours=hours))
        service.answers = [{"Items": items[:1]}, {"Responses": {"Table": []}}]
        assert [each.scan for each in attachment_store.list_attachments("O")] == [scan]
    service.asked.clear()
    service.answers = [{"Items": items[1:]}]
    assert attachment_store.get_attachment("O", 2).scan == "not_scanned"
    with pytest.raises(NotFound, match="Decision 3"):
        attachment_store.get_attachment("O", 3)
    assert [method for method, _ in service.asked] == ["query", "query"]


def test_an_older_scan_does_not_replace_a_newer_one(service: Service) -> None:
    service.answers = [{}, error_of("ConditionalCheckFailedException")]
    assert attachment_store.store_scan("O", "hash", "clean", AT)
    assert not attachment_store.store_scan("O", "hash", "clean", AT)
    method, asked = service.asked[0]
    assert (method, asked["Key"]) == ("update_item", scan_key("O", "hash"))
    values = {":scan": {"S": "clean"}, ":at": {"S": "2026-11-23T09:00:00.000Z"}}
    assert asked["ExpressionAttributeValues"] == values
    assert asked["ConditionExpression"] == "attribute_not_exists(scanned_at) OR scanned_at <= :at"


def test_the_outbox_keeps_the_file_of_a_decision_and_no_other(service: Service) -> None:
    actor = Actor(kind="contact", name="Connie")

    def entry(event: Event, data: Json) -> outbox.StoredEntry:
        return outbox.StoredEntry(OrderKey("acme", "O", "online"), 7, event, "{}", data, actor, None, internal=False)

    outbox._keep_attachments([entry(Event.COMPLETED, {}), entry(Event.COMMENTED, {"attachment": "x"})])
    assert service.asked == []
    outbox._keep_attachments([entry(Event.COMPLETED, {"attachment": FILE.sha256})])
    assert service.asked == [KEEPING]
