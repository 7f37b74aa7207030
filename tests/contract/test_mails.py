"""Mails: who gets which, and what stands in each."""

import re

import pytest

from online_orders.domain.order_numbers import number_of
from tests.contract.in_process import InProcess
from tests.contract.orders import Order, claimed, enroll, offer, offered, place, place_for
from tests.contract.site import Mail, Site


def told(order: Order, contact: int, placer: int, customer_success: int) -> None:
    """Waits until each of the three has got so many mails about the order, and no more."""
    expected = {order.contact: contact, order.user.email: placer, order.site.cs_mailbox: customer_success}
    order.site.eventually(lambda: all(len(order.mails_to(address)) >= number for address, number in expected.items()))
    assert {address: len(order.mails_to(address)) for address in expected} == expected


def check(mail: Mail, order: Order, *, link: bool) -> None:
    assert order.order_id in mail.text
    assert mail.has_link == link
    assert mail.text.count("/confirm/") == mail.text.count("Code: ") == int(link)
    if link:
        assert mail.link.startswith(f"{order.site.origin}/confirm/")
        assert mail.link in mail.html
        assert mail.code in mail.html
    else:
        assert "/confirm/" not in mail.html
    assert mail.subject
    assert "\n" not in mail.subject
    assert "<html" in mail.html.lower()
    assert len(mail.to) == 1


@pytest.mark.each_catalog
def test_placing_tells_the_organization_and_customer_success(site: Site) -> None:
    order = place(site)
    told(order, contact=1, placer=1, customer_success=1)
    check(order.mail_to(order.contact), order, link=True)
    check(order.mail_to(order.user.email), order, link=False)
    check(order.mail_to(site.cs_mailbox), order, link=False)


def test_a_quote_goes_to_the_contact_alone_with_paper_link_and_code(site: Site) -> None:
    order, mail = offered(site)
    told(order, contact=2, placer=1, customer_success=1)
    check(mail, order, link=True)
    assert [one.content_type for one in mail.attachments] == ["application/pdf"]
    first = order.mails_to(order.contact)[0]
    assert (first.link, first.attachments) != (mail.link, mail.attachments)


@pytest.mark.each_catalog
def test_an_approval_is_told_to_all_three_with_the_paper(site: Site) -> None:
    order, mail = offered(site)
    site.decide(mail, "approve").page()
    told(order, contact=3, placer=2, customer_success=2)
    for address in (order.contact, order.user.email, site.cs_mailbox):
        newest = order.mails_to(address)[-1]
        check(newest, order, link=False)
        (pdf,) = newest.attachments
        assert pdf.read() == mail.attachments[0].read()


def test_a_cancellation_is_told_to_all_three_with_who_and_why(site: Site) -> None:
    withdrawn, declined = place(site), claimed(site)
    by_contact, mail = offered(site)
    withdrawn.ask("cancel", {"reason": "Ordered elsewhere."}).ok()
    declined.desk("decline", {"reason": "Not in stock."}).ok()
    site.decide(mail, "cancel", reason="Too dear.", name="Bob Buyer").page()
    for order, contact, reason in (
        (withdrawn, 2, "Ordered elsewhere."),
        (declined, 2, "Not in stock."),
        (by_contact, 3, "Too dear."),
    ):
        told(order, contact=contact, placer=2, customer_success=2)
        for address in (order.contact, order.user.email, site.cs_mailbox):
            newest = order.mails_to(address)[-1]
            check(newest, order, link=False)
            assert reason in newest.text
            assert reason in newest.html


def test_a_change_request_is_told_to_customer_success_with_the_reason(site: Site) -> None:
    order, mail = offered(site)
    site.decide(mail, "request_change", reason="Two more, please.").page()
    told(order, contact=2, placer=1, customer_success=2)
    newest = order.mail_to(site.cs_mailbox, 2)
    check(newest, order, link=False)
    assert "Two more, please." in newest.text


def test_a_resent_quote_goes_to_the_contact_given_who_stays_the_contact(site: Site) -> None:
    order, mail = offered(site)
    new = {"name": "Nell New", "email": f"nell@{order.order_id.lower()}.example"}
    body = order.desk("resend", {"contact": new}).ok(202)
    assert (body["contact"], body["quote"]["revision"]) == (new, 1)
    fresh = order.mail_to(new["email"])
    check(fresh, order, link=True)
    assert fresh.attachments[0].read() == mail.attachments[0].read()
    site.decide(mail, "approve").page(410)
    assert site.account_of(order.user)["enrollment"]["contact"] != new
    site.decide(fresh, "approve").page()
    assert order.mail_to(new["email"], 2).attachments
    kinds = {each.subject.partition(" ")[0] for each in order.mails_to(mail.to[0])}
    assert len(order.mails_to(mail.to[0])) == 3, kinds  # received, the quote, and that another person is asked now


def test_a_resend_to_nobody_or_nowhere_is_refused(site: Site) -> None:
    order, mail = offered(site)
    for contact in (
        {"name": "Nell"},
        {"name": "Nell", "email": "nowhere"},
        {"name": "", "email": "n@n.example"},
        "Nell",
        5,
    ):
        assert order.desk("resend", {"contact": contact}).faults()
    site.decide(mail, "approve").page()


@pytest.mark.each_catalog
def test_a_german_account_gets_german_mails(site: Site) -> None:
    order, mail = offered(site, site.people.german)
    site.decide(mail, "approve").page()
    told(order, contact=3, placer=2, customer_success=2)
    mails = order.mails_to(order.contact) + order.mails_to(order.user.email)
    assert len(mails) == 5
    for each in mails:
        assert '<html lang="de"' in each.html
        assert "Bestellung" in each.text
        assert "order" not in each.subject.lower().split()
    assert mail.code


def test_an_english_account_gets_english_mails(site: Site) -> None:
    order = place(site)
    for each in (order.mail_to(order.contact), order.mail_to(order.user.email)):
        assert '<html lang="en"' in each.html
        assert "Bestellung" not in each.text


def test_what_users_write_is_text_and_no_markup(site: Site) -> None:
    account = enroll(site, name='A & B <script src="//x.example"></script>')
    order = place_for(
        site, account, note='<img src=x onerror="alert(1)"> {{ 7*7 }} %s', purchase_order_number="<b>7</b>"
    )
    mail = offer(order, message='</td><a href="https://evil.example">here</a>')
    site.decide(mail, "cancel", reason="<u>why</u>", name="<i>Noor</i>").page()
    told(order, contact=3, placer=2, customer_success=2)
    mails = [each for address in (order.contact, order.user.email, site.cs_mailbox) for each in order.mails_to(address)]
    for each in mails:
        for markup in ("<script", "<img src=x", "<b>7</b>", '<a href="https://evil', "<u>why", "<i>Noor"):
            assert markup not in each.html, (each.subject, markup)
        assert "49" not in each.subject.replace(number_of(order.order_id), "")
    assert "&lt;u&gt;why&lt;/u&gt;" in mails[-1].html


@pytest.mark.parametrize("name", ["Zoë Müller-Lüdenscheidt", "山田太郎", 'O\'Neil, "Ned"', "x" * 200])
def test_any_name_of_a_contact_can_be_written_to(site: Site, name: str) -> None:
    account = enroll(site)
    contact = {"name": name, "email": account["enrollment"]["contact"]["email"]}
    site.put(
        f"/api/desk/accounts/{account['account_id']}",
        site.people.cs,
        {**account, "enrollment": {**account["enrollment"], "contact": contact}},
    ).ok()
    order = place_for(site, account)
    assert order.mail_to(order.contact).has_link


def test_text_parts_are_not_wrapped(site: Site) -> None:
    note = "word " * 100 + "end"
    order = place(site, note=note)
    mail = order.mail_to(site.cs_mailbox)
    assert note in mail.text


def test_a_comment_is_mailed_to_the_other_side_and_to_nobody_else(site: Site) -> None:
    order = claimed(site)
    told(order, contact=1, placer=1, customer_success=1)
    order.ask("comment", {"text": "When does it come?\n<b>We move</b>"}).ok()
    requested = order.mail_to(site.cs_mailbox, 2)
    told(order, contact=1, placer=1, customer_success=2)
    check(requested, order, link=False)
    assert order.user.email in requested.text
    assert "> When does it come?\n> <b>We move</b>" in requested.text
    assert "&lt;b&gt;We move&lt;/b&gt;" in requested.html
    assert f"{site.origin}/desk/orders/{order.order_id}" in requested.text
    order.desk("comment", {"text": "They are a chatty lot.", "internal": True}).ok()
    order.desk("comment", {"text": "On Monday.", "internal": False}).ok()
    answered = order.mail_to(order.user.email, 2)
    told(order, contact=1, placer=2, customer_success=2)
    check(answered, order, link=False)
    assert "> On Monday." in answered.text
    assert site.people.cs.email not in answered.text
    assert f"{site.origin}/orders/{order.order_id}" in answered.text


def comment_mail(order: Order, address: str) -> Mail:
    """Return the mail about a comment; it may come before the one about the order that was just placed."""
    order.mail_to(address, 2)
    (mail,) = (each for each in order.mails_to(address) if re.search("[Cc]omment|Kommentar", each.subject))
    return mail


def test_a_resellers_comment_reaches_staff_and_the_reply_the_buyer(site: Site) -> None:
    reseller, sub = site.people.reseller, site.people.subs[0]
    order = place(site, sub)
    site.post(f"{order.path}/comment", reseller, {"text": "Any news?"}).ok()
    assert reseller.email in comment_mail(order, site.cs_mailbox).text
    order.desk("comment", {"text": "On Monday.", "internal": False}).ok()
    assert "> On Monday." in comment_mail(order, order.user.email).text
    told(order, contact=1, placer=2, customer_success=2)


def test_a_german_account_gets_a_german_mail_about_a_comment(site: Site) -> None:
    order = place(site, site.people.german)
    order.desk("comment", {"text": "Am Montag.", "internal": False}).ok()
    mail = comment_mail(order, order.user.email)
    assert "Kommentar zur Bestellung" in mail.subject
    assert '<html lang="de"' in mail.html
    assert "> Am Montag." in mail.text


def test_every_mail_says_who_sends_it_and_replies_go_to_people(site: Site) -> None:
    order, mail = offered(site)
    site.decide(mail, "approve").page()
    told(order, contact=3, placer=2, customer_success=2)
    for address in (order.contact, order.user.email, site.cs_mailbox):
        for each in order.mails_to(address):
            assert each.sender_name == site.brand
            assert "@" in each.sender
            (reply_to,) = each.reply_to
            if isinstance(site, InProcess) or address == site.cs_mailbox:
                assert reply_to == site.cs_mailbox
            else:  # the local run receives replies
                assert re.fullmatch(r"reply\+[0-9a-z]+@reply\.\S+", reply_to)
