"""What the functions answer, through the gateway, is what the document says of the operation."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from online_orders.aws import people_store
from online_orders.aws.table import transact
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.roles import DESK, Role
from tests.contract.received import wait
from tests.contract.uploads import PDF, multipart
from tests.lab import Lab
from tests.lab.http import Response
from tests.lab.mail import Mail
from tests.lab.users import User
from tests.tools.described import DOCUMENT, faults_of_answer, followed, operation_of, operations
from tools.openapi import examples

ITEM = examples.ADDRESSES["items"][0]


class Conversation:
    """Requests whose answers are held against the document."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.answered: Counter[tuple[str, str, int]] = Counter()
        """By operation id, media type and status."""

    def __call__(self, method: str, target: str, status: int, user: User | None = None, **request: Any) -> Response:
        response = self.lab.http(method, target, user=user, **request)
        assert response.status == status, response
        location = operation_of(method, target)
        assert faults_of_answer(location, response.status, response.headers, response.body) == [], (
            method,
            target,
            response.body,
        )
        operation_id = DOCUMENT["paths"][location[1]][location[2]]["operationId"]
        self.answered[operation_id, response.headers["content-type"].partition(";")[0], status] += 1
        return response

    def place(self, user: User, path: str = "/api/orders", **body: Any) -> str:
        key = {"Idempotency-Key": f"key-{sum(self.answered.values())}"}
        response = self("POST", path, 201, user, json={"items": [ITEM], **body}, headers=key)
        order_id: str = response.json()["order_id"]
        assert response.headers["location"] == f"{path}/{order_id}"
        return order_id


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Of an installation that holds the mails of quotes for a minute."""
    with Lab.started(QuoteUndoSeconds="60") as started:
        yield started
        assert not started.errors, f"functions failed: {started.errors}"


@pytest.fixture
def say(lab: Lab) -> Conversation:
    for account_id in ("acme", "slate", "relay", "relay-north"):
        lab.account(account_id)
    return Conversation(lab)


def _successes() -> set[tuple[str, str, int]]:
    """Every success that the document promises, by operation, media type and status."""
    return {
        (operation["operationId"], media_type, int(status))
        for _, _, operation in operations()
        for status, response in operation["responses"].items()
        if status.startswith("2")
        for media_type in followed(response).get("content", {"text/plain" if status == "204" else "text/html": {}})
    }


def keep_prices(say: Conversation) -> None:
    prices, cs = "/api/desk/price-lists/EUR", say.lab.users.cs
    say("PUT", prices, 200, cs, json=examples.PRICES)
    table = say("GET", prices, 200, cs, headers={"Accept": "text/csv"})
    say("PUT", prices, 200, cs, content=table.body, headers={"Content-Type": "text/csv"})
    say("GET", prices, 200, cs)
    say("GET", "/api/desk/price-lists", 200, cs)
    say("PUT", f"{prices}?account_id=acme", 200, cs, json=examples.PRICES_OF_ACCOUNT)
    say("GET", f"{prices}?account_id=acme", 200, cs)
    say("GET", "/api/desk/price-lists?scope=account", 200, cs)


def read_versions(say: Conversation) -> None:
    for path in ("/api/desk/accounts/acme", "/api/desk/price-lists/EUR"):
        for versions in ("versions?limit=1", "versions/1"):
            say("GET", f"{path}/{versions}", 200, say.lab.users.cs)


def manage_people(say: Conversation) -> None:
    lab = say.lab
    say("GET", "/api/me", 200, lab.users.customer)
    say("GET", "/api/me", 200, lab.users.agent)
    mine = say("GET", "/api/me/notifications", 200, lab.users.customer).json()
    say("PUT", "/api/me/notifications", 200, lab.users.customer, json=mine)
    for path, user, invitation in (
        ("/api/people", lab.users.customer, examples.INVITATION),
        ("/api/desk/accounts/relay/people", lab.users.cs, {**examples.INVITATION, "email": "ida@relay.example"}),
        ("/api/desk/people", lab.users.cs, examples.STAFF_INVITATION),
    ):
        person = say("POST", path, 201, user, json=invitation)
        where = person.headers["location"]
        say("GET", f"{path}?limit=1", 200, user)
        say("GET", where, 200, user)
        say("POST", f"{where}/invite", 202, user)
        changed = {**person.json(), "name": "Kim"}
        say("PUT", where, 200, user, json=changed)
        say("PUT", where, 412, user, json=changed, headers={"If-Match": person.headers["etag"]})
        say("POST", path, 409, user, json=invitation)


def keep_catalog(say: Conversation) -> None:
    cs, path = say.lab.users.cs, "/api/desk/catalog"
    current = say("GET", path, 200, cs)
    say("PUT", f"{path}/draft", 200, cs, json={"kinds": []})
    say("GET", f"{path}/draft", 200, cs)
    say("DELETE", f"{path}/draft", 204, cs)
    changed = {**current.json(), "show_prices": True}
    say("POST", f"{path}/preview", 200, cs, json={"catalog": changed, "account_id": "acme"})
    say("PUT", path, 200, cs, json=changed, headers={"If-Match": current.headers["etag"]})
    say("PUT", path, 200, cs, json=current.json())
    for cached in ("/api/catalog", f"{path}/schema"):
        tag = say("GET", cached, 200, cs).headers["etag"]
        say("GET", cached, 304, cs, headers={"If-None-Match": tag})
    say("GET", "/api/catalog?account_id=acme", 200, cs)
    say("GET", f"{path}/versions?limit=1", 200, cs)
    say("GET", f"{path}/versions", 200, cs)
    say("GET", f"{path}/versions/0", 200, cs)
    say("GET", f"{path}/versions/1?compared_with=0", 200, cs)


def keep_terms(say: Conversation) -> None:
    cs, path = say.lab.users.cs, "/api/desk/terms"
    say("PUT", path, 200, cs, json={"locale": "en", "text": "Net 30 days."}, headers={"If-None-Match": "*"})
    say("GET", path, 200, cs)
    say("PUT", path, 200, cs, json={"locale": "en", "group": None, "text": None}, headers={"If-Match": '"1"'})
    say("GET", f"{path}/versions?locale=en&limit=1", 200, cs)
    say("GET", f"{path}/versions?locale=en&group=partners", 200, cs)


def manage_service_users(say: Conversation) -> None:
    lab = say.lab
    for path, user, body in (
        ("/api/service-users", lab.users.customer, examples.NEW_SERVICE_USER),
        ("/api/desk/service-users", lab.users.cs, examples.NEW_DESK_SERVICE_USER),
    ):
        made = say("POST", path, 201, user, json=body)
        where = made.headers["location"]
        say("GET", f"{path}?limit=1", 200, user)
        say("GET", where, 200, user)
        secret = say("POST", f"{where}/secret", 200, user).json()
        form = {name: str(secret[name]) for name in ("client_id", "client_secret")}
        say("POST", "/api/token", 200, form={"grant_type": "client_credentials", **form})
        say("PUT", where, 200, user, json={"state": "deactivated"})
    say("GET", "/api/desk/audit", 200, lab.users.cs)
    say("GET", "/api/desk/audit", 200, lab.users.cs, headers={"Accept": "text/csv"})
    say("GET", "/api/certificate-keys", 200)
    say("GET", "/api/certificate-keys", 200, headers={"Accept": "application/x-pem-file"})
    say("GET", "/api/desk/figures?by=person", 200, lab.users.cs)
    say("GET", "/api/desk/figures", 200, lab.users.cs, headers={"Accept": "text/csv"})


def watch(say: Conversation, order_id: str) -> None:
    for path, user in (("/api/orders", say.lab.users.customer), ("/api/desk/orders", say.lab.users.cs)):
        say("POST", f"{path}/{order_id}/watch", 200, user)
        say("GET", f"{path}/{order_id}/watchers", 200, user)
        say("POST", f"{path}/{order_id}/unwatch", 200, user, json={})


def share_work(say: Conversation, order_id: str) -> None:
    """What the desk keeps for itself: who works on an order and how, its teams, texts and views."""
    cs, desk = say.lab.users.cs, f"/api/desk/orders/{order_id}"
    own = say("GET", "/api/me", 200, cs).json()["user_id"]
    lead = {DESK: Membership(role=Role.LEAD, state=PersonState.ACTIVE)}
    with say.lab.as_operator():
        person = Person(user_id=own, email=cs.email, name="Clara", group="customer-success", memberships=lead)
        transact(people_store.write_actions(None, person))
    teams = {"teams": [{"team": "north", "name": "North", "members": []}]}
    modules = {
        "text_modules": [{"module": "soon", "name": "Soon", "use": "comment", "texts": {"en": "Soon, {contact}."}}]
    }
    for path, body in (("teams", teams), ("text-modules", modules)):
        say("PUT", f"/api/desk/{path}", 200, cs, json=body)
        say("GET", f"/api/desk/{path}", 200, cs)
    say("GET", "/api/desk/letterhead", 200, cs)
    for letterhead in (examples.LEAST_LETTERHEAD, examples.LETTERHEAD):
        say("POST", "/api/desk/letterhead/preview?locale=de", 200, cs, json=letterhead)
        say("PUT", "/api/desk/letterhead", 200, cs, json=letterhead)
    say("GET", "/api/desk/letterhead", 200, cs)
    say("GET", "/api/desk/letterhead/versions/1", 200, cs)
    for action, sent in (("assign", {"assignee": own}), ("handling", {"team": "north"}), ("presence", {})):
        say("POST", f"{desk}/{action}", 200, cs, json=sent)
    say("GET", f"{desk}/text-modules", 200, cs)
    view = say("POST", "/api/desk/views", 201, cs, json=examples.NEW_VIEW).json()["view_id"]
    say("GET", "/api/desk/views", 200, cs)
    say("PUT", f"/api/desk/views/{view}", 200, cs, json={**examples.NEW_VIEW, "shared": True})
    say("DELETE", f"/api/desk/views/{view}", 204, cs)
    accepted, dismissed = wait(say.lab), wait(say.lab)
    say("GET", "/api/desk/messages", 200, cs)
    say("GET", f"/api/desk/messages/{accepted}", 200, cs)
    say("POST", f"/api/desk/messages/{accepted}/accept", 200, cs, json={"order": order_id})
    say("POST", f"/api/desk/messages/{dismissed}/dismiss", 200, cs, json={})
    say("GET", "/api/desk/messages", 200, cs)


def approve_discount(say: Conversation, order_id: str) -> None:
    """One that a lead refuses, and one that goes."""
    cs, agent, policy = say.lab.users.cs, say.lab.users.agent, "/api/desk/discount-policy"
    say("GET", policy, 200, cs)
    say("PUT", policy, 200, cs, json=examples.DISCOUNT_POLICY)
    desk = f"/api/desk/orders/{order_id}"
    say("POST", f"{desk}/claim", 200, cs)
    quote = {**examples.QUOTE, "discount": {"percent": "50"}}
    for decision, status, body in (("refuse", 200, examples.DISCOUNT_REFUSAL), ("approve", 202, {})):
        waiting = say("POST", f"{desk}/quote", 202, agent, json=quote).json()
        assert waiting["proposal"]["reasons"] == ["percent"]
        assert say("GET", desk, 200, cs).json()["proposal"] == waiting["proposal"]
        say("POST", f"{desk}/proposal/{decision}", status, cs, json=body)
    say("POST", f"{desk}/proposal/approve", 409, cs, json={})
    say("PUT", policy, 200, cs, json={})


def keep_accounts(say: Conversation) -> None:
    cs = say.lab.users.cs
    account = say("GET", "/api/desk/accounts/acme", 200, cs)
    say("PUT", "/api/desk/accounts/acme", 200, cs, json=account.json(), headers={"If-Match": account.headers["etag"]})
    say("GET", "/api/desk/accounts?limit=2", 200, cs)
    keep_terms(say)


def decide_by_a_colleague(say: Conversation, order_id: str, mail: Mail) -> None:
    """The contact person asks, and hands over; the colleague approves."""
    lab, desk = say.lab, f"/api/desk/orders/{order_id}"
    customer, cs = lab.users.customer, lab.users.cs
    assert mail.link
    form = {"name": "Robin", "code": str(mail.code), "new_name": "Casey", "new_email": "casey@northwind.example"}
    say("POST", mail.link, 200, form={**form, "decision": "ask", "reason": "How soon?"})
    say("GET", f"/api/orders/{order_id}", 200, customer)
    say("POST", f"{desk}/answer", 200, cs, json=examples.ANSWER)
    say("POST", mail.link, 200, form={**form, "decision": "hand_over"})
    say("GET", desk, 200, cs)
    say("POST", f"{desk}/hand-over", 200, cs, json=examples.HAND_OVER)
    lab.settle()
    say("GET", f"{desk}/mails", 200, cs)
    handed = lab.mails.to(form["new_email"])[-1]
    assert handed.link
    body, media_type = multipart({"decision": "approve", "name": "Casey", "code": str(handed.code)}, PDF)
    say("POST", handed.link, 200, content=body, headers={"Content-Type": media_type})
    (attached,) = say("GET", f"{desk}/attachments", 200, cs).json()["items"]
    say("GET", f"{desk}/attachments/{attached['sequence']}", 200, cs)


def test_every_operation_succeeds_as_described(say: Conversation) -> None:
    lab, customer, cs = say.lab, say.lab.users.customer, say.lab.users.cs
    say("GET", "/api/openapi.json", 200)
    say("GET", "/api/catalog", 200, customer)
    say("GET", "/api/account", 200, customer)
    say("GET", "/api/account?account_id=relay-north", 200, lab.users.reseller)
    say("GET", "/api/accounts?limit=1", 200, lab.users.reseller)
    say("POST", "/api/account/contact-report", 202, customer, json=examples.CONTACT_REPORT)

    keep_accounts(say)
    keep_prices(say)
    read_versions(say)
    keep_catalog(say)
    manage_people(say)
    manage_service_users(say)

    withdrawn, order_id = say.place(customer), say.place(customer, purchase_order_number="PO-7")
    say.place(cs, "/api/desk/orders", account_id="acme")
    upgrade = {"kind": "site_bandwidth", "site_id": "office", "bandwidth_mbps": 200, "start_date": ITEM["start_date"]}
    first, again = (
        say("POST", "/api/orders", 201, customer, json={"items": [upgrade]}, headers={"Idempotency-Key": key})
        for key in ("upgrade", "duplicate")
    )
    assert again.json()["warnings"][0]["order_id"] == first.json()["order_id"]
    say("POST", "/api/orders/preview", 200, customer, json={"items": [ITEM, upgrade]})
    say("POST", "/api/desk/orders/preview", 200, cs, json={"account_id": "acme", "items": [ITEM]})
    say("POST", f"/api/orders/{withdrawn}/cancel", 200, customer)
    say("POST", f"/api/orders/{order_id}/comment", 200, customer, json=examples.COMMENT)
    watch(say, order_id)
    say("GET", "/api/orders?limit=1&open=false&from=2020-01-01&to=2030-01-01", 200, customer)
    table = say("GET", "/api/orders?limit=1", 200, customer, headers={"Accept": "text/csv"})
    assert 'rel="next"' in table.headers["link"]

    desk = f"/api/desk/orders/{order_id}"
    for handle in (share_work, approve_discount):
        handle(say, say.place(customer))
    say("GET", "/api/desk/orders?status=submitted", 200, cs)
    for action, status, body in (
        ("claim", 200, {}),
        ("release", 200, {}),
        ("comment", 200, examples.DESK_COMMENT),
        ("quote/preview", 200, examples.QUOTE),
        ("quote", 202, say("GET", f"{desk}/quote-draft", 200, cs).json()),
        ("quote/undo", 200, {}),
        ("quote", 202, examples.QUOTE),
    ):
        say("POST", f"{desk}/{action}", status, cs, json=body)
    say("POST", f"{desk}/quote/preview", 200, cs, json=examples.QUOTE, headers={"Accept": "application/pdf"})
    lab.advance(minutes=2)
    say("POST", f"{desk}/resend", 202, cs, json=examples.RESENDING)
    lab.settle()
    for path, user in ((f"/api/orders/{order_id}", customer), (desk, cs)):
        say("GET", path, 200, user)
        say("GET", f"{path}/timeline", 200, user)
        say("GET", f"{path}/quotes/1", 200, user)
        say("GET", f"{path}/quotes/2", 200, user, headers={"Accept": "application/pdf"})

    mail = lab.mails.to(examples.RESENDING["contact"]["email"])[-1]
    assert mail.link
    say("GET", mail.link, 200)
    say("HEAD", mail.link, 200)
    say("GET", f"{mail.link}/quote.pdf", 200)
    decide_by_a_colleague(say, order_id, mail)
    say("GET", f"/api/orders/{order_id}", 200, customer)
    for what in ({}, {"Accept": "application/pdf"}):
        say("GET", f"{desk}/certificate", 200, cs, headers=what)
    say("GET", f"{desk}/evidence", 200, cs)
    other = say.place(customer)
    say("POST", f"/api/desk/orders/{other}/decline", 200, cs, json=examples.DECLINING)

    assert _successes() - say.answered.keys() == set()


def test_refusals_are_as_described(say: Conversation) -> None:
    lab, customer, cs = say.lab, say.lab.users.customer, say.lab.users.cs
    order_id = say.place(customer)
    order, desk = f"/api/orders/{order_id}", f"/api/desk/orders/{order_id}"
    key = {"Idempotency-Key": "once"}
    say("GET", "/api/catalog", 401)
    say("GET", "/api/catalog", 403, customer.with_access_token)
    say("GET", "/api/account", 403, lab.users.stranger)
    say("GET", "/api/desk/orders", 403, customer)
    say("GET", "/api/catalog?limit=1", 400, customer)
    say("GET", "/api/orders?limit=0", 400, customer)
    say("GET", "/api/orders?cursor=forged", 400, customer)
    say("GET", "/api/orders?account_id=relay", 404, customer)
    say("GET", order, 404, lab.users.other_customer)
    say("GET", f"{order}/quotes/1", 404, customer)
    say("POST", "/api/orders", 400, customer, json={"items": [ITEM]})
    say("POST", "/api/orders", 400, customer, content="{", headers=key)
    say("POST", "/api/orders", 403, lab.users.suspended, json={"items": [ITEM]}, headers=key)
    say("POST", "/api/orders", 404, customer, json={"items": [ITEM], "account_id": "relay"}, headers=key)
    say("POST", "/api/orders", 413, customer, content="x" * 600_000, headers=key)
    invalid = say("POST", "/api/orders", 422, customer, json={"items": [{**ITEM, "quantity": 0}, 7]}, headers=key)
    assert [fault["pointer"] for fault in invalid.json()["errors"]] == ["/items/0/quantity", "/items/1"]
    say("POST", "/api/orders", 201, customer, json={"items": [ITEM]}, headers=key)
    say("POST", "/api/orders", 422, customer, json={"items": [ITEM, ITEM]}, headers=key)
    say("POST", f"{desk}/claim", 400, cs, json={}, headers={"If-Match": "new"})
    say("POST", f"{desk}/claim", 412, cs, json={}, headers={"If-Match": '"9"'})
    conflict = say("POST", f"{desk}/release", 409, cs, json={})
    assert conflict.json()["status"] == "submitted"
    say("POST", f"{desk}/decline", 422, cs, json={"reason": " "})
    say("PUT", "/api/desk/accounts/acme", 422, cs, json={"name": 1})
    prices = "/api/desk/price-lists/EUR"
    say("GET", prices, 404, cs)
    say("PUT", prices, 412, cs, json=examples.PRICES, headers={"If-Match": '"1"'})
    say("PUT", prices, 400, cs, content='kind,"price', headers={"Content-Type": "text/csv"})
    say("PUT", prices, 422, cs, content="kind,price", headers={"Content-Type": "text/csv"})
    say("GET", f"{desk}/quote-draft?currency=EURO", 400, cs)
    say("POST", f"{desk}/quote/undo", 409, cs, json={})
    say("PUT", "/api/desk/accounts/acme", 412, cs, json=lab.account("acme"), headers={"If-Match": '"99"'})
    say("PUT", "/api/desk/accounts/acme", 412, cs, json=lab.account("acme"), headers={"If-None-Match": "*"})
    say("PUT", "/api/desk/accounts/acme", 400, cs, json=lab.account("acme"), headers={"If-None-Match": '"1"'})


def test_refusals_of_the_catalog_are_as_described(say: Conversation) -> None:
    customer, cs = say.lab.users.customer, say.lab.users.cs
    say("GET", "/api/catalog?account_id=relay", 404, customer)
    catalog = "/api/desk/catalog"
    for method, missing in (("GET", "draft"), ("DELETE", "draft"), ("GET", "versions/9"), ("GET", "versions/x")):
        say(method, f"{catalog}/{missing}", 404, cs)
    say("GET", f"{catalog}/versions/0?compared_with=x", 400, cs)
    say("PUT", catalog, 412, cs, json=examples.CATALOG, headers={"If-Match": '"9"'})
    say("PUT", catalog, 422, cs, json={"kinds": 7})
    say("PUT", f"{catalog}/draft", 422, cs, json=[])
    say("PUT", f"{catalog}/draft", 413, cs, json={"kinds": "x" * 310_000})
    say("PUT", f"{catalog}/draft", 200, cs, json={})
    say("PUT", f"{catalog}/draft", 412, cs, json={}, headers={"If-None-Match": "*"})
    say("DELETE", f"{catalog}/draft", 412, cs, headers={"If-Match": '"9"'})
    say("POST", f"{catalog}/preview", 404, cs, json={"catalog": examples.CATALOG, "account_id": "nobody"})
    say("POST", f"{catalog}/preview", 422, cs, json={"catalog": {}})


def test_a_method_that_a_path_does_not_have_is_refused_as_every_operation_says(say: Conversation) -> None:
    for method, path, operation in operations():
        response = followed(operation["responses"]["405"])
        assert "Allow" in response["headers"], (method, path)
    result = say.lab.http("DELETE", "/api/orders", user=say.lab.users.customer)
    assert faults_of_answer(operation_of("GET", "/api/orders"), result.status, result.headers, result.body) == []
    assert result.headers["allow"] == "GET, POST"


def test_the_pages_of_a_link_are_as_described(say: Conversation) -> None:
    lab = say.lab
    order_id = say.place(lab.users.customer)
    lab.settle()
    mail = lab.mails.about(order_id).to("contact@acme.example")[-1]
    assert mail.link
    wrong = "000000" if mail.code != "000000" else "000001"
    cancel = {"decision": "cancel", "name": "Connie", "code": str(mail.code)}
    nowhere = f"/confirm/{'x' * 43}"
    for method in ("GET", "HEAD", "POST"):
        say(method, nowhere, 404)
    say("GET", f"{nowhere}/quote.pdf", 404)
    say("POST", mail.link, 400, form={"decision": "cancel"})
    for status in (403, 403, 403, 403, 423):
        say("POST", mail.link, status, form={**cancel, "code": wrong})
    say("POST", mail.link, 200, form={"decision": "request_mail"})
    say("GET", mail.link, 410)
    say("HEAD", mail.link, 410)
    say("POST", mail.link, 410, form=cancel)
