"""Links in the table: known by the hash of their token, counted down by wrong codes."""

from __future__ import annotations

from online_orders.approval_links import Link, fingerprint
from online_orders.aws.dynamodb import IS_NEW, get, number, put, text, update
from online_orders.aws.keys import Item, link_key
from online_orders.errors import NotFound


def store_link(token: str, link: Link) -> None:
    """Make the link known before its mail goes out; storing it again leaves its count of wrong codes alone."""
    item = {
        **link_key(fingerprint(token)),
        "document": text(link.model_dump_json(exclude={"wrong_codes"})),
        "wrong_codes": number(0),
    }
    put(item, **IS_NEW)


def find_link(token: str) -> Link:
    item = get(link_key(fingerprint(token)))
    if item is None:
        raise NotFound("There is no such link.")
    return Link.model_validate_json(item["document"]["S"]).model_copy(
        update={"wrong_codes": int(item["wrong_codes"]["N"])}
    )


def count_wrong_code(token: str, link: Link) -> bool:
    """Whether this wrong code was counted: False when another was counted first."""
    return update(
        link_key(fingerprint(token)),
        "SET wrong_codes = :after",
        {":before": number(link.wrong_codes), ":after": number(link.wrong_codes + 1)},
        ConditionExpression="wrong_codes = :before",
    )


def wrong_code_action(token: str, link: Link) -> Item:
    """The same count as an action of a transaction."""
    return {
        "Update": {
            "Key": link_key(fingerprint(token)),
            "UpdateExpression": "SET wrong_codes = :after",
            "ConditionExpression": "wrong_codes = :before",
            "ExpressionAttributeValues": {
                ":before": number(link.wrong_codes),
                ":after": number(link.wrong_codes + 1),
            },
        }
    }


def unchanged_count(token: str, link: Link) -> Item:
    """The condition of a transaction that no wrong code was counted since `link` was read."""
    return {
        "ConditionCheck": {
            "Key": link_key(fingerprint(token)),
            "ConditionExpression": "wrong_codes = :before",
            "ExpressionAttributeValues": {":before": number(link.wrong_codes)},
        }
    }
