"""Routes by which the desk judges received mails that became no comment by themselves."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from online_orders import clock
from online_orders.aws import message_store, order_store
from online_orders.aws.keys import OrderKey
from online_orders.aws.mail_authors import contact_author
from online_orders.domain.errors import FieldError, Invalid, NotFound, StateConflict
from online_orders.domain.messages import AcceptedMessage, Judgment, Message
from online_orders.domain.orders import Change, Order
from online_orders.domain.timeline import Actor
from online_orders.http import responses
from online_orders.http.app import (
    DeskAgent,
    DeskReader,
    EmptyBody,
    Router,
    cursor_of,
    error_codes,
    parsed_body,
    response_spec,
)
from online_orders.http.parameters import Page
from online_orders.http.responses import Response

router = Router()

MessageId = Annotated[str, Path(description="The message.")]


@router.get(
    "/api/desk/messages",
    tags=["Desk"],
    summary="List received mails to be judged",
    description=(
        "Replies that became no comment by themselves, and why: open ones first, and the newest first of both. Judged "
        "ones are kept for 90 days."
    ),
    responses=response_spec("MessagePage", "A page of messages."),
)
def list_messages(staff: DeskReader, query: Annotated[Page, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, staff)
    page = message_store.list_messages(query.limit, cursor.position)
    return responses.page(map(_row, page.messages), "message_id", page.position, cursor)


def _row(message: Message) -> dict[str, object]:
    return message.model_dump(mode="json")


@router.get(
    "/api/desk/messages/<message_id>",
    tags=["Desk"],
    summary="Show a received mail",
    description="Its text is what its sender wrote; `reasons` say why it is no comment, and what is not proved.",
    responses=response_spec("Message", "The message."),
)
def show_message(_staff: DeskReader, message_id: MessageId) -> Response:
    return _response(message_store.get_message(message_id))


@router.post(
    "/api/desk/messages/<message_id>/accept",
    tags=["Desk"],
    summary="Accept a received mail as a comment",
    description=(
        "The message becomes a comment of its sender that is marked as a mail: on the order that is named by its id or "
        "number, or else on the one that the mail was about. Only Customer Success sees it unless `internal` is false."
    ),
    responses=response_spec("Message", "The message as it is then."),
    openapi_extensions=error_codes("conflict", "in_progress", "already_judged", "no_text"),
)
def accept_message(
    staff: DeskAgent, message_id: MessageId, accepted: Annotated[AcceptedMessage, Depends(parsed_body(AcceptedMessage))]
) -> Response:
    at = clock.now()
    key = _order_of(message_store.get_open_message(message_id), accepted.order)
    judgment = Judgment(decision="accepted", by=staff.user, at=at, order_id=key.order_id)
    message: Message

    def load() -> Order:
        nonlocal message
        message = message_store.get_open_message(message_id)
        return order_store.get_order(key, changed_by=staff)

    def comment(order: Order) -> Change:
        if not message.text:
            raise StateConflict("no_text", "The message has no text that could be a comment.")
        is_contact = message.sender.casefold() == order.contact.email.casefold()
        actor, data = contact_author(order)[:2] if is_contact else (Actor(kind="customer", name=message.sender), {})
        files = {"files": ", ".join(message.files)} if message.files else {}
        more = {**data, "by_mail": True, "accepted_by": staff.user.shown_name, **files}
        return order.comment(actor, message.text, at, internal=accepted.internal, more=more)

    order_store.update_order(load, comment, extra_writes=lambda _: message_store.judge_actions(message, judgment))
    return _response(message_store.get_message(message_id))


def _order_of(message: Message, named: str | None) -> OrderKey:
    """Return the order that a message is to be a comment on; raise Invalid where it is not known."""
    order = named or message.order_id
    if order is None:
        raise Invalid([FieldError("/order", "required", "The mail belongs to no order by itself: name one.")])
    try:
        return order_store.locate_order(order)
    except NotFound:
        raise Invalid([FieldError("/order", "unknown_order", "There is no such order.")]) from None


@router.post(
    "/api/desk/messages/<message_id>/dismiss",
    tags=["Desk"],
    summary="Dismiss a received mail",
    description="The message becomes nothing, and nobody is told.",
    responses=response_spec("Message", "The message as it is then."),
    openapi_extensions=error_codes("in_progress", "already_judged"),
)
def dismiss_message(staff: DeskAgent, message_id: MessageId, _body: EmptyBody) -> Response:
    message = message_store.get_open_message(message_id)
    judgment = Judgment(decision="dismissed", by=staff.user, at=clock.now())
    return _response(message_store.dismiss(message, judgment))


def _response(message: Message) -> Response:
    return responses.json_response(_row(message))
