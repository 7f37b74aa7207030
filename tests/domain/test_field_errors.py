"""Field errors: pointers to the member, stable codes, sentences for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, StringConstraints, TypeAdapter, ValidationError

from online_orders.domain.accounts import Account, parse_account
from online_orders.domain.catalog import item_errors
from online_orders.domain.errors import Conflict, FieldError, Forbidden, Invalid, OnlineOrdersError, VersionMismatch
from online_orders.domain.field_errors import CODES, has_turned_text, pointer, turned_text_errors, validate
from online_orders.domain.field_errors import field_errors_of as below
from online_orders.domain.order_requests import NewComment, NewOrder, Reason
from online_orders.domain.quote_requests import NewQuote
from online_orders.domain.staff_requests import NeededReason, NewDeskComment, NewDirectOrder, Resending
from online_orders.domain.values import PATTERN_TEXTS, TURNING_TEXT, Request
from tests.domain.builders import CARLA, TODAY, account_of, item_of, named, property_of, refused
from tests.shipped_catalog import CATALOG


def field_errors_of(model: type[Request], body: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        validate(model, body)
    return refused(refusal)


# Pointers.


def followed(document: Any, where: str) -> Any:
    """RFC 6901, section 4."""
    for token in where.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


@property_of
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=6) | st.integers(0, 5), max_size=6))
def test_a_pointer_leads_to_the_member_that_it_was_made_for(path: list[str | int]) -> None:
    document: Any = "here"
    for part in reversed(path):
        document = [None] * part + [document] if isinstance(part, int) else {part: document, f"{part}~": 0}
    assert followed(document, pointer(*path)) == "here"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((), ""),
        (("items", 2, "quantity"), "/items/2/quantity"),
        (("",), "/"),
        (("a/b", "m~n", "~1"), "/a~1b/m~0n/~01"),
        (("ö",), "/ö"),
    ],
    ids=named,
)
def test_a_pointer_is_written_as_rfc_6901_says(parts: tuple[str | int, ...], expected: str) -> None:
    assert pointer(*parts) == expected


@property_of
@given(st.text(st.characters(), max_size=8))
def test_every_pointer_can_be_written_in_utf_8(name: str) -> None:
    assert pointer("a", name).encode().decode() == pointer("a", name)


def test_half_of_a_surrogate_pair_is_pointed_to_by_a_question_mark() -> None:
    assert pointer("a", "\ud800b") == "/a/?b"


# What turns a text.

TURNED = "Acme\u202e"
TURNED_AT_LAST = "\u2066Acme\u2069"


def test_every_text_of_a_body_that_turns_its_direction_is_an_error_where_it_stands() -> None:
    body = {"a": [TURNED, "Acme", {"b/c": TURNED_AT_LAST}], "d": 1, "e": None, "f": {"\ud800": TURNED}}
    found = [*turned_text_errors(body)]
    assert [(each.pointer, each.code) for each in found] == [
        ("/a/0", "malformed"),
        ("/a/2/b~1c", "malformed"),
        ("/f/?", "malformed"),
    ]
    assert [*turned_text_errors(body["a"], "x", 2)] == [
        FieldError("/x/2/0", "malformed", TURNING_TEXT),
        FieldError("/x/2/2/b~1c", "malformed", TURNING_TEXT),
    ]
    assert [each.pointer for each in turned_text_errors(TURNED)] == [""]
    for sent in (body, body["a"], (TURNED,), TURNED):
        assert has_turned_text(sent)
    assert not has_turned_text({"a": ["Zürich", {"b": None}, 7, True]})


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (NewComment, {"text": TURNED}),
        (Reason, {"reason": TURNED}),
        (NeededReason, {"reason": TURNED}),
        (NewDeskComment, {"text": TURNED, "internal": True}),
    ],
)
def test_a_request_is_refused_for_it_beside_its_other_errors(model: type[Request], body: Any) -> None:
    ((name, _),) = [each for each in body.items() if each[1] is not True]
    assert field_errors_of(model, body) == [(f"/{name}", "malformed")]
    assert field_errors_of(model, {**body, "more": 1}) == [("/more", "unknown_field"), (f"/{name}", "malformed")]


def test_what_is_stored_already_may_have_it() -> None:
    account = {**account_of().model_dump(mode="json"), "name": TURNED}
    assert Account.model_validate(account).name == TURNED
    with pytest.raises(Invalid) as refusal:
        parse_account("acme", account)
    assert refused(refusal) == [("/name", "malformed")]


# Refusals.


class Odd(Request):
    code: Annotated[str, StringConstraints(pattern=r"^a$")]


def test_a_pattern_error_has_its_own_text_or_a_general_one() -> None:
    for model, body, where, detail in (
        (NewComment, {"text": "bell\x07"}, "text", "A text has no control characters but tabs and line ends."),
        (Odd, {"code": "b"}, "code", "This is not written as it should be."),
    ):
        with pytest.raises(ValidationError) as found:
            model.model_validate(body)
        assert below(found.value, "items", 2) == [FieldError(f"/items/2/{where}", "malformed", detail)]


def test_faults_become_the_members_of_the_problem() -> None:
    refusal = Invalid([FieldError("/items/0", "wrong_type", "An item is an object.")])
    assert refusal.members() == {
        "errors": [{"pointer": "/items/0", "code": "wrong_type", "detail": "An item is an object."}]
    }
    assert refusal.detail == "The body has 1 fault."
    assert Invalid([FieldError("", "a", "b")] * 2).detail == "The body has 2 faults."


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"site_id": "elsewhere"}, "The account has no such site."),
        ({"site_id": "branch"}, "The site has no address to deliver to."),
        ({"start_date": "soon"}, "A date is written YYYY-MM-DD."),
        ({"quantity": 10**6}, "One item has 50 at most."),
    ],
    ids=named,
)
def test_a_fault_is_told_in_a_sentence(body: dict[str, Any], detail: str) -> None:
    (fault,) = item_errors([item_of("socket", **body)], CATALOG, account_of(), TODAY)
    assert fault.detail == detail


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (NewComment, {"text": "bell\x07"}),
        (Resending, {"contact": {"name": "Carla", "email": "carla@acme"}}),
        (Resending, {"contact": {"name": "C\x00arla", "email": "carla@acme.example"}}),
        (Account, {**account_of().model_dump(), "account_id": "a b"}),
    ],
    ids=["text", "e-mail", "line", "id"],
)
def test_no_fault_is_told_as_a_regular_expression(model: type[BaseModel], body: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        validate(model, body)
    (fault,) = refusal.value.errors
    assert fault.code == "malformed"
    assert not set(fault.detail) & set("^$[]\\{}"), fault
    assert "match" not in fault.detail


def test_every_pattern_that_a_body_is_held_to_has_a_text_for_people() -> None:
    schemas = [
        model.model_json_schema() for model in (Account, NewQuote, NewOrder, NewDirectOrder, Resending, NewComment)
    ]
    of_numbers = set(_patterns(TypeAdapter(Decimal).json_schema()))  # described by it, and not judged
    patterns = set(_patterns(schemas)) - of_numbers
    assert patterns
    assert patterns <= PATTERN_TEXTS.keys()


def _patterns(schema: Any) -> Iterator[str]:
    nested = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    if isinstance(schema, dict) and isinstance(schema.get("pattern"), str):
        yield schema["pattern"]
    for each in nested:
        yield from _patterns(each)


LINE = {"description": "Setup", "quantity": 1, "unit_price": "1", "recurrence": "once"}
QUOTE = {"valid_until": "2027-01-01", "lines": [LINE]}
KINDS: dict[str, tuple[type[BaseModel], Any]] = {
    "missing": (NewComment, {}),
    "extra_forbidden": (NewComment, {"text": "Hm.", "color": "red"}),
    "string_too_long": (NewComment, {"text": "x" * 2_001}),
    "string_too_short": (NewComment, {"text": ""}),
    "string_pattern_mismatch": (NewComment, {"text": "bell\x07"}),
    "string_unicode": (NewComment, {"text": "\ud800"}),
    "too_long": (NewQuote, {**QUOTE, "confirmed_start_dates": {str(number): "2027-01-01" for number in range(51)}}),
    "greater_than": (NewQuote, {**QUOTE, "lines": [{**LINE, "unit_price": "-1000000000000"}]}),
    "greater_than_equal": (NewQuote, {**QUOTE, "lines": [{**LINE, "quantity": 0}]}),
    "less_than": (NewQuote, {**QUOTE, "lines": [{**LINE, "unit_price": "1000000000000"}]}),
    "less_than_equal": (NewQuote, {**QUOTE, "lines": [{**LINE, "quantity": 10**30}]}),
    "literal_error": (Account, {**account_of().model_dump(), "locale": "xx"}),
    "enum": (NewQuote, {**QUOTE, "lines": [{**LINE, "recurrence": "hourly"}]}),
    "date_from_datetime_parsing": (NewQuote, {**QUOTE, "valid_until": "2027-02-30"}),
    "date_parsing": (NewQuote, {**QUOTE, "valid_until": "0000-01-01"}),
}


def test_every_translated_kind_of_fault_is_one_that_a_body_can_have() -> None:
    assert KINDS.keys() == CODES.keys()
    for kind, (model, body) in KINDS.items():
        with pytest.raises(ValidationError) as found:
            model.model_validate(body, context=None)
        assert [each["type"] for each in found.value.errors()] == [kind]


def test_no_fault_is_told_in_the_words_of_python() -> None:
    wrong: list[tuple[type[Request], Any]] = [
        (NewOrder, []),
        (NewQuote, {**QUOTE, "lines": [{**LINE, "unit_price": None}]}),
        (NewQuote, {**QUOTE, "confirmed_start_dates": []}),
    ]
    for model, body in [*KINDS.values(), *wrong]:
        with pytest.raises(Invalid) as refusal:
            validate(model, body)
        (fault,) = refusal.value.errors
        assert not re.search(r"Decimal|ictionary|instance|None|String should|[()]", fault.detail), fault


def test_a_bound_is_told_as_a_plain_number() -> None:
    with pytest.raises(Invalid) as refusal:
        validate(*KINDS["less_than"])
    assert [fault.detail for fault in refusal.value.errors] == ["Input should be less than 1000000000000."]


def test_a_body_that_is_all_faults_is_told_a_thousand_of_them() -> None:
    found = field_errors_of(Reason, {f"member-{number}": 1 for number in range(50_000)})
    assert len(found) == 1_000


def test_faults_that_were_found_elsewhere_are_told_along() -> None:
    more = [FieldError("/x", "odd", "Odd.")]
    with pytest.raises(Invalid) as refusal:
        validate(NewComment, {}, extra_errors=iter(more))
    assert refused(refusal) == [("/text", "required"), ("/x", "odd")]
    with pytest.raises(Invalid) as refusal:
        validate(NewComment, {"text": "fine"}, extra_errors=iter(more))
    assert refused(refusal) == [("/x", "odd")]


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (Invalid([]), 422, "invalid"),
        (Conflict("no", "completed"), 409, "conflict"),
        (VersionMismatch("no"), 412, "version_mismatch"),
        (Forbidden("not_enrolled", "no"), 403, "not_enrolled"),
    ],
)
def test_a_refusal_carries_its_status_and_its_code(refusal: OnlineOrdersError, status: int, code: str) -> None:
    assert (refusal.status, refusal.code) == (status, code)
    assert isinstance(refusal.members(), dict)
    assert refusal.headers() == {}


# The small bodies.


@pytest.mark.parametrize("blank", [None, "", "  \n"])
def test_a_reason_for_withdrawing_may_be_left_out(blank: str | None) -> None:
    assert validate(Reason, {}).reason is None
    assert validate(Reason, {"reason": blank}).reason is None
    assert validate(Reason, {"reason": " a mistake "}).reason == "a mistake"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"reason": None}, "wrong_type"),
        ({"reason": ""}, "too_short"),
        ({"reason": " \n "}, "too_short"),
        ({"reason": 7}, "wrong_type"),
        ({"reason": "x" * 1_001}, "too_long"),
        ({"reason": "bell\x07"}, "malformed"),
    ],
    ids=named,
)
def test_a_reason_for_declining_is_needed(body: dict[str, Any], code: str) -> None:
    assert field_errors_of(NeededReason, body) == [("/reason", code)]


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "wrong_type"), ("", "too_short"), ("\t", "too_short"), ("x" * 2_001, "too_long"), ("\ud800", "malformed")],
    ids=named,
)
@pytest.mark.parametrize("model", [NewComment, NewDeskComment])
def test_a_comment_says_something(model: type[Request], text: str | None, code: str) -> None:
    assert field_errors_of(model, {"text": text}) == [("/text", code)]


def test_a_comment_of_the_desk_is_public_unless_it_says_otherwise() -> None:
    assert validate(NewDeskComment, {"text": "Hm."}).internal is False
    assert validate(NewDeskComment, {"text": "Hm.", "internal": True}).internal is True


@pytest.mark.parametrize("internal", [None, "true", "yes", 1, 0, []], ids=named)
def test_whether_a_comment_is_internal_is_said_plainly(internal: Any) -> None:
    assert field_errors_of(NewDeskComment, {"text": "Hm.", "internal": internal}) == [("/internal", "wrong_type")]


def test_a_customers_comment_cannot_be_internal() -> None:
    assert field_errors_of(NewComment, {"text": "Hm.", "internal": True}) == [("/internal", "unknown_field")]


def test_a_quote_is_resent_to_the_present_contact_or_to_one_that_is_given_whole() -> None:
    assert validate(Resending, {}).contact is None
    assert validate(Resending, {"contact": None}).contact is None
    assert validate(Resending, {"contact": CARLA.model_dump()}).contact == CARLA
    assert field_errors_of(Resending, {"contact": {"name": "Carla"}}) == [("/contact/email", "required")]
    assert field_errors_of(Resending, {"contact": {"email": "carla@acme"}}) == [
        ("/contact/name", "required"),
        ("/contact/email", "malformed"),
    ]


def test_a_direct_order_names_its_account() -> None:
    assert field_errors_of(NewDirectOrder, {"items": [item_of("socket")]}) == [("/account_id", "required")]


@pytest.mark.parametrize("model", [Reason, NeededReason, NewComment, NewDeskComment, Resending, NewDirectOrder])
@pytest.mark.parametrize("body", [None, [], "text", 7, True], ids=named)
def test_every_body_is_an_object(model: type[Request], body: Any) -> None:
    assert field_errors_of(model, body) == [("", "wrong_type")]


@pytest.mark.parametrize("model", [Reason, NeededReason, NewComment, NewDeskComment, Resending, NewDirectOrder])
def test_no_body_has_members_that_nobody_knows(model: type[Request]) -> None:
    assert ("/color", "unknown_field") in field_errors_of(model, {"color": "red"})
