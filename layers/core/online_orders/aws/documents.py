"""Papers that are made once and kept: the PDF of each quote revision."""

from __future__ import annotations

from botocore.exceptions import ClientError

from online_orders.aws.clients import client
from online_orders.aws.environment import environment


def _name(order_id: str, revision: int) -> str:
    return f"quotes/{order_id}/{revision}.pdf"


def find_quote_paper(order_id: str, revision: int) -> bytes | None:
    """The bytes that were kept, or None while the paper has not been made."""
    try:
        answer = client("s3").get_object(Bucket=environment("DOCUMENTS_BUCKET"), Key=_name(order_id, revision))
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            return None
        raise
    body: bytes = answer["Body"].read()
    return body


def keep_quote_paper(order_id: str, revision: int, paper: bytes) -> bytes:
    """Keep the paper unless one is kept already; answers the one that is kept."""
    try:
        client("s3").put_object(
            Bucket=environment("DOCUMENTS_BUCKET"),
            Key=_name(order_id, revision),
            Body=paper,
            ContentType="application/pdf",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"PreconditionFailed", "412", "ConditionalRequestConflict"}:
            raise
        return find_quote_paper(order_id, revision) or paper
    return paper
