"""Routes of the signed-in person, and of the people of a customer's account and its sub-accounts."""

import json
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders.aws import account_store, people_store
from online_orders.aws.keys import account_key, person_key
from online_orders.aws.table import get_all
from online_orders.domain.callers import Caller
from online_orders.domain.people import InvitationRequest, PersonRequest
from online_orders.http import responses
from online_orders.http.app import (
    EmptyBody,
    PeopleManager,
    Router,
    SignedIn,
    error_codes,
    parsed_body,
    response_spec,
)
from online_orders.http.parameters import AccountPageQuery, AccountQuery, IfMatch, NoQuery, UserId
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


@router.get(
    "/api/me",
    tags=["People"],
    summary="Show who is signed in",
    description=(
        "The caller, the account that it acts for, every account that it may choose by the header `Account-Id`, and "
        "what it may do there."
    ),
    responses=response_spec("Me", "The caller."),
)
def show_me(caller: SignedIn, _query: Annotated[NoQuery, Query()]) -> Response:
    own = person_key(caller.user.user_id)
    # One read: nobody belongs to more accounts than `people.MAX_TEAMS`.
    found = get_all([own, *(account_key(account_id) for account_id in caller.accounts)])
    person = people_store.person_of(found.get(own))
    names = {
        account_id: json.loads(item["document"]["S"])["name"]
        for account_id in caller.accounts
        if (item := found.get(account_key(account_id)))
    }
    body: dict[str, Any] = {
        "user_id": caller.user.user_id,
        "email": caller.user.email,
        "name": person.person.name if person else None,
        "role": caller.role,
        "account_id": caller.account_id,
        "accounts": [
            {"account_id": account_id, "name": names[account_id], "role": role}
            for account_id, role in sorted(caller.accounts.items(), key=lambda each: names.get(each[0], ""))
            if account_id in names
        ],
        "permissions": sorted(caller.permissions),
    }
    return responses.json_response(body)


def _team(caller: Caller, account_id: str | None) -> str:
    """Return the account that a request is about: the caller's own or a sub-account; raise NotFound for others."""
    if account_id is None or account_id == caller.account:
        return caller.account
    return account_store.get_account_for_caller(caller.account, account_id).account_id


@router.get(
    "/api/people",
    tags=["People"],
    summary="List the people of the account",
    description="Of the own account or, with `account_id`, of a sub-account; those who are deactivated, too.",
    responses=response_spec("PersonPage", "A page of people."),
)
def list_people(caller: PeopleManager, query: Annotated[AccountPageQuery, Query()], request: Request) -> Response:
    return people_page(_team(caller, query.account_id), query, caller, request)


@router.post(
    "/api/people",
    tags=["People"],
    summary="Invite somebody to the account",
    description=(
        "Somebody new gets a mail with a first password, in the account's language. Somebody who belongs to another "
        "account is added to this one, keeps name and password, and is told by mail. An address of the vendor's staff "
        "is refused."
    ),
    responses=response_spec(
        "PersonAnswer", "The person, who is invited.", HTTPStatus.CREATED, headers=("Location", "ETag")
    ),
    openapi_extensions=error_codes(
        "not_found", "already_member", "too_many_accounts", "managed_elsewhere", "in_progress"
    ),
)
def invite_person(
    caller: PeopleManager, body: Annotated[InvitationRequest, Depends(parsed_body(InvitationRequest))]
) -> Response:
    team = _team(caller, body.account_id)
    query = "" if team == caller.account else f"?account_id={team}"
    return invite_member(team, body, caller, "/api/people", query)


@router.get(
    "/api/people/<user_id>",
    tags=["People"],
    summary="Show a person",
    description="A person of the own account or, with `account_id`, of a sub-account.",
    responses=response_spec("PersonAnswer", "The person.", headers=("ETag",)),
)
def show_person(caller: PeopleManager, user_id: UserId, query: Annotated[AccountQuery, Query()]) -> Response:
    return show_member(_team(caller, query.account_id), user_id)


@router.put(
    "/api/people/<user_id>",
    tags=["People"],
    summary="Change a person",
    description=(
        "Name, role or state; what is left out stays. Whoever is deactivated is signed out and may change nothing from "
        "then on. The last active admin stays one, and nobody lowers or deactivates himself."
    ),
    responses=response_spec("PersonAnswer", "The person as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("own_role", "last_admin", "name_is_own", "managed_elsewhere", "in_progress"),
)
def change_person(
    caller: PeopleManager,
    user_id: UserId,
    query: Annotated[AccountQuery, Query()],
    body: Annotated[PersonRequest, Depends(parsed_body(PersonRequest))],
    if_match: IfMatch = None,
) -> Response:
    return change_member(_team(caller, query.account_id), user_id, body, caller, if_match)


@router.post(
    "/api/people/<user_id>/invite",
    tags=["People"],
    summary="Invite a person again",
    description=INVITED_AGAIN,
    responses=response_spec("PersonAnswer", "The mail follows.", HTTPStatus.ACCEPTED, headers=("ETag",)),
    openapi_extensions=error_codes("not_invited", "managed_elsewhere", "in_progress"),
)
def invite_person_again(
    caller: PeopleManager, user_id: UserId, query: Annotated[AccountQuery, Query()], _body: EmptyBody
) -> Response:
    return invite_member_again(_team(caller, query.account_id), user_id, caller)
