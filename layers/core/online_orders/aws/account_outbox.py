"""The outbox of accounts: queue the mail of a contact report, and the messages of a change of an account or a person.

All three items are pending (see `outbox_flags`) until their messages are queued; a change is deleted then. An item that
the stream loses, or whose messages cannot be queued, stays pending, and the reconciler repairs it. A message may come
twice: sent mails are recorded, and orders and identities are synced with the account and the person as they are.
"""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from online_orders.aws.keys import CHANGE_PREFIX, PERSON_CHANGE_PREFIX, REPORT_PREFIX, Item, Key
from online_orders.aws.outbox import enqueue
from online_orders.aws.outbox_flags import run_or_log
from online_orders.aws.table import call, get, update
from online_orders.telemetry import metrics

_QUEUES = {CHANGE_PREFIX: "ACCOUNT_CHANGES_URL", PERSON_CHANGE_PREFIX: "PEOPLE_CHANGES_URL"}
"""The environment variables with the queues of changes."""
_PREFIXES = (REPORT_PREFIX, *_QUEUES)


def is_account_item(item: Item) -> bool:
    """Return whether an item of the table, its stream or the index of pending items is a contact report, or a change of
    an account or a person.
    """
    return str(item["sk"]["S"]).startswith(_PREFIXES)


def is_pending(item: Item) -> bool:
    """Return whether the item is pending; one that is not was processed before."""
    return is_account_item(item) and "outstanding" in item


def process_or_leave(item: Item) -> bool:
    """Process an item and clear its pending flag; return False where that failed, and leave the item to the reconciler.

    An error with one item must not delay the others.
    """
    about = {"key": item["pk"]["S"], "item": item["sk"]["S"]}
    return run_or_log(lambda: _process(item), "an account's item stays pending", "AccountItemsNotProcessed", **about)


def _process(item: Item) -> None:
    key: Key = {"pk": item["pk"], "sk": item["sk"]}
    document = json.loads(item["document"]["S"])
    for prefix, url in _QUEUES.items():
        if item["sk"]["S"].startswith(prefix):
            enqueue(url, document)
            call("delete_item", Key=key)
            return
    enqueue("MAIL_QUEUE_URL", [_report_mail(document)])
    update(key, "REMOVE outstanding, check_at", ConditionExpression="attribute_exists(outstanding)")


def _report_mail(document: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "contact_report", "account_id": document["account_id"], "report_id": document["report_id"]}


def repair_item(index_item: Item) -> int:
    """Process the item with the key of an index item, if it is still pending; return how many were
    processed, 0 or 1.
    """
    item = get({"pk": index_item["pk"], "sk": index_item["sk"]})
    if item is None or not is_pending(item) or not process_or_leave(item):
        return 0
    metrics.add_metric("AccountItemsRepaired", MetricUnit.Count, 1)
    return 1
