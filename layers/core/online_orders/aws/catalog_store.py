"""Read the catalog that is in force, along with other items, and keep it in the process.

A published catalog is an item of up to 300 KB. A process reads it once. After that each read asks for the small item
`NEWEST`, which the same transaction writes: it is read consistently, so that nothing is ever judged by a catalog that
was replaced before the read. Nothing is stored while the catalog that ships is in force, which is version 0.
"""

from __future__ import annotations

import json

from online_orders.aws import lead_time_statistics
from online_orders.aws.keys import Item, Key, catalog_key, newest_catalog_key
from online_orders.aws.table import Items, get
from online_orders.domain.catalog import Catalog, shipped

_Stamp = tuple[int, str]
"""The version, and when it was published: a restored table may get another catalog under the same version."""
_SHIPPED: _Stamp = (0, "")
_cache: list[tuple[_Stamp, Catalog]] = []


def keys_to_read() -> list[Key]:
    """Return the keys to read along with other items, for `from_items`: of the whole catalog, or which one it is."""
    return [newest_catalog_key() if _cache else catalog_key()]


def from_items(found: Items) -> Catalog:
    """Return the catalog in force, from a read with `keys_to_read`.

    Reads the whole catalog once more when another one was published since this process has read it.
    """
    if item := found.get(catalog_key()):
        return _remember(item)
    newest = found.get(newest_catalog_key())
    if newest is None:
        return _remember(None)
    if _cache and _cache[0][0] == _stamp(newest):
        return _cache[0][1]
    return get_catalog()


def get_catalog() -> Catalog:
    """Return the catalog in force, from the whole item."""
    return _remember(get(catalog_key()))


def cached() -> Catalog:
    """Return the catalog that this process has read last, which may have been replaced; else the one that ships."""
    return _cache[0][1] if _cache else shipped()


def known() -> Catalog:
    """Return the catalog that this process has read last or, where it has read none, the one in force."""
    return _cache[0][1] if _cache else get_catalog()


def _stamp(item: Item) -> _Stamp:
    return int(item["version"]["N"]), item["changed_at"]["S"]


def _remember(item: Item | None) -> Catalog:
    """Return the catalog of an item (None: the one that ships), parsed unless the process has it already."""
    stamp = _stamp(item) if item else _SHIPPED
    if not _cache or _cache[0][0] != stamp:
        catalog = Catalog.from_document(json.loads(item["document"]["S"]), stamp[0]) if item else shipped()
        _cache[:] = [(stamp, catalog)]
        lead_time_statistics.follow_catalog(catalog.kinds)
    return _cache[0][1]


def reset() -> None:
    _cache.clear()
