"""An order told from its timeline alone."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """What the timeline says of an order; the quote as its revision and state, the closing as who and why."""

    status: str
    version: int
    sequence: int
    assignee: str | None
    quote: tuple[int, str] | None
    closed: tuple[str, str | None] | None


DECISIONS = {
    "order.submitted",
    "order.claimed",
    "order.released",
    "quote.proposed",
    "quote.proposal_refused",
    "quote.prepared",
    "quote.undone",
    "order.quoted",
    "quote.resent",
    "order.change_requested",
    "order.answered",
    "order.hand_over_refused",
    "order.handed_over",
    "order.completed",
    "order.canceled",
}
"""They raise the version."""
UNDECIDED = {"sending", "offered", "undeliverable"}


def told_by(entries: list[Json]) -> Told:  # noqa: C901 - one case an event
    status, assignee, revision, state = "submitted", None, 0, ""
    closed: tuple[str, str | None] | None = None
    for entry in entries:
        data = entry["data"]
        match entry["event"]:
            case "order.claimed":
                status, assignee = "in_process", data["assignee"]
            case "order.released":
                assignee = None
            case "quote.prepared":
                revision, state = data["revision"], "sending"
            case "quote.undone":
                status, state = "in_process", "superseded"
            case "order.quoted":
                status, state = "pending_confirmation", "offered"
            case "quote.mailed":
                state = "offered"
            case "quote.undeliverable" if state in UNDECIDED:
                state = "undeliverable"
            case "quote.expired":
                state = "expired"
            case "order.change_requested":
                status, state = "in_process", "change_requested"
            case "order.completed":
                status, state, closed = "completed", "approved", ("contact", None)
            case "order.canceled":
                status, closed = "canceled", (data["by"], data["reason"])
                state = "declined" if state in UNDECIDED else state
    version = sum(entry["event"] in DECISIONS for entry in entries)
    quote = (revision, state) if revision else None
    return Told(status, version, len(entries), assignee, quote, closed)


def stored(order: Json, entries: int) -> Told:
    """The same of an order as the API answers it."""
    quote, closed, assignee = order["quote"], order["closed"], order["assignee"]
    return Told(
        order["status"],
        order["version"],
        entries,
        assignee and assignee["user_id"],
        quote and (quote["revision"], quote["state"]),
        closed and (closed["by"], closed["reason"]),
    )
