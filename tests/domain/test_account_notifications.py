"""Who gets a mail about a change of an account: everybody who is dropped, and the contact person."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from online_orders.domain.account_notifications import notices
from online_orders.domain.accounts import ERASED_EMAIL, Account, Contact, changed_members
from online_orders.domain.erasure import Person, erase_from_account, erase_from_version
from online_orders.domain.mail_kinds import MAILS, MailKind
from tests.domain.builders import CARLA, CONNIE, Json, account_of

DORA: Json = {"name": "Dora", "email": "dora@acme.example", "from": "2026-12-01", "until": "2026-12-10"}
DIRK: Json = {"name": "Dirk", "email": "dirk@acme.example", "from": "2026-12-01", "until": "2026-12-10"}
CONTACT, DROPPED, REMOVED, NAMED = "contact", "former_contact", "removed_contact", "new_contact"
A, B, D, E = CONNIE.email, CARLA.email, DORA["email"], DIRK["email"]


def account(contact: Contact | None = CONNIE, *deputies: Json, **changes: Any) -> Account:
    enrollment = {"letter_received_on": "2026-01-15", "contact": contact and contact.model_dump(), "deputies": deputies}
    return account_of(**{"enrollment": enrollment, **changes})


def suspended(contact: Contact | None = CONNIE) -> Account:
    body = account(contact).model_dump(mode="json")["enrollment"]
    return account(enrollment={**body, "state": "suspended"})


NOBODY, UNENROLLED = account(None), account(enrollment=None)
MALLORY = Contact(name="Connie", email="mallory@vendor.example")
TOLD: dict[str, tuple[Account, Account, list[tuple[str, str]]]] = {
    "nothing": (account(), account(), []),
    "what its orders do not go by": (account(), account(name="Acme Inc", locale="de", sites=[]), []),
    "another contact": (account(), account(CARLA), [(DROPPED, A), (NAMED, B)]),
    "contact removed": (account(), NOBODY, [(REMOVED, A)]),
    "enrollment removed": (account(), UNENROLLED, [(REMOVED, A)]),
    "a contact again": (NOBODY, account(CARLA), [(NAMED, B)]),
    "enrolled": (UNENROLLED, account(CARLA), [(NAMED, B)]),
    "the same name with another address": (account(), account(MALLORY), [(DROPPED, A), (NAMED, MALLORY.email)]),
    "another name at the same address": (account(), account(Contact(name="Con", email=A)), []),
    "deputy named": (account(), account(CONNIE, DORA), [(CONTACT, A), ("deputy", D)]),
    "deputy for other days": (
        account(CONNIE, DORA),
        account(CONNIE, DORA | {"until": "2026-12-31"}),
        [(CONTACT, A), ("deputy", D)],
    ),
    "deputy removed": (account(CONNIE, DORA), account(), [(CONTACT, A), ("former_deputy", D)]),
    "deputy replaced": (
        account(CONNIE, DORA),
        account(CONNIE, DIRK),
        [(CONTACT, A), ("former_deputy", D), ("deputy", E)],
    ),
    "deputies in another order": (account(CONNIE, DORA, DIRK), account(CONNIE, DIRK, DORA), [(CONTACT, A)]),
    "deputy twice": (account(), account(CONNIE, DORA, DORA | {"from": "2026-12-05"}), [(CONTACT, A), ("deputy", D)]),
    "contact removed, and so nobody to stand in for": (
        account(CONNIE, DORA),
        account(None, DORA),
        [(REMOVED, A), ("former_deputy", D)],
    ),
    "deputy without anybody to stand in for": (NOBODY, account(None, DORA), []),
    "deputy becomes the contact": (
        account(CONNIE, DORA),
        account(Contact(name="Dora", email=D)),
        [(DROPPED, A), (NAMED, D), (CONTACT, D)],
    ),
    "suspended": (account(), suspended(), [(CONTACT, A)]),
    "active again": (suspended(), account(), [(CONTACT, A)]),
    "another reseller": (account(), account(parent_account_id="relay"), [(CONTACT, A)]),
    "another reseller, and nobody to tell": (NOBODY, account(None, parent_account_id="relay"), []),
}


@pytest.mark.parametrize("what", TOLD)
def test_a_change_is_told_to_whoever_is_concerned(what: str) -> None:
    old, new, expected = TOLD[what]
    assert [(notice.reader, notice.to.email) for notice in notices(old, new)] == expected


@pytest.mark.parametrize("what", TOLD)
def test_a_notice_of_another_contact_is_told_from_one_of_the_rest(what: str) -> None:
    old, new, _ = TOLD[what]
    for notice in notices(old, new):
        is_about_contact = notice.reader in {DROPPED, REMOVED, NAMED}
        assert notice.kind is (MailKind.CONTACT_CHANGED if is_about_contact else MailKind.ACCOUNT_CHANGED)
        assert notice.reader in MAILS[notice.kind].audience


def test_whoever_takes_the_decision_to_himself_is_seen_by_who_had_it() -> None:
    """One step at a time or all at once: the contact person hears of it."""
    theirs, mine = account(), account(MALLORY)
    detour = [theirs, NOBODY, mine, NOBODY, theirs]
    for steps in ([theirs, mine, theirs], detour, [theirs, account(CONNIE, DORA), theirs]):
        texts = [notice.to.email for old, new in pairwise(steps) for notice in notices(old, new)]
        assert texts[0] == A


def test_nobody_hears_that_a_person_was_erased() -> None:
    for who in (A, D):
        person = Person.from_email(who)
        before = account(CONNIE, DORA)
        after = erase_from_account(before, person)
        texts = {notice.to.email for notice in notices(erase_from_version(before, person), after)}
        assert not texts & {who, ERASED_EMAIL}
        assert A not in texts


def test_a_version_says_what_it_has_changed() -> None:
    before = account(CONNIE, DORA)
    assert changed_members(before, before) == ()
    assert changed_members(before, account(CARLA, DIRK, name="Acme Inc")) == (
        "/name",
        "/enrollment/contact",
        "/enrollment/deputies",
    )
    assert changed_members(before, account(enrollment=None, sites=[])) == ("/enrollment", "/sites")
