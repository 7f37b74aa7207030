"""Which terms a quote has that Customer Success writes none for, and what may be set."""

from __future__ import annotations

from typing import Any

import pytest

from online_orders.domain.errors import Invalid
from online_orders.domain.languages import LOCALES, Locale
from online_orders.domain.quote_requests import MAX_TERMS_LENGTH
from online_orders.domain.terms import (
    DEFAULT_TERMS,
    MAX_GROUP_TEXTS,
    AppliedTerms,
    KeptTerms,
    StandardTerms,
    TermsScope,
    parse_terms,
    scopes_for,
    standard_terms,
)
from tests.domain.builders import NOW, account_of

Json = dict[str, Any]


def stored(text: str, locale: Locale = "en", group: str | None = None) -> StandardTerms:
    return StandardTerms(locale=locale, group=group, version=2, text=text, updated_at=NOW)


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_stored_holds_before_the_parameter_and_that_before_the_default(locale: Locale) -> None:
    own = stored("Stored.", locale)
    assert standard_terms(locale, [own], "Parameter.") == AppliedTerms("Stored.", own)
    assert standard_terms(locale, [None], "Parameter.") == AppliedTerms("Parameter.")
    for absent in (None, ""):
        assert standard_terms(locale, (), absent) == AppliedTerms(DEFAULT_TERMS[locale])


def test_the_first_stored_terms_hold() -> None:
    first, second = stored("Of the group.", group="partners"), stored("Of the language.")
    assert standard_terms("en", [None, first, second], "Parameter.") == (first.text, first)
    assert standard_terms("en", [None, None, second], None) == (second.text, second)


def test_a_quote_keeps_which_of_the_installations_texts_its_terms_are() -> None:
    assert AppliedTerms("Default.").version is None
    for own, kept in (
        (stored("A"), {"locale": "en", "version": 2}),
        (stored("A", group="partners"), {"locale": "en", "version": 2}),
    ):
        version = AppliedTerms("A", own).version
        assert version
        assert version.model_dump(mode="json") == kept


def test_the_terms_of_an_accounts_groups_go_before_those_of_its_language() -> None:
    account = account_of(locale="de", groups=["schools", "partners"])
    assert scopes_for(account) == (TermsScope("de", "schools"), TermsScope("de", "partners"), TermsScope("de"))
    assert scopes_for(account_of()) == (TermsScope("en"),)
    twice = account.model_copy(update={"groups": ("schools", "schools")})
    assert scopes_for(twice) == (TermsScope("de", "schools"), TermsScope("de"))


def test_terms_are_called_by_their_language_and_group() -> None:
    assert [TermsScope("de").subject_id, TermsScope("de", "partners").subject_id] == ["de", "de?group=partners"]
    assert TermsScope("de").phrase == "terms in de"
    assert TermsScope("de", "partners").phrase == "terms in de of the group partners"


def test_what_an_earlier_release_stored_is_read_and_written_as_it_was() -> None:
    document = stored("A").model_dump(mode="json")
    assert document == {"locale": "en", "version": 2, "text": "A", "updated_at": "2026-11-22T10:00:00.000Z"}
    assert StandardTerms.model_validate(document) == stored("A")
    assert KeptTerms.model_validate(document).scope == TermsScope("en")


# -- what is sent -------------------------------------------------------------------------------------------------


def faults(body: Any, kept: tuple[TermsScope, ...] = ()) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        parse_terms(body, ["partners"], kept)
    return [(each.pointer, each.code) for each in refusal.value.errors]


def test_terms_are_of_a_language_or_of_a_group_and_none_removes_them() -> None:
    whole = parse_terms({"locale": "de", "group": "partners", "text": " Netto.\n"}, ["partners"], ())
    assert (whole.locale, whole.group, whole.text) == ("de", "partners", "Netto.")
    of_language = parse_terms({"locale": "de", "text": None}, [], ())
    assert (of_language.group, of_language.text) == (None, None)
    assert parse_terms({"locale": "de", "group": None, "text": "A"}, [], ()).group is None


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("/locale", "required"), ("/text", "required")]),
        ([], [("", "wrong_type")]),
        (
            {"locale": "xx", "group": "others", "text": " ", "version": 3},
            [
                ("/locale", "not_allowed"),
                ("/text", "too_short"),
                ("/version", "unknown_field"),
                ("/group", "not_allowed"),
            ],
        ),
        ({"locale": "en", "group": "a b", "text": "A"}, [("/group", "malformed")]),
        ({"locale": "en", "group": 3, "text": "A"}, [("/group", "wrong_type")]),
        ({"locale": ["en"], "group": "partners", "text": "A"}, [("/locale", "not_allowed")]),
        ({"locale": "en", "text": "x" * (MAX_TERMS_LENGTH + 1)}, [("/text", "too_long")]),
    ],
)
def test_every_fault_is_told_at_once(body: Any, found: list[tuple[str, str]]) -> None:
    assert faults(body) == found


def test_the_terms_of_a_group_that_is_gone_can_still_be_changed() -> None:
    kept = (TermsScope("de", "gone"),)
    for text in ("A", None):
        for locale in ("de", "en"):
            assert parse_terms({"locale": locale, "group": "gone", "text": text}, ["partners"], kept).group == "gone"
    assert faults({"locale": "de", "group": "gone", "text": "A"}) == [("/group", "not_allowed")]


def test_there_are_so_many_texts_of_groups_at_most() -> None:
    kept = tuple(TermsScope("de", f"group-{number}") for number in range(MAX_GROUP_TEXTS))
    body = {"locale": "de", "group": "partners", "text": "A"}
    assert faults(body, kept) == [("/group", "too_many")]
    assert parse_terms(body, ["partners"], kept[1:]).group == "partners"
    assert parse_terms({**body, "text": None}, ["partners"], kept).text is None
    assert parse_terms({**body, "group": "group-3"}, ["partners"], kept).group == "group-3"
    assert parse_terms({"locale": "de", "text": "A"}, ["partners"], kept).group is None
