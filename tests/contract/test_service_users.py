"""Service users: who makes them, how they get a token, what they do and under which name, and how they are shut out."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import fresh, item, place
from tests.contract.site import Json, Response, User
from tests.lab import User as LabUser

OWN, DESK, TOKEN = "/api/service-users", "/api/desk/service-users", "/api/token"
ASKED: Json = {"name": "ERP", "scopes": ["orders:read", "orders:write"]}


@dataclass(frozen=True)
class Machine(LabUser):
    """A service user, whose token the trigger writes."""

    id: str = ""

    @property
    def user_id(self) -> str:
        return self.id

    @property
    def email(self) -> str:
        return f"{self.username}@service-users.invalid"


def created(site: InProcess, by: User | None = None, path: str = OWN, **asked: Any) -> Json:
    found: Json = site.post(path, by or site.people.customer, {**ASKED, **asked}).ok(201)
    return found


def as_machine(made: Json) -> Machine:
    return Machine("machine", None, id=made["user_id"])


def act(site: InProcess, method: str, path: str, made: Json, **more: Any) -> Response:
    """A request of a service user, with a fresh token."""
    response = site.lab.http(method, path, user=as_machine(made), **more)
    return Response(response.status, response.headers, response.body)


def ask(site: InProcess, client_id: str, secret: str, **form: str) -> Response:
    fields = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, **form}
    return site.request("POST", TOKEN, form=fields)


def refused(response: Response, status: int = 401, error: str = "invalid_client") -> None:
    assert response.status == status, str(response)
    assert response.headers["cache-control"] == "no-store"
    assert response.json["error"] == error


# -- making them --------------------------------------------------------------------------------------------------


def test_an_admin_makes_a_service_user_of_the_account_and_sees_its_secret_once(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    response = site.post(OWN, admin, ASKED)
    made = response.ok(201)
    row = {
        "user_id": made["user_id"],
        "name": "ERP",
        "account_id": admin.account_id,
        "scopes": ["orders:read", "orders:write"],
        "state": "active",
        "last_used_on": None,
        "created_by": {"user_id": LabUser(admin.username, None).user_id, "email": admin.email},
        "created_at": made["created_at"],
    }
    assert made == {**row, "client_id": made["user_id"], "client_secret": made["client_secret"]}
    assert (response.headers["location"], response.headers["etag"]) == (f"{OWN}/{made['user_id']}", '"1"')
    assert site.get(response.headers["location"], admin).ok() == row
    assert site.get(OWN, admin).ok() == {"items": [row], "next_cursor": None}
    assert site.get(f"{DESK}?account_id={admin.account_id}", site.people.cs).ok()["items"] == [row]
    assert site.get(f"{DESK}/{made['user_id']}", site.people.cs).ok() == row
    assert made["client_secret"] not in str(site.lab.items)
    assert made["client_secret"] not in site.logs()


def test_a_lead_makes_service_users_of_the_desk_and_of_accounts(in_process: InProcess) -> None:
    site, lead = in_process, in_process.people.cs
    own = created(site, lead, DESK, scopes=["desk:read", "desk:orders"])
    assert own["account_id"] is None
    of_account = created(site, lead, DESK, account_id="nordlicht")
    assert [each["user_id"] for each in site.get(DESK, lead).ok()["items"]] == [own["user_id"]]
    assert [each["user_id"] for each in site.get(OWN, site.people.german).ok()["items"]] == [of_account["user_id"]]
    assert site.get(OWN, site.people.other).ok()["items"] == []
    site.get(f"{DESK}?account_id=nowhere", lead).refused(404, "not_found")


@pytest.mark.parametrize(
    ("path", "body", "faults"),
    [
        (OWN, {**ASKED, "scopes": ["desk:read"], "name": ""}, {"/name": "too_short", "/scopes/0": "not_allowed"}),
        (OWN, {**ASKED, "account_id": "nordlicht"}, {"/account_id": "unknown_field"}),
        (DESK, {**ASKED, "account_id": "nowhere"}, {"/account_id": "unknown_account"}),
        (DESK, ASKED, {"/scopes/0": "not_allowed", "/scopes/1": "not_allowed"}),
    ],
)
def test_what_nobody_may_ask_for_makes_nothing(
    in_process: InProcess, path: str, body: Json, faults: dict[str, str]
) -> None:
    site = in_process
    by = site.people.cs if path == DESK else site.people.customer
    before = site.lab.items
    assert site.post(path, by, body).faults() == faults
    assert site.lab.items == before
    users = site.lab.client("cognito-idp").list_users(UserPoolId=site.lab.outputs["UserPoolId"])["Users"]
    assert users == []


def test_of_another_account_nobody_sees_or_changes_a_service_user(in_process: InProcess) -> None:
    site = in_process
    where = f"{OWN}/{created(site)['user_id']}"
    for user in (site.people.other, site.people.reseller):
        site.get(where, user).refused(404, "not_found")
        site.put(where, user, {"name": "Mine"}).refused(404, "not_found")
        site.post(f"{where}/secret", user).refused(404, "not_found")


def test_no_person_is_taken_for_a_service_user_nor_any_long_text_for_an_id(in_process: InProcess) -> None:
    site, admin, lead = in_process, in_process.people.customer, in_process.people.cs
    before = site.lab.items
    for path, user in (("/api/service-users", admin), ("/api/desk/service-users", lead)):
        for user_id in (LabUser(user.username, None).user_id, "x" * 2100):
            site.get(f"{path}/{user_id}", user).refused(404, "not_found")
            site.put(f"{path}/{user_id}", user, {"name": "ERP"}).refused(404, "not_found")
            site.post(f"{path}/{user_id}/secret", user).refused(404, "not_found")
    # The table takes no key of more than 2,048 bytes: such a one is refused before.
    assert len(site.get(f"/api/people/{'x' * 2100}", admin).refused(404, "not_found")["detail"]) < 100
    assert site.lab.items == before


def test_a_change_honors_if_match_and_what_was_read_may_be_sent_back(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    where = f"{OWN}/{created(site)['user_id']}"
    response = site.put(where, admin, {"scopes": ["orders:read"]}, If_Match='"1"')
    row = response.ok()
    assert (row["scopes"], response.headers["etag"]) == (["orders:read"], '"2"')
    site.put(where, admin, {"name": "Late"}, If_Match='"1"').refused(412, "version_mismatch")
    assert site.put(where, admin, row).headers["etag"] == '"2"'
    assert site.put(where, admin, {"scopes": ["desk:read"]}).faults() == {"/scopes/0": "not_allowed"}


# -- getting a token ----------------------------------------------------------------------------------------------


def test_a_token_is_got_by_basic_or_by_the_form(in_process: InProcess) -> None:
    site = in_process
    made = created(site)
    in_form = ask(site, made["client_id"], made["client_secret"])
    assert in_form.headers["cache-control"] == "no-store"
    answer = in_form.ok()
    assert answer == {
        "access_token": answer["access_token"],
        "token_type": "Bearer",
        "expires_in": answer["expires_in"],
    }
    payload = answer["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert (claims["sub"], claims["token_use"]) == (made["user_id"], "id")
    assert claims["aud"] == site.lab.outputs["UserPoolClientId"]
    shown = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
    headers = {"Authorization": f"Basic {shown}"}
    by_basic = site.request("POST", TOKEN, form={"grant_type": "client_credentials"}, headers=headers).ok()
    assert by_basic["token_type"] == "Bearer"


def test_scopes_may_be_asked_for_and_what_else_the_token_has_is_said(in_process: InProcess) -> None:
    site = in_process
    made = created(site)
    shown = (made["client_id"], made["client_secret"])
    assert "scope" not in ask(site, *shown, scope="orders:write orders:read").ok()
    assert ask(site, *shown, scope="orders:read").ok()["scope"] == "orders:read orders:write"
    refused(ask(site, *shown, scope="orders:read desk:read"), 400, "invalid_scope")
    refused(ask(site, *shown, grant_type="password"), 400, "unsupported_grant_type")


def test_an_unknown_client_a_wrong_secret_and_a_deactivated_one_are_refused_alike(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    made, other = created(site), created(site)
    gone = created(site)
    site.put(f"{OWN}/{gone['user_id']}", admin, {"state": "deactivated"}).ok()
    site.lab.wire.calls.clear()
    answers = [
        ask(site, "nobody", made["client_secret"]),
        ask(site, made["client_id"], "oo-S1-wrong"),
        ask(site, made["client_id"], other["client_secret"]),
        ask(site, gone["client_id"], gone["client_secret"]),
        ask(site, LabUser(admin.username, None).user_id, "Sandbox-Pass-1"),
        ask(site, admin.email, "Sandbox-Pass-1"),
    ]
    for each in answers:
        refused(each)
    assert {(each.status, each.body, each.headers["www-authenticate"]) for each in answers} == {
        (401, answers[0].body, 'Basic realm="token"')
    }
    # The pool is not even asked, so that no guess locks anybody.
    assert {call.operation for call in site.lab.wire.calls} == {"GetItem"}


def test_neither_secret_nor_token_is_in_any_log(in_process: InProcess) -> None:
    site = in_process
    made = created(site)
    token = ask(site, made["client_id"], made["client_secret"]).ok()["access_token"]
    refused(ask(site, made["client_id"], "oo-S1-wrong"))
    logs = site.logs()
    assert "POST /api/token" in logs
    for word in (made["client_secret"], token, token.split(".")[2], "oo-S1-wrong"):
        assert word not in logs


def test_a_refusal_of_the_pool_is_one_of_the_client_and_a_fault_of_it_is_not(in_process: InProcess) -> None:
    site = in_process
    made = created(site)
    pool = {"UserPoolId": site.lab.outputs["UserPoolId"], "Username": made["user_id"]}
    site.lab.client("cognito-idp").admin_disable_user(**pool)
    refused(ask(site, made["client_id"], made["client_secret"]))
    site.lab.client("cognito-idp").admin_enable_user(**pool)
    site.lab.wire.fail(operation="AdminInitiateAuth", error="TooManyRequestsException")
    assert ask(site, made["client_id"], made["client_secret"]).status == 503
    site.lab.errors.take("IssueTokenFunction")


def test_a_client_that_asks_too_often_waits_and_another_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with InProcess.started() as site:
        made, other = created(site), created(site)
        function = site.lab.functions["IssueTokenFunction"]
        monkeypatch.setitem(function.environment, "TOKEN_REQUESTS_AT_ONCE", "3")
        statuses = [ask(site, made["client_id"], "oo-S1-wrong").status for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        assert "retry-after" in ask(site, made["client_id"], made["client_secret"]).headers
        assert ask(site, other["client_id"], other["client_secret"]).status == 200


# -- what they do -------------------------------------------------------------------------------------------------


def test_a_service_user_places_an_order_under_its_name(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    made = created(site)
    headers = {"Idempotency-Key": fresh("machine")}
    placed = act(site, "POST", "/api/orders", made, json={"items": [item(site)]}, headers=headers).ok(201)
    assert placed["placed_by"]["user_id"] == made["user_id"]
    assert placed["placed_by"]["name"] == "ERP"
    path = f"/api/orders/{placed['order_id']}"
    act(site, "POST", f"{path}/comment", made, json={"text": "Automatic."}).ok()
    entries = site.get(f"{path}/timeline", admin).ok()["items"]
    assert [(each["actor"]["kind"], each["actor"]["name"]) for each in entries[:2]] == [("customer", "ERP")] * 2
    table = site.get("/api/orders", admin, Accept="text/csv").text
    assert ",ERP," in table
    site.settle()
    assert not [mail for mail in site.mails() if any("service-users.invalid" in each for each in mail.to)]
    news = [mail.text for mail in site.mails(to=site.cs_mailbox) if placed["order_id"] in mail.text]
    assert any("ERP" in text for text in news)
    assert site.get(f"{OWN}/{made['user_id']}", admin).ok()["last_used_on"] == str(site.now().date())


def test_a_service_user_of_the_desk_changes_an_account_under_its_name(in_process: InProcess) -> None:
    site = in_process
    made = created(site, site.people.cs, DESK, name="CRM", scopes=["desk:read", "desk:accounts", "desk:orders"])
    path = f"/api/desk/accounts/{site.people.customer.account_id}"
    account = act(site, "GET", path, made).ok()
    act(site, "PUT", path, made, json={**account, "name": "By machine"}).ok()
    assert site.get(f"{path}/versions", site.people.cs).ok()["items"][0]["by"] == "CRM"
    entry = site.get("/api/desk/audit?limit=1", site.people.cs).ok()["items"][0]
    assert (entry["by"]["user_id"], entry["by"]["name"]) == (made["user_id"], "CRM")
    order = place(site)
    claimed = act(site, "POST", f"/api/desk/orders/{order.order_id}/claim", made).ok()
    assert claimed["assignee"]["name"] == "CRM"
    assert act(site, "GET", "/api/desk/orders?assignee=me", made).ok()["items"][0]["order_id"] == order.order_id


def test_a_service_user_does_what_its_scopes_say_and_nothing_else(in_process: InProcess) -> None:
    site = in_process
    reader = created(site, scopes=["orders:read"])
    desk = created(site, site.people.cs, DESK, scopes=["desk:read"])
    assert act(site, "GET", "/api/orders", reader).status == 200
    headers = {"Idempotency-Key": fresh("machine")}
    act(site, "POST", "/api/orders", reader, json={"items": [item(site)]}, headers=headers).refused(403, "forbidden")
    for made, path in ((reader, OWN), (reader, "/api/people"), (reader, "/api/desk/orders"), (desk, "/api/desk/audit")):
        act(site, "GET", path, made).refused(403, "forbidden")
    act(site, "GET", "/api/orders?account_id=nordlicht", reader).refused(404, "not_found")
    act(site, "POST", DESK, desk, json={"name": "More", "scopes": ["desk:read"]}).refused(403, "forbidden")


def test_a_service_user_of_a_reseller_reaches_its_sub_accounts(in_process: InProcess) -> None:
    site, sub = in_process, in_process.people.subs[0]
    made = created(site, site.people.reseller)
    headers = {"Idempotency-Key": fresh("machine")}
    body = {"items": [item(site)], "account_id": sub.account_id}
    placed = act(site, "POST", "/api/orders", made, json=body, headers=headers).ok(201)
    assert placed["account_id"] == sub.account_id


# -- shutting out -------------------------------------------------------------------------------------------------


def test_a_renewed_secret_replaces_the_one_before_at_once(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    made = created(site)
    renewed = site.post(f"{OWN}/{made['user_id']}/secret", admin).ok()
    assert renewed["client_secret"] != made["client_secret"]
    assert {**renewed, "client_secret": ""} == {**made, "client_secret": ""}
    refused(ask(site, made["client_id"], made["client_secret"]))
    ask(site, made["client_id"], renewed["client_secret"]).ok()
    by_desk = site.post(f"{DESK}/{made['user_id']}/secret", site.people.cs).ok()
    refused(ask(site, made["client_id"], renewed["client_secret"]))
    ask(site, made["client_id"], by_desk["client_secret"]).ok()


def test_a_deactivated_service_user_changes_nothing_at_once_and_gets_no_token(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    made = created(site)
    token = site.lab.signing_in(as_machine(made))
    assert token
    issued = token.token(*site.lab.api.issuer_and_audience, site.now())
    held = {"Authorization": f"Bearer {issued}"}
    order = place(site)
    site.put(f"{OWN}/{made['user_id']}", admin, {"state": "deactivated"}).ok()
    comment = site.request("POST", f"{order.path}/comment", json={"text": "Still here?"}, headers=held)
    comment.refused(403, "forbidden")
    assert site.request("GET", order.path, headers=held).status == 200  # until the token runs out
    refused(ask(site, made["client_id"], made["client_secret"]))
    site.settle()
    pool = {"UserPoolId": site.lab.outputs["UserPoolId"], "Username": made["user_id"]}
    assert not site.lab.client("cognito-idp").admin_get_user(**pool)["Enabled"]
    assert act(site, "GET", "/api/orders", made).status == 401
    site.lab.errors.take("IssueClaimsFunction")
    site.put(f"{OWN}/{made['user_id']}", admin, {"state": "active"}).ok()
    site.settle()
    assert site.lab.client("cognito-idp").admin_get_user(**pool)["Enabled"]
    ask(site, made["client_id"], made["client_secret"]).ok()


def test_every_change_is_in_the_audit_trail_and_no_secret_is(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    made = created(site)
    where = f"{OWN}/{made['user_id']}"
    site.put(where, admin, {"scopes": ["orders:read"]}).ok()
    renewed = site.post(f"{where}/secret", admin).ok()
    site.put(where, admin, {"state": "deactivated"}).ok()
    site.put(where, admin, {"state": "active"}).ok()
    trail = site.get("/api/desk/audit?subject=service_user", site.people.cs).ok()["items"]
    actions = {entry["action"] for entry in trail}
    assert actions == {"reactivated", "deactivated", "secret_renewed", "changed", "created"}
    assert {(entry["subject_id"], entry["account_id"]) for entry in trail} == {(made["user_id"], admin.account_id)}
    assert {entry["by"]["email"] for entry in trail} == {admin.email}
    (changed,) = (entry for entry in trail if entry["action"] == "changed")
    assert changed["changes"] == [{"pointer": "/scopes/1", "was": "orders:write", "is": None}]
    for secret in (made["client_secret"], renewed["client_secret"]):
        assert secret not in json.dumps(trail)


def test_with_another_identity_provider_its_own_clients_are_used() -> None:
    issuer = {"IdentityIssuer": "https://login.example.com", "IdentityAudience": "orders"}
    with InProcess.started(**issuer) as site:
        site.post(OWN, site.people.customer, ASKED).refused(409, "managed_elsewhere")
        refused(ask(site, "nobody", "oo-S1-wrong"))
