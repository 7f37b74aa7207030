"""The signed order that comes with an approval: what is taken, where it is kept, and who gets it."""

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from online_orders.aws import attachment_store, erasure_job, order_store
from online_orders.domain.accounts import ERASED
from online_orders.domain.attachments import Upload
from tests.contract.in_process import InProcess
from tests.contract.orders import Order, enroll, offer, offered, place_for
from tests.contract.site import Json, Mail, Response, Site
from tests.contract.test_evidence import evidence_of
from tests.contract.uploads import ENCRYPTED, NAME, PDF, decide_with_file, multipart

MEGABYTE = 1024 * 1024
LARGEST = PDF.replace(b"1 0 obj", b"1 0 obj" + b" " * (4 * MEGABYTE - len(PDF)))
SHA256 = hashlib.sha256(PDF).hexdigest()


def attachments_of(order: Order) -> list[Json]:
    found = order.site.get(f"{order.desk_path}/attachments", order.site.people.cs).ok()
    assert set(found) == {"items"}
    items: list[Json] = found["items"]
    return items


def file_of(order: Order, sequence: int) -> Response:
    return order.site.get(f"{order.desk_path}/attachments/{sequence}", order.site.people.cs)


def offered_with(site: Site, policy: str) -> tuple[Order, Mail]:
    """Return an order of an account with a policy for signed orders, and the mail with its quote."""
    order = place_for(site, enroll(site, signed_order=policy))
    return order, offer(order)


def objects(site: InProcess) -> dict[str, dict[str, str]]:
    """Return the tags of each file in the bucket, by its key."""
    s3, bucket = site.lab.client("s3"), site.lab.outputs["DocumentsBucket"]
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="attachments/").get("Contents", [])]
    tags = {key: s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"] for key in keys}
    return {key: {tag["Key"]: tag["Value"] for tag in found} for key, found in tags.items()}


# -- what is taken ------------------------------------------------------------------------------------------------


def test_a_signed_order_comes_with_the_approval_and_the_desk_gets_it(site: Site) -> None:
    order, mail = offered(site)
    assert attachments_of(order) == []
    decide_with_file(site, mail).page()
    (found,) = attachments_of(order)
    (entry,) = [each for each in order.timeline() if each["event"] == "order.completed"]
    of_file = {"sha256": SHA256, "size": len(PDF), "name": NAME}
    assert found == {**of_file, "sequence": entry["sequence"], "at": entry["at"], "scan": "not_scanned"}
    assert entry["data"]["attachment"] == SHA256
    (evidence,) = evidence_of(order)
    assert evidence["attachment"] == of_file
    file = file_of(order, found["sequence"])
    assert (file.status, file.body, file.headers["content-type"]) == (200, PDF, "application/pdf")
    assert file.headers["content-disposition"].startswith("attachment;")
    assert file.headers["x-content-type-options"] == "nosniff"


def test_a_form_with_an_empty_file_field_is_an_approval_without_a_file(site: Site) -> None:
    order, mail = offered(site)
    decide_with_file(site, mail, None).page()
    assert attachments_of(order) == []
    (evidence,) = evidence_of(order)
    assert "attachment" not in evidence
    assert "attachment" not in order.happened()[-1]["data"]


@pytest.mark.parametrize(
    ("file", "error"),
    [
        (b"MZ" + PDF[4:], "Only a PDF can be attached"),
        (b"", "Only a PDF can be attached"),
        (PDF.replace(b"%%EOF", b""), "Only a PDF can be attached"),
        (PDF + b" " * 3_000, "Only a PDF can be attached"),
        (b"\n" * 1_030 + PDF, "Only a PDF can be attached"),
        (b"<html>%PDF</html>", "Only a PDF can be attached"),
        (ENCRYPTED, "protected by a password"),
        (LARGEST + b"\n", "larger than 4 MB"),
    ],
    ids=["program", "empty", "cut off", "with a tail", "with a head", "page", "encrypted", "too large"],
)
def test_a_file_is_judged_by_its_content_and_its_size(site: Site, file: bytes, error: str) -> None:
    order, mail = offered(site)
    page = unescape(decide_with_file(site, mail, file, reason="Thank you & bye").page(400))
    assert error in page
    assert 'href="#signed_order"' in page
    assert "Thank you & bye" in page
    assert "cannot be kept" in page  # so it is to be chosen again
    assert (order.status, attachments_of(order)) == ("pending_confirmation", [])


@pytest.mark.parametrize("file", [LARGEST, b"\n" * 1_000 + PDF + b"\n" * 2_000], ids=["largest", "with head and tail"])
def test_what_readers_of_pdf_take_is_taken(site: Site, file: bytes) -> None:
    order, mail = offered(site)
    decide_with_file(site, mail, file).page()
    (found,) = attachments_of(order)
    assert (file_of(order, found["sequence"]).body == file, found["size"]) == (True, len(file))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("C:\\Users\\connie\\order.pdf", "order.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\tb  c.pdf", "a b c.pdf"),
        ("   ", "signed-order.pdf"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("Auftrag Größe ✓.pdf", "Auftrag Größe ✓.pdf"),
    ],
)
def test_the_name_of_a_file_is_shown_without_folders(in_process: InProcess, name: str, shown: str) -> None:
    order, mail = offered(in_process)
    decide_with_file(in_process, mail, name=name).page()
    assert [each["name"] for each in attachments_of(order)] == [shown]


@pytest.mark.parametrize("decision", ["cancel", "request_change"])
def test_only_an_approval_takes_a_file(site: Site, decision: str) -> None:
    order, mail = offered(site)
    decide_with_file(site, mail, ENCRYPTED, decision, reason="So.").page()
    assert attachments_of(order) == []


def test_a_body_that_is_no_form_is_refused_and_changes_nothing(site: Site) -> None:
    order, mail = offered(site)
    body, media_type = multipart({"decision": "approve", "name": "Connie", "code": mail.code}, PDF)
    for content, kind in (
        (body[:-20], media_type),
        (body, "multipart/form-data"),
        (body, "multipart/form-data; boundary="),
        (body, "multipart/form-data; boundary=other"),
        (b"", media_type),
        (body.replace(b"Connie", b"\xff\xfe"), media_type),
    ):
        site.request("POST", mail.link, content=content, headers={"Content-Type": kind}).page(400)
    assert order.status == "pending_confirmation"


# -- policies -----------------------------------------------------------------------------------------------------


def test_where_the_signed_order_is_required_nothing_else_approves(site: Site) -> None:
    order, mail = offered_with(site, "required")
    page = site.request("GET", mail.link).page()
    assert 'name="signed_order"' in page
    for response in (site.decide(mail, "approve"), decide_with_file(site, mail, None)):
        assert "Attach the signed order" in unescape(response.page(400))
    assert order.status == "pending_confirmation"
    decide_with_file(site, mail).page()
    assert order.status == "completed"


def test_where_the_signed_order_is_required_other_decisions_need_none(site: Site) -> None:
    order, mail = offered_with(site, "required")
    site.decide(mail, "cancel").page()
    assert order.status == "canceled"


def test_where_no_signed_orders_are_taken_the_page_asks_for_none_and_refuses_one(site: Site) -> None:
    order, mail = offered_with(site, "never")
    page = site.request("GET", mail.link).page()
    assert 'name="signed_order"' not in page
    page = unescape(decide_with_file(site, mail).page(400))
    assert "takes no signed orders" in page
    assert 'href="#signed_order"' not in page
    site.decide(mail, "approve").page()
    assert (order.status, attachments_of(order)) == ("completed", [])


# -- when it is stored --------------------------------------------------------------------------------------------


def test_nothing_is_stored_before_the_code_is_right(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    wrong = "000000" if mail.code != "000000" else "000001"
    page = unescape(decide_with_file(in_process, mail, code=wrong).page(403))
    assert "cannot be kept" in page
    assert objects(in_process) == {}
    decide_with_file(in_process, mail).page()
    in_process.settle()
    assert objects(in_process) == {f"attachments/{order.order_id}/{SHA256}.pdf": {}}


def test_the_same_approval_again_stores_no_other_file(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    decide_with_file(in_process, mail).page()
    in_process.settle()
    decide_with_file(in_process, mail).page()
    decide_with_file(in_process, mail, PDF + b"\n").page()
    assert [each["sha256"] for each in attachments_of(order)] == [SHA256]
    assert objects(in_process) == {f"attachments/{order.order_id}/{SHA256}.pdf": {}}


def test_a_process_that_ends_before_the_decision_leaves_a_file_that_the_bucket_removes(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, mail = offered(in_process)

    def end(*_: Any) -> None:
        raise SystemError

    with monkeypatch.context() as ended:
        ended.setattr(order_store, "save", end)
        decide_with_file(in_process, mail).page(500)
    in_process.lab.errors.take("ConfirmPageFunction")
    key = f"attachments/{order.order_id}/{SHA256}.pdf"
    assert objects(in_process) == {key: {"decision": "none"}}
    assert (attachments_of(order), order.status) == ([], "pending_confirmation")
    # The next try has the same file, which is kept as soon as what follows from the decision is done.
    decide_with_file(in_process, mail).page()
    in_process.settle()
    assert objects(in_process) == {key: {}}
    assert [each["sha256"] for each in attachments_of(order)] == [SHA256]


def test_a_process_that_ends_after_the_decision_loses_no_file(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, mail = offered(in_process)
    in_process.settle()
    save = order_store.save

    def save_and_end(*given: Any) -> None:
        save(*given)
        raise SystemError

    with monkeypatch.context() as ended:
        ended.setattr(order_store, "save", save_and_end)
        decide_with_file(in_process, mail).page(500)
    in_process.lab.errors.take("ConfirmPageFunction")
    key = f"attachments/{order.order_id}/{SHA256}.pdf"
    assert objects(in_process) == {key: {"decision": "none"}}
    in_process.settle()
    assert objects(in_process) == {key: {}}
    (found,) = attachments_of(order)
    assert file_of(order, found["sequence"]).body == PDF


def test_of_two_approvals_with_different_files_one_is_kept(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, mail = offered(in_process)
    first, second = PDF + b"\n", PDF
    stores = attachment_store.store_upload

    def store_after_another(order_id: str, upload: Any) -> None:
        stores(order_id, upload)
        monkeypatch.setattr(attachment_store, "store_upload", stores)
        decide_with_file(in_process, mail, first, name="first.pdf").page()

    monkeypatch.setattr(attachment_store, "store_upload", store_after_another)
    decide_with_file(in_process, mail, second, name="second.pdf").page()
    in_process.settle()
    assert [each["name"] for each in attachments_of(order)] == ["first.pdf"]
    assert [each["attachment"]["name"] for each in evidence_of(order)] == ["first.pdf"]
    kept, lost = (f"attachments/{order.order_id}/{hashlib.sha256(file).hexdigest()}.pdf" for file in (first, second))
    assert objects(in_process) == {kept: {}, lost: {"decision": "none"}}


def test_of_two_decisions_at_once_the_one_that_loses_leaves_no_item(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, mail = offered(in_process)
    save = order_store.save

    def save_after_another(*given: Any) -> None:
        monkeypatch.setattr(order_store, "save", save)
        in_process.decide(mail, "cancel").page()
        save(*given)

    monkeypatch.setattr(order_store, "save", save_after_another)
    decide_with_file(in_process, mail).page(409)
    assert (order.status, attachments_of(order)) == ("canceled", [])


def test_a_file_of_tries_that_lost_is_not_kept_however_often_it_came(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, mail = offered(in_process)
    in_process.settle()
    save = order_store.save

    def end_before(*_: Any) -> None:
        raise SystemError

    def save_after_another(*given: Any) -> None:
        monkeypatch.setattr(order_store, "save", save)
        in_process.decide(mail, "cancel").page()
        save(*given)

    monkeypatch.setattr(order_store, "save", end_before)
    decide_with_file(in_process, mail).page(500)
    in_process.lab.errors.take("ConfirmPageFunction")
    monkeypatch.setattr(order_store, "save", save_after_another)
    decide_with_file(in_process, mail).page(409)
    in_process.settle()
    assert (order.status, attachments_of(order)) == ("canceled", [])
    assert objects(in_process) == {f"attachments/{order.order_id}/{SHA256}.pdf": {"decision": "none"}}


def test_a_file_of_a_decision_that_comes_once_more_stays_kept(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCUMENTS_BUCKET", in_process.lab.outputs["DocumentsBucket"])
    order, mail = offered(in_process)
    decide_with_file(in_process, mail).page()
    in_process.settle()
    with in_process.lab.as_operator():
        attachment_store.store_upload(order.order_id, Upload(NAME, PDF))
    in_process.settle()
    assert objects(in_process) == {f"attachments/{order.order_id}/{SHA256}.pdf": {}}


# -- who gets it --------------------------------------------------------------------------------------------------


def test_nobody_but_customer_success_gets_it(site: Site) -> None:
    order, mail = offered(site)
    decide_with_file(site, mail).page()
    (found,) = attachments_of(order)
    path = f"{order.desk_path}/attachments"
    for user in (order.user, site.people.reseller):
        site.get(path, user).refused(403, "forbidden")
        site.get(f"{path}/{found['sequence']}", user).refused(403, "forbidden")
    assert site.get(path).status == 401
    assert NAME not in json.dumps(order.timeline())


@pytest.mark.parametrize("sequence", ["0", "99", "x", "-1"])
def test_what_came_with_no_file_is_not_found(site: Site, sequence: str) -> None:
    order, _ = offered(site)
    site.get(f"{order.desk_path}/attachments/{sequence}", site.people.cs).refused(404, "not_found")
    site.get("/api/desk/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV/attachments", site.people.cs).refused(404, "not_found")


# -- the scan -----------------------------------------------------------------------------------------------------


def scanned(site: InProcess, order: Order, result: str | None, minutes: int = 0, **changes: str) -> Json:
    """Return GuardDuty's event about the file of an order, as it comes on the default bus."""
    scanned = {
        "bucketName": site.lab.outputs["DocumentsBucket"],
        "objectKey": f"attachments/{order.order_id}/{SHA256}.pdf",
        "eTag": "ASIAI44QH8DHBEXAMPLE",
        **changes,
    }
    detail: Json = {"schemaVersion": "1.0", "resourceType": "S3_OBJECT", "s3ObjectDetails": scanned}
    detail |= (
        {"scanStatus": "COMPLETED", "scanResultDetails": {"scanResultStatus": result}}
        if result
        else {"scanStatus": "SKIPPED"}
    )
    return {
        "source": "aws.guardduty",
        "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "time": (site.now() + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "detail": detail,
    }


@pytest.fixture
def scanning() -> Iterator[InProcess]:
    with InProcess.started(MalwareScan="guardduty") as site:
        yield site
        assert not site.lab.errors, f"functions failed: {site.lab.errors}"


def publish(site: InProcess, event: Json) -> bool:
    """Put an event on the default bus, with a time of its own; return whether a rule takes it."""
    taken = False
    for rule in site.lab.eventbridge.rules:
        if rule.matches("default", event):
            (queue,) = rule.queues
            site.lab.eventbridge.send(queue, event)
            taken = True
    site.settle()
    return taken


@pytest.mark.parametrize(
    ("result", "scan"),
    [
        ("NO_THREATS_FOUND", "clean"),
        ("THREATS_FOUND", "infected"),
        ("UNSUPPORTED", "failed"),
        ("ACCESS_DENIED", "failed"),
        (None, "failed"),
    ],
)
def test_nobody_gets_a_file_before_it_is_scanned(scanning: InProcess, result: str | None, scan: str) -> None:
    order, mail = offered(scanning)
    decide_with_file(scanning, mail).page()
    scanning.settle()
    (found,) = attachments_of(order)
    assert found["scan"] == "pending"
    file_of(order, found["sequence"]).refused(409, "quarantined")
    assert publish(scanning, scanned(scanning, order, result))
    assert [each["scan"] for each in attachments_of(order)] == [scan]
    if scan == "infected":
        file_of(order, found["sequence"]).refused(409, "quarantined")
    else:
        assert file_of(order, found["sequence"]).body == PDF


def test_a_scan_may_be_faster_than_the_decision_and_the_newest_counts(scanning: InProcess) -> None:
    order, mail = offered(scanning)
    publish(scanning, scanned(scanning, order, "THREATS_FOUND", minutes=5))
    publish(scanning, scanned(scanning, order, "NO_THREATS_FOUND", minutes=1))
    assert not publish(scanning, scanned(scanning, order, "NO_THREATS_FOUND", minutes=9, bucketName="another"))
    assert not publish(scanning, scanned(scanning, order, "NO_THREATS_FOUND", minutes=9, objectKey="quotes/x/1.pdf"))
    assert publish(scanning, scanned(scanning, order, "NO_THREATS_FOUND", minutes=9, objectKey="attachments/x.pdf"))
    decide_with_file(scanning, mail).page()
    assert [each["scan"] for each in attachments_of(order)] == ["infected"]
    publish(scanning, scanned(scanning, order, "NO_THREATS_FOUND", minutes=6))
    assert [each["scan"] for each in attachments_of(order)] == ["clean"]


# -- erasure ------------------------------------------------------------------------------------------------------


def erase(site: InProcess, monkeypatch: pytest.MonkeyPatch, email: str) -> int:
    for name, output in (("TABLE_NAME", "TableName"), ("DOCUMENTS_BUCKET", "DocumentsBucket")):
        monkeypatch.setenv(name, site.lab.outputs[output])
    with site.lab.as_operator():
        return sum(step.erased["attachments"] for step in erasure_job.erase_person(email))


def test_the_erasure_of_who_approved_removes_the_file(in_process: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    order, mail = offered(in_process)
    decide_with_file(in_process, mail, name="Connie Contact.pdf").page()
    in_process.settle()
    assert erase(in_process, monkeypatch, order.contact) == 1
    (found,) = attachments_of(order)
    assert (found["name"], found["removed"], found["sha256"]) == (ERASED, True, SHA256)
    assert objects(in_process) == {}
    (evidence,) = evidence_of(order)
    assert evidence["attachment"] == {"sha256": SHA256, "size": len(PDF), "name": ERASED}
    file_of(order, found["sequence"]).refused(404, "not_found")
    assert erase(in_process, monkeypatch, order.contact) == 0


def test_the_erasure_of_somebody_else_takes_the_name_off_the_file_alone(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, mail = offered(in_process)
    email = in_process.people.cs2.email
    decide_with_file(in_process, mail, name=f"{email} and I.pdf").page()
    in_process.settle()
    assert erase(in_process, monkeypatch, email) == 1
    (found,) = attachments_of(order)
    assert found["name"] == f"{ERASED} and I.pdf"
    assert file_of(order, found["sequence"]).body == PDF
