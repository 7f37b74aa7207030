"""Each function imports what it uses and no more: what it does not, no cold start pays for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.stem for path in (ROOT / "functions").glob("*.py"))
PROGRAM = "import sys, importlib, json; importlib.import_module(sys.argv[1]); print(json.dumps(list(sys.modules)))"
RENDERING = {"online_orders_rendering", "jinja2", "typst"}
WAITED_FOR = ("orders_api", "desk_api", "confirm_page", "preview_quote")
"""Functions of which somebody sees how long they take to start."""
UNRENDERED = {"orders_api", "desk_api", "outbox", "await_decision", "reconcile", "measure"}


@pytest.fixture(scope="module", params=FUNCTIONS)
def imported(request: pytest.FixtureRequest) -> tuple[str, set[str]]:
    """A function's module, and the packages and modules that are there once it is imported."""
    return request.param, names_after_importing(request.param)


def names_after_importing(function: str, **environment: str) -> set[str]:
    names = set(run(PROGRAM, function, **environment))
    return names | {name.partition(".")[0] for name in names}


def run(program: str, function: str, **environment: str) -> Any:
    """What a program says as JSON that is given a function's module and search path."""
    folders = ["functions", "layers/core", "layers/rendering"]
    path = [str(ROOT / folder) for folder in folders] + [one for one in sys.path if "site-packages" in one]
    ended = subprocess.run(
        [sys.executable, "-c", program, function],
        env={"PYTHONPATH": os.pathsep.join(path), "POWERTOOLS_METRICS_NAMESPACE": "OnlineOrders", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ended.stdout)


def test_no_function_loads_boto3_or_the_xray_sdk(imported: tuple[str, set[str]]) -> None:
    assert not imported[1] & {"boto3", "aws_xray_sdk", "s3transfer"}


def test_no_function_loads_the_sdks_clients_before_it_needs_one(imported: tuple[str, set[str]]) -> None:
    assert not imported[1] & {"botocore.session", "botocore.client", "botocore.parsers", "urllib3"}


def test_no_function_loads_what_only_makes_the_openapi_document(imported: tuple[str, set[str]]) -> None:
    resolver = "aws_lambda_powertools.event_handler.openapi"
    made_of = {f"{resolver}.models", f"{resolver}.schema_generator", f"{resolver}.swagger_ui"}
    assert not imported[1] & made_of


def test_what_a_catalog_document_may_be_is_loaded_when_one_is_judged(imported: tuple[str, set[str]]) -> None:
    assert "online_orders.domain.catalog_document" not in imported[1]


def test_what_only_the_desk_asks_for_and_orders_get_later_does_not_delay_customers() -> None:
    desk = {"http.desk_parameters", "domain.staff_requests", "domain.quote_requests", "domain.search_words"}
    later = {"domain.later_parts", "domain.csv_pages", "aws.question_store", "aws.search_queries"}
    later |= {"domain.quote_parts", "domain.taxes", "domain.decimals", "domain.quote_amounts"}
    assert not names_after_importing("orders_api") & {f"online_orders.{name}" for name in desk | later}


def test_what_makes_no_page_mail_or_paper_does_not_load_what_does(imported: tuple[str, set[str]]) -> None:
    name, packages = imported
    if name in UNRENDERED:
        assert not packages & RENDERING


@pytest.mark.parametrize("name", ["orders_api", "desk_api", "confirm_page"])
def test_a_snapshot_has_what_finds_keys(name: str) -> None:
    """It has none itself, and what starts from it must ask for some before its first call."""
    prepared = names_after_importing(name, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    assert {"botocore.session", "botocore.credentials", "botocore.httpsession"} <= prepared


LOOKED_THROUGH = """
import gc, importlib, json, sys
before = gc.get_stats()
importlib.import_module(sys.argv[1])
after = gc.get_stats()
looked = sum(one["collections"] - other["collections"] for one, other in zip(after, before))
print(json.dumps([looked, gc.get_freeze_count(), gc.isenabled()]))
"""


@pytest.mark.parametrize("name", WAITED_FOR)
def test_what_a_function_imports_is_not_looked_through_for_garbage(name: str) -> None:
    """Neither while it is imported nor later, and the collector is there for what requests leave."""
    looked, frozen, is_on = run(LOOKED_THROUGH, name)
    assert looked < 10
    assert frozen > 10_000
    assert is_on
