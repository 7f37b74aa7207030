"""The statuses of an order, and which actions each of them allows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    SUBMITTED = "submitted"
    IN_PROCESS = "in_process"
    PENDING_CONFIRMATION = "pending_confirmation"
    COMPLETED = "completed"
    CANCELED = "canceled"


STATUS_LABELS = {
    Status.SUBMITTED: "Submitted",
    Status.IN_PROCESS: "In process",
    Status.PENDING_CONFIRMATION: "Pending confirmation",
    Status.COMPLETED: "Completed",
    Status.CANCELED: "Canceled",
}
AT_DESK = frozenset({Status.SUBMITTED, Status.IN_PROCESS})
"""In which an order waits for Customer Success, and the contact person's link in "order received" is good."""
OPEN_STATUSES = AT_DESK | {Status.PENDING_CONFIRMATION}

ALLOWED_STATUSES: Mapping[str, frozenset[Status]] = {
    "claim": AT_DESK,
    "assign": AT_DESK,
    "release": frozenset({Status.IN_PROCESS}),
    "quote": frozenset({Status.IN_PROCESS, Status.PENDING_CONFIRMATION}),
    "undo the quote of": frozenset({Status.IN_PROCESS, Status.PENDING_CONFIRMATION}),
    "decline": OPEN_STATUSES,
    "withdraw": frozenset({Status.SUBMITTED}),
    "cancel": OPEN_STATUSES,
    "approve": frozenset({Status.PENDING_CONFIRMATION}),
    "request a change of": frozenset({Status.PENDING_CONFIRMATION}),
    "resend the quote of": frozenset({Status.PENDING_CONFIRMATION}),
    "ask for a fresh quote of": frozenset({Status.IN_PROCESS, Status.PENDING_CONFIRMATION}),
    "ask for a fresh order mail of": AT_DESK,
    "ask for a fresh quote mail of": frozenset({Status.PENDING_CONFIRMATION}),
    "lock a link of": OPEN_STATUSES,
    "ask a question about": frozenset({Status.PENDING_CONFIRMATION}),
    "answer a question about": frozenset({Status.PENDING_CONFIRMATION}),
    "hand over": frozenset({Status.PENDING_CONFIRMATION}),
    "decide on the hand-over of": frozenset({Status.PENDING_CONFIRMATION}),
    "decide on the discount of": frozenset({Status.IN_PROCESS, Status.PENDING_CONFIRMATION}),
    "comment on": OPEN_STATUSES,
    "change the handling of": OPEN_STATUSES,
}
"""The action table: from which statuses each action may be taken."""

DESK_ACTIONS: Mapping[str, str] = {
    "claim": "claim",
    "release": "release",
    "quote": "quote",
    "undo_quote": "undo the quote of",
    "decline": "decline",
    "resend": "resend the quote of",
    "comment": "comment on",
    "answer": "answer a question about",
    "hand_over": "decide on the hand-over of",
    "assign": "assign",
    "handling": "change the handling of",
    "approve_discount": "decide on the discount of",
    "refuse_discount": "decide on the discount of",
}
"""What Customer Success does with an order by the API: the name that clients know, and the row of the action table."""
DISCOUNT_ACTIONS = frozenset({"approve_discount", "refuse_discount"})
"""Those of them that need more than working on orders."""
CUSTOMER_ACTIONS: Mapping[str, str] = {"withdraw": "withdraw", "comment": "comment on"}
"""Likewise of the account's users and its reseller."""
