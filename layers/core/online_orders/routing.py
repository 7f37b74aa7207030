"""Which function answers a request, and how its answer is handed back to the gateway (payload format 2.0)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

Event = Mapping[str, Any]


class Answer(NamedTuple):
    status: int
    content_type: str
    body: str | bytes
    headers: Mapping[str, str]

    def payload(self) -> dict[str, Any]:
        encoded = b64encode(self.body).decode() if isinstance(self.body, bytes) else None
        return {
            "statusCode": int(self.status),
            "headers": {"Content-Type": self.content_type, **self.headers},
            "body": self.body if encoded is None else encoded,
            "isBase64Encoded": encoded is not None,
        }


Answering = TypeVar("Answering", bound=Callable[..., Answer])


class Route(NamedTuple):
    method: str
    rule: str
    """A path; `<name>` stands for one segment of it, whatever that is, which `answering` gets by that name."""
    parts: Sequence[str]
    answering: Callable[..., Answer]

    def names(self, parts: Sequence[str]) -> dict[str, str] | None:
        """What a path, in its parts, has in the places that the rule leaves open; None for a path of another rule."""
        if len(parts) != len(self.parts):
            return None
        found = {}
        for wanted, part in zip(self.parts, parts, strict=True):
            if wanted.startswith("<") and part:
                found[wanted[1:-1]] = part
            elif wanted != part:
                return None
        return found
