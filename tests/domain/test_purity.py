"""The domain knows neither AWS nor the clock: what it decides, it decides from what it is given."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import online_orders.orders

PACKAGE = Path(online_orders.orders.__file__).parent
DOMAIN = (
    "accounts announcements approval_links backoff catalog confirmation csv_pages erasing errors estimates events "
    "evidence fair_shares faults iso money orders presentation prices quotes timeline values"
)


def imports_of(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("name", DOMAIN.split())
def test_domain_modules_use_no_aws_clock_environment_or_randomness(name: str) -> None:
    tree = ast.parse((PACKAGE / f"{name}.py").read_text("utf-8"))
    for module in imports_of(tree):
        assert not module.startswith(
            ("boto3", "botocore", "aws_lambda_powertools", "os", "time.", "random", "secrets", "uuid")
        ), module
        assert not module.startswith(("online_orders.aws", "online_orders.http", "online_orders.clock.now")), module
    read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not read & {"now", "utcnow", "today_utc", "environ", "getenv"}
