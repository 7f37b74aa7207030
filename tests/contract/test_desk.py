"""The actions on an order: who takes them, from which status, and what they come to."""

from collections.abc import Callable

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, claimed, enroll, fresh, offered, place, place_direct, place_for, quote, rows
from tests.contract.site import Json, Response, Site


def completed(site: Site) -> Order:
    order, mail = offered(site)
    site.decide(mail, "approve").page()
    return order


def canceled(site: Site) -> Order:
    order = place(site)
    order.ask("cancel").ok()
    return order


def own_id(site: Site) -> str:
    """The user id of the desk's user who acts."""
    return str(site.get("/api/me", site.people.cs).ok()["user_id"])


STATUSES: dict[str, Callable[[Site], Order]] = {
    "submitted": place,
    "in_process": claimed,
    "pending_confirmation": lambda site: offered(site)[0],
    "completed": completed,
    "canceled": canceled,
}
ACTIONS: dict[str, Callable[[Order], Response]] = {
    "claim": lambda order: order.desk("claim"),
    "release": lambda order: order.desk("release"),
    "quote": lambda order: order.desk("quote", quote(order.site)),
    "decline": lambda order: order.desk("decline", {"reason": "No stock."}),
    "resend": lambda order: order.desk("resend"),
    "withdraw": lambda order: order.ask("cancel"),
    "assign": lambda order: order.desk("assign", {"assignee": own_id(order.site)}),
    "handling": lambda order: order.desk("handling", {"priority": "high"}),
}
ALLOWED = {
    "submitted": {"claim", "decline", "withdraw", "assign", "handling"},
    "in_process": {"claim", "release", "quote", "decline", "assign", "handling"},
    "pending_confirmation": {"quote", "decline", "resend", "handling"},
    "completed": set[str](),
    "canceled": set[str](),
}


@pytest.mark.parametrize("status", STATUSES)
def test_what_a_status_does_not_allow_is_a_conflict_that_names_it(site: Site, status: str) -> None:
    order = STATUSES[status](site)
    before = order.read()
    assert before["status"] == status
    assert {item["status"] for item in before["items"]} == {status}
    for action in ACTIONS.keys() - ALLOWED[status]:
        problem = ACTIONS[action](order).refused(409, "conflict")
        assert problem["status"] == status, action
    assert order.read() == before


@pytest.mark.each_catalog
@pytest.mark.parametrize("status", STATUSES)
def test_an_order_names_what_its_reader_may_do_with_it_now(site: Site, status: str) -> None:
    order = STATUSES[status](site)
    assert "actions" not in order.created.json, "a repetition of the request gets this answer again"
    mine, at_desk = order.read()["actions"], site.get(order.desk_path, site.people.cs).ok()["actions"]
    assert {*mine, *at_desk} - {"comment"} == ALLOWED[status]
    assert set(mine) <= {"withdraw", "comment"}
    assert "withdraw" not in at_desk
    assert ("comment" in mine) == ("comment" in at_desk) == (status not in {"completed", "canceled"})


@pytest.mark.parametrize(
    ("status", "action", "then"),
    [
        ("submitted", "claim", "in_process"),
        ("submitted", "decline", "canceled"),
        ("submitted", "withdraw", "canceled"),
        ("in_process", "decline", "canceled"),
        ("in_process", "quote", "in_process"),
        ("pending_confirmation", "decline", "canceled"),
        ("pending_confirmation", "resend", "pending_confirmation"),
        ("pending_confirmation", "quote", None),
    ],
)
def test_a_change_answers_the_order_as_it_is_then(site: Site, status: str, action: str, then: str | None) -> None:
    order = STATUSES[status](site)
    before = order.read()
    response = ACTIONS[action](order)
    body = response.ok(202 if action in {"quote", "resend"} else 200)
    assert body["order_id"] == order.order_id
    assert then is None or body["status"] == then
    assert {item["status"] for item in body["items"]} == {body["status"]}
    assert body["version"] > before["version"]
    assert response.headers["etag"].strip('"') == str(body["version"])


def test_claiming_gives_the_order_to_the_caller(site: Site) -> None:
    order = place(site)
    order.desk("claim").ok()
    body = order.read()
    assert body["status"] == "in_process"
    assert body["assignee"]["email"] == site.people.cs.email
    assert body["assignee"]["user_id"]
    assert order.timeline()[-1]["event"] == "order.claimed"


def test_claiming_ones_own_order_again_changes_nothing(site: Site) -> None:
    order = claimed(site)
    before, entries = order.read(), order.desk_timeline()
    order.desk("claim").ok()
    assert order.read() == before
    assert order.desk_timeline() == entries


def test_a_colleague_takes_an_order_over(site: Site) -> None:
    order = claimed(site)
    order.desk("claim", user=site.people.cs2).ok()
    assert order.read()["assignee"]["email"] == site.people.cs2.email


def test_a_released_order_is_anybodys(site: Site) -> None:
    order = claimed(site)
    body = order.desk("release", user=site.people.cs).ok()
    assert body["assignee"] is None
    order.desk("claim", user=site.people.cs2).ok()
    assert order.read()["assignee"]["email"] == site.people.cs2.email


def test_claim_and_release_take_an_empty_object_or_nothing(site: Site) -> None:
    order = place(site)
    for action in ("claim", "release"):
        order.desk(action, {}).ok()
        site.request("POST", f"{order.desk_path}/claim", user=site.people.cs).ok()


def test_a_declined_order_says_who_and_why(site: Site) -> None:
    order = place(site)
    order.desk("decline", {"reason": "Out of stock."}).ok()
    closed = order.read()["closed"]
    assert (closed["by"], closed["reason"]) == ("customer_success", "Out of stock.")
    assert closed["at"] == order.read()["updated_at"]


def test_to_decline_needs_a_reason(site: Site) -> None:
    order = place(site)
    for body in ({}, {"reason": ""}, {"reason": None}, {"reason": 5}, {"reason": " \n"}):
        assert set(order.desk("decline", body).faults()) == {"/reason"}
    assert order.status == "submitted"


def test_any_user_of_the_account_withdraws_an_order_with_or_without_a_reason(site: Site) -> None:
    for body, reason in (({"reason": "Too late."}, "Too late."), ({}, None), ({"reason": None}, None)):
        order = place(site, site.people.german)
        order.ask("cancel", body, user=site.people.colleague).ok()
        closed = order.read()["closed"]
        assert (closed["by"], closed["reason"]) == ("customer", reason)


def test_a_reseller_withdraws_what_its_sub_account_placed(site: Site) -> None:
    order = place(site, site.people.subs[0])
    order.ask("cancel", user=site.people.reseller).ok()
    assert order.status == "canceled"


def test_every_change_honors_if_match(site: Site) -> None:
    order = claimed(site)
    stale = '"1"'
    for action, body in (
        ("claim", {}),
        ("release", {}),
        ("quote", quote(site)),
        ("decline", {"reason": "No."}),
        ("comment", {"text": "Hello.", "internal": True}),
    ):
        order.desk(action, body, If_Match=stale).refused(412, "version_mismatch")
    order.ask("comment", {"text": "Hello."}, If_Match=stale).refused(412, "version_mismatch")
    assert order.read()["version"] == 2
    order.desk("comment", {"text": "Hello.", "internal": True}, If_Match='"2"').ok()
    order.desk("release", If_Match="*").ok()
    current = site.get(order.desk_path, site.people.cs).headers["etag"]
    order.desk("claim", user=site.people.cs2, If_Match=current).ok()
    second = place(site)
    second.ask("cancel", If_Match='"2"').refused(412, "version_mismatch")
    second.ask("cancel", If_Match='"1"').ok()


def test_an_if_match_that_is_no_etag_is_a_bad_request(in_process: InProcess) -> None:
    order = claimed(in_process)
    for header in ('"abc"', "2; 3", '"2" "3"'):
        order.desk("release", If_Match=header).refused(400, "invalid_if_match")
    order.desk("release", If_Match='"1", W/"2"').ok()


def test_a_resend_honors_if_match(site: Site) -> None:
    order, _ = offered(site)
    order.desk("resend", If_Match='"1"').refused(412, "version_mismatch")
    order.desk("resend", If_Match=site.get(order.path, order.user).headers["etag"]).ok(202)


def test_a_direct_order_is_not_on_the_customers_screen(site: Site) -> None:
    customer = site.people.customer
    assert customer.account_id
    order = place_direct(site, customer.account_id, purchase_order_number="PO-DIRECT")
    body = order.created.json
    assert (body["source"], body["status"], body["account_id"]) == ("direct", "submitted", customer.account_id)
    assert body["placed_by"]["email"] == site.people.cs.email
    assert order.created.headers["location"].removeprefix(site.origin) == order.desk_path
    assert site.get(order.desk_path, site.people.cs).ok()["order_id"] == order.order_id
    for path in ("", "/timeline", "/quotes/1"):
        site.get(f"/api/orders/{order.order_id}{path}", customer).refused(404, "not_found")
    order.ask("cancel", user=customer).refused(404, "not_found")
    order.ask("comment", {"text": "Mine?"}, user=customer).refused(404, "not_found")
    assert rows(site, "/api/orders?purchase_order_number=PO-DIRECT", customer) == []
    listed = rows(site, f"/api/desk/orders?account_id={customer.account_id}&status=submitted", site.people.cs)
    assert order.order_id in [row["order_id"] for row in listed]


def test_a_reseller_does_not_reach_a_direct_order_of_a_sub_account(in_process: InProcess) -> None:
    site, reseller = in_process, in_process.people.reseller
    account = enroll(site)
    direct, online = place_direct(site, account["account_id"]), place_for(site, account)
    for path in ("", "/timeline"):
        site.get(f"/api/orders/{online.order_id}{path}", reseller).ok()
    for path in ("", "/timeline", "/quotes/1"):
        site.get(f"/api/orders/{direct.order_id}{path}", reseller).refused(404, "not_found")
    direct.ask("comment", {"text": "Ours?"}, user=reseller).refused(404, "not_found")
    direct.ask("cancel", user=reseller).refused(404, "not_found")
    assert direct.status == "submitted"


@pytest.mark.each_catalog
def test_a_direct_order_goes_the_same_way_to_its_end(site: Site) -> None:
    account = enroll(site)
    order = place_direct(site, account["account_id"])
    assert order.mail_to(account["enrollment"]["contact"]["email"]).has_link
    order.desk("claim").ok()
    order.desk("quote", quote(site)).ok(202)
    mail = order.quote_mail()
    assert mail.to == (account["enrollment"]["contact"]["email"],)
    site.decide(mail, "approve").page()
    assert order.status == "completed"
    path = f"/api/orders?account_id={account['account_id']}"
    assert rows(site, path, site.people.reseller) == []


def test_a_direct_order_keeps_the_same_rules(site: Site) -> None:
    people = site.people
    sound = {"items": [{"kind": "ip_addresses", "quantity": 1, "start_date": site.day(9)}]}

    def direct(body: Json, key: str | None = None) -> Response:
        return site.post("/api/desk/orders", people.cs, body, Idempotency_Key=key or fresh("key"))

    assert set(direct(sound).faults()) == {"/account_id"}
    direct({**sound, "account_id": "nobody"}).refused(404, "not_found")
    direct({**sound, "account_id": people.suspended.account_id}).refused(403, "not_enrolled")
    assert set(direct({"items": [], "account_id": people.customer.account_id}).faults()) == {"/items"}
    body, key = {**sound, "account_id": people.customer.account_id}, fresh("key")
    assert site.post("/api/desk/orders", people.cs, body).refused(400, "idempotency_key_required")
    assert direct(body, key).ok(201) == direct(body, key).ok(201)
    direct({**body, "note": "Other."}, key).refused(422, "idempotency_key_reused")


def test_orders_of_a_sub_account_that_changes_hands_go_with_it(site: Site) -> None:
    account = enroll(site)
    order = place_for(site, account)
    path = f"/api/desk/accounts/{account['account_id']}"
    site.put(path, site.people.cs, {**account, "parent_account_id": None}).ok()
    site.get(order.path, site.people.reseller).refused(404, "not_found")
    assert order.order_id not in [row["order_id"] for row in rows(site, "/api/orders", site.people.reseller)]
