"""What time alone brings: reminders, the end of a quote, and of an order. In this process, where time is virtual."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, enroll, fresh, item, offer, offered, place, place_for, place_response, quote
from tests.contract.pages import forms
from tests.contract.site import Mail


def advance(site: InProcess, days: float) -> None:
    site.settle()
    site.lab.advance(days=days)
    site.settle()


def to_local(site: InProcess, day: date, hour: int, zone: str) -> None:
    site.settle()
    site.lab.advance_to(datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC))
    site.settle()


def expired(site: InProcess) -> tuple[Order, Mail]:
    """An order whose quote has run out."""
    order = place(site)
    mail = offer(order, valid_until=site.day(5))
    advance(site, days=7)
    return order, mail


def test_a_reminder_brings_the_same_link_and_code_and_no_new_version(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    version = order.read()["version"]
    advance(in_process, days=4)
    reminder = order.mail_to(order.contact, 3)
    assert (reminder.link, reminder.code) == (mail.link, mail.code)
    assert order.read()["version"] == version
    assert "quote.reminded" in [entry["event"] for entry in order.timeline()]
    in_process.decide(reminder, "approve").page()
    advance(in_process, days=60)
    assert len(order.mails_to(order.contact)) == 4
    assert order.status == "completed"


def test_a_quote_ends_after_its_last_day_in_the_accounts_time_zone(in_process: InProcess) -> None:
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        account = enroll(in_process, time_zone=zone)
        order = place_for(in_process, account)
        last = date.fromisoformat(in_process.day(6))
        mail = offer(order, valid_until=last.isoformat())
        to_local(in_process, last, 23, zone)
        in_process.request("GET", mail.link).page()
        assert order.read()["quote"]["state"] == "offered"
        to_local(in_process, last + timedelta(days=1), 1, zone)
        in_process.request("GET", mail.link).page(410)
        in_process.decide(mail, "approve").page(410)
        assert order.read()["quote"]["state"] == "expired"


def test_contact_and_customer_success_are_told_of_the_end_of_a_quote(in_process: InProcess) -> None:
    order, _ = expired(in_process)
    body = order.read()
    assert (body["status"], body["quote"]["state"]) == ("pending_confirmation", "expired")
    assert "quote.expired" in [event.detail_type for event in in_process.lab.events]
    newest = order.mails_to(order.contact)[-1]
    assert not newest.attachments
    assert len(order.mails_to(in_process.cs_mailbox)) == 2


def test_the_contact_asks_for_a_fresh_quote_with_the_code(in_process: InProcess) -> None:
    order, mail = expired(in_process)
    before = order.read()
    page = in_process.request("GET", mail.link).page(410)
    (form,) = forms(page)
    assert form.choices == {"request_quote"}
    assert "code" in form.fields
    texts = len(order.mails_to(in_process.cs_mailbox))
    ask = {"decision": "request_quote", "name": "Connie"}
    assert in_process.request("POST", mail.link, form=ask).status == 400
    wrong = "000000" if mail.code != "000000" else "111111"
    (form,) = forms(in_process.request("POST", mail.link, form={**ask, "code": wrong}).page(403))
    assert form.choices == {"request_quote"}, "an expired quote cannot be approved"
    in_process.request("POST", mail.link, form={**ask, "code": mail.code}).page()
    assert not forms(in_process.request("GET", mail.link).page(410)), "it was asked for already"
    in_process.settle()
    assert len(order.mails_to(in_process.cs_mailbox)) == texts + 1
    assert order.read()["status"] == before["status"]
    in_process.decide(mail, "approve").page(410)
    in_process.decide(mail, "cancel").page(410)


def test_wrong_codes_lock_the_asking_for_a_fresh_quote_too(in_process: InProcess) -> None:
    order, mail = expired(in_process)
    wrong = "000000" if mail.code != "000000" else "111111"
    statuses = [in_process.decide(mail, "request_quote", code=wrong).status for _ in range(5)]
    assert statuses == [403, 403, 403, 403, 423]
    in_process.decide(mail, "request_quote").page(423)
    assert "quote.fresh_asked" not in [entry["event"] for entry in order.desk_timeline()]
    in_process.settle()
    assert "lock" in order.mails_to(in_process.cs_mailbox)[-1].subject


def test_customer_success_quotes_anew_what_has_expired(in_process: InProcess) -> None:
    order, mail = expired(in_process)
    order.desk("quote", quote(in_process)).ok(202)
    newer = order.quote_mail(revision=2)
    in_process.decide(mail, "approve").page(410)
    in_process.decide(newer, "approve").page()
    assert order.status == "completed"


@pytest.mark.each_catalog
def test_an_order_whose_quote_nobody_renews_is_canceled_by_expiry(in_process: InProcess) -> None:
    order, mail = expired(in_process)
    advance(in_process, days=30)
    body = order.read()
    assert (body["status"], body["closed"]["by"]) == ("canceled", "expiry")
    assert in_process.decide(mail, "approve").status in {409, 410}
    (execution,) = in_process.executions(order.order_id)
    assert execution.status == "SUCCEEDED"
    for address in (order.contact, order.user.email, in_process.cs_mailbox):
        assert order.order_id in order.mails_to(address)[-1].text


def test_a_locked_link_that_has_expired_is_gone(in_process: InProcess) -> None:
    order = place(in_process)
    mail = offer(order, valid_until=in_process.day(5))
    wrong = "000000" if mail.code != "000000" else "111111"
    for _ in range(5):
        in_process.decide(mail, "approve", code=wrong)
    advance(in_process, days=7)
    in_process.decide(mail, "approve").page(410)


def test_start_dates_are_judged_in_the_accounts_time_zone(in_process: InProcess) -> None:
    today = in_process.now().date()
    to_local(in_process, today, 20, "UTC")
    far = enroll(in_process, time_zone="Asia/Tokyo")
    near = enroll(in_process, time_zone="America/New_York")
    day = {"items": [item(in_process, start_date=today.isoformat())]}
    place_for(in_process, near, **day)
    body = {"account_id": far["account_id"], **day}
    faults = place_response(in_process, in_process.people.reseller, body).faults()
    assert set(faults) == {"/items/0/start_date"}


def test_a_key_is_kept_for_24_hours_at_least(in_process: InProcess) -> None:
    customer, key = in_process.people.customer, fresh("key")
    body = {"items": [item(in_process)]}
    first = place_response(in_process, customer, body, key).ok(201)
    advance(in_process, days=0.999)
    in_process.lab.expire_items()
    assert place_response(in_process, customer, body, key).ok(201) == first


def test_an_order_waits_for_customer_success_as_long_as_it_takes(in_process: InProcess) -> None:
    order = place(in_process)
    advance(in_process, days=45)
    assert order.status == "submitted"
    offer(order)
    assert order.status == "pending_confirmation"
    assert [one.status for one in in_process.executions(order.order_id)] == ["RUNNING"]


def test_an_estimate_rests_on_how_long_such_items_have_taken(in_process: InProcess) -> None:
    """Ten orders that took five days each; the next one is told to begin no sooner, and that it rests on ten."""
    orders = [place(in_process) for _ in range(10)]
    advance(in_process, days=5)
    mails = [offer(order) for order in orders]
    for mail in mails:
        in_process.decide(mail, "approve").page()
    advance(in_process, days=0.01)
    soon = place(in_process, items=[item(in_process, start_date=in_process.day(1))]).created.json["items"][0]
    estimate = soon["estimated_start"]
    assert estimate["orders"] == 10
    assert "too few orders" not in estimate["basis"]
    assert in_process.day(5) <= estimate["date"] <= in_process.day(10)
    late = place(in_process).created.json["items"][0]
    assert late["estimated_start"]["date"] == late["start_date"]
    other = item(in_process, kind="sdp_users", region="europe", start_date=in_process.day(1))
    estimate = place(in_process, items=[other]).created.json["items"][0]["estimated_start"]
    assert (estimate["date"], estimate["orders"]) == (in_process.day(1), 0)
    assert "too few orders" in estimate["basis"]
