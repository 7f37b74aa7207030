"""Handing over: to whom at once, what the desk agrees to, what becomes of the links, and who vouches for whom."""

from __future__ import annotations

from typing import Any

import pytest

from online_orders.domain.account_notifications import notices
from online_orders.domain.accounts import Account, Contact
from online_orders.domain.erasure import Person, erase_from_order
from online_orders.domain.errors import Conflict, TooManyRequests
from online_orders.domain.hand_over import MAX_HAND_OVERS, approve_hand_over, hand_over, refuse_hand_over
from online_orders.domain.orders import Change, Order
from online_orders.domain.representations import desk_row, flags_of, order_body
from online_orders.domain.timeline import Event
from tests.domain.builders import (
    CARLA,
    CLARA,
    CONNIE,
    DAY,
    LATER,
    NOW,
    Json,
    account_body,
    account_of,
    asked,
    claimed,
    expired,
    mailed,
    offered,
    sending,
    waiting_for_hand_over,
)

DORA = Contact(name="Dora", email="dora@acme.example")
ROBIN = Contact(name="Robin", email="robin@elsewhere.example")


def enrolled(policy: str, **enrollment: Any) -> Account:
    """Acme with a policy, and with Robin as a deputy of another year."""
    deputies = [{**ROBIN.model_dump(), "from": "2020-01-01", "until": "2020-02-01"}]
    body: Json = account_body()
    return account_of(hand_over=policy, enrollment={**body["enrollment"], "deputies": deputies, **enrollment})


def handed_over(account: Account | None = None, new: Contact = CARLA, order: Order | None = None) -> Change:
    return hand_over(order or offered(), account or enrolled("same_domain"), new, "Connie M.", "On leave", LATER)


@pytest.mark.parametrize(
    ("policy", "new", "event"),
    [
        ("desk", CARLA, Event.HAND_OVER_ASKED),
        ("desk", ROBIN, Event.HAND_OVER_ASKED),
        ("same_domain", CARLA, Event.HANDED_OVER),
        ("same_domain", Contact(name="Carla", email="carla@ACME.Example"), Event.HANDED_OVER),
        ("same_domain", ROBIN, Event.HAND_OVER_ASKED),
        ("same_domain", Contact(name="Carla", email="carla@evil.acme.example"), Event.HAND_OVER_ASKED),
        ("same_domain", Contact(name="Carla", email="carla@notacme.example"), Event.HAND_OVER_ASKED),
        ("same_domain", Contact(name="Carla", email="carla@xn--cme-6cd.example"), Event.HAND_OVER_ASKED),
        ("deputies", ROBIN, Event.HANDED_OVER),
        ("deputies", Contact(name="R.", email="Robin@Elsewhere.example"), Event.HANDED_OVER),
        ("deputies", CARLA, Event.HAND_OVER_ASKED),
    ],
)
def test_the_accounts_policy_says_to_whom_at_once(policy: str, new: Contact, event: Event) -> None:
    change = handed_over(enrolled(policy), new)
    assert [entry.event for entry in change.entries] == [event]
    assert (change.order.contact == new) is (event is Event.HANDED_OVER)


def test_the_domain_is_that_of_the_accounts_contact_and_not_of_whoever_hands_over() -> None:
    order = offered().resend(CLARA, ROBIN, NOW).order
    account, neighbor = enrolled("same_domain"), Contact(name="Rob", email="rob@elsewhere.example")
    assert hand_over(order, account, neighbor, "Robin", None, LATER).entries[0].event is Event.HAND_OVER_ASKED
    assert hand_over(order, account, CARLA, "Robin", None, LATER).entries[0].event is Event.HANDED_OVER


def test_a_hand_over_sends_the_same_quote_anew_and_kills_the_old_link() -> None:
    before = offered()
    change = handed_over(order=before)
    (entry,), after = change.entries, change.order
    assert (entry.actor.kind, entry.actor.name, entry.internal) == ("contact", "Connie M.", False)
    assert entry.data == {
        "revision": 1,
        "contact_changed": True,
        "recipient": CARLA.email,
        "recipient_name": CARLA.name,
        "former_recipient": CONNIE.email,
        "reason": "On leave",
    }
    assert (after.contact, after.quote, after.status) == (CARLA, before.quote, before.status)
    assert after.internals.quote_link == before.internals.quote_link + 1
    assert after.internals.order_link == before.internals.order_link + 1
    assert after.mail_is_pending
    assert after.version == before.version + 1
    assert mailed(after, LATER).approve("Carla", LATER).order.status == "completed"


def test_what_waits_for_the_desk_changes_nothing_until_it_agrees() -> None:
    before = offered()
    change = handed_over(enrolled("desk"), order=before)
    (entry,), after = change.entries, change.order
    assert (entry.data, entry.internal) == ({"revision": 1, "reason": "On leave"}, False)
    assert (after.contact, after.quote, after.version) == (before.contact, before.quote, before.version)
    assert not after.mail_is_pending
    assert flags_of(after, LATER) == ["hand_over_asked"]
    waiting = {"name": "Carla", "email": CARLA.email, "asked_by": "Connie M.", "at": "2026-11-22T11:00:00.000Z"}
    assert desk_row(after, {}, LATER)["hand_over"] == waiting
    assert "hand_over" not in order_body(after, {}, LATER)
    approved = approve_hand_over(after, CLARA, LATER)
    assert approved.order.contact == CARLA
    assert approved.entries[0].actor.name == CLARA.email
    assert approved.entries[0].data["former_recipient"] == CONNIE.email
    assert flags_of(approved.order, LATER) == []
    assert "hand_over" not in desk_row(approved.order, {}, LATER)


def test_after_a_refusal_the_contact_decides_as_before() -> None:
    refused = refuse_hand_over(waiting_for_hand_over(), CLARA, "We do not know her.", LATER)
    (entry,) = refused.entries
    assert (entry.event, entry.data) == (
        Event.HAND_OVER_REFUSED,
        {"revision": 1, "reason": "We do not know her."},
    )
    assert (refused.order.contact, refused.order.pending_hand_over) == (CONNIE, None)
    assert refused.order.approve("Connie", LATER).order.status == "completed"
    with pytest.raises(Conflict, match="No hand-over"):
        _refuse(refused.order)
    with pytest.raises(Conflict, match="No hand-over"):
        approve_hand_over(refused.order, CLARA, LATER)


def _refuse(order: Order) -> Change:
    return refuse_hand_over(order, CLARA, None, LATER)


def test_the_same_wish_again_changes_nothing_and_another_takes_its_place() -> None:
    order = waiting_for_hand_over()
    again = hand_over(order, account_of(), CARLA, "Connie", "Please!", LATER)
    assert (again.entries, again.order) == ((), order)
    other = hand_over(order, account_of(), DORA, "Connie", None, LATER).order
    assert other.pending_hand_over is not None
    assert other.pending_hand_over.email == DORA.email


def test_nobody_hands_over_in_circles_for_long() -> None:
    order, pair = offered(), (CARLA, CONNIE)
    for number in range(MAX_HAND_OVERS):
        order = mailed(handed_over(new=pair[number % 2], order=order).order)
    with pytest.raises(TooManyRequests):
        handed_over(new=CONNIE, order=order)
    order = offered(sending(order))
    for number in range(MAX_HAND_OVERS):
        new = Contact(name="Name", email=f"name-{number}@elsewhere.example")
        order = handed_over(enrolled("desk"), new, order).order
    with pytest.raises(TooManyRequests):
        handed_over(enrolled("desk"), ROBIN, order)


@pytest.mark.parametrize(
    ("policy", "new"), [("never", CARLA), ("same_domain", Contact(name="Me", email="CONNIE@acme.example"))]
)
def test_nothing_is_handed_over_to_oneself_or_against_the_policy(policy: str, new: Contact) -> None:
    with pytest.raises(Conflict):
        handed_over(enrolled(policy), new)


@pytest.mark.parametrize("order", [claimed(), sending(), expired(), offered().approve("Connie", NOW).order])
def test_a_quote_that_is_not_on_offer_is_not_handed_over(order: Order) -> None:
    with pytest.raises(Conflict):
        handed_over(order=order)


def test_the_desk_does_not_agree_to_a_hand_over_of_a_quote_that_is_past() -> None:
    order = waiting_for_hand_over()
    with pytest.raises(Conflict, match="no longer on offer"):
        approve_hand_over(order, CLARA, NOW + 60 * DAY)
    assert _refuse(order).order.pending_hand_over is None


WAITING = waiting_for_hand_over()


@pytest.mark.parametrize(
    "order",
    [
        WAITING.approve("Connie", NOW).order,
        WAITING.request_change("Connie", "Less", NOW).order,
        WAITING.decline(CLARA, "Over.", NOW).order,
        WAITING.resend(CLARA, DORA, NOW).order,
        WAITING.sync_contact(DORA, None, NOW).order,
        WAITING.sync_contact(None, None, NOW).order,
        offered(WAITING),
        expired(order=WAITING),
        handed_over(new=DORA, order=WAITING).order,
    ],
    ids=["approved", "changed", "declined", "resent", "other contact", "removed", "requoted", "expired", "handed over"],
)
def test_a_wish_ends_with_the_offer_and_with_who_had_it(order: Order) -> None:
    assert order.pending_hand_over is None
    with pytest.raises(Conflict):
        approve_hand_over(order, CLARA, NOW)


def test_a_wish_stays_when_the_quote_goes_to_the_same_contact_again() -> None:
    assert WAITING.resend(CLARA, None, NOW).order.pending_hand_over is not None


# -- who vouches --------------------------------------------------------------------------------------------------

NEW_CONTACT = {"name": "Nora", "email": "nora@acme.example"}


def synced(order: Order, account: Account) -> Order:
    return order.sync_with_account(account, CLARA.email, LATER).order


def test_a_colleague_stays_while_the_account_names_who_handed_over() -> None:
    order = handed_over().order
    assert synced(order, enrolled("same_domain")).contact == CARLA
    assert not order.has_stale_contact(enrolled("same_domain"))


def test_with_a_contact_who_loses_the_place_the_colleague_loses_it_at_once() -> None:
    order, replaced = handed_over().order, enrolled("same_domain", contact=NEW_CONTACT)
    assert order.has_stale_contact(replaced)
    after = synced(order, replaced)
    assert after.contact.email == NEW_CONTACT["email"]
    assert after.internals.quote_link == order.internals.quote_link + 1
    assert not after.internals.has_own_contact
    assert not after.has_stale_contact(replaced)


def test_without_any_contact_the_order_of_a_colleague_waits_for_one() -> None:
    order, nobody = handed_over().order, enrolled("same_domain", contact=None)
    assert order.has_stale_contact(nobody)
    assert synced(order, nobody).lacks_contact


def test_the_place_of_a_colleague_ends_along_the_whole_chain() -> None:
    order = mailed(handed_over().order)
    order = hand_over(order, enrolled("same_domain"), DORA, "Carla", None, LATER).order
    assert synced(order, enrolled("same_domain")).contact == DORA
    assert synced(order, enrolled("same_domain", contact=NEW_CONTACT)).contact.email == NEW_CONTACT["email"]


def test_a_deputy_decides_by_the_own_place() -> None:
    order = handed_over(enrolled("deputies"), ROBIN).order
    assert synced(order, enrolled("deputies", contact=NEW_CONTACT)).contact == ROBIN
    assert synced(order, enrolled("deputies", deputies=[])).contact == CONNIE


def test_a_colleague_whom_the_account_names_meanwhile_stays() -> None:
    order, named = handed_over().order, enrolled("same_domain", contact=CARLA.model_dump())
    assert not order.has_stale_contact(named)
    assert synced(order, named).contact == CARLA


def test_what_the_desk_has_agreed_to_is_the_orders_own_affair() -> None:
    order = approve_hand_over(waiting_for_hand_over(), CLARA, LATER).order
    assert synced(order, enrolled("desk", contact=NEW_CONTACT)).contact == CARLA


# -- erasing ------------------------------------------------------------------------------------------------------


def erased(order: Order, email: str) -> Order:
    return erase_from_order(order, Person(email), LATER, wrote_reason=False, successor=None).order


def test_a_wish_ends_when_one_of_both_is_erased() -> None:
    for email in (CARLA.email, CONNIE.email):
        after = erased(WAITING, email)
        assert after.pending_hand_over is None
        assert email not in after.model_dump_json()


def test_a_wish_loses_the_name_of_another_who_is_erased() -> None:
    order = hand_over(offered(), account_of(), CARLA, "Dora Doe", None, NOW).order
    after = erase_from_order(
        order, Person(DORA.email, frozenset({"Dora Doe"})), LATER, wrote_reason=False, successor=None
    )
    assert after.order.pending_hand_over is not None
    assert after.order.pending_hand_over.asked_by == "[erased]"


def test_who_handed_over_is_erased_and_vouches_no_more() -> None:
    after = erased(handed_over().order, CONNIE.email)
    assert CONNIE.email not in after.model_dump_json()
    assert after.contact == CARLA
    assert after.has_stale_contact(enrolled("same_domain", contact=None))
    assert erased(asked(), CARLA.email) == asked()


def test_the_contact_is_told_of_another_policy() -> None:
    told = notices(account_of(), enrolled("same_domain", deputies=[]))
    assert [(notice.kind, notice.to) for notice in told] == [("account_changed", CONNIE)]


def test_another_colleague_in_place_of_one_who_waits_is_another_version() -> None:
    first = handed_over(enrolled("desk"), order=offered()).order
    other = Contact(name="Carl", email="carl@acme.example")
    second = hand_over(first, enrolled("desk"), other, "Connie M.", None, LATER).order
    assert second.pending_hand_over is not None
    assert second.pending_hand_over.email == other.email
    assert second.version == first.version + 1
