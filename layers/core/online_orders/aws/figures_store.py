"""Keep the figures of the desk: counters of each month, to which every order adds what it counts for.

What an order counts for is stored with the order (its marker), and changes in one transaction with the counters. So an
entry that comes twice, or late, counts once, and the counters are always the sums of the markers.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from online_orders.aws.keys import (
    ENTRY_PREFIX,
    PREFIX_END,
    Item,
    OrderKey,
    account_key,
    entry_key,
    figures_key,
    figures_marker_key,
    figures_pks,
    history_shard,
    order_key,
    order_pk,
    person_key,
)
from online_orders.aws.table import WriteConflict, attempts, get_all, number, query_pages, text, transact
from online_orders.domain.accounts import Account
from online_orders.domain.erasure import ERASED_USER
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.events import EventDetail
from online_orders.domain.figures import (
    NOBODY,
    Counts,
    Dimension,
    Facts,
    Occurrence,
    cell,
    contribution,
    difference,
    summed,
    with_occurrences,
)
from online_orders.domain.orders import Order
from online_orders.domain.timeline import Event

_PEOPLE_BATCH_SIZE = 100


class _Marker(NamedTuple):
    """What an order counts for, up to a timeline entry."""

    facts: Facts
    sequence: int
    counted: Mapping[str, Counts]


def count_order(key: OrderKey, *, afresh: bool = False) -> bool:
    """Count an order as its timeline is by now, and return whether its figures have changed.

    `afresh`: from its first entry on, whatever was counted of it before. Raises InProgress when conflicts with other
    orders do not end.
    """
    for attempt in attempts():
        before, start = _load(key)
        begin = start if before is None or afresh else before.facts
        done = 0 if before is None or afresh else before.sequence
        occurrences, sequence = _occurrences(key.order_id, done)
        if not occurrences:
            return False
        facts = with_occurrences(begin, occurrences)
        after = _Marker(facts, sequence, contribution(facts))
        if before == after:
            return False
        try:
            transact(_actions(key.order_id, before, after, history_shard(key.order_id, attempt)))
        except WriteConflict:
            continue
        return True
    raise InProgress("Others keep counting orders; nothing was counted.")


def _load(key: OrderKey) -> tuple[_Marker | None, Facts]:
    """Return what was counted of an order, and the facts before its first entry."""
    found = get_all([figures_marker_key(key.order_id), order_key(key), account_key(key.account_id)])
    stored, account = found.get(order_key(key)), found.get(account_key(key.account_id))
    if stored is None or account is None:
        raise NotFound(f"There is no order {key.order_id}.")
    marker = found.get(figures_marker_key(key.order_id))
    before = _marker_from_item(marker) if marker else None
    order = Order.model_validate_json(stored["document"]["S"])
    groups = Account.model_validate_json(account["document"]["S"]).groups
    start = Facts(
        month=before.facts.month if before else order.placed_on.isoformat()[:7],
        kinds=tuple(order.item_kinds),
        groups=before.facts.groups if before else groups,
        placed_at=order.placed_at,
    )
    return before, start


def _marker_from_item(item: Item) -> _Marker:
    return _Marker(
        Facts.model_validate_json(item["document"]["S"]), int(item["sequence"]["N"]), json.loads(item["counted"]["S"])
    )


def _occurrences(order_id: str, after: int) -> tuple[list[Occurrence], int]:
    """Return what happened to an order after an entry, and the sequence number of the newest entry."""
    found: list[Occurrence] = []
    sequence = after
    first = entry_key(order_id, after + 1)["sk"]["S"]
    for items in query_pages(order_pk(order_id), first, ENTRY_PREFIX + PREFIX_END):
        for item in items:
            detail = EventDetail.model_validate_json(item["detail"]["S"])
            data = json.loads(item["document"]["S"])["data"]
            found.append(Occurrence(Event(item["event"]["S"]), data, detail))
            sequence = detail.sequence
    return found, sequence


def _actions(order_id: str, before: _Marker | None, after: _Marker, shard: int) -> list[Item]:
    marker: Item = {
        "Item": {
            **figures_marker_key(order_id),
            "sequence": number(after.sequence),
            "document": text(after.facts.model_dump_json()),
            "counted": text(json.dumps(after.counted)),
        },
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    if before:
        marker["ConditionExpression"] = "#sequence = :before AND counted = :counted"
        marker["ExpressionAttributeNames"] = {"#sequence": "sequence"}
        marker["ExpressionAttributeValues"] = {
            ":before": number(before.sequence),
            ":counted": text(json.dumps(before.counted)),
        }
    deltas = difference(before.counted if before else {}, after.counted)
    return [
        {"Put": marker},
        *(_add(figures_key(after.facts.month, each, shard), deltas[each]) for each in sorted(deltas)),
    ]


def _add(key: Item, deltas: Counts) -> Item:
    names = {f"#{index}": name for index, name in enumerate(sorted(deltas))}
    return {
        "Update": {
            "Key": key,
            "UpdateExpression": "ADD " + ", ".join(f"{each} :{each[1:]}" for each in names),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {f":{each[1:]}": number(deltas[name]) for each, name in names.items()},
        }
    }


# -- erasing ------------------------------------------------------------------------------------------------------


def erase_person(key: OrderKey, user_ids: Collection[str]) -> None:
    """Count an order for an erased person in place of one who is to be erased, and remove what names that person.

    Call it before the timeline is changed, which says who that was: then it may be repeated after any failure. Counters
    of the person's other orders stay until the last of those is counted so. Raises InProgress when conflicts do not
    end.
    """
    for attempt in attempts():
        before, start = _load(key)
        month = before.facts.month if before else start.month
        try:
            if before and before.facts.person in user_ids:
                facts = before.facts.model_copy(update={"person": ERASED_USER.user_id})
                after = _Marker(facts, before.sequence, contribution(facts))
                transact(_actions(key.order_id, before, after, history_shard(key.order_id, attempt)))
            for user_id in sorted(user_ids):
                _remove_empty(month, cell(Dimension.PERSON, user_id))
        except WriteConflict:
            continue
        return
    raise InProgress("Others keep counting orders; run this again.")


def _remove_empty(month: str, of: str) -> None:
    """Remove the counters of a cell where nothing counts for it any more; raise WriteConflict if one changes
    meanwhile.
    """
    pages = _pages(month, of.partition("#")[0], f"{of}#")
    items = [item for page in pages for item in page if item["sk"]["S"].rpartition("#")[0] == of]
    if items and not summed(map(_counts, items)):
        transact([_delete_unchanged(item) for item in items])


def _delete_unchanged(item: Item) -> Item:
    values = {name: value for name, value in item.items() if name not in {"pk", "sk"}}
    names = {f"#{index}": name for index, name in enumerate(sorted(values))}
    return {
        "Delete": {
            "Key": {"pk": item["pk"], "sk": item["sk"]},
            "ConditionExpression": " AND ".join(f"{each} = :{each[1:]}" for each in names),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {f":{each[1:]}": values[name] for each, name in names.items()},
        }
    }


def _pages(month: str, dimension: str, prefix: str) -> Iterator[list[Item]]:
    """Yield the counters of a month whose cells begin with a prefix of one dimension."""
    return chain.from_iterable(query_pages(pk, prefix, prefix + PREFIX_END) for pk in figures_pks(month, dimension))


def _counts(item: Item) -> dict[str, int]:
    return {name: int(value["N"]) for name, value in item.items() if name not in {"pk", "sk"}}


# -- reading ------------------------------------------------------------------------------------------------------


def read_figures(months: Iterable[str], by: Dimension) -> Iterator[tuple[str, dict[str, Counts]]]:
    """Yield each month with its counters by the keys of a dimension, without keys that nothing counts for."""
    for month in months:
        prefix = f"{by}#"
        found: dict[str, list[Counts]] = {}
        for items in _pages(month, by, prefix):
            for item in items:
                key = item["sk"]["S"].removeprefix(prefix).rpartition("#")[0]
                found.setdefault(key, []).append(_counts(item))
        sums = {key: summed(found[key]) for key in sorted(found)}
        yield month, {key: counts for key, counts in sums.items() if counts}


def names_of(user_ids: Sequence[str]) -> dict[str, str]:
    """Return what people and service users of the desk are called, by id, without those whom nobody knows."""
    wanted = [user_id for user_id in user_ids if user_id != NOBODY]
    names: dict[str, str] = {}
    for first in range(0, len(wanted), _PEOPLE_BATCH_SIZE):
        some = wanted[first : first + _PEOPLE_BATCH_SIZE]
        found = get_all([person_key(user_id) for user_id in some])
        for user_id in some:
            if item := found.get(person_key(user_id)):
                names[user_id] = json.loads(item["document"]["S"])["name"]
    return names
