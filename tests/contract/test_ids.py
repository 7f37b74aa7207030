"""Whatever legal id an account has, its orders go the whole way."""

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, enroll, fresh, offer, place, place_direct, place_for, quote, rows
from tests.contract.site import Json, Site


def account_with_id(site: Site, account_id: str, address: str | None = None) -> Json:
    contact = {"name": "Noor", "email": address or f"{fresh('noor')}@acme.example"}
    enrollment = {"letter_received_on": site.day(-9), "contact": contact, "state": "active"}
    return enroll(site, account_id, enrollment=enrollment)


def events(order: Order) -> list[str]:
    return [entry["event"] for entry in order.desk_timeline()]


def goes_the_whole_way(order: Order) -> None:
    """Quoted, delivered, approved, and heard of all the way."""
    mail = offer(order)
    order.site.eventually(lambda: "quote.delivered" in events(order))
    assert order.site.get(order.desk_path, order.site.people.cs).ok()["delivery"]["state"] == "delivered"
    order.site.request("GET", mail.link).page()
    order.site.decide(mail, "approve").page()
    assert order.status == "completed"


def test_an_order_of_an_account_with_a_dot_goes_the_whole_way(site: Site) -> None:
    account_id = f"{fresh('acme')}.de"
    order = place_for(site, account_with_id(site, account_id))
    goes_the_whole_way(order)
    assert order.read()["account_id"] == account_id
    for path, user in (("/api/orders", site.people.reseller), ("/api/desk/orders", site.people.cs)):
        listed = rows(site, f"{path}?account_id={account_id}", user)
        assert [each["order_id"] for each in listed] == [order.order_id]


def test_a_returned_mail_of_an_account_with_a_dot_is_told(site: Site) -> None:
    order = place_for(site, account_with_id(site, f"{fresh('acme')}.de", "bounce@simulator.amazonses.com"))
    order.desk("claim").ok()
    order.desk("quote", quote(site)).ok(202)
    site.eventually(lambda: order.read()["quote"]["state"] == "undeliverable")
    (entry,) = (entry for entry in order.timeline() if entry["event"] == "quote.undeliverable")
    assert entry["data"]["delivery"] == "bounced"


@pytest.mark.each_catalog
@pytest.mark.parametrize("account_id", ["acme.de", "a.", "0", "A_b-C.d", "new", "0_.-" * 16, "a" + 63 * "."])
def test_an_order_of_any_legal_account_id_goes_the_whole_way(in_process: InProcess, account_id: str) -> None:
    account_with_id(in_process, account_id)
    goes_the_whole_way(place_direct(in_process, account_id))
    assert in_process.get(f"/api/desk/accounts/{account_id}", in_process.people.cs).ok()["account_id"] == account_id


def test_any_legal_site_id_can_be_ordered_for_and_stands_in_the_csv(in_process: InProcess) -> None:
    sites = ["h.q", "new", "0_.-" * 16]
    model = next(site for site in in_process.account_of(in_process.people.customer)["sites"] if site["address"])
    account = enroll(in_process, "acme.de", sites=[{**model, "site_id": each} for each in sites])
    day = in_process.day(45)
    items = [{"kind": "socket", "site_id": each, "model": "X1500", "quantity": 1, "start_date": day} for each in sites]
    order = place_for(in_process, account, items=items)
    assert [item["site_id"] for item in order.read()["items"]] == sites
    table = in_process.get("/api/orders?account_id=acme.de", in_process.people.reseller, Accept="text/csv").text
    assert [row.split(",")[1] for row in table.splitlines()[1:]] == ["acme.de"] * 3


@pytest.mark.each_catalog
def test_an_order_is_named_by_its_number_wherever_its_id_is(in_process: InProcess) -> None:
    order = place(in_process)
    number = order.read()["number"]
    assert order.created.json["number"] == number
    assert in_process.get("/api/orders", order.user).ok()["items"][0]["number"] == number
    typed = number.replace("-", "%20").lower()
    assert in_process.get(f"/api/orders/{typed}", order.user).ok() == order.read()
    assert in_process.post(f"/api/orders/{number}/comment", order.user, {"text": "Soon?"}).ok()["number"] == number
    assert in_process.get(f"/api/orders/{number}/timeline", order.user).ok()["items"] == order.timeline()
    desk, cs = f"/api/desk/orders/{typed}", in_process.people.cs
    assert in_process.post(f"{desk}/claim", cs, {}).ok()["status"] == "in_process"
    assert in_process.post(f"{desk}/quote", cs, quote(in_process)).ok(202)["order_id"] == order.order_id
    mail = order.mail_to(order.contact, number=2)
    assert number in mail.subject
    assert f"Order number: {number}\nOrder ID: {order.order_id}" in mail.text
    assert number in in_process.request("GET", mail.link).page()
    table = in_process.get("/api/orders", order.user, Accept="text/csv").text
    assert table.splitlines()[1].endswith(f",{number}")


def test_a_number_shows_nobody_elses_order(in_process: InProcess) -> None:
    number, people = place(in_process).read()["number"], in_process.people
    direct = place_direct(in_process, str(people.customer.account_id)).created.json["number"]
    for path, user in ((f"/api/orders/{number}", people.other), (f"/api/orders/{direct}", people.customer)):
        told = in_process.get(path, user).refused(404, "not_found")["detail"]
        assert told == f"There is no order {path.rpartition('/')[2]}.", "the id would tell when it was placed"
    assert in_process.get(f"/api/desk/orders/{direct}", people.cs).ok()["number"] == direct
    in_process.get("/api/orders/333-333-333", people.customer).refused(404, "not_found")
    of_sub = place(in_process, people.subs[0]).read()
    assert in_process.get(f"/api/orders/{of_sub['number']}", people.reseller).ok()["order_id"] == of_sub["order_id"]
