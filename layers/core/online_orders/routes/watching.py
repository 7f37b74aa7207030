"""Routes of who is told of what: the mails that a person chose, and the watchers of an order.

They do not belong to the functions that place and read orders, so that these stay small.
"""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders.aws import account_store, mail_choice_store, order_store, watcher_store
from online_orders.domain.callers import Caller
from online_orders.domain.errors import Forbidden
from online_orders.domain.followers import MAX_WATCHERS, may_follow, watcher_row
from online_orders.domain.mail_preferences import (
    notifications_body,
    parse_choices,
    with_choices,
)
from online_orders.domain.orders import Order
from online_orders.domain.roles import Group
from online_orders.http import responses
from online_orders.http.app import (
    DeskReader,
    EmptyBody,
    OrderReader,
    Router,
    SignedIn,
    error_codes,
    raw_json_body,
    response_spec,
)
from online_orders.http.parameters import NoQuery, OrderId
from online_orders.http.responses import Response

_ORDER_AS_IS = response_spec("Order", "The order.", headers=("ETag",))
_DESK_ORDER_AS_IS = response_spec("DeskOrder", "The order.", headers=("ETag",))
_WATCHERS = response_spec("Watchers", "The watchers.")

router = Router()


def _side(caller: Caller) -> Group | None:
    """Return the side of a person; None for whoever gets no mail, who has nothing to choose."""
    return None if caller.is_service_user else caller.group


@router.get(
    "/api/me/notifications",
    tags=["People"],
    summary="Show which mails you get",
    description=(
        "Each mail about orders that you may switch on or off: as the one who placed the order, as its assignee, or as "
        "a watcher."
    ),
    responses=response_spec("Notifications", "The mails, and whether you want each."),
)
def show_notifications(caller: SignedIn, _query: Annotated[NoQuery, Query()]) -> Response:
    side = _side(caller)
    return responses.json_response(notifications_body(mail_choice_store.find_choices(caller.user.user_id), side))


@router.put(
    "/api/me/notifications",
    tags=["People"],
    summary="Choose which mails you get",
    description=(
        "What is not named stays as it is. Mails to the contact person are needed to decide, and are not among these."
    ),
    responses=response_spec("Notifications", "The mails, and whether you want each."),
)
def choose_notifications(
    caller: SignedIn,
    _query: Annotated[NoQuery, Query()],
    body: Annotated[Any, Depends(raw_json_body("NotificationsRequest"))],
) -> Response:
    side, user_id = _side(caller), caller.user.user_id
    request = parse_choices(body, side)
    chosen = with_choices(mail_choice_store.find_choices(user_id), request, side)
    mail_choice_store.store_choices(user_id, chosen)
    return responses.json_response(notifications_body(chosen, side))


def _watch(order: Order, caller: Caller) -> None:
    if _side(caller) is None:
        raise Forbidden("forbidden", "Only people get mails.")
    watcher_store.watch(order.order_id, caller.user.user_id)


def _order_response(order: Order, customer: Caller) -> Response:
    from online_orders.routes.customer_orders import order_response

    return order_response(order, customer)


def _desk_order_response(order: Order, staff: Caller) -> Response:
    from online_orders.routes.desk_orders import desk_order_response

    return desk_order_response(order, staff)


def _watchers(order: Order, *, is_desk: bool) -> Response:
    """Return the watchers who may still see the order; customers are shown their own side."""
    account = account_store.get_account(order.account_id)
    people = [each for each in watcher_store.list_watchers(order.order_id) if may_follow(each, order, account)]
    return responses.json_response(
        {"items": [watcher_row(each) for each in people if is_desk or each.group == "customers"]}
    )


@router.get(
    "/api/orders/<order_id>/watchers",
    tags=["Orders"],
    summary="List who watches an order",
    description="Users of the account and of its reseller; staff who watch it are not shown.",
    responses=_WATCHERS,
)
def list_watchers(customer: OrderReader, order_id: OrderId) -> Response:
    return _watchers(order_store.get_order_for_caller(customer.account, order_id), is_desk=False)


@router.post(
    "/api/orders/<order_id>/watch",
    tags=["Orders"],
    summary="Watch an order",
    description=(
        f"You get the mails about it that you chose as a watcher. At most {MAX_WATCHERS} people watch an order."
    ),
    responses=_ORDER_AS_IS,
    openapi_extensions=error_codes("too_many_watchers", "in_progress"),
)
def watch_order(customer: OrderReader, order_id: OrderId, _body: EmptyBody) -> Response:
    order = order_store.get_order_for_caller(customer.account, order_id, changed_by=customer)
    _watch(order, customer)
    return _order_response(order, customer)


@router.post(
    "/api/orders/<order_id>/unwatch",
    tags=["Orders"],
    summary="Stop watching an order",
    description="Changes nothing for one who does not watch it.",
    responses=_ORDER_AS_IS,
    openapi_extensions=error_codes("in_progress"),
)
def unwatch_order(customer: OrderReader, order_id: OrderId, _body: EmptyBody) -> Response:
    order = order_store.get_order_for_caller(customer.account, order_id, changed_by=customer)
    watcher_store.unwatch(order.order_id, customer.user.user_id)
    return _order_response(order, customer)


@router.get(
    "/api/desk/orders/<order_id>/watchers",
    tags=["Desk"],
    summary="List who watches any order",
    description="Staff, and users of the account and of its reseller.",
    responses=_WATCHERS,
)
def list_desk_watchers(_staff: DeskReader, order_id: OrderId) -> Response:
    return _watchers(order_store.get_any_order(order_id), is_desk=True)


@router.post(
    "/api/desk/orders/<order_id>/watch",
    tags=["Desk"],
    summary="Watch any order",
    description=(
        f"You get the mails about it that you chose as a watcher. At most {MAX_WATCHERS} people watch an order."
    ),
    responses=_DESK_ORDER_AS_IS,
    openapi_extensions=error_codes("too_many_watchers", "in_progress"),
)
def watch_desk_order(staff: DeskReader, order_id: OrderId, _body: EmptyBody) -> Response:
    order = order_store.get_order(order_store.locate_order(order_id), changed_by=staff)
    _watch(order, staff)
    return _desk_order_response(order, staff)


@router.post(
    "/api/desk/orders/<order_id>/unwatch",
    tags=["Desk"],
    summary="Stop watching any order",
    description="Changes nothing for one who does not watch it.",
    responses=_DESK_ORDER_AS_IS,
    openapi_extensions=error_codes("in_progress"),
)
def unwatch_desk_order(staff: DeskReader, order_id: OrderId, _body: EmptyBody) -> Response:
    order = order_store.get_order(order_store.locate_order(order_id), changed_by=staff)
    watcher_store.unwatch(order.order_id, staff.user.user_id)
    return _desk_order_response(order, staff)
