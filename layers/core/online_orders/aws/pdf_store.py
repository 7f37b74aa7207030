"""Store PDFs that are made once: one for each quote revision, and one for the confirmation of an approved order."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError

from online_orders.aws.clients import client, error_code
from online_orders.environment import environment


def _quote_key(order_id: str, revision: int) -> str:
    return f"quotes/{order_id}/{revision}.pdf"


def _confirmation_key(order_id: str, revision: int) -> str:
    return f"confirmations/{order_id}/{revision}.pdf"


def find_quote_pdf(order_id: str, revision: int) -> bytes | None:
    """Return the bytes of the stored PDF, or None while it has not been made."""
    return _find(_quote_key(order_id, revision))


def find_or_store(order_id: str, revision: int, make: Callable[[], bytes]) -> bytes:
    """Return the stored PDF of a revision; make and store it where there is none yet."""
    stored = find_quote_pdf(order_id, revision)
    return store_once(order_id, revision, make()) if stored is None else stored


def store_once(order_id: str, revision: int, pdf: bytes) -> bytes:
    """Store the PDF of a revision unless one is stored already; return the stored one."""
    return _store_once(_quote_key(order_id, revision), pdf)


def find_or_store_confirmation(order_id: str, revision: int, make: Callable[[], bytes]) -> bytes:
    """Return the stored confirmation of the revision that was approved; make and store it where there is none yet."""
    key = _confirmation_key(order_id, revision)
    stored = _find(key)
    return _store_once(key, make()) if stored is None else stored


def _find(key: str) -> bytes | None:
    try:
        response = client("s3").get_object(Bucket=environment("DOCUMENTS_BUCKET"), Key=key)
    except ClientError as error:
        if error_code(error) in {"NoSuchKey", "404"}:
            return None
        raise
    body: bytes = response["Body"].read()
    return body


def _store_once(key: str, pdf: bytes) -> bytes:
    try:
        client("s3").put_object(
            Bucket=environment("DOCUMENTS_BUCKET"),
            Key=key,
            Body=pdf,
            ContentType="application/pdf",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error_code(error) not in {"PreconditionFailed", "412", "ConditionalRequestConflict"}:
            raise
        return _find(key) or pdf
    return pdf
