"""Routes of discounts: how much agents may take off without asking, and what leads decide on the rest."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends

from online_orders import clock
from online_orders.aws import desk_settings_store, quoting
from online_orders.aws.desk_settings_store import StoredSetting
from online_orders.domain.orders import Change, Order
from online_orders.domain.staff_requests import NeededReason
from online_orders.http import requests, responses
from online_orders.http.app import (
    DeskReader,
    DiscountApprover,
    EmptyBody,
    PapersManager,
    Router,
    error_codes,
    parsed_body,
    raw_json_body,
    response_spec,
)
from online_orders.http.parameters import IfMatch, OrderId
from online_orders.http.responses import Response
from online_orders.routes.desk_orders import desk_order_response, take_action

router = Router()


def _response(stored: StoredSetting) -> Response:
    return responses.json_response(stored.document, headers=responses.etag(stored.version))


@router.get(
    "/api/desk/discount-policy",
    tags=["Desk"],
    summary="Show how much agents may take off",
    description="What is null, or a currency that is not named, has no limit; so it is before the first change.",
    responses=response_spec("DiscountPolicyAnswer", "The policy.", headers=("ETag",)),
)
def show_discount_policy(_staff: DeskReader) -> Response:
    return _response(desk_settings_store.get_setting("discount_policy"))


@router.put(
    "/api/desk/discount-policy",
    tags=["Desk"],
    summary="Replace how much agents may take off",
    description=(
        "A quote that passes a threshold is not offered unless a lead makes or approves it. All of it is for the first "
        "year: what is due once, twelve months, and a year. `percent` and `amounts` are the greatest discounts, "
        "`margin_percent` is the least margin of a quote whose lines all have a `unit_cost`. Quotes that wait already "
        "are not judged anew. Send `If-Match` with the ETag that you have read."
    ),
    responses=response_spec("DiscountPolicyAnswer", "The policy as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("in_progress"),
)
def put_discount_policy(
    staff: PapersManager, body: Annotated[Any, Depends(raw_json_body("DiscountPolicy"))], if_match: IfMatch = None
) -> Response:
    check = partial(requests.preconditions(if_match, None).check, "a policy of discounts")
    return _response(desk_settings_store.replace_discount_policy(body, staff, check))


@router.post(
    "/api/desk/orders/<order_id>/proposal/approve",
    tags=["Desk"],
    summary="Approve a discount",
    description=(
        "Offers the quote that waits in `proposal`. Its revision gets its number now. If the same request would offer "
        "something else by now, because its last day is over or because terms, taxes or currency have changed, that is "
        "a 409: quote anew. Send `If-Match` with the ETag that you have read: then you approve nothing unseen."
    ),
    responses=response_spec(
        "DeskOrder", "The order with the revision that is being sent.", HTTPStatus.ACCEPTED, headers=("ETag",)
    ),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def approve_discount(
    staff: DiscountApprover, order_id: OrderId, _body: EmptyBody, if_match: IfMatch = None
) -> Response:
    order = quoting.approve_proposal(order_id, staff, requests.expected_versions(if_match))
    return desk_order_response(order, staff, HTTPStatus.ACCEPTED)


@router.post(
    "/api/desk/orders/<order_id>/proposal/refuse",
    tags=["Desk"],
    summary="Refuse a discount",
    description="Drops the quote that waits in `proposal`. Whoever asked is told why by mail; customers see nothing.",
    responses=response_spec("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def refuse_discount(
    staff: DiscountApprover,
    order_id: OrderId,
    refusing: Annotated[NeededReason, Depends(parsed_body(NeededReason))],
    if_match: IfMatch = None,
) -> Response:
    from online_orders.domain import proposals  # as `quoting` does

    def refuse(order: Order) -> Change:
        return proposals.refuse(order, refusing.reason, staff.user, clock.now())

    return desk_order_response(take_action(order_id, staff, refuse, if_match), staff)
