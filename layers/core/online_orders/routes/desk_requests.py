"""Routes by which Customer Success replies to contact persons: answering a question, deciding on a hand-over."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Depends

from online_orders import clock
from online_orders.domain import hand_over, questions
from online_orders.domain.orders import Change, Order
from online_orders.domain.staff_requests import HandOverDecision, NewAnswer
from online_orders.http.app import DeskAgent, Router, error_codes, parsed_body, response_spec
from online_orders.http.parameters import IfMatch, OrderId
from online_orders.http.responses import Response
from online_orders.routes.desk_orders import desk_order_response, take_action

router = Router()


@router.post(
    "/api/desk/orders/<order_id>/answer",
    tags=["Desk"],
    summary="Answer a question of the contact person",
    description=(
        "Answers the oldest open question about the quote. The contact person gets question and answer by mail, with "
        "the same link and code as before."
    ),
    responses=response_spec("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def answer_question(
    staff: DeskAgent,
    order_id: OrderId,
    answer: Annotated[NewAnswer, Depends(parsed_body(NewAnswer))],
    if_match: IfMatch = None,
) -> Response:
    def take(order: Order) -> Change:
        return questions.answer(order, staff.user, answer.text, clock.now())

    return desk_order_response(take_action(order_id, staff, take, if_match), staff)


@router.post(
    "/api/desk/orders/<order_id>/hand-over",
    tags=["Desk"],
    summary="Decide on a hand-over",
    description=(
        "Decides on the hand-over that the contact person has asked for. Approved, the same quote goes out anew to the "
        "colleague, and the contact person's link is dead; that person and the account's contact person are told by "
        "mail. Refused, the contact person is told, and decides as before."
    ),
    responses=response_spec("DeskOrder", "The order as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("conflict", "in_progress"),
)
def decide_on_hand_over(
    staff: DeskAgent,
    order_id: OrderId,
    decided: Annotated[HandOverDecision, Depends(parsed_body(HandOverDecision))],
    if_match: IfMatch = None,
) -> Response:
    def take(order: Order) -> Change:
        at = clock.now()
        if decided.decision == "approve":
            return hand_over.approve_hand_over(order, staff.user, at)
        return hand_over.refuse_hand_over(order, staff.user, decided.reason, at)

    return desk_order_response(take_action(order_id, staff, take, if_match), staff)
