"""Every refusal: the status, the stable code, the headers and the members that clients go by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from online_orders.domain import errors
from online_orders.domain.errors import FieldError, OnlineOrdersError

FAULT = FieldError("/items/0", "unknown_kind", "There is no such kind.")

# Made in the test: what is made here is made before any mutant.
REFUSALS: list[tuple[Callable[[], OnlineOrdersError], int, str, dict[str, str], dict[str, Any]]] = [
    (lambda: OnlineOrdersError("Why."), 500, "internal_error", {}, {}),
    (lambda: errors.BadRequest("invalid_query", "Why."), 400, "invalid_query", {}, {}),
    (lambda: errors.Forbidden("not_enrolled", "Why."), 403, "not_enrolled", {}, {}),
    (lambda: errors.NotFound("Why."), 404, "not_found", {}, {}),
    (lambda: errors.MethodNotAllowed(["POST", "GET"]), 405, "method_not_allowed", {"Allow": "GET, POST"}, {}),
    (lambda: errors.Conflict("Why.", "completed"), 409, "conflict", {}, {"status": "completed"}),
    (lambda: errors.StateConflict("last_admin", "Why."), 409, "last_admin", {}, {}),
    (lambda: errors.InProgress("Why."), 409, "in_progress", {"Retry-After": "1"}, {}),
    (lambda: errors.VersionMismatch("Why."), 412, "version_mismatch", {}, {}),
    (lambda: errors.TooLarge("Why."), 413, "too_large", {}, {}),
    (lambda: errors.Unprocessable("idempotency_key_reused", "Why."), 422, "idempotency_key_reused", {}, {}),
    (lambda: errors.Invalid([FAULT]), 422, "invalid", {}, {"errors": [FAULT._asdict()]}),
    (lambda: errors.TooManyRequests("Why.", 17), 429, "too_many_requests", {"Retry-After": "17"}, {}),
    (lambda: errors.Unavailable("Why."), 503, "unavailable", {"Retry-After": "1"}, {}),
]
SAID = {errors.MethodNotAllowed: "This resource answers to GET, POST.", errors.Invalid: "The body has 1 fault."}


@pytest.mark.parametrize(
    ("refuse", "status", "code", "headers", "members"), REFUSALS, ids=[type(row[0]()).__name__ for row in REFUSALS]
)
def test_a_refusal_says_what_clients_go_by(
    refuse: Callable[[], OnlineOrdersError], status: int, code: str, headers: dict[str, str], members: dict[str, Any]
) -> None:
    error = refuse()
    assert (error.status, error.code, error.headers(), error.members()) == (status, code, headers, members)
    assert error.detail == str(error) == SAID.get(type(error), "Why.")


def test_every_refusal_is_listed_here() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OnlineOrdersError)}
    assert {type(row[0]()) for row in REFUSALS} == kinds


def test_of_too_many_faults_the_first_thousand_are_told() -> None:
    refusal = errors.Invalid(FAULT._replace(pointer=f"/{number}") for number in range(1_001))
    assert [len(refusal.errors), refusal.errors[-1].pointer] == [1_000, "/999"]
    assert refusal.detail == "The body has 1000 faults."
