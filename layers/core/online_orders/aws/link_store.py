"""Store links by the hash of their token, with two counts of wrong codes (see `Link.counter`)."""

from __future__ import annotations

from typing import Literal

from online_orders.aws.keys import Item, OrderKey, link_key
from online_orders.aws.order_store import get_order_and_account
from online_orders.aws.signing_keys import signing_key, signing_key_or_current
from online_orders.aws.table import IF_NOT_EXISTS, get, number, put, text, update
from online_orders.domain.approval_links import (
    TOKEN,
    ConfirmLink,
    Link,
    LinkContext,
    code_of,
    fingerprint,
    link_context,
    proof_of,
    token_of,
)
from online_orders.domain.errors import NotFound
from online_orders.domain.orders import Order
from online_orders.environment import environment
from online_orders.telemetry import logger

_COUNTERS: tuple[str, ...] = ("wrong_codes", "wrong_codes_of_asker")
_BESIDE_DOCUMENT = {*_COUNTERS, "is_askers"}


def issue_link(order: Order, purpose: Literal["order", "quote"], key_id: str | None = None) -> tuple[Link, ConfirmLink]:
    """Return the order's live link for a purpose, and the parts that its mail shows; the link is stored before.

    It is the link that went out before, made with the same key. Where that key was retired since, nobody can open that
    link any more, so this is another one with another code.
    """
    key = signing_key_or_current("links", key_id)
    link = Link(
        purpose=purpose,
        account_id=order.account_id,
        order_id=order.order_id,
        source=order.source,
        revision=order.quote.revision if purpose == "quote" and order.quote else 0,
        number=order.internals.quote_link if purpose == "quote" else order.internals.order_link,
        key_id=key.key_id,
    )
    token = token_of(key.key, link, order.contact.email)
    store_link(token, link)
    url = f"{environment('SITE_URL')}/confirm/{token}"
    return link, ConfirmLink(url, code_of(key.key, link, order.contact.email))


def store_link(token: str, link: Link) -> None:
    """Store the link before its mail is sent; storing it again does not change its counts of wrong codes."""
    item = {
        **link_key(fingerprint(token)),
        "document": text(link.model_dump_json(exclude=_BESIDE_DOCUMENT)),
        "wrong_codes": number(0),
        "wrong_codes_of_asker": number(0),
    }
    put(item, **IF_NOT_EXISTS)


def find_link(token: str) -> Link:
    item = get(link_key(fingerprint(token)))
    if item is None:
        raise NotFound("There is no such link.")
    counts = {name: int(item[name]["N"]) for name in _COUNTERS if name in item}
    return Link.model_validate_json(item["document"]["S"]).model_copy(update=counts)


def load_link(token: str, proofs: frozenset[str] = frozenset()) -> LinkContext:
    """Return a link by its token, with its order and account as they are now; `proofs` are what the browser has kept.

    Raises NotFound for an unknown token, and for one made with a retired key.
    """
    if not TOKEN.fullmatch(token):
        raise NotFound("There is no such link.")
    link = find_link(token)
    logger.append_keys(order_id=link.order_id)
    order, account = get_order_and_account(OrderKey(link.account_id, link.order_id, link.source))
    return link_context(token, proofs, link, signing_key("links", link.key_id).key, order, account)


def proof_of_next(context: LinkContext) -> str:
    """Return the proof for the browser to keep for the link that replaces this one, made with the key of this one."""
    link = context.link.model_copy(update={"number": context.link.number + 1})
    return proof_of(signing_key("links").key, link, context.order.contact.email)


def count_wrong_code(token: str, link: Link) -> bool:
    """Count a wrong code; return False when another one was counted first."""
    return update(
        link_key(fingerprint(token)),
        f"SET {link.counter} = :after",
        {":before": number(link.tries), ":after": number(link.tries + 1)},
        ConditionExpression=f"{link.counter} = :before",
    )


def count_wrong_code_write(token: str, link: Link) -> Item:
    """Return the same count as a write of a transaction."""
    return {
        "Update": {
            "Key": link_key(fingerprint(token)),
            "UpdateExpression": f"SET {link.counter} = :after",
            "ConditionExpression": f"{link.counter} = :before",
            "ExpressionAttributeValues": {":before": number(link.tries), ":after": number(link.tries + 1)},
        }
    }


def expected_attempts(token: str, link: Link) -> Item:
    """Return the condition of a transaction that no wrong code was counted since `link` was read."""
    return {
        "ConditionCheck": {
            "Key": link_key(fingerprint(token)),
            "ConditionExpression": f"{link.counter} = :before",
            "ExpressionAttributeValues": {":before": number(link.tries)},
        }
    }
