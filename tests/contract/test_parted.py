"""A contact person who was removed is parted with, and nobody takes a say in an account's orders unseen."""

from functools import partial
from typing import Any

import pytest

from online_orders import clock
from online_orders.aws.keys import OrderKey
from online_orders.aws.order_store import update_order_with_account
from online_orders.domain.accounts import Account
from online_orders.domain.order_numbers import number_of
from online_orders.domain.orders import Change
from online_orders.domain.orders import Order as StoredOrder
from online_orders.domain.timeline import SYSTEM
from tests.contract.in_process import InProcess
from tests.contract.orders import Order, enroll, offer, place_direct, place_for, quote, rows
from tests.contract.site import Json, Mail, Site

REMOVED = ("no contact", "no enrollment")


def becomes(site: Site, account: Json, **enrollment: Any) -> None:
    """Customer Success changes members of the account's enrollment."""
    body = {**account, "enrollment": {**account["enrollment"], **enrollment}}
    site.put(f"/api/desk/accounts/{account['account_id']}", site.people.cs, body).ok()


def remove_contact(site: Site, account: Json, how: str = "no contact") -> None:
    if how == "no contact":
        becomes(site, account, contact=None)
    else:
        path = f"/api/desk/accounts/{account['account_id']}"
        site.put(path, site.people.cs, {**account, "enrollment": None}).ok()


def row_of(order: Order) -> Json:
    row: Json = order.site.get(order.desk_path, order.site.people.cs).ok()
    return row


def deputy(site: Site, name: str = "mallory", **changes: Any) -> Json:
    return {
        "name": name.title(),
        "email": f"{name}@vendor.example",
        "from": site.day(0),
        "until": site.day(0),
    } | changes


def subjects(mails: list[Mail]) -> list[str]:
    return [mail.subject for mail in mails]


@pytest.mark.parametrize("how", REMOVED)
def test_a_removed_contacts_links_are_gone_before_and_after_the_sync(in_process: InProcess, how: str) -> None:
    site, account = in_process, enroll(in_process)
    quoted, submitted, expired = (place_for(site, account) for _ in range(3))
    of_quote, of_order = offer(quoted), submitted.mail_to(submitted.contact)
    of_expired = offer(expired, valid_until=site.day(0))
    site.lab.advance(days=2)
    assert expired.read()["quote"]["state"] == "expired"
    assert site.request("GET", f"{of_quote.link}/quote.pdf").status == 200
    remove_contact(site, account, how)

    for _ in range(2):
        for mail, decisions in (
            (of_quote, ("approve", "cancel", "request_change", "request_quote", "request_mail")),
            (of_order, ("cancel", "request_mail")),
            (of_expired, ("request_quote", "approve")),
        ):
            for path in (mail.link, f"{mail.link}/quote.pdf") if mail.attachments else (mail.link,):
                page = site.request("GET", path).page(410)
                assert "no longer asked" in page
            assert site.request("HEAD", mail.link).status == 410
            for decision in decisions:
                site.decide(mail, decision, reason="Less").page(410)
        site.settle()
    assert (quoted.status, submitted.status) == ("pending_confirmation", "submitted")


@pytest.mark.parametrize("how", REMOVED)
def test_a_removed_contact_gets_nothing_and_staff_must_name_another(in_process: InProcess, how: str) -> None:
    site, account = in_process, enroll(in_process)
    contact = account["enrollment"]["contact"]["email"]
    quoted, submitted, declined, left = (place_for(site, account) for _ in range(4))
    for order in (quoted, declined, left):
        offer(order)
    remove_contact(site, account, how)
    site.settle()
    (texts,) = site.mails(to=contact, about=account["name"])[-1:]
    assert texts.subject.startswith("No longer the contact person")
    before = len(site.lab.mails.to(contact))

    submitted.desk("claim").ok()
    submitted.desk("quote", quote(site)).ok(202)
    quoted.desk("quote", quote(site)).ok(202)
    declined.desk("decline", {"reason": "Sold out"}).ok()
    site.lab.advance(days=5)
    assert len(site.lab.mails.to(contact)) == before
    assert (quoted.read()["quote"]["revision"], submitted.status) == (2, "in_process")
    for order in (quoted, submitted):
        assert row_of(order)["waits_for_contact"] is True
        removed = [each for each in order.desk_timeline() if each["event"] == "order.contact_removed"]
        assert [each["internal"] for each in removed] == [True]
        assert "order.contact_removed" not in {each["event"] for each in order.timeline()}
        (requested,) = [
            mail for mail in order.mails_to(site.cs_mailbox) if mail.subject.startswith("Contact person missing")
        ]
        assert f"/desk/orders/{order.order_id}" in requested.text
    site.lab.advance(days=60)
    assert (left.status, left.read()["closed"]["by"]) == ("canceled", "expiry")
    for order in (quoted, submitted):  # their quotes were never sent: they are at the desk
        assert (order.status, order.read()["quote"]["state"]) == ("in_process", "expired")
    assert len(site.lab.mails.to(contact)) == before
    assert [execution.status for execution in site.lab.executions].count("FAILED") == 0


def test_a_queued_mail_does_not_go_to_a_contact_who_was_removed_meanwhile(in_process: InProcess) -> None:
    site, account = in_process, enroll(in_process)
    site.settle()
    site.lab.queue.paused = True
    order = place_for(site, account)
    site.settle()
    remove_contact(site, account)
    site.lab.queue.mappings.sort(key=lambda mapping: mapping.function != "MailerFunction")  # before the change's own
    site.lab.queue.paused = False
    site.settle()
    site.lab.advance(minutes=10)
    assert {failure.function for failure in site.lab.errors} == {"MailerFunction"}  # it came again until they followed
    site.lab.errors.clear()
    assert order.mails_to(account["enrollment"]["contact"]["email"]) == []
    assert row_of(order)["waits_for_contact"] is True


@pytest.mark.parametrize("same", [True, False], ids=["the same", "another"])
def test_orders_go_on_by_fresh_links_once_the_account_names_a_contact_again(in_process: InProcess, same: bool) -> None:
    site, account = in_process, enroll(in_process)
    before = account["enrollment"]["contact"]
    new = before if same else {"name": "New Contact", "email": f"new@{account['account_id']}.example"}
    quoted, submitted, unsent = (place_for(site, account) for _ in range(3))
    old = [offer(quoted), submitted.mail_to(submitted.contact)]
    remove_contact(site, account)
    site.settle()
    unsent.desk("claim").ok()
    unsent.desk("quote", quote(site)).ok(202)
    site.settle()
    assert unsent.read()["quote"]["state"] == "sending"

    becomes(site, account, contact=new)
    site.settle()
    for order in (quoted, submitted, unsent):
        assert row_of(order)["waits_for_contact"] is False
    for mail in old:
        site.decide(mail, "cancel").page(410)
    for order in (quoted, unsent):
        mail = [each for each in order.mails_to(new["email"]) if each.attachments][-1]
        site.decide(mail, "approve").page()
        assert order.status == "completed"
    site.decide(submitted.mails_to(new["email"])[-1], "cancel").page()
    assert submitted.status == "canceled"


def test_a_resend_names_a_contact_for_an_order_that_has_none(in_process: InProcess) -> None:
    site, account = in_process, enroll(in_process)
    order = place_for(site, account)
    offer(order)
    remove_contact(site, account)
    site.settle()
    problem = order.desk("resend", {}).refused(409, "conflict")
    assert (problem["status"], "name another" in problem["detail"]) == ("pending_confirmation", True)
    order.desk("resend", {"contact": {"name": "Own", "email": "own@elsewhere.example"}}).ok(202)
    site.settle()
    assert row_of(order)["waits_for_contact"] is False
    site.decide(order.mail_to("own@elsewhere.example"), "approve").page()
    assert order.status == "completed"


def test_an_order_does_not_return_to_a_contact_removed_during_a_tick(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account is read with the order, so it is never older than what the order follows already."""
    site, account = in_process, enroll(in_process)
    monkeypatch.setenv("TABLE_NAME", site.lab.outputs["TableName"])
    order = place_for(site, account)
    offer(order)
    seen: list[tuple[bool, bool]] = []

    def follow(stored: StoredOrder, of: Account) -> Change:
        if not seen:
            remove_contact(site, account)
            site.settle()
        seen.append((stored.is_contact_removed, of.contact is None))
        now = clock.now()
        return stored.sync_with_account(of, None, now).then(lambda order: order.comment(SYSTEM, "Looked at.", now))

    update_order_with_account(OrderKey(account["account_id"], order.order_id, "online"), follow)
    assert seen == [(False, False), (True, True)]
    assert [each["event"] for each in order.desk_timeline()][-2:] == ["order.contact_removed", "order.commented"]


# Who is told.


def test_of_a_deputy_for_a_day_the_contact_hears_all(site: Site) -> None:
    account = enroll(site)
    contact = account["enrollment"]["contact"]["email"]
    stranger = deputy(site)
    becomes(site, account, deputies=[stranger])
    assert site.eventually(lambda: site.mails(to=contact, about="Deputies from now on: Mallory <mallory@vendor"))
    assert site.eventually(lambda: site.mails(to=stranger["email"], about=account["name"]))
    order = place_direct(site, account["account_id"])
    received = site.eventually(lambda: order.mails_to(contact))
    assert received
    assert not received[0].has_link
    assert stranger["email"] in received[0].text
    mail = offer(order)
    assert mail.to == (stranger["email"],)
    site.decide(mail, "approve").page()
    site.eventually(lambda: f"Order {number_of(order.order_id)} is confirmed" in subjects(order.mails_to(contact)))
    becomes(site, account)
    site.eventually(lambda: site.mails(to=contact, about="Deputies from now on: nobody"))
    site.eventually(lambda: site.mails(to=stranger["email"], about="removed you as a deputy"))


def test_whoever_takes_the_contact_s_place_by_way_of_nobody_is_seen(site: Site) -> None:
    account = enroll(site)
    contact = account["enrollment"]["contact"]["email"]
    becomes(site, account, contact=None)
    site.eventually(lambda: site.mails(to=contact, about="removed you as the contact person"))
    becomes(site, account, contact={"name": "Noor Contact", "email": "mallory@vendor.example"})
    site.eventually(lambda: site.mails(to="mallory@vendor.example", about=account["name"]))
    path = f"/api/desk/accounts/{account['account_id']}/versions"
    history = [
        (each["by"], (each["enrollment"]["contact"] or {}).get("email")) for each in rows(site, path, site.people.cs)
    ]
    me = site.people.cs.email
    assert history == [(me, "mallory@vendor.example"), (me, None), (me, contact)]


def told_of(order: Order, address: str, contact: str) -> list[Mail]:
    """The mails to an address that say that the order's quote goes to another contact now."""
    found = [mail for mail in order.mails_to(address) if mail.subject.startswith("Another contact person for order")]
    return [mail for mail in found if contact in mail.text and not mail.has_link]


def test_a_contact_of_another_address_for_one_order_is_told_to_who_had_it(site: Site) -> None:
    account = enroll(site)
    contact = account["enrollment"]["contact"]["email"]
    order = place_for(site, account)
    offer(order)
    one, two = "one@elsewhere.example", "two@elsewhere.example"
    for to, dropped in ((one, {contact}), (two, {one, contact})):
        order.desk("resend", {"contact": {"name": "Own", "email": to}}).ok(202)
        for address in dropped:
            assert site.eventually(partial(told_of, order, address, to))
    site.eventually(lambda: len(order.mails_to(two)) > 0)
    assert [len(told_of(order, each, to)) for each in (contact, one, two) for to in (one, two)] == [1, 1, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "suspended"}, "Enrollment from now on: suspended"),
        ({"parent_account_id": None}, "Reseller from now on: nobody"),
    ],
    ids=["suspended", "reseller"],
)
def test_the_contact_hears_what_else_the_orders_go_by(site: Site, changes: Json, said: str) -> None:
    account = enroll(site)
    body = {**account, **{name: value for name, value in changes.items() if name in account}}
    body["enrollment"] = {**account["enrollment"], **{n: v for n, v in changes.items() if n not in account}}
    site.put(f"/api/desk/accounts/{account['account_id']}", site.people.cs, body).ok()
    assert site.eventually(lambda: site.mails(to=account["enrollment"]["contact"]["email"], about=said))


def test_each_is_told_once_however_often_the_news_come(in_process: InProcess) -> None:
    site, account = in_process, enroll(in_process)
    site.settle()
    becomes(site, account, contact=None, deputies=[])
    becomes(site, account, deputies=[deputy(site, "dora"), deputy(site, "dirk")])
    site.settle()
    before = len(site.lab.mails)
    site.lab.stream.replay()
    site.settle()
    assert len(site.lab.mails) == before


# What an account and a price list were.


def test_the_desk_reads_what_an_account_was_who_changed_it_and_when(site: Site) -> None:
    account = enroll(site)
    path = f"/api/desk/accounts/{account['account_id']}"
    for name in ("Second", "Third"):
        site.put(path, site.people.cs, {**account, "name": name}).ok()
    site.put(path, site.people.cs, {**account, "name": "Third"}).ok()  # no change, no version
    listed = rows(site, f"{path}/versions?limit=1", site.people.cs)
    assert listed == rows(site, f"{path}/versions", site.people.cs)
    assert [(each["version"], each["changed"], each["by"]) for each in listed] == [
        (3, ["/name"], site.people.cs.email),
        (2, ["/name"], site.people.cs.email),
        (1, [], site.people.cs.email),
    ]
    assert all(each["enrollment"] == account["enrollment"] and each["at"] for each in listed)
    for version, name in ((1, account["name"]), (2, "Second"), (3, "Third")):
        found = site.get(f"{path}/versions/{version}", site.people.cs).ok()
        assert found["account"] == {**account, "name": name}
        assert found["version"] == version
    for unknown in ("0", "4", "x", "99999999", "1.0"):
        site.get(f"{path}/versions/{unknown}", site.people.cs).refused(404, "not_found")
    site.get("/api/desk/accounts/nobody/versions", site.people.cs).refused(404, "not_found")
    site.get("/api/desk/accounts/nobody/versions/1", site.people.cs).refused(404, "not_found")
    site.get(f"{path}/versions?cursor=x", site.people.cs).refused(400, "invalid_cursor")


def test_the_largest_account_keeps_its_versions(in_process: InProcess) -> None:
    site, account = in_process, enroll(in_process)
    first = account["sites"][0]
    sites = [{**first, "site_id": f"site-{number}", "address": "x" * 400} for number in range(500)]
    path = f"/api/desk/accounts/{account['account_id']}"
    for name in ("Large", "Still large"):
        site.put(path, site.people.cs, {**account, "name": name, "sites": sites}).ok()
    listed = rows(site, f"{path}/versions?limit=100", site.people.cs)
    assert [each["version"] for each in listed] == [3, 2, 1]
    assert site.get(f"{path}/versions/2", site.people.cs).ok()["account"]["sites"] == sites


def test_of_two_who_change_an_account_at_once_both_versions_are_kept(in_process: InProcess) -> None:
    site, account = in_process, enroll(in_process)
    path = f"/api/desk/accounts/{account['account_id']}"

    def meanwhile() -> None:
        site.put(path, site.people.cs, {**account, "name": "Meanwhile"}).ok()

    site.lab.wire.meanwhile(meanwhile, function="DeskApiFunction", operation="TransactWriteItems")
    site.put(path, site.people.cs, {**account, "name": "Last"}).ok()
    names = [
        site.get(f"{path}/versions/{each['version']}", site.people.cs).ok()["account"]["name"]
        for each in rows(site, f"{path}/versions", site.people.cs)
    ]
    assert names == ["Last", "Meanwhile", account["name"]]


def test_the_desk_reads_what_a_price_list_was(in_process: InProcess) -> None:
    site, path = in_process, "/api/desk/price-lists/KWD"
    price = {"kind": "ip_addresses", "description": "IPv4", "unit_price": "1.000", "recurrence": "monthly"}
    bodies = [[price], [{**price, "unit_price": "0.001"}], [price]]
    for prices in bodies:
        site.put(path, site.people.cs, {"prices": prices}).ok()
    listed = rows(site, f"{path}/versions?limit=2", site.people.cs)
    assert [(each["version"], each["prices"], each["by"]) for each in listed] == [
        (version, 1, site.people.cs.email) for version in (3, 2, 1)
    ]
    found = site.get(f"{path}/versions/2", site.people.cs).ok()
    assert [each["unit_price"] for each in found["price_list"]["prices"]] == ["0.001"]
    site.get(f"{path}/versions/4", site.people.cs).refused(404, "not_found")
    site.get("/api/desk/price-lists/JPY/versions", site.people.cs).refused(404, "not_found")


def test_what_an_earlier_release_stored_last_is_kept_as_far_as_it_is_known(in_process: InProcess) -> None:
    site, account = in_process, enroll(in_process)
    path = f"/api/desk/accounts/{account['account_id']}"
    key = {"pk": {"S": f"ACCOUNT#{account['account_id']}"}, "sk": {"S": "ACCOUNT"}}
    site.lab.client("dynamodb").update_item(
        TableName=site.lab.outputs["TableName"], Key=key, UpdateExpression="REMOVE changed_at, changed"
    )
    site.put(path, site.people.cs, {**account, "name": "Newer"}).ok()
    newer, older = rows(site, f"{path}/versions", site.people.cs)
    assert (newer["changed"], older["at"], older["changed"]) == (["/name"], None, None)
    assert older["by"] == site.people.cs.email
