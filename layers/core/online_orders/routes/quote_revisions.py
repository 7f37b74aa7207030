"""A revision of an order's quote, as both the customer's and the desk's routes return it."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Request

from online_orders.aws.order_store import get_quote
from online_orders.aws.pdf_store import find_quote_pdf
from online_orders.clock import now
from online_orders.domain.errors import NotFound
from online_orders.domain.orders import Order
from online_orders.domain.quotes import QuoteState
from online_orders.domain.representations import quote_body
from online_orders.http.requests import accepts
from online_orders.http.responses import Response, json_response, pdf_response


def quote_response(request: Request, order: Order, revision: int) -> Response:
    """Return a revision of an order, as JSON or as its PDF."""
    quote = get_quote(order, revision)
    if not accepts(request, "application/pdf"):
        return json_response(quote_body(quote, order.quote_day(now())))
    pdf = find_quote_pdf(order.order_id, quote.revision)
    if pdf is None:
        if quote.state is QuoteState.SENDING:
            raise NotFound("The PDF of this revision is still being made; ask again in a moment.")
        raise NotFound("This revision was never sent, so there is no PDF of it.")
    return pdf_response(pdf, f"quote-{order.order_id}-{quote.revision}.pdf")
