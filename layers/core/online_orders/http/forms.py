"""Read what a browser sends to a page: the fields of a form, its cookies, and its reader's languages."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple
from urllib.parse import parse_qs

from aws_lambda_powertools.event_handler import Request

from online_orders.domain.attachments import Upload
from online_orders.http import bodies, requests

MAX_FIELDS = 250
"""One for each line of the longest quote, which may be optional, and the others."""
MAX_MULTIPART_BYTES = 6 * 1024 * 1024
"""More than a function is ever sent: a file that is too large, but comes through, gets a page that says so."""
MULTIPART = "multipart/form-data"
FILE = "signed_order"


class SentForm(NamedTuple):
    """The fields of a form, the first of each name, and the file that came with it."""

    fields: dict[str, str]
    upload: Upload | None = None


def sent_form(request: Request) -> SentForm:
    """Return a form, sent as a browser sends it with files or without; nothing for a body that is not a form.

    Raises TooLarge as `bodies.raw_body`.
    """
    if requests.media_type(request) == MULTIPART:
        return _multipart_form(request)
    return SentForm(form_fields(request))


def _multipart_form(request: Request) -> SentForm:
    from io import BytesIO  # these are not needed for looking at a page

    from multipart import MultipartError, MultipartParser, parse_options_header

    data = bodies.raw_body(request, MAX_MULTIPART_BYTES)
    boundary = parse_options_header(requests.request_headers(request)["content-type"])[1].get("boundary", "")
    fields: dict[str, str] = {}
    upload = None
    try:
        # Nothing goes to a disk.
        limits = {"part_limit": MAX_FIELDS, "spool_limit": MAX_MULTIPART_BYTES, "memory_limit": MAX_MULTIPART_BYTES}
        for part in MultipartParser(BytesIO(data), boundary, len(data), **limits):
            if part.filename is None:
                fields.setdefault(part.name, part.raw.decode("utf-8"))
            elif part.name == FILE and upload is None and (part.filename or part.raw):  # else none was chosen
                upload = Upload(part.filename, part.raw)
    except (MultipartError, ValueError):
        return SentForm({})
    return SentForm(fields, upload)


def form_fields(request: Request) -> dict[str, str]:
    """Return the form's fields, the first of each name; nothing for a body that is not a form.

    Raises TooLarge as `bodies.raw_body`.
    """
    try:
        text = bodies.raw_body(request).decode("utf-8")
        fields = parse_qs(text, max_num_fields=MAX_FIELDS, keep_blank_values=True, errors="strict")
    except (ValueError, UnicodeError):
        return {}
    return {name: values[0] for name, values in fields.items()}


def cookies(request: Request) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each cookie.

    API Gateway has them in a list of their own, other servers of this event in the header.
    """
    sent = ";".join([*(request.resolved_event.get("cookies") or ()), request.headers.get("cookie", "")])
    for cookie in sent.split(";"):
        name, _, value = cookie.strip().partition("=")
        yield name, value


def preferred_language(accept_language: str, known: Collection[str], fallback: str) -> str:
    """Return the first of the reader's languages that is known, by its two letters; else `fallback`."""
    requested = (part.strip()[:2].lower() for part in accept_language.split(","))
    return next((language for language in requested if language in known), fallback)
