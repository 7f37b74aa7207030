"""Erasing a person: every trace goes, the order stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from online_orders.domain import erasure, hand_over, handling, order_delivery
from online_orders.domain.accounts import ERASED, ERASED_EMAIL, Account, Contact
from online_orders.domain.catalog import settings_of
from online_orders.domain.erasure import ERASED_CONTACT, ERASED_USER, Person, is_confirmation_naming
from online_orders.domain.errors import Conflict
from online_orders.domain.evidence import evidence_of
from online_orders.domain.order_parts import User
from online_orders.domain.order_requests import parse_order
from online_orders.domain.orders import Order
from online_orders.domain.quote_parts import Buyer
from online_orders.domain.representations import desk_row, order_body, to_json
from online_orders.domain.roles import DESK
from online_orders.domain.service_users import NewServiceUser, ServiceUser, create
from online_orders.domain.timeline import Actor, Entry, Event
from tests.domain.builders import (
    ANNA,
    CARLA,
    CLARA,
    CONNIE,
    CONRAD,
    KEY_ID,
    LATER,
    NOW,
    ORDER_ID,
    account_of,
    assert_well_kept,
    claimed,
    item_of,
    offered,
    place,
    quote_for,
    site_body,
    without_snapshot,
)
from tests.domain.test_catalog_rules import HOST, SITE, TIER, both, catalog_of, kind_of

WHO = Person.from_email(CONNIE.email).with_names("Connie Contact")
BUYER = Person.from_email(ANNA.email)
STAFF = Person.from_email(CLARA.email)


def erased(order: Order, person: Person, **how: Any) -> Order:
    change = erasure.erase_from_order(order, person, LATER, **{"wrote_reason": False, "successor": None, **how})
    assert_well_kept_but_for_people(order, change.order)
    assert [entry.sequence for entry in change.entries] == list(
        range(order.internals.sequence + 1, change.order.internals.sequence + 1)
    )
    return change.order


def assert_well_kept_but_for_people(before: Order, after: Order) -> None:
    kept = {"order_id", "account_id", "source", "status", "version", "placed_at", "items", "quote"}
    assert all(getattr(before, name) == getattr(after, name) for name in kept)


@pytest.mark.parametrize("address", ["", "connie", "a@b", "connie@acme.example, eve@x.example", ERASED_EMAIL])
def test_only_the_address_of_a_person_can_be_erased(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Person.from_email(address)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Ask connie@acme.example.", f"Ask {ERASED}."),
        ("Ask CONNIE@ACME.EXAMPLE, please", f"Ask {ERASED}, please"),
        ("<connie@acme.example>", f"<{ERASED}>"),
        ("connie@acme.example.org and bonnie.connie@acme.example", None),
        ("connie  contact\nsaid so", f"{ERASED}\nsaid so"),
        ("Ms Connie Contact's word", f"Ms {ERASED}'s word"),
        ("Connie Contacts", None),
        ("Connie said so", None),
    ],
)
def test_address_and_names_are_found_in_texts_and_nothing_like_them(text: str, after: str | None) -> None:
    assert WHO.redact(text) == (text if after is None else after)
    assert WHO.is_named_in(text) is (after is not None)


def test_a_name_of_one_word_is_looked_for_only_when_it_is_given() -> None:
    assert Person.from_email(CONNIE.email).with_names("May").redact("You may come in May.") == "You may come in May."
    assert Person.from_email(CONNIE.email, ["Connie"]).redact("Connie, Connies") == f"{ERASED}, Connies"


def test_a_name_may_hold_whatever_regular_expressions_mean() -> None:
    assert Person.from_email(CONNIE.email, ["A. (B) [c]*"]).redact("by A. (B) [c]*") == f"by {ERASED}"


def test_the_contact_goes_and_the_quote_verifies() -> None:
    before = offered().approve("Connie Contact", NOW).order
    after = erased(before, WHO)
    assert after.contact == ERASED_CONTACT
    assert after.quote
    assert after.quote.content_hash(after.account_id, after.order_id) == after.quote.sha256
    assert (after.placed_by, after.closed) == (before.placed_by, before.closed)


def test_the_placer_goes_with_the_note() -> None:
    body = {"note": "Call me.", "purchase_order_number": "PO anna@acme.example"}
    after = erased(place(body=body).order, BUYER)
    assert (after.placed_by, after.note, after.purchase_order_number) == (ERASED_USER, ERASED, f"PO {ERASED}")
    assert after.contact == CONNIE


def test_somebody_elses_note_keeps_its_words_but_for_the_name() -> None:
    after = erased(place(body={"note": "Connie Contact knows the door."}).order, WHO)
    assert after.note == f"{ERASED} knows the door."


def test_an_assignee_goes_and_the_order_is_anybodys() -> None:
    after = erased(claimed(), STAFF)
    assert after.assignee is None
    assert after.claim(User(user_id="conrad", email="conrad@vendor.example"), LATER).order.assignee


def test_a_reason_goes_with_who_wrote_it() -> None:
    order = claimed().decline(CLARA, "Connie Contact has left.", NOW).order
    for who, wrote, reason in ((STAFF, True, ERASED), (WHO, False, f"{ERASED} has left.")):
        closed = erased(order, who, wrote_reason=wrote).closed
        assert closed
        assert closed.reason == reason


def test_erasing_is_idempotent_and_leaves_unrelated_orders_alone() -> None:
    order = place().order
    assert erased(order, Person.from_email("eve@acme.example")) is order
    once = erased(order, WHO)
    assert erased(once, WHO) is once


def test_erasing_is_internal_names_nobody_and_keeps_the_version() -> None:
    order = offered()
    change = erasure.erase_from_order(order, WHO, LATER, wrote_reason=False, successor=None)
    (entry,) = change.entries
    assert (entry.event, entry.actor, entry.data, entry.internal) == (
        Event.PERSON_ERASED,
        Actor(kind="system"),
        {},
        True,
    )
    assert change.order.version == order.version


def test_an_open_order_goes_on_to_the_accounts_present_contact() -> None:
    own = offered().resend(CLARA, Contact(name="Dee", email="dee@acme.example"), NOW).order
    after = erased(own, Person.from_email("dee@acme.example"), successor=CARLA)
    assert after.contact == CARLA
    assert after.mail_is_pending
    assert after.internals.quote_link == own.internals.quote_link + 1
    change = erasure.erase_from_order(
        own, Person.from_email("dee@acme.example"), LATER, wrote_reason=False, successor=CARLA
    )
    assert change.entries[-1].actor == Actor(kind="customer_success", name="operator")
    closed = offered().approve("Connie", NOW).order
    assert erased(closed, WHO, successor=CARLA).contact == ERASED_CONTACT


def test_an_order_keeps_whoever_is_somebody_else() -> None:
    after = erased(claimed(place(body={"note": "Call me."}).order), BUYER, successor=CARLA)
    assert (after.contact, after.placed_by, after.note) == (CONNIE, ERASED_USER, ERASED)
    assert after.assignee == CLARA


def test_an_order_without_contact_waits_and_sends_nothing() -> None:
    after = erased(offered(), WHO)
    with pytest.raises(Conflict, match="erased"):
        after.resend(CLARA, None, LATER)
    change = after.resend(CLARA, CARLA, LATER)
    assert_well_kept(after, change)
    assert change.order.mail_is_pending
    assert after.sync_contact(CARLA, CLARA.email, LATER).order.contact == CARLA


def entry_of(event: Event, actor: Actor, **data: Any) -> Entry:
    return Entry(sequence=3, at=NOW, actor=actor, event=event, data=data)


BY_ANNA = Actor(kind="customer", name=ANNA.email)
BY_CLARA = Actor(kind="customer_success", name=CLARA.email)
BY_CONTACT = Actor(kind="contact", name="C. Contact")


@pytest.mark.parametrize(
    ("entry", "who", "own", "data"),
    [
        (entry_of(Event.COMMENTED, BY_ANNA, text="Hello."), BUYER, True, {"text": ERASED}),
        (entry_of(Event.COMMENTED, BY_ANNA, text="Hello."), STAFF, False, {"text": "Hello."}),
        (entry_of(Event.COMMENTED, BY_CLARA, text="Ask Connie Contact"), WHO, False, {"text": f"Ask {ERASED}"}),
        (
            entry_of(Event.CANCELED, BY_ANNA, by="customer", reason="No."),
            BUYER,
            True,
            {"by": "customer", "reason": ERASED},
        ),
        (
            entry_of(Event.CANCELED, BY_ANNA, by="customer", reason=None),
            BUYER,
            True,
            {"by": "customer", "reason": None},
        ),
        (entry_of(Event.CLAIMED, BY_CLARA, assignee="clara"), STAFF, True, {"assignee": "erased"}),
        (
            entry_of(Event.CHANGE_REQUESTED, BY_CONTACT, revision=1, reason="So."),
            WHO,
            True,
            {"revision": 1, "reason": ERASED},
        ),
        (
            entry_of(Event.COMPLETED, BY_CONTACT, asked_name="C", asked_email=WHO.email.upper()),
            WHO,
            True,
            {"asked_name": ERASED, "asked_email": ERASED},
        ),
        (
            entry_of(Event.COMPLETED, BY_CONTACT, asked_name="Carla", asked_email=CARLA.email),
            BUYER,
            False,
            {"asked_name": "Carla", "asked_email": CARLA.email},
        ),
        (entry_of(Event.UNDELIVERABLE, Actor(kind="system"), reason="Full."), WHO, False, {"reason": "Full."}),
    ],
)
def test_an_entry_keeps_what_happened_and_loses_who_did_it(
    entry: Entry, who: Person, own: bool, data: dict[str, Any]
) -> None:
    assert erasure.is_done_by(entry, who, CONNIE, None) is own
    after = erasure.erase_from_entry(entry, who, own=own)
    assert after.data == data
    assert after.actor == entry.actor.model_copy(update={"name": ERASED} if own else {})
    assert (after.sequence, after.at, after.event, after.internal) == (3, entry.at, entry.event, entry.internal)
    assert erasure.erase_from_entry(after, who, own=erasure.is_done_by(after, who, CONNIE, None)) == after


def test_a_decision_by_link_is_whose_address_the_link_was_sent_to() -> None:
    order = offered().approve("Dee", NOW).order
    evidence = evidence_of(order, "approve", "Dee", "dee@acme.example", "203.0.113.7", "Firefox")
    entry = entry_of(Event.COMPLETED, BY_CONTACT)
    assert not erasure.is_done_by(entry, WHO, CONNIE, evidence)
    assert erasure.is_done_by(entry, Person.from_email("Dee@acme.example"), CONNIE, evidence)


def test_evidence_keeps_what_was_decided_and_loses_who_did_it() -> None:
    order = offered().approve("C. Contact", NOW).order
    evidence = evidence_of(order, "approve", "C. Contact", CONNIE.email, "203.0.113.7", "Firefox")
    after = erasure.erase_from_evidence(evidence, WHO)
    assert (after.name, after.recipient, after.address, after.agent) == (ERASED, ERASED_EMAIL, None, None)
    assert (after.decision, after.revision, after.sha256, after.at) == ("approve", 1, evidence.sha256, evidence.at)
    assert erasure.erase_from_evidence(evidence, BUYER) == evidence


def test_the_answer_to_a_repeated_request_names_nobody() -> None:
    order = place(body={"note": "Call me.", "purchase_order_number": "PO-7"}).order
    response = to_json(order_body(order, {}, NOW))
    without_both = erasure.erase_from_response(erasure.erase_from_response(response, WHO), BUYER)
    before, after = json.loads(response), json.loads(without_both)
    assert (after["placed_by"], after["contact"]) == (ERASED_USER.model_dump(), ERASED_CONTACT.model_dump())
    assert after["note"] == ERASED
    assert {**after, **{name: before[name] for name in ("placed_by", "contact", "note")}} == before
    assert erasure.erase_from_response(response, STAFF) is response


def test_an_account_without_its_contact_places_no_orders() -> None:
    account = erasure.erase_from_account(account_of(), WHO)
    assert account.enrollment
    assert account.enrollment.contact is None
    assert erasure.erase_from_account(account_of(), BUYER) == account_of()


def test_an_account_keeps_its_deputies_but_for_the_person() -> None:
    days = {"from": "2026-12-01", "until": "2026-12-10"}
    deputies = [
        {"name": "Connie Contact", "email": WHO.email.upper(), **days},
        {"name": "Dora", "email": "dora@acme.example", **days},
    ]
    enrollment = account_of().model_dump(mode="json")["enrollment"] | {"deputies": deputies}
    after = erasure.erase_from_account(account_of(enrollment=enrollment), WHO)
    assert after.enrollment
    assert [each.name for each in after.enrollment.deputies] == ["Dora"]


def test_quotes_whose_own_texts_name_the_person_are_told_of() -> None:
    order = claimed()
    quotes = [quote_for(order, message="Dear Connie Contact"), quote_for(order)]
    assert erasure.quotes_naming(WHO, quotes) == [1]
    buyer = Buyer(billing_address="Sole Trader\nConnie Contact\n4 Hill St")
    told = [quotes[1].model_copy(update={"buyer": buyer}), quote_for(order, message="Dear all,\nConnie Contact asked.")]
    assert erasure.quotes_naming(WHO, told) == [1, 1]


@pytest.mark.parametrize(
    "value",
    ["Connie Contact", "Sole\nConnie Contact\nHill", {"a": [1, None, ("x\tConnie\nContact",)]}, {"a": CONNIE.email}],
)
def test_names_are_found_wherever_a_line_begins(value: Any) -> None:
    assert WHO.is_named_in_any(value)
    assert WHO.is_named_in_any([value])
    assert not WHO.is_named_in_any(["nConnie Contact", {"Connie Contact": 1}, 7, None])


def test_a_quote_that_is_being_sent_to_nobody_is_given_up() -> None:
    order = erased(claimed().offer(quote_for(claimed()), CLARA, NOW).order, WHO)
    change = order_delivery.quote_refused(order, order.internals.quote_link, "The contact person was erased.", LATER)
    assert change.entries[0].event is Event.UNDELIVERABLE
    follows = change.order.sync_contact(CARLA, CLARA.email, LATER).order
    assert follows.mail_is_pending
    assert (
        order_delivery.quote_mailed(follows, follows.internals.quote_link, KEY_ID, LATER).order.status
        == "pending_confirmation"
    )


HOME = site_body("home", name="Office of Connie Contact", address="c/o Connie Contact, 4 Hill St")


def test_a_site_that_names_the_person_names_nobody_in_what_was_ordered_for_it() -> None:
    order = offered(claimed(place(item_of("socket", site_id="home"), account=account_of(sites=[HOME])).order))
    response = json.loads(erasure.erase_from_response(to_json(order_body(order, {}, NOW)), WHO))
    after = erased(order, WHO)
    for site in (response["items"][0]["site"], order_body(after, {}, NOW)["items"][0]["site"]):
        assert site == {"name": f"Office of {ERASED}", "address": f"c/o {ERASED}, 4 Hill St"}
    assert erasure.pdfs_naming(WHO, order) == [1]
    assert erasure.pdfs_naming(WHO, after) == []


def test_orders_of_an_account_that_is_called_like_the_person_call_it_so_no_more() -> None:
    order = offered(claimed(place(account=account_of(name="Connie Contact e.K.")).order))
    after = erased(order, WHO)
    assert desk_row(after, {}, NOW)["account_name"] == f"{ERASED} e.K."
    assert "Connie Contact" not in erasure.erase_from_response(to_json(order_body(order, {}, NOW)), WHO)
    assert erasure.pdfs_naming(WHO, order) == [1]
    assert erasure.pdfs_naming(WHO, after) == []


def test_erasing_of_an_order_without_snapshot_needs_none() -> None:
    order = without_snapshot(offered())
    assert erased(order, WHO).snapshot is None
    assert erasure.pdfs_naming(WHO, order) == []


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Ask CONNIE contact.", f"Ask {ERASED}."),
        ("Ask Connie  Contact, or C. VAN\nContact.", f"Ask {ERASED}, or {ERASED}."),
        ("Ask connie.", f"Ask {ERASED}."),
        (f"{ERASED} is no name.", f"{ERASED} is no name."),
    ],
)
def test_every_name_that_was_given_or_found_is_taken_out_the_longest_first(text: str, after: str) -> None:
    person = (
        Person.from_email(CONNIE.email, [" Connie ", ""])
        .with_names("Connie Contact", ERASED)
        .with_names("C. van Contact")
    )
    assert person.redact(text) == after


@pytest.mark.parametrize("event", list(Event))
@pytest.mark.parametrize("own", [True, False])
def test_an_assignee_is_a_trace_only_where_the_person_claimed_the_order(event: Event, own: bool) -> None:
    entry = entry_of(event, BY_CLARA, assignee="clara", other="clara")
    gone = own and event is Event.CLAIMED
    after = erasure.erase_from_entry(entry, STAFF, own=own)
    assert after.data == {"assignee": "erased" if gone else "clara", "other": "clara"}


def test_evidence_of_somebody_elses_decision_loses_the_name_alone() -> None:
    order = offered().approve("Connie Contact for Dee", NOW).order
    evidence = evidence_of(order, "approve", "Connie Contact for Dee", "dee@acme.example", "203.0.113.7", "Firefox")
    after = erasure.erase_from_evidence(evidence, WHO)
    assert after == evidence.model_copy(update={"name": f"{ERASED} for Dee"})


def test_an_entry_without_who_was_asked_is_not_taken_for_one_that_names_nobody() -> None:
    entry = entry_of(Event.COMPLETED, BY_CONTACT, asked_name="Carla")
    assert erasure.erase_from_entry(entry, WHO, own=False).data == {"asked_name": "Carla"}


def test_the_papers_of_every_revision_name_what_a_site_is_called() -> None:
    placed = place(item_of("socket", site_id="home"), account=account_of(sites=[HOME])).order
    assert erasure.pdfs_naming(WHO, placed) == []
    order = offered(claimed(placed))
    again = order.offer(quote_for(order), CLARA, LATER).order
    assert erasure.pdfs_naming(WHO, again) == [1, 2]
    assert erasure.pdfs_naming(BUYER, again) == []


def test_a_version_of_an_account_keeps_that_there_was_somebody() -> None:
    days = {"from": "2026-12-01", "until": "2026-12-10"}
    deputies = [
        {"name": "Connie", "email": WHO.email.upper(), **days},
        {"name": "Dora", "email": "d@x.example", **days},
    ]
    enrollment = account_of().model_dump(mode="json")["enrollment"] | {"deputies": deputies}
    before = account_of(enrollment=enrollment, sites=[HOME])
    after = erasure.erase_from_version(before, WHO)
    assert after.enrollment
    assert after.enrollment.contact == ERASED_CONTACT
    assert [(each.name, each.email) for each in after.enrollment.deputies] == [
        (ERASED, ERASED_EMAIL),
        ("Dora", "d@x.example"),
    ]
    assert before.enrollment
    assert [each.first_day for each in after.enrollment.deputies] == [
        each.first_day for each in before.enrollment.deputies
    ]
    assert [(site.name, site.address) for site in after.sites] == [(f"Office of {ERASED}", f"c/o {ERASED}, 4 Hill St")]
    assert erasure.erase_from_version(before, STAFF) == before
    assert erasure.erase_from_version(account_of(enrollment=None), WHO).enrollment is None


def test_of_two_names_the_longer_is_taken_out_however_they_are_spelled() -> None:
    person = Person.from_email(CONNIE.email, ["connie", "Connie Contact"])
    assert person.redact("Ask Connie Contact.") == f"Ask {ERASED}."


def test_the_words_of_a_catalog_are_no_names_of_a_site() -> None:
    order = offered(claimed(place(item_of("sdp_users")).order))
    assert order.snapshot
    (word,) = (word for key, word in order.snapshot.words["en"].items() if key.startswith("sdp_users.region."))
    assert erasure.pdfs_naming(Person.from_email(CONNIE.email, [word]), order) == []


def test_an_answer_without_the_person_is_written_as_the_first_one_was() -> None:
    order = place(body={"note": "Grüße", "purchase_order_number": "PO-7"}).order
    without = order.model_copy(update={"contact": ERASED_CONTACT})
    assert erasure.erase_from_response(to_json(order_body(order, {}, NOW)), WHO) == to_json(
        order_body(without, {}, NOW)
    )


def test_an_account_without_the_person_has_no_site_that_names_it() -> None:
    before = account_of(sites=[HOME, site_body("shell")])
    home, shell = erasure.erase_from_account(before, WHO).sites
    assert (home.name, home.address) == (f"Office of {ERASED}", f"c/o {ERASED}, 4 Hill St")
    assert (home.site_id, home.country, shell) == ("home", "DE", before.sites[1])


@pytest.mark.parametrize("erase", [erasure.erase_from_account, erasure.erase_from_version])
def test_what_an_account_says_for_its_invoices_loses_the_person(erase: Callable[[Account, Person], Account]) -> None:
    before = account_of(billing_address="Acme Ltd.\nc/o Connie Contact\n4 Hill St", tax_number="Connie Contact 7")
    after = erase(before, WHO)
    assert (after.billing_address, after.tax_number) == (f"Acme Ltd.\nc/o {ERASED}\n4 Hill St", f"{ERASED} 7")
    assert erase(before, STAFF) == before
    kept = erase(account_of(), WHO)
    assert (kept.billing_address, kept.tax_number) == (None, None)


def test_what_replaces_the_person_makes_no_text_too_long_to_be_read() -> None:
    person = Person.from_email("x@y.example", ["A B"])
    site = site_body("a") | {"name": "A B " * 50, "address": "A B " * 125}
    before = account_of(billing_address="A B\n" * 125, tax_number="A B " * 16, sites=[site])
    after = erasure.erase_from_account(before, person)
    assert Account.model_validate_json(after.model_dump_json()) == after
    assert not person.is_named_in(after.model_dump_json())
    asked = NewServiceUser(name="A B " * 50, scopes=("desk:read",))
    user = create(asked, DESK, user_id="m-1", username="m-1@x.example", secret="shown once", by=CLARA, at=NOW)
    machine = erasure.erase_from_service_user(user, person)
    assert ServiceUser.model_validate_json(machine.model_dump_json()) == machine


def test_a_line_of_text_that_was_ordered_loses_the_person_and_keeps_the_rest() -> None:
    tier = {**TIER, "choices": [{"value": "Connie", "labels": both("Connie Contact")}]}
    catalog = catalog_of(kind_of("support", SITE, {**HOST, "max_length": 90}, tier, rules=[{"rule": "one_per_site"}]))
    asked = {"kind": "support", "site_id": "store", "host": "Ask Connie Contact", "tier": "Connie"}
    body = {"items": [{**asked, "start_date": "2027-01-05"}, item_of("ip_addresses")]}
    order = parse_order(
        body, order_id=ORDER_ID, account=account_of(), catalog=catalog, source="online", by=ANNA, at=NOW
    ).order
    person = Person.from_email("other@acme.example", ["Connie", "Connie Contact"])
    change = erasure.erase_from_order(order, person, LATER, wrote_reason=False, successor=None)
    assert settings_of(change.order.items[0]) == {"site_id": "store", "host": f"Ask {ERASED}", "tier": "Connie"}
    assert change.order.items[1] == order.items[1]
    response = to_json(order_body(order, {}, NOW))
    first, second = json.loads(erasure.erase_from_response(response, person))["items"]
    assert (first["host"], first["tier"], first["site_id"]) == (f"Ask {ERASED}", "Connie", "store")
    assert second == json.loads(response)["items"][1]
    quoted = offered(claimed(order))
    assert erasure.pdfs_naming(person, quoted) == [1]
    assert erasure.pdfs_naming(Person.from_email("other@acme.example", ["Carla"]), quoted) == []


def test_an_assignment_loses_the_person_and_keeps_the_colleague() -> None:
    (entry,) = handling.assign(place().order, CONRAD, CLARA, LATER).entries
    by_clara = erasure.erase_from_entry(entry, STAFF, own=True)
    assert (by_clara.actor.name, by_clara.data) == (ERASED, entry.data)
    to_conrad = erasure.erase_from_entry(entry, Person.from_email(CONRAD.email), own=False)
    assert (to_conrad.actor, to_conrad.data) == (entry.actor, dict.fromkeys(entry.data, ERASED))
    assert erasure.is_assigned_to(entry, Person.from_email(CONRAD.email))
    assert not erasure.is_assigned_to(entry, STAFF)
    assert not erasure.is_claimed_by_actor(entry)


def test_the_name_given_with_a_hand_over_goes_with_whoever_handed_over() -> None:
    asked = hand_over.hand_over(offered(), account_of(), CARLA, "Cornelia", None, LATER).order
    (entry,) = hand_over.approve_hand_over(asked, CLARA, LATER).entries
    data = erasure.erase_from_entry(entry, WHO, own=False).data
    assert (data["former_recipient"], data["asked_by"], data["recipient"]) == (ERASED, ERASED, CARLA.email)


def test_a_certificate_of_an_account_that_is_called_like_the_person_names_the_person() -> None:
    decision = {"recipient": CARLA.email, "name": "Carla"}
    trader = {"decision": decision, "account_name": "Connie Contact"}
    assert erasure.is_certified(trader, WHO)
    assert not erasure.is_certified({**trader, "account_name": "Acme"}, WHO)


def test_a_confirmation_names_whom_the_purchase_order_number_names() -> None:
    person = Person.from_email("po@acme.example", ["Connie Contact 7"])
    order = offered()
    assert not is_confirmation_naming(person, order.approve("Connie", NOW).order)
    named = order.approve("Connie", NOW, None, "PO Connie Contact 7").order
    assert is_confirmation_naming(person, named)
    assert not is_confirmation_naming(person, order.model_copy(update={"purchase_order_number": "Connie Contact 7"}))
