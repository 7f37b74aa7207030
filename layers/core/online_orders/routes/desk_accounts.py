"""Routes of Customer Success' accounts: listing, reading, replacing, and their versions."""

import json
from functools import partial
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders.aws import account_store, search_queries
from online_orders.aws.keys import account_key
from online_orders.aws.version_store import Version
from online_orders.http import requests, responses
from online_orders.http.app import (
    AccountManager,
    DeskReader,
    Router,
    cursor_of,
    error_codes,
    raw_json_body,
    response_spec,
)
from online_orders.http.desk_parameters import AccountListQuery, VersionNumber
from online_orders.http.parameters import AccountId, IfMatch, IfNoneMatch, Page
from online_orders.http.responses import Response
from online_orders.routes.versions import get_version, version_row, versions_page

router = Router()


@router.get(
    "/api/desk/accounts",
    tags=["Desk accounts"],
    summary="List accounts",
    description="Every account, or those of a group, by id; with `search` by words of id, name, contact and sites.",
    responses=response_spec("AccountPage", "A page of accounts."),
)
def list_accounts(staff: DeskReader, query: Annotated[AccountListQuery, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, staff)
    search = query.words
    if search is not None:
        page = search_queries.search_accounts(search, query.group, query.limit, cursor.position)
    elif query.group:
        page = account_store.list_group(query.group, query.limit, cursor.position)
    else:
        page = account_store.list_accounts(query.limit, cursor.position)
    return responses.page(
        (account.model_dump(mode="json") for account in page.accounts), "account_id", page.position, cursor
    )


@router.get(
    "/api/desk/accounts/<account_id>",
    tags=["Desk accounts"],
    summary="Show any account",
    description="The account as it is now.",
    responses=response_spec("Account", "The account.", headers=("ETag",)),
)
def show_desk_account(_staff: DeskReader, account_id: AccountId) -> Response:
    stored = account_store.get_stored_account(account_id)
    return responses.json_response(stored.account.model_dump_json(), headers=responses.etag(stored.version))


@router.put(
    "/api/desk/accounts/<account_id>",
    tags=["Desk accounts"],
    summary="Create or replace an account",
    description=(
        "The body is the whole account, as reading it answers it. A changed contact kills the open links of the "
        "account's orders, and fresh ones are mailed; a removed one kills them too, and the orders wait for "
        "another. Contact persons and deputies who are named or dropped are told by mail, and of all that "
        "concerns its orders the account's contact person. Groups, and the models of a site's equipment, are those "
        "of the catalog. Send `If-None-Match: *` to create an account, and "
        "`If-Match` with the ETag that you have read to change one: then nobody's work is replaced unseen."
    ),
    responses=response_spec("Account", "The account as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("in_progress"),
)
def put_account(
    staff: AccountManager,
    account_id: AccountId,
    body: Annotated[Any, Depends(raw_json_body("AccountRequest"))],
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Create or replace a whole account; with `If-None-Match: *`, create it.

    The write is conditional on the version that was checked; after a lost race the present one is checked again.
    """
    conditions = requests.preconditions(if_match, if_none_match)
    check = partial(conditions.check, f"an account {account_id}")
    stored = account_store.replace_account(account_id, body, staff, check)
    return responses.json_response(stored.account.model_dump_json(), headers=responses.etag(stored.version))


@router.get(
    "/api/desk/accounts/<account_id>/versions",
    tags=["Desk accounts"],
    summary="List what has become of an account",
    description=(
        "Every version that is kept, newest first: who stored it and when, what was changed, and whom the "
        "enrollment named. Once a person was erased, the place of each says so."
    ),
    responses=response_spec("AccountVersionPage", "A page of versions."),
)
def list_account_versions(
    staff: DeskReader, account_id: AccountId, query: Annotated[Page, Query()], request: Request
) -> Response:
    """Return the versions of an account and who stored them; newest first."""

    def row(version: Version) -> dict[str, Any]:
        return {**version_row(version), "enrollment": json.loads(version.document)["enrollment"]}

    cursor = cursor_of(request, query, staff)
    return versions_page(account_key(account_id), f"account {account_id}", row, query.limit, cursor)


@router.get(
    "/api/desk/accounts/<account_id>/versions/<version>",
    tags=["Desk accounts"],
    summary="Show an account as it was",
    description="The whole account at a version.",
    responses=response_spec("AccountVersion", "The version."),
)
def show_account_version(_staff: DeskReader, account_id: AccountId, version: VersionNumber) -> Response:
    found = get_version(account_key(account_id), version)
    return responses.json_response({**version_row(found), "account": json.loads(found.document)})
