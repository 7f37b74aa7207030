"""Routes of Customer Success' orders: the queue, direct orders, claiming, declining, commenting."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders import clock
from online_orders.aws import (
    catalog_store,
    evidence_store,
    lead_time_statistics,
    order_queries,
    order_store,
    question_store,
    search_queries,
    sent_mail_store,
)
from online_orders.aws.placing import current_duplicates, place, preview
from online_orders.domain.callers import Caller
from online_orders.domain.catalog import item_errors
from online_orders.domain.field_errors import validate
from online_orders.domain.order_schedule import Policy
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change, Decision, Order
from online_orders.domain.representations import desk_row, entry_body
from online_orders.domain.staff_requests import NeededReason, NewDeskComment, NewDirectOrder
from online_orders.domain.timeline import Actor
from online_orders.environment import environment
from online_orders.http import requests, responses
from online_orders.http.app import (
    DeskAgent,
    DeskReader,
    EmptyBody,
    Router,
    cursor_of,
    error_codes,
    parsed_body,
    raw_json_body,
    response_spec,
)
from online_orders.http.desk_parameters import DeskOrderQuery
from online_orders.http.parameters import IdempotencyKey, IfMatch, OrderId, Page, parse_account_id
from online_orders.http.responses import Response
from online_orders.telemetry import MetricUnit, logger, metrics

router = Router()


def _policy() -> Policy:
    """Return how long orders may wait at the desk; the rest of a policy is not needed here."""
    return Policy(
        unclaimed_hours=int(environment("ALARM_UNCLAIMED_HOURS")),
        unquoted_hours=int(environment("ALARM_UNQUOTED_HOURS")),
    )


def desk_order_response(order: Order, staff: Caller, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return an order as Customer Success sees it, with its version as ETag."""
    row = desk_row(
        order,
        lead_time_statistics.lead_times([order]),
        clock.now(),
        _policy(),
        may_act=staff.may_change_orders,
        may_approve=staff.may_approve_discounts,
    )
    row |= question_store.questions_member(order)
    return responses.json_response(row, status, responses.etag(order.version))


def take_action(order_id: str, by: Caller, decision: Decision, if_match: str | None) -> Order:
    """Take an action on an order of any account; raise what `order_store.update_order` raises."""
    key = order_store.locate_order(order_id)
    expected = requests.expected_versions(if_match)
    return order_store.update_order(lambda: order_store.get_order(key, changed_by=by), decision, expected)


@router.get(
    "/api/desk/orders",
    tags=["Desk"],
    summary="List orders of every account",
    description=(
        "The work queue, oldest first; with `search`, the best matches first. A page may be short: with most filters a "
        f"call looks into {order_queries.MAX_EXAMINED} orders at most."
    ),
    responses=response_spec("DeskOrderPage", "A page of orders."),
)
def list_desk_orders(staff: DeskReader, query: Annotated[DeskOrderQuery, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, staff)
    order_filter = order_queries.OrderFilter(
        statuses=order_queries.statuses_of(query.status, query.open),
        assignee_id=staff.user.user_id if query.assignee == "me" else query.assignee or None,
        account_id=query.account_id,
        kind=query.kind,
        group=query.group,
        min_amount=query.amount_from,
        max_amount=query.amount_to,
        currency=query.currency,
        first_day=query.first_day,
        last_day=query.last_day,
        in_account_zones=bool(query.first_day or query.last_day),
        team=query.team,
        priority=query.priority,
        follow_up=query.follow_up,
        at=clock.now() if query.follow_up else None,
        may_lag=True,
    )
    search = query.words
    if search is None:
        page = order_queries.list_desk_orders(order_filter, query.limit, cursor.position)
    else:
        page = search_queries.search_orders(search, order_filter, query.limit, cursor.position)
    at, policy = clock.now(), _policy()
    may = {"may_act": staff.may_change_orders, "may_approve": staff.may_approve_discounts}
    rows = (desk_row(order, lead_time_statistics.lead_times([order]), at, policy, **may) for order in page.orders)
    return responses.page(rows, "order_id", page.position, cursor)


def _account_named(body: Any) -> str:
    """Return the account that a direct order is for; raise Invalid where the body names none."""
    account_id = body.get("account_id") if isinstance(body, dict) else None
    if not isinstance(account_id, str):
        raw_items = body.get("items") if isinstance(body, dict) else None
        validate(NewDirectOrder, body, extra_errors=item_errors(raw_items, catalog_store.known()))
    return parse_account_id(str(account_id))


@router.post(
    "/api/desk/orders",
    tags=["Desk"],
    summary="Enter an order that came directly",
    description=(
        "Follows the same rules and takes the same way as an order of the screen, but the customer's screen does "
        "not show it."
    ),
    responses=response_spec("Order", "The order as it was placed.", HTTPStatus.CREATED, headers=("ETag", "Location")),
    openapi_extensions=error_codes("not_enrolled", "not_found", "in_progress", "idempotency_key_reused"),
)
def place_direct_order(
    staff: DeskAgent, key: IdempotencyKey, body: Annotated[Any, Depends(raw_json_body("DirectOrderRequest"))]
) -> Response:
    account_id = _account_named(body)
    placed = place(key, body, by=staff, account_id=account_id, caller_account_id=account_id, source="direct")
    logger.append_keys(order_id=placed.order_id)
    metrics.add_metric("DirectOrdersPlaced", MetricUnit.Count, 1)
    headers = {"Location": f"/api/desk/orders/{placed.order_id}", **responses.etag(1)}
    return responses.json_response(placed.response, HTTPStatus.CREATED, headers)


@router.post(
    "/api/desk/orders/preview",
    tags=["Desk"],
    summary="See what is to be known of a direct order before it is entered",
    description="As for customers, and of orders that reached Customer Success directly, too.",
    responses=response_spec("OrderPreview", "What to know."),
    openapi_extensions=error_codes("not_enrolled", "not_found"),
)
def preview_direct_order(
    staff: DeskAgent, body: Annotated[Any, Depends(raw_json_body("DirectOrderRequest"))]
) -> Response:
    """Return the warnings as for customers, and those of orders that reached Customer Success directly."""
    account_id = _account_named(body)
    warnings = preview(body, by=staff.user, account_id=account_id, caller_account_id=account_id, source="direct")
    return responses.json_response({"warnings": warnings})


@router.get(
    "/api/desk/orders/<order_id>",
    tags=["Desk"],
    summary="Show any order",
    description="The order with its newest quote.",
    responses=response_spec("DeskOrder", "The order.", headers=("ETag",)),
)
def show_desk_order(staff: DeskReader, order_id: OrderId) -> Response:
    return desk_order_response(order_store.get_any_order(order_id), staff)


@router.get(
    "/api/desk/orders/<order_id>/timeline",
    tags=["Desk"],
    summary="Show all that happened to an order",
    description="Public and internal entries.",
    responses=response_spec("Timeline", "Entries, oldest first."),
)
def show_desk_timeline(
    staff: DeskReader, order_id: OrderId, query: Annotated[Page, Query()], request: Request
) -> Response:
    cursor = cursor_of(request, query, staff)
    key = order_store.locate_order(order_id)
    page = order_store.list_entries(key.order_id, query.limit, int(cursor.position or 0))
    return responses.page((entry_body(entry) for entry in page.entries), "sequence", page.position, cursor)


@router.get(
    "/api/desk/orders/<order_id>/evidence",
    tags=["Desk"],
    summary="Show what decisions by link rest on",
    description=(
        "Who approved, canceled or asked for a change by link: the name typed, the time, the caller's address and "
        "browser, and the hash of the revision. Once a person was erased, the place of each says so."
    ),
    responses=response_spec("EvidencePage", "A page of evidence."),
)
def show_evidence(staff: DeskReader, order_id: OrderId, query: Annotated[Page, Query()], request: Request) -> Response:
    """Return the evidence of decisions by link."""
    cursor = cursor_of(request, query, staff)
    key = order_store.locate_order(order_id)
    page = evidence_store.list_evidence(key.order_id, query.limit, int(cursor.position or 0))
    return responses.page((each.model_dump(mode="json") for each in page.evidence), "sequence", page.position, cursor)


@router.get(
    "/api/desk/orders/<order_id>/mails",
    tags=["Desk"],
    summary="Show the mails about an order",
    description=(
        "To whom each mail went, and what is known to have become of it. A mail that an earlier release sent has "
        "neither recipient nor times; of a quote it is not in the list. Once a person was erased, the place of the "
        "address says so."
    ),
    responses=response_spec("MailPage", "A page of mails."),
)
def show_mails(staff: DeskReader, order_id: OrderId, query: Annotated[Page, Query()], request: Request) -> Response:
    """Return the mails about an order, newest first."""
    cursor = cursor_of(request, query, staff)
    key = order_store.locate_order(order_id)
    page = sent_mail_store.list_mails(key.order_id, query.limit, cursor.position)
    return responses.page((each.model_dump(mode="json") for each in page.mails), "sequence", page.position, cursor)


@router.post(
    "/api/desk/orders/<order_id>/claim",
    tags=["Desk"],
    summary="Claim an order",
    description=(
        "Makes the caller its assignee, also in place of somebody else. Claiming one's own again changes nothing."
    ),
    responses=response_spec("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def claim_order(staff: DeskAgent, order_id: OrderId, _body: EmptyBody, if_match: IfMatch = None) -> Response:
    def claim(order: Order) -> Change:
        at = clock.now()
        is_new = order.status is Status.SUBMITTED
        return order.claim(staff.user, at, current_duplicates(order, at) if is_new else None)

    return desk_order_response(take_action(order_id, staff, claim, if_match), staff)


@router.post(
    "/api/desk/orders/<order_id>/release",
    tags=["Desk"],
    summary="Release an order",
    description="Leaves it in process without an assignee, for anyone to claim.",
    responses=response_spec("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def release_order(staff: DeskAgent, order_id: OrderId, _body: EmptyBody, if_match: IfMatch = None) -> Response:
    return desk_order_response(
        take_action(order_id, staff, lambda order: order.release(staff.user, clock.now()), if_match), staff
    )


@router.post(
    "/api/desk/orders/<order_id>/decline",
    tags=["Desk"],
    summary="Decline an order",
    description="Cancels an open order; customer and contact person are told why.",
    responses=response_spec("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def decline_order(
    staff: DeskAgent,
    order_id: OrderId,
    declining: Annotated[NeededReason, Depends(parsed_body(NeededReason))],
    if_match: IfMatch = None,
) -> Response:
    return desk_order_response(
        take_action(order_id, staff, lambda order: order.decline(staff.user, declining.reason, clock.now()), if_match),
        staff,
    )


@router.post(
    "/api/desk/orders/<order_id>/comment",
    tags=["Desk"],
    summary="Comment on an order as Customer Success",
    description="Adds an entry to the timeline of an open order; an internal one is not shown to the customer.",
    responses=response_spec("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def comment_on_desk_order(
    staff: DeskAgent,
    order_id: OrderId,
    comment: Annotated[NewDeskComment, Depends(parsed_body(NewDeskComment))],
    if_match: IfMatch = None,
) -> Response:
    actor = Actor(kind="customer_success", name=staff.user.shown_name)

    def add(order: Order) -> Change:
        return order.comment(actor, comment.text, clock.now(), internal=comment.internal)

    return desk_order_response(take_action(order_id, staff, add, if_match), staff)
