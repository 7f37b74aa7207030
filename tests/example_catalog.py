"""The catalog and the prices of another vendor, as `examples/catalog` has them."""

from functools import cache
from pathlib import Path

from online_orders_cli.catalog_folder import Folder, read_folder

FOLDER = Path(__file__).parents[1] / "examples" / "catalog"


@cache
def example() -> Folder:
    return read_folder(FOLDER)
