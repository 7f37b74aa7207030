"""The desk: Customer Success' side of the API, from the queue to the quote, the accounts and the price lists."""

from __future__ import annotations

import gc

gc.disable()  # a cold start makes objects that stay: until the end of this file nobody looks through them

import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from online_orders import clock, http
from online_orders.accounts import account_from
from online_orders.aws import accounts, evidence, history, lists, orders, prices, terms, versions
from online_orders.aws.dynamodb import Raced, pause
from online_orders.aws.environment import environment
from online_orders.aws.keys import Key, account_key, prices_key
from online_orders.aws.versions import Version
from online_orders.catalog import item_faults
from online_orders.csv_pages import SPREADSHEETS, dialect_for
from online_orders.cursors import Cursor
from online_orders.errors import Conflict, Fault, InProgress, NotFound
from online_orders.faults import checked
from online_orders.orders import (
    Change,
    Decision,
    NeededReason,
    NewDeskComment,
    NewDirectOrder,
    Order,
    Policy,
    Resending,
    Status,
)
from online_orders.placing import duplicates_by_now, place, preview
from online_orders.presentation import desk_row, entry_body
from online_orders.prices import (
    PriceList,
    draft_from_prices,
    draft_from_revision,
    prices_csv,
    prices_from,
    prices_from_csv,
)
from online_orders.routing import Answer, Event
from online_orders.telemetry import MetricUnit, correlation_paths, discreet, logger, metrics
from online_orders.timeline import Actor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

Json = dict[str, Any]

app = http.Api()

_TRIES = 6


def _staff(event: Event) -> http.Caller:
    return http.caller(event, "customer-success")


def _policy() -> Policy:
    """Return how long orders may wait at the desk; the rest of a policy is not asked for here."""
    return Policy(
        unclaimed_hours=int(environment("ALARM_UNCLAIMED_HOURS")),
        unquoted_hours=int(environment("ALARM_UNQUOTED_HOURS")),
    )


def _shown(order: Order, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return http.answer(desk_row(order, history.history(), clock.now(), _policy()), status, http.etag(order.version))


def _decide(event: Event, order_id: str, decision: Decision) -> Order:
    """Take an action on an order, wherever it lies."""
    at = orders.whereabouts(order_id)
    return orders.decide(lambda: orders.get_order(at), decision, http.expected_versions(event))


# -- orders -------------------------------------------------------------------------------------------------------


@app.get("/api/desk/orders")
def list_orders(event: Event) -> Answer:
    staff, query = _staff(event), http.Query(event)
    cursor, limit = Cursor(query.text("cursor"), event, staff.user.user_id), query.limit()
    status, assignee = query.choice("status", list(Status)), query.user_id("assignee")
    wanted = lists.Wanted(
        statuses=lists.statuses_of(Status(status) if status else None, query.flag("open")),
        assignee_id=staff.user.user_id if assignee == "me" else assignee or None,
        account_id=query.account_id(),
    )
    query.done()
    page = lists.list_desk_orders(wanted, limit, cursor.position)
    at, policy = clock.now(), _policy()
    rows = (desk_row(order, history.history(), at, policy) for order in page.orders)
    return http.page(rows, "order_id", page.position, cursor)


def _account_named(body: Any) -> str:
    """The account that a direct order is for; Invalid where the body names none."""
    account_id = body.get("account_id") if isinstance(body, dict) else None
    if not isinstance(account_id, str):
        checked(NewDirectOrder, body, more=item_faults(body.get("items") if isinstance(body, dict) else None))
    return http.sound_account_id(str(account_id))


@app.post("/api/desk/orders")
def place_direct_order(event: Event) -> Answer:
    staff = _staff(event)
    key, body = http.idempotency_key(event), http.json_body(event)
    account_id = _account_named(body)
    placed = place(key, body, by=staff.user, account_id=account_id, reached_from=account_id, source="direct")
    logger.append_keys(order_id=placed.order_id)
    metrics.add_metric("DirectOrdersPlaced", MetricUnit.Count, 1)
    headers = {"Location": f"/api/desk/orders/{placed.order_id}", **http.etag(1)}
    return http.answer(placed.answer, HTTPStatus.CREATED, headers)


@app.post("/api/desk/orders/preview")
def preview_direct_order(event: Event) -> Answer:
    """As for customers, of orders that reached Customer Success directly besides."""
    staff, body = _staff(event), http.json_body(event)
    account_id = _account_named(body)
    warnings = preview(body, by=staff.user, account_id=account_id, reached_from=account_id, source="direct")
    return http.answer({"warnings": warnings})


@app.get("/api/desk/orders/<order_id>")
def show_order(event: Event, order_id: str) -> Answer:
    _staff(event)
    return _shown(orders.get_any_order(order_id))


@app.get("/api/desk/orders/<order_id>/timeline")
def show_timeline(event: Event, order_id: str) -> Answer:
    staff, query = _staff(event), http.Query(event)
    cursor, limit = Cursor(query.text("cursor"), event, staff.user.user_id), query.limit()
    query.done()
    at = orders.whereabouts(order_id)
    page = orders.list_entries(at.order_id, limit, int(cursor.position or 0))
    return http.page((entry_body(entry) for entry in page.entries), "sequence", page.position, cursor)


@app.get("/api/desk/orders/<order_id>/evidence")
def show_evidence(event: Event, order_id: str) -> Answer:
    """What the decisions by link rest on."""
    staff, query = _staff(event), http.Query(event)
    cursor, limit = Cursor(query.text("cursor"), event, staff.user.user_id), query.limit()
    query.done()
    at = orders.whereabouts(order_id)
    page = evidence.list_evidence(at.order_id, limit, int(cursor.position or 0))
    return http.page((each.model_dump(mode="json") for each in page.evidence), "sequence", page.position, cursor)


@app.get("/api/desk/orders/<order_id>/quotes/<revision>")
def show_quote(event: Event, order_id: str, revision: str) -> Answer:
    _staff(event)
    return http.quote_answer(event, orders.get_any_order(order_id), revision)


@app.post("/api/desk/orders/<order_id>/claim")
def claim_order(event: Event, order_id: str) -> Answer:
    staff = _staff(event)
    http.empty_body(event)

    def claim(order: Order) -> Change:
        at = clock.now()
        is_new = order.status is Status.SUBMITTED
        return order.claim(staff.user, at, duplicates_by_now(order, at) if is_new else None)

    return _shown(_decide(event, order_id, claim))


@app.post("/api/desk/orders/<order_id>/release")
def release_order(event: Event, order_id: str) -> Answer:
    staff = _staff(event)
    http.empty_body(event)
    return _shown(_decide(event, order_id, lambda order: order.release(staff.user, clock.now())))


@app.get("/api/desk/orders/<order_id>/quote-draft")
def draft_quote(event: Event, order_id: str) -> Answer:
    """What the next quote could be: the present revision, else what the price list makes of the order."""
    _staff(event)
    query = http.Query(event)
    currency = query.currency()
    query.done()
    order = orders.get_any_order(order_id)
    if not order.is_open:
        raise Conflict("A closed order is not quoted.", order.status)
    today = order.today(clock.now())
    valid_until = today + timedelta(days=int(environment("QUOTE_VALIDITY_DAYS")))
    if order.quote and currency is None:
        draft = draft_from_revision(order.quote, today=today, valid_until=valid_until)
    else:
        account = accounts.get_account(order.account_id)
        listed = prices.find_price_list(currency or account.currency)
        draft = draft_from_prices(
            order,
            {site.site_id: site.name for site in account.sites},
            listed.prices if listed else (),
            currency=currency or account.currency,
            terms=terms.terms_in(account.locale),
            valid_until=valid_until,
        )
    return http.answer(draft.model_dump_json(), headers=http.etag(order.version))


@app.post("/api/desk/orders/<order_id>/quote")
def quote_order(event: Event, order_id: str) -> Answer:
    staff, body = _staff(event), http.json_body(event)

    @cache
    def currency_and_terms(account_id: str) -> tuple[str, str]:
        account = accounts.get_account(account_id)
        return account.currency, terms.terms_in(account.locale)

    def offer(order: Order) -> Change:
        order.must_allow("quote")
        at = clock.now()
        quote = order.next_revision(body, *currency_and_terms(order.account_id), at)
        return order.offer(quote, staff.user, at, timedelta(seconds=int(environment("QUOTE_UNDO_SECONDS"))))

    return _shown(_decide(event, order_id, offer), HTTPStatus.ACCEPTED)


@app.post("/api/desk/orders/<order_id>/quote/undo")
def undo_quote(event: Event, order_id: str) -> Answer:
    """Take the newest revision back while its mail is still held."""
    staff = _staff(event)
    http.empty_body(event)
    return _shown(_decide(event, order_id, lambda order: order.undo_quote(staff.user, clock.now())))


@app.post("/api/desk/orders/<order_id>/decline")
def decline_order(event: Event, order_id: str) -> Answer:
    staff = _staff(event)
    reason = checked(NeededReason, http.json_body(event)).reason
    return _shown(_decide(event, order_id, lambda order: order.decline(staff.user, reason, clock.now())))


@app.post("/api/desk/orders/<order_id>/resend")
def resend_quote(event: Event, order_id: str) -> Answer:
    staff = _staff(event)
    contact = checked(Resending, http.json_body(event, default={})).contact
    order = _decide(event, order_id, lambda order: order.resend(staff.user, contact, clock.now()))
    return _shown(order, HTTPStatus.ACCEPTED)


@app.post("/api/desk/orders/<order_id>/comment")
def comment_on_order(event: Event, order_id: str) -> Answer:
    staff = _staff(event)
    comment = checked(NewDeskComment, http.json_body(event))
    actor = Actor(kind="customer_success", name=staff.user.email)
    return _shown(
        _decide(
            event, order_id, lambda order: order.comment(actor, comment.text, clock.now(), internal=comment.internal)
        )
    )


# -- accounts -----------------------------------------------------------------------------------------------------


@app.get("/api/desk/accounts")
def list_accounts(event: Event) -> Answer:
    staff, query = _staff(event), http.Query(event)
    cursor, limit = Cursor(query.text("cursor"), event, staff.user.user_id), query.limit()
    query.done()
    page = accounts.list_accounts(limit, cursor.position)
    return http.page(
        (account.model_dump(mode="json") for account in page.accounts), "account_id", page.position, cursor
    )


@app.get("/api/desk/accounts/<account_id>")
def show_account(event: Event, account_id: str) -> Answer:
    _staff(event)
    stored = accounts.find_account(http.sound_account_id(account_id))
    if stored is None:
        raise NotFound(f"There is no account {account_id}.")
    return http.answer(stored.account.model_dump_json(), headers=http.etag(stored.version))


def _parent_faults(account_id: str, body: Any) -> list[Fault]:
    """What is wrong with the account's place below a reseller; whether the id is sound is judged elsewhere."""
    parent_id = body.get("parent_account_id") if isinstance(body, dict) else None
    if not isinstance(parent_id, str) or not http.is_account_id(parent_id) or parent_id == account_id:
        return []
    parent = accounts.find_account(parent_id)
    where = "/parent_account_id"
    if parent is None:
        return [Fault(where, "unknown_account", "There is no such account.")]
    found = []
    if parent.account.parent_account_id:
        found.append(Fault(where, "not_a_reseller", "A sub-account has no sub-accounts."))
    if accounts.has_subaccounts(account_id):
        found.append(Fault(where, "is_a_reseller", "This account has sub-accounts itself."))
    return found


@app.put("/api/desk/accounts/<account_id>")
def put_account(event: Event, account_id: str) -> Answer:
    """Create or replace a whole account; with `If-None-Match: *`, create it.

    That nothing is replaced unseen is a condition of the write: who loses the race for it is judged anew.
    """
    staff = _staff(event)
    http.sound_account_id(account_id)
    body = http.json_body(event)
    conditions = http.preconditions(event)
    account = account_from(account_id, body, _parent_faults(account_id, body))
    for attempt in range(_TRIES):
        before = accounts.find_account(account_id)
        conditions.check(f"an account {account_id}", before.version if before else None)
        if before and before.account == account:
            return http.answer(account.model_dump_json(), headers=http.etag(before.version))
        try:
            version = accounts.put_account(account, before, staff.user)
        except Raced:
            pause(attempt)
        else:
            return http.answer(account.model_dump_json(), headers=http.etag(version))
    raise InProgress("Others keep changing this account; nothing was done.")


@app.get("/api/desk/accounts/<account_id>/versions")
def list_account_versions(event: Event, account_id: str) -> Answer:
    """What has become of an account, and by whom; newest first."""

    def row(version: Version) -> Json:
        return {**_about(version), "enrollment": json.loads(version.document)["enrollment"]}

    return _versions(event, account_key(http.sound_account_id(account_id)), f"account {account_id}", row)


@app.get("/api/desk/accounts/<account_id>/versions/<version>")
def show_account_version(event: Event, account_id: str, version: str) -> Answer:
    _staff(event)
    found = _version(account_key(http.sound_account_id(account_id)), version)
    return http.answer({**_about(found), "account": json.loads(found.document)})


def _versions(event: Event, key: Key, what: str, row: Callable[[Version], Json]) -> Answer:
    """A page of the versions of what lies under a key."""
    staff, query = _staff(event), http.Query(event)
    cursor, limit = Cursor(query.text("cursor"), event, staff.user.user_id), query.limit()
    query.done()
    page = versions.list_versions(key, limit, int(cursor.position) if cursor.position else None)
    if page is None:
        raise NotFound(f"There is no {what}.")
    return http.page((row(version) for version in page.versions), "version", page.position, cursor)


def _version(key: Key, version: str) -> Version:
    found = versions.find_version(key, int(version)) if re.fullmatch(r"[1-9][0-9]{0,7}", version) else None
    if found is None:
        raise NotFound(f"There is no version {version[:16]}, or it was not kept.")
    return found


def _about(version: Version) -> Json:
    return {"version": version.version, "at": version.at, "by": version.by, "changed": version.changed}


# -- price lists --------------------------------------------------------------------------------------------------


@app.get("/api/desk/price-lists")
def list_price_lists(event: Event) -> Answer:
    staff, query = _staff(event), http.Query(event)
    cursor, limit = Cursor(query.text("cursor"), event, staff.user.user_id), query.limit()
    query.done()
    page = prices.list_price_lists(limit, cursor.position)
    return http.page((row._asdict() for row in page.rows), "currency", page.position, cursor)


@app.get("/api/desk/price-lists/<currency>")
def show_price_list(event: Event, currency: str) -> Answer:
    _staff(event)
    dialect = dialect_for(http.Query(event).choice("spreadsheet", SPREADSHEETS))
    listed = prices.find_price_list(http.sound_currency(currency))
    if listed is None:
        raise NotFound(f"There is no price list in {currency}.")
    if http.accepts(event, "text/csv"):
        return http.table(prices_csv(listed.prices, dialect), f"prices-{currency}.csv", http.etag(listed.version))
    return http.answer(listed.model_dump_json(), headers=http.etag(listed.version))


@app.put("/api/desk/price-lists/<currency>")
def put_price_list(event: Event, currency: str) -> Answer:
    """Create or replace a whole list, from JSON or CSV; conditions hold as for an account."""
    staff = _staff(event)
    http.sound_currency(currency)
    table, conditions = http.csv_body(event), http.preconditions(event)
    asked = prices_from(http.json_body(event), currency) if table is None else prices_from_csv(table, currency)
    for attempt in range(_TRIES):
        before = prices.find_price_list(currency)
        conditions.check(f"a price list in {currency}", before.version if before else None)
        if before and before.prices == asked:
            return http.answer(before.model_dump_json(), headers=http.etag(before.version))
        after = PriceList(
            currency=currency,
            version=before.version + 1 if before else 1,
            updated_at=clock.now(),
            prices=asked,
        )
        try:
            prices.put_price_list(after, before, staff.user)
        except Raced:
            pause(attempt)
        else:
            return http.answer(after.model_dump_json(), headers=http.etag(after.version))
    raise InProgress("Others keep changing this price list; nothing was done.")


@app.get("/api/desk/price-lists/<currency>/versions")
def list_price_list_versions(event: Event, currency: str) -> Answer:
    """What has become of a price list, and by whom; newest first."""

    def row(version: Version) -> Json:
        return {**_about(version), "prices": len(json.loads(version.document)["prices"])}

    return _versions(event, prices_key(http.sound_currency(currency)), f"price list in {currency}", row)


@app.get("/api/desk/price-lists/<currency>/versions/<version>")
def show_price_list_version(event: Event, currency: str, version: str) -> Answer:
    _staff(event)
    found = _version(prices_key(http.sound_currency(currency)), version)
    return http.answer({**_about(found), "price_list": json.loads(found.document)})


@discreet
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event)


gc.freeze()
gc.enable()
