"""The customer's side of the API: catalog, accounts, and orders from placing to withdrawal."""

from __future__ import annotations

import gc

gc.disable()  # a cold start makes objects that stay: until the end of this file nobody looks through them

from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from online_orders import clock, http
from online_orders.accounts import ContactReport
from online_orders.aws import accounts, contact_reports, history, lists, orders
from online_orders.aws.environment import environment
from online_orders.csv_pages import SPREADSHEETS, csv_page, dialect_for
from online_orders.cursors import Cursor
from online_orders.faults import checked
from online_orders.orders import NewComment, Order, Reason, Status
from online_orders.placing import place, preview
from online_orders.presentation import entry_body, order_body
from online_orders.routing import Answer, Event
from online_orders.telemetry import MetricUnit, correlation_paths, discreet, logger, metrics
from online_orders.timeline import Actor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = http.Api()


def _caller(event: Event) -> http.Caller:
    return http.caller(event, "customers")


def _shown(order: Order, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return http.answer(order_body(order, history.history(), clock.now()), status, http.etag(order.version))


@cache
def _generated(name: str) -> str:
    """A document that was made from the code when it was built."""
    from importlib.resources import files  # which costs every other request's cold start

    return (files("online_orders") / "generated" / name).read_text("utf-8")


@app.get("/api/openapi.json")
def describe_api(event: Event) -> Answer:
    return http.answer(_generated("openapi.json"))


@app.get("/api/catalog")
def show_catalog(event: Event) -> Answer:
    http.caller(event, None)
    http.Query(event).done()
    return http.answer(_generated("catalog.json"))


# -- accounts -----------------------------------------------------------------------------------------------------


@app.get("/api/account")
def show_account(event: Event) -> Answer:
    caller, query = _caller(event), http.Query(event)
    account_id = query.account_id() or caller.account
    query.done()
    return http.answer(accounts.get_reachable_account(caller.account, account_id).model_dump_json())


@app.get("/api/accounts")
def list_subaccounts(event: Event) -> Answer:
    caller, query = _caller(event), http.Query(event)
    cursor, limit = Cursor(query.text("cursor"), event, caller.user.user_id), query.limit()
    query.done()
    page = accounts.list_subaccounts(caller.account, limit, cursor.position)
    return http.page(
        (account.model_dump(mode="json") for account in page.accounts), "account_id", page.position, cursor
    )


@app.post("/api/account/contact-report")
def report_contact(event: Event) -> Answer:
    caller = _caller(event)
    report = checked(ContactReport, http.json_body(event))
    account = accounts.get_reachable_account(caller.account, report.account_id or caller.account)
    contact_reports.store(account.account_id, caller.user, report, clock.now())
    return http.answer(account.model_dump_json(), HTTPStatus.ACCEPTED)


# -- orders -------------------------------------------------------------------------------------------------------


@app.post("/api/orders")
def place_order(event: Event) -> Answer:
    caller = _caller(event)
    key, body = http.idempotency_key(event), http.json_body(event)
    account_id = body.get("account_id") if isinstance(body, dict) else None
    placed = place(
        key,
        body,
        by=caller.user,
        account_id=http.sound_account_id(account_id) if isinstance(account_id, str) else caller.account,
        reached_from=caller.account,
        source="online",
    )
    logger.append_keys(order_id=placed.order_id)
    metrics.add_metric("OrdersPlaced", MetricUnit.Count, 1)
    headers = {"Location": f"/api/orders/{placed.order_id}", **http.etag(1)}
    return http.answer(placed.answer, HTTPStatus.CREATED, headers)


@app.post("/api/orders/preview")
def preview_order(event: Event) -> Answer:
    """Refuses what placing would refuse, and says what the customer may have overlooked."""
    caller, body = _caller(event), http.json_body(event)
    account_id = body.get("account_id") if isinstance(body, dict) else None
    warnings = preview(
        body,
        by=caller.user,
        account_id=http.sound_account_id(account_id) if isinstance(account_id, str) else caller.account,
        reached_from=caller.account,
        source="online",
    )
    return http.answer({"warnings": warnings})


@app.get("/api/orders")
def list_orders(event: Event) -> Answer:
    caller, query = _caller(event), http.Query(event)
    cursor, limit = Cursor(query.text("cursor"), event, caller.user.user_id), query.limit()
    account_id = query.account_id()
    status = query.choice("status", list(Status))
    wanted = lists.Wanted(
        statuses=lists.statuses_of(Status(status) if status else None, query.flag("open")),
        purchase_order_number=query.text("purchase_order_number"),
        first_day=query.day("from"),
        last_day=query.day("to"),
        zone=query.time_zone(),
    )
    dialect = dialect_for(query.choice("spreadsheet", SPREADSHEETS))
    query.done()
    if account_id is None:
        page = lists.list_reachable_orders(caller.account, wanted, limit, cursor.position)
    else:
        accounts.get_reachable_account(caller.account, account_id)
        page = lists.list_account_orders(account_id, wanted, limit, cursor.position)
    at = clock.now()
    rows = [order_body(order, history.history(), at) for order in page.orders]
    if http.accepts(event, "text/csv"):
        return _csv(csv_page(rows, dialect), cursor.after(page.position), query)
    return http.page(rows, "order_id", page.position, cursor)


def _csv(table: str, next_cursor: str | None, query: http.Query) -> Answer:
    headers = {}
    if next_cursor:
        following = urlencode({**query.without("cursor"), "cursor": next_cursor})
        headers["Link"] = f'</api/orders?{following}>; rel="next"'
    return http.table(table, "orders.csv", headers)


@app.get("/api/orders/<order_id>")
def show_order(event: Event, order_id: str) -> Answer:
    return _shown(orders.get_reachable_order(_caller(event).account, order_id))


@app.get("/api/orders/<order_id>/timeline")
def show_timeline(event: Event, order_id: str) -> Answer:
    caller, query = _caller(event), http.Query(event)
    cursor, limit = Cursor(query.text("cursor"), event, caller.user.user_id), query.limit()
    query.done()
    order = orders.get_reachable_order(caller.account, order_id)
    page = orders.list_entries(order.order_id, limit, int(cursor.position or 0))
    entries = (entry_body(entry) for entry in page.entries if not entry.internal)
    return http.page(entries, "sequence", page.position, cursor)


@app.get("/api/orders/<order_id>/quotes/<revision>")
def show_quote(event: Event, order_id: str, revision: str) -> Answer:
    order = orders.get_reachable_order(_caller(event).account, order_id)
    return http.quote_answer(event, order, revision)


@app.post("/api/orders/<order_id>/cancel")
def withdraw_order(event: Event, order_id: str) -> Answer:
    caller = _caller(event)
    reason = checked(Reason, http.json_body(event, default={})).reason
    order = orders.decide(
        lambda: orders.get_reachable_order(caller.account, order_id),
        lambda order: order.withdraw(caller.user, reason, clock.now()),
        http.expected_versions(event),
    )
    return _shown(order)


@app.post("/api/orders/<order_id>/comment")
def comment_on_order(event: Event, order_id: str) -> Answer:
    caller = _caller(event)
    text = checked(NewComment, http.json_body(event)).text
    actor = Actor(kind="customer", name=caller.user.email)
    most = int(environment("COMMENTS_AN_HOUR"))
    order = orders.decide(
        lambda: orders.get_reachable_order(caller.account, order_id),
        lambda order: order.comment(actor, text, clock.now(), most_an_hour=most),
        http.expected_versions(event),
    )
    return _shown(order)


@discreet
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event)


gc.freeze()
gc.enable()
