"""Questions about a quote: what they change, what ends them, and who waits for whom meanwhile."""

from __future__ import annotations

import pytest

from online_orders.domain import order_schedule, questions
from online_orders.domain.erasure import Person, erase_from_entry, is_done_by
from online_orders.domain.errors import Conflict, TooManyRequests
from online_orders.domain.mail_kinds import MailKind, Role
from online_orders.domain.notifications import Notification, has_link
from online_orders.domain.order_schedule import Policy, late_after
from online_orders.domain.orders import Order
from online_orders.domain.representations import flags_of
from online_orders.domain.timeline import Event
from tests.domain.builders import (
    CARLA,
    CLARA,
    CONNIE,
    CONRAD,
    DAY,
    HOUR,
    LATER,
    NOW,
    asked,
    claimed,
    expired,
    offered,
    sending,
    waiting_for_hand_over,
)


def test_a_question_leaves_order_quote_and_link_as_they_are() -> None:
    before = offered()
    change = questions.ask(before, "Connie M.", "How soon?", (), LATER)
    (entry,) = change.entries
    assert (entry.event, entry.actor.kind, entry.actor.name, entry.internal) == (
        Event.ASKED,
        "contact",
        "Connie M.",
        False,
    )
    assert entry.data == {
        "revision": 1,
        "asked_name": CONNIE.name,
        "asked_email": CONNIE.email,
        "text": "How soon?",
    }
    after = change.order
    assert (after.version, after.updated_at, after.status) == (before.version, before.updated_at, before.status)
    assert after.quote == before.quote
    assert after.internals.quote_link == before.internals.quote_link
    assert after.approve("Connie", LATER).order.status == "completed"
    assert flags_of(after, NOW) == ["question_open"]


def test_the_text_of_an_open_question_again_changes_nothing() -> None:
    order = asked()
    assert questions.ask(order, "Connie", "How soon?", {"How soon?"}, LATER).entries == ()
    assert len(questions.ask(order, "Connie", "And when?", {"How soon?"}, LATER).entries) == 1


def test_there_are_ten_open_questions_at_most() -> None:
    order = offered()
    for number in range(questions.MAX_OPEN_QUESTIONS):
        order = asked(order, f"Question {number}")
    with pytest.raises(TooManyRequests):
        asked(order, "One more")
    order = questions.answer(order, CLARA, "Yes.", LATER).order
    assert len(asked(order, "One more").open_questions) == questions.MAX_OPEN_QUESTIONS


def test_answered_questions_about_a_quote_are_limited_too() -> None:
    order = offered()
    for number in range(questions.MAX_QUESTIONS):
        order = questions.answer(asked(order, f"Question {number}"), CLARA, "Yes.", NOW).order
    with pytest.raises(TooManyRequests):
        asked(order, "One more")
    assert len(asked(offered(sending(order)), "Of the next").open_questions) == 1


@pytest.mark.parametrize("order", [claimed(), sending(), expired(), offered().approve("Connie", NOW).order])
def test_nothing_is_asked_about_a_quote_that_is_not_on_offer(order: Order) -> None:
    with pytest.raises(Conflict):
        asked(order)


def test_nothing_is_asked_once_the_last_day_is_over() -> None:
    with pytest.raises(Conflict):
        asked(offered(), at=NOW + 60 * DAY)


def test_an_answer_is_of_the_oldest_open_question() -> None:
    order = asked(asked(), "And when?")
    first = questions.answer(order, CLARA, "Soon.", LATER)
    (entry,) = first.entries
    asking = order.open_questions[0].sequence
    assert (entry.event, entry.actor.name, entry.internal) == (Event.ANSWERED, CLARA.email, False)
    assert entry.data == {"revision": 1, "question": asking, "text": "Soon."}
    assert first.order.version == order.version + 1
    second = questions.answer(first.order, CLARA, "In May.", LATER)
    assert second.entries[0].data["question"] == order.open_questions[1].sequence
    assert second.order.open_questions == ()
    assert flags_of(second.order, NOW) == []
    with pytest.raises(Conflict, match="No question"):
        questions.answer(second.order, CLARA, "Again.", LATER)


@pytest.mark.parametrize(
    "ended",
    [
        asked().approve("Connie", NOW).order,
        asked().cancel("Connie", None, NOW).order,
        asked().request_change("Connie", "Less", NOW).order,
        asked().decline(CLARA, "Over.", NOW).order,
        offered(asked()),
    ],
)
def test_a_decision_a_revision_and_the_end_of_the_order_end_open_questions(ended: Order) -> None:
    assert ended.open_questions == ()
    assert late_after(ended, Policy()) is None or ended.status == "in_process"
    with pytest.raises(Conflict):
        questions.answer(ended, CLARA, "Too late.", LATER)


def test_questions_stay_with_the_revision_when_another_contact_is_asked() -> None:
    assert len(asked().resend(CLARA, CARLA, LATER).order.open_questions) == 1
    assert len(asked().sync_contact(CARLA, None, LATER).order.open_questions) == 1


def test_a_reminder_waits_for_the_answer_and_for_the_day_after() -> None:
    third = NOW + 3 * DAY
    assert order_schedule.tick(offered(), Policy(), third).entries[0].event is Event.REMINDED
    order = order_schedule.tick(asked(), Policy(), third).order
    assert order_schedule.tick(order, Policy(), third).entries == ()
    answered = questions.answer(order, CLARA, "Soon.", third).order
    assert order_schedule.tick(answered, Policy(), third + HOUR).entries == ()
    assert order_schedule.tick(answered, Policy(), third + DAY).entries[0].event is Event.REMINDED


def test_a_question_does_not_keep_a_quote_from_expiring() -> None:
    order = expired(order=asked())
    assert order.quote is not None
    assert order.quote.state == "expired"
    assert questions.answer(order, CLARA, "Too late.", NOW + 60 * DAY).order.open_questions == ()


@pytest.mark.parametrize("order", [asked(), waiting_for_hand_over()])
def test_who_waits_for_the_desk_makes_it_late_and_is_told_of_once(order: Order) -> None:
    policy = Policy(unclaimed_hours=5)
    assert late_after(order, policy) == NOW + 5 * HOUR
    assert order_schedule.tick(order, policy, NOW + 4 * HOUR).entries == ()
    told = order_schedule.tick(order, policy, NOW + 5 * HOUR)
    (entry,) = told.entries
    assert (entry.event, entry.internal) == (Event.STALE, True)
    assert entry.data == {"hours": 5, "asked_since": "2026-11-22T10:00:00.000Z"}
    assert order_schedule.tick(told.order, policy, NOW + 9 * HOUR).entries == ()


def test_the_body_has_each_question_with_its_answer() -> None:
    change = questions.ask(offered(), "Connie M.", "How soon?", (), NOW)
    entries = {entry.sequence: entry for entry in change.entries}
    assert questions.question_bodies(change.order, entries) == [
        {
            "sequence": change.entries[0].sequence,
            "at": "2026-11-22T10:00:00.000Z",
            "name": "Connie M.",
            "text": "How soon?",
            "answer": None,
        }
    ]
    answered = questions.answer(change.order, CONRAD, "Soon.", LATER)
    entries |= {entry.sequence: entry for entry in answered.entries}
    assert set(questions.sequences(answered.order)) == set(entries)
    (body,) = questions.question_bodies(answered.order, entries)
    assert body["answer"] == {"at": "2026-11-22T11:00:00.000Z", "text": "Soon.", "by": CONRAD.email}


def test_whoever_asked_is_erased_with_the_text_also_once_another_is_asked() -> None:
    (entry,) = questions.ask(offered(), "Connie M.", "I am Connie M., how soon?", (), NOW).entries
    connie, carla = Person(CONNIE.email), Person(CARLA.email)
    assert is_done_by(entry, connie, CARLA, None)
    assert not is_done_by(entry, carla, CARLA, None)
    erased = erase_from_entry(entry, connie, own=True)
    assert (erased.actor.name, erased.data["text"], erased.data["asked_email"]) == ("[erased]",) * 3


def test_the_answer_about_a_quote_that_has_expired_brings_no_link() -> None:
    order = asked(offered())
    past = LATER + 400 * DAY
    expired_since = order_schedule.tick(order, Policy(), past).order
    for now, expected in ((order, True), (expired_since, False)):
        change = questions.answer(now, CLARA, "Yes.", past)
        due = Notification(MailKind.ANSWER, Role.CONTACT)
        assert has_link(due, change.order, change.entries[0]) is expected
