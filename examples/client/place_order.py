"""Places an order and reads it again, by a client that was generated from the API's document.

    openapi-python-client generate --path openapi.json --output-path online_orders_client --meta none \
        --config examples/client/openapi-python-client.yml
"""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from online_orders_client.api.orders import list_orders, place_order, show_order
from online_orders_client.client import AuthenticatedClient
from online_orders_client.models.ip_addresses import IpAddresses
from online_orders_client.models.order import Order
from online_orders_client.models.order_request import OrderRequest


class Refused(Exception):
    """The API said no."""


def order_addresses(client: AuthenticatedClient, quantity: int, start: date) -> Order:
    """The order as the API answers it afterwards; Refused with the problem document when it is none."""
    item = IpAddresses(kind="ip_addresses", quantity=quantity, start_date=start)
    placed = place_order.sync(client=client, body=OrderRequest(items=[item]), idempotency_key=str(uuid4()))
    if not isinstance(placed, Order):
        raise Refused(str(placed))
    found = show_order.sync(order_id=placed.order_id, client=client)
    if not isinstance(found, Order):
        raise Refused(str(found))
    return found


def my_orders(client: AuthenticatedClient) -> list[str]:
    """The ids of the newest orders."""
    page = list_orders.sync(client=client, limit=25)
    return [order.order_id for order in page.items]
