"""People: who may invite and change whom, what follows, and what is refused, as it is seen from outside."""

import re
from collections.abc import Callable

import pytest

from online_orders.aws.keys import managers_key
from tests.contract.in_process import InProcess, adopted
from tests.contract.live import Live
from tests.contract.orders import fresh, item
from tests.contract.site import Json, Mail, Response, User
from tests.lab import Lab
from tests.lab import User as LabUser

PEOPLE = "/api/people"
STAFF = "/api/desk/people"


def invitation(role: str = "buyer", **changes: str) -> Json:
    return {"email": f"{fresh('ada')}@new.example", "name": "Ada Lovelace", "role": role} | changes


def password_of(mail: Mail) -> str:
    (found,) = re.findall(r"^(?:First password|Erstes Passwort): (\S+)$", mail.text, re.MULTILINE)
    return str(found)


def user_id(user: User) -> str:
    return LabUser(user.username, None).user_id


def pool_user(site: InProcess, name: str) -> Json:
    found: Json = site.lab.client("cognito-idp").admin_get_user(
        UserPoolId=site.lab.outputs["UserPoolId"], Username=name
    )
    return found


def token_of(site: InProcess, user: LabUser) -> str:
    """A token of a user whom the table knows, which a later change does not reach."""
    signed_in = site.lab.signing_in(user)
    assert signed_in
    return signed_in.token(*site.lab.api.issuer_and_audience, site.now())


def first_sign_in(site: InProcess, mail: Mail) -> LabUser:
    """Sign in as the mail of an invitation says, and choose a password."""
    cognito, client_id = site.lab.client("cognito-idp"), site.lab.outputs["UserPoolClientId"]
    (name,) = re.findall(r"^(?:User name|Benutzername): (\S+)$", mail.text, re.MULTILINE)
    asked = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password_of(mail)},
    )
    cognito.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": name, "NEW_PASSWORD": "My-own-1-password"},
    )
    attributes = {each["Name"]: each["Value"] for each in pool_user(site, name)["UserAttributes"]}
    return LabUser(name, None, sub=attributes["sub"])


# -- inviting -----------------------------------------------------------------------------------------------------


def test_an_invited_person_gets_a_mail_and_signs_in_with_the_password_in_it(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    body = invitation()
    response = site.post(PEOPLE, admin, body)
    person = response.ok(201)
    assert person == {
        "user_id": person["user_id"],
        "email": body["email"],
        "name": "Ada Lovelace",
        "role": "buyer",
        "state": "invited",
        "last_seen_on": None,
    }
    assert response.headers["location"] == f"{PEOPLE}/{person['user_id']}"
    assert response.headers["etag"] == '"1"'
    assert site.get(response.headers["location"], admin).ok() == person
    site.settle()
    (mail,) = site.mails(to=body["email"])
    assert mail.subject == f"{site.brand}: your access for {site.account_of(admin)['name']}"
    assert site.origin in mail.text
    signed_in = site.lab.client("cognito-idp").initiate_auth(
        ClientId=site.lab.outputs["UserPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": body["email"], "PASSWORD": password_of(mail)},
    )
    assert signed_in["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert password_of(mail) not in site.logs()
    assert password_of(mail) not in str(site.lab.items)


def test_a_fresh_account_comes_from_the_invitation_mail_to_its_first_order(in_process: InProcess) -> None:
    site, cs = in_process, in_process.people.cs
    account = {**site.account_of(site.people.german), "name": "Morgenrot GmbH"}
    contact = {"name": "Mia Morgen", "email": f"{fresh('mia')}@new.example"}
    account |= {"enrollment": {**account["enrollment"], "contact": contact}}
    site.put("/api/desk/accounts/morgenrot", cs, account, If_None_Match="*").ok()
    body = invitation("admin")
    invited = site.post("/api/desk/accounts/morgenrot/people", cs, body).ok(201)
    site.settle()
    admin = by_lab(site.lab, first_sign_in(site, site.mails(to=body["email"])[-1]))
    me = admin("GET", "/api/me", {}).ok()
    assert (me["user_id"], me["role"], me["account_id"]) == (invited["user_id"], "admin", "morgenrot")
    assert me["accounts"] == [{"account_id": "morgenrot", "name": "Morgenrot GmbH", "role": "admin"}]
    seen = admin("GET", f"{PEOPLE}/{invited['user_id']}", {}).ok()
    assert (seen["state"], seen["last_seen_on"]) == ("active", site.now().date().isoformat())
    site.put(f"/api/desk/accounts/morgenrot/people/{invited['user_id']}", cs, {"role": "buyer"}).refused(
        409, "last_admin"
    )
    colleague = invitation("buyer")
    admin("POST", PEOPLE, {"json": colleague}).ok(201)
    site.settle()
    buyer = by_lab(site.lab, first_sign_in(site, site.mails(to=colleague["email"])[-1]))
    buyer("GET", PEOPLE, {}).refused(403, "forbidden")
    order = {"json": {"items": [item(site)]}, "headers": {"Idempotency-Key": fresh("first")}}
    placed = buyer("POST", "/api/orders", order).ok(201)
    assert (placed["account_id"], placed["placed_by"]["email"]) == ("morgenrot", colleague["email"])
    site.settle()
    assert placed["order_id"] in site.mails(to=contact["email"])[-1].text


@pytest.mark.live
def test_in_the_local_run_an_invited_person_signs_in_and_orders_and_is_shut_out(live: Live) -> None:
    admin, client_id = live.people.german, live.description["cognito"]["client_id"]
    body = invitation("buyer")
    person = live.post(PEOPLE, admin, body).ok(201)
    (mail,) = live.eventually(lambda: live.mails(to=body["email"]))
    cognito = live.aws("cognito-idp")
    asked = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": body["email"], "PASSWORD": password_of(mail)},
    )
    cognito.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName=asked["ChallengeName"],
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": body["email"], "NEW_PASSWORD": "My-own-1-password"},
    )
    buyer = User(body["email"], body["email"], "buyer", admin.account_id, "My-own-1-password")
    me = live.get("/api/me", buyer).ok()
    assert (me["user_id"], me["name"], me["role"]) == (person["user_id"], "Ada Lovelace", "buyer")
    live.get(PEOPLE, buyer).refused(403, "forbidden")
    live.post("/api/orders", buyer, {"items": [item(live)]}, Idempotency_Key=fresh("first")).ok(201)
    live.put(f"{PEOPLE}/{person['user_id']}", admin, {"state": "deactivated"}).ok()
    order = {"items": [item(live)]}
    live.post("/api/orders", buyer, order, Idempotency_Key=fresh("second")).refused(403, "forbidden")

    def is_disabled() -> bool:
        pool = live.description["cognito"]["user_pool_id"]
        return not cognito.admin_get_user(UserPoolId=pool, Username=body["email"])["Enabled"]

    live.eventually(is_disabled)


def by_lab(lab: Lab, user: LabUser) -> Callable[[str, str, Json], Response]:
    def ask(method: str, path: str, more: Json) -> Response:
        response = lab.http(method, path, user=user, **more)
        return Response(response.status, response.headers, response.body)

    return ask


def test_the_mail_is_in_the_language_of_the_account_and_that_to_staff_in_english(in_process: InProcess) -> None:
    site = in_process
    guest, colleague = invitation("viewer"), invitation("agent")
    site.post(PEOPLE, site.people.german, guest).ok(201)
    site.post(STAFF, site.people.cs, colleague).ok(201)
    site.settle()
    (german,), (english,) = site.mails(to=guest["email"]), site.mails(to=colleague["email"])
    assert "Melden Sie sich mit dem ersten Passwort unten an" in german.text
    assert english.subject == f"{site.brand}: your access to the order desk"
    assert password_of(german) != password_of(english)


def test_a_fresh_invitation_replaces_the_password(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    body = invitation()
    person = site.post(PEOPLE, admin, body).ok(201)
    site.settle()
    again = site.post(f"{PEOPLE}/{person['user_id']}/invite", admin)
    assert again.ok(202) == person
    site.settle()
    first, second = site.mails(to=body["email"])
    assert password_of(first) != password_of(second)


def test_somebody_of_another_account_is_added_and_told_without_a_password(in_process: InProcess) -> None:
    site, admin, other = in_process, in_process.people.customer, in_process.people.other
    body = invitation()
    person = site.post(PEOPLE, other, body).ok(201)
    site.settle()
    site.lab.client("cognito-idp").admin_set_user_password(
        UserPoolId=site.lab.outputs["UserPoolId"], Username=person["user_id"], Password="My-own-1-pass", Permanent=True
    )
    added = site.post(PEOPLE, admin, {**body, "name": "Somebody", "role": "admin"}).ok(201)
    assert (added["user_id"], added["name"], added["role"]) == (person["user_id"], "Ada Lovelace", "admin")
    site.settle()
    mail = site.mails(to=body["email"])[-1]
    assert mail.subject == f"{site.brand}: you now belong to {site.account_of(admin)['name']}"
    assert "First password" not in mail.text
    site.put(f"{PEOPLE}/{person['user_id']}", other, {"state": "deactivated"}).ok()
    site.settle()
    assert pool_user(site, person["user_id"])["Enabled"]
    assert site.get(f"{PEOPLE}/{person['user_id']}", admin).ok()["state"] == "invited"


def test_what_may_not_be_invited_is_refused_and_nothing_is_stored(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    colleague, guest = invitation("agent"), invitation()
    site.post(STAFF, site.people.cs, colleague).ok(201)
    person = site.post(PEOPLE, admin, guest).ok(201)
    site.settle()
    before, mails = site.lab.items, len(site.lab.mails)
    assert site.post(PEOPLE, admin, {**colleague, "role": "buyer"}).faults() == {"/email": "address_taken"}
    assert site.post(STAFF, site.people.cs, {**guest, "role": "agent"}).faults() == {"/email": "address_taken"}
    machine = invitation(email=f"{fresh('m')}@Service-Users.invalid")
    assert site.post(PEOPLE, admin, machine).faults() == {"/email": "address_taken"}
    site.post(PEOPLE, admin, guest).refused(409, "already_member")
    wrong = {"email": "nobody", "name": " ", "role": "lead", "phone": "1"}
    assert site.post(PEOPLE, admin, wrong).faults() == {
        "/email": "malformed",
        "/name": "too_short",
        "/role": "not_allowed",
        "/phone": "unknown_field",
    }
    site.post(PEOPLE, admin, invitation(account_id="no-such")).refused(404, "not_found")
    foreign = str(site.people.other.account_id)
    site.post(PEOPLE, admin, invitation(account_id=foreign)).refused(404, "not_found")
    site.post("/api/desk/accounts/no-such/people", site.people.cs, invitation()).refused(404, "not_found")
    site.get(f"{PEOPLE}?account_id={foreign}", admin).refused(404, "not_found")
    site.get(f"{PEOPLE}/{person['user_id']}", site.people.other).refused(404, "not_found")
    site.get(f"{STAFF}/{person['user_id']}", site.people.cs).refused(404, "not_found")
    site.settle()
    assert (site.lab.items, len(site.lab.mails)) == (before, mails)


def test_a_resellers_admin_manages_the_people_of_sub_accounts(in_process: InProcess) -> None:
    site, reseller, sub = in_process, in_process.people.reseller, in_process.people.subs[0]
    body = invitation(account_id=str(sub.account_id))
    response = site.post(PEOPLE, reseller, body)
    person = response.ok(201)
    where = f"{PEOPLE}/{person['user_id']}?account_id={sub.account_id}"
    assert response.headers["location"] == where
    assert site.get(where, reseller).ok() == person == site.get(f"{PEOPLE}/{person['user_id']}", sub).ok()
    site.get(f"{PEOPLE}/{person['user_id']}", reseller).refused(404, "not_found")
    assert site.put(where, reseller, {"role": "viewer"}).ok()["role"] == "viewer"
    assert [each["role"] for each in site.get(PEOPLE, sub).ok()["items"]] == ["viewer"]


# -- listing ------------------------------------------------------------------------------------------------------


def test_people_are_listed_page_by_page_for_their_own_team(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    ids = {site.post(PEOPLE, admin, invitation()).ok(201)["user_id"] for _ in range(5)}
    seen, cursor = set(), ""
    for _ in range(5):
        page = site.get(f"{PEOPLE}?limit=2{cursor}", admin).ok()
        seen |= {each["user_id"] for each in page["items"]}
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ids
    of_account = site.get(f"/api/desk/accounts/{admin.account_id}/people", site.people.cs).ok()["items"]
    assert {each["user_id"] for each in of_account} == ids
    assert site.get(STAFF, site.people.cs).ok() == {"items": [], "next_cursor": None}


def test_everybody_learns_who_is_signed_in_and_what_that_allows(in_process: InProcess) -> None:
    site, customer = in_process, in_process.people.customer
    account_id = customer.account_id
    name = site.account_of(customer)["name"]
    assert site.get("/api/me", customer).ok() == {
        "user_id": user_id(customer),
        "email": customer.email,
        "name": None,
        "role": "admin",
        "account_id": account_id,
        "accounts": [{"account_id": account_id, "name": name, "role": "admin"}],
        "permissions": ["orders:read", "orders:write", "people:manage"],
    }
    adopted(site, site.people.cs)
    me = site.get("/api/me", site.people.cs).ok()
    assert (me["name"], me["role"], me["account_id"], me["accounts"]) == ("Nadia", "lead", None, [])
    assert "desk:people" in me["permissions"]


# -- changing -----------------------------------------------------------------------------------------------------


def test_whoever_is_deactivated_is_shut_out_of_everything(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.german
    colleague = site.people.colleague
    for user in (admin, colleague):
        adopted(site, user)
    where = f"{PEOPLE}/{user_id(colleague)}"
    held = {"Authorization": f"Bearer {token_of(site, LabUser(colleague.username, None))}"}
    gone = site.put(where, admin, {"state": "deactivated"})
    assert gone.ok()["state"] == "deactivated"
    assert site.get(PEOPLE, colleague).status == 401, "there is no fresh token"
    assert site.lab.errors.take("IssueClaimsFunction")
    order: Json = {"headers": {**held, "Idempotency-Key": fresh("key")}, "json": {"items": [item(site)]}}
    site.request("POST", "/api/orders", **order).refused(403, "forbidden")
    site.request("POST", PEOPLE, headers=held, json=invitation()).refused(403, "forbidden")
    assert site.put(where, admin, {"state": "active"}).ok()["state"] == "active"
    site.post(PEOPLE, colleague, invitation()).ok(201)


def test_the_pool_disables_signs_out_and_enables_again(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    person = site.post(PEOPLE, admin, invitation()).ok(201)
    where = f"{PEOPLE}/{person['user_id']}"
    site.settle()
    site.put(where, admin, {"state": "deactivated"}).ok()
    site.settle()
    assert not pool_user(site, person["user_id"])["Enabled"]
    assert site.lab.wire.count("cognito-idp", "AdminUserGlobalSignOut") == 1
    site.post(f"{where}/invite", admin).refused(409, "not_invited")
    body = invitation("viewer", email=person["email"])
    assert site.post(PEOPLE, site.people.other, body).ok(201)["user_id"] == person["user_id"]
    site.settle()
    assert pool_user(site, person["user_id"])["Enabled"], "another account has invited the same person"
    assert site.put(where, admin, {"state": "active"}).ok()["state"] == "invited"
    site.settle()
    assert pool_user(site, person["user_id"])["Enabled"]
    assert len(site.mails(to=person["email"])) == 2


def test_the_body_that_was_read_may_be_sent_back_on_the_version_that_was_read(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    response = site.post(PEOPLE, admin, invitation())
    person, tag = response.ok(201), response.headers["etag"]
    where = f"{PEOPLE}/{person['user_id']}"
    same = site.put(where, admin, person, If_Match=tag)
    assert (same.ok(), same.headers["etag"]) == (person, tag)
    changed = site.put(where, admin, {**person, "role": "viewer", "name": "Countess"}, If_Match=tag)
    assert (changed.ok()["role"], changed.headers["etag"]) == ("viewer", '"2"')
    site.put(where, admin, {"role": "admin"}, If_Match=tag).refused(412, "version_mismatch")
    assert site.put(where, admin, {"state": "asleep", "role": "lead"}).faults().keys() == {"/state", "/role"}


@pytest.mark.parametrize("body", [{"state": "deactivated"}, {"role": "viewer"}])
def test_nobody_removes_himself_or_the_last_admin(in_process: InProcess, body: Json) -> None:
    site, admin, colleague = in_process, in_process.people.german, in_process.people.colleague
    adopted(site, admin)
    site.put(f"{PEOPLE}/{user_id(admin)}", admin, body).refused(409, "own_role")
    problem = site.put(f"/api/desk/accounts/{admin.account_id}/people/{user_id(admin)}", site.people.cs, body).refused(
        409, "last_admin"
    )
    assert "status" in problem
    adopted(site, colleague)
    site.put(f"{PEOPLE}/{user_id(admin)}", colleague, body).ok()
    adopted(site, site.people.cs)
    site.put(f"{STAFF}/{user_id(site.people.cs)}", site.people.cs2, {"state": "deactivated"}).refused(409, "last_admin")


def test_two_admins_who_deactivate_each_other_at_once_are_not_both_gone(in_process: InProcess) -> None:
    site, admin, colleague = in_process, in_process.people.german, in_process.people.colleague
    for user in (admin, colleague):
        adopted(site, user)
    second: list[Response] = []

    def meanwhile() -> None:
        second.append(site.put(f"{PEOPLE}/{user_id(admin)}", colleague, {"state": "deactivated"}))

    site.lab.wire.meanwhile(meanwhile, service="dynamodb", operation="TransactWriteItems")
    first = site.put(f"{PEOPLE}/{user_id(colleague)}", admin, {"state": "deactivated"})
    assert second[0].ok()["state"] == "deactivated"
    first.refused(403, "forbidden")
    stored = {each["pk"] + each["sk"]: each for each in site.lab.items}
    key = managers_key(str(admin.account_id))
    assert stored[key["pk"]["S"] + key["sk"]["S"]]["active"] == 1


def test_two_who_remove_the_last_two_admins_at_once_leave_one(in_process: InProcess) -> None:
    """The desk and a colleague, none of whom concerns the other."""
    site, admin, colleague = in_process, in_process.people.german, in_process.people.colleague
    for user in (admin, colleague, site.people.cs):
        adopted(site, user)
    where = f"/api/desk/accounts/{admin.account_id}/people"
    second: list[Response] = []

    def meanwhile() -> None:
        second.append(site.put(f"{where}/{user_id(admin)}", site.people.cs2, {"role": "buyer"}))

    site.lab.wire.meanwhile(meanwhile, service="dynamodb", operation="TransactWriteItems")
    first = site.put(f"{where}/{user_id(colleague)}", site.people.cs, {"role": "buyer"})
    assert second[0].ok()["role"] == "buyer"
    first.refused(409, "last_admin")


# -- what may go wrong --------------------------------------------------------------------------------------------


def test_a_pool_that_is_asked_too_much_is_asked_again_later(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    site.lab.wire.fail(1, service="cognito-idp", operation="AdminCreateUser", error="TooManyRequestsException")
    busy = site.post(PEOPLE, admin, invitation())
    busy.refused(503, "unavailable")
    assert busy.headers["retry-after"] == "1"
    person = site.post(PEOPLE, admin, invitation()).ok(201)
    site.lab.wire.fail(1, service="cognito-idp", operation="AdminSetUserPassword", error="TooManyRequestsException")
    site.settle()
    assert site.mails(to=person["email"]) == []
    site.lab.advance(minutes=20)
    site.settle()
    assert len(site.mails(to=person["email"])) == 1
    assert {failure.function for failure in site.lab.errors.take()} == {"PeopleApiFunction", "PeopleChangesFunction"}


@pytest.mark.parametrize("how", ["die", "die-after"])
@pytest.mark.parametrize("n", range(1, 8))
def test_whenever_the_function_dies_one_invitation_arrives(in_process: InProcess, how: str, n: int) -> None:
    site, admin = in_process, in_process.people.customer
    person = site.post(PEOPLE, admin, invitation()).ok(201)
    fault = site.lab.wire.fail(n, function="PeopleChangesFunction", how=how)  # type: ignore[arg-type]
    site.lab.advance(minutes=30)
    site.settle()
    mails = site.mails(to=person["email"])
    assert fault.fired
    assert len(mails) in ({1, 2} if fault.call and fault.call.operation in {"SendEmail", "UpdateItem"} else {1})
    assert len({password_of(mail) for mail in mails}) == 1
    site.lab.errors.take("PeopleChangesFunction")


def test_a_change_that_the_stream_lost_is_made_good_by_the_reconciler(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    site.lab.stream.paused = True
    person = site.post(PEOPLE, admin, invitation()).ok(201)
    for mapping in site.lab.stream.mappings:
        mapping.position = len(site.lab.dynamodb.records(mapping.table))
    site.lab.stream.paused = False
    site.settle()
    assert site.mails(to=person["email"]) == []
    site.lab.advance(minutes=10)
    site.lab.functions.invoke("ReconcileFunction", {})
    site.settle()
    assert len(site.mails(to=person["email"])) == 1


def test_an_installation_with_a_provider_of_its_own_lists_people_and_changes_none() -> None:
    own = {"IdentityIssuer": "https://login.example.com", "IdentityAudience": "orders"}
    with InProcess.started(**own) as site:
        admin = site.people.customer
        assert site.get(PEOPLE, admin).ok()["items"] == []
        site.post(PEOPLE, admin, invitation()).refused(409, "managed_elsewhere")
        site.post(STAFF, site.people.cs, invitation("agent")).refused(409, "managed_elsewhere")
        site.put(f"{PEOPLE}/nobody", admin, {}).refused(409, "managed_elsewhere")
        site.post(f"{PEOPLE}/nobody/invite", admin).refused(409, "managed_elsewhere")


def test_what_was_done_to_whom_stands_in_the_audit_trail(in_process: InProcess) -> None:
    site, admin = in_process, in_process.people.customer
    person = site.post(PEOPLE, admin, invitation()).ok(201)
    where = f"{PEOPLE}/{person['user_id']}"
    site.put(where, admin, {"role": "viewer"}).ok()
    site.post(f"{where}/invite", admin).ok(202)
    site.put(where, admin, {"state": "deactivated"}).ok()
    site.put(where, admin, {"state": "active"}).ok()
    trail = [each for each in site.lab.items if each["pk"].startswith("AUDIT#") and each["subject"] == "person"]
    actions = [re.findall(r'"action":"(\w+)"', each["document"])[0] for each in sorted(trail, key=lambda e: e["sk"])]
    assert actions == ["invited", "changed", "invited", "deactivated", "reactivated"]
    assert {each["account_id"] for each in trail} == {admin.account_id}
    assert {each["user_id"] for each in trail} == {user_id(admin)}
