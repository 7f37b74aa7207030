"""What a link permits in every state of its order, and the result of its form: one for each, by a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest

from online_orders.domain import order_schedule
from online_orders.domain.accounts import Account, HandOverPolicy
from online_orders.domain.approval_links import Link, LinkContext, LinkState, code_of, link_context, proof_of, token_of
from online_orders.domain.confirmation import (
    DecisionForm,
    FormError,
    FormState,
    Outcome,
    decide_by_link,
    judge,
    parse_form,
    result_of,
    result_of_lost_race,
    view,
)
from online_orders.domain.order_schedule import Policy
from online_orders.domain.orders import Order
from tests.domain.builders import (
    CARLA,
    CLARA,
    CONNIE,
    DAY,
    KEY_ID,
    LATER,
    NOW,
    account_of,
    claimed,
    expired,
    offered,
    place,
    sending,
)

KEY = b"a key of thirty-two random bytes"
SOUND = {"decision": "approve", "name": "Connie", "code": "123456"}
COLLEAGUE = {"new_name": CARLA.name, "new_email": CARLA.email}


def link_of(order: Order, purpose: str = "quote", **changes: Any) -> Link:
    link = Link(
        purpose="quote" if purpose == "quote" else "order",
        account_id=order.account_id,
        order_id=order.order_id,
        source=order.source,
        revision=order.quote.revision if purpose == "quote" and order.quote else 0,
        number=order.internals.quote_link if purpose == "quote" else order.internals.order_link,
        key_id=KEY_ID,
    )
    return link.model_copy(update=changes)


def presented(
    order: Order, link: Link | None = None, account: Account | None = None, proofs: frozenset[str] = frozenset()
) -> LinkContext:
    link = link or link_of(order)
    token = token_of(KEY, link, CONNIE.email)
    return link_context(token, proofs, link, KEY, order, account or account_of())


def by_order(order: Order, **changes: Any) -> LinkContext:
    return presented(order, link_of(order, "order", **changes))


OFFERED, SUBMITTED = offered(), place().order
RENEWED = OFFERED.resend(CLARA, None, NOW).order
REQUOTED = sending(OFFERED)
PARTED = OFFERED.sync_contact(None, None, NOW).order
OTHER = OFFERED.sync_contact(CARLA, None, NOW).order
EXPIRED_UNSENT = order_schedule.expire_unmailed(sending(), 14, NOW + 60 * DAY).order
LOCKED: dict[str, Any] = {"wrong_codes": 5}

STATES: list[tuple[Callable[[], LinkContext], LinkState]] = [
    (lambda: presented(OFFERED), LinkState.OPEN),
    (lambda: by_order(SUBMITTED), LinkState.OPEN),
    (lambda: by_order(claimed()), LinkState.OPEN),
    (lambda: by_order(OFFERED), LinkState.SUPERSEDED),
    (lambda: presented(RENEWED, link_of(OFFERED)), LinkState.SUPERSEDED),
    (lambda: presented(REQUOTED, link_of(OFFERED)), LinkState.IN_PREPARATION),
    (lambda: presented(REQUOTED.decline(CLARA, "Over.", NOW).order, link_of(OFFERED)), LinkState.NEVER_RENEWED),
    (lambda: presented(PARTED, link_of(OFFERED)), LinkState.PARTED),
    (lambda: presented(OTHER, link_of(OFFERED)), LinkState.PARTED),
    (lambda: presented(OFFERED, account=account_of(enrollment=None)), LinkState.PARTED),
    (lambda: presented(expired()), LinkState.EXPIRED),
    (lambda: presented(expired(), link_of(expired(), **LOCKED)), LinkState.EXPIRED),
    (lambda: presented(OFFERED, link_of(OFFERED, **LOCKED)), LinkState.LOCKED),
    (lambda: by_order(SUBMITTED, **LOCKED), LinkState.LOCKED),
    (lambda: presented(OFFERED.approve("Connie", NOW).order), LinkState.APPROVED),
    (lambda: presented(OFFERED.cancel("Connie", None, NOW).order), LinkState.CANCELED),
    (lambda: presented(OFFERED.request_change("Connie", "Less", NOW).order), LinkState.CHANGE_REQUESTED),
    (lambda: by_order(SUBMITTED.cancel("Connie", None, NOW).order), LinkState.CANCELED),
    (lambda: presented(OFFERED.decline(CLARA, "Over.", NOW).order), LinkState.CLOSED),
    (
        lambda: presented(OFFERED.request_change("Connie", "Less", NOW).order.decline(CLARA, "Over.", NOW).order),
        LinkState.CLOSED,
    ),
    (lambda: by_order(SUBMITTED.decline(CLARA, "Over.", NOW).order), LinkState.CLOSED),
    (lambda: by_order(OFFERED.request_change("Connie", "Less", NOW).order), LinkState.OPEN),
    (lambda: by_order(OFFERED.approve("Connie", NOW).order), LinkState.CLOSED),
    (lambda: by_order(EXPIRED_UNSENT), LinkState.OPEN),
    (lambda: by_order(sending(), number=0), LinkState.SUPERSEDED),
    (lambda: presented(sending(RENEWED), link_of(RENEWED)), LinkState.IN_PREPARATION),
    (lambda: presented(SUBMITTED, link_of(OFFERED)), LinkState.SUPERSEDED),
    (lambda: presented(SUBMITTED, link_of(OFFERED, number=0)), LinkState.SUPERSEDED),
]
ANSWERS = {
    LinkState.OPEN: (None, 200, 200),
    LinkState.SUPERSEDED: (Outcome.REPLACED, 410, 410),
    LinkState.IN_PREPARATION: (Outcome.IN_PREPARATION, 410, 410),
    LinkState.NEVER_RENEWED: (Outcome.CLOSED, 410, 410),
    LinkState.PARTED: (Outcome.PARTED, 410, 410),
    LinkState.EXPIRED: (Outcome.EXPIRED, 410, 410),
    LinkState.LOCKED: (Outcome.LOCKED, 200, 423),
    LinkState.APPROVED: (Outcome.APPROVED, 200, 200),
    LinkState.CANCELED: (Outcome.CANCELED, 200, 200),
    LinkState.CHANGE_REQUESTED: (Outcome.CHANGE_REQUESTED, 200, 200),
    LinkState.CLOSED: (Outcome.CLOSED, 200, 409),
}
"""What is said of each state, and with which status to a look and to a form."""


@pytest.mark.parametrize(
    ("present", "state"), STATES, ids=[f"{number} {state}" for number, (_, state) in enumerate(STATES, start=1)]
)
def test_a_link_has_one_state(present: Callable[[], LinkContext], state: LinkState) -> None:
    context = present()
    assert context.state(NOW) is state
    outcome, looked, sent = ANSWERS[state]
    assert (view(context, NOW).outcome, view(context, NOW).status) == (outcome, looked)
    assert (result_of(context, NOW).outcome, result_of(context, NOW).status) == (outcome, sent)


def test_every_state_is_among_those_that_are_tried() -> None:
    assert {state for _, state in STATES} == set(LinkState) == set(ANSWERS)


def test_a_quote_expires_with_its_last_day_whether_or_not_the_workflow_has_looked() -> None:
    assert OFFERED.quote
    last = datetime.combine(OFFERED.quote.valid_until, datetime.max.time(), NOW.tzinfo)
    states = [presented(OFFERED).state(at) for at in (last, last + timedelta(seconds=1))]
    assert states == [LinkState.OPEN, LinkState.EXPIRED]
    closed = order_schedule.tick(expired(), Policy(), NOW + 365 * DAY).order
    assert presented(closed).state(NOW + 365 * DAY) is LinkState.CLOSED


def test_a_link_has_the_code_that_its_mail_has() -> None:
    assert presented(OFFERED).code == code_of(KEY, link_of(OFFERED), CONNIE.email)


def test_who_has_a_proof_has_a_count_of_wrong_codes_of_his_own() -> None:
    link = link_of(OFFERED, wrong_codes=5, wrong_codes_of_asker=0)
    proofs = frozenset({"x", proof_of(KEY, link, CONNIE.email)})
    assert presented(OFFERED, link, proofs=proofs).state(NOW) is LinkState.OPEN
    assert presented(OFFERED, link, proofs=frozenset({"x"})).state(NOW) is LinkState.LOCKED


def test_who_looks_again_reads_that_a_fresh_quote_was_asked() -> None:
    order = expired()
    requested = presented(order.ask_for_fresh_quote(LATER).order)
    assert (view(requested, LATER).outcome, view(requested, LATER).status) == (Outcome.FRESH_QUOTE_ASKED, 410)
    assert result_of(requested, LATER).outcome is Outcome.EXPIRED


# -- the form -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({}, []),
        ({"decision": " cancel "}, []),
        ({"decision": "request_quote", "name": ""}, []),
        ({"code": " 12 34\u00a056"}, []),
        ({"name": "n" * 200, "decision": "request_change", "reason": "r" * 1_000}, []),
        ({"decision": ""}, ["decision_missing"]),
        ({"decision": "request_mail "}, ["decision_missing"]),
        ({"name": " \u202e"}, ["name_missing"]),
        ({"name": "n" * 201}, ["name_too_long"]),
        ({"decision": "request_change", "reason": "\x00 "}, ["reason_missing"]),
        ({"reason": "r" * 1_001}, ["reason_too_long"]),
        ({"code": " "}, ["code_missing"]),
        ({"code": "12345"}, ["code_malformed"]),
        ({"extra": "x", "code": "1"}, ["extra_filled", "code_malformed"]),
        ({"decision": "x", "name": "", "code": ""}, ["decision_missing", "name_missing", "code_missing"]),
        ({"decision": "request_mail", "name": "", "code": "none"}, []),
        ({"decision": "request_mail", "extra": "x"}, ["extra_filled"]),
        ({"decision": "ask", "reason": "How soon?"}, []),
        ({"decision": "ask", "reason": " \u200b"}, ["reason_question_missing"]),
        ({"decision": "hand_over", "new_name": "Carla", "new_email": " carla@acme.example "}, []),
        ({"decision": "hand_over"}, ["new_name_missing", "new_email_missing"]),
        (
            {"decision": "hand_over", "name": "", "code": "1", "new_name": "n" * 201, "new_email": "carla"},
            ["name_missing", "code_malformed", "new_name_too_long", "new_email_malformed"],
        ),
        ({"new_name": "n" * 201, "new_email": "carla"}, []),
        ({"decision": "hand_over", "new_name": "C", "new_email": "Connie@ACME.example"}, ["new_email_own"]),
        *(
            ({"decision": "hand_over", "new_name": "C", "new_email": email}, ["new_email_malformed"])
            for email in (
                "carla@\u0430cme.example",
                "c\u0430rla@acme.example",
                "carla@acme.example\r\nBcc: x@evil.example",
                "carla@acme.example, x@evil.example",
                "Carla <carla@acme.example>",
                "carla@acme",
                f"{'c' * 64}@{'a' * 63}.{'b' * 63}.{'c' * 63}.example",
                "erased@erased.invalid",
            )
        ),
    ],
)
def test_a_form_has_every_error_that_it_has(changes: dict[str, str], errors: list[str]) -> None:
    assert [*parse_form({**SOUND, **changes}, link_of(OFFERED), CONNIE).errors] == errors


def test_nothing_is_handed_over_where_the_account_does_not_want_it() -> None:
    sound = {**SOUND, "decision": "hand_over", "new_name": "Carla", "new_email": CARLA.email}
    for policy in HandOverPolicy:
        refused = ("decision_missing",) if policy is HandOverPolicy.NEVER else ()
        assert parse_form(sound, link_of(OFFERED), CONNIE, policy).errors == refused
        assert parse_form({**sound, "decision": "ask", "reason": "?"}, link_of(OFFERED), CONNIE, policy).errors == ()


def test_a_colleague_is_read_without_what_nobody_sees_and_of_a_hand_over_alone() -> None:
    typed = {**SOUND, "decision": "hand_over", "new_name": " Carla\r\nBcc:\u202e C. ", "new_email": " c@x.example\x00"}
    form = parse_form(typed, link_of(OFFERED))
    assert (form.new_name, form.new_email) == ("Carla Bcc: C.", "c@x.example")
    form = parse_form({**typed, "decision": "approve"}, link_of(OFFERED))
    assert (form.new_name, form.new_email) == ("", "")


def test_a_form_is_read_without_what_nobody_sees() -> None:
    typed = {
        "decision": " request_change ",
        "name": " Connie\t M.\u202e ",
        "reason": " Less\r\nof\tit\x00 ",
        "code": " 12 3456",
    }
    form = parse_form(typed, link_of(OFFERED))
    assert form == DecisionForm("request_change", "Connie M.", "Less\nof\tit", "123456", ())
    assert parse_form({}, link_of(OFFERED))[:4] == ("", "", "", "")


def test_of_a_form_that_asks_for_a_mail_the_code_alone_is_read() -> None:
    typed = {"decision": "request_mail", "name": "Connie", "reason": "Less", "code": " a b "}
    assert parse_form(typed, link_of(OFFERED)) == DecisionForm("request_mail", "", "", "ab", ())
    assert parse_form({"decision": "request_mail", "extra": " "}, link_of(OFFERED)).errors == ()


def test_a_page_shows_what_was_typed_beside_what_is_wrong_with_it() -> None:
    form = sent("approve").shown_with(FormError.CODE_WRONG, tries_left=2)
    assert form == FormState("approve", "Connie", "Less", (FormError.CODE_WRONG,), 2)
    assert (form.has_error("code"), form.has_error("name")) == (True, False)
    assert sent("approve").shown_with().tries_left is None


@pytest.mark.parametrize("decision", ["approve", "request_change", "ask", "hand_over", "request_quote"])
def test_by_the_link_of_an_order_nothing_but_canceling_is_decided(decision: str) -> None:
    link = link_of(SUBMITTED, "order")
    assert parse_form({**SOUND, "decision": "cancel"}, link).errors == ()
    assert FormError.DECISION_MISSING in parse_form({**SOUND, "decision": decision, "reason": "r"}, link).errors


def sent(decision: str, **changes: str) -> DecisionForm:
    return parse_form({**SOUND, "decision": decision, "reason": "Less", **changes}, link_of(OFFERED))


def test_the_code_decides_where_there_is_something_to_decide() -> None:
    for decision in ("approve", "cancel", "request_change", "ask", "hand_over"):
        assert judge(presented(OFFERED), sent(decision, **COLLEAGUE), NOW) is None
    assert judge(presented(expired()), sent("request_quote"), NOW) is None


@pytest.mark.parametrize(
    ("present", "decision", "outcome", "status"),
    [
        (lambda: presented(OFFERED), "request_quote", None, HTTPStatus.BAD_REQUEST),
        (lambda: presented(OFFERED.approve("Connie", NOW).order), "approve", Outcome.APPROVED, HTTPStatus.OK),
        (
            lambda: presented(OFFERED.approve("Connie", NOW).order),
            "cancel",
            Outcome.ALREADY_DECIDED,
            HTTPStatus.CONFLICT,
        ),
        (
            lambda: presented(OFFERED.cancel("Connie", None, NOW).order),
            "approve",
            Outcome.ALREADY_DECIDED,
            HTTPStatus.CONFLICT,
        ),
        (lambda: presented(RENEWED, link_of(OFFERED)), "approve", Outcome.REPLACED, HTTPStatus.GONE),
        (lambda: presented(expired()), "approve", Outcome.EXPIRED, HTTPStatus.GONE),
        (
            lambda: presented(expired(), link_of(expired(), **LOCKED)),
            "request_quote",
            Outcome.LOCKED,
            HTTPStatus.LOCKED,
        ),
        (lambda: presented(OFFERED, link_of(OFFERED, **LOCKED)), "approve", Outcome.LOCKED, HTTPStatus.LOCKED),
        (lambda: presented(OFFERED.decline(CLARA, "Over.", NOW).order), "approve", Outcome.CLOSED, HTTPStatus.CONFLICT),
    ],
)
def test_what_is_said_whatever_the_code(
    present: Callable[[], LinkContext], decision: str, outcome: Outcome | None, status: HTTPStatus
) -> None:
    context = present()
    result = judge(context, sent(decision), NOW)
    assert result
    assert (result.context, result.outcome, result.status) == (context, outcome, status)
    if outcome:
        late = result_of_lost_race(context, sent(decision), NOW)
        assert late.context is context
        assert (late.outcome, late.status) == (
            (Outcome.EXPIRED, HTTPStatus.GONE) if context.state(NOW) is LinkState.EXPIRED else (outcome, status)
        )


def test_an_unsound_form_is_a_bad_request_and_comes_back_without_its_code() -> None:
    for present, state in STATES:
        context = present()
        result = judge(context, sent("approve", code="12"), NOW)
        assert result
        assert result.context is context
        assert (result.outcome, result.status) == (ANSWERS[state][0], HTTPStatus.BAD_REQUEST)
        assert result.form.errors == (FormError.CODE_MALFORMED,)
        assert (result.form.decision, result.form.name, result.form.reason) == ("approve", "Connie", "Less")


def test_a_robot_that_asks_for_a_mail_is_shown_nothing_of_its_form() -> None:
    locked = presented(OFFERED, link_of(OFFERED, **LOCKED))
    result = judge(locked, parse_form({"decision": "request_mail", "extra": "x"}, link_of(OFFERED)), NOW)
    assert result
    assert (result.outcome, result.status) == (Outcome.LOCKED, HTTPStatus.BAD_REQUEST)
    assert result.form == FormState(errors=(FormError.EXTRA_FILLED,))


def test_who_asks_for_a_quote_that_has_not_expired_is_to_decide_instead() -> None:
    result = judge(presented(OFFERED), sent("request_quote"), NOW)
    assert result
    assert result.form == FormState("", "Connie", "Less", (FormError.DECISION_MISSING,))


def test_a_decision_that_lost_its_race_to_no_decision_is_to_be_sent_again() -> None:
    result = result_of_lost_race(presented(OFFERED), sent("approve"), NOW)
    assert (result.outcome, result.status) == (Outcome.NOT_READY, HTTPStatus.CONFLICT)
    assert result.context.order is OFFERED


@pytest.mark.parametrize(
    ("decision", "event", "reason"),
    [
        ("approve", "order.completed", None),
        ("cancel", "order.canceled", "Less"),
        ("request_change", "order.change_requested", "Less"),
    ],
)
def test_a_decision_proves_that_the_mail_with_its_link_has_gone(decision: str, event: str, reason: str | None) -> None:
    change = decide_by_link(presented(sending()), sent(decision), NOW)
    assert [entry.event for entry in change.entries] == ["order.quoted", event]
    assert change.order.internals.quote_link_key_id == KEY_ID
    decided = change.entries[-1]
    assert (decided.actor.name, decided.data.get("reason")) == ("Connie", reason)


def test_by_the_link_of_an_order_nothing_is_said_of_its_quotes_mail() -> None:
    for order in (SUBMITTED, sending()):
        canceled = decide_by_link(by_order(order), sent("cancel", reason=""), NOW)
        assert [entry.event for entry in canceled.entries] == ["order.canceled"]
        assert canceled.order.closed
        assert (canceled.order.closed.by, canceled.order.closed.reason) == ("contact", None)


def test_a_context_has_what_was_presented_and_what_is_stored() -> None:
    link, account, proofs = link_of(OFFERED), account_of(), frozenset({"x"})
    context = presented(OFFERED, link, account, proofs)
    assert context[:5] == (token_of(KEY, link, CONNIE.email), proofs, link, OFFERED, account)
    assert (context.is_live, context.is_of_contact) == (True, True)


def test_an_error_belongs_to_the_field_that_its_name_begins_with() -> None:
    fields = {error.field for error in FormError}
    assert fields == {
        "decision",
        "name",
        "reason",
        "code",
        "extra",
        "new_name",
        "new_email",
        "options",
        "purchase_order_number",
        "signed_order",
    }
    assert FormError.NAME_TOO_LONG.field == "name"
    assert FormError.QUESTION_MISSING.field == "reason"
    assert FormError.NEW_NAME_TOO_LONG.field == "new_name"
