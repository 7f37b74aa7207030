"""Routes of service users: those of a customer's account, and at the desk its own and those of every account."""

from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders.aws import account_store, service_user_store, user_pool
from online_orders.aws.service_user_store import StoredServiceUser, WithSecret
from online_orders.domain.callers import Caller
from online_orders.domain.roles import DESK
from online_orders.domain.service_users import (
    NewServiceUser,
    ServiceUserUpdate,
    change,
    named_account,
    parse_new,
    parse_new_of_any_team,
    service_user_row,
)
from online_orders.http import requests, responses
from online_orders.http.app import (
    DeskReader,
    EmptyBody,
    PeopleManager,
    Router,
    StaffManager,
    cursor_of,
    error_codes,
    raw_json_body,
    response_spec,
)
from online_orders.http.parameters import AccountPageQuery, IfMatch, Page, UserId
from online_orders.http.responses import Response

_OWN, _DESK = "/api/service-users", "/api/desk/service-users"
_CHANGES = error_codes("managed_elsewhere", "in_progress")
_CREATIONS = error_codes("too_many_service_users", "managed_elsewhere", "in_progress")

_CHANGE_TEXT = (
    "Name, scopes or state; what is left out stays. One that is deactivated gets no token, and its present one changes "
    "nothing any more; it reads until it runs out."
)
_RENEWAL_TEXT = "The secret before gets no token from now on."

router = Router()


def _page(team: str, query: Page, caller: Caller, request: Request) -> Response:
    cursor = cursor_of(request, query, caller)
    page = service_user_store.list_service_users(team, query.limit, cursor.position)
    return responses.page((service_user_row(each) for each in page.users), "user_id", page.position, cursor)


def _response(stored: StoredServiceUser) -> Response:
    return responses.json_response(service_user_row(stored.user), headers=responses.etag(stored.version))


def _with_secret(made: WithSecret, status: HTTPStatus, **headers: str) -> Response:
    """Return a service user with its new secret, which is shown here and never again."""
    shown = {"client_id": made.stored.user.user_id, "client_secret": made.secret}
    body: dict[str, Any] = {**service_user_row(made.stored.user), **shown}
    return responses.json_response(body, status, {**responses.etag(made.stored.version), **headers})


def _create(request: NewServiceUser, team: str, caller: Caller, path: str) -> Response:
    user_pool.require_pool()
    made = service_user_store.create_service_user(request, team, caller)
    where = f"{path}/{quote(made.stored.user.user_id, safe='')}"
    return _with_secret(made, HTTPStatus.CREATED, Location=where)


def _change(user_id: str, team: str | None, body: Any, caller: Caller, if_match: str | None) -> Response:
    user_pool.require_pool()
    conditions = requests.preconditions(if_match, None)

    def decide(before: StoredServiceUser) -> ServiceUserUpdate:
        conditions.check(f"a service user {user_id}", before.version)
        return change(before.user, body)

    return _response(service_user_store.update_service_user(user_id, team, caller, decide))


def _renew(user_id: str, team: str | None, caller: Caller) -> Response:
    user_pool.require_pool()
    return _with_secret(service_user_store.renew_service_user_secret(user_id, team, caller), HTTPStatus.OK)


# -- of the own account -------------------------------------------------------------------------------------------


@router.get(
    _OWN,
    tags=["Service users"],
    summary="List the service users of the account",
    description="Those who are deactivated, too.",
    responses=response_spec("ServiceUserPage", "A page of service users."),
)
def list_service_users(caller: PeopleManager, query: Annotated[Page, Query()], request: Request) -> Response:
    return _page(caller.account, query, caller, request)


@router.post(
    _OWN,
    tags=["Service users"],
    summary="Create a service user of the account",
    description=(
        "For a program that acts for the account, within its scopes: `orders:read`, `orders:write`. The answer has the "
        "client id and the secret. The secret is not stored and is never shown again."
    ),
    responses=response_spec(
        "ServiceUserWithSecret", "The service user, with its secret.", HTTPStatus.CREATED, headers=("Location", "ETag")
    ),
    openapi_extensions=_CREATIONS,
)
def create_service_user(
    caller: PeopleManager, body: Annotated[Any, Depends(raw_json_body("NewServiceUser"))]
) -> Response:
    return _create(parse_new(body, caller.account), caller.account, caller, _OWN)


@router.get(
    f"{_OWN}/<user_id>",
    tags=["Service users"],
    summary="Show a service user",
    description="A service user of the own account.",
    responses=response_spec("ServiceUser", "The service user.", headers=("ETag",)),
)
def show_service_user(caller: PeopleManager, user_id: UserId) -> Response:
    stored = service_user_store.find_service_user(user_id)
    return _response(service_user_store.require_of_team(stored, caller.account, user_id))


@router.put(
    f"{_OWN}/<user_id>",
    tags=["Service users"],
    summary="Change a service user",
    description=_CHANGE_TEXT,
    responses=response_spec("ServiceUser", "The service user as it is then.", headers=("ETag",)),
    openapi_extensions=_CHANGES,
)
def change_service_user(
    caller: PeopleManager,
    user_id: UserId,
    body: Annotated[Any, Depends(raw_json_body("ServiceUserRequest"))],
    if_match: IfMatch = None,
) -> Response:
    return _change(user_id, caller.account, body, caller, if_match)


@router.post(
    f"{_OWN}/<user_id>/secret",
    tags=["Service users"],
    summary="Renew the secret of a service user",
    description=_RENEWAL_TEXT,
    responses=response_spec("ServiceUserWithSecret", "The service user, with its new secret.", headers=("ETag",)),
    openapi_extensions=_CHANGES,
)
def renew_secret(caller: PeopleManager, user_id: UserId, _body: EmptyBody) -> Response:
    return _renew(user_id, caller.account, caller)


# -- at the desk --------------------------------------------------------------------------------------------------


@router.get(
    _DESK,
    tags=["Service users"],
    summary="List service users at the desk",
    description="Those of the desk or, with `account_id`, of an account; those who are deactivated, too.",
    responses=response_spec("ServiceUserPage", "A page of service users."),
)
def list_desk_service_users(
    staff: DeskReader, query: Annotated[AccountPageQuery, Query()], request: Request
) -> Response:
    team = account_store.get_account(query.account_id).account_id if query.account_id else DESK
    return _page(team, query, staff, request)


@router.post(
    _DESK,
    tags=["Service users"],
    summary="Create a service user of the desk, or of an account",
    description=(
        "Without `account_id` for a program that acts for Customer Success, within its scopes: `desk:read`, "
        "`desk:orders`, `desk:accounts`, `desk:prices`, `desk:catalog`, `desk:figures`. The answer has the client id "
        "and the secret. The secret is not stored and is never shown again."
    ),
    responses=response_spec(
        "ServiceUserWithSecret", "The service user, with its secret.", HTTPStatus.CREATED, headers=("Location", "ETag")
    ),
    openapi_extensions=_CREATIONS,
)
def create_desk_service_user(
    staff: StaffManager, body: Annotated[Any, Depends(raw_json_body("NewDeskServiceUser"))]
) -> Response:
    account_id = named_account(body)
    has_account = account_store.find_account(account_id) is not None if account_id else None
    request = parse_new_of_any_team(body, has_account=has_account)
    return _create(request, request.account_id or DESK, staff, _DESK)


@router.get(
    f"{_DESK}/<user_id>",
    tags=["Service users"],
    summary="Show any service user",
    description="A service user of the desk or of any account.",
    responses=response_spec("ServiceUser", "The service user.", headers=("ETag",)),
)
def show_desk_service_user(_staff: DeskReader, user_id: UserId) -> Response:
    stored = service_user_store.find_service_user(user_id)
    return _response(service_user_store.require_of_team(stored, None, user_id))


@router.put(
    f"{_DESK}/<user_id>",
    tags=["Service users"],
    summary="Change any service user",
    description=_CHANGE_TEXT,
    responses=response_spec("ServiceUser", "The service user as it is then.", headers=("ETag",)),
    openapi_extensions=_CHANGES,
)
def change_desk_service_user(
    staff: StaffManager,
    user_id: UserId,
    body: Annotated[Any, Depends(raw_json_body("ServiceUserRequest"))],
    if_match: IfMatch = None,
) -> Response:
    return _change(user_id, None, body, staff, if_match)


@router.post(
    f"{_DESK}/<user_id>/secret",
    tags=["Service users"],
    summary="Renew the secret of any service user",
    description=_RENEWAL_TEXT,
    responses=response_spec("ServiceUserWithSecret", "The service user, with its new secret.", headers=("ETag",)),
    openapi_extensions=_CHANGES,
)
def renew_desk_secret(staff: StaffManager, user_id: UserId, _body: EmptyBody) -> Response:
    return _renew(user_id, None, staff)
