"""Routes by which the desk shares its work: assigning an order, handling it, seeing who else has it open."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends

from online_orders import clock
from online_orders.aws import desk_settings_store, order_store, people_store, presence_store
from online_orders.aws.placing import current_duplicates
from online_orders.domain import handling
from online_orders.domain.handling import Assignment
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change, Order
from online_orders.http import responses
from online_orders.http.app import (
    DeskAgent,
    DeskReader,
    EmptyBody,
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


@router.post(
    "/api/desk/orders/<order_id>/assign",
    tags=["Desk"],
    summary="Assign an order to a colleague",
    description=(
        "As claiming does for oneself, also in place of somebody else. The colleague is an active agent or lead, and "
        "gets a mail. Whose the order is already, nothing changes."
    ),
    responses=response_spec("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def assign_order(
    staff: DeskAgent,
    order_id: OrderId,
    assignment: Annotated[Assignment, Depends(parsed_body(Assignment))],
    if_match: IfMatch = None,
) -> Response:
    def assign(order: Order) -> Change:
        at = clock.now()
        order.require_allowed("assign")
        stored = people_store.find_person(assignment.assignee)
        to = handling.colleague(stored.person if stored else None)
        duplicates = current_duplicates(order, at) if order.status is Status.SUBMITTED else None
        return handling.assign(order, to, staff.user, at, duplicates)

    return desk_order_response(take_action(order_id, staff, assign, if_match), staff)


@router.post(
    "/api/desk/orders/<order_id>/handling",
    tags=["Desk"],
    summary="Change how an order is handled",
    description=(
        "Which team works on the order, how urgent it is, when to follow up on it, and a note: what is left out stays, "
        "and null removes. Customers see none of it, and the version of the order stays."
    ),
    responses=response_spec("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def change_handling(
    staff: DeskAgent,
    order_id: OrderId,
    body: Annotated[Any, Depends(raw_json_body("HandlingRequest"))],
    if_match: IfMatch = None,
) -> Response:
    names_team = isinstance(body, dict) and body.get("team") is not None
    teams = desk_settings_store.team_ids() if names_team else ()

    def change(order: Order) -> Change:
        return handling.change_handling(order, body, teams, staff.user, clock.now())

    return desk_order_response(take_action(order_id, staff, change, if_match), staff)


@router.post(
    "/api/desk/orders/<order_id>/presence",
    tags=["Desk"],
    summary="Say that you have an order open",
    description=(
        "The answer has the others who have it open. It holds for 90 seconds, so say it again every 30 seconds for as "
        "long as the order is open."
    ),
    responses=response_spec("Presence", "Who else has it open."),
)
def announce_presence(staff: DeskReader, order_id: OrderId, _body: EmptyBody) -> Response:
    key = order_store.locate_order(order_id)
    others = presence_store.announce(key.order_id, staff.user, clock.now())
    return responses.json_response({"people": [each._asdict() for each in others]})
