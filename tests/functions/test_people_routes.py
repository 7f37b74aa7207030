"""The routes of people, service users and the audit trail: what each asks of the stores, and what it responds with."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import desk_api
import people_api
from online_orders.aws import account_store, people_store, service_user_store, signing_keys, user_pool
from online_orders.aws.audit_store import AuditFilter, AuditPage
from online_orders.aws.keys import account_key, person_key
from online_orders.aws.people_store import PeoplePage, StoredPerson, person_item
from online_orders.aws.service_user_store import ServiceUserPage, StoredServiceUser, WithSecret
from online_orders.aws.signing_keys import SigningKey
from online_orders.aws.table import Items
from online_orders.domain import audit
from online_orders.domain.audit_table import audit_csv
from online_orders.domain.callers import Caller
from online_orders.domain.csv_pages import dialect_for
from online_orders.domain.errors import NotFound, StateConflict, VersionMismatch
from online_orders.domain.order_parts import User
from online_orders.domain.people import (
    Identity,
    InvitationRequest,
    Membership,
    Person,
    PersonRequest,
    PersonState,
    StaffInvitationRequest,
    change,
    invite,
    invite_again,
    managed_elsewhere,
    person_row,
)
from online_orders.domain.roles import DESK, PERMISSIONS, Permission, Role
from online_orders.domain.service_users import (
    NewDeskServiceUser,
    NewServiceUser,
    ServiceUser,
    create,
    renew_secret,
    service_user_row,
)
from online_orders.domain.service_users import change as change_service_user
from online_orders.http import auth
from online_orders.routes import audit_trail, customer_people
from tests.aws.desk import Desk
from tests.domain.builders import ANNA, CLARA, NOW, account_of
from tests.functions.invocation import Context
from tests.functions.test_routes import Answer, Stores
from tests.http.test_app import event_of

Json = dict[str, Any]

ME = User(user_id="u-1", email="u@acme.example")
ADMIN = Caller(
    ME,
    "customers",
    "acme",
    Role.ADMIN,
    PERMISSIONS[Role.ADMIN],
    {"acme": Role.ADMIN},
    required=Permission.MANAGE_PEOPLE,
)
LEAD = Caller(ME, "customer-success", None, Role.LEAD, PERMISSIONS[Role.LEAD], {}, required=Permission.MANAGE_STAFF)
SUB = account_of().model_copy(update={"account_id": "sub"})
INVITED = Membership(role=Role.BUYER, state=PersonState.INVITED, invited_at=NOW)
OTHER = Identity("a/b", "ada@acme.example", None, has_signed_in=False)


def person(user_id: str = "ada", /, **memberships: Membership) -> Person:
    of = {DESK if team == "desk" else team: each for team, each in memberships.items()}
    group: Any = "customer-success" if DESK in of else "customers"
    return Person(user_id=user_id, email="ada@acme.example", name="Ada", group=group, memberships=of)


ADA = StoredPerson(person(acme=INVITED, sub=INVITED, desk=INVITED), 3)
"""Of every team, which the stores would not have; each route shows her as the team that it is about does."""
SHOWN = {team: person_row(ADA.person, team) for team in ("acme", "sub", DESK)}


@pytest.fixture
def stores(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Stores:
    monkeypatch.setattr(auth, "check_rate_limit", lambda kind, name: None)
    settings = {"ORIGIN_SECRET": "", "STAFF_SECOND_FACTOR": "optional", "IDENTITY_CLAIMS": ""}
    for name, value in {**settings, "USER_POOL_ID": "pool"}.items():
        monkeypatch.setenv(name, value)
    found = Stores(monkeypatch)
    found.give(account_store, "get_account_for_caller", SUB)
    found.give(account_store, "get_account", SUB)
    return found


def ask(
    group: str, method: str, path: str, body: Any = None, query: Any = None, *, api: Any = people_api, **headers: str
) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        sent = {"content-type": "application/json", **sent}
    text = None if body is None else json.dumps(body)
    event = event_of(method, f"/api{path}", query=query, headers=sent, body=text, group=group)
    event["requestContext"]["authorizer"]["jwt"]["claims"]["email"] = ME.email
    event["requestContext"]["requestId"] = "request"
    return Answer(api.handler(event, Context()))


def customer(method: str, path: str, body: Any = None, query: Any = None, **headers: str) -> Answer:
    return ask("customers", method, path, body, query, **headers)


def staff(method: str, path: str, body: Any = None, query: Any = None, **headers: str) -> Answer:
    return ask("customer-success", method, path, body, query, **headers)


TEAMS: list[tuple[Callable[..., Answer], str, list[tuple[str, str]], str, Caller]] = [
    (customer, "/people", [], "acme", ADMIN),
    (customer, "/people", [("account_id", "acme")], "acme", ADMIN),
    (customer, "/people", [("account_id", "sub")], "sub", ADMIN),
    (staff, "/desk/people", [], DESK, LEAD),
    (staff, "/desk/accounts/sub/people", [], "sub", LEAD),
]
"""Who asks, where, with which query, about which team."""
each_team = pytest.mark.parametrize(("asking", "path", "query", "team", "caller"), TEAMS)


def looked_up(stores: Stores, asking: Callable[..., Answer], team: str) -> bool:
    """Return whether the account was looked up that another team than the caller's own is."""
    expected = ("get_account_for_caller", "acme", "sub") if asking is customer else ("get_account", "sub")
    found = [each for each in stores.asked if each[0].startswith("get_account")]
    return found == ([expected] if team == "sub" else [])


# -- who is signed in ---------------------------------------------------------------------------------------------


def test_who_is_signed_in_learns_the_name_and_the_accounts_by_their_names(stores: Stores) -> None:
    accounts = [
        {**account_key(account_id), "document": {"S": account_of(name=name).model_dump_json()}}
        for account_id, name in (("acme", "Zebra"), ("bolt", "Apple"))
    ]
    me = person("u-1", acme=INVITED)
    stores.give(customer_people, "get_all", Items(person_item(me, 1), *accounts))
    event = event_of("GET", "/api/me", group="customers")
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    claims |= {"email": ME.email, "role": "buyer", "accounts": '{"acme": "buyer", "bolt": "viewer", "gone": "admin"}'}
    context: Any = Context()
    assert Answer(people_api.handler(event, context)).body == {
        "user_id": "u-1",
        "email": "u@acme.example",
        "name": "Ada",
        "role": "buyer",
        "account_id": "acme",
        "accounts": [
            {"account_id": "bolt", "name": "Apple", "role": "viewer"},
            {"account_id": "acme", "name": "Zebra", "role": "buyer"},
        ],
        "permissions": ["orders:read", "orders:write"],
    }
    keys = [person_key("u-1"), account_key("acme"), account_key("bolt"), account_key("gone")]
    assert stores.does("get_all") == [keys]


def test_who_is_not_stored_has_no_name_and_staff_no_account(stores: Stores) -> None:
    stores.give(customer_people, "get_all", Items())
    me = staff("GET", "/me").body
    assert (me["name"], me["role"], me["account_id"], me["accounts"]) == (None, "lead", None, [])


# -- people -------------------------------------------------------------------------------------------------------


@each_team
def test_people_are_listed_as_their_team_sees_them(
    stores: Stores, asking: Any, path: str, query: Any, team: str, caller: Caller
) -> None:
    stores.give(people_store, "list_people", PeoplePage([ADA], "ada"))
    answer = asking("GET", path, query=[*query, ("limit", "7")])
    assert answer.body["items"] == [SHOWN[team]]
    assert stores.does("list_people") == [team, 7, None]
    assert looked_up(stores, asking, team)
    stores.asked.clear()
    stores.give(people_store, "list_people", PeoplePage([], None))
    assert asking("GET", path, query=[*query, ("limit", "7"), ("cursor", answer.body["next_cursor"])]).body == {
        "items": [],
        "next_cursor": None,
    }
    assert stores.does("list_people") == [team, 7, "ada"]


@each_team
def test_a_person_is_shown_as_the_team_sees_it(
    stores: Stores, asking: Any, path: str, query: Any, team: str, caller: Caller
) -> None:
    stores.give(people_store, "get_member", ADA)
    answer = asking("GET", f"{path}/ada", query=query)
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, SHOWN[team], '"3"')
    assert stores.does("get_member") == [team, "ada"]
    assert looked_up(stores, asking, team)


@pytest.mark.parametrize(
    ("asking", "path", "account_id", "team", "caller", "query"),
    [
        (customer, "/people", None, "acme", ADMIN, ""),
        (customer, "/people", "acme", "acme", ADMIN, ""),
        (customer, "/people", "sub", "sub", ADMIN, "?account_id=sub"),
        (staff, "/desk/people", None, DESK, LEAD, ""),
        (staff, "/desk/accounts/sub/people", None, "sub", LEAD, ""),
    ],
)
def test_somebody_is_invited_into_the_team_with_the_identity_of_the_pool(
    stores: Stores, asking: Any, path: str, account_id: str | None, team: str, caller: Caller, query: str
) -> None:
    stores.give(user_pool, "require_pool", None)
    stores.give(user_pool, "find_or_create", OTHER)
    stores.give(signing_keys, "signing_key", SigningKey("key-7", b"k"))
    stores.give(people_store, "update_person", ADA)
    body = {"email": "ada@acme.example", "name": "Ada L.", "role": "agent" if team == DESK else "buyer"}
    answer = asking("POST", path, body | ({"account_id": account_id} if account_id else {}))
    assert (answer.status, answer.body, answer.headers["ETag"]) == (201, SHOWN[team], '"3"')
    assert answer.headers["Location"] == f"/api{path}/a%2Fb{query}"
    assert stores.does("require_pool") == []
    assert stores.does("find_or_create") == ["ada@acme.example", "Ada L."]
    user_id, of_team, by, decide = stores.does("update_person")
    assert (user_id, of_team, by) == ("a/b", team, caller)
    assert looked_up(stores, asking, team)
    request = (StaffInvitationRequest if team == DESK else InvitationRequest).model_validate(body)
    known = person(desk=INVITED) if team == DESK else person(bolt=INVITED)
    assert decide(None) == invite(None, OTHER, team, request, "key-7", NOW)
    if team != DESK:
        assert decide(StoredPerson(known, 5)) == invite(known, OTHER, team, request, "key-7", NOW)
    assert stores.asked[-1] == ("signing_key", "passwords")


@pytest.mark.parametrize("email", ["m@service-users.invalid", "M@Service-Users.Invalid"])
def test_the_address_of_a_service_user_is_invited_nowhere(stores: Stores, email: str) -> None:
    for asking, path, role in ((customer, "/people", "buyer"), (staff, "/desk/people", "agent")):
        answer = asking("POST", path, {"email": email, "name": "M", "role": role})
        (error,) = answer.body["errors"]
        assert (answer.status, error["pointer"], error["code"]) == (422, "/email", "address_taken")
        assert error["detail"] == "This address is a service user's."


@each_team
def test_a_person_is_changed_as_the_caller_asks_on_the_version_that_is_named(
    stores: Stores, asking: Any, path: str, query: Any, team: str, caller: Caller
) -> None:
    stores.give(user_pool, "require_pool", None)
    stores.give(people_store, "update_person", ADA)
    answer = asking("PUT", f"{path}/ada", {"name": "Countess"}, query, if_match='"3"')
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, SHOWN[team], '"3"')
    assert stores.does("require_pool") == []
    user_id, of_team, by, decide = stores.does("update_person")
    assert (user_id, of_team, by) == ("ada", team, caller)
    assert looked_up(stores, asking, team)
    alone = person(**{team or "desk": INVITED})
    assert decide(StoredPerson(alone, 3)) == change(alone, team, PersonRequest(name="Countess"), "u-1")
    with pytest.raises(VersionMismatch, match="a person ada"):
        decide(StoredPerson(alone, 4))
    for other in (None, StoredPerson(person(bolt=INVITED), 3)):
        with pytest.raises(NotFound, match="ada"):
            decide(other)


def test_nobody_changes_the_own_role(stores: Stores) -> None:
    stores.give(people_store, "update_person", ADA)
    customer("PUT", "/people/u-1", {"role": "viewer"})
    decide = stores.does("update_person")[3]
    with pytest.raises(StateConflict) as refusal:
        decide(StoredPerson(person("u-1", acme=INVITED), 1))
    assert refusal.value.code == "own_role"


@each_team
def test_who_has_not_come_is_invited_again(
    stores: Stores, asking: Any, path: str, query: Any, team: str, caller: Caller
) -> None:
    stores.give(user_pool, "require_pool", None)
    stores.give(signing_keys, "signing_key", SigningKey("key-7", b"k"))
    stores.give(people_store, "update_person", ADA)
    answer = asking("POST", f"{path}/ada/invite", query=query)
    assert (answer.status, answer.body, answer.headers["ETag"]) == (202, SHOWN[team], '"3"')
    assert stores.does("require_pool") == []
    user_id, of_team, by, decide = stores.does("update_person")
    assert (user_id, of_team, by) == ("ada", team, caller)
    assert looked_up(stores, asking, team)
    alone = person(**{team or "desk": INVITED})
    assert decide(StoredPerson(alone, 3)) == invite_again(alone, team, "key-7", NOW)
    assert stores.asked[-1] == ("signing_key", "passwords")
    with pytest.raises(NotFound, match="ada"):
        decide(None)


def test_without_a_pool_nothing_is_asked_of_it(stores: Stores) -> None:
    stores.give(user_pool, "require_pool", managed_elsewhere())
    body = {"email": "ada@acme.example", "name": "Ada L.", "role": "buyer"}
    machine_body = {"name": "ERP", "scopes": ["orders:read"]}
    for method, path, sent in (
        ("POST", "/people", body),
        ("PUT", "/people/ada", {}),
        ("POST", "/people/ada/invite", None),
        ("POST", "/service-users", machine_body),
        ("PUT", "/service-users/m-1", {}),
        ("POST", "/service-users/m-1/secret", None),
    ):
        stores.asked.clear()
        answer = customer(method, path, sent)
        assert (answer.status, answer.body["code"]) == (409, "managed_elsewhere")
        assert stores.asked == [("require_pool",)]


# -- service users ------------------------------------------------------------------------------------------------


def machine(team: str = "acme") -> ServiceUser:
    scopes = ("desk:read",) if team == DESK else ("orders:read",)
    request = NewServiceUser(name="ERP", scopes=scopes)
    return create(request, team, user_id="m/1", username="m@service-users.invalid", secret="a", by=ANNA, at=NOW)


OWN, AT_DESK = "/service-users", "/desk/service-users"


@pytest.mark.parametrize(
    ("asking", "path", "query", "team"),
    [
        (customer, OWN, [], "acme"),
        (staff, AT_DESK, [], DESK),
        (staff, AT_DESK, [("account_id", "sub")], "sub"),
    ],
)
def test_service_users_are_listed_by_team(stores: Stores, asking: Any, path: str, query: Any, team: str) -> None:
    stores.give(service_user_store, "list_service_users", ServiceUserPage([machine(team)], "m/1"))
    answer = asking("GET", path, query=[*query, ("limit", "7")])
    assert answer.body["items"] == [service_user_row(machine(team))]
    assert stores.does("list_service_users") == [team, 7, None]
    assert looked_up(stores, asking, team)
    stores.asked.clear()
    asking("GET", path, query=[*query, ("limit", "7"), ("cursor", answer.body["next_cursor"])])
    assert stores.does("list_service_users") == [team, 7, "m/1"]


@pytest.mark.parametrize(
    ("asking", "path", "account_id", "team", "caller"),
    [
        (customer, OWN, None, "acme", ADMIN),
        (staff, AT_DESK, None, DESK, LEAD),
        (staff, AT_DESK, "sub", "sub", LEAD),
    ],
)
def test_a_service_user_is_created_and_its_secret_shown(
    stores: Stores, asking: Any, path: str, account_id: str | None, team: str, caller: Caller
) -> None:
    made = WithSecret(StoredServiceUser(machine(team), 1), "oo-S1-new")
    stores.give(user_pool, "require_pool", None)
    stores.give(account_store, "find_account", SUB)
    stores.give(service_user_store, "create_service_user", made)
    scopes = ["desk:read"] if team == DESK else ["orders:read"]
    body = {"name": "ERP", "scopes": scopes} | ({"account_id": account_id} if account_id else {})
    answer = asking("POST", path, body)
    assert (answer.status, answer.headers["Location"], answer.headers["ETag"]) == (201, f"/api{path}/m%2F1", '"1"')
    assert answer.body == {**service_user_row(machine(team)), "client_id": "m/1", "client_secret": "oo-S1-new"}
    assert stores.does("require_pool") == []
    request = (NewServiceUser if asking is customer else NewDeskServiceUser).model_validate(body)
    assert stores.does("create_service_user") == [request, team, caller]
    looked_for = [each for each in stores.asked if each[0] == "find_account"]
    assert looked_for == ([("find_account", "sub")] if account_id else [])


def test_a_service_user_of_no_account_is_not_created(stores: Stores) -> None:
    stores.give(account_store, "find_account", None)
    answer = staff("POST", AT_DESK, {"name": "ERP", "scopes": ["orders:read"], "account_id": "nobody"})
    assert [(each["pointer"], each["code"]) for each in answer.body["errors"]] == [("/account_id", "unknown_account")]
    answer = customer("POST", OWN, {"name": "ERP", "scopes": ["desk:read"]})
    assert [(each["pointer"], each["code"]) for each in answer.body["errors"]] == [("/scopes/0", "not_allowed")]


@pytest.mark.parametrize(
    ("asking", "path", "team", "status"),
    [
        (customer, OWN, "acme", 200),
        (customer, OWN, "bolt", 404),
        (staff, AT_DESK, "bolt", 200),
        (staff, AT_DESK, None, 404),
    ],
)
def test_a_service_user_is_shown_to_its_team_and_to_the_desk(
    stores: Stores, asking: Any, path: str, team: str | None, status: int
) -> None:
    stores.give(service_user_store, "find_service_user", StoredServiceUser(machine(team), 4) if team else None)
    answer = asking("GET", f"{path}/m-1")
    assert stores.does("find_service_user") == ["m-1"]
    assert answer.status == status
    if team and status == 200:
        assert (answer.body, answer.headers["ETag"]) == (service_user_row(machine(team)), '"4"')
    else:
        assert "m-1" in answer.body["detail"]


@pytest.mark.parametrize(
    ("asking", "path", "team", "caller"), [(customer, OWN, "acme", ADMIN), (staff, AT_DESK, None, LEAD)]
)
def test_a_service_user_is_changed_on_the_version_that_is_named(
    stores: Stores, asking: Any, path: str, team: str | None, caller: Caller
) -> None:
    stores.give(user_pool, "require_pool", None)
    stores.give(service_user_store, "update_service_user", StoredServiceUser(machine(), 5))
    answer = asking("PUT", f"{path}/m-1", {"name": "ERP 2"}, if_match='"4"')
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, service_user_row(machine()), '"5"')
    assert stores.does("require_pool") == []
    *asked, decide = stores.does("update_service_user")
    assert asked == ["m-1", team, caller]
    assert decide(StoredServiceUser(machine(), 4)) == change_service_user(machine(), {"name": "ERP 2"})
    with pytest.raises(VersionMismatch, match="a service user m-1"):
        decide(StoredServiceUser(machine(), 5))


@pytest.mark.parametrize(
    ("asking", "path", "team", "caller"), [(customer, OWN, "acme", ADMIN), (staff, AT_DESK, None, LEAD)]
)
def test_a_secret_is_renewed_and_shown(
    stores: Stores, asking: Any, path: str, team: str | None, caller: Caller
) -> None:
    after = renew_secret(machine(), "oo-S1-new").user
    stores.give(user_pool, "require_pool", None)
    stores.give(service_user_store, "renew_service_user_secret", WithSecret(StoredServiceUser(after, 6), "oo-S1-new"))
    answer = asking("POST", f"{path}/m-1/secret")
    assert (answer.status, answer.headers["ETag"], "Location" in answer.headers) == (200, '"6"', False)
    assert answer.body == {**service_user_row(after), "client_id": "m/1", "client_secret": "oo-S1-new"}
    assert stores.does("require_pool") == []
    assert stores.does("renew_service_user_secret") == ["m-1", team, caller]


# -- the audit trail ----------------------------------------------------------------------------------------------


def trail(query: Any = None, **headers: str) -> Answer:
    return ask("customer-success", "GET", "/desk/audit", query=query, api=desk_api, **headers)


ENTRY = audit.entry(NOW, CLARA, "account", "acme", "changed", account_id="acme", was={"a": 1.5}, now={"a": "ü"})


def test_the_trail_is_listed_as_it_is_filtered_page_by_page(stores: Stores) -> None:
    stores.give(audit_trail, "list_audit", AuditPage([ENTRY], "below"))
    answer = trail()
    assert answer.body["items"] == [ENTRY.model_dump(mode="json")]
    assert stores.does("list_audit") == [AuditFilter(zone=ZoneInfo("UTC")), 25, None, NOW.date()]
    filters = {
        "from": "2026-03-01",
        "to": "2026-03-02",
        "time_zone": "Asia/Tokyo",
        "subject": "account",
        "account_id": "acme",
        "user_id": "clara",
        "limit": "3",
    }
    page = trail([*filters.items()])
    stores.asked.clear()
    trail([*filters.items(), ("cursor", page.body["next_cursor"])])
    asked_for = AuditFilter(date(2026, 3, 1), date(2026, 3, 2), ZoneInfo("Asia/Tokyo"), "account", "acme", "clara")
    assert stores.does("list_audit") == [asked_for, 3, "below", NOW.date()]


@pytest.mark.parametrize("spreadsheet", [None, "de"])
def test_the_trail_comes_as_a_table_with_a_link_to_the_next_page(stores: Stores, spreadsheet: str | None) -> None:
    stores.give(audit_trail, "list_audit", AuditPage([ENTRY], "below"))
    query = [("limit", "1"), *([("spreadsheet", spreadsheet)] if spreadsheet else [])]
    answer = trail(query, accept="text/csv")
    assert answer.text == audit_csv([ENTRY], dialect_for(spreadsheet))
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert 'filename="audit.csv"' in answer.headers["Content-Disposition"]
    assert 'rel="next"' in answer.headers["Link"]
    stores.give(audit_trail, "list_audit", AuditPage([ENTRY], None))
    assert "Link" not in trail(query, accept="text/csv").headers
