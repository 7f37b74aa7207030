"""Cursors of pagination: what a cursor is bound to, and what is none."""

from __future__ import annotations

import pytest

from online_orders.aws.signing_keys import SigningKey
from online_orders.domain.errors import BadRequest, NotFound
from online_orders.http import cursors
from online_orders.http.cursors import Cursor


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The keys there are, the last of them the current one."""
    known = {"old": b"o" * 32, "new": b"n" * 32}

    def signing_key(purpose: str, key_id: str | None = None) -> SigningKey:
        assert purpose == "cursors"
        named = key_id or [*known][-1]
        if named not in known:
            raise NotFound("The key behind this was retired.")
        return SigningKey(named, known[named])

    monkeypatch.setattr(cursors, "signing_key", signing_key)
    return known


def cursor_of(path: str = "/api/orders", user_id: str = "u-1", account_id: str | None = "acme", **query: str) -> Cursor:
    event = {"queryStringParameters": query or None, "requestContext": {"http": {"path": path}}}
    return Cursor(query.get("cursor"), event, user_id, account_id)


def is_refused(raw: str, **asked: str | None) -> bool:
    with pytest.raises(BadRequest) as refusal:
        cursor_of(cursor=raw, **asked)  # type: ignore[arg-type]
    return refusal.value.code == "invalid_cursor"


@pytest.mark.parametrize("position", ["ORDER", "a b", "7" * 200, 12, "ü", "W"])
def test_a_list_goes_on_where_its_cursor_says(keys: dict[str, bytes], position: str | int) -> None:
    assert keys
    raw = cursor_of(status="quoted").after(position)
    assert raw
    assert "=" not in raw
    assert cursor_of(status="quoted", cursor=raw, limit="3").position == str(position)


def test_a_cursor_is_signed_by_sha_256_in_43_characters(keys: dict[str, bytes]) -> None:
    assert keys
    raw = cursor_of().after("P")
    assert raw
    assert len(raw.rpartition(".")[2]) == 43


def test_the_last_page_has_no_next_cursor_and_the_first_needs_none() -> None:
    cursor = cursor_of()
    assert (cursor.position, cursor.after(None)) == (None, None)


def test_a_cursor_is_bound_to_path_query_user_account_and_key(keys: dict[str, bytes]) -> None:
    raw = cursor_of(a="1", b="2").after("P")
    assert raw
    assert cursor_of(b="2", a="1", cursor=raw).position == "P"
    for other in (
        {"path": "/api/desk/orders", "a": "1", "b": "2"},
        {"user_id": "u-2", "a": "1", "b": "2"},
        {"account_id": "bolt", "a": "1", "b": "2"},
        {"account_id": None, "a": "1", "b": "2"},
        {"a": "1"},
        {"a": "1", "b": "3"},
    ):
        assert is_refused(raw, **other)
    for odd in (raw[:9] + "!" + raw[9:], raw[:9] + "\n" + raw[9:], raw[1:], raw[:-1]):
        assert is_refused(odd, a="1", b="2")
    keys["newer"] = b"z" * 32
    assert cursor_of(a="1", b="2", cursor=raw).position == "P"
    keys["new"] = b"x" * 32
    assert is_refused(raw, a="1", b="2")
    del keys["new"]
    assert is_refused(raw, a="1", b="2")


@pytest.mark.parametrize("raw", ["", "!", "x", "AAAA", "ü", "\ud800", "new.", "new.a.b", ".a", "+/+/", "A" * 400])
def test_what_is_no_cursor_is_refused(keys: dict[str, bytes], raw: str) -> None:
    assert keys
    assert is_refused(raw)
