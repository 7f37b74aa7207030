"""What becomes of a quote's mail: delivered, returned, or marked as spam."""

from datetime import timedelta
from typing import Any

import pytest

from emulation.ses_rules import EventType
from tests.contract.in_process import InProcess
from tests.contract.orders import Order, enroll, fresh, place, place_for, quote
from tests.contract.site import Json, Site


def account_with_contact(site: Site, address: str) -> Json:
    enrollment = {"letter_received_on": site.day(-9), "contact": {"name": "Noor", "email": address}, "state": "active"}
    return enroll(site, enrollment=enrollment)


def quoted(site: Site, account: Json, **members: Any) -> Order:
    order = place_for(site, account, **members)
    order.desk("claim").ok()
    order.desk("quote", quote(site)).ok(202)
    return order


def events(order: Order) -> list[str]:
    return [entry["event"] for entry in order.desk_timeline()]


def test_a_delivery_is_noted_and_changes_no_version(site: Site) -> None:
    order = quoted(site, enroll(site))
    order.quote_mail()
    version = order.read()["version"]
    site.eventually(lambda: "quote.delivered" in events(order))
    after = order.read()
    assert (after["version"], after["quote"]["state"]) == (version, "offered")
    (entry,) = (entry for entry in order.timeline() if entry["event"] == "quote.delivered")
    assert entry["data"] == {"revision": 1, "delivery": "delivered", "recipient": order.contact}
    delivery = site.get(order.desk_path, site.people.cs).ok()["delivery"]
    assert delivery == {"state": "delivered", "recipient": order.contact, "at": entry["at"]}


@pytest.mark.each_catalog
def test_a_returned_mail_makes_the_revision_undeliverable_and_tells_staff(site: Site) -> None:
    order = quoted(site, account_with_contact(site, "bounce@simulator.amazonses.com"))
    site.eventually(lambda: order.read()["quote"]["state"] == "undeliverable")
    assert order.status == "pending_confirmation"
    (entry,) = (entry for entry in order.timeline() if entry["event"] == "quote.undeliverable")
    assert (entry["data"]["delivery"], entry["data"]["recipient"]) == ("bounced", order.contact)
    assert entry["data"]["revision"] == 1
    mail = order.mail_to(site.cs_mailbox, 2)
    assert not mail.has_link


def test_a_bounced_mail_is_undeliverable_and_an_absence_note_is_not(in_process: InProcess) -> None:
    lab = in_process.lab
    full, away = (quoted(in_process, enroll(in_process)) for _ in range(2))
    lab.settle()
    lab.ses_event("Bounce", lab.mails.to(full.contact)[-1], permanent=False, status="4.2.2")
    lab.settle()
    lab.ses_event("Delivery", lab.mails.to(away.contact)[-1])
    lab.settle()
    lab.ses_event("Bounce", lab.mails.to(away.contact)[-1], permanent=False)
    lab.settle()
    assert (full.read()["quote"]["state"], away.read()["quote"]["state"]) == ("undeliverable", "offered")
    texts = [len(order.mails_to(in_process.cs_mailbox)) for order in (full, away)]
    assert texts == [2, 1], "of the new order each, and of the quote that did not arrive"


@pytest.mark.parametrize("is_reordered", [False, True], ids=["in order", "reordered"])
def test_the_newest_credible_event_counts_in_any_order(in_process: InProcess, is_reordered: bool) -> None:
    lab = in_process.lab
    late, gone = (quoted(in_process, enroll(in_process)) for _ in range(2))
    lab.settle()
    now = lab.clock.now()
    words: list[tuple[EventType, Order, str | None, timedelta]] = [
        ("Bounce", late, "4.2.2", timedelta(minutes=1)),
        ("Delivery", late, None, timedelta(minutes=2)),
        ("Delivery", gone, None, timedelta(minutes=1)),
        ("Bounce", gone, "5.1.1", timedelta(minutes=2)),
    ]
    for kind, order, status, after in reversed(words) if is_reordered else words:
        mail = lab.mails.to(order.contact)[-1]
        lab.ses_event(kind, mail, permanent=False, status=status, at=now + after)
        lab.settle()
    assert (late.read()["quote"]["state"], gone.read()["quote"]["state"]) == ("offered", "undeliverable")
    lab.advance(days=4)
    reminded = [["quote.reminded" in events(order)] for order in (late, gone)]
    assert reminded == [[True], [False]]


def test_why_a_quote_did_not_arrive_is_told_by_a_code_beside_the_text(in_process: InProcess) -> None:
    lab = in_process.lab
    order = quoted(in_process, enroll(in_process, locale="de"))
    lab.settle()
    lab.ses_event("Bounce", lab.mails.to(order.contact)[-1])
    lab.settle()
    (entry,) = (entry for entry in order.timeline() if entry["event"] == "quote.undeliverable")
    assert entry["data"]["code"] == "address_does_not_work"
    assert entry["data"]["reason"] == "The mail was returned: the address does not work."


def test_a_rejected_mail_is_undeliverable_and_staff_read_why(in_process: InProcess) -> None:
    lab = in_process.lab
    order = quoted(in_process, enroll(in_process))
    lab.settle()
    lab.ses_event("Reject", lab.mails.to(order.contact)[-1])
    lab.settle()
    assert order.read()["quote"]["state"] == "undeliverable"
    (entry,) = (entry for entry in order.timeline() if entry["event"] == "quote.undeliverable")
    assert entry["data"]["delivery"] == "rejected"
    assert entry["data"]["reason"] in order.mails_to(in_process.cs_mailbox)[-1].text


def test_an_undeliverable_quote_is_resent_to_another_contact(site: Site) -> None:
    order = quoted(site, account_with_contact(site, "bounce@simulator.amazonses.com"))
    site.eventually(lambda: order.read()["quote"]["state"] == "undeliverable")
    contact = {"name": "Nell", "email": f"{fresh('nell')}@reachable.example"}
    order.desk("resend", {"contact": contact}).ok(202)
    mail = order.mail_to(contact["email"])
    site.eventually(lambda: order.read()["quote"]["state"] == "offered")
    site.decide(mail, "approve").page()
    assert order.status == "completed"


@pytest.mark.parametrize("corrected", [False, True], ids=["to the same contact", "to a corrected contact"])
def test_a_first_quote_that_was_refused_is_resent(in_process: InProcess, corrected: bool) -> None:
    order = place(in_process)
    order.desk("claim").ok()
    in_process.settle()
    in_process.lab.ses.refuse(to=order.contact)
    order.desk("quote", quote(in_process)).ok(202)
    in_process.settle()
    assert (order.status, order.read()["quote"]["state"]) == ("in_process", "undeliverable")
    contact = {"name": "Nell", "email": f"{fresh('nell')}@reachable.example"}
    order.desk("resend", {"contact": contact} if corrected else {}).ok(202)
    to = contact["email"] if corrected else order.contact
    in_process.settle()
    assert (order.status, order.read()["quote"]["state"]) == ("pending_confirmation", "offered")
    mail = [mail for mail in order.mails_to(to) if mail.attachments][-1]
    in_process.decide(mail, "approve").page()
    assert order.status == "completed"


def test_the_link_of_a_mail_that_was_returned_goes_on_working(site: Site) -> None:
    order = quoted(site, account_with_contact(site, "bounce@simulator.amazonses.com"))
    site.eventually(lambda: order.read()["quote"]["state"] == "undeliverable")
    mail = [mail for mail in order.mails_to(order.contact) if mail.attachments][-1]
    site.request("GET", mail.link).page()
    site.decide(mail, "approve").page()
    assert order.status == "completed"


def test_a_complaint_is_only_a_flag(site: Site) -> None:
    order = quoted(site, account_with_contact(site, "complaint@simulator.amazonses.com"))
    mail = order.quote_mail()
    version = order.read()["version"]
    site.eventually(lambda: "quote.complained" in events(order))
    after = order.read()
    assert (after["status"], after["quote"]["state"], after["version"]) == ("pending_confirmation", "offered", version)
    site.decide(mail, "approve").page()


def test_an_address_that_is_suppressed_is_lifted_before_the_quote_goes_again(in_process: InProcess) -> None:
    order = place(in_process)
    suppressed = in_process.lab.ses.suppressed
    suppressed.add(order.contact)
    order.desk("claim").ok()
    order.desk("quote", quote(in_process)).ok(202)
    in_process.settle()
    assert order.read()["quote"]["state"] == "undeliverable"
    order.desk("resend").ok(202)
    in_process.settle()
    assert order.read()["quote"]["state"] == "offered"
    assert suppressed == set()
