"""Receive mails as SES does: `POST /inbound` takes a raw mail, stores it in the bucket, and tells the product's queue.

What SES finds out about a mail is in the query, and passes unless said otherwise: `/inbound?dmarc=FAIL&spam=GRAY`.
Recipients are those of the mail's headers, or `to=`; the sender of the envelope is that of `From`, or `source=`.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import getaddresses
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MAX_BYTES = 40 * 1024 * 1024  # as SES
SCANNED = ("spam", "virus", "spf", "dkim", "dmarc")
STATUSES = {"PASS", "FAIL", "GRAY", "PROCESSING_FAILED"}


@dataclass(frozen=True)
class Inbound:
    """Where received mails go; `clients` makes clients of the engine."""

    clients: Callable[[str], Any]
    bucket: str
    queue_url: str
    domain: str

    def routes(self) -> list[Route]:
        return [Route("/inbound", self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        query = request.query_params
        unknown = query.keys() - {*SCANNED, "to", "source"}
        verdicts = {name: query.get(name, "PASS") for name in SCANNED}
        if unknown or not set(verdicts.values()) <= STATUSES:
            return JSONResponse({"detail": f"Verdicts are {', '.join(SCANNED)}: {', '.join(sorted(STATUSES))}."}, 422)
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > MAX_BYTES:
                return JSONResponse({"detail": "SES takes mails of 40 MB at most."}, 413)
        message = message_from_bytes(bytes(raw))
        recipients = query.getlist("to") or _addresses(message, "To", "Cc")
        mine = [each for each in recipients if each.casefold().endswith(f"@{self.domain}")]
        if not mine:
            return JSONResponse({"detail": f"No recipient is at {self.domain}."}, 422)
        source = query.get("source", next(iter(_addresses(message, "From")), ""))
        mail_id = uuid.uuid4().hex
        senders = [str(each) for each in message.get_all("From", [])]
        told = notification(mail_id, source, mine, verdicts, datetime.now(UTC), senders)
        await asyncio.to_thread(self._deliver, mail_id, bytes(raw), told)
        return JSONResponse({"mail_id": mail_id}, 202)

    def _deliver(self, mail_id: str, raw: bytes, told: Mapping[str, Any]) -> None:
        self.clients("s3").put_object(Bucket=self.bucket, Key=f"inbound/{mail_id}", Body=raw)
        self.clients("sqs").send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(told))


def notification(
    mail_id: str, source: str, recipients: list[str], verdicts: Mapping[str, str], at: datetime, senders: list[str]
) -> dict[str, Any]:
    """Return what SES publishes about a mail that its S3 action has stored."""
    instant = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "notificationType": "Received",
        "mail": {
            "timestamp": instant,
            "source": source,
            "messageId": mail_id,
            "destination": recipients,
            "headersTruncated": False,
            "commonHeaders": {"from": senders, "to": recipients},
        },
        "receipt": {
            "timestamp": instant,
            "processingTimeMillis": 500,
            "recipients": recipients,
            **{f"{name}Verdict": {"status": status} for name, status in verdicts.items()},
            "action": {"type": "S3", "objectKeyPrefix": "inbound/", "objectKey": f"inbound/{mail_id}"},
        },
    }


def _addresses(message: Any, *names: str) -> list[str]:
    headers = [str(each) for name in names for each in message.get_all(name, [])]
    return [address for _, address in getaddresses(headers) if address]
