"""The headers of responses."""

from __future__ import annotations

from typing import Any

HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "The version, for If-Match; of what is only read, for If-None-Match.",
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
    "Location": {
        "description": "Where it is.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Link": {
        "description": 'The next page, as `<...>; rel="next"`; of a table only, and not of the last one.',
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {
        "description": "`Basic`, by which the client may show its secret.",
        "schema": {"type": "string"},
    },
    "Allow": {"description": "The methods that the path answers to.", "schema": {"type": "string"}},
}
