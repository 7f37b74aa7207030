"""Read the raw mails that SES has stored, each under `inbound/` and SES's id of it; they expire by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from botocore.exceptions import ClientError

from online_orders.aws.clients import client, error_code
from online_orders.domain.received_mails import MAX_MAIL_BYTES
from online_orders.environment import environment

PREFIX = "inbound/"
_MAIL_ID = re.compile(r"[A-Za-z0-9]{1,128}")
_HEAD_BYTES = 65_536


class RawMail(NamedTuple):
    """The beginning of a mail, and how long the whole is."""

    content: bytes
    size: int


def is_mail_id(text: object) -> bool:
    """Return whether a text may be SES's id of a mail. Nothing else becomes part of an object's key."""
    return isinstance(text, str) and _MAIL_ID.fullmatch(text) is not None


def find_mail(mail_id: str, most: int = MAX_MAIL_BYTES) -> RawMail | None:
    """Return a stored mail, at most so many bytes of it; None for one that was removed."""
    try:
        response = client("s3").get_object(Bucket=environment("INBOUND_BUCKET"), Key=PREFIX + mail_id)
    except ClientError as error:
        if error_code(error) in {"NoSuchKey", "404"}:
            return None
        raise
    body = response["Body"]
    try:
        return RawMail(body.read(most), int(response["ContentLength"]))
    finally:
        body.close()


def all_mails() -> Iterator[tuple[str, bytes]]:
    """Yield the id and the head of every stored mail, for an operator who erases a person."""
    start: dict[str, str] = {}
    while True:
        page = client("s3").list_objects_v2(Bucket=environment("INBOUND_BUCKET"), Prefix=PREFIX, **start)
        for each in page.get("Contents", ()):
            mail_id = each["Key"].removeprefix(PREFIX)
            if is_mail_id(mail_id) and (found := find_mail(mail_id, _HEAD_BYTES)):
                yield mail_id, found.content
        if not page.get("IsTruncated"):
            return
        start = {"ContinuationToken": page["NextContinuationToken"]}


def remove_mail(mail_id: str) -> None:
    client("s3").delete_object(Bucket=environment("INBOUND_BUCKET"), Key=PREFIX + mail_id)
