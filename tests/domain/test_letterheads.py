"""The letterhead: what it may be, with every fault at once, and what of it stands in a language."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from online_orders.domain.errors import Invalid
from online_orders.domain.letterheads import (
    Letterhead,
    contrast_to_white,
    parse_letterhead,
    without_picture,
)
from tests.domain.test_logos import coded, svg

Json = dict[str, Any]

LEAST: Json = {"legal_name": "Acme Networks GmbH", "address": "Ring 1\n10115 Berlin"}
LOGO: Json = {"media_type": "image/svg+xml", "data": svg()}
WHOLE: Json = {
    **LEAST,
    "register_entry": "Amtsgericht Charlottenburg HRB 1234",
    "tax_numbers": ["DE123456789", "27/123/45678"],
    "bank": "Bank\nDE02 1203 0000 0000 2020 51",
    "email": "hello@acme.example",
    "phone": "+49 30 1234",
    "website": "acme.example",
    "colors": {"accent": "#1d5fa8"},
    "logo": LOGO,
    "texts": {"en": {"footer": "Directors: A, B"}, "de": {"footer": "Geschäftsführung: A, B", "bank": "Bank 2"}},
}


def faults_of(body: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_letterhead(body)
    return {error.pointer: error.code for error in caught.value.errors}


@pytest.mark.parametrize("body", [LEAST, WHOLE])
def test_a_letterhead_is_answered_as_it_was_sent(body: Json) -> None:
    assert parse_letterhead(body).document == body
    assert Letterhead.model_validate(parse_letterhead(body).document) == parse_letterhead(body)


def test_what_says_nothing_is_left_out() -> None:
    nothing = {"register_entry": None, "bank": " ", "email": "", "phone": None, "website": "\t", "colors": None}
    assert parse_letterhead({**LEAST, **nothing, "logo": None, "tax_numbers": [], "texts": {}}).document == LEAST
    said = parse_letterhead({**LEAST, "texts": {"de": {"footer": " ", "bank": None}}}).document
    assert said == {**LEAST, "texts": {"de": {}}}


def test_every_fault_is_told_at_once() -> None:
    body = {
        "legal_name": "",
        "register_entry": "x" * 201,
        "tax_numbers": ["1"] * 6,
        "bank": "x" * 301,
        "email": "nobody",
        "phone": "x" * 65,
        "website": "a\nb",
        "colors": {"accent": "#ffffff"},
        "logo": {"media_type": "image/png", "data": svg()},
        "texts": {"de": {"footer": "x" * 501}, "xx": {}},
        "slogan": "Best",
    }
    assert faults_of(body) == {
        "/legal_name": "too_short",
        "/address": "required",
        "/register_entry": "too_long",
        "/tax_numbers": "too_many",
        "/bank": "too_long",
        "/email": "malformed",
        "/phone": "too_long",
        "/website": "malformed",
        "/colors/accent": "contrast_too_low",
        "/logo/data": "logo_wrong_type",
        "/texts/de/footer": "too_long",
        "/texts/xx": "not_allowed",
        "/slogan": "unknown_field",
    }


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"address": "x" * 501}, {"/address": "too_long"}),
        ({"tax_numbers": ["1" * 65]}, {"/tax_numbers/0": "too_long"}),
        ({"colors": {}}, {"/colors/accent": "required"}),
        ({"colors": {"accent": "red"}}, {"/colors/accent": "malformed"}),
        ({"colors": {"accent": "#12345"}}, {"/colors/accent": "malformed"}),
        ({"colors": {"accent": 1}}, {"/colors/accent": "wrong_type"}),
        ({"colors": "red"}, {"/colors": "wrong_type"}),
        ({"logo": {"media_type": "image/gif", "data": svg()}}, {"/logo/media_type": "not_allowed"}),
        ({"logo": {"media_type": ["image/png"], "data": svg()}}, {"/logo/media_type": "not_allowed"}),
        ({"logo": {"media_type": "image/png"}}, {"/logo/data": "required"}),
        ({"logo": {"media_type": "image/png", "data": 7}}, {"/logo/data": "wrong_type"}),
        ({"logo": {"media_type": "image/svg+xml", "data": svg("<script/>")}}, {"/logo/data": "logo_unsafe"}),
        ({"logo": "x"}, {"/logo": "wrong_type"}),
        ({"texts": []}, {"/texts": "wrong_type"}),
        ({"texts": {"de": {"motto": "x"}}}, {"/texts/de/motto": "unknown_field"}),
    ],
)
def test_each_rule_has_its_code(change: Json, faults: dict[str, str]) -> None:
    assert faults_of({**LEAST, **change}) == faults


@pytest.mark.parametrize("body", [None, [], "text", 7])
def test_a_letterhead_is_an_object(body: Any) -> None:
    assert faults_of(body) == {"": "wrong_type"}


def test_the_contrast_is_that_of_wcag() -> None:
    for color, contrast in (("#000000", 21), ("#ffffff", 1), ("#767676", 4.54), ("#ff0000", 4.0), ("#0000FF", 8.59)):
        assert contrast_to_white(color) == pytest.approx(contrast, abs=0.01)
    for other in ("red", "#fff", "#12345g", ""):
        assert contrast_to_white(other) is None
    assert parse_letterhead({**LEAST, "colors": {"accent": "#949494"}}).document["colors"] == {"accent": "#949494"}
    assert faults_of({**LEAST, "colors": {"accent": "#959595"}}) == {"/colors/accent": "contrast_too_low"}


def test_a_color_is_kept_in_small_letters() -> None:
    assert parse_letterhead({**LEAST, "colors": {"accent": "#1D5FA8"}}).document["colors"] == {"accent": "#1d5fa8"}


def test_a_language_has_its_own_texts_and_else_those_of_all() -> None:
    letterhead = parse_letterhead(WHOLE)
    german, english, other = (letterhead.in_language(each) for each in ("de", "en", "fr"))
    assert german == (LEAST["address"], WHOLE["register_entry"], "Bank 2", "Geschäftsführung: A, B")
    assert english == other == (LEAST["address"], WHOLE["register_entry"], WHOLE["bank"], "Directors: A, B")
    own = {"address": "Ring 1, Germany", "register_entry": "Register of Berlin 1234"}
    abroad = parse_letterhead({**LEAST, "texts": {"en": own}})
    assert abroad.in_language("en") == (own["address"], own["register_entry"], None, None)
    assert abroad.in_language("de") == (LEAST["address"], None, None, None)


def test_the_audit_trail_gets_the_hash_of_the_picture() -> None:
    content = b"picture"
    logo = {"media_type": "image/png", "data": coded(content)}
    told = without_picture({**LEAST, "logo": logo})
    assert told == {**LEAST, "logo": {"media_type": "image/png", "sha256": hashlib.sha256(content).hexdigest()}}
    assert without_picture(LEAST) == LEAST
    assert without_picture(None) is None
