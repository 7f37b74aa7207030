"""Store the signed orders that come with approvals: the file in the bucket, and an item about it beside the evidence.

The file is stored before the decision, tagged as one that no decision has yet, and the bucket's lifecycle rule removes
what keeps the tag for a week. The outbox takes the tag off as an effect of the decision's entry, so a process that ends
between the two loses no file that was decided with, and leaves none that was not.

What a scan for malware finds is stored by the file's hash, apart from the item: the scan may be faster than the
decision.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from online_orders.aws.clients import client, error_code
from online_orders.aws.keys import (
    ATTACHMENT_PREFIX,
    PREFIX_END,
    Item,
    attachment_key,
    order_pk,
    scan_key,
)
from online_orders.aws.table import IF_NOT_EXISTS, attempts, get_all, query_range, text, update
from online_orders.clock import now
from online_orders.domain.attachments import Attached, Attachment, ScanState, Upload, quarantine
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.values import instant_text
from online_orders.environment import environment

UNDECIDED_TAG = "decision=none"
"""The tag that the lifecycle rule in template.yaml looks for."""
SCAN_DEADLINE = timedelta(days=1)
"""After which nobody waits for the result of a scan any more; GuardDuty takes minutes."""
_EXISTS = {"PreconditionFailed", "412"}
_IS_GONE = {"NoSuchKey", "404", "MethodNotAllowed", "405"}
"""What S3 says of an object that is not there, or was deleted and has versions still."""


def object_key(order_id: str, sha256: str) -> str:
    return f"attachments/{order_id}/{sha256}.pdf"


# -- the file -----------------------------------------------------------------------------------------------------


def store_upload(order_id: str, upload: Upload) -> None:
    """Store a file once, for a decision that is yet to be taken.

    One that is stored already stays as it is, whichever try stored it: that of a decision is kept, and any other is
    kept by what follows from its decision, if there ever is one.
    """
    for _ in attempts():
        try:
            client("s3").put_object(
                Bucket=environment("DOCUMENTS_BUCKET"),
                Key=object_key(order_id, upload.sha256),
                Body=upload.content,
                ContentType="application/pdf",
                IfNoneMatch="*",
                Tagging=UNDECIDED_TAG,
            )
        except ClientError as error:
            if error_code(error) == "ConditionalRequestConflict":  # another request is storing the same file now
                continue
            if error_code(error) not in _EXISTS:
                raise
        return
    raise InProgress("The same file is being stored; nothing was done.")


def keep_upload(order_id: str, sha256: str) -> None:
    """Keep a file for as long as its order; one that was removed since stays removed."""
    try:
        client("s3").delete_object_tagging(Bucket=environment("DOCUMENTS_BUCKET"), Key=object_key(order_id, sha256))
    except ClientError as error:
        if error_code(error) not in _IS_GONE:
            raise


def read_file(order_id: str, attachment: Attachment) -> bytes:
    """Return the bytes of a file; raise NotFound for one that was removed, and StateConflict `quarantined`."""
    if attachment.removed:
        raise NotFound("The file was removed when a person was erased.")
    if attachment.is_quarantined:
        raise quarantine(attachment.scan)
    try:
        response = client("s3").get_object(
            Bucket=environment("DOCUMENTS_BUCKET"), Key=object_key(order_id, attachment.sha256)
        )
    except ClientError as error:
        if error_code(error) in _IS_GONE:
            raise NotFound("The file is no longer there.") from None
        raise
    body: bytes = response["Body"].read()
    return body


# -- the item -----------------------------------------------------------------------------------------------------


def attachment_action(order_id: str, sequence: int, at: datetime, attached: Attached) -> Item:
    """Return the write of the item about a file, for the transaction of the decision itself."""
    scan: ScanState = "not_scanned" if environment("MALWARE_SCAN") == "none" else "pending"
    attachment = Attachment(**attached.model_dump(), sequence=sequence, at=at, scan=scan)
    item = {**attachment_key(order_id, sequence), "document": text(attachment.model_dump_json())}
    return {"Put": {"Item": item, **IF_NOT_EXISTS}}


def list_attachments(order_id: str) -> list[Attachment]:
    """Return what was attached to the order's decisions, oldest first; an order is approved once."""
    response = query_range(order_pk(order_id), ATTACHMENT_PREFIX, ATTACHMENT_PREFIX + PREFIX_END, Limit=100)
    found = [Attachment.model_validate_json(item["document"]["S"]) for item in response["Items"]]
    scans = get_all([scan_key(order_id, each.sha256) for each in found if each.scan != "not_scanned"])
    return [_with_scan(each, scans.get(scan_key(order_id, each.sha256)), now()) for each in found]


def _with_scan(attachment: Attachment, scan: Item | None, at: datetime) -> Attachment:
    """Return a file with what is known of its scan; one that never ended, as after scans were switched off, failed."""
    if attachment.scan == "not_scanned":
        return attachment
    if scan is None:
        is_late = attachment.scan == "pending" and at - attachment.at > SCAN_DEADLINE
        return attachment.model_copy(update={"scan": "failed"}) if is_late else attachment
    return attachment.model_copy(update={"scan": scan["scan_result"]["S"]})


def get_attachment(order_id: str, sequence: int) -> Attachment:
    """Return the file of a decision; raise NotFound where it came with none."""
    for each in list_attachments(order_id):
        if each.sequence == sequence:
            return each
    raise NotFound(f"Decision {sequence} of the order came with no file.")


def store_scan(order_id: str, sha256: str, scan: ScanState, at: datetime) -> bool:
    """Store what a scan has found; return False for one that an event about a later scan came before."""
    return update(
        scan_key(order_id, sha256),
        "SET scan_result = :scan, scanned_at = :at",
        {":scan": text(scan), ":at": text(instant_text(at))},
        ConditionExpression="attribute_not_exists(scanned_at) OR scanned_at <= :at",
    )


# -- erasure ------------------------------------------------------------------------------------------------------


def remove_file(order_id: str, attachment: Attachment, name: str) -> None:
    """Remove a file, and say so in its item under another name; the bucket keeps it as long as its backups."""
    client("s3").delete_object(Bucket=environment("DOCUMENTS_BUCKET"), Key=object_key(order_id, attachment.sha256))
    rename(order_id, attachment.model_copy(update={"removed": True}), name)


def rename(order_id: str, attachment: Attachment, name: str) -> None:
    """Store the item about a file under another name; nobody else changes it."""
    document = attachment.model_copy(update={"name": name}).model_dump_json()
    update(attachment_key(order_id, attachment.sequence), "SET document = :after", {":after": text(document)})
