"""The evidence of a decision by link, in an item of its own, so that a person can be erased and the order kept."""

from typing import Annotated, Literal

from pydantic import Field

from online_orders.domain.attachments import Attached
from online_orders.domain.orders import Order
from online_orders.domain.values import Entity, Instant, is_none

LinkDecision = Literal["approve", "cancel", "request_change", "hand_over"]


class Evidence(Entity):
    """Who decided, as far as the page behind a link can know."""

    sequence: int
    """The sequence number of the decision's timeline entry."""
    at: Instant
    decision: LinkDecision
    name: str
    """As it was typed."""
    recipient: str
    """The address that link and code were sent to."""
    address: str | None
    """The caller's IPv4 or IPv6 address."""
    agent: str | None
    """The User-Agent of the caller's browser."""
    revision: int | None
    sha256: str | None
    """The content hash of the revision that was decided on; None, as above, for an order without a quote."""
    accepted_sha256: Annotated[str | None, Field(exclude_if=is_none)] = None
    """The hash of what was accepted of the revision, where that was recorded apart from it."""
    options: Annotated[tuple[str, ...], Field(exclude_if=lambda options: not options)] = ()
    """The ids of the optional lines that were chosen."""
    attachment: Annotated[Attached | None, Field(exclude_if=is_none)] = None
    """The file that came with an approval."""


def evidence_of(
    order: Order,
    decision: LinkDecision,
    name: str,
    recipient: str,
    address: str | None,
    agent: str | None,
    attachment: Attached | None = None,
) -> Evidence:
    """Return the evidence of the decision that has just changed `order`."""
    quote = order.quote
    accepted = quote.accepted if quote and decision == "approve" else None
    return Evidence(
        sequence=order.internals.sequence,
        at=order.internals.last_entry_at or order.updated_at,
        decision=decision,
        name=name,
        recipient=recipient,
        address=address,
        agent=agent,
        revision=quote.revision if quote else None,
        sha256=quote.sha256 if quote else None,
        accepted_sha256=accepted.sha256 if accepted else None,
        options=accepted.options if accepted else (),
        attachment=attachment,
    )
