"""Standard terms in the table: of languages and groups, with every version for ever."""

from collections.abc import Iterator
from typing import Any

import pytest

from online_orders.aws import catalog_store, terms_store
from online_orders.aws.keys import person_key, terms_directory_key, terms_key, version_key
from online_orders.aws.table import MAX_ATTEMPTS
from online_orders.domain.audit import OPERATOR, AuditEntry
from online_orders.domain.catalog import Catalog, shipped
from online_orders.domain.erasure import Person
from online_orders.domain.errors import Forbidden, InProgress, Invalid, VersionMismatch
from online_orders.domain.roles import Permission
from online_orders.domain.terms import KeptTerms, StandardTerms, TermsScope
from tests.aws.desk import Desk, in_place_of_aws, text_of
from tests.aws.people import person_item_of
from tests.domain.builders import CLARA, DAY, NOW, STAFF_CALLER

Json = dict[str, Any]
LEAD = STAFF_CALLER._replace(required=Permission.MANAGE_PAPERS)
GROUP = TermsScope("de", "partners")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk()
    monkeypatch.setattr(terms_store, "now", lambda: desk.now)
    monkeypatch.setattr(catalog_store, "_cache", [])
    with in_place_of_aws(desk, monkeypatch):
        yield desk


def trail(desk: Desk) -> list[tuple[str, str, str, Json]]:
    """Of the audit trail: who, of what, how, and the texts before and after."""
    entries = [
        AuditEntry.model_validate_json(item["document"]["S"])
        for (pk, _), item in sorted(desk.table.items.items())
        if pk.startswith("AUDIT#")
    ]
    return [
        (each.by.email, each.subject_id, each.action, {str(change.was): change.is_now for change in each.changes})
        for each in sorted(entries, key=lambda each: each.at)
        if each.subject == "terms"
    ]


def later(desk: Desk) -> None:
    desk.now += DAY


def replace(desk: Desk, text: str | None, *seen: int | None, **more: Any) -> KeptTerms:
    """Replace the German terms, and look that the versions `seen` were checked before."""
    later(desk)
    checked: list[int | None] = []
    try:
        return terms_store.replace_terms({"locale": "de", "text": text, **more}, LEAD, checked.append)
    finally:
        assert checked == [*seen]


def rows(scope: TermsScope, limit: int = 10, before: int | None = None) -> list[tuple[int, str | None, str]]:
    return [(terms.version, terms.text, by) for terms, by in terms_store.list_versions(scope, limit, before).versions]


def test_each_change_makes_a_version_that_is_kept_for_ever(desk: Desk) -> None:
    first = replace(desk, "Netto.", None)
    assert first == KeptTerms(locale="de", version=1, text="Netto.", updated_at=desk.now)
    assert replace(desk, "Netto.", 1) == StandardTerms(**dict(first)), "the text is the same"
    assert replace(desk, "Brutto.", 1).version == 2
    assert terms_store.find_terms("de") == StandardTerms(locale="de", version=2, text="Brutto.", updated_at=desk.now)
    gone = replace(desk, None, 2)
    assert gone == KeptTerms(locale="de", version=3, text=None, updated_at=desk.now)
    assert terms_store.find_terms("de") is None
    assert replace(desk, None, None) == gone, "it is removed already"
    assert replace(desk, "Anders.", None).version == 4
    email = CLARA.email
    everything = [(4, "Anders.", email), (3, None, email), (2, "Brutto.", email), (1, "Netto.", email)]
    assert rows(TermsScope("de")) == everything
    assert terms_store.list_versions(TermsScope("de"), 10, None).position is None
    assert trail(desk) == [
        (email, "de", "created", {"None": "Netto."}),
        (email, "de", "changed", {"Netto.": "Brutto."}),
        (email, "de", "removed", {"Brutto.": None}),
        (email, "de", "created", {"None": "Anders."}),
    ]


def test_versions_come_page_by_page(desk: Desk) -> None:
    for number, text in enumerate("ABCDE"):
        replace(desk, text, number or None)
    found, position = [], None
    while True:
        page = terms_store.list_versions(TermsScope("de"), 2, position)
        found.append([terms.version for terms, _ in page.versions])
        if page.position is None:
            break
        position = page.position
    assert found == [[5, 4], [3, 2], [1]]


def test_of_terms_that_never_were_there_are_no_versions(desk: Desk) -> None:
    assert terms_store.list_versions(TermsScope("de"), 2, None) == ([], None)
    assert replace(desk, None, None) == KeptTerms(locale="de", version=0)
    assert desk.table.items == {}


# -- of an earlier release ----------------------------------------------------------------------------------------


def store_as_before(desk: Desk, version: int = 3) -> StandardTerms:
    """As an earlier release stored it: the newest text alone, by the command line."""
    terms = StandardTerms(locale="de", version=version, text="Netto.", updated_at=NOW)
    key = terms_key("de")
    item = {**key, "version": {"N": str(version)}, "document": {"S": terms.model_dump_json()}}
    desk.table.items[text_of(key)] = item
    return terms


def test_terms_that_an_earlier_release_stored_are_read_and_listed(desk: Desk) -> None:
    old = store_as_before(desk)
    assert terms_store.find_terms("de") == old
    assert terms_store.list_terms() == [old]
    assert rows(TermsScope("de")) == [(3, "Netto.", "operator")]
    assert rows(TermsScope("de"), 1) == [(3, "Netto.", "operator")]


def test_what_an_earlier_release_stored_is_kept_when_it_is_replaced(desk: Desk) -> None:
    store_as_before(desk)
    assert replace(desk, "Brutto.", 3).version == 4
    assert rows(TermsScope("de")) == [(4, "Brutto.", CLARA.email), (3, "Netto.", "operator")]
    assert rows(TermsScope("de"), 10, 4) == [(3, "Netto.", "operator")]


def test_what_an_earlier_release_counted_anew_replaces_no_version(desk: Desk) -> None:
    replace(desk, "Erste.", None)
    replace(desk, "Zweite.", 1)
    store_as_before(desk, 1)
    assert replace(desk, "Dritte.", 1).version == 3
    assert [text for _, text, _ in rows(TermsScope("de"))] == ["Dritte.", "Zweite.", "Erste."]


def test_a_page_that_a_text_without_a_version_of_its_own_begins_is_no_longer(desk: Desk) -> None:
    replace(desk, "Erste.", None)
    replace(desk, "Zweite.", 1)
    store_as_before(desk, 7)
    page = terms_store.list_versions(TermsScope("de"), 2, None)
    assert ([terms.version for terms, _ in page.versions], page.position) == ([7, 2], 2)
    assert rows(TermsScope("de"), 2, 2) == [(1, "Erste.", CLARA.email)]


# -- of groups ----------------------------------------------------------------------------------------------------


def sell_to(desk: Desk, monkeypatch: pytest.MonkeyPatch, *groups: str) -> None:
    document = {**shipped().document, "groups": [{"group": each, "labels": {"en": each}} for each in groups]}
    monkeypatch.setattr(catalog_store, "from_items", lambda found: Catalog(document, 1))


def test_a_group_has_terms_of_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sell_to(desk, monkeypatch, "partners", "schools")
    stored = replace(desk, "Für Partner.", None, group="partners")
    assert stored == KeptTerms(locale="de", group="partners", version=1, text="Für Partner.", updated_at=desk.now)
    replace(desk, "Für Schulen.", None, group="schools")
    replace(desk, "Für alle.", None)
    texts = [(each.group, each.text) for each in terms_store.list_terms()]
    assert texts == [(None, "Für alle."), ("partners", "Für Partner."), ("schools", "Für Schulen.")]
    assert terms_store.group_scopes() == [GROUP, TermsScope("de", "schools")]
    assert replace(desk, None, 1, group="partners").version == 2
    assert terms_store.find_terms("de", "partners") is None
    assert terms_store.group_scopes() == [TermsScope("de", "schools")]
    assert GROUP in terms_store.all_scopes(), "its versions are still there"
    assert replace(desk, "Wieder.", None, group="partners").version == 3
    assert terms_store.group_scopes() == [GROUP, TermsScope("de", "schools")]
    assert {subject for _, subject, _, _ in trail(desk)} == {"de?group=partners", "de?group=schools", "de"}


def test_the_terms_of_a_group_are_those_of_one_that_there_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sell_to(desk, monkeypatch, "partners")
    replace(desk, "Für Partner.", None, group="partners")
    with pytest.raises(Invalid):
        replace(desk, "Für Schulen.", group="schools")
    sell_to(desk, monkeypatch)
    assert replace(desk, "Noch immer.", 1, group="partners").version == 2
    desk.table.items[text_of(terms_directory_key("xx", "partners"))] = terms_directory_key("xx", "partners")
    assert terms_store.group_scopes() == [GROUP], "a language that is no longer supported"


def test_many_texts_are_read_in_batches(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [f"group-{number:03}" for number in range(50)]
    sell_to(desk, monkeypatch, *groups)
    for locale in ("en", "de"):
        for group in groups:
            assert terms_store.store_terms(locale, "A", None, NOW, group=group)
    desk.table.calls.clear()
    assert len(terms_store.list_terms()) == 100
    assert desk.table.calls == ["query", "batch_get_item", "batch_get_item"]
    sell_to(desk, monkeypatch, "one-more")
    with pytest.raises(Invalid):
        replace(desk, "A", group="one-more")


# -- races and refusals -------------------------------------------------------------------------------------------


def test_the_version_that_is_there_then_is_checked_after_a_lost_race(desk: Desk) -> None:
    replace(desk, "Netto.", None)
    desk.before_next(
        "transact_write_items", lambda: terms_store.store_terms("de", "Meins.", terms_store.find_terms("de"), NOW)
    )
    assert replace(desk, "Brutto.", 1, 2).version == 3
    assert [text for _, text, _ in rows(TermsScope("de"))] == ["Brutto.", "Meins.", "Netto."]


def test_who_loses_every_race_is_told_so(desk: Desk) -> None:
    def change() -> None:
        current = terms_store.find_terms("de")
        assert terms_store.store_terms("de", f"{current.version if current else 0}", current, NOW)

    change()
    desk.before_next("transact_write_items", *[change] * MAX_ATTEMPTS)
    with pytest.raises(InProgress, match="these terms"):
        replace(desk, "Brutto.", *range(1, MAX_ATTEMPTS + 1))
    desk.before_next("transact_write_items", *[change] * MAX_ATTEMPTS)
    with pytest.raises(InProgress, match="these terms"):
        terms_store.remove_terms("de", NOW)


def test_a_refusal_stores_nothing(desk: Desk) -> None:
    def refuse(version: int | None) -> None:
        raise VersionMismatch(f"{version}")

    with pytest.raises(VersionMismatch, match="None"):
        terms_store.replace_terms({"locale": "de", "text": "A"}, LEAD, refuse)
    desk.table.items[text_of(person_key(CLARA.user_id))] = person_item_of(CLARA)
    with pytest.raises(Forbidden):
        terms_store.replace_terms({}, LEAD, refuse)
    assert [key for key in desk.table.items if key[0].startswith("TERMS")] == []


# -- the command line ---------------------------------------------------------------------------------------------


def test_an_operator_sets_and_removes_terms(desk: Desk) -> None:
    first = terms_store.store_terms("de", "Netto.", None, NOW)
    assert first == StandardTerms(locale="de", version=1, text="Netto.", updated_at=NOW)
    assert terms_store.store_terms("de", "Brutto.", None, NOW) is None, "there are some by now"
    second = terms_store.store_terms("de", "Brutto.", first, NOW)
    assert second
    assert terms_store.store_terms("de", "Anders.", first, NOW) is None, "they are others by now"
    assert (terms_store.remove_terms("de", NOW), terms_store.remove_terms("de", NOW)) == (True, False)
    by = OPERATOR.email
    assert rows(TermsScope("de")) == [(3, None, by), (2, "Brutto.", by), (1, "Netto.", by)]
    assert {(who, action) for who, _, action, _ in trail(desk)} == {
        (by, "created"),
        (by, "changed"),
        (by, "removed"),
    }


def test_removing_is_tried_again_after_a_lost_race(desk: Desk) -> None:
    first = terms_store.store_terms("de", "Netto.", None, NOW)
    desk.before_next("transact_write_items", lambda: terms_store.store_terms("de", "Brutto.", first, NOW))
    assert terms_store.remove_terms("de", NOW)
    assert rows(TermsScope("de"))[0] == (3, None, "operator")


# -- erasing ------------------------------------------------------------------------------------------------------


def test_versions_that_name_a_person_are_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms_store, "_BATCH_SIZE", 2)
    for number, text in enumerate(("Ask connie@acme.example.", None, "Nobody.", "CONNIE@acme.example")):
        replace(desk, text, *([number] if number in {1, 3} else [None]))
    person = Person.from_email("connie@acme.example")
    assert terms_store.versions_naming(TermsScope("de"), person) == [4, 1]
    assert terms_store.versions_naming(TermsScope("en"), person) == []


def test_a_version_is_an_item_of_its_own(desk: Desk) -> None:
    replace(desk, "Netto.", None)
    newest, kept = (desk.table.items[text_of(key)] for key in (terms_key("de"), version_key(terms_key("de"), 1)))
    assert {**newest, **version_key(terms_key("de"), 1)} == kept
    assert (newest["changed_by"], newest["version"]) == ({"S": CLARA.email}, {"N": "1"})
