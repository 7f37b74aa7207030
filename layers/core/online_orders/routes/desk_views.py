"""Routes of the saved views of the queue."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.openapi.params import Path

from online_orders import clock
from online_orders.aws import view_store
from online_orders.domain.order_ids import new_order_id
from online_orders.domain.views import MAX_VIEWS, NewView
from online_orders.http import responses
from online_orders.http.app import DeskReader, Router, error_codes, parsed_body, response_spec
from online_orders.http.responses import Response

router = Router()

ViewId = Annotated[str, Path(description="The view.")]


@router.get(
    "/api/desk/views",
    tags=["Desk"],
    summary="List saved views",
    description=f"The caller's own and the shared views of the queue, by name; at most {MAX_VIEWS} of each.",
    responses=response_spec("ViewList", "The views."),
)
def list_views(staff: DeskReader) -> Response:
    views = view_store.list_views(staff.user.user_id)
    return responses.json_response({"items": [view.model_dump(mode="json") for view in views]})


@router.post(
    "/api/desk/views",
    tags=["Desk"],
    summary="Save a view",
    description=(
        "Keeps filters of the queue under a name, for the caller alone or, by whoever works on orders, shared with "
        "everybody at the desk."
    ),
    responses=response_spec("SavedView", "The view as it was saved.", HTTPStatus.CREATED),
    openapi_extensions=error_codes("too_many_views"),
)
def create_view(staff: DeskReader, body: Annotated[NewView, Depends(parsed_body(NewView))]) -> Response:
    view = view_store.create_view(new_order_id(clock.now()), body, staff)
    return responses.json_response(view.model_dump_json(), HTTPStatus.CREATED)


@router.put(
    "/api/desk/views/<view_id>",
    tags=["Desk"],
    summary="Replace a saved view",
    description="The owner's own, or a shared one by its owner or a lead; the owner stays.",
    responses=response_spec("SavedView", "The view as it is then."),
    openapi_extensions=error_codes("too_many_views", "in_progress"),
)
def replace_view(
    staff: DeskReader, view_id: ViewId, body: Annotated[NewView, Depends(parsed_body(NewView))]
) -> Response:
    return responses.json_response(view_store.replace_view(view_id, body, staff).model_dump_json())


@router.delete(
    "/api/desk/views/<view_id>",
    tags=["Desk"],
    summary="Delete a saved view",
    description="The owner's own, or a shared one by its owner or a lead.",
    responses=response_spec(None, "The view is gone.", HTTPStatus.NO_CONTENT),
    openapi_extensions=error_codes("in_progress"),
)
def delete_view(staff: DeskReader, view_id: ViewId) -> Response:
    view_store.delete_view(view_id, staff)
    return responses.empty_response(HTTPStatus.NO_CONTENT)
