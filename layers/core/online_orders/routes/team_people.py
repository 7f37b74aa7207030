"""What the routes of people share, whichever team they are about."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Request

from online_orders import clock
from online_orders.aws import people_store, signing_keys, user_pool
from online_orders.aws.people_store import StoredPerson
from online_orders.domain.callers import Caller
from online_orders.domain.errors import FieldError, Invalid
from online_orders.domain.people import (
    AccountInvitationRequest,
    PersonRequest,
    PersonUpdate,
    StaffInvitationRequest,
    StaffPersonRequest,
    change,
    invite,
    invite_again,
    person_row,
)
from online_orders.domain.service_users import ADDRESS_DOMAIN
from online_orders.http import requests, responses
from online_orders.http.app import cursor_of
from online_orders.http.parameters import Page
from online_orders.http.responses import Response

INVITED_AGAIN = "Sends a fresh invitation to somebody who has not signed in yet; an earlier first password is dead."
"""What the routes that invite again say of themselves."""


def people_page(team: str, query: Page, caller: Caller, request: Request) -> Response:
    """Return a page of the people of a team, deactivated ones included."""
    cursor = cursor_of(request, query, caller)
    page = people_store.list_people(team, query.limit, cursor.position)
    rows = (person_row(each.person, team) for each in page.people)
    return responses.page(rows, "user_id", page.position, cursor)


def person_response(stored: StoredPerson, team: str, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response:
    row = person_row(stored.person, team)
    return responses.json_response(row, status, headers={**responses.etag(stored.version), **headers})


def show_member(team: str, user_id: str) -> Response:
    return person_response(people_store.get_member(team, user_id), team)


def invite_member(
    team: str, body: AccountInvitationRequest | StaffInvitationRequest, caller: Caller, path: str, query: str = ""
) -> Response:
    """Invite somebody into a team; `path` and `query` are of the address under which the team lists its people."""
    user_pool.require_pool()
    if body.email.lower().endswith(f"@{ADDRESS_DOMAIN}"):
        raise Invalid([FieldError("/email", "address_taken", "This address is a service user's.")])
    identity = user_pool.find_or_create(body.email, body.name)

    def decide(stored: StoredPerson | None) -> PersonUpdate:
        known = stored.person if stored else None
        return invite(known, identity, team, body, _password_key_id(), clock.now())

    stored = people_store.update_person(identity.user_id, team, caller, decide)
    where = f"{path}/{quote(identity.user_id, safe='')}{query}"
    return person_response(stored, team, HTTPStatus.CREATED, Location=where)


def change_member(
    team: str, user_id: str, body: PersonRequest | StaffPersonRequest, caller: Caller, if_match: str | None
) -> Response:
    """Change a member of a team, on a version that If-Match names."""
    user_pool.require_pool()
    conditions = requests.preconditions(if_match, None)

    def decide(before: StoredPerson) -> PersonUpdate:
        conditions.check(f"a person {user_id}", before.version)
        return change(before.person, team, body, caller.user.user_id)

    return person_response(_update_member(team, user_id, caller, decide), team)


def invite_member_again(team: str, user_id: str, caller: Caller) -> Response:
    """Send a member who has not come yet a fresh invitation."""
    user_pool.require_pool()

    def decide(before: StoredPerson) -> PersonUpdate:
        return invite_again(before.person, team, _password_key_id(), clock.now())

    return person_response(_update_member(team, user_id, caller, decide), team, HTTPStatus.ACCEPTED)


def _update_member(
    team: str, user_id: str, caller: Caller, decide: Callable[[StoredPerson], PersonUpdate]
) -> StoredPerson:
    return people_store.update_person(
        user_id, team, caller, lambda stored: decide(people_store.require_member(stored, team, user_id))
    )


def _password_key_id() -> str:
    return signing_keys.signing_key("passwords").key_id
