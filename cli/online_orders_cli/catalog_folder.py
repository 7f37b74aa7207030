"""Read a catalog and its price lists from a folder, and judge both without an installation.

The folder has the document (`catalog.yaml`, `catalog.yml` or `catalog.json`) and price lists: `prices/EUR.csv` for
everybody, `prices/partners/EUR.csv` for the group `partners`. The local run starts this module as a program, because
it has the product on its search path and the local run does not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from online_orders.domain.catalog import Catalog, shipped
from online_orders.domain.catalog_document import parse_catalog
from online_orders.domain.errors import BadRequest, Invalid
from online_orders.domain.iso import MINOR_DIGITS
from online_orders.domain.prices import PriceScope, parse_prices_csv
from online_orders_cli.catalog_files import read
from online_orders_cli.tables import Json, Unreadable, read_text

NAMES = ("catalog.yaml", "catalog.yml", "catalog.json")


class Folder(NamedTuple):
    document: Json
    price_lists: list[Json]
    """Of each its `currency`, its `group` or None, and its `prices`."""


class FaultyError(Exception):
    """What is wrong with a folder, a line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_folder(path: Path) -> Folder:
    """Return what a folder has, or the folder of a document; raise FaultyError with every fault."""
    file = _document_in(path)
    try:
        document = parse_catalog(read(file), before=shipped())
    except Unreadable as error:
        raise FaultyError([str(error)]) from error
    except Invalid as invalid:
        raise FaultyError(
            [f"{file}: {each.pointer or '/'}: {each.detail} ({each.code})" for each in invalid.errors]
        ) from None
    catalog = Catalog.from_document(document, 1)
    found: list[Json] = []
    faults: list[str] = []
    for each in sorted((file.parent / "prices").rglob("*.csv")):
        try:
            found.append(_price_list(each, each.relative_to(file.parent / "prices"), catalog))
        except FaultyError as faulty:
            faults += faulty.faults
    if faults:
        raise FaultyError(faults)
    return Folder(document, found)


def _document_in(path: Path) -> Path:
    if not path.is_dir():
        if not path.exists():
            raise FaultyError([f"There is no {path}."])
        return path
    found = [path / name for name in NAMES if (path / name).exists()]
    if len(found) != 1:
        told = "more than one" if found else "none"
        raise FaultyError([f"{path} has one of {', '.join(NAMES)}; there is {told}."])
    return found[0]


def _price_list(file: Path, place: Path, catalog: Catalog) -> Json:
    """Return a price list; `place` is the file's below the folder of price lists."""
    currency, *groups = (place.stem, *place.parent.parts)
    faults = list(_place_faults(currency, groups, catalog))
    if faults:
        raise FaultyError([f"{file}: {fault}" for fault in faults])
    try:
        prices = parse_prices_csv(read_text(file), currency, catalog=catalog)
    except (Unreadable, BadRequest) as error:
        raise FaultyError([f"{file}: {error}"]) from error
    except Invalid as invalid:
        raise FaultyError([f"{file}: {each.detail} ({each.code})" for each in invalid.errors]) from None
    scope = PriceScope(group=groups[0] if groups else None)
    return {
        "currency": currency,
        "group": scope.group,
        "prices": [price.model_dump(mode="json") for price in prices],
    }


def _place_faults(currency: str, groups: list[str], catalog: Catalog) -> Iterator[str]:
    if currency not in MINOR_DIGITS:
        yield f"{currency} is no currency; name the file after one, as EUR.csv."
    if len(groups) > 1 or any(group not in catalog.groups for group in groups):
        yield f"the catalog has no group {'/'.join(groups)}."


def main() -> int:
    """Write as JSON what a folder has, or its `faults`."""
    try:
        folder = read_folder(Path(sys.argv[1]))
    except FaultyError as faulty:
        sys.stdout.write(json.dumps({"faults": faulty.faults}))
        return 1
    sys.stdout.write(json.dumps(folder._asdict()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
