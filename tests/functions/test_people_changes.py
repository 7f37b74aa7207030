"""What follows from a changed person or service user, call by call: who is let in or shut out, and who gets a mail."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

import people_changes
from online_orders.aws import account_store, mail, mail_pause, people_store, service_user_store, signing_keys, user_pool
from online_orders.aws.mail import OutgoingMail
from online_orders.aws.people_store import StoredPerson
from online_orders.aws.service_user_store import StoredServiceUser
from online_orders.aws.signing_keys import SigningKey
from online_orders.aws.user_pool import NEVER_SIGNED_IN, PoolUser
from online_orders.domain.mail_kinds import MailKind
from online_orders.domain.people import Membership, Person, PersonState, first_password
from online_orders.domain.roles import DESK, Role
from online_orders.domain.service_users import NewServiceUser, ServiceUser, ServiceUserState, create
from online_orders.telemetry import logger
from people_changes import MAX_ROUNDS, PersonKeepsChanging
from tests.domain.builders import ANNA, account_of
from tests.functions.invocation import Context

Json = dict[str, Any]

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
ACTIVE = Membership(role=Role.BUYER, state=PersonState.ACTIVE)
INVITED = Membership(role=Role.BUYER, state=PersonState.INVITED, invited_at=AT)
GONE = Membership(role=Role.BUYER, state=PersonState.DEACTIVATED)
INVITATION: Json = {"user_id": "ada", "version": 3, "team": "acme", "effect": "invitation"}
ACCESS: Json = {**INVITATION, "effect": "access"}
MACHINE: Json = {"user_id": "m-1", "version": 3, "team": "acme", "effect": "access", "kind": "service_user"}
KEY = SigningKey("key-1", b"k" * 32)


class Work:
    """The person as it is at each look (the last for ever), the pool's user, and what was done."""

    def __init__(self) -> None:
        self.people: list[StoredPerson | None] = []
        self.machines: list[StoredServiceUser | None] = []
        self.user: PoolUser | None = PoolUser("ada", {}, NEVER_SIGNED_IN, True)
        self.paused = False
        self.pool: list[tuple[str, ...]] = []
        self.looked_for: list[tuple[str, str]] = []
        self.sent: list[Any] = []
        self.rendered: list[Any] = []
        self.messages: list[Any] = []
        self.keys: list[Any] = []

    def noting(self, name: str) -> Callable[..., None]:
        return lambda *given: self.pool.append((name, *given))

    def looking(self, where: str, found: list[Any]) -> Callable[[str], Any]:
        def find(user_id: str) -> Any:
            self.looked_for.append((where, user_id))
            return found.pop(0) if len(found) > 1 else found[0]

        return find

    def find_user(self, username: str) -> PoolUser | None:
        self.looked_for.append(("pool", username))
        return self.user

    def key(self, purpose: str, key_id: str | None) -> SigningKey:
        self.keys.append((purpose, key_id))
        return KEY

    def send_once(
        self, owner: str, sequence: int, name: str, compose: Callable[[], OutgoingMail], tags: Mapping[str, str]
    ) -> None:
        self.sent.append((owner, sequence, name, compose(), tags))

    def send_message(self, **message: Any) -> None:
        self.messages.append(message)

    def render(self, *given: Any) -> tuple[str, str, str]:
        self.rendered.append(given)
        return "subject", "text", "html"


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()
    monkeypatch.setattr(people_store, "find_person", work.looking("people", work.people))
    monkeypatch.setattr(service_user_store, "find_service_user", work.looking("machines", work.machines))
    monkeypatch.setattr(user_pool, "find", work.find_user)
    for effect in ("allow_sign_in", "deny_sign_in", "sign_out", "set_first_password"):
        monkeypatch.setattr(user_pool, effect, work.noting(effect))
    monkeypatch.setattr(signing_keys, "signing_key_or_current", work.key)
    monkeypatch.setattr(mail, "send_once", work.send_once)
    monkeypatch.setattr(mail_pause, "current_pause", lambda: work.paused)
    monkeypatch.setattr(people_changes, "render_invitation", work.render)
    monkeypatch.setattr(people_changes, "client", {"sqs": work}.__getitem__)
    monkeypatch.setattr(account_store, "get_account", {"acme": account_of()}.__getitem__)
    settings = {"BRAND_NAME": "Brand", "SITE_URL": "https://orders.example", "PEOPLE_CHANGES_URL": "url"}
    for name, value in {**settings, "PAUSED_MAIL_RETRY_SECONDS": "300"}.items():
        monkeypatch.setenv(name, value)
    return work


def person(version: int = 3, /, **memberships: Membership) -> StoredPerson:
    of = {DESK if team == "desk" else team: each for team, each in memberships.items()}
    found = Person(
        user_id="ada",
        email="ada@acme.example",
        name="Ada",
        group="customer-success" if DESK in of else "customers",
        memberships=of,
        invitation=2,
        invitation_key_id="key-1",
    )
    return StoredPerson(found, version)


def process(message: Json) -> None:
    people_changes._process(SQSRecord({"body": json.dumps(message)}))


# -- invitations --------------------------------------------------------------------------------------------------


def test_somebody_new_gets_a_first_password_and_then_the_mail_with_it(work: Work) -> None:
    stored = person(acme=INVITED)
    work.people.append(stored)
    process(INVITATION)
    password = first_password(KEY.key, stored.person)
    assert work.keys == [("passwords", "key-1")]
    assert work.pool == [("set_first_password", "ada", password)]
    assert work.rendered == [(stored.person, INVITED, account_of(), password, ("Brand", "https://orders.example"))]
    composed = OutgoingMail("ada@acme.example", "subject", "text", "html")
    assert work.sent == [("ada", 3, MailKind.INVITATION, composed, {"kind": MailKind.INVITATION})]
    assert work.looked_for == [("people", "ada"), ("pool", "ada"), ("people", "ada")]


@pytest.mark.parametrize(("enabled", "calls"), [(True, []), (False, [("allow_sign_in", "ada")])])
def test_who_has_a_password_is_let_in_and_told_of_the_membership(
    work: Work, enabled: bool, calls: list[tuple[str, ...]]
) -> None:
    work.people.append(person(acme=INVITED))
    work.user = PoolUser("ada", {}, "CONFIRMED", enabled)
    process(INVITATION)
    assert (work.pool, work.keys) == (calls, [])
    ((_, _, name, _, tags),) = work.sent
    assert (name, tags) == (MailKind.INVITATION, {"kind": MailKind.MEMBERSHIP})
    assert work.rendered[0][3] is None


def test_who_is_invited_to_the_desk_is_told_of_no_account(work: Work) -> None:
    work.people.append(person(desk=Membership(role=Role.AGENT, state=PersonState.INVITED, invited_at=AT)))
    process({**INVITATION, "team": DESK})
    assert work.rendered[0][2] is None
    assert len(work.sent) == 1


@pytest.mark.parametrize("memberships", [{"acme": ACTIVE}, {"acme": GONE}, {"bolt": INVITED}])
def test_who_has_come_or_was_shut_out_since_gets_neither_password_nor_mail(
    work: Work, memberships: dict[str, Membership]
) -> None:
    work.people.append(person(**memberships))
    process(INVITATION)
    assert (work.pool, work.sent) == ([], [])


def test_while_mail_is_paused_an_invitation_waits_and_access_does_not(work: Work) -> None:
    work.paused = True
    work.people.append(person(acme=GONE))
    process(INVITATION)
    assert work.messages == [{"QueueUrl": "url", "MessageBody": json.dumps(INVITATION), "DelaySeconds": 300}]
    assert work.pool == []
    process(ACCESS)
    assert work.pool == [("deny_sign_in", "ada"), ("sign_out", "ada")]
    assert len(work.messages) == 1


# -- access -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memberships", "calls"),
    [
        ({"acme": ACTIVE}, ["allow_sign_in"]),
        ({"acme": INVITED}, ["allow_sign_in"]),
        ({"acme": GONE}, ["deny_sign_in", "sign_out"]),
        ({"acme": GONE, "bolt": ACTIVE}, ["allow_sign_in", "sign_out"]),
        ({"bolt": ACTIVE}, ["allow_sign_in", "sign_out"]),
        ({"acme": ACTIVE, "bolt": GONE}, ["allow_sign_in"]),
    ],
)
def test_who_may_act_somewhere_signs_in_and_who_lost_the_team_is_signed_out(
    work: Work, memberships: dict[str, Membership], calls: list[str]
) -> None:
    work.people.append(person(**memberships))
    process(ACCESS)
    assert work.pool == [(call, "ada") for call in calls]
    assert (work.sent, work.messages, work.keys) == ([], [], [])


def test_nothing_is_done_for_who_is_erased_or_unknown_to_the_pool(work: Work) -> None:
    work.people.append(None)
    process(ACCESS)
    assert work.looked_for == [("people", "ada")]
    work.people[:], work.user = [person(acme=INVITED)], None
    process(ACCESS)
    process(INVITATION)
    assert (work.pool, work.sent) == ([], [])


def test_the_pool_is_not_asked_about_people_of_the_provider_of_staff(work: Work) -> None:
    stored = person(desk=GONE.model_copy(update={"role": Role.AGENT}))
    work.people.append(stored._replace(person=stored.person.model_copy(update={"provider": "staff"})))
    process({**ACCESS, "team": DESK})
    assert work.looked_for == [("people", "ada")]
    assert work.pool == []


def test_a_person_who_has_changed_meanwhile_is_acted_on_again(work: Work) -> None:
    work.people += [person(3, acme=ACTIVE), person(4, acme=GONE)]
    process(ACCESS)
    assert work.pool == [("allow_sign_in", "ada"), ("deny_sign_in", "ada"), ("sign_out", "ada")]
    assert [each for each in work.looked_for if each[0] == "people"] == [("people", "ada")] * 3


def test_a_person_who_is_erased_meanwhile_gets_no_mail(work: Work) -> None:
    work.people += [person(acme=INVITED), None]
    process(INVITATION)
    assert work.sent == []


def test_a_person_who_keeps_changing_is_left_for_later(work: Work) -> None:
    work.people += [person(version, acme=ACTIVE) for version in range(MAX_ROUNDS + 1)]
    with pytest.raises(PersonKeepsChanging, match="ada"):
        process(ACCESS)
    assert len(work.pool) == MAX_ROUNDS


# -- service users ------------------------------------------------------------------------------------------------


def machine(version: int = 3, state: ServiceUserState = ServiceUserState.ACTIVE) -> StoredServiceUser:
    request = NewServiceUser(name="ERP", scopes=("orders:read",))
    made: ServiceUser = create(request, "acme", user_id="m-1", username="m", secret="s", by=ANNA, at=AT)
    return StoredServiceUser(made.model_copy(update={"state": state}), version)


@pytest.mark.parametrize(
    ("state", "calls"),
    [(ServiceUserState.ACTIVE, ["allow_sign_in"]), (ServiceUserState.DEACTIVATED, ["deny_sign_in", "sign_out"])],
)
def test_a_service_user_is_let_in_or_shut_out(work: Work, state: ServiceUserState, calls: list[str]) -> None:
    work.machines.append(machine(state=state))
    process(MACHINE)
    assert work.pool == [(call, "m-1") for call in calls]
    assert work.looked_for == [("machines", "m-1"), ("pool", "m-1"), ("machines", "m-1")]


def test_nothing_is_done_for_a_service_user_that_is_gone(work: Work) -> None:
    work.machines.append(None)
    process(MACHINE)
    work.machines[:], work.user = [machine()], None
    process(MACHINE)
    assert work.pool == []


def test_a_service_user_that_has_changed_meanwhile_is_acted_on_again(work: Work) -> None:
    work.machines += [machine(3), machine(4, ServiceUserState.DEACTIVATED)]
    process(MACHINE)
    assert work.pool == [("allow_sign_in", "m-1"), ("deny_sign_in", "m-1"), ("sign_out", "m-1")]
    work.pool.clear()
    work.machines[:] = [machine(3), None]
    process(MACHINE)
    assert work.pool == [("allow_sign_in", "m-1")]
    work.pool.clear()
    work.machines[:] = [machine(version) for version in range(MAX_ROUNDS + 1)]
    with pytest.raises(PersonKeepsChanging, match="m-1"):
        process(MACHINE)
    assert len(work.pool) == MAX_ROUNDS


# -- the queue ----------------------------------------------------------------------------------------------------


def test_what_is_logged_meanwhile_names_the_user_and_the_version(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(people_changes, "_settle", lambda change: seen.append(dict(logger.get_current_keys())))
    process(ACCESS)
    assert {name: seen[0].get(name) for name in ("user_id", "version")} == {"user_id": "ada", "version": 3}


def test_messages_are_processed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_changes, "process_queue", lambda *given: given)
    context: Any = Context()
    expected: Any = ({"Records": []}, people_changes._process, context, "PEOPLE_CHANGES_URL")
    assert people_changes.handler({"Records": []}, context) == expected
