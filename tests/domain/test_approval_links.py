"""Links: a token and a code that belong to one order, revision, recipient and number, and to nobody's guess."""

from __future__ import annotations

import hashlib
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_orders.domain.approval_links import CODE, TOKEN, Link, code_of, fingerprint, matches, proof_of, token_of
from tests.domain.builders import ORDER_ID, property_of

KEY = b"a key of thirty-two random bytes"
CONTACT = "connie@acme.example"
LINK = Link(
    purpose="quote", account_id="acme", order_id=ORDER_ID, source="online", revision=1, number=1, key_id="key-1"
)

links = st.builds(
    Link,
    purpose=st.sampled_from(["order", "quote"]),
    account_id=st.just("acme"),
    order_id=st.text(st.characters(codec="utf-8"), max_size=30),
    source=st.just("online"),
    revision=st.integers(0, 10**6),
    number=st.integers(0, 10**6),
    key_id=st.just("key-1"),
)
recipients = st.text(st.characters(codec="utf-8"), max_size=40)
keys = st.binary(min_size=1, max_size=64)


def bound_to(link: Link) -> tuple[object, ...]:
    return (link.purpose, link.order_id, link.revision, link.number)


@property_of
@given(keys, links, recipients)
def test_a_mail_can_be_rendered_again_with_the_same_token_and_code(key: bytes, link: Link, recipient: str) -> None:
    again = Link.model_validate_json(link.model_dump_json())
    assert token_of(key, link, recipient) == token_of(key, again, recipient)
    assert code_of(key, link, recipient) == code_of(key, again, recipient)


@property_of
@given(keys, links, recipients)
def test_every_token_and_every_code_has_its_shape(key: bytes, link: Link, recipient: str) -> None:
    token, code = token_of(key, link, recipient), code_of(key, link, recipient)
    assert TOKEN.fullmatch(token)
    assert (len(token), set(token) <= set(string.ascii_letters + string.digits + "-_")) == (43, True)
    assert CODE.fullmatch(code)
    assert (len(code), set(code) <= set(string.digits)) == (6, True)


@property_of
@given(keys, keys, links, links, recipients, recipients)
def test_two_tokens_are_the_same_only_when_all_that_they_are_bound_to_is(
    key: bytes, other_key: bytes, link: Link, other: Link, recipient: str, other_recipient: str
) -> None:
    bound = (bound_to(link), recipient.casefold())
    assert (token_of(key, link, recipient) == token_of(key, other, recipient)) is (bound_to(link) == bound_to(other))
    assert (token_of(key, link, recipient) == token_of(key, link, other_recipient)) is (
        bound == (bound_to(link), other_recipient.casefold())
    )
    if key.rstrip(b"\0") != other_key.rstrip(b"\0"):
        assert token_of(key, link, recipient) != token_of(other_key, link, recipient)


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "order"},
        {"order_id": "01KAND6R0000000000000000AC"},
        {"revision": 2},
        {"number": 2},
        {"revision": 11, "number": 11},
    ],
    ids=["purpose", "order", "revision", "number", "revision and number"],
)
def test_another_link_has_another_token_and_another_code(change: dict[str, Any]) -> None:
    other = LINK.model_copy(update=change)
    assert token_of(KEY, other, CONTACT) != token_of(KEY, LINK, CONTACT)
    assert code_of(KEY, other, CONTACT) != code_of(KEY, LINK, CONTACT)


def test_another_recipient_and_another_key_have_another_token_and_another_code() -> None:
    for key, recipient in ((KEY, "carla@acme.example"), (b"another key of thirty-two bytes.", CONTACT)):
        assert token_of(key, LINK, recipient) != token_of(KEY, LINK, CONTACT)
        assert code_of(key, LINK, recipient) != code_of(KEY, LINK, CONTACT)


def test_digits_that_move_from_revision_to_number_make_another_link() -> None:
    one, other = (LINK.model_copy(update={"revision": r, "number": n}) for r, n in ((1, 23), (12, 3)))
    assert token_of(KEY, one, CONTACT) != token_of(KEY, other, CONTACT)


@pytest.mark.parametrize("spelling", ["Connie@Acme.Example", "CONNIE@ACME.EXAMPLE"])
def test_the_case_of_an_address_makes_no_other_recipient(spelling: str) -> None:
    assert token_of(KEY, LINK, spelling) == token_of(KEY, LINK, CONTACT)
    assert code_of(KEY, LINK, spelling) == code_of(KEY, LINK, CONTACT)


def test_wrong_codes_and_where_the_order_lies_change_neither() -> None:
    other = LINK.model_copy(update={"wrong_codes": 4, "account_id": "bolt", "source": "direct"})
    assert token_of(KEY, other, CONTACT) == token_of(KEY, LINK, CONTACT)
    assert code_of(KEY, other, CONTACT) == code_of(KEY, LINK, CONTACT)


def test_a_link_that_is_in_somebodys_mailbox_stays_what_it_is() -> None:
    assert token_of(KEY, LINK, CONTACT) == "LxjYQrPXt9SW3XNBslxvDaLBJXNUpXZZXdUo0TV19Ww"
    assert code_of(KEY, LINK, CONTACT) == "533299"


def test_a_proof_that_is_in_somebodys_browser_stays_what_it_is() -> None:
    assert proof_of(KEY, LINK, CONTACT) == "5YMsOvCigtaVYKG_8zbTghZRRlziSuSqvIeyLtVdBqk"


def test_the_codes_of_many_links_are_spread_over_all_there_are() -> None:
    codes = [code_of(KEY, LINK.model_copy(update={"number": number}), CONTACT) for number in range(2_000)]
    assert len(set(codes)) > 1_980
    for index in range(6):
        assert {code[index] for code in codes} == set(string.digits)


def test_the_code_is_not_a_part_of_what_the_token_says() -> None:
    for number in range(200):
        link = LINK.model_copy(update={"number": number})
        token, code = token_of(KEY, link, CONTACT), code_of(KEY, link, CONTACT)
        assert f"{int(fingerprint(token), 16) % 1_000_000:06d}" != code
        assert code not in token


def test_the_table_knows_a_token_by_its_sha_256() -> None:
    token = token_of(KEY, LINK, CONTACT)
    assert fingerprint(token) == hashlib.sha256(token.encode()).hexdigest()


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", " 12345", "123456\n", "١٢٣٤٥٦", "12 345", "-12345"])
def test_what_is_no_code_is_told_from_a_wrong_one(code: str) -> None:
    assert not CODE.fullmatch(code)


@pytest.mark.parametrize(
    "token", ["", "x" * 42, "x" * 44, "x" * 42 + "=", "x" * 42 + "/", "x" * 42 + "é", "x" * 43 + "\n"]
)
def test_what_can_be_no_token_is_told_from_an_unknown_one(token: str) -> None:
    assert not TOKEN.fullmatch(token)


def test_a_link_locks_at_the_fifth_wrong_code() -> None:
    assert LINK.wrong_codes == 0
    locked = [LINK.model_copy(update={"wrong_codes": count}).locked for count in range(7)]
    assert locked == [False, False, False, False, False, True, True]


def test_who_asked_for_a_mail_has_a_count_of_wrong_codes_apart_from_others() -> None:
    link = LINK.model_copy(update={"wrong_codes": 3, "wrong_codes_of_asker": 2})
    theirs, own = link.with_wrong_code(), link.for_asker().with_wrong_code()
    assert (link.counter, link.for_asker().counter) == ("wrong_codes", "wrong_codes_of_asker")
    assert (theirs.wrong_codes, theirs.wrong_codes_of_asker, theirs.tries) == (4, 2, 4)
    assert (own.wrong_codes, own.wrong_codes_of_asker, own.tries) == (3, 3, 3)
    assert link.model_copy(update={"wrong_codes_of_asker": 0}).for_asker().tries == 0


def test_a_link_of_an_earlier_release_has_one_count_for_all() -> None:
    assert LINK.wrong_codes_of_asker is None
    assert LINK.for_asker() == LINK


@pytest.mark.parametrize(
    ("expected", "given", "same"),
    [
        ("123456", "123456", True),
        ("123456", "123457", False),
        ("123456", "12345", False),
        ("123456", "", False),
        ("123456", "١٢٣٤٥٦", False),
    ],
)
def test_codes_match_when_they_are_the_same(expected: str, given: str, same: bool) -> None:
    assert matches(expected, given) is same
