"""Serve the contact person's page behind a link. Looking changes nothing, and a decision needs the code
from the mail.
"""

import gc

gc.disable()  # the objects of a cold start stay, so collecting them would only take time

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Request

from online_orders import clock
from online_orders.aws import letterhead_store, pdf_store
from online_orders.aws.link_decisions import handle_decision, handle_view
from online_orders.aws.link_store import load_link
from online_orders.domain.accounts import HandOverPolicy
from online_orders.domain.approval_links import TOKEN, LinkContext, fingerprint
from online_orders.domain.confirmation import LinkResult, Outcome, form_of, needs_purchase_order, result_of
from online_orders.domain.errors import MethodNotAllowed, NotFound, OnlineOrdersError, TooManyRequests
from online_orders.domain.installation import Installation
from online_orders.domain.languages import FALLBACK, LOCALES
from online_orders.environment import environment
from online_orders.http import problems, rate_limit, requests
from online_orders.http.app import Api
from online_orders.http.confirmation_document import DECIDE, PROBE, SHOW, SHOW_CONFIRMATION, SHOW_PDF, Token
from online_orders.http.forms import cookies, preferred_language, sent_form
from online_orders.http.responses import Response, pdf_response
from online_orders.telemetry import correlation_paths, logger, metrics, redact_exceptions
from online_orders_rendering.pages.approval import CONTENT_SECURITY_POLICY, decision_page, outcome_page

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
    from aws_lambda_powertools.utilities.typing import LambdaContext

_PROOF, _PROOF_SECONDS = "asked-", 90 * 86_400
"""The prefix of the only cookie of these pages, and how long it is kept. Only people with a locked link need it."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
}
_OUTCOME_OF_ERROR: dict[type[OnlineOrdersError], Outcome] = {
    NotFound: Outcome.UNKNOWN_LINK,
    TooManyRequests: Outcome.TOO_MANY_REQUESTS,
}


def _present(token: str, request: Request) -> LinkContext:
    """Return the link of a request, counted against the link's rate limit; raise NotFound where there is none."""
    if TOKEN.fullmatch(token):
        rate_limit.check_rate_limit("LINK", fingerprint(token))
    return load_link(token, frozenset(value for name, value in cookies(request) if name.startswith(_PROOF)))


def _installation() -> Installation:
    """Return the installation without its address, since the pages link within their own site."""
    return Installation(brand=environment("BRAND_NAME"), site_url="")


def _html(page: str, status: HTTPStatus, headers: dict[str, str]) -> Response:
    return Response(int(status), "text/html; charset=utf-8", page, headers={**_HEADERS, **headers})


def outcome_response(result: LinkResult) -> Response:
    """Return the page of a result: the form to decide, or what happened instead."""
    context, order, account = result.context, result.context.order, result.context.account
    if result.outcome is None:
        quote = order.quote if context.link.purpose == "quote" else None
        form = replace(
            result.form,
            may_hand_over=account.hand_over is not HandOverPolicy.NEVER,
            signed_order=account.signed_order,
            needs_purchase_order=needs_purchase_order(context),
        )
        page = decision_page(
            order,
            quote,
            _installation(),
            account_name=account.name,
            pdf_path=f"/confirm/{context.token}/quote.pdf" if quote else None,
            form=form,
            site_names=account.site_names,
            at=clock.now(),
        )
    else:
        page = outcome_page(
            result.outcome,
            order,
            _installation(),
            order.internals.locale,
            account_name=account.name,
            decided_by=result.decided_by,
            form=result.form,
            confirmation_path=_confirmation_path(result),
        )
    headers = {}
    if result.retry_after_seconds is not None:
        headers["Retry-After"] = str(result.retry_after_seconds)
    if result.proof is not None:
        name, about = f"{_PROOF}{context.link.purpose}-{order.order_id}", "Secure; HttpOnly; SameSite=Lax"
        headers["Set-Cookie"] = f"{name}={result.proof}; Path=/confirm; Max-Age={_PROOF_SECONDS}; {about}"
    return _html(page, result.status, headers)


def _confirmation_path(result: LinkResult) -> str | None:
    """Return where the confirmation is, for whoever has approved by the link."""
    is_approved = result.outcome is Outcome.APPROVED and result.context.order.approved_quote
    return f"/confirm/{result.context.token}/confirmation.pdf" if is_approved else None


def _error_page(error: OnlineOrdersError, event: "APIGatewayProxyEventV2") -> Response:
    if isinstance(error, MethodNotAllowed):
        response = problems.problem(error)
        response.headers.update(_HEADERS)
        return response
    outcome = _OUTCOME_OF_ERROR.get(type(error), Outcome.FAULT)
    language = preferred_language(event.headers.get("accept-language", ""), LOCALES, FALLBACK)
    page = outcome_page(outcome, None, _installation(), language)
    return _html(page, error.status, error.headers())


app = Api(_error_page)


@app.get("/confirm/<token>", **SHOW)
def show_confirmation(token: Token, request: Request) -> Response:
    return outcome_response(handle_view(_present(token, request), clock.now()))


@app.head("/confirm/<token>", **PROBE)
def probe_confirmation(token: Token, request: Request) -> Response:
    page = show_confirmation(token, request)
    page.body = ""
    return page


@app.get("/confirm/<token>/quote.pdf", **SHOW_PDF)
def show_confirmation_paper(token: Token, request: Request) -> Response:
    context = _present(token, request)
    if context.link.purpose != "quote":
        raise NotFound("This link leads to no paper.")
    if not context.is_live:
        result = result_of(context, clock.now())
        if result.outcome is Outcome.PARTED:
            return outcome_response(result)
        raise NotFound("This link leads to no paper any more.")
    pdf = pdf_store.find_quote_pdf(context.order.order_id, context.link.revision)
    if pdf is None:
        raise NotFound("The paper is still being made.")
    return pdf_response(pdf, f"quote-{context.order.order_id}-{context.link.revision}.pdf", _HEADERS)


@app.get("/confirm/<token>/confirmation.pdf", **SHOW_CONFIRMATION)
def show_confirmation_of_order(token: Token, request: Request) -> Response:
    context = _present(token, request)
    order, account, result = context.order, context.account, result_of(context, clock.now())
    if result.outcome is Outcome.PARTED:
        return outcome_response(result)
    quote = order.approved_quote
    if quote is None or result.outcome is not Outcome.APPROVED:
        raise NotFound("This link leads to no confirmation.")

    def make() -> bytes:
        from online_orders_rendering.confirmation_pdf import render_confirmation_pdf  # which no other page needs

        return render_confirmation_pdf(order, account, _installation(), letterhead_store.letterhead_of(quote))

    pdf = pdf_store.find_or_store_confirmation(order.order_id, quote.revision, make)
    return pdf_response(pdf, f"confirmation-{order.order_id}.pdf", _HEADERS)


@app.post("/confirm/<token>", **DECIDE)
def decide(token: Token, request: Request) -> Response:
    context = _present(token, request)
    at = clock.now()
    sent = sent_form(request)
    form = form_of(context, sent.fields, at, sent.upload)
    return outcome_response(handle_decision(context, form, requests.viewer(request), at))


@redact_exceptions
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to a request. Its path holds the token, so neither event nor path is ever logged."""
    return app.resolve(event, context)


gc.freeze()
gc.enable()
