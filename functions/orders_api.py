"""The customer's side of the API: catalog, accounts, and orders from placing to withdrawal."""

import gc

gc.disable()  # a cold start makes objects that stay: until the end of this file nobody looks through them

from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders import clock, http
from online_orders.accounts import ContactReport
from online_orders.api import PDF, Api, Customer, SignedIn, answers, body_of, cursor_of, json_for, refuses
from online_orders.aws import accounts, contact_reports, history, lists, orders
from online_orders.aws.environment import environment
from online_orders.csv_pages import csv_page, dialect_for
from online_orders.http import Response
from online_orders.orders import NewComment, Order, Reason
from online_orders.parameters import (
    AccountQuery,
    IdempotencyKey,
    IfMatch,
    NoQuery,
    OrderId,
    OrderQuery,
    Page,
    Revision,
    sound_account_id,
)
from online_orders.placing import place, preview
from online_orders.presentation import entry_body, order_body
from online_orders.telemetry import MetricUnit, correlation_paths, discreet, logger, metrics
from online_orders.timeline import Actor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = Api()

CSV = {"text/csv": {"type": "string", "description": "RFC 4180, a header row, one row an item."}}


def _shown(order: Order, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return http.json_response(order_body(order, history.history(), clock.now()), status, http.etag(order.version))


@cache
def _generated(name: str) -> str:
    """A document that was made from the code when it was built."""
    from importlib.resources import files  # which costs every other request's cold start

    return (files("online_orders") / "generated" / name).read_text("utf-8")


@app.get(
    "/api/openapi.json",
    tags=["Description"],
    summary="Describe this API",
    description="This document.",
    responses=answers(None, "OpenAPI 3.1.", other={"application/json": {"type": "object"}}),
)
def describe_api() -> Response:
    return http.json_response(_generated("openapi.json"))


@app.get(
    "/api/catalog",
    tags=["Catalog"],
    summary="Show what can be ordered",
    description="The kinds of item with their schemas, the choices that they offer, and the labels of the statuses.",
    responses=answers("Catalog", "The catalog."),
)
def show_catalog(_caller: SignedIn, _query: Annotated[NoQuery, Query()]) -> Response:
    return http.json_response(_generated("catalog.json"))


# -- accounts -----------------------------------------------------------------------------------------------------


@app.get(
    "/api/account",
    tags=["Accounts"],
    summary="Show the account",
    description="The caller's own account or, with `account_id`, a sub-account of it.",
    responses=answers("Account", "The account."),
)
def show_account(customer: Customer, query: Annotated[AccountQuery, Query()]) -> Response:
    account_id = query.account_id or customer.account
    return http.json_response(accounts.get_reachable_account(customer.account, account_id).model_dump_json())


@app.get(
    "/api/accounts",
    tags=["Accounts"],
    summary="List sub-accounts",
    description="A reseller's sub-accounts; empty for everybody else.",
    responses=answers("AccountPage", "A page of accounts."),
)
def list_subaccounts(customer: Customer, query: Annotated[Page, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, customer)
    page = accounts.list_subaccounts(customer.account, query.limit, cursor.position)
    return http.page(
        (account.model_dump(mode="json") for account in page.accounts), "account_id", page.position, cursor
    )


@app.post(
    "/api/account/contact-report",
    tags=["Accounts"],
    summary="Report an outdated contact",
    description=(
        "Tells Customer Success that the contact person of the enrollment is out of date: of the own account, or "
        "of the sub-account that is named."
    ),
    responses=answers("Account", "Customer Success is told.", HTTPStatus.ACCEPTED),
    openapi_extensions=refuses("not_found"),
)
def report_contact(customer: Customer, report: Annotated[ContactReport, Depends(body_of(ContactReport))]) -> Response:
    account = accounts.get_reachable_account(customer.account, report.account_id or customer.account)
    contact_reports.store(account.account_id, customer.user, report, clock.now())
    return http.json_response(account.model_dump_json(), HTTPStatus.ACCEPTED)


# -- orders -------------------------------------------------------------------------------------------------------


def _account_for(body: Any, customer: http.Caller) -> str:
    """The account that an order is for; NotFound for what cannot be one."""
    account_id = body.get("account_id") if isinstance(body, dict) else None
    return sound_account_id(account_id) if isinstance(account_id, str) else customer.account


@app.post(
    "/api/orders",
    tags=["Orders"],
    summary="Place an order",
    description=(
        "A repetition with the same Idempotency-Key and body is answered like the first request. A request that "
        "was refused uses no key."
    ),
    responses=answers("Order", "The order as it was placed.", HTTPStatus.CREATED, headers=("ETag", "Location")),
    openapi_extensions=refuses("not_enrolled", "not_found", "in_progress", "idempotency_key_reused"),
)
def place_order(
    customer: Customer, key: IdempotencyKey, body: Annotated[Any, Depends(json_for("OrderRequest"))]
) -> Response:
    placed = place(
        key,
        body,
        by=customer.user,
        account_id=_account_for(body, customer),
        reached_from=customer.account,
        source="online",
    )
    logger.append_keys(order_id=placed.order_id)
    metrics.add_metric("OrdersPlaced", MetricUnit.Count, 1)
    headers = {"Location": f"/api/orders/{placed.order_id}", **http.etag(1)}
    return http.json_response(placed.answer, HTTPStatus.CREATED, headers)


@app.post(
    "/api/orders/preview",
    tags=["Orders"],
    summary="See what is to be known of an order before it is placed",
    description=(
        "Refuses what placing refuses, and changes nothing. Warns of other orders of the account that ask for the "
        "same: of upgrades (site bandwidth, early activation) of the same site, and of open orders with an item "
        "that is the same but for its date. The newest 400 orders are looked at."
    ),
    responses=answers("OrderPreview", "What to know."),
    openapi_extensions=refuses("not_enrolled", "not_found"),
)
def preview_order(customer: Customer, body: Annotated[Any, Depends(json_for("OrderRequest"))]) -> Response:
    """Refuses what placing would refuse, and says what the customer may have overlooked."""
    warnings = preview(
        body,
        by=customer.user,
        account_id=_account_for(body, customer),
        reached_from=customer.account,
        source="online",
    )
    return http.json_response({"warnings": warnings})


@app.get(
    "/api/orders",
    tags=["Orders"],
    summary="List orders",
    description=(
        "Orders of the account and its sub-accounts, newest first. With `Accept: text/csv` the same page comes as "
        "a table, and `Link` leads to the next one."
    ),
    responses=answers("OrderPage", "A page of orders.", headers=("Link",), other=CSV),
)
def list_orders(customer: Customer, query: Annotated[OrderQuery, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, customer)
    wanted = lists.Wanted(
        statuses=lists.statuses_of(query.status, query.open),
        purchase_order_number=query.purchase_order_number,
        first_day=query.first_day,
        last_day=query.last_day,
        zone=ZoneInfo(query.time_zone),
    )
    if query.account_id is None:
        page = lists.list_reachable_orders(customer.account, wanted, query.limit, cursor.position)
    else:
        accounts.get_reachable_account(customer.account, query.account_id)
        page = lists.list_account_orders(query.account_id, wanted, query.limit, cursor.position)
    at = clock.now()
    rows = [order_body(order, history.history(), at) for order in page.orders]
    if http.accepts(request, "text/csv"):
        table = csv_page(rows, dialect_for(query.spreadsheet))
        return http.csv_response(table, "orders.csv", _link(request, cursor.after(page.position)))
    return http.page(rows, "order_id", page.position, cursor)


def _link(request: Request, next_cursor: str | None) -> dict[str, str]:
    """The header that leads to the next page of a table."""
    if next_cursor is None:
        return {}
    following = urlencode({**(request.query_parameters or {}), "cursor": next_cursor})
    return {"Link": f'</api/orders?{following}>; rel="next"'}


@app.get(
    "/api/orders/<order_id>",
    tags=["Orders"],
    summary="Show an order",
    description="The order with its newest quote.",
    responses=answers("Order", "The order.", headers=("ETag",)),
)
def show_order(customer: Customer, order_id: OrderId) -> Response:
    return _shown(orders.get_reachable_order(customer.account, order_id))


@app.get(
    "/api/orders/<order_id>/timeline",
    tags=["Orders"],
    summary="Show what happened to an order",
    description="The public entries of the timeline. Sequence numbers that are left out belong to internal ones.",
    responses=answers("Timeline", "Entries, oldest first."),
)
def show_timeline(customer: Customer, order_id: OrderId, query: Annotated[Page, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, customer)
    order = orders.get_reachable_order(customer.account, order_id)
    page = orders.list_entries(order.order_id, query.limit, int(cursor.position or 0))
    entries = (entry_body(entry) for entry in page.entries if not entry.internal)
    return http.page(entries, "sequence", page.position, cursor)


@app.get(
    "/api/orders/<order_id>/quotes/<revision>",
    tags=["Orders"],
    summary="Show a quote",
    description=(
        "A revision, the newest or one that was replaced. With `Accept: application/pdf` its paper comes, the "
        "same bytes every time; it is there once the quote was mailed."
    ),
    responses=answers("Quote", "The revision, or its paper.", other=PDF),
)
def show_quote(customer: Customer, order_id: OrderId, revision: Revision, request: Request) -> Response:
    return http.quote_response(request, orders.get_reachable_order(customer.account, order_id), revision)


@app.post(
    "/api/orders/<order_id>/cancel",
    tags=["Orders"],
    summary="Withdraw an order",
    description="Possible while the order is `submitted`.",
    responses=answers("Order", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=refuses("conflict", "in_progress"),
)
def withdraw_order(
    customer: Customer,
    order_id: OrderId,
    withdrawal: Annotated[Reason, Depends(body_of(Reason, is_required=False))],
    if_match: IfMatch = None,
) -> Response:
    order = orders.decide(
        lambda: orders.get_reachable_order(customer.account, order_id),
        lambda order: order.withdraw(customer.user, withdrawal.reason, clock.now()),
        http.expected_versions(if_match),
    )
    return _shown(order)


@app.post(
    "/api/orders/<order_id>/comment",
    tags=["Orders"],
    summary="Comment on an order",
    description="Adds a public entry to the timeline of an open order.",
    responses=answers("Order", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=refuses("conflict", "in_progress"),
)
def comment_on_order(
    customer: Customer,
    order_id: OrderId,
    comment: Annotated[NewComment, Depends(body_of(NewComment))],
    if_match: IfMatch = None,
) -> Response:
    actor = Actor(kind="customer", name=customer.user.email)
    most = int(environment("COMMENTS_AN_HOUR"))
    order = orders.decide(
        lambda: orders.get_reachable_order(customer.account, order_id),
        lambda order: order.comment(actor, comment.text, clock.now(), most_an_hour=most),
        http.expected_versions(if_match),
    )
    return _shown(order)


@discreet
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return app.resolve(event, context)


gc.freeze()
gc.enable()
