"""Every route of the OpenAPI document, asked by everybody, answers as docs/permissions.json says."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from online_orders.domain.catalog import shipped
from online_orders.domain.roles import PERMISSIONS, Permission, Role
from online_orders.http.app import access_to
from tests.contract.in_process import InProcess
from tests.contract.live import Live
from tests.contract.orders import fresh, item, offer, place
from tests.contract.site import Json, Mail, Response, Site, User
from tests.lab import Lab
from tests.lab import User as LabUser
from tests.tools.described import DOCUMENT
from tools.openapi import APPS
from tools.permissions import cells, permissions

TABLE = permissions()
ROUTES: dict[str, str] = TABLE["routes"]
NAMING = re.compile(r"\?account_id=\{account_id\}| for \{account_id\}")
"""What a row says beside its route: that the request names the account, in the query or in the body."""
OTHER_POOL = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Elsewhere"
IN_ORDER = ("PUT", "GET", "HEAD", "POST", "DELETE")
Ask = Callable[[str, str, dict[str, Any]], Response]


def described() -> dict[str, Json]:
    """Operations by route."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }


OPERATIONS = described()
ACCESS = {f"{method} {path}": access_to(handler) for api in APPS for (method, path), handler in api.handlers.items()}


@dataclass(frozen=True)
class Subject:
    """What everybody asks for: an order that waits for its contact person, its account, its link."""

    account: Json
    order_id: str
    mail: Mail
    item: Json
    person_id: str
    """Of the account."""
    colleague_id: str
    """Of staff."""
    machine: Json
    """A service user of the account, with its secret."""
    view_id: str
    """A saved view of a lead's own."""

    def request(self, row: str) -> tuple[str, str, dict[str, Any]]:
        """Method, path and the rest of the request of a row, with a body that is sound."""
        method, _, path = NAMING.sub("", row).partition(" ")
        names = {
            "order_id": self.order_id,
            "account_id": self.account["account_id"],
            "revision": "1",
            "sequence": "1",
            "version": "1",
            "currency": self.account["currency"],
            "user_id": self.user_id(path),
            "view_id": self.view_id,
            "message_id": self.order_id,
            "token": urlsplit(self.mail.link).path.rpartition("/")[2],
        }
        if "?account_id" in row:
            path += "?account_id={account_id}"
        if path == "/api/desk/terms/versions":
            path += "?locale=en"
        more: dict[str, Any] = {"headers": {"Idempotency-Key": fresh("permission")}}
        if path == "/api/token":
            credentials = {name: self.machine[name] for name in ("client_id", "client_secret")}
            more["form"] = {"grant_type": "client_credentials", **credentials}
        elif path.startswith("/confirm/") and method == "POST":
            more["form"] = {"decision": "approve", "name": "Connie", "code": self.mail.code}
        elif method in {"POST", "PUT"}:
            more["json"] = self.body(row)
        return method, path.format(**names), more

    def user_id(self, path: str) -> str:
        if "/service-users/" in path:
            return str(self.machine["user_id"])
        return self.colleague_id if path.startswith("/api/desk/people") else self.person_id

    def body(self, row: str) -> Any:
        if row.startswith(("POST /api/orders", "POST /api/desk/orders")) and "{order_id}" not in row:
            is_own = row in {"POST /api/orders", "POST /api/orders/preview"}
            return {"items": [self.item], **({} if is_own else {"account_id": self.account["account_id"]})}
        if row == "PUT /api/desk/accounts/{account_id}":
            return self.account
        if "/api/desk/catalog" in row:
            catalog = {**shipped().document, "equipment": [*shipped().equipment, "X1900"]}
            return {"catalog": catalog} if row.endswith("/preview") else catalog
        if row == "PUT /api/desk/service-users/{user_id}":
            return {"name": fresh("machine")}
        if row == "POST /api/people for {account_id}":
            person = {"email": f"{fresh('kim')}@north.example", "name": "Kim", "role": "viewer"}
            return {**person, "account_id": self.account["account_id"]}
        content = OPERATIONS[NAMING.sub("", row)]["requestBody"]["content"]["application/json"]
        return next(iter(content["examples"].values()))["value"]

    def is_in(self, answer: Response) -> bool:
        return self.account["account_id"] in answer.text or self.order_id in answer.text


def faults(subject: Subject, asks: Mapping[str, Ask], rows: Iterable[str], *, refused: bool) -> list[str]:
    """The cells that are not as the table says, of those that refuse or of those that do not."""
    found = []
    for row in rows:
        for role, ask in asks.items():
            cell = cells(TABLE, row)[role]
            if (cell in {"yes", "own"}) is refused:
                continue
            response = ask(*subject.request(row))
            if not _is_as_said(subject, row, cell, response):
                found.append(f"{role}, {row}: {cell} expected, got {response}")
    return found


def _lacks_subject(row: str, answer: Response) -> bool | None:
    """Whether an allowed caller is told that what the row is about does not exist yet; None for every other row."""
    said = {
        "/certificate": "by link" in answer.text,  # the order's link has decided nothing yet
        "/confirmation": "Only an approved" in answer.text,
        "/confirmation.pdf": row.startswith("GET /confirm/") or "Only an approved" in answer.text,
        "/attachments/{sequence}": "came with no file" in answer.text,
    }
    if "{message_id}" in row:
        return answer.status == 404 and "no such message" in answer.text  # nobody has replied to a mail yet
    return next((answer.status == 404 and is_said for end, is_said in said.items() if row.endswith(end)), None)


def _is_as_said(subject: Subject, row: str, cell: str, answer: Response) -> bool:
    lacks = _lacks_subject(row, answer) if cell == "yes" else None
    if lacks is not None:
        return lacks
    if cell == "yes":
        of_list = answer.status == 200 and TABLE["routes"][row].startswith("own")
        return answer.status not in {401, 403, 404} and answer.status < 500 and (not of_list or subject.is_in(answer))
    if cell == "own":
        return answer.status < 300 and not subject.is_in(answer)
    status, _, code = cell.partition(" ")
    payload = answer.json.get("code", "") if answer.status != 401 else ""
    expected = {"403": code, "404": "not_found", "401": ""}[status]
    return (str(answer.status), payload) == (status, expected)


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    rows = {NAMING.sub("", row) for row in ROUTES}
    assert OPERATIONS.keys() - rows == set(), "these routes need a row in docs/permissions.json"
    assert rows - OPERATIONS.keys() == set(), "these rows of docs/permissions.json have no route"
    assert set(ROUTES.values()) == TABLE["permissions"].keys()


def test_a_route_that_takes_an_account_is_asked_with_one() -> None:
    parameter = {"$ref": "#/components/parameters/account_id"}
    for route, operation in OPERATIONS.items():
        if parameter in operation.get("parameters", ()) and "/desk/" not in route:
            assert f"{route}?account_id={{account_id}}" in ROUTES


def by_lab(lab: Lab, user: LabUser | None) -> Ask:
    def ask(method: str, path: str, more: dict[str, Any]) -> Response:
        response = lab.http(method, path, user=user, **more)
        return Response(response.status, response.headers, response.body)

    return ask


def lab_users(lab: Lab) -> dict[str, LabUser | None]:
    owner = lab.users.sub_customer
    return {
        "owner": owner,
        "viewer": LabUser("vera", owner.group, owner.account_id, "viewer"),
        "buyer": LabUser("ben", owner.group, owner.account_id, "buyer"),
        "other customer": lab.users.customer,
        "sibling": lab.users.other_sub_customer,
        "its reseller": lab.users.reseller,
        "other reseller": LabUser("ronja", "customers", "rival"),
        "auditor": lab.users.auditor,
        "agent": lab.users.agent,
        "Customer Success": lab.users.cs,
        "no group": lab.users.stranger,
        "anonymous": None,
        "expired token": owner.expired,
        "access token": owner.with_access_token,
        "other pool": owner.claiming(iss=OTHER_POOL),
    }


def prepared(site: InProcess) -> Subject:
    lab = site.lab
    owner = User(lab.users.sub_customer.username, lab.users.sub_customer.email, "customer", "relay-north")
    order = place(site, owner)
    mail = offer(order)
    account = site.get("/api/desk/accounts/relay-north", site.people.cs).ok()
    view = lab.http("POST", "/api/desk/views", json={"name": "All", "query": {}}, user=lab.users.cs).json()
    return Subject(account, order.order_id, mail, item(site), *invited(site, "relay-north"), view["view_id"])


def invited(site: Site, account_id: str) -> tuple[str, str, Json]:
    """The ids of a user of an account and of a member of staff, who have not come yet; and a service user."""

    def invite(path: str, role: str) -> str:
        body = {"email": f"{fresh('kim')}@north.example", "name": "Kim", "role": role}
        return str(site.post(path, site.people.cs, body).ok(201)["user_id"])

    asked = {"name": "ERP", "scopes": ["orders:read"], "account_id": account_id}
    machine = site.post("/api/desk/service-users", site.people.cs, asked).ok(201)
    person, colleague = invite(f"/api/desk/accounts/{account_id}/people", "viewer"), invite("/api/desk/people", "agent")
    return person, colleague, machine


def in_order(rows: Iterable[str]) -> list[str]:
    """What decides or closes comes last: the links, and what is posted; and a secret is renewed once it was used."""

    def place_of(row: str) -> tuple[int, bool, bool]:
        return IN_ORDER.index(row.partition(" ")[0]), row.endswith(("/cancel", "/secret")), "/confirm/" in row

    return sorted(rows, key=place_of)


def test_everybody_may_do_what_the_table_says_and_a_refusal_leaves_no_trace(in_process: InProcess) -> None:
    lab = in_process.lab
    for account_id in ("acme", "relay", "relay-north", "relay-south", "rival"):
        lab.account(account_id)
    lab.account("rival-east", parent_account_id="rival")
    subject, of_suspended = prepared(in_process), prepared(in_process)
    in_process.settle()
    asks = {role: by_lab(lab, user) for role, user in lab_users(lab).items()}
    before = lab.items
    assert faults(subject, asks, ROUTES, refused=True) == []
    assert lab.items == before
    assert faults(subject, asks, in_order(ROUTES), refused=False) == []

    lab.account("relay-north", enrollment={**subject.account["enrollment"], "state": "suspended"})
    suspended = {"suspended": asks["owner"]}
    in_process.settle()
    before = lab.items
    assert faults(of_suspended, suspended, ROUTES, refused=True) == []
    assert lab.items == before
    assert faults(of_suspended, suspended, in_order(ROUTES), refused=False) == []


@pytest.fixture
def elsewhere(live: Live) -> str:
    """An id token of another user pool, whose user claims to be the owner."""
    cognito = live.aws("cognito-idp")
    pool = cognito.create_user_pool(
        PoolName=fresh("elsewhere"), Schema=[{"Name": "account_id", "AttributeDataType": "String", "Mutable": True}]
    )["UserPool"]["Id"]
    owner = live.people.subs[0]
    flows = ["ALLOW_USER_PASSWORD_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="any", ExplicitAuthFlows=flows)
    attributes = [{"Name": "email", "Value": owner.email}, {"Name": "custom:account_id", "Value": owner.account_id}]
    cognito.admin_create_user(UserPoolId=pool, Username="eve", UserAttributes=attributes, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="eve", Password="Elsewhere-2026", Permanent=True)
    signed_in = cognito.initiate_auth(
        ClientId=client["UserPoolClient"]["ClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "eve", "PASSWORD": "Elsewhere-2026"},
    )
    return str(signed_in["AuthenticationResult"]["IdToken"])


def by_site(site: Site, user: User | None, *, access_token: bool = False, **headers: str) -> Ask:
    def ask(method: str, path: str, more: dict[str, Any]) -> Response:
        request = {**more, "headers": {**more["headers"], **headers}}
        return site.request(method, path, user=user, access_token=access_token, **request)

    return ask


@pytest.mark.live
def test_over_http_nobody_gets_further_than_the_table_says(live: Live, elsewhere: str) -> None:
    people = live.people
    owner = people.subs[0]
    order = place(live, owner)
    account = live.account_of(owner)
    view = live.post("/api/desk/views", people.cs, {"name": fresh("All"), "query": {}}).ok(201)["view_id"]
    subject = Subject(account, order.order_id, offer(order), item(live), *invited(live, account["account_id"]), view)
    asks = {
        "owner": by_site(live, owner),
        "other customer": by_site(live, people.customer),
        "sibling": by_site(live, people.subs[1]),
        "its reseller": by_site(live, people.reseller),
        "Customer Success": by_site(live, people.cs),
        "anonymous": by_site(live, None),
        "access token": by_site(live, owner, access_token=True),
        "other pool": by_site(live, None, Authorization=f"Bearer {elsewhere}"),
    }
    live.eventually(lambda: "quote.delivered" in [entry["event"] for entry in order.desk_timeline()])
    before, entries = order.read(), order.desk_timeline()
    assert faults(subject, asks, ROUTES, refused=True) == []
    seeing = [row for row in ROUTES if row.startswith("GET ") and "/api/orders" in row]
    assert faults(subject, asks, seeing, refused=False) == []
    assert (order.read(), order.desk_timeline()) == (before, entries)


ROLES = {"viewer": Role.VIEWER, "buyer": Role.BUYER, "auditor": Role.AUDITOR, "agent": Role.AGENT}
ROLES |= {"Customer Success": Role.LEAD}
NEVER_GET_SO_FAR = {"anonymous", "expired token", "access token", "other pool"}


def may(role: str, permission: Permission | None) -> bool:
    """Whether somebody has the permission of a route; customers whose role is not named are admins."""
    if permission is None:
        return True
    return role != "no group" and permission in PERMISSIONS[ROLES.get(role, Role.ADMIN)]


@pytest.mark.parametrize("row", ROUTES)
def test_a_row_refuses_the_roles_that_lack_the_permission_of_the_route(row: str) -> None:
    access = ACCESS[NAMING.sub("", row)]
    result = cells(TABLE, row)
    refused = {role for role in TABLE["roles"] if role not in NEVER_GET_SO_FAR and not may(role, access.permission)}
    assert {role for role, cell in result.items() if cell == "403 forbidden"} == refused
    assert (result["anonymous"] == "401") is access.needs_login
