"""Which modules a folder may import: the name of a folder of the core says what its modules know."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "layers" / "core"
PRODUCT = {CORE: "online_orders", ROOT / "layers" / "rendering": "online_orders_rendering", ROOT / "functions": ""}

SDK = ("boto3", "botocore", "s3transfer")
POWERTOOLS = ("aws_lambda_powertools",)
AWS = ("online_orders.aws",)
HTTP = ("online_orders.http",)
ROUTES = ("online_orders.routes",)
OUTER = ("functions", "online_orders_rendering", "sandbox", "emulation", "tests", "tools", "cli", "bench")
"""What no module of the core knows."""
IMPURE = ("os", "time", "random", "secrets", "uuid", "socket", "subprocess", "urllib", "http.client", "threading")
"""What the outside has a say in: environment, clock, chance, network, processes."""
OWN = ("online_orders.clock", "online_orders.environment", "online_orders.deadlines", "online_orders.telemetry")
"""Modules of the core that read these, or write to the log."""
RENDERING = (*SDK, *POWERTOOLS, *AWS, *HTTP, *ROUTES, *OWN, "functions", "sandbox", "emulation", "tests", "tools")

MAY_NOT: dict[str, tuple[str, ...]] = {
    "online_orders/domain/*.py": (*SDK, *POWERTOOLS, *AWS, *HTTP, *ROUTES, *OUTER, *IMPURE, *OWN),
    "online_orders/http/*.py": (*SDK, *AWS, *ROUTES, *OUTER),
    "online_orders/aws/*.py": (*HTTP, *ROUTES, *OUTER, "boto3", "aws_lambda_powertools.event_handler"),
    "online_orders/routes/*.py": (*SDK, *OUTER),
    "online_orders/*.py": (*AWS, *HTTP, *ROUTES, *OUTER, "boto3"),
    "online_orders_rendering/*.py": RENDERING,
    "online_orders_rendering/*/*.py": RENDERING,
    "functions/*.py": (*SDK, "sandbox", "emulation", "tests", "tools", "cli", "bench"),
}
"""What a module may not import, by its place: below its import root, and of a function below the project."""
EXCEPT: dict[str, tuple[str, ...]] = {
    # A day in a time zone is computed from an instant that is given.
    "online_orders/domain/orders.py": ("online_orders.clock.day_in",),
    "online_orders/domain/order_requests.py": ("online_orders.clock.day_in",),
    # A new id is the one thing of the domain that chance has a part in.
    "online_orders/domain/order_ids.py": ("secrets",),
    # Of the network's library, what turns %2C into a comma.
    "online_orders/domain/role_mapping.py": ("urllib.parse.unquote",),
    # Cursors are signed with the installation's key.
    "online_orders/http/cursors.py": ("online_orders.aws.signing_keys",),
    # What AWS failed at is told apart from faults of the product.
    "online_orders/http/problems.py": ("botocore.exceptions",),
}
READS_THE_OUTSIDE = {"now", "utcnow", "today_utc", "environ", "getenv"}


def modules() -> list[tuple[str, Path]]:
    """Each module of the product, by the place that the rules above speak of."""
    found = []
    for root, package in PRODUCT.items():
        below = root.parent if not package else root
        paths = sorted((root / package).rglob("*.py"))
        found += [(path.relative_to(below).as_posix(), path) for path in paths]
    return found


def imports_of(path: Path) -> Iterator[str]:
    """Every name that a module imports, wherever in it, in full."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def begins(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def rule_of(place: str) -> tuple[str, ...]:
    fitting = [rule for pattern, rule in MAY_NOT.items() if PurePosixPath("/", place).match("/" + pattern)]
    assert len(fitting) == 1, f"not one rule says what {place} may import"
    return fitting[0]


@pytest.mark.parametrize(("place", "path"), [pytest.param(*each, id=each[0]) for each in modules()])
def test_a_module_imports_only_what_its_folder_may(place: str, path: Path) -> None:
    may_not, exempt = rule_of(place), EXCEPT.get(place, ())
    assert {name for name in imports_of(path) if begins(name, may_not) and not begins(name, exempt)} == set()


@pytest.mark.parametrize("path", sorted((CORE / "online_orders" / "domain").glob("*.py")), ids=lambda path: path.stem)
def test_a_module_of_the_domain_reads_neither_clock_nor_environment(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert not {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & READS_THE_OUTSIDE


def test_no_exception_is_left_that_nothing_needs() -> None:
    paths = dict(modules())
    for place, prefixes in EXCEPT.items():
        for prefix in prefixes:
            assert any(begins(name, (prefix,)) for name in imports_of(paths[place])), f"{place} does not need {prefix}"


def test_no_two_modules_of_the_product_share_a_name_but_a_trigger_and_what_it_calls() -> None:
    """A function is called as in the template; every other module can be told by its name alone."""
    places: dict[str, list[str]] = {}
    for place, path in modules():
        if path.stem != "__init__" and not place.startswith("functions/"):
            places.setdefault(path.stem, []).append(place)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
