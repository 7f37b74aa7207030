"""The quota of orders per hour: counted when the outbox processes an order's entry, read when the next one is placed.

So the request that places an order writes nothing for it. The count lags by the seconds that the stream takes, in which
a burst may exceed the limit. Hours are those of UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from online_orders.aws.keys import placed_key
from online_orders.aws.table import Items, number, update
from online_orders.domain.errors import TooManyRequests
from online_orders.environment import environment

_HOUR = timedelta(hours=1)


def count_order(account_id: str, at: datetime) -> None:
    """Add an order that was placed on the screen to its account's hour."""
    values = {":one": number(1), ":later": number(int((at + 2 * _HOUR).timestamp()))}
    update(placed_key(account_id, at), "ADD placed :one SET expires_at = :later", values)


def check_quota(found: Items, account_id: str, at: datetime) -> None:
    """Raise TooManyRequests for an account that has placed its orders of this hour; `found` was read with
    `placed_key`.
    """
    item = found.get(placed_key(account_id, at)) or {"placed": number(0)}
    if int(item["placed"]["N"]) < int(environment("ORDERS_PER_HOUR")):
        return
    passed = timedelta(minutes=at.minute, seconds=at.second)
    raise TooManyRequests("The account has placed its orders of this hour.", int((_HOUR - passed).total_seconds()))
