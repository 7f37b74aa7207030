"""Routes of the certificate of a decision by link, and of the keys by which anybody verifies it."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Request

from online_orders import clock
from online_orders.aws import certificate_store, order_store
from online_orders.environment import installation
from online_orders.http import requests, responses
from online_orders.http.app import PDF, DeskReader, Router, error_codes, response_spec
from online_orders.http.parameters import OrderId
from online_orders.http.responses import Response

PEM = {"application/x-pem-file": {"type": "string", "description": "The key that signs now (RFC 7468)."}}
_KEPT = {"Cache-Control": "public, max-age=300"}

router = Router()


@router.get(
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
    from online_orders_rendering.certificate_pdf import render_certificate_pdf  # of a layer that few functions have

    pdf = render_certificate_pdf(certificate, order_store.get_order(key).internals.locale, installation())
    disposition = f'attachment; filename="certificate-{key.order_id}.pdf"'
    headers = {"Cache-Control": "no-store", "Content-Disposition": disposition}
    return Response(int(HTTPStatus.OK), "application/pdf", pdf, headers=headers)


@router.get(
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
