"""Show what is about to be written: a quote as the contact person would get it, mail and PDF, and the text modules of
the desk with the words of an order. Show the certificate of a decision, and the confirmation of an approved order.
Store the letterhead of papers, once a paper was set with it.

This is a function of its own, so that the cold starts of the API do not load the rendering layer.
"""

import gc

gc.disable()  # the objects of a cold start stay, so collecting them would only take time

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders import clock
from online_orders.aws import (
    account_store,
    certificate_store,
    desk_settings_store,
    letterhead_store,
    order_store,
    pdf_store,
)
from online_orders.aws.quoting import basis_of
from online_orders.domain.approval_links import ConfirmLink
from online_orders.domain.certificates import Certificate
from online_orders.domain.desk_settings import filled
from online_orders.domain.errors import NotFound
from online_orders.domain.installation import Installation
from online_orders.domain.languages import FALLBACK
from online_orders.domain.letterheads import Letterhead, parse_letterhead
from online_orders.domain.order_numbers import number_of
from online_orders.domain.orders import Order
from online_orders.environment import installation
from online_orders.http import requests, responses
from online_orders.http.app import (
    PDF,
    Api,
    DeskAgent,
    DeskReader,
    OrderReader,
    PapersManager,
    error_codes,
    raw_json_body,
    response_spec,
)
from online_orders.http.desk_parameters import LocaleQuery
from online_orders.http.parameters import IfMatch, IfNoneMatch, OrderId
from online_orders.http.responses import Response
from online_orders.routes import desk_papers
from online_orders.telemetry import correlation_paths, logger, redact_exceptions
from online_orders_rendering.certificate_pdf import render_certificate_pdf
from online_orders_rendering.confirmation_pdf import render_confirmation_pdf
from online_orders_rendering.i18n import translator
from online_orders_rendering.mails.compose import render_quote_mail
from online_orders_rendering.quote_pdf import render_quote_pdf
from online_orders_rendering.sample_quote import render_sample_pdf

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

PEM = {"application/x-pem-file": {"type": "string", "description": "The key that signs now (RFC 7468)."}}
_KEPT = {"Cache-Control": "public, max-age=300", "Vary": "Accept"}

app = Api()
app.include_router(desk_papers.router)


def _placeholder(installation: Installation) -> ConfirmLink:
    """Return the placeholders that a preview shows for link and code; nobody can decide by them."""
    return ConfirmLink(f"{installation.site_url}/confirm/preview", "······")


@app.post(
    "/api/desk/orders/<order_id>/quote/preview",
    tags=["Desk"],
    summary="See a quote as the contact person will",
    description=(
        "Refuses what quoting refuses, and changes nothing. The mail stands as it would be sent, without a link "
        "and a code that work, and the revision with its amounts, as it would be offered. With "
        "`Accept: application/pdf` the paper comes."
    ),
    responses=response_spec("QuotePreview", "The mail and the revision, or the paper.", other=PDF),
    openapi_extensions=error_codes("conflict"),
)
def preview_quote(
    staff: DeskAgent,
    order_id: OrderId,
    body: Annotated[Any, Depends(raw_json_body("NewQuote"))],
    request: Request,
    if_match: IfMatch = None,
) -> Response:
    """Refuse what quoting would refuse, and change nothing."""
    order = order_store.get_any_order(order_id)
    order.check_version(requests.expected_versions(if_match))
    order.require_allowed("quote")
    at, account = clock.now(), account_store.get_account(order.account_id)
    stored = letterhead_store.current_letterhead()
    quote = order.next_revision(body, *basis_of(account, stored and stored.version).at(at))
    offered, installation_info = order.offer(quote, staff.user, at).order, installation()
    if requests.accepts(request, "application/pdf"):
        pdf = render_quote_pdf(offered, quote, account, installation_info, stored and stored.letterhead)
        return responses.pdf_response(pdf)
    mail = render_quote_mail(offered, account, _placeholder(installation_info), installation_info, at)
    return responses.json_response({"mail": mail._asdict(), "quote": quote.model_dump(mode="json")})


@app.get(
    "/api/desk/orders/<order_id>/text-modules",
    tags=["Desk"],
    summary="Show the text modules for an order",
    description=(
        "In the language of the account or else in English, with what the placeholders stand for in the order. A "
        "placeholder for what the order does not have stays as it is."
    ),
    responses=response_spec("FilledTextModules", "The text modules."),
)
def show_text_modules_for_order(_staff: DeskReader, order_id: OrderId) -> Response:
    order = order_store.get_any_order(order_id)
    account, modules = account_store.get_account(order.account_id), desk_settings_store.get_setting("text_modules")
    values = {
        "number": number_of(order.order_id),
        "order_id": order.order_id,
        "contact": None if order.contact.is_erased else order.contact.name,
        "account": order.account_name(account.name),
        "purchase_order_number": order.purchase_order_number,
        "valid_until": translator(account.locale).day(order.quote.valid_until) if order.quote else None,
        "assignee": order.assignee.shown_name if order.assignee else None,
    }
    return responses.json_response({"text_modules": filled(modules.document, account.locale, values)})


@app.get(
    "/api/desk/orders/<order_id>/certificate",
    tags=["Desk"],
    summary="Show the certificate of a decision by link",
    description=(
        "What the newest decision by link rests on, signed: who decided on which revision, when, and by which address "
        "and browser. Made at the first request and the same from then on. `certificate` is canonical JSON (RFC 8785); "
        "the signature is over its bytes. With `Accept: application/pdf` it comes on paper."
    ),
    responses=response_spec("Certificate", "The certificate.", other=PDF),
    openapi_extensions=error_codes("in_progress"),
)
def show_certificate(_reader: DeskReader, order_id: OrderId, request: Request) -> Response:
    """Return the certificate of the newest decision."""
    key = order_store.locate_order(order_id)
    certificate = certificate_store.get_certificate(key, clock.now())
    if not requests.accepts(request, "application/pdf"):
        return responses.json_response(certificate.text)
    order = order_store.get_order(key)
    letterhead = _letterhead_of(certificate, order)
    pdf = render_certificate_pdf(certificate, order.internals.locale, installation(), letterhead)
    return responses.pdf_response(pdf, f"certificate-{key.order_id}.pdf", is_saved=True)


def _letterhead_of(certificate: Certificate, order: Order) -> Letterhead | None:
    """Return the letterhead of the quote that was decided on."""
    decided = certificate.content["quote"]
    return letterhead_store.letterhead_of(order_store.get_quote(order, decided["revision"])) if decided else None


@app.get(
    "/api/certificate-keys",
    tags=["Description"],
    summary="Show the public keys of certificates",
    description=(
        "The keys by which certificates are verified, the present one first, as a JSON Web Key Set (RFC 7517) with the "
        "PEM of each. With `Accept: application/x-pem-file` the present one comes as PEM."
    ),
    responses=response_spec("CertificateKeys", "The keys.", other=PEM),
)
def show_certificate_keys(request: Request) -> Response:
    """Return the keys, for anybody."""
    keys = certificate_store.public_keys()
    if requests.accepts(request, "application/x-pem-file"):
        return Response(int(HTTPStatus.OK), "application/x-pem-file", keys[0].pem, headers=_KEPT)
    return responses.json_response({"keys": [key.jwk for key in keys]}, headers=_KEPT)


# -- the confirmation ---------------------------------------------------------------------------------------------


def _confirmation_response(order: Order) -> Response:
    """Return the confirmation of an approved order, made at the first request or before it for a mail."""
    quote = order.approved_quote
    if quote is None:
        raise NotFound("Only an approved order has a confirmation.")
    account = account_store.get_account(order.account_id)
    pdf = pdf_store.find_or_store_confirmation(
        order.order_id,
        quote.revision,
        lambda: render_confirmation_pdf(order, account, installation(), letterhead_store.letterhead_of(quote)),
    )
    return responses.pdf_response(pdf, f"confirmation-{order.order_id}.pdf")


@app.get(
    "/api/orders/<order_id>/confirmation",
    tags=["Orders"],
    summary="Show the confirmation of an order",
    description=(
        "The paper that confirms an approved order: what was accepted of the quote, with the options that were chosen "
        "and the purchase order number. The same bytes every time."
    ),
    responses=response_spec(None, "The paper.", other=PDF),
)
def show_order_confirmation(customer: OrderReader, order_id: OrderId) -> Response:
    return _confirmation_response(order_store.get_order_for_caller(customer.account, order_id))


@app.get(
    "/api/desk/orders/<order_id>/confirmation",
    tags=["Desk"],
    summary="Show the confirmation of an order",
    description="The paper that the customer gets.",
    responses=response_spec(None, "The paper.", other=PDF),
)
def show_desk_order_confirmation(_reader: DeskReader, order_id: OrderId) -> Response:
    return _confirmation_response(order_store.get_any_order(order_id))


# -- the letterhead -----------------------------------------------------------------------------------------------


@app.put(
    "/api/desk/letterhead",
    tags=["Desk papers"],
    summary="Replace the letterhead",
    description=(
        "The body has the whole letterhead. Quotes that are offered from then on get it; the papers of earlier quotes "
        "stay as they are. A logo is a PNG of 200 KB and 2,000 pixels in each direction at most, or an SVG of 100 KB "
        "that neither runs nor loads anything: it is examined, and a paper is set with it. Send `If-Match` with the "
        "ETag that you have read: then nobody's work is replaced unseen."
    ),
    responses=response_spec("Letterhead", "The letterhead as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("in_progress"),
)
def put_letterhead(
    staff: PapersManager,
    body: Annotated[Any, Depends(raw_json_body("LetterheadRequest"))],
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Store a letterhead, once a paper was set with its logo."""
    letterhead, conditions = parse_letterhead(body), requests.preconditions(if_match, if_none_match)
    if letterhead.logo:
        render_sample_pdf(letterhead, FALLBACK, installation(), clock.now().date())

    def check(version: int) -> None:
        conditions.check("a letterhead", None if conditions.must_be_new and version == 0 else version)

    return desk_papers.letterhead_response(letterhead_store.replace_letterhead(letterhead, staff, check))


@app.post(
    "/api/desk/letterhead/preview",
    tags=["Desk papers"],
    summary="See a paper with a letterhead",
    description=(
        "The body is as for replacing the letterhead, and what that refuses is refused. The paper of a sample quote "
        "comes, in the language of `locale`. Nothing is stored."
    ),
    responses=response_spec(None, "The paper.", other=PDF),
)
def preview_letterhead(
    _staff: PapersManager,
    body: Annotated[Any, Depends(raw_json_body("LetterheadRequest"))],
    query: Annotated[LocaleQuery, Query()],
) -> Response:
    letterhead = parse_letterhead(body)
    return responses.pdf_response(render_sample_pdf(letterhead, query.locale, installation(), clock.now().date()))


@redact_exceptions
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return app.resolve(event, context)


gc.freeze()
gc.enable()
