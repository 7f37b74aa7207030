"""Questions and hand-overs by link, call by call: what is stored with them, and who comes too late."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import pytest

from online_orders.aws import link_store, question_store
from online_orders.aws.link_decisions import handle_decision, handle_view
from online_orders.domain import questions
from online_orders.domain.approval_links import LinkContext
from online_orders.domain.confirmation import FormNotice, LinkResult, Outcome, parse_form
from online_orders.domain.orders import Order
from tests.aws.desk import in_place_of_aws
from tests.aws.test_link_decisions import AT, OFFERED, SENDER, LinkDesk
from tests.domain.builders import CARLA, CLARA, CONNIE, account_of, asked, waiting_for_hand_over

COLLEAGUE = {"new_name": CARLA.name, "new_email": CARLA.email}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[LinkDesk]:
    desk = LinkDesk()
    monkeypatch.setenv("SITE_URL", "https://orders.example")
    with in_place_of_aws(desk, monkeypatch):
        yield desk


def send(desk: LinkDesk, decision: str, **changes: str) -> LinkResult:
    return send_by(desk.present(), decision, **changes)


def send_by(context: LinkContext, decision: str, **changes: str) -> LinkResult:
    typed = {"decision": decision, "name": "Connie C.", "reason": "How soon?", "code": context.code, **changes}
    form = parse_form(typed, context.link, context.order.contact, context.account.hand_over)
    return handle_decision(context, form, SENDER, AT)


def said(result: LinkResult) -> tuple[Outcome | None, HTTPStatus, FormNotice | None]:
    return result.outcome, result.status, result.form.notice


def test_a_question_is_stored_once_and_leaves_no_evidence(desk: LinkDesk) -> None:
    desk.store(OFFERED, account_of())
    assert said(send(desk, "ask")) == (None, 200, FormNotice.QUESTION_SENT)
    assert [entry.event for entry in desk.entries()] == ["order.asked"]
    assert desk.evidence is None
    assert question_store.open_texts(desk.order) == {"How soon?"}
    assert said(send(desk, "ask")) == (None, 200, FormNotice.QUESTION_SENT)
    assert len(desk.order.open_questions) == 1
    (body,) = question_store.questions_member(desk.order)["questions"]
    assert (body["name"], body["text"], body["answer"]) == ("Connie C.", "How soon?", None)
    assert question_store.questions_member(OFFERED) == {}


def test_a_hand_over_is_stored_with_its_evidence(desk: LinkDesk) -> None:
    for policy, outcome, notice in (
        ("same_domain", Outcome.HANDED_OVER, None),
        ("desk", None, FormNotice.HAND_OVER_ASKED),
    ):
        desk.table.items.clear()
        desk.store(OFFERED, account_of(hand_over=policy))
        result = send(desk, "hand_over", **COLLEAGUE)
        assert said(result) == (outcome, 200, notice)
        assert desk.evidence is not None
        assert (desk.evidence.decision, desk.evidence.recipient, desk.evidence.name, desk.evidence.at) == (
            "hand_over",
            CONNIE.email,
            "Connie C.",
            AT,
        )


def test_who_looks_again_reads_that_a_hand_over_waits(desk: LinkDesk) -> None:
    desk.store(waiting_for_hand_over(), account_of())
    assert said(handle_view(desk.present(), AT)) == (None, 200, FormNotice.HAND_OVER_ASKED)


def full() -> Order:
    order = OFFERED
    for number in range(questions.MAX_OPEN_QUESTIONS):
        order = asked(order, f"Question {number}")
    return order


def test_beyond_the_limit_the_form_is_shown_again_as_it_was(desk: LinkDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question_store, "open_texts", lambda order: frozenset())
    desk.store(full(), account_of())
    result = send(desk, "ask")
    assert said(result) == (None, 429, FormNotice.TOO_MANY_QUESTIONS)
    assert (result.form.decision, result.form.reason, result.retry_after_seconds) == ("ask", "How soon?", 3_600)


def test_who_asks_or_hands_over_after_a_decision_comes_too_late(desk: LinkDesk) -> None:
    for decision, changes in (("ask", {}), ("hand_over", COLLEAGUE)):
        desk.table.items.clear()
        desk.store(OFFERED, account_of())
        context = desk.present()
        desk.follow(lambda order: order.approve("Connie", AT))
        assert send_by(context, decision, **changes)[1:3] == (Outcome.ALREADY_DECIDED, 409)


def test_who_decides_after_a_hand_over_is_not_asked_any_more(desk: LinkDesk) -> None:
    desk.store(OFFERED, account_of(hand_over="same_domain"))
    context = desk.present()
    send_by(context, "hand_over", **COLLEAGUE)
    assert send_by(context, "approve")[1:3] == (Outcome.PARTED, 410)
    assert handle_view(link_store.load_link(context.token), AT)[1:3] == (Outcome.PARTED, 410)


def test_an_answer_is_shown_with_its_question(desk: LinkDesk) -> None:
    desk.store(OFFERED, account_of())
    send(desk, "ask")
    desk.follow(lambda order: questions.answer(order, CLARA, "Soon.", AT))
    (body,) = question_store.questions_member(desk.order)["questions"]
    assert (body["text"], body["answer"]["text"], body["answer"]["by"]) == ("How soon?", "Soon.", CLARA.email)
    assert question_store.open_texts(desk.order) == frozenset()
