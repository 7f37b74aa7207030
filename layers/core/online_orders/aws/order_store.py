"""Store orders in the table: one decision is one conditional transaction (optimistic locking)."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from online_orders.aws import grant_check, lead_time_statistics
from online_orders.aws.account_store import authorize, filter_subaccounts
from online_orders.aws.keys import (
    ENTRY_PREFIX,
    PREFIX_END,
    Item,
    Key,
    OrderKey,
    account_key,
    entry_key,
    number_key,
    order_key,
    order_pk,
    quote_key,
    suborder_key,
)
from online_orders.aws.outbox_flags import pending_flag
from online_orders.aws.table import (
    IF_NOT_EXISTS,
    WriteConflict,
    attempts,
    get,
    get_all,
    number,
    put,
    query_range,
    text,
    transact,
)
from online_orders.domain.accounts import Account
from online_orders.domain.callers import Caller
from online_orders.domain.errors import InProgress, NotFound, Unprocessable
from online_orders.domain.events import EventDetail, detail_of
from online_orders.domain.order_ids import is_order_id
from online_orders.domain.order_numbers import number_of, parse_number
from online_orders.domain.orders import Change, Decision, Order
from online_orders.domain.quotes import Quote
from online_orders.domain.timeline import Entry
from online_orders.telemetry import logger

IDEMPOTENCY_RETENTION = timedelta(hours=48)
_UPDATE_DEADLINE_SECONDS = 6.0


class EntryPage(NamedTuple):
    """Timeline entries, and the sequence number after which the next page begins (None: this was the last)."""

    entries: list[Entry]
    position: int | None


class IdempotencyRecord(NamedTuple):
    """The first response under an idempotency key, and the hash of its request."""

    fingerprint: str
    response: str


class IdempotentRequest(NamedTuple):
    """A request that may come twice: the key of its record, and the hash of its body."""

    key: Key
    fingerprint: str


def _order_not_found(order_id: str) -> NotFound:
    return NotFound(f"There is no order {order_id[:64]}.")


def order_from_item(item: Item) -> Order:
    return Order.model_validate_json(item["document"]["S"])


def key_of(order: Order) -> OrderKey:
    return OrderKey(order.account_id, order.order_id, order.source)


# -- reading ------------------------------------------------------------------------------------------------------


def get_order(key: OrderKey, changed_by: Caller | None = None) -> Order:
    """Return an order; raise NotFound, and Forbidden where `changed_by` may no longer change orders."""
    item = _get_for_change(order_key(key), changed_by) if is_order_id(key.order_id) else None
    if item is None:
        raise _order_not_found(key.order_id)
    return order_from_item(item)


def _get_for_change(key: Key, changed_by: Caller | None) -> Item | None:
    if changed_by is None:
        return get(key)
    found = get_all([key, *grant_check.keys_of(changed_by)])
    grant_check.require_still_allowed(found, changed_by)
    return found.get(key)


def get_order_and_account(key: OrderKey) -> tuple[Order, Account]:
    """Return an order and its account, by one read."""
    found = get_all([order_key(key), account_key(key.account_id)])
    item = found.get(order_key(key))
    if item is None:
        raise _order_not_found(key.order_id)
    return order_from_item(item), authorize(found, key.account_id, key.account_id)


def get_orders(keys: Sequence[Key]) -> list[Order]:
    """Return up to 100 orders in the order of their keys, without those that do not exist."""
    found = get_all(keys)
    return [order_from_item(item) for key in keys if (item := found.get(key))]


def get_order_for_caller(caller_account_id: str, order_id: str, changed_by: Caller | None = None) -> Order:
    """Return an order that the caller's account or its sub-account placed on the screen; raise NotFound for any other,
    and Forbidden where `changed_by` may no longer change orders.

    `order_id` may be the order's number. One read gets an own order, what `changed_by` may do, and the history for its
    estimates when that is due; a number takes one more.
    """
    named, order_id = order_id, _resolve(order_id)
    own = order_key(OrderKey(caller_account_id, order_id, "online"))
    found = get_all([own, *grant_check.keys_of(changed_by), *lead_time_statistics.keys_to_refresh()])
    lead_time_statistics.update_cache(found)
    grant_check.require_still_allowed(found, changed_by)
    item = found.get(own)
    if item is None:
        key = locate_order(order_id)
        if key.source == "online" and filter_subaccounts(caller_account_id, [key.account_id]):
            item = get(order_key(key))
    if item is None:
        raise _order_not_found(named)  # a number tells nobody the id of an order of others
    return order_from_item(item)


def _resolve(text: str) -> str:
    """Return the id of an order that is named by its id or its number; raise NotFound for what is neither."""
    if is_order_id(text):
        return text
    order_number = parse_number(text)
    pointer = get(number_key(order_number)) if order_number else None
    if pointer is None:
        raise _order_not_found(text)
    return str(pointer["order_id"]["S"])


def locate_order(order_id: str) -> OrderKey:
    """Return the key of an order, by its id or number, for callers who may see every account; raise NotFound."""
    order_id = _resolve(order_id)
    item = get(entry_key(order_id, 1))
    if item is None:
        raise _order_not_found(order_id)
    return OrderKey(item["account_id"]["S"], order_id, item["source"]["S"])


def get_any_order(order_id: str) -> Order:
    return get_order(locate_order(order_id))


def get_quote(order: Order, revision: int) -> Quote:
    """Return a revision of an order, the current or a replaced one."""
    if order.quote and order.quote.revision == revision:
        return order.quote
    item = get(quote_key(order.order_id, revision)) if revision > 0 else None
    if item is None:
        raise NotFound(f"The order has no quote revision {revision}.")
    return Quote.model_validate_json(item["document"]["S"])


def get_entry(order_id: str, sequence: int) -> Entry:
    return Entry.model_validate_json(_stored_entry(order_id, sequence)["document"]["S"])


def _stored_entry(order_id: str, sequence: int) -> Item:
    item = get(entry_key(order_id, sequence))
    if item is None:
        raise NotFound(f"The order has no timeline entry {sequence}.")
    return item


def get_entry_and_order(order: Order, sequence: int) -> tuple[Entry, Order]:
    """Return a timeline entry, and its order with the status and the revision that the entry left."""
    item = _stored_entry(order.order_id, sequence)
    detail = EventDetail.model_validate_json(item["detail"]["S"])
    quote = get_quote(order, detail.revision) if detail.revision is not None else None
    return Entry.model_validate_json(item["document"]["S"]), order.with_earlier_state(detail.status, quote)


def list_entries(order_id: str, limit: int, after: int) -> EntryPage:
    """Return timeline entries after a sequence number, oldest first."""
    first = entry_key(order_id, after + 1)["sk"]["S"]
    response = query_range(order_pk(order_id), first, ENTRY_PREFIX + PREFIX_END, Limit=limit)
    entries = [Entry.model_validate_json(item["document"]["S"]) for item in response["Items"]]
    return EntryPage(entries, entries[-1].sequence if "LastEvaluatedKey" in response and entries else None)


# -- writing ------------------------------------------------------------------------------------------------------


def _order_item(order: Order) -> Item:
    item = {
        **order_key(key_of(order)),
        "order_id": text(order.order_id),
        "sequence": number(order.internals.sequence),
        "status": text(order.status),
        "desk_status": text(order.status),
        "document": text(order.model_dump_json()),
    }
    if order.purchase_order_number:
        item["purchase_order_number"] = text(order.purchase_order_number)
    if order.assignee:
        item["assignee_id"] = text(order.assignee.user_id)
    return item


def _entry_item(order: Order, entry: Entry) -> Item:
    return {
        **entry_key(order.order_id, entry.sequence),
        "account_id": text(order.account_id),
        "source": text(order.source),
        "event": text(entry.event),
        "detail": text(detail_of(order, entry).model_dump_json()),
        **pending_flag(order.order_id, entry.at),
        "document": text(entry.model_dump_json()),
        **correlation_attribute(),
    }


def correlation_attribute() -> Item:
    """Return the attribute with the correlation id of the present request; an empty item without one."""
    correlation_id = logger.get_correlation_id()
    return {"correlation_id": text(correlation_id)} if correlation_id else {}


def _put_entries(change: Change) -> list[Item]:
    return [{"Put": {"Item": _entry_item(order, entry), **IF_NOT_EXISTS}} for order, entry in change.steps]


def save(before: Order, change: Change, *extra_writes: Item) -> None:
    """Store a change in one transaction with `extra_writes`; raise WriteConflict when `before` is outdated."""
    actions: list[Item] = [
        {
            "Put": {
                "Item": _order_item(change.order),
                "ConditionExpression": "#sequence = :before",
                "ExpressionAttributeNames": {"#sequence": "sequence"},
                "ExpressionAttributeValues": {":before": number(before.internals.sequence)},
            }
        },
        *_put_entries(change),
        *extra_writes,
    ]
    if change.replaced:
        archived = {
            **quote_key(before.order_id, change.replaced.revision),
            "document": text(change.replaced.model_dump_json()),
        }
        actions.append({"Put": {"Item": archived}})
    transact(actions)


def update_order(
    load: Callable[[], Order],
    decision: Decision,
    if_match: frozenset[int] | None = None,
    extra_writes: Callable[[Change], Sequence[Item]] | None = None,
) -> Order:
    """Take an action on the order as loaded; after a lost race, load it and take the action again. Return the order.

    `if_match` has the versions that If-Match names, and `extra_writes` returns further writes of the same transaction.
    Raises what the action raises, and InProgress when others keep changing the order.
    """
    for _ in attempts(for_seconds=_UPDATE_DEADLINE_SECONDS):
        order = load()
        order.check_version(if_match)
        change = decision(order)
        if not change.entries:
            return change.order
        try:
            save(order, change, *(extra_writes(change) if extra_writes else ()))
        except WriteConflict:
            continue
        return change.order
    raise InProgress("Others keep changing this order; nothing was done.")


def update_order_with_account(key: OrderKey, decision: Callable[[Order, Account], Change]) -> Order:
    """Take an action on an order that depends on its account, both read at the same moment.

    An account that was read before the order might bring back a contact person who was removed since. Raises what
    `update_order` raises.
    """
    account: Account

    def load() -> Order:
        nonlocal account
        order, account = get_order_and_account(key)
        return order

    return update_order(load, lambda order: decision(order, account))


def add_reseller_pointers(reseller_id: str, account_id: str, order_ids: Iterable[str]) -> None:
    """Add pointers by which a reseller finds an account's orders; they count while the account is its sub-account."""
    for order_id in order_ids:
        put(_pointer(reseller_id, order_id, account_id))


def number_pointer(order_id: str) -> Item:
    """Return the item by which an order is found by its number."""
    return {**number_key(number_of(order_id)), "order_id": text(order_id)}


def _pointer(reseller_id: str, order_id: str, account_id: str) -> Item:
    return {**suborder_key(reseller_id, order_id), "account_id": text(account_id)}


# -- placing ------------------------------------------------------------------------------------------------------


def find_record(item: Item | None, at: datetime) -> IdempotencyRecord | None:
    """Return the record of an earlier request under the same key, unless it has expired."""
    if item is None or int(item["expires_at"]["N"]) <= at.timestamp():
        return None
    return IdempotencyRecord(item["fingerprint"]["S"], item["answer"]["S"])


def replay_response(record: IdempotencyRecord, request: IdempotentRequest) -> str:
    """Return the first response, for the same body; raise Unprocessable `idempotency_key_reused` for another body."""
    if record.fingerprint != request.fingerprint:
        raise Unprocessable("idempotency_key_reused", "The Idempotency-Key was used with another body.")
    return record.response


def store_new_order(change: Change, request: IdempotentRequest, response: str, reseller_id: str | None) -> None:
    """Store a new order, its first entry, its number and the record of the request, in one transaction.

    `response` is what a repeated request gets; `reseller_id` is the account's parent, which sees the order too. Raises
    WriteConflict when a request under the same key was first, and when another order has the number.
    """
    order = change.order
    at = order.placed_at
    record = {
        **request.key,
        "fingerprint": text(request.fingerprint),
        "answer": text(response),
        "expires_at": number(int((at + IDEMPOTENCY_RETENTION).timestamp())),
    }
    actions: list[Item] = [
        {"Put": {"Item": _order_item(order), **IF_NOT_EXISTS}},
        *_put_entries(change),
        {"Put": {"Item": number_pointer(order.order_id), **IF_NOT_EXISTS}},
        {
            "Put": {
                "Item": record,
                "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
                "ExpressionAttributeValues": {":now": number(int(at.timestamp()))},
            }
        },
    ]
    if reseller_id and order.source == "online":
        actions.append({"Put": {"Item": _pointer(reseller_id, order.order_id, order.account_id)}})
    transact(actions)
