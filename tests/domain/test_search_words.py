"""Words: what a text is found by, and that a query finds what a reader of every order would find."""

from __future__ import annotations

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.accounts import ERASED_EMAIL
from online_orders.domain.erasure import ERASED_CONTACT, ERASED_USER
from online_orders.domain.order_numbers import number_of
from online_orders.domain.search_words import (
    MAX_WORD_LENGTH,
    MAX_WORDS_BYTES,
    Search,
    account_words,
    fold,
    order_words,
    words_of,
)
from tests.domain.builders import ANNA, CONNIE, ORDER_ID, account_of, item_of, place, property_of

short = st.text(ascii_lowercase[:3], min_size=1, max_size=5)
some_words = st.lists(short, min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Müller-Straße 7", ["muller", "strasse", "mullerstrasse", "7"]),
        ("ÀÉÎõü Ångström", ["aeiou", "angstrom"]),
        ("Łódź Søn Æsir œuvre", ["lodz", "son", "aesir", "oeuvre"]),
        ("ISTANBUL \u0130zmir \u0131l\u0131k", ["istanbul", "izmir", "ilik"]),
        ("\uff21\uff22\uff11 \ufb01n \u00b2", ["ab1", "fin", "2"]),
        ("Clara@Acme.example", ["clara", "acme", "example", "claraacmeexample"]),
        ("PO-2026/7", ["po", "2026", "7", "po20267"]),
        ("東京データ", ["東京", "京テ", "テー", "ータ"]),
        ("東", ["東"]),
        ("NTT東日本", ["ntt", "東日", "日本"]),
        ("กรุงเทพ", ["กร", "รง", "งเ", "เท", "ทพ"]),
        ("한국 전력", ["한국", "전력"]),
        ("Ελλάς Москва", ["ελλασ", "москва"]),
        ("--- ...", []),
        ("", []),
        ("x" * 60, ["x" * MAX_WORD_LENGTH]),
    ],
)
def test_a_text_is_found_by_its_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@property_of
@given(st.text(max_size=40))
def test_words_have_letters_and_digits_alone_and_are_their_own_words(text: str) -> None:
    for word in words_of(text):
        assert word.isalnum()
        assert fold(word) == word
        assert word in words_of(word) or len(words_of(word)) > 1


@property_of
@given(st.text(st.characters(categories=["L", "N", "P", "Z"]), max_size=30))
def test_a_text_is_found_by_itself_in_any_case(text: str) -> None:
    search = Search.parse(text.swapcase())
    if search.words:
        assert search.matches(words_of(text)) or "ΐ" in text.lower() + text.upper()


def found_by_reading(query: list[str], stored: list[str]) -> bool:
    """The rule in the plainest way: each word begins a stored one, or if all are short is one."""
    if all(len(word) < 3 for word in query):
        return all(word in stored for word in query)
    return all(any(each[: len(word)] == word for each in stored) for word in query)


@property_of
@given(some_words, st.lists(some_words, max_size=8))
def test_a_query_finds_what_a_reader_of_everything_would(query: list[str], orders: list[list[str]]) -> None:
    search = Search.parse(" ".join(query))
    expected = [found_by_reading(list(search.words), stored) for stored in orders]
    assert [search.matches(stored) for stored in orders] == expected


@property_of
@given(some_words, st.lists(some_words, min_size=1, max_size=8))
def test_the_postings_of_any_driver_lead_to_each_match_exactly_once(query: list[str], orders: list[list[str]]) -> None:
    search = Search.parse(" ".join(query))
    for driver in search.drivers:
        exact = not search.has_prefixes
        reached = [
            index
            for index, stored in enumerate(orders)
            for word in dict.fromkeys(stored)
            if (word == driver if exact else word.startswith(driver))
            if search.matches(stored) and search.first_found(driver, stored) == word
        ]
        assert reached == [index for index, stored in enumerate(orders) if search.matches(stored)]


def test_the_longest_word_is_looked_up_first_and_short_ones_only_alone() -> None:
    assert Search.parse("an acme ab gmbhs").drivers == ["gmbhs", "acme"]
    assert Search.parse("ab a").drivers == ["ab", "a"]
    assert Search.parse("PO-7").words == ("po7",)
    assert Search.parse("PO-712").words == ("po", "712")
    assert Search.parse("東京 ab").drivers == ["東京", "ab"]
    assert not Search.parse("?!").words
    assert not Search.parse("?!").matches(["a"])


def test_an_order_is_found_by_number_id_reference_account_people_and_sites() -> None:
    order = place(item_of("socket"), body={"purchase_order_number": "PO 7"}).order
    words = order_words(order, account_of(name="Renamed"))
    number = number_of(ORDER_ID)
    assert words[:5] == (*number.lower().split("-"), number.replace("-", "").lower(), ORDER_ID.lower())
    texts = [
        "po",
        "7",
        "po7",
        "acme",
        "renamed",
        *words_of(CONNIE.name),
        *words_of(CONNIE.email),
        *words_of(ANNA.email),
    ]
    assert {*texts, "store"} <= {*words}
    assert len(words) == len(set(words))
    assert "connie" not in order_words(order.model_copy(update={"contact": ERASED_CONTACT}), None)
    erased = order.model_copy(update={"contact": ERASED_CONTACT, "placed_by": ERASED_USER})
    assert not {*words_of(ERASED_EMAIL), *words_of(ANNA.email.partition("@")[0])} & {*order_words(erased, None)}


def test_an_account_is_found_by_id_name_contact_and_sites() -> None:
    account = account_of()
    words = account_words(account)
    assert {"acme", "ltd", *words_of(CONNIE.email), *words_of(account.sites[0].name)} <= {*words}
    assert "connie" not in account_words(account.model_copy(update={"enrollment": None}))


def test_further_words_than_there_is_room_for_are_left_out() -> None:
    account = account_of()
    site = account.sites[0]
    many = account.model_copy(update={"sites": tuple(site.model_copy(update={"name": f"{n:030}"}) for n in range(100))})
    words = account_words(many)
    assert len(" ".join(words).encode()) <= MAX_WORDS_BYTES < len(" ".join(words).encode()) + 31
    assert words[:2] == ("acme", "ltd")


def test_what_is_named_exactly_ranks_first_and_whole_words_second() -> None:
    order = place(body={"purchase_order_number": "PO-7"}).order
    words = order_words(order, None)
    texts = (number_of(ORDER_ID), ORDER_ID.lower(), "po 7", "acme", "acm", "acme po7")
    assert [Search.parse(text).rank(order, words) for text in texts] == [2, 2, 2, 1, 0, 1]
