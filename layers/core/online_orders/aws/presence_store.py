"""Store who of the desk has an order open: an item for each viewer, which counts for a minute and a half.

The screen says it again every half minute. Nothing is removed when somebody leaves; the table's time to live does that
later.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from online_orders.aws.keys import PREFIX_END, VIEWER_PREFIX, Item, order_pk, viewer_key
from online_orders.aws.table import number, put, query_range, text
from online_orders.domain.order_parts import User
from online_orders.domain.values import instant_text

PRESENCE = timedelta(seconds=90)
MAX_VIEWERS = 50
"""Viewers that one call reads."""


class Viewer(NamedTuple):
    user_id: str
    email: str
    since: str
    """From when on the order has been open without a break, RFC 3339."""


def announce(order_id: str, user: User, at: datetime) -> list[Viewer]:
    """Record that a user has the order open; return the others who have, the longest one first."""
    response = query_range(order_pk(order_id), VIEWER_PREFIX, VIEWER_PREFIX + PREFIX_END, Limit=MAX_VIEWERS)
    present = [_viewer_of(item) for item in response["Items"] if _expiry_of(item) > at]
    own = next((viewer.since for viewer in present if viewer.user_id == user.user_id), instant_text(at))
    put(
        {
            **viewer_key(order_id, user.user_id),
            "email": text(user.shown_name),
            "since": text(own),
            "expires_at": number(int((at + PRESENCE).timestamp())),
        }
    )
    others = (viewer for viewer in present if viewer.user_id != user.user_id)
    return sorted(others, key=lambda viewer: (viewer.since, viewer.user_id))


def _expiry_of(item: Item) -> datetime:
    return datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC)


def _viewer_of(item: Item) -> Viewer:
    user_id = item["sk"]["S"].removeprefix(VIEWER_PREFIX)
    return Viewer(user_id, item["email"]["S"], item["since"]["S"])
