"""What the records of an order say of one another: table, timeline, executions, events and mails tell the same story.

The timeline says what must have gone out, by the table of mails and the list of events in the contract, which are
written down here once more so that the product's own table is no judge of itself.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.lab import Lab
from tests.proof.rebuilding import stored, told_by

Json = dict[str, Any]
ExpectedMail = tuple[str, str]
"""A mail's kind and to whom it went."""

CONTACT, PLACER, DESK, ASSIGNEE = "contact", "placed_by", "customer_success", "assignee"
SUBJECTS = {
    r"Order \S+ (from .+ )?received": "received",
    r"New order \S+ from .+": "new order",
    r"Quote for order \S+(, revision \d+)?: please decide by .+": "quote",
    r"Reminder: quote for order \S+ is valid until .+": "reminder",
    r"Order \S+ is confirmed": "approved",
    r"Order \S+ is canceled": "canceled",
    r"Change requested: order \S+ of .+": "change requested",
    r"Quote not delivered: order \S+ of .+": "undeliverable",
    r"Link locked: order \S+ of .+": "link locked",
    r"The quote for order \S+ has expired": "expired",
    r"Quote expired: order \S+ of .+": "expired",
    r"Fresh quote asked for: order \S+ of .+": "fresh quote asked for",
    r"Order \S+ of .+ is waiting": "waiting",
    r"Order \S+ of .+ was assigned to you": "assigned",
    r"Follow up on order \S+ of .+": "follow up",
    r"Discount to approve: order \S+ of .+": "discount to approve",
    r"Comment on order \S+( of .+)?": "comment",
    r"Contact person missing: order \S+ of .+": "contact missing",
    r"Question on the quote for order \S+ of .+": "question",
    r"Answer to your question on order \S+": "answer",
    r"Hand-over asked for: order \S+ of .+": "hand-over asked for",
    r"Order \S+: .+ decides now": "handed over",
}
"""By which the English mails are told apart."""
CALLED_FOR: dict[str, tuple[ExpectedMail, ...]] = {
    "order.submitted": (("received", CONTACT), ("received", PLACER), ("new order", DESK)),
    "order.stale": (("waiting", DESK),),
    "link.locked": (("link locked", DESK),),
    "order.change_requested": (("change requested", DESK),),
    "order.asked": (("question", DESK),),
    "order.answered": (("answer", CONTACT),),
    "order.hand_over_asked": (("hand-over asked for", DESK),),
    "order.handed_over": (("handed over", CONTACT),),
    "order.completed": (("approved", CONTACT), ("approved", PLACER), ("approved", DESK)),
    "order.canceled": (("canceled", CONTACT), ("canceled", PLACER), ("canceled", DESK)),
}
_CLOSED = frozenset({"order.completed", "order.canceled"})
_QUOTED_ANEW = frozenset({"quote.prepared"})
TOLD_WHILE_SO: dict[str, dict[ExpectedMail, frozenset[str]]] = {
    "quote.undeliverable": {("undeliverable", DESK): _QUOTED_ANEW | {"quote.delivered"}},
    "quote.expired": {("expired", CONTACT): _QUOTED_ANEW | _CLOSED, ("expired", DESK): _QUOTED_ANEW},
    "quote.proposed": {
        ("discount to approve", DESK): _QUOTED_ANEW | _CLOSED | {"quote.proposed", "quote.proposal_refused"}
    },
    "quote.fresh_asked": {("fresh quote asked for", DESK): _QUOTED_ANEW},
}
"""Mails that stay away if one of these entries came after their own before they went, and go otherwise."""
ASKED_FOR_IN_TIME: dict[str, tuple[ExpectedMail, ...]] = {
    "quote.reminded": (("reminder", CONTACT),),
    "order.contact_changed": (("received", CONTACT),),
    "order.contact_removed": (("contact missing", DESK),),
}
"""Mails that ask for something, and stay away when the order has moved on before they went."""
PUBLISHED = {
    "order.submitted",
    "order.claimed",
    "order.quoted",
    "quote.delivered",
    "quote.undeliverable",
    "quote.reminded",
    "quote.expired",
    "order.change_requested",
    "order.asked",
    "order.handed_over",
    "order.commented",
    "order.completed",
    "order.canceled",
}
QUOTE: ExpectedMail = ("quote", CONTACT)
MAILED = {"order.quoted", "quote.mailed"}
LINKED = {"quote.prepared", "quote.resent", "order.contact_changed", "order.handed_over", "link.fresh_asked"}
"""Entries that each make a new link to a quote, where there is one."""


@dataclass(frozen=True)
class Records:
    """All there is about one order."""

    order: Json
    """As Customer Success reads it."""
    entries: list[Json]
    """The whole timeline, internal entries too."""
    events: list[tuple[str, Json]]
    """Names and details, as they came on the bus."""
    mails: Counter[ExpectedMail]
    links: Counter[str]
    """Of the quote mails."""
    executions: list[str]
    """How the executions stand that bear the order's name."""


def expected_mail_of(
    subject: str, recipients: Sequence[str], placer: str, desk: str, staff: Sequence[str]
) -> ExpectedMail:
    (kind,) = {kind for pattern, kind in SUBJECTS.items() if re.fullmatch(pattern, subject)}
    (recipient,) = recipients
    return kind, {**dict.fromkeys(staff, ASSIGNEE), placer: PLACER, desk: DESK}.get(recipient, CONTACT)


def records_of(lab: Lab, order_id: str) -> Records:
    """Of the only order of a lab."""
    desk, user = f"/api/desk/orders/{order_id}", lab.users.cs
    entries = lab.http("GET", f"{desk}/timeline?limit=100", user=user).json()
    assert entries["next_cursor"] is None
    mails = [mail for mail in lab.mails if mail.tags["kind"] not in {"contact_changed", "account_changed"}]
    placer, mailbox = lab.users.customer.email, lab.stack.ref("CustomerSuccessMailbox")
    staff = [user.email for user in (lab.users.cs, lab.users.cs2)]
    return Records(
        order=lab.http("GET", desk, user=user).json(),
        entries=entries["items"],
        events=[(event.detail_type, event.detail) for event in lab.events],
        mails=Counter(expected_mail_of(mail.subject, mail.recipients, placer, mailbox, staff) for mail in mails),
        links=Counter(str(mail.link) for mail in mails if mail.tags["kind"] == "quote"),
        executions=[execution.status for execution in lab.executions],
    )


def disagreements(records: Records, untold: Counter[ExpectedMail] | None = None) -> Iterator[str]:
    """What is otherwise here than there. `untold` are mails that must not have gone, though an entry calls for them."""
    entries = records.entries
    sequence = [entry["sequence"] for entry in entries]
    if sequence != list(range(1, len(entries) + 1)):
        yield f"the timeline has gaps: {sequence}"
    instants = [datetime.fromisoformat(entry["at"]) for entry in entries]
    if instants != sorted(instants):
        yield f"the timeline goes back in time: {instants}"
    texts, held = told_by(entries), stored(records.order, len(entries))
    if texts != held:
        yield f"the timeline tells {texts} and the table {held}"
    ended = Counter(entry["event"] for entry in entries if entry["event"] in {"order.completed", "order.canceled"})
    if ended.total() > 1:
        yield f"decided more than once: {dict(ended)}"
    is_open = texts.closed is None
    if records.executions != (["RUNNING"] if is_open else ["SUCCEEDED"]):
        yield f"an order that is {texts.status} has the executions {records.executions}"
    if is_open and texts.quote and texts.quote[1] == "sending" and not records.order["waits_for_contact"]:
        yield "the quote was never mailed"
    yield from _of_events(entries, records.events)
    yield from _of_mails(entries, records.mails, records.links, untold or Counter())


def _of_events(entries: list[Json], events: list[tuple[str, Json]]) -> Iterator[str]:
    expected = [(one["event"], one["sequence"]) for one in entries if one["event"] in PUBLISHED and not one["internal"]]
    came = [(name, detail["sequence"]) for name, detail in events]
    if came != expected:
        yield f"the bus had {came} instead of {expected}"
    for name, detail in events:
        then = told_by(entries[: detail["sequence"]])
        if (detail["status"], detail["version"]) != (then.status, then.version):
            yield f"{name} told {detail['status']}, {detail['version']} and the timeline {then.status}, {then.version}"


def _of_mails(
    entries: list[Json], mails: Counter[ExpectedMail], links: Counter[str], untold: Counter[ExpectedMail]
) -> Iterator[str]:
    still_so, no_longer_so = told_while_so(entries)
    called_for = _letters(entries, CALLED_FOR) + still_so - untold
    fresh = [one for one in entries if one["event"] == "link.fresh_asked" and one["data"]["purpose"] == "order"]
    called_for["received", CONTACT] += len(fresh)
    spoken = [one for one in entries if one["event"] == "order.commented" and not one["internal"]]
    called_for.update(("comment", DESK if one["actor"]["kind"] == "customer" else PLACER) for one in spoken)
    in_time = _letters(entries, ASKED_FOR_IN_TIME) + no_longer_so
    if any(entry["event"] == "order.contact_removed" for entry in entries):
        # Before it the contact may have been removed before the mail went, and after it there may be another.
        to_contact = Counter({outgoing: count for outgoing, count in called_for.items() if outgoing[1] == CONTACT})
        called_for, in_time = called_for - to_contact, in_time + to_contact
    mailed = sum(entry["event"] in MAILED for entry in entries)
    linked = sum(entry["event"] in LINKED for entry in entries)
    yield from _of_parting(entries, mails)
    least = called_for + Counter({QUOTE: mailed})
    # Whoever works on the order then hears of what the desk hears of, and of what a colleague writes.
    told = called_for + in_time
    to_assignee = Counter({(kind, ASSIGNEE): count for (kind, reader), count in told.items() if reader == DESK})
    to_assignee["comment", ASSIGNEE] = len(spoken)
    most = told + to_assignee + Counter({QUOTE: linked})
    if missing := least - mails:
        yield f"mails that never came: {dict(missing)}"
    if surplus := mails - most:
        yield f"mails that nothing calls for: {dict(surplus)}"
    if twice := [link for link, count in links.items() if count > 1]:
        yield f"quote mails that went twice: {len(twice)}"


def told_while_so(entries: list[Json]) -> tuple[Counter[ExpectedMail], Counter[ExpectedMail]]:
    """Mails whose news is still so, and those that may have been overtaken by what came after."""
    still_so: Counter[ExpectedMail] = Counter()
    no_longer_so: Counter[ExpectedMail] = Counter()
    for index, entry in enumerate(entries):
        later = {one["event"] for one in entries[index + 1 :]}
        for outgoing, overtaken_by in TOLD_WHILE_SO.get(entry["event"], {}).items():
            (no_longer_so if later & overtaken_by else still_so)[outgoing] += 1
    return still_so, no_longer_so


def _of_parting(entries: list[Json], mails: Counter[ExpectedMail]) -> Iterator[str]:
    """What happens while there is no contact is told to none."""
    recorded: list[Json] = []
    is_parted = False
    for entry in entries:
        if entry["event"] == "order.contact_removed":
            is_parted = True
        elif entry["event"] in {"order.contact_changed", "quote.resent"}:
            is_parted = False
        if not is_parted:
            recorded.append(entry)
    most = _letters(recorded, {**CALLED_FOR, **ASKED_FOR_IN_TIME}) + sum(told_while_so(recorded), Counter())
    for kind in ("approved", "canceled", "expired", "reminder"):
        if mails[kind, CONTACT] > most[kind, CONTACT]:
            yield f"a contact who was removed got a mail: {kind}"


def _letters(entries: Iterable[Json], called_for: dict[str, tuple[ExpectedMail, ...]]) -> Counter[ExpectedMail]:
    return Counter(outgoing for entry in entries for outgoing in called_for.get(entry["event"], ()))
