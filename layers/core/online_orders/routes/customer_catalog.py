"""The route of the catalog, as an account may order from it."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders.aws import account_store
from online_orders.domain.catalog import catalog_body
from online_orders.domain.representations import to_json
from online_orders.http import responses
from online_orders.http.app import Router, SignedIn, not_modified_spec, response_spec
from online_orders.http.parameters import AccountQuery, IfNoneMatchTag
from online_orders.http.responses import Response

router = Router()


@router.get(
    "/api/catalog",
    tags=["Catalog"],
    summary="Show what can be ordered",
    description=(
        "The kinds of item that the account may order, with their schemas, the choices that they offer, and the labels "
        "of the statuses. Without `account_id` for the caller's own account, and for staff everything that is not "
        "retired; a reseller names a sub-account, staff any account. Where the catalog shows prices, those that are in "
        "force today for the account come along: they are indicative."
    ),
    responses=response_spec("Catalog", "The catalog.", headers=("ETag",)) | not_modified_spec(),
)
def show_catalog(
    caller: SignedIn, query: Annotated[AccountQuery, Query()], if_none_match: IfNoneMatchTag = None
) -> Response:
    """Return what the account may order; of a caller without an account, what is for everybody."""
    is_staff = caller.group == "customer-success"
    if query.account_id is not None:
        reader = query.account_id if is_staff else caller.account_id or ""
        offered = account_store.get_offer(reader, query.account_id)
    else:
        offered = account_store.find_offer(caller.account_id)
    catalog = offered.catalog if is_staff and query.account_id is None else offered.catalog.for_account(offered.account)
    body = catalog_body(catalog)
    if catalog.show_prices and offered.account:
        # Imported here for the sake of cold starts: by default no prices are shown.
        from online_orders.aws.price_store import indicative_prices

        body |= {"currency": offered.account.currency, "prices": indicative_prices(offered.account, catalog)}
    return responses.revalidated_response(to_json(body), if_none_match)
