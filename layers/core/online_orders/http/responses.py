"""Make responses: JSON, CSV, PDF, a page of a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler import Response as _Response

from online_orders.domain.representations import to_json
from online_orders.http import requests
from online_orders.http.cursors import Cursor

Response = _Response[Any]
"""Powertools' response; its class alone is no type that a route may be annotated with."""
MAX_PAGE_BYTES = 4 * 1024 * 1024


def json_response(body: Any, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response that no cache keeps; `body` may be text that is JSON already."""
    return _Response(  # without its parameter, which each call would note at the response
        int(status),
        "application/json",
        body if isinstance(body, str) else to_json(body),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def empty_response(status: HTTPStatus, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response without a body, that no cache keeps unless `headers` say so."""
    return Response(int(status), body="", headers={"Cache-Control": "no-store", **(headers or {})})


def revalidated_response(text: str, if_none_match: str | None) -> Response:
    """Return JSON that the caller may keep and asks for anew each time: 304 when it is as If-None-Match names it."""
    tag = etag(int.from_bytes(sha256(text.encode()).digest()[:8], "big"))
    headers = {"Cache-Control": "private, no-cache", **tag}
    if requests.names_tag(if_none_match, tag["ETag"]):
        return empty_response(HTTPStatus.NOT_MODIFIED, headers)
    return json_response(text, headers=headers)


def csv_response(text: str, file_name: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return CSV, to be saved as a file."""
    disposition = f'attachment; filename="{file_name}"'
    return Response(
        int(HTTPStatus.OK),
        "text/csv; charset=utf-8",
        text,
        headers={"Cache-Control": "no-store", "Content-Disposition": disposition, **(headers or {})},
    )


def pdf_response(
    pdf: bytes, file_name: str | None = None, headers: Mapping[str, str] | None = None, *, is_saved: bool = False
) -> Response:
    """Return a PDF, to be shown or, with `is_saved`, saved as a file; no cache keeps it unless `headers` say so."""
    disposition = f'{"attachment" if is_saved else "inline"}; filename="{file_name}"'
    named = {"Content-Disposition": disposition} if file_name else {}
    return Response(
        int(HTTPStatus.OK), "application/pdf", pdf, headers={"Cache-Control": "no-store", **named, **(headers or {})}
    )


def next_link(request: Request, next_cursor: str | None) -> dict[str, str]:
    """Return the header that leads to the next page of a table; none on the last page."""
    if next_cursor is None:
        return {}
    next_page = urlencode({**(request.query_parameters or {}), "cursor": next_cursor})
    return {"Link": f'<{request.route}?{next_page}>; rel="next"'}


def page(rows: Iterable[Mapping[str, Any]], id_name: str, position: str | int | None, cursor: Cursor) -> Response:
    """Return a page of a list, cut where it would be too large for a response.

    `id_name` is the member of a row that positions refer to, `position` the last one that was examined.
    """
    written: list[str] = []
    size, last = 0, None
    for row in rows:
        text = to_json(row)
        size += len(text.encode())
        if written and size > MAX_PAGE_BYTES:
            position = last
            break
        written.append(text)
        last = row[id_name]
    return json_response(f'{{"items":[{",".join(written)}],"next_cursor":{to_json(cursor.after(position))}}}')


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}
