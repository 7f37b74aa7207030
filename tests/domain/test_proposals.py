"""Quotes whose discount waits for approval: what becomes of them, who sees them, and who is erased from them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from online_orders.domain import hand_over, order_delivery, order_schedule, proposals, questions
from online_orders.domain.certificates import certificate_document
from online_orders.domain.csv_pages import csv_page
from online_orders.domain.erasure import ERASED_USER, Person, erase_from_entry, erase_from_order
from online_orders.domain.errors import Conflict, TooLarge
from online_orders.domain.events import detail_of
from online_orders.domain.evidence import evidence_of
from online_orders.domain.order_schedule import Policy
from online_orders.domain.orders import Order
from online_orders.domain.proposals import Proposal
from online_orders.domain.quotes import QuoteState
from online_orders.domain.representations import desk_row, flags_of, order_body
from online_orders.domain.search_words import order_words
from online_orders.domain.timeline import PUBLISHED, Event
from tests.domain.builders import (
    CARLA,
    CLARA,
    CONNIE,
    CONRAD,
    DAY,
    HOLD,
    KEY_ID,
    LATER,
    NOW,
    account_of,
    assert_well_kept,
    claimed,
    held,
    judge_quote,
    line_of,
    mailed,
    offered,
    place,
    proposed,
    quote_for,
    sending,
)

SECRET = "Secret terms of the proposal"
PROPOSAL_EVENTS = {Event.QUOTE_PROPOSED, Event.QUOTE_PROPOSAL_APPROVED, Event.QUOTE_PROPOSAL_REFUSED}


def test_a_proposal_leaves_the_offer_as_it_is_and_raises_the_version() -> None:
    before = offered()
    after = proposed(before, LATER)
    assert after.quote == before.quote
    assert after.status == before.status
    assert after.internals.quote_link == before.internals.quote_link
    assert after.version == before.version + 1
    assert after.proposal
    assert (after.proposal.asked_by, after.proposal.asked_at, after.proposal.reasons) == (CONRAD, LATER, ("percent",))
    assert after.proposal.quote.revision == 2
    assert after.approve("Connie", LATER).order.quote == before.approve("Connie", LATER).order.quote


def test_the_entries_name_who_asked_who_decided_and_how_much() -> None:
    waiting = proposed().proposal
    assert waiting
    change = proposals.propose(
        claimed(), waiting.quote, waiting.request, waiting.reasons, waiting.figures, CONRAD, LATER
    )
    assert_well_kept(claimed(), change)
    (asked,) = change.entries
    assert (asked.event, asked.internal, asked.actor.name) == (Event.QUOTE_PROPOSED, True, CONRAD.email)
    said = {"reasons": ["percent"], "percent": "50.00"}
    assert asked.data == said
    approved = proposals.approve(change.order, quote_for(change.order), CLARA, LATER)
    assert_well_kept(change.order, approved)
    asker = {"proposed_by": "conrad", "proposed_by_name": CONRAD.email, "proposed_by_email": CONRAD.email}
    assert [(entry.event, entry.internal, entry.actor.name, entry.data) for entry in approved.entries] == [
        (Event.QUOTE_PROPOSAL_APPROVED, True, CLARA.email, {**asker, **said}),
        (Event.QUOTE_PREPARED, True, CLARA.email, {"revision": 1}),
    ]
    refused = proposals.refuse(change.order, "Too much", CLARA, LATER)
    assert_well_kept(change.order, refused)
    (entry,) = refused.entries
    assert (entry.event, entry.internal) == (Event.QUOTE_PROPOSAL_REFUSED, True)
    assert entry.data == {"reason": "Too much", **asker, **said}
    assert (refused.order.proposal, refused.order.version) == (None, change.order.version + 1)


def test_approving_makes_the_offer_and_supersedes_the_one_before() -> None:
    before = proposed(offered())
    change = proposals.approve(before, quote_for(before), CLARA, LATER, HOLD)
    assert change.order.version == before.version + 1
    assert change.order.proposal is None
    assert change.order.quote
    assert (change.order.quote.revision, change.order.quote.state) == (2, QuoteState.SENDING)
    assert change.replaced
    assert (change.replaced.revision, change.replaced.state) == (1, QuoteState.SUPERSEDED)
    assert change.order.undo_until == LATER + HOLD
    assert [entry.event for _, entry in change.steps] == [Event.QUOTE_PROPOSAL_APPROVED, Event.QUOTE_PREPARED]


ENDED: dict[str, Callable[[], Order]] = {
    "never asked for": claimed,
    "approved": lambda: proposals.approve(proposed(), quote_for(claimed()), CLARA, NOW).order,
    "approved and undone": lambda: (
        proposals.approve(proposed(), quote_for(claimed()), CLARA, NOW, HOLD).order.undo_quote(CONRAD, NOW).order
    ),
    "refused": lambda: proposals.refuse(proposed(), "Too much", CLARA, NOW).order,
    "quoted instead": lambda: sending(proposed()),
    "declined": lambda: proposed().decline(CLARA, "sold out", NOW).order,
    "approved by the contact": lambda: proposed(offered()).approve("Connie", NOW).order,
    "canceled by the contact": lambda: proposed(offered()).cancel("Connie", None, NOW).order,
    "expired and canceled": lambda: (
        order_schedule.tick(
            order_schedule.tick(proposed(offered()), Policy(), NOW + 60 * DAY).order, Policy(), NOW + 90 * DAY
        ).order
    ),
}


@pytest.mark.parametrize("ending", ENDED)
def test_what_does_not_wait_any_more_is_neither_approved_nor_refused(ending: str) -> None:
    order = ENDED[ending]()
    assert order.proposal is None
    assert "discount_asked" not in flags_of(order, LATER)
    with pytest.raises(Conflict):
        proposals.approve(order, quote_for(claimed()), CLARA, LATER)
    with pytest.raises(Conflict):
        proposals.refuse(order, "Too much", CLARA, LATER)


WAITING: dict[str, Callable[[], Order]] = {
    "change requested": lambda: proposed(offered()).request_change("Connie", "less", LATER).order,
    "quote undone": lambda: proposed(held()).undo_quote(CONRAD, NOW).order,
    "resent": lambda: proposed(offered()).resend(CONRAD, None, LATER).order,
    "released": lambda: proposed().release(CONRAD, LATER).order,
    "claimed": lambda: proposed().claim(CLARA, LATER).order,
    "contact changed": lambda: proposed(offered()).sync_contact(CARLA, None, LATER).order,
    "asked": lambda: questions.ask(proposed(offered()), "Connie", "How soon?", (), LATER).order,
    "handed over": lambda: (
        hand_over.hand_over(
            proposed(offered()), account_of(hand_over="same_domain"), CARLA, "Connie", None, LATER
        ).order
    ),
    "bounced": lambda: order_delivery.quote_bounced(proposed(offered()), 1, KEY_ID, "full", LATER).order,
    "mailed": lambda: mailed(proposed(sending()), LATER),
    "expired": lambda: order_schedule.tick(proposed(offered()), Policy(), NOW + 60 * DAY).order,
}


@pytest.mark.parametrize("meanwhile", WAITING)
def test_a_proposal_waits_while_the_order_is_open(meanwhile: str) -> None:
    order = WAITING[meanwhile]()
    assert order.proposal
    assert "discount_asked" in flags_of(order, LATER)
    later = NOW + 61 * DAY
    approved = proposals.approve(order, quote_for(order, NOW), CLARA, later).order
    assert approved.quote
    assert approved.quote.revision == (order.quote.revision if order.quote else 0) + 1


def test_a_new_request_takes_the_place_of_the_one_that_waits() -> None:
    first, second = proposed(), proposed(proposed(), LATER, by=CLARA, message="Second")
    assert first.proposal
    assert second.proposal
    assert (second.proposal.asked_by, second.proposal.quote.message) == (CLARA, "Second")
    assert second.version == first.version + 1


def test_an_order_that_is_closed_or_not_yet_claimed_has_no_proposal() -> None:
    for order in (place().order, offered().approve("Connie", NOW).order, claimed().decline(CLARA, "no", NOW).order):
        with pytest.raises(Conflict):
            proposed(order)


def test_a_proposal_that_does_not_fit_the_order_is_refused() -> None:
    lines = [line_of(description="x" * 200, message="y" * 500, discount={"percent": "50"}) for _ in range(200)]
    with pytest.raises(TooLarge):
        proposed(offered(terms="z" * 10_000), lines=[*lines], terms="ä" * 10_000, message="ö" * 2_000)


def test_the_request_is_kept_as_it_can_be_judged_again() -> None:
    lines = [line_of("1", 10, discount={"amount": 5}, unit_cost="7.5", starts_on="2027-01-01", prorate=False)]
    waiting = proposed(lines=lines, price_sources={"x": 1}, unpriced=[], confirmed_start_dates={"1": "2027-01-07"})
    assert waiting.proposal
    assert waiting.proposal.request == {
        "valid_until": "2027-01-01",
        "lines": [
            {
                "item_id": "1",
                "description": "Public IPv4",
                "quantity": 4,
                "unit_price": "10",
                "recurrence": "monthly",
                "discount": {"amount": "5"},
                "unit_cost": "7.5",
                "starts_on": "2027-01-01",
            }
        ],
        "confirmed_start_dates": {"1": "2027-01-07"},
    }
    assert Order.model_validate_json(waiting.model_dump_json()) == waiting


# Who sees it.


def with_secret() -> Order:
    lines = [line_of(discount={"percent": "50"}, description=SECRET, unit_cost="7.77")]
    order = proposed(offered(), message=SECRET, terms=SECRET, lines=lines)
    assert SECRET in order.model_dump_json()
    return order


def test_customers_see_no_trace_of_it() -> None:
    order, before = with_secret(), offered()
    shown = order_body(order, {}, NOW)
    assert "proposal" not in shown
    assert SECRET not in json.dumps(shown)
    assert shown["quote"] == order_body(before, {}, NOW)["quote"]
    assert not {"approve_discount", "refuse_discount"} & {*shown["actions"]}


def test_the_desk_sees_it_without_costs_of_lines_and_only_leads_may_decide() -> None:
    order = with_secret()
    row = desk_row(order, {}, NOW)
    assert row["proposal"]["asked_by"] == {"user_id": "conrad", "email": CONRAD.email}
    assert row["proposal"]["reasons"] == ["percent"]
    assert row["proposal"]["figures"] == {
        "currency": "EUR",
        "list_total": "480.00",
        "net_total": "240.00",
        "discount": "240.00",
        "percent": "50.00",
        "cost_total": "372.96",
        "margin_percent": "-55.40",
    }
    assert row["proposal"]["quote"]["lines"][0]["amount"] == "20.00"
    assert "request" not in row["proposal"]
    assert "7.77" not in json.dumps(row)
    assert "discount_asked" in row["flags"]
    decisions = {"approve_discount", "refuse_discount"}
    assert not decisions & {*row["actions"]}
    assert decisions <= {*desk_row(order, {}, NOW, may_approve=True)["actions"]}
    assert not desk_row(order, {}, NOW, may_act=False, may_approve=True)["actions"]
    assert "proposal" not in desk_row(offered(), {}, NOW)


def test_it_is_in_no_event_certificate_search_figure_or_table() -> None:
    order = with_secret()
    assert not PUBLISHED & PROPOSAL_EVENTS
    assert order_words(order, None) == order_words(offered(), None)
    assert csv_page([order_body(order, {}, NOW)]) == csv_page([order_body(offered(), {}, NOW) | {"version": 5}])
    approved = proposals.approve(order, quote_for(order), CLARA, LATER)
    for after, entry in (*approved.steps, *proposals.refuse(order, SECRET, CLARA, LATER).steps):
        assert SECRET not in detail_of(after, entry).model_dump_json()
    done = mailed(approved.order, LATER).approve("Connie", LATER)
    evidence = evidence_of(done.order, "approve", "Connie", CONNIE.email, None, None)
    assert evidence.revision == 2
    document = certificate_document(
        done.order, "Acme", evidence, done.order.quote, [*approved.entries, *done.entries], LATER
    )
    assert "quote.prepared" in document
    for secret in (SECRET, "proposal", "reasons", "percent"):
        assert secret not in document
    assert SECRET not in done.order.model_dump_json()


# Erasing.


def test_whoever_asked_is_erased_and_names_go_from_texts_that_nobody_has_seen() -> None:
    person = Person.from_email(CONRAD.email, ["Conrad Clerk"])
    order = proposed(
        message="Yours, Conrad Clerk", lines=[line_of(discount={"percent": "50"}, description=CONRAD.email)]
    )
    change = erase_from_order(order, person, LATER, wrote_reason=False, successor=None)
    after = change.order.proposal
    assert after
    assert after.asked_by == ERASED_USER
    left = after.model_dump_json()
    assert CONRAD.email not in left
    assert "Clerk" not in left
    assert after.figures == order.proposal.figures if order.proposal else False
    entry = proposals.refuse(order, "Ask Conrad Clerk", CLARA, LATER).entries[0]
    erased = erase_from_entry(entry, person, own=False).data
    assert {erased[name] for name in ("proposed_by", "proposed_by_name", "proposed_by_email")} == {"[erased]"}
    assert erased["reason"] == "Ask [erased]"
    assert erased["percent"] == "50.00"


def test_what_replaces_the_person_makes_no_text_of_a_proposal_too_long_to_be_read() -> None:
    person = Person.from_email("x@y.example", ["A B", "rate", "monthly"])
    tax = {"treatment": "rate", "rate": "19", "label": "A B " * 10, "sentence": "A B " * 75}
    line = line_of(discount={"percent": "50"}, description="A B " * 50, message="A B\n" * 125, tax=tax)
    order = proposed(message="A B\n" * 500, terms="A B\n" * 2_500, lines=[line])
    change = erase_from_order(order, person, LATER, wrote_reason=False, successor=None)
    stored = Order.model_validate_json(change.order.model_dump_json())
    order = change.order
    assert order.proposal
    assert Proposal.model_validate_json(order.proposal.model_dump_json()) == order.proposal
    assert not person.is_named_in(order.proposal.quote.model_dump_json(include={"message", "terms", "tax_sentences"}))
    assert stored.order_id == order.order_id
    quote = judge_quote(order.proposal.request, items=len(order.items))
    assert order.proposal.is_offered_by(quote)
    assert quote.lines[0].tax
    assert quote.lines[0].tax.label == ("[erased] " * 10)[:40].strip()


def test_a_proposal_without_the_person_stays_as_it_is() -> None:
    order = proposed()
    person = Person.from_email("nobody@vendor.example")
    assert erase_from_order(order, person, LATER, wrote_reason=False, successor=None).entries == ()
