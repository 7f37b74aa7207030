"""Routes of the signed orders that came with approvals, for Customer Success alone."""

from online_orders.aws import attachment_store, order_store
from online_orders.http import responses
from online_orders.http.app import PDF, DeskReader, Router, error_codes, response_spec
from online_orders.http.parameters import DecisionSequence, OrderId
from online_orders.http.responses import Response

router = Router()


@router.get(
    "/api/desk/orders/<order_id>/attachments",
    tags=["Desk"],
    summary="List the files that came with decisions",
    description=(
        "The signed order that the contact person attached to the approval, with what the scan for malware has found."
    ),
    responses=response_spec("Attachments", "The files, oldest first."),
)
def list_attachments(_staff: DeskReader, order_id: OrderId) -> Response:
    key = order_store.locate_order(order_id)
    found = attachment_store.list_attachments(key.order_id)
    return responses.json_response({"items": [each.model_dump(mode="json") for each in found]})


@router.get(
    "/api/desk/orders/<order_id>/attachments/<sequence>",
    tags=["Desk"],
    summary="Get a file that came with a decision",
    description=(
        "The bytes as they were sent. Nobody gets a file that is yet to be scanned for malware, or in which the scan "
        "has found some: 409 `quarantined`."
    ),
    responses=response_spec(None, "The file.", other=PDF),
    openapi_extensions=error_codes("quarantined"),
)
def get_attachment(_staff: DeskReader, order_id: OrderId, sequence: DecisionSequence) -> Response:
    """Return the file, to be saved and not shown: it is a stranger's."""
    key = order_store.locate_order(order_id)
    attachment = attachment_store.get_attachment(key.order_id, sequence)
    pdf, name = attachment_store.read_file(key.order_id, attachment), f"signed-order-{key.order_id}-{sequence}.pdf"
    return responses.pdf_response(pdf, name, {"X-Content-Type-Options": "nosniff"}, is_saved=True)
