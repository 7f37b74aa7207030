"""What the contact person chooses and names with an approval, and what is kept of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
import rfc8785

from online_orders.domain.approval_links import LinkContext
from online_orders.domain.certificates import certificate_document
from online_orders.domain.confirmation import (
    RECALCULATE,
    DecisionForm,
    FormError,
    FormNotice,
    FormState,
    Outcome,
    decide_by_link,
    form_of,
    judge,
    recalculate,
)
from online_orders.domain.events import detail_of
from online_orders.domain.evidence import evidence_of
from online_orders.domain.orders import Order
from online_orders.domain.quote_amounts import OptionsExcludeError, UnknownOptionError
from tests.domain.builders import (
    CLARA,
    CONNIE,
    DAY,
    LATER,
    NOW,
    ORDER_ID,
    Json,
    account_of,
    claimed,
    expired,
    line_of,
    offered,
    place,
    sending,
    waiting_for_hand_over,
)
from tests.domain.test_link_states import SOUND, by_order, link_of, presented

VAT: Json = {"treatment": "rate", "label": "VAT", "rate": "19"}
LINES = [
    line_of(quantity=1),
    line_of(quantity=1, unit_price="1", optional=True, selected=True),
    line_of(quantity=1, unit_price="2", optional=True, option_group="a", selected=True),
    line_of(quantity=1, unit_price="4", optional=True, option_group="a", tax=VAT),
]


def with_options(**changes: Any) -> Order:
    """An order with a quote of a fixed line and three options, of which two exclude each other."""
    return offered(lines=LINES, **changes)


OFFERED, PLAIN = with_options(), offered()
SHOWN = {**SOUND, "options": "shown"}
REQUIRED = account_of(purchase_order="required")


def sent(fields: dict[str, str], order: Order = OFFERED, **changes: Any) -> DecisionForm:
    return form_of(presented(order, **changes), {**SHOWN, **fields}, LATER)


# What is accepted.


def accepted_of(order: Order) -> Json:
    assert order.quote
    found: Json = order.quote.model_dump(mode="json")["accepted"]
    return found


def test_an_approval_accepts_what_is_offered_as_chosen() -> None:
    order = OFFERED.approve("Connie", LATER).order
    accepted = accepted_of(order)
    assert accepted["options"] == ["2", "3"]
    assert accepted["totals"] == {"once": "0.00", "monthly": "13.00", "yearly": "0.00"}
    assert [*accepted] == ["options", "totals", "gross_totals", "sha256"]
    assert accepted["gross_totals"] == accepted["totals"]


def test_or_what_was_chosen() -> None:
    order = OFFERED.approve("Connie", LATER, ["4"], "PO-1").order
    assert order.quote
    assert OFFERED.quote
    accepted = accepted_of(order)
    assert accepted["options"] == ["4"]
    assert accepted["totals"]["monthly"] == "14.00"
    assert accepted["gross_totals"]["monthly"] == "14.76"
    assert accepted["purchase_order_number"] == "PO-1"
    assert [tax["amount"] for tax in accepted["taxes"]] == ["0.76"]
    assert order.quote.totals == OFFERED.quote.totals
    assert order.quote.sha256 == OFFERED.quote.sha256 == order.quote.content_hash("acme", ORDER_ID)
    assert str(order.quote.first_year_value) == "168.00"
    assert str(OFFERED.quote.first_year_value) == "156.00"


def test_nothing_may_be_chosen() -> None:
    accepted = accepted_of(OFFERED.approve("Connie", LATER, ()).order)
    assert (accepted["options"], accepted["totals"]["monthly"]) == ([], "10.00")


def test_the_hash_of_what_is_accepted_can_be_computed_from_what_the_api_shows() -> None:
    order = OFFERED.approve("Connie", LATER, ["4", "2"], "PO-1").order
    assert order.quote
    shown = accepted_of(order)
    content = {
        **{name: value for name, value in shown.items() if name != "sha256"},
        "order_id": ORDER_ID,
        "account_id": "acme",
        "revision": 1,
        "quote_sha256": order.quote.sha256,
    }
    assert hashlib.sha256(rfc8785.dumps(content)).hexdigest() == shown["sha256"]


def test_a_quote_that_is_accepted_as_a_whole_has_nothing_beside_it() -> None:
    order = PLAIN.approve("Connie", LATER).order
    assert order.quote
    assert order.quote.accepted is None
    assert "accepted" not in order.quote.model_dump(mode="json")
    assert "accepted" in PLAIN.approve("Connie", LATER, None, "PO-1").order.quote.model_dump(mode="json")  # type: ignore[union-attr]


def test_what_is_not_offered_is_not_accepted() -> None:
    for options in (["1"], ["5"], ["x"]):
        with pytest.raises(UnknownOptionError):
            OFFERED.approve("Connie", LATER, options)
    with pytest.raises(OptionsExcludeError):
        OFFERED.approve("Connie", LATER, ["3", "4"])
    with pytest.raises(UnknownOptionError):
        PLAIN.approve("Connie", LATER, ["1"], "PO-1")


def test_an_order_with_what_was_accepted_comes_back_from_the_table() -> None:
    order = with_options(discount={"percent": "5"}).approve("Connie", LATER, ["4"], "PO-1").order
    stored = order.model_dump_json()
    again = Order.model_validate_json(stored)
    assert again == order
    assert again.model_dump_json() == stored


def test_events_and_figures_count_what_was_accepted() -> None:
    change = OFFERED.approve("Connie", LATER, ["4"])
    detail = detail_of(change.order, change.entries[0]).model_dump(mode="json")
    assert detail["totals"] == {"once": "0.00", "monthly": "14.00", "yearly": "0.00"}
    assert "taxes" not in detail


def test_evidence_and_certificate_have_what_was_accepted() -> None:
    order = OFFERED.approve("Connie", LATER, ["4"], "PO-1").order
    evidence = evidence_of(order, "approve", "Connie", CONNIE.email, None, None)
    assert order.quote
    assert order.quote.accepted
    assert (evidence.options, evidence.accepted_sha256) == (("4",), order.quote.accepted.sha256)
    content = json.loads(certificate_document(order, "Acme", evidence, order.quote, [], LATER))
    assert content["quote"]["accepted"] == accepted_of(order)
    assert content["quote"]["gross_totals"] == order.quote.model_dump(mode="json")["gross_totals"]
    assert content["decision"]["options"] == ["4"]
    assert content["decision"]["accepted_sha256"] == order.quote.accepted.sha256


def test_evidence_of_another_decision_has_nothing_of_it() -> None:
    order = OFFERED.request_change("Connie", "less", LATER).order
    shown = evidence_of(order, "request_change", "Connie", CONNIE.email, None, None).model_dump(mode="json")
    assert not shown.keys() & {"options", "accepted_sha256"}
    assert not PLAIN.approve("Connie", LATER).order.model_dump(mode="json").keys() & {"options", "accepted_sha256"}


# The form.


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({}, ()),
        ({"option.2": "yes"}, ("2",)),
        ({"option.2": "no", "group.a": ""}, ()),
        ({"option.2": "yes", "group.a": "4"}, ("2", "4")),
        ({"group.a": "3", "option.2": "yes"}, ("2", "3")),
        ({"option.3": "yes", "group.a": "3"}, ("3",)),
        ({"options": ""}, None),
        ({"options": "", "option.2": "yes"}, None),
    ],
)
def test_options_are_read_from_a_form_that_has_them(fields: dict[str, str], options: tuple[str, ...] | None) -> None:
    form = sent(fields)
    assert (form.options, form.errors) == (options, ())


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"option.1": "yes"}, FormError.OPTION_UNKNOWN),
        ({"option.9": "yes"}, FormError.OPTION_UNKNOWN),
        ({"option.": "yes"}, FormError.OPTION_UNKNOWN),
        ({"group.a": "2"}, FormError.OPTION_UNKNOWN),
        ({"group.b": "3"}, FormError.OPTION_UNKNOWN),
        ({"option.3": "yes", "group.a": "4"}, FormError.OPTIONS_EXCLUDE),
        ({"option.3": "yes", "option.4": "yes"}, FormError.OPTIONS_EXCLUDE),
    ],
)
def test_options_that_cannot_be_are_an_error_of_an_approval_and_of_a_look(
    fields: dict[str, str], error: FormError
) -> None:
    assert sent(fields).errors == (error,)
    assert sent({**fields, "decision": RECALCULATE}).errors == (error,)
    assert sent({**fields, "decision": "cancel"}).errors == ()


def test_options_count_only_while_there_is_something_to_decide() -> None:
    for order in (OFFERED.approve("Connie", LATER).order, sending(OFFERED), expired(order=OFFERED)):
        context = presented(order, link_of(OFFERED))
        form = form_of(context, {**SHOWN, "option.9": "yes"}, LATER + 60 * DAY)
        assert (form.options, form.errors) == (None, ())
    ordered = by_order(place().order)
    assert form_of(ordered, {**SHOWN, "decision": "cancel", "option.9": "yes"}, LATER).options is None


def test_the_form_of_an_earlier_page_accepts_what_is_offered_as_chosen() -> None:
    context = presented(OFFERED)
    order = decide_by_link(context, form_of(context, SOUND, LATER), LATER).order
    assert accepted_of(order)["options"] == ["2", "3"]
    form = form_of(context, {**SHOWN, "group.a": "4", "purchase_order_number": " PO \x00 1 "}, LATER)
    accepted = accepted_of(decide_by_link(context, form, LATER).order)
    assert (accepted["options"], accepted["purchase_order_number"]) == (["4"], "PO 1")


def test_a_purchase_order_is_named_where_the_account_wants_it() -> None:
    assert sent({}, account=REQUIRED).errors == (FormError.PURCHASE_ORDER_MISSING,)
    assert sent({"purchase_order_number": " "}, account=REQUIRED).errors == (FormError.PURCHASE_ORDER_MISSING,)
    assert sent({"purchase_order_number": "1"}, account=REQUIRED).errors == ()
    assert sent({}).errors == ()
    for decision in ("cancel", "ask", "request_change"):
        assert sent({"decision": decision, "reason": "?"}, account=REQUIRED).errors == ()
    numbered = offered(claimed(place(body={"purchase_order_number": "PO-1"}).order))
    assert sent({}, numbered, account=REQUIRED).errors == ()
    assert sent({}, OFFERED.approve("Connie", LATER).order, account=REQUIRED).errors == ()


@pytest.mark.parametrize("number", ["PO-2", "x" * 65])
def test_an_order_with_a_purchase_order_number_keeps_it_whatever_a_form_says(number: str) -> None:
    numbered = offered(claimed(place(body={"purchase_order_number": "PO-1"}).order))
    form = form_of(presented(numbered), {**SHOWN, "purchase_order_number": number}, LATER)
    assert (form.errors, form.purchase_order_number) == ((), "")
    done = decide_by_link(presented(numbered), form, LATER).order
    assert done.purchase_order_number == "PO-1"
    assert "PO-2" not in done.model_dump_json()


def test_a_purchase_order_number_has_64_characters_at_most() -> None:
    assert sent({"purchase_order_number": "x" * 64}).errors == ()
    assert sent({"purchase_order_number": "x" * 65}).errors == (FormError.PURCHASE_ORDER_TOO_LONG,)
    assert sent({"purchase_order_number": "x" * 65, "decision": "cancel"}).errors == ()


# A look at other options.


def looked(fields: dict[str, str], context: LinkContext | None = None) -> tuple[Outcome | None, int, FormState]:
    context = context or presented(OFFERED)
    form = form_of(context, {"decision": RECALCULATE, "options": "shown", **fields}, LATER)
    result = recalculate(context, form, LATER)
    return result.outcome, result.status, result.form


def test_a_look_keeps_what_was_chosen_and_typed() -> None:
    typed = {"name": "C", "reason": "why", "purchase_order_number": "PO-1", "code": "123456"}
    outcome, status, form = looked({"group.a": "4", **typed})
    assert (outcome, status) == (None, 200)
    notice = FormNotice.RECALCULATED
    assert form == FormState(name="C", reason="why", options=("4",), purchase_order_number="PO-1", notice=notice)


def test_a_look_at_what_cannot_be_chosen_says_so() -> None:
    outcome, status, form = looked({"option.9": "yes"})
    assert (outcome, status, form.errors, form.notice) == (None, 400, (FormError.OPTION_UNKNOWN,), None)


# An approval of what no page has shown.


@pytest.mark.parametrize("priced", [None, "2", "4", "2,3", "3,4", "", "2,4,9", "yes"])
def test_an_approval_of_other_options_than_the_page_has_priced_shows_their_totals(priced: str | None) -> None:
    fields = {"option.2": "yes", "group.a": "4", "code": "123456", "reason": "why", "purchase_order_number": "PO-1"}
    context = presented(OFFERED)
    form = form_of(context, {**SHOWN, **fields, **({} if priced is None else {"priced": priced})}, LATER)
    result = judge(context, form, LATER)
    assert result
    assert (result.outcome, result.status) == (None, 200)
    notice = FormNotice.TOTALS_CHANGED
    assert result.form == replace(form.shown_with(), notice=notice)
    assert (result.form.decision, result.form.options, result.form.reason) == ("approve", ("2", "4"), "why")


@pytest.mark.parametrize(
    "fields",
    [
        {"option.2": "yes", "group.a": "4", "priced": "2,4"},
        {"option.2": "yes", "group.a": "4", "priced": "4,2"},
        {"group.a": "", "priced": ""},
        {"options": "", "option.2": "yes"},
        {"options": "", "priced": "4"},
        {"decision": "cancel", "group.a": "4", "priced": ""},
        {"decision": "request_change", "reason": "why", "group.a": "4"},
    ],
)
def test_what_the_page_has_priced_is_left_to_the_code(fields: dict[str, str]) -> None:
    context = presented(OFFERED)
    assert judge(context, form_of(context, {**SHOWN, **fields}, LATER), LATER) is None


def test_errors_and_a_dead_link_come_first() -> None:
    context = presented(OFFERED)
    result = judge(context, form_of(context, {**SHOWN, "group.a": "4", "name": ""}, LATER), LATER)
    assert result
    assert (result.status, result.form.errors, result.form.notice) == (400, (FormError.NAME_MISSING,), None)
    context = presented(OFFERED.resend(CLARA, None, NOW).order, link_of(OFFERED))
    result = judge(context, form_of(context, {**SHOWN, "group.a": "4"}, LATER), LATER)
    assert result
    assert (result.outcome, result.status) == (Outcome.REPLACED, 410)


def test_a_look_by_a_dead_link_is_told_what_a_look_is_told() -> None:
    context = presented(OFFERED.resend(CLARA, None, NOW).order, link_of(OFFERED))
    assert looked({}, context)[:2] == (Outcome.REPLACED, 410)
    assert looked({}, presented(OFFERED.approve("C", LATER).order))[:2] == (Outcome.APPROVED, 200)


def test_a_look_still_says_that_a_hand_over_waits() -> None:
    context = presented(waiting_for_hand_over(OFFERED))
    assert looked({}, context)[2].notice is FormNotice.HAND_OVER_ASKED


def test_nobody_recalculates_an_order_without_a_quote() -> None:
    form = form_of(by_order(place().order), {"decision": RECALCULATE, "name": "C", "code": "123456"}, LATER)
    assert form.errors == (FormError.DECISION_MISSING,)
