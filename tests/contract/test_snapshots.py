"""What was ordered stays as it was ordered, whatever becomes of the account's name, sites, language and zone since."""

import io
import json
from html import unescape
from typing import Any

import pytest
from pypdf import PdfReader

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, enroll, line, offer, place_for, quote
from tests.contract.site import Json, Site
from tests.contract.test_time import advance

COMPANY, RENAMED = "Kontor & Söhne GmbH", "Hafen Logistik AG"
"""The account, as it was called when the order was placed, and now."""
WAS = {"name": "Kontor Alt", "address": "Alte Gasse 1"}
"""The site, as it was ordered for."""
NOW = ("Kontor Neu", "Neue Allee 2")


def a_site(**changes: Any) -> Json:
    return {"site_id": "office", "country": "DE", "license": None, "sockets": [], **WAS, **changes}


def put(site: Site, account: Json, **changes: Any) -> None:
    site.put(f"/api/desk/accounts/{account['account_id']}", site.people.cs, {**account, **changes}).ok()


def sockets(site: Site) -> list[Json]:
    return [{"kind": "socket", "site_id": "office", "model": "X1500", "quantity": 2, "start_date": site.day(45)}]


def pdf(site: Site, order: Order) -> str:
    pdf = site.get(f"{order.path}/quotes/1", order.user, Accept="application/pdf")
    pages = PdfReader(io.BytesIO(pdf.body)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def assert_as_ordered(*texts: str) -> None:
    for text in texts:
        assert WAS["name"] in text
        assert WAS["address"] in text
        assert not [each for each in (*NOW, RENAMED) if each in text]


def assert_named_as_ordered(*texts: str) -> None:
    assert_as_ordered(*texts)
    for text in texts:
        assert COMPANY in unescape(text)


def test_a_renamed_moved_and_deleted_site_stays_in_its_order(site: Site) -> None:
    account = enroll(site, name=COMPANY, sites=[a_site()])
    order = place_for(site, account, items=sockets(site))
    assert order.created.json["items"][0]["site"] == WAS
    put(site, account, name=RENAMED, sites=[a_site(name=NOW[0], address=NOW[1])])
    order.desk("claim").ok()
    draft = site.get(f"{order.desk_path}/quote-draft", site.people.cs).ok()
    body = quote(site, lines=[line(description=f"Socket, {WAS['name']}")])
    preview = order.desk("quote/preview", body).ok()["mail"]
    assert_named_as_ordered(preview["text"], preview["html"])
    order.desk("quote", body).ok(202)
    mail = order.quote_mail()
    put(site, account, name=RENAMED, sites=[])
    assert draft["unpriced"] or WAS["name"] in draft["lines"][0]["description"]
    page = site.request("GET", mail.link).page()
    assert_named_as_ordered(mail.text, mail.html, page, pdf(site, order))
    for seen in (order.read(), site.get(order.desk_path, site.people.cs).ok()):
        assert [item["site"] for item in seen["items"]] == [WAS]
    assert site.get(order.desk_path, site.people.cs).ok()["account_name"] == COMPANY
    table = site.get(f"/api/orders?account_id={account['account_id']}", order.user, Accept="text/csv")
    assert_as_ordered(table.text)
    assert COMPANY in unescape(site.decide(mail, "approve").page())
    approved = site.eventually(lambda: [each for each in order.mails_to(order.contact) if each.attachments][1:])
    for each in approved:
        assert_named_as_ordered(each.text, each.html)


def forget_snapshot(site: InProcess, order: Order) -> None:
    """Make the order one that an earlier release stored."""
    (item,) = (
        each for each in site.lab.items if each["sk"] == f"ORDER#{order.order_id}" and each["pk"].startswith("ACCOUNT#")
    )
    document = json.loads(item["document"])
    document.pop("snapshot")
    site.lab.client("dynamodb").update_item(
        TableName=site.lab.outputs["TableName"],
        Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}},
        UpdateExpression="SET document = :document",
        ExpressionAttributeValues={":document": {"S": json.dumps(document)}},
    )


def test_an_order_of_an_earlier_release_goes_on_with_its_accounts_present_sites(in_process: InProcess) -> None:
    site = in_process
    account = enroll(site, sites=[a_site()])
    order = place_for(site, account, items=sockets(site))
    forget_snapshot(site, order)
    put(site, account, name=RENAMED, sites=[a_site(name=NOW[0], address=NOW[1])])
    mail = offer(order)
    assert NOW[0] in mail.text
    assert f"{RENAMED} ({account['account_id']})" in pdf(site, order)
    assert "account_name" not in site.get(order.desk_path, site.people.cs).ok()
    (item,) = order.read()["items"]
    assert not {"site", "labels"} & item.keys()
    page = site.request("GET", mail.link).page()
    assert NOW[0] in page
    assert RENAMED in page
    site.decide(mail, "approve").page()
    assert order.status == "completed"


def test_a_new_language_and_zone_reach_open_orders_and_keep_promises(in_process: InProcess) -> None:
    site = in_process
    account = enroll(site, time_zone="UTC", locale="en")
    order = place_for(site, account)
    mail = offer(order, valid_until=site.day(20))
    before = order.read()
    put(site, account, locale="de", time_zone="Pacific/Kiritimati")
    site.settle()
    after = order.read()
    assert (after["version"], after["quote"], after["updated_at"]) == (
        before["version"],
        before["quote"],
        before["updated_at"],
    )
    assert '<html lang="de">' in site.request("GET", mail.link).page()
    assert order.desk_timeline()[-1]["event"] == "account.settings_changed"
    assert "account.settings_changed" not in [entry["event"] for entry in order.timeline()]

    order.desk("resend").ok(202)
    german = order.mail_to(order.contact, 3)
    assert "Guten Tag" in german.text
    assert german.code
    site.settle()
    last = site.now().date().fromisoformat(before["quote"]["valid_until"])
    # Fourteen hours before the day is over in UTC, it is over in Kiritimati.
    while site.now().date() < last or site.now().hour < 20:
        site.lab.advance(hours=1)
        site.settle()
    assert site.now().date() == last
    assert site.request("GET", german.link).page()
    advance(site, days=0.25)
    site.request("GET", german.link).page(410)


@pytest.mark.each_catalog
def test_a_new_language_applies_to_later_texts_and_open_orders(in_process: InProcess) -> None:
    site = in_process
    account = enroll(site, locale="de")
    closed, waiting = place_for(site, account), place_for(site, account)
    closed.desk("decline", {"reason": "No"}).ok()
    site.settle()
    put(site, account, locale="en")
    site.settle()
    waiting.desk("decline", {"reason": "No"}).ok()
    site.settle()
    assert "Hello" in waiting.mails_to(waiting.contact)[-1].text
    assert "account.settings_changed" not in [entry["event"] for entry in closed.desk_timeline()]


def passed(order: Json) -> list[str]:
    return [item["item_id"] for item in order["items"] if item.get("start_passed")]


def test_a_start_passed_at_approval_is_shown_to_all_and_blocks_nothing(
    in_process: InProcess,
) -> None:
    site = in_process
    account = enroll(site, locale="en")
    items = [{"kind": "ip_addresses", "quantity": 4, "start_date": site.day(days)} for days in (5, 80)]
    order = place_for(site, account, items=items)
    order.desk("claim").ok()
    body = quote(site, lines=[line(item_id="1"), line(item_id="2")], valid_until=site.day(60))
    order.desk("quote", {**body, "confirmed_start_dates": {"1": site.day(8)}}).ok(202)
    mail = order.quote_mail()
    assert "has passed" not in mail.text + site.request("GET", mail.link).page()
    assert passed(order.read()) == []
    advance(site, days=12)
    page = site.request("GET", mail.link).page()
    assert page.count("This date has passed; the start will be later.") == 1
    assert "A start date has passed: Item 1" in page
    assert passed(order.read()) == ["1"]
    assert "A start date had already passed: Item 1" in site.decide(mail, "approve").page()
    site.settle()
    advance(site, days=90)
    for seen in (order.read(), site.get(order.desk_path, site.people.cs).ok()):
        assert (seen["status"], passed(seen)) == ("completed", ["1"])
    approved = order.mails_to(order.contact)[-1]
    assert "A start date had already passed on that day: Item 1" in approved.text
    desk = site.mails(to=site.cs_mailbox, about=order.order_id)[-1]
    assert "Agree on a new one with the customer." in desk.text
