"""What is stored of a sign-in, write by write, and what becomes of it while others write or the table fails."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from online_orders.aws import sign_ins
from online_orders.aws.people_store import StoredPerson, person_item, write_actions
from online_orders.aws.table import WriteConflict
from online_orders.domain import audit
from online_orders.domain.audit import AuditEntry
from online_orders.domain.errors import InProgress
from online_orders.domain.people import Membership, Person, PersonState, from_provider, person_row, signed_in
from online_orders.domain.roles import DESK, Role
from online_orders.telemetry import logger
from tests.aws.audited import take_entry

Json = dict[str, Any]

AT = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)
TODAY = date(2026, 11, 28)
ACTIVE = Membership(role=Role.ADMIN, state=PersonState.ACTIVE)
INVITED = Membership(role=Role.BUYER, state=PersonState.INVITED, invited_at=AT)
SEEN = ACTIVE.model_copy(update={"last_seen_on": TODAY})
NEW = {"ConditionExpression": "attribute_not_exists(pk)"}
AT_THREE = {"ConditionExpression": "version = :before", "ExpressionAttributeValues": {":before": {"N": "3"}}}


def person(**memberships: Membership) -> Person:
    return Person(user_id="ada", email="ada@acme.example", name="Ada", group="customers", memberships=memberships)


def staff(known: Person | None = None, role: Role = Role.LEAD, name: str = "Eve") -> Person:
    return from_provider(known, "eve", "eve@vendor.example", name, role)


class Store:
    """Notes what is written; each write has the next outcome: an error, or nothing. `stored` are found in turn."""

    def __init__(self) -> None:
        self.transactions: list[list[Json]] = []
        self.puts: list[Json] = []
        self.outcomes: list[Exception | None] = []
        self.stored: list[StoredPerson | None] = []
        self.looked_for: list[str] = []
        self.seconds: list[float] = []
        self.noted: list[tuple[str, str]] = []

    def transact(self, actions: list[Json]) -> None:
        self.transactions.append([*actions])
        if self.outcomes and (error := self.outcomes.pop(0)):
            raise error

    def put(self, item: Json, **condition: Any) -> bool:
        self.puts.append({"Item": item, **condition})
        error = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(error, WriteConflict):
            return False
        if error:
            raise error
        return True

    def find(self, user_id: str) -> StoredPerson | None:
        self.looked_for.append(user_id)
        return self.stored.pop(0)

    def attempts(self, *, for_seconds: float) -> Iterator[int]:
        self.seconds.append(for_seconds)
        yield from range(3)

    def noting(self, level: str) -> Callable[[str], None]:
        return lambda text: self.noted.append((level, text))

    def entries(self) -> list[AuditEntry]:
        """Take the entries of the audit trail out of the only transaction."""
        (actions,) = self.transactions
        found = []
        while actions and "document" in actions[-1].get("Put", {}).get("Item", {}):
            if not actions[-1]["Put"]["Item"]["pk"]["S"].startswith("AUDIT#"):
                break
            found.append(take_entry(actions))
        return found[::-1]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    for name, fake in (("transact", store.transact), ("put", store.put), ("find_person", store.find)):
        monkeypatch.setattr(sign_ins, name, fake)
    monkeypatch.setattr(sign_ins, "attempts", store.attempts)
    for level in ("warning", "exception"):
        monkeypatch.setattr(logger, level, store.noting(level))
    return store


def lost() -> WriteConflict:
    return WriteConflict([])


BROKEN = InProgress("Others keep changing this; nothing was done.")


# -- users of an earlier release ----------------------------------------------------------------------------------


def test_who_is_adopted_is_stored_as_seen_today_with_an_entry(store: Store) -> None:
    adopted = sign_ins.adopt(person(acme=ACTIVE), AT)
    assert adopted == person(acme=SEEN)
    (entry,) = store.entries()
    assert store.transactions == [write_actions(None, adopted)]
    assert store.transactions[0][0] == {"Put": {"Item": person_item(adopted, 1), **NEW}}
    expected = (AT, audit.OPERATOR, "person", "ada", "created", "acme")
    assert (entry.at, entry.by, entry.subject, entry.subject_id, entry.action, entry.account_id) == expected
    row = person_row(adopted, "acme")
    assert {each.pointer: (each.was, each.is_now) for each in entry.changes} == {
        f"/{name}": (None, value) for name, value in row.items()
    }
    assert (store.seconds, store.noted) == ([1.5], [])


def test_who_was_stored_meanwhile_is_returned_as_stored(store: Store) -> None:
    store.outcomes, store.stored = [lost()], [StoredPerson(person(acme=INVITED), 4)]
    assert sign_ins.adopt(person(acme=ACTIVE), AT) == person(acme=INVITED)
    assert store.looked_for == ["ada"]
    assert len(store.transactions) == 1


def test_an_adoption_is_tried_again_where_a_colleague_was_counted(store: Store) -> None:
    store.outcomes, store.stored = [lost(), None], [None]
    assert sign_ins.adopt(person(acme=ACTIVE), AT) == person(acme=SEEN)
    assert len(store.transactions) == 2
    assert store.noted == []


@pytest.mark.parametrize(
    ("outcomes", "noted"),
    [
        ([lost(), lost(), lost()], ("warning", "a user could not be adopted: others keep changing the team")),
        ([BROKEN], ("exception", "a user could not be adopted")),
    ],
)
def test_an_adoption_that_fails_is_noted_and_keeps_nobody_out(
    store: Store, outcomes: list[Exception], noted: tuple[str, str]
) -> None:
    store.outcomes, store.stored = [*outcomes], [None, None, None]
    assert sign_ins.adopt(person(acme=ACTIVE), AT) == person(acme=SEEN)
    assert store.noted == [noted]


# -- people of the provider of staff ------------------------------------------------------------------------------


def describe(known: Person | None) -> Person:
    return staff(known, Role.AGENT)


def test_who_is_new_at_the_desk_is_created_by_the_provider(store: Store) -> None:
    found = sign_ins.store_described(None, describe, AT)
    assert found == signed_in(describe(None), TODAY)
    (entry,) = store.entries()
    assert store.transactions == [write_actions(None, found, keeps_manager=False)]
    assert (entry.at, entry.by, entry.subject_id, entry.action, entry.account_id) == (
        AT,
        audit.PROVIDER,
        "eve",
        "created",
        None,
    )
    assert {each.pointer: (each.was, each.is_now) for each in entry.changes}["/role"] == (None, "agent")
    assert (store.seconds, store.noted) == ([1.5], [])


def test_what_the_provider_says_anew_is_a_change_even_of_the_last_lead(store: Store) -> None:
    before = StoredPerson(signed_in(staff(), TODAY), 3)
    found = sign_ins.store_described(before, describe, AT)
    (entry,) = store.entries()
    assert store.transactions == [write_actions(before, found, keeps_manager=False)]
    assert "ConditionExpression" not in store.transactions[0][1]["Update"]
    assert (entry.action, [(each.pointer, each.was, each.is_now) for each in entry.changes]) == (
        "changed",
        [("/role", "lead", "agent")],
    )


def test_who_was_only_seen_makes_no_version_and_who_was_seen_today_no_write(store: Store) -> None:
    before = StoredPerson(describe(None), 3)
    found = sign_ins.store_described(before, describe, AT)
    assert found == signed_in(describe(None), TODAY)
    assert store.puts == [{"Item": person_item(found, 3), **AT_THREE}]
    store.puts.clear()
    assert sign_ins.store_described(StoredPerson(found, 3), describe, AT) == found
    assert (store.puts, store.transactions) == ([], [])


def test_who_was_described_meanwhile_is_described_again_as_stored(store: Store) -> None:
    gone = staff().model_copy(update={"memberships": {DESK: ACTIVE.model_copy(update={"role": Role.LEAD})}})
    gone = gone.model_copy(update={"locale": "de"})
    store.outcomes, store.stored = [lost(), None], [StoredPerson(gone, 3)]
    found = sign_ins.store_described(None, describe, AT)
    assert found == signed_in(describe(gone), TODAY)
    assert found.locale == "de"
    assert store.looked_for == ["eve"]
    assert store.transactions[1][0]["Put"] == {"Item": person_item(found, 4), **AT_THREE}
    store.outcomes, store.stored = [lost(), None], [StoredPerson(describe(None), 3)]
    sign_ins.store_described(StoredPerson(describe(None), 2), describe, AT)
    assert [each["ExpressionAttributeValues"][":before"]["N"] for each in store.puts] == ["2", "3"]


@pytest.mark.parametrize(
    ("outcomes", "noted"),
    [
        ([lost(), lost(), lost()], ("warning", "a sign-in could not be stored: others keep changing the person")),
        ([BROKEN], ("exception", "a sign-in could not be stored")),
    ],
)
def test_a_description_that_cannot_be_stored_keeps_nobody_out(
    store: Store, outcomes: list[Exception], noted: tuple[str, str]
) -> None:
    store.outcomes, store.stored = [*outcomes], [None, None, None]
    assert sign_ins.store_described(None, describe, AT) == signed_in(describe(None), TODAY)
    assert store.noted == [noted]


def test_without_any_attempt_who_is_described_signs_in(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_ins, "attempts", lambda for_seconds: ())
    known = staff().model_copy(update={"locale": "de"})
    assert sign_ins.store_described(StoredPerson(known, 1), describe, AT) == describe(known)
    assert sign_ins.store_described(None, describe, AT) == describe(None)


# -- people of the pool -------------------------------------------------------------------------------------------


def test_a_sign_in_makes_no_version_and_is_stored_once_a_day(store: Store) -> None:
    sign_ins.record_sign_in(StoredPerson(person(acme=ACTIVE), 3), AT)
    assert store.puts == [{"Item": person_item(person(acme=SEEN), 3), **AT_THREE}]
    sign_ins.record_sign_in(StoredPerson(person(acme=SEEN), 3), AT)
    assert (len(store.puts), store.transactions, store.seconds) == (1, [], [1.5, 1.5])


def test_who_was_invited_accepts_in_each_team_and_makes_a_version(store: Store) -> None:
    before = StoredPerson(person(acme=INVITED, bolt=INVITED, cone=ACTIVE), 3)
    sign_ins.record_sign_in(before, AT)
    after = signed_in(before.person, TODAY)
    entries = store.entries()
    assert store.transactions == [write_actions(before, after)]
    assert store.puts == []
    assert [(each.account_id, each.action, each.subject_id, each.at) for each in entries] == [
        ("acme", "accepted", "ada", AT),
        ("bolt", "accepted", "ada", AT),
    ]
    assert {(each.by.user_id, each.by.email) for each in entries} == {("ada", "ada@acme.example")}
    changes = {each.pointer: (each.was, each.is_now) for each in entries[0].changes}
    assert changes == {"/state": ("invited", "active"), "/last_seen_on": (None, "2026-11-28")}


@pytest.mark.parametrize("membership", [ACTIVE, INVITED])
def test_a_sign_in_is_stored_again_on_what_others_have_written(store: Store, membership: Membership) -> None:
    before, latest = StoredPerson(person(acme=membership), 2), StoredPerson(person(acme=ACTIVE, bolt=ACTIVE), 3)
    store.outcomes, store.stored = [lost(), None], [latest]
    sign_ins.record_sign_in(before, AT)
    assert store.looked_for == ["ada"]
    assert store.puts[-1] == {"Item": person_item(person(acme=SEEN, bolt=SEEN), 3), **AT_THREE}
    assert store.noted == []


def test_who_is_erased_meanwhile_is_not_stored_again(store: Store) -> None:
    store.outcomes, store.stored = [lost()], [None]
    sign_ins.record_sign_in(StoredPerson(person(acme=ACTIVE), 2), AT)
    assert (len(store.puts), store.noted) == (1, [])


@pytest.mark.parametrize(
    ("outcomes", "noted"),
    [
        ([lost(), lost(), lost()], ("warning", "a sign-in could not be stored: others keep changing the person")),
        ([BROKEN], ("exception", "a sign-in could not be stored")),
    ],
)
def test_a_sign_in_that_cannot_be_stored_is_noted(
    store: Store, outcomes: list[Exception], noted: tuple[str, str]
) -> None:
    before = StoredPerson(person(acme=ACTIVE), 2)
    store.outcomes, store.stored = [*outcomes], [before] * 3
    sign_ins.record_sign_in(before, AT)
    assert store.noted == [noted]
