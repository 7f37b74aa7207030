"""The evidence of a decision by link, apart from the order."""

from __future__ import annotations

import pytest

from online_orders.domain.evidence import Evidence, LinkDecision, evidence_of
from online_orders.domain.orders import Order
from tests.domain.builders import LATER, offered, place

QUOTED = offered().approve("C.", LATER).order
UNQUOTED = place().order.cancel("C.", None, LATER).order


@pytest.mark.parametrize(("order", "decision"), [(QUOTED, "approve"), (UNQUOTED, "cancel")], ids=["quoted", "unquoted"])
@pytest.mark.parametrize("sender", [("203.0.113.7", "Firefox"), (None, None)])
def test_evidence_holds_what_was_decided_by_whom_and_from_where(
    order: Order, decision: LinkDecision, sender: tuple[str | None, str | None]
) -> None:
    quote = order.quote
    assert evidence_of(order, decision, "C.", "c@acme.example", *sender) == Evidence(
        sequence=order.internals.sequence,
        at=LATER,
        decision=decision,
        name="C.",
        recipient="c@acme.example",
        address=sender[0],
        agent=sender[1],
        revision=quote.revision if quote else None,
        sha256=quote.sha256 if quote else None,
    )
