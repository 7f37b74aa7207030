"""Routes of the desk about people: its own staff, and the people of any account."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders.aws import account_store
from online_orders.domain.people import (
    AccountInvitationRequest,
    PersonRequest,
    StaffInvitationRequest,
    StaffPersonRequest,
)
from online_orders.domain.roles import DESK
from online_orders.http.app import (
    DeskReader,
    EmptyBody,
    Router,
    StaffManager,
    error_codes,
    parsed_body,
    response_spec,
)
from online_orders.http.parameters import AccountId, IfMatch, Page, UserId
from online_orders.http.responses import Response
from online_orders.routes.team_people import (
    INVITED_AGAIN,
    change_member,
    invite_member,
    invite_member_again,
    people_page,
    show_member,
)

router = Router()


def _team(account_id: str) -> str:
    """Return the id of an account; raise NotFound where there is none."""
    return account_store.get_account(account_id).account_id


@router.get(
    "/api/desk/people",
    tags=["Desk people"],
    summary="List staff",
    description="Those who are deactivated, too.",
    responses=response_spec("PersonPage", "A page of people."),
)
def list_staff(staff: DeskReader, query: Annotated[Page, Query()], request: Request) -> Response:
    return people_page(DESK, query, staff, request)


@router.post(
    "/api/desk/people",
    tags=["Desk people"],
    summary="Invite somebody to the desk",
    description=(
        "Somebody new gets a mail with a first password. An address of a customer's user is refused, as is one "
        "that the desk has already."
    ),
    responses=response_spec(
        "PersonAnswer", "The person, who is invited.", HTTPStatus.CREATED, headers=("Location", "ETag")
    ),
    openapi_extensions=error_codes("already_member", "managed_elsewhere", "in_progress"),
)
def invite_staff(
    staff: StaffManager,
    body: Annotated[StaffInvitationRequest, Depends(parsed_body(StaffInvitationRequest))],
) -> Response:
    return invite_member(DESK, body, staff, "/api/desk/people")


@router.get(
    "/api/desk/people/<user_id>",
    tags=["Desk people"],
    summary="Show a member of staff",
    description="The person as a member of the desk.",
    responses=response_spec("PersonAnswer", "The person.", headers=("ETag",)),
)
def show_staff(_staff: DeskReader, user_id: UserId) -> Response:
    return show_member(DESK, user_id)


@router.put(
    "/api/desk/people/<user_id>",
    tags=["Desk people"],
    summary="Change a member of staff",
    description=(
        "Name, role or state; what is left out stays. Whoever is deactivated is signed out and may change nothing from "
        "then on. The last active lead stays one, and nobody lowers or deactivates himself."
    ),
    responses=response_spec("PersonAnswer", "The person as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("own_role", "last_admin", "managed_elsewhere", "in_progress"),
)
def change_staff(
    staff: StaffManager,
    user_id: UserId,
    body: Annotated[StaffPersonRequest, Depends(parsed_body(StaffPersonRequest))],
    if_match: IfMatch = None,
) -> Response:
    return change_member(DESK, user_id, body, staff, if_match)


@router.post(
    "/api/desk/people/<user_id>/invite",
    tags=["Desk people"],
    summary="Invite a member of staff again",
    description=INVITED_AGAIN,
    responses=response_spec("PersonAnswer", "The mail follows.", HTTPStatus.ACCEPTED, headers=("ETag",)),
    openapi_extensions=error_codes("not_invited", "managed_elsewhere", "in_progress"),
)
def invite_staff_again(staff: StaffManager, user_id: UserId, _body: EmptyBody) -> Response:
    return invite_member_again(DESK, user_id, staff)


@router.get(
    "/api/desk/accounts/<account_id>/people",
    tags=["Desk people"],
    summary="List the people of an account",
    description="Those who are deactivated, too.",
    responses=response_spec("PersonPage", "A page of people."),
)
def list_account_people(
    staff: DeskReader, account_id: AccountId, query: Annotated[Page, Query()], request: Request
) -> Response:
    return people_page(_team(account_id), query, staff, request)


@router.post(
    "/api/desk/accounts/<account_id>/people",
    tags=["Desk people"],
    summary="Invite somebody to an account",
    description=(
        "Somebody new gets a mail with a first password, in the account's language. Somebody who belongs to another "
        "account is added, keeps name and password, and is told by mail. An address of staff is refused."
    ),
    responses=response_spec(
        "PersonAnswer", "The person, who is invited.", HTTPStatus.CREATED, headers=("Location", "ETag")
    ),
    openapi_extensions=error_codes("already_member", "too_many_accounts", "managed_elsewhere", "in_progress"),
)
def invite_account_person(
    staff: StaffManager,
    account_id: AccountId,
    body: Annotated[AccountInvitationRequest, Depends(parsed_body(AccountInvitationRequest))],
) -> Response:
    return invite_member(_team(account_id), body, staff, f"/api/desk/accounts/{account_id}/people")


@router.get(
    "/api/desk/accounts/<account_id>/people/<user_id>",
    tags=["Desk people"],
    summary="Show a user of an account",
    description="The person as a member of an account.",
    responses=response_spec("PersonAnswer", "The person.", headers=("ETag",)),
)
def show_account_person(_staff: DeskReader, account_id: AccountId, user_id: UserId) -> Response:
    return show_member(_team(account_id), user_id)


@router.put(
    "/api/desk/accounts/<account_id>/people/<user_id>",
    tags=["Desk people"],
    summary="Change a user of an account",
    description=(
        "Name, role or state; what is left out stays. Whoever is deactivated is signed out and may change nothing from "
        "then on. The last active admin of an account stays one."
    ),
    responses=response_spec("PersonAnswer", "The person as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("last_admin", "name_is_own", "managed_elsewhere", "in_progress"),
)
def change_account_person(
    staff: StaffManager,
    account_id: AccountId,
    user_id: UserId,
    body: Annotated[PersonRequest, Depends(parsed_body(PersonRequest))],
    if_match: IfMatch = None,
) -> Response:
    return change_member(_team(account_id), user_id, body, staff, if_match)


@router.post(
    "/api/desk/accounts/<account_id>/people/<user_id>/invite",
    tags=["Desk people"],
    summary="Invite a user of an account again",
    description=INVITED_AGAIN,
    responses=response_spec("PersonAnswer", "The mail follows.", HTTPStatus.ACCEPTED, headers=("ETag",)),
    openapi_extensions=error_codes("not_invited", "managed_elsewhere", "in_progress"),
)
def invite_account_person_again(
    staff: StaffManager, account_id: AccountId, user_id: UserId, _body: EmptyBody
) -> Response:
    return invite_member_again(_team(account_id), user_id, staff)
