"""Place an order, from the screen or by Customer Success: two calls to the table, and idempotent.

For an order with upgrades, two more calls look for duplicates. They examine a bounded number of orders, and only those
that were stored before, so of two orders placed at the same time neither gets a warning of the other: the desk looks
again when it claims an order.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from online_orders import clock
from online_orders.aws import (
    account_store,
    catalog_store,
    grant_check,
    lead_time_statistics,
    order_queries,
    order_store,
    quotas,
)
from online_orders.aws.keys import Source, idempotency_key, placed_key
from online_orders.aws.table import WriteConflict, attempts, get_all
from online_orders.domain.accounts import Account
from online_orders.domain.callers import Caller
from online_orders.domain.catalog import Catalog, kinds_named, shipped
from online_orders.domain.duplicates import Duplicate, find_duplicates
from online_orders.domain.errors import InProgress, TooLarge
from online_orders.domain.order_ids import new_order_id
from online_orders.domain.order_parts import User
from online_orders.domain.order_requests import parse_order
from online_orders.domain.orders import Order
from online_orders.domain.representations import order_body, to_json, warning_body

MAX_RESPONSE_BYTES = 256 * 1024
"""Of a new order as JSON, which has more than is stored of it: an item of the table then has room for a quote, too."""


class Placed(NamedTuple):
    """The order's id, and the JSON of the response to the first request and to every repeated one."""

    order_id: str
    response: str


def _catalog_of(order: Order) -> Catalog:
    """Return the catalog that says which items of a placed order are upgrades.

    Only of an order that was placed by a published catalog, in a process that knows none, this takes a call.
    """
    is_of_shipped = order.snapshot is None or order.snapshot.catalog_version is None
    return shipped() if is_of_shipped else catalog_store.known()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def place(key: str, body: Any, *, by: Caller, account_id: str, caller_account_id: str, source: Source) -> Placed:
    """Place the order that `body` asks for, once per account and idempotency key.

    `caller_account_id` is the account that the caller acts for (Customer Success acts for the account itself). Raises
    NotFound for an account that the caller may not see, Forbidden for one that may not order and for a caller who may
    no longer place orders, Invalid with every error of the body, TooLarge for an order that could not be stored or
    quoted, Unprocessable for a key that came with another body, TooManyRequests for an account that is over its quota
    on the screen, and InProgress while the first request is still running.
    """
    request = order_store.IdempotentRequest(
        idempotency_key(account_id, source, _hash(key)),
        _hash(json.dumps(body, sort_keys=True, separators=(",", ":"), default=str)),
    )
    kinds = kinds_named(body.get("items") if isinstance(body, Mapping) else None)
    for _ in attempts():
        at = clock.now()
        of_this_hour = [placed_key(account_id, at)] if source == "online" else []
        access = account_store.access_keys(caller_account_id, account_id)
        keys = [*access, request.key, *of_this_hour, *grant_check.keys_of(by)]
        found = get_all([*keys, *catalog_store.keys_to_read(), *lead_time_statistics.keys_to_refresh(kinds)])
        lead_time_statistics.update_cache(found, kinds)
        grant_check.require_still_allowed(found, by)
        account = account_store.authorize(found, caller_account_id, account_id)
        if record := order_store.find_record(found.get(request.key), at):
            response = order_store.replay_response(record, request)
            return Placed(json.loads(response)["order_id"], response)
        if source == "online":
            quotas.check_quota(found, account_id, at)
        catalog = catalog_store.from_items(found).for_account(account)
        change = parse_order(
            body, order_id=new_order_id(at), account=account, catalog=catalog, source=source, by=by.user, at=at
        )
        if catalog.upgrades.intersection(change.order.item_kinds):
            duplicates = _upgrade_duplicates(change.order, account, at, catalog)
            change = change._replace(order=change.order.model_copy(update={"duplicates": duplicates}))
        shown = order_body(
            change.order, lead_time_statistics.lead_times([change.order]), at, at_desk=source == "direct"
        )
        # A repeated request gets this response, whatever may be done with the order by then.
        del shown["actions"]
        response = to_json(shown)
        if len(response.encode()) > MAX_RESPONSE_BYTES:
            raise TooLarge("The order is too large: order in several parts, or shorten its texts.")
        try:
            order_store.store_new_order(change, request, response, account.parent_account_id)
        except WriteConflict:
            continue
        return Placed(change.order.order_id, response)
    raise InProgress("A request under the same Idempotency-Key is still at work.")


def current_duplicates(order: Order, at: datetime) -> tuple[Duplicate, ...]:
    """Return the duplicates of an order's upgrades: the known ones, and for other items those that are found now.

    Makes two queries of a bounded number of orders, and none for an order without upgrades.
    """
    catalog = _catalog_of(order)
    if not catalog.upgrades.intersection(order.item_kinds):
        return order.duplicates
    found = _upgrade_duplicates(order, account_store.get_account(order.account_id), at, catalog)
    known = {each.item_id: each for each in (*found, *order.duplicates)}
    return tuple(sorted(known.values(), key=lambda each: int(each.item_id)))


def _upgrade_duplicates(order: Order, account: Account, at: datetime, catalog: Catalog) -> tuple[Duplicate, ...]:
    candidates = order_queries.find_duplicate_candidates(order.account_id)
    others = [each for each in candidates if each.order_id != order.order_id]
    return find_duplicates(order.items, account, others, at, catalog.upgrades, catalog)


def preview(body: Any, *, by: User, account_id: str, caller_account_id: str, source: Source) -> list[dict[str, Any]]:
    """Return the warnings of the order that `body` asks for, for every kind of item, and place nothing.

    Raises what `place` raises for the account and the body.
    """
    at = clock.now()
    of_this_hour = [placed_key(account_id, at)] if source == "online" else []
    access = account_store.access_keys(caller_account_id, account_id)
    found = get_all([*access, *of_this_hour, *catalog_store.keys_to_read()])
    account = account_store.authorize(found, caller_account_id, account_id)
    if source == "online":
        quotas.check_quota(found, account_id, at)
    catalog = catalog_store.from_items(found).for_account(account)
    order = parse_order(
        body, order_id=new_order_id(at), account=account, catalog=catalog, source=source, by=by, at=at
    ).order
    at_desk = source == "direct"
    others = {order.order_id: order for order in order_queries.find_duplicate_candidates(account_id)}
    warnings = []
    for duplicate in find_duplicates(order.items, account, others.values(), at, catalog.kinds, catalog):
        warning = warning_body(duplicate, at_desk=at_desk)
        number = others[duplicate.order_id].purchase_order_number if warning["order_id"] else None
        warnings.append({**warning, "purchase_order_number": number})
    return warnings
