"""Read the headers of a request: where it comes from, what it accepts, and its preconditions."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from aws_lambda_powertools.event_handler import Request

from online_orders.domain.errors import VersionMismatch
from online_orders.environment import environment

_VERSION = re.compile(r"[0-9]+")
_TAG = re.compile(r'"[^"]*"')


class Viewer(NamedTuple):
    """Where a request came from: an IP address, and the browser's User-Agent."""

    address: str | None
    agent: str | None


def viewer(request: Request) -> Viewer:
    """Return the viewer behind CloudFront, which overwrites whatever address the caller sent.

    Only requests through CloudFront have the origin secret; where there is none, the gateway sees the caller itself.
    """
    seen, headers = request.resolved_event["requestContext"]["http"], request_headers(request)
    address = headers.get("x-viewer-address") if environment("ORIGIN_SECRET") else seen.get("sourceIp")
    return Viewer(_printable_prefix(address, 45), _printable_prefix(headers.get("user-agent"), 400))


def _printable_prefix(text: str | None, limit: int) -> str | None:
    return "".join(character for character in text or "" if character.isprintable())[:limit] or None


def request_headers(request: Request) -> Mapping[str, str]:
    """Return the headers under the lower-case names that the gateway gives them.

    `Request.headers` builds a case-insensitive dictionary, anew each time.
    """
    headers: Mapping[str, str] = request.resolved_event["headers"]
    return headers


def media_type(request: Request) -> str:
    """Return the Content-Type in small letters, without parameters; an empty text where none was sent."""
    return request_headers(request).get("content-type", "").partition(";")[0].strip().lower()


def expected_versions(if_match: str | None) -> frozenset[int] | None:
    """Return the versions that a valid If-Match names; None when any will do."""
    return frozenset(map(int, _VERSION.findall(if_match or ""))) or None


class Preconditions(NamedTuple):
    """What If-Match and If-None-Match require of a resource before a PUT (RFC 9110, 13.1)."""

    if_match: frozenset[int] | None
    """The versions that it may have; None: any, or there may be none."""
    must_exist: bool
    must_be_new: bool

    def check(self, name: str, version: int | None) -> None:
        """Raise VersionMismatch unless the resource may have this `version` (None: there is none)."""
        if self.must_be_new and version is not None:
            raise VersionMismatch(f"There is {name} already; nothing was replaced.")
        if self.must_exist and version is None:
            raise VersionMismatch(f"There is no longer {name}; nothing was created.")
        if self.if_match is not None and version not in self.if_match:
            raise VersionMismatch(f"There is {name} at another version; nothing was replaced.")


def preconditions(if_match: str | None, if_none_match: str | None) -> Preconditions:
    """Return the preconditions of a PUT, from valid headers."""
    must_exist, must_be_new = bool((if_match or "").strip()), bool((if_none_match or "").strip())
    return Preconditions(expected_versions(if_match), must_exist, must_be_new)


def names_tag(if_none_match: str | None, tag: str) -> bool:
    """Return whether an If-None-Match names an ETag, compared weakly as RFC 9110 says for reading."""
    sent = (if_none_match or "").strip()
    return sent == "*" or tag in _TAG.findall(sent)


def accepts(request: Request, media_type: str) -> bool:
    """Return whether the caller prefers this media type to JSON, by RFC 9110."""
    liking: dict[str, float] = {}
    for part in request_headers(request).get("accept", "").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        liking[name] = float(quality) if re.fullmatch(r"[01](\.\d{0,3})?", quality) else 0.0
    return liking.get(media_type, 0.0) > liking.get("application/json", 0.0)
