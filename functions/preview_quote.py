"""A quote as the contact person would get it, mail and paper, before it is sent.

A function of its own, so that the desk's others start without what renders.
"""

from __future__ import annotations

import gc

gc.disable()  # a cold start makes objects that stay: until the end of this file nobody looks through them

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from online_orders import clock, http
from online_orders.approval_links import ConfirmLink
from online_orders.aws import accounts, orders, terms
from online_orders.aws.environment import installation
from online_orders.installation import Installation
from online_orders.routing import Answer, Event
from online_orders.telemetry import correlation_paths, discreet, logger
from online_orders_rendering.mails import render_quote
from online_orders_rendering.paper import quote_paper

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = http.Api()


def _placeholder(here: Installation) -> ConfirmLink:
    """What a mail shows in the place of link and code while nobody may decide by it."""
    return ConfirmLink(f"{here.site_url}/confirm/preview", "······")


@app.post("/api/desk/orders/<order_id>/quote/preview")
def preview_quote(event: Event, order_id: str) -> Answer:
    """Refuses what quoting would refuse, and changes nothing."""
    staff, body = http.caller(event, "customer-success"), http.json_body(event)
    order = orders.get_any_order(order_id)
    order.expect_version(http.expected_versions(event))
    order.must_allow("quote")
    at, account = clock.now(), accounts.get_account(order.account_id)
    quote = order.next_revision(body, account.currency, terms.terms_in(account.locale), at)
    offered, here = order.offer(quote, staff.user, at).order, installation()
    if http.accepts(event, "application/pdf"):
        paper = quote_paper(offered, quote, account, here)
        return Answer(int(HTTPStatus.OK), "application/pdf", paper, headers={"Cache-Control": "no-store"})
    mail = render_quote(offered, account, _placeholder(here), here, at)
    return http.answer({"mail": mail._asdict()})


@discreet
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event)


gc.freeze()
gc.enable()
