"""The versions of what lies under a key, as the routes of accounts and of price lists answer them."""

from collections.abc import Callable
from typing import Any

from online_orders import http
from online_orders.aws import versions
from online_orders.aws.keys import Key
from online_orders.aws.versions import Version
from online_orders.cursors import Cursor
from online_orders.errors import NotFound
from online_orders.http import Response


def versions_page(
    key: Key, what: str, row: Callable[[Version], dict[str, Any]], limit: int, cursor: Cursor
) -> Response:
    """Return a page of the versions of what lies under a key; NotFound, which says `what`, where nothing does."""
    page = versions.list_versions(key, limit, int(cursor.position) if cursor.position else None)
    if page is None:
        raise NotFound(f"There is no {what}.")
    return http.page((row(version) for version in page.versions), "version", page.position, cursor)


def get_version(key: Key, version: int) -> Version:
    """Return a version of what lies under a key; NotFound for one that is not kept."""
    found = versions.find_version(key, version)
    if found is None:
        raise NotFound(f"There is no version {version}, or it was not kept.")
    return found


def version_row(version: Version) -> dict[str, Any]:
    """Return what each answer says of a version: who stored it and when, and what was changed."""
    return {"version": version.version, "at": version.at, "by": version.by, "changed": version.changed}
