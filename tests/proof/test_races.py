"""What one process decides while another is about to: the wire lets the other go first, at every moment that there is.

Everything that can be done to an order is done while anything else is at it: just before each call to AWS that the one
makes, the other comes in between and is done at once. Whoever is overtaken must find the order as if they had come
later, and both runs end alike; and nobody else's record may tell another story. Where the call is a write to the table,
it is tried once more with the other's transaction still in flight when the write arrives. Indexes lag behind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest

from tests.lab import Lab, Response, accounts
from tests.lab.wire import CONFLICTING, Call
from tests.proof.branches import Branches
from tests.proof.flows import End, Walk, end_of
from tests.proof.records import disagreements, records_of
from tests.workflow.walking import desk, order_of, place, quote, timeline

Json = dict[str, Any]

ACCOUNTS_ZONE = ZoneInfo("America/New_York")
GRACE_DAYS = 3
HELD_SECONDS = 60
SHORT = {
    "submitted": [("claim", "withdraw")],
    "at_the_desk": [("quote", "cancel")],
    "held": [("time", "undo")],
    "on_offer": [("approve", "time"), ("wrong_code", "approve"), ("ask", "approve"), ("approve", "hand_over")],
    "expired": [("quote", "time")],
    "proposed": [
        ("approve_discount", "approve"),
        ("approve", "approve_discount"),
        ("approve_discount", "propose"),
        ("approve_discount", "refuse_discount"),
    ],
}
"""The pairs that the short form tries of each stage, at every moment."""
COLLEAGUE = {"new_name": "Next", "new_email": "next@acme.example"}
A_WHILE = timedelta(hours=7)
"""Longer than the workflow waits between two looks at an order."""
CHANGES = ("OrdersApiFunction", "DeskApiFunction", "ConfirmPageFunction")


@dataclass(frozen=True)
class Act:
    """Something that somebody does, or time; says how it was answered, and nothing where nobody is."""

    do: Callable[[Walk], str]
    functions: tuple[str, ...] = CHANGES
    """Those whose calls are where another may come in between."""
    is_one_decision: bool = True
    """If not, others find the order as it is in the middle."""

    @property
    def is_a_request(self) -> bool:
        return self.functions == CHANGES


def said(answer: Response) -> str:
    """The status, and what won where another did."""
    is_problem = answer.headers["content-type"] == "application/problem+json"
    return f"{answer.status} {answer.json()['status']}" if is_problem else str(answer.status)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def by_staff(action: str, body: Json | None = None, who: str = "cs") -> Act:
    def do(walk: Walk) -> str:
        path, user = f"/api/desk/orders/{walk.order_id}/{action}", getattr(walk.lab.users, who)
        return said(walk.lab.http("POST", path, json=body or {}, user=user))

    return Act(do)


def by_customer(action: str, body: Json | None = None) -> Act:
    def do(walk: Walk) -> str:
        path, user = f"/api/orders/{walk.order_id}/{action}", walk.lab.users.customer
        return said(walk.lab.http("POST", path, json=body or {}, user=user))

    return Act(do)


def by_link(decision: str, *, of_quote: bool, right: bool = True) -> Act:
    def do(walk: Walk) -> str:
        mail = next(one for one in walk.lab.mails if one.link and bool(one.attachments) is of_quote)
        assert mail.link
        assert mail.code
        code = mail.code if right else wrong(mail.code)
        form = {"decision": decision, "name": "Connie", "code": code, "reason": "Less", **COLLEAGUE}
        return said(walk.lab.http("POST", mail.link, form=form))

    return Act(do)


def quote_anew(walk: Walk) -> str:
    path, body = f"/api/desk/orders/{walk.order_id}/quote", walk.quote_body(60)
    return said(walk.lab.http("POST", path, json=body, user=walk.lab.users.cs2))


def propose(walk: Walk) -> str:
    path = f"/api/desk/orders/{walk.order_id}/quote"
    return said(walk.lab.http("POST", path, json=walk.discounted("90"), user=walk.lab.users.agent))


def change_contact(walk: Walk) -> str:
    contact = {"name": "Next", "email": "next@acme.example"}
    walk.lab.account(
        "acme", hand_over="same_domain", enrollment={**accounts.body("acme")["enrollment"], "contact": contact}
    )
    walk.lab.settle()
    return ""


def remove_contact(walk: Walk) -> str:
    walk.lab.account(
        "acme", hand_over="same_domain", enrollment={**accounts.body("acme")["enrollment"], "contact": None}
    )
    walk.lab.settle()
    return ""


def bounce(walk: Walk) -> str:
    walk.lab.ses_event("Bounce", walk.mail(quote=True))
    walk.lab.settle()
    return ""


def pass_time(walk: Walk) -> str:
    """Over the moment at which the stage ends; less than a request may take."""
    walk.lab.advance(seconds=4)
    return ""


TIME = Act(pass_time, ("AwaitDecisionFunction", "SendQuoteFunction"))
ALWAYS: Mapping[str, Act] = {
    "comment": by_customer("comment", {"text": "Hm."}),
    "decline": by_staff("decline", {"reason": "Sold out"}),
    "contact": Act(change_contact, ("AccountChangesFunction",)),
    "parting": Act(remove_contact, ("AccountChangesFunction",)),
}
AT_THE_DESK: Mapping[str, Act] = {
    **ALWAYS,
    "claim": by_staff("claim", who="cs2"),
    "cancel": by_link("cancel", of_quote=False),
    "withdraw": by_customer("cancel"),
    "release": by_staff("release"),
    "quote": Act(quote_anew),
}
HELD: Mapping[str, Act] = {**AT_THE_DESK, "undo": by_staff("quote/undo"), "time": replace(TIME, is_one_decision=False)}
ON_OFFER: Mapping[str, Act] = {
    **ALWAYS,
    "contact": replace(ALWAYS["contact"], is_one_decision=False),  # that its mail has gone is an entry of its own
    "time": TIME,
    "approve": by_link("approve", of_quote=True),
    "wrong_code": by_link("approve", of_quote=True, right=False),
    "cancel": by_link("cancel", of_quote=True),
    "request_change": by_link("request_change", of_quote=True),
    "ask": by_link("ask", of_quote=True),
    "hand_over": replace(by_link("hand_over", of_quote=True), is_one_decision=False),  # as of another contact
    "withdraw": by_customer("cancel"),
    "quote": Act(quote_anew),
    "resend": by_staff("resend"),
    "bounce": Act(bounce, ("MailEventsFunction",)),
}
PROPOSED: Mapping[str, Act] = {
    **ON_OFFER,
    "propose": Act(propose),
    "approve_discount": by_staff("proposal/approve"),
    "refuse_discount": by_staff("proposal/refuse", {"reason": "Less"}, who="cs2"),
}
EXPIRED: Mapping[str, Act] = {
    **ALWAYS,
    "time": TIME,
    "ask_for_quote": by_link("request_quote", of_quote=True),
    "approve": by_link("approve", of_quote=True),
    "quote": Act(quote_anew),
    "resend": by_staff("resend"),
}


def submitted(walk: Walk) -> None:
    """Just before Customer Success is told that nobody claims it."""
    walk.place()
    walk.lab.advance_to(datetime.fromisoformat(walk.order()["placed_at"]) + timedelta(hours=24, seconds=-2))


def at_the_desk(walk: Walk) -> None:
    walk.place()
    walk.claim()


def held(walk: Walk) -> None:
    """Just before the mail goes, if nobody undoes the quote."""
    at_the_desk(walk)
    quote_anew(walk)
    walk.lab.advance(seconds=HELD_SECONDS - 2)


def on_offer(walk: Walk) -> None:
    """Just before the quote's last day is over, and the workflow looks."""
    at_the_desk(walk)
    now = walk.lab.clock.now().astimezone(ACCOUNTS_ZONE)
    walk.lab.advance_to(now.replace(hour=18, minute=0, second=1))
    walk.desk("quote", lambda order: order["quote"] is not None, walk.quote_body(0))
    walk.lab.advance_to(now.replace(hour=23, minute=59, second=59))
    assert walk.order()["quote"]["state"] == "offered"


def proposed(walk: Walk) -> None:
    """As `on_offer`, while a discount waits for approval."""
    walk.limit_discounts()
    on_offer(walk)
    assert propose(walk) == "202"
    walk.lab.settle()
    assert walk.order()["proposal"]


def expired(walk: Walk) -> None:
    """Just before the last day of grace is over."""
    on_offer(walk)
    walk.lab.advance(days=GRACE_DAYS)
    assert walk.order()["quote"]["state"] == "expired"


STAGES: Mapping[str, tuple[Callable[[Walk], None], Mapping[str, Act]]] = {
    "submitted": (submitted, {**AT_THE_DESK, "time": TIME}),
    "at_the_desk": (at_the_desk, AT_THE_DESK),
    "held": (held, HELD),
    "on_offer": (on_offer, ON_OFFER),
    "expired": (expired, EXPIRED),
    "proposed": (proposed, PROPOSED),
}


@dataclass(frozen=True)
class Race:
    """`first` is under way when `second` comes in between, before the n-th call of the first; 0: after the first."""

    first: str
    second: str
    n: int
    conflict: bool = False
    """Whether the n-th call, a write, arrives while the transaction of `second` is still in flight."""


@dataclass(frozen=True)
class Outcome:
    answers: Mapping[str, str]
    end: End
    wrong: list[str]
    calls: tuple[Call, ...]
    """Of the first act, where another can come in between."""


def run(walk: Walk, race: Race, acts: Mapping[str, Act]) -> Outcome:
    lab, first, second = walk.lab, acts[race.first], acts[race.second]
    responses: dict[str, str] = {}
    calls: list[Call] = []

    def overtake() -> None:
        with patch.object(lab.wire, "running", []):  # what happens is not that function's doing
            responses["second"] = second.do(walk)

    def watch(call: Call) -> None:
        if call.function in first.functions and "second" not in responses:
            calls.append(call)
            if len(calls) == race.n:
                overtake()
                if race.conflict:
                    lab.wire.fail(how="conflict", attempts=1)

    lab.wire.watch = watch
    responses["first"] = first.do(walk)
    lab.wire.watch = None
    if "second" not in responses:
        overtake()
    lab.settle()
    lab.advance(A_WHILE)
    wrong = [
        *disagreements(records_of(lab, walk.order_id)),
        *(f"{one.function} failed: {one.message}" for one in lab.errors),
    ]
    return Outcome(responses, end_of(walk), wrong, tuple(calls))


def apart_from_asking_mails(outcome: Outcome) -> tuple[Mapping[str, str], End]:
    """What two outcomes are compared by. SES may have a quote's mail when the order moves on, before that is noted; and
    a new contact person gets no mail with a link once the order is closed. `disagreements` bounds both."""
    asks = ("Quote for order", "Order … from Acme Ltd received", "Contact person missing")
    mails = {(outgoing, count) for outgoing, count in outcome.end.mails if not outgoing[1].startswith(asks)}
    return outcome.answers, replace(outcome.end, mails=frozenset(mails))


def outcomes(walk: Walk, races: list[Race], acts: Mapping[str, Act]) -> dict[Race, Outcome]:
    branches = Branches()

    def work() -> Outcome | None:
        for race in races:
            if branches.part(race):
                return run(walk, race, acts)
        return None

    branches.run(work)
    return branches.reports


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("stage", STAGES)
def test_whoever_is_overtaken_finds_the_order_as_if_they_had_come_later(
    stage: str, long: bool, report: Callable[[str], None]
) -> None:
    prepare, acts = STAGES[stage]
    pairs = [
        (first, second)
        for first in acts
        for second in acts
        if acts[first].is_a_request or acts[second].is_a_request  # the lab runs one thing at a time
    ]
    tried = pairs if long else SHORT[stage]
    with Lab.started(GraceDays=str(GRACE_DAYS), QuoteUndoSeconds=str(HELD_SECONDS if stage == "held" else 0)) as lab:
        lab.account("acme", hand_over="same_domain")
        lab.lag()
        walk = Walk(lab)
        prepare(walk)
        in_turn = outcomes(walk, [Race(*pair, 0) for pair in {*tried, *((two, one) for one, two in tried)}], acts)
        races = [
            Race(*pair, n, conflict)
            for pair in tried
            for n, call in enumerate(in_turn[Race(*pair, 0)].calls, 1)
            for conflict in ([False, True] if call.operation in CONFLICTING else [False])
        ]
        raced = outcomes(walk, races, acts)
    faults: dict[str, object] = {
        str(race): outcome.wrong for race, outcome in (in_turn | raced).items() if outcome.wrong
    }
    for race, outcome in raced.items():
        if not acts[race.first].is_one_decision:
            continue
        before, after = in_turn[Race(race.first, race.second, 0)], in_turn[Race(race.second, race.first, 0)]
        swapped = replace(after, answers={"first": after.answers["second"], "second": after.answers["first"]})
        if apart_from_asking_mails(outcome) not in (apart_from_asking_mails(before), apart_from_asking_mails(swapped)):
            faults[f"{race} ended otherwise"] = outcome, before, swapped
    report(
        f"races, {stage}: {len(tried)} of {len(pairs)} pairs of {len(acts)} acts, at {len(raced)} moments"
        f" ({sum(race.conflict for race in raced)} with a transaction in flight), {len(faults)} ended otherwise"
    )
    assert raced
    assert not faults


def test_a_fifth_wrong_code_locks_no_link_of_an_order_that_was_closed_meanwhile(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    assert mail.link
    assert mail.code
    form = {"decision": "approve", "name": "Connie", "code": wrong(mail.code)}
    for _ in range(4):
        assert lab.http("POST", mail.link, form=form).status == 403

    def decline() -> None:
        path = f"/api/desk/orders/{order_id}/decline"
        assert lab.http("POST", path, json={"reason": "Sold out"}, user=lab.users.cs).status == 200

    lab.wire.meanwhile(decline, service="dynamodb", operation="TransactWriteItems")
    assert lab.http("POST", mail.link, form=form).status == 409
    lab.settle()
    assert timeline(lab, order_id)[-1] == "order.canceled"
    assert order_of(lab, order_id)["status"] == "canceled"


@pytest.mark.parametrize("decision", ["approve", "cancel", "request_change"])
def test_a_wrong_code_that_meets_a_decision_in_flight_is_counted(lab: Lab, decision: str) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    assert mail.link
    assert mail.code
    form = {"decision": decision, "name": "Connie", "code": mail.code, "reason": "Less"}
    statuses: list[int] = []
    lab.wire.meanwhile(
        lambda: statuses.append(lab.http("POST", str(mail.link), form=form).status), operation="UpdateItem"
    )
    lab.wire.fail(operation="UpdateItem", how="conflict", attempts=1)
    statuses.append(lab.http("POST", mail.link, form={**form, "code": wrong(mail.code)}).status)
    assert statuses == [200, 403]
    (link,) = (item for item in lab.items if item["pk"].startswith("LINK#") and item["wrong_codes"])
    assert link["wrong_codes"] == 1
    lab.settle()
