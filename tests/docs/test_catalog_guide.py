"""The guide to the catalog, `docs/catalog.md`, has all that a document may be refused for."""

from __future__ import annotations

import re
from pathlib import Path

from online_orders.domain import catalog_rules
from online_orders.domain.catalog_document import document_schema
from online_orders.domain.catalog_rules import RULES
from tests.domain.test_catalog_document import FAULTS, GUIDE


def test_the_guide_has_every_rule_with_its_parameters_and_every_code() -> None:
    rows = {row.split("`")[1]: row for row in GUIDE.splitlines() if row.startswith("| `")}
    definitions = document_schema()["$defs"]
    mapping = definitions["DocumentKind"]["properties"]["rules"]["items"]["discriminator"]["mapping"]
    assert set(mapping) == set(RULES)
    for rule, reference in mapping.items():
        for parameter in set(definitions[reference.rpartition("/")[2]]["properties"]) - {"rule"}:
            assert f"`{parameter}`" in rows[rule], rule
    folder = Path(catalog_rules.__file__).parent
    codes = {
        code
        for name in ("catalog.py", "catalog_rules.py")
        for code in re.findall(
            r'(?:Fault|FieldError)\([^,]*?(?:\([^)]*\))?, "(\w+)"', (folder / name).read_text("utf-8")
        )
    }
    told = {code for _, expected in FAULTS for _, code in expected} | {"in_use"} | codes
    assert len(told) > 30
    # Faults of any body are in the OpenAPI document.
    general = {"wrong_type", "too_few", "too_many", "malformed", "too_long"}
    assert {code for code in told - general if f"`{code}`" not in GUIDE} == set()
