"""The rules of people: who may be invited, and what may be changed of whom."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from online_orders.domain.errors import Invalid, StateConflict
from online_orders.domain.field_errors import validate
from online_orders.domain.people import (
    MAX_TEAMS,
    AccountInvitationRequest,
    Effect,
    Identity,
    InvitationRequest,
    Membership,
    Person,
    PersonRequest,
    PersonState,
    PersonUpdate,
    StaffInvitationRequest,
    StaffPersonRequest,
    adopted,
    change,
    first_password,
    from_provider,
    invite,
    invite_again,
    is_manager,
    last_manager,
    managed_elsewhere,
    manager_changes,
    person_grants,
    person_row,
    side_of_team,
    signed_in,
)
from online_orders.domain.roles import DESK, Role
from online_orders.http.claims import claims_of_person

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
EARLIER = datetime(2026, 11, 1, 9, tzinfo=UTC)
SEEN = date(2026, 11, 27)
ADMIN = Membership(role=Role.ADMIN, state=PersonState.ACTIVE, last_seen_on=SEEN)
BUYER = Membership(role=Role.BUYER, state=PersonState.ACTIVE, last_seen_on=SEEN)
INVITED = Membership(role=Role.BUYER, state=PersonState.INVITED, invited_at=EARLIER)
GONE = Membership(role=Role.BUYER, state=PersonState.DEACTIVATED, last_seen_on=SEEN)
LEAD = Membership(role=Role.LEAD, state=PersonState.ACTIVE)
NEW = Identity("u-1", "ada@acme.example", None, has_signed_in=False)


def person(**memberships: Membership) -> Person:
    return Person(user_id="u-1", email="ada@acme.example", name="Ada", group="customers", memberships=memberships)


def staff(membership: Membership = LEAD, **changes: Any) -> Person:
    found = Person(
        user_id="u-1", email="ada@acme.example", name="Ada", group="customer-success", memberships={DESK: membership}
    )
    return found.model_copy(update=changes)


def invitation(role: str = "buyer") -> InvitationRequest:
    return validate(InvitationRequest, {"email": "ada@acme.example", "name": "Ada L.", "role": role})


def staff_invitation() -> StaffInvitationRequest:
    return validate(StaffInvitationRequest, {"email": "ada@acme.example", "name": "Ada L.", "role": "agent"})


def request(**body: Any) -> PersonRequest:
    return validate(PersonRequest, body)


# -- what a person may do -----------------------------------------------------------------------------------------


def test_a_deactivated_membership_allows_nothing_and_an_invited_one_what_its_role_does() -> None:
    everywhere = person(acme=BUYER, bolt=GONE, cone=INVITED)
    assert dict(everywhere.active_roles) == {"acme": Role.BUYER, "cone": Role.BUYER}
    expected = ["orders:read", "orders:write"]
    assert json.loads(person_grants(everywhere)) == {"acme": expected, "cone": expected}
    assert json.loads(person_grants(staff())) == {
        "": [
            *("desk:accounts", "desk:audit", "desk:catalog", "desk:discounts", "desk:figures"),
            *("desk:orders", "desk:papers", "desk:people", "desk:prices", "desk:read"),
        ]
    }


def test_somebody_has_signed_in_once_a_token_was_issued_for_any_team() -> None:
    assert person(acme=INVITED, bolt=GONE).has_signed_in
    assert not person(acme=INVITED).has_signed_in


def test_the_desk_is_of_staff_and_every_other_team_of_customers() -> None:
    assert (side_of_team(DESK), side_of_team("acme")) == ("customer-success", "customers")


@pytest.mark.parametrize(
    ("membership", "counts"),
    [
        (None, False),
        (ADMIN, True),
        (BUYER, False),
        (ADMIN.model_copy(update={"state": PersonState.INVITED}), False),
        (ADMIN.model_copy(update={"state": PersonState.DEACTIVATED}), False),
    ],
)
def test_managers_are_the_active_ones_with_the_highest_role(membership: Membership | None, counts: bool) -> None:
    assert is_manager(membership, "customers") is counts


def test_a_change_says_in_which_teams_the_number_of_managers_changes() -> None:
    assert manager_changes(None, person(acme=ADMIN, bolt=BUYER)) == {"acme": 1}
    assert manager_changes(person(acme=ADMIN, bolt=BUYER), person(acme=BUYER, bolt=ADMIN)) == {"acme": -1, "bolt": 1}
    assert manager_changes(person(acme=ADMIN), person(acme=ADMIN, bolt=BUYER)) == {}


def test_a_person_is_answered_as_a_member_of_one_team() -> None:
    assert person_row(person(acme=BUYER, bolt=INVITED), "acme") == {
        "user_id": "u-1",
        "email": "ada@acme.example",
        "name": "Ada",
        "role": "buyer",
        "state": "active",
        "last_seen_on": "2026-11-27",
    }
    assert person_row(person(acme=BUYER, bolt=INVITED), "bolt")["last_seen_on"] is None


# -- inviting -----------------------------------------------------------------------------------------------------


def test_an_invitation_of_somebody_new_makes_a_person_with_one_membership() -> None:
    update = invite(None, NEW, "acme", invitation(), "key-1", NOW)
    assert update.person == Person(
        user_id="u-1",
        email="ada@acme.example",
        name="Ada L.",
        group="customers",
        memberships={"acme": Membership(role=Role.BUYER, state=PersonState.INVITED, invited_at=NOW)},
        invitation=1,
        invitation_key_id="key-1",
    )
    assert (update.effect, update.action) == (Effect.INVITATION, "invited")


def test_somebody_of_another_account_is_added_and_keeps_name_and_role_there() -> None:
    update = invite(person(bolt=ADMIN), NEW, "acme", invitation("viewer"), "key-2", NOW)
    assert update.person.name == "Ada"
    assert update.person.memberships["bolt"] == ADMIN
    assert update.person.memberships["acme"].role is Role.VIEWER
    assert (update.person.invitation, update.person.invitation_key_id) == (1, "key-2")


def test_nobody_is_invited_into_more_accounts_than_a_token_can_name() -> None:
    # The longest ids there are; the token is in a header of 10 KB, in Base64, beside about 2 KB of other claims.
    teams = {f"{number:064}": INVITED for number in range(MAX_TEAMS)}
    full = person().model_copy(update={"memberships": teams})
    with pytest.raises(StateConflict) as refused:
        invite(full, NEW, "acme", invitation(), "key-1", NOW)
    assert refused.value.code == "too_many_accounts"
    room = full.model_copy(update={"memberships": dict([*teams.items()][1:])})
    assert len(invite(room, NEW, "acme", invitation(), "key-1", NOW).person.memberships) == MAX_TEAMS
    issued = claims_of_person(full, None)
    assert issued
    assert len(issued.added["accounts"]) * 4 / 3 < 8_000
    assert 1 + 2 * MAX_TEAMS <= 100


@pytest.mark.parametrize("membership", [BUYER, INVITED, GONE])
def test_somebody_who_is_in_the_team_is_not_invited(membership: Membership) -> None:
    with pytest.raises(StateConflict) as refused:
        invite(person(acme=membership), NEW, "acme", invitation(), "key-1", NOW)
    assert refused.value.code == "already_member"


@pytest.mark.parametrize(
    ("known", "team", "body"),
    [(staff(), "acme", invitation()), (person(acme=GONE), DESK, staff_invitation())],
    ids=["staff", "customer"],
)
def test_an_address_of_the_other_side_is_taken(known: Person, team: str, body: Any) -> None:
    with pytest.raises(Invalid) as refused:
        invite(known, NEW, team, body, "key-1", NOW)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/email", "address_taken")]


@pytest.mark.parametrize(
    ("model", "role"),
    [(InvitationRequest, "lead"), (AccountInvitationRequest, "agent"), (StaffInvitationRequest, "buyer")],
)
def test_all_faults_of_an_invitation_are_told_a_role_of_the_other_side_among_them(model: Any, role: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate(model, {"email": "nobody", "name": "", "role": role, "password": "x"})
    assert {each.pointer for each in refused.value.errors} == {"/email", "/name", "/role", "/password"}
    assert next(each.code for each in refused.value.errors if each.pointer == "/role") == "not_allowed"


def test_a_user_of_an_earlier_release_keeps_account_and_role_when_invited_elsewhere() -> None:
    of_acme = NEW._replace(group="customers", account_id="acme", has_signed_in=True)
    update = invite(None, of_acme, "bolt", invitation("viewer"), "key-1", NOW)
    assert dict(update.person.active_roles) == {"acme": Role.ADMIN, "bolt": Role.VIEWER}
    with pytest.raises(StateConflict):
        invite(None, of_acme, "acme", invitation(), "key-1", NOW)
    with pytest.raises(Invalid):
        invite(None, NEW._replace(group="customer-success"), "acme", invitation(), "key-1", NOW)


def test_only_a_user_with_a_side_and_where_needed_an_account_is_adopted() -> None:
    assert adopted(NEW) is None
    assert adopted(NEW._replace(group="customers")) is None
    found = adopted(NEW._replace(group="customer-success", name="Ada"))
    assert found == staff()
    assert (found.memberships[DESK].state, found.name) == (PersonState.ACTIVE, "Ada")


def test_a_fresh_invitation_has_the_next_number_and_the_present_key() -> None:
    update = invite_again(person(acme=INVITED).model_copy(update={"invitation": 3}), "acme", "key-9", NOW)
    assert (update.person.invitation, update.person.invitation_key_id) == (4, "key-9")
    assert update.person.memberships["acme"].invited_at == NOW
    assert (update.effect, update.action) == (Effect.INVITATION, "invited")


@pytest.mark.parametrize("membership", [BUYER, GONE])
def test_who_has_come_or_is_gone_gets_no_fresh_invitation(membership: Membership) -> None:
    with pytest.raises(StateConflict) as refused:
        invite_again(person(acme=membership), "acme", "key-1", NOW)
    assert refused.value.code == "not_invited"


# -- changing -----------------------------------------------------------------------------------------------------


def changed(before: Person, team: str = "acme", by: str = "u-2", **body: Any) -> PersonUpdate:
    return change(before, team, request(**body), by)


def test_role_state_and_name_change_in_one_team() -> None:
    update = changed(person(acme=BUYER), role="viewer", name="Ada Lovelace")
    assert (update.person.memberships["acme"].role, update.person.name) == (Role.VIEWER, "Ada Lovelace")
    assert (update.effect, update.action) == (None, "changed")
    both = changed(person(acme=BUYER, bolt=BUYER), state="deactivated")
    assert dict(both.person.active_roles) == {"bolt": Role.BUYER}
    assert (both.effect, both.action) == (Effect.ACCESS, "deactivated")


def test_what_is_sent_back_as_it_was_read_changes_nothing() -> None:
    for membership in (BUYER, INVITED, GONE):
        before = person(acme=membership)
        body = person_row(before, "acme")
        if membership is GONE:
            body["state"] = "deactivated"
        assert changed(before, **body) == PersonUpdate(before, None, "changed")
    assert changed(person(acme=BUYER)).person == person(acme=BUYER)


@pytest.mark.parametrize("membership", [GONE, INVITED])
def test_a_name_that_changes_lets_nobody_in(membership: Membership) -> None:
    update = changed(person(acme=membership), name="Ada Lovelace")
    assert update.person == person(acme=membership).model_copy(update={"name": "Ada Lovelace"})
    assert (update.effect, update.action) == (None, "changed")


@pytest.mark.parametrize(
    ("membership", "state"),
    [
        (GONE, PersonState.ACTIVE),
        (GONE.model_copy(update={"last_seen_on": None}), PersonState.INVITED),
        (INVITED, PersonState.INVITED),
        (BUYER, PersonState.ACTIVE),
    ],
)
def test_who_is_let_in_again_is_active_or_if_never_seen_invited(membership: Membership, state: PersonState) -> None:
    update = changed(person(acme=membership), state="active")
    assert update.person.memberships["acme"].state is state
    expected = (Effect.ACCESS, "reactivated") if membership.state is PersonState.DEACTIVATED else (None, "changed")
    assert (update.effect, update.action) == expected


def test_faults_of_role_and_state_are_all_told() -> None:
    with pytest.raises(Invalid) as refused:
        changed(person(acme=BUYER), state="invited")
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/state", "not_allowed")]
    with pytest.raises(Invalid) as refused:
        request(role="lead", state="asleep", password="x", name="")
    assert {each.pointer for each in refused.value.errors} == {"/role", "/state", "/password", "/name"}
    with pytest.raises(Invalid) as refused:
        validate(StaffPersonRequest, {"role": "buyer"})
    assert [each.pointer for each in refused.value.errors] == ["/role"]


@pytest.mark.parametrize("body", [{"state": "deactivated"}, {"role": "buyer"}])
def test_nobody_lowers_or_deactivates_himself(body: dict[str, str]) -> None:
    with pytest.raises(StateConflict) as refused:
        changed(person(acme=ADMIN), by="u-1", **body)
    assert refused.value.code == "own_role"
    assert changed(person(acme=ADMIN), by="u-1", name="Countess", role="admin").person.name == "Countess"


def test_the_name_of_somebody_of_other_accounts_stays() -> None:
    with pytest.raises(StateConflict) as refused:
        changed(person(acme=BUYER, bolt=GONE), name="Somebody")
    assert refused.value.code == "name_is_own"


def test_a_role_that_the_provider_gives_is_changed_there() -> None:
    before = staff(provider="staff")
    with pytest.raises(StateConflict) as refused:
        change(before, DESK, validate(StaffPersonRequest, {"role": "agent"}), "u-2")
    assert refused.value.code == managed_elsewhere().code == "managed_elsewhere"
    assert changed(before, DESK, state="deactivated").action == "deactivated"


def test_the_refusal_about_the_last_manager_names_the_role() -> None:
    assert (last_manager("customers").code, last_manager("customers").detail) == (
        "last_admin",
        "This is the last active admin. Make somebody else admin first.",
    )
    assert "lead" in last_manager("customer-success").detail


# -- signing in ---------------------------------------------------------------------------------------------------


def test_a_sign_in_makes_who_was_invited_active_and_lets_nobody_else_in() -> None:
    today = date(2026, 11, 28)
    before = person(acme=INVITED, bolt=BUYER, cone=GONE)
    assert signed_in(before, today) == person(
        acme=INVITED.model_copy(update={"state": PersonState.ACTIVE, "last_seen_on": today}),
        bolt=BUYER.model_copy(update={"last_seen_on": today}),
        cone=GONE,
    )


def described(known: Person | None, role: Role = Role.AGENT) -> Person:
    return from_provider(known, "u-2", "eve@vendor.example", "Eve", role)


def test_the_provider_describes_a_member_of_staff() -> None:
    assert described(None) == Person(
        user_id="u-2",
        email="eve@vendor.example",
        name="Eve",
        group="customer-success",
        provider="staff",
        memberships={DESK: Membership(role=Role.AGENT, state=PersonState.ACTIVE)},
    )


@pytest.mark.parametrize("state", PersonState)
def test_the_provider_changes_neither_state_nor_language(state: PersonState) -> None:
    before = LEAD.model_copy(update={"state": state, "last_seen_on": SEEN})
    found = described(staff(before, locale="de"))
    assert found.memberships == {DESK: before.model_copy(update={"role": Role.AGENT})}
    assert (found.locale, found.name, found.email) == ("de", "Eve", "eve@vendor.example")


# -- the first password -------------------------------------------------------------------------------------------


def test_a_first_password_follows_from_key_person_and_number_and_meets_the_policy() -> None:
    known = person(acme=INVITED)
    again = known.model_copy(update={"invitation": 1})
    made = {
        first_password(b"k" * 32, each) for each in (known, known, again, known.model_copy(update={"user_id": "u"}))
    }
    assert len(made) == 3
    assert len({first_password(b"l" * 32, known), first_password(b"k" * 32, known)}) == 2
    assert first_password(b"k" * 32, known) == "Ca2Nw-Vh3kT-Gf83K-Aw4k9", (
        "a mail that was sent before an update has the same one"
    )
    for password in made:
        assert len(password) == 23
        assert any(each.islower() for each in password)
        assert any(each.isupper() for each in password)
        assert any(each.isdigit() for each in password)
        assert not set(password) & set("0O1lI")
