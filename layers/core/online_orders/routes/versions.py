"""The versions of an item, as the routes of accounts and of price lists return them."""

from collections.abc import Callable
from typing import Any

from online_orders.aws import version_store
from online_orders.aws.keys import Key
from online_orders.aws.version_store import Version
from online_orders.domain.errors import NotFound
from online_orders.http import responses
from online_orders.http.cursors import Cursor
from online_orders.http.responses import Response


def versions_page(
    key: Key, what: str, row: Callable[[Version], dict[str, Any]], limit: int, cursor: Cursor
) -> Response:
    """Return a page of the versions of the item under `key`; raise NotFound, which names it as `what`."""
    page = version_store.list_versions(key, limit, int(cursor.position) if cursor.position else None)
    if page is None:
        raise NotFound(f"There is no {what}.")
    return responses.page((row(version) for version in page.versions), "version", page.position, cursor)


def get_version(key: Key, version: int) -> Version:
    """Return a version of the item under `key`; raise NotFound for one that is not kept."""
    found = version_store.find_version(key, version)
    if found is None:
        raise NotFound(f"There is no version {version}, or it was not kept.")
    return found


def version_row(version: Version) -> dict[str, Any]:
    """Return the members that every version has: who stored it and when, and what was changed."""
    return {"version": version.version, "at": version.at, "by": version.by, "changed": version.changed}
