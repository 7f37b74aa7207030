"""Store PDFs that are made once: one for each quote revision."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError

from online_orders.aws.clients import client, error_code
from online_orders.environment import environment


def _object_key(order_id: str, revision: int) -> str:
    return f"quotes/{order_id}/{revision}.pdf"


def find_quote_pdf(order_id: str, revision: int) -> bytes | None:
    """Return the bytes of the stored PDF, or None while it has not been made."""
    try:
        response = client("s3").get_object(Bucket=environment("DOCUMENTS_BUCKET"), Key=_object_key(order_id, revision))
    except ClientError as error:
        if error_code(error) in {"NoSuchKey", "404"}:
            return None
        raise
    body: bytes = response["Body"].read()
    return body


def find_or_store(order_id: str, revision: int, make: Callable[[], bytes]) -> bytes:
    """Return the stored PDF; make and store it where there is none yet."""
    stored = find_quote_pdf(order_id, revision)
    return store_once(order_id, revision, make()) if stored is None else stored


def store_once(order_id: str, revision: int, pdf: bytes) -> bytes:
    """Store the PDF unless one is stored already; return the stored one."""
    try:
        client("s3").put_object(
            Bucket=environment("DOCUMENTS_BUCKET"),
            Key=_object_key(order_id, revision),
            Body=pdf,
            ContentType="application/pdf",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error_code(error) not in {"PreconditionFailed", "412", "ConditionalRequestConflict"}:
            raise
        return find_quote_pdf(order_id, revision) or pdf
    return pdf
