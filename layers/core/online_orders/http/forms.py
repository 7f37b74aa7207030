"""Read what a browser sends to a page: the fields of a form, its cookies, and its reader's languages."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from urllib.parse import parse_qs

from aws_lambda_powertools.event_handler import Request

from online_orders.http import bodies

MAX_FIELDS = 250
"""One for each line of the longest quote, which may be optional, and the others."""


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
