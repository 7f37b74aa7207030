"""A quote as the contact person would get it, mail and paper, before it is sent.

A function of its own, so that the desk's others start without what renders.
"""

import gc

gc.disable()  # a cold start makes objects that stay: until the end of this file nobody looks through them

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request

from online_orders import clock, http
from online_orders.api import PDF, Api, Staff, answers, json_for, refuses
from online_orders.approval_links import ConfirmLink
from online_orders.aws import accounts, orders, terms
from online_orders.aws.environment import installation
from online_orders.http import Response
from online_orders.installation import Installation
from online_orders.parameters import IfMatch, OrderId
from online_orders.telemetry import correlation_paths, discreet, logger
from online_orders_rendering.mails import render_quote
from online_orders_rendering.paper import quote_paper

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = Api()


def _placeholder(here: Installation) -> ConfirmLink:
    """What a mail shows in the place of link and code while nobody may decide by it."""
    return ConfirmLink(f"{here.site_url}/confirm/preview", "······")


@app.post(
    "/api/desk/orders/<order_id>/quote/preview",
    tags=["Desk"],
    summary="See a quote as the contact person will",
    description=(
        "Refuses what quoting refuses, and changes nothing. The mail stands as it would be sent, without a link "
        "and a code that work. With `Accept: application/pdf` the paper comes."
    ),
    responses=answers("QuotePreview", "The mail, or the paper.", other=PDF),
    openapi_extensions=refuses("conflict"),
)
def preview_quote(
    staff: Staff,
    order_id: OrderId,
    body: Annotated[Any, Depends(json_for("NewQuote"))],
    request: Request,
    if_match: IfMatch = None,
) -> Response:
    """Refuses what quoting would refuse, and changes nothing."""
    order = orders.get_any_order(order_id)
    order.expect_version(http.expected_versions(if_match))
    order.must_allow("quote")
    at, account = clock.now(), accounts.get_account(order.account_id)
    quote = order.next_revision(body, account.currency, terms.terms_in(account.locale), at)
    offered, here = order.offer(quote, staff.user, at).order, installation()
    if http.accepts(request, "application/pdf"):
        paper = quote_paper(offered, quote, account, here)
        return Response(int(HTTPStatus.OK), "application/pdf", paper, headers={"Cache-Control": "no-store"})
    mail = render_quote(offered, account, _placeholder(here), here, at)
    return http.json_response({"mail": mail._asdict()})


@discreet
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return app.resolve(event, context)


gc.freeze()
gc.enable()
