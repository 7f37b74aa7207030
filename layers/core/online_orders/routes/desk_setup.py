"""Routes of what the desk sets for itself: its teams and its text modules."""

from functools import partial
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends

from online_orders.aws import desk_settings_store
from online_orders.aws.desk_settings_store import StoredSetting
from online_orders.http import requests, responses
from online_orders.http.app import DeskReader, Router, StaffManager, error_codes, raw_json_body, response_spec
from online_orders.http.parameters import IfMatch
from online_orders.http.responses import Response

router = Router()


def _response(stored: StoredSetting) -> Response:
    return responses.json_response(stored.document, headers=responses.etag(stored.version))


@router.get(
    "/api/desk/teams",
    tags=["Desk"],
    summary="Show the teams of the desk",
    description="An order can be a team's, see `handling`.",
    responses=response_spec("Teams", "All teams.", headers=("ETag",)),
)
def show_teams(_staff: DeskReader) -> Response:
    return _response(desk_settings_store.get_setting("teams"))


@router.put(
    "/api/desk/teams",
    tags=["Desk"],
    summary="Replace the teams of the desk",
    description=(
        "The body has all teams. Members are users of the desk. Orders of a team that is gone keep its id. Send "
        "`If-Match` with the ETag that you have read: then nobody's work is replaced unseen."
    ),
    responses=response_spec("Teams", "All teams as they are then.", headers=("ETag",)),
    openapi_extensions=error_codes("in_progress"),
)
def put_teams(
    staff: StaffManager, body: Annotated[Any, Depends(raw_json_body("TeamsRequest"))], if_match: IfMatch = None
) -> Response:
    check = partial(requests.preconditions(if_match, None).check, "a list of teams")
    return _response(desk_settings_store.replace_teams(body, staff, check))


@router.get(
    "/api/desk/text-modules",
    tags=["Desk"],
    summary="Show the text modules of the desk",
    description="As they are kept, with their placeholders in every language.",
    responses=response_spec("TextModules", "All text modules.", headers=("ETag",)),
)
def show_text_modules(_staff: DeskReader) -> Response:
    return _response(desk_settings_store.get_setting("text_modules"))


@router.put(
    "/api/desk/text-modules",
    tags=["Desk"],
    summary="Replace the text modules of the desk",
    description=(
        "The body has all text modules. A text may have the placeholders `{number}`, `{order_id}`, `{contact}`, "
        "`{account}`, `{purchase_order_number}`, `{valid_until}` and `{assignee}`. Send `If-Match` with the ETag that "
        "you have read: then nobody's work is replaced unseen."
    ),
    responses=response_spec("TextModules", "All text modules as they are then.", headers=("ETag",)),
    openapi_extensions=error_codes("in_progress"),
)
def put_text_modules(
    staff: StaffManager, body: Annotated[Any, Depends(raw_json_body("TextModulesRequest"))], if_match: IfMatch = None
) -> Response:
    check = partial(requests.preconditions(if_match, None).check, "a list of text modules")
    return _response(desk_settings_store.replace_text_modules(body, staff, check))
