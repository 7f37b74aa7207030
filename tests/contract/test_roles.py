"""People whose role is stored: what each may do, from which moment on, and in which of several accounts.

Their tokens come as Cognito would issue them, by the trigger; a `token` is one that somebody still holds.
"""

import json
from typing import Any

import pytest

from online_orders.aws import people_store
from online_orders.aws.people_store import write_actions
from online_orders.aws.table import transact
from online_orders.domain.catalog import shipped
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.roles import Role
from online_orders.domain.service_users import ServiceUserState
from tests.functions.test_issue_claims import TRIGGER, person_of, service_user, store, store_service_user
from tests.lab import Lab, Response, User
from tests.lab.accounts import body

Json = dict[str, Any]
ITEM = {"kind": "ip_addresses", "quantity": 4, "start_date": "2027-03-05"}
ORDER = {"items": [ITEM]}


def token_of(lab: Lab, user: User) -> dict[str, str]:
    """The header of a token that the user gets now, to be sent later."""
    signed_in = lab.signing_in(user)
    assert signed_in
    issuer, audience = lab.api.issuer_and_audience
    return {"authorization": f"Bearer {signed_in.token(issuer, audience, lab.clock.now())}"}


def change(lab: Lab, user: User, **memberships: Membership | Role) -> None:
    """Give a stored person these memberships, as an admin's change does."""
    with lab.as_operator():
        before = people_store.find_person(user.user_id)
        assert before
        after = person_of(user, before.person.group, **memberships)
        transact(write_actions(before, before.person.model_copy(update={"memberships": after.memberships})))


def place(lab: Lab, key: str, **request: Any) -> Response:
    headers = {"Idempotency-Key": key, **request.pop("headers", {})}
    return lab.http("POST", "/api/orders", **{"json": ORDER, **request}, headers=headers)


def placed(lab: Lab, key: str = "first") -> str:
    response = place(lab, key, user=lab.users.customer)
    assert response.status == 201, response
    return str(response.json()["order_id"])


def refusal(response: Response) -> tuple[int, str]:
    return response.status, response.json()["code"]


GONE = Membership(role=Role.ADMIN, state=PersonState.DEACTIVATED)
FORBIDDEN = (403, "forbidden")


def changes_of(order_id: str) -> list[tuple[str, str, Any]]:
    """Every change that a customer can ask for."""
    return [
        ("POST", "/api/orders", ORDER),
        ("POST", f"/api/orders/{order_id}/comment", {"text": "Please hurry."}),
        ("POST", f"/api/orders/{order_id}/cancel", {}),
        ("POST", "/api/account/contact-report", {"text": "She has left."}),
    ]


def desk_changes_of(order_id: str) -> list[tuple[str, str, Any]]:
    """Every change that staff can ask for."""
    order = f"/api/desk/orders/{order_id}"
    line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
    return [
        ("POST", "/api/desk/orders", {**ORDER, "account_id": "acme"}),
        ("POST", f"{order}/claim", {}),
        ("POST", f"{order}/release", {}),
        ("POST", f"{order}/comment", {"text": "Soon.", "internal": False}),
        ("POST", f"{order}/quote", {"valid_until": "2027-01-01", "lines": [line]}),
        ("POST", f"{order}/quote/undo", {}),
        ("POST", f"{order}/proposal/approve", {}),
        ("POST", f"{order}/proposal/refuse", {"reason": "No."}),
        ("PUT", "/api/desk/discount-policy", {"percent": "90"}),
        ("POST", f"{order}/resend", {}),
        ("POST", f"{order}/answer", {"text": "Soon."}),
        ("POST", f"{order}/hand-over", {"decision": "refuse"}),
        ("POST", f"{order}/decline", {"reason": "No."}),
        ("PUT", "/api/desk/accounts/acme", body("acme", name="Renamed")),
        ("PUT", "/api/desk/price-lists/EUR", {"prices": []}),
        ("PUT", "/api/desk/catalog", {**shipped().document, "equipment": [*shipped().equipment, "X1900"]}),
        ("PUT", "/api/desk/catalog/draft", {}),
    ]


def ask(lab: Lab, method: str, path: str, sent: Any, headers: dict[str, str]) -> Response:
    return lab.http(method, path, json=sent, headers={"Idempotency-Key": "another", **headers})


def test_a_removed_persons_open_page_changes_nothing_more_at_once(lab: Lab) -> None:
    lab.account()
    order_id = placed(lab)
    store(lab, person_of(lab.users.colleague, acme=Role.BUYER))
    token = token_of(lab, lab.users.colleague)
    assert place(lab, "mine", headers=token).status == 201
    change(lab, lab.users.colleague, acme=GONE)
    lab.settle()
    before = lab.items
    for method, path, sent in changes_of(order_id):
        response = ask(lab, method, path, sent, token)
        assert refusal(response) == FORBIDDEN, path
        assert response.json()["detail"] == "You may no longer do this."
    assert place(lab, "mine", headers=token).status == 403, "nor is an answer from before repeated"
    assert lab.items == before


def test_a_removed_person_reads_until_the_token_expires_and_gets_no_other(lab: Lab) -> None:
    lab.account()
    order_id = placed(lab)
    store(lab, person_of(lab.users.colleague, acme=Role.BUYER))
    token = token_of(lab, lab.users.colleague)
    change(lab, lab.users.colleague, acme=GONE)
    lab.advance(minutes=14)
    assert lab.http("GET", f"/api/orders/{order_id}", headers=token).status == 200
    lab.advance(minutes=1)
    assert lab.http("GET", f"/api/orders/{order_id}", headers=token).status == 401
    assert lab.http("GET", f"/api/orders/{order_id}", user=lab.users.colleague).status == 401
    assert [failure.type for failure in lab.errors.take(TRIGGER)] == ["Forbidden"]


def test_a_lowered_role_allows_no_change_at_once_and_is_in_the_next_token(lab: Lab) -> None:
    lab.account()
    order_id = placed(lab)
    store(lab, person_of(lab.users.colleague, acme=Role.BUYER))
    token = token_of(lab, lab.users.colleague)
    change(lab, lab.users.colleague, acme=Role.VIEWER)
    for method, path, sent in changes_of(order_id):
        assert refusal(ask(lab, method, path, sent, token)) == FORBIDDEN, path
    fresh = lab.http("GET", f"/api/orders/{order_id}", user=lab.users.colleague).json()
    assert fresh["actions"] == []
    assert lab.http("GET", f"/api/orders/{order_id}", user=lab.users.customer).json()["actions"] == [
        "withdraw",
        "comment",
    ]
    response = place(lab, "another", user=lab.users.colleague)
    assert response.json()["detail"] == "Your role does not allow this: it lacks orders:write."


@pytest.mark.parametrize("memberships", [{"desk": GONE}, {"desk": Role.AUDITOR}], ids=["removed", "auditor"])
def test_staff_who_may_no_longer_change_anything_are_refused_at_once(lab: Lab, memberships: Json) -> None:
    lab.account()
    order_id = placed(lab)
    for user in (lab.users.cs, lab.users.cs2):
        store(lab, person_of(user, "customer-success", desk=Role.LEAD))
    token = token_of(lab, lab.users.cs2)
    assert ask(lab, "POST", f"/api/desk/orders/{order_id}/claim", {}, token).status == 200
    change(lab, lab.users.cs2, **memberships)
    lab.settle()
    before = lab.items
    for method, path, sent in desk_changes_of(order_id):
        assert refusal(ask(lab, method, path, sent, token)) == FORBIDDEN, path
    assert lab.items == before
    assert lab.http("GET", f"/api/desk/orders/{order_id}", headers=token).status == 200


def test_an_agent_works_on_orders_and_changes_neither_accounts_nor_prices_nor_the_catalog(lab: Lab) -> None:
    lab.account()
    order_id = placed(lab)
    for user in (lab.users.cs, lab.users.cs2):
        store(lab, person_of(user, "customer-success", desk=Role.LEAD))
    token = token_of(lab, lab.users.cs2)
    change(lab, lab.users.cs2, desk=Role.AGENT)
    assert ask(lab, "POST", f"/api/desk/orders/{order_id}/claim", {}, token).status == 200
    for method, path, sent in desk_changes_of(order_id)[-4:]:
        assert refusal(ask(lab, method, path, sent, token)) == FORBIDDEN, path


def test_what_an_auditor_sees_names_no_actions(lab: Lab) -> None:
    lab.account()
    order_id = placed(lab)
    seen = {}
    for user in (lab.users.auditor, lab.users.agent):
        shown = lab.http("GET", f"/api/desk/orders/{order_id}", user=user).json()
        (row,) = lab.http("GET", "/api/desk/orders", user=user).json()["items"]
        assert shown["actions"] == row["actions"]
        seen[user.username] = shown["actions"]
    assert seen == {"astrid": [], "arno": ["claim", "decline", "comment", "assign", "handling"]}


def test_a_person_of_two_accounts_acts_for_the_one_that_is_named(lab: Lab) -> None:
    lab.account("acme")
    lab.account("bolt")
    user = lab.users.colleague
    store(lab, person_of(user, acme=Role.VIEWER, bolt=Role.BUYER))
    for chosen, account_id in (({}, "acme"), ({"Account-Id": "acme"}, "acme"), ({"Account-Id": "bolt"}, "bolt")):
        assert lab.http("GET", "/api/account", headers=chosen, user=user).json()["account_id"] == account_id
    assert refusal(place(lab, "one", user=user)) == FORBIDDEN
    of_bolt = place(lab, "one", headers={"Account-Id": "bolt"}, user=user)
    assert (of_bolt.status, of_bolt.json()["account_id"]) == (201, "bolt")
    path = f"/api/orders/{of_bolt.json()['order_id']}"
    assert refusal(lab.http("GET", path, user=user)) == (404, "not_found")
    assert lab.http("GET", path, headers={"account-id": "bolt"}, user=user).status == 200
    assert lab.http("GET", "/api/orders", user=user).json()["items"] == []


@pytest.mark.parametrize("chosen", ["slate", "relay", "ACME", "acme, bolt", "../acme", "%61cme"])
def test_an_account_of_others_cannot_be_chosen(lab: Lab, chosen: str) -> None:
    for account_id in ("acme", "bolt", "slate"):
        lab.account(account_id)
    store(lab, person_of(lab.users.colleague, acme=Role.ADMIN, bolt=Role.ADMIN))
    for user in (lab.users.colleague, lab.users.customer, lab.users.cs, lab.users.stranger):
        for method, path in (("GET", "/api/account"), ("GET", "/api/catalog"), ("POST", "/api/orders")):
            headers = {"Account-Id": chosen, "Idempotency-Key": "k"}
            sent = ORDER if method == "POST" else None
            assert refusal(lab.http(method, path, json=sent, headers=headers, user=user)) == FORBIDDEN


def test_a_reseller_chooses_its_own_account_and_names_the_sub_account(lab: Lab) -> None:
    lab.account("relay")
    lab.account("relay-north", parent_account_id="relay")
    headers = {"Account-Id": "relay-north"}
    assert refusal(lab.http("GET", "/api/account", headers=headers, user=lab.users.reseller)) == FORBIDDEN
    shown = lab.http("GET", "/api/account?account_id=relay-north", user=lab.users.reseller)
    assert shown.json()["account_id"] == "relay-north"


def test_a_cursor_is_good_in_the_account_that_it_came_from(lab: Lab) -> None:
    lab.account("acme")
    lab.account("bolt")
    user = lab.users.colleague
    store(lab, person_of(user, acme=Role.BUYER, bolt=Role.BUYER))
    for key in ("one", "two"):
        for account_id in ("acme", "bolt"):
            assert place(lab, key, headers={"Account-Id": account_id}, user=user).status == 201
    cursor = lab.http("GET", "/api/orders?limit=1", user=user).json()["next_cursor"]
    path = f"/api/orders?limit=1&cursor={cursor}"
    assert refusal(lab.http("GET", path, headers={"Account-Id": "bolt"}, user=user)) == (400, "invalid_cursor")
    assert len(lab.http("GET", path, user=user).json()["items"]) == 1


def test_who_lost_one_of_two_accounts_acts_for_the_other_still(lab: Lab) -> None:
    lab.account("acme")
    lab.account("bolt")
    user = lab.users.colleague
    store(lab, person_of(user, acme=Role.BUYER, bolt=Role.BUYER))
    token = token_of(lab, user)
    change(lab, user, acme=GONE, bolt=Role.BUYER)
    assert refusal(place(lab, "one", headers=token)) == FORBIDDEN
    assert place(lab, "one", headers={**token, "Account-Id": "bolt"}).status == 201
    fresh = lab.http("GET", "/api/account", user=user).json()
    assert fresh["account_id"] == "bolt", "the first account that is left"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"role": "lead"}, FORBIDDEN),
        ({"role": "ADMIN"}, FORBIDDEN),
        ({"role": "viewer"}, FORBIDDEN),
        ({"accounts": "acme"}, (403, "wrong_token")),
        ({"accounts": "[]"}, (403, "wrong_token")),
        ({"accounts": '{"bolt": "admin"}'}, FORBIDDEN),
        ({"accounts": '{"acme": "lead"}'}, FORBIDDEN),
        ({"accounts": {"acme": "admin"}}, (403, "wrong_token")),
        ({"scopes": ""}, FORBIDDEN),
        ({"scopes": "orders:read"}, FORBIDDEN),
        ({"scopes": "desk:orders people:manage"}, FORBIDDEN),
        ({"scopes": ["orders:write"]}, FORBIDDEN),
    ],
    ids=json.dumps,
)
def test_claims_that_the_product_does_not_issue_allow_nothing_more(lab: Lab, claims: Json, expected: Any) -> None:
    lab.account("acme")
    lab.account("bolt")
    before = lab.items
    assert refusal(place(lab, "one", user=lab.users.customer.claiming(**claims))) == expected
    assert lab.items == before


def test_a_forged_role_is_no_more_than_what_is_stored(lab: Lab) -> None:
    lab.account()
    store(lab, person_of(lab.users.colleague, acme=Role.VIEWER))
    forged = lab.users.colleague.claiming(role="admin", accounts='{"acme": "admin", "bolt": "admin"}')
    assert refusal(place(lab, "one", user=forged)) == FORBIDDEN
    assert refusal(place(lab, "one", user=forged, headers={"Account-Id": "bolt"})) == FORBIDDEN


def test_a_service_user_does_what_its_scopes_say_and_nothing_once_they_are_gone(lab: Lab) -> None:
    lab.account()
    robot = User("robot", None)
    machine = service_user(robot, "acme", ("orders:read", "orders:write"))
    store_service_user(lab, machine)
    token = token_of(lab, robot)
    assert place(lab, "one", headers=token).status == 201
    assert lab.http("GET", "/api/account", headers=token).status == 200
    assert refusal(lab.http("GET", "/api/desk/orders", headers=token)) == FORBIDDEN
    store_service_user(lab, service_user(robot, "acme", ("orders:read",)))
    assert refusal(place(lab, "two", headers=token)) == FORBIDDEN
    store_service_user(lab, machine.model_copy(update={"state": ServiceUserState.DEACTIVATED}))
    assert refusal(place(lab, "three", headers=token)) == FORBIDDEN
    assert lab.http("GET", "/api/orders", headers=token).status == 200, "until the token expires"


def test_a_check_of_the_role_adds_no_call_to_placing_or_reading(lab: Lab) -> None:
    lab.account()
    store(lab, person_of(lab.users.colleague, acme=Role.BUYER))
    token = token_of(lab, lab.users.colleague)
    before = len(lab.wire.calls)
    response = place(lab, "one", headers=token)
    assert response.status == 201
    assert len(lab.wire.calls) - before == 2
    before = len(lab.wire.calls)
    assert lab.http("GET", f"/api/orders/{response.json()['order_id']}", headers=token).status == 200
    assert len(lab.wire.calls) - before == 1


def test_somebody_of_no_team_is_nobody(lab: Lab) -> None:
    lab.account()
    user = lab.users.stranger
    store(lab, Person(user_id=user.user_id, email=user.email, name="Otto", group="customers", memberships={}))
    assert lab.http("GET", "/api/catalog", user=user).status == 401
    lab.errors.take(TRIGGER)
