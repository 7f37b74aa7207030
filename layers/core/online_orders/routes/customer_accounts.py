"""Routes of a customer's account, and of a reseller's sub-accounts."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders import clock
from online_orders.aws import account_store, contact_report_store
from online_orders.domain.accounts import Account, ContactReport
from online_orders.http import responses
from online_orders.http.app import OrderReader, OrderWriter, Router, cursor_of, error_codes, parsed_body, response_spec
from online_orders.http.parameters import AccountQuery, Page
from online_orders.http.responses import Response

router = Router()


def _shown(account: Account) -> dict[str, Any]:
    """Return an account as its own users see it: how the vendor groups and taxes its customers is the desk's alone."""
    return account.model_dump(mode="json", exclude={"groups", "tax"})


@router.get(
    "/api/account",
    tags=["Accounts"],
    summary="Show the account",
    description="The caller's own account or, with `account_id`, a sub-account of it; without its `groups` and `tax`.",
    responses=response_spec("Account", "The account."),
)
def show_account(customer: OrderReader, query: Annotated[AccountQuery, Query()]) -> Response:
    account_id = query.account_id or customer.account
    return responses.json_response(_shown(account_store.get_account_for_caller(customer.account, account_id)))


@router.get(
    "/api/accounts",
    tags=["Accounts"],
    summary="List sub-accounts",
    description="A reseller's sub-accounts; empty for everybody else.",
    responses=response_spec("AccountPage", "A page of accounts."),
)
def list_subaccounts(customer: OrderReader, query: Annotated[Page, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, customer)
    page = account_store.list_subaccounts(customer.account, query.limit, cursor.position)
    return responses.page(map(_shown, page.accounts), "account_id", page.position, cursor)


@router.post(
    "/api/account/contact-report",
    tags=["Accounts"],
    summary="Report an outdated contact",
    description=(
        "Tells Customer Success that the contact person of the enrollment is out of date: of the own account, or "
        "of the sub-account that is named."
    ),
    responses=response_spec("Account", "Customer Success is told.", HTTPStatus.ACCEPTED),
    openapi_extensions=error_codes("not_found"),
)
def report_contact(
    customer: OrderWriter, report: Annotated[ContactReport, Depends(parsed_body(ContactReport))]
) -> Response:
    account = account_store.get_account_for_caller(
        customer.account, report.account_id or customer.account, changed_by=customer
    )
    contact_report_store.store_report(account.account_id, customer.user, report, clock.now())
    return responses.json_response(_shown(account), HTTPStatus.ACCEPTED)
