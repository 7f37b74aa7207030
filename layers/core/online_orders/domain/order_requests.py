"""What customers send about orders: the bodies of requests, and the order that a new one becomes; see `staff_requests`
for what Customer Success sends.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from online_orders.clock import day_in
from online_orders.domain.accounts import Account
from online_orders.domain.catalog import (
    MAX_ITEMS,
    Catalog,
    Item,
    item_errors,
    normalized_items,
    site_id_of,
    words_of,
)
from online_orders.domain.field_errors import validate
from online_orders.domain.order_parts import OrderedSite, OrderInternals, Snapshot, User
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change, Order, staff_actor
from online_orders.domain.timeline import Actor, Entry, Event
from online_orders.domain.values import (
    MAX_REASON_LENGTH,
    MAX_TEXT_LENGTH,
    BlankIsAbsent,
    Identifier,
    Length,
    Line,
    Request,
    Text,
)

PurchaseOrderNumber = Annotated[Line, StringConstraints(max_length=64)]
Note = Annotated[Text, StringConstraints(max_length=MAX_TEXT_LENGTH)]
ReasonText = Annotated[Text, StringConstraints(max_length=MAX_REASON_LENGTH)]


class NewOrder(Request):
    """What a customer sends; the items are judged one by one in `catalog`."""

    items: Annotated[list[Any], Length(1, MAX_ITEMS)]
    account_id: Identifier | None = None
    purchase_order_number: Annotated[PurchaseOrderNumber | None, BlankIsAbsent] = None
    note: Annotated[Note | None, BlankIsAbsent] = None


class Reason(Request):
    """Why an order is withdrawn."""

    reason: Annotated[ReasonText | None, BlankIsAbsent] = None


class NewComment(Request):
    """What a customer says on an order."""

    text: Note


def parse_order(
    body: Any,
    *,
    order_id: str,
    account: Account,
    catalog: Catalog,
    source: Literal["online", "direct"],
    by: User,
    at: datetime,
) -> Change:
    """Return the new order with its first timeline entry.

    Raise Forbidden when the account may not order, Invalid with every fault of the body.
    """
    today = day_in(account.time_zone, at)
    contact = account.contact_for_orders(today)
    raw_items = body.get("items") if isinstance(body, dict) else None
    request = validate(NewOrder, body, extra_errors=item_errors(raw_items, catalog, account, today))
    order = Order.model_validate(
        {
            "order_id": order_id,
            "account_id": account.account_id,
            "source": source,
            "status": Status.SUBMITTED,
            "version": 1,
            "placed_at": at,
            "updated_at": at,
            "placed_by": by,
            "assignee": None,
            "contact": contact,
            "purchase_order_number": request.purchase_order_number,
            "note": request.note,
            "closed": None,
            "items": normalized_items(request.items, catalog),
            "quote": None,
            "marks": OrderInternals(
                sequence=1, locale=account.locale, time_zone=account.time_zone, since={Status.SUBMITTED: at}
            ),
        }
    )
    order = order.model_copy(update={"snapshot": _snapshot(order.items, account, catalog)})
    actor = staff_actor(by) if source == "direct" else Actor(kind="customer", name=by.shown_name)
    entry = Entry(sequence=1, at=at, actor=actor, event=Event.SUBMITTED, data={"item_kinds": order.item_kinds})
    return Change(order, (entry,))


def _snapshot(items: tuple[Item, ...], account: Account, catalog: Catalog) -> Snapshot:
    named = {site_id for item in items if (site_id := site_id_of(item)) is not None}
    sites = {
        site_id: OrderedSite(name=site.name, address=site.address)
        for site_id, site in sorted(account.sites_by_id.items())
        if site_id in named
    }
    ordered = {item.kind for item in items}
    delivered = tuple(name for name, kind in catalog.kinds.items() if name in ordered and kind.is_delivered)
    return Snapshot(
        sites=sites,
        words=words_of(items, catalog),
        account_name=account.name,
        catalog_version=catalog.version or None,
        delivered=delivered if catalog.version else None,
    )
