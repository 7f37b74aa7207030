"""Requests of any shape, by every role, against the local run: no server error, no answer that the document denies.

A rule that the document cannot state is answered with 422, which is documented for every body; so requests that satisfy
the schema may be refused, and what is checked is the answer. `positive_data_acceptance` is left out for that reason.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.contract.live import Live
from tests.contract.orders import claimed

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROLES = ("customer", "reseller", "cs", "nobody")


def fuzz(operation: Any, live: Live, headers: dict[str, str], statuses: Counter[int], cases: int) -> None:
    """Three of four cases are about an order that there is."""
    order_id = claimed(live).order_id if "{order_id}" in operation.path else ""

    @settings(
        max_examples=cases,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def answers_as_documented(case: Any) -> None:
        if order_id and statuses.total() % 4:
            case.path_parameters["order_id"] = order_id
        response = case.call(headers=headers)
        statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    answers_as_documented()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ROLES)
def test_whatever_is_asked_is_answered_as_the_document_says(
    live: Live, role: str, long: bool, report: Callable[[str], None]
) -> None:
    headers = {}
    if role != "nobody":
        headers["Authorization"] = f"Bearer {live.tokens(getattr(live.people, role))['IdToken']}"
    schema = schemathesis.openapi.from_url(f"{live.origin}/api/openapi.json")
    schema.config.update(base_url=live.origin)
    wrong: dict[str, str] = {}
    statuses: Counter[int] = Counter()
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    for operation in operations:
        try:
            fuzz(operation, live, headers, statuses, 150 if long else 4)
        except (AssertionError, ExceptionGroup) as fault:
            wrong[operation.label] = str(fault)
    report(
        f"fuzz as {role}: {statuses.total()} cases of {len(operations)} operations, {dict(sorted(statuses.items()))}"
    )
    assert not wrong
