"""The desk's day: giving an order to a colleague, handling it, following up on it, and seeing who has it open."""

from datetime import timedelta

import pytest

from online_orders.domain.order_numbers import number_of
from tests.contract.in_process import InProcess, adopted
from tests.contract.orders import Order, claimed, offered, place, rows
from tests.contract.site import Json

DEFAULT = {"team": None, "priority": "normal", "follow_up_on": None, "note": None}
NORTH = {"team": "north", "name": "North", "members": []}


@pytest.fixture
def site(in_process: InProcess) -> InProcess:
    return in_process


def desk_order(order: Order) -> Json:
    found: Json = order.site.get(order.desk_path, order.site.people.cs).ok()
    return found


# -- assigning ----------------------------------------------------------------------------------------------------


def test_an_order_is_given_to_a_colleague_who_is_told(site: InProcess) -> None:
    order, colleague = place(site), adopted(site, site.people.cs2)
    assigned = order.desk("assign", {"assignee": colleague}).ok()
    assert (assigned["status"], assigned["version"]) == ("in_process", 2)
    assert assigned["assignee"] == {"user_id": colleague, "email": site.people.cs2.email}
    entry = order.timeline()[-1]
    assert (entry["event"], entry["actor"]["name"]) == ("order.claimed", site.people.cs.email)
    site.settle()
    (mail,) = site.mails(to=site.people.cs2.email)
    assert (
        mail.subject
        == f"Order {number_of(order.order_id)} of {site.account_of(order.user)['name']} was assigned to you"
    )
    assert f"{site.people.cs.email} assigned this order to you." in mail.text
    assert order.desk("assign", {"assignee": colleague}).ok()["version"] == 2


def test_claiming_and_assigning_to_oneself_send_no_mail(site: InProcess) -> None:
    order, own = place(site), adopted(site, site.people.cs)
    assert order.desk("assign", {"assignee": own}).ok()["assignee"]["user_id"] == own
    place(site).desk("claim").ok()
    site.settle()
    assert site.mails(to=site.people.cs.email) == []


def test_an_order_is_given_to_active_staff_who_work_on_orders(site: InProcess) -> None:
    order, colleague = place(site), adopted(site, site.people.cs2)
    customer = adopted(site, site.people.customer)
    for stranger in ("nobody", customer):
        assert order.desk("assign", {"assignee": stranger}).faults() == {"/assignee": "unknown_user"}
    path = f"/api/desk/people/{colleague}"
    adopted(site, site.people.cs)
    site.put(path, site.people.cs, {"role": "auditor"}).ok()
    assert order.desk("assign", {"assignee": colleague}).faults() == {"/assignee": "not_allowed"}
    site.put(path, site.people.cs, {"role": "agent", "state": "deactivated"}).ok()
    assert order.desk("assign", {"assignee": colleague}).faults() == {"/assignee": "unknown_user"}
    assert order.desk("assign", {}).faults() == {"/assignee": "required"}
    assert desk_order(order)["status"] == "submitted"


def test_assigning_is_refused_as_claiming_is(site: InProcess) -> None:
    colleague = adopted(site, site.people.cs2)
    order, _ = offered(site)
    order.desk("assign", {"assignee": colleague}).refused(409, "conflict")
    place(site).desk("assign", {"assignee": colleague}, If_Match='"7"').refused(412, "version_mismatch")


# -- handling -----------------------------------------------------------------------------------------------------


def test_the_desk_says_how_it_handles_an_order_and_the_customer_sees_nothing(site: InProcess) -> None:
    site.put("/api/desk/teams", site.people.cs, {"teams": [NORTH]}).ok()
    order = place(site)
    before = order.read()
    assert desk_order(order)["handling"] == DEFAULT
    kept = {"team": "north", "priority": "high", "follow_up_on": site.day(3), "note": "Calls back."}
    response = order.desk("handling", kept)
    assert response.ok()["handling"] == kept
    assert response.headers["etag"] == '"1"'
    assert order.desk("handling", {"note": None, "priority": "normal"}).ok()["handling"] == {
        **kept,
        "note": None,
        "priority": "normal",
    }
    (row,) = site.get("/api/desk/orders?open=true", site.people.cs).ok()["items"]
    assert row["handling"]["team"] == "north"
    assert order.read() == before
    assert "order.handling_changed" not in [entry["event"] for entry in order.timeline()]
    assert [entry["data"] for entry in order.desk_timeline() if entry["event"] == "order.handling_changed"] == [
        kept,
        {"note": None, "priority": "normal"},
    ]


def test_every_fault_of_the_handling_is_told_at_once(site: InProcess) -> None:
    body = {"team": "south", "priority": "urgent", "follow_up_on": site.day(-1), "other": True}
    assert place(site).desk("handling", body).faults() == {
        "/team": "unknown_team",
        "/priority": "not_allowed",
        "/follow_up_on": "date_in_past",
        "/other": "unknown_field",
    }


def test_a_closed_order_is_not_handled(site: InProcess) -> None:
    order = place(site)
    order.ask("cancel").ok()
    order.desk("handling", {"priority": "high"}).refused(409, "conflict")
    assert desk_order(order)["actions"] == []


def test_a_day_to_follow_up_comes_once(site: InProcess) -> None:
    order = claimed(site)
    order.desk("handling", {"follow_up_on": site.day(2), "note": "Ask about the dock."}).ok()
    site.lab.advance(days=1)
    assert desk_order(order)["flags"] == []
    site.lab.advance(days=2)
    assert desk_order(order)["flags"] == ["follow_up_due"]
    assert [entry["event"] for entry in order.desk_timeline()].count("order.follow_up_due") == 1
    told = [mail for mail in site.mails(about=order.order_id) if mail.subject.startswith("Follow up on order")]
    assert len(told) == 1
    assert "> Ask about the dock." in told[0].text
    assert "order.follow_up_due" not in [entry["event"] for entry in order.timeline()]


def test_the_queue_is_filtered_by_how_orders_are_handled(site: InProcess) -> None:
    site.put("/api/desk/teams", site.people.cs, {"teams": [NORTH]}).ok()
    plain, due, waiting, closed = (place(site) for _ in range(4))
    due.desk("handling", {"follow_up_on": site.day(0), "team": "north"}).ok()
    waiting.desk("handling", {"follow_up_on": site.day(3), "priority": "high"}).ok()
    closed.desk("handling", {"follow_up_on": site.day(3)}).ok()
    closed.ask("cancel").ok()

    def found(query: str) -> set[str]:
        return {row["order_id"] for row in rows(site, f"/api/desk/orders?{query}", site.people.cs)}

    ids = {name: order.order_id for name, order in zip("pdwc", (plain, due, waiting, closed), strict=True)}
    for query, names in {
        "": "pdwc",
        "team=north": "d",
        "priority=high": "w",
        "priority=normal": "pdc",
        "follow_up=due": "d",
        "follow_up=waiting": "w",
        "follow_up=now": "pdc",
        "follow_up=now&open=true": "pd",
        "team=north&follow_up=waiting": "",
    }.items():
        assert found(query) == {ids[name] for name in names}, query
    for query in ("priority=urgent", "follow_up=later", "team=no/team"):
        site.get(f"/api/desk/orders?{query}", site.people.cs).refused(400, "invalid_query")


# -- presence -----------------------------------------------------------------------------------------------------


def test_whoever_has_an_order_open_sees_who_else_has(site: InProcess) -> None:
    order, cs, cs2 = place(site), site.people.cs, site.people.cs2
    assert order.desk("presence").ok() == {"people": []}
    first = site.now()
    assert order.desk("presence").ok() == {"people": []}
    site.lab.advance(minutes=1)
    order.desk("presence").ok()
    (seen,) = order.desk("presence", {}, user=cs2).ok()["people"]
    assert seen["email"] == cs.email
    assert abs((site.now() - first) - timedelta(minutes=1)) < timedelta(seconds=30)
    assert seen["since"][:16] == first.isoformat()[:16]
    (other,) = order.desk("presence").ok()["people"]
    assert other["email"] == cs2.email
    site.lab.advance(minutes=2)
    assert order.desk("presence").ok() == {"people": []}


def test_presence_is_of_an_order_that_there_is(site: InProcess) -> None:
    site.post("/api/desk/orders/01KAPGM5G0Q6V4T2ZK8N3R7WXE/presence", site.people.cs, {}).refused(404, "not_found")
    place(site).desk("presence", {"page": 1}).refused(422, "invalid")
