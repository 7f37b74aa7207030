"""Everything that can be refused, with the HTTP status and the stable code that it means."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from itertools import islice
from typing import Any, ClassVar, NamedTuple

MAX_FIELD_ERRORS = 1_000


class FieldError(NamedTuple):
    """One fault of a request body: a JSON Pointer (RFC 6901) into it, a stable code, a sentence for people."""

    pointer: str
    code: str
    detail: str


class OnlineOrdersError(Exception):
    """A refusal with a meaning; anything else that is raised is a fault of ours."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: str = "internal_error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def members(self) -> dict[str, Any]:
        """Return the members of the problem document beside type, title, status, code and detail."""
        return {}

    def headers(self) -> dict[str, str]:
        return {}


class BadRequest(OnlineOrdersError):
    status = HTTPStatus.BAD_REQUEST

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Forbidden(OnlineOrdersError):
    status = HTTPStatus.FORBIDDEN

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class NotFound(OnlineOrdersError):
    status = HTTPStatus.NOT_FOUND
    code = "not_found"


class MethodNotAllowed(OnlineOrdersError):
    status = HTTPStatus.METHOD_NOT_ALLOWED
    code = "method_not_allowed"

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = ", ".join(sorted(allowed))
        super().__init__(f"This resource answers to {self.allowed}.")

    def headers(self) -> dict[str, str]:
        return {"Allow": self.allowed}


class Conflict(OnlineOrdersError):
    """The order is in a status that does not allow the action; `order_status` says which."""

    status = HTTPStatus.CONFLICT
    code = "conflict"

    def __init__(self, detail: str, order_status: str) -> None:
        super().__init__(detail)
        self.order_status = order_status

    def members(self) -> dict[str, Any]:
        return {"status": self.order_status}


class InProgress(OnlineOrdersError):
    """Others kept changing the same thing; the request did nothing and may be repeated."""

    status = HTTPStatus.CONFLICT
    code = "in_progress"

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class VersionMismatch(OnlineOrdersError):
    status = HTTPStatus.PRECONDITION_FAILED
    code = "version_mismatch"


class TooLarge(OnlineOrdersError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large"


class Unprocessable(OnlineOrdersError):
    """A body that is well formed and wrong as a whole."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Invalid(OnlineOrdersError):
    """Every fault of a body, all at once; of more than a thousand, the first thousand."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid"

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(islice(errors, MAX_FIELD_ERRORS))
        count = len(self.errors)
        super().__init__(f"The body has {count} fault{'' if count == 1 else 's'}.")

    def members(self) -> dict[str, Any]:
        return {"errors": [error._asdict() for error in self.errors]}


class TooManyRequests(OnlineOrdersError):
    """The caller has had its share; nothing was done. `seconds` from now it may be worth another try."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.seconds)}


class Unavailable(OnlineOrdersError):
    """AWS asks us to slow down, or does not answer."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}
