"""The letterhead, call by call: one transaction for each version, and what is read for a quote and its papers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from online_orders.aws import letterhead_store
from online_orders.aws.keys import Item, letterhead_key, person_key, version_key
from online_orders.aws.table import MAX_ATTEMPTS, Items
from online_orders.domain.audit import AuditChange
from online_orders.domain.callers import Caller
from online_orders.domain.erasure import Person
from online_orders.domain.errors import Forbidden, InProgress, NotFound, VersionMismatch
from online_orders.domain.letterheads import Letterhead, parse_letterhead, without_picture
from online_orders.domain.roles import Permission, Role
from tests.aws.desk import Desk, in_place_of_aws, text_of
from tests.aws.people import person_item_of
from tests.domain.builders import CLARA, LATER, STAFF_CALLER, judge_quote, quote_body
from tests.domain.test_letterheads import LEAST, WHOLE

Json = dict[str, Any]

LEAD: Caller = STAFF_CALLER._replace(required=Permission.MANAGE_PAPERS)
FIRST, SECOND = parse_letterhead(LEAST), parse_letterhead(WHOLE)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk()
    with in_place_of_aws(desk, monkeypatch):
        monkeypatch.setattr(letterhead_store, "now", lambda: desk.now)
        yield desk


def replace(letterhead: Letterhead, *expected: int) -> letterhead_store.StoredLetterhead:
    def check(version: int) -> None:
        if expected and version not in expected:
            raise VersionMismatch("another")

    return letterhead_store.replace_letterhead(letterhead, LEAD, check)


def item(desk: Desk, key: Any) -> Item:
    found: Item = desk.table.items[text_of(key)]
    return found


def audited(desk: Desk) -> list[Json]:
    found = [each for (pk, _), each in sorted(desk.table.items.items()) if pk.startswith("AUDIT#")]
    return [json.loads(each["document"]["S"]) for each in found]


def test_before_the_first_there_is_none(desk: Desk) -> None:
    assert letterhead_store.current_letterhead() is None
    assert letterhead_store.current_version(Items()) is None
    with pytest.raises(NotFound):
        letterhead_store.get_version(1)


def test_each_version_is_kept_with_who_stored_it_when(desk: Desk) -> None:
    assert replace(FIRST, 0) == (FIRST, 1, "2026-11-22T10:00:00.000Z", CLARA.email)
    desk.now = LATER
    second = replace(SECOND, 1)
    assert second == (SECOND, 2, "2026-11-22T11:00:00.000Z", CLARA.email)
    assert letterhead_store.current_letterhead() == second
    assert [letterhead_store.get_version(number).letterhead for number in (1, 2)] == [FIRST, SECOND]
    newest = item(desk, letterhead_key())
    assert newest == {**letterhead_key(), "version": {"N": "2"}, "changed_at": {"S": second.at}}
    kept = item(desk, version_key(letterhead_key(), 2))
    assert json.loads(kept["document"]["S"]) == WHOLE
    assert letterhead_store.keys_to_read() == [letterhead_key()]
    assert letterhead_store.current_version(Items(newest)) == 2


def test_a_change_and_its_entry_of_the_audit_trail_are_one_transaction(desk: Desk) -> None:
    replace(FIRST)
    desk.table.calls.clear()
    desk.now = LATER
    replace(SECOND)
    assert [call for call in desk.table.calls if "write" in call] == ["transact_write_items"]
    created, changed = audited(desk)
    assert (created["action"], changed["action"]) == ("created", "changed")
    assert {(each["subject"], each["subject_id"], each["by"]["email"]) for each in (created, changed)} == {
        ("letterhead", "letterhead", CLARA.email)
    }
    assert [AuditChange.model_validate(each).pointer for each in created["changes"]] == ["/legal_name", "/address"]
    logo = next(each for each in changed["changes"] if each["pointer"] == "/logo")
    told = without_picture(WHOLE)
    assert told
    assert (logo["was"], logo["is"]) == (None, told["logo"])
    assert WHOLE["logo"]["data"] not in json.dumps(changed)


def test_the_same_again_makes_no_version(desk: Desk) -> None:
    first = replace(FIRST)
    assert replace(FIRST) == first
    assert len(audited(desk)) == 1
    with pytest.raises(VersionMismatch):
        replace(FIRST, 7)


def test_a_change_that_lost_its_race_is_judged_by_the_version_that_stands_then(desk: Desk) -> None:
    desk.before_next("transact_write_items", lambda: replace(SECOND))
    assert replace(FIRST).version == 2
    assert letterhead_store.get_version(1).letterhead == SECOND
    desk.before_next("transact_write_items", lambda: replace(SECOND))
    with pytest.raises(VersionMismatch):
        replace(parse_letterhead({**LEAST, "phone": "1"}), 2)


def test_it_gives_up_where_others_keep_changing_it(desk: Desk) -> None:
    def others(number: int) -> Letterhead:
        return parse_letterhead({**LEAST, "phone": str(number)})

    desk.before_next(
        "transact_write_items", *(lambda number=number: replace(others(number)) for number in range(MAX_ATTEMPTS))
    )
    with pytest.raises(InProgress):
        replace(FIRST)


def test_whoever_may_no_longer_do_this_does_not(desk: Desk) -> None:
    desk.table.items[text_of(person_key(LEAD.user.user_id))] = person_item_of(LEAD.user, desk=Role.AGENT)
    with pytest.raises(Forbidden):
        replace(FIRST)
    assert letterhead_store.current_letterhead() is None


def test_a_papers_letterhead_is_the_one_that_its_quote_names(desk: Desk) -> None:
    replace(FIRST)
    replace(SECOND)
    quote = judge_quote(quote_body())
    desk.table.calls.clear()
    assert letterhead_store.letterhead_of(None) is None
    assert letterhead_store.letterhead_of(quote) is None
    assert desk.table.calls == []
    for version, letterhead in ((1, FIRST), (2, SECOND)):
        named = quote.model_copy(update={"letterhead_version": version})
        assert letterhead_store.letterhead_of(named) == letterhead
    assert desk.table.calls == ["get_item"] * 2


def test_texts_in_a_language_that_is_gone_are_left_out(desk: Desk) -> None:
    replace(SECOND)
    key = version_key(letterhead_key(), 1)
    document = {**WHOLE, "texts": {**WHOLE["texts"], "xx": {"footer": "?"}}}
    desk.table.items[text_of(key)] = {**item(desk, key), "document": {"S": json.dumps(document)}}
    assert letterhead_store.get_version(1).letterhead == SECOND


def test_versions_that_name_a_person_are_found(desk: Desk) -> None:
    replace(parse_letterhead({**LEAST, "email": "dora@vendor.example"}))
    replace(FIRST)
    replace(parse_letterhead({**LEAST, "bank": "Ask dora@vendor.example"}))
    assert letterhead_store.versions_naming(Person.from_email("dora@vendor.example", ())) == [1, 3]
    assert letterhead_store.versions_naming(Person.from_email("nobody@vendor.example", ())) == []
    replace(parse_letterhead({**LEAST, "address": "Example AG\nDora Doe\n4 Hill St"}))
    assert letterhead_store.versions_naming(Person.from_email("dd@vendor.example", ["Dora Doe"])) == [4]
