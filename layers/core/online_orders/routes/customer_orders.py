"""Routes of a customer's orders: placing, reading, withdrawing, commenting."""

from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders import clock
from online_orders.aws import account_store, lead_time_statistics, order_queries, order_store
from online_orders.aws.placing import place, preview
from online_orders.domain.callers import Caller
from online_orders.domain.order_requests import NewComment, Reason
from online_orders.domain.orders import Order
from online_orders.domain.representations import entry_body, order_body
from online_orders.domain.timeline import Actor
from online_orders.environment import environment
from online_orders.http import requests, responses
from online_orders.http.app import (
    PDF,
    OrderReader,
    OrderWriter,
    Router,
    cursor_of,
    error_codes,
    parsed_body,
    raw_json_body,
    response_spec,
)
from online_orders.http.parameters import IdempotencyKey, IfMatch, OrderId, OrderQuery, Page, Revision, parse_account_id
from online_orders.http.responses import Response
from online_orders.routes import quote_revisions
from online_orders.telemetry import MetricUnit, logger, metrics

CSV = {"text/csv": {"type": "string", "description": "RFC 4180, a header row, one row an item."}}

router = Router()


def order_response(order: Order, customer: Caller) -> Response:
    """Return an order as the customer sees it, with its version as ETag."""
    history, may_act = lead_time_statistics.lead_times([order]), customer.may_change_orders
    body = order_body(order, history, clock.now(), may_act=may_act)
    if order.internals.requests:
        from online_orders.aws.question_store import questions_member

        body |= questions_member(order)
    return responses.json_response(body, headers=responses.etag(order.version))


def _account_for(body: Any, customer: Caller) -> str:
    """Return the id of the account that an order is for; raise NotFound for what cannot be one."""
    account_id = body.get("account_id") if isinstance(body, dict) else None
    return parse_account_id(account_id) if isinstance(account_id, str) else customer.account


@router.post(
    "/api/orders",
    tags=["Orders"],
    summary="Place an order",
    description=(
        "A repetition with the same Idempotency-Key and body is answered like the first request. A request that "
        "was refused uses no key."
    ),
    responses=response_spec("Order", "The order as it was placed.", HTTPStatus.CREATED, headers=("ETag", "Location")),
    openapi_extensions=error_codes("not_enrolled", "not_found", "in_progress", "idempotency_key_reused"),
)
def place_order(
    customer: OrderWriter, key: IdempotencyKey, body: Annotated[Any, Depends(raw_json_body("OrderRequest"))]
) -> Response:
    placed = place(
        key,
        body,
        by=customer,
        account_id=_account_for(body, customer),
        caller_account_id=customer.account,
        source="online",
    )
    logger.append_keys(order_id=placed.order_id)
    metrics.add_metric("OrdersPlaced", MetricUnit.Count, 1)
    headers = {"Location": f"/api/orders/{placed.order_id}", **responses.etag(1)}
    return responses.json_response(placed.response, HTTPStatus.CREATED, headers)


@router.post(
    "/api/orders/preview",
    tags=["Orders"],
    summary="See what is to be known of an order before it is placed",
    description=(
        "Refuses what placing refuses, and changes nothing. Warns of other orders of the account that ask for the "
        "same: of upgrades (site bandwidth, early activation) of the same site, and of open orders with an item "
        f"that is the same but for its date. The newest {order_queries.MAX_EXAMINED} orders are looked at."
    ),
    responses=response_spec("OrderPreview", "What to know."),
    openapi_extensions=error_codes("not_enrolled", "not_found"),
)
def preview_order(customer: OrderWriter, body: Annotated[Any, Depends(raw_json_body("OrderRequest"))]) -> Response:
    """Refuse what placing would refuse, and return what the customer may have overlooked."""
    warnings = preview(
        body,
        by=customer.user,
        account_id=_account_for(body, customer),
        caller_account_id=customer.account,
        source="online",
    )
    return responses.json_response({"warnings": warnings})


@router.get(
    "/api/orders",
    tags=["Orders"],
    summary="List orders",
    description=(
        "Orders of the account and its sub-accounts, newest first. With `Accept: text/csv` the same page comes as "
        "a table, and `Link` leads to the next one."
    ),
    responses=response_spec("OrderPage", "A page of orders.", headers=("Link",), other=CSV),
)
def list_orders(customer: OrderReader, query: Annotated[OrderQuery, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, customer)
    order_filter = order_queries.OrderFilter(
        statuses=order_queries.statuses_of(query.status, query.open),
        purchase_order_number=query.purchase_order_number,
        first_day=query.first_day,
        last_day=query.last_day,
        zone=ZoneInfo(query.time_zone),
    )
    search = query.words
    if query.account_id is not None:
        account_store.get_account_for_caller(customer.account, query.account_id)
    if search is not None:
        from online_orders.aws.search_queries import search_customer_orders  # not needed to place or read orders

        account_id = query.account_id or customer.account
        wanted = order_filter._replace(account_id=query.account_id)
        page = search_customer_orders(search, account_id, wanted, query.limit, cursor.position)
    elif query.account_id is None:
        page = order_queries.list_orders_with_subaccounts(customer.account, order_filter, query.limit, cursor.position)
    else:
        page = order_queries.list_account_orders(query.account_id, order_filter, query.limit, cursor.position)
    at, may_act = clock.now(), customer.may_change_orders
    rows = [order_body(order, lead_time_statistics.lead_times([order]), at, may_act=may_act) for order in page.orders]
    if requests.accepts(request, "text/csv"):
        from online_orders.domain.csv_pages import csv_page, dialect_for  # not needed to place or read orders

        table = csv_page(rows, dialect_for(query.spreadsheet))
        return responses.csv_response(table, "orders.csv", responses.next_link(request, cursor.after(page.position)))
    return responses.page(rows, "order_id", page.position, cursor)


@router.get(
    "/api/orders/<order_id>",
    tags=["Orders"],
    summary="Show an order",
    description="The order with its newest quote.",
    responses=response_spec("Order", "The order.", headers=("ETag",)),
)
def show_order(customer: OrderReader, order_id: OrderId) -> Response:
    return order_response(order_store.get_order_for_caller(customer.account, order_id), customer)


@router.get(
    "/api/orders/<order_id>/timeline",
    tags=["Orders"],
    summary="Show what happened to an order",
    description="The public entries of the timeline. Sequence numbers that are left out belong to internal ones.",
    responses=response_spec("Timeline", "Entries, oldest first."),
)
def show_timeline(
    customer: OrderReader, order_id: OrderId, query: Annotated[Page, Query()], request: Request
) -> Response:
    cursor = cursor_of(request, query, customer)
    order = order_store.get_order_for_caller(customer.account, order_id)
    page = order_store.list_entries(order.order_id, query.limit, int(cursor.position or 0))
    entries = (entry_body(entry) for entry in page.entries if not entry.internal)
    return responses.page(entries, "sequence", page.position, cursor)


@router.get(
    "/api/orders/<order_id>/quotes/<revision>",
    tags=["Orders"],
    summary="Show a quote",
    description=(
        "A revision, the newest or one that was replaced. With `Accept: application/pdf` its paper comes, the "
        "same bytes every time; it is there once the quote was mailed."
    ),
    responses=response_spec("Quote", "The revision, or its paper.", other=PDF),
)
def show_quote(customer: OrderReader, order_id: OrderId, revision: Revision, request: Request) -> Response:
    return quote_revisions.quote_response(
        request, order_store.get_order_for_caller(customer.account, order_id), revision
    )


@router.post(
    "/api/orders/<order_id>/cancel",
    tags=["Orders"],
    summary="Withdraw an order",
    description="Possible while the order is `submitted`.",
    responses=response_spec("Order", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def withdraw_order(
    customer: OrderWriter,
    order_id: OrderId,
    withdrawal: Annotated[Reason, Depends(parsed_body(Reason, is_required=False))],
    if_match: IfMatch = None,
) -> Response:
    order = order_store.update_order(
        lambda: order_store.get_order_for_caller(customer.account, order_id, changed_by=customer),
        lambda order: order.withdraw(customer.user, withdrawal.reason, clock.now()),
        requests.expected_versions(if_match),
    )
    return order_response(order, customer)


@router.post(
    "/api/orders/<order_id>/comment",
    tags=["Orders"],
    summary="Comment on an order",
    description="Adds a public entry to the timeline of an open order.",
    responses=response_spec("Order", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def comment_on_order(
    customer: OrderWriter,
    order_id: OrderId,
    comment: Annotated[NewComment, Depends(parsed_body(NewComment))],
    if_match: IfMatch = None,
) -> Response:
    actor = Actor(kind="customer", name=customer.user.shown_name)
    limit = int(environment("COMMENTS_PER_HOUR"))
    order = order_store.update_order(
        lambda: order_store.get_order_for_caller(customer.account, order_id, changed_by=customer),
        lambda order: order.comment(actor, comment.text, clock.now(), max_per_hour=limit),
        requests.expected_versions(if_match),
    )
    return order_response(order, customer)
