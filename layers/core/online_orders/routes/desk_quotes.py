"""Routes of Customer Success' quotes: drafting, sending, undoing, resending."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders import clock
from online_orders.aws import order_store, quoting
from online_orders.domain.staff_requests import Resending
from online_orders.http import requests, responses
from online_orders.http.app import (
    PDF,
    DeskAgent,
    DeskReader,
    EmptyBody,
    Router,
    error_codes,
    parsed_body,
    raw_json_body,
    response_spec,
)
from online_orders.http.desk_parameters import CurrencyQuery
from online_orders.http.parameters import IfMatch, OrderId, Revision
from online_orders.http.responses import Response
from online_orders.routes import quote_revisions
from online_orders.routes.desk_orders import desk_order_response, take_action

router = Router()


@router.get(
    "/api/desk/orders/<order_id>/quotes/<revision>",
    tags=["Desk"],
    summary="Show a quote of any order",
    description="A revision, the newest or one that was replaced. With `Accept: application/pdf` its paper comes.",
    responses=response_spec("Quote", "The revision, or its paper.", other=PDF),
)
def show_desk_quote(_staff: DeskReader, order_id: OrderId, revision: Revision, request: Request) -> Response:
    return quote_revisions.quote_response(request, order_store.get_any_order(order_id), revision)


@router.get(
    "/api/desk/orders/<order_id>/quote-draft",
    tags=["Desk"],
    summary="Draft a quote",
    description=(
        "A body for the next quote, to be looked over and sent: the quote whose discount waits for approval, else the "
        "present revision or, where there is none, what the price list of the account's currency makes of the order. "
        "Lines have the `unit_cost` of the last request for those who may quote. An item that has no price is in "
        "`unpriced` and needs a line of its own. With `currency` the price list in that currency is used, also "
        "where there is a revision."
    ),
    responses=response_spec("QuoteDraft", "The draft.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict"),
)
def draft_quote(staff: DeskReader, order_id: OrderId, query: Annotated[CurrencyQuery, Query()]) -> Response:
    order = order_store.get_any_order(order_id)
    draft = quoting.next_draft(order, query.currency)
    if not staff.may_change_orders:
        draft = draft.without_costs()
    return responses.json_response(draft.model_dump_json(), headers=responses.etag(order.version))


@router.post(
    "/api/desk/orders/<order_id>/quote",
    tags=["Desk"],
    summary="Quote an order",
    description=(
        "Makes a new revision, which is `sending` until its mail to the contact person was accepted. The revision "
        "before it is superseded at once. Every item needs a line; only a line without an item may have a "
        "negative price, and no total may be below zero."
    ),
    responses=response_spec(
        "DeskOrder", "The order with the revision that is being sent.", HTTPStatus.ACCEPTED, headers=("ETag",)
    ),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def quote_order(
    staff: DeskAgent,
    order_id: OrderId,
    body: Annotated[Any, Depends(raw_json_body("NewQuote"))],
    if_match: IfMatch = None,
) -> Response:
    order = quoting.offer_next_revision(order_id, body, staff, requests.expected_versions(if_match))
    return desk_order_response(order, staff, HTTPStatus.ACCEPTED)


@router.post(
    "/api/desk/orders/<order_id>/quote/undo",
    tags=["Desk"],
    summary="Undo a quote",
    description=(
        "Takes the newest revision back while its mail is held, which is for the installation's time for undoing "
        "(`undo_until`): no mail goes, the revision is `superseded`, and the order is `in_process`. A revision "
        "that it had replaced stays `superseded` too."
    ),
    responses=response_spec("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def undo_quote(staff: DeskAgent, order_id: OrderId, _body: EmptyBody, if_match: IfMatch = None) -> Response:
    """Take the newest revision back while its mail still waits."""
    return desk_order_response(
        take_action(order_id, staff, lambda order: order.undo_quote(staff.user, clock.now()), if_match), staff
    )


@router.post(
    "/api/desk/orders/<order_id>/resend",
    tags=["Desk"],
    summary="Send a quote again",
    description=(
        "Mails a fresh link to the same revision, to the contact given, who then is this order's contact, or to "
        "the present one. Older links are dead. Also of a first revision that could not be sent "
        "(`undeliverable`), whose order is still `in_process`. The contact before and the account's contact "
        "person are told of another one. An order whose contact was removed needs one to be given."
    ),
    responses=response_spec(
        "DeskOrder", "The order whose quote is being sent again.", HTTPStatus.ACCEPTED, headers=("ETag",)
    ),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def resend_quote(
    staff: DeskAgent,
    order_id: OrderId,
    resending: Annotated[Resending, Depends(parsed_body(Resending, is_required=False))],
    if_match: IfMatch = None,
) -> Response:
    order = take_action(
        order_id, staff, lambda order: order.resend(staff.user, resending.contact, clock.now()), if_match
    )
    return desk_order_response(order, staff, HTTPStatus.ACCEPTED)
