"""The teams and the text modules of the desk: what they may be, and how a text is filled."""

from typing import Any

import pytest

from online_orders.domain.desk_settings import (
    MAX_MEMBERS,
    MAX_TEAMS,
    MAX_TEXT_MODULES,
    PLACEHOLDERS,
    filled,
    parse_teams,
    parse_text_modules,
    user_ids_of,
    without_member,
)
from online_orders.domain.errors import Invalid

STAFF = {"clara", "conrad"}


def team(team_id: str = "north", *members: str, **changes: Any) -> dict[str, Any]:
    return {"team": team_id, "name": team_id.title(), "members": list(members), **changes}


def module(module_id: str = "thanks", **changes: Any) -> dict[str, Any]:
    return {"module": module_id, "name": "Thanks", "use": "comment", "texts": {"en": "Thank you."}, **changes}


def faults_of_teams(*teams: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_teams({"teams": list(teams)}, STAFF)
    return {error.pointer: error.code for error in caught.value.errors}


def faults_of_texts(*modules: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_text_modules({"text_modules": list(modules)})
    return {error.pointer: error.code for error in caught.value.errors}


# -- teams --------------------------------------------------------------------------------------------------------


def test_teams_are_kept_as_they_are_sent() -> None:
    body = {"teams": [team("north", "conrad", "clara"), team("south")]}
    assert parse_teams(body, STAFF) == body
    assert parse_teams({"teams": []}, STAFF) == {"teams": []}


def test_every_fault_of_teams_is_told_at_once() -> None:
    assert faults_of_teams(
        team("north", "conrad", "conrad", "eve"),
        team("north", name=""),
        team("so uth", members=["clara", 7]),
        "south",
        {"team": 3, "members": "clara"},
    ) == {
        "/teams/0/members/1": "duplicate_member",
        "/teams/0/members/2": "unknown_user",
        "/teams/1/team": "duplicate_id",
        "/teams/1/name": "too_short",
        "/teams/2/team": "malformed",
        "/teams/2/members/1": "wrong_type",
        "/teams/3": "wrong_type",
        "/teams/4/team": "wrong_type",
        "/teams/4/name": "required",
        "/teams/4/members": "wrong_type",
    }


@pytest.mark.parametrize("body", [None, [], {}, {"teams": None}, {"teams": {}}])
def test_what_is_no_list_of_teams_is_refused(body: Any) -> None:
    with pytest.raises(Invalid):
        parse_teams(body, STAFF)


def test_there_are_limits() -> None:
    many = [team(f"t{number}") for number in range(MAX_TEAMS + 1)]
    assert faults_of_teams(*many) == {"/teams": "too_many"}
    assert parse_teams({"teams": many[1:]}, ())["teams"] == many[1:]
    crowd = [f"u{number}" for number in range(MAX_MEMBERS + 1)]
    with pytest.raises(Invalid) as caught:
        parse_teams({"teams": [team("north", *crowd)]}, crowd)
    assert [error.code for error in caught.value.errors] == ["too_many"]


def test_members_are_found_in_a_body_with_any_fault() -> None:
    assert user_ids_of({"teams": [team("north", "clara"), 3, {"members": ["eve", 7, None]}, {"members": 1}]}) == {
        "clara",
        "eve",
    }
    assert user_ids_of("teams") == set()
    crowd = [f"u{number}" for number in range(MAX_TEAMS * MAX_MEMBERS + 1)]
    assert user_ids_of({"teams": [{"members": crowd}]}) == set(crowd[:-1])


def test_a_member_is_removed_from_every_team() -> None:
    document = {"teams": [team("north", "clara", "conrad"), team("south", "clara")]}
    assert without_member(document, "clara") == {"teams": [team("north", "conrad"), team("south")]}
    assert without_member(document, "eve") == document


# -- text modules -------------------------------------------------------------------------------------------------


def test_text_modules_are_kept_as_they_are_sent() -> None:
    texts = {"en": "Dear {contact},\nthank you for {number}.", "de": "Guten Tag {contact}"}
    body = {"text_modules": [module(texts=texts), module("no", use="decline")]}
    assert parse_text_modules(body) == body


def test_every_fault_of_text_modules_is_told_at_once() -> None:
    assert faults_of_texts(
        module(texts={"en": "{contact} {who} {}", "de": "{number} {Number}"}),
        module(use="mail", texts={}),
        module("long", use="decline", texts={"en": "x" * 1_001}),
        module("longer", use="decline", texts={"en": "x" * 2_001}),
        module("other", texts={"xx": "text", "en": 3}),
        "text",
    ) == {
        "/text_modules/0/texts/en": "unknown_text_placeholder",
        "/text_modules/0/texts/de": "unknown_text_placeholder",
        "/text_modules/1/module": "duplicate_id",
        "/text_modules/1/use": "not_allowed",
        "/text_modules/1/texts": "too_few",
        "/text_modules/2/texts/en": "too_long",
        "/text_modules/3/texts/en": "too_long",
        "/text_modules/4/texts/xx": "not_allowed",
        "/text_modules/4/texts/en": "wrong_type",
        "/text_modules/5": "wrong_type",
    }


def test_a_fault_names_the_placeholders_that_are_unknown_and_those_that_there_are() -> None:
    with pytest.raises(Invalid) as caught:
        parse_text_modules({"text_modules": [module(texts={"en": "{b} {a} {b}"})]})
    (error,) = caught.value.errors
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    assert error.detail == f"There is no {{a}}, {{b}}; the placeholders are {known}."


@pytest.mark.parametrize("body", [None, [], {}, {"text_modules": None}, {"text_modules": [{"texts": 3}]}])
def test_what_is_no_list_of_text_modules_is_refused(body: Any) -> None:
    with pytest.raises(Invalid):
        parse_text_modules(body)


def test_there_are_so_many_text_modules_at_most() -> None:
    many = [module(f"t{number}") for number in range(MAX_TEXT_MODULES + 1)]
    assert faults_of_texts(*many) == {"/text_modules": "too_many"}
    assert parse_text_modules({"text_modules": many[1:]})


@pytest.mark.parametrize(
    ("locale", "texts", "text"),
    [
        ("de", {"en": "Hello", "de": "Hallo"}, "Hallo"),
        ("de", {"en": "Hello"}, "Hello"),
        ("en", {"de": "Hallo"}, "Hallo"),
    ],
)
def test_a_text_is_in_the_accounts_language_or_in_one_that_it_has(
    locale: str, texts: dict[str, str], text: str
) -> None:
    document = {"text_modules": [module(texts=texts)]}
    assert filled(document, locale, {}) == [{"module": "thanks", "name": "Thanks", "use": "comment", "text": text}]


def test_placeholders_become_what_the_order_has_and_others_stay() -> None:
    document = {"text_modules": [module(texts={"en": "{contact}: {number}, {valid_until}. {contact} {{"})]}
    (text,) = filled(document, "en", {"contact": "Dana {number}", "number": "K7M", "valid_until": None})
    assert text["text"] == "Dana {number}: K7M, {valid_until}. Dana {number} {{"
