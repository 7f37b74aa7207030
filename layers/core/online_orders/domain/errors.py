"""All refusals, each with its HTTP status and its stable code."""

from collections.abc import Iterable
from http import HTTPStatus
from itertools import islice
from typing import Any, ClassVar, NamedTuple

MAX_FIELD_ERRORS = 1_000


class FieldError(NamedTuple):
    """One error of a request body: a JSON Pointer (RFC 6901) into it, a stable code, and a sentence for people."""

    pointer: str
    code: str
    detail: str


class OnlineOrdersError(Exception):
    """A refusal that the caller can understand; any other exception is an internal error."""

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


class StateConflict(OnlineOrdersError):
    """Something other than an order is in a state that does not allow the action."""

    status = HTTPStatus.CONFLICT

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class InProgress(OnlineOrdersError):
    """Other requests kept changing the same item; this one did nothing and may be repeated."""

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
    """A body that is well formed and refused as a whole."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def _encodable(error: FieldError) -> FieldError:
    """Return the error with a question mark for each half of a surrogate pair: the sentence may quote what was sent."""
    return error._replace(detail=error.detail.encode("utf-8", "replace").decode())


class Invalid(OnlineOrdersError):
    """Every error of a body at once, up to the first thousand."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid"

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(map(_encodable, islice(errors, MAX_FIELD_ERRORS)))
        count = len(self.errors)
        super().__init__(f"The body has {count} fault{'' if count == 1 else 's'}.")

    def members(self) -> dict[str, Any]:
        return {"errors": [error._asdict() for error in self.errors]}


class TooManyRequests(OnlineOrdersError):
    """The caller is over a limit and nothing was done; it may retry after `seconds`."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.seconds)}


class Unavailable(OnlineOrdersError):
    """AWS throttles us or does not respond."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}
