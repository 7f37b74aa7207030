"""Keep the versions of accounts, price lists and the catalog: a replaced one stays beside the newest.

An item at version N has `version`, `changed_by`, `changed_at`, `changed` and `document`; it is copied under its version
in the transaction that stores version N + 1. What an earlier release replaced was not kept, and what it stored last has
neither a time nor a list of changes.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from online_orders.aws.keys import Item, Key, version_key
from online_orders.aws.table import WriteConflict, get, number, query_range, text
from online_orders.domain.values import instant_text


class Version(NamedTuple):
    """A version, the newest or a replaced one."""

    version: int
    at: str | None
    """When it was stored, RFC 3339."""
    by: str
    """The e-mail address of whoever stored it, or the name of a service user; `operator` for the command line."""
    changed: list[str] | None
    """JSON Pointers to what it changed; empty for the first one, which was all new."""
    document: str

    @classmethod
    def from_item(cls, item: Item) -> "Version":
        return cls(
            version=int(item["version"]["N"]),
            at=item["changed_at"]["S"] if "changed_at" in item else None,
            by=item["changed_by"]["S"],
            changed=json.loads(item["changed"]["S"]) if "changed" in item else None,
            document=item["document"]["S"],
        )


class VersionPage(NamedTuple):
    """Versions, newest first, and the one after which the next page begins (None: this was the last)."""

    versions: list[Version]
    position: int | None


def version_item(key: Key, version: int, document: str, by: str, at: datetime, changed: Sequence[str]) -> Item:
    """Return the item of a new version."""
    return {
        **key,
        "version": number(version),
        "changed_by": text(by),
        "changed_at": text(instant_text(at)),
        "changed": text(json.dumps(list(changed))),
        "document": text(document),
    }


def replace_actions(item: Item, before: int, **kept: str) -> list[Item]:
    """Return the actions that store `item` in place of the one at version `before`, which is kept beside it.

    `kept` has attributes that the kept version gets in place of its own. Executing the actions raises WriteConflict
    when another version is stored by now.
    """
    key: Key = {"pk": item["pk"], "sk": item["sk"]}
    existing = get(key)
    if existing is None or int(existing["version"]["N"]) != before:
        raise WriteConflict([])
    replaced = {name: text(value) for name, value in kept.items()}
    return [
        {
            "Put": {
                "Item": item,
                # An erasure changes the author but not the version, and the kept copy must not bring the person back.
                "ConditionExpression": "version = :before AND changed_by = :by",
                "ExpressionAttributeValues": {":before": number(before), ":by": existing["changed_by"]},
            }
        },
        {"Put": {"Item": {**existing, **replaced, **version_key(key, before)}}},
    ]


def list_versions(key: Key, limit: int, before: int | None) -> VersionPage | None:
    """Return versions of the item under `key` that are older than `before` (None: all); None when there is no item."""
    found: list[Version] = []
    if before is None:
        item = get(key)
        if item is None:
            return None
        found.append(Version.from_item(item))
        before = found[0].version
        if limit == 1:
            return VersionPage(found, before if before > 1 else None)
    response = query_range(
        key["pk"]["S"],
        version_key(key, 0)["sk"]["S"],
        version_key(key, before - 1)["sk"]["S"],
        ScanIndexForward=False,
        Limit=limit - len(found),
    )
    found += [Version.from_item(item) for item in response["Items"]]
    return VersionPage(found, found[-1].version if "LastEvaluatedKey" in response and found else None)


def find_version(key: Key, version: int) -> Version | None:
    """Return a version of the item under `key`, the newest or a kept one; None where there is none."""
    for at in (key, version_key(key, version)):
        item = get(at)
        if item is not None and int(item["version"]["N"]) == version:
            return Version.from_item(item)
    return None
