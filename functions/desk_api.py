"""The desk: Customer Success' side of the API, from the queue to the quote, the accounts and the price lists."""

import gc

gc.disable()  # a cold start makes objects that stay: until the end of this file nobody looks through them

import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders import clock, http
from online_orders.accounts import account_from
from online_orders.api import (
    PDF,
    Api,
    EmptyBody,
    JsonOrCsv,
    Staff,
    answers,
    body_of,
    cursor_of,
    json_for,
    json_or_csv_for,
    refuses,
)
from online_orders.aws import accounts, evidence, history, lists, orders, prices, terms, versions
from online_orders.aws.dynamodb import Raced, pause
from online_orders.aws.environment import environment
from online_orders.aws.keys import Key, account_key, prices_key
from online_orders.aws.versions import Version
from online_orders.catalog import item_faults
from online_orders.csv_pages import dialect_for
from online_orders.cursors import Cursor
from online_orders.errors import Conflict, Fault, InProgress, NotFound
from online_orders.faults import checked
from online_orders.http import Response
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
from online_orders.parameters import (
    AccountId,
    CurrencyCode,
    CurrencyQuery,
    DeskOrderQuery,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    OrderId,
    Page,
    Revision,
    SpreadsheetQuery,
    VersionNumber,
    is_account_id,
    sound_account_id,
)
from online_orders.placing import duplicates_by_now, place, preview
from online_orders.presentation import desk_row, entry_body
from online_orders.prices import (
    COLUMNS,
    PriceList,
    draft_from_prices,
    draft_from_revision,
    prices_csv,
    prices_from,
    prices_from_csv,
)
from online_orders.telemetry import MetricUnit, correlation_paths, discreet, logger, metrics
from online_orders.timeline import Actor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

Json = dict[str, Any]

app = Api()

_TRIES = 6
PRICES_CSV = {
    "text/csv": {"type": "string", "description": f"RFC 4180, a header row, one row a price: {','.join(COLUMNS)}."}
}


def _policy() -> Policy:
    """Return how long orders may wait at the desk; the rest of a policy is not asked for here."""
    return Policy(
        unclaimed_hours=int(environment("ALARM_UNCLAIMED_HOURS")),
        unquoted_hours=int(environment("ALARM_UNQUOTED_HOURS")),
    )


def _shown(order: Order, status: HTTPStatus = HTTPStatus.OK) -> Response:
    row = desk_row(order, history.history(), clock.now(), _policy())
    return http.json_response(row, status, http.etag(order.version))


def _decide(order_id: str, decision: Decision, if_match: str | None) -> Order:
    """Take an action on an order, wherever it lies."""
    at = orders.whereabouts(order_id)
    return orders.decide(lambda: orders.get_order(at), decision, http.expected_versions(if_match))


# -- orders -------------------------------------------------------------------------------------------------------


@app.get(
    "/api/desk/orders",
    tags=["Desk"],
    summary="List orders of every account",
    description="The work queue, oldest first.",
    responses=answers("DeskOrderPage", "A page of orders."),
)
def list_desk_orders(staff: Staff, query: Annotated[DeskOrderQuery, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, staff)
    wanted = lists.Wanted(
        statuses=lists.statuses_of(query.status, query.open),
        assignee_id=staff.user.user_id if query.assignee == "me" else query.assignee or None,
        account_id=query.account_id,
    )
    page = lists.list_desk_orders(wanted, query.limit, cursor.position)
    at, policy = clock.now(), _policy()
    rows = (desk_row(order, history.history(), at, policy) for order in page.orders)
    return http.page(rows, "order_id", page.position, cursor)


def _account_named(body: Any) -> str:
    """The account that a direct order is for; Invalid where the body names none."""
    account_id = body.get("account_id") if isinstance(body, dict) else None
    if not isinstance(account_id, str):
        checked(NewDirectOrder, body, more=item_faults(body.get("items") if isinstance(body, dict) else None))
    return sound_account_id(str(account_id))


@app.post(
    "/api/desk/orders",
    tags=["Desk"],
    summary="Enter an order that came directly",
    description=(
        "Follows the same rules and takes the same way as an order of the screen, but the customer's screen does "
        "not show it."
    ),
    responses=answers("Order", "The order as it was placed.", HTTPStatus.CREATED, headers=("ETag", "Location")),
    openapi_extensions=refuses("not_enrolled", "not_found", "in_progress", "idempotency_key_reused"),
)
def place_direct_order(
    staff: Staff, key: IdempotencyKey, body: Annotated[Any, Depends(json_for("DirectOrderRequest"))]
) -> Response:
    account_id = _account_named(body)
    placed = place(key, body, by=staff.user, account_id=account_id, reached_from=account_id, source="direct")
    logger.append_keys(order_id=placed.order_id)
    metrics.add_metric("DirectOrdersPlaced", MetricUnit.Count, 1)
    headers = {"Location": f"/api/desk/orders/{placed.order_id}", **http.etag(1)}
    return http.json_response(placed.answer, HTTPStatus.CREATED, headers)


@app.post(
    "/api/desk/orders/preview",
    tags=["Desk"],
    summary="See what is to be known of a direct order before it is entered",
    description="As for customers, and of orders that reached Customer Success directly, too.",
    responses=answers("OrderPreview", "What to know."),
    openapi_extensions=refuses("not_enrolled", "not_found"),
)
def preview_direct_order(staff: Staff, body: Annotated[Any, Depends(json_for("DirectOrderRequest"))]) -> Response:
    """As for customers, of orders that reached Customer Success directly besides."""
    account_id = _account_named(body)
    warnings = preview(body, by=staff.user, account_id=account_id, reached_from=account_id, source="direct")
    return http.json_response({"warnings": warnings})


@app.get(
    "/api/desk/orders/<order_id>",
    tags=["Desk"],
    summary="Show any order",
    description="The order with its newest quote.",
    responses=answers("DeskOrder", "The order.", headers=("ETag",)),
)
def show_desk_order(_staff: Staff, order_id: OrderId) -> Response:
    return _shown(orders.get_any_order(order_id))


@app.get(
    "/api/desk/orders/<order_id>/timeline",
    tags=["Desk"],
    summary="Show all that happened to an order",
    description="Public and internal entries.",
    responses=answers("Timeline", "Entries, oldest first."),
)
def show_desk_timeline(staff: Staff, order_id: OrderId, query: Annotated[Page, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, staff)
    at = orders.whereabouts(order_id)
    page = orders.list_entries(at.order_id, query.limit, int(cursor.position or 0))
    return http.page((entry_body(entry) for entry in page.entries), "sequence", page.position, cursor)


@app.get(
    "/api/desk/orders/<order_id>/evidence",
    tags=["Desk"],
    summary="Show what decisions by link rest on",
    description=(
        "Who approved, canceled or asked for a change by link: the name typed, the time, the caller's address and "
        "browser, and the hash of the revision. Once a person was erased, the place of each says so."
    ),
    responses=answers("EvidencePage", "A page of evidence."),
)
def show_evidence(staff: Staff, order_id: OrderId, query: Annotated[Page, Query()], request: Request) -> Response:
    """What the decisions by link rest on."""
    cursor = cursor_of(request, query, staff)
    at = orders.whereabouts(order_id)
    page = evidence.list_evidence(at.order_id, query.limit, int(cursor.position or 0))
    return http.page((each.model_dump(mode="json") for each in page.evidence), "sequence", page.position, cursor)


@app.get(
    "/api/desk/orders/<order_id>/quotes/<revision>",
    tags=["Desk"],
    summary="Show a quote of any order",
    description="A revision, the newest or one that was replaced. With `Accept: application/pdf` its paper comes.",
    responses=answers("Quote", "The revision, or its paper.", other=PDF),
)
def show_desk_quote(_staff: Staff, order_id: OrderId, revision: Revision, request: Request) -> Response:
    return http.quote_response(request, orders.get_any_order(order_id), revision)


@app.post(
    "/api/desk/orders/<order_id>/claim",
    tags=["Desk"],
    summary="Claim an order",
    description=(
        "Makes the caller its assignee, also in place of somebody else. Claiming one's own again changes nothing."
    ),
    responses=answers("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=refuses("conflict", "in_progress"),
)
def claim_order(staff: Staff, order_id: OrderId, _body: EmptyBody, if_match: IfMatch = None) -> Response:
    def claim(order: Order) -> Change:
        at = clock.now()
        is_new = order.status is Status.SUBMITTED
        return order.claim(staff.user, at, duplicates_by_now(order, at) if is_new else None)

    return _shown(_decide(order_id, claim, if_match))


@app.post(
    "/api/desk/orders/<order_id>/release",
    tags=["Desk"],
    summary="Release an order",
    description="Leaves it in process without an assignee, for anyone to claim.",
    responses=answers("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=refuses("conflict", "in_progress"),
)
def release_order(staff: Staff, order_id: OrderId, _body: EmptyBody, if_match: IfMatch = None) -> Response:
    return _shown(_decide(order_id, lambda order: order.release(staff.user, clock.now()), if_match))


@app.get(
    "/api/desk/orders/<order_id>/quote-draft",
    tags=["Desk"],
    summary="Draft a quote",
    description=(
        "A body for the next quote, to be looked over and sent: the present revision or, where there is none, "
        "what the price list of the account's currency makes of the order. An item that has no price is in "
        "`unpriced` and needs a line of its own. With `currency` the price list in that currency is used, also "
        "where there is a revision."
    ),
    responses=answers("QuoteDraft", "The draft.", headers=("ETag",)),
    openapi_extensions=refuses("conflict"),
)
def draft_quote(_staff: Staff, order_id: OrderId, query: Annotated[CurrencyQuery, Query()]) -> Response:
    """What the next quote could be: the present revision, else what the price list makes of the order."""
    order = orders.get_any_order(order_id)
    if not order.is_open:
        raise Conflict("A closed order is not quoted.", order.status)
    today = order.today(clock.now())
    valid_until = today + timedelta(days=int(environment("QUOTE_VALIDITY_DAYS")))
    if order.quote and query.currency is None:
        draft = draft_from_revision(order.quote, today=today, valid_until=valid_until)
    else:
        account = accounts.get_account(order.account_id)
        currency = query.currency or account.currency
        listed = prices.find_price_list(currency)
        draft = draft_from_prices(
            order,
            account.site_names,
            listed.prices if listed else (),
            currency=currency,
            terms=terms.terms_in(account.locale),
            valid_until=valid_until,
        )
    return http.json_response(draft.model_dump_json(), headers=http.etag(order.version))


@app.post(
    "/api/desk/orders/<order_id>/quote",
    tags=["Desk"],
    summary="Quote an order",
    description=(
        "Makes a new revision, which is `sending` until its mail to the contact person was accepted. The revision "
        "before it is superseded at once. Every item needs a line; only a line without an item may have a "
        "negative price, and no total may be below zero."
    ),
    responses=answers(
        "DeskOrder", "The order with the revision that is being sent.", HTTPStatus.ACCEPTED, headers=("ETag",)
    ),
    openapi_extensions=refuses("conflict", "in_progress"),
)
def quote_order(
    staff: Staff,
    order_id: OrderId,
    body: Annotated[Any, Depends(json_for("NewQuote"))],
    if_match: IfMatch = None,
) -> Response:
    @cache
    def currency_and_terms(account_id: str) -> tuple[str, str]:
        account = accounts.get_account(account_id)
        return account.currency, terms.terms_in(account.locale)

    def offer(order: Order) -> Change:
        order.must_allow("quote")
        at = clock.now()
        quote = order.next_revision(body, *currency_and_terms(order.account_id), at)
        return order.offer(quote, staff.user, at, timedelta(seconds=int(environment("QUOTE_UNDO_SECONDS"))))

    return _shown(_decide(order_id, offer, if_match), HTTPStatus.ACCEPTED)


@app.post(
    "/api/desk/orders/<order_id>/quote/undo",
    tags=["Desk"],
    summary="Undo a quote",
    description=(
        "Takes the newest revision back while its mail is held, which is for the installation's time for undoing "
        "(`undo_until`): no mail goes, the revision is `superseded`, and the order is `in_process`. A revision "
        "that it had replaced stays `superseded` too."
    ),
    responses=answers("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=refuses("conflict", "in_progress"),
)
def undo_quote(staff: Staff, order_id: OrderId, _body: EmptyBody, if_match: IfMatch = None) -> Response:
    """Take the newest revision back while its mail is still held."""
    return _shown(_decide(order_id, lambda order: order.undo_quote(staff.user, clock.now()), if_match))


@app.post(
    "/api/desk/orders/<order_id>/decline",
    tags=["Desk"],
    summary="Decline an order",
    description="Cancels an open order; customer and contact person are told why.",
    responses=answers("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=refuses("conflict", "in_progress"),
)
def decline_order(
    staff: Staff,
    order_id: OrderId,
    declining: Annotated[NeededReason, Depends(body_of(NeededReason))],
    if_match: IfMatch = None,
) -> Response:
    return _shown(_decide(order_id, lambda order: order.decline(staff.user, declining.reason, clock.now()), if_match))


@app.post(
    "/api/desk/orders/<order_id>/resend",
    tags=["Desk"],
    summary="Send a quote again",
    description=(
        "Mails a fresh link to the same revision, to the contact given, who then is this order's contact, or to "
        "the present one. Older links are dead. Also of a first revision that could not be sent "
        "(`undeliverable`), whose order is still `in_process`. The contact before and the account's contact "
        "person are told of another one. An order whose contact was removed needs one to be given."
    ),
    responses=answers(
        "DeskOrder", "The order whose quote is being sent again.", HTTPStatus.ACCEPTED, headers=("ETag",)
    ),
    openapi_extensions=refuses("conflict", "in_progress"),
)
def resend_quote(
    staff: Staff,
    order_id: OrderId,
    resending: Annotated[Resending, Depends(body_of(Resending, is_required=False))],
    if_match: IfMatch = None,
) -> Response:
    order = _decide(order_id, lambda order: order.resend(staff.user, resending.contact, clock.now()), if_match)
    return _shown(order, HTTPStatus.ACCEPTED)


@app.post(
    "/api/desk/orders/<order_id>/comment",
    tags=["Desk"],
    summary="Comment on an order as Customer Success",
    description="Adds an entry to the timeline of an open order; an internal one is not shown to the customer.",
    responses=answers("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=refuses("conflict", "in_progress"),
)
def comment_on_desk_order(
    staff: Staff,
    order_id: OrderId,
    comment: Annotated[NewDeskComment, Depends(body_of(NewDeskComment))],
    if_match: IfMatch = None,
) -> Response:
    actor = Actor(kind="customer_success", name=staff.user.email)

    def add(order: Order) -> Change:
        return order.comment(actor, comment.text, clock.now(), internal=comment.internal)

    return _shown(_decide(order_id, add, if_match))


# -- accounts -----------------------------------------------------------------------------------------------------


@app.get(
    "/api/desk/accounts",
    tags=["Desk accounts"],
    summary="List accounts",
    description="Every account, by id.",
    responses=answers("AccountPage", "A page of accounts."),
)
def list_accounts(staff: Staff, query: Annotated[Page, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, staff)
    page = accounts.list_accounts(query.limit, cursor.position)
    return http.page(
        (account.model_dump(mode="json") for account in page.accounts), "account_id", page.position, cursor
    )


@app.get(
    "/api/desk/accounts/<account_id>",
    tags=["Desk accounts"],
    summary="Show any account",
    description="The account as it is now.",
    responses=answers("Account", "The account.", headers=("ETag",)),
)
def show_desk_account(_staff: Staff, account_id: AccountId) -> Response:
    stored = accounts.find_account(account_id)
    if stored is None:
        raise NotFound(f"There is no account {account_id}.")
    return http.json_response(stored.account.model_dump_json(), headers=http.etag(stored.version))


def _parent_faults(account_id: str, body: Any) -> list[Fault]:
    """What is wrong with the account's place below a reseller; whether the id is sound is judged elsewhere."""
    parent_id = body.get("parent_account_id") if isinstance(body, dict) else None
    if not isinstance(parent_id, str) or not is_account_id(parent_id) or parent_id == account_id:
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


@app.put(
    "/api/desk/accounts/<account_id>",
    tags=["Desk accounts"],
    summary="Create or replace an account",
    description=(
        "The body is the whole account, as reading it answers it. A changed contact kills the open links of the "
        "account's orders, and fresh ones are mailed; a removed one kills them too, and the orders wait for "
        "another. Contact persons and deputies who are named or dropped are told by mail, and of all that "
        "concerns its orders the account's contact person. Send `If-None-Match: *` to create an account, and "
        "`If-Match` with the ETag that you have read to change one: then nobody's work is replaced unseen."
    ),
    responses=answers("Account", "The account as it is then.", headers=("ETag",)),
    openapi_extensions=refuses("in_progress"),
)
def put_account(
    staff: Staff,
    account_id: AccountId,
    body: Annotated[Any, Depends(json_for("AccountRequest"))],
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Create or replace a whole account; with `If-None-Match: *`, create it.

    That nothing is replaced unseen is a condition of the write: who loses the race for it is judged anew.
    """
    conditions = http.preconditions(if_match, if_none_match)
    account = account_from(account_id, body, _parent_faults(account_id, body))
    for attempt in range(_TRIES):
        before = accounts.find_account(account_id)
        conditions.check(f"an account {account_id}", before.version if before else None)
        if before and before.account == account:
            return http.json_response(account.model_dump_json(), headers=http.etag(before.version))
        try:
            version = accounts.put_account(account, before, staff.user)
        except Raced:
            pause(attempt)
        else:
            return http.json_response(account.model_dump_json(), headers=http.etag(version))
    raise InProgress("Others keep changing this account; nothing was done.")


@app.get(
    "/api/desk/accounts/<account_id>/versions",
    tags=["Desk accounts"],
    summary="List what has become of an account",
    description=(
        "Every version that is kept, newest first: who stored it and when, what was changed, and whom the "
        "enrollment named. Once a person was erased, the place of each says so."
    ),
    responses=answers("AccountVersionPage", "A page of versions."),
)
def list_account_versions(
    staff: Staff, account_id: AccountId, query: Annotated[Page, Query()], request: Request
) -> Response:
    """What has become of an account, and by whom; newest first."""

    def row(version: Version) -> Json:
        return {**_about(version), "enrollment": json.loads(version.document)["enrollment"]}

    cursor = cursor_of(request, query, staff)
    return _versions(account_key(account_id), f"account {account_id}", row, query.limit, cursor)


@app.get(
    "/api/desk/accounts/<account_id>/versions/<version>",
    tags=["Desk accounts"],
    summary="Show an account as it was",
    description="The whole account at a version.",
    responses=answers("AccountVersion", "The version."),
)
def show_account_version(_staff: Staff, account_id: AccountId, version: VersionNumber) -> Response:
    found = _version(account_key(account_id), version)
    return http.json_response({**_about(found), "account": json.loads(found.document)})


def _versions(key: Key, what: str, row: Callable[[Version], Json], limit: int, cursor: Cursor) -> Response:
    """A page of the versions of what lies under a key."""
    page = versions.list_versions(key, limit, int(cursor.position) if cursor.position else None)
    if page is None:
        raise NotFound(f"There is no {what}.")
    return http.page((row(version) for version in page.versions), "version", page.position, cursor)


def _version(key: Key, version: int) -> Version:
    found = versions.find_version(key, version)
    if found is None:
        raise NotFound(f"There is no version {version}, or it was not kept.")
    return found


def _about(version: Version) -> Json:
    return {"version": version.version, "at": version.at, "by": version.by, "changed": version.changed}


# -- price lists --------------------------------------------------------------------------------------------------


@app.get(
    "/api/desk/price-lists",
    tags=["Price lists"],
    summary="List price lists",
    description="Every list by its currency, without its prices.",
    responses=answers("PriceListPage", "A page of price lists."),
)
def list_price_lists(staff: Staff, query: Annotated[Page, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, staff)
    page = prices.list_price_lists(query.limit, cursor.position)
    return http.page((row._asdict() for row in page.rows), "currency", page.position, cursor)


@app.get(
    "/api/desk/price-lists/<currency>",
    tags=["Price lists"],
    summary="Show a price list",
    description="With `Accept: text/csv` it comes as a table, which may be sent back.",
    responses=answers("PriceList", "The list.", headers=("ETag",), other=PRICES_CSV),
)
def show_price_list(
    _staff: Staff, currency: CurrencyCode, query: Annotated[SpreadsheetQuery, Query()], request: Request
) -> Response:
    listed = prices.find_price_list(currency)
    if listed is None:
        raise NotFound(f"There is no price list in {currency}.")
    headers = http.etag(listed.version)
    if http.accepts(request, "text/csv"):
        table = prices_csv(listed.prices, dialect_for(query.spreadsheet))
        return http.csv_response(table, f"prices-{currency}.csv", headers)
    return http.json_response(listed.model_dump_json(), headers=headers)


@app.put(
    "/api/desk/price-lists/<currency>",
    tags=["Price lists"],
    summary="Create or replace a price list",
    description=(
        "The body is the whole list, as reading it answers it, or a table (`Content-Type: text/csv`) whose first "
        "row names the columns, parted by comma, semicolon or tab, in UTF-8; a table without prices is refused. A "
        "comma may stand before the decimals. `variant` tells prices of one kind apart: a socket's model, an "
        "accessory's type, a region, a bandwidth step. A price without one is for all of its kind that have none "
        "of their own. Of a table's faults, `detail` says the row. `If-None-Match: *` begins a list, `If-Match` "
        "changes the one that you have read."
    ),
    responses=answers("PriceList", "The list as it is then.", headers=("ETag",)),
    openapi_extensions=refuses("in_progress"),
)
def put_price_list(
    staff: Staff,
    currency: CurrencyCode,
    sent: Annotated[JsonOrCsv, Depends(json_or_csv_for("PriceListRequest"))],
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Create or replace a whole list, from JSON or CSV; conditions hold as for an account."""
    conditions = http.preconditions(if_match, if_none_match)
    asked = prices_from(sent.json, currency) if sent.csv is None else prices_from_csv(sent.csv, currency)
    for attempt in range(_TRIES):
        before = prices.find_price_list(currency)
        conditions.check(f"a price list in {currency}", before.version if before else None)
        if before and before.prices == asked:
            return http.json_response(before.model_dump_json(), headers=http.etag(before.version))
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
            return http.json_response(after.model_dump_json(), headers=http.etag(after.version))
    raise InProgress("Others keep changing this price list; nothing was done.")


@app.get(
    "/api/desk/price-lists/<currency>/versions",
    tags=["Price lists"],
    summary="List what has become of a price list",
    description="Every version that is kept, newest first: who stored it and when.",
    responses=answers("PriceListVersionPage", "A page of versions."),
)
def list_price_list_versions(
    staff: Staff, currency: CurrencyCode, query: Annotated[Page, Query()], request: Request
) -> Response:
    """What has become of a price list, and by whom; newest first."""

    def row(version: Version) -> Json:
        return {**_about(version), "prices": len(json.loads(version.document)["prices"])}

    cursor = cursor_of(request, query, staff)
    return _versions(prices_key(currency), f"price list in {currency}", row, query.limit, cursor)


@app.get(
    "/api/desk/price-lists/<currency>/versions/<version>",
    tags=["Price lists"],
    summary="Show a price list as it was",
    description="The whole list at a version.",
    responses=answers("PriceListVersion", "The version."),
)
def show_price_list_version(_staff: Staff, currency: CurrencyCode, version: VersionNumber) -> Response:
    found = _version(prices_key(currency), version)
    return http.json_response({**_about(found), "price_list": json.loads(found.document)})


@discreet
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return app.resolve(event, context)


gc.freeze()
gc.enable()
